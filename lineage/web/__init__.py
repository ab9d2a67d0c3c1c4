"""What is served over HTTP: GraphQL, GraphiQL, a page for a first look, health and metrics. No request leaves the page.

`application` makes the ASGI application for a store, `trusted` reads the documents that one may be limited to,
`health_application` makes that of a process without a store. `HttpProtocol` is how a server speaks to its clients.
"""

from lineage.web.application import application
from lineage.web.documents import Documents, trusted
from lineage.web.health import Check, Finding, Health, health_application, store_answers
from lineage.web.metrics import Metrics
from lineage.web.origins import any_name, is_loopback_name
from lineage.web.protocol import HttpProtocol

__all__ = [
    "Check",
    "Documents",
    "Finding",
    "Health",
    "HttpProtocol",
    "Metrics",
    "any_name",
    "application",
    "health_application",
    "is_loopback_name",
    "store_answers",
    "trusted",
]
