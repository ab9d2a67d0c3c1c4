"""An API server over real HTTP on 127.0.0.1, with the faults that a real one shows only on its worst days.

It serves a `watchers.world.World`: list with pages, watch with resume, bookmarks and both forms of 410. It reads
nothing and keeps nothing on disk. What it does not know (selectors, exact versions) it refuses and does not ignore; it
knows no verb but list and watch. It behaves as Kubernetes 1.37 does, and a test asks both the same questions.
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
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import orjson

from lineage.errors import InvalidRequest
from watchers.faults import Faults
from watchers.source import Resource
from watchers.timeline import ChangeType
from watchers.world import HistoryCompacted, Snapshot, World, WorldEvent

BOOKMARK_SECONDS: Final = 60.0
_WATCH_SECONDS: Final = 1800  # how long a watch lasts that does not say
_SNAPSHOTS: Final = 16  # lists that are being paged through at one time
_STOP_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked for."""

    path: str
    query: Mapping[str, str]


class ApiServer:
    """Serves a world: put and delete objects in `world`, and clients see it happen.

    `resources` are served; others answer 404. `initial_events` says whether a watch may begin with all objects
    (KEP-3157), which not every server offers.
    """

    def __init__(
        self,
        world: World,
        *,
        resources: Sequence[Resource],
        bookmark_seconds: float = BOOKMARK_SECONDS,
        initial_events: bool = False,
        port: int = 0,
    ) -> None:
        self.world = world
        self.initial_events = initial_events
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


NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_CONTINUE_TOO_OLD: Final = "The provided continue parameter is too old to display a consistent list result."


