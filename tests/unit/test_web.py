"""What is served over HTTP: GraphQL as its specification has it, and pages that ask nobody else."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from lineage.web import application
from lineage.web.endpoint import endpoint
from lineage.web.negotiation import GRAPHQL, JSON, answer_type, is_json
from tests.asking import Client
from tests.example import example
from tests.fakes import FakeStore

STATIC = Path(__file__).resolve().parents[2] / "lineage" / "web" / "static"
COUNT = "{ runs { totalCount } }"
COUNTED = {"data": {"runs": {"totalCount": 2}}}


@pytest.fixture
def client() -> Client:
    return Client(application(store=FakeStore(example())))


def post(client: Client, request: object, accept: str = GRAPHQL) -> httpx.Response:
    return client.post("/graphql", json=request, headers={"Accept": accept})


# ------------------------------------------------------------------------------------------ GraphQL over HTTP
def test_a_query_is_answered_by_post(client: Client) -> None:
    response = post(client, {"query": COUNT, "variables": {}, "operationName": None, "unknown": 1})
    assert (response.status_code, response.json()) == (200, COUNTED)
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    assert response.headers["cache-control"] == "no-store"


def test_a_query_is_answered_by_get_with_its_variables(client: Client) -> None:
    query = "query A($first: Int!) { runs(first: $first) { nodes { name } } } query B { runs { totalCount } }"
    parameters = {"query": query, "variables": '{"first": 1}', "operationName": "A"}
    response = client.get("/graphql", params=parameters)
    assert response.json() == {"data": {"runs": {"nodes": [{"name": "churn-weekly-2"}]}}}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.1, {JSON}", JSON),
        ("Application/JSON; Charset=UTF-8", JSON),
        (f"{JSON}; charset=latin-1", None),
        (f"{JSON};q=0", None),
        (f"{JSON};q=often", None),
        ("text/html", None),
    ],
)
def test_the_answer_is_in_the_best_form_that_the_client_takes(accept: str | None, expected: str | None) -> None:
    assert answer_type(accept) == expected


def test_a_client_that_takes_none_of_the_forms_is_told_so(client: Client) -> None:
    assert post(client, {"query": COUNT}, accept="text/html").status_code == 406


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", True),
        ("application/json; charset=UTF-8", True),
        ('application/json; charset="utf-8"', True),
        ("application/json; charset=latin-1", False),
        ("application/x-www-form-urlencoded", False),
        ("text/plain", False),
        ("", False),
    ],
)
def test_only_json_in_utf_8_is_read(client: Client, content_type: str, expected: bool) -> None:
    assert is_json(content_type) is expected
    body = orjson.dumps({"query": COUNT})
    response = client.post("/graphql", content=body, headers={"Content-Type": content_type})
    assert response.status_code == (200 if expected else 415)


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"query": None},
        {"query": 5},
        {"query": " "},
        {"query": COUNT, "variables": "x"},
        {"query": COUNT, "variables": [1]},
        {"query": COUNT, "operationName": 5},
        {"query": COUNT, "extensions": 5},
        [{"query": COUNT}],
        "text",
    ],
)
def test_a_request_that_makes_no_sense_is_refused(client: Client, request_: object, accept: str) -> None:
    response = post(client, request_, accept)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


def test_a_body_that_is_no_json_is_refused(client: Client) -> None:
    response = client.post("/graphql", content=b"{", headers={"Content-Type": JSON})
    assert response.status_code == 400


def test_variables_that_are_no_json_are_refused(client: Client) -> None:
    assert client.get("/graphql", params={"query": COUNT, "variables": "{"}).status_code == 400


def test_a_body_without_end_is_refused(client: Client) -> None:
    body = b'{"query": "' + b" " * 2_000_000
    assert client.post("/graphql", content=body, headers={"Content-Type": JSON}).status_code == 413


def test_what_has_no_room_is_refused_for_a_while(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineage.web.questions.MOST_BYTES", 1_000)
    refused = post(client, {"query": COUNT, "extensions": {"a": "x" * 1_000}})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert [error["extensions"]["code"] for error in refused.json()["errors"]] == ["OVERLOADED"]
    for _ in range(50):  # of which none is held any longer
        assert post(client, {"query": COUNT}).json() == COUNTED


def test_a_body_that_does_not_arrive_is_waited_for_no_longer() -> None:
    async def trickling() -> AsyncIterator[bytes]:
        yield b'{"query": '
        await asyncio.Event().wait()

    asked = endpoint(lambda *_: {"data": None}, body_seconds=0.01)
    response = Client(asked).post("/graphql", content=trickling(), headers={"Content-Type": JSON})
    assert response.status_code == 408
    assert response.headers["connection"] == "close"
    assert response.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("query", ["{", "{ nonsense }", "query ($n: Int!) { runs(first: $n) { totalCount } }"])
def test_what_cannot_be_executed_is_a_bad_request_only_to_clients_that_know_the_difference(
    client: Client, query: str
) -> None:
    answers = {accept: post(client, {"query": query}, accept) for accept in (GRAPHQL, JSON)}
    assert {accept: answer.status_code for accept, answer in answers.items()} == {GRAPHQL: 400, JSON: 200}
    assert all("data" not in answer.json() for answer in answers.values())


def test_what_was_executed_is_fine_even_where_fields_failed(client: Client) -> None:
    response = post(client, {"query": '{ run(uid: "never") { id } }'})
    assert (response.status_code, response.json()["data"]) == (200, {"run": None})


def test_a_mutation_by_get_is_not_allowed(client: Client) -> None:
    response = client.get("/graphql", params={"query": "mutation { __typename }"})
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(client: Client, method: str) -> None:
    assert client.request(method, "/graphql").status_code == 405


# ------------------------------------------------------------------------------------------ the page
def assets(client: Client) -> list[str]:
    return re.findall(r'(?:src|href)="\./(assets/[^"]+)"', client.get("/").text)


def test_the_page_is_asked_for_each_time_and_what_it_loads_but_once(client: Client) -> None:
    first = client.get("/")
    assert (first.status_code, first.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert first.headers["cache-control"] == "no-cache"
    loaded = assets(client)
    assert {Path(address).suffix for address in loaded} == {".js", ".css", ".svg"}
    for address in loaded:
        assert "immutable" in client.get(f"/{address}").headers["cache-control"]


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, deflate", "gzip"), ("gzip, br", "br"), ("br;q=0, gzip;q=0.5", "gzip")]
)
def test_the_page_is_compressed_for_those_who_can_read_it(accepted: str, encoding: str, client: Client) -> None:
    for address in ["", *assets(client)]:
        plain = client.get(f"/{address}", headers={"Accept-Encoding": "identity"})
        packed = client.get(f"/{address}", headers={"Accept-Encoding": accepted})
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == encoding
        assert (packed.content, packed.headers["vary"]) == (plain.content, "Accept-Encoding")
        assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_an_answer_that_is_longer_than_a_packet_is_compressed_for_those_who_can_read_it(
    encoding: str, client: Client
) -> None:
    long = {"query": "{ __schema { types { name description } } }"}
    plain = client.post("/graphql", json=long, headers={"Accept-Encoding": "identity"})
    packed = client.post("/graphql", json=long, headers={"Accept-Encoding": encoding})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == encoding
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    short = client.post("/graphql", json={"query": COUNT}, headers={"Accept-Encoding": encoding})
    assert "content-encoding" not in short.headers


@pytest.mark.parametrize(
    "path",
    ["/assets/", "/assets/index.html", "/assets/../index.html", "/assets/..%2Findex.html", "/assets/%2Fetc%2Fpasswd"],
)
def test_only_what_was_built_is_handed_out(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


# ------------------------------------------------------------------------------------------ nobody else is asked
@pytest.mark.parametrize("path", ["/", "/graphiql"])
def test_a_page_loads_only_what_is_served_beside_it(client: Client, path: str) -> None:
    page = client.get(path).text
    loaded = re.findall(r'<(?:script|link)[^>]+(?:src|href)="([^"]+)"', page)
    assert loaded
    for address in loaded:
        assert address.startswith("data:") or client.get(f"/{address.removeprefix('./')}").status_code == 200, address


@pytest.mark.parametrize(
    "path", ["/", "/graphql", "/graphiql", "/healthz", "/readyz", "/metrics", "/static/graphiql.js", "/nowhere"]
)
def test_every_answer_forbids_to_load_from_elsewhere(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy
    assert ("'unsafe-inline'" in policy) is (path == "/graphiql")
    assert headers["x-content-type-options"] == "nosniff"


def test_pages_hold_no_script_of_their_own(client: Client) -> None:
    for path in ("/", "/graphiql"):
        assert re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|javascript:", client.get(path).text) is None


def test_everything_works_under_a_prefix() -> None:
    behind = Starlette(routes=[Mount("/lineage", application(store=FakeStore(example())))])
    client = Client(behind)
    assert client.post("/lineage/graphql", json={"query": COUNT}).json() == COUNTED
    assert client.get("/lineage/static/graphiql.css").status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]+)"', client.get("/lineage/").text)
    assert not [address for address in addresses if address.startswith("/")]


def test_what_is_vendored_is_what_its_list_says() -> None:
    listed = re.findall(r"^\| `([^`]+)` .*`([0-9a-f]{64})`", (STATIC / "graphiql" / "README.md").read_text(), re.M)
    assert len(listed) == 4
    for name, digest in listed:
        assert hashlib.sha256((STATIC / "graphiql" / name).read_bytes()).hexdigest() == digest, name
