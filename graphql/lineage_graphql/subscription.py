# mypy: allow-subclassing-any
"""The root of every subscription, and what is told by it."""

import graphene

from lineage import ports
from lineage_graphql.context import Info
from lineage_graphql.runs import RunWhere


class RunChange(graphene.ObjectType):
    """`cursor` is opaque and belongs to one store; one of another store, or too old, is an error that says to read the
    list again."""

    cursor = graphene.String(required=True, description="Where to go on from: pass it as `after`.")
    run = graphene.Field("lineage_graphql.runs.Run", required=True, description="The run as it is now.")


def told(change: ports.RunChange, _: Info, **asked: object) -> ports.RunChange:
    """Hand on what was found for this subscription: arguments say what is looked for, and that has been done."""
    del asked
    return change


class Subscription(graphene.ObjectType):
    """What is told as it happens."""

    run_changed = graphene.Field(
        RunChange,
        required=True,
        where=RunWhere(description="Only runs that match, once they have changed."),
        after=graphene.String(
            description="The cursor of a change: those since then come first, so that who was away misses nothing. "
            "Without it, only what changes from now on is told."
        ),
        resolver=told,
        description="Each recorded change of a matching run. With `after` it first replays what came since, so that a "
        "reader who was away misses nothing.",
    )
