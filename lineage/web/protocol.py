"""HTTP on one connection, read by httptools. That takes heads of any length, for any time: here are its bounds.

A client that is refused is told so where it can be, and its connection is closed.
"""

import asyncio
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD: Final = 65_536  # bytes that lead nowhere yet: of a head, and of what frames the pieces of a body
HEAD_SECONDS: Final = 20.0  # for all of a head, as long as for a body
ANSWER_SECONDS: Final = 20.0  # for each megabyte of an answer, as for one that is sent to us
ANSWER_BYTES: Final = 1_048_576
MOST_WAITING: Final = 16  # requests that are sent before the one ahead of them is answered


class HttpProtocol(HttpToolsProtocol):
    """A connection whose client must get on with what it sends, and with what it is sent."""

    head_seconds: ClassVar[float] = HEAD_SECONDS
    answer_seconds: ClassVar[float] = ANSWER_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in what it extends
        super().connection_made(transport)
        self._pending_bytes = 0
        self._patience: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._got_on()
        self._has_read()
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
        self._await_reading()

    def resume_writing(self) -> None:
        self._has_read()
        super().resume_writing()

    def _await_reading(self) -> None:
        """Look again whether enough of what waits to be sent has gone: what nobody reads is kept in memory."""
        unsent = self.transport.get_write_buffer_size()
        self._reading = self.loop.call_later(self.answer_seconds, self._look_whether_it_reads, unsent)

    def _look_whether_it_reads(self, unsent: int) -> None:
        if self.transport.get_write_buffer_size() > unsent - ANSWER_BYTES:
            self.transport.abort()  # to close it would wait until all is sent
        else:
            self._await_reading()

    def _has_read(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _wait(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(self.head_seconds, self.transport.close)

    def _got_on(self) -> None:
        self._pending_bytes = 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
