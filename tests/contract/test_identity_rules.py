"""The store is a function of the set of observations: any order, repetition, batches, partitions and gaps.

Simulated worlds carry the properties; the single cases are holes that were found while the rules were made.
Every store is also compared with `tests.oracle`, which holds the same rules in another form.
LINEAGE_EXAMPLES is the number of simulated worlds that a property is tried on.
"""

import os
import random
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.facts import Fact, RunSeen
from lineage.identity import Key, execution_key, provisional_key, state_key, unknown_key, written_key
from lineage.model import ArtifactRole, Execution, Phase, Run
from lineage.observation import ObjectSeen, Observation
from lineage.ports import EVERYTHING, LineageStore
from lineage.store.database import open_in_memory
from tests import oracle, simulation
from tests.factories import (
    PODS,
    RECORDED_AT,
    RESUBMITTED,
    RUN_ID,
    KubernetesObject,
    a_node,
    a_pod,
    a_store,
    a_workflow,
    deleted,
    dumped,
    facts_of,
    listed,
    looked,
    observed,
    place,
    record,
)

pytestmark = pytest.mark.usefixtures("database")

EXAMPLES = int(os.environ.get("LINEAGE_EXAMPLES", "12"))
some = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
few = settings(some, max_examples=max(EXAMPLES // 3, 1))

seeds = st.integers(0, 10**9)
chances = st.integers(0, 10**9).map(random.Random)
Said = Sequence[Fact]
"""What one observation says."""


@dataclass(frozen=True)
class Story:
    """A world, and what was seen of it."""

    world: simulation.World
    observations: list[Observation]

    def said(self) -> list[Said]:
        return [facts_of(one) for one in self.observations]


def a_story(seed: int, *, gaps: float = 0.0, watchers: int = 1, noisy: bool = True, marks: bool = True) -> Story:
    """The second watcher may be allowed to see one namespace only."""
    world = simulation.play(seed)
    observations: list[Observation] = []
    for number in range(watchers):
        namespace = "*" if number == 0 else random.Random(seed).choice(("*", *simulation.NAMESPACES))
        observations += simulation.watch(world, seed + number, gaps=gaps, namespace=namespace, marks=marks)
    observations += world.looks
    if noisy:
        observations += simulation.noise(observations, seed)
    return Story(world, observations)


def stored(said: Iterable[Said], *, sizes: Iterable[int] | None = None) -> list[bytes]:
    """Record what was said in batches of these sizes, or all at once, and dump what is known."""
    with closing(open_in_memory()) as store:
        for batch in _batches(list(said), sizes):
            apply(store, batch)
        return dumped(store)


def _batches(said: Sequence[Said], sizes: Iterable[int] | None) -> Iterable[Sequence[Said]]:
    if sizes is None:
        return [said]
    found: list[Sequence[Said]] = []
    start = 0
    for size in sizes:
        if start >= len(said):
            break
        found.append(said[start : start + size])
        start += size
    return [*found, said[start:]]


def apply(store: LineageStore, said: Iterable[Said]) -> None:
    store.apply([fact for several in said for fact in several], recorded_at=RECORDED_AT)


def all_of(said: Iterable[Said]) -> list[Fact]:
    return [fact for several in said for fact in several]


# ------------------------------------------------------------------------------------------ one store, always
@some
@given(seeds, chances, st.sampled_from([0.0, 0.1, 0.3]), st.booleans(), st.sampled_from([0, 0, 0.5, 1]))
def test_any_order_and_repetition_gives_the_same_store(
    seed: int, chance: random.Random, gaps: float, marks: bool, files: float
) -> None:
    """All views with a resourceVersion, none, or some of each."""
    seen = a_story(seed, gaps=gaps, watchers=2, marks=marks).observations
    said = [facts_of(simulation.as_file(one) if chance.random() < files else one) for one in seen]
    stream = said + chance.choices(said, k=len(said) // 2)
    chance.shuffle(stream)
    sizes = iter(lambda: chance.choice([1, 2, 7, 40, 200]), 0)
    assert stored(stream, sizes=sizes) == stored(said)


@some
@given(seeds, chances, st.sampled_from([0.0, 0.1, 0.3]), st.sampled_from([0, 0, 0.5, 1]))
def test_a_store_knows_what_the_rules_say(seed: int, chance: random.Random, gaps: float, files: float) -> None:
    seen = a_story(seed, gaps=gaps, watchers=2, marks=chance.random() < 0.5).observations
    said = [facts_of(simulation.as_file(one) if chance.random() < files else one) for one in seen]
    chance.shuffle(said)
    with closing(open_in_memory()) as store:
        for batch in _batches(said, [len(said) // 3]):
            apply(store, batch)
        assert oracle.known(store) == oracle.knowledge(all_of(said))


@few
@given(seeds, chances, st.integers(2, 5))
def test_partitions_with_replays_from_older_positions_share_one_store(
    seed: int, chance: random.Random, partitions: int
) -> None:
    """Each partition keeps its order and is replayed from an older position after a crash."""
    said = a_story(seed, gaps=0.1, watchers=2).said()
    split: list[list[Said]] = [[] for _ in range(partitions)]
    for one in said:
        chance.choice(split).append(one)
    position = [0] * partitions
    with closing(open_in_memory()) as store:
        while left := [i for i in range(partitions) if position[i] < len(split[i])]:
            which = chance.choice(left)
            size = chance.choice([1, 5, 30])
            apply(store, split[which][position[which] : position[which] + size])
            position[which] += size
            if chance.random() < 0.1:
                position[which] = max(0, position[which] - chance.randint(1, 20))
        assert dumped(store) == stored(said)


@few
@given(seeds, chances)
def test_a_store_grown_in_pieces_knows_at_each_step_what_one_made_at_once_knows(
    seed: int, chance: random.Random
) -> None:
    said = a_story(seed, gaps=0.1).said()
    chance.shuffle(said)
    with closing(open_in_memory()) as store:
        for start in range(0, len(said), 30):
            apply(store, said[start : start + 30])
            assert dumped(store) == stored(said[: start + 30])


@few
@given(seeds, chances)
def test_a_view_may_be_dropped_if_the_next_one_names_all_attempts_that_it_names(
    seed: int, chance: random.Random
) -> None:
    """The coalescing rule of a watcher. What counts are attempts, not nodes."""
    seen = a_story(seed, noisy=False).observations
    kept: list[Observation | None] = []
    last: dict[str, tuple[int, set[Key]]] = {}
    for one in seen:
        if isinstance(one, ObjectSeen):
            uid, names = one.object()["metadata"]["uid"], named_attempts(one)
            if uid in last and last[uid][1] <= names and chance.random() < 0.8:
                kept[last[uid][0]] = None
            last[uid] = (len(kept), names)
        kept.append(one)
    assert stored(facts_of(one) for one in kept if one is not None) == stored(facts_of(one) for one in seen)


def named_attempts(seen: ObjectSeen) -> set[Key]:
    """Every attempt that a view names, placeholders not."""
    return {
        execution_key(fact.run, state.node_id, state.started_at)
        for fact in facts_of(seen)
        if isinstance(fact, RunSeen)
        for state in fact.executions or ()
        if state.started_at is not None
    }


@some
@given(seeds)
def test_files_and_twins_without_nodes_add_nothing_to_complete_knowledge(seed: int) -> None:
    seen = a_story(seed, noisy=False).observations
    noisy = [*seen, *simulation.noise(seen, seed)]
    assert stored(facts_of(one) for one in noisy) == stored(facts_of(one) for one in seen)


@few
@given(seeds, chances)
def test_what_was_recorded_before_adds_nothing(seed: int, chance: random.Random) -> None:
    said = a_story(seed, gaps=0.1).said()
    facts = all_of(said)
    with closing(open_in_memory()) as store:
        apply(store, said)
        chance.shuffle(facts)
        assert not any(store.apply(facts, recorded_at=RECORDED_AT))


# ------------------------------------------------------------------------------------------ single cases
def knows(*observations: Observation | KubernetesObject) -> LineageStore:
    """Record in every order that differs: at once, one by one, and one by one from the end; all must agree."""
    store = a_store(*observations)
    expected = dumped(store)
    assert dumped(a_store(*observations, at_once=False)) == expected
    assert dumped(a_store(*reversed(observations), at_once=False)) == expected
    assert oracle.known(store) == oracle.knowledge(facts_of(*observations))
    return store


A, B, C = "w-1000001", "w-1000002", "w-1000003"


def attempt(node_id: str, start: int | None, *, run: str = "u1") -> Key:
    return execution_key(run, node_id, start)


def write(node_id: str, start: int, *, run: str = "u1", name: str = "x0") -> Key:
    return written_key(run, node_id, start, name)


def outside(key: str, modified: int, etag: str) -> Key:
    return state_key(place(key), f"{modified} {etag}")


def read_by(store: LineageStore, key: Key, name: str = "x0") -> frozenset[Key]:
    return oracle.known(store).uses[key, ArtifactRole.USED, name]


def taken_over_by(store: LineageStore, key: Key, name: str = "x0") -> frozenset[Key]:
    return oracle.known(store).uses[key, ArtifactRole.REUSED, name]


def execution(store: LineageStore, key: Key) -> Execution:
    found = store.get(EVERYTHING, [key])[key]
    assert isinstance(found, Execution)
    return found


def executions(store: LineageStore) -> set[Key]:
    return set(oracle.known(store).executions)


def pods_of(store: LineageStore, key: Key) -> list[str]:
    return [pod.uid for pod in store.pods(EVERYTHING, [key]).get(key, ())]


def run(store: LineageStore, run_id: str = "u1") -> oracle.Run:
    return oracle.known(store).runs["Run", run_id]


# -- views
def test_a_view_without_its_nodes_supersedes_nothing() -> None:
    store = knows(
        a_workflow({A: a_node("w.a", 10, 20)}),
        a_workflow(None, version=2, phase="Succeeded", offloadNodeStatusVersion="fnv:1"),
    )
    assert run(store).phase is Phase.SUCCEEDED
    assert not execution(store, attempt(A, 10)).superseded


def test_a_view_that_truly_has_no_nodes_supersedes_all() -> None:
    store = knows(a_workflow({A: a_node("w.a", 10, 20)}), a_workflow({}, version=2))
    assert execution(store, attempt(A, 10)).superseded


def test_nodes_packed_in_an_unknown_way_supersede_nothing() -> None:
    packed = a_workflow(None, version=2, compressedNodes="bm90IHBhY2tlZCBieSBBcmdv")
    store = knows(a_workflow({A: a_node("w.a", 10, 20)}), packed)
    assert not execution(store, attempt(A, 10)).superseded


def test_a_retried_run_is_running_again() -> None:
    failed = a_workflow({A: a_node("w.a", 10, 20, "Failed")}, phase="Failed")
    again = a_workflow({A: a_node("w.a", 30, None, "Running")}, version=2)
    store = knows(failed, again)
    assert run(store).phase is Phase.RUNNING
    assert (execution(store, attempt(A, 10)).superseded, execution(store, attempt(A, 30)).superseded) == (True, False)


def test_a_step_after_a_reset_group_depends_on_what_stands_before_the_group_now() -> None:
    """A group that a retry resets is another attempt at its id, and so are the edges through it."""

    def view(version: int, started: int, step: KubernetesObject) -> KubernetesObject:
        nodes = {
            "w-1": a_node("w.a", 5, 6, children=["w-2"]),
            "w-2": a_node("w.g", started, None, "Running", kind="DAG", children=["w-3"]),
            "w-3": step,
        }
        return a_workflow(nodes, version=version)

    store = knows(view(1, 10, a_node("w.g.b", 11, 12, "Failed")), view(2, 30, a_node("w.g.b", 31, None, "Running")))
    for start in (11, 31):
        (parent,) = store.depends_on(EVERYTHING, [attempt("w-3", start)])[attempt("w-3", start)]
        assert parent.key == attempt("w-1", 5)


def test_of_two_objects_with_one_version_the_greater_digest_counts_and_none_is_lost() -> None:
    store = knows(a_workflow({A: a_node("w.a", 10, 20)}), a_workflow({B: a_node("w.b", 10, 20)}))
    assert executions(store) == {attempt(A, 10), attempt(B, 10)}


def test_versions_are_compared_as_numbers() -> None:
    store = knows(a_workflow(version=9, phase="Running"), a_workflow(version=10, phase="Succeeded"))
    assert run(store).phase is Phase.SUCCEEDED


def test_the_header_is_that_of_the_newest_incarnation_even_if_only_a_file_shows_it() -> None:
    labels = {RUN_ID: "r"}
    store = knows(
        a_workflow(version=900, phase="Failed", uid="old", born=10, labels=labels),
        a_workflow(version=None, uid="new", born=50, labels=labels),
    )
    assert run(store, "r").phase is Phase.RUNNING
    assert [workflow.uid for workflow in run(store, "r").workflows] == ["old", "new"]


def test_a_file_that_knows_the_end_counts_over_a_view_that_does_not() -> None:
    live = a_workflow({A: a_node("w.a", 10, None, "Running")})
    file = a_workflow({A: a_node("w.a", 10, 20)}, version=None, phase="Succeeded")
    store = knows(live, file)
    assert (run(store).phase, execution(store, attempt(A, 10)).phase) == (Phase.SUCCEEDED, Phase.SUCCEEDED)


def test_a_file_that_is_older_than_a_view_does_not_count() -> None:
    live = a_workflow({A: a_node("w.a", 30, None, "Running")})
    file = a_workflow({A: a_node("w.a", 10, 20, "Failed")}, version=None, phase="Failed")
    store = knows(live, file)
    assert run(store).phase is Phase.RUNNING
    assert execution(store, attempt(A, 10)).superseded


def test_a_resubmission_copies_the_run_id_and_is_yet_another_run() -> None:
    labels = {RUN_ID: "r"}
    store = knows(
        a_workflow(phase="Failed", labels=labels),
        a_workflow(version=2, uid="u2", name="w-r", labels={**labels, RESUBMITTED: "w"}),
    )
    assert set(oracle.known(store).runs) == {("Run", "r"), ("Run", "r/w-r")}


def test_an_object_of_a_workflow_made_again_keeps_the_executions_that_were_copied() -> None:
    labels = {RUN_ID: "r"}
    first = a_workflow({A: a_node("w.a", 10, 20), B: a_node("w.b", 21, 22, "Failed")}, uid="u1", labels=labels)
    again = a_workflow({A: a_node("w.a", 10, 20)}, version=9, uid="u2", born=50, labels=labels)
    store = knows(first, again)
    assert executions(store) == {attempt(A, 10, run="r"), attempt(B, 21, run="r")}
    assert execution(store, attempt(B, 21, run="r")).superseded


def test_a_superseded_attempt_is_not_running() -> None:
    store = knows(
        a_workflow({A: a_node("w.a", 10, None, "Running")}),
        a_workflow({A: a_node("w.a", 30, None, "Running")}, version=2),
    )
    phases = [execution(store, attempt(A, start)).phase for start in (10, 30)]
    assert phases == [Phase.UNKNOWN, Phase.RUNNING]


def test_what_vanished_while_it_ran_is_unknown_and_no_longer_running() -> None:
    store = knows(a_workflow({A: a_node("w.a", 10, None, "Running")}), a_pod("p", A), deleted("u1"), deleted("p"))
    assert (run(store).phase, execution(store, attempt(A, 10)).phase) == (Phase.UNKNOWN, Phase.UNKNOWN)
    (pod,) = store.pods(EVERYTHING, [attempt(A, 10)])[attempt(A, 10)]
    assert (pod.phase, pod.in_cluster) == (Phase.UNKNOWN, False)


# -- placeholders and pods
def test_a_placeholder_goes_when_its_node_starts_and_takes_no_second_seat() -> None:
    store = knows(
        a_workflow({A: a_node("w.a", None, None, "Pending")}),
        a_workflow({A: a_node("w.a", 40, None, "Running")}, version=2),
        a_pod("p", A, 41),
    )
    assert executions(store) == {attempt(A, 40)}
    assert pods_of(store, attempt(A, 40)) == ["p"]


def test_a_placeholder_holds_the_pods_of_a_node_that_was_never_seen_started() -> None:
    store = knows(a_workflow({A: a_node("w.a", None, None, "Pending")}), a_pod("p", A, 41))
    assert executions(store) == {attempt(A, None)}
    assert pods_of(store, attempt(A, None)) == ["p"]


def test_the_id_of_a_placeholder_goes_on_working() -> None:
    waiting = a_workflow({A: a_node("w.a", None, None, "Pending")})
    store = knows(waiting, a_workflow({A: a_node("w.a", 40, None, "Running")}, version=2))
    assert execution(store, attempt(A, None)).key == attempt(A, 40)


def test_the_id_of_a_provisional_execution_goes_on_working() -> None:
    pod = a_pod("p", A, 41)
    provisional = provisional_key("u1", A)
    assert executions(knows(pod)) == {provisional}
    store = knows(pod, a_workflow({A: a_node("w.a", 40, None, "Running")}, labels={RUN_ID: "r"}))
    assert executions(store) == {attempt(A, 40, run="r")}
    assert execution(store, provisional).key == attempt(A, 40, run="r")


def test_however_many_pods_of_an_unseen_attempt_are_one_provisional_execution() -> None:
    store = knows(a_pod("p1", A, 10, 20), a_pod("p2", A, 30))
    assert executions(store) == {provisional_key("u1", A)}
    assert pods_of(store, provisional_key("u1", A)) == ["p1", "p2"]


def test_a_run_of_which_only_pods_were_seen_becomes_the_run_of_its_workflow() -> None:
    pod = a_pod("p", A, 41, labels={RUN_ID: "r"})
    assert set(oracle.known(knows(pod)).runs) == {("Run", "r")}
    resubmitted = a_workflow({A: a_node("w.a", 40)}, labels={RUN_ID: "r", RESUBMITTED: "v"})
    assert set(oracle.known(knows(pod, resubmitted)).runs) == {("Run", "r/w")}


def test_an_adopted_pod_waits_for_proof() -> None:
    """Made before the controller died, which dated the node anew when it was back."""
    seen = a_workflow({A: a_node("w.a", 30, 60)})
    assert pods_of(knows(seen, a_pod("p", A, 20)), provisional_key("u1", A)) == ["p"]
    assert pods_of(knows(seen, a_pod("p", A, 20, 59)), attempt(A, 30)) == ["p"]


def test_pods_of_attempts_two_seconds_apart_are_told_apart() -> None:
    store = knows(
        a_workflow({A: a_node("w.a", 10, 11, "Failed")}),
        a_workflow({A: a_node("w.a", 12, 30)}, version=2),
        a_pod("p1", A, 10, 11),
        a_pod("p2", A, 12, 30),
    )
    assert (pods_of(store, attempt(A, 10)), pods_of(store, attempt(A, 12))) == (["p1"], ["p2"])


def test_a_pod_of_an_attempt_that_nobody_saw_is_not_given_to_an_earlier_one() -> None:
    store = knows(a_workflow({A: a_node("w.a", 10, 20, "Failed")}), a_pod("p", A, 50, 55))
    assert pods_of(store, provisional_key("u1", A)) == ["p"]


def test_an_attempt_can_have_several_pods() -> None:
    store = knows(a_workflow({A: a_node("w.a", 10, 40)}), a_pod("p1", A, 10, 15), a_pod("p2", A, 17, 39))
    assert pods_of(store, attempt(A, 10)) == ["p1", "p2"]


def test_one_object_seen_under_two_names_of_clusters_is_known_by_the_same_one_in_either_order() -> None:
    item = a_workflow({A: a_node("w.a", 10, 40, writes=["k"]), B: a_node("w.b", 50, 60, reads=["k"])})
    first, second = observed(item, cluster="one"), observed(item, cluster="two")
    assert dumped(a_store(first, second)) == dumped(a_store(second, first))
    assert dumped(a_store(first, second, at_once=False)) == dumped(a_store(second, first, at_once=False))


# -- gone
def test_a_file_is_not_gone_because_a_cluster_does_not_list_it() -> None:
    nothing = listed("*", 10**12)
    assert run(knows(a_workflow(version=None), nothing)).in_cluster
    assert not run(knows(a_workflow(version=None), a_workflow(version=3), nothing)).in_cluster


def test_a_list_of_one_namespace_says_nothing_about_another() -> None:
    seen = a_workflow(version=5)
    assert run(knows(seen, listed("b", 10))).in_cluster
    assert not run(knows(seen, listed("a", 10))).in_cluster
    assert not run(knows(seen, listed("*", 10))).in_cluster


def test_a_list_of_one_cluster_or_resource_says_nothing_about_another() -> None:
    seen = a_workflow(version=5)
    assert run(knows(seen, listed("*", 10, cluster="other"), listed("*", 10, resource=PODS))).in_cluster


def test_a_view_after_a_list_revokes_it_and_a_deletion_is_final() -> None:
    early, late, empty = a_workflow(version=5), a_workflow(version=12), listed("a", 10)
    assert run(knows(early, empty, late)).in_cluster
    assert not run(knows(early, empty, late, deleted("u1"))).in_cluster


def test_any_scope_that_lacks_an_object_is_enough_even_beside_others_that_hold_others() -> None:
    mine, other = a_workflow(version=5), a_workflow(version=6, uid="u2", name="v")
    store = knows(mine, other, listed("*", 10, ["u2"]), listed("b", 11))
    assert (run(store, "u1").in_cluster, run(store, "u2").in_cluster) == (False, True)


def test_two_lists_of_one_version_say_together_what_existed() -> None:
    mine, other = a_workflow(version=5), a_workflow(version=6, uid="u2", name="v")
    store = knows(mine, other, listed("*", 10, ["u2"]), listed("*", 10, ["u1"]))
    assert run(store, "u1").in_cluster
    assert run(store, "u2").in_cluster


def test_a_list_before_a_restart_and_one_after_it_tell_what_was_deleted_in_between() -> None:
    seen = [a_workflow(version=5), a_pod("p", A, version=6)]
    before = [listed("*", 7, ["u1"]), listed("*", 7, ["p"], resource=PODS)]
    after = [listed("*", 20), listed("*", 20, resource=PODS)]
    assert run(knows(*seen, *before)).in_cluster
    store = knows(*seen, *before, *after)
    (pod,) = store.pods(EVERYTHING, [provisional_key("u1", A)])[provisional_key("u1", A)]
    assert (run(store).in_cluster, pod.in_cluster) == (False, False)


def test_a_run_is_gone_with_its_newest_incarnation() -> None:
    labels = {RUN_ID: "r"}
    old = a_workflow(version=5, uid="old", born=1, labels=labels)
    new = a_workflow(version=6, uid="new", born=2, labels=labels)
    assert run(knows(old, new, deleted("old")), "r").in_cluster
    assert not run(knows(old, new, deleted("new")), "r").in_cluster


# -- writes
def test_groups_and_retry_parents_repeat_outputs_and_write_nothing() -> None:
    nodes = {
        "w-1": a_node("w", 10, 20, kind="Retry", writes=["k"], children=[A]),
        A: a_node("w(0)", 10, 20, writes=["k"]),
    }
    assert set(oracle.known(knows(a_workflow(nodes))).artifacts) == {write(A, 10)}


@pytest.mark.parametrize(("phase", "kind"), [("Running", "Pod"), ("Pending", "Pod"), ("Omitted", "Skipped")])
def test_planned_outputs_are_no_writes(phase: str, kind: str) -> None:
    store = knows(a_workflow({A: a_node("w.a", 10, 20, phase, kind=kind, writes=["k"])}))
    assert not oracle.known(store).artifacts


def test_outputs_of_a_failed_attempt_were_written() -> None:
    store = knows(a_workflow({A: a_node("w.a", 10, 20, "Failed", writes=["k"])}))
    assert set(oracle.known(store).artifacts) == {write(A, 10)}


def test_an_attempt_that_ended_before_it_started_wrote_when_it_started() -> None:
    """Real objects say so: the two clocks differ."""
    store = knows(a_workflow({A: a_node("w.a", 10, 9, writes=["k"])}))
    assert oracle.known(store).artifacts[write(A, 10)].created_at == 10


def test_a_memoized_step_took_over_and_wrote_nothing() -> None:
    first = a_workflow({A: a_node("w.a", 10, 20, writes=["k"])})
    hit = a_node("v.a", 50, 50, writes=["k"], memoizationStatus={"hit": True})
    store = knows(first, a_workflow({"v-1000001": hit}, uid="u2", name="v"))
    assert set(oracle.known(store).artifacts) == {write(A, 10)}
    reader = attempt("v-1000001", 50, run="u2")
    assert taken_over_by(store, reader) == {write(A, 10)}
    assert execution(store, reader).cached
    assert store.cached_from(EVERYTHING, [reader])[reader].key == attempt(A, 10)


def test_what_a_skipped_node_names_as_its_original_was_taken_over() -> None:
    first = a_workflow({A: a_node("w.a", 10, 20, writes=["k"])})
    carried = a_node("v.a", 50, 50, "Skipped", kind="Skipped", writes=["k"], message=f"original pod: {A}")
    store = knows(first, a_workflow({"v-1000001": carried}, uid="u2", name="v", labels={RESUBMITTED: "w"}))
    reader = attempt("v-1000001", 50, run="u2")
    assert taken_over_by(store, reader) == {write(A, 10)}
    assert store.cached_from(EVERYTHING, [reader])[reader].key == attempt(A, 10)


def test_a_step_that_took_over_from_several_has_one_origin_whatever_the_order() -> None:
    one = a_workflow({A: a_node("w.a", 10, 20, writes=["k0"])})
    two = a_workflow({"x-1000001": a_node("x.a", 15, 25, writes=["k1"])}, uid="u3", name="x")
    hit = a_node("v.a", 50, 50, writes=["k0", "k1"], memoizationStatus={"hit": True})
    store = knows(one, two, a_workflow({"v-1000001": hit}, uid="u2", name="v"))
    reader = attempt("v-1000001", 50, run="u2")
    assert store.cached_from(EVERYTHING, [reader])[reader].key == attempt("x-1000001", 15, run="u3")


def test_an_original_of_a_name_that_was_used_again_is_the_newest_before_it_whatever_the_order() -> None:
    first = a_workflow({A: a_node("w.a", 10, 20)})
    again = a_workflow({A: a_node("w.a", 10, 20)}, version=2, uid="u9")
    later = a_workflow({A: a_node("w.a", 90, 95)}, version=3, uid="u8")
    carried = a_node("v.a", 50, 50, "Skipped", kind="Skipped", message=f"original pod: {A}", writes=["k"])
    store = knows(first, again, later, a_workflow({"v-1000001": carried}, uid="u2", name="v"))
    reader = attempt("v-1000001", 50, run="u2")
    assert store.cached_from(EVERYTHING, [reader])[reader].key == attempt(A, 10, run="u9")


def test_a_resubmission_names_the_run_of_that_name_that_was_there_when_it_was_made() -> None:
    first = a_workflow(uid="u1", born=10)
    resubmitted = a_workflow(uid="u2", name="v", born=20, labels={RESUBMITTED: "w"})
    again = a_workflow(uid="u3", born=30)
    store = knows(first, resubmitted, again)
    found = store.get(EVERYTHING, [("Run", "u2")])["Run", "u2"]
    assert isinstance(found, Run)
    assert found.resubmitted_from_key == ("Run", "u1")


def test_other_skipped_nodes_with_outputs_did_nothing() -> None:
    store = knows(a_workflow({A: a_node("w.a", 10, 10, "Skipped", kind="Skipped", writes=["k"])}))
    assert not oracle.known(store).artifacts
    assert not oracle.known(store).uses


def test_a_key_that_names_another_pod_was_taken_over_unless_the_template_chose_it() -> None:
    foreign = a_node("w.b", 30, 40, writes=["runs/v/v-2000000001/out"], templateName="t")
    chosen = {"templates": [{"name": "t", "outputs": {"artifacts": [{"name": "x0", "s3": {"key": "chosen"}}]}}]}
    assert ArtifactRole.REUSED in roles(knows(a_workflow({B: foreign})))
    assert roles(knows(a_workflow({B: foreign}, spec=chosen))) == set()


def roles(store: LineageStore) -> set[ArtifactRole]:
    return {role for _, role, _ in oracle.known(store).uses}


def test_a_pod_that_says_reused_from_cache_wrote_only_what_bears_its_own_name() -> None:
    step = a_node("w.a", 10, 20, writes=["somewhere/out", f"runs/w/{A}/log"])
    pod = a_pod("p", A, 10, 20, labels={"pipelines.kubeflow.org/reused_from_cache": "true"})
    store = knows(a_workflow({A: step}), pod)
    assert set(oracle.known(store).artifacts) == {write(A, 10, name="x1"), unknown_key(place("somewhere/out"))}
    assert execution(store, attempt(A, 10)).cached


# -- reads
def test_what_another_run_wrote_in_between_is_not_hidden_by_an_ancestor() -> None:
    mine = a_workflow({A: a_node("w.a", 10, 20, writes=["k"], children=[B]), B: a_node("w.b", 60, 70, reads=["k"])})
    other = a_workflow({"v-1000001": a_node("v.a", 30, 40, writes=["k"])}, uid="u2", name="v")
    store = knows(mine, other)
    assert read_by(store, attempt(B, 60)) == {write("v-1000001", 30, run="u2")}


def test_an_outside_write_after_a_recorded_one_is_not_taken_for_it() -> None:
    seen = a_workflow({A: a_node("w.a", 10, 20, writes=["k"]), B: a_node("w.b", 60, 70, reads=["k"])})
    store = knows(seen, looked("k", modified=40, at=50))
    assert read_by(store, attempt(B, 60)) == {outside("k", 40, "e")}


def test_an_outside_write_during_a_long_attempt_is_not_taken_for_its_output() -> None:
    """Argo uploads at the end: what a look saw hours before may be anyone's."""
    long = a_workflow({A: a_node("w.a", 10, 9000, writes=["k"])})
    early = a_workflow({"v-1000001": a_node("v.a", 500, 600, reads=["k"])}, uid="u2", name="v")
    late = a_workflow({"x-1000001": a_node("x.a", 9500, 9600, reads=["k"])}, uid="u3", name="x")
    during = looked("k", modified=300, at=310)
    reader = attempt("v-1000001", 500, run="u2")
    assert read_by(knows(long, during, early), reader) == {write(A, 10), outside("k", 300, "e")}
    store = knows(long, during, early, late, looked("k", modified=8999, at=9400, etag="f"))
    assert read_by(store, reader) == {outside("k", 300, "e")}
    assert read_by(store, attempt("x-1000001", 9500, run="u3")) == {write(A, 10)}


def test_a_step_may_read_what_came_while_its_pod_waited() -> None:
    store = knows(
        a_workflow({A: a_node("w.a", 10, 20, writes=["k"])}),
        a_workflow({"v-1000001": a_node("v.a", 40, 50, writes=["k"])}, uid="u2", name="v"),
        a_workflow({"x-1000001": a_node("x.a", 30, 90, reads=["k"])}, uid="u3", name="x"),
    )
    expected = {write(A, 10), write("v-1000001", 40, run="u2")}
    assert read_by(store, attempt("x-1000001", 30, run="u3")) == expected


def test_the_exit_handler_comes_after_everything_whatever_the_clocks_say() -> None:
    nodes = {A: a_node("w.a", 10, 20, reads=["k"]), B: a_node("w.onExit", 20, 21, writes=["k"])}
    store = knows(a_workflow(nodes))
    assert read_by(store, attempt(A, 10)) == {unknown_key(place("k"))}


def test_a_first_step_that_reads_what_its_own_exit_handler_writes_read_the_run_before() -> None:
    def of_run(uid: str, name: str, start: int) -> KubernetesObject:
        nodes = {
            f"{name}-1000001": a_node(f"{name}.a", start, start + 10, reads=["k"]),
            f"{name}-1000002": a_node(f"{name}.onExit", start + 11, start + 12, writes=["k"]),
        }
        return a_workflow(nodes, uid=uid, name=name)

    store = knows(of_run("u1", "w", 10), of_run("u2", "v", 100))
    assert read_by(store, attempt("v-1000001", 100, run="u2")) == {write("w-1000002", 21)}


def test_what_lay_there_before_every_known_write_is_the_location_alone() -> None:
    store = knows(a_workflow({A: a_node("w.a", 10, 20, reads=["k"])}))
    assert read_by(store, attempt(A, 10)) == {unknown_key(place("k"))}


def test_a_later_attempt_under_a_retry_reads_what_the_one_before_it_wrote() -> None:
    nodes = {
        "w-1": a_node("w.a", 10, 30, kind="Retry", children=[A, B]),
        A: a_node("w.a(0)", 10, 11, "Failed", writes=["k"]),
        B: a_node("w.a(1)", 12, 30, reads=["k"], writes=["k"]),
    }
    store = knows(a_workflow(nodes))
    assert read_by(store, attempt(B, 12)) == {write(A, 10)}


def test_an_object_in_a_bucket_with_versions_is_told_by_its_version() -> None:
    reader = a_workflow({A: a_node("w.a", 60, 70, reads=["k"])})
    store = knows(reader, looked("k", modified=40, at=50, version="v7"))
    assert read_by(store, attempt(A, 60)) == {state_key(place("k"), "v7")}


def test_a_use_and_a_write_recorded_apart_do_not_miss_each_other() -> None:
    """Whichever comes later re-points the edge; the reader's write is not what lay there before."""
    written = a_workflow({A: a_node("w.a", 10, 20, writes=["k"])})
    reader = a_workflow({"v-1000001": a_node("v.a", 60, 70, reads=["k"])}, version=2, uid="u2", name="v")
    store = knows(reader, written)
    assert read_by(store, attempt("v-1000001", 60, run="u2")) == {write(A, 10)}
    assert unknown_key(place("k")) not in oracle.known(store).artifacts


def test_a_late_view_of_the_graph_re_points_what_was_read() -> None:
    """While the graph is silent both writes are possible by the clocks; then it says which came before."""
    silent = {
        A: a_node("w.a", 10, 11, writes=["k"]),
        B: a_node("w.b", 12, 13, writes=["k"]),
        C: a_node("w.c", 14, 20, reads=["k"]),
    }
    told = {A: {**silent[A], "children": [B]}, B: {**silent[B], "children": [C]}, C: silent[C]}
    assert len(read_by(knows(a_workflow(silent)), attempt(C, 14))) > 1
    store = knows(a_workflow(silent), a_workflow(told, version=2))
    assert read_by(store, attempt(C, 14)) == {write(B, 12)}


def test_two_possible_writes_are_both_kept_and_said_to_be_ambiguous() -> None:
    store = knows(
        a_workflow({A: a_node("w.a", 10, 20, writes=["k"]), B: a_node("w.b", 10, 21, writes=["k"])}),
        a_workflow({"v-1000001": a_node("v.a", 60, 70, reads=["k"])}, uid="u2", name="v"),
    )
    reader = attempt("v-1000001", 60, run="u2")
    uses = store.inputs(EVERYTHING, [reader])[reader]
    assert {use.artifact.key for use in uses} == {write(A, 10), write(B, 10)}
    assert all(use.ambiguous for use in uses)


def test_a_batch_may_hold_an_object_and_its_end() -> None:
    store = a_store()
    record(store, a_workflow(), deleted("u1"))
    assert not run(store).in_cluster
