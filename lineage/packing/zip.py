"""The files of a zip archive, as they come. Pure.

Source: PKWARE, APPNOTE.TXT 6.3.10. The directory of an archive stands at its end; what comes before it is read by the
headers before the files, and must then be just what the directory names. An archive that shows one thing to who reads
its headers and another to who reads its directory is refused.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from lineage.packing.gzip import inflate
from lineage.packing.members import Limits, Member, Unreadable, plain_name, shown, too_many, too_much
from lineage.packing.stream import Stream

OPENINGS: Final = (b"PK\x03\x04", b"PK\x05\x06")  # a file; the end of the directory of an empty archive

_FILE, _ENTRY, _DESCRIPTOR = b"PK\x03\x04", b"PK\x01\x02", b"PK\x07\x08"
_ENDS: Final = (b"PK\x05\x06", b"PK\x06\x06")
_FILE_HEADER: Final = struct.Struct("<4s5H3I2H")
_ENTRY_HEADER: Final = struct.Struct("<4s6H3I5H2I")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _TOLD_BEHIND, _UTF_8 = 0x1, 0x8, 0x800
_IN_EXTRA: Final = 0xFFFFFFFF  # a size that has its place in the extra field for archives beyond 4 GiB
_ZIP64: Final = 1


@dataclass(frozen=True, slots=True)
class _Told:
    """What is said of a file, before it, behind it or in the directory."""

    name: bytes
    checksum: int
    packed: int
    size: int


def zip_members(stream: Stream, limits: Limits) -> Iterator[Member]:
    """Read the files of an archive.

    1. A file is a header with its name, its data, and sometimes its lengths and checksum behind it.
    2. The directory names each once more, with the place of its header.

    Raises:
        Unreadable: it is damaged, encrypted, packed in a way that is not read, contradicts itself, ends in the middle,
            or goes beyond a limit.
    """
    begin, found, total = stream.taken, dict[int, _Told](), 0
    while stream.peek(4) == _FILE:
        if len(found) >= limits.files:
            raise too_many(limits)
        place = stream.taken - begin
        _, _, flags, method, _, _, checksum, packed, size, name_size, extra_size = _FILE_HEADER.unpack(
            stream.take(_FILE_HEADER.size)
        )
        name, extra = stream.take(name_size), stream.take(extra_size)
        if flags & _ENCRYPTED:
            raise Unreadable(f"{shown(name)} is encrypted")
        size, packed = _sizes(extra, size, packed)
        told = None if flags & _TOLD_BEHIND else _Told(name, checksum, packed, size)
        reading = _Reading(stream, method, told, name)
        pieces = reading.pieces(limits, total)
        if not name.endswith(b"/"):
            yield Member(name=plain_name(_text(name, flags), limits), link=None, data=pieces)
        for _ in pieces:
            pass
        total += reading.size
        found[place] = reading.told
    _compare(found, stream)


class _Reading:
    """One file while it is read; afterwards `told` is what was found out of it."""

    def __init__(self, stream: Stream, method: int, told: _Told | None, name: bytes) -> None:
        self._stream = stream
        self._method = method
        self._told = told
        self._name = name
        self.size = 0
        self.checksum = 0
        self.packed = 0

    @property
    def told(self) -> _Told:
        return _Told(self._name, self.checksum, self.packed, self.size)

    def pieces(self, limits: Limits, before: int) -> Iterator[bytes]:
        """Take its data; so many bytes came out of the archive before it."""
        begin = self._stream.taken
        for piece in self._unpacked():
            self.size += len(piece)
            if before + self.size > limits.unpacked_bytes:
                raise too_much(limits)
            self.checksum = zlib.crc32(piece, self.checksum)
            yield piece
        self.packed = self._stream.taken - begin
        if self._told is None:
            self._take_descriptor()
        elif self._told != self.told:
            raise Unreadable(f"{shown(self._name)} is not what its header says: it is damaged")

    def _unpacked(self) -> Iterator[bytes]:
        if self._method == _DEFLATED:
            return inflate(self._stream)
        if self._method != _STORED:
            raise Unreadable(f"{shown(self._name)} is packed by method {self._method}, which is not read")
        if self._told is None and not self._name.endswith(b"/"):
            raise Unreadable(f"{shown(self._name)} is stored without saying before it how long it is")
        return self._stream.pieces(self._told.packed if self._told else 0)

    def _take_descriptor(self) -> None:
        """Take what stands behind the data: with a signature or without, in 64 bits or in 32. Nothing says which it is
        but what comes then."""
        told = (self.checksum, self.packed, self.size)
        for signature, form in product((_DESCRIPTOR, b""), ("<IQQ", "<III")):
            if form == "<III" and max(told) > _IN_EXTRA:
                continue
            expected = signature + struct.pack(form, *told)
            seen = self._stream.peek(len(expected) + 4)
            if seen.startswith(expected) and seen[len(expected) :] in (_FILE, _ENTRY, *_ENDS):
                self._stream.skip(len(expected))
                return
        raise Unreadable(f"{shown(self._name)} is not what stands behind it: it is damaged")


def _compare(found: dict[int, _Told], stream: Stream) -> None:
    """Read the directory, and refuse one that does not name just what was found."""
    count = len(found)
    while stream.peek(4) == _ENTRY:
        header = _ENTRY_HEADER.unpack(stream.take(_ENTRY_HEADER.size))
        checksum, packed, size, name_size, extra_size, comment_size = header[7:13]
        place = header[16]
        name, extra = stream.take(name_size), stream.take(extra_size)
        stream.skip(comment_size)
        size, packed, place = _sizes(extra, size, packed, place)
        if found.pop(place, None) != _Told(name, checksum, packed, size):
            raise Unreadable("its directory names what is not there")
    if found:
        raise Unreadable(f"its directory leaves out {len(found)} of {count} files")
    if stream.peek(4) not in _ENDS:
        raise Unreadable("its directory is damaged, or missing")


def _sizes(extra: bytes, *sizes: int) -> tuple[int, ...]:
    """Look up in the extra field what does not fit its place, in the order in which it is said there."""
    at, data = 0, b""
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == _ZIP64:
            data = extra[at + 4 : at + 4 + length]
        at += 4 + length
    found = list[int]()
    for size in sizes:
        if size == _IN_EXTRA and len(data) >= 8:
            found.append(int.from_bytes(data[:8], "little"))
            data = data[8:]
        else:
            found.append(size)
    return tuple(found)


def _text(name: bytes, flags: int) -> bytes:
    """Write a name in UTF-8: without the sign for that, it is in the characters of the first PCs."""
    return name if flags & _UTF_8 else name.decode("cp437").encode()
