"""Messages and positions of the log in Kafka, without a broker: what travels together, what is sent instead of what is
too large, where reading goes on."""

from collections import defaultdict, deque
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.cli.event_logs import group_of
from lineage.errors import LogError
from lineage.eventlog.kafka.reader import Place, parse
from lineage.eventlog.kafka.topic import MESSAGE_BYTES as TOPIC_BYTES
from lineage.eventlog.kafka.topic import warnings
from lineage.eventlog.kafka.writer import (
    MESSAGE_BYTES,
    MESSAGE_ENTRIES,
    ROUND_BYTES,
    ROUND_ENTRIES,
    Message,
    Waiting,
    first_of,
    pack,
    smaller,
)
from lineage.observation import InputUnreadable, ObjectDeleted, ObjectSeen, decode, encode, root

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DELETED = ObjectDeleted(source="pod", cluster="test", seen_at=NOON, uid="u")
WAITING = Waiting(encode(DELETED), 7)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from([10, 1000, MESSAGE_BYTES // 2, 2 * MESSAGE_BYTES]))),
    st.integers(1, 8),
)
def test_packing_loses_nothing_keeps_the_order_of_what_belongs_together_and_the_bounds(
    given_ones: list[tuple[int, int]], partitions: int
) -> None:
    waiting = [Waiting(b"x" * size, owner) for owner, size in given_ones]
    messages = pack(waiting, partitions)
    packed: dict[int, list[Waiting]] = defaultdict(list)
    for message in messages:
        packed[message.partition] += message.parts
        assert len(message.parts) <= MESSAGE_ENTRIES
        assert len(message.parts) == 1 or sum(len(part.data) for part in message.parts) <= MESSAGE_BYTES
    expected: dict[int, list[Waiting]] = defaultdict(list)
    for one in waiting:
        expected[one.hash % partitions].append(one)
    assert packed == expected


def test_a_round_is_bounded_and_never_empty() -> None:
    assert len(first_of(deque([WAITING] * (ROUND_ENTRIES + 1)))) == ROUND_ENTRIES
    large = replace(WAITING, data=b"x" * (ROUND_BYTES + 1))
    assert list(first_of(deque([large, WAITING]))) == [large]
    assert list(first_of(deque([WAITING, large]))) == [WAITING]


def test_what_is_too_large_is_found_message_by_message_and_one_by_one() -> None:
    one, other = Message(1, (WAITING, WAITING)), Message(2, (WAITING,))
    assert smaller([one, other], "too large") == [[other], [one]]
    assert smaller([one], "too large") == [[Message(1, (WAITING,))]] * 2
    (((instead),),) = smaller([other], "too large")
    said = decode(instead.parts[0].data)
    assert isinstance(said, InputUnreadable)
    assert said.size_bytes == len(WAITING.data)
    with pytest.raises(LogError, match="not even"):
        smaller([instead], "too large")


@pytest.mark.parametrize("place", [Place(0), Place(17), Place(17, 3)])
def test_a_position_is_read_as_it_was_written(place: Place) -> None:
    assert parse(str(place)) == place


@pytest.mark.parametrize("position", ["", "x", "-1", "1+x", "+1", "1.5"])
def test_what_is_no_position_is_refused(position: str) -> None:
    with pytest.raises(LogError, match="no position"):
        parse(position)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"kind":"Workflow","metadata":{"uid":"w","ownerReferences":[{"uid":"cron"}]}}', "w"),
        (b'{"kind":"Pod","metadata":{"uid":"p","ownerReferences":[{"uid":"w"}]}}', "w"),
        (b'{"kind":"Pod","metadata":{"uid":"p"}}', "p"),
        (b'{"kind":"Pod"}', ""),
        (b'{"metadata":7}', ""),
        (b"no JSON", ""),
    ],
)
def test_a_pod_goes_where_its_workflow_goes(body: bytes, expected: str) -> None:
    assert root(ObjectSeen(source="s", cluster="c", seen_at=NOON, body=body, key_id="k")) == expected


def test_two_stores_have_two_groups_and_who_opens_one_does_not_matter() -> None:
    assert group_of("sqlite:///a.db") != group_of("sqlite:///b.db")
    assert group_of("postgresql://a:secret@host/one") == group_of("postgresql://b@host/one")
    assert group_of("postgresql://a@host/one") != group_of("postgresql://a@host/two")


def test_settings_of_a_topic_that_would_lose_something_are_named() -> None:
    sane = {"max.message.bytes": str(TOPIC_BYTES), "retention.ms": "-1", "retention.bytes": "-1"}
    assert list(warnings(sane)) == []
    unwise = {"max.message.bytes": "1048588", "retention.ms": "60000", "retention.bytes": "1000"}
    assert [one.partition("=")[0] for one in warnings(unwise)] == [
        "max.message.bytes",
        "retention.ms",
        "retention.bytes",
    ]
