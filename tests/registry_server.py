"""A registry of images on 127.0.0.1 that speaks the OCI distribution protocol, as far as reading takes it, and whatever
else a test wants it to say."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from lineage.identity import sha256

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(slots=True)
class Registry:
    """What it holds, by path, and what it was asked. `says` answers instead, where it is told."""

    host: str = ""
    holds: dict[str, bytes] = field(default_factory=dict)
    wants_token: bool = False
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    says: Callable[["Handler"], bool] | None = None

    def put(self, name: str, kind: str, what: Any) -> str:
        """Keep an object; say its digest."""
        body = what if isinstance(what, bytes) else orjson.dumps(what)
        self.holds[f"/v2/{name}/{kind}/{sha256(body)}"] = body
        return sha256(body)

    def put_image(self, name: str, labels: Mapping[str, str], **manifest: Any) -> str:
        """Keep an image; name it as `repository@digest`."""
        config = self.put(name, "blobs", {"config": {"Labels": dict(labels)}})
        digest = self.put(name, "manifests", {"mediaType": MANIFEST, "config": {"digest": config}, **manifest})
        return f"{self.host}/{name}@{digest}"


class Handler(BaseHTTPRequestHandler):
    """Answers for the registry of its server."""

    protocol_version = "HTTP/1.1"

    @property
    def registry(self) -> Registry:
        return self.server.registry  # type: ignore[attr-defined, no-any-return] # set below

    def do_GET(self) -> None:
        registry = self.registry
        registry.asked.append((self.command, self.path, self.headers.get("Authorization")))
        if registry.says is not None and registry.says(self):
            return
        if self.path.startswith("/token"):
            self.answer(200, orjson.dumps({"token": "for anybody"}))
        elif registry.wants_token and self.headers.get("Authorization") != "Bearer for anybody":
            realm = f'Bearer realm="http://{registry.host}/token",service="registry",scope="repository:a/b:pull"'
            self.answer(401, b"{}", {"WWW-Authenticate": realm})
        elif (body := registry.holds.get(self.path)) is not None:
            self.answer(200, body)
        else:
            self.answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')

    do_HEAD = do_GET  # noqa: N815 - so it is called by http.server

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bool:
        """Send an answer; say that there was one."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        return True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def a_registry() -> Iterator[Registry]:
    """Run a registry."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        registry = Registry(host=f"127.0.0.1:{server.server_address[1]}")
        server.registry = registry  # type: ignore[attr-defined] # its handlers read it
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()
