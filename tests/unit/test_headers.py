"""What every answer says to the browser that gets it, whatever was asked for and whatever became of it."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
import pytest

from lineage.errors import StoreError
from lineage.ports import Scope
from lineage.web import application, is_loopback_name
from lineage.web.headers import GRAPHIQL_POLICY, STRICT_POLICY
from lineage.web.threads import Overloaded, Threads
from tests.asking import Client
from tests.example import example
from tests.fakes import FakeStore
from tests.integration.test_connections import connected, rest, serving

JSON: Final = {"Content-Type": "application/json"}
EXPECTED: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
NEVER: Final = ("server", "set-cookie", "x-powered-by", "via", "location")
DIRECTIVES: Final = ("default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'")


class Failing(FakeStore):
    """A store that fails: as databases do, and as only a bug of ours does."""

    def __init__(self, error: Exception) -> None:
        super().__init__(example())
        self._error = error

    def sources(self, scope: Scope) -> Any:
        raise self._error

    def check(self) -> None:
        raise self._error


Ask = Callable[[], httpx.Response]


def fine() -> Client:
    return Client(application(store=FakeStore(example())))


def broken(error: Exception) -> Client:
    client = Client(application(store=Failing(error)))
    client._transport = httpx.ASGITransport(application(store=Failing(error)), raise_app_exceptions=False)
    return client


def posted(body: bytes, **headers: str) -> Ask:
    return lambda: fine().post("/graphql", content=body, headers=JSON | headers)


ANSWERS: Final[dict[str, tuple[Ask, int]]] = {
    "the page": (lambda: fine().get("/"), 200),
    "an answer": (posted(b'{"query": "{ runs { totalCount } }"}'), 200),
    "an answer by GET": (lambda: fine().get("/graphql?query={runs{totalCount}}"), 200),
    "GraphiQL": (lambda: fine().get("/graphiql"), 200),
    "a file": (lambda: fine().get("/static/graphiql.js"), 200),
    "life": (lambda: fine().get("/healthz"), 200),
    "readiness": (lambda: fine().get("/readyz"), 200),
    "figures": (lambda: fine().get("/metrics"), 200),
    "nothing there": (lambda: fine().get("/nowhere"), 404),
    "no such file": (lambda: fine().get("/static/../application.py"), 404),
    "no question": (lambda: fine().get("/graphql"), 400),
    "no JSON": (posted(b"{"), 400),
    "no such method": (lambda: fine().request("DELETE", "/graphql"), 405),
    "no such method of the page": (lambda: fine().post("/"), 405),
    "no such form": (lambda: fine().get("/graphql", headers={"Accept": "text/html"}), 406),
    "too much": (posted(b"x" * 1_100_000), 413),
    "another type": (posted(b"", **{"Content-Type": "text/plain"}), 415),
    "another name": (lambda: Client(application(store=FakeStore(), hosts=is_loopback_name)).get("/"), 403),
    "another page": (lambda: fine().get("/", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}), 403),
    "a store that fails": (lambda: broken(StoreError("x")).get("/readyz"), 503),
    "a bug": (lambda: broken(ZeroDivisionError()).get("/metrics"), 500),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_every_answer_keeps_to_itself(what: str) -> None:
    ask, status = ANSWERS[what]
    response = ask()
    assert response.status_code == status
    assert {name: response.headers.get(name) for name in EXPECTED} == EXPECTED
    policy = response.headers["content-security-policy"]
    assert policy == (GRAPHIQL_POLICY if what == "GraphiQL" else STRICT_POLICY)
    assert all(directive in policy for directive in DIRECTIVES)
    assert not [name for name in response.headers if name in NEVER or name.startswith("access-control-")]


@pytest.mark.parametrize("what", [what for what in ANSWERS if what not in ("the page", "GraphiQL", "a file")])
def test_what_comes_of_the_store_is_kept_by_nobody(what: str) -> None:
    ask, status = ANSWERS[what]
    assert ask().headers.get("cache-control", "no-store" if status >= 400 else None) == "no-store"


def test_each_header_is_there_once() -> None:
    for ask, _ in ANSWERS.values():
        names = [name for name, _ in ask().headers.raw]
        assert len(names) == len(set(names))


def test_a_question_that_finds_no_thread_is_refused_with_the_same_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise Overloaded

    monkeypatch.setattr(Threads, "run", refuse)
    response = fine().get("/graphql?query={runs{totalCount}}")
    assert response.status_code == 503
    assert {name: response.headers.get(name) for name in EXPECTED} == EXPECTED


# ------------------------------------------------------------------------------------------ over a socket
@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as port:
        yield port


REQUESTS: Final = {
    "the page": b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "no HTTP": b"nonsense\r\n\r\n",
    "two lengths": b"POST /graphql HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
}


@pytest.mark.parametrize("what", REQUESTS)
def test_no_answer_says_what_serves_it(what: str, port: int) -> None:
    with connected(port) as connection:
        connection.sendall(REQUESTS[what])
        head = rest(connection).partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 ")
    assert not [word for word in (b"\r\nserver:", b"uvicorn", b"starlette", b"python") if word in head]
