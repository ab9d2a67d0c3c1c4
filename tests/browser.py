"""A real browser: Chromium without a screen opens a page, lets its scripts run, and says what the page became."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final

import pytest

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_SECONDS: Final = 60.0
PAGE_MILLISECONDS: Final = 4_000  # of the page's own time, in which what a script waits for passes at once


def found_browser() -> str | None:
    """Say where the browser is, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def browser() -> str:
    """Say where the browser is, or skip the test."""
    found = found_browser()
    if found is None:
        pytest.skip("there is no browser: install Debian's package chromium")
    return found


def opened(url: str, *, names: Mapping[str, str] | None = None) -> str:
    """Open a page, and return its document as it stands when its scripts have run. `names` lead to other hosts."""
    rules = [f"MAP {name} {host}" for name, host in (names or {}).items()]
    with TemporaryDirectory() as profile:
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-first-run",
            "--disable-component-update",
            f"--user-data-dir={profile}",
            f"--virtual-time-budget={PAGE_MILLISECONDS}",
            *([f"--host-resolver-rules={', '.join(rules)}"] if rules else []),
        ]
        done = subprocess.run(
            [browser(), *options, "--dump-dom", url],
            capture_output=True,
            check=True,
            timeout=PATIENCE_SECONDS,
            text=True,
        )
    return done.stdout


class Site:
    """A site of somebody else: what it serves, and what was asked of it."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.asked: list[str] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._http.server_port

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the name that is wanted
                site.asked.append(self.path)
                body = site.pages.get(self.path, "").encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def run(self) -> None:
        """Serve until it is stopped."""
        self._http.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Stop serving."""
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def a_site() -> Iterator[Site]:
    """Serve a site on a free port."""
    site = Site()
    thread = Thread(target=site.run)
    thread.start()
    try:
        yield site
    finally:
        site.stop()
        thread.join()


def as_url(file: Path) -> str:
    """The address of a file."""
    return file.resolve().as_uri()
