"""Hostile requests, over the whole application and a real store: each is answered at once, with a code that says what
is wrong, and never by a fault of ours."""

import asyncio
import base64
import gzip
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any, Final

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from lineage.identity import global_id
from lineage.store.sql import SqlStore
from lineage.web import application
from lineage.web.negotiation import GRAPHQL
from lineage_graphql.filters import DEEPEST_FILTER, MOST_CONDITIONS, MOST_VALUES
from tests.worlds import a_world

PATIENCE_SECONDS: Final = 10.0
AT_ONCE: Final = 300
RUNS: Final = "query ($where: RunWhere) { runs(where: $where) { totalCount } }"
ORDERED: Final = "query ($by: [RunOrder!]) { runs(orderBy: $by) { nodes { id } } }"
AFTER: Final = "query ($after: String) { runs(after: $after) { nodes { id } } }"
DURATION: Final = "query ($after: String) { runs(orderBy: [{field: DURATION}], after: $after) { nodes { id } } }"
OWNED: Final = "query ($after: String) { runs { nodes { executions(after: $after) { nodes { id } } } } }"
SEARCH: Final = 'query ($after: String) { search(text: "run", after: $after) { nodes { __typename } } }'
NODE: Final = "query ($id: ID!) { node(id: $id) { id } }"
LINEAGE: Final = "query ($roots: [ID!]!) { lineage(roots: $roots) { complete } }"
FINE, BAD_INPUT, NOT_FOUND = "", "BAD_USER_INPUT", "NOT_FOUND"
UNPARSED, INVALID, COSTLY = "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "COMPLEXITY_EXCEEDED"


@pytest.fixture(scope="module")
def store() -> SqlStore:
    return a_world(6)


@pytest.fixture(scope="module")
def client(store: SqlStore) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=application(store=store))
    headers = {"Accept": GRAPHQL, "Content-Type": "application/json"}
    return httpx.AsyncClient(transport=transport, base_url="http://lineage", headers=headers)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


def where(**fields: Any) -> bytes:
    return orjson.dumps({"query": RUNS, "variables": {"where": fields}})


def asked(query: str, **variables: Any) -> bytes:
    return orjson.dumps({"query": query, "variables": variables})


def written(query: str, variables: str) -> bytes:
    """A body whose variables are written by hand: what no encoder would write."""
    return b'{"query": %b, "variables": %b}' % (orjson.dumps(query), variables.encode())


def nested(levels: int, field: str = "not") -> bytes:
    return written(RUNS, '{"where": ' + f'{{"{field}": ' * levels + "{}" + "}" * levels + "}")


