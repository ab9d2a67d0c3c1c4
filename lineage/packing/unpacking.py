"""Which packing it is, and the files in it. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Final, assert_never

from lineage.packing.gzip import gunzip
from lineage.packing.members import LIMITS, Limits, Member, Unreadable, too_much
from lineage.packing.stream import Stream
from lineage.packing.tar import BLOCK_BYTES, is_header, tar_members
from lineage.packing.zip import OPENINGS, zip_members

HEAD_BYTES: Final = BLOCK_BYTES  # so much of the beginning says what it is
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
