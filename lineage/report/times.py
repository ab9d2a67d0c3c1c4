"""Times, durations, sizes and digests, as reports write them."""

from datetime import datetime
from typing import Any, Final

from lineage.report.document import NOT_KNOWN

_BYTES: Final = 1024
_UNITS: Final = (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1))


def time_of(text: str | None) -> str:
    """Write a time of an answer: in UTC, to the second."""
    return NOT_KNOWN if text is None else text.partition(".")[0].replace("T", " ").removesuffix("Z")


def took(started: str | None, finished: str | None) -> str:
    """Write how long something took, between two times of an answer."""
    if started is None or finished is None:
        return NOT_KNOWN
    return duration((_read(finished) - _read(started)).total_seconds())


def duration(seconds: float | None) -> str:
    """Write a number of seconds in the two units that matter."""
    if seconds is None:
        return NOT_KNOWN
    whole = round(seconds)
    for unit, size, part, of_part in _UNITS:
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // of_part} {part}"
    return f"{whole} s"


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)


def size_of(number: Any) -> str:
    """Write a number of bytes, which is a text where it is large."""
    if number is None:
        return NOT_KNOWN
    size = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < _BYTES:
            return f"{size:.4g} {unit}"
        size /= _BYTES
    return f"{size:.4g} TiB"
