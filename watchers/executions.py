"""The attempts that a view of a workflow shows: what each of its nodes means.

Pure but for a bounded memory of the last views, on which nothing depends but speed: a node whose text is as it was,
on the same ground, means what it meant. So a view of a thousand nodes costs what those cost that changed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

import orjson
from msgspec import Raw
from msgspec.structs import replace

from lineage.facts import ExecutionState, Read, Write
from lineage.identity import names_own_pod
from lineage.model import Parameter, Phase
from lineage.observation import ObjectSeen
from lineage.redaction import is_redacted
from lineage.remembering import LastViews
from watchers.components import plain_name, types_of_outputs
from watchers.locations import chosen_key, locate
from watchers.nodes import ACTS, GROUPS, Nodes, Shape, attempt_number, parents_of, shape_of
from watchers.reading import mapping, mappings, scalar, text, time, whole
from watchers.source import Members

EMPTY: Final = Raw(b"{}")
METRICS_ANNOTATION: Final = "kfp-lineage/metrics"
GROUND_IN_STATUS: Final = ("storedWorkflowTemplateSpec", "storedTemplates", "artifactRepositoryRef")
"""What nodes refer to, in the status of their workflow; the rest is in its spec."""

_STATE_BYTES: Final = 5_000  # what is remembered of a node besides its text, roughly
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
_ORIGINAL_POD: Final = re.compile(r"original pod: (\S+)")

_Ground: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The attempts and groupings of a view, and the first and the last time that they name. `removed` is what attempts
    wrote and Argo's garbage collection removed."""

    executions: tuple[ExecutionState, ...]
    span: tuple[datetime, ...]
    removed: tuple[tuple[ExecutionState, Write], ...] = ()


