"""Single values, as they stand in a cell of a table. Pure.

Every text comes from outside: it is shown as it is, never read as markup, and cannot steer the terminal.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from rich.text import Text

from lineage.cli.terminal import printable

NOT_KNOWN: Final = "–"
LONGEST_TEXT: Final = 160  # characters; `--json` shows all
_STYLES: Final = {
    "SUCCEEDED": "green",
    "FAILED": "bold red",
    "ERROR": "bold red",
    "RUNNING": "cyan",
    "PENDING": "cyan",
    "UNKNOWN": "yellow",
}

_DIGEST: Final = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")

Answer: TypeAlias = Mapping[str, Any]
"""A part of what GraphQL answers."""


def shown(value: object, style: str = "") -> Text:
    text = NOT_KNOWN if value is None else printable(value)
    return Text(text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…", style)


def brief(text: str) -> str:
    """Shorten digests to what tells them apart."""
    return _DIGEST.sub(r"\1…", text)


def size_of(size_bytes: int) -> Text:
    return Text(f"{size_bytes} B" if size_bytes < 10_000 else f"{size_bytes // 1024:,} KiB")


def phase_of(phase: str) -> Text:
    return Text(phase.lower(), _STYLES.get(phase, "dim"))


def state_of(state: str) -> Text:
    return Text(state.lower(), {"PRESENT": "green", "MISSING": "bold red", "CHANGED": "yellow"}.get(state, "dim"))


def times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def number_of(count: int | None) -> str:
    return NOT_KNOWN if count is None else str(count)


def time_of(moment: str | None) -> str | None:
    return None if moment is None else moment[:19].replace("T", " ")


def took(seconds: float | None) -> str:
    if seconds is None:
        return NOT_KNOWN
    whole = int(seconds)
    if whole < 60:
        return f"{seconds:.1f}s".replace(".0s", "s")
    minutes, hours = whole // 60, whole // 3600
    return f"{minutes}m {whole % 60:02}s" if hours == 0 else f"{hours}h {minutes % 60:02}m"
