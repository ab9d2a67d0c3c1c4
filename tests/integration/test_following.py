"""Following a topic that others write, with a real broker: what comes from now on, whoever is away meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from kafka import KafkaProducer
from structlog.testing import capture_logs

from lineage.eventlog.kafka import Access, access_of, follow, prepare
from tests.kafka_server import KafkaServer
from tests.waiting import comes_true


def topic_of(server: KafkaServer) -> Access:
    return access_of(f"kafka://{server.bootstrap}/{server.new_topic()}")


@contextmanager
def following(access: Access, group: str = "group") -> Iterator[list[bytes]]:
    told, stop = list[bytes](), Event()
    thread = Thread(target=follow, args=(access, group, told.append, stop), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def send(access: Access, *messages: bytes | None, key: bytes | None = b"of one partition") -> bool:
    """Write messages; give False, for conditions that are to be brought about by that."""
    producer = KafkaProducer(bootstrap_servers=list(access.servers))
    try:
        for message in messages:
            producer.send(access.topic, value=message, key=key).get(30)
    finally:
        producer.close()
    return False


def is_told(access: Access, told: list[bytes], message: bytes) -> bool:
    """Say whether a message is told in the end: who begins hears what is written once it has begun."""

    def it_is() -> bool:
        send(access, message)
        return message in told

    return comes_true(it_is, every_seconds=0.3)


def test_messages_are_told_as_they_are(kafka: KafkaServer) -> None:
    access = topic_of(kafka)
    prepare(access)
    send(access, b"before anybody followed")
    with following(access) as told:
        assert is_told(access, told, b"now")
        send(access, b"\xff\x00", None, b"{}")
        assert comes_true(lambda: [one for one in told if one != b"now"] == [b"\xff\x00", b"", b"{}"])


def test_who_shares_a_group_shares_the_messages(kafka: KafkaServer) -> None:
    access = topic_of(kafka)
    prepare(access)
    with following(access) as one, following(access) as other:
        assert comes_true(lambda: send(access, b"now", key=None) or bool(one and other), every_seconds=0.3)
        numbers = [str(number).encode() for number in range(20)]
        send(access, *numbers, key=None)
        assert comes_true(lambda: set(numbers) <= {*one, *other})
        assert comes_true(lambda: len([told for told in one + other if told != b"now"]) == len(numbers))


def test_a_topic_that_is_made_later_and_a_broker_that_was_away_are_followed(
    own_kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lineage.eventlog.kafka.messages.SILENCE_SECONDS", 0.5)
    access = topic_of(own_kafka)
    with capture_logs() as logged, following(access) as told:
        assert comes_true(lambda: "is not there, or may not be seen" in str(logged))
        prepare(access)
        assert is_told(access, told, b"first")
        own_kafka.kill()
        assert comes_true(lambda: len([one for one in logged if one["log_level"] == "warning"]) == 2)
        own_kafka.start()
        assert is_told(access, told, b"second")
    assert [one["event"] for one in logged if "notifications" in one["event"]] == [
        "notifications are not read, objects are looked at when they are due",
        "notifications are read again",
    ] * 2
