# mypy: allow-subclassing-any
"""Deployments: what serves models, with every revision and the artifacts that these read; their lists and filters."""

from operator import attrgetter
from typing import Any

import graphene

from lineage import model
from lineage_graphql.artifacts import Artifact
from lineage_graphql.connections import Connection, connect, connection_type, list_field, order_type
from lineage_graphql.context import Info, context_of
from lineage_graphql.enums import order_fields
from lineage_graphql.filters import StringWhere
from lineage_graphql.node import LineageNode, Node
from lineage_graphql.scalars import DateTime


class ServedModel(graphene.ObjectType):
    """A model as the spec of a deployment names it."""

    name = graphene.String(
        required=True, description="Where it is mounted, or what an adapter is called; empty for the only one."
    )
    uri = graphene.String(
        required=True,
        description="As it is written. Where only a secret says in which bucket it lies, it begins with "
        "`kserve-storage://`, and names that secret, its key and the path.",
    )
    format = graphene.String(description="Its format and version, as the spec says.")


class DeploymentRevision(graphene.ObjectType):
    """What one component of a deployment served from one rollout to the next."""

    component = graphene.String(required=True, description="`predictor`, `transformer`, `explainer`, `model`, …")
    name = graphene.String(
        required=True, description="As KServe names it, else the component and a number in the order of rollouts."
    )
    models = graphene.List(
        graphene.NonNull(ServedModel), description="Its models; null where nobody saw the spec that it was made of."
    )
    runtime = graphene.String(description="What serves them.")
    written_at = DateTime(required=True, description="When its spec was written.")
    told = graphene.Boolean(required=True, description="True where the object says so; else it was first seen then.")
    ready_at = DateTime(description="When it could first be asked; null where nobody saw it so.")
    since = DateTime(description="Since when it got traffic.")
    until = DateTime(description="Until when it did; null while it does, and where that is not known.")
    traffic_percent = graphene.Int(description="How much of the traffic it gets; null if none.")


class ServedArtifact(graphene.ObjectType):
    """An artifact that a revision serves or served: as it was when that was rolled out."""

    revision = graphene.String(required=True, description="The name of the revision.")
    model = graphene.String(required=True, description="The name of its model, where it has several; else empty.")
    artifact = graphene.Field(Artifact, required=True, description="What it read.")
    inferred = graphene.Boolean(
        required=True,
        description="True where this rests on time, place or content, and on no record: the clocks allow another write "
        "as well, a volume is mounted, or it is `byContent`.",
    )
    by_content = graphene.Boolean(
        required=True, description="True where it lies elsewhere, and what was read has the same content."
    )
    served_now = graphene.Boolean(
        required=True,
        resolver=lambda served, _: served.is_served_now,
        description="True while its revision gets traffic, or is the last that was made.",
    )
    changed_since = graphene.Boolean(
        description="True where something else lies in its place now: a pod that starts from now on serves that. Null "
        "where nobody can tell."
    )
    replaced_by = graphene.Field(Artifact, description="The newest write of its place since; null where there is none.")


class Deployment(graphene.ObjectType):
    """A model being served: an InferenceService, LLMInferenceService or TrainedModel of KServe."""

    class Meta:
        interfaces = (Node, LineageNode)
        possible_types = (model.Deployment,)

    id = graphene.ID(required=True, description="The global id.")
    uid = graphene.String(required=True, description="The uid of the object.")
    name = graphene.String(required=True, description="The name of the object.")
    cluster = graphene.String(required=True, description="The cluster that it is in.")
    namespace = graphene.String(required=True, description="The namespace that it is in.")
    kind = graphene.String(required=True, description="The kind of the object.")
    url = graphene.String(description="Where it can be asked.")
    models = graphene.List(
        graphene.NonNull(Artifact),
        required=True,
        description="What it serves now, several while one is tried beside another; none once it is gone.",
    )
    ready = graphene.Boolean(description="Whether it can be asked; null where nobody says.")
    since = DateTime(description="Since when it is ready, or is not.")
    message = graphene.String(description="Why it is not ready.")
    created_at = DateTime(description="When it was made.")
    in_cluster = graphene.Boolean(required=True, description="False once it is gone; what was recorded stays.")
    parent = graphene.Field(
        lambda: Deployment, description="The InferenceService that a TrainedModel is loaded into, where that is known."
    )
    revisions = graphene.List(
        graphene.NonNull(DeploymentRevision),
        required=True,
        description="All that it has served, by component, the oldest first.",
    )
    served = graphene.List(
        graphene.NonNull(ServedArtifact),
        required=True,
        description="The artifacts that its revisions read, those that are served now first.",
    )

    @staticmethod
    def resolve_models(deployment: model.Deployment, info: Info) -> list[model.Artifact]:
        found = context_of(info).loaders.served(deployment)
        return list({one.artifact.key: one.artifact for one in found if one.is_served_now}.values())

    @staticmethod
    def resolve_parent(deployment: model.Deployment, info: Info) -> model.Node | None:
        return context_of(info).loaders.referred(deployment, attrgetter("parent_key"))

    @staticmethod
    def resolve_revisions(deployment: model.Deployment, info: Info) -> tuple[model.DeploymentRevision, ...]:
        return context_of(info).loaders.revisions(deployment)

    @staticmethod
    def resolve_served(deployment: model.Deployment, info: Info) -> tuple[model.ServedArtifact, ...]:
        return context_of(info).loaders.served(deployment)


DeploymentConnection = connection_type(Deployment)


# ------------------------------------------------------------------------------------------ inputs
class DeploymentWhere(graphene.InputObjectType):
    """Which deployments. Every given field must hold."""

    and_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: DeploymentWhere)), name="and", description="All of these hold."
    )
    or_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: DeploymentWhere)), name="or", description="One of these holds."
    )
    not_ = graphene.InputField(lambda: DeploymentWhere, name="not", description="This does not hold.")
    name = StringWhere(description="By name.")
    uid = StringWhere(description="By uid.")
    kind = StringWhere(description="By the kind of the object.")
    namespace = StringWhere(description="By namespace.")
    cluster = StringWhere(description="By cluster.")
    ready = graphene.Boolean(description="By whether it can be asked; what nobody says is not ready.")
    in_cluster = graphene.Boolean(description="By whether it is still there.")
    model = graphene.ID(description="By an artifact that it serves or served.")


DeploymentOrderField = order_fields("Deployment", "CREATED_AT", "NAME")
DeploymentOrder = order_type("Deployment", DeploymentOrderField)


def list_deployments(_: object, info: Info, **asked: Any) -> Connection[model.Deployment]:
    context = context_of(info)
    return connect(context, context.store.deployments, model.Deployment, **asked)


DEPLOYMENTS = list_field(
    "lineage_graphql.deployments.Deployment",
    list_deployments,
    "What serves models, by name unless ordered otherwise.",
)
