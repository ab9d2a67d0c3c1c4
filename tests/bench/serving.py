"""Serving: a small query over HTTP, beside plain graphene on the same schema and store.

Both are processes with one worker. A few connections stay open, and ask as fast as they are answered.
"""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from lineage.identity import global_id, run_key
from tests.bench import workload
from tests.bench.closures import lanes
from tests.bench.measuring import AtLeast, Bench, Finding, Row, interleaved, seconds_of

ROOT: Final = Path(__file__).parents[2]
CONNECTIONS: Final = 4
ONE: Final = """
query Run($id: ID!) { node(id: $id) { id ... on Run { displayName phase startedAt finishedAt } } }
"""
ELEVEN: Final = """
query Run($id: ID!) {
  node(id: $id) {
    id
    ... on Run { displayName phase executions(first: 10) { nodes { id displayName phase startedAt } } }
  }
}
"""


def measure(bench: Bench) -> Iterator[Finding]:
    """Ask both servers for a run, and for a run and its ten executions."""
    store = f"sqlite:///{lanes(bench)}"
    bench.say("http: starting servers")
    with ExitStack() as stack:
        ours = stack.enter_context(
            listening(sys.executable, "-m", "lineage", "serve", "--store", store, "--host", "127.0.0.1", "--port", "0")
        )
        plain = stack.enter_context(listening(sys.executable, "-m", "tests.bench.plain_server", store))
        bench.say("http: asking")
        for what, query in (("a run", ONE), (f"a run and its {len(workload.STEPS)} executions", ELEVEN)):
            yield _compared(bench, f"HTTP: {what}, a request", query, ours, plain)


def _compared(bench: Bench, what: str, query: str, ours: int, plain: int) -> Row:
    body = json.dumps({"query": query, "variables": {"id": global_id(run_key(workload.uid(3)))}}).encode()
    answers = [json.loads(_Connection(port).ask(body)) for port in (ours, plain)]
    assert answers[0] == answers[1], "the servers answer differently"
    assert answers[0]["data"]["node"]["id"], "nothing was found"
    times = bench.sizes.requests
    took = interleaved(
        {"ours": lambda: _asked(ours, body, times), "plain": lambda: _asked(plain, body, times)}, bench.sizes.rounds
    )
    return Row(
        what=what, ours=took["ours"], beside="plain graphene", theirs=took["plain"], target=AtLeast(7), of_speed=True
    )


class _Connection:
    """A connection that stays open. It reads no more of an answer than its length: a client in Python must not be
    what is measured."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, body: bytes) -> bytes:
        """Post a query and return the body of the answer."""
        head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        self._socket.sendall(b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body))
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        length = re.search(rb"(?i)content-length: (\d+)", received[:end])
        assert received.startswith(b"HTTP/1.1 200 "), received
        assert length is not None, received
        whole = end + 4 + int(length.group(1))
        while len(received) < whole:
            received += self._more()
        return received[end + 4 :]

    def _more(self) -> bytes:
        data = self._socket.recv(65_536)
        assert data, "the server closed the connection"
        return data


def _asked(port: int, body: bytes, times: int) -> float:
    """Seconds a request, of so many on a few connections."""
    connections = [_Connection(port) for _ in range(CONNECTIONS)]
    share = times // CONNECTIONS

    def ask(connection: _Connection) -> None:
        for _ in range(share):
            connection.ask(body)

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        ask(connections[0])  # whatever a server does once, it has done
        return seconds_of(lambda: list(threads.map(ask, connections))) / (share * CONNECTIONS)


@contextmanager
def listening(*command: str) -> Iterator[int]:
    """Start a server that says where it listens in its first line, and stop it at the end."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            port = re.search(r"(\d+)/?$", line.strip())
            assert port is not None, f"{' '.join(command)} said {line!r}"
            yield int(port.group(1))
        finally:
            process.terminate()
