"""Connections whose clients misbehave: each is ended within its bounds, and the others are answered meanwhile."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineage.access import Grant, Shown
from lineage.cli.servers import listen, make_server
from lineage.web import HttpProtocol, application
from lineage.web.protocol import HEAD_SECONDS, LARGEST_HEAD
from tests.example import example
from tests.fakes import FakeStore
from tests.live import FakeGate

PATIENCE_SECONDS: Final = HEAD_SECONDS / 2  # what is refused is refused for its length
BODY: Final = b'{"query": "{ runs { totalCount } }"}'
POST: Final = b"POST /graphql HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
ASKED: Final = POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
HEADER: Final = b"X-Slow: 1\r\n"
PIECES: Final = 2_000  # of 1,000 bytes: far more than a head may hold, and than the sockets in between


@contextmanager
def serving(app: ASGIApp | None = None, port: int = 0) -> Iterator[int]:
    with listen("127.0.0.1", port) as listener:
        server = make_server(app or application(store=FakeStore(example())))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def port() -> Iterator[int]:
    with serving() as port:
        yield port


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server that waits a short time for heads."""
    monkeypatch.setattr(HttpProtocol, "head_seconds", 0.3)
    with serving() as port:
        yield port


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as connection:
        yield connection


def rest(connection: socket.socket) -> bytes:
    """All that the server sends until it closes the connection."""
    received = b""
    with suppress(ConnectionResetError):  # closed while more was under way
        while data := connection.recv(65_536):
            received += data
    return received


def is_answered(port: int) -> bool:
    with connected(port) as connection:
        connection.sendall(ASKED.replace(b"Host: h", b"Connection: close"))
        return rest(connection).endswith(b'{"data":{"runs":{"totalCount":2}}}')


ENDLESS: Final[dict[str, tuple[bytes, Callable[[int], bytes]]]] = {
    "headers": (POST, lambda number: b"X-%d: %b\r\n" % (number, b"x" * 1_000)),
    "one header": (POST + b"X: ", lambda _: b"x" * 1_000),
    "an address": (b"GET /", lambda _: b"x" * 1_000),
    "what stands behind the size of a piece": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n1;",
        lambda _: b"x" * 1_000,
    ),
    "headers behind a body": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n",
        lambda number: b"X-%d: %b\r\n" % (number, b"x" * 1_000),
    ),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_a_client_that_sends_without_end_is_refused(port: int, what: str) -> None:
    begin, more = ENDLESS[what]
    with connected(port) as connection:
        with suppress(ConnectionError):  # closed while more was under way
            connection.sendall(begin)
            for number in range(PIECES):
                connection.sendall(more(number))
        assert b"HTTP/1.1 200" not in rest(connection)
    assert is_answered(port)


@pytest.mark.parametrize("begun", [b"", b"PO", POST, POST + b"X-Slow: "])
def test_a_head_that_does_not_arrive_is_waited_for_no_longer(impatient: int, begun: bytes) -> None:
    with connected(impatient) as connection:
        connection.sendall(begun)
        assert rest(connection) == b""
    assert is_answered(impatient)


