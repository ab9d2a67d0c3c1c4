"""An API server over real HTTP on 127.0.0.1, with the faults that a real one shows only on its worst days.

It serves a `watchers.world.World`: list with pages, watch with resume, bookmarks and both forms of 410. It reads
nothing and keeps nothing on disk. Selectors are refused, not ignored; it knows no verb but list and watch. The
behaviour is that of kube-apiserver 1.34–1.37 (staging/src/k8s.io/apiserver/pkg/endpoints/handlers).
"""

import base64
import math
import re
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import orjson

from lineage.errors import InvalidRequest
from watchers.faults import Faults
from watchers.source import Resource
from watchers.timeline import ChangeType
from watchers.world import HistoryCompacted, Snapshot, World, WorldEvent

BOOKMARK_SECONDS: Final = 60.0
_SNAPSHOTS: Final = 16  # lists that are being paged through at one time
_STOP_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked for."""

    path: str
    query: Mapping[str, str]


class ApiServer:
    """Serves a world: put and delete objects in `world`, and clients see it happen.

    `resources` are served; others answer 404.
    """

    def __init__(
        self,
        world: World,
        *,
        resources: Sequence[Resource],
        bookmark_seconds: float = BOOKMARK_SECONDS,
        port: int = 0,
    ) -> None:
        self.world = world
        self.faults = Faults()
        self.requests: list[Request] = []
        self.bookmark_seconds = bookmark_seconds
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._snapshots: dict[tuple[str, str | None, int], Snapshot] = {}
        self._served = {_place(resource): resource for resource in resources}
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    # -- life
    def start(self) -> None:
        """Listen."""
        self._server = _Server(("127.0.0.1", self._port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="replay server", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Break off every connection and stop listening."""
        if self._server is None or self._thread is None or self.stopping.is_set():
            return
        self.stopping.set()
        self.wake()
        self._server.shutdown()
        self._server.break_off(_STOP_SECONDS)
        self._server.server_close()
        self._thread.join(_STOP_SECONDS)

    @property
    def url(self) -> str:
        """The address; known once started."""
        if self._server is None:
            raise InvalidRequest("the server has no address before it is started")
        return f"http://127.0.0.1:{self._server.server_port}"

    def wake(self) -> None:
        """Let open watches look around: a fault or the end may have come."""
        with self.world.changed:
            self.world.changed.notify_all()

    # -- what is served
    def serve(self, resource: Resource) -> None:
        """Begin to serve a resource, as if its definition were installed."""
        with self._lock:
            self._served[_place(resource)] = resource

    def withdraw(self, resource: Resource) -> None:
        """Stop serving a resource: 404, and its watches end."""
        with self._lock:
            self._served.pop(_place(resource), None)
        self.wake()

    def served(self, group: str, version: str, plural: str) -> Resource | None:
        """Find a resource that is served."""
        with self._lock:
            return self._served.get((group, version, plural))

    def all_served(self) -> list[Resource]:
        """List the resources that are served."""
        with self._lock:
            return list(self._served.values())

    # -- faults that end watches or lists which are under way
    def forbid(self, resource: Resource) -> None:
        """Answer 403 for a resource from now on, and end its watches."""
        self.faults.forbid(resource)
        self.wake()

    def fall_silent(self) -> None:
        """Leave watches open and send nothing on them, as if the peer were gone."""
        self.faults.silent = True
        self.wake()

    def speak_again(self) -> None:
        """End the silence; the watches that suffered it are broken off."""
        self.faults.silent = False
        self.wake()

    def compact(self, *, gone_as_status: bool = False) -> None:
        """Forget all history: older positions are answered 410, as an ERROR event or as HTTP status."""
        self.faults.gone_as_status = gone_as_status
        with self._lock:
            self._snapshots.clear()
        self.world.compact()

    # -- lists that are being paged through
    def keep(self, resource: Resource, namespace: str | None, snapshot: Snapshot) -> None:
        with self._lock:
            self._snapshots[(resource.name, namespace, snapshot.version)] = snapshot
            for surplus in list(self._snapshots)[:-_SNAPSHOTS]:
                del self._snapshots[surplus]

    def kept(self, resource: Resource, namespace: str | None, version: int) -> Snapshot | None:
        with self._lock:
            return self._snapshots.get((resource.name, namespace, version))


def _place(resource: Resource) -> tuple[str, str, str]:
    return resource.group, resource.version, resource.plural


def _api_version(resource: Resource) -> str:
    return f"{resource.group}/{resource.version}" if resource.group else resource.version


