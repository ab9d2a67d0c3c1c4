"""Watching: our loop from a local server beside the `Watch` of the `kubernetes` client, and what many workflows weigh.

Both are sent the same prepared bytes by a process of its own. Ours ends when all is in the log: decoded, coalesced as
in production, redacted and encoded; the client's when it has yielded the last event. In each event one node changed.
"""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import orjson
from kubernetes import client
from kubernetes.watch import Watch

from lineage.errors import ClusterError
from lineage.observation import ObjectSeen, Observation
from lineage.ports import Entry
from lineage.redaction import Redactor
from tests.bench.measuring import AtLeast, Bench, Finding, Row, Weight, interleaved
from tests.bench.watch_server import written
from tests.conftest import ROOT
from tests.factories import KubernetesObject, a_node, a_workflow, an_artifact
from watchers.coalescing import INTERVAL_SECONDS
from watchers.kube import Kube, KubeStream, connect
from watchers.run import Watching
from watchers.sources.argo_workflow import RESOURCE, SOURCE

WORKFLOWS: Final = 50  # that take turns in the small events
LIVE: Final = 10_000
LIVE_NODES: Final = 10
BUDGET_BYTES: Final = 500 * 10**6
PARAMETERS: Final = ("learning_rate", "batch_size", "epochs", "optimizer", "executor-input")


def measure(bench: Bench) -> Iterator[Finding]:
    """Measure small events, a large workflow, and the memory of many."""
    small, large = bench.sizes.requests * 50, bench.sizes.requests // 4
    yield from _beside_the_client(bench, "events of 5 KB", events(small, nodes=2, workflows=WORKFLOWS), AtLeast(5))
    yield from _beside_the_client(
        bench, "a workflow of 1 MB, one of 500 nodes changed", events(large, nodes=500, workflows=1), AtLeast(12)
    )
    yield _of_many(bench)


def _beside_the_client(bench: Bench, title: str, lines: Sequence[bytes], target: AtLeast) -> Iterator[Finding]:
    bench.say(f"watching {title}")
    file = bench.folder / "events"
    file.write_bytes(b"".join(written(lines)))
    with serving(file) as port:
        contestants = {
            "coalesced": partial(_ours, port, len(lines), INTERVAL_SECONDS),
            "each": partial(_ours, port, len(lines), 0.0),
            "client": partial(_client, port, len(lines)),
        }
        took = {name: seconds / len(lines) for name, seconds in interleaved(contestants, bench.sizes.rounds).items()}
    beside = "the client's Watch"
    yield Row(
        what=f"watching {title}",
        ours=took["coalesced"],
        beside=beside,
        theirs=took["client"],
        target=target,
        of_speed=True,
    )
    yield Row(what="  every view recorded", ours=took["each"], beside=beside, theirs=took["client"], of_speed=True)


# ------------------------------------------------------------------------------------------ contestants
def _ours(port: int, expected: int, interval_seconds: float) -> float:
    """Watch until the server has sent everything, and stop: what is held then is handed on."""
    log, transport = _Counting(), _OneWatch(connect(url=f"http://127.0.0.1:{port}"))
    watching = Watching(
        transport=transport,
        sources=[SOURCE],
        namespaces=None,
        events=log,
        cluster="bench",
        redactor=Redactor(b"a key of the benchmark"),
        clock=partial(datetime.now, UTC),
        interval_seconds=interval_seconds,
    )
    began = perf_counter()
    watching.start()
    assert transport.ended.wait(600), "the server did not send everything"
    assert watching.stop(timeout_seconds=600), "the watcher did not stop"
    took = perf_counter() - began
    assert max(log.versions, default=0) == expected, "the last view is missing"
    assert interval_seconds or log.seen == expected, f"{expected} events, and {log.seen} views"
    return took


class _Counting:
    """A log that counts."""

    name = "bench"

    def __init__(self) -> None:
        self.seen = 0
        self.versions: set[int] = set()

    def append(self, observation: Observation) -> None:
        if isinstance(observation, ObjectSeen):
            self.seen += 1
            found = re.search(rb'"resourceVersion":"(\d+)"', observation.body)
            assert found is not None
            self.versions.add(int(found[1]))

    def fits(self, observation: Observation) -> bool:
        return True

    def read(self, *, after: str | None, limit: int, timeout_seconds: float) -> Sequence[Entry]:
        return ()


