"""What is killed in the middle, again and again, leaves what an undisturbed process would have left."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import orjson
import psycopg
import pytest

from lineage.ports import LineageStore
from lineage.store import migrate, open_store
from tests.chaos import story
from tests.factories import CLUSTER, a_store, dumped
from tests.kubeconfigs import kubeconfig
from tests.postgresql import Server
from tests.waiting import DEADLINE_SECONDS, comes_true
from watchers.demo import recordings
from watchers.replay import ReplayServer

WORKFLOWS = 700  # more than one batch, so that a kill falls between two or into one


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "recording.ndjson"
    file.write_bytes(b"\n".join(orjson.dumps(item) for item in story(WORKFLOWS)))
    return file


def lineage(*arguments: str) -> bytes:
    return subprocess.run(
        [sys.executable, "-m", "lineage", *arguments], check=True, stdout=subprocess.PIPE, timeout=DEADLINE_SECONDS
    ).stdout


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name a store that several processes can use."""
    if request.param == "SQLite":
        return f"sqlite:///{tmp_path / 'shared.db'}"
    server: Server = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture
def undisturbed(recording: Path, tmp_path: Path) -> bytes:
    """What one recorder leaves that nobody disturbs, on SQLite."""
    whole = f"sqlite:///{tmp_path / 'whole.db'}"
    lineage("ingest", str(recording), "--store", whole)
    return lineage("dump", "--store", whole)


def recorded_runs(url: str) -> int:
    """Count the runs that were committed; none while there are no tables yet."""
    if url.startswith("postgresql"):
        with psycopg.connect(url) as server:
            return len(server.execute("SELECT 1 FROM run").fetchall())
    try:
        with closing(sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True)) as file:
            return len(file.execute("SELECT 1 FROM run").fetchall())
    except sqlite3.OperationalError:
        return 0


def ingest_and_kill(recording: Path, url: str, *, runs: int) -> None:
    """Ingest until so many runs were committed, and kill the process without a warning."""
    process = subprocess.Popen([sys.executable, "-m", "lineage", "ingest", str(recording), "--store", url])
    deadline = time.monotonic() + DEADLINE_SECONDS
    while recorded_runs(url) < runs:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline, "nothing was recorded"
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    process.wait(DEADLINE_SECONDS)


def test_a_recorder_killed_twice_leaves_what_an_undisturbed_one_leaves(
    recording: Path, url: str, undisturbed: bytes
) -> None:
    ingest_and_kill(recording, url, runs=1)
    ingest_and_kill(recording, url, runs=recorded_runs(url))
    assert 0 < recorded_runs(url) < WORKFLOWS

    lineage("ingest", str(recording), "--store", url)

    assert lineage("dump", "--store", url) == undisturbed


@pytest.mark.parametrize("recorders", [2, 4])
def test_recorders_that_work_side_by_side_leave_what_one_leaves(
    recording: Path, url: str, undisturbed: bytes, recorders: int, tmp_path: Path
) -> None:
    lines = recording.read_bytes().splitlines(keepends=True)
    parts = [tmp_path / f"part-{number}.ndjson" for number in range(recorders)]
    for number, part in enumerate(parts):
        part.write_bytes(b"".join(line.rstrip(b"\n") + b"\n" for line in lines[number::recorders]))

    command = [sys.executable, "-m", "lineage", "ingest", "--store", url]
    all_of_them = [subprocess.Popen([*command, str(part)]) for part in parts]
    assert [process.wait(DEADLINE_SECONDS) for process in all_of_them] == [0] * recorders

    assert lineage("dump", "--store", url) == undisturbed


# ------------------------------------------------------------------------------------------ watching
SPEED = 100.0  # the demo's eleven minutes in under seven seconds
LIVES_SECONDS = (1.5, 2.0, 1.2)  # starting takes about one


def known(store: LineageStore) -> list[bytes]:
    """All knowledge, whatever the key under which secrets were redacted."""
    return [re.sub(rb"redacted:\w+:\w+", b"redacted", item) for item in dumped(store)]


def test_watching_that_is_killed_thrice_misses_nothing_that_lasts(tmp_path: Path) -> None:
    views = Counter(one.object["metadata"]["uid"] for one in recordings())
    # What is deleted, or retried, while nobody watches cannot be known; all else can.
    lasting = [one for one in recordings() if one.deleted_at is None and views[one.object["metadata"]["uid"]] == 1]
    live = f"sqlite:///{tmp_path / 'live.db'}"
    migrate(live)
    server = ReplayServer(lasting, speed=SPEED)
    server.start()
    try:
        environment = os.environ | {"KUBECONFIG": str(kubeconfig(server, tmp_path / "config"))}
        command = [sys.executable, "-m", "lineage", "up", "--port", "0", "--cluster", CLUSTER]
        command += ["--store", live]
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
            store = open_store(live)
            assert comes_true(lambda: known(store) == expected)
        finally:
            process.terminate()
            process.wait(DEADLINE_SECONDS)
    finally:
        server.stop()
