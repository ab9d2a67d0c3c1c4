"""Tasks as the services of Kubeflow tell them: what is recorded, what is missing, and what is rubbish."""

import json
from pathlib import Path
from typing import Any

import pytest

from lineage.errors import InvalidObservation
from lineage.facts import TasksTold, TaskTold
from lineage.model import Phase, Special
from tests.factories import KubernetesObject, facts_of, moment
from tests.kubeflow import RUN
from tests.task_records import Kept, Port, kept_tasks, told_tasks
from watchers.answers import TASKS, V2, as_object


def tasks_in(item: KubernetesObject) -> tuple[TaskTold, ...]:
    (found,) = (fact for fact in facts_of(item) if isinstance(fact, TasksTold))
    return found.tasks


def the_task(item: KubernetesObject) -> TaskTold:
    (found,) = tasks_in(item)
    return found


def of_api(*tasks: KubernetesObject) -> KubernetesObject:
    return as_object(TASKS, V2, {"run_id": RUN, "tasks": list(tasks)}, uid=RUN, namespace="a")


# ------------------------------------------------------------------------------------------ as they were recorded
def test_a_task_as_the_api_tells_it(fixtures: Path) -> None:
    recorded = json.loads((fixtures / "kfp-v2-api" / "3.0dev-proto-pipeline_task.json").read_text())
    artifact = json.loads((fixtures / "kfp-v2-api" / "3.0dev-proto-artifact.json").read_text())
    recorded["outputs"]["artifacts"] = [{"artifact_key": "model", "artifacts": [artifact], "type": "OUTPUT"}]
    found = the_task(of_api(recorded))
    assert (found.id, found.place, found.name) == ("task-123", "parent-task-001/trainer-task/3", "trainer-task")
    assert (found.phase, found.cached) == (Phase.SUCCEEDED, False)
    assert [(p.name, p.value) for p in (*found.input_parameters, *found.output_parameters)] == [
        ("learning_rate", "0.1"),
        ("model_path", "gs://bucket/model"),
    ]
    (wrote,) = found.writes
    assert (wrote.name, wrote.location.uri, wrote.type) == ("model", artifact["uri"], "system.Model")
    assert wrote.metadata == {"framework": "xgboost"}


@pytest.mark.parametrize("make", [kept_tasks, told_tasks], ids=["ML Metadata", "API of 3.0"])
@pytest.mark.parametrize(
    ("state", "phase", "ended"),
    [
        ("RUNNING", Phase.RUNNING, False),
        ("COMPLETE", Phase.SUCCEEDED, True),
        ("FAILED", Phase.FAILED, True),
        ("CACHED", Phase.SKIPPED, True),
        ("CANCELED", Phase.SKIPPED, True),
    ],
)
def test_a_task_is_in_the_phase_that_is_told(make: Any, state: str, phase: Phase, ended: bool) -> None:
    found = the_task(make(Kept(id=1, name="train", state=state, at=70)))
    assert (found.phase, found.finished_at) == (phase, moment(70) if ended else None)


def test_what_groups_others_is_no_task() -> None:
    dag = Kept(id=1, name="loop", type="system.DAGExecution")
    assert tasks_in(kept_tasks(dag)) == ()
    assert tasks_in(of_api({"task_id": "1", "type": "LOOP", "name": "loop"})) == ()


def test_numbers_that_are_none_are_told_apart() -> None:
    item = kept_tasks(Kept(id=1, name="t", writes={"m": [Port(uri="minio://b/m", type="system.Metrics")]}))
    (artifact,) = item["told"]["artifacts"]
    artifact["custom_properties"] = {"loss": {"double_value": "NaN"}, "note": {"string_value": "NaN"}}
    (metric,) = the_task(item).metrics
    assert (metric.value.name, metric.value.value, metric.value.special) == ("loss", None, Special.NAN)
    api = {"type": "Metric", "name": "loss", "number_value": "-Infinity"}
    task = {"task_id": "1", "type": "RUNTIME", "outputs": {"artifacts": [{"artifact_key": "m", "artifacts": [api]}]}}
    (metric,) = the_task(of_api(task)).metrics
    assert metric.value.special is Special.NEGATIVE_INFINITY


def test_a_value_that_is_very_large_is_kept_as_it_is() -> None:
    found = the_task(kept_tasks(Kept(id=1, name="t", came={"large": 1e300, "whole": 7.0, "exact": float(2**53)})))
    assert {p.name: p.value for p in found.output_parameters} == {"large": "1e+300", "whole": "7", "exact": str(2**53)}


def test_secrets_are_struck_out_of_what_is_told() -> None:
    secret = "AKIAIOSFODNN7EXAMPLE"
    for make in (kept_tasks, told_tasks):
        facts = facts_of(make(Kept(id=1, name="train", given={"aws_secret_access_key": secret, "rate": 1.0})))
        assert secret not in repr(facts)
        (told,) = (fact for fact in facts if isinstance(fact, TasksTold))
        assert [p.redacted for p in told.tasks[0].input_parameters].count(True) == 1


# ------------------------------------------------------------------------------------------ what is missing or rubbish
def test_a_record_without_anything_optional_says_what_it_can() -> None:
    bare = {"id": "1", "type": "system.ContainerExecution"}
    item = kept_tasks()
    item["told"]["executions"] = [bare]
    found = the_task(item)
    assert (found.id, found.phase, found.writes) == ("1", Phase.UNKNOWN, ())
    found = the_task(of_api({"task_id": "1", "type": "RUNTIME"}))
    assert (found.id, found.writes, found.input_parameters) == ("1", (), ())


def test_an_event_of_an_artifact_that_is_gone_is_passed_over() -> None:
    item = kept_tasks(Kept(id=1, name="train", writes={"m": [Port(uri="minio://b/m")]}))
    item["told"]["artifacts"] = []
    assert the_task(item).writes == ()


def test_what_is_of_no_run_says_nothing() -> None:
    item = kept_tasks()
    item["told"]["context"] = {}
    assert facts_of(item) == []
    assert facts_of(as_object(TASKS, V2, {"tasks": []}, uid="u", namespace="a")) == []


@pytest.mark.parametrize("member", ["executions", "artifacts", "events", "context"])
def test_what_is_of_another_form_is_refused_with_its_place(member: str) -> None:
    item = kept_tasks(Kept(id=1, name="train"))
    item["told"][member] = "rubbish"
    with pytest.raises(InvalidObservation, match=member):
        facts_of(item)
