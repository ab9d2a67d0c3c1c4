"""GraphQL over HTTP: `/graphql` by POST and GET. Source: the GraphQL-over-HTTP specification.

A request that makes no sense as such (no JSON, no query) is answered 400. One that is well formed but
cannot be executed is answered 400 as `application/graphql-response+json`, and 200 as `application/json`,
since older clients take any other status for a broken connection. Whatever was executed is 200.

It speaks ASGI itself: what a framework does around a handler costs more than most answers.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson
from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineage.web.headers import SECURITY_HEADERS
from lineage.web.negotiation import GRAPHQL, JSON, answer_type, is_json
from lineage_graphql import InvalidDocument, operation_kind, to_json

Answer: TypeAlias = Callable[[str, Mapping[str, Any] | None, str | None], dict[str, Any]]
"""Answer a query text with its variables and the name of its operation."""
Reply: TypeAlias = tuple[Message, Message]
"""The start of a response, and its body."""

HEADERS: Final = ((b"vary", b"Accept"), (b"cache-control", b"no-store"), *SECURITY_HEADERS)
LARGEST_BODY: Final = 1_048_576  # bytes; five times the longest query text that is read
METHODS: Final = ("GET", "HEAD", "POST")
THREADS: Final = 15  # as many as a store opens connections: more would wait for one
BODY_SECONDS: Final = 20.0  # for all of it: a megabyte at the speed of a poor telephone


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a request asks. Other keys of a request are ignored, as the specification wants."""

    query: str
    variables: Mapping[str, Any] | None
    operation_name: str | None


class _Refused(Exception):
    """The request makes no sense as such. `headers` say what would."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class _Gone(Exception):
    """The client has closed the connection: nobody waits for an answer."""


def endpoint(answer: Answer, *, body_seconds: float = BODY_SECONDS) -> ASGIApp:
    """Make what answers `/graphql`. `answer` blocks, so it runs on a thread.

    `body_seconds` is how long a client may take to send its question.
    """
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="graphql")

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        method, headers = scope["method"], Headers(scope=scope)
        media_type = answer_type(headers.get("accept"))
        try:
            _refuse_odd(method, media_type)
            async with asyncio.timeout(body_seconds):
                question = _question(await _fields(scope, headers, receive))
        except _Gone:
            return
        except _Refused as refused:
            reply = _reply(refused.status, _error(str(refused)), media_type or JSON, **refused.headers)
        except TimeoutError:
            late = _error(f"The body did not arrive within {body_seconds:g} seconds.")
            reply = _reply(408, late, media_type or JSON, Connection="close")
        else:
            running = asyncio.get_running_loop()
            reply = await running.run_in_executor(threads, _handled, answer, method, question, media_type or JSON)
        for message in reply:
            await send(message)

    return respond


def _refuse_odd(method: str, media_type: str | None) -> None:
    if method not in METHODS:
        raise _Refused(405, f"Ask by one of {', '.join(METHODS)}.", Allow=", ".join(METHODS))
    if media_type is None:
        raise _Refused(406, f"Only {GRAPHQL} and {JSON} can be answered.")


def _handled(answer: Answer, method: str, question: Question, media_type: str) -> Reply:
    if method != "POST" and _kind(question) == "mutation":
        # Links and images are fetched by GET, from any page: they must change nothing.
        return _reply(405, _error("A mutation takes a POST."), media_type, Allow="POST")
    answered = answer(question.query, question.variables, question.operation_name)
    executed = "data" in answered
    return _reply(200 if executed or media_type == JSON else 400, answered, media_type)


def _kind(question: Question) -> str | None:
    try:
        return operation_kind(question.query, question.operation_name)
    except InvalidDocument:
        return None  # the answer says why


# ------------------------------------------------------------------------------------------ reading
async def _fields(scope: Scope, headers: Headers, receive: Receive) -> Mapping[str, Any]:
    if scope["method"] == "POST":
        return await _fields_of_body(headers, receive)
    fields: dict[str, Any] = dict(QueryParams(scope["query_string"]))
    for name in ("variables", "extensions"):
        if fields.get(name):
            fields[name] = _parsed(fields[name], f"{name} is no JSON")
    return fields


async def _fields_of_body(headers: Headers, receive: Receive) -> Mapping[str, Any]:
    if not is_json(headers.get("content-type", "")):
        raise _Refused(415, f"The body must be {JSON} in UTF-8.")
    fields = _parsed(await _body(receive), "The body is no JSON.")
    if isinstance(fields, list):
        raise _Refused(400, "Several requests in one are not supported; send them one by one.")
    if not isinstance(fields, dict):
        raise _Refused(400, "The body must be a JSON object.")
    return fields


async def _body(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise _Refused(413, f"The body is larger than {LARGEST_BODY} bytes.")
    return bytes(body)


def _parsed(text: str | bytes, otherwise: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _Refused(400, otherwise) from error


def _question(fields: Mapping[str, Any]) -> Question:
    query, variables, operation_name = (fields.get(name) for name in ("query", "variables", "operationName"))
    if not isinstance(query, str) or not query.strip():
        raise _Refused(400, "`query` must be the text of a query. To write one by hand, open graphiql next door.")
    if operation_name is not None and not isinstance(operation_name, str):
        raise _Refused(400, "`operationName` must be a string.")
    for name in ("variables", "extensions"):
        if fields.get(name) not in (None, "") and not isinstance(fields[name], dict):
            raise _Refused(400, f"`{name}` must be an object.")
    return Question(query=query, variables=variables or None, operation_name=operation_name or None)


# ------------------------------------------------------------------------------------------ replying
def _error(message: str) -> Mapping[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": "BAD_USER_INPUT"}}]}


def _reply(status: int, answer: Mapping[str, Any], media_type: str, **more: str) -> Reply:
    body = to_json(answer)
    headers = [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        *HEADERS,
        *((name.lower().encode(), value.encode()) for name, value in more.items()),
    ]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": body}
