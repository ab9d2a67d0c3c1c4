"""Any query that the schema allows, as schemathesis makes them up, asked of the whole application over a real store:
it is answered in time, as GraphQL, and by no fault of ours."""

import asyncio
from collections.abc import Iterator
from functools import cache
from time import monotonic
from typing import Any, Final

import httpx
import orjson
import pytest
import schemathesis
from graphql import REMOVE, ArgumentNode, Visitor, execute_sync, parse, print_ast, visit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.graphql import nodes
from structlog.testing import capture_logs

from lineage.deadline import Deadline
from lineage.ports import EVERYTHING, Listing, Page, PageRequest
from lineage.store.sql import SqlStore
from lineage.web import application
from lineage.web.negotiation import GRAPHQL
from lineage_graphql import execute, sdl
from lineage_graphql.context import open_context
from lineage_graphql.schema import SCHEMA
from tests.worlds import a_world

EXAMPLES: Final = 12  # of each field of the root
PATIENCE_SECONDS: Final = 30.0
CODES: Final = {
    "BAD_USER_INPUT",
    "COMPLEXITY_EXCEEDED",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "NOT_FOUND",
}
FIELDS: Final = tuple(SCHEMA.query_type.fields) if SCHEMA.query_type else ()
UNASKED: Final = (("last", "before", "after"), ("first", "before", "after"), ("last", "before"), ("first", "after"), ())


@cache
def lists() -> list[Page[Any]]:
    """The first page of each list of a small world."""
    store, page = a_world(12), PageRequest(first=20)
    reads = (
        store.runs,
        store.executions,
        store.artifacts,
        store.pipelines,
        store.experiments,
        store.recurring_runs,
        store.deployments,
    )
    return [read(EVERYTHING, Listing(), page) for read in reads]


def known_ids() -> st.SearchStrategy[str]:
    return st.sampled_from([item.id for page in lists() for item in page.items])


def known_texts() -> st.SearchStrategy[str]:
    names = [item.name for page in lists() for item in page.items]
    return st.sampled_from([*names, *(cursor for page in lists() for cursor in page.cursors)])


# What is made up at random leads nowhere, so half of it is known.
TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]))
schemathesis.graphql.scalar("ID", (st.deferred(known_ids) | TEXTS).map(nodes.String))
schemathesis.graphql.scalar("String", (st.deferred(known_texts) | TEXTS).map(nodes.String))
schemathesis.graphql.scalar("Int", (st.integers(1, 100) | st.integers(-(2**31), 2**31 - 1)).map(nodes.Int))
schemathesis.graphql.scalar("Digest", st.from_regex(r"sha256:[0-9a-f]{1,64}", fullmatch=True).map(nodes.String))
schemathesis.graphql.scalar("DateTime", st.datetimes().map(lambda time: nodes.String(f"{time:%Y-%m-%dT%H:%M:%SZ}")))
WITHOUT_NULLS: Final = SchemathesisConfig.from_dict({"generation": {"graphql-allow-null": False}})
MADE_UP: Final = schemathesis.graphql.from_file(sdl(), config=WITHOUT_NULLS)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="module")
def store() -> SqlStore:
    return a_world(12)


@pytest.fixture(scope="module")
def client(store: SqlStore) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=application(store=store))
    return httpx.AsyncClient(transport=transport, base_url="http://lineage", headers={"Accept": GRAPHQL})


class Without(Visitor):
    """Leaves arguments out: together, those of pages hardly ever make sense."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names

    def enter_argument(self, node: ArgumentNode, *_: Any) -> Any:
        return REMOVE if node.name.value in self._names else None


def made_up(field: str, data: st.DataObject) -> str:
    text = data.draw(MADE_UP["Query"][field].as_strategy()).body
    return print_ast(visit(parse(str(text)), Without(data.draw(st.sampled_from(UNASKED)))))


bounded = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("field", FIELDS)
@bounded
@given(data=st.data())
def test_whatever_the_schema_allows_is_answered(
    field: str, data: st.DataObject, client: httpx.AsyncClient, runner: asyncio.Runner
) -> None:
    query, asked_at = made_up(field, data), monotonic()
    with capture_logs() as logs:
        response = runner.run(client.post("/graphql", json={"query": query}))
    answer = response.json()
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    assert logs == [], query
    assert codes <= CODES, query
    assert response.status_code == (200 if "data" in answer else 400), query
    assert codes or answer["data"].keys() == {field}, query
    assert monotonic() - asked_at < PATIENCE_SECONDS, query


@pytest.mark.parametrize("field", ["nodes", "runs"])
@bounded
@given(data=st.data())
def test_it_is_answered_as_graphql_core_would(field: str, data: st.DataObject, store: SqlStore) -> None:
    query = made_up(field, data)
    ours = execute(store, EVERYTHING, query)
    if "data" in ours:
        context = open_context(store, EVERYTHING, Deadline(PATIENCE_SECONDS))
        theirs = execute_sync(SCHEMA, parse(query), context_value=context)
        assert orjson.dumps(ours["data"]) == orjson.dumps(theirs.data), query
        assert [error["message"] for error in ours.get("errors", ())] == [e.message for e in theirs.errors or ()], query