NO_NODES: Final = Shown(executions=(), span=())


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a node says, looked at alone. `state` is not placed in the graph yet."""

    shape: Shape
    times: tuple[datetime, ...]
    state: ExecutionState
    removed: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class _View:
    """What was read of the nodes of a view, on the ground of what they refer to. All have the keys of `nodes`."""

    ground: _Ground
    nodes: Members
    readings: Mapping[str, _Reading]
    placed: Mapping[str, ExecutionState]


_views: Final = LastViews[_View]()


# ------------------------------------------------------------------------------------------ views
def of_nodes(item: Mapping[str, Any], nodes: Nodes, cluster: str) -> Shown:
    """Read the nodes of a workflow.

    Raises:
        InvalidObservation: a member is not what it should be.
    """
    reader = _Reader.of(item, cluster)
    readings = {node_id: reader.reading(node_id, node) for node_id, node in nodes.items()}
    return _shown(readings, _placed(readings, reader.name, None))


def of_sent_nodes(item: Mapping[str, Any], nodes: Members, ground: tuple[Raw, ...], seen: ObjectSeen) -> Shown:
    """Read the nodes of a workflow, which are texts. `ground` is the text of what they refer to.

    Raises:
        InvalidObservation: a member is not what it should be.
        ValueError: every node is null, or one is no JSON.
    """
    reader = _Reader.of(item, seen.cluster)
    name = (seen.cluster, text(mapping(item, "metadata"), "namespace"), reader.name)
    before = _views.get(name)
    on = (reader.name, *ground)
    if before is None or before.ground != on:
        before = _View(on, {}, {}, {})
    if before.nodes == nodes:
        return _shown(before.readings, before.placed)
    readings: dict[str, _Reading] = {}
    for node_id, sent in nodes.items():
        if before.nodes.get(node_id) == sent:
            if (known := before.readings.get(node_id)) is not None:
                readings[node_id] = known
        elif (node := orjson.loads(memoryview(sent))) is not None:
            readings[node_id] = reader.reading(node_id, mapping({node_id: node}, node_id))
    if not readings:
        raise ValueError("whether there are nodes must be asked of the whole")
    view = _View(on, nodes, readings, _placed(readings, reader.name, before))
    _views.put(name, view, len(seen.body) + _STATE_BYTES * len(nodes))
    return _shown(view.readings, view.placed)


def _shown(readings: Mapping[str, _Reading], placed: Mapping[str, ExecutionState]) -> Shown:
    times = [moment for reading in readings.values() for moment in reading.times]
    removed = tuple((reading.state, write) for reading in readings.values() for write in reading.removed)
    return Shown(executions=tuple(placed.values()), span=(min(times), max(times)) if times else (), removed=removed)


def _placed(readings: Mapping[str, _Reading], workflow: str, before: _View | None) -> dict[str, ExecutionState]:
    """Place what nodes say in the graph that all of them draw."""
    if before is not None and _draws_the_same(readings, before.readings):
        return {
            node_id: old if reading is before.readings[node_id] else _at_place_of(old, reading.state)
            for (node_id, reading), old in zip(readings.items(), before.placed.values(), strict=True)
        }
    shapes = {node_id: reading.shape for node_id, reading in readings.items()}
    graph = parents_of(shapes, workflow)
    placed: dict[str, ExecutionState] = {}
    for node_id, reading in readings.items():
        found = graph.get(node_id, [])
        attempt = attempt_number(reading.shape, found, shapes)
        parents = tuple(
            sorted({(p, shapes[p].started_at) for p in found}, key=lambda p: (p[0], p[1] is not None, p[1] or 0))
        )
        old = None if before is None or before.readings.get(node_id) is not reading else before.placed[node_id]
        same = old is not None and old.attempt == attempt and old.parents == parents
        placed[node_id] = old if old is not None and same else replace(reading.state, attempt=attempt, parents=parents)
    return placed


def _draws_the_same(readings: Mapping[str, _Reading], before: Mapping[str, _Reading]) -> bool:
    """Say whether nodes draw the same graph as before. Their order is part of it."""
    return list(readings) == list(before) and all(
        reading is old or reading.shape == old.shape
        for reading, old in zip(readings.values(), before.values(), strict=True)
    )


def _at_place_of(old: ExecutionState, state: ExecutionState) -> ExecutionState:
    return replace(state, attempt=old.attempt, parents=old.parents)


# ------------------------------------------------------------------------------------------ one node
def phase_of(holder: Mapping[str, Any]) -> Phase:
    """Read the phase of a node or of a workflow."""
    return _PHASES.get(text(holder, "phase"), Phase.UNKNOWN)


def times_of(holder: Mapping[str, Any]) -> Iterator[datetime]:
    """Read when a node or a workflow began and ended, as far as it did."""
    for member in ("startedAt", "finishedAt"):
        if (moment := time(holder, member)) is not None:
            yield moment


def _declared(template: Mapping[str, Any]) -> Iterator[str]:
    """Read which output parameters a template declares to be metrics."""
    listed = text(mapping(mapping(template, "metadata"), "annotations"), METRICS_ANNOTATION)
    return (name.strip() for name in listed.split(",") if name.strip()) if listed else iter(())


def parameters_of(holder: Mapping[str, Any]) -> Iterator[Parameter]:
    """Read the parameters among inputs, outputs or arguments."""
    for one in mappings(holder, "parameters"):
        value = scalar(one["value"] if one.get("value") is not None else one.get("default"))
        yield Parameter(name=text(one, "name"), value=value, redacted=value is not None and is_redacted(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads nodes of one workflow, on the ground of its templates."""

    name: str
    cluster: str
    templates: "_Templates"

    @classmethod
    def of(cls, item: Mapping[str, Any], cluster: str) -> "_Reader":
        return cls(name=text(mapping(item, "metadata"), "name"), cluster=cluster, templates=_Templates.of(item))

    def reading(self, node_id: str, node: dict[str, Any]) -> _Reading:
        """Read a node alone."""
        shape = shape_of(node)
        state = self._state(node_id, node, shape)
        return _Reading(shape, tuple(times_of(node)), state, tuple(_removed(node, state.writes)))

    def _state(self, node_id: str, node: dict[str, Any], shape: Shape) -> ExecutionState:
        kind, phase, name = shape.kind, phase_of(node), shape.name or node_id
        original = _ORIGINAL_POD.match(text(node, "message"))
        carried = original.group(1) if original else None
        memoized = mapping(node, "memoizationStatus").get("hit") is True
        acts = kind in ACTS
        wrote = (acts and phase in _RAN) or (kind == "Skipped" and carried is not None)
        template = self.templates.of_node(node)
        fallbacks = (mapping(template, "archiveLocation"), self.templates.archive_location, self.templates.repository)
        return ExecutionState(
            node_id=node_id,
            started_at=shape.started_at,
            is_group=kind in GROUPS,
            acts=acts,
            name=name,
            display_name=text(node, "displayName") or name,
            template=text(node, "templateName") or text(mapping(node, "templateRef"), "template") or None,
            kind=kind.upper() or "UNKNOWN",
            phase=phase,
            message=text(node, "message") or None,
            attempt=0,
            finished_at=time(node, "finishedAt"),
            exit_code=whole(mapping(node, "outputs"), "exitCode"),
            memoized=memoized,
            cached_from=carried,
            resources=mapping(node, "resourcesDuration") or None,
            input_parameters=tuple(parameters_of(mapping(node, "inputs"))),
            output_parameters=tuple(parameters_of(mapping(node, "outputs"))),
            parents=(),
            reads=tuple(self._reads(node, fallbacks)) if acts and phase not in _NOT_YET else (),
            writes=tuple(self._writes(node_id, node, template, fallbacks, memoized or carried is not None))
            if wrote
            else (),
            metrics=tuple(_declared(template)),
        )

    def _reads(self, node: dict[str, Any], fallbacks: tuple[Mapping[str, Any], ...]) -> Iterator[Read]:
        for artifact in mappings(mapping(node, "inputs"), "artifacts"):
            if (location := locate(artifact, fallbacks, self.cluster)) is not None:
                yield Read(name=text(artifact, "name"), location=location)

    def _writes(
        self,
        node_id: str,
        node: dict[str, Any],
        template: Mapping[str, Any],
        fallbacks: tuple[Mapping[str, Any], ...],
        taken_over: bool,
    ) -> Iterator[Write]:
        """Read the outputs. A key that names another pod was taken over from it, unless whoever wrote the
        template chose the key."""
        chosen = {text(a, "name") for a in mappings(mapping(template, "outputs"), "artifacts") if chosen_key(a)}
        types = types_of_outputs(template)
        for artifact in mappings(mapping(node, "outputs"), "artifacts"):
            name, location = text(artifact, "name"), locate(artifact, fallbacks, self.cluster)
            if location is None:
                continue
            own = names_own_pod(location.uri, node_id=node_id, workflow=self.name)
            foreign = own is False and name not in chosen
            yield Write(
                name=name,
                location=location,
                reused=taken_over or foreign,
                own=own is True,
                type=types.get(plain_name(name)),
            )


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

    def of_node(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Find the template that a node ran; empty where the object does not hold it."""
        reference, name = mapping(node, "templateRef"), text(node, "templateName")
        if reference:
            scope = "cluster" if reference.get("clusterScope") is True else "namespaced"
            found = self.stored.get(f"{scope}/{text(reference, 'name')}/{text(reference, 'template')}")
        else:
            found = self.local.get(name) or self.stored.get(f"{text(node, 'templateScope')}/{name}")
        return found if isinstance(found, dict) else {}