# ------------------------------------------------------------------------------------------ HTTP
class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], api: ApiServer) -> None:
        super().__init__(address, _Handler)
        self.api = api
        self.connections: set[socket.socket] = set()
        self.quiet = threading.Condition()

    def break_off(self, timeout_seconds: float) -> None:
        """Shut every connection and wait until nobody is being served."""
        with self.quiet:
            for connection in self.connections:
                _shut(connection)
            self.quiet.wait_for(lambda: not self.connections, timeout_seconds)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; a programming error is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # the client was quicker
        connection.shutdown(socket.SHUT_RDWR)


_PATH: Final = re.compile(
    r"(?:/api|/apis/(?P<group>[^/]+))/(?P<version>[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[^/]+)"
)
_REASONS: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def _status(code: int, message: str) -> dict[str, Any]:
    reason = _REASONS.get(code, "Unknown")
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"} | {
        "message": message,
        "reason": reason,
        "code": code,
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    @property
    def api(self) -> ApiServer:
        return self.server.api

    def setup(self) -> None:
        super().setup()
        with self.server.quiet:
            self.server.connections.add(self.connection)
        if self.api.stopping.is_set():
            _shut(self.connection)

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            with self.server.quiet:
                self.server.connections.discard(self.connection)
                self.server.quiet.notify_all()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: `ApiServer.requests` keeps what was asked."""

    def do_GET(self) -> None:
        """Answer: faults first, then discovery, then list or watch."""
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        self.api.requests.append(Request(path=parts.path, query=query))
        faults = self.api.faults
        if (refused := faults.take_refusal()) is not None:
            return self._refuse(refused, "refused on purpose")
        if faults.token is not None and self.headers.get("Authorization", "").split()[-1:] != [faults.token]:
            return self._refuse(401, "Unauthorized")
        if (document := self._discover(parts.path)) is not None:
            return self._send(200, document)
        found = _PATH.fullmatch(parts.path)
        resource = found and self.api.served(found["group"] or "", found["version"], found["plural"])
        if not found or not resource:
            return self._refuse(404, "the server could not find the requested resource")
        if faults.forbids(resource):
            return self._refuse(403, f"{resource.name} is forbidden: the user cannot list it")
        if query.get("labelSelector") or query.get("fieldSelector"):
            return self._refuse(400, "the replay server knows no selectors")
        if query.get("watch") in ("true", "1"):
            return self._watch(resource, found["namespace"], query)
        return self._list(resource, found["namespace"], query)

    # -- answers
    def _send(self, code: int, document: Any) -> None:
        body = orjson.dumps(document)
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, code: int, message: str) -> None:
        self._send(code, _status(code, message))

    def _discover(self, path: str) -> dict[str, Any] | None:
        """Answer the little of discovery that clients ask before they list."""
        served = self.api.all_served()
        match path.rstrip("/"):
            case "/version":
                return {"major": "1", "minor": "37", "gitVersion": "v1.37.0+replay", "platform": "linux/amd64"}
            case "/api":
                return {"kind": "APIVersions", "versions": ["v1"]}
            case "/apis":
                groups: dict[str, list[dict[str, str]]] = {}
                for group, version in sorted({(r.group, r.version) for r in served if r.group}):
                    groups.setdefault(group, []).append({"groupVersion": f"{group}/{version}", "version": version})
                listed = [{"name": g, "versions": v, "preferredVersion": v[-1]} for g, v in groups.items()]
                return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
        within = [r for r in served if path.rstrip("/") == r.path().rpartition("/")[0]]
        if not within:
            return None
        resources = [
            {"name": r.plural, "singularName": r.kind.lower(), "kind": r.kind, "namespaced": True}
            | {"verbs": ["list", "watch"]}
            for r in within
        ]
        typed: dict[str, Any] = {"kind": "APIResourceList", "apiVersion": "v1"}
        return typed | {"groupVersion": _api_version(within[0]), "resources": resources}

    # -- list
    def _list(self, resource: Resource, namespace: str | None, query: Mapping[str, str]) -> None:
        """Answer one page of a snapshot; the snapshot is kept for the pages that follow."""
        start = 0
        if token := query.get("continue"):
            snapshot, start = self._continued(resource, namespace, token)
            if snapshot is None:
                return self._refuse(410, "The provided continue parameter is too old to display a consistent list")
        else:
            snapshot = self.api.world.snapshot(resource, namespace)
        asked = query.get("limit") or "0"
        if not asked.isdecimal():
            return self._refuse(400, f"invalid limit {asked!r}")
        limit = int(asked) or len(snapshot.bodies)
        end = min(start + limit, len(snapshot.bodies))
        metadata: dict[str, Any] = {"resourceVersion": str(snapshot.version)}
        if end < len(snapshot.bodies):
            metadata["continue"] = base64.urlsafe_b64encode(orjson.dumps([snapshot.version, end])).decode()
            metadata["remainingItemCount"] = len(snapshot.bodies) - end
            self.api.keep(resource, namespace, snapshot)
        items = [orjson.loads(body) for body in snapshot.bodies[start:end]]
        if not resource.group:  # the items of a list of the server's own kinds carry no type
            items = [{k: v for k, v in item.items() if k not in ("apiVersion", "kind")} for item in items]
        typed = {"apiVersion": _api_version(resource), "kind": f"{resource.kind}List"}
        return self._send(200, typed | {"metadata": metadata, "items": items})

    def _continued(self, resource: Resource, namespace: str | None, token: str) -> tuple[Snapshot | None, int]:
        if self.api.faults.take_expiry():
            return None, 0
        try:
            version, start = orjson.loads(base64.urlsafe_b64decode(token))
        except ValueError:
            return None, 0
        return self.api.kept(resource, namespace, version), start

    # -- watch
    def _watch(self, resource: Resource, namespace: str | None, query: Mapping[str, str]) -> None:
        """Send what happened after a version, and what happens, until the time is over or something breaks."""
        world = self.api.world
        if query.get("sendInitialEvents"):
            return self._refuse(422, "sendInitialEvents: Forbidden: the WatchList feature gate is off")
        given = query.get("resourceVersion") or "0"
        if not given.isdecimal():
            return self._refuse(400, f"invalid resource version {given!r}")
        position = int(given)
        if position > world.version:
            return self._refuse(504, f"Too large resource version: {position}, current: {world.version}")
        initial: Sequence[bytes] = ()
        if position == 0:
            snapshot = world.snapshot(resource, namespace)
            initial, position = snapshot.bodies, snapshot.version
        if self.api.faults.gone_as_status:
            try:
                world.since(position, resource, namespace)
            except HistoryCompacted as error:
                return self._refuse(410, str(error))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self._follow(resource, namespace, query, initial=initial, position=position)
        except OSError:
            self.close_connection = True  # the client went away
        return None

    def _follow(
        self,
        resource: Resource,
        namespace: str | None,
        query: Mapping[str, str],
        *,
        initial: Sequence[bytes],
        position: int,
    ) -> None:
        api, bookmarks = self.api, query.get("allowWatchBookmarks") in ("true", "1")
        ends_at = time.monotonic() + float(query.get("timeoutSeconds") or 1800)
        bookmark_at = time.monotonic() + api.bookmark_seconds if bookmarks else math.inf
        for body in initial:
            self._event(ChangeType.ADDED, body)
        while not self._is_over(resource, ends_at):
            if api.faults.silent:
                return self._be_silent()
            try:
                events, upto = api.world.since(position, resource, namespace)
            except HistoryCompacted as error:
                self._event("ERROR", orjson.dumps(_status(410, str(error))))
                break
            for event in events:
                if not self._happened(event):
                    return None
            position = upto
            if time.monotonic() >= bookmark_at:
                bookmark_at = time.monotonic() + api.bookmark_seconds
                self._bookmark(resource, position)
            self._await(position, min(ends_at, bookmark_at))
        self.wfile.write(b"0\r\n\r\n")
        return None

    def _is_over(self, resource: Resource, ends_at: float) -> bool:
        api = self.api
        refused = api.faults.forbids(resource) or api.served(*_place(resource)) is None
        return refused or api.stopping.is_set() or time.monotonic() >= ends_at

    def _await(self, position: int, until: float) -> None:
        """Sleep until something happens. Being woken is something: a fault or the end may have come."""
        world = self.api.world
        with world.changed:
            if world.version == position and not self.api.stopping.is_set() and not self.api.faults.silent:
                world.changed.wait(max(0.0, min(until - time.monotonic(), 1.0)))

    def _be_silent(self) -> None:
        """Keep the connection open without a word; break it off once the silence is over."""
        with self.api.world.changed:
            while self.api.faults.silent and not self.api.stopping.is_set():
                self.api.world.changed.wait(1.0)
        self.close_connection = True
        _shut(self.connection)

    def _happened(self, event: WorldEvent) -> bool:
        """Send an event; False if the connection was cut in the middle of it."""
        if self.api.faults.take_cut():
            self._chunk(_line(event.type, event.body)[: len(event.body) // 2])
            self.close_connection = True
            _shut(self.connection)
            return False
        self._event(event.type, event.body)
        return True

    def _bookmark(self, resource: Resource, position: int) -> None:
        typed = {"apiVersion": _api_version(resource), "kind": resource.kind}
        self._event("BOOKMARK", orjson.dumps(typed | {"metadata": {"resourceVersion": str(position)}}))

    def _event(self, type_: str, body: bytes) -> None:
        self._chunk(_line(type_, body))

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


def _line(type_: str, body: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (type_.encode(), body)
