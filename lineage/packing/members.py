"""What comes out of an archive, how it may be called, and how much of it there may be. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


class Unreadable(Exception):
    """Bytes cannot be unpacked, or go beyond a limit. The message says why, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may come out of one archive. Names are held while it is read, so they count, too."""

    files: int
    name_bytes: int
    header_bytes: int
    unpacked_bytes: int


LIMITS: Final = Limits(
    files=100_000,  # a name of 100 bytes and a digest each: some 25 MB where all of them are held
    name_bytes=4096,  # PATH_MAX of Linux
    header_bytes=2**20,  # a pax header can hold extended attributes of 64 KiB each
    unpacked_bytes=16 * 2**30,  # some 40 s of work
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file of an archive, or a link in it (`link` is where to; it has no data). Folders are no members.

    `data` can be taken once, and before the next member: what is not taken by then is passed over.
    """

    name: bytes
    link: bytes | None
    data: Iterator[bytes]


def plain_name(name: bytes, limits: Limits) -> bytes:
    """Write the name of a file in its one form: the way from the folder that it would be unpacked into.

    Raises:
        Unreadable: it is too long, empty, or leads out of that folder.
    """
    if len(name) > limits.name_bytes:
        raise Unreadable(f"the name of a file has {len(name)} bytes, and may have {limits.name_bytes}")
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if name.startswith(b"/") or b".." in parts or b"\0" in name or not parts:
        raise Unreadable(f"a file is called {shown(name)}, which leads out of where it would be unpacked")
    return b"/".join(parts)


def too_much(limits: Limits) -> Unreadable:
    """Say that more comes out than may."""
    size = limits.unpacked_bytes
    return Unreadable(f"it unpacks to more than {f'{size >> 30} GiB' if size >> 30 else f'{size >> 10} KiB'}")


def too_many(limits: Limits) -> Unreadable:
    """Say that more files come out than may."""
    return Unreadable(f"it holds more than {limits.files:,} files")


def shown(name: bytes) -> str:
    """Show a name to people."""
    return repr(name[:80].decode("utf-8", errors="replace"))
