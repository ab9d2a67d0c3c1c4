"""HTTP on one connection, read by httptools, and WebSockets, by wsproto. Both take what comes of any length, for any
time, and keep what nobody reads: here are their bounds.

A client that is refused is told so where it can be, and its connection is closed.
"""

import asyncio
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

LARGEST_HEAD: Final = 65_536  # bytes that lead nowhere yet: of a head, and of what frames the pieces of a body
HEAD_SECONDS: Final = 20.0  # for all of a head, as long as for a body
ANSWER_SECONDS: Final = 20.0  # for each megabyte of an answer, as for one that is sent to us
ANSWER_BYTES: Final = 1_048_576
MOST_WAITING: Final = 16  # requests that are sent before the one ahead of them is answered


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
