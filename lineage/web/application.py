"""The ASGI application: `/` the page, `/graphql`, `/graphiql`, and what `lineage.web.health` adds.

All addresses in it are relative, so that it works under a prefix behind a proxy. The page shows the
answers of saved queries; store reads block, so they run on threads. `/graphql` is asked far more often than
the rest, and stands before the framework that serves it. What shows nothing of a store is shown to everybody.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final

import structlog
from starlette.applications import Starlette
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asked

from lineage.access import OPEN, Gate, Grant
from lineage.deadline import Deadline
from lineage.errors import DeadlineExceeded, StoreError
from lineage.ports import EVERYTHING, LineageStore
from lineage.web.admission import Admission
from lineage.web.broadcast import Broadcast
from lineage.web.documents import Documents
from lineage.web.endpoint import NOT_NOW, Answer, endpoint, refused_as, room_for_answers
from lineage.web.events import Events
from lineage.web.following import Room
from lineage.web.headers import GRAPHIQL_POLICY, SecurityHeaders
from lineage.web.health import STORE_SECONDS, Health, routes, store_answers
from lineage.web.ledger import note_asked
from lineage.web.live import THREADS as LIVE_THREADS
from lineage.web.live import Live
from lineage.web.measured import ABANDONED, NO_ANSWER, Measured, outcome_of
from lineage.web.origins import IsOurs, Origins, any_name
from lineage.web.page import Overview, page
from lineage.web.questions import Question, Questions
from lineage.web.sockets import Sockets
from lineage.web.threads import AskerGone, Threads
from lineage_graphql import BUDGET_SECONDS, Outside, execute, saved_queries

log = structlog.get_logger(__name__)

_STATIC: Final = Path(__file__).parent / "static"
RUNS_SHOWN: Final = 15
PAGE_THREADS: Final = 2
GRAPHQL_PATH: Final = "/graphql"
STREAM_PATH: Final = "/graphql/stream"
FOLLOWED: Final = "FOLLOWED"  # what became of a question that goes on being answered


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
        outcome = ABANDONED if deadline.is_ended else outcome_of(answered)
        on_answer(outcome)
        note_asked(grant, document, variables, operation, outcome=outcome, seconds=monotonic() - began)
        return answered

    def show(grant: Grant, deadline: Deadline) -> Response:
        return HTMLResponse(page(_overview(store, grant, answer, deadline)), headers={"Cache-Control": "no-store"})

    threads = Threads(PAGE_THREADS)

    async def overview(request: Request) -> Response:
        grant = await admission.admit(request.scope, request.receive)
        deadline = Deadline(BUDGET_SECONDS)
        with admission.under_way(grant):
            return await threads.run(partial(show, grant, deadline), deadline, request.receive)

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
    graphql = endpoint(answer, admission, documents, room=answers)
    pages = Starlette(
        routes=[
            Route("/", overview),
            Route("/graphiql", _graphiql),
            *routes(replace(health, ready={"store": store_answers(store), **health.ready})),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={
            StoreError: _store_unavailable,
            DeadlineExceeded: _store_unavailable,
            AskerGone: _unheard,
            **dict.fromkeys(NOT_NOW, _refused),
        },
    )

    async def served(request: Asked, receive: Receive, send: Send) -> None:
        address = request["type"], request["path"].removeprefix(request.get("root_path", ""))
        await at.get(address, pages)(request, receive, send)

    at: Mapping[tuple[str, str], ASGIApp] = {
        ("http", GRAPHQL_PATH): graphql,
        ("http", STREAM_PATH): events.respond,
        ("websocket", GRAPHQL_PATH): sockets.serve,
    }
    # The outermost come first: what is refused or breaks is measured, and has the headers of any answer.
    answered = SecurityHeaders(Origins(ServerErrorMiddleware(served), hosts))
    return Application(Measured(answered, on_request=on_request), events.end)


def _overview(store: LineageStore, grant: Grant, answer: Answer, deadline: Deadline) -> Overview:
    def asked(name: str, **variables: Any) -> Mapping[str, Any]:
        return _data(name, answer(grant, saved_queries()[name].text, variables, None, deadline))

    ingestion = asked("ingestion", first=1)["ingestion"]
    return Overview(
        counts=store.within(deadline).counts(grant.scope),
        runs=asked("recent-runs", first=RUNS_SHOWN)["runs"]["nodes"],
        sources=ingestion["sources"],
        rejected=ingestion["rejected"]["totalCount"],
        artifacts=asked("artifacts", first=1, text="")["artifacts"]["nodes"],
        queries=saved_queries(),
    )


def _data(name: str, answered: Mapping[str, Any]) -> Mapping[str, Any]:
    data: Mapping[str, Any] | None = answered.get("data")
    if data is None or "errors" in answered:
        raise StoreError(f"the saved query {name} could not be answered: {answered['errors'][0]}")
    return data


async def _graphiql(_: Request) -> Response:
    return FileResponse(_STATIC / "graphiql.html", headers={"Content-Security-Policy": GRAPHIQL_POLICY})


async def _store_unavailable(request: Request, error: Exception) -> Response:
    log.warning("store not readable", path=request.url.path, exc_info=error)
    return PlainTextResponse("The store cannot be read at the moment; the log says why.\n", 503)


async def _refused(_: Request, error: Exception) -> Response:
    status, _code, headers = refused_as(error)
    return PlainTextResponse(f"{error}\n", status, headers=headers)


async def _unheard(_request: Request, _error: Exception) -> Response:
    return Response(status_code=NO_ANSWER)