class _OneWatch:
    """The way to a server whose first watch is the only one."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._opened = False
        self.ended = threading.Event()
        self.get = kube.get
        self.close = kube.close

    def stream(self, path: str, query: Mapping[str, str]) -> "_OneStream":
        if self._opened:
            raise ClusterError("all was sent")
        self._opened = True
        return _OneStream(self._kube.stream(path, query), self.ended)


class _OneStream:
    def __init__(self, stream: KubeStream, ended: threading.Event) -> None:
        self._stream = stream
        self._ended = ended

    @property
    def sent_after(self) -> float:
        return self._stream.sent_after

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream
        self._ended.set()

    def close(self) -> None:
        self._stream.close()


def _client(port: int, expected: int) -> float:
    configuration = client.Configuration(host=f"http://127.0.0.1:{port}")
    configuration.proxy = None
    api = client.CustomObjectsApi(client.ApiClient(configuration))
    began = perf_counter()
    new_watch: Any = Watch  # typed here, as the library does not
    stream = new_watch().stream(
        api.list_cluster_custom_object, RESOURCE.group, RESOURCE.version, RESOURCE.plural, timeout_seconds=600
    )
    count = sum(1 for _ in stream)
    took = perf_counter() - began
    assert count == expected, f"{expected} events, and the client yielded {count}"
    return took


# ------------------------------------------------------------------------------------------ many workflows
def _of_many(bench: Bench) -> Finding:
    """Watch and record many live workflows in a process of its own: the list, then a change of each."""
    bench.say(f"watching {LIVE:,} live workflows")
    listed, changed = bench.folder / "listed", bench.folder / "changed"
    with listed.open("wb") as objects:
        for number in range(LIVE):
            objects.write(orjson.dumps(an_object(number, LIVE_NODES)) + b"\n")
    items = (touched(an_object(number, LIVE_NODES), version=LIVE + number, node=number) for number in range(LIVE))
    with changed.open("wb") as events:
        events.writelines(written(_modified(item) for item in items))
    with serving(changed, listed) as port:
        command = [sys.executable, "-m", "tests.bench.many_workflows", str(port), str(LIVE), str(bench.folder)]
        answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    each = listed.stat().st_size // LIVE
    return Weight(
        what=f"{LIVE:,} live workflows of {each / 1e3:.0f} KB, watched and recorded",
        size_bytes=int(answer.stdout),
        limit_bytes=BUDGET_BYTES,
    )


@contextmanager
def serving(events: Path, objects: Path | None = None) -> Iterator[int]:
    """Serve what was prepared; yield the port."""
    command = [sys.executable, "-m", "tests.bench.watch_server", str(events), *([str(objects)] if objects else [])]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


# ------------------------------------------------------------------------------------------ objects
def events(count: int, *, nodes: int, workflows: int) -> list[bytes]:
    """Lines of a watch: workflows in turn, each time with another version and another of its nodes changed."""
    items = [an_object(number, nodes) for number in range(workflows)]
    lines: list[bytes] = []
    for index in range(count):
        item = touched(items[index % workflows], version=index + 1, node=index // workflows)
        lines.append(_modified(item))
    return lines


def _modified(item: KubernetesObject) -> bytes:
    return orjson.dumps({"type": "MODIFIED", "object": item}) + b"\n"


def touched(item: KubernetesObject, *, version: int, node: int) -> KubernetesObject:
    """Give a workflow its next version, and one of its nodes a little progress."""
    nodes = item["status"]["nodes"]
    item["metadata"]["resourceVersion"] = str(version)
    nodes[list(nodes)[node % len(nodes)]]["progress"] = f"{version}/{version}"
    return item


def an_object(number: int, nodes: int) -> KubernetesObject:
    """A running workflow with nodes of 2 KB, as Kubeflow Pipelines have them."""
    name = f"training-{number:05d}"
    return a_workflow(
        {f"{name}-{index}": _node(name, index) for index in range(nodes)},
        name=name,
        uid=f"8b5d0c1e-aaaa-bbbb-cccc-{number:012d}",
        labels={"pipeline/runid": f"run-{number}", "workflows.argoproj.io/phase": "Running"},
        annotations={"pipelines.kubeflow.org/run_name": name},
        spec={"entrypoint": "root", "templates": [_template(index) for index in range(min(nodes, 20))]},
        startedAt="2026-11-21T10:00:00Z",
    )


def _node(name: str, index: int) -> KubernetesObject:
    where = f"artifacts/{name}/{name}-{index}"
    values: dict[str, Any] = {"k": index / 7, "v": "x" * 80}
    return a_node(
        f"{name}.root.step-{index}",
        1_795_255_200 + index,
        1_795_255_500 + index,
        templateName=f"step-{index % 20}",
        boundaryID=f"{name}-0",
        estimatedDuration=300,
        resourcesDuration={"cpu": index, "memory": 3 * index},
        hostNodeName=f"host-{index % 9}",
        inputs={
            "parameters": [{"name": one, "value": orjson.dumps(values).decode()} for one in PARAMETERS],
            "artifacts": [an_artifact(one, f"{where}/{one}.tgz") for one in ("dataset", "schema")],
        },
        outputs={
            "parameters": [{"name": "execution-id", "value": str(index), "valueFrom": {"path": "/outputs/id"}}],
            "artifacts": [
                {**an_artifact(one, f"{where}/{one}.tgz"), "path": f"/outputs/{one}/data"}
                for one in ("model", "metrics", "main-logs")
            ],
            "exitCode": "0",
        },
        children=[f"{name}-{index + 1}"],
        memoizationStatus={"hit": False, "key": f"{index:016x}", "cacheName": "c"},
    )


def _template(index: int) -> KubernetesObject:
    container = {"image": "registry.example/step:1", "command": ["python"], "args": ["-m", "step", "x" * 400]}
    return {"name": f"step-{index}", "container": container}
