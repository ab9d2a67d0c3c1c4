"""What Kubeflow tells, and how it is combined with the workflows of its runs: whatever comes first."""

import json
import random
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from lineage.identity import kubeflow_experiment_key, pipeline_key, run_key
from lineage.model import Experiment, Phase, Pipeline, PipelineVersion, Run
from lineage.observation import ObjectSeen
from lineage.ports import EVERYTHING, Condition, LineageStore, Listing, Operator, PageRequest, Scope
from tests.factories import (
    CLUSTER,
    RECORDED_AT,
    RUN_ID,
    KubernetesObject,
    a_node,
    a_pod,
    a_store,
    a_workflow,
    dumped,
    facts_of,
    listed,
    moment,
    record,
    rfc3339,
    view_of,
)
from tests.factories import a_recurring_run as a_scheduled_workflow
from tests.kubeflow_answers import (
    a_pipeline,
    a_pipeline_object,
    a_recurring_run,
    a_run,
    a_version,
    a_version_object,
    an_experiment,
    an_ir,
    told,
    told_version,
)
from tests.kubeflow_world import a_told_world
from watchers.answers import EXPERIMENTS, PIPELINES, RECURRING_RUNS, RUNS
from watchers.sources import all_sources

pytestmark = pytest.mark.usefixtures("database")

ALL = PageRequest(first=100)
ELSEWHERE = Scope(namespaces=frozenset({(CLUSTER, "b")}))


def told_run(**answer: Any) -> KubernetesObject:
    return told(RUNS, a_run(**answer))


def a_workflow_of_it(*, phase: str = "Succeeded", version: int | None = 1, **more: Any) -> KubernetesObject:
    """The workflow of the run that is told of."""
    shown: dict[str, Any] = {
        "labels": {RUN_ID: "run-1"},
        "annotations": {"pipelines.kubeflow.org/run_name": "From its workflow"},
        "metadata": {"generateName": "train-"},
        "startedAt": rfc3339(11),
        **({"finishedAt": rfc3339(80)} if phase == "Succeeded" else {}),
        **more,
    }
    node = {"w-1": a_node("w", 12, 70)}
    return a_workflow(node, phase=phase, version=version, **shown)


def the_run(store: LineageStore, uid: str = "run-1") -> Run:
    found = store.get(EVERYTHING, [run_key(uid)])[run_key(uid)]
    assert isinstance(found, Run)
    return found


def the_experiment(store: LineageStore, uid: str = "e1") -> Experiment:
    found = store.get(EVERYTHING, [kubeflow_experiment_key(uid)])[kubeflow_experiment_key(uid)]
    assert isinstance(found, Experiment)
    return found


def the_version(store: LineageStore) -> PipelineVersion:
    key = the_run(store).pipeline_version_key
    assert key is not None
    found = store.get(EVERYTHING, [key])[key]
    assert isinstance(found, PipelineVersion)
    return found


def origin(store: LineageStore, field: str) -> str | None:
    origins = view_of(store, the_run(store)).origins
    return next((one.source for one in origins if one.field == field), None)


# ------------------------------------------------------------------------------------------ runs
def test_a_run_that_was_over_is_shown_from_what_is_told() -> None:
    store = a_store(told_run(runtime_config={"parameters": {"rate": 0.5}}))
    run = the_run(store)
    assert (run.uid, run.name, run.display_name, run.namespace) == ("run-1", "Fit again", "Fit again", "a")
    assert (run.phase, run.created_at, run.finished_at) == (Phase.SUCCEEDED, moment(10), moment(90))
    assert [(one.name, one.value) for one in view_of(store, run).parameters] == [("rate", "0.5")]
    assert not run.in_cluster
    assert origin(store, "phase") == "kfp_run"


def test_its_completeness_says_who_told_of_it() -> None:
    store = a_store(told_run())
    shown = store.completeness(EVERYTHING, [run_key("run-1")])[run_key("run-1")]
    assert not shown.complete
    assert shown.terminal_seen
    assert "only Kubeflow's API told of it" in shown.missing


def test_what_was_told_is_its_raw_object() -> None:
    raw = a_store(told_run()).raw(EVERYTHING, [run_key("run-1")])[run_key("run-1")]
    assert raw["told"]["run_id"] == "run-1"


def test_a_run_that_is_told_of_can_be_found_by_its_arguments() -> None:
    store = a_store(told_run(runtime_config={"parameters": {"rate": 0.5}}))
    rate = Condition(field="parameter", operator=Operator.GT, value="0.4", name="rate")
    assert [run.uid for run in store.runs(EVERYTHING, Listing(where=rate), ALL).items] == ["run-1"]


def test_a_workflow_is_asked_first() -> None:
    store = a_store(told_run(), a_workflow_of_it())
    run = the_run(store)
    assert (run.name, run.display_name, run.phase) == ("w", "From its workflow", Phase.SUCCEEDED)
    assert (run.started_at, run.finished_at) == (moment(11), moment(80))
    assert [origin(store, name) for name in ("phase", "displayName", "experiment")] == [
        "argo_workflow",
        "argo_workflow",
        "kfp_run",
    ]


