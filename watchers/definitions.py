"""What a workflow is by its definition: what it is called, who made it, which pipeline it runs on what, and what its
nodes refer to. All of it stands in what its views repeat.

Pure but for a bounded memory of the last views, on which nothing depends but speed: where these texts are as they were,
they mean what they meant. So it is read once a workflow, and not once a view.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import orjson
from msgspec import Raw

from lineage.facts import PipelineRef, RecurringRef, Repository, Starter
from lineage.identity import RESUBMITTED_LABEL
from lineage.model import Parameter, Scheduler
from lineage.observation import ObjectSeen
from lineage.remembering import LastViews
from watchers.attempts import Reader, parameters_of
from watchers.creations import NOTEBOOK_LABEL, starter_of
from watchers.locations import repository_of
from watchers.pipelines import pipeline_of
from watchers.reading import mapping, mappings, text, texts, time
from watchers.source import Members

GROUP: Final = "argoproj.io"
KIND: Final = "Workflow"
EXPERIMENT_LABEL: Final = "kfp-lineage/experiment"
RUN_NAME: Final = "pipelines.kubeflow.org/run_name"
CRON_LABEL: Final = "workflows.argoproj.io/cron-workflow"
SCHEDULED_LABEL: Final = "scheduledworkflows.kubeflow.org/scheduledWorkflowName"
EPOCH_LABEL: Final = "scheduledworkflows.kubeflow.org/workflowEpoch"
LEAST_DIGITS, MOST_DIGITS = 9, 10  # of a time in seconds, from 1973 to 2286; what is generated for a name has five

VERSION: Final = "resourceVersion"
"""What of its metadata is another in each view."""
IN_STATUS: Final = ("storedWorkflowTemplateSpec", "storedTemplates", "artifactRepositoryRef", "persistentVolumeClaims")
"""What of its status belongs to its definition."""
LABELS: Final = "labels"
OF_PROGRESS: Final = frozenset(
    {
        "workflows.argoproj.io/phase",
        "workflows.argoproj.io/completed",
        "workflows.argoproj.io/workflow-archiving-status",
        "pipeline/persistedFinalState",
    }
)
"""Labels that say how far it is, and nothing of what it is."""

_NONE: Final = Raw(b"null")
_DECODED: Final = 8  # times as large as its text is what is read of it, roughly


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a workflow is. `reader` reads its nodes; the rest is as in `lineage.facts.RunSeen`."""

    reader: Reader
    uid: str
    namespace: str
    name: str
    display_name: str
    labels: dict[str, str]
    annotations: Mapping[str, str]
    created_at: datetime | None
    parameters: tuple[Parameter, ...]
    pipeline: PipelineRef | None
    experiment: str | None
    resubmitted_from: str | None
    recurring: RecurringRef | None
    started_by: Starter | None
    scheduled_at: datetime | None
    repository: Repository | None

    @classmethod
    def of(cls, item: Mapping[str, Any], cluster: str) -> "Definition":
        """Read a workflow, of which the rest may be left out.

        Raises:
            InvalidObservation: a member is not what it should be.
        """
        metadata, status = mapping(item, "metadata"), mapping(item, "status")
        labels, annotations = texts(metadata, "labels"), texts(metadata, "annotations")
        name, reader = text(metadata, "name"), Reader.of(item, cluster)
        repository = mapping(mapping(status, "artifactRepositoryRef"), "artifactRepository")
        return cls(
            reader=reader,
            uid=text(metadata, "uid"),
            namespace=text(metadata, "namespace"),
            name=name,
            display_name=annotations.get(RUN_NAME) or name or text(metadata, "generateName"),
            labels=labels,
            annotations=annotations,
            created_at=time(metadata, "creationTimestamp"),
            parameters=_arguments(item) if reader.compiled is None else reader.compiled.parameters(),
            pipeline=pipeline_of(item),
            experiment=labels.get(EXPERIMENT_LABEL) or annotations.get(EXPERIMENT_LABEL) or None,
            resubmitted_from=labels.get(RESUBMITTED_LABEL),
            recurring=_recurring(metadata, labels),
            started_by=_starter(metadata, cluster),
            scheduled_at=_scheduled_at(name, labels),
            repository=None if reader.compiled is None else repository_of(repository, cluster),
        )


# ------------------------------------------------------------------------------------------ views
_Texts: TypeAlias = tuple[Members, Raw, Members]
"""Those of the metadata, but for the version; of the spec; and of what in the status belongs to it."""

_definitions: Final = LastViews[tuple[_Texts, Definition]]()


def of_sent(metadata: Members, spec: Raw, status: Members, seen: ObjectSeen) -> Definition:
    """Read a workflow, whose members are texts. `metadata` are without their version, `status` is what of it belongs
    here.

    Raises:
        InvalidObservation: a member is not what it should be.
        ValueError: one is no JSON.
    """
    name = seen.cluster, bytes(metadata.get("namespace", _NONE)), bytes(metadata.get("name", _NONE))
    sent: _Texts = metadata, spec, status
    known = _definitions.get(name)
    if known is not None and known[0] == sent:
        return known[1]
    labels = None if known is None else _labels_of_progress(known[0], sent)
    definition = _read(sent, seen.cluster) if known is None or labels is None else replace(known[1], labels=labels)
    size_bytes = len(spec) + sum(len(of) for part in (metadata, status) for of in part.values())
    # Copied, so that the rest of the view is not held.
    _definitions.put(name, ((_copied(metadata), spec.copy(), _copied(status)), definition), _DECODED * size_bytes)
    return definition


def _read(sent: _Texts, cluster: str) -> Definition:
    metadata, spec, status = sent
    item = {"metadata": _decoded(metadata), "spec": orjson.loads(memoryview(spec)), "status": _decoded(status)}
    return Definition.of(item, cluster)


def _labels_of_progress(was: _Texts, sent: _Texts) -> dict[str, str] | None:
    """Read the labels of a workflow that is another in nothing but how far it is; None of any other."""
    if was[1:] != sent[1:] or {**was[0], LABELS: _NONE} != {**sent[0], LABELS: _NONE}:
        return None
    before, labels = (texts(_decoded({LABELS: of[0].get(LABELS, _NONE)}), LABELS) for of in (was, sent))
    return labels if _lasting(before) == _lasting(labels) else None


def _lasting(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in OF_PROGRESS}


def _decoded(members: Members) -> dict[str, Any]:
    return {name: orjson.loads(memoryview(sent)) for name, sent in members.items()}


def _copied(members: Members) -> Members:
    return {name: sent.copy() for name, sent in members.items()}


# ------------------------------------------------------------------------------------------ what it says
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
    found = starter_of(metadata, group=GROUP, kind=KIND, cluster=cluster, besides=tuple(map(str, Scheduler)))
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
