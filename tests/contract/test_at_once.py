"""Reads of one who may not wait: the same as ever, or none. Only a database in a file can be read so."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy.pool import QueuePool

from lineage.deadline import Deadline
from lineage.errors import DeadlineExceeded, WouldWait
from lineage.identity import run_key
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import migrate, open_store
from lineage.store.sql import SqlStore
from tests.contract.conftest import FILE
from tests.contract.test_deadlines import ENDLESS, ask
from tests.factories import a_store, a_workflow, record

ALL = PageRequest(first=10)
SOON_SECONDS = 5.0


def runs(store: SqlStore) -> int:
    return len(store.runs(EVERYTHING, Listing(), ALL).items)


def ready(store: SqlStore) -> SqlStore:
    """The store for one who may not wait, after somebody who may has asked it."""
    at_once = store.at_once()
    assert at_once is not None
    runs(store)
    return at_once


@pytest.mark.usefixtures("database")
def test_only_what_lies_in_a_file_can_be_read_without_waiting(request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["database"]
    assert (a_store().at_once() is not None) is (kind == FILE)


@pytest.fixture
def in_file(tmp_path: Path) -> Iterator[SqlStore]:
    url = f"sqlite:///{tmp_path / 'lineage.db'}"
    migrate(url)
    with closing(open_store(url)) as store:
        record(store, a_workflow())
        yield store


def test_nothing_is_opened_for_who_may_not_wait(in_file: SqlStore) -> None:
    at_once = in_file.at_once()
    assert at_once is not None
    with pytest.raises(WouldWait):
        runs(at_once)
    assert runs(in_file) == runs(at_once) == 1


def test_who_never_asks_so_has_no_connection_more(in_file: SqlStore) -> None:
    for _ in range(3):
        runs(in_file)
    pool = in_file._engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 1


def test_what_is_recorded_meanwhile_is_read(in_file: SqlStore) -> None:
    at_once = ready(in_file)
    for number in range(2, 5):
        record(in_file, a_workflow(uid=f"u{number}", name=f"w{number}"))
        assert runs(at_once.within(Deadline(60))) == number
    assert at_once.get(EVERYTHING, [run_key("u2")]) == in_file.get(EVERYTHING, [run_key("u2")])


def test_two_at_a_time_are_one_too_many(in_file: SqlStore) -> None:
    at_once = ready(in_file)
    with at_once._reading(), pytest.raises(WouldWait):
        runs(at_once)
    assert runs(at_once) == 1


def test_what_takes_too_long_ends_soon_and_the_next_read_is_as_ever(in_file: SqlStore) -> None:
    at_once, begun = ready(in_file), monotonic()
    for _ in range(3):
        with pytest.raises(DeadlineExceeded):
            ask(at_once.within(Deadline(0.01)), ENDLESS)
        assert runs(at_once) == 1
    assert monotonic() - begun < SOON_SECONDS


def test_what_is_locked_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "lineage.db"
    migrate(f"sqlite:///{file}")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")  # in which a writer keeps readers out
        monkeypatch.setattr("lineage.store.sqlite.PRAGMAS", ())
        with closing(open_store(f"sqlite:///{file}")) as store:
            at_once, begun = ready(store), monotonic()
            other.execute("BEGIN EXCLUSIVE")
            for _ in range(3):
                with pytest.raises(WouldWait):
                    runs(at_once.within(Deadline(60)))
            assert monotonic() - begun < SOON_SECONDS
            other.execute("ROLLBACK")
            assert runs(at_once) == runs(store) == 0


def test_who_reads_at_once_keeps_no_writer_waiting(in_file: SqlStore) -> None:
    at_once = ready(in_file)
    with pytest.raises(DeadlineExceeded):
        ask(at_once.within(Deadline(0.01)), ENDLESS)
    runs(at_once)
    with closing(sqlite3.connect(str(in_file._engine.url.database), isolation_level=None)) as other:
        busy, left, moved = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert (busy, left, moved) == (0, 0, 0)