def test_what_no_workflow_says_is_filled() -> None:
    arguments = {"parameters": {"rate": 0.5}}
    store = a_store(a_workflow_of_it(annotations={}), told_run(runtime_config=arguments))
    run = the_run(store)
    assert (run.display_name, [one.value for one in view_of(store, run).parameters]) == ("Fit again", ["0.5"])
    assert origin(store, "parameters") == "kfp_run"


def test_the_end_that_no_workflow_shows_is_told() -> None:
    run = the_run(a_store(a_workflow_of_it(phase="Running"), told_run(), listed("*", 9)))
    assert (run.phase, run.finished_at, run.in_cluster) == (Phase.SUCCEEDED, moment(90), False)


def test_a_run_that_was_retried_after_it_was_told_to_have_ended_is_running() -> None:
    running = a_workflow_of_it(phase="Running", startedAt=rfc3339(200))
    assert the_run(a_store(running, told_run())).phase is Phase.RUNNING


def test_the_newest_that_was_told_counts() -> None:
    earlier = told_run(state="RUNNING", ended=None)
    for order in permutations([earlier, told_run()]):
        assert the_run(a_store(*order, at_once=False)).phase is Phase.SUCCEEDED


def test_a_run_of_which_pods_and_kubeflow_tell_is_named_by_kubeflow() -> None:
    pod = a_pod(labels={RUN_ID: "run-1"})
    for order in permutations([pod, told_run()]):
        assert the_run(a_store(*order, at_once=False)).display_name == "Fit again"


# ------------------------------------------------------------------------------------------ experiments
def test_an_experiment_that_a_run_names_has_its_id_for_a_name_until_it_is_told() -> None:
    store = a_store(told_run())
    assert (the_experiment(store).name, the_experiment(store).namespace) == ("e1", None)
    record(store, told(EXPERIMENTS, an_experiment()))
    shown = the_experiment(store)
    assert (shown.name, shown.namespace, shown.cluster, shown.created_at) == ("tuning", "a", CLUSTER, moment(5))
    assert the_run(store).experiment_key == shown.key


def test_a_label_is_asked_before_kubeflow() -> None:
    labelled = a_workflow_of_it(labels={RUN_ID: "run-1", "kfp-lineage/experiment": "by hand"})
    store = a_store(labelled, told_run(), told(EXPERIMENTS, an_experiment()))
    assert the_run(store).experiment_key == ("Experiment", CLUSTER, "a", "by hand")
    assert origin(store, "experiment") == "argo_workflow"


def test_an_experiment_without_runs_is_one() -> None:
    store = a_store(told(EXPERIMENTS, an_experiment()))
    assert [one.name for one in store.experiments(EVERYTHING, Listing(), ALL).items] == ["tuning"]


def test_what_is_told_is_seen_in_its_namespace_alone() -> None:
    store = a_store(told(EXPERIMENTS, an_experiment()), told(PIPELINES, a_pipeline()), told_version(a_version()))
    for read in (store.experiments, store.pipelines, store.pipeline_versions):
        assert not read(ELSEWHERE, Listing(), ALL).items
        assert read(EVERYTHING, Listing(), ALL).items


# ------------------------------------------------------------------------------------------ pipelines
def test_a_pipeline_that_never_ran_is_one() -> None:
    store = a_store(told(PIPELINES, a_pipeline()), told_version(a_version()))
    assert [one.name for one in store.pipelines(EVERYTHING, Listing(), ALL).items] == ["train"]
    (version,) = store.pipeline_versions(EVERYTHING, Listing(), ALL).items
    assert (version.name, version.created_at) == ("first", moment(7))
    assert store.specs(EVERYTHING, [version.key])[version.key]["pipelineInfo"] == {"name": "train"}


def test_a_run_has_the_version_that_kubeflow_says_it_has() -> None:
    for order in permutations([told_run(), told_version(a_version()), a_workflow_of_it()]):
        store = a_store(*order, at_once=False)
        version = the_version(store)
        assert (version.name, version.pipeline.key) == ("first", pipeline_key(CLUSTER, "a", "train"))
        assert origin(store, "pipelineVersion") == "kfp_run"
        assert store.specs(EVERYTHING, [version.key])[version.key]["schemaVersion"] == "2.1.0"


def test_until_the_version_is_told_a_run_has_the_text_of_its_workflow() -> None:
    store = a_store(told_run(), a_workflow_of_it())
    assert (the_version(store).name, the_version(store).pipeline.name) == (None, "train")
    assert origin(store, "pipelineVersion") == "argo_workflow"


def test_equal_texts_that_were_uploaded_twice_are_one_version() -> None:
    again = a_version("v2", "second", spec=an_ir(sdk="2.15.0"), made=50)
    runs = [told_run(), told_run(uid="run-2", version="v2")]
    for order in permutations([*map(told_version, (again, a_version())), *runs]):
        store = a_store(*order, at_once=False)
        assert the_version(store).name == "first"
        assert the_run(store, "run-2").pipeline_version_key == the_run(store).pipeline_version_key


