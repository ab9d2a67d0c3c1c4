"""How much room answers take: counted as they are made, given back when they are sent, refused where there is none."""

import asyncio
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from lineage.access import Grant
from lineage.deadline import Deadline
from lineage.errors import AnswerTooLarge, NoRoom
from lineage.ports import EVERYTHING
from lineage.room import Room
from lineage.web.endpoint import endpoint
from lineage_graphql import execute, saved_queries, to_json
from tests.example import asked_of_example, example
from tests.fakes import FakeStore

MIB: Final = 2**20
LARGE: Final = {"data": {"text": "x" * 3 * MIB}}
ASKED: Final = b'{"query": "{ runs { totalCount } }"}'


# ------------------------------------------------------------------------------------------ the room itself
def test_one_answer_may_take_so_much_and_no_more() -> None:
    with Room(most_bytes=4 * MIB, most_of_one=2 * MIB).share() as share:
        share.take(2 * MIB)
        with pytest.raises(AnswerTooLarge, match="2 MiB"):
            share.take(1)


def test_less_may_be_given_to_one_and_given_back_before_it_is_sent() -> None:
    room = Room(most_bytes=4 * MIB, most_of_one=2 * MIB)
    with room.share(most_bytes=MIB) as share:
        share.take(MIB)
        with pytest.raises(AnswerTooLarge, match="1 MiB"):
            share.take(1)
        share.give_back()
        assert room.taken == 0
    assert room.taken == 0


def test_an_answer_that_was_too_large_once_stays_so() -> None:
    with Room(most_bytes=4 * MIB, most_of_one=MIB).share() as share:
        for _ in range(3):
            with pytest.raises(AnswerTooLarge):
                share.take(MIB + 1)


def test_what_others_have_taken_is_given_back_when_they_are_done() -> None:
    room = Room(most_bytes=4 * MIB, most_of_one=3 * MIB)
    with room.share() as first, room.share() as second:
        first.take(3 * MIB)
        with pytest.raises(NoRoom):
            second.take(2 * MIB)
    assert room.taken == 0
    with room.share() as third:
        third.take(3 * MIB)


@given(st.lists(st.lists(st.integers(0, MIB)), max_size=8))
def test_never_more_is_taken_than_there_is_and_all_of_it_is_given_back(answers: list[list[int]]) -> None:
    room = Room(most_bytes=2 * MIB, most_of_one=MIB)
    for sizes in answers:
        with room.share() as share:
            try:
                for number, size in enumerate(sizes, start=1):
                    share.take(size)
                    assert sum(sizes[:number]) <= min(MIB, share.taken)
                    assert share.taken <= room.taken <= 2 * MIB
            except (AnswerTooLarge, NoRoom):
                pass
    assert room.taken == 0


# ------------------------------------------------------------------------------------------ answers
@pytest.mark.parametrize("name", list(saved_queries()))
def test_what_is_counted_of_an_answer_is_about_its_size(name: str) -> None:
    taken: list[int] = []

    class Counting(Deadline):
        def take(self, size_bytes: int) -> None:
            taken.append(size_bytes)

    text, values = saved_queries()[name].text, asked_of_example()
    answer = execute(FakeStore(example()), EVERYTHING, text, values, deadline=Counting(60))
    size = len(to_json(answer))
    assert "data" not in answer or size / 4 - 200 < sum(taken) < 2 * size


def test_an_answer_that_is_too_large_is_one_error_and_nothing_else() -> None:
    query = "{ runs { nodes { id name executions { nodes { id name } } } } }"
    with Room(most_bytes=MIB, most_of_one=400).share() as share:
        answer = execute(FakeStore(example()), EVERYTHING, query, deadline=Deadline(60, share=share))
    assert answer["data"] is None
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "ANSWER_TOO_LARGE"}]


def test_where_others_take_all_room_an_answer_is_none() -> None:
    room = Room(most_bytes=MIB, most_of_one=MIB)
    with room.share() as others, room.share() as share:
        others.take(MIB)
        with pytest.raises(NoRoom):
            execute(FakeStore(example()), EVERYTHING, "{ runs { nodes { id } } }", deadline=Deadline(60, share=share))


# ------------------------------------------------------------------------------------------ sending
def test_room_is_taken_until_a_client_has_read_and_a_large_answer_is_sent_in_pieces() -> None:
    room, seen = Room(most_bytes=8 * MIB, most_of_one=4 * MIB), list[tuple[int, int]]()
    body = bytearray()

    def answer(_grant: Grant, _query: str, _variables: object, _name: str | None, deadline: Deadline) -> dict[str, Any]:
        deadline.take(3 * MIB)
        return LARGE

    async def receive() -> Message:
        return {"type": "http.request", "body": ASKED}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            body.extend(message["body"])
            seen.append((room.taken, len(message["body"])))

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")], "query_string": b""}
    asked = endpoint(answer, room=room)

    async def ask() -> None:
        await asked(scope, receive, send)

    asyncio.run(ask())
    assert orjson.loads(body) == LARGE
    assert {taken for taken, _ in seen} == {3 * MIB}
    assert max(size for _, size in seen) <= MIB < len(body)
    assert room.taken == 0
