"""The feed of runs that changed: all is told, in the order of commits, to whoever comes back by a cursor."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.errors import InvalidRequest, UnknownCursor
from lineage.model import Phase
from lineage.observation import Observation
from lineage.ports import EVERYTHING, Condition, Operator, RunChange, Scope
from lineage.store.sql import SqlStore
from tests.factories import (
    CLUSTER,
    KubernetesObject,
    a_node,
    a_pod,
    a_store,
    a_workflow,
    deleted,
    listed,
    looked,
    record,
    rfc3339,
    view_of,
)
from tests.kubeflow_answers import a_run
from tests.kubeflow_answers import told as told_by_kubeflow
from tests.kubeflow_world import a_told_world
from tests.workload_world import observations
from tests.worlds import objects_of
from watchers.answers import RUNS

pytestmark = pytest.mark.usefixtures("database")

ALL: Final = 1_000


def run(number: int, version: int = 1, **more: Any) -> KubernetesObject:
    """A view of a run."""
    return a_workflow(uid=f"u{number}", name=f"w{number}", version=version, **more)


def told(store: SqlStore, after: str, scope: Scope = EVERYTHING, **asked: Any) -> list[str]:
    """Name the runs that changed."""
    found = store.changes(scope, asked.get("where"), after=after, limit=asked.get("limit", ALL))
    return [one.run.name for one in found.items]


def followed(store: SqlStore, after: str, limit: int) -> Iterator[RunChange]:
    """All that changed, so many at a time."""
    while True:
        found = store.changes(EVERYTHING, None, after=after, limit=limit)
        yield from found.items
        if found.cursor == after:
            return
        after = found.cursor


# ------------------------------------------------------------------------------------------ what is told
def test_who_follows_gets_each_run_once_as_it_is_now_and_in_the_order_of_its_last_change() -> None:
    store = a_store()
    beginning = store.feed_end()
    record(store, run(1), run(2))
    record(store, run(3))
    record(store, run(1, version=2, phase="Succeeded"))
    found = store.changes(EVERYTHING, None, after=beginning, limit=ALL)
    assert [(one.run.name, one.run.phase) for one in found.items] == [
        ("w2", Phase.RUNNING),
        ("w3", Phase.RUNNING),
        ("w1", Phase.SUCCEEDED),
    ]
    assert found.cursor == store.feed_end() == found.items[-1].cursor
    assert [told(store, one.cursor) for one in found.items] == [["w3", "w1"], ["w1"], []]


def test_a_long_way_is_gone_in_small_steps() -> None:
    store = a_store()
    beginning = store.feed_end()
    record(store, *(run(number) for number in range(7)))
    assert [one.run.name for one in followed(store, beginning, 3)] == [f"w{number}" for number in range(7)]


def test_the_same_again_is_no_change() -> None:
    worlds = [each for number in range(12) for each in objects_of(number)], a_told_world(6), observations()
    store = a_store(*worlds[0], *worlds[1], *worlds[2])
    while store.settle(limit=50):
        pass
    end = store.feed_end()
    for world in worlds:
        for one in world:
            record(store, one)
        record(store, *world)
    assert store.feed_end() == end


def a_pod_of_it() -> KubernetesObject:
    return a_pod("p", "w-1", owner="u1", workflow="w1")


A_STEP: Final = {"w-1": a_node("w.a", 10, 20, writes=["k"])}
READER: Final = a_workflow({"w-9": a_node("v.b", 30, 40, reads=["k"])}, uid="u9", name="w9", phase="Succeeded")
CHANGES: Final[dict[str, tuple[Sequence[Observation | KubernetesObject], Observation | KubernetesObject]]] = {
    "a newer view": ((run(1),), run(1, version=2, phase="Failed")),
    "an attempt": ((run(1),), run(1, version=2, nodes={"w-1": a_node("w.a", 10)})),
    "a pod": ((run(1, nodes=A_STEP),), a_pod_of_it()),
    "a pod of a run that nobody has seen": ((), a_pod_of_it()),
    "what lies where it wrote": ((run(1, nodes=A_STEP),), looked("k", modified=15, at=100)),
    "its end in the cluster": ((run(1),), deleted("u1")),
    "the end of a pod": (
        (run(1, nodes=A_STEP), a_pod_of_it()),
        deleted("p", source="pod"),
    ),
    "a list that lacks it": ((run(1, version=3),), listed("a", 9, ["u7"])),
    "a list that lacks what the one before had": ((run(1, version=3), listed("a", 5, ["u1"])), listed("a", 9, ["u7"])),
    "a list of all that lacks it": ((run(1, version=3),), listed("*", 9, ["u2"])),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_is_another_of_a_run_is_told(what: str) -> None:
    before, change = CHANGES[what]
    store = a_store(*before, run(2, namespace="b"))
    end = store.feed_end()
    record(store, change)
    assert told(store, end) == ["w1"]


@pytest.mark.parametrize(
    "nothing", [listed("a", 9, ["u1"]), listed("b", 9, []), listed("a", 2, []), deleted("u5")], ids=repr
)
def test_what_says_nothing_of_a_run_tells_nobody(nothing: Observation) -> None:
    store = a_store(run(1, version=3))
    end = store.feed_end()
    record(store, nothing)
    assert told(store, end) == []


def test_a_run_is_told_of_when_what_it_read_turns_out_to_be_another() -> None:
    store = a_store(run(1, nodes=A_STEP, phase="Succeeded"), READER)
    end = store.feed_end()
    record(store, looked("k", modified=25, at=100))
    assert sorted(told(store, end)) == ["w1", "w9"]


def test_fingerprints_are_told_when_they_are_known() -> None:
    store = a_store(run(1, nodes=A_STEP, phase="Succeeded"))
    end = store.feed_end()
    store.settle(limit=10)
    assert told(store, end) == ["w1"]


def test_what_kubeflow_tells_of_a_run_is_told() -> None:
    store = a_store(told_by_kubeflow(RUNS, a_run(state="FAILED", ended=None)))
    end = store.feed_end()
    more: dict[str, Any] = {
        "error": {"message": "out of memory"},
        "state_history": [{"state": "FAILED", "update_time": rfc3339(200)}],
    }
    record(store, told_by_kubeflow(RUNS, a_run(state="FAILED", ended=None, **more)))
    (found,) = store.changes(EVERYTHING, None, after=end, limit=ALL).items
    assert view_of(store, found.run).message == "out of memory"


# ------------------------------------------------------------------------------------------ to whom
def test_what_is_outside_of_a_scope_or_does_not_match_is_passed_by() -> None:
    store = a_store()
    beginning = store.feed_end()
    record(store, run(1), run(2, namespace="b"), run(3, phase="Failed"), run(4, namespace="b"))
    of_b = Scope(namespaces=frozenset({(CLUSTER, "b")}))
    failed = Condition(field="phase", operator=Operator.EQ, value=Phase.FAILED)
    assert told(store, beginning, of_b) == ["w2", "w4"]
    assert told(store, beginning, where=failed) == ["w3"]
    assert told(store, beginning, of_b, where=failed) == told(store, beginning, Scope(namespaces=frozenset())) == []
    assert store.changes(of_b, failed, after=beginning, limit=ALL).cursor == store.feed_end()


def test_a_cursor_of_another_store_leads_nowhere() -> None:
    store, other = a_store(run(1)), a_store(run(1))
    for cursor in (other.feed_end(), _ahead(store)):
        with pytest.raises(UnknownCursor, match="read the list of runs again"):
            store.changes(EVERYTHING, None, after=cursor, limit=ALL)
    for text in ("", "nonsense", "äöü", "W10", "bnVsbA"):
        with pytest.raises(InvalidRequest):
            store.changes(EVERYTHING, None, after=text, limit=ALL)


def _ahead(store: SqlStore) -> str:
    """A cursor of a time that a backup took back."""
    record(store, run(2))
    cursor = store.feed_end()
    with store._writing() as connection:
        connection.exec_driver_sql("UPDATE feed SET place = place - 1")
    return cursor


def test_a_filter_that_makes_no_sense_is_refused() -> None:
    store = a_store()
    beginning = store.feed_end()
    record(store, run(1))
    with pytest.raises(InvalidRequest, match="cannot filter"):
        told(store, beginning, where=Condition(field="colour", operator=Operator.EQ, value="red"))


# ------------------------------------------------------------------------------------------ who comes and goes
STEPS = st.one_of(
    st.tuples(st.just("record"), st.integers(0, 4)),
    st.tuples(st.just("read"), st.integers(0, 2)),
    st.tuples(st.just("come back"), st.integers(0, 2)),
)


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=40), st.integers(1, 3))
def test_whoever_reads_whenever_ends_with_what_there_is(steps: Sequence[tuple[str, int]], limit: int) -> None:
    store = a_store()
    versions = [0] * 5
    cursors = [[store.feed_end()] for _ in range(3)]
    seen: list[dict[str, int]] = [{} for _ in cursors]

    def read(reader: int, most: int) -> None:
        found = store.changes(EVERYTHING, None, after=cursors[reader][-1], limit=most)
        for one in found.items:
            seen[reader][one.run.name] = int(view_of(store, one.run).parameters[0].value or 0)
        cursors[reader] += [*(one.cursor for one in found.items), found.cursor]

    for step, who in steps:
        if step == "record":
            versions[who] += 1
            arguments = {"arguments": {"parameters": [{"name": "version", "value": str(versions[who])}]}}
            record(store, run(who, version=versions[who], spec=arguments))
        elif step == "read":
            read(who, limit)
        else:  # by a cursor that was read some time ago
            cursors[who] = cursors[who][: max(1, len(cursors[who]) // 2)]
    for reader in range(3):
        read(reader, ALL)
    assert seen == [{f"w{n}": version for n, version in enumerate(versions) if version}] * 3
    store.close()
