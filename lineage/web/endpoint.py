"""GraphQL over HTTP: `/graphql` by POST and GET. Source: the GraphQL-over-HTTP specification.

A request that makes no sense as such (no JSON, no query) is answered 400. One that is well formed but
cannot be executed is answered 400 as `application/graphql-response+json`, and 200 as `application/json`,
since older clients take any other status for a broken connection. Whatever was executed is 200. Where more
is asked than can be answered soon, 503.

It speaks ASGI itself: what a framework does around a handler costs more than most answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineage.access import OPEN, Grant
from lineage.deadline import Deadline
from lineage.errors import NoRoom, RightsUnknown, Unauthenticated, WouldWait
from lineage.room import Room, Share
from lineage.web.admission import Admission, TooMany
from lineage.web.compression import Encoding, compressed, encoding_for
from lineage.web.documents import Documents
from lineage.web.headers import SECURITY_HEADERS, combined
from lineage.web.incoming import Incoming
from lineage.web.negotiation import GRAPHQL, JSON, answer_type
from lineage.web.questions import BAD_USER_INPUT, BODY_SECONDS, Question, Questions, Refused
from lineage.web.small import LARGEST_ANSWER, LARGEST_ASKED, SECONDS, SmallQueries
from lineage.web.threads import RETRY_SECONDS, AskerGone, Overloaded, Threads
from lineage_graphql import (
    BUDGET_SECONDS,
    InvalidDocument,
    SmallQuery,
    nodes_asked,
    operation_kind,
    small_query,
    to_json,
)

Answer: TypeAlias = Callable[[Grant, str, Mapping[str, Any] | None, str | None, Deadline], dict[str, Any]]
"""Answer a caller a query text with its variables and the name of its operation, until when there is time."""
AnswerAtOnce: TypeAlias = Callable[[Grant, Question, SmallQuery, Deadline], dict[str, Any]]
"""Answer a caller a small question; where that would wait, raise WouldWait, and nothing came of it."""
Reply: TypeAlias = tuple[Message, Message]
"""The start of a response, and its body."""

SMALLEST_PACKED: Final = 1_024  # less is one packet, however it is written
LARGEST_PACKED: Final = 4 * 2**20  # more is for no page, and would take long
HEADERS: Final = ((b"vary", b"Accept, Accept-Encoding"), (b"cache-control", b"no-store"), *SECURITY_HEADERS)
THREADS: Final = 10
HEAVY_THREADS: Final = 2  # with the others fewer than a store opens connections: the page and probes need some
MOST_NODES_BESIDE: Final = 20_000  # a second's work; what may read more has those few threads, and no others
MOST_OF_ONE: Final = 64 * 2**20  # bytes of one answer: a page of a hundred runs with large texts
MOST_OF_ALL: Final = 2 * MOST_OF_ONE  # decoded, that is a GiB at the worst, of the two that a server is given
PIECE_BYTES: Final = 256 * 2**10
METHODS: Final = ("GET", "HEAD", "POST")
OVERLOADED: Final = "OVERLOADED"
TOO_MANY_REQUESTS: Final = "TOO_MANY_REQUESTS"
UNAUTHENTICATED: Final = "UNAUTHENTICATED"
RIGHTS_UNKNOWN: Final = "RIGHTS_UNKNOWN"
CHALLENGE: Final = "Bearer"  # what a client is to show: RFC 6750 §3


def room_for_answers() -> Room:
    """Make what all answers of a server share."""
    return Room(most_bytes=MOST_OF_ALL, most_of_one=MOST_OF_ONE)


def endpoint(
    answer: Answer,
    admission: Admission | None = None,
    documents: Documents | None = None,
    *,
    body_seconds: float = BODY_SECONDS,
    room: Room | None = None,
    answer_at_once: AnswerAtOnce | None = None,
) -> ASGIApp:
    """Make what answers `/graphql`. `answer` blocks, so it runs on a thread; `answer_at_once` does not, where there is
    such a thing. Without an `admission` everybody is let in, and without `documents` any is answered.

    `body_seconds` is how long a client may take to send its question; `room` is what all answers share.
    """
    room = room or room_for_answers()
    questions = Questions(documents or Documents(), body_seconds)
    return _Endpoint(answer, answer_at_once, admission or Admission(OPEN), questions, room).respond


@dataclass(frozen=True, slots=True)
class Form:
    """In which form an answer is sent."""

    media_type: str
    encoding: Encoding | None


class _Endpoint:
    """Answers requests. Its coroutines run on one loop, all else on threads."""

    def __init__(
        self,
        answer: Answer,
        answer_at_once: AnswerAtOnce | None,
        admission: Admission,
        questions: Questions,
        room: Room,
    ) -> None:
        self._answer = answer
        self._answer_at_once = answer_at_once
        self._small = SmallQueries()
        self._admission = admission
        self._questions = questions
        self._threads = Threads(THREADS)
        self._few = Threads(HEAVY_THREADS)
        self._room = room

    async def respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._room.share() as share, self._room.share(most_bytes=LARGEST_ANSWER) as little:  # until it is sent
            await self._respond(scope, receive, send, share, little)

    async def _respond(self, scope: Scope, receive: Receive, send: Send, share: Share, little: Share) -> None:
        headers, incoming = combined(scope), Incoming(receive)
        media_type = answer_type(headers.get("accept"))
        form, body = media_type or JSON, bytearray()
        try:
            _refuse_odd(scope["method"], media_type)
            grant = await self._admission.admit(scope, headers, incoming.watch)
            with self._admission.under_way(grant):
                if scope["method"] == "POST":
                    await self._questions.read(body, headers, incoming.read)
                encoding = encoding_for(headers.get("accept-encoding"))
                asked = (grant, scope, body, Form(form, encoding))
                reply = self._reply_at_once(*asked, little) or await self._reply(*asked, incoming.watch, share)
        except AskerGone:
            return
        except (Refused, *NOT_NOW) as refusal:
            reply = refusing(refusal, form)
        finally:
            self._questions.let_go(body)
        await _send(reply, send)

    def _reply_at_once(self, grant: Grant, scope: Scope, body: bytearray, form: Form, little: Share) -> Reply | None:
        """Answer on the loop what is known to be small; None where it is not, or would take longer than it seemed."""
        if self._answer_at_once is None or not _is_short(scope, body):
            return None
        question = self._questions.of_request(scope, body)
        query = self._small.known(grant, question)
        if query is None:
            return None
        try:
            with self._small.answering(question):
                answered = self._answer_at_once(grant, question, query, Deadline(SECONDS, share=little))
                return _written(answered, form)
        except WouldWait:
            little.give_back()
            return None

    async def _reply(
        self, grant: Grant, scope: Scope, body: bytearray, form: Form, receive: Receive, share: Share
    ) -> Reply:
        deadline = Deadline(BUDGET_SECONDS, share=share)
        asked = (grant, scope, body, form, deadline)
        answered = await self._threads.run(partial(self._unless_heavy, *asked), deadline, receive)
        if answered is None:
            return await self._few.run(partial(self._whatever, *asked), deadline, receive)
        question, query, reply = answered
        if query is not None:
            self._small.learn(grant, question, query)
        return reply

    def _unless_heavy(
        self, grant: Grant, scope: Scope, body: bytearray, form: Form, deadline: Deadline
    ) -> tuple[Question, SmallQuery | None, Reply] | None:
        question = self._questions.of_request(scope, body)
        if nodes_asked(question.query, question.operation_name, question.variables or {}) > MOST_NODES_BESIDE:
            return None
        reply = self._answered(grant, scope, question, form, deadline)
        query = small_query(question.query, question.operation_name) if _is_short(scope, body) else None
        return question, query, reply

    def _whatever(self, grant: Grant, scope: Scope, body: bytearray, form: Form, deadline: Deadline) -> Reply:
        # What was read of the body before is not kept while this waits: it takes up to twenty times the room.
        return self._answered(grant, scope, self._questions.of_request(scope, body), form, deadline)

    def _answered(self, grant: Grant, scope: Scope, question: Question, form: Form, deadline: Deadline) -> Reply:
        if scope["method"] != "POST" and _kind(question) == "mutation":
            # Links and images are fetched by GET, from any page: they must change nothing.
            return reply_of(405, error_of("A mutation takes a POST."), form.media_type, Allow="POST")
        answered = self._answer(grant, question.query, question.variables, question.operation_name, deadline)
        return _written(answered, form)


NOT_NOW: Final = (NoRoom, Overloaded, RightsUnknown, TooMany, Unauthenticated)
"""Why somebody is not answered who asked nothing wrong."""


def refused_as(refusal: Exception) -> tuple[int, str, dict[str, str]]:
    """Say by which status, code and headers a client learns of `Refused`, or of one of `NOT_NOW`."""
    match refusal:
        case Refused(status=status, code=code, headers=headers):
            return status, code, headers
        case Unauthenticated():
            return 401, UNAUTHENTICATED, {"WWW-Authenticate": CHALLENGE}
        case TooMany(retry_seconds=seconds):
            return 429, TOO_MANY_REQUESTS, {"Retry-After": str(seconds)}
        case RightsUnknown():
            return 503, RIGHTS_UNKNOWN, {"Retry-After": str(RETRY_SECONDS)}
        case _:
            return 503, OVERLOADED, {"Retry-After": str(RETRY_SECONDS)}


def refusing(refusal: Exception, media_type: str) -> Reply:
    """Make the reply by which a client learns of it."""
    status, code, headers = refused_as(refusal)
    return reply_of(status, error_of(str(refusal), code), media_type, **headers)


def _refuse_odd(method: str, media_type: str | None) -> None:
    if method not in METHODS:
        raise Refused(405, f"Ask by one of {', '.join(METHODS)}.", Allow=", ".join(METHODS))
    if media_type is None:
        raise Refused(406, f"Only {GRAPHQL} and {JSON} can be answered.")


def _is_short(scope: Scope, body: bytearray) -> bool:
    return len(body) + len(scope["query_string"]) <= LARGEST_ASKED


def _kind(question: Question) -> str | None:
    try:
        return operation_kind(question.query, question.operation_name)
    except InvalidDocument:
        return None  # the answer says why


# ------------------------------------------------------------------------------------------ replying
async def _send(reply: Reply, send: Send) -> None:
    """Send a response: a large one in pieces, each when most of the one before has gone, so that it is known how much
    waits."""
    start, whole = reply
    body = whole["body"]
    await send(start)
    if len(body) <= PIECE_BYTES:
        await send(whole)
        return
    for at in range(0, len(body), PIECE_BYTES):
        piece = {"body": body[at : at + PIECE_BYTES], "more_body": at + PIECE_BYTES < len(body)}
        await send({**whole, **piece})


def error_of(message: str, code: str = BAD_USER_INPUT) -> Mapping[str, Any]:
    """Write an answer that is one error."""
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


def reply_of(status: int, answer: Mapping[str, Any], media_type: str, **more: str) -> Reply:
    """Write a response. `more` are headers."""
    return _replied(status, to_json(answer), media_type, more)


def _written(answered: Mapping[str, Any], form: Form) -> Reply:
    """Write the answer to a question."""
    executed = "data" in answered
    status = 200 if executed or form.media_type == JSON else 400
    return _packed(status, to_json(answered), form)


def _packed(status: int, body: bytes, form: Form) -> Reply:
    """Write a response, compressed where that is worth it."""
    if form.encoding is None or not SMALLEST_PACKED <= len(body) <= LARGEST_PACKED:
        return _replied(status, body, form.media_type, {})
    return _replied(status, compressed(body, form.encoding), form.media_type, {"Content-Encoding": form.encoding})


def _replied(status: int, body: bytes, media_type: str, more: Mapping[str, str]) -> Reply:
    headers = [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        *HEADERS,
        *((name.lower().encode(), value.encode()) for name, value in more.items()),
    ]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": body}
