"""GraphQL over server-sent events: `/graphql/stream`, a connection for each operation.

Source: the distinct connections mode of PROTOCOL.md of the npm package graphql-sse, and the HTML standard for the form
of a stream. Each event of a subscription bears its cursor as `id`, so a browser that comes back says where it was
(`Last-Event-ID`), and misses nothing.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import structlog
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from lineage.access import Caller
from lineage.errors import InvalidRequest, LineageError, Unauthenticated
from lineage.web.broadcast import Message, TooSlow
from lineage.web.endpoint import METHODS, NOT_NOW, refusing
from lineage.web.following import Reader
from lineage.web.headers import SECURITY_HEADERS
from lineage.web.live import NOT_FOR_NOW, Live, errors_told
from lineage.web.negotiation import JSON, takes
from lineage.web.questions import Question, Refused
from lineage.web.threads import AskerGone, Overloaded
from lineage_graphql import SubscriptionRefused, to_json

log = structlog.get_logger(__name__)

EVENT_STREAM: Final = "text/event-stream"
HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),  # nginx hands on what comes, as it comes
    *SECURITY_HEADERS,
)
COMPLETE: Final = b"event: complete\ndata:\n\n"  # without data, a browser would drop it
STILL_HERE: Final = b":\n\n"


class Events:
    """Serves streams. Its coroutines run on one loop."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._open: set[asyncio.Task[None]] = set()

    async def respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, for as long as there are answers."""
        headers = Headers(scope=scope)
        try:
            reader, caller, question = await self._asked(scope, headers, receive)
            self._enter(caller)
        except AskerGone:
            return
        except (Refused, *NOT_NOW) as refusal:
            reply = refusing(refusal, JSON)
        else:
            try:
                await self._stream(reader, question, headers.get("last-event-id"), receive, send)
            finally:
                self._live.room.give_back(caller)
                self._live.room.leave()
            return
        for message in reply:
            await send(message)

    def end(self) -> None:
        """End all streams, so that clients come back elsewhere: none of them is complete."""
        for task in self._open:
            task.cancel()

    def _enter(self, caller: Caller) -> None:
        self._live.room.take(caller)
        if not self._live.room.enter():
            self._live.room.give_back(caller)
            raise Overloaded

    async def _asked(self, scope: Scope, headers: Headers, receive: Receive) -> tuple[Reader, Caller, Question]:
        if scope["method"] not in METHODS:
            raise Refused(405, f"Ask by one of {', '.join(METHODS)}.", Allow=", ".join(METHODS))
        if not takes(headers.get("accept"), EVENT_STREAM):
            raise Refused(406, f"Only {EVENT_STREAM} can be answered here.")
        admission, body = self._live.admission, bytearray()
        reader = Reader(admission=admission, seen=admission.seen(scope))
        grant = await reader.grant()
        try:
            if scope["method"] == "POST":
                await self._live.questions.read(body, headers, receive)
            return reader, grant.caller, self._live.questions.of_request(scope, body)
        finally:
            self._live.questions.let_go(body)

    async def _stream(
        self, reader: Reader, question: Question, last_event: str | None, receive: Receive, send: Send
    ) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        await send({"type": "http.response.body", "body": STILL_HERE, "more_body": True})  # the head is sent with it
        writing = asyncio.create_task(self._write(reader, question, last_event, send))
        gone = asyncio.create_task(_hang_up(receive))
        self._open.add(writing)
        try:
            await asyncio.wait((writing, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open.discard(writing)
            writing.cancel()
            gone.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _write(self, reader: Reader, question: Question, last_event: str | None, send: Send) -> None:
        try:
            async with aclosing(self._answers(reader, question, last_event)) as pieces:
                async for piece in pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except Exception as error:
            log.warning("stream failed", exc_info=error)

    async def _answers(self, reader: Reader, question: Question, last_event: str | None) -> AsyncGenerator[bytes]:
        """The pieces of a stream. Where one may come back soon, it is not complete."""
        try:
            grant = await reader.grant()
            asked = await self._live.begin(grant, question)
            if asked is None:
                yield next_event(to_json(await self._live.answered(grant, question)))
            else:
                after = last_event or asked.after
                if after is None:  # whoever loses the connection before anything is told comes back to here
                    after = await self._live.broadcast.end_of_feed()
                    yield b"id: %b\n\n" % after.encode()
                asked = asked.going_on(after)
                async with aclosing(self._live.told(reader, asked)) as told:
                    async for one in told:
                        yield next_event(one.answer, one.cursor) if isinstance(one, Message) else STILL_HERE
        except (SubscriptionRefused, InvalidRequest, Unauthenticated) as error:
            yield next_event(to_json({"errors": errors_told(error)}))
        except (LineageError, TooSlow, *NOT_NOW, *NOT_FOR_NOW) as error:
            yield next_event(to_json({"errors": errors_told(error)}))
            return
        yield COMPLETE


def next_event(answer: bytes, cursor: str | None = None) -> bytes:
    """Write an answer as an event. What is JSON already has no line breaks."""
    named = b"" if cursor is None else b"id: %b\n" % cursor.encode()
    return b"event: next\n%bdata: %b\n\n" % (named, answer)


async def _hang_up(receive: Receive) -> Any:
    while (message := await receive())["type"] != "http.disconnect":
        pass
    return message