class _Refused(Exception):
    """The request cannot be answered; says with which status, and why."""

    def __init__(self, code: int, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = _status(code, message, details)


def _status(code: int, message: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    told = {"message": message, "reason": _REASONS.get(code, "Unknown")} | ({"details": details} if details else {})
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"} | told | {"code": code}


def _whole_number(text: str) -> int:
    """Read a number of a query."""
    try:
        return int(text)
    except ValueError as error:
        raise _Refused(400, f'strconv.ParseInt: parsing "{text}": invalid syntax') from error


def _version(text: str) -> int:
    """Read a resourceVersion of a query; none is 0, any."""
    if text and not text.isdecimal():
        raise _Refused(400, f'invalid resource version: resourceVersion: Invalid value: "{text}"')
    return int(text or "0")


def _is_true(value: str | None) -> bool:
    """Read a flag of a query: whatever is given and does not say no."""
    return value is not None and value.lower() not in ("0", "false")


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
            status, retry_after = refused
            headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
            return self._send(status, _status(status, "refused on purpose"), headers)
        if faults.token is not None and self.headers.get("Authorization", "").split()[-1:] != [faults.token]:
            return self._refuse(401, "Unauthorized")
        if (document := self._discover(parts.path)) is not None:
            return self._send(200, document)
        found = _PATH.fullmatch(parts.path)
        resource = found and self.api.served(found["group"] or "", found["version"], found["plural"])
        if not found or not resource:
            return self._answer(404, "text/plain; charset=utf-8", b"404 page not found\n")
        try:
            self._permit(resource, found["namespace"], query)
            answer = self._watch if _is_true(query.get("watch")) else self._list
            answer(resource, found["namespace"], query)
        except _Refused as error:
            self._send(error.status["code"], error.status)

    def _permit(self, resource: Resource, namespace: str | None, query: Mapping[str, str]) -> None:
        """Refuse what is forbidden, and what this server does not know."""
        if self.api.faults.forbids(resource):
            verb = "watch" if _is_true(query.get("watch")) else "list"
            scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
            asked = f'resource "{resource.plural}" in API group "{resource.group}" {scope}'
            details = {"group": resource.group, "kind": resource.plural}
            message = f'{resource.name} is forbidden: User "nobody" cannot {verb} {asked}'
            raise _Refused(403, message, {key: value for key, value in details.items() if value})
        unknowns = ["labelSelector", "fieldSelector", "resourceVersionMatch"]
        if "sendInitialEvents" in query:
            if not self.api.initial_events:
                raise _Refused(422, "sendInitialEvents: Forbidden: the WatchList feature gate is off")
            if query.get("resourceVersionMatch") == "NotOlderThan":
                unknowns.remove("resourceVersionMatch")
        for unknown in unknowns:
            if query.get(unknown):
                raise _Refused(400, f"the replay server knows no {unknown}")

    # -- answers
    def _send(self, code: int, document: Any, headers: Mapping[str, str] = NO_HEADERS) -> None:
        self._answer(code, "application/json", orjson.dumps(document), headers)

    def _answer(self, code: int, form: str, body: bytes, headers: Mapping[str, str] = NO_HEADERS) -> None:
        self.send_response(code)
        self.send_header("Content-Type", form)
        for name, value in headers.items():
            self.send_header(name, value)
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
        asked = query.get("resourceVersion", "")
        limit = max(0, _whole_number(query.get("limit") or "0"))
        if token := query.get("continue"):
            if asked:
                raise _Refused(400, "specifying resource version is not allowed when using continue")
            snapshot, start = self._continued(resource, namespace, token)
        else:
            snapshot, start = self.api.world.snapshot(resource, namespace), 0
            self._have_reached(_version(asked))
            limit = 0 if asked == "0" else limit  # what any version satisfies comes from memory, and whole
        end = min(start + limit, len(snapshot.bodies)) if limit else len(snapshot.bodies)
        metadata: dict[str, Any] = {"resourceVersion": str(snapshot.version)}
        if end < len(snapshot.bodies):
            metadata["continue"] = base64.urlsafe_b64encode(orjson.dumps([snapshot.version, end])).decode()
            metadata["remainingItemCount"] = len(snapshot.bodies) - end
            self.api.keep(resource, namespace, snapshot)
        elif resource.group:  # lists of the server's own kinds leave out what is empty
            metadata["continue"] = ""
        items = [orjson.loads(body) for body in snapshot.bodies[start:end]]
        if not resource.group:  # the items of a list of the server's own kinds carry no type
            items = [{k: v for k, v in item.items() if k not in ("apiVersion", "kind")} for item in items]
        typed = {"apiVersion": _api_version(resource), "kind": f"{resource.kind}List"}
        return self._send(200, typed | {"metadata": metadata, "items": items})

    def _continued(self, resource: Resource, namespace: str | None, token: str) -> tuple[Snapshot, int]:
        try:
            version, start = orjson.loads(base64.b64decode(token, altchars=b"-_", validate=True))
        except (ValueError, TypeError) as error:
            raise _Refused(400, f"invalid continue token: continue key is not valid: {error}") from error
        snapshot = None if self.api.faults.take_expiry() else self.api.kept(resource, namespace, version)
        if snapshot is None:
            raise _Refused(410, _CONTINUE_TOO_OLD)
        return snapshot, start

    def _have_reached(self, version: int) -> None:
        """Refuse to list at a version that is still to come."""
        if version > (current := self.api.world.version):
            cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
            message = f"Timeout: Too large resource version: {version}, current: {current}"
            raise _Refused(504, message, {"causes": [cause], "retryAfterSeconds": 1})

    # -- watch
    def _watch(self, resource: Resource, namespace: str | None, query: Mapping[str, str]) -> None:
        """Send what happened after a version, and what happens, until the time is over or something breaks."""
        world = self.api.world
        seconds = _whole_number(query.get("timeoutSeconds") or "0") or _WATCH_SECONDS
        position = _version(query.get("resourceVersion", ""))
        bookmarks = _is_true(query.get("allowWatchBookmarks"))
        initial: list[tuple[str, bytes]] = []
        if position == 0:
            snapshot = world.snapshot(resource, namespace)
            initial, position = [(ChangeType.ADDED, body) for body in snapshot.bodies], snapshot.version
            if bookmarks and _is_true(query.get("sendInitialEvents")):
                annotations = {"k8s.io/initial-events-end": "true"}
                initial.append(("BOOKMARK", _bookmark(resource, position, annotations=annotations)))
        if self.api.faults.gone_as_status:
            try:
                world.since(position, resource, namespace)
            except HistoryCompacted as error:
                raise _Refused(410, str(error)) from error
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self._follow(resource, namespace, seconds, bookmarks=bookmarks, initial=initial, position=position)
        except OSError:
            self.close_connection = True  # the client went away

    def _follow(
        self,
        resource: Resource,
        namespace: str | None,
        seconds: int,
        *,
        bookmarks: bool,
        initial: Sequence[tuple[str, bytes]],
        position: int,
    ) -> None:
        api = self.api
        ends_at = time.monotonic() + seconds
        bookmark_at = time.monotonic() + api.bookmark_seconds if bookmarks else math.inf
        for type_, body in initial:
            self._event(type_, body)
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
            position = max(position, upto)  # a position that is still to come is waited for, in silence
            if time.monotonic() >= bookmark_at:
                bookmark_at = time.monotonic() + api.bookmark_seconds
                self._event("BOOKMARK", _bookmark(resource, position))
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
            if world.version <= position and not self.api.stopping.is_set() and not self.api.faults.silent:
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
        if (sent := self.api.faults.take_cut()) is not None:
            line = _line(event.type, event.body)
            self._chunk(line[: len(line) // 2 if sent < 0 else sent])
            self.close_connection = True
            _shut(self.connection)
            return False
        self._event(event.type, event.body)
        return True

    def _event(self, type_: str, body: bytes) -> None:
        self._chunk(_line(type_, body))

    def _chunk(self, data: bytes) -> None:
        if data:  # an empty one would end the answer
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


def _bookmark(resource: Resource, position: int, **more: Any) -> bytes:
    typed = {"apiVersion": _api_version(resource), "kind": resource.kind}
    return orjson.dumps(typed | {"metadata": {"resourceVersion": str(position)} | more})


def _line(type_: str, body: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (type_.encode(), body)
