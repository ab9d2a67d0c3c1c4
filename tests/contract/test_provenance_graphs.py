"""Walks, closures and paths against networkx: on random graphs of every kind of edge, and on what happened in simulated
worlds with overwrites, reuse, retries, copies, services and runs that others started."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, TypeAlias

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import Connection, delete, insert

from lineage.contents import TRIVIAL
from lineage.evidence import Look
from lineage.identity import encode_key
from lineage.merge import SKEW_SECONDS
from lineage.model import Artifact, ArtifactRole, Direction, Execution, LineageGraph, is_system
from lineage.observation import LocationLooked
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import tables
from lineage.store.paths import _between
from lineage.store.sql import SqlStore
from lineage.store.walk import closure, ids_reached, walk
from tests import kubeflow, simulation, workload_world
from tests.contract.conftest import MEMORY, POSTGRESQL
from tests.factories import a_store, an_inference_service

ALL = PageRequest(first=10_000)
WAYS = (Direction.UPSTREAM, Direction.DOWNSTREAM, Direction.BOTH)
Graph: TypeAlias = "nx.DiGraph[Any]"
SLOW: Final = list(HealthCheck)


def with_the_data(graph: Graph) -> list[tuple[Any, Any]]:
    """The edges that go with the data."""
    return [(a, b) for a, b in graph.edges if not graph.edges[a, b]["handed_on"]]


def within(graph: Graph, roots: Sequence[Any], way: Direction) -> dict[Any, int]:
    """What lies that way of some nodes, and how many edges away, as networkx has it. An edge goes with the data; one
    that is `handed_on` leads to what somebody took over, and nobody goes back over it."""
    up = graph.edge_subgraph(with_the_data(graph)).reverse()
    ways = {Direction.UPSTREAM: [up], Direction.DOWNSTREAM: [graph], Direction.BOTH: [up, graph]}[way]
    found: dict[Any, int] = {}
    for root in roots:
        for one in ways:
            away = nx.single_source_shortest_path_length(one, root) if root in one else {root: 0}
            found |= {node: min(steps, found.get(node, steps)) for node, steps in away.items()}
    return found


# ------------------------------------------------------------------------------------------ random graphs
def key(number: int) -> str:
    return f'["Artifact","random",{number}]'


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Edges of every role between a few nodes, also around in circles, and several between two."""
    nodes = draw(st.integers(2, 12))
    roles = st.sampled_from(["USED", "GENERATED", "SERVED", tables.STARTED, tables.COPIED, tables.HANDED_ON])
    ends = st.integers(1, nodes)
    graph: Graph = nx.DiGraph()
    graph.add_nodes_from(range(1, nodes + 1))
    for a, b, role in draw(st.lists(st.tuples(ends, ends, roles), max_size=25)):
        kept = graph.get_edge_data(a, b, {}).get("roles", set()) | {role}
        graph.add_edge(a, b, roles=kept, handed_on=kept == {tables.HANDED_ON})
    return graph


@contextmanager
def stored(store: SqlStore, graph: Graph) -> Iterator[Connection]:
    """A store that holds just this graph, for so long."""
    edges = [
        {"source": a, "target": b, "role": role, "name": "x", "ambiguous": False}
        for a, b in graph.edges
        for role in graph.edges[a, b]["roles"]
    ]
    with store._writing() as connection:
        for table in (tables.edge, tables.node):
            connection.execute(delete(table))
        connection.execute(insert(tables.node), [{"id": i, "key": key(i)} for i in graph.nodes])
        if edges:
            connection.execute(insert(tables.edge), edges)
    with store._reading() as connection:
        connection.begin()
        yield connection


@pytest.fixture
def empty_store(database: object) -> SqlStore:
    return a_store()


on_both = pytest.mark.parametrize("database", [MEMORY, POSTGRESQL], indirect=True)


