"""GraphQL over server-sent events: what comes down a stream. Source: PROTOCOL.md of the npm package graphql-sse."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from lineage.model import Phase, Run
from lineage.ports import EVERYTHING, Scope
from lineage.web.events import Events
from lineage.web.following import Room
from lineage.web.negotiation import takes
from tests.example import NIGHTLY, WEEKLY, example
from tests.fakes import FakeStore
from tests.live import FakeGate, Stream, live_on, streaming

FOLLOW: Final = "subscription ($after: String) { runChanged(after: $after) { run { name phase } } }"
COUNT: Final = "{ runs { totalCount } }"
COMPLETE: Final = {"event": "complete", "data": ""}


def asked(query: str, **variables: Any) -> Mapping[str, Any]:
    return {"query": query, "variables": variables}


def failed(run: Run) -> Run:
    return replace(run, phase=Phase.FAILED)


async def told(stream: Stream) -> tuple[str, str, str]:
    """The id of the next event, and the run that it tells of."""
    event = await stream.next_event()
    assert event is not None
    assert event["event"] == "next"
    run = json.loads(event["data"])["data"]["runChanged"]["run"]
    return event["id"], run["name"], run["phase"]


async def codes(stream: Stream) -> list[str]:
    event = await stream.next_event()
    assert event is not None
    return [error["extensions"]["code"] for error in json.loads(event["data"])["errors"]]


# ------------------------------------------------------------------------------------------ answers
def test_a_query_is_answered_once() -> None:
    async def play() -> None:
        async with streaming(Events(live_on(FakeStore(example()))).respond, asked(COUNT)) as stream:
            status, headers = await stream.head()
            assert (status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
            assert headers["cache-control"] == "no-store, no-transform"
            answer = {"event": "next", "data": '{"data":{"runs":{"totalCount":2}}}'}
            assert [await stream.next_event() for _ in range(3)] == [answer, COMPLETE, None]

    asyncio.run(play())


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { runChanged { nothing } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        (FOLLOW, {"after": "elsewhere"}, "UNKNOWN_CURSOR"),
    ],
)
def test_what_cannot_be_executed_is_told_in_the_stream(query: str, variables: Any, code: str) -> None:
    async def play() -> None:
        async with streaming(Events(live_on(FakeStore())).respond, asked(query, **variables)) as stream:
            assert (await stream.head())[0] == 200
            assert await codes(stream) == [code]
            assert [await stream.next_event() for _ in range(2)] == [COMPLETE, None]

    asyncio.run(play())


def test_each_change_is_an_event_with_its_cursor_and_who_comes_back_says_where_it_was() -> None:
    store = FakeStore(example())
    events = Events(live_on(store))

    async def play() -> None:
        async with streaming(events.respond, asked(FOLLOW)) as stream:
            await stream.head()
            assert await stream.next_event() == {"id": "0"}
            store.change(failed(NIGHTLY))
            first = await told(stream)
        assert first == ("1", NIGHTLY.name, "FAILED")
        store.change(failed(WEEKLY))
        address = urlencode({"query": FOLLOW, "variables": '{"after": "0"}'}).encode()
        back: dict[str, Any] = {"method": "GET", "query_string": address, "headers": {"last-event-id": "1"}}
        async with streaming(events.respond, **back) as stream:
            await stream.head()
            assert await told(stream) == ("2", WEEKLY.name, "FAILED")

    asyncio.run(play())


def test_a_stream_on_which_nothing_happens_is_kept_open() -> None:
    async def play() -> None:
        async with streaming(Events(live_on(FakeStore())).respond, asked(FOLLOW, after="0")) as stream:
            await stream.head()
            assert [await stream.event() for _ in range(3)] == [{}, {}, {}]

    asyncio.run(play())


def test_at_the_end_of_a_process_streams_end_and_are_not_complete() -> None:
    events = Events(live_on(FakeStore()))

    async def play() -> None:
        async with streaming(events.respond, asked(FOLLOW, after="0")) as stream:
            await stream.head()
            await stream.event()
            events.end()
            assert await stream.next_event() is None

    asyncio.run(play())


# ------------------------------------------------------------------------------------------ refusals
@pytest.mark.parametrize(
    ("request_", "more", "status"),
    [
        (asked(COUNT), {"headers": {"accept": "application/json"}}, 406),
        (asked(COUNT), {"headers": {"content-type": "text/plain"}}, 415),
        (asked(COUNT), {"method": "PUT"}, 405),
        ({}, {}, 400),
    ],
)
def test_a_request_that_makes_no_sense_gets_no_stream(request_: Any, more: dict[str, Any], status: int) -> None:
    async def play() -> None:
        async with streaming(Events(live_on(FakeStore())).respond, request_, **more) as stream:
            assert (await stream.head())[0] == status

    asyncio.run(play())


@pytest.mark.parametrize(
    ("more", "status"),
    [({"room": Room(0)}, 503), ({"gate": FakeGate({})}, 401), ({"gate": FakeGate(silent=True)}, 503)],
)
def test_who_is_not_let_in_gets_no_stream(more: dict[str, Any], status: int) -> None:
    async def play() -> None:
        async with streaming(Events(live_on(FakeStore(), **more)).respond, asked(FOLLOW)) as stream:
            assert (await stream.head())[0] == status

    asyncio.run(play())


def test_a_stream_gives_its_place_back() -> None:
    async def play() -> None:
        events = Events(live_on(FakeStore(), room=Room(1)))
        for _ in range(3):
            async with streaming(events.respond, asked(FOLLOW)) as stream:
                assert (await stream.head())[0] == 200

    asyncio.run(play())


def test_one_caller_has_so_many_streams() -> None:
    async def play() -> None:
        gate = FakeGate({"t": EVERYTHING})
        events = Events(live_on(FakeStore(), gate, room=Room(9, 1)))
        mine = {"headers": {"authorization": "t"}}
        for _ in range(2):
            async with streaming(events.respond, asked(FOLLOW), **mine) as first:
                assert (await first.head())[0] == 200
                async with streaming(events.respond, asked(FOLLOW), **mine) as second:
                    assert (await second.head())[0] == 429

    asyncio.run(play())


def test_rights_that_are_taken_away_end_a_stream() -> None:
    store, gate = FakeStore(example()), FakeGate()

    async def play() -> None:
        async with streaming(Events(live_on(store, gate)).respond, asked(FOLLOW, after="0")) as stream:
            await stream.head()
            await stream.event()
            gate.scopes[None] = Scope(namespaces=frozenset())
            store.change(failed(NIGHTLY))
            assert [await stream.event() for _ in range(3)] == [{}, {}, {}]
            gate.scopes.clear()
            assert await codes(stream) == ["UNAUTHENTICATED"]
            assert [await stream.next_event() for _ in range(2)] == [COMPLETE, None]

    asyncio.run(play())


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/event-stream", True),
        ("application/json, TEXT/event-stream;q=0.1", True),
        ("text/event-stream;q=0", False),
        ("*/*", False),
        (None, False),
    ],
)
def test_a_stream_is_only_for_those_who_ask_for_one(accept: str | None, expected: bool) -> None:
    assert takes(accept, "text/event-stream") is expected
