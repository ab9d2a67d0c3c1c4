# mypy: allow-subclassing-any
"""What feeds the store, and what could not be recorded."""

from typing import Any

import graphene

from lineage import model
from lineage.ports import Listing, Page, PageRequest, Scope
from lineage_graphql.connections import Connection, connect, connection_type, forward_field, page_request
from lineage_graphql.context import Context, Info, context_of
from lineage_graphql.enums import SourceState
from lineage_graphql.node import Node
from lineage_graphql.scalars import BigInt, DateTime, Digest


class Gap(graphene.ObjectType):
    """A time in which a source was not watched, and what the list after it showed."""

    began_at = DateTime(name="from", required=True, description="When it was watched last.")
    ended_at = DateTime(name="to", description="When it was listed again; null while nobody watches.")
    reason = graphene.String(required=True, description="Why it was not watched.")
    created = graphene.Int(required=True, description="How many objects there were that had not been there before.")
    changed = graphene.Int(required=True, description="How many objects had changed.")
    gone = graphene.Int(required=True, description="How many objects were no longer there.")


GapConnection = connection_type(Gap)


def list_gaps(source: model.SourceStatus, info: Info, **asked: Any) -> Connection[model.Gap]:
    context, page = context_of(info), page_request(**asked)
    return Connection(lambda: context.store.gaps(context.scope, source, page), lambda: source.gap_count)


class Source(graphene.ObjectType):
    """One resource of one cluster that is watched, in one namespace or in all."""

    name = graphene.String(required=True, description="The name of the source.")
    kind = graphene.String(required=True, description="The kind of object that it delivers.")
    cluster = graphene.String(required=True, description="The cluster, as the watcher names it.")
    namespace = graphene.String(required=True, description="The namespace that is watched; `*` for all.")
    state = SourceState(required=True, description="How the watching fares.")
    message = graphene.String(description="Why it is in that state.")
    observed = BigInt(required=True, description="How many observations it has delivered.")
    lag_seconds = graphene.Float(
        description="How long the newest observation waited between being seen and being recorded."
    )
    last_event_at = DateTime(description="When its newest observation was seen.")
    watched_until = DateTime(
        description="Up to when every change was seen, as far as was told; null where it was never watched."
    )
    gap_count = graphene.Int(required=True, description="How many times it was not watched in between.")
    gaps = forward_field(
        "lineage_graphql.ingestion.Gap",
        list_gaps,
        "The times in which it was not watched after it had been, the newest first. What came and went in one is not "
        "known.",
    )


class Rejected(graphene.ObjectType):
    """An event that could not be recorded. `event` is its redacted text, where it could be parsed and redacted;
    otherwise only its size and digest are kept."""

    class Meta:
        interfaces = (Node,)
        possible_types = (model.Rejected,)

    id = graphene.ID(required=True, description="The global id.")
    at = DateTime(required=True, description="When it was set aside.")
    source = graphene.String(required=True, description="What delivered it.")
    reason = graphene.String(required=True, description="Why it could not be recorded.")
    event = graphene.String(description="Its redacted text.")
    size_bytes = BigInt(required=True, description="How many bytes it had.")
    digest = Digest(required=True, description="The digest of its bytes.")


RejectedConnection = connection_type(Rejected)


def list_rejected(_: object, info: Info, **asked: Any) -> Connection[model.Rejected]:
    context = context_of(info)

    def read(scope: Scope, listing: Listing, page: PageRequest) -> Page[model.Rejected]:
        return context.store.rejected(scope, listing, page)

    return connect(context, read, model.Rejected, **asked)


class Ingestion(graphene.ObjectType):
    """What feeds the store."""

    sources = graphene.List(graphene.NonNull(Source), required=True, description="What is watched, and how it fares.")
    rejected = forward_field(
        "lineage_graphql.ingestion.Rejected", list_rejected, "What could not be recorded, the newest first."
    )

    @staticmethod
    def resolve_sources(context: Context, _: Info) -> tuple[model.SourceStatus, ...]:
        return context.store.sources(context.scope)


INGESTION = graphene.Field(
    Ingestion,
    required=True,
    resolver=lambda _, info: context_of(info),
    description="What feeds the store: each source, its lag, its gaps, and what could not be recorded.",
)
