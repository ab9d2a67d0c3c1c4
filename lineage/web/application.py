"""The ASGI application: `/` the page, `/graphql`, `/graphiql`, and what `lineage.web.health` adds.

All addresses in it are relative, so that it works under a prefix behind a proxy. `/graphql` alone reads the store: it
stands before the framework that serves the rest, which shows nothing of a store, and is shown to everybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asked

from lineage.access import OPEN, Gate, Grant
from lineage.deadline import Deadline
from lineage.ports import EVERYTHING, LineageStore
from lineage.web.admission import Admission
from lineage.web.broadcast import Broadcast
from lineage.web.documents import Documents
from lineage.web.endpoint import endpoint, room_for_answers
from lineage.web.events import Events
from lineage.web.following import Room
from lineage.web.headers import GRAPHIQL_POLICY
from lineage.web.health import STORE_SECONDS, Health, routes, store_answers
from lineage.web.ledger import note_asked
from lineage.web.live import THREADS as LIVE_THREADS
from lineage.web.live import Live
from lineage.web.origins import IsOurs, Origins, any_name
from lineage.web.outermost import Outermost
from lineage.web.page import page_routes
from lineage.web.questions import Question, Questions
from lineage.web.sockets import Sockets
from lineage.web.threads import Threads
from lineage_graphql import Outside, SmallQuery, execute, execute_at_once

_STATIC: Final = Path(__file__).parent / "static"
GRAPHQL_PATH: Final = "/graphql"
STREAM_PATH: Final = "/graphql/stream"
FOLLOWED: Final = "FOLLOWED"  # what became of a question that goes on being answered
ABANDONED: Final = "ABANDONED"  # what became of one whose asker went away


class Application:
    """What is served. `end` has those come back elsewhere who are told of changes, as the process ends."""

    def __init__(self, app: ASGIApp, end: Callable[[], None]) -> None:
        self._app = app
        self.end = end

    async def __call__(self, scope: Asked, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def application(
    *,
    store: LineageStore,
    health: Health | None = None,
    gate: Gate = OPEN,
    requests_per_minute: int = 0,
    documents: Documents | None = None,
    hosts: IsOurs = any_name,
    outside: Outside | None = None,
) -> Application:
    """Serve of a store what those may see whom `gate` lets in: to each so many questions a minute (0: as many as they
    like), of those `documents` that may be asked. `health` is what else the process does; the store is checked anyway.
    `hosts` says under which names it is answered, and `outside` is what there is beside the store.
    """
    health = health or Health()
    admission = Admission(gate, requests_per_minute=requests_per_minute)
    on_request, on_answer = health.metrics.requests()
    health.metrics.sources(lambda: store.within(Deadline(STORE_SECONDS)).sources(EVERYTHING))

    def answer(
        grant: Grant, document: str, variables: Mapping[str, Any] | None, operation: str | None, deadline: Deadline
    ) -> dict[str, Any]:
        began = monotonic()
        answered = execute(store, grant.scope, document, variables, operation, deadline=deadline, outside=outside)
        note(grant, document, variables, operation, outcome=_outcome_of(answered, deadline), began=began)
        return answered

    def answer_at_once(
        ready: LineageStore, grant: Grant, question: Question, query: SmallQuery, deadline: Deadline
    ) -> dict[str, Any]:
        began, given = monotonic(), question.variables
        answered = execute_at_once(ready, grant.scope, query, given, deadline=deadline, outside=outside)
        outcome = _outcome_of(answered, deadline)
        note(grant, question.query, given, question.operation_name, outcome=outcome, began=began)
        return answered

    def note(
        grant: Grant,
        document: str,
        variables: Mapping[str, Any] | None,
        operation: str | None,
        *,
        outcome: str,
        began: float,
    ) -> None:
        on_answer(outcome)
        note_asked(grant, document, variables, operation, outcome=outcome, seconds=monotonic() - began)

    def note_followed(grant: Grant, question: Question) -> None:
        note_asked(grant, question.query, question.variables, question.operation_name, outcome=FOLLOWED, seconds=0.0)

    answers = room_for_answers()
    live = Live(
        admission=admission,
        answer=answer,
        broadcast=Broadcast(store, answers),
        answers=answers,
        questions=Questions(documents or Documents()),
        room=Room(),
        reading=Threads(LIVE_THREADS),
        asking=Threads(LIVE_THREADS),
        note_followed=note_followed,
    )
    health.metrics.subscriptions(lambda: live.broadcast.followed)
    sockets, events = Sockets(live), Events(live)
    ready = store.at_once()
    at_once = None if ready is None else partial(answer_at_once, ready)
    graphql = endpoint(answer, admission, documents, room=answers, answer_at_once=at_once)
    pages = Starlette(
        routes=[
            *page_routes(),
            Route("/graphiql", _graphiql),
            *routes(replace(health, ready={"store": store_answers(store), **health.ready})),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
    )

    async def served(request: Asked, receive: Receive, send: Send) -> None:
        address = request["type"], request["path"].removeprefix(request.get("root_path", ""))
        await at.get(address, pages)(request, receive, send)

    at: Mapping[tuple[str, str], ASGIApp] = {
        ("http", GRAPHQL_PATH): graphql,
        ("http", STREAM_PATH): events.respond,
        ("websocket", GRAPHQL_PATH): sockets.serve,
    }
    return Application(Outermost(Origins(served, hosts), on_request=on_request), events.end)


def _outcome_of(answered: Mapping[str, Any], deadline: Deadline) -> str:
    """Name what became of a question: OK, or the code of its first error."""
    if deadline.is_ended:
        return ABANDONED
    for error in answered.get("errors") or ():
        return str((error.get("extensions") or {}).get("code", "INTERNAL"))
    return "OK"


async def _graphiql(_: Request) -> Response:
    return FileResponse(_STATIC / "graphiql.html", headers={"Content-Security-Policy": GRAPHIQL_POLICY})
