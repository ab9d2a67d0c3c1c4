"""Kafka as the event log, with a real broker: what is no observation, what is too large, what is gone, and brokers that
are killed."""

import random
import zlib
from contextlib import ExitStack
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from lineage.errors import InvalidSettings, LogError
from lineage.eventlog.kafka import Access, KafkaReader, KafkaWriter, access_of, find, prepare
from lineage.eventlog.kafka.topic import PARTITIONS
from lineage.observation import InputUnreadable, ObjectSeen, Observation, encode, join
from lineage.ports import Stretch
from tests.kafka_server import KafkaServer
from tests.waiting import DEADLINE_SECONDS, comes_true

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MEBIBYTE = 2**20


@pytest.fixture
def access(kafka: KafkaServer) -> Access:
    return access_of(f"kafka://{kafka.bootstrap}/{kafka.new_topic()}")


def sighting(uid: str, data: bytes = b"") -> ObjectSeen:
    body = b'{"metadata":{"uid":"%s"},"data":"%s"}' % (uid.encode(), data)
    return ObjectSeen(source="pod", cluster="test", seen_at=NOON, body=body, key_id="key")


class Store:
    """What a store knows of positions, and all that was recorded. Several readers may use it at a time."""

    def __init__(self) -> None:
        self._moving = Lock()
        self.positions: dict[str, str] = {}
        self.seen: list[Observation] = []

    def record(self, reader: KafkaReader) -> bool:
        """Record one stretch; say whether there was one."""
        stretch = reader.read(self.positions.get, limit=100, timeout_seconds=0.2)
        if stretch is None:
            return False
        if self.take(stretch):
            reader.confirm(stretch.part, stretch.entries[-1].position)
        return True

    def take(self, stretch: Stretch) -> bool:
        """Record a stretch by compare-and-set."""
        with self._moving:
            if self.positions.get(stretch.part) != stretch.after:
                return False
            self.positions[stretch.part] = stretch.entries[-1].position
            self.seen += [entry.observation for entry in stretch.entries]
            return True

    def record_until(self, reader: KafkaReader, count: int) -> list[Observation]:
        deadline = monotonic() + DEADLINE_SECONDS
        while len(self.seen) < count:
            assert monotonic() < deadline, f"{len(self.seen)} of {count} came"
            self.record(reader)
        return self.seen


def write(access: Access, *seen: Observation) -> None:
    with KafkaWriter(access) as writer:
        for one in seen:
            writer.append(one)


def produce(access: Access, *values: bytes | None, partition: int = 0) -> None:
    """Write bytes that no watcher wrote."""
    with KafkaProducer(bootstrap_servers=list(access.servers), compression_type="zstd") as producer:
        for sent in [producer.send(access.topic, key=b"key", value=value, partition=partition) for value in values]:
            sent.get(DEADLINE_SECONDS)


def admin(access: Access) -> Any:
    return KafkaAdminClient(bootstrap_servers=list(access.servers))


def uids(seen: list[Observation]) -> list[str]:
    return sorted(one.object()["metadata"]["uid"] for one in seen if isinstance(one, ObjectSeen))


# ------------------------------------------------------------------------------------------ what is no observation
def test_bytes_that_are_no_observation_are_set_aside_with_their_place_and_block_nothing(access: Access) -> None:
    prepare(access)
    later = b"\x82\xa4type\xa6dreamt\xa3uid\xa1x"
    produce(access, b"", None, b"\xff\x00", b'{"type":"object"}', join([later, encode(sighting("a"))]))
    with KafkaReader(access, group=access.topic) as reader:
        seen = Store().record_until(reader, 6)
    refused = [one for one in seen if isinstance(one, InputUnreadable)]
    assert uids(seen) == ["a"]
    assert [one.size_bytes for one in refused] == [0, 0, 2, 17, len(later)]
    assert all(f"/0, offset {offset}" in one.reason for offset, one in enumerate(refused))
    assert "observation 1: " in refused[-1].reason


