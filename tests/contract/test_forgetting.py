"""Forgetting the details of runs: what stays, what others still know, and what comes too late."""

import os
import random
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from lineage.audit import DEFAULT, Tier, Verdict, audit
from lineage.auditing import audit_evidence, tier_of
from lineage.cli.reinterpret import with_source
from lineage.comparison import RunDiff, compare
from lineage.forgetting import Verdict as Outcome
from lineage.forgetting import forget_aged, rehearse
from lineage.gathering import TO_COMPARE, dossiers
from lineage.identity import Key, deployment_key, execution_key, global_id, run_key, sha256, written_key
from lineage.model import BUILT_IN, Direction, Execution, LineageEdge, Metric, Run, TrendPoint
from lineage.observation import Observation
from lineage.ports import EVERYTHING, Condition, Listing, Operator, PageRequest
from lineage.retention import Retention, RetentionRule
from lineage.store.forgetting import _subjects
from lineage.store.locks import Name, subjects_of
from lineage.store.packed import PACKED, unpack
from lineage.store.sql import SqlStore
from lineage.store.tables import metadata
from lineage.trending import Question, trends
from tests import simulation
from tests.contract.test_copies import a_copy
from tests.factories import (
    KubernetesObject,
    a_node,
    a_pod,
    a_store,
    a_workflow,
    an_inference_service,
    deleted,
    dumped,
    facts_of,
    looked,
    moment,
    record,
    rfc3339,
    view_of,
)
from tests.kubeflow_world import a_told_world
from tests.workload_world import observations
from tests.worlds import looks_of, objects_of
from watchers.sources import all_sources

pytestmark = pytest.mark.usefixtures("database")

EXAMPLES = int(os.environ.get("LINEAGE_EXAMPLES", "12"))
some = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 10**9)

DIGEST = "sha256:" + "1" * 64
NOW = datetime(2030, 1, 1, tzinfo=UTC)
Seen = Sequence[Observation | KubernetesObject]
OF_RUNS = ("message", "labels", "annotations", "tuning", "details", "origins")
OF_STEPS = ("message", "resources", "inputParameters", "outputParameters", "workload", "turns")
OF_PODS = ("reason",)


def everything_seen(seed: int) -> Seen:
    """Of several worlds one: workflows as they happen, with pods and looks; what Kubeflow told; trials and jobs; runs
    that read what others wrote, with caches and recurring runs and what serves their models."""
    world = seed % 4
    if world == 0:
        played = simulation.play(seed)
        return [*simulation.watch(played, seed), *played.looks]
    if world == 1:
        return a_told_world(6)
    if world == 2:
        return observations()
    return [*(one for n in range(8) for one in objects_of(n)), *(one for n in range(8) for one in looks_of(n))]


def runs_of(store: SqlStore) -> dict[Key, Run]:
    return {run.key: run for run in store.runs(EVERYTHING, Listing(), PageRequest(first=500)).items}


def steps_of(store: SqlStore) -> Sequence[Execution]:
    return store.executions(EVERYTHING, Listing(), PageRequest(first=500)).items


