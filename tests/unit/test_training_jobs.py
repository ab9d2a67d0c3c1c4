"""Jobs of the training operators: what each kind says, in each release, and with everything optional left out."""

import orjson
import pytest

from lineage.errors import InvalidObservation
from lineage.evidence import MetricValue
from lineage.facts import ExecutionSeen, ObjectKept, RunSeen
from lineage.model import Phase
from lineage.workloads import Replicas, Scale
from tests.factories import KubernetesObject, facts_of, managed, moment, place, rfc3339
from tests.workloads import KINDS, a_job, a_pod_template, a_train_job, owned_by
from watchers.coalescing import Coalescer, View
from watchers.observe import find_source
from watchers.sent import Reader
from watchers.sources import all_sources


def said(item: KubernetesObject) -> tuple[RunSeen, ExecutionSeen]:
    """What a job means, beside that it is kept."""
    run, execution, kept = facts_of(item)
    assert isinstance(run, RunSeen)
    assert isinstance(execution, ExecutionSeen)
    assert isinstance(kept, ObjectKept)
    assert run.revision == execution.revision == kept.revision
    return run, execution


# ------------------------------------------------------------------------------------------ every kind
@pytest.mark.parametrize("kind", KINDS)
def test_a_job_is_a_run_of_its_kind_with_itself_as_its_execution(kind: str) -> None:
    run, execution = said(a_job(kind))
    assert (run.kind, run.run, run.name, run.executions) == (kind, "j1", "train", None)
    assert (execution.state.kind, execution.run, execution.uid) == (kind, "j1", "j1")


@pytest.mark.parametrize("kind", KINDS)
def test_replicas_are_told_by_their_role(kind: str) -> None:
    states = {"Worker": {"active": 1, "succeeded": 1, "failed": 2}}
    _, execution = said(a_job(kind, states=states))
    assert execution.state.workload.replicas == (
        Replicas(role="Master", wanted=1, restart_policy="OnFailure"),
        Replicas(role="Worker", wanted=2, active=1, succeeded=1, failed=2, restart_policy="OnFailure"),
    )


@pytest.mark.parametrize("kind", [*KINDS, "TrainJob"])
def test_a_job_that_only_has_a_name_waits(kind: str) -> None:
    group = "trainer.kubeflow.org/v1alpha1" if kind == "TrainJob" else "kubeflow.org/v1"
    run, execution = said({"apiVersion": group, "kind": kind, "metadata": {"name": "bare"}})
    assert (run.phase, run.started_at, run.uid) == (Phase.PENDING, None, None)
    assert (execution.state.phase, execution.state.images, execution.scale) == (Phase.PENDING, (), None)
    assert (execution.state.reads, execution.state.writes) == ((), ())


@pytest.mark.parametrize("kind", [*KINDS, "TrainJob"])
def test_what_has_neither_a_name_nor_a_uid_means_nothing(kind: str) -> None:
    group = "trainer.kubeflow.org/v1alpha1" if kind == "TrainJob" else "kubeflow.org/v1"
    assert facts_of({"apiVersion": group, "kind": kind, "metadata": {"generateName": "train-"}}) == []


@pytest.mark.parametrize("member", ["spec", "status"])
def test_a_member_that_is_no_object_is_told_with_its_place(member: str) -> None:
    with pytest.raises(InvalidObservation, match=rf"PyTorchJob a/train@1: {member} is a text, expected an object"):
        facts_of(a_job() | {member: "?"})


