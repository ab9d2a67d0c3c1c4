"""HTTP on one connection, read by httptools, and WebSockets, by wsproto. Both take what comes of any length, for any
time, and keep what nobody reads: here are their bounds.

A client that is refused is told so where it can be, and its connection is closed.

What is answered whole leaves in one piece with its head: to hand something to the system, and to wake who waits for it,
costs as much as to write it.
"""

import asyncio
from collections.abc import Awaitable
from functools import lru_cache
from typing import ClassVar, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

from lineage.web.headers import Header

LARGEST_HEAD: Final = 65_536  # bytes that lead nowhere yet: of a head, and of what frames the pieces of a body
HEAD_SECONDS: Final = 20.0  # for all of a head, as long as for a body
ANSWER_SECONDS: Final = 20.0  # for each megabyte of an answer, as for one that is sent to us
ANSWER_BYTES: Final = 1_048_576
MOST_WAITING: Final = 16  # requests that are sent before the one ahead of them is answered
HEADS_REMEMBERED: Final = 64  # but for their length, answers have the same few


class Patience:
    """Ends a connection whose client does not get on with what it is sent: what nobody reads is kept in memory."""

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self._transport = transport
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._look: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Look again whether enough of what waits to be sent has gone."""
        unsent = self._transport.get_write_buffer_size()
        self._look = self._loop.call_later(self._seconds, self._look_whether_it_reads, unsent)

    def end(self) -> None:
        """It has."""
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _look_whether_it_reads(self, unsent: int) -> None:
        if self._transport.get_write_buffer_size() > unsent - ANSWER_BYTES:
            self._transport.abort()  # to close it would wait until all is sent
        else:
            self.begin()


class SocketProtocol(WSProtocol):
    """A WebSocket whose client must get on with what it is sent."""

    answer_seconds: ClassVar[float] = ANSWER_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in what it extends
        super().connection_made(transport)
        self._unread = Patience(transport, self.answer_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unread.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.begin()

    def resume_writing(self) -> None:
        self._unread.end()
        super().resume_writing()


class HttpProtocol(HttpToolsProtocol):
    """A connection whose client must get on with what it sends, and with what it is sent."""

    head_seconds: ClassVar[float] = HEAD_SECONDS
    answer_seconds: ClassVar[float] = ANSWER_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in what it extends
        super().connection_made(transport)
        self._pending_bytes = 0
        self._patience: asyncio.TimerHandle | None = None
        self._unread = Patience(transport, self.answer_seconds)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._got_on()
        self._unread.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._pending_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._pending_bytes > LARGEST_HEAD:
            self.send_400_response(f"The head of the request is larger than {LARGEST_HEAD} bytes.")
        elif self._pending_bytes:
            self._wait()

    def on_headers_complete(self) -> None:
        self._got_on()
        if len(self.pipeline) >= MOST_WAITING:
            raise ConnectionRefusedError(f"more than {MOST_WAITING} requests wait")  # the parser stops at it
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override] # the same
        super()._start_asgi_task(cycle, _Answering(app, cycle))  # type: ignore[arg-type] # as above

    def on_body(self, body: bytes) -> None:
        self._got_on()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._got_on()
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.begin()

    def resume_writing(self) -> None:
        self._unread.end()
        super().resume_writing()

    def _wait(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(self.head_seconds, self.transport.close)

    def _got_on(self) -> None:
        self._pending_bytes = 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class _Answering:
    """Answers one request: what is answered whole in one piece, all else as uvicorn does."""

    __slots__ = ("_app", "_cycle", "_send_on", "_start")

    def __init__(self, app: ASGIApp, cycle: RequestResponseCycle) -> None:
        self._app = app
        self._cycle = cycle
        self._start: Message | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        self._send_on = send
        return self._app(scope, receive, self._send)

    async def _send(self, message: Message) -> None:
        start, self._start = self._start, None
        if start is None and message["type"] == "http.response.start":
            self._start = message  # ASGI: nothing of it is sent before some of the body is there
        elif start is None:
            await self._send_on(message)
        elif not self._sent_whole(start, message):
            await self._send_on(start)
            await self._send_on(message)

    def _sent_whole(self, start: Message, message: Message) -> bool:
        """Send an answer, if all of it is there and can go at once, to a client that stays."""
        cycle, headers, body = self._cycle, start["headers"], message.get("body", b"")
        length = (b"content-length", b"%d" % len(body))
        if message.get("more_body") or length not in headers or cycle.scope["method"] == "HEAD":
            return False
        if not cycle.keep_alive or cycle.disconnected or cycle.flow.write_paused:
            return False
        head = _head(start["status"], tuple(header for header in headers if header != length))
        if head is None:
            return False
        pieces = [head, *(b"%b: %b\r\n" % header for header in (*cycle.default_headers, length)), b"\r\n", body]
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        cycle.transport.write(b"".join(pieces))
        cycle.on_response()
        return True


@lru_cache(HEADS_REMEMBERED)
def _head(status: int, headers: tuple[Header, ...]) -> bytes | None:
    """Write what answers of a kind have as their head; None where that says how they are sent, or cannot be said."""
    for name, value in headers:
        if name in (b"connection", b"content-length", b"transfer-encoding"):
            return None
        if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
            return None
    return STATUS_LINE[status] + b"".join(b"%b: %b\r\n" % header for header in headers)
