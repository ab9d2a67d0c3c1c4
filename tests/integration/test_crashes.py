"""What is killed in the middle, again and again, leaves what an undisturbed process would have left."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import orjson
import pytest

from lineage.ports import LineageStore
from lineage.store import open_store
from tests.factories import CLUSTER, KubernetesObject, a_node, a_pod, a_store, a_workflow, dumped
from tests.waiting import DEADLINE_SECONDS, comes_true
from watchers.demo import recordings
from watchers.replay import ReplayServer

WORKFLOWS = 700  # more than one batch, so that a kill falls between two or into one


def story() -> Iterator[KubernetesObject]:
    """Workflows that hand a model on from one to the next, each seen running, failed, and retried by hand."""
    for number in range(WORKFLOWS):
        name, born = f"w{number}", 1000 + 100 * number
        model = f"{name}/{name}-2000001/model.tgz"
        failed = a_node(f"{name}.train", born + 1, born + 9, "Failed")
        again = a_node(f"{name}.train", born + 20, born + 40, reads=["shared/model"], writes=[model, "shared/model"])
        for version, phase, nodes in (
            (1, "Running", {}),
            (2, "Failed", {f"{name}-2000001": failed}),
            (3, "Succeeded", {f"{name}-2000001": again}),
        ):
            yield a_workflow(nodes, version=3 * number + version, phase=phase, uid=f"u{number}", name=name, born=born)
        yield a_pod(f"p{number}", f"{name}-2000001", born + 21, born + 39, owner=f"u{number}", workflow=name)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "recording.ndjson"
    file.write_bytes(b"\n".join(orjson.dumps(item) for item in story()))
    return file


def lineage(*arguments: str) -> bytes:
    return subprocess.run(
        [sys.executable, "-m", "lineage", *arguments], check=True, stdout=subprocess.PIPE, timeout=DEADLINE_SECONDS
    ).stdout


def recorded_runs(store: Path) -> int:
    """Count the runs that were committed; none while there are no tables yet."""
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM run").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def ingest_and_kill(recording: Path, store: Path, *, runs: int) -> None:
    """Ingest until so many runs were committed, and kill the process without a warning."""
    process = subprocess.Popen([sys.executable, "-m", "lineage", "ingest", str(recording), "--store", url(store)])
    deadline = time.monotonic() + DEADLINE_SECONDS
    while recorded_runs(store) < runs:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline, "nothing was recorded"
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    process.wait(DEADLINE_SECONDS)


def url(store: Path) -> str:
    return f"sqlite:///{store}"


def test_a_recorder_killed_twice_leaves_what_an_undisturbed_one_leaves(recording: Path, tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed.db", tmp_path / "whole.db"
    ingest_and_kill(recording, killed, runs=1)
    between = recorded_runs(killed)
    ingest_and_kill(recording, killed, runs=between)
    assert 0 < recorded_runs(killed) < WORKFLOWS

    lineage("ingest", str(recording), "--store", url(killed))
    lineage("ingest", str(recording), "--store", url(whole))

    assert lineage("dump", "--store", url(killed)) == lineage("dump", "--store", url(whole))


def test_recorders_that_work_side_by_side_leave_what_one_leaves(recording: Path, tmp_path: Path) -> None:
    lines = recording.read_bytes().splitlines(keepends=True)
    halves = [tmp_path / "even.ndjson", tmp_path / "odd.ndjson"]
    for number, half in enumerate(halves):
        half.write_bytes(b"".join(line.rstrip(b"\n") + b"\n" for line in lines[number::2]))
    shared, whole = tmp_path / "shared.db", tmp_path / "whole.db"

    command = [sys.executable, "-m", "lineage", "ingest", "--store", url(shared)]
    both = [subprocess.Popen([*command, str(half)]) for half in halves]
    assert [process.wait(DEADLINE_SECONDS) for process in both] == [0, 0]
    lineage("ingest", str(recording), "--store", url(whole))

    assert lineage("dump", "--store", url(shared)) == lineage("dump", "--store", url(whole))


# ------------------------------------------------------------------------------------------ watching
SPEED = 100.0  # the demo's eleven minutes in under seven seconds
LIVES_SECONDS = (1.5, 2.0, 1.2)  # starting takes about one


def kubeconfig(server: ReplayServer, file: Path) -> Path:
    """Write the configuration of a cluster of one server."""
    named = {"clusters": ("cluster", {"server": server.url}), "users": ("user", {}), "contexts": ("context", {})}
    named["contexts"] = ("context", {"cluster": "c", "user": "c"})
    lists = {kind: [{"name": "c", member: value}] for kind, (member, value) in named.items()}
    file.write_bytes(orjson.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "c", **lists}))
    return file


def known(store: LineageStore) -> list[bytes]:
    """All knowledge, whatever the key under which secrets were redacted."""
    return [re.sub(rb"redacted:\w+:\w+", b"redacted", item) for item in dumped(store)]


def test_watching_that_is_killed_thrice_misses_nothing_that_lasts(tmp_path: Path) -> None:
    views = Counter(one.object["metadata"]["uid"] for one in recordings())
    # What is deleted, or retried, while nobody watches cannot be known; all else can.
    lasting = [one for one in recordings() if one.deleted_at is None and views[one.object["metadata"]["uid"]] == 1]
    server = ReplayServer(lasting, speed=SPEED)
    server.start()
    try:
        environment = os.environ | {"KUBECONFIG": str(kubeconfig(server, tmp_path / "config"))}
        command = [sys.executable, "-m", "lineage", "up", "--port", "0", "--cluster", CLUSTER]
        command += ["--store", url(tmp_path / "live.db")]
        for seconds in LIVES_SECONDS:
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            process.send_signal(signal.SIGKILL)
            process.wait(DEADLINE_SECONDS)
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert server.finished.wait(DEADLINE_SECONDS)
            expected = known(a_store(*(one.object for one in lasting)))
            store = open_store(url(tmp_path / "live.db"))
            assert comes_true(lambda: known(store) == expected)
        finally:
            process.terminate()
            process.wait(DEADLINE_SECONDS)
    finally:
        server.stop()
