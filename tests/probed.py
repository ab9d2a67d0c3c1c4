"""A process of the program as Kubernetes meets it: probed, scraped and ended by a signal."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.processes import free_ports
from tests.waiting import DEADLINE_SECONDS, comes_true


class Probed:
    """A process with a health port."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self._process = process
        self._address = f"http://127.0.0.1:{port}"
        self._log = log

    def status(self, path: str) -> int:
        """Probe it; 0 where nobody answers."""
        try:
            return httpx.get(f"{self._address}{path}").status_code
        except httpx.TransportError:
            return 0

    def checks(self) -> dict[str, str]:
        found: dict[str, str] = httpx.get(f"{self._address}/readyz").json()["checks"]
        return found

    def scraped(self, sample: str) -> float:
        """Read one sample; 0 where it is not exported."""
        lines = httpx.get(f"{self._address}/metrics").text.splitlines()
        return next((float(line.removeprefix(sample)) for line in lines if line.startswith(f"{sample} ")), 0.0)

    def limit_files(self, size_bytes: int) -> None:
        """Let it write no file larger than so many bytes; -1 is any."""
        hard = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size_bytes, hard))

    def end(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(DEADLINE_SECONDS)

    def logged(self) -> list[dict[str, Any]]:
        """Read its log, which must be one JSON object a line."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def said(self, event: str) -> list[str]:
        """Read why it logged an event, each time."""
        return [str(line.get("error", "")) for line in self.logged() if line["event"] == event]


@contextmanager
def started(log: Path, *arguments: str, flag: str = "--health-port", **environment: str) -> Iterator[Probed]:
    """Start a process that logs into a file as JSON, wait until it answers, and end it. `flag` gives it its port."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "lineage", *arguments, flag, str(port), "--log-format", "json"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | environment) as process,
    ):
        try:
            probed = Probed(process, port, log)
            assert comes_true(lambda: probed.status("/healthz") == 200), log.read_text()
            yield probed
        finally:
            process.kill()
