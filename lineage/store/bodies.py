"""Bodies, counted as they are read: what is too much is refused before it is decoded, and before the rest is read.

Pure. A row bears little but its bodies, which are as long as what somebody wrote into an object.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias, TypeVar

import zstandard

RowT = TypeVar("RowT", bound=Sequence[Any])

Take: TypeAlias = Callable[[int], object]
"""Told how many bytes of JSON a document has before it is decoded; it may raise where there is no room for them."""

_PACKED: Final = zstandard.FRAME_HEADER


def anything(_size_bytes: int) -> None:
    """Take whatever is read: nobody waits for an answer to it."""


def size_of(body: bytes) -> int:
    """Say how many bytes a body has, once it is unpacked where it is packed."""
    return zstandard.frame_content_size(body) if body.startswith(_PACKED) else len(body)


def size_within(row: Sequence[Any], places: Sequence[int]) -> int:
    """Say how many bytes the bodies at these places of a row have, as far as there are any."""
    size = 0
    for place in places:
        body = row[place]
        if body is not None:
            size += size_of(body)
    return size


def counted(rows: Iterable[RowT], take: Take) -> Iterator[RowT]:
    """Hand rows on as they come, each once there is room for its bodies."""
    for row in rows:
        size = 0
        for value in row:
            if value.__class__ is bytes:
                size += size_of(value)
        if size:
            take(size)
        yield row
