"""What ScheduledWorkflows and CronWorkflows mean, and which of them made a run."""

from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest

from lineage.errors import InvalidObservation
from lineage.facts import ObjectKept, RecurringRef, RecurringRunSeen, RunSeen
from lineage.model import Parameter, RecurringSpec, Scheduler
from lineage.observation import ObjectSeen
from tests.factories import (
    CLUSTER,
    NEW_YEAR,
    RECORDED_AT,
    REDACTOR,
    KubernetesObject,
    a_recurring_run,
    a_scheduled_run,
    a_workflow,
    interpreted,
    managed,
    moment,
    observed,
)
from watchers import files
from watchers.observe import Observer, find_source
from watchers.sent import Reader
from watchers.sources import all_sources

BORN = NEW_YEAR
KUBEFLOW, ARGO = "ScheduledWorkflow", "CronWorkflow"


def seen(item: KubernetesObject) -> RecurringRunSeen:
    fact, _ = interpreted(observed(item))
    assert isinstance(fact, RecurringRunSeen)
    return fact


def of_kubeflow(trigger: KubernetesObject | None = None, **spec: Any) -> RecurringSpec:
    given = {"enabled": True, "trigger": trigger or {}, "workflow": {}, **spec}
    return seen(a_recurring_run(given, kind=KUBEFLOW)).spec


def of_argo(**spec: Any) -> RecurringSpec:
    return seen(a_recurring_run({"workflowSpec": {}, **spec})).spec


# ------------------------------------------------------------------------------------------ Kubeflow
def test_a_scheduled_workflow_is_told_with_its_place_and_is_kept() -> None:
    item = a_recurring_run(kind=KUBEFLOW, born=BORN, version=7, trigger={"lastTriggeredTime": "2026-01-01T02:00:00Z"})
    fact, kept = interpreted(observed(item))
    assert isinstance(fact, RecurringRunSeen)
    assert isinstance(kept, ObjectKept)
    assert (fact.scheduler, fact.uid, fact.name, fact.namespace) == (Scheduler.KUBEFLOW, "r1", "nightly", "a")
    assert (fact.cluster, fact.created_at, fact.seen_at) == (CLUSTER, moment(BORN), RECORDED_AT)
    assert fact.triggered_at == moment(BORN + 7200)
    assert (kept.resource, kept.uid, kept.revision) == ("scheduledworkflows.kubeflow.org", "r1", fact.revision)


def test_a_cron_trigger_has_its_bounds() -> None:
    cron = {"cron": "0 30 9 * * *", "startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-02T00:00:00Z"}
    spec = of_kubeflow({"cronSchedule": cron})
    assert (spec.schedules, spec.interval_seconds) == (("0 30 9 * * *",), None)
    assert (spec.starts_at, spec.ends_at) == (moment(BORN), moment(BORN + 86_400))


@pytest.mark.parametrize(("written", "seconds"), [(90, 90), ("90", 90), (0, 1), (None, 1)])
def test_an_interval_is_in_seconds_and_one_if_nothing_is_said(written: object, seconds: int) -> None:
    spec = of_kubeflow({"periodicSchedule": {"intervalSecond": written}, "cronSchedule": {"cron": "0 * * * * *"}})
    assert (spec.interval_seconds, spec.schedules) == (seconds, ())


def test_one_without_a_trigger_has_neither() -> None:
    assert (of_kubeflow().schedules, of_kubeflow().interval_seconds) == ((), None)


@pytest.mark.parametrize(("written", "meant"), [(None, 1), (0, 1), (5, 5), (99, 10)])
def test_concurrency_is_bounded_as_the_controller_bounds_it(written: int | None, meant: int) -> None:
    assert of_kubeflow(maxConcurrency=written).max_concurrency == meant


@pytest.mark.parametrize(("written", "meant"), [(None, True), (False, True), (True, False)])
def test_it_catches_up_unless_it_says_not_to(written: bool | None, meant: bool) -> None:
    assert of_kubeflow(noCatchup=written).catchup is meant


def test_it_names_the_experiment_and_the_pipeline_of_its_runs() -> None:
    spec = of_kubeflow(experimentId="e", pipelineId="p", pipelineVersionId="v", pipelineName="train")
    named = (spec.experiment_id, spec.pipeline_id, spec.pipeline_version_id, spec.pipeline_name)
    assert named == ("e", "p", "v", "train")
    empty = of_kubeflow(experimentId="", pipelineId="", pipelineVersionId="", pipelineName="")
    assert (empty.experiment_id, empty.pipeline_id) == (None, None)


def test_parameters_are_templates_and_a_secret_is_none() -> None:
    given = [
        {"name": "day", "value": "[[ScheduledTime.2006-01-02]]"},
        {"name": "epochs", "value": 7},
        {"name": "db_password", "value": "c0rrect-h0rse-battery"},
    ]
    day, epochs, password = of_kubeflow(workflow={"parameters": given}).parameters
    assert (day, epochs) == (
        Parameter(name="day", value="[[ScheduledTime.2006-01-02]]"),
        Parameter(name="epochs", value="7"),
    )
    assert password.redacted
    assert password.value is not None
    assert "battery" not in password.value