@on_both
@pytest.mark.parametrize("way", WAYS)
@settings(deadline=None, max_examples=40, suppress_health_check=SLOW)
@given(graph=graphs(), data=st.data())
def test_a_walk_finds_what_networkx_does(
    empty_store: SqlStore, way: Direction, graph: Graph, data: st.DataObject
) -> None:
    roots = data.draw(st.lists(st.sampled_from(sorted(graph)), min_size=1, max_size=3, unique=True))
    depth = data.draw(st.one_of(st.none(), st.integers(0, 12)))
    most = data.draw(st.integers(len(roots), 14))
    away = within(graph, roots, way)
    near = {node: steps for node, steps in away.items() if depth is None or steps <= depth}
    with stored(empty_store, graph) as connection:
        named = {i: key(i) for i in roots}
        found = walk(connection, EVERYTHING, named, direction=way, max_depth=depth, max_nodes=most)
        whole = closure(connection, EVERYTHING, list(named.values()), direction=way, max_nodes=most)
        reached = [ids_reached(connection, EVERYTHING, list(named.values()), one)[0] for one in WAYS[:2]]
    assert found.depths.items() <= near.items()
    assert sorted(found.depths.values()) == sorted(near.values())[:most]
    assert bool(found.reasons) == (len(found.depths) < len(away))
    assert bool(found.frontier) == (len(found.depths) < len(away))
    assert found.frontier <= found.depths.keys()
    assert {frozenset((a, b)) for a, b, *_ in found.links} <= {frozenset(edge) for edge in graph.edges}
    assert whole is not None
    assert len(whole.keys) == min(most, len(away))
    assert set(whole.keys) <= {key(i) for i in away}
    assert whole.complete == (len(away) <= most)
    assert reached == [within(graph, roots, one).keys() for one in WAYS[:2]]
    if depth is None and len(away) <= most:  # of both ways, what leads from the one to the other is on neither
        sides = [within(graph, roots, one).keys() for one in (WAYS[:2] if way is Direction.BOTH else (way,))]
        assert {frozenset((a, b)) for a, b, *_ in found.links} >= {
            frozenset((a, b)) for a, b in with_the_data(graph) for side in sides if a in side and b in side
        }


def test_what_is_found_the_other_way_round_a_circle_is_not_beyond_the_depth(empty_store: SqlStore) -> None:
    circle: Graph = nx.DiGraph()
    for a, b in ((1, 2), (2, 3), (3, 1)):
        circle.add_edge(a, b, roles={"USED"})
    with stored(empty_store, circle) as connection:
        found = walk(connection, EVERYTHING, {1: key(1)}, direction=Direction.BOTH, max_depth=1, max_nodes=9)
    assert found.depths == {1: 0, 2: 1, 3: 1}
    assert not found.reasons
    assert not found.frontier


@on_both
@settings(deadline=None, max_examples=40, suppress_health_check=SLOW)
@given(graph=graphs(), data=st.data())
def test_what_lies_between_two_nodes_is_what_networkx_finds_on_ways(
    empty_store: SqlStore, graph: Graph, data: st.DataObject
) -> None:
    begins, ends = (
        data.draw(st.lists(st.sampled_from(sorted(graph)), min_size=1, max_size=3, unique=True)) for _ in range(2)
    )
    with stored(empty_store, graph) as connection:
        found = _between(connection, EVERYTHING, *({i: key(i) for i in ids} for ids in (begins, ends)))
    data_flow = graph.edge_subgraph(with_the_data(graph)).copy()
    data_flow.add_nodes_from(graph)
    data_flow.add_edges_from([("begin", i) for i in begins] + [(i, "end") for i in ends])
    on = {"begin"} | nx.descendants(data_flow, "begin")
    on &= {"end"} | nx.ancestors(data_flow, "end")
    assert found.keys.keys() == on - {"begin", "end"}
    if not found.keys:
        assert found.shortest == ()
        return
    shortest = nx.shortest_path_length(data_flow, "begin", "end") - 2
    assert len(found.shortest) == shortest + 1
    assert found.shortest[0] in begins
    assert found.shortest[-1] in ends
    assert nx.is_path(data_flow, found.shortest)
    to_end = data_flow.reverse()
    for i, length in found.lengths.items():
        there = nx.shortest_path_length(data_flow, "begin", i) + nx.shortest_path_length(to_end, "end", i)
        assert length == there - 2
    assert {(a, b) for a, b, *_ in found.links} == {(a, b) for a, b in data_flow.edges if {a, b} <= found.keys.keys()}