def test_the_mpi_job_of_version_2_says_the_same() -> None:
    of_version_2 = a_job("MPIJob", replicas={"Launcher": 1, "Worker": 4}) | {"apiVersion": "kubeflow.org/v2beta1"}
    _, execution = said(of_version_2)
    assert [(one.role, one.wanted) for one in execution.state.workload.replicas] == [("Launcher", 1), ("Worker", 4)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_that_lost_its_version_is_known_by_its_replicas(kind: str) -> None:
    item = {name: value for name, value in a_job(kind).items() if name not in ("apiVersion", "kind")}
    source = find_source(item, all_sources())
    assert source is not None
    assert source.resource.kind == kind


# ------------------------------------------------------------------------------------------ how it stands
@pytest.mark.parametrize(
    ("conditions", "phase"),
    [
        ([], Phase.PENDING),
        ([("Created", 10)], Phase.PENDING),
        ([("Created", 10), ("Running", 12)], Phase.RUNNING),
        ([("Created", 10), ("Running", 12, "False"), ("Restarting", 13)], Phase.RUNNING),
        ([("Created", 10), ("Running", 12, "False"), ("Suspended", 13)], Phase.PENDING),
        ([("Created", 10), ("Running", 12, "False"), ("Succeeded", 13)], Phase.SUCCEEDED),
        ([("Created", 10), ("Running", 12), ("Failed", 13)], Phase.FAILED),
        ([("Imagined", 10)], Phase.PENDING),
    ],
)
def test_the_phase_is_that_of_the_condition_that_holds(
    conditions: list[tuple[str, float] | tuple[str, float, str]], phase: Phase
) -> None:
    run, execution = said(a_job(conditions=conditions))
    assert run.phase is execution.state.phase is phase


def test_what_failed_says_why_and_ended_when_it_failed() -> None:
    run, _ = said(a_job(conditions=[("Created", 10), ("Failed", 30)]))
    assert (run.message, run.started_at, run.finished_at) == ("it is Failed", moment(11), moment(30))


def test_what_runs_has_no_end_although_it_had_one_before_it_was_resumed() -> None:
    run, _ = said(a_job(conditions=[("Running", 40)], end=30))
    assert (run.phase, run.finished_at) == (Phase.RUNNING, None)


def test_the_jobs_of_early_releases_began_when_they_were_created() -> None:
    run, execution = said(a_job("XGBoostJob", conditions=[("Created", 10), ("Succeeded", 30)], start=None, end=30))
    assert (run.started_at, execution.state.started_at) == (moment(10), 10)


def test_conditions_are_told_with_their_times() -> None:
    _, execution = said(a_job(conditions=[("Created", 10), ("Running", 12, "False")]))
    assert [(one.type, one.status, one.since) for one in execution.state.workload.conditions] == [
        ("Created", "True", moment(10)),
        ("Running", "False", moment(12)),
    ]


def test_how_it_may_grow_and_shrink_is_told() -> None:
    elastic = {"minReplicas": 1, "maxReplicas": 4, "maxRestarts": 10}
    _, execution = said(a_job(spec={"elasticPolicy": elastic, "runPolicy": {"backoffLimit": 3}}))
    assert execution.state.workload.details == {"elasticPolicy": elastic, "runPolicy": {"backoffLimit": 3}}


def test_how_many_replicas_are_wanted_is_dated_by_who_wrote_the_spec() -> None:
    metadata = {"generation": 3, "managedFields": [managed("hpa", 50), managed("operator", 60, "status")]}
    _, execution = said(a_job(metadata=metadata))
    assert execution.scale == Scale(generation=3, since=moment(50), replicas={"Master": 1, "Worker": 2})


@pytest.mark.parametrize(
    ("newer", "is_needless"),
    [
        (a_job(conditions=[("Created", 10), ("Running", 12)], version=3, states={"Worker": {"active": 1}}), True),
        (a_job(conditions=[("Created", 10), ("Running", 12), ("Restarting", 14)], version=3), True),
        (a_job(conditions=[("Created", 10), ("Running", 15)], version=3), False),
        (a_job(conditions=[("Created", 10), ("Running", 12, "False")], version=3), False),
        (a_job(version=3, metadata={"generation": 2}), False),
    ],
    ids=["counts", "one more", "another time", "no more", "another spec"],
)
def test_a_view_is_needless_if_the_next_says_all_that_it_came_to(newer: KubernetesObject, is_needless: bool) -> None:
    source = find_source(newer, all_sources())
    assert source is not None
    reader, coalescer, handed = Reader(source.resource, source.head), Coalescer(), []
    running = [("Created", 10), ("Running", 12)]
    for item in (a_job(conditions=running, version=1), a_job(conditions=running, version=2), newer):
        for view in coalescer.offer(View(sent=reader.item(orjson.dumps(item)), seen_at=moment(10)), 0.0):
            handed.append(view.sent.resource_version)
            coalescer.handed(view, 0.0)
    handed += [view.sent.resource_version for view in coalescer.everything()]
    assert handed == (["1", "3"] if is_needless else ["1", "2", "3"])


# ------------------------------------------------------------------------------------------ what it runs
def test_the_image_of_each_container_is_told_once() -> None:
    _, execution = said(a_job())
    assert [(one.container, one.reference, one.digest) for one in execution.state.images] == [
        ("train", "registry.example/train:1", None)
    ]


def test_a_claim_is_read_since_it_began_and_written_once_it_ended() -> None:
    _, running = said(a_job(claim="churn"))
    _, ended = said(a_job(conditions=[("Succeeded", 30)], claim="churn"))
    uri = "pvc://a/churn"
    assert [(one.name, one.location.uri) for one in running.state.reads] == [("/data", uri)]
    assert running.state.writes == ()
    assert [(one.name, one.location.uri) for one in ended.state.writes] == [("/data", uri)]


def test_a_job_that_waits_has_read_nothing() -> None:
    _, waiting = said(a_job(conditions=[("Created", 10)], claim="churn"))
    assert waiting.state.reads == ()


def test_roles_that_mount_different_claims_at_one_path_are_told_apart() -> None:
    roles = {
        "Master": {"template": a_pod_template(claim="one")},
        "Worker": {"template": a_pod_template(claim="other")},
    }
    _, execution = said(a_job(conditions=[("Succeeded", 30)], spec={"pytorchReplicaSpecs": roles}))
    assert {one.name: one.location.uri for one in execution.state.writes} == {
        "/data": "pvc://a/one",
        "Worker:/data": "pvc://a/other",
    }


# ------------------------------------------------------------------------------------------ who started it
def test_a_job_names_its_owner() -> None:
    run, _ = said(a_job(metadata={"ownerReferences": owned_by("Trial", "train", "trial-1")}))
    assert run.started_by is not None
    assert run.started_by.owner == "trial-1"


def test_a_job_of_nobody_names_itself_by_what_its_manifest_said() -> None:
    (one, _), (same, _), (other, _) = (
        said(a_job(uid=uid, name=name, metadata={"generateName": prefix}))
        for uid, name, prefix in (("1", "train-x", "train-"), ("2", "train-y", "train-"), ("3", "train-x", ""))
    )
    assert one.started_by is not None
    assert same.started_by is not None
    assert other.started_by is not None
    assert one.started_by.creation.key == same.started_by.creation.key != other.started_by.creation.key


# ------------------------------------------------------------------------------------------ TrainJob
def test_a_train_job_runs_as_soon_as_one_of_its_jobs_does() -> None:
    waiting, _ = said(a_train_job())
    running, _ = said(a_train_job(jobsStatus=[{"name": "node", "active": 1, "ready": 0}]))
    assert (waiting.phase, waiting.started_at) == (Phase.PENDING, None)
    assert (running.phase, running.started_at) == (Phase.RUNNING, moment(10))


@pytest.mark.parametrize(("condition", "phase"), [("Complete", Phase.SUCCEEDED), ("Failed", Phase.FAILED)])
def test_a_train_job_ended_when_its_condition_says(condition: str, phase: Phase) -> None:
    run, _ = said(a_train_job([(condition, 60)], jobsStatus=[{"name": "node", "succeeded": 1}]))
    assert (run.phase, run.finished_at) == (phase, moment(60))


def test_a_train_job_that_was_suspended_began_when_it_was_resumed() -> None:
    suspended, _ = said(a_train_job([("Suspended", 10)], jobsStatus=[{"name": "node", "suspended": 1, "failed": 1}]))
    resumed, _ = said(a_train_job([("Suspended", 20, "False")], jobsStatus=[{"name": "node", "active": 1}]))
    assert suspended.phase is Phase.PENDING
    assert (resumed.phase, resumed.started_at) == (Phase.RUNNING, moment(20))


def test_what_initializers_fetch_is_read() -> None:
    initializer = {
        "dataset": {"storageUri": "hf://example/reviews"},
        "model": {"storageUri": "pvc://models/base/"},
    }
    _, execution = said(a_train_job([("Complete", 60)], spec={"initializer": initializer}))
    assert [(one.name, one.location.uri) for one in execution.state.reads] == [
        ("dataset", "hf://example/reviews"),
        ("model", "pvc://a/models/base"),
    ]


def test_a_data_set_in_a_bucket_is_where_workflows_write_it() -> None:
    initializer = {"dataset": {"storageUri": "s3:///data/1"}}
    _, execution = said(a_train_job([("Complete", 60)], spec={"initializer": initializer}))
    (read,) = execution.state.reads
    assert read.location == place("data/1")


def test_the_metrics_of_a_trainer_are_numbers_or_none() -> None:
    metrics = [{"name": "loss", "value": "0.25"}, {"name": "note", "value": "n/a"}, {"name": "acc", "value": "NaN"}]
    status = {"progressPercentage": 40, "metrics": metrics, "lastUpdatedTime": rfc3339(50)}
    _, execution = said(a_train_job(trainerStatus=status))
    assert [(one.name, one.value) for one in execution.state.values] == [("loss", 0.25), ("acc", None)]
    assert execution.state.values[0] == MetricValue(name="loss", value=0.25)
    assert execution.state.workload.details["progressPercentage"] == 40
    assert execution.revision.latest == 50


def test_the_nodes_and_the_image_of_a_trainer_are_told() -> None:
    trainer = {"numNodes": 3, "image": "registry.example/train:2"}
    jobs = [{"name": "dataset-initializer", "succeeded": 1}, {"name": "node", "active": 1}]
    _, execution = said(a_train_job(spec={"trainer": trainer}, jobsStatus=jobs, metadata={"generation": 1}))
    assert execution.state.workload.replicas == (
        Replicas(role="dataset-initializer", succeeded=1),
        Replicas(role="node", wanted=3, active=1),
    )
    assert [one.reference for one in execution.state.images] == ["registry.example/train:2"]
    assert execution.scale == Scale(generation=1, since=moment(10), replicas={"node": 3})
