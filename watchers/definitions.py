"""What a workflow is by its definition: what it is called, who made it, which pipeline it runs on what, and what its
nodes refer to. All of it stands in what its views repeat.

Pure but for a bounded memory of the last views, on which nothing depends but speed: where these texts are as they were,
they mean what they meant. So it is read once a workflow, and not once a view.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
_Texts: TypeAlias = tuple[Mapping[str, bytes], bytes, Mapping[str, bytes]]
"""Those of the metadata, but for the version; of the spec; and of what in the status belongs to it."""

_definitions: Final = LastViews[tuple[_Texts, Definition]]()


def of_sent(metadata: Members, spec: Raw, status: Members, seen: ObjectSeen) -> Definition:
    """Read a workflow, whose members are texts.

    Raises:
        InvalidObservation: a member is not what it should be.
        ValueError: one is no JSON.
    """
    told = {name: bytes(sent) for name, sent in metadata.items() if name != VERSION}
    sent: _Texts = told, bytes(spec), {name: bytes(status[name]) for name in IN_STATUS if name in status}
    name = seen.cluster, told.get("namespace"), told.get("name")
    known = _definitions.get(name)
    if known is not None and known[0] == sent:
        return known[1]
    item = {"metadata": _read(sent[0]), "spec": orjson.loads(sent[1]), "status": _read(sent[2])}
    definition = Definition.of(item, seen.cluster)
    size_bytes = len(spec) + sum(len(of) for part in (told, sent[2]) for of in part.values())
    _definitions.put(name, (sent, definition), _DECODED * size_bytes)
    return definition


def _read(members: Mapping[str, bytes]) -> dict[str, Any]:
    return {name: orjson.loads(sent) for name, sent in members.items()}


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
