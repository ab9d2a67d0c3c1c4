"""The files of a tar archive, as they come. Pure.

Sources: POSIX.1-2017, pax (ustar and pax interchange formats); the GNU tar manual, "Basic Tar Format" (long names,
numbers to the base of 256). Owners, times and modes are passed over.
"""

import re
from collections.abc import Iterator
from typing import Final

from lineage.packing.members import Limits, Member, Unreadable, plain_name, shown, too_many
from lineage.packing.stream import Stream

BLOCK_BYTES: Final = 512

_POSIX: Final = b"ustar\0"
_CHECKSUM: Final = slice(148, 156)
_FOLDER, _HARD_LINK, _SYMBOLIC_LINK = b"5", b"1", b"2"
_DEVICES: Final = (b"3", b"4", b"6")
_PAX, _PAX_GLOBAL = b"x", b"g"
_LONG_NAME, _LONG_LINK, _SPARSE = b"L", b"K", b"S"
_OCTAL: Final = re.compile(rb"[ \0]*([0-7]*)[ \0]*")
_SPARSE_RECORD: Final = b"GNU.sparse."
_NEEDED: Final = (b"path", b"linkpath", b"size")  # the rest is not held: there may be no end of it
_RECORD: Final = re.compile(rb"([1-9][0-9]{0,7}) ([^=]+)=")


def is_header(block: bytes) -> bool:
    """Say whether a block is the header of a member: its checksum says so."""
    if len(block) < BLOCK_BYTES or not block[0]:
        return False
    found = _OCTAL.fullmatch(block[_CHECKSUM])
    if found is None or not found[1]:
        return False
    return int(found[1], 8) == sum(block[:BLOCK_BYTES]) - sum(block[_CHECKSUM]) + 8 * ord(" ")


def tar_members(stream: Stream, limits: Limits) -> Iterator[Member]:
    """Read the files and links of an archive.

    1. A member is a block of header, its data, and zeros up to the end of a block; a block of zeros ends the archive.
    2. Before a member there can be others that only tell its name, its size, or where it leads.

    Raises:
        Unreadable: it is damaged, ends in the middle, holds what is no file, or goes beyond a limit.
    """
    told: dict[bytes, bytes] = {}
    count = 0
    while any(block := stream.peek(BLOCK_BYTES)):
        stream.take(BLOCK_BYTES)
        if not is_header(block):
            raise Unreadable("the header of a file is damaged")
        kind, size = block[156:157], _number(block[124:136])
        if kind in (_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK):
            if size > limits.header_bytes:
                raise Unreadable(f"a header has {size} bytes, and may have {limits.header_bytes}")
            told |= _told(kind, stream.take(size))
            stream.skip(-size % BLOCK_BYTES)
            continue
        if (count := count + 1) > limits.files:
            raise too_many(limits)
        name = told.get(b"path", _name(block))
        link = told.get(b"linkpath", _text(block[157:257]))
        size = _decimal(told[b"size"]) if b"size" in told else size
        if kind == _SPARSE or _SPARSE_RECORD in told:
            raise Unreadable(f"{shown(name)} is a sparse file, which is not read")
        if kind in _DEVICES:
            raise Unreadable(f"{shown(name)} is a device, which has no content")
        told = {}
        if kind in (_HARD_LINK, _SYMBOLIC_LINK):
            yield Member(name=plain_name(name, limits), link=link, data=iter(()))
        elif kind != _FOLDER and not name.endswith(b"/"):  # before there was a sign for folders, the slash was it
            data = stream.pieces(size)
            yield Member(name=plain_name(name, limits), link=None, data=data)
            for _ in data:
                pass
            stream.skip(-size % BLOCK_BYTES)


def _name(block: bytes) -> bytes:
    name, prefix = _text(block[:100]), _text(block[345:500])
    return prefix + b"/" + name if prefix and block[257:263] == _POSIX else name


def _told(kind: bytes, data: bytes) -> dict[bytes, bytes]:
    """Read what a member tells of the next one. What holds for all of them says nothing of names."""
    if kind == _LONG_NAME:
        return {b"path": _text(data)}
    if kind == _LONG_LINK:
        return {b"linkpath": _text(data)}
    return _records(data) if kind == _PAX else {}


def _records(data: bytes) -> dict[bytes, bytes]:
    """Read `LENGTH KEY=VALUE` and a line feed, one after another; the length is that of all of it."""
    records: dict[bytes, bytes] = {}
    at = 0
    while at < len(data) and data[at]:
        found = _RECORD.match(data, at)
        end = at + int(found[1]) if found else 0
        if found is None or not found.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            raise Unreadable("the header of a file is damaged")
        if found[2] in _NEEDED:
            records[found[2]] = data[found.end() : end - 1]
        elif found[2].startswith(_SPARSE_RECORD):
            records[_SPARSE_RECORD] = b""
        at = end
    return records


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes) -> int:
    """Read a number: octal digits, or to the base of 256 where the first bit is set."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    found = _OCTAL.fullmatch(field)
    if found is None:
        raise Unreadable("the header of a file is damaged")
    return int(found[1] or b"0", 8)


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > len(str(2**63)):
        raise Unreadable("the header of a file is damaged")
    return int(text)
