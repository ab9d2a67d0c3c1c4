# mypy: allow-subclassing-any
"""Artifacts: the type and its uses, its lists and filters."""

from operator import attrgetter
from typing import Any

import graphene

from lineage import model
from lineage.ports import Page
from lineage_graphql.connections import (
    Connection,
    connect,
    connect_owned,
    connection_type,
    forward_field,
    list_field,
    order_type,
    page_of,
    page_request,
)
from lineage_graphql.context import Info, context_of
from lineage_graphql.enums import ArtifactRole, ArtifactState, order_fields
from lineage_graphql.filters import DateTimeWhere, IDWhere, StringWhere
from lineage_graphql.heads import executions_as
from lineage_graphql.node import LineageNode, Node
from lineage_graphql.scalars import JSON, BigInt, DateTime, Digest
from lineage_graphql.texts import TEXT_OF_ARTIFACT


def consumers_of_artifact(
    artifact: model.Artifact, info: Info, **asked: Any
) -> Connection[model.Execution | model.ExecutionHead]:
    return connect_owned(context_of(info), artifact, executions_as(info), "consumes", **asked)


class ArtifactLook(graphene.ObjectType):
    """What one look at an object says of an artifact."""

    at = DateTime(required=True, description="When somebody looked.")
    state = ArtifactState(required=True, description="What became of the artifact, as far as this look tells.")
    digest = Digest(description="Of the bytes that lay there: as they were read, or as the store vouches for them.")
    size_bytes = BigInt(description="Of what lay there; of a folder, all its files.")
    version = graphene.String(description="As the store names it, where it keeps versions.")
    evidence = graphene.String(required=True, description="What the state rests on, or why nothing can be told.")


ArtifactLookConnection = connection_type(ArtifactLook)


def list_looks(artifact: model.Artifact, info: Info, **asked: Any) -> Connection[model.ArtifactLook]:
    context, page = context_of(info), page_request(**asked)

    def read() -> Page[model.ArtifactLook]:
        looks = context.loaders.history(artifact)
        return page_of(looks, [f"{look.at.timestamp():.0f}-{look.number}" for look in looks], page)

    return Connection(read, lambda: len(context.loaders.history(artifact)))


class Artifact(graphene.ObjectType):
    """One write of one object. A second write to the same uri is another artifact."""

    class Meta:
        interfaces = (Node, LineageNode)
        possible_types = (model.Artifact,)

    id = graphene.ID(required=True, description="The global id.")
    name = graphene.String(required=True, description="The name of the output that wrote it, else of its place.")
    type = graphene.String(description="What its component says that it is, such as `Model`.")
    uri = graphene.String(
        description="Canonical: `s3://bucket/key`, `gs://bucket/key`, `pvc://namespace/claim/path`, …; null for a "
        "value kept in the workflow itself."
    )
    digest = Digest(description="Of the stored bytes.")
    content_digest = Digest(
        description="Of what the bytes mean: for a tar or a gzip the names and contents of its files, without times "
        "and owners. Equal content compares equal."
    )
    size_bytes = BigInt(description="Of the stored bytes; of a folder, all its files.")
    state = ArtifactState(required=True, description="What became of it, as far as looks at its place tell.")
    created_at = DateTime(description="When it was written.")
    metadata = JSON(
        description="What who wrote and read it say of it, and what it says that can be read: `metrics`, `plots` to be "
        "shown, and what of it was `setAside`."
    )
    producer = graphene.Field(
        "lineage_graphql.executions.Execution",
        description="Null for an artifact that came from outside every recorded run.",
    )
    consumers = forward_field(
        "lineage_graphql.executions.Execution", consumers_of_artifact, "The executions that read it or took it over."
    )

    history = forward_field(
        "lineage_graphql.artifacts.ArtifactLook", list_looks, "Each look at the object, newest first."
    )

    text = TEXT_OF_ARTIFACT

    @staticmethod
    def resolve_metadata(artifact: model.Artifact, info: Info) -> Any:
        return context_of(info).loaders.metadata(artifact)

    @staticmethod
    def resolve_producer(artifact: model.Artifact, info: Info) -> model.Node | None:
        return context_of(info).loaders.referred(artifact, attrgetter("producer_key"))


ArtifactConnection = connection_type(Artifact)


class ArtifactUse(graphene.ObjectType):
    """`ambiguous`: the clocks allow more than one state of the object; each is listed."""

    name = graphene.String(required=True, description="The name of the input or output.")
    artifact = graphene.Field(Artifact, required=True, description="What was read, written or taken over.")
    role = ArtifactRole(required=True, description="Whether it was read, written or taken over.")
    ambiguous = graphene.Boolean(required=True, description="True where it is one of several that it may have been.")
    inferred = graphene.Boolean(
        required=True,
        description="True where this rests on time and place, such as a mount of a volume, and on no record.",
    )


class ArtifactWhere(graphene.InputObjectType):
    """Which artifacts. Every given field must hold."""

    and_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: ArtifactWhere)), name="and", description="All of these hold."
    )
    or_ = graphene.InputField(
        graphene.List(graphene.NonNull(lambda: ArtifactWhere)), name="or", description="One of these holds."
    )
    not_ = graphene.InputField(lambda: ArtifactWhere, name="not", description="This does not hold.")
    id = IDWhere(description="By its global id.")
    run = IDWhere(description="By a run that read, wrote or took it over.")
    name = StringWhere(description="By name.")
    type = StringWhere(description="By what its component says that it is.")
    uri = StringWhere(description="By its canonical uri.")
    digest = StringWhere(description="By the digest of the stored bytes.")
    content_digest = StringWhere(description="By the digest of what the bytes mean.")
    state = graphene.InputField(ArtifactState, description="By what became of it.")
    created_at = DateTimeWhere(description="By when it was written.")
    external = graphene.Boolean(description="By whether it came from outside every recorded run.")


ArtifactOrderField = order_fields("Artifact", "CREATED_AT", "NAME", "SIZE")
ArtifactOrder = order_type("Artifact", ArtifactOrderField)


def list_artifacts(_: object, info: Info, **asked: Any) -> Connection[model.Artifact]:
    context = context_of(info)
    return connect(context, context.store.artifacts, model.Artifact, **asked)


ARTIFACTS = list_field(
    "lineage_graphql.artifacts.Artifact",
    list_artifacts,
    "Artifacts of all runs, the oldest first unless ordered otherwise.",
)
