# mypy: allow-subclassing-any
"""Search: one list over everything that has a name."""

import graphene

from lineage import model
from lineage_graphql.artifacts import Artifact
from lineage_graphql.connections import Connection, connection_type, forward_field, found_on_page, page_request
from lineage_graphql.context import Info, context_of
from lineage_graphql.deployments import Deployment
from lineage_graphql.executions import Execution
from lineage_graphql.experiments import Experiment
from lineage_graphql.pipelines import Pipeline
from lineage_graphql.recurring_runs import RecurringRun
from lineage_graphql.runs import Run


class SearchResult(graphene.Union):
    """What a search can find."""

    class Meta:
        types = (Run, Execution, Artifact, Pipeline, Experiment, RecurringRun, Deployment)


SearchConnection = connection_type(SearchResult, name="Search", has_count=False)


def search(
    _: object, info: Info, text: str, first: int | None = None, after: str | None = None
) -> Connection[model.Node]:
    context = context_of(info)
    page = page_request(first=first, after=after)
    return Connection(found_on_page(context, lambda: context.store.search(context.scope, text, page)))


SEARCH = forward_field(
    "lineage_graphql.search.Search",
    search,
    "Whatever has this text in its name, uid, uri or digest, whether in capitals or not: what is named exactly so "
    "first, then what is named beginning with it.",
    text=graphene.String(required=True, description="A piece of a name, a uid, a uri or a digest."),
)
