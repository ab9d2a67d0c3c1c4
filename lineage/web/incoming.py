"""What a client sends with one request, for who reads it, and for who only looks whether the client is still there."""

import asyncio

from starlette.types import Message, Receive


class Incoming:
    """Nothing that `watch` meets is lost to `read`. One at a time waits for either."""

    __slots__ = ("_kept", "_receive")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._kept: Message | None = None

    async def read(self) -> Message:
        """Take what comes next."""
        kept, self._kept = self._kept, None
        return await self._receive() if kept is None else kept

    async def watch(self) -> Message:
        """Look at what comes next, and leave it to be read. Behind a piece of a body that has not ended this waits for
        ever: what more of it comes is not taken in before it is read, and so neither is its end."""
        if self._kept is not None and self._kept.get("more_body", False):
            await asyncio.get_running_loop().create_future()
        message = await self._receive()
        if message["type"] != "http.disconnect":
            self._kept = message
        return message
