"""Nodes that Argo offloaded, put back into views of workflows as they are watched.

Argo removes old versions after minutes (`OFFLOAD_NODE_STATUS_TTL`), so they are read when a view is handed on. Where
that fails, the view goes on without them, and says that they are missing: watching does not wait for a database.
"""

from collections.abc import Callable
from time import monotonic
from typing import Final

from msgspec import structs

from lineage.errors import ClusterError
from lineage.outage import Outage
from watchers.argo_archive import OffloadedNodes
from watchers.nodes import WorkflowHead, put_node_members
from watchers.sent import Sent, text_of
from watchers.source import read_members

REST_SECONDS: Final = 15.0  # after a failure: each costs up to ten seconds in which nothing of that source is seen


class Hydrating:
    """Completes views. Safe among threads; `clock` counts seconds and never goes back."""

    def __init__(self, offloaded: OffloadedNodes, *, clock: Callable[[], float] = monotonic) -> None:
        self._offloaded = offloaded
        self._clock = clock
        self._rests_until = float("-inf")
        self.outage = Outage(
            begins="offloaded nodes cannot be read, workflows are recorded without them",
            ends="offloaded nodes can be read",
        )

    def __call__(self, sent: Sent) -> Sent:
        """Put the nodes that were offloaded into a view; return it as it is where there are none to be had."""
        version = sent.head.offloaded_version if isinstance(sent.head, WorkflowHead) else None
        if version is None or not sent.uid or self._clock() < self._rests_until:
            return sent
        try:
            nodes = self._offloaded.nodes(sent.uid, version)
        except ClusterError as error:
            self._rests_until = self._clock() + REST_SECONDS
            self.outage.goes_on(str(error))
            return sent
        self.outage.is_over()
        if nodes is None:
            return sent
        try:
            text = text_of(put_node_members(sent.members(), nodes))
        except ValueError:  # what is there are no nodes
            return sent
        return structs.replace(sent, text=text, opened=read_members)
