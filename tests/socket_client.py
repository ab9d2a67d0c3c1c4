"""A client of `graphql-transport-ws` over a real socket, which says and hears exactly what a test wants."""

import asyncio
import json
from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Message,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)

SUBPROTOCOL: Final = "graphql-transport-ws"
PATIENCE_SECONDS: Final = 30.0
PIECE: Final = 65_536


class Closed(Exception):
    """The server has closed the socket; by 1006 where it said nothing."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class Rejected(Exception):
    """The server has accepted no socket."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Conversation(ABC):
    """What is said again and again, over any connection."""

    @abstractmethod
    async def say(self, message: Any) -> None:
        """Send a message: JSON, or a text that is none, or bytes."""

    @abstractmethod
    async def heard(self) -> Any:
        """What comes next."""

    async def begin(self, **payload: Any) -> str:
        """Be let in. Returns the cursor of then."""
        await self.say({"type": "connection_init", "payload": payload})
        ack = await self.heard()
        assert ack["type"] == "connection_ack", ack
        return str(ack["payload"]["cursor"])

    async def subscribe(self, query: str, *, id: str = "1", **variables: Any) -> None:
        await self.say({"type": "subscribe", "id": id, "payload": {"query": query, "variables": variables}})


class Socket(Conversation):
    """A socket, to be entered: then it is accepted. `reads` as much at once as that many bytes."""

    def __init__(
        self,
        port: int,
        *,
        path: str = "/graphql",
        subprotocols: tuple[str, ...] = (SUBPROTOCOL,),
        headers: dict[str, str] | None = None,
        reads: int = PIECE,
    ) -> None:
        self._port = port
        self._request = Request(
            host=f"127.0.0.1:{port}",
            target=path,
            subprotocols=list(subprotocols),
            extra_headers=[(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        )
        self._limit = reads
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._heard: list[str] = []
        self._partial = ""
        self.subprotocol: str | None = None

    async def __aenter__(self) -> "Socket":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=self._limit)
        try:
            self._writer.write(self._protocol.send(self._request))
            async with asyncio.timeout(PATIENCE_SECONDS):
                while self.subprotocol is None:
                    await self._hear()
        except BaseException:
            await self._let_go()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self._let_go()

    async def _let_go(self) -> None:
        """Be gone without a word."""
        self._writer.transport.abort()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def say(self, message: Any) -> None:
        """Send a message: JSON, or a text that is none, or bytes."""
        if isinstance(message, bytes):
            self._writer.write(self._protocol.send(Message(data=message)))
        else:
            text = message if isinstance(message, str) else json.dumps(message)
            self._writer.write(self._protocol.send(Message(data=text)))
        await self._writer.drain()

    async def heard(self, *, patience_seconds: float = PATIENCE_SECONDS) -> Any:
        """Read the next message.

        Raises:
            Closed: there is none, the socket is closed.
            TimeoutError: nothing comes.
        """
        async with asyncio.timeout(patience_seconds):
            while not self._heard:
                await self._hear()
        return json.loads(self._heard.pop(0))

    async def closed(self) -> Closed:
        """Read on until the server closes the socket; say how."""
        try:
            while True:
                await self.heard()
        except Closed as closed:
            return closed

    async def told(self, *, patience_seconds: float = PATIENCE_SECONDS) -> Any:
        """Read the data of the next answer."""
        message = await self.heard(patience_seconds=patience_seconds)
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def _hear(self) -> None:
        try:
            data = await self._reader.read(PIECE)
        except ConnectionError as error:
            raise Closed(1006) from error
        if not data:
            raise Closed(1006)
        self._protocol.receive_data(data)
        for event in self._protocol.events():
            match event:
                case AcceptConnection():
                    self.subprotocol = event.subprotocol or ""
                case RejectConnection():
                    raise Rejected(event.status_code)
                case TextMessage():
                    self._partial += event.data
                    if event.message_finished:
                        self._heard.append(self._partial)
                        self._partial = ""
                case Ping():
                    self._writer.write(self._protocol.send(event.response()))
                case CloseConnection():
                    raise Closed(event.code, event.reason or "")
                case _:
                    pass
