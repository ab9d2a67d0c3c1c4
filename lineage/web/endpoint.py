"""GraphQL over HTTP: `/graphql` by POST and GET. Source: the GraphQL-over-HTTP specification.

A request that makes no sense as such (no JSON, no query) is answered 400. One that is well formed but
cannot be executed is answered 400 as `application/graphql-response+json`, and 200 as `application/json`,
since older clients take any other status for a broken connection. Whatever was executed is 200.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from lineage.web.negotiation import GRAPHQL, JSON, answer_type, is_json
from lineage_graphql import InvalidDocument, operation_kind, to_json

Answer: TypeAlias = Callable[[str, Mapping[str, Any] | None, str | None], dict[str, Any]]
"""Answer a query text with its variables and the name of its operation."""

LARGEST_BODY: Final = 1_048_576  # bytes; five times the longest query text that is read
BODY_SECONDS: Final = 20.0  # for all of it: a megabyte at the speed of a poor telephone


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a request asks. Other keys of a request are ignored, as the specification wants."""

    query: str
    variables: Mapping[str, Any] | None
    operation_name: str | None


class _Refused(Exception):
    """The request makes no sense as such."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def endpoint(answer: Answer, *, body_seconds: float = BODY_SECONDS) -> Callable[[Request], Awaitable[Response]]:
    """Make the handler of `/graphql`. `answer` blocks, so it runs on a thread of its own.

    `body_seconds` is how long a client may take to send its question.
    """

    async def handle(request: Request) -> Response:
        media_type = answer_type(request.headers.get("accept"))
        if media_type is None:
            return _reply(406, _error(f"Only {GRAPHQL} and {JSON} can be answered."), JSON)
        try:
            async with asyncio.timeout(body_seconds):
                question = _question(await _request_fields(request))
        except _Refused as refused:
            return _reply(refused.status, _error(str(refused)), media_type)
        except TimeoutError:
            late = _error(f"The body did not arrive within {body_seconds:g} seconds.")
            return _reply(408, late, media_type, Connection="close")
        return await run_in_threadpool(_handled, answer, request.method, question, media_type)

    return handle


def _handled(answer: Answer, method: str, question: Question, media_type: str) -> Response:
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
async def _request_fields(request: Request) -> Mapping[str, Any]:
    if request.method == "POST":
        return await _fields_of_body(request)
    fields: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if fields.get(name):
            fields[name] = _parsed(fields[name], f"{name} is no JSON")
    return fields


async def _fields_of_body(request: Request) -> Mapping[str, Any]:
    if not is_json(request.headers.get("content-type", "")):
        raise _Refused(415, f"The body must be {JSON} in UTF-8.")
    fields = _parsed(await _body(request), "The body is no JSON.")
    if isinstance(fields, list):
        raise _Refused(400, "Several requests in one are not supported; send them one by one.")
    if not isinstance(fields, dict):
        raise _Refused(400, "The body must be a JSON object.")
    return fields


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
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


def _reply(status: int, answer: Mapping[str, Any], media_type: str, **headers: str) -> Response:
    return Response(
        to_json(answer),
        status,
        media_type=f"{media_type}; charset=utf-8",
        headers={"Vary": "Accept", "Cache-Control": "no-store", **headers},
    )
