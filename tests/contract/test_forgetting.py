"""Forgetting the details of runs: what stays, what others still know, and what comes too late."""

import os
import random
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.forgetting import Verdict, forget_aged, rehearse
from lineage.identity import Key, deployment_key, global_id, run_key
from lineage.model import Direction, Run
from lineage.observation import Observation
from lineage.ports import EVERYTHING, Details, Listing, PageRequest
from lineage.retention import Retention, RetentionRule
from lineage.store.forgetting import _subjects
from lineage.store.locks import Name, subjects_of
from lineage.store.sql import SqlStore
from tests import simulation
from tests.factories import KubernetesObject, a_node, a_pod, a_store, a_workflow, dumped, facts_of, moment, record
from tests.kubeflow_world import a_told_world
from tests.workload_world import observations
from tests.worlds import looks_of, objects_of

pytestmark = pytest.mark.usefixtures("database")

EXAMPLES = int(os.environ.get("LINEAGE_EXAMPLES", "12"))
some = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 10**9)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
Seen = Sequence[Observation | KubernetesObject]
OF_RUNS = ("message", "parameters", "labels", "annotations", "tuning", "details", "origins")
OF_STEPS = ("message", "resources", "inputParameters", "outputParameters", "workload", "turns")
OF_PODS = ("node", "reason")


def everything_seen(seed: int) -> Seen:
    """Of several worlds one: workflows as they happen, with pods and looks; what Kubeflow told; trials and jobs; runs that
    read what others wrote, with caches and recurring runs and what serves their models."""
    world = seed % 4
    if world == 0:
        played = simulation.play(seed)
        return [*simulation.watch(played, seed), *played.looks]
    if world == 1:
        return a_told_world(6)
    return observations() if world == 2 else [e for n in range(8) for e in (*objects_of(n), *looks_of(n))]


def runs_of(store: SqlStore) -> dict[Key, Run]:
    return {run.key: run for run in store.runs(EVERYTHING, Listing(), PageRequest(first=500)).items}


def some_runs(store: SqlStore, seed: int) -> list[Key]:
    keys = sorted(runs_of(store))
    return random.Random(seed).sample(keys, len(keys) // 2)


def what_stays(lines: Sequence[bytes], forgotten: Sequence[Key]) -> list[Mapping[str, Any]]:
    """A dump without the details of some runs, and without saying that they were forgotten."""
    ids = {global_id(key) for key in forgotten}
    stays = []
    for line in lines:
        one = orjson.loads(line)
        if one["type"] == "Run":
            one["forgotten"] = None
            dropped = OF_RUNS if one["id"] in ids else ()
        else:
            dropped = OF_STEPS if one["type"] == "Execution" and one["run"] in ids else ()
        for pod in one["pods"] if dropped is OF_STEPS else ():
            pod |= dict.fromkeys(OF_PODS)
        stays.append(one | dict.fromkeys(dropped))
    return stays




# ------------------------------------------------------------------------------------------ what stays
@some
@given(seeds)
def test_all_but_the_details_is_as_it_was(seed: int) -> None:
    with closing(a_store(*everything_seen(seed))) as store:
        before, forgotten = dumped(store), some_runs(store, seed)
        store.forget(forgotten, now=NOW)
        after = dumped(store)
        assert what_stays(after, forgotten) == what_stays(before, forgotten)
        assert {key for key, run in runs_of(store).items() if run.forgotten_at == NOW} == {*forgotten}


@some
@given(seeds)
def test_what_is_seen_again_of_what_was_forgotten_changes_nothing(seed: int) -> None:
    seen = everything_seen(seed)
    with closing(a_store(*seen)) as store:
        store.forget(some_runs(store, seed), now=NOW)
        before = dumped(store)
        chance = random.Random(seed)
        again = chance.sample(seen, len(seen))
        for start in range(0, len(again), size := chance.randint(1, 60)):
            record(store, *again[start : start + size])
        assert dumped(store) == before
        assert store.weigh(some_runs(store, seed)).objects == 0


@some
@given(seeds)
def test_what_becomes_known_of_others_is_what_it_would_be(seed: int) -> None:
    """Whether runs are forgotten before others are seen, or afterwards, the same is known in the end."""
    seen, chance = list(everything_seen(seed)), random.Random(seed)
    with closing(a_store(*seen)) as other, closing(a_store()) as store:
        forgotten = some_runs(other, seed)
        names = names_of(other, forgotten)
        before = [one for one in seen if chance.random() < 0.5 or subjects_of(facts_of(one)) & names]
        after = [one for one in seen if one not in before]
        chance.shuffle(after)
        record(store, *before)
        store.forget(forgotten, now=NOW)
        for one in after:
            record(store, one)
        other.forget(forgotten, now=NOW)
        assert dumped(store) == dumped(other)


def names_of(store: SqlStore, runs: Sequence[Key]) -> set[Name]:
    """Under which names things are seen that belong to runs."""
    with store._reading() as connection:
        return set(_subjects(connection, store._dialect, runs).names)
