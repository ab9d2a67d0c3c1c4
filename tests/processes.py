"""Servers as processes of the tests' own: started on free ports of 127.0.0.1, waited for, stopped."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

DEADLINE_SECONDS: Final = 60.0
_LOG_CHARACTERS: Final = 4000


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def is_listening(port: int) -> bool:
    """Say whether somebody answers on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A server that runs, and what it said."""

    def __init__(
        self,
        command: Sequence[object],
        log: Path,
        environment: Mapping[str, str] | None = None,
        *,
        folder: Path | None = None,
    ) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                cwd=folder,
            )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def wait_until(self, is_up: Callable[[], bool]) -> None:
        """Wait for a server to come up; fail with what it said if it does not."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not is_up():
            assert self._process.poll() is None, f"the server ended: {self.said()}"
            assert time.monotonic() < deadline, f"the server did not come up: {self.said()}"
            time.sleep(0.05)

    def said(self) -> str:
        """Read the end of its log."""
        return self._log.read_text(errors="replace")[-_LOG_CHARACTERS:]

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a machine that loses its power does."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running(
    command: Sequence[object], log: Path, *, is_up: Callable[[], bool], environment: Mapping[str, str] | None = None
) -> Iterator[Process]:
    """Start a server, wait until it is up, and stop it at the end."""
    process = Process(command, log, environment)
    try:
        process.wait_until(is_up)
        yield process
    finally:
        process.stop()
