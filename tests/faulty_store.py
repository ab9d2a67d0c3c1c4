"""An HTTP server that answers what a test says, byte for byte: an object store that fails in every way."""

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from threading import Event, Thread
from typing import Final, TypeAlias

ETAG: Final = {"ETag": '"5d41402abc4b2a76b9719d911017c592"', "Last-Modified": "Sat, 31 Jan 2026 12:00:00 GMT"}

Answer: TypeAlias = bytes | Callable[[], Iterable[bytes | None]]
"""What is sent before the connection is closed; None is to say no more, and to close nothing."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked. Names of headers are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]


def answer(
    status: str, headers: Mapping[str, str] | None = None, body: bytes = b"", *, length: str | None = None
) -> bytes:
    """Write an answer, the last on its connection. `length` is what it says of its length, whatever that is; empty, and
    it says nothing."""
    said = {"Connection": "close", "Content-Length": str(len(body)) if length is None else length, **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in said.items() if value)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def refusal(status: str, code: str, headers: Mapping[str, str] | None = None, more: str = "") -> bytes:
    """Write a refusal as S3 does."""
    body = f"<Error><Code>{code}</Code><Message>no</Message>{more}</Error>".encode()
    return answer(status, {"Content-Type": "application/xml", **(headers or {})}, body)


def at(when: datetime) -> dict[str, str]:
    """The header that tells a server's time."""
    return {"Date": format_datetime(when.astimezone(UTC), usegmt=True)}


@dataclass(slots=True)
class FaultyStore:
    """A server that is up. What it was asked is kept, in order."""

    port: int
    asked: list[Request] = field(default_factory=list)
    ended: Event = field(default_factory=Event)
    _answers: list[Answer] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def will(self, *answers: Answer) -> None:
        """Say what it answers, one after another; the last one again and again."""
        self._answers = list(answers)

    def serve(self, connection: socket.socket) -> None:
        """Answer one request on a connection."""
        with connection, suppress(OSError):
            lines = connection.makefile("rb")
            method, path, _ = lines.readline().decode().split(" ", 2)
            headers = dict(_header(line) for line in iter(lines.readline, b"\r\n"))
            self.asked.append(Request(method, path, headers))
            chosen = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            for piece in [chosen] if isinstance(chosen, bytes) else chosen():
                if piece is None:
                    self.ended.wait()
                else:
                    connection.sendall(piece)


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode().partition(":")
    return name.lower(), value.strip()


@contextmanager
def faulty_store(context: ssl.SSLContext | None = None) -> Iterator[FaultyStore]:
    """Start a server, and end it. With a context it speaks TLS."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = FaultyStore(port=listening.getsockname()[1])

    def accept() -> None:
        with suppress(OSError):  # it was closed
            while True:
                connection, _ = listening.accept()
                Thread(target=begin, args=(connection,), daemon=True).start()

    def begin(connection: socket.socket) -> None:
        with suppress(OSError):  # a client that does not trust us
            server.serve(context.wrap_socket(connection, server_side=True) if context else connection)

    accepting = Thread(target=accept)
    accepting.start()
    try:
        yield server
    finally:
        server.ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join()
