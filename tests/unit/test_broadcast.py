"""Telling many at once: each question is asked once, nobody misses anything, and who is too slow is let go of."""

import asyncio
from collections.abc import Sequence
from threading import Event
from time import sleep
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lineage.deadline import Deadline
from lineage.errors import InvalidRequest, LineageError, StoreError, UnknownCursor
from lineage.identity import run_key
from lineage.model import Phase, Run
from lineage.ports import EVERYTHING, Changes, Scope, Where
from lineage.web import broadcast as broadcasting
from lineage.web.broadcast import Broadcast, Message, Outlet, TooSlow
from lineage_graphql import Subscription, SubscriptionRefused, read_subscription
from tests.example import NIGHTLY, WEEKLY, example
from tests.fakes import FakeStore, Knowledge

PATIENCE_SECONDS: Final = 20.0
SHORT: Final = "subscription ($after: String) { runChanged(after: $after) { cursor } }"
FOLLOW: Final = "subscription ($after: String) { runChanged(after: $after) { cursor run { name phase displayName } } }"


def following(after: str | None = None, query: str = FOLLOW, **variables: Any) -> Subscription:
    return read_subscription(query, {"after": after, **variables}, None)


async def taken(outlet: Outlet) -> Message:
    message = await outlet.take(PATIENCE_SECONDS)
    assert message is not None
    return message


async def end_of(outlet: Outlet) -> Exception:
    """Take what comes until nothing more does; say why."""
    try:
        while True:
            await outlet.take(PATIENCE_SECONDS)
    except (LineageError, TooSlow) as error:
        return error


async def joined(hub: Broadcast) -> Outlet:
    """One who follows from now on."""
    outlet = hub.open(following(), EVERYTHING)
    while outlet.cursor is None:
        await asyncio.sleep(0.01)
    return outlet


def failed(run: Run) -> Run:
    return replace(run, phase=Phase.FAILED)


# ------------------------------------------------------------------------------------------ what is asked
def test_where_one_begins_is_no_part_of_the_question() -> None:
    assert following("1").question == following(None).question
    assert following("1").after == "1"
    plain = read_subscription("subscription { runChanged { cursor } }", None, None)
    assert plain.question != following().question


def test_a_variable_that_says_more_than_where_one_begins_is() -> None:
    query = """subscription ($after: String) {
        runChanged(after: $after) { run { executions(first: 1, after: $after) { totalCount } } }
    }"""
    assert following("1", query).question != following("2", query).question


def test_what_is_followed_is_read_off_literals_and_defaults_too() -> None:
    query = 'subscription ($to: String = "7") { runChanged(after: $to) { cursor } }'
    assert read_subscription(query, {}, None).after == "7"
    query = 'subscription { ...on Subscription { runChanged(after: "8") { cursor } } }'
    assert read_subscription(query, None, None).after == "8"


def test_variables_that_are_nested_too_deeply_are_refused() -> None:
    query = "subscription ($where: RunWhere) { runChanged(where: $where) { cursor } }"
    nested: dict[str, Any] = {}
    for _ in range(2_000):
        nested = {"not": nested}
    with pytest.raises(SubscriptionRefused, match=r"nested too deeply|levels"):
        read_subscription(query, {"where": nested}, None)


# ------------------------------------------------------------------------------------------ who is told
def test_a_thousand_who_ask_the_same_are_told_by_one_answer() -> None:
    store = FakeStore(example())

    async def play() -> None:
        hub = Broadcast(store)
        outlets = await asyncio.gather(*(joined(hub) for _ in range(1_000)))
        store.change(failed(NIGHTLY))
        answers = {id((await taken(outlet)).answer) for outlet in outlets}
        assert (len(answers), hub.followed) == (1, 1_000)
        for outlet in outlets:
            hub.close(outlet)
        assert hub.followed == 0

    asyncio.run(play())
    assert store.reads.count("changes") < 5


def test_who_asks_otherwise_or_may_see_less_is_told_otherwise() -> None:
    store = FakeStore(example())
    nowhere = Scope(namespaces=frozenset())

    async def play() -> None:
        hub = Broadcast(store)
        whole = hub.open(following("0"), EVERYTHING)
        short = hub.open(following("0", SHORT), EVERYTHING)
        nothing = hub.open(following("0"), nowhere)
        store.change(failed(NIGHTLY))
        assert b"FAILED" in (await taken(whole)).answer
        assert (await taken(short)).answer == b'{"data":{"runChanged":{"cursor":"1"}}}'
        while nothing.cursor != "1":
            assert await nothing.take(0.01) is None
        for outlet in (whole, short, nothing):
            hub.close(outlet)

    asyncio.run(play())


