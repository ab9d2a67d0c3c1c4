"""What is served over HTTP: GraphQL, GraphiQL, and a page for a first look. No request leaves the page.

`application` makes the ASGI application for a store; `HttpProtocol` is how a server speaks to its clients.
"""

from lineage.web.application import application
from lineage.web.protocol import HttpProtocol

__all__ = ["HttpProtocol", "application"]
