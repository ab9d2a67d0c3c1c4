"""What the API of Kubeflow Pipelines tells: what each answer means, in both versions of the API."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from lineage.errors import InvalidObservation
from lineage.facts import (
    ExperimentTold,
    Fact,
    ObjectKept,
    PipelineTold,
    PipelineVersionTold,
    RecurringRunTold,
    RunSeen,
    RunTold,
)
from lineage.model import Parameter, Phase
from tests.factories import CLUSTER, KubernetesObject, facts_of, moment, observed, rfc3339
from tests.kubeflow_answers import (
    Answer,
    a_pipeline,
    a_pipeline_object,
    a_recurring_run,
    a_run,
    a_version,
    a_version_object,
    an_experiment,
    an_ir,
    told,
    told_in_v1,
    told_version,
)
from watchers.answers import EXPERIMENTS, PIPELINE_VERSIONS, PIPELINES, RECURRING_RUNS, RUNS
from watchers.kubeflow_api import KubeflowApi
from watchers.source import Resource
from watchers.specs import version_of


def said(item: KubernetesObject) -> Fact:
    """What an answer means, beside that it is kept."""
    fact, kept = facts_of(item)
    assert isinstance(kept, ObjectKept)
    return fact


def run_told(answer: Answer) -> RunTold:
    fact = said(told(RUNS, answer))
    assert isinstance(fact, RunTold)
    return fact


# ------------------------------------------------------------------------------------------ what is told
def test_an_experiment_has_a_name_and_a_place() -> None:
    fact = said(told(EXPERIMENTS, an_experiment()))
    assert isinstance(fact, ExperimentTold)
    assert (fact.uid, fact.name, fact.namespace, fact.cluster) == ("e1", "tuning", "a", CLUSTER)
    assert fact.created_at == moment(5)


def test_a_pipeline_is_called_as_its_object_would_be_else_as_people_call_it() -> None:
    named, older = said(told(PIPELINES, a_pipeline())), a_pipeline()
    del older["name"]
    by_people = said(told(PIPELINES, older))
    assert isinstance(named, PipelineTold)
    assert isinstance(by_people, PipelineTold)
    assert (named.name, by_people.name) == ("train", "Train")


def test_a_shared_pipeline_is_in_no_namespace() -> None:
    fact = said(told(PIPELINES, a_pipeline(namespace=""), namespace=""))
    assert isinstance(fact, PipelineTold)
    assert fact.namespace is None


def test_a_version_is_an_upload_of_a_text() -> None:
    fact = said(told_version(a_version()))
    assert isinstance(fact, PipelineVersionTold)
    assert (fact.uid, fact.name, fact.created_at) == ("v1", "first", moment(7))
    assert (fact.pipeline.namespace, fact.pipeline.name) == ("a", "train")
    assert json.loads(fact.pipeline.spec)["root"] == an_ir()["root"]


def test_a_version_without_a_text_says_nothing() -> None:
    assert facts_of(told_version({**a_version(), "pipeline_spec": None})) == []


def test_a_recurring_run_has_the_name_that_people_gave_it() -> None:
    fact = said(told(RECURRING_RUNS, a_recurring_run()))
    assert isinstance(fact, RecurringRunTold)
    assert (fact.uid, fact.name) == ("r1", "Every night")


def test_a_run_names_its_experiment_version_and_recurring_run() -> None:
    fact = run_told(a_run(recurring_run_id="r1"))
    assert (fact.run, fact.experiment, fact.version, fact.recurring_run) == ("run-1", "e1", "v1", "r1")
    assert (fact.name, fact.phase, fact.created_at, fact.finished_at) == (
        "Fit again",
        Phase.SUCCEEDED,
        moment(10),
        moment(90),
    )


def test_arguments_of_any_type_are_texts_and_secrets_are_none() -> None:
    parameters = {"rate": 0.5, "epochs": 3, "sizes": [1, 2], "label": "x", "db_password": "hunter2-hunter2"}
    fact = run_told(a_run(runtime_config={"parameters": parameters}))
    shown = {one.name: one for one in fact.parameters}
    assert [shown[name].value for name in ("rate", "epochs", "sizes", "label")] == ["0.5", "3", "[1,2]", "x"]
    assert shown["db_password"].redacted
    assert shown["db_password"].value != "hunter2-hunter2"


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ("PENDING", Phase.PENDING),
        ("RUNNING", Phase.RUNNING),
        ("CANCELING", Phase.RUNNING),
        ("PAUSED", Phase.RUNNING),
        ("SUCCEEDED", Phase.SUCCEEDED),
        ("FAILED", Phase.FAILED),
        ("CANCELED", Phase.FAILED),
        ("SKIPPED", Phase.SKIPPED),
        ("RUNTIME_STATE_UNSPECIFIED", Phase.PENDING),
        ("Error", Phase.ERROR),
        ("Failed:Succeeded", Phase.FAILED),
        ("a state of tomorrow", Phase.UNKNOWN),
    ],
)
def test_each_state_has_a_phase(state: str, phase: Phase) -> None:
    assert run_told(a_run(state=state)).phase is phase


def test_the_beginning_of_1970_is_no_time() -> None:
    fact = run_told(a_run(state="RUNNING", ended=None))
    assert fact.finished_at is None
    assert fact.revision.latest == 10


def test_a_run_started_when_it_was_first_said_to_run() -> None:
    history = [{"update_time": rfc3339(at), "state": state} for at, state in ((11, "PENDING"), (14, "RUNNING"))]
    assert run_told(a_run(state_history=history)).started_at == moment(14)


def test_why_a_run_failed_is_told() -> None:
    assert run_told(a_run(state="FAILED", error={"code": 1, "message": "out of memory"})).message == "out of memory"


def test_a_run_that_kubeflow_cannot_read_is_refused_with_its_reason() -> None:
    with pytest.raises(InvalidObservation, match="Kubeflow itself cannot read it: no such pipeline"):
        facts_of(told(RUNS, {"run_id": "run-1", "error": {"code": 5, "message": "no such pipeline"}}))


def test_a_run_of_no_version_has_the_text_that_it_bears() -> None:
    fact = run_told(a_run(version=None, pipeline_spec=an_ir(name="namespace/a/pipeline/train")))
    assert fact.pipeline is not None
    assert (fact.pipeline.name, fact.pipeline.namespace) == ("train", "a")


@pytest.mark.parametrize("resource", [EXPERIMENTS, PIPELINES, PIPELINE_VERSIONS, RECURRING_RUNS, RUNS])
def test_what_does_not_say_which_it_is_says_nothing(resource: Resource) -> None:
    assert facts_of(told(resource, {"display_name": "nobody"})) == []


@pytest.mark.parametrize(
    ("resource", "answer"),
    [
        (EXPERIMENTS, {"experiment_id": "e1", "display_name": 7}),
        (PIPELINES, {"pipeline_id": "p1", "name": ["x"]}),
        (RECURRING_RUNS, {"recurring_run_id": "r1", "display_name": {}}),
        (RUNS, a_run(runtime_config={"parameters": "none"})),
        (RUNS, a_run(created_at="yesterday")),
        (RUNS, a_run(state_history={})),
    ],
)
def test_what_is_not_as_it_should_be_is_refused_with_its_place(resource: Resource, answer: Answer) -> None:
    with pytest.raises(InvalidObservation, match=r"told\."):
        facts_of(told(resource, answer))


# ------------------------------------------------------------------------------------------ objects of Kubernetes
def test_a_pipeline_in_kubernetes_tells_the_same() -> None:
    kept, by_api = said(a_pipeline_object()), said(told(PIPELINES, a_pipeline()))
    assert isinstance(kept, PipelineTold)
    assert isinstance(by_api, PipelineTold)
    assert replace(kept, revision=by_api.revision) == by_api
    assert (kept.revision.kind, kept.revision.life) == ("K", by_api.revision.life)


def test_a_version_in_kubernetes_tells_the_same() -> None:
    kept, by_api = said(a_version_object()), said(told_version(a_version()))
    assert isinstance(kept, PipelineVersionTold)
    assert isinstance(by_api, PipelineVersionTold)
    assert replace(kept, revision=by_api.revision) == by_api


def test_what_a_version_asks_of_the_platform_belongs_to_its_text() -> None:
    platform: Answer = {"platforms": {"kubernetes": {"pipelineConfig": {}}}}
    plain, asking = said(a_version_object()), said(a_version_object(platformSpec=platform))
    assert isinstance(plain, PipelineVersionTold)
    assert isinstance(asking, PipelineVersionTold)
    assert plain.pipeline.digest != asking.pipeline.digest


def test_a_version_whose_text_lies_elsewhere_says_nothing() -> None:
    assert facts_of(a_version_object(pipelineSpec=None, pipelineSpecURI="https://example.com/train.yaml")) == []


@pytest.mark.parametrize("item", [a_pipeline_object(), a_version_object()], ids=["pipeline", "version"])
def test_what_was_never_in_a_cluster_says_nothing(item: KubernetesObject) -> None:
    assert facts_of({**item, "metadata": {"name": "train"}}) == []


def test_a_version_that_is_not_as_it_should_be_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidObservation, match=r"spec\.pipelineSpec is a text"):
        facts_of(a_version_object(pipelineSpec="none"))


# ------------------------------------------------------------------------------------------ v1beta1
def test_v1_tells_the_same_of_a_run() -> None:
    answer = a_run(runtime_config={"parameters": {"rate": "0.5"}}, recurring_run_id="r1", namespace="a")
    old, new = said(told_in_v1(RUNS, answer)), run_told(answer)
    assert isinstance(old, RunTold)
    for name in ("run", "namespace", "name", "phase", "created_at", "finished_at", "parameters", "experiment"):
        assert getattr(old, name) == getattr(new, name), name
    assert (old.version, old.recurring_run) == (new.version, new.recurring_run)


def test_v1_tells_the_same_of_an_experiment() -> None:
    old, new = said(told_in_v1(EXPERIMENTS, an_experiment())), said(told(EXPERIMENTS, an_experiment()))
    assert isinstance(old, ExperimentTold)
    assert isinstance(new, ExperimentTold)
    assert (old.uid, old.name, old.namespace, old.created_at) == (new.uid, new.name, new.namespace, new.created_at)


# ------------------------------------------------------------------------------------------ what means nothing
def test_an_experiment_is_as_it_was_after_another_run() -> None:
    later = {**an_experiment(), "last_run_created_at": rfc3339(9000)}
    assert observed(told(EXPERIMENTS, later)).body == observed(told(EXPERIMENTS, an_experiment())).body


def test_the_steps_of_a_run_are_not_repeated() -> None:
    assert "run_details" not in json.loads(observed(told(RUNS, a_run(run_details={"task_details": []}))).body)["told"]


# ------------------------------------------------------------------------------------------ exact texts
def digest_of(spec: dict[str, Any], platform: dict[str, Any] | None = None) -> str:
    return version_of("train", "a", spec, platform).digest


def test_the_release_of_the_sdk_makes_no_other_text() -> None:
    assert digest_of(an_ir(sdk="2.14.0")) == digest_of(an_ir(sdk="2.15.2"))


def test_another_image_makes_another_text() -> None:
    assert digest_of(an_ir("python:3.11")) != digest_of(an_ir("python:3.12"))


def test_what_a_pipeline_asks_of_the_platform_belongs_to_its_text() -> None:
    platform: Answer = {
        "platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec-fit": {"secretAsEnv": []}}}}}
    }
    both = {"pipeline_spec": an_ir(), "platform_spec": platform}
    assert digest_of(both) == digest_of(an_ir(), platform) != digest_of(an_ir())


def test_how_a_number_is_written_makes_no_other_text() -> None:
    defaults = [{**an_ir(), "root": {"inputDefinitions": {"parameters": {"n": {"default": n}}}}} for n in (3, 3.0)]
    assert digest_of(defaults[0]) == digest_of(defaults[1])


def test_every_recorded_text_is_told_apart(fixtures: Path) -> None:
    files = sorted((fixtures / "kfp-v2-ir").glob("*.yaml"))
    texts = [next(iter(yaml.safe_load_all(file.read_text()))) for file in files]
    assert len({digest_of(text) for text in texts}) == len(files) > 20


# ------------------------------------------------------------------------------------------ recorded answers
RECORDED = {
    "proto-experiment.json": (EXPERIMENTS, ExperimentTold),
    "proto-pipeline.json": (PIPELINES, PipelineTold),
    "odh-pipeline.json": (PIPELINES, PipelineTold),
    "proto-recurring_run.json": (RECURRING_RUNS, RecurringRunTold),
    "odh-recurring-run.json": (RECURRING_RUNS, RecurringRunTold),
    "proto-run_completed.json": (RUNS, RunTold),
    "proto-run_failed.json": (RUNS, RunTold),
    "odh-run-iris-training.json": (RUNS, RunTold),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_answers_are_understood(name: str, fixtures: Path) -> None:
    resource, kind = RECORDED[name]
    assert isinstance(said(told(resource, json.loads((fixtures / "kfp-v2-api" / name).read_text()))), kind)


def test_a_recorded_run_says_all_that_it_says(fixtures: Path) -> None:
    fact = run_told(json.loads((fixtures / "kfp-v2-api" / "odh-run-iris-training.json").read_text()))
    assert fact.parameters == (
        Parameter(name="min_max_scaler", value="false"),
        Parameter(name="neighbors", value="1"),
        Parameter(name="standard_scaler", value="false"),
    )
    assert (fact.version, fact.phase) == ("90f05f62-36e6-4fb3-a769-da977a468273", Phase.SUCCEEDED)


def test_a_recorded_version_has_its_text(fixtures: Path) -> None:
    fact = said(told_version(json.loads((fixtures / "kfp-v2-api" / "proto-pipeline_version.json").read_text())))
    assert isinstance(fact, PipelineVersionTold)
    assert "sdkVersion" not in json.loads(fact.pipeline.spec)


def test_recorded_answers_of_v1_are_understood(fixtures: Path) -> None:
    folder = fixtures / "kfp-v1-api"
    runs = [json.loads(file.read_text()) for file in sorted(folder.glob("rundetail-*.json"))]
    facts = [said(told_v1(RUNS, run["run"])) for run in runs if "run" in run]
    facts += [said(told_v1(EXPERIMENTS, one)) for one in json.loads((folder / "experiments.json").read_text())]
    facts += [said(told_v1(RECURRING_RUNS, one)) for one in json.loads((folder / "jobs.json").read_text())]
    assert len(facts) >= 8


def test_the_workflow_that_kubeflow_kept_of_a_recorded_run_is_whole(fixtures: Path) -> None:
    detail = json.loads((fixtures / "kfp-v1-api" / "rundetail-run-of-retry-835b8.json").read_text())
    api = KubeflowApi(Answering({f"/apis/v1beta1/runs/{detail['run']['id']}": detail}))
    workflow = api.workflow_of(detail["run"]["id"])
    assert workflow is not None
    seen = facts_of(workflow)[0]
    assert isinstance(seen, RunSeen)
    assert (seen.run, seen.revision.kind, seen.phase) == (detail["run"]["id"], "K", Phase.SUCCEEDED)
    assert len(seen.executions or ()) > 3


class Answering:
    """A client that has an answer for each path."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def get(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self._answers[path]
        return answer

    def close(self) -> None:
        pass


def told_v1(resource: Resource, answer: Answer) -> KubernetesObject:
    return told(resource, answer, version="v1beta1")
