"""What a store says is true: compared with what happened in a simulated world.

Who sees all knows all; who sees with gaps knows less, and nothing false. The exceptions are below the
resolution of the clocks, and each is named.
"""

import os
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.facts import PodSeen, RunSeen
from lineage.identity import Key, execution_key
from lineage.observation import Observation
from lineage.ports import EVERYTHING, LineageStore
from tests import simulation
from tests.factories import PODS, WORKFLOWS, a_store, facts_of, place, record
from tests.oracle import SKEW, Execution, Known, known

pytestmark = pytest.mark.usefixtures("database")

EXAMPLES = int(os.environ.get("LINEAGE_EXAMPLES", "12"))
some = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
few = settings(some, max_examples=max(EXAMPLES // 3, 1))
seeds = st.integers(0, 10**9)

GROUPS = {"DAG", "Retry"}  # readers do not see them


@some
@given(seeds)
def test_who_sees_all_knows_all(seed: int) -> None:
    """Attempts, pods, writes, supersession and deletion exactly; of every use, the truth is among the answers.

    Not simulated, because it cannot be told in time: an adopted pod that dies right after the new start.
    """
    world = simulation.play(seed)
    seen = [*simulation.watch(world, seed), *world.looks]
    with closing(a_store(*seen)) as store:
        said = known(store)
    truth = world.truth
    assert started(said) == attempts(world)
    assert written(said) == {write: place(key).uri for write, key in truth.writes.items()}
    assert set(said.uses) == set(truth.uses)
    assert seats(said) == truth.pods
    for key, execution in said.executions.items():
        if is_attempt(key):
            assert execution.superseded == (key not in truth.rolls[str(key[1])])
    for run in said.runs.values():
        assert run.in_cluster == world.is_alive(WORKFLOWS, run.workflows[-1].uid)
    for use, (where, write) in truth.uses.items():
        taken_for_another = write == simulation.OUTSIDE and near_a_write(world, said, where)
        assert is_among(write, said, use) or taken_for_another, use


@some
@given(seeds, st.sampled_from([0.05, 0.15, 0.4]), st.integers(1, 2))
def test_who_sees_with_gaps_knows_less_but_nothing_false(seed: int, gaps: float, watchers: int) -> None:
    """Every execution was an attempt, every attempt that any view names is kept, nothing is counted twice, and
    a pod is with its own attempt, with a placeholder, or provisional. A use misses only a write nobody saw.

    Limit: an attempt whose end fell into a gap may be given a pod of an attempt that was never seen at all.
    """
    world = simulation.play(seed)
    seen = [one for number in range(watchers) for one in simulation.watch(world, seed + number, gaps=gaps)]
    seen += world.looks
    with closing(a_store(*seen)) as store:
        said = known(store)
    assert named_by(seen) & attempts(world) == started(said) <= attempts(world)
    assert written(said).items() <= {write: place(key).uri for write, key in world.truth.writes.items()}.items()
    assert set(said.uses) <= set(world.truth.uses)
    pods_are_where_they_belong(world, said, seen)
    what_is_gone_is_known(world, said)
    for use in said.uses:
        where, write = world.truth.uses[use]
        nobody_saw = write != simulation.OUTSIDE and write not in said.artifacts
        assert is_among(write, said, use) or nobody_saw or near_a_write(world, said, where), use


@some
@given(seeds)
def test_files_alone_keep_every_attempt_and_count_none_twice(seed: int) -> None:
    """Without resourceVersions the order is that of the objects' own times, so a view right after a retry sorts
    before the failure until something starts. Identities do not depend on it, only what is newest."""
    world = simulation.play(seed)
    with closing(a_store(*(simulation.as_file(one) for one in simulation.watch(world, seed)))) as store:
        said = known(store)
    assert started(said) == attempts(world)
    assert written(said).items() <= {write: place(key).uri for write, key in world.truth.writes.items()}.items()


@few
@given(seeds, st.sampled_from([0.0, 0.2]))
def test_every_id_of_an_execution_that_was_ever_shown_goes_on_working(seed: int, gaps: float) -> None:
    world = simulation.play(seed)
    seen = simulation.watch(world, seed, gaps=gaps)
    random.Random(seed).shuffle(seen)
    with closing(a_store()) as store:
        shown: dict[Key, None] = {}
        for start in range(0, len(seen), 20):
            record(store, *seen[start : start + 20])
            shown |= dict.fromkeys(known(store).executions)
        assert_found(store, list(shown))


def assert_found(store: LineageStore, keys: Sequence[Key]) -> None:
    found = store.get(EVERYTHING, keys)
    assert [key for key in keys if key not in found] == []


# ------------------------------------------------------------------------------------------ reading what is said
def is_attempt(key: Key) -> bool:
    """Say whether an execution is an attempt that started, and no placeholder or provisional one."""
    return len(key) == 4 and key[3] is not None


def started(said: Known) -> set[Key]:
    return {key for key in said.executions if is_attempt(key)}


def attempts(world: simulation.World) -> set[Key]:
    return {key for key, kind in world.truth.attempts.items() if kind not in GROUPS}


def written(said: Known) -> dict[Key, str | None]:
    return {key: artifact.uri for key, artifact in said.artifacts.items() if artifact.producer is not None}


def seats(said: Known) -> dict[str, Key]:
    return {pod.uid: key for key, execution in said.executions.items() for pod in execution.pods}


def named_by(seen: Sequence[Observation]) -> set[Key]:
    """Every attempt that any view names."""
    return {
        execution_key(fact.run, state.node_id, state.started_at)
        for fact in facts_of(*seen)
        if isinstance(fact, RunSeen)
        for state in fact.executions or ()
        if state.started_at is not None
    }


def newest_pods(seen: Sequence[Observation]) -> dict[str, PodSeen]:
    newest: dict[str, PodSeen] = {}
    for fact in facts_of(*seen):
        if isinstance(fact, PodSeen) and (
            fact.uid not in newest or newest[fact.uid].revision.rank < fact.revision.rank
        ):
            newest[fact.uid] = fact
    return newest


# ------------------------------------------------------------------------------------------ claims
def pods_are_where_they_belong(world: simulation.World, said: Known, seen: Sequence[Observation]) -> None:
    pods = newest_pods(seen)
    counted = Counter(pod.uid for execution in said.executions.values() for pod in execution.pods)
    assert counted == Counter(dict.fromkeys(pods, 1))
    for key, execution in said.executions.items():
        for pod in execution.pods:
            truth = world.truth.pods[pod.uid]
            if is_attempt(key):
                assert truth == key or (not has_end(execution) and truth not in said.executions)
            elif len(key) == 3 and truth in said.executions:
                assert may_have_been_adopted(pods[pod.uid], truth, said.executions[truth])


def has_end(execution: Execution) -> bool:
    return execution.finished_at is not None


def may_have_been_adopted(pod: PodSeen, truth: Key, attempt: Execution) -> bool:
    """It was made before its attempt, and one of the two ends that would prove it was not seen."""
    began_before = pod.created_at.timestamp() < int(truth[3] or 0) - SKEW
    return began_before and (pod.finished_at is None or not has_end(attempt))


def what_is_gone_is_known(world: simulation.World, said: Known) -> None:
    """Every gap ends in a complete list, so what vanished is known to be gone, and nothing else is."""
    for run in said.runs.values():
        if run.workflows:
            assert run.in_cluster == world.is_alive(WORKFLOWS, run.workflows[-1].uid)
    for execution in said.executions.values():
        for pod in execution.pods:
            assert pod.in_cluster == world.is_alive(PODS, pod.uid)


def is_among(write: Key, said: Known, use: simulation.Use) -> bool:
    """Say whether the write that was truly read is one of the answers; outside writes are all alike here."""
    if write != simulation.OUTSIDE:
        return write in said.uses[use]
    return any(said.artifacts[answer].producer is None for answer in said.uses[use])


def near_a_write(world: simulation.World, said: Known, key: str) -> bool:
    """Say whether an outsider wrote within the clocks' difference of a recorded write of the key, or of the end
    of its attempt: it may be taken for it."""
    states = [state for state in world.states if state.key == key]
    outsiders = [state.modified for state in states if state.write == simulation.OUTSIDE]
    spans = [(state.modified, end_of(said, state.write)) for state in states if state.write != simulation.OUTSIDE]
    return any(
        modified - SKEW <= outsider and (end is None or outsider <= max(modified, end) + SKEW)
        for outsider in outsiders
        for modified, end in spans
    )


def end_of(said: Known, write: Key) -> int | None:
    """When the attempt of a write ended, if that was seen."""
    execution = said.executions.get(("Execution", *write[1:4]))
    return None if execution is None else execution.finished_at
