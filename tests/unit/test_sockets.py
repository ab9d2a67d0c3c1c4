"""GraphQL over WebSockets: what a client says, and what it hears. Source: PROTOCOL.md of the npm package graphql-ws."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import pytest
from msgspec.structs import replace

from lineage.errors import StoreError
from lineage.model import Phase, Run
from lineage.ports import EVERYTHING, Scope
from lineage.web.following import Room
from lineage.web.socket_messages import Code
from lineage.web.sockets import MOST_OPERATIONS, Sockets
from tests.example import NIGHTLY, WEEKLY, example
from tests.fakes import FakeStore
from tests.live import Connection, FakeGate, accepted, connected, live_on

INIT: Final = {"type": "connection_init"}
ACK: Final = {"type": "connection_ack", "payload": {"cursor": "0"}}
FOLLOW: Final = "subscription ($after: String) { runChanged(after: $after) { cursor run { name phase } } }"
COUNT: Final = "{ runs { totalCount } }"
COUNTED: Final = {"data": {"runs": {"totalCount": 2}}}
COSTLY: Final = """subscription {
  runChanged {
    run { executions(first: 100) { nodes { inputs { artifact { consumers(first: 100) { nodes { id } } } } } } }
  }
}"""
BAD: Final = "BAD_USER_INPUT"


def subscribe(query: str, operation: str = "1", **payload: Any) -> dict[str, Any]:
    return {"type": "subscribe", "id": operation, "payload": {"query": query, **payload}}


def following(operation: str = "1") -> dict[str, Any]:
    return subscribe(FOLLOW, operation)


def complete(operation: str = "1") -> dict[str, Any]:
    return {"type": "complete", "id": operation}


def answered(answer: Any, operation: str = "1") -> dict[str, Any]:
    return {"type": "next", "id": operation, "payload": answer}


def closed(code: int, reason: str) -> tuple[int, str]:
    return code, reason


def no_type(found: str) -> tuple[int, str]:
    return closed(4400, f"{found} is no type of message that a client sends.")


NO_ID: Final = closed(4400, "`id` must be a text that is not empty.")
TALKS: Final[dict[str, tuple[Sequence[Any], Sequence[Any]]]] = {
    "it is let in": ([INIT], [ACK]),
    "it may be let in once": ([INIT, INIT], [ACK, closed(4429, "Too many initialisation requests")]),
    "nothing is executed before": ([following()], [closed(4401, "Unauthorized")]),
    "a ping is answered at any time": ([{"type": "ping"}, INIT], [{"type": "pong"}, ACK]),
    "what a ping brings goes back": (
        [{"type": "ping", "payload": {"a": [1]}}],
        [{"type": "pong", "payload": {"a": [1]}}],
    ),
    "a pong is heard": ([{"type": "pong"}, {"type": "pong", "payload": {}}, INIT], [ACK]),
    "a query is answered once": ([INIT, subscribe(COUNT)], [ACK, answered(COUNTED), complete()]),
    "an id is free again afterwards": (
        [INIT, following(), complete(), following(), {"type": "ping"}],
        [ACK, {"type": "pong"}],
    ),
    "two cannot have one id": (
        [INIT, following(), following()],
        [ACK, closed(4409, "Subscriber for 1 already exists")],
    ),
    "so many fit on a socket": (
        [INIT, *(following(str(number)) for number in range(MOST_OPERATIONS)), {"type": "ping"}],
        [ACK, {"type": "pong"}],
    ),
    "and no more": (
        [INIT, *(following(str(number)) for number in range(MOST_OPERATIONS + 1))],
        [ACK, closed(4421, "A socket has 50 subscriptions at most.")],
    ),
    "to end what is not there is nothing": ([INIT, complete("7"), {"type": "ping"}], [ACK, {"type": "pong"}]),
    "no JSON": (["nonsense"], [closed(4400, "The message is no JSON.")]),
    "no object": ([[1]], [closed(4400, "A message is a JSON object.")]),
    "no text": ([b"{}"], [closed(4400, "A message is a JSON object.")]),
    "a type that is none": ([{"type": "start"}], [no_type("'start'")]),
    "a type of the server": ([{"type": "next", "id": "1"}], [no_type("'next'")]),
    "no type": ([{}], [no_type("None")]),
    "a payload that is none": ([{**INIT, "payload": 1}], [closed(4400, "A payload is a JSON object.")]),
    "no id": ([INIT, {"type": "subscribe", "payload": {}}], [ACK, NO_ID]),
    "an empty id": ([INIT, complete("")], [ACK, NO_ID]),
    "nothing asked": ([INIT, {"type": "subscribe", "id": "1"}], [ACK, closed(4400, "`subscribe` needs a payload.")]),
}


def talk(
    talks: Callable[[Connection], Awaitable[None]],
    *,
    gate: FakeGate | None = None,
    store: FakeStore | None = None,
) -> None:
    """Let a test talk over a socket."""

    async def play() -> None:
        live = live_on(store or FakeStore(example()), gate)
        async with accepted(Sockets(live).serve) as connection:
            await talks(connection)

    asyncio.run(play())


@pytest.mark.parametrize("what", TALKS)
def test_every_message_has_its_answer(what: str) -> None:
    said, expected = TALKS[what]

    async def talks(connection: Connection) -> None:
        for message in said:
            await connection.say(message)
        assert [await connection.heard() for _ in expected] == list(expected)

    talk(talks)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({}, BAD),
        ({"query": FOLLOW, "variables": []}, BAD),
        ({"query": FOLLOW, "operationName": "other"}, BAD),
        ({"query": FOLLOW, "variables": {"after": "elsewhere"}}, "UNKNOWN_CURSOR"),
        ({"query": 'subscription { runChanged(where: {id: {eq: "x"}}) { cursor } }'}, BAD),
        ({"query": "subscription { runChanged { cursor } other: runChanged { cursor } }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription { runChanged @skip(if: true) { cursor } }"}, BAD),
        ({"query": COSTLY}, "COMPLEXITY_EXCEEDED"),
    ],
)
def test_what_cannot_be_executed_is_said_of_its_operation_alone(payload: Any, code: str) -> None:
    async def talks(connection: Connection) -> None:
        await connection.begin()
        await connection.say({"type": "subscribe", "id": "bad", "payload": payload})
        error = await connection.heard()
        assert (error["type"], error["id"]) == ("error", "bad")
        assert [one["extensions"]["code"] for one in error["payload"]] == [code]
        await connection.subscribe(COUNT, id="bad")
        assert await connection.heard() == answered(COUNTED, "bad")

    talk(talks)


def test_who_says_nothing_is_not_waited_for() -> None:
    async def play() -> None:
        sockets = Sockets(live_on(FakeStore()), init_seconds=0.05)
        async with accepted(sockets.serve) as connection:
            await connection.say({"type": "ping"})  # which says nothing of who it is
            assert await connection.heard() == {"type": "pong"}
            assert await connection.heard() == (Code.INIT_TIMEOUT, "Connection initialisation timeout")

    asyncio.run(play())


def test_only_one_protocol_is_spoken() -> None:
    async def play() -> None:
        async with connected(Sockets(live_on(FakeStore())).serve, subprotocols=("graphql-ws",)) as connection:
            assert (await connection.heard())["type"] == "websocket.accept"
            assert (await connection.heard())[0] == Code.SUBPROTOCOL_NOT_ACCEPTABLE

    asyncio.run(play())


def test_there_is_room_for_so_many() -> None:
    async def play() -> None:
        sockets = Sockets(live_on(FakeStore(), room=Room(1)))
        async with accepted(sockets.serve) as first:
            await first.begin()
            async with accepted(sockets.serve) as second:
                assert (await second.heard())[0] == Code.TRY_AGAIN_LATER
        async with accepted(sockets.serve) as third:
            await third.begin()

    asyncio.run(play())


def test_one_caller_has_so_many_connections() -> None:
    async def play() -> None:
        gate = FakeGate({"Bearer t": EVERYTHING, "Bearer u": EVERYTHING})
        sockets = Sockets(live_on(FakeStore(), gate, room=Room(9, 1)))
        async with (
            accepted(sockets.serve) as first,
            accepted(sockets.serve) as second,
            accepted(sockets.serve) as other,
        ):
            await first.begin(authorization="Bearer t")
            await second.say({**INIT, "payload": {"authorization": "Bearer t"}})
            assert (await second.heard())[0] == Code.TRY_AGAIN_LATER
            await other.begin(authorization="Bearer u")
        async with accepted(sockets.serve) as third:
            await third.begin(authorization="Bearer t")

    asyncio.run(play())


HOST: Final = "lineage.example"


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({}, True),
        ({"host": HOST, "origin": f"https://{HOST}"}, True),
        ({"host": f"{HOST}:443", "origin": f"https://{HOST}"}, True),
        ({"host": HOST, "origin": f"http://{HOST}:80"}, True),
        ({"host": f"{HOST}:8080", "origin": f"http://{HOST.upper()}:8080"}, True),
        ({"host": f"{HOST}:8080", "origin": f"http://{HOST}"}, False),
        ({"host": HOST, "origin": "https://elsewhere.example"}, False),
        ({"host": HOST, "origin": f"https://{HOST}.elsewhere.example"}, False),
        ({"host": HOST, "origin": "null"}, False),
        ({"host": HOST, "origin": ""}, False),
        ({"origin": f"https://{HOST}"}, False),
    ],
)
def test_pages_of_others_open_no_socket(headers: dict[str, str], is_let_in: bool) -> None:
    async def play() -> None:
        async with connected(Sockets(live_on(FakeStore())).serve, headers=headers) as connection:
            heard = await connection.heard()
        assert (heard == {"type": "websocket.accept", "subprotocol": "graphql-transport-ws"}) is is_let_in
        assert (heard == (1000, "")) is not is_let_in

    asyncio.run(play())


# ------------------------------------------------------------------------------------------ what changes
def changed(name: str, phase: Phase, cursor: int, operation: str = "1") -> dict[str, Any]:
    told = {"cursor": str(cursor), "run": {"name": name, "phase": phase.value}}
    return answered({"data": {"runChanged": told}}, operation)


def failed(run: Run) -> Run:
    return replace(run, phase=Phase.FAILED)


def test_each_change_is_told_to_all_who_follow_and_to_nobody_who_has_ended_it() -> None:
    store = FakeStore(example())

    async def talks(connection: Connection) -> None:
        await connection.begin()
        for operation in ("a", "b", "c"):
            await connection.subscribe(FOLLOW, id=operation, after="0")
        await connection.say(complete("b"))
        await connection.say({"type": "ping"})
        await connection.heard()
        store.change(failed(NIGHTLY))
        told = [await connection.heard(), await connection.heard()]
        assert sorted(one["id"] for one in told) == ["a", "c"]
        store.change(WEEKLY)
        told = [await connection.heard(), await connection.heard()]
        assert {one["payload"]["data"]["runChanged"]["cursor"] for one in told} == {"2"}

    talk(talks, store=store)


def test_who_comes_back_by_a_cursor_is_told_what_was_missed() -> None:
    store = FakeStore(example())
    for run in (failed(NIGHTLY), WEEKLY):
        store.change(run)

    async def talks(connection: Connection) -> None:
        assert await connection.begin() == "2"
        await connection.subscribe(FOLLOW, after="0")
        assert await connection.heard() == changed(NIGHTLY.name, Phase.FAILED, 1)
        assert await connection.heard() == changed(WEEKLY.name, WEEKLY.phase, 2)
        store.change(NIGHTLY)
        assert await connection.heard() == changed(NIGHTLY.name, NIGHTLY.phase, 3)

    talk(talks, store=store)


class Unreadable(FakeStore):
    """A store whose feed is at no hand."""

    def feed_end(self) -> str:
        raise StoreError("away")


def test_while_the_store_cannot_be_read_clients_are_told_to_come_back() -> None:
    async def talks(connection: Connection) -> None:
        await connection.say(INIT)
        assert (await connection.heard())[0] == Code.TRY_AGAIN_LATER

    talk(talks, store=Unreadable())


# ------------------------------------------------------------------------------------------ rights
HERE: Final = Scope(namespaces=frozenset({(NIGHTLY.cluster, NIGHTLY.namespace)}))
NOWHERE: Final = Scope(namespaces=frozenset())


def test_a_browser_shows_who_it_is_in_its_first_message() -> None:
    gate = FakeGate({"Bearer t": EVERYTHING})

    async def talks(connection: Connection) -> None:
        await connection.begin(Authorization="Bearer t")

    talk(talks, gate=gate)


@pytest.mark.parametrize("payload", [{}, {"authorization": "Bearer other"}, {"authorization": 1}])
def test_who_is_not_let_in_is_told_so(payload: dict[str, Any]) -> None:
    async def talks(connection: Connection) -> None:
        await connection.say({**INIT, "payload": payload})
        assert await connection.heard() == (Code.FORBIDDEN, "Forbidden")

    talk(talks, gate=FakeGate({"Bearer t": EVERYTHING}))


def test_who_cannot_be_asked_about_is_to_come_back() -> None:
    async def talks(connection: Connection) -> None:
        await connection.say(INIT)
        assert (await connection.heard())[0] == Code.TRY_AGAIN_LATER

    talk(talks, gate=FakeGate(silent=True))


def test_what_is_no_longer_granted_is_not_told_and_what_is_again_is() -> None:
    store, gate = FakeStore(example()), FakeGate()

    async def talks(connection: Connection) -> None:
        await connection.begin()
        await connection.subscribe(FOLLOW, after="0")
        store.change(failed(NIGHTLY))
        assert await connection.heard() == changed(NIGHTLY.name, Phase.FAILED, 1)
        gate.scopes[None] = NOWHERE
        store.change(NIGHTLY)
        await connection.subscribe(FOLLOW, id="other", after="1")
        await connection.say({"type": "ping"})
        assert await connection.heard() == {"type": "pong"}
        asked = gate.admitted
        while gate.admitted < asked + 4:  # so it was looked at some more times, and nothing came of it
            await asyncio.sleep(0.02)
        assert connection.from_server.empty()
        gate.scopes[None] = HERE
        store.change(failed(NIGHTLY))
        assert {(await connection.heard())["id"] for _ in range(2)} == {"1", "other"}

    talk(talks, gate=gate, store=store)


def test_who_is_let_in_no_longer_is_told_so_even_if_nothing_happens() -> None:
    gate = FakeGate()

    async def talks(connection: Connection) -> None:
        await connection.begin()
        await connection.subscribe(FOLLOW)
        gate.scopes.clear()
        assert await connection.heard() == (Code.FORBIDDEN, "Forbidden")

    talk(talks, gate=gate)


def test_while_nobody_can_say_what_is_granted_nothing_is_told() -> None:
    store, gate = FakeStore(example()), FakeGate()

    async def talks(connection: Connection) -> None:
        await connection.begin()
        await connection.subscribe(FOLLOW, after="0")
        gate.silent = True
        store.change(failed(NIGHTLY))
        assert (await connection.heard())[0] == Code.TRY_AGAIN_LATER

    talk(talks, gate=gate, store=store)