def cursor(text: str) -> str:
    """A cursor that holds what no list has given out."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def names(count: int) -> Sequence[Any]:
    return [{"name": {"eq": f"run-{number}"}} for number in range(count)]


FRAGMENTS = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40))
REQUESTS: Final[dict[str, tuple[bytes, int, str]]] = {
    # texts
    "fragments that double": (asked(f"{{ ...F0 }} {FRAGMENTS} fragment F40 on Query {{ __typename }}"), 400, COSTLY),
    "fragments in a circle": (
        asked("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"),
        400,
        INVALID,
    ),
    "inline fragments without end": (asked("{" + "... {" * 2_000 + "__typename" + "}" * 2_001), 400, UNPARSED),
    "directives without end": (asked("{ __typename" + " @include(if: true)" * 700 + " }"), 400, INVALID),
    "unknown directives": (asked("{ __typename" + " @a" * 2_000 + " }"), 400, INVALID),
    "variables without end": (asked(f"query ({' '.join(f'$v{n}: Int' for n in range(2_000))}) {{ a }}"), 400, UNPARSED),
    "one field ever again": (asked("{ runs { nodes {" + " id" * 4_000 + " } } }"), 400, INVALID),
    "a schema within a schema": (
        asked("{ __schema { types { " + "fields { type { " * 5 + "name" + " } }" * 5 + " } } }"),
        400,
        INVALID,
    ),
    "definitions of types": (asked("type Query { a: Int }"), 400, INVALID),
    "an unknown operation": (orjson.dumps({"query": "query A { __typename }", "operationName": "B"}), 400, BAD_INPUT),
    "a subscription": (asked("subscription { runChanged { cursor } }"), 400, BAD_INPUT),
    "half a character in a text": (asked('{ run(uid: "\\ud800") { id } }'), 400, UNPARSED),
    # variables
    "variables nested 10,000 deep": (nested(10_000), 400, BAD_INPUT),
    "variables nested 1,000 deep": (nested(1_000), 400, BAD_INPUT),
    "variables nested 100 deep": (nested(100), 200, BAD_INPUT),
    "an integer of 40 digits": (written(RUNS, f'{{"where": {{"durationSeconds": {{"gt": {10**40}}}}}}}'), 200, FINE),
    "an infinite number": (written(RUNS, '{"where": {"durationSeconds": {"gt": 1e400}}}'), 400, BAD_INPUT),
    "no number": (written(RUNS, '{"where": {"durationSeconds": {"gt": NaN}}}'), 400, BAD_INPUT),
    "half a character": (written(RUNS, '{"where": {"name": {"eq": "\\ud800"}}}'), 400, BAD_INPUT),
    "U+0000 everywhere": (
        where(
            name={"contains": "\0"},
            uid={"in": ["\0"]},
            label={"name": "\0", "eq": "\0"},
            parameter={"name": "\0", "startsWith": "\0"},
            image={"contains": "\0"},
            usesArtifact=global_id(("Artifact", "\0", "\0")),
        ),
        200,
        FINE,
    ),
    "an object for a text": (where(name={"eq": {"a": 1}}), 400, BAD_INPUT),
    "a list for an object": (written(RUNS, '{"where": [[1]]}'), 400, BAD_INPUT),
    "a page of 10^30": (
        written("query ($n: Int) { runs(first: $n) { totalCount } }", f'{{"n": {10**30}}}'),
        400,
        BAD_INPUT,
    ),
    "the year 0": (where(startedAt={"gt": "0000-01-01T00:00:00Z"}), 400, BAD_INPUT),
    "a time after all times": (where(startedAt={"gt": "9999-12-31T23:59:59-23:59"}), 400, BAD_INPUT),
    "half a megabyte of text": (where(name={"contains": "x" * 500_000}), 200, FINE),
    # filters and orders
    "wildcards of LIKE": (where(name={"contains": "%", "startsWith": "_"}), 200, FINE),
    "a regular expression": (where(name={"contains": "(a+)+$"}), 200, FINE),
    "as many conditions as may be": (where(**{"or": names(MOST_CONDITIONS)}), 200, FINE),
    "more": (where(**{"or": names(MOST_CONDITIONS + 1)}), 200, BAD_INPUT),
    "5,000": (where(**{"and": names(5_000)}), 200, BAD_INPUT),
    "as many levels as may be": (nested(DEEPEST_FILTER - 1), 200, FINE),
    "one more": (nested(DEEPEST_FILTER), 200, BAD_INPUT),
    "as many values as may be": (where(name={"in": ["x"] * MOST_VALUES}), 200, FINE),
    "40,000": (where(parameter={"name": "rate", "in": ["1"] * 40_000}), 200, BAD_INPUT),
    "2,000 orders": (asked(ORDERED, by=[{"field": "NAME"}] * 2_000), 200, BAD_INPUT),
    # ids
    "100,000 brackets as an id": (asked(NODE, id=cursor("[" * 100_000)), 200, BAD_INPUT),
    "an id of numbers": (asked(NODE, id=global_id(("Execution", 1, 2**63))), 200, NOT_FOUND),
    "an id of a kind alone": (asked(NODE, id=global_id(("Run",))), 200, NOT_FOUND),
    "an id of nothing": (asked(NODE, id=global_id((None,))), 200, NOT_FOUND),
    "an id with U+0000": (asked(NODE, id=global_id(("Run", "a\0b"))), 200, NOT_FOUND),
    "an id of half a character": (asked(NODE, id=cursor('["Run","\\ud800"]')), 200, BAD_INPUT),
    "roots of every odd kind": (
        asked(
            LINEAGE, roots=[global_id(key) for key in (("Run",), ("Execution", 1, 2**63), (None,), ("Pipeline", "a"))]
        ),
        200,
        NOT_FOUND,
    ),
    "20,000 roots": (asked(LINEAGE, roots=[global_id(("Run", "never"))] * 20_000), 200, BAD_INPUT),
    # cursors
    "a text for a time": (asked(AFTER, after=cursor('["x","y"]')), 200, BAD_INPUT),
    "a number for a key": (asked(AFTER, after=cursor("[5,5]")), 200, BAD_INPUT),
    "a number beyond 64 bits": (asked(AFTER, after=cursor(f'[{2**63},"y"]')), 200, BAD_INPUT),
    "a number far beyond": (asked(AFTER, after=cursor(f'[{10**40},"y"]')), 200, BAD_INPUT),
    "true": (asked(AFTER, after=cursor('[true,"y"]')), 200, BAD_INPUT),
    "nothing at all": (asked(AFTER, after=cursor("[null,null]")), 200, FINE),
    "brackets": (asked(AFTER, after=cursor("[" * 5_000)), 200, BAD_INPUT),
    "a text for a duration": (asked(DURATION, after=cursor('["x","y"]')), 200, BAD_INPUT),
    "a text for a start, of many lists": (asked(OWNED, after=cursor('["x","y"]')), 200, BAD_INPUT),
    "a forged place in a search": (asked(SEARCH, after=cursor('[1e3,"y",true]')), 200, BAD_INPUT),
    # bodies
    "nothing": (b"", 400, BAD_INPUT),
    "null": (b"null", 400, BAD_INPUT),
    "UTF-16": ('{"query": "{ __typename }"}'.encode("utf-16"), 400, BAD_INPUT),
    "compressed": (gzip.compress(b'{"query": "{ __typename }"}'), 400, BAD_INPUT),
    "a hundred requests": (orjson.dumps([{"query": "{ __typename }"}] * 100), 400, BAD_INPUT),
    "a megabyte": (asked("{ __typename }", a="x" * 1_100_000), 413, BAD_INPUT),
}


@pytest.mark.parametrize("what", REQUESTS)
def test_a_hostile_request_is_answered_at_once(what: str, client: httpx.AsyncClient, runner: asyncio.Runner) -> None:
    body, status, code = REQUESTS[what]
    asked_at = monotonic()
    with capture_logs() as logs:
        response = runner.run(client.post("/graphql", content=body))
    errors = response.json().get("errors", [])
    assert (response.status_code, {error["extensions"]["code"] for error in errors}) == (status, {code} - {FINE})
    assert logs == []
    assert monotonic() - asked_at < PATIENCE_SECONDS


@pytest.mark.parametrize("query", ["subscription { __typename }", "{ __typename", "query A { a } query B { a }"])
def test_a_link_cannot_do_more(query: str, client: httpx.AsyncClient, runner: asyncio.Runner) -> None:
    assert runner.run(client.get("/graphql", params={"query": query})).status_code == 400


def test_hundreds_at_once_are_all_answered(client: httpx.AsyncClient, runner: asyncio.Runner) -> None:
    body = asked("{ runs { nodes { name executions { nodes { displayName } } } } }")

    async def ask_all() -> Sequence[httpx.Response]:
        return await asyncio.gather(*(client.post("/graphql", content=body) for _ in range(AT_ONCE)))

    with capture_logs() as logs:
        responses = runner.run(ask_all())
    assert {(response.status_code, response.content) for response in responses} == {(200, responses[0].content)}
    assert "errors" not in responses[0].json()
    assert logs == []
