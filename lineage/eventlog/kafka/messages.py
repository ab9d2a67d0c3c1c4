"""Following a topic that others write, such as the notifications of an object store: its messages, as they are.

It is no log of ours: how far it was read is committed to Kafka for others of the group to go on from, and nothing rests
on it. So who begins begins with what is written from then on.
"""

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Any, Final

from kafka import KafkaConsumer, errors

from lineage.errors import LogError
from lineage.eventlog.kafka.connection import Access, connect, describe, refuse
from lineage.outage import Outage

POLL_SECONDS: Final = 0.5
POLL_RECORDS: Final = 500
FETCH_BYTES: Final = 4 * 2**20
SESSION_SECONDS: Final = 10.0  # as recorders have it
SILENCE_SECONDS: Final = 30.0  # until a silent topic is asked whether it is there
FIRST_BACKOFF_SECONDS: Final = 1.0
LAST_BACKOFF_SECONDS: Final = 60.0  # twice as long each time, as long as nobody answers


def follow(access: Access, group: str, handle: Callable[[bytes], None], stop: Event) -> None:
    """Hand on each message of a topic, until `stop` is set. Who shares a group shares the messages. Brokers that are
    down, and those that refuse, are asked again later."""
    outage = Outage(
        begins="notifications are not read, objects are looked at when they are due",
        ends="notifications are read again",
        topic=access.shown,
    )
    backoff = FIRST_BACKOFF_SECONDS

    def reached() -> None:
        nonlocal backoff
        backoff = FIRST_BACKOFF_SECONDS
        outage.is_over()

    while not stop.is_set():
        try:
            _follow(access, group, handle, stop, reached)
        except errors.KafkaError as error:
            outage.goes_on(describe(error))
        except LogError as error:
            outage.goes_on(str(error))
        stop.wait(backoff)
        backoff = min(2 * backoff, LAST_BACKOFF_SECONDS)


def _follow(
    access: Access, group: str, handle: Callable[[bytes], None], stop: Event, reached: Callable[[], None]
) -> None:
    made: tuple[Any, Any] = connect(
        KafkaConsumer,
        access,
        group_id=group,
        auto_offset_reset="latest",
        allow_auto_create_topics=False,
        session_timeout_ms=round(1000 * SESSION_SECONDS),
        fetch_max_bytes=FETCH_BYTES,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    consumer, _ = made
    try:
        _require_topic(consumer, access)
        reached()
        consumer.subscribe([access.topic])
        heard_at = monotonic()
        while not stop.is_set():
            polled = consumer.poll(timeout_ms=round(1000 * POLL_SECONDS), max_records=POLL_RECORDS)
            for records in polled.values():
                for record in records:
                    handle(record.value or b"")
            if polled:
                heard_at = monotonic()
            elif monotonic() - heard_at > SILENCE_SECONDS:  # is it silent, or not there?
                _require_topic(consumer, access)
                heard_at = monotonic()
    except errors.KafkaError as error:
        refuse(error, access)
        raise
    finally:
        consumer.close(timeout_ms=round(1000 * POLL_SECONDS))


def _require_topic(consumer: Any, access: Access) -> None:
    """Who subscribes to a topic that is not there asks for it ten times a second.

    Raises:
        LogError: it is not there.
    """
    if access.topic not in consumer.topics():
        raise LogError(f"{access.shown} is not there, or may not be seen")
