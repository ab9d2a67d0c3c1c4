"""What objects have in common that run something: how they are told apart, their conditions, and the facts that a view
of one comes to.

Pure. The conditions are those of Kubernetes: `metav1.Condition`, and the like of Katib and the training operator, which
have `lastUpdateTime` as well. A kind says how its conditions are to be understood, and what else it has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from lineage.evidence import MetricValue
from lineage.facts import ExecutionSeen, ExecutionState, Fact, ObjectKept, Read, Revision, RunSeen, Write
from lineage.identity import Location, file_uid, sha256
from lineage.limits import is_name
from lineage.model import ContainerImage, DigestKind, Parameter, Phase
from lineage.observation import ObjectSeen
from lineage.workloads import Condition, Scale, Tuning, Workload
from watchers.creations import starter_of
from watchers.locations import locate_uri
from watchers.reading import mapping, mappings, seconds, text, texts, time, whole
from watchers.revision import revision
from watchers.source import Attempts, Head, Identity, Resource
from watchers.spec_times import SPEC_SINCE
from watchers.volumes import CLAIM, mounts_of, place_of

TRUE: Final = "True"
_PVC: Final = f"{CLAIM}://"

AS_USUAL: Final = frozenset({"Created", "Running", "Succeeded", "Complete"})

Standing = Mapping[str, Phase]
"""The phases that conditions stand for, by their types: what counts before others comes first."""


# ------------------------------------------------------------------------------------------ as it comes
class _Written(Identity, gc=False):
    generation: Any = None


class _Stated(msgspec.Struct, rename="camel", gc=False):
    type: str = ""
    status: str = ""
    last_transition_time: str | None = None


class _Status(msgspec.Struct, gc=False):
    conditions: list[_Stated] | None = None


class WorkloadHead(Head, gc=False):
    """What is read of an object as it comes: which it is, and what it came to, which the next view may have
    forgotten."""

    metadata: _Written | None = None
    status: _Status | None = None

    def attempts(self) -> Attempts:
        conditions = (self.status and self.status.conditions) or ()
        stated = {(f"{one.type} {one.status}", one.last_transition_time) for one in conditions}
        return stated | {("generation", self.metadata and self.metadata.generation)}


class ScalingHead(WorkloadHead, gc=False):
    """The same of an object whose managed fields say since when it wants so many replicas."""

    @property
    def is_packed(self) -> bool:
        return True


# ------------------------------------------------------------------------------------------ which it is
@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Which object it is. `uid` is what stands in for it in a file that has none, and `own_uid` then None."""

    uid: str
    own_uid: str | None
    name: str
    namespace: str
    created_at: datetime | None
    revision: Revision


def identified(
    item: Mapping[str, Any], seen: ObjectSeen, times: Iterable[datetime | None], *, ended: bool
) -> Identified | None:
    """Say which object it is, and where this view of it stands; None of one that has neither a name nor a uid.

    `times` are those that it names, of what happened to it.
    """
    metadata = mapping(item, "metadata")
    name, namespace, uid = text(metadata, "name"), text(metadata, "namespace"), text(metadata, "uid")
    if not (name or uid):
        return None
    born, known = time(metadata, "creationTimestamp"), sorted(filter(None, times))
    told_by = uid or file_uid(
        cluster=seen.cluster,
        namespace=namespace,
        name=name,
        born=seconds(born or (known[0] if known else None)),
        digest=sha256(seen.body),
    )
    latest = known[-1] if known else None
    return Identified(
        uid=told_by,
        own_uid=uid or None,
        name=name or uid,
        namespace=namespace,
        created_at=born,
        revision=revision(seen, metadata, uid=told_by, born=born, latest=latest, ended=ended),
    )


