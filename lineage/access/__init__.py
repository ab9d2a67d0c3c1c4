"""Who asks, and what they may see of the store.

A `Gate` stands before all that is served: it takes what a request shows of its sender, and answers with a `Grant`.
`OPEN` is that of one machine with one user. The scope that every read of the store takes is filled here, and nowhere
else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final, Protocol

from lineage.ports import EVERYTHING, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a request shows of its sender. Secrets are left out where it is printed."""

    bearer: str | None = field(default=None, repr=False)
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: named as the cluster names its users, `""` where nobody is asked for a name."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a caller may see, and until when that need not be asked again, by the monotonic clock."""

    caller: Caller
    scope: Scope
    until: float


class Gate(Protocol):
    """Lets callers in. Any thread may ask it."""

    def shown(self, headers: Mapping[str, str], *, peer: str | None, authorization: str | None = None) -> Shown:
        """Read what a request shows. Names of headers are in small letters; `peer` is the address that it came from.
        `authorization` stands for that header where a client cannot set one, as browsers cannot for a WebSocket."""

    def remembered(self, shown: Shown) -> Grant | None:
        """Say what was granted a short while ago, and is still good; None where `admit` must be asked. Never waits."""

    def knows(self, shown: Shown) -> bool:
        """Say whether the same was let in before, lately enough to be remembered: it is no guess. Never waits."""

    def admit(self, shown: Shown) -> Grant:
        """Find out who that is, and what they may see. This may wait for others, for some seconds.

        Raises:
            Unauthenticated: who that is was not shown, or is not believed.
            RightsUnknown: whoever knows cannot be asked now.
        """


class _Open:
    """Access is off: whoever reaches the server may see everything."""

    _GRANT: Final = Grant(caller=Caller(name=""), scope=EVERYTHING, until=inf)
    _SHOWN: Final = Shown()

    def shown(self, headers: Mapping[str, str], *, peer: str | None, authorization: str | None = None) -> Shown:
        del headers, peer, authorization
        return self._SHOWN

    def remembered(self, shown: Shown) -> Grant:
        del shown
        return self._GRANT

    def knows(self, shown: Shown) -> bool:
        del shown
        return True

    def admit(self, shown: Shown) -> Grant:
        return self.remembered(shown)


OPEN: Final[Gate] = _Open()
