"""An hour of one process that watches, records and answers: what it takes in memory does not grow with time.

`LINEAGE_SOAK_SECONDS` says how long. The first half is for what is remembered to fill, which has bounds: last views,
prepared statements, pages of the database.
"""

import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import monotonic
from typing import Any, Final
from urllib.request import Request, urlopen

import orjson

from lineage_graphql import saved_queries
from tests.factories import KubernetesObject, a_node, a_pod, a_workflow, rfc3339
from tests.integration.test_cli import serving
from tests.kubeconfigs import kubeconfig
from watchers.apiserver import ApiServer
from watchers.timeline import PODS, WORKFLOWS
from watchers.world import World

SECONDS: Final = float(os.environ.get("LINEAGE_SOAK_SECONDS", "3600"))
ASKERS: Final = 2
ASKED_BETWEEN_SECONDS: Final = 0.02  # a machine that is busy all the time shows no more than one that is nearly so
STEPS: Final = 12
STANDING: Final = 40  # workflows that exist at a time: older ones are deleted, as the cluster does
VIEWS_BETWEEN_SECONDS: Final = 0.05
SAMPLES_BETWEEN_SECONDS: Final = 1.0
GROWTH: Final = 1.1  # of the median of the third quarter, in the last: what comes and goes with single answers
QUESTIONS: Final = ("recent-runs", "failed-runs", "artifacts", "ingestion", "runs", "slowest-executions", "pipelines")


def test_memory_is_flat_while_it_watches_records_and_answers(tmp_path: Path) -> None:
    world, asked, recorded = World(), count(), count()
    api = ApiServer(world, resources=[WORKFLOWS, PODS], bookmark_seconds=1)
    api.start()
    store = f"sqlite:///{tmp_path / 'store.db'}"
    try:
        with serving("up", "--store", store, KUBECONFIG=str(kubeconfig(api, tmp_path / "kubeconfig"))) as (
            address,
            process,
        ):
            askers = [partial(ask, address, asked, seed) for seed in range(ASKERS)]
            with beside([partial(run_workflows, world, recorded), *askers]):
                samples = list(memory(process.pid, until=monotonic() + SECONDS))
            told = orjson.loads(answer(question(address, "runs { totalCount }")))
    finally:
        api.stop()
    quarter = len(samples) // 4
    third, last = median(samples[2 * quarter : 3 * quarter]), median(samples[3 * quarter :])
    runs, questions = told["data"]["runs"]["totalCount"], next(asked)
    shown = [round(size / 2**20) for size in samples[:: max(1, len(samples) // 12)]]
    print(f"\n{SECONDS:g} s: {runs} runs, {next(recorded)} views, {questions} questions; MiB: {shown}")  # noqa: T201 - -s shows it
    assert runs > SECONDS / 20
    assert questions > SECONDS
    assert last < GROWTH * third


def memory(pid: int, *, until: float) -> Iterator[int]:
    """What a process takes, second by second, in bytes."""
    while monotonic() < until:
        resident = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        assert resident is not None
        yield int(resident[1]) * 1024
        Event().wait(SAMPLES_BETWEEN_SECONDS)


def run_workflows(world: World, views: Iterator[int], stop: Event) -> None:
    """Run one workflow after the other, a view a step."""
    for number in count():
        name = f"run-{number}"
        for step in range(STEPS + 1):
            if stop.is_set():
                return
            nodes = {
                f"{name}-{at}": a_node(f"{name}.s{at}", number + at, number + at + 1, writes=[f"{name}/{at}"])
                for at in range(step)
            }
            over = step == STEPS
            ended: dict[str, Any] = {"finishedAt": rfc3339(number + STEPS)} if over else {}
            phase = "Succeeded" if over else "Running"
            made: dict[str, Any] = {"uid": f"u-{number}", "name": name, "born": number, "version": None, "phase": phase}
            world.put(WORKFLOWS, a_workflow(nodes, **made, **ended))
            world.put(PODS, pod_of(number, step))
            next(views)
            stop.wait(VIEWS_BETWEEN_SECONDS)
        if (old := number - STANDING) >= 0:
            world.delete(WORKFLOWS, "a", f"run-{old}")
            for step in range(STEPS + 1):
                world.delete(PODS, "a", pod_of(old, step)["metadata"]["name"])


def pod_of(number: int, step: int) -> KubernetesObject:
    """The pod of a step."""
    name, owner = f"run-{number}", f"u-{number}"
    return a_pod(f"p-{number}-{step}", f"{name}-{step}", number + step, None, owner=owner, workflow=name)


def ask(address: str, asked: Iterator[int], seed: int, stop: Event) -> None:
    """Ask saved queries and pages, one after the other, as long as the process answers."""
    chance = random.Random(seed)
    while not stop.is_set():
        name = chance.choice([*QUESTIONS, "raw", "page"])
        if name == "page":
            answer(Request(f"{address}/"))  # noqa: S310 - our own server
        elif name == "raw":
            answer(question(address, "runs(first: 10) { nodes { raw } }"))
        else:
            body = orjson.dumps({"query": saved_queries()[name].text, "variables": {"first": 20, "text": "run"}})
            answer(posted(address, body))
        next(asked)
        stop.wait(ASKED_BETWEEN_SECONDS)


def answer(request: Request) -> bytes:
    with urlopen(request) as response:  # noqa: S310 - our own server
        body: bytes = response.read()
    return body


def question(address: str, fields: str) -> Request:
    return posted(address, orjson.dumps({"query": f"{{ {fields} }}"}))


def posted(address: str, body: bytes) -> Request:
    headers = {"Content-Type": "application/json", "Accept": "application/graphql-response+json"}
    return Request(f"{address}/graphql", data=body, headers=headers)  # noqa: S310 - our own server


@contextmanager
def beside(jobs: Sequence[Callable[[Event], None]]) -> Iterator[None]:
    """Do several things meanwhile; fail if one of them does."""
    stop, failures = Event(), list[BaseException]()

    def run(job: Callable[[Event], None]) -> None:
        try:
            job(stop)
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    threads = [Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
