"""`lineage forget`, killed in the middle and begun again: what it did is whole, and in the end all is done."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import pytest

from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import SqlStore, migrate, open_store
from tests.factories import a_node, a_pod, a_workflow, dumped, moment, record, rfc3339
from tests.postgresql import Server

RUNS: Final = 1_600
AT_ONCE: Final = 100
LONGEST_SECONDS: Final = 120.0


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Many runs that ended long ago."""
    if request.param == "SQLite":
        url = f"sqlite:///{tmp_path / 'lineage.db'}"
        migrate(url)
    else:
        server: Server = request.getfixturevalue("postgresql")
        url = server.new_database()
    with closing(open_store(url)) as opened:
        fill(opened)
    return url


def fill(opened: SqlStore) -> None:
    for first in range(0, RUNS, AT_ONCE):
        seen = []
        for number in range(first, first + AT_ONCE):
            name, start = f"run-{number:04}", 10 * number
            nodes = {f"{name}-1": a_node(f"{name}.main", start, start + 5, writes=[f"k/{number}"])}
            over = rfc3339(start + 6)
            seen.append(a_workflow(nodes, uid=name, name=name, phase="Succeeded", finishedAt=over))
            seen.append(a_pod(f"pod-{number}", f"{name}-1", start + 1, start + 5, owner=name))
        record(opened, *seen)


def begun(store: str, rules: Path) -> subprocess.Popen[bytes]:
    arguments = ["forget", "--rules", str(rules), "--store", store]
    return subprocess.Popen([sys.executable, "-m", "lineage", *arguments], stderr=subprocess.DEVNULL)


def forgotten(store: str) -> int:
    with closing(open_store(store)) as opened:
        return forgotten_in(opened)


def forgotten_in(opened: SqlStore) -> int:
    runs = opened.runs(EVERYTHING, Listing(), PageRequest(first=RUNS)).items
    return sum(run.forgotten_at is not None for run in runs)


def test_what_was_killed_goes_on_and_leaves_what_one_go_leaves(store: str, tmp_path: Path) -> None:
    rules = tmp_path / "retention.toml"
    rules.write_text('[[rules]]\nname = "all"\nafter_days = 1\n')
    until = monotonic() + LONGEST_SECONDS
    before = 0
    process = begun(store, rules)
    with closing(open_store(store)) as opened:  # once: to open it takes as long as to forget some
        while process.poll() is None and before == 0 and monotonic() < until:
            sleep(0.005)
            before = forgotten_in(opened)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 0 < forgotten(store) < RUNS, "it was done before it was killed: take more runs"
    again = begun(store, rules)
    assert again.wait(timeout=LONGEST_SECONDS) == 0
    assert forgotten(store) == RUNS
    url = f"sqlite:///{tmp_path / 'other.db'}"
    migrate(url)
    with closing(open_store(url)) as other, closing(open_store(store)) as opened:
        fill(other)
        keys = [run.key for run in other.runs(EVERYTHING, Listing(), PageRequest(first=RUNS)).items]
        other.forget(keys, now=moment(10**9))
        assert dumped(opened) == dumped(other)
