"""All knowledge, as JSON objects in one order. Equal knowledge, equal sequence.

No times at which things were seen, no internal keys, no bookkeeping.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import to_builtins
from sqlalchemy import Connection

from lineage.identity import Key, global_id
from lineage.model import (
    BUILT_IN,
    Artifact,
    ArtifactRole,
    ArtifactUse,
    Deployment,
    DeploymentRevision,
    Execution,
    Experiment,
    Metric,
    Parameter,
    Pipeline,
    PipelineVersion,
    PodSeen,
    RecurringEdit,
    RecurringRun,
    Run,
    ServedArtifact,
    WorkflowIncarnation,
)
from lineage.ports import Scope
from lineage.store import parts, queries, values
from lineage.store.metrics import metrics_of_executions
from lineage.store.served import revisions, served
from lineage.store.slots import edits

T = TypeVar("T")

CHUNK = 200  # owners a statement


def dump(connection: Connection, scope: Scope) -> Iterator[Mapping[str, Any]]:
    """Yield everything as plain JSON objects, by type, and within one by key."""
    return map(to_builtins, _everything(connection, scope))


def _everything(connection: Connection, scope: Scope) -> Iterator[Mapping[str, Any]]:
    for artifacts in _in_chunks(connection, queries.artifacts(scope), values.artifact):
        yield from map(_artifact, artifacts)
    for deployments in _in_chunks(connection, queries.deployments(scope), values.deployment):
        yield from _deployments(connection, scope, deployments)
    for executions in _in_chunks(connection, queries.executions(scope), values.execution):
        yield from _executions(connection, scope, executions)
    for experiments in _in_chunks(connection, queries.experiments(scope), values.experiment):
        yield from map(_experiment, experiments)
    for pipelines in _in_chunks(connection, queries.pipelines(scope), values.pipeline):
        yield from map(_pipeline, pipelines)
    for versions in _in_chunks(connection, queries.pipeline_versions(scope), values.pipeline_version):
        yield from _versions(connection, scope, versions)
    for recurring in _in_chunks(connection, queries.recurring_runs(scope), values.recurring_run):
        yield from _recurring_runs(connection, scope, recurring)
    for runs in _in_chunks(connection, queries.runs(scope), values.run):
        yield from _runs(connection, scope, runs)


def _in_chunks(
    connection: Connection, query: queries.Query, read: Callable[[values.Columns], T]
) -> Iterator[Sequence[T]]:
    last: str | None = None
    while True:
        statement = query.select.add_columns(query.key.label("at")).order_by(query.key).limit(CHUNK)
        rows = connection.execute(statement if last is None else statement.where(query.key > last)).all()
        if not rows:
            return
        last = rows[-1].at
        yield [read(row._mapping) for row in rows]


def _id(key: Key | None) -> str | None:
    return None if key is None else global_id(key)


def _artifact(item: Artifact) -> Mapping[str, Any]:
    return {
        "type": "Artifact",
        "id": item.id,
        "name": item.name,
        "artifactType": item.type,
        "uri": item.uri,
        "digest": item.digest,
        "contentDigest": item.content_digest,
        "sizeBytes": item.size_bytes,
        "state": item.state,
        "createdAt": item.created_at,
        "producer": _id(item.producer_key),
    }


def _executions(connection: Connection, scope: Scope, items: Sequence[Execution]) -> Iterator[Mapping[str, Any]]:
    keys = [item.key for item in items]
    read = parts.uses(connection, scope, keys, (ArtifactRole.USED,))
    wrote = parts.uses(connection, scope, keys, (ArtifactRole.GENERATED, ArtifactRole.REUSED))
    before = parts.depends_on(connection, scope, keys)
    pods = parts.pods(connection, scope, keys)
    origins = parts.cached_from(connection, scope, keys)
    measured = metrics_of_executions(connection, scope, keys)
    came_to = parts.turns(connection, scope, keys)
    for item in items:
        origin = origins.get(item.key)
        yield {
            "type": "Execution",
            "id": item.id,
            "run": global_id(item.run_key),
            "nodeId": item.node_id,
            "name": item.name,
            "displayName": item.display_name,
            "template": item.template,
            "kind": item.kind,
            "phase": item.phase,
            "message": item.message,
            "attempt": item.attempt,
            "startedAt": item.started_at,
            "finishedAt": item.finished_at,
            "exitCode": item.exit_code,
            "superseded": item.superseded,
            "cached": item.cached,
            "system": item.system,
            "component": item.component,
            "cachedFrom": None if origin is None else origin.id,
            "resources": item.resources,
            "inputParameters": [_parameter(one) for one in item.input_parameters],
            "outputParameters": [_parameter(one) for one in item.output_parameters],
            "inputs": [_use(use) for use in read.get(item.key, ())],
            "outputs": [_use(use) for use in wrote.get(item.key, ())],
            "dependsOn": sorted(parent.id for parent in before.get(item.key, ())),
            "pods": [_pod(pod) for pod in pods.get(item.key, ())],
            "metrics": [_metric(one) for one in measured.get(item.key, ()) if one.source != BUILT_IN],
            "workload": item.workload,
            "images": item.images,
            "turns": came_to.get(item.key, ()),
        }


def _parameter(item: Parameter) -> Mapping[str, Any]:
    return {"name": item.name, "value": item.value, "redacted": item.redacted}


def _metric(item: Metric) -> Mapping[str, Any]:
    return {
        "name": item.name,
        "value": item.value,
        "special": item.special,
        "step": item.step,
        "source": item.source,
        "percentage": item.is_percentage,
    }


def _pod(item: PodSeen) -> Mapping[str, Any]:
    return {
        "uid": item.uid,
        "name": item.name,
        "node": item.node,
        "phase": item.phase,
        "exitCode": item.exit_code,
        "reason": item.reason,
        "restarts": item.restarts,
        "createdAt": item.created_at,
        "startedAt": item.started_at,
        "finishedAt": item.finished_at,
        "inCluster": item.in_cluster,
        "images": [
            {
                "container": image.container,
                "reference": image.reference,
                "digest": image.digest,
                "digestKind": image.digest_kind,
            }
            for image in item.images
        ],
    }


def _workflow(item: WorkflowIncarnation) -> Mapping[str, Any]:
    return {
        "uid": item.uid,
        "name": item.name,
        "createdAt": item.created_at,
        "phase": item.phase,
        "inCluster": item.in_cluster,
    }


def _use(use: ArtifactUse) -> Mapping[str, Any]:
    return {"name": use.name, "artifact": use.artifact.id, "role": use.role, "ambiguous": use.ambiguous}


def _experiment(item: Experiment) -> Mapping[str, Any]:
    return {
        "type": "Experiment",
        "id": item.id,
        "uid": item.uid,
        "name": item.name,
        "namespace": item.namespace,
        "createdAt": item.created_at,
    }


def _pipeline(item: Pipeline) -> Mapping[str, Any]:
    place = {"cluster": item.cluster, "namespace": item.namespace}
    return {"type": "Pipeline", "id": item.id, "name": item.name, **place}


def _versions(connection: Connection, scope: Scope, items: Sequence[PipelineVersion]) -> Iterator[Mapping[str, Any]]:
    specs = parts.specs(connection, scope, [item.key for item in items])
    for item in items:
        yield {
            "type": "PipelineVersion",
            "id": item.id,
            "pipeline": item.pipeline.id,
            "name": item.name,
            "digest": item.digest,
            "spec": specs.get(item.key),
            "createdAt": item.created_at,
        }


def _recurring_runs(connection: Connection, scope: Scope, items: Sequence[RecurringRun]) -> Iterator[Mapping[str, Any]]:
    known = edits(connection, scope, [item.key for item in items])
    for item in items:
        yield {
            "type": "RecurringRun",
            "id": item.id,
            "uid": item.uid,
            "kind": item.scheduler,
            "name": item.name,
            "displayName": item.display_name,
            "namespace": item.namespace,
            "cluster": item.cluster,
            "createdAt": item.created_at,
            "inCluster": item.in_cluster,
            "stopped": item.stopped,
            "triggeredAt": item.triggered_at,
            "experiment": _id(item.experiment_key),
            "spec": item.spec,
            "edits": [_edit(edit) for edit in known.get(item.key, ())],
        }


def _edit(edit: RecurringEdit) -> Mapping[str, Any]:
    """An edit is knowledge; when it was first seen is none."""
    return {"since": edit.since if edit.told else None, "spec": edit.spec}


def _deployments(connection: Connection, scope: Scope, items: Sequence[Deployment]) -> Iterator[Mapping[str, Any]]:
    keys = [item.key for item in items]
    known, read = revisions(connection, scope, keys), served(connection, scope, keys)
    for item in items:
        yield {
            "type": "Deployment",
            "id": item.id,
            "uid": item.uid,
            "kind": item.kind,
            "name": item.name,
            "namespace": item.namespace,
            "cluster": item.cluster,
            "createdAt": item.created_at,
            "endedAt": item.ended_at,
            "inCluster": item.in_cluster,
            "url": item.url,
            "ready": item.ready,
            "since": item.since,
            "message": item.message,
            "parent": _id(item.parent_key),
            "revisions": [_revision(one) for one in known.get(item.key, ())],
            "serves": [_served(one) for one in read.get(item.key, ())],
        }


def _revision(item: DeploymentRevision) -> Mapping[str, Any]:
    """What a revision serves is knowledge; when that was first seen is none."""
    return {
        "component": item.component,
        "name": item.name,
        "models": None if item.models is None else [{"name": one.name, "uri": one.uri} for one in item.models],
        "writtenAt": item.written_at if item.told else None,
        "trafficPercent": item.traffic_percent,
        "runtime": item.runtime,
    }


def _served(item: ServedArtifact) -> Mapping[str, Any]:
    return {
        "revision": item.revision,
        "model": item.model,
        "artifact": item.artifact.id,
        "ambiguous": item.ambiguous,
        "byContent": item.by_content,
        "isServedNow": item.is_served_now,
        "changedSince": item.changed_since,
        "replacedBy": None if item.replaced_by is None else item.replaced_by.id,
    }


def _runs(connection: Connection, scope: Scope, items: Sequence[Run]) -> Iterator[Mapping[str, Any]]:
    keys = [item.key for item in items]
    views, workflows = parts.views(connection, scope, keys), parts.workflows(connection, scope, keys)
    for item in items:
        view = views[item.key]
        yield {
            "type": "Run",
            "id": item.id,
            "uid": item.uid,
            "name": item.name,
            "displayName": item.display_name,
            "namespace": item.namespace,
            "cluster": item.cluster,
            "phase": item.phase,
            "message": view.message,
            "createdAt": item.created_at,
            "startedAt": item.started_at,
            "finishedAt": item.finished_at,
            "parameters": [_parameter(one) for one in view.parameters],
            "labels": view.labels,
            "annotations": view.annotations,
            "inCluster": item.in_cluster,
            "pipelineVersion": _id(item.pipeline_version_key),
            "experiment": _id(item.experiment_key),
            "resubmittedFrom": _id(item.resubmitted_from_key),
            "origins": {one.field: one.source for one in view.origins},
            "recurringRun": _id(item.recurring_run_key),
            "kind": item.kind,
            "startedBy": _id(item.started_by_key),
            "tuning": view.tuning,
            "details": view.details,
            "scheduledAt": item.scheduled_at,
            "forgotten": item.forgotten_at is not None,
            "workflows": [_workflow(one) for one in workflows.get(item.key, ())],
        }
