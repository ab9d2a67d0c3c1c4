"""A stand-in for the archive of an Argo Server on this machine, which answers as the code of Argo does.

Sources, in argo-workflows: server/workflowarchive/archived_workflow_server.go (pages by a number of rows),
persist/sqldb/workflow_archive.go (`ListWorkflows` gives no nodes), server/utils/list_options.go.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.argo_tables import persisted
from tests.factories import KubernetesObject

PATH = "/api/v1/archived-workflows"


class ArgoServer:
    """`token` is the one that is taken; `forbidden` are namespaces that nobody may list. `raw` are the texts that are
    answered for some uids, in the place of workflows."""

    def __init__(self) -> None:
        self.token: str | None = None
        self.forbidden: set[str] = set()
        self.asked: list[str] = []
        self.raw: dict[str, bytes] = {}
        self._workflows: dict[str, KubernetesObject] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def archive(self, *workflows: KubernetesObject) -> None:
        self._workflows |= {one["metadata"]["uid"]: persisted(one) for one in workflows}

    def remove(self, uid: str) -> None:
        del self._workflows[uid]

    def start(self) -> None:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                server.asked.append(self.path)
                status, body = server._answer(self)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def _answer(self, request: BaseHTTPRequestHandler) -> tuple[int, Any]:
        if self.token is not None and request.headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {"code": 16, "message": "token not valid"}
        parts = urlsplit(request.path)
        if parts.path == PATH:
            return self._list({name: values[0] for name, values in parse_qs(parts.query).items()})
        uid = unquote(parts.path.removeprefix(f"{PATH}/"))
        if uid in self.raw:
            return 200, self.raw[uid]
        if uid not in self._workflows:
            return 404, {"code": 5, "message": "not found"}
        return 200, self._workflows[uid]

    def _list(self, query: dict[str, str]) -> tuple[int, Any]:
        namespace, since = query.get("namespace", ""), ""
        for selector in filter(None, query.get("listOptions.fieldSelector", "").split(",")):
            if selector.startswith("metadata.namespace="):
                selected = selector.removeprefix("metadata.namespace=")
                if namespace not in ("", selected):
                    return 400, {"code": 3, "message": "contradict each other"}
                namespace = selected
            elif selector.startswith("spec.startedAt>"):
                since = selector.removeprefix("spec.startedAt>")
            else:
                return 400, {"code": 3, "message": f"unsupported requirement {selector}"}
        if namespace in self.forbidden:
            return 403, {"code": 7, "message": "Permission denied, you are not allowed to list workflows"}
        limit, offset = int(query["listOptions.limit"]), int(query.get("listOptions.continue") or 0)
        chosen = [
            one
            for one in self._workflows.values()
            if (not namespace or one["metadata"]["namespace"] == namespace) and _started(one) >= since
        ]
        chosen.sort(key=_started, reverse=True)
        metadata = {"continue": str(offset + limit)} if len(chosen) > offset + limit else {}
        return 200, {"metadata": metadata, "items": [_listed(one) for one in chosen[offset : offset + limit]] or None}


def _started(workflow: KubernetesObject) -> str:
    return str(workflow["status"].get("startedAt") or "")


def _listed(workflow: KubernetesObject) -> KubernetesObject:
    kept = ("phase", "startedAt", "finishedAt")
    return {
        "metadata": workflow["metadata"],
        "spec": {"arguments": {}},
        "status": {name: workflow["status"].get(name) for name in kept},
    }


@contextmanager
def argo_server() -> Iterator[ArgoServer]:
    """Start a server, and stop it at the end."""
    server = ArgoServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
