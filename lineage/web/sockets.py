"""GraphQL over WebSockets: `/graphql`, by the protocol `graphql-transport-ws`.

A socket is let in as a request is: by its headers, or by `authorization` in the payload of `connection_init`, which
browsers can send. Whatever page it came from must be of this server: cookies of a gateway would let any page read on.
"""

import asyncio
from contextlib import aclosing
from typing import Final, assert_never
from urllib.parse import urlsplit

import structlog
from starlette.types import Receive, Scope, Send

from lineage.access import Caller
from lineage.errors import InvalidRequest, LineageError, Unauthenticated
from lineage.web import socket_messages
from lineage.web.admission import TooMany
from lineage.web.broadcast import Message, TooSlow
from lineage.web.endpoint import error_of
from lineage.web.following import Reader
from lineage.web.headers import combined
from lineage.web.live import NOT_FOR_NOW, Live, errors_told
from lineage.web.questions import Refused
from lineage.web.socket_messages import (
    SUBPROTOCOL,
    ClientMessage,
    Closing,
    Code,
    Complete,
    Init,
    Ping,
    Pong,
    Subscribe,
    read_message,
)
from lineage_graphql import SubscriptionRefused, to_json

log = structlog.get_logger(__name__)

INIT_SECONDS: Final = 10.0  # for a client to send `connection_init`
MOST_OPERATIONS: Final = 50  # of one socket: subscriptions, and queries that it waits for
DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


