"""The gate of a server that does not let everybody in: who asks is found out, and what they may see, and remembered for
a short while."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from time import monotonic
from typing import Final, TypeAlias, TypeVar

from lineage.access import Grant, Shown
from lineage.access.identities import Identified, Identity
from lineage.access.rights import Rights
from lineage.errors import Unauthenticated

T = TypeVar("T")

Network: TypeAlias = IPv4Network | IPv6Network

REFUSED_SECONDS: Final = 10.0  # a token that is not believed is soon looked at again: it may only be too early for it
MOST_REMEMBERED: Final = 10_000
STRIPES: Final = 64
SCHEME: Final = "bearer"
LONGEST_TOKEN: Final = 16_384  # characters; Kubernetes' own are some 1,200


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy that says who asks: in which header, and at which addresses it is."""

    header: str
    networks: tuple[Network, ...]

    def user(self, headers: Mapping[str, str], peer: str | None) -> str | None:
        """Read who asks; None where it is not this proxy that says so."""
        name = headers.get(self.header)
        return name.strip() or None if name is not None and self._is_at(peer) else None

    def _is_at(self, peer: str | None) -> bool:
        try:
            address = ip_address((peer or "").partition("%")[0])
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self.networks)


class Guarded:
    """Asks one identity after the other who it is, and `rights` what they may see. Both are remembered for `seconds`,
    or for as long as a token is good, if that is less: so long it takes until rights that are taken away are gone."""

    def __init__(
        self,
        identities: Sequence[Identity],
        rights: Rights,
        *,
        proxy: Proxy | None = None,
        seconds: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._identities = tuple(identities)
        self._rights = rights
        self._proxy = proxy
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._grants: OrderedDict[Hashable, Grant] = OrderedDict()
        self._refusals: OrderedDict[Hashable, tuple[str, float]] = OrderedDict()
        self._stripes = tuple(threading.Lock() for _ in range(STRIPES))

    def shown(self, headers: Mapping[str, str], *, peer: str | None, authorization: str | None = None) -> Shown:
        given = headers.get("authorization") if authorization is None else authorization
        scheme, _, token = (given or "").strip().partition(" ")
        bearer = token.strip() if scheme.lower() == SCHEME else ""
        user = None if self._proxy is None else self._proxy.user(headers, peer)
        return Shown(bearer=bearer or None, user=user)

    def remembered(self, shown: Shown) -> Grant | None:
        with self._lock:
            grant = self._grants.get(_name(shown))
        return grant if grant is not None and self._clock() < grant.until else None

    def knows(self, shown: Shown) -> bool:
        with self._lock:
            return _name(shown) in self._grants

    def admit(self, shown: Shown) -> Grant:
        name = _name(shown)
        # Of many requests of one caller, the first asks, and the others wait for what it hears.
        with self._stripes[hash(name) % STRIPES]:
            if (known := self.remembered(shown)) is not None:
                return known
            self._refuse_again(name)
            try:
                identified = self._identified(shown)
            except Unauthenticated as error:
                self._forget(name)
                self._keep(self._refusals, name, (str(error), self._clock() + REFUSED_SECONDS))
                raise
            grant = self._granted(identified)
            self._keep(self._grants, name, grant)
            return grant

    def _identified(self, shown: Shown) -> Identified:
        if shown.bearer is not None and len(shown.bearer) > LONGEST_TOKEN:
            raise Unauthenticated(f"The token is longer than {LONGEST_TOKEN} characters.")
        for identity in self._identities:
            if (found := identity.identify(shown)) is not None:
                return found
        what = "Nothing shows who asks" if shown.bearer is None else "This token is from nobody who is believed here"
        raise Unauthenticated(f"{what}: this takes {', or '.join(one.wants for one in self._identities)}.")

    def _granted(self, identified: Identified) -> Grant:
        began = self._clock()
        seconds = self._seconds if identified.seconds is None else min(self._seconds, identified.seconds)
        if seconds <= 0:
            raise Unauthenticated("The token has expired.")
        scope = self._rights.scope(identified.caller)
        return Grant(caller=identified.caller, scope=scope, until=began + seconds)

    def _refuse_again(self, name: Hashable) -> None:
        with self._lock:
            message, until = self._refusals.get(name, ("", 0.0))
        if self._clock() < until:
            raise Unauthenticated(message)

    def _forget(self, name: Hashable) -> None:
        with self._lock:
            self._grants.pop(name, None)

    def _keep(self, kept: OrderedDict[Hashable, T], name: Hashable, what: T) -> None:
        with self._lock:
            kept[name] = what
            kept.move_to_end(name)
            while len(kept) > MOST_REMEMBERED:
                kept.popitem(last=False)


def _name(shown: Shown) -> Hashable:
    """What is remembered of a token is enough to know it again, and not to use it."""
    token = None if shown.bearer is None else hashlib.sha256(shown.bearer.encode(errors="surrogatepass")).digest()
    return token, shown.user
