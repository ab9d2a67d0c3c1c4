"""Bytes that are taken in any portions, whatever chunks they come in. Pure."""

from collections.abc import Iterable, Iterator

from lineage.packing.members import Unreadable


class Stream:
    """Takes bytes out of chunks, and holds no more than the chunk that is being taken and what was peeked at."""

    __slots__ = ("_at", "_chunk", "_chunks", "taken")

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._chunk = b""
        self._at = 0
        self.taken = 0  # so many bytes so far

    def peek(self, size: int) -> bytes:
        """Show the next bytes and leave them there; fewer at the end."""
        have = len(self._chunk) - self._at
        if have < size:
            parts = [self._chunk[self._at :]]
            while have < size and (more := next(self._chunks, None)) is not None:
                parts.append(more)
                have += len(more)
            self._chunk, self._at = b"".join(parts), 0
        return self._chunk[self._at : self._at + size]

    def take(self, size: int) -> bytes:
        """Take just so many bytes.

        Raises:
            Unreadable: there are fewer.
        """
        taken = self.peek(size)
        if len(taken) < size:
            raise Unreadable("it ends in the middle")
        self._at += size
        self.taken += size
        return taken

    def pieces(self, size: int) -> Iterator[bytes]:
        """Take just so many bytes, in pieces as they come.

        Raises:
            Unreadable: there are fewer.
        """
        while size:
            piece = self._piece(size)
            if not piece:
                raise Unreadable("it ends in the middle")
            size -= len(piece)
            yield piece

    def skip(self, size: int) -> None:
        """Pass over so many bytes.

        Raises:
            Unreadable: there are fewer.
        """
        for _ in self.pieces(size):
            pass

    def rest(self) -> Iterator[bytes]:
        """Take all that is left, in pieces as they come."""
        while piece := self._piece(None):
            yield piece

    def give_back(self, data: bytes) -> None:
        """Put back what was taken last."""
        self._chunk = data + self._chunk[self._at :]
        self._at = 0
        self.taken -= len(data)

    def _piece(self, size: int | None) -> bytes:
        """Take what the chunk at hand still has, or the next one; nothing at the end."""
        while self._at == len(self._chunk):
            if (more := next(self._chunks, None)) is None:
                return b""
            self._chunk, self._at = more, 0
        end = len(self._chunk) if size is None else min(len(self._chunk), self._at + size)
        piece = self._chunk if end - self._at == len(self._chunk) else self._chunk[self._at : end]
        self._at = end
        self.taken += len(piece)
        return piece
