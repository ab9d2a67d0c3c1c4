"""The GraphQL API: schema, execution and saved queries. Knows the ports and the model, and no store.

`execute` answers a query without any HTTP, and `read_subscription` reads what one wants to follow.
`python -m lineage_graphql` prints the schema.
"""

from lineage_graphql.answers import BUDGET_SECONDS, execute, execute_at_once
from lineage_graphql.context import Outside
from lineage_graphql.documents import InvalidDocument, nodes_asked, operation_kind, read_document
from lineage_graphql.json_text import to_json
from lineage_graphql.saved import SavedQuery, saved_queries
from lineage_graphql.schema import sdl
from lineage_graphql.small import SmallQuery, small_query
from lineage_graphql.subscribing import Subscription, SubscriptionRefused, read_subscription, refusal

__all__ = [
    "BUDGET_SECONDS",
    "InvalidDocument",
    "Outside",
    "SavedQuery",
    "SmallQuery",
    "Subscription",
    "SubscriptionRefused",
    "execute",
    "execute_at_once",
    "nodes_asked",
    "operation_kind",
    "read_document",
    "read_subscription",
    "refusal",
    "saved_queries",
    "sdl",
    "small_query",
    "to_json",
]
