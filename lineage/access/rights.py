"""What a caller may see: whoever may get workflows in a namespace, or in all of them, may read what ran there."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from lineage.access import Caller
from lineage.errors import DeadlineExceeded, RightsUnknown, StoreError
from lineage.ports import EVERYTHING, Scope

EVERY_NAMESPACE: Final = ""
AT_ONCE: Final = 8  # questions to an API server, of which each takes some milliseconds


class Rights(Protocol):
    """Knows what somebody may see."""

    def scope(self, caller: Caller) -> Scope:
        """Say what.

        Raises:
            RightsUnknown: whoever knows cannot be asked.
        """


class Everything:
    """Whoever is known may see everything."""

    def scope(self, caller: Caller) -> Scope:
        del caller
        return EVERYTHING


class ClusterRights:
    """The rights of one cluster, over what happened in it. What is recorded of other clusters, they show to nobody.

    `may_read` answers for a caller and a namespace, `EVERY_NAMESPACE` being all that there ever will be. `namespaces`
    are those of which anything is recorded: asked each time, for what is new may be seen soon, and what a cluster has
    deleted is recorded still.
    """

    def __init__(
        self, cluster: str, *, may_read: Callable[[Caller, str], bool], namespaces: Callable[[], frozenset[str]]
    ) -> None:
        self._cluster = cluster
        self._may_read = may_read
        self._namespaces = namespaces
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="rights")

    def scope(self, caller: Caller) -> Scope:
        if self._may_read(caller, EVERY_NAMESPACE):
            return Scope(namespaces=frozenset(), clusters=frozenset({self._cluster}))
        names = sorted(self._recorded() - {EVERY_NAMESPACE})
        allowed = self._pool.map(lambda name: self._may_read(caller, name), names)
        seen = (name for name, may in zip(names, allowed, strict=True) if may)
        return Scope(namespaces=frozenset((self._cluster, name) for name in seen))

    def _recorded(self) -> frozenset[str]:
        try:
            return self._namespaces()
        except (DeadlineExceeded, StoreError) as error:
            raise RightsUnknown("The store cannot be asked which namespaces there are.") from error