def test_a_message_of_nothing_is_passed_over(access: Access) -> None:
    prepare(access)
    produce(access, join([]), join([encode(sighting("a"))]))
    with KafkaReader(access, group=access.topic) as reader:
        assert uids(Store().record_until(reader, 1)) == ["a"]


# ------------------------------------------------------------------------------------------ sizes
def test_objects_pass_that_are_as_large_as_etcd_allows_and_unpack_to_twenty_times_as_much(access: Access) -> None:
    incompressible = random.Random(7).randbytes(MEBIBYTE).hex().encode()[: 3 * MEBIBYTE // 2]
    unpacked = b"".join(b"node-%07d " % number for number in range(2 * MEBIBYTE))
    seen = [sighting("dense", incompressible), sighting("long", unpacked)]
    assert len(zlib.compress(unpacked)) > MEBIBYTE
    prepare(access)
    write(access, *seen)
    with KafkaReader(access, group=access.topic) as reader:
        assert sorted(map(repr, Store().record_until(reader, 2))) == sorted(map(repr, seen))


def test_an_object_that_the_topic_refuses_is_set_aside_and_what_was_sent_with_it_is_not(access: Access) -> None:
    with admin(access) as brokers:
        topic = {"num_partitions": 1, "replication_factor": 1, "configs": {"max.message.bytes": "20000"}}
        brokers.create_topics({access.topic: topic})
    large = sighting("large", random.Random(7).randbytes(30_000).hex().encode())
    write(access, sighting("a"), large, sighting("b"))
    with KafkaReader(access, group=access.topic) as reader:
        seen = Store().record_until(reader, 3)
    (refused,) = [one for one in seen if isinstance(one, InputUnreadable)]
    assert uids(seen) == ["a", "b"]
    assert refused.size_bytes == len(encode(large))
    assert "the log does not take it" in refused.reason


def test_observations_that_come_fast_travel_together(access: Access) -> None:
    topic = prepare(access)
    write(access, *(sighting(f"u{number}") for number in range(3000)))
    store = Store()
    with KafkaReader(access, group=None) as reader:
        while store.record(reader):
            pass
    assert len(store.seen) == 3000
    assert len(store.positions) == PARTITIONS == topic.partitions
    assert sum(int(position) for position in store.positions.values()) < 300  # messages


# ------------------------------------------------------------------------------------------ reading to the end
def test_without_a_group_all_is_read_to_where_the_log_ended_and_no_further(access: Access) -> None:
    prepare(access)
    write(access, *(sighting(f"u{number}") for number in range(50)))
    store = Store()
    with KafkaReader(access, group=None) as reader:
        assert store.record(reader)
        write(access, *(sighting(f"v{number}") for number in range(5)))
        while store.record(reader):
            pass
    assert uids(store.seen) == sorted(f"u{number}" for number in range(50))


def test_an_empty_log_ends_at_once(access: Access) -> None:
    with KafkaReader(access, group=None) as reader:
        assert reader.read(lambda _part: None, limit=1, timeout_seconds=0) is None


# ------------------------------------------------------------------------------------------ what is gone
def test_what_was_deleted_before_it_was_recorded_is_said(access: Access) -> None:
    prepare(access)
    store = Store()
    produce(access, *(join([encode(sighting(f"u{number}"))]) for number in range(10)))
    with KafkaReader(access, group=None) as reader:
        store.take(reader.read(store.positions.get, limit=3, timeout_seconds=0.2))  # type: ignore[arg-type]
    with admin(access) as brokers:
        brokers.delete_records({TopicPartition(access.topic, 0): 8})
    with KafkaReader(access, group=access.topic) as reader:
        seen = store.record_until(reader, 6)
    (gap,) = [one for one in seen if isinstance(one, InputUnreadable)]
    assert "messages 3 to 7 were deleted from the topic before they were recorded" in gap.reason
    assert uids(seen) == ["u0", "u1", "u2", "u8", "u9"]


def test_a_topic_that_was_made_anew_is_another_log(access: Access) -> None:
    before = prepare(access)
    with admin(access) as brokers:
        brokers.delete_topics([access.topic])
    assert comes_true(lambda: prepare(access).topic_id != before.topic_id)
    partition = TopicPartition(access.topic, 0)
    assert prepare(access).part(partition) != before.part(partition)


def make_anew(access: Access, *, partitions: int) -> None:
    """Delete a topic, and make another one under its name."""
    with admin(access) as brokers:
        brokers.delete_topics([access.topic])
        assert comes_true(lambda: access.topic not in brokers.list_topics())
        brokers.create_topics({access.topic: {"num_partitions": partitions, "replication_factor": 1}})


def test_who_reads_when_a_topic_is_made_anew_goes_on_with_the_new_one_from_its_beginning(access: Access) -> None:
    prepare(access)
    store = Store()
    write(access, *(sighting(f"u{number}") for number in range(20)))
    with KafkaReader(access, group=access.topic) as reader:
        store.record_until(reader, 20)
        make_anew(access, partitions=2)
        write(access, *(sighting(f"v{number}") for number in range(40)))
        assert uids(store.record_until(reader, 60)) == sorted(
            [f"u{number}" for number in range(20)] + [f"v{number}" for number in range(40)]
        )
    assert len({part.rpartition("/")[0] for part in store.positions}) == 2


def test_who_writes_when_a_topic_is_made_anew_is_told_to_see_everything_again(access: Access) -> None:
    prepare(access)

    def write_on() -> None:
        with KafkaWriter(access) as writer:
            writer.append(sighting("a"))
            assert comes_true(lambda: len(writer) == 0)
            make_anew(access, partitions=1)
            while True:
                writer.append(sighting("b"))
                assert comes_true(lambda: len(writer) == 0 or not writer.is_sending)

    with pytest.raises(LogError, match="the topic was made anew"):
        write_on()


# ------------------------------------------------------------------------------------------ the topic
def test_a_topic_is_made_once_however_many_try(access: Access) -> None:
    found: list[Any] = []
    threads = [Thread(target=lambda: found.append(prepare(access))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_compacted_topic_is_refused_with_what_would_help(access: Access) -> None:
    with admin(access) as brokers:
        topic = {"num_partitions": 1, "replication_factor": 1, "configs": {"cleanup.policy": "compact"}}
        brokers.create_topics({access.topic: topic})
    with pytest.raises(LogError, match=r"set cleanup\.policy=delete"):
        prepare(access)


@pytest.mark.parametrize(
    "url", ["kafka://", "kafka://host", "kafka:///topic", "amqp://host/topic", "kafka://host/a/b", "kafka://u:p@host/t"]
)
def test_a_url_that_names_no_topic_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettings, match="kafka://HOST:PORT/TOPIC"):
        access_of(url)


# ------------------------------------------------------------------------------------------ nobody answers
NOWHERE = access_of("kafka://127.0.0.1:1/topic")


def test_a_log_out_of_reach_is_waited_for_until_stopped() -> None:
    stop = Event()
    waiting = Thread(target=find, args=(NOWHERE, stop))
    waiting.start()
    assert waiting.is_alive()
    stop.set()
    waiting.join(DEADLINE_SECONDS)
    assert not waiting.is_alive()


def test_reading_a_log_out_of_reach_gives_nothing() -> None:
    with KafkaReader(NOWHERE, group="group") as reader:
        assert reader.read(lambda _part: None, limit=1, timeout_seconds=0) is None


def test_what_the_log_did_not_take_in_time_is_counted_at_the_end() -> None:
    writer = KafkaWriter(NOWHERE, closing_seconds=0.1)
    writer.append(sighting("a"))
    writer.append(sighting("b"))
    writer.__enter__()
    with pytest.raises(LogError, match="2 observations were not taken"):
        writer.__exit__(None, None, None)


def test_a_writer_that_is_closed_lets_nobody_wait() -> None:
    refused: list[LogError] = []

    def append() -> None:
        try:
            for number in range(3):
                writer.append(sighting(str(number)))
        except LogError as error:
            refused.append(error)

    writer = KafkaWriter(NOWHERE, max_entries=2, closing_seconds=0.1).__enter__()
    waiting = Thread(target=append)
    waiting.start()
    assert comes_true(lambda: len(writer) == 2)
    with pytest.raises(LogError):
        writer.__exit__(None, None, None)
    waiting.join(DEADLINE_SECONDS)
    assert len(refused) == 1
    assert not writer.is_sending


def test_a_broker_that_is_killed_costs_nothing_and_is_waited_for(own_kafka: KafkaServer) -> None:
    access = access_of(f"kafka://{own_kafka.bootstrap}/{own_kafka.new_topic()}")
    prepare(access)
    store = Store()
    with ExitStack() as open_until_the_end:
        writer = open_until_the_end.enter_context(KafkaWriter(access, max_entries=50))
        reader = open_until_the_end.enter_context(KafkaReader(access, group="group"))

        def append() -> None:
            for number in range(300):
                writer.append(sighting(f"u{number}"))

        for number in range(20):
            writer.append(sighting(f"v{number}"))
        store.record_until(reader, 20)
        own_kafka.kill()
        filling = Thread(target=append)
        filling.start()
        assert comes_true(lambda: len(writer) == 50)  # full: whoever appends waits
        store.record(reader)
        own_kafka.start()
        deadline = monotonic() + 2 * DEADLINE_SECONDS
        expected = sorted([f"u{number}" for number in range(300)] + [f"v{number}" for number in range(20)])
        while sorted(set(uids(store.seen))) != expected:
            assert monotonic() < deadline
            store.record(reader)
        filling.join(DEADLINE_SECONDS)


def test_a_broker_that_stands_still_is_waited_for_and_what_it_did_not_confirm_is_sent_again(
    own_kafka: KafkaServer,
) -> None:
    access = access_of(f"kafka://{own_kafka.bootstrap}/{own_kafka.new_topic()}")
    prepare(access)
    store = Store()
    with KafkaReader(access, group="group") as reader, KafkaWriter(access) as writer:
        writer.append(sighting("first"))
        store.record_until(reader, 1)
        own_kafka.pause()
        for number in range(3000):
            writer.append(sighting(f"u{number}", random.Random(number).randbytes(3000).hex().encode()))
        assert comes_true(lambda: writer.outage.reason is not None)
        own_kafka.resume()
        assert comes_true(lambda: len(writer) == 0, deadline_seconds=2 * DEADLINE_SECONDS)
        expected = {"first", *(f"u{number}" for number in range(3000))}
        deadline = monotonic() + 2 * DEADLINE_SECONDS
        while set(uids(store.seen)) != expected:
            assert monotonic() < deadline
            store.record(reader)


# ------------------------------------------------------------------------------------------ several readers
def test_while_readers_come_and_go_the_others_go_on_and_nothing_is_lost(access: Access) -> None:
    prepare(access)
    store, done = Store(), Event()

    def read(stop: Event) -> None:
        with KafkaReader(access, group=access.topic) as reader:
            while not stop.is_set():
                store.record(reader)

    staying = [Thread(target=read, args=(done,)) for _ in range(2)]
    for thread in staying:
        thread.start()
    with KafkaWriter(access) as writer:
        for flap in range(5):
            leave = Event()
            passing = Thread(target=read, args=(leave,))
            passing.start()
            for number in range(100):
                writer.append(sighting(f"u{flap}-{number}"))
            assert comes_true(lambda least=100 * flap: len(store.seen) > least)  # type: ignore[misc]
            leave.set()
            passing.join(DEADLINE_SECONDS)
    assert comes_true(lambda: len(store.seen) >= 500)
    done.set()
    for thread in staying:
        thread.join(DEADLINE_SECONDS)
    assert uids(store.seen) == sorted(f"u{flap}-{number}" for flap in range(5) for number in range(100))
