"""JSON that is too large or too deep to be read whole: the elements of a list, one at a time, and what is not too deep.

Pure. It follows brackets and quotes, however lines are broken, and builds nothing: so it needs the memory of one
element, and of none that is too large, which is counted, digested and left out. Numbers and words between elements
are read over.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

OPENING_BYTES: Final = 64 * 1024  # within so many a document says that it is a list

KEPT_LEVELS: Final = 270  # orjson writes 254, and a list holds its objects two levels down

_LIST_OPENING: Final = re.compile(rb"\s*(?:\[|\{(?:[^\[{]|\{[^\[{}]*\})*?\"items\"\s*:\s*\[)")
_STRUCTURE: Final = re.compile(rb"[^\"{}\[\]]*+([\"{}\[\]])")
_IN_TEXT: Final = re.compile(rb"[^\"\\\n]*+(?:\\[^\n][^\"\\\n]*+)*+([\"\\\n])")  # no text goes on behind a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """An element and the line on which it begins. `data` is None where it is too large, or where `fault` says what
    is wrong with it."""

    line: int
    data: bytes | None
    fault: str | None
    size_bytes: int
    digest: str


def list_opening(start: bytes) -> bytes:
    """What stands before the first element of a document; empty if it is no list."""
    found = _LIST_OPENING.match(start[:OPENING_BYTES])
    return found[0] if found else b""


def decode_json(data: bytes) -> Any:
    """Decode JSON. What is nested beyond all measure loses what is deepest, so that one object does not hide those
    beside it: it still has more levels than can be written down, and is refused for that.

    Raises:
        orjson.JSONDecodeError: it is no JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if "depth limit" not in error.msg and "ecursion limit" not in error.msg:  # orjson's words, new and old
            raise
        return orjson.loads(without_depths(data))


def without_depths(data: bytes) -> bytes:
    """Cut out of JSON what is nested beyond all measure."""
    kept, begun, at, depth = list[bytes](), 0, 0, 0
    while (token := _STRUCTURE.match(data, at)) is not None:
        at, sign = token.end(), token[1]
        if sign == b'"':
            text = _IN_TEXT.match(data, at)
            at = text.end() if text else len(data)
        elif sign in b"{[":
            depth += 1
            if depth == KEPT_LEVELS + 1:
                kept.append(data[begun : at - 1])
        else:
            if depth == KEPT_LEVELS + 1:
                kept.append(b"null")
                begun = at
            depth -= 1
    return b"".join([*kept, data[begun:]])


class Elements:
    """Cuts a document that is handed over piece by piece, from behind its `opening`; without one it is itself the
    element. Once it `is_over`, `rest` is what the last piece held behind it."""

    def __init__(self, *, opening: bytes, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._base = self._depth = sum(map(opening.count, (b"{", b"["))) - opening.count(b"}")
        self._in_text = False
        self._escaped = False
        self._elements_over = False
        self._open: _Gathered | None = None
        self.is_over = False
        self.rest = b""

    def feed(self, data: bytes, line: int, *, begins_line: bool) -> Iterator[Element]:
        """Read on in `data`, which is of one line: from its begin, or from where the last piece broke off."""
        if begins_line and self._open is not None and data.startswith(b"{"):
            yield self._closed("it is not closed")  # a bracket at the margin begins something new
            self._depth = self._base
            if not self._base:
                self.is_over, self.rest = True, data
                return
        at, begun = int(self._escaped), 0
        self._escaped = False
        while (token := (_IN_TEXT if self._in_text else _STRUCTURE).match(data, at)) is not None:
            at, sign = token.end(), token[1]
            if sign == b"\\":
                self._escaped = at == len(data)
                continue
            if self._in_text or sign in b'"{[':
                if self._open is None and not self._elements_over:
                    self._open, begun = _Gathered(line, self._max_bytes), at - 1
                if sign == b"\n" and self._open is not None:
                    self._open.fault = "a line ends within a text"
                self._in_text = sign == b'"' and not self._in_text
                self._depth += sign in b"{["
            else:
                self._depth -= 1
            if self._open is not None and self._depth <= self._base and not self._in_text:
                self._open.add(data[begun:at])
                yield self._closed(None)
            self._elements_over = self._elements_over or self._depth < self._base
            if self._depth <= 0 and not self._in_text:
                self.is_over, self.rest = True, data[at:]
                return
        if self._open is not None:
            self._open.add(data[begun:])

    def finish(self) -> Iterator[Element]:
        """Say what is left open at the end of the input."""
        if self._open is not None:
            yield self._closed("it breaks off")

    def _closed(self, fault: str | None) -> Element:
        gathered, self._open = self._open, None
        assert gathered is not None  # noqa: S101 - callers have looked
        self._in_text = self._escaped = False
        return gathered.element(fault)


class _Gathered:
    """The bytes of one element, as long as they are not too many."""

    def __init__(self, line: int, max_bytes: int) -> None:
        self._line = line
        self._max_bytes = max_bytes
        self._data = bytearray()
        self._size = 0
        self._digest = hashlib.sha256()
        self.fault: str | None = None

    def add(self, data: bytes) -> None:
        self._size += len(data)
        self._digest.update(data)
        if self._size <= self._max_bytes:
            self._data += data
        else:
            self._data.clear()

    def element(self, fault: str | None) -> Element:
        fault = self.fault or fault
        whole = fault is None and self._size <= self._max_bytes
        return Element(
            line=self._line,
            data=bytes(self._data) if whole else None,
            fault=fault,
            size_bytes=self._size,
            digest=f"sha256:{self._digest.hexdigest()}",
        )
