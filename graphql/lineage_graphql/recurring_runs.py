# mypy: allow-subclassing-any
"""Recurring runs and the ledgers of their slots: the types, their lists and filters."""

from datetime import datetime
from operator import attrgetter
from typing import Any

import graphene

from lineage import model
from lineage.schedules import fault_of
from lineage_graphql.connections import (
    Connection,
    connect,
    connect_owned,
    connection_type,
    forward_field,
    list_field,
    order_type,
    page_request,
)
from lineage_graphql.context import Info, context_of
from lineage_graphql.enums import SlotOutcome, order_fields
from lineage_graphql.filters import StringWhere
from lineage_graphql.node import Node
from lineage_graphql.parameters import parameters
from lineage_graphql.scalars import DateTime, Digest


def runs_of_recurring_run(recurring: model.RecurringRun, info: Info, **asked: Any) -> Connection[model.Run]:
    return connect_owned(context_of(info), recurring, model.Run, "recurringRun", **asked)


# ------------------------------------------------------------------------------------------ slots
class Slot(graphene.ObjectType):
    """A time at which a recurring run was due, and what became of it."""

    due_at = DateTime(required=True, description="When it was due.")
    outcome = SlotOutcome(required=True, description="What became of it.")
    reason = graphene.String(description="Why nothing ran, or more than one run was made; null where all went well.")
    run = graphene.Field("lineage_graphql.runs.Run", description="The run that was made for it: of several, the first.")
    late_by_seconds = graphene.Float(description="How long after it was due that run was made; null without one.")

    @staticmethod
    def resolve_run(slot: model.Slot, info: Info) -> model.Node | None:
        return context_of(info).loaders.run_of_slot(slot)


SlotConnection = connection_type(Slot)


def list_slots(
    recurring: model.RecurringRun, info: Info, *, from_: datetime, to: datetime, **asked: Any
) -> Connection[model.Slot]:
    context, page = context_of(info), page_request(**asked)
    return Connection(
        lambda: context.loaders.slots(recurring, from_, to, context.asked_at, page),
        lambda: context.loaders.count_slots(recurring, from_, to),
    )


# ------------------------------------------------------------------------------------------ recurring runs
class RecurringSpec(graphene.ObjectType):
    """When a recurring run is due, what holds it back, and what its runs are given."""

    enabled = graphene.Boolean(required=True, description="False while it is disabled or suspended.")
    schedules = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        resolver=lambda spec, _: schedules_of(spec),
        description="The cron expressions, or the interval as an ISO 8601 duration; none where it is due once.",
    )
    timezone = graphene.String(description="The time zone of the expressions; null for that of the controller, UTC.")
    starts_at = DateTime(description="Nothing is due before.")
    ends_at = DateTime(description="Nothing is due after.")
    max_concurrency = graphene.Int(description="How many of its runs may run at a time. Kubeflow's alone say so.")
    catchup = graphene.Boolean(description="Whether what was due meanwhile is made up for. Kubeflow's alone say so.")
    concurrency_policy = graphene.String(description="Allow, Forbid or Replace. Argo's alone say so.")
    starting_deadline_seconds = graphene.Int(description="How late Argo still makes a run that it missed.")
    when = graphene.String(description="The condition under which Argo makes a run.")
    stop_strategy = graphene.String(description="The condition under which Argo makes no more runs.")
    parameters = parameters("What its runs are given, with macros such as `[[ScheduledTime]]` as they are written.")
    pipeline_id = graphene.String(description="The id that Kubeflow gave its pipeline.")
    pipeline_version_id = graphene.String(description="The id that Kubeflow gave the version of its pipeline.")
    pipeline_name = graphene.String(description="What Kubeflow calls its pipeline.")
    text_digest = Digest(description="Of the workflow that it makes, where that is written in it.")


class RecurringEdit(graphene.ObjectType):
    """A spec of a recurring run, and since when it was in force."""

    since = DateTime(required=True, description="Since when it was in force.")
    told = graphene.Boolean(required=True, description="True where the object says so; else it was first seen then.")
    spec = graphene.Field(RecurringSpec, required=True, description="The spec.")


