"""What every event log promises, on each: nothing is lost, what belongs together keeps its order, and what is not
confirmed is read again."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from threading import Thread
from time import monotonic
from typing import NamedTuple

import pytest

from lineage.eventlog.kafka import KafkaReader, KafkaWriter, access_of
from lineage.eventlog.memory import MemoryLog
from lineage.evidence import Look
from lineage.model import ArtifactState
from lineage.observation import (
    InputUnreadable,
    LocationLooked,
    ObjectDeleted,
    ObjectSeen,
    Observation,
    ResourceListed,
    SourceReported,
)
from lineage.ports import LogReader, LogWriter, Stretch
from lineage.recorder import Recorder
from tests.fakes import FakeStore
from tests.kafka_server import KafkaServer
from tests.waiting import DEADLINE_SECONDS

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Log(NamedTuple):
    """A log under test. Each call of `reader` is as if the recorder had begun anew; in memory there is only one."""

    writer: LogWriter
    reader: Callable[[], LogReader]


@pytest.fixture(params=["memory", "Kafka"])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    if request.param == "memory":
        memory = MemoryLog("test", max_entries=100)
        yield Log(memory, lambda: memory)
        return
    server: KafkaServer = request.getfixturevalue("kafka")
    access = access_of(f"kafka://{server.bootstrap}/{server.new_topic()}")
    with ExitStack() as readers, KafkaWriter(access, max_entries=100) as writer:

        def reader() -> LogReader:
            readers.close()
            return readers.enter_context(KafkaReader(access, group=access.topic))

        yield Log(writer, reader)


class Positions:
    """What a store knows of positions."""

    def __init__(self) -> None:
        self.of: dict[str, str | None] = {}
        self.asked = 0

    def __call__(self, part: str) -> str | None:
        self.asked += 1
        return self.of.get(part)

    def commit(self, stretch: Stretch, entries: int | None = None) -> str:
        """Record a stretch, or the first few of its entries."""
        assert self.of.get(stretch.part) == stretch.after
        self.of[stretch.part] = position = stretch.entries[(entries or len(stretch.entries)) - 1].position
        return position


def sighting(version: int, uid: str = "u") -> ObjectSeen:
    body = b'{"metadata":{"uid":"%s","resourceVersion":"%d"}}' % (uid.encode(), version)
    return ObjectSeen(source="pod", cluster="test", seen_at=NOON, body=body, key_id="key")


def next_stretch(reader: LogReader, positions: Positions, *, limit: int = 100) -> Stretch:
    deadline = monotonic() + DEADLINE_SECONDS
    while (stretch := reader.read(positions, limit=limit, timeout_seconds=0.5)) is None:
        assert monotonic() < deadline, "there was nothing to read"
    return stretch


def observations(stretch: Stretch) -> Sequence[Observation]:
    return [entry.observation for entry in stretch.entries]


def record(reader: LogReader, positions: Positions, count: int, *, limit: int = 100) -> list[Observation]:
    """Read and confirm until so many observations came."""
    found: list[Observation] = []
    while len(found) < count:
        stretch = next_stretch(reader, positions, limit=limit)
        found += observations(stretch)
        reader.confirm(stretch.part, positions.commit(stretch))
    return found


def append(log: Log, *seen: Observation) -> None:
    for one in seen:
        log.writer.append(one)


def test_views_of_one_object_come_out_in_the_order_in_which_they_went_in(log: Log) -> None:
    seen = [sighting(version) for version in range(50)]
    append(log, *seen)
    assert record(log.reader(), Positions(), 50, limit=7) == seen


def test_whatever_was_observed_comes_out_as_it_went_in(log: Log) -> None:
    seen: list[Observation] = [
        ObjectSeen(source="pod", cluster="test", seen_at=NOON, body=b"\xff no JSON", key_id="key", place="a.json:1"),
        ObjectDeleted(source="pod", cluster="test", seen_at=NOON, uid="u"),
        ResourceListed(
            source="pod", cluster="t", seen_at=NOON, resource="pods", namespace="*", resource_version="7", uids=("u",)
        ),
        LocationLooked(
            source="bucket",
            cluster="t",
            seen_at=NOON,
            store="",
            uri="s3://b/k",
            look=Look(
                state=ArtifactState.PRESENT, size_bytes=7, modified_at=NOON, etag="e", version="v", checksums=("a:b",)
            ),
        ),
        LocationLooked(
            source="bucket",
            cluster="t",
            seen_at=NOON,
            store="",
            uri="s3://b/k",
            look=Look(state=ArtifactState.UNVERIFIED, reason="nobody answers"),
        ),
        SourceReported(
            source="pod", cluster="t", seen_at=NOON, resource="pods", namespace="*", state="SYNCED", message="é\u0000"
        ),
        InputUnreadable(source="x", cluster="t", seen_at=NOON, reason="no JSON", size_bytes=7, digest="sha256:00"),
    ]
    append(log, *seen)
    assert sorted(map(repr, record(log.reader(), Positions(), len(seen)))) == sorted(map(repr, seen))


def test_what_was_not_confirmed_is_read_again(log: Log) -> None:
    append(log, sighting(1))
    reader, positions = log.reader(), Positions()
    first = next_stretch(reader, positions)
    assert next_stretch(reader, positions) == first


def test_what_was_confirmed_is_not_read_again_and_the_store_not_asked_again(log: Log) -> None:
    append(log, sighting(1))
    reader, positions = log.reader(), Positions()
    record(reader, positions, 1)
    asked = positions.asked
    append(log, sighting(2))
    assert record(reader, positions, 1) == [sighting(2)]
    assert positions.asked == asked


def test_a_stretch_that_was_recorded_in_part_is_read_again_from_there(log: Log) -> None:
    append(log, *map(sighting, range(5)))
    reader, positions = log.reader(), Positions()
    stretch = next_stretch(reader, positions)
    while len(stretch.entries) < 2:  # not all had arrived yet
        stretch = next_stretch(reader, positions)
    reader.confirm(stretch.part, positions.commit(stretch, entries=1))
    rest = record(reader, positions, 4)
    assert rest == [sighting(version) for version in range(1, 5)]


def test_a_recorder_that_begins_anew_goes_on_where_the_store_is(log: Log) -> None:
    append(log, *map(sighting, range(10)))
    positions = Positions()
    first = record(log.reader(), positions, 4, limit=2)
    rest = record(log.reader(), positions, 10 - len(first))
    assert first + rest == [sighting(version) for version in range(10)]


def test_what_another_recorder_recorded_meanwhile_is_passed_over(log: Log) -> None:
    append(log, *map(sighting, range(3)))
    reader, positions = log.reader(), Positions()
    stretch = next_stretch(reader, positions)
    while len(stretch.entries) < 3:
        stretch = next_stretch(reader, positions)
    positions.of[stretch.part] = stretch.entries[1].position
    assert observations(next_stretch(reader, positions)) == [sighting(2)]


def test_reading_waits_for_the_first_entry(log: Log) -> None:
    reader, positions = log.reader(), Positions()
    assert reader.read(positions, limit=1, timeout_seconds=0.01) is None
    writer = Thread(target=log.writer.append, args=(sighting(1),))
    writer.start()
    assert observations(next_stretch(reader, positions)) == [sighting(1)]
    writer.join()


def test_reading_a_silent_log_ends_in_its_time(log: Log) -> None:
    reader, positions = log.reader(), Positions()
    append(log, sighting(1))
    record(reader, positions, 1)
    began = monotonic()
    assert reader.read(positions, limit=1, timeout_seconds=0.2) is None
    assert 0.15 < monotonic() - began < DEADLINE_SECONDS


def test_many_writers_lose_nothing_though_the_log_is_full_all_the_time(log: Log) -> None:
    def write(part: int) -> None:
        append(log, *(sighting(number, uid=f"u{part}") for number in range(300)))

    writers = [Thread(target=write, args=(part,)) for part in range(4)]
    for writer in writers:
        writer.start()
    found = record(log.reader(), Positions(), 1200, limit=30)
    for writer in writers:
        writer.join(DEADLINE_SECONDS)
    expected = [sighting(number, uid=f"u{part}") for part in range(4) for number in range(300)]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


def test_a_recorder_keeps_the_position_of_each_part_with_its_facts(log: Log) -> None:
    store = FakeStore()
    reader = log.reader()
    recorder = Recorder(reader, store, lambda _seen: [], key_ids=["key"], clock=lambda: NOON)
    append(log, *(sighting(number, uid=f"u{number}") for number in range(40)))
    deadline, seen = monotonic() + DEADLINE_SECONDS, 0
    while seen < 40:
        assert monotonic() < deadline
        outcome = recorder.record_available(timeout_seconds=0.5)
        seen += outcome.objects if outcome else 0
    assert seen == 40
    positions = Positions()
    positions.of = dict(store.positions)
    append(log, sighting(41))
    assert record(log.reader(), positions, 1) == [sighting(41)]
