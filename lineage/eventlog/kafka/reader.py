"""Reading: the partitions that this reader has now, each from where the store says that it was recorded to.

What was committed to Kafka is never read: it is written so that the usual tools can show how far recorders lag.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Final, Self

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition, errors
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

from lineage.errors import InvalidObservation, LogError
from lineage.eventlog.kafka.connection import Access, Topics, connect, describe, refuse
from lineage.eventlog.kafka.topic import Topic, prepare
from lineage.identity import sha256
from lineage.observation import InputUnreadable, Observation, decode, split
from lineage.outage import Outage
from lineage.ports import Entry, Stretch

SOURCE: Final = "kafka"  # what is said to have seen bytes that are no observation
STRETCH_BYTES: Final = 16 * 2**20
GATHER_BYTES: Final = 2 * 2**20
POLL_RECORDS: Final = 50  # of up to a hundred observations each: what is gathered is recorded before others may have it
FETCH_BYTES: Final = 8 * 2**20  # compressed; of objects that is some twenty times as much
PARTITION_FETCH_BYTES: Final = 2 * 2**20
SESSION_SECONDS: Final = 10.0  # until the partitions of a recorder that was killed are given to another
HEARTBEAT_SECONDS: Final = 1.0  # until the others notice that one came or went
SILENCE_SECONDS: Final = 10.0  # until a silent log is asked whether it is there
PROBE_SECONDS: Final = 3.0
RETRY_SECONDS: Final = 0.5
COMMIT_SECONDS: Final = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """What is to be read next: the message at `offset`, behind its first `done` observations."""

    offset: int
    done: int = 0

    def __str__(self) -> str:
        return f"{self.offset}+{self.done}" if self.done else str(self.offset)


@dataclass(slots=True)
class _Part:
    """A partition that is being read. `position` is what the store has, `next` what was not handed out yet."""

    name: str
    position: str | None
    next: Place
    records: deque[Any] = field(default_factory=deque)


@dataclass(frozen=True, slots=True)
class _Session:
    """A consumer, of kafka-python, which has no types; its topic; and where that ends for who reads to the end."""

    consumer: Any
    topics: Topics
    topic: Topic
    partitions: tuple[TopicPartition, ...]
    ends: Mapping[TopicPartition, int]

    @property
    def is_of_the_past(self) -> bool:
        """Whether its topic was made anew."""
        return self.topics.id(self.topic.name) not in (None, self.topic.topic_id)


class KafkaReader:
    """A `LogReader` of a topic. Use it as a context: its end leaves the group, so that others take over at once.

    The readers of one `group` share the partitions: give each store a group of its own. Without a group it has all
    partitions, and reads to where they ended when it began: None is the end then, and nothing before it. `outage` says
    whether brokers are waited for; any thread may ask.
    """

    def __init__(self, access: Access, *, group: str | None) -> None:
        self._access = access
        self._group = group
        self._session: _Session | None = None
        self._assigning = Lock()  # partitions come and go in kafka-python's own thread
        self._unplaced: set[TopicPartition] = set()
        self._parts: dict[TopicPartition, _Part] = {}
        self._unconfirmed: tuple[TopicPartition, str] | None = None
        self._to_commit: dict[TopicPartition, Any] = {}
        self._committed_at = 0.0
        self._heard_at = 0.0
        self.outage = Outage(
            begins="log does not answer, waiting for it",
            ends="log answers again",
            at_first="not reached yet",
            log=access.shown,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._commit()
        self._disconnect()

    # -- the port
    def read(self, recorded: Callable[[str], str | None], *, limit: int, timeout_seconds: float) -> Stretch | None:
        """Read the next entries of one part, as the port says. Brokers that are down are waited for."""
        deadline = monotonic() + timeout_seconds
        while True:
            try:
                session = self._session or self._connect()
                if session.is_of_the_past:
                    log.warning("topic was made anew, and is another log", log=self._access.shown)
                    self._disconnect()
                    continue
                self._take_up_unconfirmed(session)
                self._place(session, recorded)
                if not self._has_records():
                    if self._has_ended(session):
                        return None
                    self._gather(session, limit, deadline)
                if (stretch := self._next(limit)) is not None:
                    return stretch
            except errors.KafkaError as error:
                refuse(error, self._access)
                self.outage.goes_on(describe(error))
                if not isinstance(error, errors.RetriableError):
                    self._disconnect()
                sleep(RETRY_SECONDS)
            if self._group is not None and monotonic() >= deadline and not self._has_records():
                return None

    def confirm(self, part: str, position: str) -> None:
        """Say that a part is recorded up to a position of the stretch that was read last."""
        with self._assigning:
            found = next(((one, known) for one, known in self._parts.items() if known.name == part), None)
            if found is None:
                return  # it was given to another meanwhile
            partition, known = found
            known.position = position
            self._to_commit[partition] = OffsetAndMetadata(parse(position).offset, "", -1)
        if self._unconfirmed == (partition, position):
            self._unconfirmed = None
        if monotonic() - self._committed_at > COMMIT_SECONDS:
            self._commit()

    # -- partitions
    def _place(self, session: _Session, recorded: Callable[[str], str | None]) -> None:
        """Go to where each partition that we were given was recorded to."""
        for partition in self._unplaced.copy():
            name = session.topic.part(partition)
            position = recorded(name)
            place = Place(0) if position is None else parse(position)
            with self._assigning:
                if partition not in self._unplaced:
                    continue  # it was given to another while we asked
                self._unplaced.discard(partition)
                self._parts[partition] = _Part(name, position, place)
                session.consumer.seek(partition, place.offset)
                session.consumer.resume(partition)

    def _take_up_unconfirmed(self, session: _Session) -> None:
        if self._unconfirmed is None:
            return
        partition, _ = self._unconfirmed
        self._unconfirmed = None
        with self._assigning:
            if self._parts.pop(partition, None) is not None:
                session.consumer.pause(partition)
                self._unplaced.add(partition)

    def assigned(self, consumer: Any, partitions: Iterable[TopicPartition]) -> None:
        """Take partitions; called by kafka-python. Nothing of them is fetched before they are placed."""
        with self._assigning:
            for partition in partitions:
                self._parts.pop(partition, None)
                self._unplaced.add(partition)
                consumer.pause(partition)
                consumer.seek(partition, 0)  # any place, so that Kafka's own is not asked for

    def revoked(self, partitions: Iterable[TopicPartition]) -> None:
        """Give partitions up; called by kafka-python. What is being recorded of them, the store refuses or takes."""
        with self._assigning:
            for partition in partitions:
                self._parts.pop(partition, None)
                self._unplaced.discard(partition)
                self._to_commit.pop(partition, None)

    # -- records
    def _has_records(self) -> bool:
        with self._assigning:
            return any(part.records for part in self._parts.values())

    def _gather(self, session: _Session, limit: int, deadline: float) -> None:
        """Wait for messages, and take what else is there, as far as it makes a batch."""
        wait = deadline - monotonic() if self._group is not None else SILENCE_SECONDS
        count, size = 0, 0
        while count < limit and size < GATHER_BYTES:
            polled = session.consumer.poll(timeout_ms=round(1000 * max(0.0, wait)), max_records=POLL_RECORDS)
            if not polled:
                break
            with self._assigning:
                for partition, records in polled.items():
                    if (part := self._parts.get(partition)) is not None:
                        part.records.extend(records)
                        count += len(records)
                        size += sum(len(record.value or b"") for record in records)
            wait = 0.0
        if count:
            self._has_answered()
        elif monotonic() - self._heard_at > SILENCE_SECONDS:  # is it silent, or not there?
            # Not for where it ends: kafka-python stumbles over that where there are fewer partitions than before.
            begins = dict.fromkeys(session.partitions, 0)
            session.consumer.offsets_for_times(begins, timeout_ms=round(1000 * PROBE_SECONDS))
            self._has_answered()

    def _next(self, limit: int) -> Stretch | None:
        """Take a stretch from what was gathered, from each partition in its turn."""
        with self._assigning:
            partition = next((one for one, part in self._parts.items() if part.records), None)
            if partition is None:
                return None
            part = self._parts[partition] = self._parts.pop(partition)  # now the last in turn
        entries, size = list[Entry](), 0
        while part.records and len(entries) < limit and size < STRETCH_BYTES:
            record = part.records.popleft()
            size += len(record.value or b"")
            entries += entries_of(record, part.name, part.next)
            part.next = Place(record.offset + 1)
        if not entries:  # messages of nothing
            return None
        self._unconfirmed = (partition, entries[-1].position)
        return Stretch(part=part.name, after=part.position, entries=entries)

    def _has_ended(self, session: _Session) -> bool:
        if self._group is not None:
            return False
        return all(self._parts[partition].next.offset >= end for partition, end in session.ends.items())

    # -- the brokers
    def _connect(self) -> _Session:
        topic = prepare(self._access)
        partitions = tuple(TopicPartition(topic.name, number) for number in range(topic.partitions))
        made: tuple[Any, Topics] = connect(
            KafkaConsumer,
            self._access,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            partition_assignment_strategy=[CooperativeStickyAssignor],
            session_timeout_ms=round(1000 * SESSION_SECONDS),
            heartbeat_interval_ms=round(1000 * HEARTBEAT_SECONDS),
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
        )
        consumer, topics = made
        ends: Mapping[TopicPartition, int] = {}
        try:
            if self._group is not None:
                # Who leads a group gives nobody a topic of which it has not heard yet, and hears of it a minute later.
                consumer.partitions_for_topic(topic.name)
                consumer.subscribe([topic.name], listener=_Listener(self, consumer))
            else:
                begins, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
                ends = {one: end for one, end in ends.items() if end > begins[one]}
                consumer.assign(partitions)
                self.assigned(consumer, partitions)
        except errors.KafkaError:
            consumer.close(timeout_ms=0)
            raise
        self._session = _Session(consumer, topics, topic, partitions, ends)
        self._has_answered()
        return self._session

    def _disconnect(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.consumer.close(timeout_ms=round(1000 * PROBE_SECONDS))
        with self._assigning:
            self._parts.clear()
            self._unplaced.clear()
        self._unconfirmed = None

    def _commit(self) -> None:
        offsets, self._to_commit = self._to_commit, {}
        self._committed_at = monotonic()
        if offsets and self._group is not None and self._session is not None:
            self._session.consumer.commit_async(offsets)

    def _has_answered(self) -> None:
        self._heard_at = monotonic()
        self.outage.is_over()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Tells a reader which partitions it has."""

    def __init__(self, reader: KafkaReader, consumer: Any) -> None:
        self._reader = reader
        self._consumer = consumer

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        log.info("partitions taken", partitions=sorted(one.partition for one in assigned))
        self._reader.assigned(self._consumer, assigned)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        log.info("partitions given up", partitions=sorted(one.partition for one in revoked))
        self._reader.revoked(revoked)


