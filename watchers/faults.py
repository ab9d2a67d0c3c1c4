"""What can be wrong with an API server: the faults that `watchers.apiserver` shows on demand.

Memory only. A fault that happens once is taken by whoever meets it first.
"""

import threading

from watchers.source import Resource


class Faults:
    """What is wrong with a server now. Safe among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refusals: list[tuple[int, int | None]] = []
        self._cuts: list[int] = []
        self._expiries = 0
        self._forbidden: set[str] = set()
        self.silent = False  # watches stay open and say nothing, as if the peer were gone
        self.gone_as_status = False  # 410 as HTTP status, instead of as ERROR event
        self.token: str | None = None  # the bearer token to ask for; None lets everybody in

    def refuse(self, *statuses: int, retry_after: int | None = None) -> None:
        """Answer the next requests with these statuses, one each, and ask to be left alone for so many seconds."""
        with self._lock:
            self._refusals.extend((status, retry_after) for status in statuses)

    def cut_next_event(self, *, sent: int = -1) -> None:
        """Break the connection within the next event of a watch, after so many of its bytes; -1 is half of them."""
        with self._lock:
            self._cuts.append(sent)

    def expire_next_continue(self) -> None:
        """Answer 410 to the next continued list."""
        with self._lock:
            self._expiries += 1

    def take_refusal(self) -> tuple[int, int | None] | None:
        with self._lock:
            return self._refusals.pop(0) if self._refusals else None

    def take_cut(self) -> int | None:
        with self._lock:
            return self._cuts.pop(0) if self._cuts else None

    def take_expiry(self) -> bool:
        with self._lock:
            self._expiries, taken = max(0, self._expiries - 1), self._expiries > 0
            return taken

    def forbid(self, resource: Resource) -> None:
        with self._lock:
            self._forbidden.add(resource.name)

    def permit(self, resource: Resource) -> None:
        with self._lock:
            self._forbidden.discard(resource.name)

    def forbids(self, resource: Resource) -> bool:
        with self._lock:
            return resource.name in self._forbidden
