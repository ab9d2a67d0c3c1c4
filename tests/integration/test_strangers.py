"""What the API shows to those who may see nothing, or one namespace alone: every field of the schema, of what is there.

To a stranger the store must look empty: what is forbidden cannot be told from what was never recorded. To those who see
one namespace, nothing may be said that only others say.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

import orjson
import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
    get_named_type,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.alerts import Alert, Kind
from lineage.identity import run_key
from lineage.observation import InputUnreadable, SourceReported
from lineage.ports import EVERYTHING, NOTHING, Listing, Page, PageRequest, Scope
from lineage.store.sql import SqlStore
from lineage_graphql import execute
from lineage_graphql.schema import SCHEMA
from tests.factories import CLUSTER, RECORDED_AT, a_store, record
from tests.integration.test_any_query import FIELDS, made_up
from tests.training_run import Training
from tests.worlds import a_looked_world

RUNS: Final = 12
ALL: Final = PageRequest(first=100)
IN_A: Final = Scope(namespaces=frozenset({(CLUSTER, "a")}))
Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType


@cache
def world() -> SqlStore:
    """Runs in two namespaces, two of them alike of which not the same came, what feeds the store, and an alert."""
    store = a_looked_world(RUNS)
    once = Training(uid="twin-1", name="twin-1")
    record(store, *once.told(), *replace(once, uid="twin-2", name="twin-2", accuracy="0.7").told())
    names: dict[str, Any] = {"source": "argo_workflow", "cluster": CLUSTER, "seen_at": RECORDED_AT}
    for namespace in ("a", "b"):
        resource, message = "workflows.argoproj.io", f"watching {namespace}"
        told = SourceReported(**names, resource=resource, namespace=namespace, message=message, state="SYNCED")
        record(store, told)
    record(store, InputUnreadable(**names, reason="this is no JSON", size_bytes=5, digest=f"sha256:{1:064x}"))
    while store.settle(limit=RUNS):
        pass
    alert = Alert(
        rule="failures",
        kind=Kind.FAILED_RUN,
        subject=run_key("twin-1"),
        at=RECORDED_AT,
        cluster=CLUSTER,
        namespace="b",
        says="twin-1 failed",
        data={},
    )
    store.keep_alerts([alert], {}, now=RECORDED_AT)
    return store


@cache
def empty() -> SqlStore:
    return a_store()


@cache
def ids(scope: Scope = EVERYTHING) -> Mapping[str, list[str]]:
    """What somebody may see, by type."""
    store = world()
    lists: Mapping[str, Callable[..., Page[Any]]] = {
        "Run": store.runs,
        "Execution": store.executions,
        "Artifact": store.artifacts,
        "Pipeline": store.pipelines,
        "PipelineVersion": store.pipeline_versions,
        "Experiment": store.experiments,
        "RecurringRun": store.recurring_runs,
        "Deployment": store.deployments,
    }
    return {name: [item.id for item in read(scope, Listing(), ALL).items] for name, read in lists.items()}


def answered(store: SqlStore, scope: Scope, query: str) -> dict[str, Any]:
    return execute(store, scope, query)


LARGE: Final = {("Run", "graph"): 2, ("Artifact", "text"): 1}
"""Fields that are asked for by themselves, with so many levels: of many things at once that is more than a question may
be about."""


# ------------------------------------------------------------------------------------------ queries
def leaves(of: GraphQLOutputType, levels: int = 1) -> str:
    """What can be selected of a type: its plain fields, and those of what it leads to, so many levels deep."""
    named = get_named_type(of)
    if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
        parts = [f"... on {one.name} {{ {one.name}_id: id }}" for one in SCHEMA.get_possible_types(named)]
        return f"{{ __typename {' '.join(parts)} }}"
    if not isinstance(named, GraphQLObjectType):
        return ""
    inner = {name: field for name, field in named.fields.items() if (named.name, name) not in LARGE}
    return f"{{ __typename {' '.join(asked(name, field, levels) for name, field in inner.items())} }}"


def asked(name: str, field: GraphQLField, levels: int) -> str:
    if isinstance(get_named_type(field.type), Composite) and levels == 0:
        return ""
    needed = [f"{one}: {NEEDED[one]}" for one, given in field.args.items() if isinstance(given.type, GraphQLNonNull)]
    few = ["first: 5"] if "first" in field.args else []
    arguments = f"({', '.join(needed + few)})" if needed + few else ""
    return f"{name}{arguments} {leaves(field.type, levels - 1)}"


NEEDED: Final = {"from": '"1970-01-01T00:00:00Z"', "to": '"1970-01-02T00:00:00Z"', "name": '"accuracy"'}


def of_root(field: str) -> Iterator[str]:
    """Queries of one field of the root, about everything that there is."""
    assert SCHEMA.query_type is not None
    selection = leaves(SCHEMA.query_type.fields[field].type, 2)
    for arguments in arguments_of(field):
        yield f"{{ {field}{arguments} {selection} }}"


def arguments_of(field: str) -> list[str]:
    known = ids()
    every = orjson.dumps([one for some in known.values() for one in some][:100]).decode()
    run, other = known["Run"][:2]
    scopes = [f'{kind[0].lower()}{kind[1:]}: "{known[kind][0]}"' for kind in ("Pipeline", "Experiment", "RecurringRun")]
    scopes.append('namespace: "a"')
    names = [item.name for item in world().runs(EVERYTHING, Listing(), ALL).items]
    uids = [item.uid for item in world().runs(EVERYTHING, Listing(), ALL).items]
    return {
        "node": [f'(id: "{one}")' for some in known.values() for one in some[:2]],
        "nodes": [f"(ids: {every})"],
        "run": [f'(uid: "{one}")' for one in uids[:2]],
        "lineage": [f"(roots: {every}, direction: BOTH, system: true)"],
        "paths": [f"(from: {every}, to: {every})"],
        "impact": [f"(roots: {every}, first: 5)", '(image: "train:1", first: 5)'],
        "runDiff": [f'(base: "{run}", target: "{other}")'],
        "rerunManifest": [f'(run: "{run}")'],
        "audit": [f'(run: "{run}", asOf: "2026-01-01T00:00:00Z")'],
        "layout": [f"(boxes: [{box}], links: [])" for box in ('{ id: "a", width: 1, height: 1 }', "")],
        "search": [f'(text: "{text}", first: 20)' for text in (names[0], "train", uids[0])],
        "metricNames": ["", *(f"(scope: {{ {scope} }})" for scope in scopes)],
        "metricTrend": [f'(metric: "duration_seconds", scope: {{ {scope} }}, last: 20)' for scope in scopes],
        "metricTrends": [f'(scope: {{ {scope} }}, last: 5, metrics: ["duration_seconds"])' for scope in scopes],
    }.get(field, ["(first: 5)" if field != "ingestion" else ""])


# ------------------------------------------------------------------------------------------ strangers
@pytest.mark.parametrize("field", FIELDS)
def test_to_a_stranger_the_store_looks_empty(field: str) -> None:
    for query in of_root(field):
        seen = answered(world(), NOTHING, query)
        assert "COMPLEXITY" not in str(seen)
        assert seen == answered(empty(), EVERYTHING, query), query


@pytest.mark.parametrize("field", sorted(set(FIELDS) - {"layout"}))  # which reads nothing of any store
def test_to_others_it_does_not(field: str) -> None:
    """Else the test above could not fail."""
    assert any(answered(world(), EVERYTHING, query) != answered(empty(), EVERYTHING, query) for query in of_root(field))


@pytest.mark.parametrize("field", FIELDS)
@settings(max_examples=12, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_to_a_stranger_it_looks_empty_whatever_they_ask(field: str, data: st.DataObject) -> None:
    query = made_up(field, data)
    assert answered(world(), NOTHING, query) == answered(empty(), EVERYTHING, query)


# ------------------------------------------------------------------------------------------ one namespace
@cache
def of_others() -> frozenset[str]:
    """Texts that are recorded in other namespaces alone, and lead there: names, uids, ids, places, digests."""
    mine, whole = (set(_texts(list(world().dump(scope)))) for scope in (IN_A, EVERYTHING))
    hidden = whole - mine
    hidden |= {one for kind, some in ids().items() for one in some if one not in ids(IN_A)[kind]}
    return frozenset(text for text in hidden if len(text) > 3 and not re.fullmatch(r"[\d.:TZ+-]*|[A-Z_]+", text))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


TYPES: Final = tuple(ids())


@pytest.mark.parametrize("kind", TYPES)
def test_every_field_of_what_may_be_seen_keeps_to_its_namespace(kind: str) -> None:
    of = SCHEMA.type_map[kind]
    assert isinstance(of, GraphQLObjectType)
    for name, field in of.fields.items():
        for one in ids(IN_A)[kind][:6]:
            selected = asked(name, field, LARGE.get((kind, name), 3))
            query = f'{{ node(id: "{one}") {{ ... on {kind} {{ {selected} }} }} }}'
            answer = answered(world(), IN_A, query)
            assert "COMPLEXITY" not in str(answer), query
            assert not of_others() & set(_texts(answer)), query


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_the_root_keeps_to_its_namespace(field: str) -> None:
    for query in of_root(field):
        given_away = {text for text in _texts(answered(world(), IN_A, query)) if text not in query}
        assert not of_others() & given_away, query


def test_there_is_something_to_keep() -> None:
    assert len(of_others()) > 50
    found = [one for one in ids()["Run"] if one in of_others()]
    query = f'{{ node(id: "{found[0]}") {{ ... on Run {{ name uid }} }} }}'
    assert of_others() & set(_texts(answered(world(), EVERYTHING, query)))