# ------------------------------------------------------------------------------------------ pure
def parse(position: str) -> Place:
    """Read a position.

    Raises:
        LogError: it is none of this log.
    """
    offset, _, done = position.partition("+")
    if not (offset.isdecimal() and (done or "0").isdecimal()):
        raise LogError(f"{position!r} is no position of a log in Kafka")
    return Place(int(offset), int(done or 0))


def entries_of(record: Any, part: str, expected: Place) -> list[Entry]:
    """Read a message. What is no observation, and what was deleted before it was read, is an entry too."""
    entries: list[Entry] = []
    if record.offset > expected.offset > 0:
        reason = (
            f"{part}: messages {expected.offset} to {record.offset - 1} were deleted from the topic before they were "
            "recorded: retention.ms is shorter than recorders were away"
        )
        entries.append(Entry(position=str(record.offset), observation=_unreadable(record, reason, b"")))
    value: bytes = record.value or b""
    try:
        parts = split(value)
    except InvalidObservation as error:
        reason = f"{part}, offset {record.offset}: {error}"
        return [*entries, Entry(position=str(record.offset + 1), observation=_unreadable(record, reason, value))]
    done = expected.done if record.offset == expected.offset else 0
    for number, data in enumerate(parts[done:], start=done + 1):
        place = Place(record.offset, number) if number < len(parts) else Place(record.offset + 1)
        entries.append(Entry(position=str(place), observation=_observation(record, part, number, data)))
    return entries


def _observation(record: Any, part: str, number: int, data: bytes) -> Observation:
    try:
        return decode(data)
    except InvalidObservation as error:
        return _unreadable(record, f"{part}, offset {record.offset}, observation {number}: {error}", data)


def _unreadable(record: Any, reason: str, data: bytes) -> InputUnreadable:
    return InputUnreadable(
        source=SOURCE,
        cluster="",
        seen_at=datetime.fromtimestamp(max(0, record.timestamp) / 1000, UTC),
        reason=reason,
        size_bytes=len(data),
        digest=sha256(data),
    )
