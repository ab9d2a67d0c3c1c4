"""A Kubernetes API server of the tests' own: the real one for custom resources and reviews, on an etcd of its own.

`tests/servers/kubernetes` is the server; here it is started, filled and asked. Of objects, nothing but custom resources
is in it; who may do what stands in a file.
"""

import shutil
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from warnings import catch_warnings

import httpx
import orjson

from tests.processes import Process, free_ports
from tests.waiting import comes_true
from watchers.source import KubernetesObject, Resource

ADMIN: Final = "admin"  # tokens, and who they stand for: who may do everything …
NOBODY: Final = "nobody"  # … and who is known and may do nothing
DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_REQUEST_SECONDS: Final = 30.0


class KubernetesServer:
    """A server that can be stopped, started again with what it kept, and made to forget its history."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary = binary
        self._folder = folder
        (self._port,) = free_ports(1)
        self._defined: list[Resource] = []
        self._process: Process | None = None
        self._client: httpx.Client | None = None

    @property
    def url(self) -> str:
        """Where it is, before and after it is started again."""
        return f"https://127.0.0.1:{self._port}"

    # -- life
    def start(self, *, compact: bool = False) -> None:
        """Start it with all that it kept before; `compact` makes it forget what happened until now."""
        command = [self._binary, f"-data={self._folder}", f"-port={self._port}", f"-compact={compact}"]
        self._process = Process(command, self._folder / "log")
        self._process.wait_until(self._is_ready)
        for resource in self._defined:
            self._wait_until_served(resource)

    def stop(self) -> None:
        """End it at once, as a machine that loses its power does: in order, it would wait for open watches."""
        if self._client is not None:
            self._client.close()
            self._client = None
        if self._process is not None:
            self._process.kill()
            self._process = None

    def restart(self, *, compact: bool = False) -> None:
        """End it, and start it again."""
        self.stop()
        self.start(compact=compact)

    def back_up(self, backup: Path) -> None:
        """Copy what it keeps. It is away for a moment."""
        self.stop()
        shutil.copytree(self._store, backup)
        self.start()

    def restore(self, backup: Path) -> None:
        """Set it back to a backup, as if what came later had never been."""
        self.stop()
        shutil.rmtree(self._store)
        shutil.copytree(backup, self._store)
        self.start()

    @property
    def _store(self) -> Path:
        return self._folder / "etcd"

    def _is_ready(self) -> bool:
        # A connection that is reset before the TLS handshake began leaves its socket open in Python's ssl, to be
        # collected at once. OSError: the certificate is not made yet.
        with catch_warnings(action="ignore", category=ResourceWarning), suppress(httpx.TransportError, OSError):
            if self._client is None:
                trusted = ssl.create_default_context(cafile=self.certificate)
                self._client = httpx.Client(
                    base_url=self.url, verify=trusted, timeout=_REQUEST_SECONDS, trust_env=False
                )
            return self._client.get("/readyz", headers=_authorised(ADMIN)).status_code == 200
        return False

    @property
    def certificate(self) -> Path:
        return self._folder / "certificates" / "apiserver.crt"

    # -- the way in
    def kubeconfig(self, token: str = ADMIN) -> Path:
        """Write how to reach it into a file."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": token}}],
            "clusters": [
                {"name": "test", "cluster": {"server": self.url, "certificate-authority": str(self.certificate)}}
            ],
            "users": [{"name": token, "user": {"token": token}}],
        }
        file = self._folder / f"kubeconfig-{token}"
        file.write_bytes(orjson.dumps(config))  # JSON is YAML
        return file

    def give_rights(self, *, tokens: Mapping[str, Mapping[str, object]], **roles: Sequence[KubernetesObject]) -> None:
        """Say whom tokens are of (`name`, `groups`, `uid`, `audiences`), and what holds of RBAC from now on: `roles`,
        `roleBindings`, `clusterRoles`, `clusterRoleBindings`."""
        aside = self._folder / "rights.next"
        aside.write_bytes(orjson.dumps({"tokens": tokens, **roles}))
        aside.replace(self._folder / "rights.json")

    def get(self, path: str, query: Mapping[str, str], *, token: str = ADMIN) -> httpx.Response:
        """Ask it; whatever it answers."""
        return self._ask("GET", path, query, token=token)

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
        form: str = "application/json",
        token: str = ADMIN,
    ) -> httpx.Response:
        assert self._client is not None, "the server is not running"
        headers = _authorised(token) | ({"Content-Type": form} if body is not None else {})
        return self._client.request(method, path, params=query, content=body, headers=headers)

    def refuses(self, resource: Resource, namespace: str, document: bytes) -> str | None:
        """Say why it would not make what a document of YAML describes, down to a field that nobody defined; None where
        it would."""
        query = {"dryRun": "All", "fieldValidation": "Strict"}
        answer = self._ask("POST", resource.path(namespace), query, body=document, form="application/yaml")
        return None if answer.status_code == 201 else answer.text

    # -- what is in it
    def define(self, resource: Resource, definition: Path) -> None:
        """Install a custom resource definition, and wait until what it defines is served."""
        answer = self._ask("POST", DEFINITIONS, body=definition.read_bytes(), form="application/yaml")
        assert answer.status_code == 201, answer.text
        self._defined.append(resource)
        self._wait_until_served(resource)

    def _wait_until_served(self, resource: Resource) -> None:
        # Before it is established nobody finds it, and for a moment after that its storage is not ready.
        is_served = comes_true(lambda: self._ask("GET", resource.path()).status_code == 200)
        assert is_served, f"{resource.name} is not served"

    def undefine(self, resource: Resource) -> None:
        """Remove a custom resource definition with all its objects, and wait until that is done."""
        self._defined.remove(resource)
        path = f"{DEFINITIONS}/{resource.name}"
        assert self._ask("DELETE", path).status_code == 200
        assert comes_true(lambda: self._ask("GET", path).status_code == 404), f"{resource.name} is not removed"

    def put(self, resource: Resource, item: KubernetesObject) -> KubernetesObject:
        """Create or replace an object; returns it as it is kept."""
        metadata = item["metadata"]
        typed = {"apiVersion": f"{resource.group}/{resource.version}", "kind": resource.kind}
        place = resource.path(metadata["namespace"])
        answer = self._ask("POST", place, body=orjson.dumps(typed | item))
        if answer.status_code == 409:
            old = self._ask("GET", f"{place}/{metadata['name']}").json()["metadata"]["resourceVersion"]
            changed = typed | item | {"metadata": metadata | {"resourceVersion": old}}
            answer = self._ask("PUT", f"{place}/{metadata['name']}", body=orjson.dumps(changed))
        assert answer.status_code in (200, 201), answer.text
        kept: KubernetesObject = answer.json()
        return kept

    def put_status(self, resource: Resource, item: KubernetesObject) -> KubernetesObject:
        """Say how an object stands, as what controls it does where its kind keeps that apart; returns it as it is
        kept."""
        metadata = item["metadata"]
        place = f"{resource.path(metadata['namespace'])}/{metadata['name']}"
        kept = self._ask("GET", place).json() | {"status": item["status"]}
        answer = self._ask("PUT", f"{place}/status", body=orjson.dumps(kept))
        assert answer.status_code == 200, answer.text
        found: KubernetesObject = answer.json()
        return found

    def delete(self, resource: Resource, namespace: str, name: str) -> None:
        """Delete an object."""
        answer = self._ask("DELETE", f"{resource.path(namespace)}/{name}")
        assert answer.status_code == 200, answer.text

    def uids(self, resource: Resource, namespace: str) -> Sequence[str]:
        """List the uids of the objects of a namespace, in the order of their names."""
        items = self._ask("GET", resource.path(namespace)).json()["items"]
        return [item["metadata"]["uid"] for item in items]


def _authorised(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def kubernetes_server(installed: Path, folder: Path) -> Iterator[KubernetesServer]:
    """Start a server in an empty folder, and stop it at the end."""
    server = KubernetesServer(installed / "apiserver", folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
