# mypy: allow-subclassing-any
"""Metrics: the type, series of it, and the names that there are."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import graphene

from lineage import model
from lineage.identity import parse_global_id
from lineage.ports import AllOf, Condition, Operator, Page
from lineage_graphql.connections import Connection, connection_type, forward_field, page_of, page_request
from lineage_graphql.context import Info, context_of
from lineage_graphql.enums import Special
from lineage_graphql.scalars import DateTime


class Metric(graphene.ObjectType):
    """One value. `step` counts within an execution, 0 for a metric that is written once."""

    name = graphene.String(required=True, description="What it is called.")
    value = graphene.Float(description="The number; null where it is none.")
    special = Special(description="What it is instead of a number.")
    step = graphene.Int(required=True, description="At which step it was written, counted by who wrote it.")
    at = DateTime(description="When the execution had ended that it is of.")
    execution = graphene.Field(
        "lineage_graphql.executions.Execution", description="The execution that it is of; null for one of a run itself."
    )
    run = graphene.Field("lineage_graphql.runs.Run", required=True, description="The run that it is of.")
    cached = graphene.Boolean(
        required=True, description="True where the execution took its outputs from an earlier one: it is an old value."
    )
    percentage = graphene.Boolean(
        required=True, source="is_percentage", description="True where 0.77 is meant to be shown as 77 %."
    )
    source = graphene.String(
        required=True,
        description="Where it was read: `outputs.parameters.NAME`, the uri of a file, `status` for what a trial or a "
        "job says of itself, or `built in` for what the engine says of everything.",
    )

    @staticmethod
    def resolve_execution(metric: model.Metric, info: Info) -> model.Node | None:
        return None if metric.execution_key is None else context_of(info).loaders.measured(metric.execution_key)

    @staticmethod
    def resolve_run(metric: model.Metric, info: Info) -> model.Node | None:
        return context_of(info).loaders.measured(metric.run_key)


MetricConnection = connection_type(Metric)


def metrics(description: str) -> graphene.Field:
    """Declare the latest metrics of something."""
    return graphene.List(graphene.NonNull(Metric), required=True, description=description)


def list_series(execution: model.Execution, info: Info, name: str, **asked: Any) -> Connection[model.Metric]:
    context, page = context_of(info), page_request(**asked)

    def read() -> Page[model.Metric]:
        series = context.loaders.series(execution, name)
        return page_of(series, [str(one.step) for one in series], page)

    return Connection(read, lambda: len(context.loaders.series(execution, name)))


METRIC_SERIES = forward_field(
    "lineage_graphql.metrics.Metric",
    list_series,
    "All values of one metric, by step.",
    name=graphene.Argument(graphene.String, required=True, description="What it is called."),
)


class TrendScope(graphene.InputObjectType):
    """Exactly one of the four."""

    pipeline = graphene.ID(description="The runs of this pipeline.")
    experiment = graphene.ID(description="The runs of this experiment.")
    recurring_run = graphene.ID(description="The runs that this recurring run made.")
    namespace = graphene.String(description="The runs in this namespace.")


def list_metric_names(_: object, info: Info, scope: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """List the names that runs of a scope recorded."""
    context = context_of(info)
    return context.store.metric_names(context.scope, None if scope is None else AllOf(tuple(within(scope))))


def within(scope: Mapping[str, str]) -> Iterator[Condition]:
    """Say of which runs a scope is."""
    for name, given in scope.items():
        value = given if name == "namespace" else parse_global_id(given)
        yield Condition(field=_FIELDS.get(name, name), operator=Operator.EQ, value=value)


_FIELDS: Final = {"recurring_run": "recurringRun"}

METRIC_NAMES = graphene.Field(
    graphene.List(graphene.NonNull(graphene.String)),
    required=True,
    scope=graphene.Argument(TrendScope, description="Of which runs; of all that may be seen unless asked."),
    resolver=list_metric_names,
    description="The metrics recorded in a scope, by name.",
)
