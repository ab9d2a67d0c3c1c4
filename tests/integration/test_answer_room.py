"""Answers that would be large, asked of `lineage serve`, many at once: what is too large is refused with what to ask
less of, what finds no room is asked to come again, and memory stays bounded."""

import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

import httpx
import pytest

from lineage.store import migrate, open_store
from lineage.web.negotiation import GRAPHQL
from tests.factories import KubernetesObject, a_node, a_workflow, record, rfc3339
from tests.processes import Process, free_ports, is_listening

RUNS: Final = 80
TEXT_BYTES: Final = 2**20  # of each: a workflow of some hundred steps
MOST_MEMORY: Final = 900 * 2**20
PATIENCE_SECONDS: Final = 60.0
RAW: Final = "query ($first: Int!) { runs(first: $first) { nodes { id raw } } }"
MESSAGES: Final = "query ($first: Int!) { runs(first: $first) { nodes { id message } } }"
ANNOTATIONS: Final = "query ($first: Int!) { runs(first: $first) { nodes { id annotations } } }"
STEPS: Final = "query ($first: Int!) { runs(first: $first) { nodes { id executions { nodes { phase exitCode } } } } }"
BY_NAME: Final = "query ($first: Int!) { executions(first: $first, orderBy: [{field: NAME}]) { nodes { phase } } }"
NAMES: Final = "query ($first: Int!) { runs(first: $first) { nodes { id name phase startedAt finishedAt } } }"
MANY: Final = 10


def a_large_workflow(number: int) -> KubernetesObject:
    """A workflow whose script, annotations and messages are long and hardly pack, as what is generated does."""
    text = random.Random(number).randbytes(TEXT_BYTES // 2).hex()
    return a_workflow(
        {"n": a_node("n", 10, 20, message=text)},
        uid=f"u{number}",
        name=f"run-{number}",
        born=number,
        version=number + 1,
        phase="Succeeded",
        annotations={"plan": text},
        spec={"templates": [{"name": "n", "script": {"image": "python:3.11", "source": text}}]},
        finishedAt=rfc3339(number + 30),
    )


@dataclass(frozen=True)
class Serving:
    port: int
    pid: int

    def ask(self, query: str, **variables: Any) -> httpx.Response:
        address = f"http://127.0.0.1:{self.port}/graphql"
        body = {"query": query, "variables": variables}
        return httpx.post(address, json=body, headers={"Accept": GRAPHQL}, timeout=PATIENCE_SECONDS)

    def ask_until_there_is_room(self, query: str, **variables: Any) -> httpx.Response:
        """Ask as one does who comes again when told to."""
        answer = self.ask(query, **variables)
        asked_until = monotonic() + PATIENCE_SECONDS
        while answer.status_code == 503 and monotonic() < asked_until:
            answer = self.ask(query, **variables)
        return answer

    def most_memory(self) -> int:
        """The most bytes that it ever took, or a part of a KiB less."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("room")
    url = f"sqlite:///{folder / 'lineage.db'}"
    migrate(url)
    with closing(open_store(url)) as store:
        for number in range(RUNS):
            record(store, a_large_workflow(number))
    (port,) = free_ports(1)
    process = Process([sys.executable, "-m", "lineage", "serve", "--store", url, "--port", port], folder / "log")
    try:
        process.wait_until(lambda: is_listening(port))
        yield Serving(port, process.pid)
    finally:
        process.stop()


def test_what_is_small_enough_is_answered_whole(serving: Serving) -> None:
    response = serving.ask(RAW, first=8)
    assert response.status_code == 200
    assert len(response.json()["data"]["runs"]["nodes"]) == 8
    assert len(response.content) > 8 * TEXT_BYTES


def test_what_is_larger_is_refused_and_told_what_to_ask_less_of(serving: Serving) -> None:
    response = serving.ask(RAW, first=RUNS)
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "ANSWER_TOO_LARGE"}
    assert "smaller pages" in error["message"]
    assert response.json()["data"] is None
    assert len(response.content) < 1_000


@pytest.mark.parametrize("query", [RAW, ANNOTATIONS, MESSAGES, STEPS, BY_NAME])
def test_many_at_once_take_bounded_memory(serving: Serving, query: str) -> None:
    with ThreadPoolExecutor(3 * MANY) as pool:
        large = [pool.submit(serving.ask, query, first=RUNS) for _ in range(MANY)]
        fitting = [pool.submit(serving.ask_until_there_is_room, query, first=8) for _ in range(MANY)]
        small = [pool.submit(serving.ask, NAMES, first=RUNS) for _ in range(MANY)]
        codes = [Counter(code_of(one.result()) for one in group) for group in (large, fitting, small)]
    assert set(codes[0]) <= {"ANSWER_TOO_LARGE", "OVERLOADED"}
    assert set(codes[1]) == set(codes[2]) == {""}
    assert serving.most_memory() < MOST_MEMORY


def code_of(response: httpx.Response) -> str:
    errors = response.json().get("errors")
    code = errors[0]["extensions"]["code"] if errors else ""
    assert (response.status_code == 503) is (code == "OVERLOADED")
    assert ("retry-after" in response.headers) is (code == "OVERLOADED")
    return str(code)
