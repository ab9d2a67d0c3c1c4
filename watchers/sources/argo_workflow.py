"""Argo `Workflow`, versions 2.4 to 4.x, and Kubeflow Pipelines on it: runs, executions, reads and writes.

Pure. What the fields mean: argo-workflows/pkg/apis/workflow/v1alpha1/workflow_types.go.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lineage.facts import ExecutionState, Fact, ObjectKept, Read, RunSeen, Write
from lineage.identity import RESUBMITTED_LABEL, RUN_ID_LABEL, file_uid, names_own_pod, run_identity, sha256
from lineage.model import Parameter, Phase
from lineage.observation import ObjectSeen
from lineage.redaction import is_redacted
from watchers.locations import chosen_key, locate
from watchers.nodes import (
    ACTS,
    GROUPS,
    Nodes,
    attempt_number,
    named_attempts,
    parents_of,
    readable_nodes,
    unpack_members,
    unpack_nodes,
)
from watchers.pipelines import pipeline_of
from watchers.reading import mapping, mappings, placing, scalar, seconds, text, texts, time, whole
from watchers.revision import revision
from watchers.source import Resource, Source

RESOURCE: Final = Resource(group="argoproj.io", version="v1alpha1", plural="workflows", kind="Workflow")
EXPERIMENT_LABEL: Final = "kfp-lineage/experiment"
RUN_NAME: Final = "pipelines.kubeflow.org/run_name"

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


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a workflow means: nothing, if it was never in a cluster, as a manifest that only asks for a name.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("workflow", item):
        return _interpret(item, mapping(item, "metadata"), seen)


def _interpret(item: dict[str, Any], metadata: dict[str, Any], seen: ObjectSeen) -> Sequence[Fact]:
    spec, status, labels = mapping(item, "spec"), mapping(item, "status"), texts(metadata, "labels")
    annotations = texts(metadata, "annotations")
    nodes, nodes_missing = readable_nodes(status)
    times = sorted(_times([status, *(nodes or {}).values()]))
    created_at, phase = time(metadata, "creationTimestamp"), _phase(status)
    name, namespace, uid = text(metadata, "name"), text(metadata, "namespace"), text(metadata, "uid")
    if not (name or uid or status):
        return ()
    incarnation = uid or file_uid(
        cluster=seen.cluster,
        namespace=namespace,
        name=name,
        born=seconds(created_at or (times[0] if times else None)),
        digest=sha256(seen.body),
    )
    view = revision(
        seen,
        metadata,
        uid=incarnation,
        born=created_at,
        latest=times[-1] if times else None,
        ended=phase.ended,
    )
    experiment = labels.get(EXPERIMENT_LABEL) or annotations.get(EXPERIMENT_LABEL)
    workflow = _Workflow(item=item, nodes=nodes or {}, name=name, cluster=seen.cluster)
    run = RunSeen(
        revision=view,
        run=run_identity(incarnation=incarnation, name=name, labels=labels),
        incarnation=incarnation,
        uid=labels.get(RUN_ID_LABEL) or uid or None,
        workflow_uid=uid or None,
        cluster=seen.cluster,
        namespace=namespace,
        name=name,
        display_name=annotations.get(RUN_NAME) or name or text(metadata, "generateName"),
        phase=phase,
        message=text(status, "message") or None,
        created_at=created_at,
        started_at=time(status, "startedAt"),
        finished_at=time(status, "finishedAt"),
        parameters=_arguments(spec, status),
        labels=labels,
        annotations=annotations,
        pipeline=pipeline_of(item),
        experiment=experiment or None,
        resubmitted_from=labels.get(RESUBMITTED_LABEL),
        nodes_missing=nodes_missing,
        executions=None if nodes is None else tuple(workflow.executions()),
    )
    return run, ObjectKept(revision=view, resource=RESOURCE.name, uid=incarnation, body=seen.body)


def _phase(holder: Mapping[str, Any]) -> Phase:
    return _PHASES.get(text(holder, "phase"), Phase.UNKNOWN)


def _times(holders: list[dict[str, Any]]) -> Iterator[datetime]:
    for holder in holders:
        for member in ("startedAt", "finishedAt"):
            if (moment := time(holder, member)) is not None:
                yield moment


def _arguments(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """The run's arguments: those of its template, overridden by its own."""
    found: dict[str, Parameter] = {}
    for holder in (mapping(status, "storedWorkflowTemplateSpec"), spec):
        found |= {parameter.name: parameter for parameter in _parameters(mapping(holder, "arguments"))}
    return tuple(found.values())


