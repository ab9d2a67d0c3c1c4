"""Writing: what watchers append waits in memory until the brokers have it, for as long as that takes.

A thread of its own sends everything that waits, and waits for the answer, before it takes what came meanwhile. So
where observations come fast they travel many to a message, and where they come slowly none waits for another.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Any, Final, Self
from zlib import crc32

from kafka import KafkaProducer, errors

from lineage.errors import LogError
from lineage.eventlog.kafka.connection import Access, Topics, connect, describe
from lineage.identity import sha256
from lineage.observation import InputUnreadable, Observation, decode, encode, join, root
from lineage.outage import Outage

MAX_ENTRIES: Final = 10_000  # as the log in memory
MAX_BYTES: Final = 64 * 2**20
ROUND_ENTRIES: Final = 2_000  # observations that are sent and waited for together
ROUND_BYTES: Final = 8 * 2**20
MESSAGE_ENTRIES: Final = 100  # observations in a message: at ten the brokers' part of the work is a tenth already
MESSAGE_BYTES: Final = 512 * 1024
REQUEST_BYTES: Final = 2**30  # no limit: that of the topic is on compressed bytes, and only the brokers know it
BATCH_BYTES: Final = 2**20
DELIVERY_SECONDS: Final = 15.0  # until a round is taken for lost and sent again; what arrives twice does no harm
REQUEST_SECONDS: Final = 10.0
FIRST_BACKOFF_SECONDS: Final = 0.2
LAST_BACKOFF_SECONDS: Final = 5.0
CLOSING_SECONDS: Final = 20.0

_TOO_LARGE: Final = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An observation in its form on the wire. What belongs together has one `hash`."""

    data: bytes
    hash: int


@dataclass(frozen=True, slots=True)
class Message:
    """Observations of one partition, in their order."""

    partition: int
    parts: tuple[Waiting, ...]


class _MadeAnew(Exception):
    """The topic is another one than before."""


