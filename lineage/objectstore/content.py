"""Digests: of bytes as they are stored, and of what they mean.

Pure, and flat in memory: chunks in, digests out. Packing, times, owners, modes and order are accidents. So

    a tar or zip archive, or a folder    is the names and bytes of its files
    JSON of at most 4 MiB                is its values, in the canonical form
    anything else                        is its bytes

and gzip around any of these is nothing. Files within an archive count by their bytes: what is packed in them once more
is not opened. Where a limit was met there is no digest of the content but a reason; stored bytes always have theirs.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

import orjson

from lineage.identity import canonical, sha256
from lineage.packing import (
    LIMITS,
    Limits,
    Packing,
    Stream,
    Unreadable,
    gunzip,
    packing_of,
    plain_name,
    shown,
    too_many,
    unpacked,
)

MAX_JSON_BYTES: Final = 4 * 2**20  # decoded values take about ten times as much

_OPENING: Final = re.compile(rb"[ \t\r\n]*[{\[]")
# Beyond what is read exactly: it is read as a number that is near. Zeros before the first digit make none longer.
_LONG_NUMBER: Final = re.compile(rb"[\[,:\s]-?(?:0\.0*)?[1-9][0-9.]{19}")
# What is hashed of a folder begins so. Bytes that happen to begin so, too, are marked themselves: they are no folder.
_MARK: Final = b"kfp-lineage content: "
_FILES, _BYTES = b"files\n", b"bytes\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What was found out of some bytes. Without `content_digest`, `reason` says why there is none."""

    size_bytes: int
    digest: str
    content_digest: str | None
    reason: str | None = None


def digest(chunks: Iterable[bytes], limits: Limits = LIMITS) -> Content:
    """Digest bytes, and what they mean. Whatever they are, this raises only what taking a chunk raises."""
    stored = _Digesting(chunks)
    stream = Stream(stored)
    meaning = reason = None
    try:
        meaning = _meaning(stream, limits)
    except Unreadable as error:
        reason = str(error)
    _drain(stream)
    return Content(
        size_bytes=stored.size_bytes,
        digest=stored.digest,
        content_digest=None if reason else meaning or stored.digest,
        reason=reason,
    )


def digest_of_files(files: Iterable[tuple[str, str]], limits: Limits = LIMITS) -> str:
    """Digest a folder by its manifest: the names of its files and the SHA-256 of the bytes of each, as `sha256:hex`, in
    any order. Equal to the `content_digest` of an archive of them.

    Raises:
        Unreadable: a name leads out of the folder, is there twice, or there are too many.
    """
    found = _Manifest(limits)
    for name, file_digest in files:
        found.add_file(
            plain_name(name.encode("utf-8", "surrogateescape"), limits),
            bytes.fromhex(file_digest.removeprefix("sha256:")),
        )
    return found.digest


class _Digesting:
    """Chunks that are digested as they pass."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._sha256 = hashlib.sha256()
        self.size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._sha256.update(chunk)
            self.size_bytes += len(chunk)
            yield chunk

    @property
    def digest(self) -> str:
        return f"sha256:{self._sha256.hexdigest()}"


def _drain(stream: Stream) -> None:
    for _ in stream.rest():
        pass


# ------------------------------------------------------------------------------------------ what is meant
def _meaning(stream: Stream, limits: Limits) -> str | None:
    """Digest what is meant; None where that is just the bytes."""
    if packing_of(stream) is not Packing.GZIP:
        return _manifest_digest(stream, limits) or _plain_meaning(stream)
    within = Stream(gunzip(stream, limits))
    meaning = _manifest_digest(within, limits)
    if meaning is None:
        plain = _Digesting(within.rest())
        rest = Stream(plain)
        meaning = _plain_meaning(rest)
        _drain(rest)
        return meaning or plain.digest
    _drain(within)  # what is damaged at its end is damaged
    return meaning


def _plain_meaning(stream: Stream) -> str | None:
    """Digest what is in no archive; None where that is just the bytes."""
    if stream.peek(len(_MARK)) != _MARK:
        return _json_meaning(stream)
    marked = _Digesting(chain([_MARK + _BYTES], stream.rest()))
    _drain(Stream(marked))
    return marked.digest


def _json_meaning(stream: Stream) -> str | None:
    """Digest JSON in its canonical form; None where it is none, or too much."""
    if _OPENING.match(stream.peek(64)) is None:
        return None
    held = stream.peek(MAX_JSON_BYTES + 1)
    if len(held) > MAX_JSON_BYTES or _LONG_NUMBER.search(held):
        return None
    try:
        return sha256(canonical(orjson.loads(held)))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # it is none, or has more levels than can be written
        return None


def _manifest_digest(stream: Stream, limits: Limits) -> str | None:
    """Digest the files of an archive; None where it is none."""
    if packing_of(stream) not in (Packing.TAR, Packing.ZIP):
        return None
    found = _Manifest(limits)
    for member in unpacked(stream, limits):
        if member.link is not None:
            found.add_link(member.name, member.link)
            continue
        of_file = hashlib.sha256()
        for piece in member.data:
            of_file.update(piece)
        found.add_file(member.name, of_file.digest())
    return found.digest


class _Manifest:
    """The files of a folder, in whatever order they come."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rows: dict[bytes, bytes] = {}

    def add_file(self, name: bytes, file_digest: bytes) -> None:
        self._add(name, b"file %b\n" % file_digest)

    def add_link(self, name: bytes, target: bytes) -> None:
        self._add(name, b"link %d:%b\n" % (len(target), target))

    @property
    def digest(self) -> str:
        """Equal for equal files, and for nothing else: every part of a row is as long as it says or always is."""
        hashed = hashlib.sha256(_MARK + _FILES)
        for name in sorted(self._rows):
            hashed.update(b"%d:%b %b" % (len(name), name, self._rows[name]))
        return f"sha256:{hashed.hexdigest()}"

    def _add(self, name: bytes, row: bytes) -> None:
        if name in self._rows:
            raise Unreadable(f"it holds {shown(name)} twice: which one counts depends on who unpacks it")
        if len(self._rows) >= self._limits.files:
            raise too_many(self._limits)
        self._rows[name] = row
