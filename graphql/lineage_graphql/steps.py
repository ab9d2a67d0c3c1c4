# mypy: allow-subclassing-any
"""The steps of a run as a graph: all of them at once, where lists of executions have pages."""

import graphene

from lineage import model
from lineage.gathering import MOST_STEP_LINKS, MOST_STEPS
from lineage_graphql.context import Info, context_of


class StepLink(graphene.ObjectType):
    """One execution had to end before another one started."""

    source = graphene.ID(required=True, description="The execution that had to end.")
    target = graphene.ID(required=True, description="The execution that waited for it.")


class StepGraph(graphene.ObjectType):
    """The executions of a run and which leads to which. Plumbing of the engine is among them, and links of others lead
    past it."""

    executions = graphene.List(
        graphene.NonNull("lineage_graphql.executions.Execution"),
        required=True,
        description="All that no later attempt has replaced, by start.",
    )
    links = graphene.List(
        graphene.NonNull(StepLink),
        required=True,
        description="What each of them says that it depends on (`dependsOn`), in their order.",
    )
    complete = graphene.Boolean(
        required=True,
        description=f"False where there are more than {MOST_STEPS:,} executions, or {MOST_STEP_LINKS:,} links.",
    )


def find_graph(run: model.Run, info: Info) -> model.StepGraph | None:
    return context_of(info).loaders.step_graph(run)


STEPS_OF_RUN = graphene.Field(
    StepGraph, required=True, resolver=find_graph, description="Its steps as a graph, in one answer."
)