@pytest.mark.parametrize("name", ["", "a\nb", '"a\\', "[null]", "\u2028\x7f", "ü🙂"])
def test_a_link_has_its_name_whatever_stands_in_it(empty_store: SqlStore, name: str) -> None:
    with empty_store._writing() as connection:
        connection.execute(insert(tables.node), [{"id": i, "key": key(i)} for i in (1, 2)])
        link = {"source": 1, "target": 2, "role": "USED", "name": name, "ambiguous": True}
        connection.execute(insert(tables.edge), link)
    with empty_store._reading() as connection:
        connection.begin()
        found = walk(connection, EVERYTHING, {1: key(1)}, direction=Direction.DOWNSTREAM, max_depth=None, max_nodes=9)
    assert list(found.links) == [(1, 2, "USED", name, True)]


# ------------------------------------------------------------------------------------------ simulated worlds
def alike(looks: Sequence[LocationLooked], contents: int) -> list[LocationLooked]:
    """The same looks, as if there were only so many contents."""

    def less(look: Look) -> Look:
        if look.digest is None:
            return look
        digest = f"sha256:{int(look.digest[-8:], 16) % contents:064x}"
        return replace(look, digest=digest, content_digest=digest)

    return [structs.replace(one, look=less(one.look)) for one in looks]


def a_world(seed: int) -> SqlStore:
    world = simulation.play(seed)
    model = an_inference_service(f"s3:///{sorted(world._bytes)[seed % len(world._bytes)]}", uid="d", born=300)
    return a_store(
        *simulation.watch(world, seed),
        *alike(world.looks, 1 + seed % 3),
        *(workload_world.observations() if seed % 3 == 0 else ()),
        *([kubeflow.a_run([kubeflow.Task(name="prepare")], release="2.17")] if seed % 4 == 0 else ()),
        model,
    )


def told(store: SqlStore) -> Graph:
    """What leads where, by what executions, runs, artifacts and deployments say of themselves."""
    graph: Graph = nx.DiGraph()
    everything = Listing()
    executions = store.executions(EVERYTHING, everything, ALL).items
    artifacts = store.artifacts(EVERYTHING, everything, ALL).items
    deployments = store.deployments(EVERYTHING, everything, ALL).items
    graph.add_nodes_from(node.id for node in (*executions, *artifacts, *deployments))
    ids = {one.key: one.id for one in executions}

    def lead(a: str, b: str, *, on: bool = False) -> None:
        graph.add_edge(a, b, handed_on=on and graph.get_edge_data(a, b, {}).get("handed_on", True))

    for uses in (store.inputs(EVERYTHING, list(ids)), store.outputs(EVERYTHING, list(ids))):
        for owner, use in ((ids[owner], use) for owner, several in uses.items() for use in several):
            if use.role is ArtifactRole.GENERATED:
                lead(owner, use.artifact.id)
            else:
                lead(use.artifact.id, owner)
                if use.role is ArtifactRole.REUSED:
                    lead(owner, use.artifact.id, on=True)
    starters = {run.key: run.started_by_key for run in store.runs(EVERYTHING, everything, ALL).items}
    for one in executions:
        starter = starters[one.run_key]
        if starter is not None and starter != one.key:
            lead(ids[starter], one.id)
    for serving in deployments:
        for each in store.served(EVERYTHING, [serving.key]).get(serving.key, ()):
            if not each.by_content:
                lead(each.artifact.id, serving.id)
    for name in ("digest", "content_digest"):
        for pair in copied(artifacts, name):
            lead(*pair)
    return graph