# ------------------------------------------------------------------------------------------ conditions
def conditions_of(status: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Read the conditions of an object."""
    return tuple(
        Condition(
            type=text(one, "type"),
            status=text(one, "status"),
            since=time(one, "lastTransitionTime"),
            reason=text(one, "reason") or None,
            message=text(one, "message") or None,
        )
        for one in mappings(status, "conditions")
        if text(one, "type")
    )


def standing_condition(conditions: Sequence[Condition], standing: Standing) -> Condition | None:
    """Find the condition that says how an object stands: the first by its type that holds."""
    holding = {one.type: one for one in conditions if one.status == TRUE}
    return next((holding[each] for each in standing if each in holding), None)


def times_of(conditions: Iterable[Condition]) -> Iterable[datetime | None]:
    """When an object came to its conditions."""
    return (one.since for one in conditions)


# ------------------------------------------------------------------------------------------ what it runs
def images_of(pod_spec: Mapping[str, Any]) -> tuple[ContainerImage, ...]:
    """What the containers of a pod are to run."""
    return tuple(
        asked_for(text(one, "name"), text(one, "image"))
        for member in ("initContainers", "containers")
        for one in mappings(pod_spec, member)
        if text(one, "image")
    )


def asked_for(container: str, reference: str) -> ContainerImage:
    """An image of which nobody says yet what ran."""
    return ContainerImage(container=container, reference=reference, digest=None, digest_kind=DigestKind.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What an execution read and wrote."""

    reads: tuple[Read, ...] = ()
    writes: tuple[Write, ...] = ()


def mounted_by(pod_specs: Mapping[str, Mapping[str, Any]], phase: Phase, *, cluster: str, namespace: str) -> Ports:
    """What pods may have read and written in volumes, by their role: read since they began, and written once they have
    ended. Two roles that mount different places at one path are told apart by the role."""
    found: dict[str, tuple[Location, bool]] = {}
    for role, pod_spec in pod_specs.items():
        for mount in mounts_of(pod_spec, {}, {}, cluster=cluster, namespace=namespace):
            held = found.get(mount.path)
            name = mount.path if held is None or held[0] == mount.location else f"{role}:{mount.path}"
            if not is_name(name):
                continue  # no store could find it, and a mount is no reason to refuse a job
            read_only = mount.read_only and found.get(name, (None, True))[1]
            found[name] = (mount.location, read_only)
    began, ended = phase is not Phase.PENDING, phase.ended
    return Ports(
        reads=tuple(Read(name=name, location=place) for name, (place, _) in found.items() if began),
        writes=tuple(
            Write(name=name, location=place, reused=False, own=True)
            for name, (place, read_only) in found.items()
            if ended and not read_only
        ),
    )


def placed(uri: str, *, cluster: str, namespace: str) -> Location:
    """Say where something lies that a job names by a uri: `s3://…`, `hf://…`, or `pvc://claim/path` in its
    namespace."""
    uri = uri.rstrip("/")
    if uri.startswith(_PVC):
        claim, _, within = uri.removeprefix(_PVC).partition("/")
        return place_of(CLAIM, cluster, namespace, claim, within)
    return locate_uri(uri, {}, cluster)


def scale_of(item: Mapping[str, Any], replicas: Mapping[str, int | None]) -> Scale | None:
    """Say how many replicas an object asks for, in which generation of its spec; None where it does not count those."""
    metadata = mapping(item, "metadata")
    generation = whole(metadata, "generation")
    if generation is None or not replicas:
        return None
    since = time(texts(metadata, "annotations"), SPEC_SINCE)
    return Scale(generation=generation, since=since, replicas=dict(replicas))


# ------------------------------------------------------------------------------------------ facts
@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a view says of something that runs. `message` says why it stands as it does."""

    phase: Phase
    message: str | None
    started_at: datetime | None
    finished_at: datetime | None


def told(
    phase: Phase,
    why: Condition | None,
    started_at: datetime | None,
    finished_at: datetime | None,
    *,
    as_usual: frozenset[str] = AS_USUAL,
) -> Told:
    """Put together how something stands. What goes `as_usual`, by the type of the condition, says nothing of why."""
    is_telling = why is not None and why.type not in as_usual
    return Told(
        phase=phase,
        message=why.message or why.reason if why is not None and is_telling else None,
        started_at=started_at,
        finished_at=(finished_at or (None if why is None else why.since)) if phase.ended else None,
    )


def run_of(
    item: Mapping[str, Any],
    seen: ObjectSeen,
    of: Identified,
    resource: Resource,
    how: Told,
    *,
    kind: str | None = None,
    expects: int | None = None,
    tuning: Tuning | None = None,
    details: Mapping[str, Any] | None = None,
) -> RunSeen:
    """Make the run that an object is. `kind` is what readers call it, where that is not the kind of the object."""
    metadata = mapping(item, "metadata")
    return RunSeen(
        revision=of.revision,
        run=of.uid,
        incarnation=of.uid,
        uid=of.own_uid,
        workflow_uid=of.own_uid,
        cluster=seen.cluster,
        namespace=of.namespace,
        name=of.name,
        display_name=of.name,
        phase=how.phase,
        message=how.message,
        created_at=of.created_at,
        started_at=how.started_at,
        finished_at=how.finished_at,
        parameters=(),
        labels=texts(metadata, "labels"),
        annotations=texts(metadata, "annotations"),
        pipeline=None,
        experiment=None,
        resubmitted_from=None,
        nodes_missing=None,
        executions=None,
        kind=kind or resource.kind,
        resource=resource.name,
        started_by=starter_of(metadata, group=resource.group, kind=resource.kind, cluster=seen.cluster),
        expects=expects,
        tuning=tuning,
        details=details or {},
    )


def execution_of(
    seen: ObjectSeen,
    of: Identified,
    resource: Resource,
    how: Told,
    *,
    run: str,
    run_name: str,
    run_kind: str,
    workload: Workload,
    ports: Ports,
    parameters: tuple[Parameter, ...] = (),
    values: tuple[MetricValue, ...] = (),
    images: tuple[ContainerImage, ...] = (),
    scale: Scale | None = None,
) -> ExecutionSeen:
    """Make the execution that an object is, in the run of which it is a part."""
    return ExecutionSeen(
        revision=of.revision,
        uid=of.uid,
        resource=resource.name,
        cluster=seen.cluster,
        namespace=of.namespace,
        name=of.name,
        run=run,
        run_name=run_name,
        run_kind=run_kind,
        created_at=of.created_at,
        state=ExecutionState(
            node_id=of.uid,
            started_at=seconds(how.started_at),
            is_group=False,
            acts=True,
            name=of.name,
            display_name=of.name,
            template=None,
            kind=resource.kind,
            phase=how.phase,
            message=how.message,
            attempt=0,
            finished_at=how.finished_at,
            exit_code=None,
            memoized=False,
            cached_from=None,
            resources=None,
            input_parameters=parameters,
            output_parameters=(),
            parents=(),
            reads=ports.reads,
            writes=ports.writes,
            workload=workload,
            values=values,
            images=images,
        ),
        scale=scale,
    )


def kept(seen: ObjectSeen, of: Identified, resource: Resource) -> Fact:
    """Keep the view whole."""
    return ObjectKept(revision=of.revision, resource=resource.name, uid=of.uid, body=seen.body)
