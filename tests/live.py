"""Connections that stay open, without a server: a gate whose word a test changes, and sockets and streams in memory."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from starlette.types import ASGIApp, Message

from lineage.access import Caller, Grant, Shown
from lineage.errors import RightsUnknown, Unauthenticated
from lineage.ports import EVERYTHING, LineageStore, Scope
from lineage.web.admission import Admission
from lineage.web.broadcast import Broadcast
from lineage.web.documents import Documents
from lineage.web.following import Room
from lineage.web.live import Live
from lineage.web.questions import Questions
from lineage.web.threads import Threads
from lineage_graphql import execute
from tests.socket_client import Conversation

PATIENCE_SECONDS: Final = 20.0
LOOK_AGAIN_SECONDS: Final = 0.2


@dataclass
class FakeGate:
    """Lets in whom `scopes` names, and remembers nothing. While `silent`, nobody can be asked. `admitted` counts."""

    scopes: dict[str | None, Scope] = field(default_factory=lambda: {None: EVERYTHING})
    silent: bool = False
    admitted: int = 0

    def shown(self, headers: Mapping[str, str], *, peer: str | None, authorization: str | None = None) -> Shown:
        del peer
        return Shown(bearer=authorization or headers.get("authorization"))

    def knows(self, shown: Shown) -> bool:
        return shown.bearer in self.scopes

    def remembered(self, shown: Shown) -> Grant | None:
        del shown
        return None

    def admit(self, shown: Shown) -> Grant:
        self.admitted += 1
        if self.silent:
            raise RightsUnknown("nobody can be asked")
        if shown.bearer not in self.scopes:
            raise Unauthenticated("nobody knows you")
        return Grant(caller=Caller(name=shown.bearer or ""), scope=self.scopes[shown.bearer], until=inf)


def live_on(store: LineageStore, gate: FakeGate | None = None, **more: Any) -> Live:
    """What sockets and streams of a store share."""
    plain: dict[str, Any] = {
        "admission": Admission(gate or FakeGate()),
        "answer": lambda grant, text, variables, name, deadline: execute(
            store, grant.scope, text, variables, name, deadline=deadline
        ),
        "broadcast": Broadcast(store),
        "questions": Questions(Documents()),
        "room": Room(),
        "reading": Threads(2),
        "asking": Threads(2),
        "note_followed": lambda _grant, _question: None,
        "look_again_seconds": LOOK_AGAIN_SECONDS,
    }
    return Live(**{**plain, **more})


@dataclass
class Connection(Conversation):
    """One end of a connection with an application."""

    to_server: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    from_server: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)

    async def say(self, message: Any) -> None:
        """Send a message: JSON, or a text that is none, or bytes."""
        if isinstance(message, bytes):
            await self.to_server.put({"type": "websocket.receive", "bytes": message})
        else:
            text = message if isinstance(message, str) else json.dumps(message)
            await self.to_server.put({"type": "websocket.receive", "text": text})

    async def heard(self) -> Any:
        """What comes next: a message of the protocol; or how the socket was closed, as (code, reason)."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await self.from_server.get()
        match message["type"]:
            case "websocket.send":
                return json.loads(message["text"])
            case "websocket.close":
                return message.get("code", 1000), message.get("reason", "")
            case _:
                return message


@asynccontextmanager
async def connected(
    app: ASGIApp, *, headers: Mapping[str, str] | None = None, subprotocols: tuple[str, ...] = ("graphql-transport-ws",)
) -> AsyncIterator[Connection]:
    """Open a socket; whether it is accepted is heard first."""
    connection = Connection()
    scope = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        "subprotocols": list(subprotocols),
        "client": ("127.0.0.1", 1),
    }
    await connection.to_server.put({"type": "websocket.connect"})
    serving = asyncio.ensure_future(app(scope, connection.to_server.get, connection.from_server.put))
    try:
        yield connection
    finally:
        await connection.to_server.put({"type": "websocket.disconnect", "code": 1005})
        async with asyncio.timeout(PATIENCE_SECONDS):
            await serving


@asynccontextmanager
async def accepted(app: ASGIApp, **asked: Any) -> AsyncIterator[Connection]:
    """Open a socket that is accepted."""
    async with connected(app, **asked) as connection:
        assert await connection.heard() == {"type": "websocket.accept", "subprotocol": "graphql-transport-ws"}
        yield connection


# ------------------------------------------------------------------------------------------ streams
@dataclass
class Stream:
    """What comes of a request that is answered for as long as there are answers."""

    to_server: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    from_server: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    _text: str = ""

    async def head(self) -> tuple[int, Mapping[str, str]]:
        """The status, and the headers."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await self.from_server.get()
        assert message["type"] == "http.response.start"
        return message["status"], {name.decode(): value.decode() for name, value in message["headers"]}

    async def event(self) -> Mapping[str, str] | None:
        """The fields of the next event; comments have none. None where the stream has ended."""
        while "\n\n" not in self._text:
            async with asyncio.timeout(PATIENCE_SECONDS):
                message = await self.from_server.get()
            self._text += message.get("body", b"").decode()
            if not message.get("more_body", False):
                return None
        event, _, self._text = self._text.partition("\n\n")
        pairs = (line.partition(":") for line in event.split("\n"))
        return {name: value.removeprefix(" ") for name, _, value in pairs if name}

    async def next_event(self) -> Mapping[str, str] | None:
        """The next event that is more than a comment."""
        while (event := await self.event()) == {}:
            pass
        return event


@asynccontextmanager
async def streaming(app: ASGIApp, request: Mapping[str, Any] | None = None, **more: Any) -> AsyncIterator[Stream]:
    """Ask by POST for a stream, or as `more` says (`method`, `headers`, `query_string`)."""
    stream = Stream()
    headers = {"accept": "text/event-stream", "content-type": "application/json", **more.pop("headers", {})}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql/stream",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        **more,
    }
    await stream.to_server.put({"type": "http.request", "body": json.dumps(request or {}).encode()})
    serving = asyncio.ensure_future(app(scope, stream.to_server.get, stream.from_server.put))
    try:
        yield stream
    finally:
        await stream.to_server.put({"type": "http.disconnect"})
        async with asyncio.timeout(PATIENCE_SECONDS):
            await serving
