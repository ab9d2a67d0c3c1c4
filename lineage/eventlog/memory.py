"""The event log of one process: a bounded queue in memory.

It may not touch files, databases or the network. It outlives nothing: what it held when the process died
is seen again, because watchers list anew and files can be read again.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice
from threading import Condition
from time import monotonic
from typing import Final

from lineage.errors import InvalidRequest, LogError
from lineage.observation import ObjectSeen, Observation, ResourceListed
from lineage.ports import Entry, Stretch

MAX_ENTRIES: Final = 10_000
MAX_BYTES: Final = 64 * 1024 * 1024  # 64 MiB: a view of a workflow may have 1 MiB, so entries alone are no bound
ENTRY_BYTES: Final = 500  # what an entry weighs besides its body, roughly
ITEM_BYTES: Final = 190  # of a list: a uid of 36 characters, a version of 10 and a number, each in a tuple


class MemoryLog:
    """A log in memory: any number of threads may append, one at a time may read.

    Holds at most `max_entries` and about `max_bytes`, but always at least one entry. What is recorded is dropped.
    It is one part, called `name`, which must differ between instances, so that a position stored by an earlier
    process is never taken for one of this log.
    """

    def __init__(self, name: str, *, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        self.name = name
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: deque[Observation] = deque()
        self._bytes = 0
        self._dropped = 0  # the position of the last entry that was dropped; positions count from 1
        self._is_confirmed = False  # whether all that was read is known to be recorded
        self._changed = Condition()

    def __len__(self) -> int:
        """Count the entries that were not dropped yet."""
        with self._changed:
            return len(self._entries)

    def append(self, observation: Observation) -> None:
        """Add an observation; wait while the log is full."""
        size = _size(observation)
        with self._changed:
            self._changed.wait_for(lambda: self._fits(size))
            self._entries.append(observation)
            self._bytes += size
            self._changed.notify_all()

    def fits(self, observation: Observation) -> bool:
        """Say whether `append` would return at once."""
        with self._changed:
            return self._fits(_size(observation))

    def read(self, recorded: Callable[[str], str | None], *, limit: int, timeout_seconds: float) -> Stretch | None:
        """Read the next entries, as the port says.

        Raises:
            InvalidRequest: what was recorded is no position of this log.
            LogError: the store lost what it had recorded, and this log has dropped it since.
        """
        deadline = monotonic() + timeout_seconds
        position = None if self._is_confirmed else recorded(self.name)
        with self._changed:
            if not self._is_confirmed:
                recorded_to = self._parse(position)
                if recorded_to < self._dropped:
                    raise LogError(
                        f"the store has lost the last {self._dropped - recorded_to} observations that it had recorded, "
                        "as one does that was set back: start again, so that everything is seen again"
                    )
                self._drop_through(recorded_to)
            self._is_confirmed = True
            self._changed.wait_for(lambda: self._entries, timeout=max(0.0, deadline - monotonic()))
            if not self._entries:
                return None
            self._is_confirmed = False
            return Stretch(
                part=self.name,
                after=str(self._dropped) if self._dropped else None,
                entries=[
                    Entry(position=str(self._dropped + index), observation=observation)
                    for index, observation in enumerate(islice(self._entries, limit), start=1)
                ],
            )

    def confirm(self, part: str, position: str) -> None:
        """Drop what is recorded.

        Raises:
            InvalidRequest: it is no position of this log.
        """
        with self._changed:
            self._drop_through(self._parse(position))
            self._is_confirmed = True

    def _fits(self, size: int) -> bool:
        return not self._entries or (len(self._entries) < self._max_entries and self._bytes + size <= self._max_bytes)

    def _parse(self, position: str | None) -> int:
        if position is None:
            return 0
        if not position.isdecimal() or not 0 <= int(position) <= self._dropped + len(self._entries):
            raise InvalidRequest(f"{position!r} is no position of the log {self.name}")
        return int(position)

    def _drop_through(self, position: int) -> None:
        while self._dropped < position:
            self._bytes -= _size(self._entries.popleft())
            self._dropped += 1
        self._changed.notify_all()


def _size(observation: Observation) -> int:
    match observation:
        case ObjectSeen(body=body):
            return ENTRY_BYTES + len(body)
        case ResourceListed(uids=uids):
            return ENTRY_BYTES + ITEM_BYTES * len(uids)
        case _:
            return ENTRY_BYTES