class RecurringRun(graphene.ObjectType):
    """A ScheduledWorkflow of Kubeflow Pipelines or a CronWorkflow of Argo."""

    class Meta:
        interfaces = (Node,)
        possible_types = (model.RecurringRun,)

    id = graphene.ID(required=True, description="The global id.")
    uid = graphene.String(
        required=True, description="The recurring run id of Kubeflow, which is the uid of the object; Argo's uid."
    )
    kind = graphene.String(
        required=True, resolver=lambda recurring, _: recurring.scheduler.value, description="The kind of the object."
    )
    name = graphene.String(required=True, description="The name of the object.")
    display_name = graphene.String(
        required=True, description="What people call it, where Kubeflow tells, else the name of the object."
    )
    cluster = graphene.String(required=True, description="The cluster that it is in.")
    namespace = graphene.String(required=True, description="The namespace that it is in.")
    created_at = DateTime(description="When it was made.")
    in_cluster = graphene.Boolean(required=True, description="False once it is gone; what was recorded stays.")
    enabled = graphene.Boolean(
        required=True,
        resolver=lambda recurring, _: recurring.spec.enabled,
        description="False while it is disabled or suspended.",
    )
    stopped = graphene.Boolean(required=True, description="True once its stop strategy has ended it.")
    schedules = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        resolver=lambda recurring, _: schedules_of(recurring.spec),
        description="The cron expressions, or the interval as an ISO 8601 duration.",
    )
    schedule_error = graphene.String(
        resolver=lambda recurring, _: fault_of(recurring.spec, recurring.scheduler),
        description="Why the schedules cannot be read, so that nothing is due; null where they can.",
    )
    timezone = graphene.String(
        resolver=lambda recurring, _: recurring.spec.timezone,
        description="The time zone of the expressions; null for that of the controller, UTC.",
    )
    max_concurrency = graphene.Int(
        resolver=lambda recurring, _: recurring.spec.max_concurrency,
        description="How many of its runs may run at a time.",
    )
    catchup = graphene.Boolean(
        resolver=lambda recurring, _: recurring.spec.catchup,
        description="Whether what was due meanwhile is made up for.",
    )
    spec = graphene.Field(RecurringSpec, required=True, description="All that is in force now.")
    edits = graphene.List(
        graphene.NonNull(RecurringEdit),
        required=True,
        description="What was in force since when, the oldest first: each edit that was seen.",
    )
    experiment = graphene.Field(
        "lineage_graphql.experiments.Experiment", description="The experiment that its runs belong to."
    )
    runs = list_field("lineage_graphql.runs.Run", runs_of_recurring_run, "The runs that it made.")
    slots = forward_field(
        "lineage_graphql.recurring_runs.Slot",
        list_slots,
        "Every time at which the schedule was due in [from, to), and what became of it.",
        from_=graphene.Argument(DateTime, required=True, name="from", description="From when on."),
        to=graphene.Argument(DateTime, required=True, description="Until when; at most ten years later."),
    )

    @staticmethod
    def resolve_edits(recurring: model.RecurringRun, info: Info) -> tuple[model.RecurringEdit, ...]:
        return context_of(info).loaders.edits(recurring)

    @staticmethod
    def resolve_experiment(recurring: model.RecurringRun, info: Info) -> model.Node | None:
        return context_of(info).loaders.referred(recurring, attrgetter("experiment_key"))


RecurringRunConnection = connection_type(RecurringRun)


def schedules_of(spec: model.RecurringSpec) -> list[str]:
    """Write the schedules of a spec, an interval among them."""
    return [*spec.schedules, *([] if spec.interval_seconds is None else [_duration(spec.interval_seconds)])]


def _duration(seconds: int) -> str:
    """Write a duration in the form of ISO 8601: hours, minutes and seconds, which are always as long."""
    parts = ((seconds // 3600, "H"), (seconds // 60 % 60, "M"), (seconds % 60, "S"))
    return "PT" + "".join(f"{number}{unit}" for number, unit in parts if number)


# ------------------------------------------------------------------------------------------ inputs
class RecurringRunWhere(graphene.InputObjectType):
    """Which recurring runs. Every given field must hold."""

    and_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: RecurringRunWhere)), name="and", description="All of these hold."
    )
    or_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: RecurringRunWhere)), name="or", description="One of these holds."
    )
    not_ = graphene.InputField(lambda: RecurringRunWhere, name="not", description="This does not hold.")
    name = StringWhere(description="By name.")
    uid = StringWhere(description="By uid.")
    namespace = StringWhere(description="By namespace.")
    cluster = StringWhere(description="By cluster.")
    enabled = graphene.Boolean(description="By whether it is enabled.")


RecurringRunOrderField = order_fields("RecurringRun", "CREATED_AT", "NAME")
RecurringRunOrder = order_type("RecurringRun", RecurringRunOrderField)


def list_recurring_runs(_: object, info: Info, **asked: Any) -> Connection[model.RecurringRun]:
    context = context_of(info)
    return connect(context, context.store.recurring_runs, model.RecurringRun, **asked)


RECURRING_RUNS = list_field(
    "lineage_graphql.recurring_runs.RecurringRun",
    list_recurring_runs,
    "Recurring runs, by name unless ordered otherwise.",
)
