"""Argo `Workflow`, versions 2.4 to 4.x, and Kubeflow Pipelines on it: runs, executions, reads and writes.

Pure, as `watchers.executions` is. What the fields mean: argo-workflows/pkg/apis/workflow/v1alpha1/workflow_types.go.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from lineage.errors import InvalidObservation
from lineage.evidence import Look
from lineage.facts import Fact, LocationLooked, ObjectKept, RecurringRef, RunSeen, Starter
from lineage.identity import (
    RESUBMITTED_LABEL,
    RUN_ID_LABEL,
    encode_key,
    file_uid,
    run_identity,
    sha256,
    written_key,
)
from lineage.model import ArtifactState, Parameter, Scheduler
from lineage.observation import ObjectSeen
from watchers import executions
from watchers.attempts import parameters_of, phase_of, times_of
from watchers.creations import NOTEBOOK_LABEL, starter_of
from watchers.executions import EMPTY
from watchers.kubeflow import Compiled
from watchers.locations import repository_of
from watchers.nodes import WorkflowHead, readable_nodes, unpack_members, unpack_nodes
from watchers.pipelines import pipeline_of
from watchers.reading import mapping, mappings, placing, seconds, text, texts, time
from watchers.revision import revision
from watchers.source import Resource, Source, read_members

RESOURCE: Final = Resource(group="argoproj.io", version="v1alpha1", plural="workflows", kind="Workflow")
EXPERIMENT_LABEL: Final = "kfp-lineage/experiment"
RUN_NAME: Final = "pipelines.kubeflow.org/run_name"
CRON_LABEL: Final = "workflows.argoproj.io/cron-workflow"
SCHEDULED_LABEL: Final = "scheduledworkflows.kubeflow.org/scheduledWorkflowName"
EPOCH_LABEL: Final = "scheduledworkflows.kubeflow.org/workflowEpoch"
LEAST_DIGITS, MOST_DIGITS = 9, 10  # of a time in seconds, from 1973 to 2286; what is generated for a name has five
REMOVED: Final = "Argo's garbage collection says that it removed it"


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
        nodes, missing = readable_nodes(mapping(item, "status"))
        return _interpret(
            item, seen, missing, None if nodes is None else executions.of_nodes(item, nodes, seen.cluster)
        )


def _interpret_news(seen: ObjectSeen) -> Sequence[Fact]:
    """Interpret a view; of its nodes, decode those that are not as they were in the last view of this workflow.

    Raises:
        InvalidObservation, ValueError: something is not what it should be.
    """
    members = read_members(seen.body)
    status = read_members(members.get("status", EMPTY))
    nodes = read_members(status.pop("nodes", EMPTY))
    item = {name: orjson.loads(memoryview(text)) for name, text in members.items() if name != "status"}
    item["status"] = {name: orjson.loads(memoryview(text)) for name, text in status.items()}
    if not nodes:
        shown, missing = readable_nodes(item["status"])
        return _interpret(item, seen, missing, None if shown is None else executions.NO_NODES)
    item["status"]["nodes"] = {}  # there are some, and they are elsewhere
    annotations = read_members(members.get("metadata", EMPTY)).get("annotations", EMPTY)
    in_status = (status.get(name, EMPTY) for name in executions.GROUND_IN_STATUS)
    ground = (members.get("spec", EMPTY), annotations, *in_status)
    return _interpret(item, seen, None, executions.of_sent_nodes(item, nodes, ground, seen))


def _interpret(
    item: dict[str, Any],
    seen: ObjectSeen,
    nodes_missing: str | None,
    shown: executions.Shown | None,
) -> Sequence[Fact]:
    metadata = mapping(item, "metadata")
    status, labels = mapping(item, "status"), texts(metadata, "labels")
    annotations = texts(metadata, "annotations")
    created_at, phase = time(metadata, "creationTimestamp"), phase_of(status)
    times = sorted([*times_of(status), *(shown.span if shown else ())])
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
    compiled = Compiled.of(item)
    repository = mapping(mapping(status, "artifactRepositoryRef"), "artifactRepository")
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
        parameters=_arguments(item) if compiled is None else compiled.parameters(),
        labels=labels,
        annotations=annotations,
        pipeline=pipeline_of(item),
        experiment=experiment or None,
        resubmitted_from=labels.get(RESUBMITTED_LABEL),
        nodes_missing=nodes_missing,
        executions=None if shown is None else shown.executions,
        recurring=_recurring(metadata, labels),
        started_by=_starter(metadata, seen.cluster),
        scheduled_at=_scheduled_at(name, labels),
        repository=None if compiled is None else repository_of(repository, seen.cluster),
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


def _recurring(metadata: Mapping[str, Any], labels: Mapping[str, str]) -> RecurringRef | None:
    """Say which recurring run made a workflow: its owner, else the one that its labels name."""
    for owner in mappings(metadata, "ownerReferences"):
        for scheduler in Scheduler:
            if owner.get("kind") == scheduler and (text(owner, "uid") or text(owner, "name")):
                return RecurringRef(scheduler=scheduler, uid=text(owner, "uid") or None, name=text(owner, "name"))
    for label, scheduler in ((SCHEDULED_LABEL, Scheduler.KUBEFLOW), (CRON_LABEL, Scheduler.ARGO)):
        if labels.get(label):
            return RecurringRef(scheduler=scheduler, uid=None, name=labels[label])
    return None


def _starter(metadata: Mapping[str, Any], cluster: str) -> Starter | None:
    """Say what started a workflow that something owns (a trial of Katib, a step of another workflow), or that bears the
    label of a notebook."""
    found = starter_of(
        metadata, group=RESOURCE.group, kind=RESOURCE.kind, cluster=cluster, besides=tuple(map(str, Scheduler))
    )
    return found if found.owner is not None or NOTEBOOK_LABEL in texts(metadata, "labels") else None


def _scheduled_at(name: str, labels: Mapping[str, str]) -> datetime | None:
    """Say for which time a recurring run made a workflow.

    Kubeflow says so in a label. Argo's annotation stands on what was submitted by hand as well, with the time of that;
    but what a CronWorkflow made of itself bears the time in its name. What was submitted again was made for no time.
    """
    if RESUBMITTED_LABEL in labels:
        return None
    cron = labels.get(CRON_LABEL)
    if cron:
        told = name.removeprefix(f"{cron}-")
        is_time = name.startswith(f"{cron}-") and len(told) >= LEAST_DIGITS
    else:
        told = labels.get(EPOCH_LABEL, "")
        is_time = True
    if not (is_time and told.isascii() and told.isdecimal() and len(told) <= MOST_DIGITS):
        return None
    return datetime.fromtimestamp(int(told), UTC)


def _arguments(item: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """The arguments of a run of Argo: those of its template, overridden by its own."""
    found: dict[str, Parameter] = {}
    for holder in (mapping(mapping(item, "status"), "storedWorkflowTemplateSpec"), mapping(item, "spec")):
        found |= {parameter.name: parameter for parameter in parameters_of(mapping(holder, "arguments"))}
    return tuple(found.values())


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
