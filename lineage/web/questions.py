"""What a request asks, read within bounds: out of a body, an address, or a message.

Source: the GraphQL-over-HTTP specification; what comes over a socket or for a stream is of the same form.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope

from lineage.errors import InvalidRequest
from lineage.web.documents import Documents, UntrustedDocument
from lineage.web.negotiation import JSON, is_json
from lineage.web.threads import AskerGone, Overloaded

LARGEST_BODY: Final = 1_048_576  # bytes; five times the longest query text that is read
MOST_BYTES: Final = 64 * LARGEST_BODY  # of all that arrive, wait or are answered
BODY_SECONDS: Final = 20.0  # for all of it: a megabyte at the speed of a poor telephone
BAD_USER_INPUT: Final = "BAD_USER_INPUT"
UNTRUSTED_DOCUMENT: Final = "UNTRUSTED_DOCUMENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a request asks. Other keys of a request are ignored, as the specification wants."""

    query: str
    variables: Mapping[str, Any] | None
    operation_name: str | None


class Refused(Exception):
    """The request makes no sense as such. `headers` say what would."""

    def __init__(self, status: int, message: str, code: str = BAD_USER_INPUT, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


class Questions:
    """Reads what is asked, of those `documents` that may be. One loop reads bodies; all else may be on threads."""

    def __init__(self, documents: Documents, body_seconds: float = BODY_SECONDS) -> None:
        self._documents = documents
        self._body_seconds = body_seconds
        self._bytes = 0  # of all bodies that are held now

    async def read(self, body: bytearray, headers: Mapping[str, str], receive: Receive) -> None:
        """Read a body as it arrives. What came of it is held, however that ends, until it is let go of.

        Raises:
            AskerGone: the client has closed the connection.
            Overloaded: there is no room for it.
            Refused: it is no JSON, too large, or did not come in time.
        """
        if not is_json(headers.get("content-type", "")):
            raise Refused(415, f"The body must be {JSON} in UTF-8.")
        try:
            async with asyncio.timeout(self._body_seconds):
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
            late = f"The body did not arrive within {self._body_seconds:g} seconds."
            raise Refused(408, late, Connection="close") from error

    def let_go(self, body: bytearray) -> None:
        """Hold a body no longer."""
        self._bytes -= len(body)

    def of_request(self, scope: Scope, body: bytearray) -> Question:
        """Read what a request asks, by POST in its body, else in its address.

        Raises:
            Refused: it makes no sense as such, or may not be asked.
        """
        return self.of_fields(_fields_of_body(body) if scope["method"] == "POST" else _fields_of_address(scope))

    def of_fields(self, fields: Mapping[str, Any]) -> Question:
        """Read what some members of JSON ask.

        Raises:
            Refused: it makes no sense as such, or may not be asked.
        """
        try:
            return _question(fields, self._documents.text(fields))
        except UntrustedDocument as error:
            raise Refused(400, str(error), UNTRUSTED_DOCUMENT) from error
        except InvalidRequest as error:
            raise Refused(400, str(error)) from error


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


def _question(fields: Mapping[str, Any], query: object) -> Question:
    variables, operation_name = fields.get("variables"), fields.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise Refused(400, "`query` must be the text of a query. To write one by hand, open graphiql next door.")
    if operation_name is not None and not isinstance(operation_name, str):
        raise Refused(400, "`operationName` must be a string.")
    for name in ("variables", "extensions"):
        if fields.get(name) not in (None, "") and not isinstance(fields[name], dict):
            raise Refused(400, f"`{name}` must be an object.")
    return Question(query=query, variables=variables or None, operation_name=operation_name or None)
