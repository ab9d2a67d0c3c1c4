"""The schema: kept in its file, described throughout, and contained in the contract."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    build_schema,
    parse,
    validate,
)

from lineage_graphql import saved_queries, sdl
from lineage_graphql.schema import SCHEMA
from tests.conftest import fixtures_folder

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = fixtures_folder().parent / "design" / "contract.graphql"

NOT_IN_THE_CONTRACT = {
    "Source.namespace": "a source watches one namespace or all, and a reader must see which",
}
DESCRIBED_DIFFERENTLY = {
    "ArtifactRole": "SERVED comes with deployments",
    "Query.ingestion": "gaps come with the work on completeness",
}
Fields = GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType


def own_types(schema: GraphQLSchema) -> dict[str, GraphQLNamedType]:
    return {name: each for name, each in schema.type_map.items() if not name.startswith("__")}


def fields(schema: GraphQLSchema) -> dict[str, Any]:
    """All fields and input fields, as `Type.field`."""
    return {
        f"{name}.{field}": definition
        for name, each in own_types(schema).items()
        if isinstance(each, Fields)
        for field, definition in each.fields.items()
    }


def arguments(schema: GraphQLSchema) -> dict[str, Any]:
    """All arguments, as `Type.field(argument)`."""
    return {
        f"{path}({name})": argument
        for path, field in fields(schema).items()
        for name, argument in getattr(field, "args", {}).items()
    }


# ------------------------------------------------------------------------------------------ in itself
def test_the_printed_schema_is_the_one_of_the_code() -> None:
    assert (ROOT / "graphql" / "schema.graphql").read_text(encoding="utf-8") == sdl(), (
        "run: python -m lineage_graphql > graphql/schema.graphql"
    )


def test_everything_is_described() -> None:
    built_in = {"String", "Int", "Float", "Boolean", "ID"}
    described = {
        **{name: each for name, each in own_types(SCHEMA).items() if name not in built_in},
        **fields(SCHEMA),
        **arguments(SCHEMA),
    }
    assert [path for path, each in described.items() if not each.description] == []


def test_every_connection_has_the_shape_of_relay() -> None:
    connections = [name for name in own_types(SCHEMA) if name.endswith("Connection") and name != "SearchConnection"]
    assert len(connections) == 7
    for name in connections:
        node = name.removesuffix("Connection")
        shape = {field: str(fields(SCHEMA)[f"{name}.{field}"].type) for field in SCHEMA.type_map[name].fields}  # type: ignore[attr-defined] # an object type
        assert shape == {
            "edges": f"[{node}Edge!]!",
            "nodes": f"[{node}!]!",
            "pageInfo": "PageInfo!",
            "totalCount": "Int!",
        }


def test_a_search_has_pages_but_no_count() -> None:
    shape = {field: str(fields(SCHEMA)[f"SearchConnection.{field}"].type) for field in ("edges", "nodes", "pageInfo")}
    assert shape == {"edges": "[SearchEdge!]!", "nodes": "[SearchResult!]!", "pageInfo": "PageInfo!"}
    assert "SearchConnection.totalCount" not in fields(SCHEMA)


# ------------------------------------------------------------------------------------------ against the contract
@pytest.fixture(scope="module")
def contract() -> GraphQLSchema:
    if not CONTRACT.is_file():
        pytest.skip(f"there is no contract in {CONTRACT}")
    # graphql-core 3.2 knows no @oneOf of its own.
    text = "directive @oneOf on INPUT_OBJECT\n" + CONTRACT.read_text(encoding="utf-8")
    return build_schema(text)


def test_every_type_is_one_of_the_contract(contract: GraphQLSchema) -> None:
    for name, ours in own_types(SCHEMA).items():
        theirs = contract.type_map.get(name)
        assert theirs is not None, f"{name} is not in the contract"
        assert kind(ours) == kind(theirs), name


def kind(each: GraphQLNamedType) -> str:
    return type(each).__name__.removeprefix("Graphene").removeprefix("GraphQL")


def test_every_field_is_one_of_the_contract(contract: GraphQLSchema) -> None:
    ours, theirs = fields(SCHEMA), fields(contract)
    assert set(ours) - set(theirs) == set(NOT_IN_THE_CONTRACT)
    assert differing_types(ours, theirs) == []


def test_every_argument_is_one_of_the_contract(contract: GraphQLSchema) -> None:
    ours, theirs = arguments(SCHEMA), arguments(contract)
    assert set(ours) - set(theirs) == set()
    assert differing_types(ours, theirs) == []


def differing_types(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    both = ours.keys() & theirs.keys()
    return [
        f"{path} is {typed(ours[path])}, in the contract {typed(theirs[path])}"
        for path in sorted(both)
        if typed(ours[path]) != typed(theirs[path])
    ]


def typed(each: Any) -> str:
    return f"{each.type} = {default(each)}"


def default(value: Any) -> object:
    given = getattr(value, "default_value", Undefined)
    return getattr(given, "value", given)


def test_lists_of_a_type_take_the_same_arguments_as_in_the_contract(contract: GraphQLSchema) -> None:
    ours, theirs = arguments(SCHEMA), arguments(contract)
    later = {"Query.lineage(system)"}  # executions that are plumbing come with their own work
    missing = {path for path in theirs if path.partition("(")[0] in fields(SCHEMA)} - set(ours)
    assert missing == later


def test_the_members_of_every_enumeration_are_of_the_contract(contract: GraphQLSchema) -> None:
    for name, ours in own_types(SCHEMA).items():
        theirs = contract.type_map.get(name)
        if isinstance(ours, GraphQLEnumType) and isinstance(theirs, GraphQLEnumType):
            assert set(ours.values) <= set(theirs.values), name


def test_types_implement_the_interfaces_of_the_contract(contract: GraphQLSchema) -> None:
    for name, ours in own_types(SCHEMA).items():
        theirs = contract.type_map.get(name)
        if isinstance(ours, GraphQLObjectType | GraphQLInterfaceType):
            assert isinstance(theirs, GraphQLObjectType | GraphQLInterfaceType)
            assert {each.name for each in ours.interfaces} == {each.name for each in theirs.interfaces}, name


def test_descriptions_are_those_of_the_contract(contract: GraphQLSchema) -> None:
    differing = {path for path, (ours, theirs) in described_in_both(contract) if ours.split() != theirs.split()}
    assert differing == set(DESCRIBED_DIFFERENTLY)


def described_in_both(contract: GraphQLSchema) -> Iterator[tuple[str, tuple[str, str]]]:
    ours = {**own_types(SCHEMA), **fields(SCHEMA)}
    theirs = {**own_types(contract), **fields(contract)}
    built_in = {"String", "Int", "Float", "Boolean", "ID"}
    for path in (ours.keys() & theirs.keys()) - built_in:
        if theirs[path].description:
            yield path, (ours[path].description or "", theirs[path].description)


# ------------------------------------------------------------------------------------------ saved queries
def test_there_are_saved_queries() -> None:
    assert {"recent-runs", "failed-runs", "run", "where-did-this-come-from", "ingestion"} <= set(saved_queries())


@pytest.mark.parametrize("name", saved_queries())
def test_a_saved_query_is_valid(name: str) -> None:
    assert validate(SCHEMA, parse(saved_queries()[name].text)) == []


@pytest.mark.parametrize("name", saved_queries())
def test_a_saved_query_says_what_it_answers(name: str) -> None:
    description = saved_queries()[name].description
    assert "?" in description
    assert saved_queries()[name].text.startswith(f"# {description}\n")
