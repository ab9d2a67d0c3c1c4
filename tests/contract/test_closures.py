"""Closures and graphs against the obvious search on simulated worlds, and how databases go about them: by index, and
in as many statements however deep they are."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from lineage.model import ArtifactRole, Closure, Direction, Execution, Hidden
from lineage.ports import EVERYTHING, Listing, PageRequest, Scope
from lineage.store import tables, walk
from lineage.store.sql import SqlStore
from tests import simulation
from tests.contract.conftest import MEMORY, POSTGRESQL
from tests.contract.test_statements import counted
from tests.factories import CLUSTER, KubernetesObject, a_node, a_store, a_workflow

ALL = PageRequest(first=10_000)
IN_A = Scope(namespaces=frozenset({(CLUSTER, "a")}))
WAYS = (Direction.UPSTREAM, Direction.DOWNSTREAM, Direction.BOTH)


def arcs(store: SqlStore) -> dict[Direction, set[tuple[str, str]]]:
    """What leads where, by the rules of direction, from what the executions say of their inputs and outputs."""
    up, down = set(), set()
    of_key = {execution.key: execution.id for execution in store.executions(EVERYTHING, Listing(), ALL).items}
    for uses in (store.inputs(EVERYTHING, list(of_key)), store.outputs(EVERYTHING, list(of_key))):
        for execution, artifact, role in (
            (of_key[key], use.artifact.id, use.role) for key, each in uses.items() for use in each
        ):
            if role is ArtifactRole.GENERATED:
                up.add((artifact, execution))
            else:
                up.add((execution, artifact))
                down.add((artifact, execution))
            if role is not ArtifactRole.USED:
                down.add((execution, artifact))
    return {Direction.UPSTREAM: up, Direction.DOWNSTREAM: down}


def reachable(root: str, arcs: set[tuple[str, str]]) -> set[str]:
    """Search the obvious way."""
    found, grown = set[str](), {root}
    while found != grown:
        found = set(grown)
        grown |= {far for near, far in arcs if near in found}
    return found


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9), way=st.sampled_from(WAYS))
def test_a_closure_is_what_the_obvious_search_finds(seed: int, way: Direction) -> None:
    world = simulation.play(seed)
    store = a_store(*simulation.watch(world, seed), *world.looks)
    by_way = arcs(store)
    for node in (
        *store.executions(EVERYTHING, Listing(), ALL).items,
        *store.artifacts(EVERYTHING, Listing(), ALL).items,
    ):
        closure = store.closure(EVERYTHING, [node.key], direction=way, max_nodes=10_000)
        graph = store.lineage(EVERYTHING, [node.key], direction=way, max_depth=None, max_nodes=10_000)
        assert closure is not None
        assert graph is not None
        ways = [way] if way in by_way else list(by_way)
        assert sorted(closure.ids) == sorted(set().union(*(reachable(node.id, by_way[each]) for each in ways)))
        assert {each.id for each in graph.nodes} == set(closure.ids)
        assert closure.complete
        assert graph.complete


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9), way=st.sampled_from(WAYS), most=st.integers(1, 12))
def test_a_closure_ends_where_a_graph_does(seed: int, way: Direction, most: int) -> None:
    """At what the caller may not see, and not silently where there is more than was asked for."""
    world = simulation.play(seed)
    store = a_store(*simulation.watch(world, seed), *world.looks)
    for node in store.executions(EVERYTHING, Listing(), ALL).items:
        closure = store.closure(IN_A, [node.key], direction=way, max_nodes=10_000)
        graph = store.lineage(IN_A, [node.key], direction=way, max_depth=None, max_nodes=10_000)
        assert (closure is None) == (graph is None)
        if closure is None or graph is None:
            continue
        assert sorted(closure.ids) == sorted(each.id for each in graph.nodes if not isinstance(each, Hidden))
        assert (closure.complete, set(closure.reasons)) == (graph.complete, set(graph.reasons))
        some = store.closure(IN_A, [node.key], direction=way, max_nodes=most)
        assert some is not None
        assert len(some.ids) == min(most, len(closure.ids))
        assert set(some.ids) <= set(closure.ids)
        assert any("more than" in reason for reason in some.reasons) == (len(closure.ids) > most)


def distances(root: str, arcs: set[tuple[str, str]]) -> dict[str, int]:
    """How many edges away what can be reached is, the obvious way."""
    found, level = {root: 0}, {root}
    while level:
        level = {far for near, far in arcs if near in level and far not in found}
        found |= dict.fromkeys(level, max(found.values()) + 1)
    return found


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("database", [MEMORY, POSTGRESQL], indirect=True)
@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9), most=st.integers(1, 15))
def test_what_is_kept_of_too_much_is_the_nearest(way: Direction, seed: int, most: int) -> None:
    world = simulation.play(seed)
    store = a_store(*simulation.watch(world, seed), *world.looks)
    by_way = arcs(store)
    for node in store.executions(EVERYTHING, Listing(), ALL).items:
        away: dict[str, int] = {}
        for each in [way] if way in by_way else list(by_way):
            there = distances(node.id, by_way[each])
            away |= {far: min(steps, away.get(far, steps)) for far, steps in there.items()}
        closure = store.closure(EVERYTHING, [node.key], direction=way, max_nodes=most)
        graph = store.lineage(EVERYTHING, [node.key], direction=way, max_depth=None, max_nodes=most)
        assert closure is not None
        assert graph is not None
        assert sorted(away[kept] for kept in closure.ids) == sorted(away.values())[:most]
        assert {each.id for each in graph.nodes} == set(closure.ids)
        assert graph.depth == max(away[kept] for kept in closure.ids)
        assert closure.complete == graph.complete == (len(away) <= most)


@pytest.mark.usefixtures("database")
def test_a_run_of_more_attempts_than_were_asked_for_is_cut_too() -> None:
    store = a_store(a_long_chain(12))
    (run,) = store.runs(EVERYTHING, Listing(), ALL).items
    for way in WAYS:
        closure = store.closure(EVERYTHING, [run.key], direction=way, max_nodes=5)
        graph = store.lineage(EVERYTHING, [run.key], direction=way, max_depth=None, max_nodes=5)
        assert closure is not None
        assert graph is not None
        assert {each.id for each in graph.nodes} == set(closure.ids)
        assert closure.reasons == graph.reasons == ("there are more than 5 nodes",)
        assert all(isinstance(each, Execution) for each in graph.nodes)


# ------------------------------------------------------------------------------------------ chains
def a_long_chain(length: int) -> KubernetesObject:
    """Executions that each read what the one before it wrote."""
    nodes = {
        f"w-{1_000_000 + i}": a_node(f"w.{i}", 10 * i, 10 * i + 5, reads=[f"k{i - 1}"] if i else [], writes=[f"k{i}"])
        for i in range(length)
    }
    return a_workflow(nodes)


def ends(store: SqlStore) -> tuple[Execution, Execution]:
    executions = store.executions(EVERYTHING, Listing(), ALL).items
    return executions[0], executions[-1]


@pytest.mark.usefixtures("database")
def test_a_graph_takes_as_many_statements_however_deep_it_is() -> None:
    def statements(length: int) -> int:
        store = a_store(a_long_chain(length))
        first, _ = ends(store)
        with counted(store) as run:
            graph = store.lineage(
                EVERYTHING, [first.key], direction=Direction.DOWNSTREAM, max_depth=None, max_nodes=500
            )
        assert graph is not None
        assert len(graph.nodes) == 2 * length
        return len(run)

    assert statements(4) == statements(40)


@pytest.mark.usefixtures("database")
def test_a_graph_is_the_same_whether_it_is_read_level_by_level_or_ahead() -> None:
    store = a_store(a_long_chain(12))
    first, _ = ends(store)
    for depth in (walk.SHORT - 1, walk.SHORT, walk.SHORT + 1, walk.SHORT + 5):
        graph = store.lineage(EVERYTHING, [first.key], direction=Direction.DOWNSTREAM, max_depth=depth, max_nodes=100)
        assert graph is not None
        assert len(graph.nodes) == depth + 1
        assert graph.frontier == (graph.nodes[-1].id,)
        assert graph.reasons == (f"there is more beyond the depth of {depth}",)


# ------------------------------------------------------------------------------------------ how it is done
def plan(store: SqlStore, statement: str) -> list[str]:
    values = (0,) * statement.count("?")
    with store._reading() as connection:
        return [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]


@pytest.mark.parametrize("scope", [EVERYTHING, IN_A])
@pytest.mark.parametrize("way", [Direction.UPSTREAM, Direction.DOWNSTREAM])
@pytest.mark.parametrize("analyzed", [False, True])
def test_a_traversal_looks_edges_up_by_index_also_when_the_planner_has_statistics(
    way: Direction, scope: Scope, analyzed: bool
) -> None:
    store = a_store(a_long_chain(3))
    many = [{"source": i, "target": i + 1, "role": "USED", "name": "x", "ambiguous": False} for i in range(1000, 9000)]
    with store._writing() as connection:
        connection.execute(insert(tables.edge), many)
        if analyzed:
            connection.exec_driver_sql("ANALYZE")
    first, _ = ends(store)
    with counted(store) as run:
        store.lineage(scope, [first.key], direction=way, max_depth=None, max_nodes=100)
    traversals = [statement for statement in run if "RECURSIVE" in statement]
    assert traversals
    traversals.append(walk._keys("sqlite", way, scope, is_one=True).text)
    if scope is not EVERYTHING:
        traversals.append(walk._hidden("sqlite", way, scope, is_one=True).text)
    for statement in traversals:
        steps = plan(store, statement)
        assert any(step.startswith("SEARCH edge USING") for step in steps)
        assert not [step for step in steps if step.startswith(("SCAN edge", "SCAN node", "SCAN far"))]
        assert not [step for step in steps if "BLOOM" in step or "AUTOMATIC" in step]


def in_order(found: Closure | None) -> Closure:
    """A closure as it can be compared: it has no order of its own."""
    assert found is not None
    return replace(found, keys=tuple(sorted(found.keys)))


@pytest.mark.usefixtures("database")
def test_a_closure_in_some_namespaces_names_what_lies_in_them() -> None:
    store = a_store(a_long_chain(3))
    first, last = ends(store)
    run = store.runs(EVERYTHING, Listing(), ALL).items[0]
    mine, others = (
        Scope(namespaces=frozenset({(run.cluster, run.namespace)})),
        Scope(namespaces=frozenset({(run.cluster, "other")})),
    )
    everything = store.closure(EVERYTHING, [first.key], direction=Direction.BOTH, max_nodes=100)
    found = store.closure(mine, [first.key], direction=Direction.BOTH, max_nodes=100)
    assert in_order(found) == in_order(everything)
    assert store.closure(others, [last.key], direction=Direction.BOTH, max_nodes=100) is None
