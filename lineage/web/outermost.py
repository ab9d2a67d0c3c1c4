"""What is around every answer over HTTP, in one pass: it is measured, bears the headers that keep pages to themselves,
and is one also where something broke."""

from collections.abc import Mapping
from time import monotonic
from typing import Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineage.web.headers import with_security
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


class Outermost:
    """Tell `on_request` of every request: its page, the status of the answer, the seconds until it was sent."""

    def __init__(self, app: ASGIApp, *, on_request: OnRequest) -> None:
        self._app = app
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = monotonic(), NO_ANSWER

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = with_security(message["headers"])
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            if status == NO_ANSWER:
                await PlainTextResponse("Internal Server Error", BROKEN)(scope, receive, send_and_note)
            status = BROKEN
            raise  # the server logs it
        finally:
            path = scope["path"]
            if path not in UNWATCHED:
                self._on_request(PAGES.get(path, OTHER), status, monotonic() - began)
