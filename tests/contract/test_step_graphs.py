"""The steps of a run as a graph: on every database the same as its executions say one by one."""

from collections.abc import Mapping

import pytest

from lineage import gathering
from lineage.gathering import step_graphs
from lineage.model import StepGraph
from lineage.ports import EVERYTHING, NOTHING
from tests.factories import KubernetesObject, a_node, a_store, a_workflow

pytestmark = pytest.mark.usefixtures("database")

RUN = ("Run", "u1")
FANNED = {
    "w": a_node("w", 1, 90, kind="DAG", children=["w-a"]),
    "w-a": a_node("w.a", 10, 20, children=["w-g"]),
    "w-g": a_node("w.g", 21, 40, kind="TaskGroup", children=["w-0", "w-1"]),
    "w-0": a_node("w.g(0)", 22, 30, children=["w-z"]),
    "w-1": a_node("w.g(1)", 23, 31, children=["w-z"]),
    "w-z": a_node("w.z", 50, 60),
}


def graph_of(*workflows: KubernetesObject) -> StepGraph:
    return step_graphs(a_store(*workflows), EVERYTHING, [RUN])[RUN]


def named(graph: StepGraph) -> Mapping[str, set[str]]:
    """What each step depends on, by names."""
    names = {each.id: each.name for each in graph.executions}
    found: dict[str, set[str]] = {name: set() for name in names.values()}
    for link in graph.links:
        found[names[link.target]].add(names[link.source])
    return found


def test_a_graph_holds_each_step_and_what_it_depends_on_through_groupings() -> None:
    graph = graph_of(a_workflow(FANNED))
    assert [each.name for each in graph.executions] == ["w.a", "w.g(0)", "w.g(1)", "w.z"]
    assert named(graph) == {"w.a": set(), "w.g(0)": {"w.a"}, "w.g(1)": {"w.a"}, "w.z": {"w.g(0)", "w.g(1)"}}
    assert graph.complete


def test_links_are_what_each_step_says_by_itself() -> None:
    store = a_store(a_workflow(FANNED))
    graph = step_graphs(store, EVERYTHING, [RUN])[RUN]
    alone = store.depends_on(EVERYTHING, [each.key for each in graph.executions])
    assert {(link.source, link.target) for link in graph.links} == {
        (before.id, each.id) for each in graph.executions for before in alone[each.key]
    }


def test_what_a_later_attempt_replaced_is_not_in_it() -> None:
    first = {"w-a": a_node("w.a", 10, 20, children=["w-z"]), "w-z": a_node("w.z", 21, 30, "Failed")}
    again = {**first, "w-z": a_node("w.z", 50, 60)}
    graph = graph_of(a_workflow(first, version=1), a_workflow(again, version=2))
    assert [(each.name, each.phase) for each in graph.executions] == [("w.a", "SUCCEEDED"), ("w.z", "SUCCEEDED")]
    assert named(graph) == {"w.a": set(), "w.z": {"w.a"}}


def test_each_run_has_its_own() -> None:
    store = a_store(a_workflow(FANNED), a_workflow({"v-a": a_node("v.a", 1, 2)}, uid="u2", name="v"))
    found = step_graphs(store, EVERYTHING, [RUN, ("Run", "u2")])
    assert {key: len(graph.executions) for key, graph in found.items()} == {RUN: 4, ("Run", "u2"): 1}


def test_a_run_without_steps_has_an_empty_one_and_so_has_what_may_not_be_seen() -> None:
    store = a_store(a_workflow(FANNED), a_workflow(uid="u2", name="v"))
    empty = StepGraph(executions=(), links=(), complete=True)
    assert step_graphs(store, EVERYTHING, [("Run", "u2")]) == {("Run", "u2"): empty}
    assert step_graphs(store, NOTHING, [RUN]) == {RUN: empty}


@pytest.mark.parametrize("bound", ["MOST_STEPS", "MOST_STEP_LINKS"])
def test_a_graph_with_more_than_may_be_read_says_that_it_is_not_complete(
    bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, bound, 3)
    graph = graph_of(a_workflow(FANNED))
    assert not graph.complete
    assert (len(graph.executions), len(graph.links)) == ((3, 2) if bound == "MOST_STEPS" else (4, 3))
