"""Who is let in, and how much one caller may ask: looked at before anything is read of what they ask.

Whoever is known from a short while ago passes at once. Others stand in a line of their own, in which a gate is asked:
those who are not let in take no thread from those who are. Whoever was let in before has another line than those who
come for the first time, so that guesses, however many, lock nobody out who is at work.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from math import ceil
from time import monotonic
from typing import Final

from starlette.types import Receive
from starlette.types import Scope as Asked

from lineage.access import Gate, Grant, Shown
from lineage.deadline import Deadline
from lineage.errors import Unauthenticated
from lineage.web.headers import combined
from lineage.web.ledger import note_refused
from lineage.web.threads import Threads

ADMITTING_THREADS: Final = 4
ADMITTING_SECONDS: Final = 20.0  # for a gate to hear from those that it asks
REFUSALS_PER_MINUTE: Final = 60  # of one address: those are asked about elsewhere, and each may be a guess
MOST_AT_ONCE: Final = 50  # questions of one caller under way: a twentieth of the line, and some pages at a time
MOST_COUNTED: Final = 10_000  # callers, of which those who were not heard of for longest are forgotten
MINUTE: Final = 60.0


class TooMany(Exception):
    """One caller asks too much, for now."""

    def __init__(self, message: str, retry_seconds: float) -> None:
        super().__init__(message)
        self.retry_seconds = ceil(retry_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a connection shows of its sender, and from where it came."""

    shown: Shown
    peer: str | None


@dataclass(slots=True)
class _Bucket:
    """What a caller has left, and since when."""

    left: float
    at: float


class Allowance:
    """So many a minute for each name: a quarter of them at once, and as time goes by, more. 0 is no limit.

    Source of the method: the token bucket, as in RFC 2697.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = monotonic) -> None:
        self._per_second = per_minute / MINUTE
        self._most = max(per_minute / 4, 1.0)
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, name: str, *, count: int = 1) -> float:
        """Take one, and say for how many seconds there will be none: 0 where it was there to be taken. A `count` of 0
        takes none, and says the same."""
        if not self._per_second:
            return 0.0
        now = self._clock()
        bucket = self._buckets.pop(name, None) or _Bucket(self._most, now)
        self._buckets[name] = bucket
        bucket.left = min(self._most, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        if len(self._buckets) > MOST_COUNTED:
            self._buckets.popitem(last=False)
        if bucket.left < 1:
            return (1 - bucket.left) / self._per_second
        bucket.left -= count
        return 0.0


class Admission:
    """Lets callers in, each so often. Asked by one loop, and by nothing else."""

    def __init__(self, gate: Gate, *, requests_per_minute: int = 0, clock: Callable[[], float] = monotonic) -> None:
        self._gate = gate
        self._known, self._others = Threads(ADMITTING_THREADS), Threads(ADMITTING_THREADS)
        self._allowed = Allowance(requests_per_minute, clock=clock)
        self._refusals = Allowance(REFUSALS_PER_MINUTE, clock=clock)
        self._under_way: Counter[str] = Counter()

    async def admit(self, asked: Asked, headers: Mapping[str, str], receive: Receive) -> Grant:
        """Find out who sends a request with these headers, and what they may see.

        Raises:
            AskerGone: the client has hung up.
            Overloaded: too many are to be let in.
            RightsUnknown: whoever knows cannot be asked.
            TooMany: this caller has asked enough, or this address has been refused often enough.
            Unauthenticated: who it is was not shown, or is not believed.
        """
        peer = _peer(asked)
        grant = await self.known(Seen(shown=self._gate.shown(headers, peer=peer), peer=peer), receive)
        self.count(grant)
        return grant

    def seen(self, asked: Asked, *, authorization: str | None = None) -> Seen:
        """Read what a request shows of its sender, once for all that comes over its connection."""
        peer = _peer(asked)
        return Seen(shown=self._gate.shown(combined(asked), peer=peer, authorization=authorization), peer=peer)

    async def known(self, seen: Seen, receive: Receive) -> Grant:
        """Find out who somebody is, and what they may see now: as often as one likes, for it counts as no question.

        Raises:
            AskerGone, Overloaded, RightsUnknown, TooMany, Unauthenticated: as `admit`.
        """
        grant = self._gate.remembered(seen.shown)
        if grant is not None:
            return grant
        address, is_known = str(seen.peer), self._gate.knows(seen.shown)
        if not is_known:
            self._refuse_soon(self._refusals.take(address, count=0), "Too many from this address were not let in.")
        threads = self._known if is_known else self._others
        try:
            return await threads.run(partial(self._gate.admit, seen.shown), Deadline(ADMITTING_SECONDS), receive)
        except Unauthenticated as error:
            self._refusals.take(address)
            note_refused(seen.peer, str(error))
            raise

    def count(self, grant: Grant) -> None:
        """Count a question of a caller.

        Raises:
            TooMany: they have asked enough, for now.
        """
        if grant.caller.name:
            self._refuse_soon(self._allowed.take(grant.caller.name), "You ask more often than you may.")

    def under_way(self, grant: Grant) -> AbstractContextManager[None]:
        """Count a question of a caller as under way within a block.

        Raises:
            TooMany: too many of them are.
        """
        name = grant.caller.name
        return self._counted(name) if name else nullcontext()

    @contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        if self._under_way[name] >= MOST_AT_ONCE:
            raise TooMany(f"{MOST_AT_ONCE} questions of yours are under way: wait for their answers.", 1)
        self._under_way[name] += 1
        try:
            yield
        finally:
            self._under_way[name] -= 1
            if not self._under_way[name]:
                del self._under_way[name]

    @staticmethod
    def _refuse_soon(seconds: float, why: str) -> None:
        if seconds > 0:
            raise TooMany(f"{why} Ask again in {ceil(seconds)} s.", seconds)


def _peer(asked: Asked) -> str | None:
    """The address that a request came from."""
    address: str | None = (asked.get("client") or (None,))[0]
    return address