def copied(artifacts: Sequence[Artifact], name: str) -> Iterator[tuple[str, str]]:
    """What may be a copy of what: the first from outside that was there after a write, and of those the next."""
    skew = timedelta(seconds=SKEW_SECONDS)
    for content in {getattr(one, name) for one in artifacts} - {None, *TRIVIAL}:
        mine = [(one.created_at, one) for one in artifacts if getattr(one, name) == content and one.created_at]
        written = [(at, one.id) for at, one in mine if one.producer_key is not None]
        outside = [(at, one.id) for at, one in sorted(mine, key=_by_time) if one.producer_key is None]
        late = [(there, copy) for there, copy in outside if any(at <= there + skew for at, _ in written)]
        yield from ((near, far) for (_, near), (_, far) in pairwise(late))
        for at, one in written:
            first = next((copy for there, copy in outside if at <= there + skew), None)
            if first is not None:
                yield one, first


def _by_time(one: tuple[datetime, Artifact]) -> tuple[datetime, str]:
    return one[0], encode_key(one[1].key)


def ids_of(graph: LineageGraph | None) -> set[str]:
    assert graph is not None
    return {node.id for node in graph.nodes}


@settings(deadline=None, max_examples=6, suppress_health_check=SLOW)
@given(seed=st.integers(0, 10**9), way=st.sampled_from(WAYS), depth=st.integers(0, 4))
def test_what_happened_is_walked_as_networkx_walks_what_is_told(seed: int, way: Direction, depth: int) -> None:
    store = a_world(seed)
    graph = told(store)
    nodes = [*store.executions(EVERYTHING, Listing(), ALL).items, *store.artifacts(EVERYTHING, Listing(), ALL).items]
    plumbing = {node.id for node in nodes if isinstance(node, Execution) and is_system(node)}
    for node in nodes[:: max(len(nodes) // 25, 1)]:
        away = within(graph, [node.id], way)
        asked: dict[str, Any] = {"direction": way, "max_nodes": 10_000}
        whole = store.lineage(EVERYTHING, [node.key], max_depth=None, system=True, **asked)
        shown = store.lineage(EVERYTHING, [node.key], max_depth=None, **asked)
        near = store.lineage(EVERYTHING, [node.key], max_depth=depth, system=True, **asked)
        assert ids_of(whole) == away.keys()
        assert ids_of(shown) == away.keys() - (plumbing - {node.id})
        assert ids_of(near) == {each for each, steps in away.items() if steps <= depth}
        assert near is not None
        assert near.complete == (max(away.values()) <= depth)


@settings(deadline=None, max_examples=6, suppress_health_check=SLOW)
@given(seed=st.integers(0, 10**9), data=st.data())
def test_why_two_things_are_connected_is_all_that_lies_between_them(seed: int, data: st.DataObject) -> None:
    store = a_world(seed)
    graph = told(store)
    flow: Graph = nx.DiGraph(with_the_data(graph))
    flow.add_nodes_from(graph)
    nodes = [*store.executions(EVERYTHING, Listing(), ALL).items, *store.artifacts(EVERYTHING, Listing(), ALL).items]
    for _ in range(10):
        one, other = (data.draw(st.sampled_from(nodes)) for _ in range(2))
        found = store.paths(EVERYTHING, [one.key], [other.key], max_nodes=10_000, system=True)
        assert found is not None
        between = set[str]()
        for begin, end in ((one.id, other.id), (other.id, one.id)):
            if nx.has_path(flow, begin, end):
                between |= ({begin} | nx.descendants(flow, begin)) & ({end} | nx.ancestors(flow, end))
        assert ids_of(found.graph) == between
        assert found.graph.complete
        assert bool(found.shortest) == bool(between)
        assert nx.is_path(flow, found.shortest) or not found.shortest
        few = store.paths(EVERYTHING, [one.key], [other.key], max_nodes=max(len(found.shortest), 1), system=True)
        assert few is not None
        assert few.shortest == found.shortest
        assert set(few.shortest) <= ids_of(few.graph)
        assert few.graph.complete == (len(between) <= max(len(found.shortest), 1))