def test_the_text_of_its_workflow_is_the_same_as_an_object_and_as_json() -> None:
    text = {"entrypoint": "main", "templates": []}
    as_object, as_json = (of_kubeflow(workflow={"spec": spec}) for spec in (text, orjson.dumps(text).decode()))
    assert as_object.text_digest is not None
    assert as_object.text_digest == as_json.text_digest
    assert of_kubeflow(workflow={"spec": "no JSON"}).text_digest not in (None, as_json.text_digest)
    assert of_kubeflow(workflow={}).text_digest is None


# ------------------------------------------------------------------------------------------ Argo
def test_a_cron_workflow_is_told_with_its_conditions() -> None:
    spec = of_argo(
        schedules=["0 9 * * *", "@every 2h"],
        timezone="Asia/Tokyo",
        concurrencyPolicy="Forbid",
        startingDeadlineSeconds=30,
        when="{{cronworkflow.failed}} < 3",
        stopStrategy={"expression": "cronworkflow.succeeded >= 9"},
        workflowSpec={"arguments": {"parameters": [{"name": "day", "value": "{{workflow.scheduledTime}}"}]}},
    )
    assert (spec.schedules, spec.timezone) == (("0 9 * * *", "@every 2h"), "Asia/Tokyo")
    assert (spec.enabled, spec.concurrency_policy, spec.starting_deadline_seconds) == (True, "Forbid", 30)
    assert (spec.when, spec.stop_strategy) == ("{{cronworkflow.failed}} < 3", "cronworkflow.succeeded >= 9")
    assert spec.parameters == (Parameter(name="day", value="{{workflow.scheduledTime}}"),)
    assert (spec.max_concurrency, spec.catchup) == (None, None)


def test_the_one_schedule_of_older_releases_is_read() -> None:
    assert of_argo(schedule="0 9 * * *").schedules == ("0 9 * * *",)
    assert of_argo(schedule="0 9 * * *", schedules=["1 9 * * *"]).schedules == ("1 9 * * *",)
    assert of_argo().schedules == ()


def test_what_is_suspended_is_not_enabled_and_what_is_stopped_says_so() -> None:
    assert not of_argo(suspend=True).enabled
    stopped, active = (seen(a_recurring_run(phase=phase)) for phase in ("Stopped", "Active"))
    assert (stopped.stopped, active.stopped) == (True, False)


@pytest.mark.parametrize(
    ("kind", "spec", "place"),
    [
        (ARGO, {"schedules": "0 9 * * *"}, "spec.schedules is a text"),
        (ARGO, {"schedules": [9]}, "spec.schedules holds 9"),
        (ARGO, {"timezone": 1}, "spec.timezone is a number"),
        (KUBEFLOW, {"trigger": []}, "spec.trigger is a list"),
        (KUBEFLOW, {"trigger": {"periodicSchedule": {"intervalSecond": "soon"}}}, "intervalSecond is 'soon'"),
        (KUBEFLOW, {"workflow": {"parameters": {}}}, "spec.workflow.parameters is an object"),
    ],
)
def test_what_is_not_what_it_should_be_is_set_aside_with_its_place(kind: str, spec: Any, place: str) -> None:
    with pytest.raises(InvalidObservation, match=place):
        interpreted(observed(a_recurring_run(spec, kind=kind)))


def test_what_has_neither_name_nor_uid_means_nothing() -> None:
    item = a_recurring_run(uid=None, name="", metadata={"generateName": "nightly-"})
    assert interpreted(observed(item)) == ()


# ------------------------------------------------------------------------------------------ when a spec was written
def since(**metadata: Any) -> object:
    return seen(a_recurring_run(born=BORN, metadata=metadata)).spec_since


def test_the_newest_manager_of_the_spec_says_when_it_was_written() -> None:
    managers = [managed("argo", BORN), managed("kubectl-edit", BORN + 60), managed("controller", BORN + 90, "status")]
    assert since(managedFields=managers) == moment(BORN + 60)


def test_a_manager_of_spec_and_status_does_not() -> None:
    assert since(managedFields=[managed("api-server", BORN + 60, "spec", "status")]) is None
    assert since(managedFields=[managed("api-server", BORN + 60, subresource="status")]) is None
    assert since() is None


def test_what_was_never_written_again_is_as_old_as_the_object() -> None:
    both = [managed("api-server", BORN + 1, "spec", "status")]
    assert since(generation=1, managedFields=both) == moment(BORN)
    assert since(generation=2, managedFields=both) is None


@pytest.mark.parametrize("managers", [7, [7], [{"time": 7}], [{"time": "x", "fieldsV1": 7}], [{"fieldsV1": {}}]])
def test_what_no_api_server_writes_says_nothing(managers: object) -> None:
    assert since(managedFields=managers) is None


