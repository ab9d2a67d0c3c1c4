"""One node of a workflow, looked at alone: the attempt at a step that it is, what that read and what it wrote.

Pure. A node is read on the ground of its workflow: the templates, where artifacts go, what all pods mount.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from lineage.errors import InvalidObservation
from lineage.facts import ExecutionState, Read, Write
from lineage.identity import Location, names_own_pod
from lineage.model import Parameter, Phase
from lineage.redaction import is_redacted
from watchers.components import arguments_of, component_of, plain_name, types_of_outputs
from watchers.creations import created_by
from watchers.graph import Shape, shape_of
from watchers.kubeflow import (
    Compiled,
    Role,
    TaskArtifact,
    attempt_at_task,
    driver_of,
    imported,
    place_of,
    role_of,
    task_name,
    task_of,
)
from watchers.locations import chosen_key, locate, locate_uri
from watchers.nodes import ACTS, GROUPS, PodNames
from watchers.reading import mapping, mappings, scalar, text, time, whole
from watchers.volumes import claims_of, made_by, mounts_of

METRICS_ANNOTATION: Final = "kfp-lineage/metrics"
_PHASES: Final = {
    "": Phase.PENDING,
    "Pending": Phase.PENDING,
    "Running": Phase.RUNNING,
    "Succeeded": Phase.SUCCEEDED,
    "Failed": Phase.FAILED,
    "Error": Phase.ERROR,
    "Skipped": Phase.SKIPPED,
    "Omitted": Phase.OMITTED,
}
_RAN: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR})
_NOT_YET: Final = frozenset({Phase.PENDING, Phase.SKIPPED, Phase.OMITTED})
_CACHED: Final = "Kubeflow took its outputs from an earlier execution"
_ORIGINAL_POD: Final = re.compile(r"original pod: (\S+)")


class Reading(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a node says. `state` is not placed in the graph yet. `removed` is what it wrote and Argo's garbage
    collection removed, `attempt_at_task` which attempt it belongs to, where what is tried again is more than the node.
    `driven_by` names the node that says where the task of this one stands, and `place` is what such a node says.
    """

    shape: Shape
    times: tuple[datetime, ...]
    state: ExecutionState
    removed: tuple[Write, ...]
    attempt_at_task: int = 0
    driven_by: str | None = None
    place: str | None = None


def phase_of(holder: Mapping[str, Any]) -> Phase:
    """Read the phase of a node or of a workflow."""
    return _PHASES.get(text(holder, "phase"), Phase.UNKNOWN)


