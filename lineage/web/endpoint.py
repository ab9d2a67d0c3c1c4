"""GraphQL over HTTP: `/graphql` by POST and GET. Source: the GraphQL-over-HTTP specification.

A request that makes no sense as such (no JSON, no query) is answered 400. One that is well formed but
cannot be executed is answered 400 as `application/graphql-response+json`, and 200 as `application/json`,
since older clients take any other status for a broken connection. Whatever was executed is 200. Where more
is asked than can be answered soon, 503.

It speaks ASGI itself: what a framework does around a handler costs more than most answers.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import orjson
from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineage.deadline import Deadline
from lineage.web.headers import SECURITY_HEADERS
from lineage.web.negotiation import GRAPHQL, JSON, answer_type, is_json
from lineage.web.threads import RETRY_SECONDS, AskerGone, Overloaded, Threads
from lineage_graphql import BUDGET_SECONDS, InvalidDocument, nodes_asked, operation_kind, to_json

Answer: TypeAlias = Callable[[str, Mapping[str, Any] | None, str | None, Deadline], dict[str, Any]]
"""Answer a query text with its variables and the name of its operation, until when there is time."""
Reply: TypeAlias = tuple[Message, Message]
"""The start of a response, and its body."""

HEADERS: Final = ((b"vary", b"Accept"), (b"cache-control", b"no-store"), *SECURITY_HEADERS)
LARGEST_BODY: Final = 1_048_576  # bytes; five times the longest query text that is read
MOST_BYTES: Final = 64 * LARGEST_BODY  # of all that arrive, wait or are answered
THREADS: Final = 10
HEAVY_THREADS: Final = 2  # with the others three fewer than a store opens connections: the page and probes need some
MOST_NODES_BESIDE: Final = 20_000  # a second's work; what may read more has those few threads, and no others
METHODS: Final = ("GET", "HEAD", "POST")
BAD_USER_INPUT: Final = "BAD_USER_INPUT"
OVERLOADED: Final = "OVERLOADED"
BODY_SECONDS: Final = 20.0  # for all of it: a megabyte at the speed of a poor telephone


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a request asks. Other keys of a request are ignored, as the specification wants."""

    query: str
    variables: Mapping[str, Any] | None
    operation_name: str | None


