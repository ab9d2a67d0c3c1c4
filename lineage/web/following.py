"""Following as one may: what is told by the broadcast, as long as its reader may see it.

Rights are looked at again before each message, and every few seconds where none comes. What is no longer granted is not
sent, even if it was read while it was. Whoever may see another part of the store goes on there, from where they stood.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from starlette.types import Message as AsgiMessage

from lineage.access import Caller, Grant
from lineage.web.admission import Admission, Seen, TooMany
from lineage.web.broadcast import Broadcast, Message, Outlet
from lineage.web.threads import RETRY_SECONDS
from lineage_graphql import Subscription

LOOK_AGAIN_SECONDS: Final = 10.0  # between looks at somebody's rights, where nothing is to be told
MOST_OF_ONE: Final = 200  # connections of one caller: a twentieth of all
MOST_FOLLOWING: Final = 4_000  # connections that are told, of either kind: each has a file, and some 50 KB


class Nothing:
    """There was nothing to tell for a while."""


NOTHING: Final = Nothing()


class Room:
    """How many connections may be told, of all and of one caller who has a name. Asked by one loop, and by nothing
    else."""

    def __init__(self, most: int = MOST_FOLLOWING, most_of_one: int = MOST_OF_ONE) -> None:
        self._left = most
        self._most_of_one = most_of_one
        self._of: Counter[str] = Counter()

    def enter(self) -> bool:
        """Take a place for a connection; say whether there was one."""
        if self._left <= 0:
            return False
        self._left -= 1
        return True

    def leave(self) -> None:
        """Give it back."""
        self._left += 1

    def take(self, caller: Caller) -> None:
        """Count a connection of a caller.

        Raises:
            TooMany: they have enough of them.
        """
        if caller.name and self._of[caller.name] >= self._most_of_one:
            raise TooMany(f"You have {self._most_of_one} connections open here: end some of them.", RETRY_SECONDS)
        self._of[caller.name] += 1

    def give_back(self, caller: Caller) -> None:
        """Count one less."""
        self._of[caller.name] -= 1
        if not self._of[caller.name]:
            del self._of[caller.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One whose rights are asked again and again."""

    admission: Admission
    seen: Seen

    async def grant(self) -> Grant:
        """What they may see now.

        Raises:
            Overloaded, RightsUnknown, TooMany: nobody can say.
            Unauthenticated: they are not let in any longer.
        """
        return await self.admission.known(self.seen, nobody_hangs_up)


async def nobody_hangs_up() -> AsgiMessage:
    """Wait for one to hang up whose connection is watched elsewhere: whoever waits so is cancelled by that."""
    await asyncio.Event().wait()
    raise AssertionError  # nobody sets it


async def followed(
    broadcast: Broadcast, reader: Reader, asked: Subscription, *, look_again_seconds: float
) -> AsyncGenerator[Message | Nothing]:
    """Tell what one follows, as long as they may: messages, and NOTHING where none came for a while.

    Raises:
        LineageError: nothing can be told by such a cursor or filter, the store cannot be read; or as `Reader.grant`.
        Overloaded, TooMany: as `Reader.grant`.
        TooSlow: messages are not taken.
    """
    grant = await reader.grant()
    while True:
        outlet = broadcast.open(asked, grant.scope)
        try:
            async with aclosing(_within(outlet, reader, grant, look_again_seconds)) as messages:
                async for message in messages:
                    yield message
        finally:
            broadcast.close(outlet)
        grant = await reader.grant()
        asked = asked if outlet.cursor is None else asked.going_on(outlet.cursor)


async def _within(
    outlet: Outlet, reader: Reader, granted: Grant, look_again_seconds: float
) -> AsyncGenerator[Message | Nothing]:
    """Tell what comes out, until its reader may see more or less than was granted."""
    while True:
        before = outlet.cursor
        message = await outlet.take(look_again_seconds)
        if (await reader.grant()).scope != granted.scope:
            outlet.cursor = before  # it was taken, and is not told
            return
        yield NOTHING if message is None else message
