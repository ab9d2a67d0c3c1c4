"""Argo `Workflow`, versions 2.4 to 4.x, and Kubeflow Pipelines on it: runs, executions, reads and writes.

Pure, as `watchers.executions` is. What the fields mean: argo-workflows/pkg/apis/workflow/v1alpha1/workflow_types.go.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypedDict

import msgspec
import orjson
from msgspec import Raw

from lineage.errors import InvalidObservation
from lineage.evidence import Look
from lineage.facts import Fact, LocationLooked, ObjectKept, RunSeen
from lineage.identity import RUN_ID_LABEL, encode_key, file_uid, run_identity, sha256, written_key
from lineage.model import ArtifactState
from lineage.observation import ObjectSeen
from watchers import definitions, executions
from watchers.attempts import phase_of, times_of
from watchers.definitions import GROUP, IN_STATUS, KIND, VERSION, Definition
from watchers.executions import EMPTY
from watchers.nodes import WorkflowHead, readable_nodes, unpack_members, unpack_nodes
from watchers.reading import mapping, placing, seconds, text
from watchers.revision import revision
from watchers.source import Members, Resource, Source

RESOURCE: Final = Resource(group=GROUP, version="v1alpha1", plural="workflows", kind=KIND)
NULL: Final = Raw(b"null")
REMOVED: Final = "Argo's garbage collection says that it removed it"


class _Status(TypedDict, total=False):
    """What is read of a status. `nodes` and what belongs to the definition stay texts."""

    nodes: Members | None
    phase: Any
    message: Any
    startedAt: Any
    finishedAt: Any
    compressedNodes: Any
    offloadNodeStatusVersion: Any
    storedWorkflowTemplateSpec: Raw
    storedTemplates: Raw
    artifactRepositoryRef: Raw
    persistentVolumeClaims: Raw


class _Sent(msgspec.Struct, gc=False):
    """A workflow, of which no more is decoded than what each view says anew."""

    metadata: Members = {}
    spec: Raw = EMPTY
    status: _Status | None = None


_read_sent: Final = msgspec.json.Decoder(_Sent).decode


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a workflow means: nothing, if it was never in a cluster, as a manifest that only asks for a name.

    Nodes that are as they were in the last view of it are not read again: what they mean is remembered.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    try:
        return _interpret_news(seen)
    except (InvalidObservation, ValueError, RecursionError):
        return interpret_whole(seen)  # which says what is not as it should be, and where


def interpret_whole(seen: ObjectSeen) -> Sequence[Fact]:
    """Say the same, and remember nothing.

    Raises:
        InvalidObservation: as `interpret`.
    """
    item = seen.object()
    with placing("workflow", item):
        definition, status = Definition.of(item, seen.cluster), mapping(item, "status")
        nodes, missing = readable_nodes(status)
        shown = None if nodes is None else executions.of_nodes(definition.reader, nodes)
        return _interpret(definition, mapping(item, "metadata"), status, seen, missing, shown)


def _interpret_news(seen: ObjectSeen) -> Sequence[Fact]:
    """Interpret a view; decode what is not as it was in the last view of this workflow.

    Raises:
        InvalidObservation, ValueError: something is not what it should be.
    """
    sent = _read_sent(seen.body)
    metadata, status = sent.metadata, sent.status or _Status()
    version = {VERSION: orjson.loads(memoryview(metadata.pop(VERSION, NULL)))}
    of_definition: Members = {name: status[name] for name in IN_STATUS if name in status}
    definition = definitions.of_sent(metadata, sent.spec, of_definition, seen)
    if not (definition.name or definition.uid):
        raise ValueError("whether it was ever in a cluster must be asked of the whole")
    nodes = status.get("nodes")
    if not nodes:
        none, missing = readable_nodes({**status, "nodes": None})
        return _interpret(definition, version, status, seen, missing, None if none is None else executions.NO_NODES)
    ground = (sent.spec, metadata.get("annotations", EMPTY), *(of_definition.get(name, EMPTY) for name in IN_STATUS))
    shown = executions.of_sent_nodes(definition.reader, nodes, ground, seen)
    return _interpret(definition, version, status, seen, None, shown)


def _interpret(
    of: Definition,
    metadata: Mapping[str, Any],
    status: Mapping[str, Any],
    seen: ObjectSeen,
    nodes_missing: str | None,
    shown: executions.Shown | None,
) -> Sequence[Fact]:
    """Say what a view means; of its metadata the version is enough."""
    phase = phase_of(status)
    began, ended = times_of(status)
    times = sorted(moment for moment in (began, ended, *(shown.span if shown else ())) if moment is not None)
    if not (of.name or of.uid or status or shown):
        return ()
    incarnation = of.uid or file_uid(
        cluster=seen.cluster,
        namespace=of.namespace,
        name=of.name,
        born=seconds(of.created_at or (times[0] if times else None)),
        digest=sha256(seen.body),
    )
    view = revision(
        seen,
        metadata,
        uid=incarnation,
        born=of.created_at,
        latest=times[-1] if times else None,
        ended=phase.ended,
    )
    run = RunSeen(
        revision=view,
        run=run_identity(incarnation=incarnation, name=of.name, labels=of.labels),
        incarnation=incarnation,
        uid=of.labels.get(RUN_ID_LABEL) or of.uid or None,
        workflow_uid=of.uid or None,
        cluster=seen.cluster,
        namespace=of.namespace,
        name=of.name,
        display_name=of.display_name,
        phase=phase,
        message=text(status, "message") or None,
        created_at=of.created_at,
        started_at=began,
        finished_at=ended,
        parameters=of.parameters,
        labels=of.labels,
        annotations=of.annotations,
        pipeline=of.pipeline,
        experiment=of.experiment,
        resubmitted_from=of.resubmitted_from,
        nodes_missing=nodes_missing,
        executions=None if shown is None else shown.executions,
        recurring=of.recurring,
        started_by=of.started_by,
        scheduled_at=of.scheduled_at,
        repository=of.repository,
    )
    kept = ObjectKept(revision=view, resource=RESOURCE.name, uid=incarnation, body=seen.body)
    return run, kept, *_removals(run.run, seen, shown)


def _removals(run: str, seen: ObjectSeen, shown: executions.Shown | None) -> Iterator[LocationLooked]:
    """Say what Argo's garbage collection removed: each output that it marks, as if somebody had looked.

    When it did so no view says, and a look is dated by who saw it: here the watcher.
    """
    at = seconds(seen.seen_at) or 0
    for state, write in shown.removed if shown else ():
        of = encode_key(written_key(run, state.node_id, state.started_at, write.name))
        look = Look(state=ArtifactState.MISSING, reason=REMOVED, of=of)
        yield LocationLooked(location=write.location, at=at, look=look)


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
    head=WorkflowHead,
    resembles=resembles,
)
