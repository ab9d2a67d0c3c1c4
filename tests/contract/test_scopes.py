"""What may not be seen: whole clusters and single namespaces, and what stands in a graph for the rest."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.identity import Key, deployment_key, encode_key, global_id, hidden_key, unknown_key, written_key
from lineage.model import ArtifactRole, Direction, Hidden, LineageGraph, Run
from lineage.ports import EVERYTHING, NOTHING, Listing, PageRequest, Scope
from lineage.store.sql import SqlStore
from tests import simulation
from tests.factories import (
    CLUSTER,
    KubernetesObject,
    a_node,
    a_recurring_run,
    a_store,
    a_workflow,
    an_inference_service,
    observed,
    place,
)

pytestmark = pytest.mark.usefixtures("database")

IN_A = Scope(namespaces=frozenset({(CLUSTER, "a")}))
ALL = PageRequest(first=100)
UPSTREAM, DOWNSTREAM = Direction.UPSTREAM, Direction.DOWNSTREAM


def a_run(uid: str, start: float, *, reads: list[str], writes: list[str], namespace: str = "a") -> KubernetesObject:
    node = a_node(f"{uid}.main", start, start + 10, reads=reads, writes=writes)
    return a_workflow({f"{uid}-1": node}, uid=uid, name=uid, phase="Succeeded", namespace=namespace)


def step(uid: str, start: float) -> Key:
    return ("Execution", uid, f"{uid}-1", int(start))


def wrote(uid: str, start: int, output: str = "x0") -> Key:
    return written_key(uid, f"{uid}-1", start, output)


def a_story() -> SqlStore:
    """b makes two tables of its data; a trains on them; two runs of b read the model, and one of its services serves
    it."""
    return a_store(
        a_run("u1", 100, reads=["data"], writes=["table", "more"], namespace="b"),
        a_run("u2", 200, reads=["table", "more"], writes=["model"]),
        a_run("u3", 300, reads=["model"], writes=["report"], namespace="b"),
        a_run("u4", 400, reads=["model"], writes=["other"], namespace="b"),
        an_inference_service(
            "s3:///model", uid="d1", name="churn", namespace="b", born=250, written_at=250, ready_at=260
        ),
    )


def graph(store: SqlStore, *roots: Key, way: Direction, scope: Scope = IN_A) -> LineageGraph:
    found = store.lineage(scope, roots, direction=way, max_depth=None, max_nodes=100)
    assert found is not None
    return found


# ------------------------------------------------------------------------------------------ graphs
def test_what_is_hidden_upstream_is_one_node_beside_what_may_be_seen() -> None:
    found = graph(a_story(), wrote("u2", 200), way=UPSTREAM)
    veil = Hidden(key=hidden_key(step("u2", 200), UPSTREAM))
    assert [node.key for node in found.nodes] == [wrote("u2", 200), step("u2", 200), veil.key]
    edges = {(edge.source, edge.target, edge.role, edge.name) for edge in found.edges}
    assert edges == {
        (global_id(step("u2", 200)), global_id(wrote("u2", 200)), ArtifactRole.GENERATED, "x0"),
        (veil.id, global_id(step("u2", 200)), ArtifactRole.USED, "x0"),
        (veil.id, global_id(step("u2", 200)), ArtifactRole.USED, "x1"),
    }
    assert (found.depth, found.complete, found.reasons) == (2, False, ("some nodes may not be seen",))


def test_how_many_read_something_elsewhere_and_what_they_call_it_is_told_to_nobody() -> None:
    model = wrote("u2", 200)
    found = graph(a_story(), model, way=DOWNSTREAM)
    (veil,) = [node for node in found.nodes if isinstance(node, Hidden)]
    assert {(edge.source, edge.target, edge.role, edge.name) for edge in found.edges} == {
        (global_id(model), veil.id, ArtifactRole.USED, None),
        (global_id(model), veil.id, ArtifactRole.SERVED, None),
    }


@pytest.mark.parametrize("way", [UPSTREAM, DOWNSTREAM])
def test_nothing_hidden_is_named_in_a_graph(way: Direction) -> None:
    text = str(graph(a_story(), wrote("u2", 200), way=way))
    for secret in ("u1", "u3", "u4", "table", "report", "churn", "d1", "'b'"):
        assert secret not in text


def test_who_sees_everything_meets_nothing_hidden() -> None:
    store = a_story()
    found = graph(store, wrote("u2", 200), way=Direction.BOTH, scope=EVERYTHING)
    assert found.complete
    assert not [node for node in found.nodes if isinstance(node, Hidden)]


def test_what_is_hidden_is_found_by_its_id_by_those_who_see_what_it_lies_beside() -> None:
    store = a_story()
    upstream = hidden_key(step("u2", 200), UPSTREAM)
    assert store.get(IN_A, [upstream]) == {upstream: Hidden(key=upstream)}
    for scope in (EVERYTHING, NOTHING, Scope(namespaces=frozenset({(CLUSTER, "b")}))):
        assert store.get(scope, [upstream]) == {}
    beside: list[Key] = [
        hidden_key(step("u2", 200), DOWNSTREAM),
        hidden_key(step("u1", 100), UPSTREAM),
        hidden_key(unknown_key(place("data")), DOWNSTREAM),
        hidden_key(deployment_key("d1"), UPSTREAM),
        ("Hidden",),
        ("Hidden", UPSTREAM),
        ("Hidden", "BOTH", *step("u2", 200)),
        hidden_key(upstream, UPSTREAM),
    ]
    assert store.get(IN_A, beside) == {}


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9), system=st.booleans())
def test_a_graph_names_no_node_that_it_does_not_show(seed: int, system: bool) -> None:
    world = simulation.play(seed)
    store = a_store(*simulation.watch(world, seed), *world.looks)
    for node in store.executions(IN_A, Listing(), ALL).items:
        found = store.lineage(IN_A, [node.key], direction=Direction.BOTH, max_depth=None, max_nodes=1000, system=system)
        assert found is not None
        known = {one.id for one in found.nodes}
        ends = {(edge.source, edge.target) for edge in found.edges}
        ends |= {(start.source, start.target) for start in found.starts}
        ends |= {(copy.source, copy.target) for copy in found.copies}
        assert {end for both in ends for end in both} <= known
        veils = [one.key for one in found.nodes if isinstance(one, Hidden)]
        assert set(store.get(IN_A, veils)) == set(veils)
        assert bool(veils) == (not found.complete)


# ------------------------------------------------------------------------------------------ clusters
def test_of_a_whole_cluster_all_is_seen_and_of_others_nothing() -> None:
    store = a_store(
        a_run("u1", 100, reads=["data"], writes=["table"]),
        observed(a_run("u2", 200, reads=["table"], writes=["model"], namespace="b"), cluster="other"),
    )
    names = {
        cluster: [run.name for run in store.runs(_whole(cluster), Listing(), ALL).items]
        for cluster in (CLUSTER, "other", "unknown")
    }
    assert names == {CLUSTER: ["u1"], "other": ["u2"], "unknown": []}


def test_a_whole_cluster_and_single_namespaces_of_others_add_up() -> None:
    store = a_story()
    both = Scope(namespaces=frozenset({(CLUSTER, "a")}), clusters=frozenset({"other"}))
    assert store.count(both, Run, Listing()) == 1
    assert store.count(_whole(CLUSTER), Run, Listing()) == 4


def _whole(cluster: str) -> Scope:
    return Scope(namespaces=frozenset(), clusters=frozenset({cluster}))


# ------------------------------------------------------------------------------------------ namespaces
def test_the_namespaces_of_a_cluster_are_those_in_which_there_is_anything() -> None:
    store = a_store(
        *(a_run(f"u{i}", 100 + i, reads=["data"], writes=[f"t{i}"], namespace=f"n{i % 3}") for i in range(7)),
        a_recurring_run(namespace="scheduled"),
        an_inference_service("s3:///model", uid="d1", namespace="serving"),
        observed(a_run("o", 1, reads=["data"], writes=["t"], namespace="elsewhere"), cluster="other"),
    )
    assert store.namespaces(CLUSTER) == {"n0", "n1", "n2", "scheduled", "serving"}
    assert store.namespaces("other") == {"elsewhere"}
    assert store.namespaces("unknown") == set()


def test_a_key_that_cannot_be_stored_leads_nowhere() -> None:
    store = a_story()
    assert store.namespaces("nul\0") == set()
    assert encode_key(hidden_key(step("u2", 200), UPSTREAM)).startswith('["Hidden","UPSTREAM",')
