# mypy: allow-subclassing-any
"""What rules found, and what became of it."""

from collections.abc import Mapping
from typing import Any

import graphene

from lineage import alerts
from lineage.identity import global_id
from lineage.ports import Listing
from lineage_graphql.connections import Connection, connection_type, forward_field, page_request
from lineage_graphql.context import Info, context_of
from lineage_graphql.enums import described
from lineage_graphql.scalars import JSON, DateTime, Digest

AlertKind = graphene.Enum.from_enum(
    alerts.Kind,
    name="AlertKind",
    description=described(
        "What a rule looks for.",
        {
            alerts.Kind.SHIFT: "The level of a metric changed, and not for the better.",
            alerts.Kind.THRESHOLD: "A value lies beyond a bound.",
            alerts.Kind.Z: "A value is far from what was usual before it.",
            alerts.Kind.MISSED_SLOT: "A recurring run was due, and no run was made.",
            alerts.Kind.FAILED_RUN: "A run failed.",
            alerts.Kind.TIER_LOST: "A run has not earned a tier that the one before it had.",
        },
    ),
)

AlertState = graphene.Enum.from_enum(
    alerts.AlertState,
    name="AlertState",
    description=described(
        "What became of an alert.",
        {
            alerts.AlertState.SENT: "The webhook took it.",
            alerts.AlertState.WAITING: "It is to be sent, for the first time or again.",
            alerts.AlertState.GIVEN_UP: "It was not taken for a day.",
        },
    ),
)


class Alert(graphene.ObjectType):
    """What a rule found."""

    key = Digest(required=True, description="What the event that is sent bears as its `id`.")
    rule = graphene.String(required=True, description="The name of the rule.")
    kind = AlertKind(required=True, description="What the rule looks for.")
    subject = graphene.ID(required=True, description="The global id of the run, or of the recurring run that was due.")
    cluster = graphene.String(required=True, description="The cluster of that.")
    namespace = graphene.String(required=True, description="The namespace of that.")
    at = DateTime(required=True, description="When it happened.")
    found_at = DateTime(required=True, description="When it was found.")
    says = graphene.String(required=True, description="What happened, in a sentence.")
    data = JSON(required=True, description="What happened, as the event says it.")
    state = AlertState(required=True, description="What became of it.")
    tried = graphene.Int(required=True, description="How many times it was tried to send it.")
    sent_at = DateTime(description="When it was taken.")
    next_try_at = DateTime(description="When it is tried again.")
    failure = graphene.String(description="Why it was not taken the last time.")

    @staticmethod
    def resolve_key(kept: alerts.AlertKept, _: Info) -> str:
        return kept.alert.key

    @staticmethod
    def resolve_rule(kept: alerts.AlertKept, _: Info) -> str:
        return kept.alert.rule

    @staticmethod
    def resolve_kind(kept: alerts.AlertKept, _: Info) -> alerts.Kind:
        return kept.alert.kind

    @staticmethod
    def resolve_subject(kept: alerts.AlertKept, _: Info) -> str:
        return global_id(kept.alert.subject)

    @staticmethod
    def resolve_cluster(kept: alerts.AlertKept, _: Info) -> str:
        return kept.alert.cluster

    @staticmethod
    def resolve_namespace(kept: alerts.AlertKept, _: Info) -> str:
        return kept.alert.namespace

    @staticmethod
    def resolve_at(kept: alerts.AlertKept, _: Info) -> object:
        return kept.alert.at

    @staticmethod
    def resolve_says(kept: alerts.AlertKept, _: Info) -> str:
        return kept.alert.says

    @staticmethod
    def resolve_data(kept: alerts.AlertKept, _: Info) -> Mapping[str, Any]:
        return kept.alert.data


AlertConnection = connection_type(Alert)


def list_alerts(_: object, info: Info, **asked: Any) -> Connection[alerts.AlertKept]:
    context, page = context_of(info), page_request(**asked)
    return Connection(
        lambda: context.store.alerts(context.scope, page),
        lambda: context.store.count(context.scope, alerts.AlertKept, Listing()),
    )


ALERTS = forward_field(
    "lineage_graphql.alerts.Alert", list_alerts, "What rules found, those first that were found last."
)