def times_of(holder: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Read when a node or a workflow began and ended, as far as it did."""
    return time(holder, "startedAt"), time(holder, "finishedAt")


def _declared(template: Mapping[str, Any]) -> Iterator[str]:
    """Read which output parameters a template declares to be metrics."""
    annotations = mapping(mapping(template, "metadata"), "annotations") if "metadata" in template else {}
    listed = text(annotations, METRICS_ANNOTATION)
    return (name.strip() for name in listed.split(",") if name.strip()) if listed else iter(())


def parameters_of(holder: Mapping[str, Any]) -> Iterator[Parameter]:
    """Read the parameters among inputs, outputs or arguments."""
    for one in mappings(holder, "parameters"):
        value = scalar(one["value"] if one.get("value") is not None else one.get("default"))
        yield Parameter(name=text(one, "name"), value=value, redacted=value is not None and is_redacted(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads nodes of one workflow, on the ground of that."""

    name: str
    namespace: str
    cluster: str
    templates: "_Templates"
    compiled: Compiled | None
    claims: Mapping[str, str]
    pods: PodNames

    @classmethod
    def of(cls, item: Mapping[str, Any], cluster: str) -> "Reader":
        """Prepare for the nodes of a workflow.

        Raises:
            InvalidObservation: a member is not what it should be.
        """
        metadata = mapping(item, "metadata")
        return cls(
            name=text(metadata, "name"),
            namespace=text(metadata, "namespace"),
            cluster=cluster,
            templates=_Templates.of(item),
            compiled=Compiled.of(item),
            claims=claims_of(item),
            pods=PodNames.of(metadata),
        )

    def reading(self, node_id: str, node: dict[str, Any]) -> Reading:
        """Read a node.

        Raises:
            InvalidObservation: a member is not what it should be.
        """
        began, ended = times_of(node)
        shape, template = shape_of(node, began), self.templates.of_node(node)
        state = self._state(node_id, node, shape, template, ended)
        role = None if self.compiled is None or state.is_group else role_of(node)
        pod_spec: Mapping[str, Any] = template
        if role is not None:
            state, pod_spec = self._as_task(state, node, role)
        elif state.kind == "SKIPPED" and self.compiled is not None:
            why = self.compiled.skipped_because(state.display_name, state.template or "")
            state = state if why is None else replace(state, message=f"the condition does not hold: {why}")
        if state.acts:
            state = self._with_volumes(state, node, template, pod_spec)
        if state.started_at is not None and "resource" in template:
            state = self._with_creation(state, node, template)
        return Reading(
            shape=shape,
            times=tuple(moment for moment in (began, ended) if moment is not None),
            state=state,
            removed=tuple(_removed(node, state.writes)),
            attempt_at_task=attempt_at_task(shape.name) if role is Role.EXECUTOR else 0,
            driven_by=driver_of(shape.name) if role is Role.EXECUTOR and state.told_as is None else None,
            place=place_of(node) if role is Role.DRIVER else None,
        )

    # -- as Argo has it
    def _state(
        self,
        node_id: str,
        node: dict[str, Any],
        shape: Shape,
        template: Mapping[str, Any],
        ended: datetime | None,
    ) -> ExecutionState:
        kind, phase, name = shape.kind, phase_of(node), shape.name or node_id
        given, brought, message = mapping(node, "inputs"), mapping(node, "outputs"), text(node, "message")
        original = _ORIGINAL_POD.match(message) if message else None
        carried = original.group(1) if original else None
        memoized = mapping(node, "memoizationStatus").get("hit") is True
        acts, is_group = kind in ACTS, kind in GROUPS
        wrote = (acts and phase in _RAN) or (kind == "Skipped" and carried is not None)
        places = self.templates.places(template)
        return ExecutionState(
            node_id=node_id,
            started_at=shape.started_at,
            is_group=is_group,
            acts=acts,
            name=name,
            display_name=text(node, "displayName") or name,
            template=text(node, "templateName") or text(mapping(node, "templateRef"), "template") or None,
            kind=kind.upper() or "UNKNOWN",
            phase=phase,
            message=message or None,
            attempt=0,
            finished_at=ended,
            exit_code=whole(brought, "exitCode"),
            memoized=memoized,
            cached_from=carried,
            resources=mapping(node, "resourcesDuration") or None,
            input_parameters=() if is_group else _named_once(arguments_of(template, node), parameters_of(given)),
            output_parameters=() if is_group else tuple(parameters_of(brought)),
            parents=(),
            reads=tuple(self._reads(given, places)) if acts and phase not in _NOT_YET else (),
            writes=tuple(self._writes(node_id, brought, template, places, memoized or carried is not None))
            if wrote
            else (),
            metrics=tuple(_declared(template)),
            component=component_of(template),
        )

    def _reads(self, inputs: Mapping[str, Any], places: tuple[Mapping[str, Any], ...]) -> Iterator[Read]:
        for artifact in mappings(inputs, "artifacts"):
            if (location := locate(artifact, places, self.cluster)) is not None:
                yield Read(name=text(artifact, "name"), location=location)

    def _writes(
        self,
        node_id: str,
        outputs: Mapping[str, Any],
        template: Mapping[str, Any],
        places: tuple[Mapping[str, Any], ...],
        taken_over: bool,
    ) -> Iterator[Write]:
        """Read the outputs. A key that names another pod was taken over from it, unless whoever wrote the
        template chose the key."""
        chosen = {text(a, "name") for a in mappings(mapping(template, "outputs"), "artifacts") if chosen_key(a)}
        types = types_of_outputs(template)
        for artifact in mappings(outputs, "artifacts"):
            name, location = text(artifact, "name"), locate(artifact, places, self.cluster)
            if location is None:
                continue
            own = names_own_pod(location.uri, node_id=node_id, workflow=self.name)
            foreign = own is False and name not in chosen
            yield Write(
                name=name,
                location=location,
                reused=taken_over or foreign,
                own=own is True,
                type=types.get(plain_name(name)) if types else None,
            )

    # -- as Kubeflow has it
    def _as_task(
        self, state: ExecutionState, node: dict[str, Any], role: Role
    ) -> tuple[ExecutionState, Mapping[str, Any]]:
        """Say what a node is to Kubeflow, and what its pod is."""
        if role is Role.DRIVER:
            return replace(state, is_system=True), {}
        if role is Role.BY_DRIVER:
            return replace(state, input_parameters=(), output_parameters=(), told_as=place_of(node)), {}
        name = task_name(state.name, role)
        if role is Role.IMPORTER:
            found = imported(node, self.compiled, self.name)
            writes = () if found is None or state.phase not in _RAN else (self._imported(found),)
            told = replace(state, display_name=name, input_parameters=(), writes=(*state.writes, *writes))
            return replace(told, told_as=place_of(node)), {}
        task = task_of(node)
        began, ended_well = state.acts and state.phase not in _NOT_YET, state.phase is Phase.SUCCEEDED
        reads = [self._read(one) for one in task.inputs] if began else []
        planned = [self._write(one) for one in task.outputs] if ended_well else []
        cached = state.phase is Phase.SKIPPED  # an executor is skipped for no other reason
        told = replace(
            state,
            display_name=name,
            message=_CACHED if cached else state.message,
            input_parameters=task.parameters,
            reads=(*state.reads, *reads),
            writes=(*state.writes, *planned),
            memoized=state.memoized or cached,
            component=task.component,
            told_as=task.told_as,
        )
        return told, task.pod_spec or {}

    def _read(self, one: TaskArtifact) -> Read:
        return Read(name=one.name, location=self._place(one), type=one.type, metadata=one.metadata)

    def _write(self, one: TaskArtifact) -> Write:
        place = self._place(one)
        return Write(name=one.name, location=place, reused=False, own=True, type=one.type, metadata=one.metadata)

    def _imported(self, one: TaskArtifact) -> Write:
        """An importer writes nothing: what it names was there, whoever wrote it."""
        return replace(self._write(one), reused=True, own=False, imported=True)

    def _place(self, one: TaskArtifact) -> Location:
        return locate_uri(one.uri, self.templates.repository, self.cluster)

    # -- volumes
    def _with_volumes(
        self, state: ExecutionState, node: dict[str, Any], template: Mapping[str, Any], pod_spec: Mapping[str, Any]
    ) -> ExecutionState:
        """Add what an attempt may have read and written in volumes, and what a volume was made of."""
        if state.phase in _NOT_YET or not (self.claims or "volumes" in pod_spec or "resource" in template):
            return state
        values = self._values(state, node)
        where = {"cluster": self.cluster, "namespace": self.namespace}
        with suppress(InvalidObservation):  # what a driver wrote, or stands in a text, is no reason to refuse the rest
            mounts = mounts_of(pod_spec, self.claims, values, **where)
            ended = state.phase in _RAN
            reads = [Read(name=mount.path, location=mount.location) for mount in mounts]
            writes = [_mounted(mount.path, mount.location) for mount in mounts if ended and not mount.read_only]
            made = made_by(template, values, _named(state), **where)
            if made is not None and state.phase is Phase.SUCCEEDED:
                reads += [Read(name="source", location=made.source)]
                writes += [_mounted("volume", made.location)]
            return replace(state, reads=(*state.reads, *reads), writes=(*state.writes, *writes))
        return state

    def _with_creation(
        self, state: ExecutionState, node: dict[str, Any], template: Mapping[str, Any]
    ) -> ExecutionState:
        """Say what object an attempt creates, so that a run of that kind finds what started it."""
        with suppress(InvalidObservation):  # what stands in a text is no reason to refuse the rest
            where = {"cluster": self.cluster, "namespace": self.namespace}
            return replace(state, creates=created_by(template, self._values(state, node), _named(state), **where))
        return state

    def _values(self, state: ExecutionState, node: dict[str, Any]) -> dict[str, str]:
        """What placeholders of a template stand for."""
        given = parameters_of(mapping(node, "inputs"))
        known = {
            f"inputs.parameters.{one.name}": one.value for one in given if one.value is not None and not one.redacted
        }
        return known | {
            "workflow.name": self.name,
            "workflow.namespace": self.namespace,
            "pod.name": self.pods.of_node(node, state.node_id, self.name),
        }


def _named(state: ExecutionState) -> str:
    """What an output says that the object which a step made came to be called; empty where none does."""
    return next((one.value for one in state.output_parameters if one.name.endswith("-name") and one.value), "")


def _mounted(name: str, location: Location) -> Write:
    return Write(name=name, location=location, reused=False, own=True)


def _named_once(named: Iterable[Parameter], given: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """Put together what a component calls its arguments and what the engine calls them."""
    found = {one.name: one for one in (*named, *given)}
    return tuple(found.values())


def _removed(node: dict[str, Any], writes: tuple[Write, ...]) -> Iterator[Write]:
    """Find the writes of a node that are marked as removed. What was taken over bears the mark of whoever wrote it."""
    outputs = mappings(mapping(node, "outputs"), "artifacts") if writes else ()
    marked = {text(artifact, "name") for artifact in outputs if artifact.get("deleted") is True}
    return (write for write in writes if write.name in marked and not write.reused and not write.location.is_raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Templates:
    """The templates of a workflow, and where its artifacts go by default."""

    local: Mapping[str, dict[str, Any]]
    stored: Mapping[str, Any]
    archive_location: Mapping[str, Any]
    repository: Mapping[str, Any]

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "_Templates":
        status = mapping(item, "status")
        specs = (mapping(status, "storedWorkflowTemplateSpec"), mapping(item, "spec"))
        return cls(
            local={text(t, "name"): t for spec in specs for t in mappings(spec, "templates")},
            stored=mapping(status, "storedTemplates"),
            archive_location=next(
                (a for spec in specs if (a := mapping(mapping(spec, "templateDefaults"), "archiveLocation"))), {}
            ),
            repository=mapping(mapping(status, "artifactRepositoryRef"), "artifactRepository"),
        )

    def places(self, template: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        """Where the artifacts of a template go, of which only the key is told: the first that says so."""
        return tuple(filter(None, (mapping(template, "archiveLocation"), self.archive_location, self.repository)))

    def of_node(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Find the template that a node ran; empty where the object does not hold it."""
        reference, name = mapping(node, "templateRef"), text(node, "templateName")
        if reference:
            scope = "cluster" if reference.get("clusterScope") is True else "namespaced"
            found = self.stored.get(f"{scope}/{text(reference, 'name')}/{text(reference, 'template')}")
        else:
            found = self.local.get(name) or self.stored.get(f"{text(node, 'templateScope')}/{name}")
        return found if isinstance(found, dict) else {}
