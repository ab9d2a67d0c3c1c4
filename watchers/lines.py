"""Lines out of the bytes of an answer, which come in pieces that end anywhere.

Pure. What HTTP puts around the chunks of an answer is taken off here, in as few steps as there are chunks: a watch
sends each event as one.
"""

from typing import Final

_LINE_END: Final = b"\r\n"
_DIGITS: Final = b"0123456789abcdefABCDEF"
_LONGEST_SIZE: Final = 64 * 1024  # of the line that says how long a chunk is; what is longer is none


class Chunks:
    """The body of an answer that is sent in chunks (RFC 9112, section 7.1). It `is_over` with the last of them."""

    def __init__(self) -> None:
        self._left = 0  # bytes of the chunk that is being read, and of the end of line behind it
        self._size = b""  # of the next chunk, as far as it has come
        self.is_over = False

    def feed(self, data: bytes) -> bytes:
        """Return what of the body stands in the next bytes.

        Raises:
            ValueError: they are no chunks.
        """
        if self._size:
            data, self._size = self._size + data, b""
        pieces: list[bytes] = []
        at, left = 0, self._left
        while not self.is_over:
            if left > 0:
                pieces.append(data[at : at + max(left - len(_LINE_END), 0)])
                at, left = at + left, max(at + left - len(data), 0)
                if left > 0:
                    break
            end = data.find(_LINE_END, at)
            if end < 0:
                self._size = data[at:]
                break
            left = _size(data[at:end])
            self.is_over = not left
            at, left = end + len(_LINE_END), left + len(_LINE_END)
        self._left = left
        if len(self._size) > _LONGEST_SIZE:
            raise ValueError("the size of a chunk does not end")
        return b"".join(pieces)


def _size(line: bytes) -> int:
    """Read how long a chunk is; what may stand behind that means nothing to us."""
    digits = line.partition(b";")[0].strip()
    if not digits or digits.strip(_DIGITS):
        raise ValueError(f"{line[:20]!r} is no size of a chunk")
    return int(digits, 16)


class Lines:
    """The lines of a body. `partial` says whether one has begun and not ended."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []

    @property
    def partial(self) -> bool:
        return bool(self._begun)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that end in the next bytes of the body. Empty ones are left out."""
        lines: list[bytes] = []
        at = 0
        while (end := data.find(b"\n", at)) >= 0:  # split() looks at each byte by itself, find() at many at once
            line = data[at:end]
            if self._begun:
                line = b"".join((*self._begun, line))
                self._begun.clear()
            if line:
                lines.append(line)
            at = end + 1
        if at < len(data):
            self._begun.append(data[at:])
        return lines
