"""Measuring what is asked: each request by its page, each question in GraphQL by what became of it."""

from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineage.web.metrics import OnRequest

PAGES: Final[Mapping[str, str]] = {
    "/": "page",
    "/graphql": "graphql",
    "/graphql/stream": "stream",
    "/graphiql": "graphiql",
}
OTHER: Final = "other"  # whatever else is asked for: paths that anybody makes up are no labels
UNWATCHED: Final = frozenset({"/healthz", "/readyz", "/metrics"})  # asked all the time, by machines
NO_ANSWER: Final = 499  # the asker went away; nginx's number
BROKEN: Final = 500
ABANDONED: Final = "ABANDONED"  # what became of a question whose asker went away


class Measured:
    """Tell `on_request` of every request: its page, the status of the answer, the seconds until it was sent."""

    def __init__(self, app: ASGIApp, *, on_request: OnRequest) -> None:
        self._app = app
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope["type"] != "http" or path in UNWATCHED:
            await self._app(scope, receive, send)
            return
        began, status = monotonic(), NO_ANSWER

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            status = BROKEN
            raise
        finally:
            self._on_request(PAGES.get(path, OTHER), status, monotonic() - began)


def outcome_of(answered: Mapping[str, Any]) -> str:
    """Name what became of a question: OK, or the code of its first error."""
    for error in answered.get("errors") or ():
        return str((error.get("extensions") or {}).get("code", "INTERNAL"))
    return "OK"