def test_managed_fields_are_not_observed() -> None:
    assert b"managedFields" not in observed(a_recurring_run(written_at=BORN)).body


@pytest.mark.parametrize("kind", [KUBEFLOW, ARGO])
@pytest.mark.parametrize("annotations", [None, {"team": "x"}])
def test_what_is_watched_is_observed_as_what_is_read_from_a_file(kind: str, annotations: dict[str, str] | None) -> None:
    item = a_recurring_run(kind=kind, born=BORN, written_at=BORN + 5, metadata={"annotations": annotations})
    source = find_source(item, all_sources())
    assert source is not None
    observer = Observer(source, cluster=CLUSTER, redactor=REDACTOR)
    reader = Reader(source.resource, source.head)
    for _ in range(2):  # the first view and the next are read in ways of their own
        assert observer.observe(reader.item(orjson.dumps(item)), seen_at=RECORDED_AT) == observed(item)


# ------------------------------------------------------------------------------------------ which run is whose
def run_seen(item: KubernetesObject) -> RunSeen:
    run = interpreted(observed(item))[0]
    assert isinstance(run, RunSeen)
    return run


@pytest.mark.parametrize("kind", [KUBEFLOW, ARGO])
def test_a_run_belongs_to_the_recurring_run_that_owns_it(kind: str) -> None:
    run = run_seen(a_scheduled_run(BORN, kind=kind))
    assert run.recurring == RecurringRef(scheduler=Scheduler(kind), uid="r1", name="nightly")
    assert run.scheduled_at == moment(BORN)


@pytest.mark.parametrize("kind", [KUBEFLOW, ARGO])
def test_a_run_without_an_owner_belongs_to_the_one_that_its_labels_name(kind: str) -> None:
    run = run_seen(a_scheduled_run(BORN, kind=kind, recurring=None))
    assert run.recurring == RecurringRef(scheduler=Scheduler(kind), uid=None, name="nightly")


def test_a_run_of_nobody_belongs_to_nobody() -> None:
    run = run_seen(a_workflow(metadata={"ownerReferences": [{"kind": "Job", "name": "j", "uid": "j"}]}))
    assert (run.recurring, run.scheduled_at) == (None, None)


@pytest.mark.parametrize("suffix", ["x7k2p", "12345", "1767225600x", f"{BORN}-retry", "99999999999"])
def test_what_was_submitted_by_hand_from_a_cron_workflow_was_made_for_no_time(suffix: str) -> None:
    labels = {"workflows.argoproj.io/cron-workflow": "nightly"}
    annotations = {"workflows.argoproj.io/scheduled-time": "2026-01-01T00:00:00Z"}
    run = run_seen(a_workflow(name=f"nightly-{suffix}", labels=labels, annotations=annotations))
    assert run.recurring is not None
    assert run.scheduled_at is None


def test_what_was_submitted_again_was_made_for_no_time() -> None:
    labels = {"workflows.argoproj.io/resubmitted-from-workflow": "nightly-1"}
    run = run_seen(a_scheduled_run(BORN, kind=KUBEFLOW, labels=labels))
    assert run.recurring is not None
    assert run.scheduled_at is None


@pytest.mark.parametrize("epoch", ["", "soon", "-5", "1" * 30, "٣"])
def test_an_epoch_that_is_none_is_no_time(epoch: str) -> None:
    labels = {"scheduledworkflows.kubeflow.org/workflowEpoch": epoch}
    assert run_seen(a_scheduled_run(BORN, kind=KUBEFLOW, labels=labels)).scheduled_at is None


def test_a_run_keeps_the_text_that_a_macro_came_to() -> None:
    spec = {"arguments": {"parameters": [{"name": "day", "value": "20260101000000"}]}}
    run = run_seen(a_scheduled_run(BORN, kind=KUBEFLOW, spec=spec))
    assert run.parameters == (Parameter(name="day", value="20260101000000"),)


# ------------------------------------------------------------------------------------------ recognition
def test_one_that_lost_its_kind_is_known_by_its_shape() -> None:
    for kind, name in ((KUBEFLOW, "scheduled_workflow"), (ARGO, "cron_workflow")):
        item = a_recurring_run({"trigger": {}, "workflow": {}} if kind == KUBEFLOW else None, kind=kind)
        del item["kind"], item["apiVersion"]
        source = find_source(item, all_sources())
        assert source is not None
        assert source.name == name


@pytest.mark.parametrize("folder", ["kfp-scheduled", "argo-cron"])
def test_recorded_ones_are_all_understood(fixtures: Path, folder: str) -> None:
    found = list(files.read([str(fixtures / folder)], standard_input=BytesIO()))
    seen = [
        files.observed(one, sources=all_sources(), cluster=CLUSTER, seen_at=RECORDED_AT, redactor=REDACTOR)
        for one in found
    ]
    facts = [interpreted(one)[0] for one in seen if isinstance(one, ObjectSeen)]
    assert len(facts) == len(found) > 3
    assert all(isinstance(fact, RecurringRunSeen) for fact in facts)
