"""The log in memory: its bounds, and that it keeps nothing that is recorded. What it shares with other logs is held by
the contract suite."""

from datetime import UTC, datetime
from threading import Thread

import pytest

from lineage.errors import InvalidRequest, LogError
from lineage.eventlog.memory import MemoryLog
from lineage.observation import ObjectDeleted, ObjectSeen, Observation
from lineage.ports import Stretch

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SOON_SECONDS = 5.0


def deletion(uid: str) -> Observation:
    return ObjectDeleted(source="pod", cluster="test", seen_at=NOON, uid=uid)


def sighting(size_bytes: int) -> Observation:
    return ObjectSeen(source="pod", cluster="test", seen_at=NOON, body=b"x" * size_bytes, key_id="key")


def read(log: MemoryLog, *, limit: int = 100) -> Stretch:
    stretch = log.read(lambda _part: None, limit=limit, timeout_seconds=0)
    assert stretch is not None
    return stretch


def test_entries_are_dropped_once_they_are_recorded() -> None:
    log = MemoryLog("test")
    for uid in "abc":
        log.append(deletion(uid))
    stretch = read(log, limit=2)
    assert len(log) == 3
    log.confirm("test", stretch.entries[-1].position)
    assert len(log) == 1


@pytest.mark.parametrize("position", ["1", "x", "-1"])
def test_a_position_of_another_log_is_refused(position: str) -> None:
    log = MemoryLog("test")
    with pytest.raises(InvalidRequest):
        log.read(lambda _part: position, limit=1, timeout_seconds=0)


def test_a_store_that_lost_what_was_dropped_here_is_an_end_and_not_waited_for() -> None:
    log = MemoryLog("test")
    for uid in "abc":
        log.append(deletion(uid))
    log.confirm("test", read(log, limit=2).entries[-1].position)
    read(log)
    with pytest.raises(LogError, match="lost the last 1 observations"):
        log.read(lambda _part: "1", limit=1, timeout_seconds=0)


def test_a_writer_waits_while_the_log_is_full() -> None:
    log = MemoryLog("test", max_entries=2)
    log.append(deletion("a"))
    log.append(deletion("b"))
    assert not log.fits(deletion("c"))
    writer = Thread(target=log.append, args=(deletion("c"),))
    writer.start()
    stretch = read(log)
    assert len(log) == 2
    log.confirm("test", stretch.entries[0].position)
    writer.join(SOON_SECONDS)
    assert not writer.is_alive()
    assert [entry.observation for entry in read(log).entries] == [deletion("b"), deletion("c")]


def test_a_log_is_full_by_bytes_too_but_takes_one_entry_of_any_size() -> None:
    log = MemoryLog("test", max_bytes=10_000)
    log.append(sighting(50_000))
    assert not log.fits(sighting(1))
    log.confirm("test", read(log).entries[0].position)
    assert log.fits(sighting(1))
