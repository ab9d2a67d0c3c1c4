# mypy: allow-subclassing-any
"""Experiments: the type, its lists and filters."""

from typing import Any

import graphene

from lineage import model
from lineage_graphql.connections import Connection, connect, connect_owned, connection_type, list_field, order_type
from lineage_graphql.context import Info, context_of
from lineage_graphql.enums import order_fields
from lineage_graphql.filters import StringWhere
from lineage_graphql.node import Node
from lineage_graphql.scalars import DateTime


def runs_of_experiment(experiment: model.Experiment, info: Info, **asked: Any) -> Connection[model.Run]:
    return connect_owned(context_of(info), experiment, model.Run, "experiment", **asked)


class Experiment(graphene.ObjectType):
    """A group of runs that belong together, as Kubeflow Pipelines keeps them."""

    class Meta:
        interfaces = (Node,)
        possible_types = (model.Experiment,)

    id = graphene.ID(required=True, description="The global id.")
    name = graphene.String(required=True, description="What it is called.")
    cluster = graphene.String(description="The cluster that its runs were seen in.")
    namespace = graphene.String(description="The namespace of its runs.")
    created_at = DateTime(description="When it was made, where Kubeflow tells; else when its first run was.")
    runs = list_field("lineage_graphql.runs.Run", runs_of_experiment, "Its runs.")


ExperimentConnection = connection_type(Experiment)


class ExperimentWhere(graphene.InputObjectType):
    """Which experiments. Every given field must hold."""

    and_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: ExperimentWhere)), name="and", description="All of these hold."
    )
    or_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: ExperimentWhere)), name="or", description="One of these holds."
    )
    not_ = graphene.InputField(lambda: ExperimentWhere, name="not", description="This does not hold.")
    name = StringWhere(description="By name.")
    namespace = StringWhere(description="By namespace.")
    cluster = StringWhere(description="By cluster.")


ExperimentOrderField = order_fields("Experiment", "CREATED_AT", "NAME")
ExperimentOrder = order_type("Experiment", ExperimentOrderField)


def list_experiments(_: object, info: Info, **asked: Any) -> Connection[model.Experiment]:
    context = context_of(info)
    return connect(context, context.store.experiments, model.Experiment, **asked)


EXPERIMENTS = list_field(
    "lineage_graphql.experiments.Experiment", list_experiments, "Experiments, by name unless ordered otherwise."
)
