"""A webhook on 127.0.0.1, which keeps what it is sent and answers what a test says."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What came: the path, the headers in small letters, and the event."""

    path: str
    headers: dict[str, str]
    event: dict[str, Any]


@dataclass(slots=True)
class Hook:
    """Where it is, what it received, and the statuses that it answers with, one after another, the last for ever."""

    url: str = ""
    port: int = 0
    answers: Sequence[int] = (204,)
    received: list[Received] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hook: Hook = self.server.hook  # type: ignore[attr-defined] # set below
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        hook.received.append(Received(path=self.path, headers=headers, event=orjson.loads(body)))
        self.send_response(hook.answers[min(len(hook.received), len(hook.answers)) - 1])
        self.send_header("Location", f"{hook.url}elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def webhook(*answers: int) -> Iterator[Hook]:
    """Serve a webhook, which takes all that comes unless it is told otherwise."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    hook = Hook(url=f"http://127.0.0.1:{server.server_port}/", port=server.server_port, answers=answers or (204,))
    server.hook = hook  # type: ignore[attr-defined] # for the handler
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
