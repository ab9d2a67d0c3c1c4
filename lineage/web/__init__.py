"""What is served over HTTP: GraphQL, GraphiQL, and a page for a first look. No request leaves the page.

`application` makes the ASGI application for a store.
"""

from lineage.web.application import application

__all__ = ["application"]