def _parameters(holder: Mapping[str, Any]) -> Iterator[Parameter]:
    for one in mappings(holder, "parameters"):
        value = scalar(one["value"] if one.get("value") is not None else one.get("default"))
        yield Parameter(name=text(one, "name"), value=value, redacted=value is not None and is_redacted(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Workflow:
    """One view of a workflow with its nodes, while it is being read."""

    item: dict[str, Any]
    nodes: Nodes
    name: str
    cluster: str

    def executions(self) -> Iterator[ExecutionState]:
        """Read every attempt and every grouping that the view names."""
        started = {node_id: seconds(time(node, "startedAt")) for node_id, node in self.nodes.items()}
        parents = parents_of(self.nodes, self.name)
        templates = _Templates.of(self.item)
        for node_id, node in self.nodes.items():
            yield self._execution(node_id, node, started, parents.get(node_id, []), templates)

    def _execution(
        self,
        node_id: str,
        node: dict[str, Any],
        started: Mapping[str, int | None],
        parents: list[str],
        templates: "_Templates",
    ) -> ExecutionState:
        kind, phase, name = text(node, "type"), _phase(node), text(node, "name") or node_id
        original = _ORIGINAL_POD.match(text(node, "message"))
        carried = original.group(1) if original else None
        memoized = mapping(node, "memoizationStatus").get("hit") is True
        acts = kind in ACTS
        wrote = (acts and phase in _RAN) or (kind == "Skipped" and carried is not None)
        template = templates.of_node(node)
        fallbacks = (mapping(template, "archiveLocation"), templates.archive_location, templates.repository)
        return ExecutionState(
            node_id=node_id,
            started_at=started[node_id],
            is_group=kind in GROUPS,
            acts=acts,
            name=name,
            display_name=text(node, "displayName") or name,
            template=text(node, "templateName") or text(mapping(node, "templateRef"), "template") or None,
            kind=kind.upper() or "UNKNOWN",
            phase=phase,
            message=text(node, "message") or None,
            attempt=attempt_number(node, parents, self.nodes),
            finished_at=time(node, "finishedAt"),
            exit_code=whole(mapping(node, "outputs"), "exitCode"),
            memoized=memoized,
            cached_from=carried,
            resources=mapping(node, "resourcesDuration") or None,
            input_parameters=tuple(_parameters(mapping(node, "inputs"))),
            output_parameters=tuple(_parameters(mapping(node, "outputs"))),
            parents=tuple(
                sorted({(p, started[p]) for p in parents}, key=lambda p: (p[0], p[1] is not None, p[1] or 0))
            ),
            reads=tuple(self._reads(node, fallbacks)) if acts and phase not in _NOT_YET else (),
            writes=tuple(self._writes(node_id, node, template, fallbacks, memoized or carried is not None))
            if wrote
            else (),
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
        for artifact in mappings(mapping(node, "outputs"), "artifacts"):
            name, location = text(artifact, "name"), locate(artifact, fallbacks, self.cluster)
            if location is None:
                continue
            own = names_own_pod(location.uri, node_id=node_id, workflow=self.name)
            foreign = own is False and name not in chosen
            yield Write(name=name, location=location, reused=taken_over or foreign, own=own is True)


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


def resembles(item: Mapping[str, Any]) -> bool:
    """Know a workflow by its templates or its nodes."""
    spec, status = item.get("spec"), item.get("status")
    return (isinstance(spec, dict) and ("templates" in spec or "workflowTemplateRef" in spec)) or (
        isinstance(status, dict) and "nodes" in status
    )


SOURCE: Final = Source(
    name="argo_workflow",
    resource=RESOURCE,
    interpret=interpret,
    unpack=unpack_nodes,
    unpack_members=unpack_members,
    attempts=named_attempts,
    resembles=resembles,
)
