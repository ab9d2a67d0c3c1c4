"""Argo `CronWorkflow`, with one schedule (up to 3.6) or several.

Pure. What the fields mean: argo-workflows/pkg/apis/workflow/v1alpha1/cron_workflow_types.go.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lineage.errors import InvalidObservation
from lineage.facts import Fact
from lineage.model import RecurringSpec, Scheduler
from lineage.observation import ObjectSeen
from watchers.reading import mapping, placing, sequence, text, time, whole
from watchers.recurring import (
    digest_of_text,
    facts_of_recurring_run,
    parameters_of_recurring_run,
)
from watchers.source import Resource, Source
from watchers.spec_times import SpecHead, note_spec_time, note_spec_time_in_members

RESOURCE: Final = Resource(group="argoproj.io", version="v1alpha1", plural="cronworkflows", kind="CronWorkflow")
ALLOW: Final = "Allow"
STOPPED: Final = "Stopped"


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a CronWorkflow means.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("cron workflow", item):
        status = mapping(item, "status")
        return facts_of_recurring_run(
            item,
            seen,
            RESOURCE,
            _spec(mapping(item, "spec")),
            scheduler=Scheduler.ARGO,
            triggered_at=time(status, "lastScheduledTime"),
            stopped=text(status, "phase") == STOPPED,
        )


def _spec(spec: Mapping[str, Any]) -> RecurringSpec:
    schedules = sequence(spec, "schedules") or ([spec["schedule"]] if spec.get("schedule") else [])
    for schedule in schedules:
        if not isinstance(schedule, str):
            raise InvalidObservation(f"spec.schedules holds {schedule!r:.40}, expected a text such as 0 9 * * 1-5")
    workflow = mapping(spec, "workflowSpec")
    return RecurringSpec(
        enabled=spec.get("suspend") is not True,
        schedules=tuple(schedules),
        timezone=text(spec, "timezone") or None,
        concurrency_policy=text(spec, "concurrencyPolicy") or ALLOW,
        starting_deadline_seconds=whole(spec, "startingDeadlineSeconds"),
        when=text(spec, "when") or None,
        stop_strategy=_stop_strategy(spec),
        parameters=parameters_of_recurring_run(mapping(workflow, "arguments")),
        text_digest=digest_of_text(workflow),
    )


def _stop_strategy(spec: Mapping[str, Any]) -> str | None:
    """The condition that ends it; `condition` was its name in the first releases that had it."""
    strategy = mapping(spec, "stopStrategy")
    return text(strategy, "expression") or text(strategy, "condition") or None


def resembles(item: Mapping[str, Any]) -> bool:
    """Know one by its schedules."""
    spec = item.get("spec")
    return isinstance(spec, dict) and "workflowSpec" in spec and ("schedule" in spec or "schedules" in spec)


SOURCE: Final = Source(
    name="cron_workflow",
    resource=RESOURCE,
    interpret=interpret,
    unpack=note_spec_time,
    unpack_members=note_spec_time_in_members,
    head=SpecHead,
    resembles=resembles,
)