class Refused(Exception):
    """The request makes no sense as such. `headers` say what would."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class Bodies:
    """Reads bodies as they arrive, and knows how much of all of them is held."""

    def __init__(self, seconds: float = BODY_SECONDS) -> None:
        self._seconds = seconds
        self._bytes = 0

    async def read(self, body: bytearray, headers: Headers, receive: Receive) -> None:
        """Read a body. What came of it is held, however that ends, until it is let go of.

        Raises:
            AskerGone: the client has closed the connection.
            Overloaded: there is no room for it.
            Refused: it is no JSON, too large, or did not come in time.
        """
        if not is_json(headers.get("content-type", "")):
            raise Refused(415, f"The body must be {JSON} in UTF-8.")
        try:
            async with asyncio.timeout(self._seconds):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise AskerGone
                    piece, more = message.get("body", b""), message.get("more_body", False)
                    if len(body) + len(piece) > LARGEST_BODY:
                        raise Refused(413, f"The body is larger than {LARGEST_BODY} bytes.")
                    if self._bytes + len(piece) > MOST_BYTES:
                        raise Overloaded
                    body += piece
                    self._bytes += len(piece)
        except TimeoutError as error:
            late = f"The body did not arrive within {self._seconds:g} seconds."
            raise Refused(408, late, Connection="close") from error

    def let_go(self, body: bytearray) -> None:
        """Hold a body no longer."""
        self._bytes -= len(body)


def endpoint(answer: Answer, *, body_seconds: float = BODY_SECONDS) -> ASGIApp:
    """Make what answers `/graphql`. `answer` blocks, so it runs on a thread.

    `body_seconds` is how long a client may take to send its question.
    """
    return _Endpoint(answer, body_seconds).respond


class _Endpoint:
    """Answers requests. Its coroutines run on one loop, all else on threads."""

    def __init__(self, answer: Answer, body_seconds: float) -> None:
        self._answer = answer
        self._bodies = Bodies(body_seconds)
        self._threads = Threads(THREADS)
        self._few = Threads(HEAVY_THREADS)

    async def respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        media_type = answer_type(headers.get("accept"))
        form, body = media_type or JSON, bytearray()
        try:
            _refuse_odd(scope["method"], media_type)
            if scope["method"] == "POST":
                await self._bodies.read(body, headers, receive)
            reply = await self._reply(scope, body, form, receive)
        except AskerGone:
            return
        except Overloaded as overload:
            again = {"Retry-After": str(RETRY_SECONDS)}
            reply = reply_of(503, error_of(str(overload), OVERLOADED), form, **again)
        except Refused as refused:
            reply = reply_of(refused.status, error_of(str(refused)), form, **refused.headers)
        finally:
            self._bodies.let_go(body)
        for message in reply:
            await send(message)

    async def _reply(self, scope: Scope, body: bytearray, media_type: str, receive: Receive) -> Reply:
        deadline = Deadline(BUDGET_SECONDS)
        asked = (scope, body, media_type, deadline)
        reply = await self._threads.run(partial(self._unless_heavy, *asked), deadline, receive)
        if reply is None:
            reply = await self._few.run(partial(self._whatever, *asked), deadline, receive)
        return reply

    def _unless_heavy(self, scope: Scope, body: bytearray, media_type: str, deadline: Deadline) -> Reply | None:
        question = question_of(scope, body)
        if nodes_asked(question.query, question.operation_name, question.variables or {}) > MOST_NODES_BESIDE:
            return None
        return self._answered(scope, question, media_type, deadline)

    def _whatever(self, scope: Scope, body: bytearray, media_type: str, deadline: Deadline) -> Reply:
        # What was read of the body before is not kept while this waits: it takes up to twenty times the room.
        return self._answered(scope, question_of(scope, body), media_type, deadline)

    def _answered(self, scope: Scope, question: Question, media_type: str, deadline: Deadline) -> Reply:
        if scope["method"] != "POST" and _kind(question) == "mutation":
            # Links and images are fetched by GET, from any page: they must change nothing.
            return reply_of(405, error_of("A mutation takes a POST."), media_type, Allow="POST")
        answered = self._answer(question.query, question.variables, question.operation_name, deadline)
        executed = "data" in answered
        return reply_of(200 if executed or media_type == JSON else 400, answered, media_type)


def _refuse_odd(method: str, media_type: str | None) -> None:
    if method not in METHODS:
        raise Refused(405, f"Ask by one of {', '.join(METHODS)}.", Allow=", ".join(METHODS))
    if media_type is None:
        raise Refused(406, f"Only {GRAPHQL} and {JSON} can be answered.")


def _kind(question: Question) -> str | None:
    try:
        return operation_kind(question.query, question.operation_name)
    except InvalidDocument:
        return None  # the answer says why


# ------------------------------------------------------------------------------------------ reading
def _fields_of_address(scope: Scope) -> Mapping[str, Any]:
    fields: dict[str, Any] = dict(QueryParams(scope["query_string"]))
    for name in ("variables", "extensions"):
        if fields.get(name):
            fields[name] = _parsed(fields[name], f"{name} is no JSON")
    return fields


def _fields_of_body(body: bytearray) -> Mapping[str, Any]:
    fields = _parsed(body, "The body is no JSON.")
    if isinstance(fields, list):
        raise Refused(400, "Several requests in one are not supported; send them one by one.")
    if not isinstance(fields, dict):
        raise Refused(400, "The body must be a JSON object.")
    return fields


def _parsed(text: str | bytearray, otherwise: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refused(400, otherwise) from error


def question_of(scope: Scope, body: bytearray) -> Question:
    """Read what a request asks.

    Raises:
        Refused: it makes no sense as such.
    """
    fields = _fields_of_body(body) if scope["method"] == "POST" else _fields_of_address(scope)
    query, variables, operation_name = (fields.get(name) for name in ("query", "variables", "operationName"))
    if not isinstance(query, str) or not query.strip():
        raise Refused(400, "`query` must be the text of a query. To write one by hand, open graphiql next door.")
    if operation_name is not None and not isinstance(operation_name, str):
        raise Refused(400, "`operationName` must be a string.")
    for name in ("variables", "extensions"):
        if fields.get(name) not in (None, "") and not isinstance(fields[name], dict):
            raise Refused(400, f"`{name}` must be an object.")
    return Question(query=query, variables=variables or None, operation_name=operation_name or None)


# ------------------------------------------------------------------------------------------ replying
def error_of(message: str, code: str = BAD_USER_INPUT) -> Mapping[str, Any]:
    """Write an answer that is one error."""
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


def reply_of(status: int, answer: Mapping[str, Any], media_type: str, **more: str) -> Reply:
    """Write a response. `more` are headers."""
    body = to_json(answer)
    headers = [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        *HEADERS,
        *((name.lower().encode(), value.encode()) for name, value in more.items()),
    ]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": body}
