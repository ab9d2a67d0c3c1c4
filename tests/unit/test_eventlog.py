"""The log in memory: order, bounds, waiting, and what a position means."""

from datetime import UTC, datetime
from threading import Thread
from time import monotonic

import pytest

from lineage.errors import InvalidRequest
from lineage.eventlog.memory import MemoryLog
from lineage.observation import ObjectDeleted, ObjectSeen, Observation

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SOON_SECONDS = 5.0


def deletion(uid: str) -> Observation:
    return ObjectDeleted(source="pod", cluster="test", seen_at=NOON, uid=uid)


def sighting(size_bytes: int) -> Observation:
    return ObjectSeen(source="pod", cluster="test", seen_at=NOON, body=b"x" * size_bytes, key_id="key")


def read_all(log: MemoryLog, after: str | None = None) -> list[Observation]:
    return [entry.observation for entry in log.read(after=after, limit=100, timeout_seconds=0)]


def test_entries_come_out_in_the_order_in_which_they_went_in() -> None:
    log = MemoryLog("test")
    for uid in "abc":
        log.append(deletion(uid))
    assert read_all(log) == [deletion("a"), deletion("b"), deletion("c")]


def test_reading_behind_a_position_gives_what_follows_it() -> None:
    log = MemoryLog("test")
    for uid in "abc":
        log.append(deletion(uid))
    first, *_ = log.read(after=None, limit=1, timeout_seconds=0)
    assert read_all(log, after=first.position) == [deletion("b"), deletion("c")]


def test_what_was_not_recorded_is_read_again() -> None:
    log = MemoryLog("test")
    log.append(deletion("a"))
    assert read_all(log) == read_all(log) == [deletion("a")]


def test_entries_are_dropped_once_something_behind_them_is_asked_for() -> None:
    log = MemoryLog("test")
    for uid in "abc":
        log.append(deletion(uid))
    entries = log.read(after=None, limit=2, timeout_seconds=0)
    assert len(log) == 3
    log.read(after=entries[-1].position, limit=1, timeout_seconds=0)
    assert len(log) == 1


def test_a_position_of_another_log_is_refused() -> None:
    log = MemoryLog("test")
    for position in ("1", "x", "-1"):
        with pytest.raises(InvalidRequest):
            log.read(after=position, limit=1, timeout_seconds=0)


def test_reading_waits_for_the_first_entry_and_no_longer() -> None:
    log = MemoryLog("test")
    began = monotonic()
    writer = Thread(target=log.append, args=(deletion("a"),))
    writer.start()
    entries = log.read(after=None, limit=10, timeout_seconds=SOON_SECONDS)
    writer.join()
    assert [entry.observation for entry in entries] == [deletion("a")]
    assert monotonic() - began < SOON_SECONDS


def test_reading_a_silent_log_ends_empty() -> None:
    assert list(MemoryLog("test").read(after=None, limit=10, timeout_seconds=0.01)) == []


def test_a_writer_waits_while_the_log_is_full() -> None:
    log = MemoryLog("test", max_entries=2)
    log.append(deletion("a"))
    log.append(deletion("b"))
    assert not log.fits(deletion("c"))
    writer = Thread(target=log.append, args=(deletion("c"),))
    writer.start()
    entries = log.read(after=None, limit=2, timeout_seconds=0)
    assert len(log) == 2
    log.read(after=entries[0].position, limit=1, timeout_seconds=0)
    writer.join(SOON_SECONDS)
    assert not writer.is_alive()
    assert read_all(log, after=entries[0].position) == [deletion("b"), deletion("c")]


def test_a_log_is_full_by_bytes_too_but_takes_one_entry_of_any_size() -> None:
    log = MemoryLog("test", max_bytes=10_000)
    log.append(sighting(50_000))
    assert not log.fits(sighting(1))
    (entry,) = log.read(after=None, limit=1, timeout_seconds=0)
    log.read(after=entry.position, limit=1, timeout_seconds=0)
    assert log.fits(sighting(1))


def test_many_writers_lose_nothing() -> None:
    log = MemoryLog("test", max_entries=5)

    def write(part: int) -> None:
        for number in range(50):
            log.append(deletion(f"{part}-{number}"))

    writers = [Thread(target=write, args=(part,)) for part in range(4)]
    for writer in writers:
        writer.start()
    position: str | None = None
    seen: list[Observation] = []
    while len(seen) < 200:
        entries = log.read(after=position, limit=3, timeout_seconds=SOON_SECONDS)
        assert entries
        seen += [entry.observation for entry in entries]
        position = entries[-1].position
    for writer in writers:
        writer.join(SOON_SECONDS)
    assert len({one.uid for one in seen if isinstance(one, ObjectDeleted)}) == 200
