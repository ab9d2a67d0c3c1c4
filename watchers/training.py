"""Jobs of the training operator, version 1: a run with one execution, which is the job.

Pure. All kinds have one shape: `spec.<framework>ReplicaSpecs` by role, `spec.runPolicy`, and one status. So the source
of a kind names it, and nothing else. Sources: kubeflow/training-operator/pkg/apis/kubeflow.org/v1/common_types.go, and
of MPIJob v2beta1 kubeflow/mpi-operator/pkg/apis/kubeflow/v2beta1/types.go.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lineage.facts import Fact
from lineage.model import Phase
from lineage.observation import ObjectSeen
from lineage.workloads import Replicas, Workload
from watchers.reading import mapping, placing, text, time, whole
from watchers.source import Resource, Source
from watchers.spec_times import note_spec_time, note_spec_time_in_members
from watchers.workloads import (
    ScalingHead,
    Standing,
    conditions_of,
    execution_of,
    identified,
    images_of,
    kept,
    mounted_by,
    run_of,
    scale_of,
    standing_condition,
    times_of,
    told,
)

GROUP: Final = "kubeflow.org"
_REPLICAS: Final = "ReplicaSpecs"

STANDING: Final[Standing] = {
    "Failed": Phase.FAILED,
    "Succeeded": Phase.SUCCEEDED,
    "Suspended": Phase.PENDING,
    "Restarting": Phase.RUNNING,
    "Running": Phase.RUNNING,
    "Created": Phase.PENDING,
}


def training_job(name: str, *, kind: str, plural: str, member: str, other_versions: tuple[str, ...] = ()) -> Source:
    """Make the source of a kind of job. `member` is where its spec holds the replicas, `other_versions` how some
    install it that is otherwise the same."""
    resource = Resource(group=GROUP, version="v1", plural=plural, kind=kind, other_versions=other_versions)

    def interpret(seen: ObjectSeen) -> Sequence[Fact]:
        """Say what a job means: nothing of one that has neither a name nor a uid.

        Raises:
            InvalidObservation: a member is not what it should be; the message says which and where.
        """
        item = seen.object()
        with placing(kind, item):
            return _interpret(item, seen, resource)

    def resembles(item: Mapping[str, Any]) -> bool:
        """Know one by its replicas."""
        spec = item.get("spec")
        return isinstance(spec, dict) and isinstance(spec.get(member), dict)

    return Source(
        name=name,
        resource=resource,
        interpret=interpret,
        unpack=note_spec_time,
        unpack_members=note_spec_time_in_members,
        head=ScalingHead,
        resembles=resembles,
    )


def _interpret(item: Mapping[str, Any], seen: ObjectSeen, resource: Resource) -> Sequence[Fact]:
    status, roles = mapping(item, "status"), _roles(mapping(item, "spec"))
    conditions = conditions_of(status)
    why = standing_condition(conditions, STANDING)
    phase = Phase.PENDING if why is None else STANDING[why.type]
    started_at, ended_at = time(status, "startTime"), time(status, "completionTime")
    if started_at is None and phase is not Phase.PENDING:  # XGBoostJob of the first releases does not say
        started_at = next((one.since for one in conditions if one.type == "Created"), None)
    of = identified(item, seen, [started_at, ended_at, *times_of(conditions)], ended=phase.ended)
    if of is None:
        return ()
    how = told(phase, why, started_at, ended_at)
    pods = {role: mapping(mapping(each, "template"), "spec") for role, each in roles.items()}
    replicas = _replicas(roles, status)
    execution = execution_of(
        seen,
        of,
        resource,
        how,
        run=of.uid,
        run_name=of.name,
        run_kind=resource.kind,
        workload=Workload(conditions=conditions, replicas=replicas, details=_details(mapping(item, "spec"))),
        ports=mounted_by(pods, phase, cluster=seen.cluster, namespace=of.namespace),
        images=tuple(dict.fromkeys(image for pod in pods.values() for image in images_of(pod))),
        scale=scale_of(item, {one.role: one.wanted for one in replicas}),
    )
    return run_of(item, seen, of, resource, how), execution, kept(seen, of, resource)


def _roles(spec: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The replicas by their role, wherever a kind keeps them."""
    for name in spec:
        if name.endswith(_REPLICAS):
            roles = mapping(spec, name)
            return {role: mapping(roles, role) for role in roles}
    return {}


def _replicas(roles: Mapping[str, Mapping[str, Any]], status: Mapping[str, Any]) -> tuple[Replicas, ...]:
    """How many pods of each role there should be and were. One is started where the spec does not say how many."""
    states = mapping(status, "replicaStatuses")
    return tuple(
        Replicas(
            role=role,
            wanted=_wanted(roles[role]) if role in roles else None,
            active=whole(mapping(states, role), "active"),
            succeeded=whole(mapping(states, role), "succeeded"),
            failed=whole(mapping(states, role), "failed"),
            restart_policy=text(roles.get(role, {}), "restartPolicy") or None,
        )
        for role in sorted({*roles, *states})
    )


def _wanted(role: Mapping[str, Any]) -> int:
    found = whole(role, "replicas")
    return 1 if found is None else found


def _details(spec: Mapping[str, Any]) -> dict[str, Any]:
    """How a job is run: what is tried again and cleaned up, and how far it may grow and shrink. `RunPolicy` is how
    early releases wrote it."""
    told_of = {
        "runPolicy": mapping(spec, "runPolicy") or mapping(spec, "RunPolicy"),
        "elasticPolicy": mapping(spec, "elasticPolicy"),
        "nprocPerNode": spec.get("nprocPerNode"),
        "slotsPerWorker": spec.get("slotsPerWorker"),
        "successPolicy": spec.get("successPolicy"),
    }
    return {name: value for name, value in told_of.items() if value not in (None, {}, "")}
