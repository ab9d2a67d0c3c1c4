"""Pods as processes: what a kubelet makes of a manifest, where there is none.

A container gets what its manifest says, and nothing else: its arguments, the variables that it names, out of the config
map and the secrets that are there, its volumes, and the account of its pod where that is mounted. Two things are of
this machine: a port is a free one, of 127.0.0.1 alone, and a volume is a folder. Whatever else a cluster has (names of
services, limits, policies) is not here.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx

from tests.manifests import Manifest, of_kind, pods
from tests.processes import Process, free_ports

EVERY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - replaced
MODULE: Final = [sys.executable, "-m", "lineage"]  # what the image runs its arguments with
COMMAND_SECONDS: Final = 60.0


class Kubelet:
    """Starts the pods of rendered manifests. `secrets` are values by name and key; `accounts` are files that say how to
    reach the API server, by the name of an account."""

    def __init__(
        self,
        manifests: tuple[Manifest, ...],
        folder: Path,
        *,
        secrets: Mapping[str, Mapping[str, str]],
        accounts: Mapping[str, Path],
    ) -> None:
        self._pods = pods(manifests)
        self._configs = {name: item["data"] for name, item in of_kind(manifests, "ConfigMap").items()}
        self._secrets = secrets
        self._accounts = accounts
        self._folder = folder

    @contextmanager
    def started(self, name: str) -> Iterator["Pod"]:
        """Start the pod of a deployment, and end it as a cluster does."""
        pod = self.pod(name)
        process = pod.start()
        try:
            yield pod
        finally:
            process.stop()

    def pod(self, name: str) -> "Pod":
        """Make ready what a pod needs.

        It fails as a kubelet would: where something is referred to that is not there.
        """
        spec = self._pods[name]["spec"]
        (container,) = spec["containers"]
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        places = {mount["mountPath"]: folder / mount["name"] for mount in container.get("volumeMounts", ())}
        for place in places.values():
            place.mkdir(exist_ok=True)
        variables = {
            key: value for source in container.get("envFrom", ()) for key, value in self._config(source).items()
        }
        variables |= {one["name"]: value for one in container["env"] if (value := self._value(one, places)) is not None}
        if spec.get("automountServiceAccountToken", True):
            variables["KUBECONFIG"] = str(self._accounts[spec["serviceAccountName"]])
        ports = {one["name"]: one["containerPort"] for one in container.get("ports", ())}
        return Pod(container, variables, dict(zip(ports, free_ports(len(ports)), strict=True)), ports, folder)

    def _config(self, source: Mapping[str, Any]) -> Mapping[str, str]:
        found: Mapping[str, str] = self._configs[source["configMapRef"]["name"]]
        return found

    def _value(self, variable: Mapping[str, Any], places: Mapping[str, Path]) -> str | None:
        if "value" in variable:
            return _placed(variable["value"], places)
        wanted = variable["valueFrom"]["secretKeyRef"]
        found = self._secrets.get(wanted["name"], {}).get(wanted["key"])
        assert found is not None or wanted.get("optional"), f"CreateContainerConfigError: there is no {wanted}"
        return found


class Pod:
    """A pod of one container."""

    def __init__(
        self,
        container: Manifest,
        variables: Mapping[str, str],
        ports: Mapping[str, int],
        declared: Mapping[str, int],
        folder: Path,
    ) -> None:
        self._container = container
        self._variables = {"PATH": os.environ["PATH"], "HOME": str(folder), **variables}
        self._ports = ports
        self._folder = folder
        instead = {str(declared[name]): str(port) for name, port in ports.items()} | {EVERY_ADDRESS: "127.0.0.1"}
        self._arguments = [instead.get(one, one) for one in container["args"]]

    def start(self) -> Process:
        return Process([*MODULE, *self._arguments], self._log, self._variables, folder=self._folder)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in it, as `kubectl exec` does; without arguments, its own."""
        return subprocess.run(
            [*MODULE, *(arguments or self._arguments)],
            env=self._variables,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )

    def probe(self, kind: str) -> int:
        """Ask it what a kubelet asks (`startupProbe`, `livenessProbe`, `readinessProbe`); 0 where nobody answers."""
        asked = self._container[kind]["httpGet"]
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.address(asked['port'])}{asked['path']}", trust_env=False).status_code
        return 0

    def address(self, port: str) -> str:
        """Where it answers on one of its ports."""
        return f"http://127.0.0.1:{self._ports[port]}"

    def said(self) -> str:
        return self._log.read_text()

    @property
    def _log(self) -> Path:
        return self._folder / "log"


def _placed(value: str, places: Mapping[str, Path]) -> str:
    """Name folders of this machine instead of those of a pod."""
    if not places:
        return value
    return re.sub("|".join(map(re.escape, places)), lambda found: str(places[found[0]]), value)
