"""What holds between databases: equal knowledge has equal bytes on all, however many recorders wrote it at once."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from lineage import recorder
from lineage.deadline import Deadline
from lineage.errors import StoreError
from lineage.facts import Fact
from lineage.identity import Key
from lineage.model import Run
from lineage.observation import Observation
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import migrate, open_store
from lineage.store.codec import Bodies
from lineage.store.database import open_in_memory
from lineage.store.forgetting import _subjects
from lineage.store.locks import subjects_of
from lineage.store.sql import SqlStore
from lineage.store.writes import apply
from tests import oracle, simulation
from tests.contract.conftest import Databases
from tests.factories import (
    CLUSTER,
    RECORDED_AT,
    REDACTOR,
    a_node,
    a_pod,
    a_workflow,
    dumped,
    facts_of,
    interpreted,
    record,
)
from tests.kubeflow_world import a_told_world
from tests.postgresql import Server
from tests.workload_world import observations
from watchers.files import Ignored, observed, read
from watchers.sources import all_sources

LATER = datetime(2030, 1, 1, tzinfo=UTC)
A, B = "w-1000001", "w-1000002"
Said = Sequence[Fact]

worlds = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 10**9)
chances = st.integers(0, 10**9).map(random.Random)


@pytest.fixture
def on_postgresql(databases: Databases) -> Iterator[Databases]:
    """Stores on PostgreSQL, beside those in memory."""
    yield databases
    databases.take_back()


def everything_seen(seed: int, *, gaps: float) -> list[Said]:
    """What two watchers of a simulated world say."""
    world = simulation.play(seed)
    seen: list[Observation] = [one for number in (0, 1) for one in simulation.watch(world, seed + number, gaps=gaps)]
    seen += world.looks
    seen += simulation.noise(seen, seed)
    return [facts_of(one) for one in seen]


def together(said: Sequence[Said]) -> list[Fact]:
    return [fact for several in said for fact in several]


def in_memory(said: Sequence[Said]) -> list[bytes]:
    with closing(open_in_memory()) as store:
        store.apply(together(said), recorded_at=RECORDED_AT)
        return dumped(store)


# ------------------------------------------------------------------------------------------ one after another
@worlds
@given(seeds, chances, st.sampled_from([0.0, 0.2]))
def test_any_order_and_repetition_gives_the_bytes_that_sqlite_gives(
    on_postgresql: Databases, seed: int, chance: random.Random, gaps: float
) -> None:
    said = everything_seen(seed, gaps=gaps)
    stream = said + chance.choices(said, k=len(said) // 2)
    chance.shuffle(stream)
    store = on_postgresql.make()
    while stream:
        size = chance.choice([7, 40, 200])
        store.apply(together(stream[:size]), recorded_at=RECORDED_AT)
        stream = stream[size:]
    assert dumped(store) == in_memory(said)
    assert oracle.known(store) == oracle.knowledge(together(said))
    on_postgresql.take_back()


def test_recorded_objects_give_equal_bytes(on_postgresql: Databases, fixtures: Path) -> None:
    found = read([str(fixtures)], standard_input=BytesIO())
    seen = [
        observed(one, sources=all_sources(), cluster=CLUSTER, seen_at=RECORDED_AT, redactor=REDACTOR) for one in found
    ]
    said = [recorder.facts_of(one, interpreted) for one in seen if not isinstance(one, Ignored)]
    store = on_postgresql.make()
    for start in range(0, len(said), 100):
        store.apply(together(said[start : start + 100]), recorded_at=RECORDED_AT)
    assert dumped(store) == in_memory(said)
    assert store.count(EVERYTHING, Run, Listing()) > 70


# ------------------------------------------------------------------------------------------ at the same time
def record_part(url: str, part: Sequence[Said], chance: random.Random, start: Barrier) -> int:
    """Record as one recorder of several does: what failed is tried again whole. Says how often that was."""
    failed, position = 0, 0
    with closing(open_store(url)) as store:
        start.wait()
        while position < len(part):
            size = chance.choice([1, 2, 5, 20])
            try:
                store.apply(together(part[position : position + size]), recorded_at=RECORDED_AT)
            except StoreError:
                failed += 1
                assert failed < 1000, "it does not get through"
                continue
            position += size
    return failed


def record_at_once(url: str, parts: Sequence[Sequence[Said]], chance: random.Random) -> int:
    start = Barrier(len(parts))
    own = [random.Random(chance.random()) for _ in parts]
    with ThreadPoolExecutor(len(parts)) as threads:
        work = [threads.submit(record_part, url, part, one, start) for part, one in zip(parts, own, strict=True)]
        return sum(done.result() for done in work)


def test_recorders_at_once_leave_what_one_leaves_of_what_kubeflow_tells(postgresql: Server) -> None:
    """Runs, the uploads that they name, and their workflows, in orders of their own: each comes first somewhere."""
    said = [facts_of(one) for one in a_told_world(25)]
    expected = in_memory(said)
    for seed in range(3):
        chance = random.Random(seed)
        url = postgresql.new_database()
        record_at_once(url, [chance.sample(said, k=len(said)) for _ in range(3)], chance)
        parts = [said[number::3] for number in range(3)]
        other = postgresql.new_database()
        record_at_once(other, [chance.sample(part, k=len(part)) for part in parts], chance)
        for made in (url, other):
            with closing(open_store(made)) as store:
                assert dumped(store) == expected


def test_recorders_at_once_leave_what_one_leaves_of_trials_and_jobs(postgresql: Server) -> None:
    """Runs, what started them, and pods of both, in orders of their own: each comes first somewhere."""
    said = [facts_of(one) for one in observations()]
    expected = in_memory(said)
    for seed in range(6):
        chance = random.Random(seed)
        url = postgresql.new_database()
        record_at_once(url, [chance.sample(said, k=len(said)) for _ in range(4)], chance)
        with closing(open_store(url)) as store:
            assert dumped(store) == expected


@pytest.mark.parametrize("recorders", [2, 4])
@pytest.mark.parametrize("split", ["by chance", "repeated", "all to all"])
def test_recorders_at_once_leave_what_one_leaves(postgresql: Server, recorders: int, split: str) -> None:
    """Whatever each of them gets: parts, overlapping parts, or all of it in an order of its own."""
    chance = random.Random(f"{recorders} {split}")
    for _ in range(2):
        said = everything_seen(chance.randrange(10**9), gaps=0.1)
        parts: list[list[Said]] = [[] for _ in range(recorders)]
        for one in said:
            for part in chance.sample(parts, {"by chance": 1, "repeated": min(2, recorders)}.get(split, recorders)):
                part.append(one)
        for part in parts:
            chance.shuffle(part)
        url = postgresql.new_database()
        record_at_once(url, parts, chance)
        with closing(open_store(url)) as store:
            assert dumped(store) == in_memory(said)


def test_who_forgets_and_who_records_at_once_leave_what_one_after_the_other_leaves(postgresql: Server) -> None:
    """Two forget the same runs, and three record others, and those again."""
    for seed in range(3):
        chance, said = random.Random(seed), everything_seen(seed, gaps=0.0)
        with closing(open_in_memory()) as store:
            store.apply(together(said), recorded_at=RECORDED_AT)
            forgotten = [run.key for run in store.runs(EVERYTHING, Listing(), PageRequest(first=100)).items][::2]
            with store._reading() as connection:
                names = set(_subjects(connection, store._dialect, forgotten).names)
            store.forget(forgotten, now=LATER)
            expected = dumped(store)
        url = postgresql.new_database()
        with closing(open_store(url)) as store:
            first = [one for one in said if chance.random() < 0.5 or subjects_of(one) & names]
            store.apply(together(first), recorded_at=RECORDED_AT)
            with ThreadPoolExecutor(2) as threads:
                forgetting = [
                    threads.submit(forget_each, store, chance.sample(forgotten, len(forgotten))) for _ in range(2)
                ]
                record_at_once(url, [chance.sample(said, k=len(said)) for _ in range(3)], chance)
                assert sum(done.result() for done in forgetting) >= len(forgotten)
            assert dumped(store) == expected


def forget_each(store: SqlStore, runs: Sequence[Key]) -> int:
    """Forget runs one by one. Says how many were known."""
    return sum(store.forget([run], now=LATER).runs for run in runs)


def test_recorders_at_one_location_do_not_miss_each_other(postgresql: Server) -> None:
    """Each records a run that reads what all others wrote before it, and writes it anew."""
    count, key = 24, "data/latest.csv"
    said: list[Said] = []
    for number in range(count):
        name, start = f"w{number}", 100 * number
        nodes = {f"{name}-1000001": a_node(f"{name}.a", start, start + 9, reads=[key], writes=[key])}
        said.append(facts_of(a_workflow(nodes, uid=f"u{number}", name=name, born=start, version=number + 1)))
    url = postgresql.new_database()
    record_at_once(url, [said[number::4] for number in range(4)], random.Random(1))
    with closing(open_store(url)) as store:
        assert dumped(store) == in_memory(said)


def test_recorders_of_different_runs_do_not_wait_for_each_other(postgresql: Server) -> None:
    url = postgresql.new_database()
    one, two = open_store(url), open_store(url)
    first = facts_of(a_workflow({A: a_node("w.a", 10, 20, writes=["k"])}), a_pod("p", A))
    second = facts_of(a_workflow({"v-1": a_node("v.a", 10, 20, writes=["m"])}, uid="u2", name="v"))
    with one._writing() as connection:
        apply(connection, one._dialect, one._rolls, (), subjects_of(first), first, Bodies(), RECORDED_AT)
        two.apply(second, recorded_at=RECORDED_AT)  # would wait for ever
    assert one.count(EVERYTHING, Run, Listing()) == 2
    one.close()
    two.close()


def test_a_reader_sees_one_state_however_many_statements_it_needs(on_postgresql: Databases) -> None:
    store = on_postgresql.make()
    record(store, a_workflow({A: a_node("w.a", 10, 20, writes=["k"])}))
    reading = iter(store.dump(EVERYTHING))
    assert next(reading)["type"] == "Artifact"
    record(store, a_workflow(uid="u2", name="v"))
    assert sum(item["type"] == "Run" for item in reading) == 1
    assert store.count(EVERYTHING, Run, Listing()) == 2


@pytest.mark.parametrize("limited", [False, True])
def test_what_is_asked_often_stays_prepared_on_postgresql(on_postgresql: Databases, *, limited: bool) -> None:
    store = on_postgresql.make()
    asked = store.within(Deadline(600)) if limited else store
    for _ in range(10):
        asked.runs(EVERYTHING, Listing(), PageRequest(first=3))
    with store._engine.connect() as connection:
        texts = list(connection.exec_driver_sql("SELECT statement FROM pg_prepared_statements").scalars())
    assert any("FROM run" in text for text in texts)


def test_readers_of_a_file_take_a_connection_once_unless_a_read_fails_on_it(tmp_path: Path) -> None:
    migrate(url := f"sqlite:///{tmp_path / 'lineage.db'}")
    with closing(open_store(url)) as store:
        taken: list[object] = []
        event.listen(store._engine, "checkout", lambda *told: taken.append(told))
        for _ in range(3):
            store.check()
        assert len(taken) == 1
        with pytest.raises(StoreError), store._reading() as connection:
            connection.exec_driver_sql("SELECT nothing FROM nowhere")
        store.check()
        assert len(taken) == 2
