"""Small questions over HTTP: answered on the loop where nothing waits for that, and as a thread would answer them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from threading import Event
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from lineage.access import Caller, Grant
from lineage.deadline import Deadline
from lineage.errors import StoreError, WouldWait
from lineage.identity import Key
from lineage.model import Node, Run, RunView
from lineage.ports import EVERYTHING, Listing, Page, PageRequest, Scope
from lineage.room import Room
from lineage.web import Health, application
from lineage.web.endpoint import THREADS, endpoint
from lineage.web.questions import Question
from lineage.web.small import (
    FORGIVEN,
    LARGEST_ANSWER,
    LARGEST_ASKED,
    MOST_REMEMBERED,
    MOST_SLOW_SECONDS,
    SECONDS,
    SLOW_SECONDS,
    SLOWER,
    TURN_SECONDS,
    SmallQueries,
)
from lineage_graphql import SmallQuery, small_query
from tests.asking import Client
from tests.example import MODEL, NIGHTLY, TRAIN, example
from tests.fakes import FakeStore

ASKED = "query A($id: ID!) { node(id: $id) { id ... on Run { name message labels } } }"
STEP_SECONDS = 0.25
PATIENCE_SECONDS = 10.0


def is_on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Watched(FakeStore):
    """Says for each read by key whether it was on the loop."""

    def __init__(self) -> None:
        super().__init__(example())
        self.on_loop: list[bool] = []

    def get(self, scope: Scope, keys: Sequence[Key]) -> Mapping[Key, Node]:
        self.on_loop.append(is_on_loop())
        return super().get(scope, keys)


class Waiting(Watched):
    """Reads runs at once, and what they say on threads alone."""

    def views(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, RunView]:
        if is_on_loop():
            raise WouldWait
        return super().views(scope, runs)


def asked(client: Client, text: str = ASKED, **variables: Any) -> httpx.Response:
    return client.post("/graphql", json={"query": text, "variables": variables or {"id": NIGHTLY.id}})


def counted(health: Health) -> Mapping[str, float]:
    """How many questions were answered, by what became of them."""
    families = text_string_to_metric_families(health.metrics.exposition().decode())
    found = next(family for family in families if family.name == "lineage_graphql_answers")
    return {one.labels["outcome"]: one.value for one in found.samples if one.name.endswith("_total")}


def test_what_a_thread_has_answered_is_answered_on_the_loop_from_then_on() -> None:
    store = Watched()
    client = Client(application(store=store))
    answers = [asked(client) for _ in range(3)]
    assert store.on_loop == [False, True, True]
    assert {(one.status_code, one.content, one.headers["content-type"]) for one in answers} == {
        (200, answers[0].content, answers[0].headers["content-type"])
    }


def test_a_store_that_always_waits_is_asked_on_threads() -> None:
    class Far(Watched):
        def at_once(self) -> None:
            return None

    store = Far()
    client = Client(application(store=store))
    for _ in range(3):
        asked(client)
    assert store.on_loop == [False] * 3


def test_what_would_wait_in_the_middle_is_answered_on_a_thread_and_counted_and_logged_once() -> None:
    store, health = Waiting(), Health()
    client = Client(application(store=store, health=health))
    with capture_logs() as logs:
        first, second = asked(client), asked(client)
    assert store.on_loop == [False, True, False]
    assert first.content == second.content
    assert first.json()["data"]["node"]["labels"]
    assert (counted(health), logs) == ({"OK": 2.0}, [])


def test_what_was_slow_is_left_to_threads_and_others_are_not() -> None:
    store = Waiting()
    client = Client(application(store=store))
    for _ in range(3 + FORGIVEN):
        asked(client)
    assert store.on_loop == [False, *[True, False] * (FORGIVEN + 1), False]
    store.on_loop.clear()
    for _ in range(2):
        asked(client, "query A($id: ID!) { node(id: $id) { id } }")
    assert store.on_loop == [False, True]


def test_what_was_taken_before_it_would_wait_is_given_back() -> None:
    room, taken = Room(most_bytes=2**20, most_of_one=2**20), list[int]()

    def answer(*_: object) -> dict[str, Any]:
        taken.append(room.taken)
        return {"data": None}

    def answer_at_once(_: Grant, __: Question, ___: SmallQuery, deadline: Deadline) -> dict[str, Any]:
        deadline.take(1_000)
        taken.append(room.taken)
        raise WouldWait

    client = Client(endpoint(answer, room=room, answer_at_once=answer_at_once))
    for _ in range(2):
        asked(client)
    first, at_once, second = taken
    assert (first, second, room.taken) == (0, 0, 0)
    assert at_once > 0


def test_a_small_question_is_answered_while_every_thread_is_taken() -> None:
    held = Event()

    class Stuck(Watched):
        def runs(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Run]:
            held.wait(PATIENCE_SECONDS)
            return super().runs(scope, listing, page)

    async def acts() -> None:
        transport = httpx.ASGITransport(app=application(store=Stuck()))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:

            async def ask(text: str) -> httpx.Response:
                return await client.post("/graphql", json={"query": text, "variables": {"id": NIGHTLY.id}})

            first = await ask(ASKED)
            stuck = [asyncio.create_task(ask("{ runs { nodes { id } } }")) for _ in range(THREADS)]
            await asyncio.sleep(0)
            async with asyncio.timeout(PATIENCE_SECONDS / 2):
                assert (await ask(ASKED)).content == first.content
            held.set()
            await asyncio.gather(*stuck)

    asyncio.run(acts())


def test_a_fault_of_ours_is_told_and_logged_once_as_from_a_thread() -> None:
    class Broken(Watched):
        def views(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, RunView]:
            raise StoreError("refused")

    client = Client(application(store=Broken()))
    with capture_logs() as logs:
        answers = [asked(client).json() for _ in range(2)]
    assert [one["errors"][0]["extensions"]["code"] for one in answers] == ["INTERNAL"] * 2
    assert [one["request_id"] for one in logs] == [one["errors"][0]["extensions"]["requestId"] for one in answers]


@pytest.mark.parametrize("too_large", ["question", "answer"])
def test_what_is_large_is_answered_on_a_thread(too_large: str) -> None:
    class Wordy(Watched):
        def views(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, RunView]:
            said = "x" * LARGEST_ANSWER if too_large == "answer" else "x"
            return {key: RunView(message=said) for key in runs}

    store = Wordy()
    client = Client(application(store=store))
    text = ASKED + (" " * LARGEST_ASKED if too_large == "question" else "")
    answers = [asked(client, text).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert store.on_loop[-1] is False


def test_what_is_asked_by_get_and_what_makes_no_sense_is_answered_alike() -> None:
    store = Watched()
    client = Client(application(store=store))
    given = {"query": ASKED, "variables": orjson.dumps({"id": NIGHTLY.id}).decode()}
    assert len({client.get("/graphql", params=given).content for _ in range(3)}) == 1
    assert store.on_loop == [False, True, True]
    assert {client.get("/graphql", params={**given, "variables": "{"}).status_code for _ in range(2)} == {400}
    unknown = [asked(client, id="nonsense") for _ in range(2)]
    assert unknown[0].content == unknown[1].content
    assert unknown[0].json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


OF_EXECUTION = ("id", "name", "phase", "resources", "run { name }", "inputs { name artifact { uri } }", "pods { uid }")
OF_RUN = ("id", "uid", "labels", "parameters { name value }", "workflows { name phase }", "pipelineVersion { id }")
OF_ARTIFACT = ("uri", "digest", "state", "producer { id displayName dependsOn { name } }")


@given(
    st.lists(st.sampled_from(OF_RUN), min_size=1, unique=True),
    st.lists(st.sampled_from(OF_EXECUTION), min_size=1, unique=True),
    st.lists(st.sampled_from(OF_ARTIFACT), min_size=1, unique=True),
    st.sampled_from([NIGHTLY.id, TRAIN.id, MODEL.id, "nonsense", "", None, 5]),
    st.sampled_from([None, 0, 1, 3, 101, "x"]),
)
def test_whatever_is_asked_the_loop_answers_as_a_thread_does(
    of_run: list[str], of_execution: list[str], of_artifact: list[str], node_id: object, first: object
) -> None:
    text = f"""query A($id: ID!, $first: Int) {{ node(id: $id) {{ __typename
        ... on Run {{ {" ".join(of_run)} executions(first: $first) {{ nodes {{ {" ".join(of_execution)} }} }} }}
        ... on Execution {{ {" ".join(of_execution)} }}
        ... on Artifact {{ {" ".join(of_artifact)} }} }} }}"""
    client = Client(application(store=Watched()))
    answers = [asked(client, text, id=node_id, first=first) for _ in range(2)]
    assert (answers[0].status_code, answers[0].content) == (answers[1].status_code, answers[1].content)


# ------------------------------------------------------------------------------------------ what is remembered
ADA = Grant(caller=Caller(name="ada"), scope=EVERYTHING, until=0.0)
EVE = Grant(caller=Caller(name="eve"), scope=Scope(namespaces=frozenset({("prod", "churn")})), until=0.0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def a_question(text: str = ASKED) -> Question:
    return Question(query=text, variables=None, operation_name=None)


def some(clock: Callable[[], float], *texts: str) -> SmallQueries:
    """What remembers that threads have answered somebody some texts."""
    queries = SmallQueries(clock=clock)
    for text in texts:
        query = small_query(text, None)
        assert query is not None
        queries.learn(ADA, a_question(text), query)
    return queries


def test_what_was_answered_to_somebody_of_other_rights_is_not_known_yet() -> None:
    queries = some(Clock(), ASKED)
    assert queries.known(ADA, a_question()) is not None
    assert queries.known(EVE, a_question()) is None


def test_only_so_many_texts_are_remembered_those_that_are_asked_for() -> None:
    texts = [f"query A{number}($id: ID!) {{ node(id: $id) {{ id }} }}" for number in range(MOST_REMEMBERED)]
    queries = some(Clock(), *texts)
    assert queries.known(ADA, a_question(texts[0])) is not None
    query = small_query(ASKED, None)
    assert query is not None
    queries.learn(ADA, a_question(), query)
    assert queries.known(ADA, a_question(texts[0])) is not None
    assert queries.known(ADA, a_question(texts[1])) is None


def test_what_stays_slow_is_tried_again_ever_more_rarely_until_it_is_not() -> None:
    clock, tried_at = Clock(), []
    queries = some(clock, ASKED)

    async def acts(until: float) -> None:
        while clock.now < until:
            if queries.known(ADA, a_question()) is not None:
                tried_at.append(clock.now)
                with pytest.raises(WouldWait), queries.answering(a_question()):
                    raise WouldWait
                await asyncio.sleep(0)
            clock.now += STEP_SECONDS

    async def goes_well() -> None:
        with queries.answering(a_question()):
            pass

    asyncio.run(acts(6 * MOST_SLOW_SECONDS))
    waits = [later - earlier for earlier, later in pairwise(tried_at)]
    assert waits[:5] == [STEP_SECONDS] * FORGIVEN + [SLOW_SECONDS * SLOWER**times for times in range(3)]
    assert waits[-1] == MOST_SLOW_SECONDS
    asyncio.run(goes_well())
    tried_at.clear()
    asyncio.run(acts(clock.now + SLOW_SECONDS))
    assert len(tried_at) == FORGIVEN + 1


def test_what_took_long_although_it_was_answered_is_slow() -> None:
    clock = Clock()
    queries = some(clock, ASKED)

    async def acts() -> None:
        for _ in range(FORGIVEN + 1):
            assert queries.known(ADA, a_question()) is not None
            with queries.answering(a_question()):
                clock.now += 2 * SECONDS
            await asyncio.sleep(0)
        assert queries.known(ADA, a_question()) is None

    asyncio.run(acts())


def test_so_much_is_answered_in_one_turn_of_the_loop_and_the_rest_on_threads() -> None:
    clock = Clock()
    queries = some(clock, ASKED)

    async def acts() -> None:
        for _ in range(2):
            for _ in range(2):
                assert queries.known(ADA, a_question()) is not None
                with queries.answering(a_question()):
                    clock.now += TURN_SECONDS / 2
            assert queries.known(ADA, a_question()) is None
            await asyncio.sleep(0)

    asyncio.run(acts())