class KafkaWriter:
    """A `LogWriter` to a topic that is there. Use it as a context: within it, what is appended is sent.

    Holds at most `max_entries` and about `max_bytes`, but always at least one; brokers that are down are waited for,
    and a full writer makes its watchers wait. The end of the context waits up to `closing_seconds` for what is left.
    `outage` says whether brokers are waited for; any thread may ask. Where the topic is made anew, writing ends
    (`why_ended`): what the old one held may not have been recorded, so all that there is has to be seen again.
    """

    def __init__(
        self,
        access: Access,
        *,
        max_entries: int = MAX_ENTRIES,
        max_bytes: int = MAX_BYTES,
        closing_seconds: float = CLOSING_SECONDS,
    ) -> None:
        self._access = access
        self._closing_seconds = closing_seconds
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        self._changed = Condition()
        self._closing = False
        self._given_up = Event()
        self._thread = Thread(target=self._send_all, name="kafka writer", daemon=True)
        self._producer: Any = None  # of kafka-python, which has no types
        self._topics: Topics | None = None
        self._topic_id: str | None = None
        self.why_ended = "it was closed"
        self.outage = Outage(
            begins="log does not take what was seen, waiting for it",
            ends="log takes what was seen again",
            log=access.shown,
        )

    def __len__(self) -> int:
        """Count what the brokers have not confirmed yet."""
        with self._changed:
            return len(self._waiting)

    @property
    def is_sending(self) -> bool:
        """Whether what is appended is sent: not before the context and not after it."""
        return self._thread.is_alive()

    def append(self, observation: Observation) -> None:
        """Add an observation; wait while the writer is full.

        Raises:
            LogError: the writer was closed meanwhile.
        """
        waiting = Waiting(encode(observation), crc32(root(observation).encode(errors="replace")))
        size = len(waiting.data)
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._fits(size))
            if self._closing:
                raise LogError(f"nothing is written to {self._access.shown} any more: {self.why_ended}")
            self._waiting.append(waiting)
            self._bytes += size
            self._changed.notify_all()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Send what is left, and end.

        Raises:
            LogError: some of it was not taken in time.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(self._closing_seconds)
        self._given_up.set()
        self._thread.join()
        if (left := len(self)) and error is None:
            raise LogError(f"{left} observations were not taken by {self._access.shown}; they are seen again next time")

    def _fits(self, size: int) -> bool:
        return not self._waiting or (len(self._waiting) < self._max_entries and self._bytes + size <= self._max_bytes)

    # -- the thread
    def _send_all(self) -> None:
        try:
            while (taken := self._take()) and self._deliver(taken):
                with self._changed:
                    for _ in taken:
                        self._bytes -= len(self._waiting.popleft().data)
                    self._changed.notify_all()
        except _MadeAnew:
            self.why_ended = "the topic was made anew, and what the old one held may not have been recorded"
        finally:
            with self._changed:
                self._closing = True  # whoever appends is told so, and does not wait for ever
                self._changed.notify_all()
            self._drop_producer()

    def _take(self) -> Sequence[Waiting]:
        """Wait for something to send; nothing is left where the writer is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            return first_of(self._waiting)

    def _deliver(self, waiting: Sequence[Waiting]) -> bool:
        """Send until the brokers have it all; False if that was given up."""
        backoff = FIRST_BACKOFF_SECONDS
        rounds: list[list[Message]] | None = None  # the last is the next
        while rounds is None or rounds:
            try:
                producer = self._connected()
                partitions = producer.partitions_for(self._access.topic)
                self._refuse_another_topic()
                rounds = rounds or [pack(waiting, len(partitions))]
                rounds[-1:] = self._send(producer, rounds[-1])
                backoff = FIRST_BACKOFF_SECONDS
            except (errors.KafkaError, LogError) as error:
                self.outage.goes_on(describe(error) if isinstance(error, errors.KafkaError) else str(error))
                self._drop_producer()
                rounds = None  # there may be other partitions now; what was taken already does no harm again
                if self._given_up.wait(backoff):
                    return False
                backoff = min(2 * backoff, LAST_BACKOFF_SECONDS)
        self.outage.is_over()
        return True

    def _send(self, producer: Any, messages: Sequence[Message]) -> list[list[Message]]:
        """Send messages and wait for the answers. Returns what is to be sent instead, where one is too large.

        Raises:
            KafkaError: one was not taken: all are to be sent again.
            LogError: as `smaller`.
        """
        try:
            answers = [
                producer.send(
                    self._access.topic, value=join([one.data for one in message.parts]), partition=message.partition
                )
                for message in messages
            ]
            for answer in answers:
                answer.get(timeout=DELIVERY_SECONDS + REQUEST_SECONDS)
        except ValueError as error:  # the partition is gone
            raise errors.UnknownTopicOrPartitionError(str(error)) from error
        except _TOO_LARGE as error:
            self._drop_producer()  # which takes nothing more once it was refused something
            return smaller(messages, describe(error))
        return []

    def _refuse_another_topic(self) -> None:
        found = self._topics.id(self._access.topic) if self._topics else None
        self._topic_id = self._topic_id or found
        if found not in (None, self._topic_id):
            raise _MadeAnew

    def _connected(self) -> Any:
        if self._producer is None:
            self._producer, self._topics = connect(
                KafkaProducer,
                self._access,
                acks="all",
                enable_idempotence=True,
                compression_type="zstd",
                allow_auto_create_topics=False,
                batch_size=BATCH_BYTES,
                max_request_size=REQUEST_BYTES,
                max_block_ms=round(1000 * REQUEST_SECONDS),
                request_timeout_ms=round(1000 * REQUEST_SECONDS),
                delivery_timeout_ms=round(1000 * DELIVERY_SECONDS),
            )
        return self._producer

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            # To close it is to wait for answers first, and to raise where none come. Nobody needs them any more.
            producer._sender.force_close()
            producer._sender.join(REQUEST_SECONDS)
            producer.close(timeout=0)


# ------------------------------------------------------------------------------------------ pure
def first_of(waiting: deque[Waiting]) -> Sequence[Waiting]:
    """Choose what is sent in one round: the first, and what follows it within the bounds."""
    chosen, size = 0, 0
    for one in islice(waiting, ROUND_ENTRIES):
        size += len(one.data)
        if chosen and size > ROUND_BYTES:
            break
        chosen += 1
    return list(islice(waiting, chosen))


def pack(waiting: Sequence[Waiting], partitions: int) -> list[Message]:
    """Make messages, of which each keeps to one partition and to the bounds, in the order of their first parts."""
    open_messages: dict[int, list[Waiting]] = {}
    sizes: dict[int, int] = {}
    done: list[tuple[int, list[Waiting]]] = []
    for one in waiting:
        partition = one.hash % partitions
        parts = open_messages.get(partition)
        size = sizes.get(partition, 0) + len(one.data)
        if parts is None or len(parts) >= MESSAGE_ENTRIES or size > MESSAGE_BYTES:
            parts = open_messages[partition] = []
            done.append((partition, parts))
            size = len(one.data)
        parts.append(one)
        sizes[partition] = size
    return [Message(partition, tuple(parts)) for partition, parts in done]


def smaller(messages: Sequence[Message], reason: str) -> list[list[Message]]:
    """Say what is sent instead of messages of which one is too large, the last first: each message by itself, each of
    its observations by itself, and at last that an object was too large.

    Raises:
        LogError: not even that is small enough.
    """
    if len(messages) > 1:
        return [[message] for message in reversed(messages)]
    (message,) = messages
    if len(message.parts) > 1:
        return [[replace(message, parts=(part,))] for part in reversed(message.parts)]
    (part,) = message.parts
    refused = decode(part.data)
    if isinstance(refused, InputUnreadable):
        raise LogError(f"not even that an object was too large can be said: {reason}")
    stands_for = InputUnreadable(
        source=refused.source,
        cluster=refused.cluster,
        seen_at=refused.seen_at,
        reason=f"it has {len(part.data)} bytes, and the log does not take it: {reason}",
        size_bytes=len(part.data),
        digest=sha256(part.data),
    )
    return [[replace(message, parts=(replace(part, data=encode(stands_for)),))]]
