# mypy: allow-subclassing-any
"""The root of every subscription, and what is told by it."""

import graphene

from lineage import ports
from lineage_graphql.context import Info
from lineage_graphql.runs import RunWhere


class RunChange(graphene.ObjectType):
    """A run that changed: of several changes that were not told yet, the last."""

    cursor = graphene.String(
        required=True,
        description="Where to go on from. It belongs to one store: another, or one that was taken back to a backup, "
        "answers UNKNOWN_CURSOR, and then the list of runs is to be read again.",
    )
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
        description="Every recorded change of a run: of itself, its steps, pods and metrics, and what it used.",
    )
