"""The API server of the benchmarks of watching: what it sends was prepared, so that nobody waits for it.

Run as `python -m tests.bench.watch_server EVENTS [OBJECTS]`; prints the port it listens on. A watch is sent the file of
events as it is, in which `written` put each into a chunk of its own as API servers do, and ends. A list is of the
objects, a line each, in pages.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

WRITE_BYTES: Final = 64 * 1024  # as a busy API server does


def written(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Write the lines of a watch as they go over the wire."""
    for line in lines:
        yield b"%x\r\n%b\r\n" % (len(line), line)
    yield b"0\r\n\r\n"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    events: Path
    objects: tuple[bytes, ...]

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if "watch" in query:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            with suppress(ConnectionError), self.events.open("rb") as events:  # who watches may leave
                while piece := events.read(WRITE_BYTES):
                    self.wfile.write(piece)
            return
        page = self._page(int(query.get("continue", "0")), int(query.get("limit", len(self.objects) or 1)))
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def _page(self, start: int, size: int) -> bytes:
        end = start + size
        more = b',"continue":"%d"' % end if end < len(self.objects) else b""
        return b'{"metadata":{"resourceVersion":"1"%b},"items":[%b]}' % (more, b",".join(self.objects[start:end]))

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    events, objects = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None
    _Handler.events = events
    _Handler.objects = tuple(objects.read_bytes().splitlines()) if objects else ()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