def some_runs(store: SqlStore, seed: int) -> list[Key]:
    keys = sorted(runs_of(store))
    return random.Random(seed).sample(keys, len(keys) // 2)


def what_stays(lines: Sequence[bytes], forgotten: Sequence[Key]) -> list[Mapping[str, Any]]:
    """A dump without the details of some runs, and without saying that they were forgotten."""
    ids = {global_id(key) for key in forgotten}
    return [_without_details(one, ids) for one in map(orjson.loads, lines)]


def _without_details(one: dict[str, Any], forgotten: Collection[str]) -> Mapping[str, Any]:
    if one["type"] == "Run":
        return one | {"forgotten": None} | dict.fromkeys(OF_RUNS if one["id"] in forgotten else ())
    if one["type"] != "Execution" or one["run"] not in forgotten:
        return one
    pods = [pod | dict.fromkeys(OF_PODS) for pod in one["pods"]]
    return one | dict.fromkeys(OF_STEPS) | {"pods": pods}


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


@some
@given(seeds)
def test_what_moves_metrics_and_what_they_were_is_known_as_before(seed: int) -> None:
    with closing(a_store(*everything_seen(seed))) as store:
        keys = [*runs_of(store)]
        before = store.circumstances(EVERYTHING, keys), measured(store, keys), points(store, "accuracy")
        store.forget(keys, now=NOW)
        assert (store.circumstances(EVERYTHING, keys), measured(store, keys), points(store, "accuracy")) == before


def points(store: SqlStore, metric: str) -> Sequence[TrendPoint]:
    return store.trend_points(EVERYTHING, [metric], None, task=None, last=500, parameters=True)[metric]


def test_a_trend_that_is_split_by_a_long_argument_is_split_as_before() -> None:
    store = a_store(*a_trained_model(), *a_trained_model("again", start=500))
    question = Question(where=None, by="text", last=9, now=NOW)
    before = [(one.split, len(one.points)) for one in trends(store, EVERYTHING, question, ["accuracy"])]
    store.forget([run_key("train")], now=NOW)
    found = [(one.split, len(one.points)) for one in trends(store, EVERYTHING, question, ["accuracy"])]
    assert found == before == [(("text", sha256(b"x" * 300)), 2)]


def measured(store: SqlStore, runs: Sequence[Key]) -> Mapping[Key, Sequence[Metric]]:
    """All metrics of runs, with those that each has by itself."""
    return store.metrics_of_runs(EVERYTHING, runs)


@some
@given(seeds)
def test_differences_to_what_was_forgotten_are_some_of_those_that_there_were(seed: int) -> None:
    with closing(a_store(*everything_seen(seed))) as store:
        pairs = [*permutations(random.Random(seed).sample(sorted(runs_of(store)), 3), 2)]
        before = differences(store, pairs)
        store.forget([pairs[0][0]], now=NOW)
        for pair, found in differences(store, pairs).items():
            assert {replace(one, detail=None) for one in found.changes} <= {
                replace(one, detail=None)
                for one in before[pair].changes  # of a phase it is the message, which goes
            }
            is_forgotten = pairs[0][0] in pair
            assert is_forgotten is any("were forgotten on 2030-01-01" in one for one in found.not_compared)
            assert is_forgotten or found.changes == before[pair].changes


def differences(store: SqlStore, pairs: Sequence[tuple[Key, Key]]) -> Mapping[tuple[Key, Key], RunDiff]:
    known = dossiers(store, EVERYTHING, [one for pair in pairs for one in pair], TO_COMPARE)
    return {(base, target): compare(known[base], known[target]) for base, target in pairs}


def test_an_audit_says_that_evidence_was_forgotten() -> None:
    store = a_store(*a_trained_model())
    store.forget([run_key("train")], now=NOW)
    evidence = audit_evidence(store, EVERYTHING, run_key("train"), as_of=NOW)
    assert evidence is not None
    found = audit(evidence, DEFAULT)
    assert {one.verdict for one in found.checks} == {Verdict.UNKNOWN}
    assert found.checks[0].reason.startswith("FORGOTTEN: its details were forgotten on 2030-01-01")


@some
@given(seeds)
def test_what_stays_is_taken_over_by_a_store_that_is_made_anew(seed: int) -> None:
    with closing(a_store(*everything_seen(seed))) as store, closing(a_store()) as other:
        while store.settle(limit=100):
            pass
        store.forget([*runs_of(store)], now=NOW)
        for one in store.observations(seen_at=NOW):
            record(other, with_source(one, all_sources()))
        for tombstone in random.Random(seed).sample([*store.tombstones()], len([*store.tombstones()])):
            other.take_over(tombstone)
        assert dumped(other) == dumped(store)
        keys = [*runs_of(store), *(step.key for step in steps_of(store))]
        assert other.fingerprints(EVERYTHING, keys) == store.fingerprints(EVERYTHING, keys)


# ------------------------------------------------------------------------------------------ one run
def a_trained_model(run: str = "train", start: float = 100, **more: Any) -> list[KubernetesObject]:
    """A run that writes a model, with its pod."""
    node = a_node(f"{run}.fit", start, start + 10, writes=[f"{run}/model"], **more)
    node["inputs"] = {"parameters": [{"name": "rate", "value": "0.1"}]}
    node["outputs"]["parameters"] = [{"name": "accuracy", "value": "0.9"}, {"name": "notes", "value": "private"}]
    workflow = a_workflow(
        {f"{run}-1": node},
        uid=run,
        name=run,
        phase="Succeeded",
        labels={"team": "a", "kfp-lineage/experiment": "nightly"},
        finishedAt=rfc3339(start + 11),
        spec={"arguments": {"parameters": [{"name": "rows", "value": "7"}, {"name": "text", "value": "x" * 300}]}},
    )
    return [workflow, a_pod(f"{run}-pod", f"{run}-1", start + 1, owner=run, image_id=f"registry.example/step@{DIGEST}")]


def a_reader(run: str, of: str, start: float = 200) -> KubernetesObject:
    """A run that reads a model, and writes one."""
    node = a_node(f"{run}.score", start, start + 10, reads=[f"{of}/model"], writes=[f"{run}/model"])
    return a_workflow({f"{run}-1": node}, uid=run, name=run, phase="Succeeded", finishedAt=rfc3339(start + 11))


def test_what_stays_of_a_run() -> None:
    store = a_store(*a_trained_model())
    went = store.forget([run_key("train")], now=NOW)
    assert (went.runs, went.objects) == (1, 2)
    assert went.size_bytes > 0
    (run,) = runs_of(store).values()
    view = view_of(store, run)
    (step,) = store.executions(EVERYTHING, Listing(), PageRequest(first=10)).items
    (pod,) = store.pods(EVERYTHING, [step.key])[step.key]
    assert run.forgotten_at == NOW
    assert {one.name: one.value for one in view.parameters} == {"rows": "7", "text": sha256(b"x" * 300)}
    assert view.labels == {"kfp-lineage/experiment": "nightly"}
    assert step.input_parameters == ()
    assert [one.name for one in step.output_parameters] == ["accuracy"]
    measured = store.metrics_of_runs(EVERYTHING, [run.key])[run.key]
    assert [one.value for one in measured if one.source != BUILT_IN] == [0.9]
    (point,) = points(store, "accuracy")
    assert point.parameters == {"rows": "7", "text": sha256(b"x" * 300)}
    assert pod.images[0].digest == DIGEST
    assert store.raw(EVERYTHING, [run.key]) == {}
    assert store.completeness(EVERYTHING, [run.key])[run.key].missing[0] == (
        "its details were forgotten on 2030-01-01T00:00:00Z"
    )
    listed = Condition(field="label", operator=Operator.EQ, name="team", value="a")
    assert store.runs(EVERYTHING, Listing(where=listed), PageRequest(first=10)).items == ()


def test_nothing_is_left_of_what_nodes_that_waited_were_to_be_given() -> None:
    """A run that was deleted before all of it began."""
    waiting = a_node("w.later", None, None, "Pending")
    waiting["inputs"] = {"parameters": [{"name": "text", "value": "private"}]}
    nodes = {"w-1": a_node("w.main", 100, None, "Running"), "w-2": waiting}
    store = a_store(a_workflow(nodes, uid="w", name="w", phase="Running"), deleted("w"))
    store.forget([run_key("w")], now=NOW)
    with store._reading() as connection:
        held = [row for table in metadata.sorted_tables for row in connection.execute(select(table))]
    bodies = [one for row in held for one in row if isinstance(one, bytes)]
    plain = [unpack(one) if one[0] == PACKED else one for one in bodies]
    assert plain
    assert not [one for one in plain if b"private" in one]


def test_labels_that_look_like_ours_go_as_well() -> None:
    workflow, _ = a_trained_model()
    workflow["metadata"]["labels"]["KFP-Lineage/experiment"] = "loud"
    store = a_store(workflow)
    store.forget([run_key("train")], now=NOW)
    listed = Condition(field="label", operator=Operator.EQ, name="KFP-Lineage/experiment", value="loud")
    assert store.runs(EVERYTHING, Listing(where=listed), PageRequest(first=10)).items == ()


def test_a_run_that_went_on_is_due_for_another_fingerprint() -> None:
    store = a_store(*a_trained_model())
    while store.settle(limit=10):
        pass
    store.forget([run_key("train")], now=moment(5000))
    workflow, _ = a_trained_model()
    workflow["metadata"]["resourceVersion"] = "9"
    workflow["status"]["nodes"]["train-2"] = a_node("train.again", 6000, 6010)
    workflow["status"]["finishedAt"] = rfc3339(6011)
    record(store, workflow)
    assert store.unsettled(EVERYTHING) == 1
    while store.settle(limit=10):
        pass
    again = execution_key("train", "train-2", 6000)
    assert again in store.fingerprints(EVERYTHING, [again])


def test_what_happens_after_it_was_forgotten_is_known() -> None:
    """Somebody retries a run that is years old."""
    store = a_store(*a_trained_model())
    store.forget([run_key("train")], now=moment(5000))
    workflow, _ = a_trained_model()
    workflow["metadata"]["resourceVersion"] = "9"
    workflow["status"]["nodes"]["train-2"] = a_node("train.again", 6000, 6010)
    record(store, workflow)
    (run,) = runs_of(store).values()
    steps = store.executions(EVERYTHING, Listing(), PageRequest(first=10)).items
    assert view_of(store, run).labels["team"] == "a"
    assert {one.display_name for one in steps} == {"fit", "again"}
    assert run.forgotten_at == moment(5000)


def upstream(store: SqlStore, root: Key) -> tuple[list[Key], Sequence[LineageEdge]]:
    graph = store.lineage(EVERYTHING, [root], direction=Direction.UPSTREAM, max_depth=None, max_nodes=100)
    assert graph is not None
    return [node.key for node in graph.nodes], graph.edges


def test_provenance_leads_through_what_was_forgotten() -> None:
    store = a_store(*a_trained_model(), a_reader("middle", "train"), a_reader("last", "middle", 300))
    root = written_key("last", "last-1", 300, "x0")
    before = upstream(store, root)
    store.forget([run_key("middle"), run_key("train")], now=NOW)
    assert upstream(store, root) == before


def test_fingerprints_are_those_that_it_had() -> None:
    store = a_store(*a_trained_model())
    while store.settle(limit=10):
        pass
    before = store.fingerprints(EVERYTHING, [run_key("train")])
    store.forget([run_key("train")], now=NOW)
    record(store, looked("train/model", modified=109, at=900))
    while store.settle(limit=10):
        pass
    assert store.fingerprints(EVERYTHING, [run_key("train")]) == before


# ------------------------------------------------------------------------------------------ rules
DAY = timedelta(days=1)


def rules(**more: Any) -> Retention:
    return Retention(rules=(RetentionRule(name="all", after_days=10, **more),))


def forgotten(store: SqlStore) -> set[str]:
    return {str(key[1]) for key, run in runs_of(store).items() if run.forgotten_at is not None}


def test_runs_are_forgotten_when_they_come_to_their_age() -> None:
    store = a_store(*a_trained_model("old", 100), *a_trained_model("young", 86_400 * 5))
    assert forget_aged(store, rules(), now=moment(111) + 10 * DAY).forgotten == {"all": 1}
    assert forgotten(store) == {"old"}
    assert forget_aged(store, rules(), now=moment(111) + 10 * DAY).forgotten == {}
    forget_aged(store, rules(), now=moment(111) + 15 * DAY)
    assert forgotten(store) == {"old", "young"}


def test_what_is_recorded_late_is_forgotten_by_its_own_age() -> None:
    store = a_store(*a_trained_model("one"))
    forget_aged(store, rules(), now=NOW)
    record(store, *a_trained_model("late", 50))
    forget_aged(store, rules(), now=NOW)
    assert forgotten(store) == {"one", "late"}


def test_a_run_that_goes_on_is_kept_until_it_ended() -> None:
    going = a_workflow({"w-1": a_node("w.main", 100, None, "Running")}, uid="w", name="w", phase="Running")
    store = a_store(going)
    assert forget_aged(store, rules(), now=NOW).forgotten == {}
    record(store, deleted("w"))
    assert forget_aged(store, rules(), now=NOW).forgotten == {"all": 1}


def test_pods_without_a_workflow_are_forgotten_too() -> None:
    store = a_store(a_trained_model()[1])
    assert forget_aged(store, rules(), now=NOW).forgotten == {"all": 1}
    record(store, *a_trained_model())
    assert forgotten(store) == {"train"}


def test_the_first_rule_that_fits_the_namespace_counts() -> None:
    store = a_store(*a_trained_model("here"))
    elsewhere = Retention(rules=(RetentionRule(name="b", namespace="b*", after_days=1),))
    assert forget_aged(store, elsewhere, now=NOW).forgotten == {}
    first = RetentionRule(name="a", namespace="a", after_days=30_000)
    both = Retention(rules=(first, RetentionRule(name="all", after_days=1)))
    assert forget_aged(store, both, now=NOW).forgotten == {}
    assert forget_aged(store, rules(), now=NOW).forgotten == {"all": 1}


def test_what_something_descends_from_is_kept_until_that_is_forgotten() -> None:
    store = a_store(*a_trained_model(), a_reader("middle", "train"), a_reader("last", "middle", 86_400 * 30))
    kept = rules(keep_descendants=True)
    now = moment(86_400 * 35)
    assert forget_aged(store, kept, now=now).kept == {
        run_key("train"): ("all", Outcome.HAS_DESCENDANTS),
        run_key("middle"): ("all", Outcome.HAS_DESCENDANTS),
    }
    assert rehearse(store, kept, now=now).forgotten == {}
    later = forget_aged(store, kept, now=NOW)
    assert (later.forgotten, later.kept) == ({"all": 3}, {})
    assert forgotten(store) == {"train", "middle", "last"}


def test_a_rehearsal_says_what_will_be_and_changes_nothing() -> None:
    store = a_store(*a_trained_model(), a_reader("middle", "train"), a_reader("last", "middle", 300))
    kept = rules(keep_descendants=True)
    before = dumped(store)
    said = rehearse(store, kept, now=NOW)
    assert dumped(store) == before
    done = forget_aged(store, kept, now=NOW)
    assert (said.forgotten, said.kept, said.went) == (done.forgotten, done.kept, done.went)
    assert done.forgotten == {"all": 3}


def test_what_is_served_is_kept_until_the_deployment_is_gone() -> None:
    serving = an_inference_service("s3:///train/model", uid="d", name="serve", namespace="a", born=500, written_at=500)
    store = a_store(*a_trained_model(), serving)
    kept = rules(keep_descendants=True)
    assert store.heirs([run_key("train")]) == {run_key("train"): {deployment_key("d")}}
    assert forget_aged(store, kept, now=NOW).forgotten == {}
    record(store, deleted("d", source="inference_service"))
    assert forget_aged(store, kept, now=NOW).forgotten == {}
    assert forget_aged(store, kept, now=NOW + DAY).forgotten == {"all": 1}


def test_a_copy_is_a_descendant_and_so_is_what_a_step_started() -> None:
    copied = a_store(*a_copy())
    assert copied.heirs([run_key("u1")]) == {run_key("u1"): {run_key("u2")}}
    started = a_store(*observations())
    assert {run_key("e1")} <= started.heirs([run_key("u1")])[run_key("u1")]


def test_what_earned_its_tier_is_kept() -> None:
    store = a_store(*a_trained_model())
    assert tier_of(store, EVERYTHING, run_key("train"), None, as_of=NOW) is Tier.TRACEABLE
    assert forget_aged(store, rules(keep_tier=Tier.TRACEABLE), now=NOW).kept == {
        run_key("train"): ("all", Outcome.EARNED_TIER)
    }
    assert forget_aged(store, rules(keep_tier=Tier.RE_EXECUTABLE), now=NOW).forgotten == {"all": 1}
    assert tier_of(store, EVERYTHING, run_key("train"), None, as_of=NOW) is Tier.NONE


def test_more_runs_than_are_planned_at_once() -> None:
    store = a_store(*(one for number in range(1200) for one in a_trained_model(f"r{number}")))
    assert forget_aged(store, rules(), now=NOW).forgotten == {"all": 1200}
    assert len(runs_of(store)) == 500


def test_other_rules_begin_anew() -> None:
    store = a_store(*a_trained_model())
    never = Retention(rules=(RetentionRule(name="x", namespace="nowhere", after_days=1),))
    forget_aged(store, never, now=NOW)
    assert forget_aged(store, rules(), now=NOW).forgotten == {"all": 1}