class Seldom:
    """Listens so that others are told late."""

    def wait(self, seconds: float) -> None:
        sleep(seconds / 2)

    def close(self) -> None:
        """It holds nothing."""


def test_who_comes_back_is_told_once_what_the_others_are_told_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something changes, and one comes back before the others are told of it."""
    store = FakeStore(example())
    monkeypatch.setattr(store, "listener", Seldom)

    async def play() -> None:
        hub = Broadcast(store)
        early = hub.open(following("0"), EVERYTHING)
        await asyncio.sleep(0.2)  # it stands there, and the next look is a while away
        store.change(failed(NIGHTLY))
        late = hub.open(following("0"), EVERYTHING)
        for outlet in (late, early):
            assert (await taken(outlet)).cursor == "1"
        store.change(failed(WEEKLY))
        for outlet in (late, early):
            assert (await taken(outlet)).cursor == "2"
            hub.close(outlet)

    asyncio.run(play())


STEPS = st.one_of(
    st.tuples(st.just("change"), st.integers(0, 3)),
    st.tuples(st.just("join"), st.integers(0, 3)),
    st.tuples(st.just("leave"), st.integers(0, 3)),
    st.tuples(st.just("take"), st.integers(0, 3)),
    st.tuples(st.just("turn"), st.integers(0, 3)),
)


@settings(max_examples=40)
@given(st.lists(STEPS, max_size=30))
def test_whoever_comes_and_goes_by_cursors_ends_with_what_there_is(steps: Sequence[tuple[str, int]]) -> None:
    runs = [replace(NIGHTLY, key=run_key(f"u{number}"), name=f"r{number}") for number in range(4)]
    store = FakeStore(Knowledge(runs=runs))
    seen: list[dict[bytes, bytes]] = [{} for _ in range(4)]
    cursors = ["0"] * 4

    async def play() -> None:
        hub, outlets, told = Broadcast(store), dict[int, Outlet](), 0

        async def take(who: int, seconds: float) -> bool:
            message = await outlets[who].take(seconds)
            if message is not None:
                name = message.answer.partition(b'"name":')[2].partition(b",")[0]
                seen[who][name] = message.answer
                cursors[who] = message.cursor
            return message is not None

        for step, number in [*steps, *(("join", who) for who in range(4))]:
            if step == "change":
                told += 1
                store.change(replace(runs[number], display_name=f"change {told}"))
            elif step == "join" and number not in outlets:
                outlets[number] = hub.open(following(cursors[number]), EVERYTHING)
            elif step == "leave" and number in outlets:
                hub.close(outlets.pop(number))
            elif step == "take" and number in outlets:
                await take(number, 0.001)
            else:
                await asyncio.sleep(0)
        for who in range(4):
            while outlets[who].cursor != store.feed_end():
                await take(who, 0.01)
            hub.close(outlets[who])

    asyncio.run(play())
    changed = store.changes(EVERYTHING, None, after="0", limit=10)
    shown = {f'"{one.run.name}"'.encode(): f'"{one.run.display_name}"'.encode() for one in changed.items}
    for each in seen:
        assert each.keys() == shown.keys()
        assert all(shown[name] in answer for name, answer in each.items())


# ------------------------------------------------------------------------------------------ what goes wrong
def test_who_takes_nothing_is_let_go_of_and_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasting, "MOST_WAITING", 3)
    monkeypatch.setattr(broadcasting, "STALLED_SECONDS", 0.05)
    monkeypatch.setattr(broadcasting, "PAUSE_SECONDS", 0.0)
    store = FakeStore(example())

    async def play() -> None:
        hub = Broadcast(store)
        slow, quick = await joined(hub), await joined(hub)
        for number in range(8):
            store.change(replace(NIGHTLY, display_name=str(number)))
            assert f'"{number}"'.encode() in (await taken(quick)).answer
        with pytest.raises(TooSlow):
            await slow.take(0)
        for outlet in (slow, quick):
            hub.close(outlet)

    asyncio.run(play())


class Faulty(FakeStore):
    """A store that fails as often as it is told to."""

    faults: int = 0

    def changes(self, scope: Scope, where: Where | None, *, after: str, limit: int) -> Changes:
        if self.faults:
            self.faults -= 1
            raise StoreError("away")
        return super().changes(scope, where, after=after, limit=limit)


def test_a_store_that_is_away_for_a_while_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasting, "RETRY_SECONDS", 0.01)
    store = Faulty(example())

    async def play() -> None:
        hub = Broadcast(store)
        outlet = await joined(hub)
        store.faults = 3
        store.change(failed(NIGHTLY))
        assert b"FAILED" in (await taken(outlet)).answer
        hub.close(outlet)

    asyncio.run(play())
    assert store.faults == 0


def test_a_store_that_was_taken_back_ends_what_is_followed() -> None:
    store = FakeStore(example())

    async def play() -> None:
        hub = Broadcast(store)
        store.change(failed(NIGHTLY))
        store.change(failed(WEEKLY))
        outlet = hub.open(following("2"), EVERYTHING)
        assert await outlet.take(0.05) is None
        store.take_back(1)
        store.change(NIGHTLY)
        store.take_back(1)
        assert isinstance(await end_of(outlet), UnknownCursor)
        hub.close(outlet)

    asyncio.run(play())


def test_a_filter_that_the_store_refuses_ends_it() -> None:
    class Refusing(FakeStore):
        def changes(self, scope: Scope, where: Where | None, *, after: str, limit: int) -> Changes:
            raise InvalidRequest("no")

    async def play() -> None:
        hub = Broadcast(Refusing(example()))
        outlet = hub.open(following("0"), EVERYTHING)
        with pytest.raises(InvalidRequest):
            await outlet.take(PATIENCE_SECONDS)
        hub.close(outlet)

    asyncio.run(play())


def test_changes_are_answered_together_and_in_time() -> None:
    store = FakeStore(example())
    for run in (NIGHTLY, WEEKLY):
        store.change(run)
    query = "subscription { runChanged { run { workflows { uid } executions(first: 9) { nodes { pods { uid } } } } } }"
    asked = read_subscription(query, None, None)
    found = store.changes(EVERYTHING, None, after="0", limit=9)
    store.reads.clear()
    answers = list(asked.answers(store, EVERYTHING, found.items, Deadline(PATIENCE_SECONDS)))
    assert len(answers) == 2
    assert (store.reads.count("workflows"), store.reads.count("pods")) == (1, 1)
    late = list(asked.answers(store, EVERYTHING, found.items, Deadline(-1)))
    assert [answer["errors"][0]["extensions"]["code"] for answer in late] == ["DEADLINE_EXCEEDED"] * 2


# ------------------------------------------------------------------------------------------ joining others
class Interrupted(FakeStore):
    """A store in which something changes as soon as one has read from the beginning, and others are told of it before
    that one gets on."""

    def __init__(self) -> None:
        super().__init__(example())
        self.others_are_told = Event()
        self.interrupted = False

    def changes(self, scope: Scope, where: Where | None, *, after: str, limit: int) -> Changes:
        found = super().changes(scope, where, after=after, limit=limit)
        if after == "0" and not self.interrupted:
            self.interrupted = True
            self.change(failed(WEEKLY))
            assert self.others_are_told.wait(PATIENCE_SECONDS)
        return found


def test_what_others_are_told_while_one_catches_up_is_not_missed() -> None:
    store = Interrupted()
    store.change(failed(NIGHTLY))

    async def play() -> None:
        hub = Broadcast(store)
        first = await joined(hub)
        second = hub.open(following("0"), EVERYTHING)
        assert (await taken(first)).cursor == "2"
        store.others_are_told.set()
        assert [(await taken(second)).cursor for _ in range(2)] == ["1", "2"]
        for outlet in (first, second):
            hub.close(outlet)

    asyncio.run(play())


def test_who_joins_others_takes_nothing_from_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasting, "PAUSE_SECONDS", 0.3)  # in which the second is faster
    store = FakeStore(example())

    async def play() -> None:
        hub = Broadcast(store)
        first = await joined(hub)
        store.change(failed(NIGHTLY))
        assert (await taken(first)).cursor == "1"
        store.change(failed(WEEKLY))
        second = hub.open(following("0"), EVERYTHING)
        assert [(await taken(second)).cursor for _ in range(2)] == ["1", "2"]
        assert (await taken(first)).cursor == "2"
        for outlet in (first, second):
            hub.close(outlet)

    asyncio.run(play())
