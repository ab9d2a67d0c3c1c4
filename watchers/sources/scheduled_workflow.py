"""Kubeflow `ScheduledWorkflow`: a recurring run of Kubeflow Pipelines, and the one object that names an experiment.

Pure. What the fields mean: kubeflow/pipelines, backend/src/crd/pkg/apis/scheduledworkflow/v1beta1/types.go.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lineage.facts import Fact
from lineage.model import RecurringSpec, Scheduler
from lineage.observation import ObjectSeen
from watchers.reading import mapping, placing, text, time, whole
from watchers.recurring import (
    digest_of_text,
    facts_of_recurring_run,
    parameters_of_recurring_run,
)
from watchers.source import Resource, Source
from watchers.spec_times import SpecHead, note_spec_time, note_spec_time_in_members

RESOURCE: Final = Resource(
    group="kubeflow.org", version="v1beta1", plural="scheduledworkflows", kind="ScheduledWorkflow"
)
LEAST_AND_MOST: Final = (1, 10)  # runs at a time: the controller takes what lies outside for the nearer of the two


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a ScheduledWorkflow means.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("scheduled workflow", item):
        trigger = mapping(mapping(item, "status"), "trigger")
        return facts_of_recurring_run(
            item,
            seen,
            RESOURCE,
            _spec(mapping(item, "spec")),
            scheduler=Scheduler.KUBEFLOW,
            triggered_at=time(trigger, "lastTriggeredTime"),
        )


def _spec(spec: Mapping[str, Any]) -> RecurringSpec:
    trigger, workflow = mapping(spec, "trigger"), mapping(spec, "workflow")
    periodic, cron = mapping(trigger, "periodicSchedule"), mapping(trigger, "cronSchedule")
    # The controller asks for an interval first, and takes one of nothing for a second.
    timed = periodic if trigger.get("periodicSchedule") is not None else cron
    interval = (whole(periodic, "intervalSecond") or 1) if timed is periodic else None
    written, (least, most) = whole(spec, "maxConcurrency"), LEAST_AND_MOST
    return RecurringSpec(
        enabled=spec.get("enabled") is True,
        schedules=() if interval is not None or not text(cron, "cron") else (text(cron, "cron"),),
        interval_seconds=interval,
        starts_at=time(timed, "startTime"),
        ends_at=time(timed, "endTime"),
        max_concurrency=max(least, min(least if written is None else written, most)),
        catchup=spec.get("noCatchup") is not True,
        parameters=parameters_of_recurring_run(workflow),
        experiment_id=text(spec, "experimentId") or None,
        pipeline_id=text(spec, "pipelineId") or None,
        pipeline_version_id=text(spec, "pipelineVersionId") or None,
        pipeline_name=text(spec, "pipelineName") or None,
        text_digest=digest_of_text(workflow.get("spec")),
    )


def resembles(item: Mapping[str, Any]) -> bool:
    """Know one by what triggers it."""
    spec = item.get("spec")
    return isinstance(spec, dict) and isinstance(spec.get("trigger"), dict) and "workflow" in spec


SOURCE: Final = Source(
    name="scheduled_workflow",
    resource=RESOURCE,
    interpret=interpret,
    unpack=note_spec_time,
    unpack_members=note_spec_time_in_members,
    head=SpecHead,
    resembles=resembles,
)
