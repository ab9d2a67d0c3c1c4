# mypy: allow-subclassing-any
"""Pipelines and their versions: the types, their lists and filters."""

from typing import Any

import graphene

from lineage import model
from lineage_graphql.connections import (
    Connection,
    connect,
    connect_owned,
    connection_type,
    forward_field,
    list_field,
    order_type,
)
from lineage_graphql.context import Info, context_of
from lineage_graphql.enums import order_fields
from lineage_graphql.filters import StringWhere
from lineage_graphql.node import Node
from lineage_graphql.scalars import JSON, DateTime, Digest


def runs_of_pipeline(pipeline: model.Pipeline, info: Info, **asked: Any) -> Connection[model.Run]:
    return connect_owned(context_of(info), pipeline, model.Run, "pipeline", **asked)


def versions_of_pipeline(pipeline: model.Pipeline, info: Info, **asked: Any) -> Connection[model.PipelineVersion]:
    return connect_owned(context_of(info), pipeline, model.PipelineVersion, "pipeline", **asked)


class Pipeline(graphene.ObjectType):
    """A pipeline, by name: a template, or the name that its runs were generated from."""

    class Meta:
        interfaces = (Node,)
        possible_types = (model.Pipeline,)

    id = graphene.ID(required=True, description="The global id.")
    name = graphene.String(required=True, description="What it is called.")
    cluster = graphene.String(description="The cluster that its runs were seen in.")
    namespace = graphene.String(description="Its namespace; null for a template of the whole cluster.")
    versions = forward_field(
        "lineage_graphql.pipelines.PipelineVersion", versions_of_pipeline, "The exact texts that its runs ran."
    )
    runs = list_field("lineage_graphql.runs.Run", runs_of_pipeline, "Its runs, whatever the version.")


PipelineConnection = connection_type(Pipeline)


class PipelineVersion(graphene.ObjectType):
    """One exact text of a pipeline. Runs of the same version ran the same spec, generated names and times aside."""

    class Meta:
        interfaces = (Node,)
        possible_types = (model.PipelineVersion,)

    id = graphene.ID(required=True, description="The global id.")
    name = graphene.String(description="What its first upload to Kubeflow was called; null where nobody told of one.")
    pipeline = graphene.Field(Pipeline, required=True, description="The pipeline that this is a text of.")
    digest = Digest(required=True, description="The digest of the spec in its canonical form.")
    spec = JSON(description="The spec, with generated names, times and argument values set aside.")
    created_at = DateTime(description="When it was first uploaded, where Kubeflow tells; else that of its first run.")

    @staticmethod
    def resolve_spec(version: model.PipelineVersion, info: Info) -> Any:
        return context_of(info).loaders.spec(version)


PipelineVersionConnection = connection_type(PipelineVersion)


class PipelineWhere(graphene.InputObjectType):
    """Which pipelines. Every given field must hold."""

    and_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: PipelineWhere)), name="and", description="All of these hold."
    )
    or_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: PipelineWhere)), name="or", description="One of these holds."
    )
    not_ = graphene.InputField(lambda: PipelineWhere, name="not", description="This does not hold.")
    name = StringWhere(description="By name.")
    namespace = StringWhere(description="By namespace.")
    cluster = StringWhere(description="By cluster.")


PipelineOrderField = order_fields("Pipeline", "CREATED_AT", "NAME")
PipelineOrder = order_type("Pipeline", PipelineOrderField)


def list_pipelines(_: object, info: Info, **asked: Any) -> Connection[model.Pipeline]:
    context = context_of(info)
    return connect(context, context.store.pipelines, model.Pipeline, **asked)


PIPELINES = list_field(
    "lineage_graphql.pipelines.Pipeline", list_pipelines, "Pipelines, by name unless ordered otherwise."
)