def test_a_head_in_pieces_is_waited_for_no_longer_than_one_that_stops(impatient: int) -> None:
    with connected(impatient) as connection, suppress(ConnectionError):
        connection.sendall(POST)
        connection.settimeout(0.02)
        for _ in range(LARGEST_HEAD // len(HEADER)):
            connection.sendall(HEADER)
            with suppress(TimeoutError):  # it is still open
                assert connection.recv(1) == b""
                break
        else:
            pytest.fail("it was waited for to its end")
    assert is_answered(impatient)


class Telling:
    """Answers without end, and says when its client has gone."""

    def __init__(self) -> None:
        self.is_left = Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 64 * 2**20, "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        self.is_left.set()


@pytest.mark.parametrize("read", [0, 2**20])
def test_who_does_not_read_an_answer_is_left_alone_with_it(monkeypatch: pytest.MonkeyPatch, read: int) -> None:
    monkeypatch.setattr(HttpProtocol, "answer_seconds", 0.3)
    telling = Telling()
    with serving(telling) as port, connected(port) as connection:
        connection.sendall(ASKED)
        while read > 0:
            read -= len(connection.recv(65_536))
        assert telling.is_left.wait(PATIENCE_SECONDS)


def answering(*pieces: bytes, headers: Sequence[tuple[bytes, bytes]] = ()) -> ASGIApp:
    """Answers whatever is asked, in pieces."""
    length = (b"content-length", b"%d" % sum(map(len, pieces)))

    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1"), length, *headers]})
        for number, piece in enumerate(pieces, 1):
            await send({"type": "http.response.body", "body": piece, "more_body": number < len(pieces)})

    return answer


def said(app: ASGIApp, *asked: bytes) -> tuple[set[bytes], bytes]:
    """The lines of what is answered to requests on one connection, in whatever order, and what stands behind them."""
    with serving(app) as port, connected(port) as connection:
        connection.sendall(b"".join(asked))
        head, _, body = rest(connection).rpartition(b"\r\n\r\n")
        return {line for line in head.split(b"\r\n") if not line.startswith(b"date: ")}, body


LAST: Final = ASKED.replace(b"Host: h", b"Connection: close")


def test_an_answer_is_the_same_in_one_piece_as_in_several() -> None:
    assert said(answering(b"whole"), ASKED, LAST) == said(answering(b"wh", b"ole"), ASKED, LAST)


def test_the_head_alone_is_answered_to_who_asks_for_no_more() -> None:
    head = b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"
    lines, body = said(answering(b"whole"), head, head.replace(b"Host: h", b"Connection: close"))
    assert (b"content-length: 5" in lines, body) == (True, b"")


def test_a_header_that_would_be_another_one_is_never_sent() -> None:
    lines, _ = said(answering(b"whole", headers=[(b"x-b", b"1\r\nx-c: 2")]), ASKED, LAST)
    assert b"x-c: 2" not in lines


class Deliberate(FakeGate):
    """Lets in whoever asks, once it was looked whether they are still there."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = Event()

    def admit(self, shown: Shown) -> Grant:
        assert self.looked.wait(PATIENCE_SECONDS)
        return super().admit(shown)

    def noting(self, app: ASGIApp) -> ASGIApp:
        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            async def looked() -> Message:
                message = await receive()
                self.looked.set()
                return message

            await app(scope, looked, send)

        return noted


@pytest.mark.parametrize("sent_at_first", [len(ASKED), len(ASKED) - len(BODY) // 2])
def test_what_was_sent_is_read_however_long_it_took_to_be_let_in(
    monkeypatch: pytest.MonkeyPatch, sent_at_first: int
) -> None:
    monkeypatch.setattr("lineage.web.threads.WATCH_AFTER_SECONDS", 0.0)
    gate = Deliberate()
    with serving(gate.noting(application(store=FakeStore(example()), gate=gate))) as port, connected(port) as client:
        client.sendall(ASKED[:sent_at_first])
        assert gate.looked.wait(PATIENCE_SECONDS)
        client.sendall(ASKED[sent_at_first:])
        assert client.recv(65_536).endswith(b'{"data":{"runs":{"totalCount":2}}}')


def test_several_requests_sent_at_once_are_answered_in_order(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(ASKED * 3 + ASKED.replace(b"Host: h", b"Connection: close"))
        assert rest(connection).count(b'{"data":{"runs":{"totalCount":2}}}') == 4


def test_a_client_that_sends_requests_and_waits_for_no_answer_is_refused(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(ASKED * 500)
        received = rest(connection)
    assert b"HTTP/1.1 400" in received
    assert received.count(b"HTTP/1.1 200") < 100
    assert is_answered(port)


def test_a_connection_is_kept_for_the_next_question_longer_than_a_head_is_waited_for(impatient: int) -> None:
    with connected(impatient) as connection:
        for _ in range(3):
            connection.sendall(ASKED)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
            connection.settimeout(0.5)
            with pytest.raises(TimeoutError):
                connection.recv(1)
