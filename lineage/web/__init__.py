"""What is served over HTTP: GraphQL, GraphiQL, a page for a first look, health and metrics; and what is told as it
happens, over WebSockets and streams. No request leaves the page.

`application` makes the ASGI application for a store, `trusted` reads the documents that one may be limited to,
`health_application` makes that of a process without a store. `HttpProtocol` and `SocketProtocol`
are how a server speaks to its clients.
"""

from lineage.web.application import Application, application
from lineage.web.documents import Documents, trusted
from lineage.web.health import Check, Finding, Health, health_application, store_answers
from lineage.web.metrics import Metrics
from lineage.web.origins import any_name, is_loopback_name
from lineage.web.protocol import HttpProtocol, SocketProtocol

__all__ = [
    "Application",
    "Check",
    "Documents",
    "Finding",
    "Health",
    "HttpProtocol",
    "Metrics",
    "SocketProtocol",
    "any_name",
    "application",
    "health_application",
    "is_loopback_name",
    "store_answers",
    "trusted",
]
