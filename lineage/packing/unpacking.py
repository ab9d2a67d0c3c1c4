"""Which packing it is, and the files in it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Final, assert_never

from lineage.packing.gzip import gunzip
from lineage.packing.members import LIMITS, Limits, Member, Unreadable, too_much
from lineage.packing.stream import Stream
from lineage.packing.tar import BLOCK_BYTES, is_header, tar_members
from lineage.packing.zip import OPENINGS, zip_members

HEAD_BYTES: Final = BLOCK_BYTES  # so much of the beginning says what it is
_AHEAD_BYTES: Final = 2 * 2**20  # what may be unpacked beside the beginning of a file: headers, and a piece too much
_TAR_BYTES: Final = 64 * 1024  # what a tar of one file may have besides that: headers, and zeros up to 10 KiB


class Packing(StrEnum):
    """What bytes are packed in, as their beginning says."""

    NONE = "NONE"
    GZIP = "GZIP"
    TAR = "TAR"
    ZIP = "ZIP"


def packing_of(stream: Stream) -> Packing:
    """Say what the bytes that come next are packed in."""
    head = stream.peek(HEAD_BYTES)
    if head.startswith(b"\x1f\x8b\x08"):  # gzip, and the one way of compression that it knows
        return Packing.GZIP
    if head.startswith(OPENINGS):
        return Packing.ZIP
    return Packing.TAR if is_header(head) else Packing.NONE


def unpacked(stream: Stream, limits: Limits = LIMITS) -> Iterator[Member]:
    """Read the files of a tar or zip archive. Of anything else: none.

    Raises:
        Unreadable: it cannot be unpacked, or goes beyond a limit.
    """
    match packing_of(stream):
        case Packing.TAR:
            return tar_members(stream, limits)
        case Packing.ZIP:
            return zip_members(stream, limits)
        case Packing.GZIP | Packing.NONE:
            return iter(())
        case other:
            assert_never(other)


def beginning_of_only_file(chunks: Iterable[bytes], *, size_bytes: int) -> tuple[bytes, bool]:
    """Unpack the beginning of the one file that is packed in some bytes, and say whether that is all of it; what is not
    packed is given as it is. No more is taken than that needs: whether other files follow a long one is not looked at.

    Raises:
        Unreadable: it cannot be unpacked, or holds none or several.
    """
    limits = replace(LIMITS, unpacked_bytes=size_bytes + _AHEAD_BYTES)
    stream = Stream(chunks)
    if packing_of(stream) is Packing.GZIP:
        stream = Stream(gunzip(stream, limits))
    if packing_of(stream) not in (Packing.TAR, Packing.ZIP):
        return _beginning(stream.rest(), size_bytes)
    files = (member for member in unpacked(stream, limits) if member.link is None)
    first = next(files, None)
    if first is None:
        raise Unreadable("it holds no file")
    found, is_all = _beginning(first.data, size_bytes)
    if is_all and next(files, None) is not None:
        raise Unreadable("it holds several files, and should hold one")
    return found, is_all


def _beginning(pieces: Iterator[bytes], size_bytes: int) -> tuple[bytes, bool]:
    taken = bytearray()
    for piece in pieces:
        taken += piece
        if len(taken) > size_bytes:
            return bytes(taken[:size_bytes]), False
    return bytes(taken), True


def only_file(data: bytes, *, max_bytes: int) -> bytes:
    """Unpack the one file that is packed in these bytes; what is not packed is given as it is.

    Raises:
        Unreadable: it cannot be unpacked, holds none or several, or more than `max_bytes`.
    """
    limits = replace(LIMITS, unpacked_bytes=max_bytes + _TAR_BYTES)
    stream = Stream([data])
    if packing_of(stream) is Packing.GZIP:
        stream = Stream(gunzip(stream, limits))
    if packing_of(stream) in (Packing.TAR, Packing.ZIP):
        files = [b"".join(member.data) for member in unpacked(stream, limits) if member.link is None]
        if len(files) != 1:
            raise Unreadable(f"it holds {len(files)} files, and should hold one")
        plain = files[0]
    else:
        plain = b"".join(stream.rest())
    if len(plain) > max_bytes:
        raise too_much(replace(limits, unpacked_bytes=max_bytes))
    return plain
