"""A stand-in for the API of Kubeflow Pipelines on this machine: lists, pages and single answers in both versions of the
API, and whatever can go wrong with them.

    with kubeflow_server() as server:
        server.put(RUNS, a_run())
        KubeflowClient(server.url)
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from tests.factories import KubernetesObject
from tests.kubeflow_answers import IDS, Answer, in_v1
from watchers.answers import EXPERIMENTS, PIPELINE_VERSIONS, PIPELINES, RECURRING_RUNS, RUNS, V1, V2
from watchers.source import Resource

PATHS = {
    V2: {"experiments": EXPERIMENTS, "pipelines": PIPELINES, "recurringruns": RECURRING_RUNS, "runs": RUNS},
    V1: {
        "experiments": EXPERIMENTS,
        "pipelines": PIPELINES,
        "pipeline_versions": PIPELINE_VERSIONS,
        "jobs": RECURRING_RUNS,
        "runs": RUNS,
    },
}
LISTS = {
    V2: {PIPELINE_VERSIONS: "pipeline_versions", RECURRING_RUNS: "recurringRuns"},
    V1: {PIPELINE_VERSIONS: "versions", RECURRING_RUNS: "jobs"},
}


class KubeflowServer:
    """What is told, and how. `versions` are those of the API that are served; `token` is the one that is taken; `pages`
    is how many of a list are given at once. `faults` befall each request whose path holds their key: a status, or
    `"truncated"`, `"no JSON"`, `"silent"`, `"endless"`. `workflows` and `tasks` are those of runs, by their ids: a
    release that has the one has not the other."""

    def __init__(self) -> None:
        self.versions = {V2, V1}
        self.token: str | None = None
        self.multi_user = False
        self.page = 2
        self.faults: dict[str, int | str] = {}
        self.asked: list[str] = []
        self.workflows: dict[str, KubernetesObject] = {}
        self.tasks: dict[str, list[Answer]] = {}
        self._answers: dict[Resource, dict[str, Answer]] = {resource: {} for resource in IDS}
        self._over = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def put(self, resource: Resource, *answers: Answer) -> None:
        """Tell of something from now on, in the place of what was told of it before."""
        for answer in answers:
            self._answers[resource][answer[IDS[resource]]] = answer

    def remove(self, resource: Resource, uid: str) -> None:
        del self._answers[resource][uid]

    def count(self, piece: str) -> int:
        """How often was asked for a path that holds this."""
        return sum(piece in path for path in self.asked)

    def start(self) -> None:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()

    # -- answers
    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # a head and its body are two writes

            def do_GET(self) -> None:
                server._serve(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        status, body = self._answer(request)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        missing = 10 if status == 200 and self._fault(request) == "truncated" else 0
        request.send_header("Content-Length", str(len(data) + missing))
        request.end_headers()
        request.wfile.write(data)
        request.close_connection = request.close_connection or bool(missing)

    def _fault(self, request: BaseHTTPRequestHandler) -> int | str | None:
        return next((fault for piece, fault in self.faults.items() if piece in request.path), None)

    def _answer(self, request: BaseHTTPRequestHandler) -> tuple[int, Any]:
        if self.token is not None and request.headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {"error": "unauthenticated"}
        fault = self._fault(request)
        if isinstance(fault, int):
            return fault, {"message": f"a fault of {fault}", "code": 7}
        if fault == "no JSON":
            return 200, b"<html>log in</html>"
        if fault == "silent":
            self._over.wait(60)
        url = urlsplit(request.path)
        _, apis, version, *path = url.path.split("/")
        if apis != "apis" or version not in self.versions:
            return 404, {"error": "Not Found"}
        query = dict(parse_qsl(url.query))
        found = self._find(version, path, query, endless=fault == "endless")
        return (404, {"message": "not found", "code": 5}) if found is None else (200, found)

    def _find(self, version: str, path: list[str], query: dict[str, str], *, endless: bool) -> Any:
        resource = PATHS[version].get(path[0])
        match path:
            case [_] if resource is not None:
                return self._list(version, resource, query, endless=endless)
            case ["pipelines", uid, "versions"]:
                return self._list(version, PIPELINE_VERSIONS, {**query, "pipeline": uid}, endless=endless)
            case ["pipelines", _, "versions", uid]:
                return self._one(version, PIPELINE_VERSIONS, uid)
            case ["pipeline_versions", uid, "templates"]:
                return {"template": yaml.safe_dump(self._answers[PIPELINE_VERSIONS][uid]["pipeline_spec"])}
            case ["runs", uid] if query.get("view") == "FULL" and uid in self.tasks:
                return {**self._one(version, RUNS, uid), "tasks": self.tasks[uid]}
            case [_, uid] if resource is not None:
                return self._one(version, resource, uid)
            case _:
                return None

    def _one(self, version: str, resource: Resource, uid: str) -> Any:
        answer = self._answers[resource].get(uid)
        if answer is None or version == V2:
            return answer
        if resource is not RUNS:
            return in_v1(resource, answer)
        workflow = self.workflows.get(uid)
        runtime = {} if workflow is None else {"workflow_manifest": json.dumps(workflow)}
        return {"run": in_v1(RUNS, answer), "pipeline_runtime": runtime}

    def _list(self, version: str, resource: Resource, query: dict[str, str], *, endless: bool) -> Any:
        namespace = query.get("namespace") or query.get("resource_reference_key.id")
        if self.multi_user and namespace is None and resource not in (PIPELINES, PIPELINE_VERSIONS):
            return {}
        of = query.get("pipeline") or query.get("resource_key.id")
        found = [
            answer
            for answer in self._answers[resource].values()
            if (of is None or answer.get("pipeline_id") == of)
            and (namespace is None or self._namespace(answer) == namespace)
            and (namespace is not None or resource is not PIPELINES or not self.multi_user or not answer["namespace"])
        ]
        found.sort(key=lambda answer: (answer["created_at"], answer[IDS[resource]]), reverse=True)
        start = int(query.get("page_token", "0"))
        page, rest = found[start : start + self.page], found[start + self.page :]
        token = "0" if endless else str(start + self.page)
        name = LISTS[version].get(resource, resource.plural)
        shown = page if version == V2 else [in_v1(resource, answer) for answer in page]
        if not shown:
            return {}  # as Go writes an empty list
        return {name: shown, "total_size": len(found), **({"next_page_token": token} if rest or endless else {})}

    def _namespace(self, answer: Answer) -> str:
        """Runs are in the namespace of their experiment."""
        if "namespace" in answer:
            return str(answer["namespace"])
        return str(self._answers[EXPERIMENTS].get(answer.get("experiment_id", ""), {}).get("namespace", ""))


@contextmanager
def kubeflow_server() -> Iterator[KubeflowServer]:
    """Serve until the end of the context."""
    server = KubeflowServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
