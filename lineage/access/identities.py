"""The ways in which a caller can show who they are: each takes what is meant for it, and leaves the rest to others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lineage.access import Caller, Shown
from lineage.access.provider import Provider
from lineage.access.reviews import Reviews
from lineage.access.tokens import claimed_issuer
from lineage.errors import Unauthenticated

RESERVED = "system:"  # users and groups that Kubernetes itself names, and nobody else may


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Who it is, and for how many seconds that is so: None where nobody says."""

    caller: Caller
    seconds: float | None = None


class Identity(Protocol):
    """One way to show who one is. `wants` is what it takes, in words."""

    wants: str

    def identify(self, shown: Shown) -> Identified | None:
        """Say who it is; None where nothing is shown that is meant for this way.

        Raises:
            Unauthenticated: it is meant for this way, and not to be believed.
            RightsUnknown: whoever knows cannot be asked.
        """


class ByProvider:
    """Tokens of an OpenID provider."""

    def __init__(self, issuer: str, provider: Provider, *, now: Callable[[], float]) -> None:
        self.wants = f"`Authorization: Bearer TOKEN` with a token of {issuer}"
        self._issuer = issuer
        self._provider = provider
        self._now = now

    def identify(self, shown: Shown) -> Identified | None:
        if shown.bearer is None or claimed_issuer(shown.bearer) != self._issuer:
            return None
        bearer = self._provider.bearer(shown.bearer)
        return Identified(caller=_named_by_others(bearer.caller), seconds=bearer.expires_at - self._now())


class ByCluster:
    """Tokens that the API server of a cluster knows: those of service accounts, and of whoever else logs in there."""

    def __init__(self, reviews: Reviews, audiences: Sequence[str]) -> None:
        self.wants = "`Authorization: Bearer TOKEN` with a token that the cluster knows"
        self._reviews = reviews
        self._audiences = tuple(audiences)

    def identify(self, shown: Shown) -> Identified | None:
        return None if shown.bearer is None else Identified(caller=self._reviews.caller(shown.bearer, self._audiences))


class ByProxy:
    """The name that a proxy gives, which is believed to have asked for it. Whether it comes from that proxy has been
    looked at before, in `lineage.access.gate`."""

    def __init__(self, prefix: str = "") -> None:
        self.wants = "to come by the proxy that says who asks"
        self._prefix = prefix

    def identify(self, shown: Shown) -> Identified | None:
        if shown.user is None:
            return None
        return Identified(caller=_named_by_others(Caller(name=self._prefix + shown.user)))


def _named_by_others(caller: Caller) -> Caller:
    """Take from those who are not the cluster no name that only the cluster gives."""
    if caller.name.startswith(RESERVED):
        raise Unauthenticated(f"Names that begin with {RESERVED} are given by the cluster alone.")
    return Caller(name=caller.name, groups=tuple(one for one in caller.groups if not one.startswith(RESERVED)))
