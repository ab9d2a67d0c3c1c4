"""Which questions are small: what they read, they read by key, and all else is left to threads."""

import pytest
from graphene.types.resolver import dict_or_attr_resolver
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLOutputType, get_named_type

from lineage.ports import EVERYTHING
from lineage_graphql import execute, saved_queries, small_query
from lineage_graphql.schema import SCHEMA
from lineage_graphql.small import AT_HAND, MOST_NODES, MOST_READS, MOST_SELECTED, READ_BY_KEY
from tests.example import MODEL, NIGHTLY, TRAIN, example
from tests.fakes import FakeStore

BY_KEY = {
    "get",
    "run_by_uid",
    "executions by run",
    "cached_from",
    "depends_on",
    "inputs",
    "outputs",
    "pods",
    "views",
    "workflows",
}
"""The reads of a store that find what they look for by an index, beside an owner."""
NODES = {"Artifact": MODEL.id, "Execution": TRAIN.id, "Run": NIGHTLY.id}
REACHED = {"Parameter": "... on Run { parameters", "PageInfo": "... on Run { executions { pageInfo"}
GIVEN = {"node": f'(id: "{NIGHTLY.id}")', "nodes": f'(ids: ["{NIGHTLY.id}"])', "run": f'(uid: "{NIGHTLY.uid}")'}
SMALL = (
    "{ __typename }",
    "query A($id: ID!) { node(id: $id) { id ... on Run { displayName phase } } }",
    "query A($id: ID!) { node(id: $id) { ...R } } fragment R on Run { executions(first: 10) { nodes { id name } } }",
    "query A($id: ID!) { node(id: $id) { ... on Run { executions(first: 10) { edges { cursor node { id } } } } } }",
    '{ run(uid: "u") { name labels parameters { name value } pipelineVersion { pipeline { name } } } }',
    '{ nodes(ids: ["a", "b"]) { ... on Execution { run { name } inputs { artifact { uri producer { name } } } } } }',
)
NOT_SMALL = (
    "{ nothing }",
    "mutation { nothing }",
    "subscription { runChanged { cursor } }",
    "{ __schema { types { name } } }",
    "query A { node(id: 1) { id } } query B { node(id: 1) { id } }",
    "{ node(id: 1) { ... on Run { executions { totalCount } } } }",
    '{ node(id: 1) { ... on Run { executions(first: 5, after: "x") { nodes { id } } } } }',
    '{ node(id: 1) { ... on Run { executions(where: { template: { contains: "x" } }) { nodes { id } } } } }',
    "{ node(id: 1) { ... on Run { raw } } }",
    "{ node(id: 1) { ... on Artifact { text { text } } } }",
    "{ node(id: 1) { ... on LineageNode { ... on Run { tier } } } }",
    "{ node(id: 1) { " + " ".join(f"a{number}: id" for number in range(MOST_SELECTED)) + " } }",
    "{ " + " ".join(f"a{number}: node(id: 1) {{ id }}" for number in range(MOST_READS + 1)) + " }",
)


@pytest.mark.parametrize("text", SMALL)
def test_what_is_read_by_key_is_small(text: str) -> None:
    query = small_query(text, None)
    assert query is not None
    assert query.is_small({})


@pytest.mark.parametrize("text", NOT_SMALL)
def test_what_may_look_through_all_there_is_or_cannot_be_answered_is_not(text: str) -> None:
    assert small_query(text, None) is None


def test_fragments_count_wherever_they_are_spread() -> None:
    twice = "fragment F{0} on Execution {{ a: run {{ b: startedBy {{ ...F{1} }} c: startedBy {{ ...F{1} }} }} }} "
    chain = "".join(twice.format(number, number + 1) for number in range(9)) + "fragment F9 on Execution { id }"
    assert small_query("{ node(id: 1) { ...F0 } } " + chain, None) is None


@pytest.mark.parametrize("asked", [MOST_NODES, MOST_NODES + 1])
def test_who_asks_for_many_asks_for_no_small_thing(asked: int) -> None:
    text = "query A($first: Int) { node(id: 1) { ... on Run { executions(first: $first) { nodes { id } } } } }"
    query = small_query(text, "A")
    assert query is not None
    assert query.is_small({"first": asked}) is (asked <= MOST_NODES)


def test_of_what_takes_a_resolver_all_else_is_for_threads() -> None:
    resolved = {
        (of.name, field)
        for of in SCHEMA.type_map.values()
        if isinstance(of, GraphQLObjectType)
        for field, declared in of.fields.items()
        if declared.args or getattr(declared.resolve, "func", None) is not dict_or_attr_resolver
    }
    declared = {(of, field) for fields in (READ_BY_KEY, AT_HAND) for of, some in fields.items() for field in some}
    small = {
        (of, field) for of, field in resolved if small_query(_asking(of, field, REACHED.get(of)), None) is not None
    }
    assert small == declared


@pytest.mark.parametrize(("of", "field"), [(of, field) for of, some in READ_BY_KEY.items() for field in sorted(some)])
def test_what_is_said_to_be_read_by_key_is(of: str, field: str) -> None:
    store, text = FakeStore(example()), _asking(of, field)
    assert small_query(text, None) is not None
    answer = execute(store, EVERYTHING, text)
    assert "errors" not in answer
    assert store.reads
    assert set(store.reads) <= BY_KEY


@pytest.mark.parametrize("field", sorted(AT_HAND["PageInfo"]))
def test_what_is_said_to_be_at_hand_reads_nothing_more(field: str) -> None:
    store = FakeStore(example())
    execute(store, EVERYTHING, _asking("PageInfo", field, REACHED["PageInfo"]))
    assert store.reads == ["get", "executions by run"]


def test_the_page_that_shows_a_run_asks_for_more_than_that() -> None:
    assert not any(small_query(one.text, None) for name, one in saved_queries().items() if name == "page-run")


def _asking(of: str, field: str, reached: str | None = None) -> str:
    """Ask for a field of something that is known; `reached` is how one comes to it from a run."""
    owner = SCHEMA.type_map[of]
    assert isinstance(owner, GraphQLObjectType)
    asked = f"{field} {_leaf(owner.fields[field].type)}"
    if of == "Query":
        return f"{{ {asked.replace(field, field + GIVEN.get(field, ''), 1)} }}"
    node, path = NODES.get(of, NIGHTLY.id), f"{reached or f'... on {of}'} {{ {asked}"
    return f'{{ node(id: "{node}") {{ {path} {"}" * (path.count("{") - path.count("}"))} }} }}'


def _leaf(of: GraphQLOutputType) -> str:
    """Select what every value of a type has."""
    named = get_named_type(of)
    if named.name.endswith("Connection"):
        return "{ nodes { id } }"
    return "{ __typename }" if isinstance(named, GraphQLObjectType | GraphQLInterfaceType) else ""
