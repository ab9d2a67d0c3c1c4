"""What was computed of the last views of objects, so that the next views cost no more than what changed in them.

Pure but for its memory, which is bounded: the objects that were not seen for longest are forgotten first.
"""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MAX_BYTES: Final = 32 * 2**20  # some thirteen workflows of 500 nodes, or 500 of ten


class LastViews(Generic[T]):
    """The newest of what was remembered of each object, of about `max_bytes` at most. Safe among threads.

    What is remembered is a memo: nothing may depend on whether it is still there.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._views: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = Lock()
        self.size_bytes = 0

    def get(self, name: Hashable) -> T | None:
        """Recall an object."""
        with self._lock:
            found = self._views.get(name)
            if found is None:
                return None
            self._views.move_to_end(name)
            return found[0]

    def put(self, name: Hashable, view: T, size_bytes: int) -> None:
        """Remember of an object this alone. What is larger than everything may be is not remembered."""
        with self._lock:
            self._forget(name)
            if size_bytes > self._max_bytes:
                return
            self._views[name] = view, size_bytes
            self.size_bytes += size_bytes
            while self.size_bytes > self._max_bytes:
                _, (_, freed) = self._views.popitem(last=False)
                self.size_bytes -= freed

    def forget(self, name: Hashable) -> None:
        """Let go of an object."""
        with self._lock:
            self._forget(name)

    def _forget(self, name: Hashable) -> None:
        _, freed = self._views.pop(name, (None, 0))
        self.size_bytes -= freed