def test_another_text_is_another_version_of_the_pipeline() -> None:
    store = a_store(*map(told_version, (a_version(), a_version("v2", "second", spec=an_ir("python:3.12")))))
    (pipeline,) = store.pipelines(EVERYTHING, Listing(), ALL).items
    shown = store.owned(EVERYTHING, PipelineVersion, "pipeline", [pipeline.key], Listing(), ALL)[pipeline.key]
    assert {one.name for one in shown.items} == {"first", "second"}


def test_runs_are_listed_by_the_pipeline_that_kubeflow_says_they_have() -> None:
    store = a_store(a_workflow_of_it(), told_run(), told_version(a_version(), pipeline="renamed"))
    key = pipeline_key(CLUSTER, "a", "renamed")
    runs = store.owned(EVERYTHING, Run, "pipeline", [key], Listing(), ALL)[key]
    assert [run.uid for run in runs.items] == ["run-1"]
    assert isinstance(store.get(EVERYTHING, [key])[key], Pipeline)


def test_a_run_of_no_version_has_the_text_that_it_bears() -> None:
    for order in permutations([told_run(version=None, pipeline_spec=an_ir()), a_workflow_of_it()]):
        version = the_version(a_store(*order, at_once=False))
        assert (version.pipeline.name, version.name) == ("train", None)


def test_what_kubernetes_and_the_api_tell_of_one_pipeline_is_one() -> None:
    of_kubernetes = [a_pipeline_object(), a_version_object()]
    of_the_api = [told(PIPELINES, a_pipeline()), told_version(a_version()), told_run()]
    store = a_store(*of_kubernetes, *of_the_api)
    (version,) = store.pipeline_versions(EVERYTHING, Listing(), ALL).items
    assert (version.name, the_run(store).pipeline_version_key) == ("first", version.key)
    assert dumped(store) == dumped(a_store(*of_the_api, *of_kubernetes, at_once=False))


# ------------------------------------------------------------------------------------------ recurring runs
def test_a_recurring_run_is_called_as_people_call_it() -> None:
    scheduled = a_scheduled_workflow(kind="ScheduledWorkflow")
    for order in permutations([scheduled, told(RECURRING_RUNS, a_recurring_run())]):
        (shown,) = a_store(*order, at_once=False).recurring_runs(EVERYTHING, Listing(), ALL).items
        assert (shown.name, shown.display_name) == ("nightly", "Every night")


def test_a_run_belongs_to_the_recurring_run_that_kubeflow_says_made_it() -> None:
    of_it = {"enabled": True, "experimentId": "e7", "trigger": {"cronSchedule": {"cron": "0 0 * * * *"}}}
    scheduled = a_scheduled_workflow(of_it, kind="ScheduledWorkflow")
    for order in permutations([scheduled, told_run(recurring_run_id="r1", experiment=""), a_workflow_of_it()]):
        store = a_store(*order, at_once=False)
        run = the_run(store)
        assert run.recurring_run_key == ("RecurringRun", "r1")
        assert run.experiment_key == ("Experiment", "e7")
        assert run.scheduled_at == moment(10)
        assert [origin(store, name) for name in ("recurringRun", "experiment")] == ["kfp_run", "scheduled_workflow"]


# ------------------------------------------------------------------------------------------ any order
@settings(max_examples=15)
@given(chance=st.integers(0, 10**9).map(random.Random))
def test_any_order_repetition_and_split_gives_the_same_knowledge(chance: random.Random) -> None:
    items = a_told_world(9)
    shuffled = [*items, *chance.sample(items, k=10)]
    chance.shuffle(shuffled)
    store = a_store()
    while shuffled:
        cut = chance.randint(1, len(shuffled))
        batch, shuffled = shuffled[:cut], shuffled[cut:]
        record(store, *batch)
    assert dumped(store) == dumped(a_store(*a_told_world(9)))


def test_one_by_one_gives_the_same_knowledge() -> None:
    items = a_told_world(9)
    assert dumped(a_store(*reversed(items), at_once=False)) == dumped(a_store(*items))


def test_what_is_kept_makes_the_same_store_anew() -> None:
    store, anew = a_store(*a_told_world(9)), a_store()
    by_resource = {source.resource.name: source.name for source in all_sources()}
    kept = [one for one in store.observations(seen_at=RECORDED_AT) if isinstance(one, ObjectSeen)]
    anew.apply(facts_of(*(replace(one, source=by_resource[one.source]) for one in kept)), recorded_at=RECORDED_AT)
    # Since when a spec was in force depends on when it was seen, which nobody keeps.
    known = [[item for item in map(json.loads, dumped(one)) if item["type"] != "RecurringRun"] for one in (store, anew)]
    assert known[0] == known[1]