class Sockets:
    """Serves sockets. Its coroutines run on one loop."""

    def __init__(self, live: Live, *, init_seconds: float = INIT_SECONDS) -> None:
        self._live = live
        self._init_seconds = init_seconds

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket, from its first message to its last."""
        await receive()  # it asks to be connected
        if not _is_of_this_server(scope):
            await send({"type": "websocket.close"})  # 403, as nothing was accepted
            return
        speaks = SUBPROTOCOL in scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if speaks else None})
        if not speaks:
            reason = f"Only {SUBPROTOCOL} is spoken here."
            await _close(send, Closing(Code.SUBPROTOCOL_NOT_ACCEPTABLE, reason))
        elif not self._live.room.enter():
            await _close(send, Closing(Code.TRY_AGAIN_LATER, "Too many are connected here: try again later."))
        else:
            try:
                await _Socket(self._live, scope, receive, send).run(self._init_seconds)
            finally:
                self._live.room.leave()


async def _close(send: Send, closing: Closing) -> None:
    await send({"type": "websocket.close", "code": closing.code, "reason": closing.reason})


def _is_of_this_server(scope: Scope) -> bool:
    """Whether a socket was opened by a page of this server, or by no page at all (RFC 6455 §10.2)."""
    headers = combined(scope)
    if "origin" not in headers:
        return True
    origin = urlsplit(headers["origin"])
    port = DEFAULT_PORTS.get(origin.scheme, "")
    host = headers.get("host", "").lower().removesuffix(port)
    return bool(host) and origin.netloc.lower().removesuffix(port) == host


class _Gone(Exception):
    """The client has closed the socket."""


class _Socket:
    """One socket. Its messages are read one after another; operations run beside that, a task each. What ends one of
    these for good ends the socket."""

    def __init__(self, live: Live, scope: Scope, receive: Receive, send: Send) -> None:
        self._live = live
        self._scope = scope
        self._receive = receive
        self._send = send
        self._has_begun = False
        self._reader: Reader | None = None
        self._caller: Caller | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._end: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    async def run(self, init_seconds: float) -> None:
        """Serve it until either side has had enough."""
        reading = asyncio.create_task(self._read())
        patience = asyncio.get_running_loop().call_later(init_seconds, self._wait_no_longer)
        try:
            ended_by = await self._end
        finally:
            patience.cancel()
            for task in (reading, *self._operations.values()):
                task.cancel()
            if self._caller is not None:
                self._live.room.give_back(self._caller)
        if isinstance(ended_by, Closing):
            await _close(self._send, ended_by)

    def _end_by(self, error: Exception) -> None:
        if not self._end.done():
            self._end.set_result(error)

    def _wait_no_longer(self) -> None:
        if not self._has_begun:
            self._end_by(Closing(Code.INIT_TIMEOUT, "Connection initialisation timeout"))

    # -- messages of the client
    async def _read(self) -> None:
        try:
            while True:
                await self._take(await self._next())
        except (Closing, _Gone) as error:
            self._end_by(error)
        except Exception as error:  # noqa: BLE001 - a defect of ours: the client must not wait for ever
            self._fail(error)

    async def _next(self) -> ClientMessage:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise _Gone
        return read_message(message.get("text"))

    async def _take(self, message: ClientMessage) -> None:
        match message:
            case Init():
                await self._let_in(message)
            case Ping():
                await self._say(socket_messages.pong(message))
            case Pong():
                pass
            case Subscribe():
                self._begin(message)
            case Complete():
                if (task := self._operations.pop(message.id, None)) is not None:
                    task.cancel()
            case _:
                assert_never(message)

    async def _let_in(self, message: Init) -> None:
        if self._has_begun:
            raise Closing(Code.TOO_MANY_INITS, "Too many initialisation requests")
        self._has_begun = True
        named = {name.lower(): value for name, value in message.payload.items()}
        shown = named.get("authorization")
        seen = self._live.admission.seen(self._scope, authorization=shown if isinstance(shown, str) else None)
        reader = Reader(admission=self._live.admission, seen=seen)
        try:
            grant = await reader.grant()
            self._live.room.take(grant.caller)
            self._caller = grant.caller
            cursor = await self._live.broadcast.end_of_feed()
        except (LineageError, TooMany, *NOT_FOR_NOW) as error:
            raise _closing(error) from error
        self._reader = reader
        await self._say(socket_messages.ack(cursor))

    def _begin(self, message: Subscribe) -> None:
        if self._reader is None:
            raise Closing(Code.UNAUTHORIZED, "Unauthorized")
        if message.id in self._operations:
            raise Closing(Code.SUBSCRIBER_EXISTS, f"Subscriber for {message.id} already exists")
        if len(self._operations) >= MOST_OPERATIONS:
            raise Closing(Code.TOO_MANY_SUBSCRIPTIONS, f"A socket has {MOST_OPERATIONS} subscriptions at most.")
        self._operations[message.id] = asyncio.create_task(self._operate(message, self._reader))

    # -- operations
    async def _operate(self, message: Subscribe, reader: Reader) -> None:
        try:
            last = await self._answer(message, reader)
            if self._operations.pop(message.id, None) is not None:
                await self._say(last)
        except (LineageError, TooSlow, TooMany, *NOT_FOR_NOW) as error:
            self._end_by(_closing(error))
        except Exception as error:  # noqa: BLE001 - as when reading
            self._fail(error)

    async def _answer(self, message: Subscribe, reader: Reader) -> str:
        """Answer an operation for as long as there are answers. Returns what is said last of it."""
        head = socket_messages.head_of_next(message.id)
        try:
            question = self._live.questions.of_fields(message.payload)
            grant = await reader.grant()
            asked = await self._live.begin(grant, question)
            if asked is None:
                answer = await self._live.answered(grant, question)
                if "data" not in answer:
                    return socket_messages.errors_of(message.id, answer["errors"])
                await self._say(socket_messages.next_of(head, to_json(answer)))
                return socket_messages.complete(message.id)
            async with aclosing(self._live.told(reader, asked)) as told:
                async for one in told:
                    if isinstance(one, Message):
                        await self._say(socket_messages.next_of(head, one.answer))
        except Refused as refused:
            return socket_messages.errors_of(message.id, error_of(str(refused), refused.code)["errors"])
        except (SubscriptionRefused, InvalidRequest, TooMany) as error:
            return socket_messages.errors_of(message.id, errors_told(error))
        return socket_messages.complete(message.id)

    async def _say(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    def _fail(self, error: Exception) -> None:
        log.warning("socket failed", exc_info=error)
        self._end_by(Closing(Code.FAULT, "Internal server error"))


def _closing(error: Exception) -> Closing:
    """Say by which code a client learns why it is told nothing more."""
    match error:
        case TooSlow():
            return Closing(Code.TOO_SLOW, str(error))
        case Unauthenticated():
            return Closing(Code.FORBIDDEN, "Forbidden")
        case _:
            return Closing(Code.TRY_AGAIN_LATER, "This cannot be answered now: try again later.")
