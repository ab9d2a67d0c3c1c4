"""`TrainJob` of Kubeflow Trainer, version 2: a run with one execution, which is the job.

Pure. Source: kubeflow/trainer/pkg/apis/trainer/v1alpha1/trainjob_types.go. It does not say when it began: it begins as
it is made, or as it is no longer suspended.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lineage.evidence import MetricValue
from lineage.facts import Fact, Read
from lineage.limits import is_place
from lineage.metrics.values import number_in, value_of
from lineage.model import ContainerImage, Phase
from lineage.observation import ObjectSeen
from lineage.workloads import Replicas, Workload
from watchers.reading import mapping, mappings, placing, scalar, text, time, whole
from watchers.source import Resource, Source
from watchers.spec_times import note_spec_time, note_spec_time_in_members
from watchers.workloads import (
    Identified,
    Ports,
    ScalingHead,
    Standing,
    asked_for,
    conditions_of,
    execution_of,
    identified,
    kept,
    placed,
    run_of,
    scale_of,
    standing_condition,
    times_of,
    told,
)

RESOURCE: Final = Resource(group="trainer.kubeflow.org", version="v1alpha1", plural="trainjobs", kind="TrainJob")
NODE: Final = "node"  # what runtimes call the job and the container that train
SUSPENDED: Final = "Suspended"
INITIALIZED: Final = ("dataset", "model")

STANDING: Final[Standing] = {
    "Failed": Phase.FAILED,
    "Complete": Phase.SUCCEEDED,
    SUSPENDED: Phase.PENDING,
    "Created": Phase.PENDING,
}
_WORKED: Final = ("active", "ready", "succeeded", "failed")


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a job means: nothing of one that has neither a name nor a uid.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("TrainJob", item):
        return _interpret(item, seen, mapping(item, "spec"), mapping(item, "status"))


def _interpret(
    item: Mapping[str, Any], seen: ObjectSeen, spec: Mapping[str, Any], status: Mapping[str, Any]
) -> Sequence[Fact]:
    conditions = conditions_of(status)
    why = standing_condition(conditions, STANDING)
    replicas = _replicas(spec, status)
    phase = Phase.PENDING if why is None else STANDING[why.type]
    is_suspended = why is not None and why.type == SUSPENDED
    if phase is Phase.PENDING and not is_suspended and any(_has_worked(one) for one in mappings(status, "jobsStatus")):
        phase = Phase.RUNNING
    trainer_status = mapping(status, "trainerStatus")
    of = identified(item, seen, [time(trainer_status, "lastUpdatedTime"), *times_of(conditions)], ended=phase.ended)
    if of is None:
        return ()
    resumed = next((one.since for one in conditions if one.type == SUSPENDED and one.status == "False"), None)
    how = told(phase, why, None if phase is Phase.PENDING else resumed or of.created_at, None)
    job = execution_of(
        seen,
        of,
        RESOURCE,
        how,
        run=of.uid,
        run_name=of.name,
        run_kind=RESOURCE.kind,
        workload=Workload(conditions=conditions, replicas=replicas, details=_details(spec, trainer_status)),
        ports=Ports(reads=() if phase is Phase.PENDING else tuple(_initialized(spec, of, seen.cluster))),
        values=tuple(_values(trainer_status)),
        images=tuple(_images(spec)),
        scale=scale_of(item, {NODE: whole(mapping(spec, "trainer"), "numNodes")} if "trainer" in spec else {}),
    )
    return run_of(item, seen, of, RESOURCE, how), job, kept(seen, of, RESOURCE)


def _replicas(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[Replicas, ...]:
    """The jobs that it is made of. How many nodes train is in the spec, or else in the runtime, which is not read."""
    nodes = whole(mapping(spec, "trainer"), "numNodes")
    states = {text(one, "name"): one for one in mappings(status, "jobsStatus")}
    return tuple(
        Replicas(
            role=role,
            wanted=nodes if role == NODE else None,
            active=whole(states.get(role, {}), "active"),
            succeeded=whole(states.get(role, {}), "succeeded"),
            failed=whole(states.get(role, {}), "failed"),
        )
        for role in sorted({*states, *([NODE] if nodes is not None else [])})
    )


def _has_worked(job: Mapping[str, Any]) -> bool:
    return any(whole(job, name) for name in _WORKED)


def _initialized(spec: Mapping[str, Any], of: Identified, cluster: str) -> Iterator[Read]:
    """What its initializers fetch before it trains: a data set, and a model to begin with."""
    initializer = mapping(spec, "initializer")
    for name in INITIALIZED:
        uri = text(mapping(initializer, name), "storageUri")
        if uri and is_place(place := placed(uri, cluster=cluster, namespace=of.namespace)):
            yield Read(name=name, location=place)


def _values(trainer_status: Mapping[str, Any]) -> Iterator[MetricValue]:
    for one in mappings(trainer_status, "metrics"):
        number = number_in(scalar(one.get("value")) or "")
        if number is not None and text(one, "name"):
            yield value_of(text(one, "name"), number)


def _images(spec: Mapping[str, Any]) -> Iterator[ContainerImage]:
    image = text(mapping(spec, "trainer"), "image")
    if image:
        yield asked_for(NODE, image)


def _details(spec: Mapping[str, Any], trainer_status: Mapping[str, Any]) -> dict[str, Any]:
    trainer = mapping(spec, "trainer")
    found = {
        "runtimeRef": mapping(spec, "runtimeRef"),
        "numNodes": trainer.get("numNodes"),
        "numProcPerNode": trainer.get("numProcPerNode"),
        "resourcesPerNode": mapping(trainer, "resourcesPerNode"),
        "managedBy": spec.get("managedBy"),
        "progressPercentage": trainer_status.get("progressPercentage"),
        "estimatedRemainingSeconds": trainer_status.get("estimatedRemainingSeconds"),
    }
    return {name: value for name, value in found.items() if value not in (None, {})}


def resembles(item: Mapping[str, Any]) -> bool:
    """Know one by its runtime."""
    spec = item.get("spec")
    return isinstance(spec, dict) and "runtimeRef" in spec


SOURCE: Final = Source(
    name="train_job",
    resource=RESOURCE,
    interpret=interpret,
    unpack=note_spec_time,
    unpack_members=note_spec_time_in_members,
    head=ScalingHead,
    resembles=resembles,
)
