"""How much answers may take in memory: each of them, and all together that are made or sent at a time. Pure but for
a lock.

Counted are bytes of JSON: those of documents as they are read, before they are decoded, and those of values as they are
written. Decoded, a document takes some eight times as much.
"""

from threading import Lock
from typing import Final, Self

from lineage.errors import AnswerTooLarge, NoRoom

_STEP: Final = 64 * 2**10  # bytes that are taken at once: small values come by thousands


class Room:
    """What all answers share. Any thread may take of it."""

    def __init__(self, *, most_bytes: int, most_of_one: int) -> None:
        self._most_bytes = most_bytes
        self._most_of_one = most_of_one
        self._taken = 0
        self._lock = Lock()

    @property
    def taken(self) -> int:
        """How many bytes are taken now."""
        return self._taken

    def share(self, *, most_bytes: int | None = None) -> "Share":
        """Give a share to one answer, until it is sent: until the end of a `with` that it is used in. Unless said, it
        is as large as that of one answer may be."""
        return Share(self, self._most_of_one if most_bytes is None else most_bytes)

    def take(self, size_bytes: int) -> None:
        """Take some bytes.

        Raises:
            NoRoom: others have taken the rest.
        """
        if not self._change(size_bytes):
            raise NoRoom

    def give_back(self, size_bytes: int) -> None:
        """Give back what was taken."""
        self._change(-size_bytes)

    def _change(self, size_bytes: int) -> bool:
        with self._lock:
            fits = self._taken + size_bytes <= self._most_bytes
            self._taken += size_bytes if fits else 0
        return fits


class Share:
    """What one answer takes. One thread at a time takes of it."""

    def __init__(self, room: Room, most_bytes: int) -> None:
        self._room = room
        self._most_bytes = most_bytes
        self._used = 0
        self.taken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def give_back(self) -> None:
        """Give back all that was taken."""
        if self.taken:
            self._room.give_back(self.taken)
            self.taken = 0

    def take(self, size_bytes: int) -> None:
        """Take some bytes more.

        Raises:
            AnswerTooLarge: these are more than one answer may take.
            NoRoom: others have taken the rest.
        """
        self._used += size_bytes
        if self._used > self._most_bytes:
            raise AnswerTooLarge(self._most_bytes)
        if self._used > self.taken:
            step = max(self._used - self.taken, _STEP)
            self._room.take(step)
            self.taken += step
