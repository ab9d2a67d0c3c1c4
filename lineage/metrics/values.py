"""Making values of metrics, and collecting them while a file is read. Pure."""

import math
import re
from collections.abc import Mapping
from typing import Final

from lineage.evidence import MetricValue, Said, SetAside
from lineage.limits import MAX_NAME_BYTES
from lineage.model import Special

MAX_SET_ASIDE: Final = 100  # reasons that are kept of one file

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_NO_NUMBER: Final = re.compile(r"([+-]?)(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_SPECIAL: Final[Mapping[str, str]] = {Special.INFINITY: "∞", Special.NEGATIVE_INFINITY: "-∞"}
_MAX_DIGITS: Final = 400  # more than any double takes: 1.8e308 has 309


def value_of(name: str, number: float, *, step: int = 0, is_percentage: bool = False) -> MetricValue:
    """Make the value of a number, telling what is none."""
    special = None
    if math.isnan(number):
        special = Special.NAN
    elif math.isinf(number):
        special = Special.INFINITY if number > 0 else Special.NEGATIVE_INFINITY
    value = None if special else float(number)
    return MetricValue(name=name, value=value, special=special, step=step, is_percentage=is_percentage)


def number_in(text: str) -> float | None:
    """Read a text that holds one number, NaN or an infinity, and nothing else. None where it does not, and where the
    number is beyond what a double holds."""
    plain = text.strip()
    if _NO_NUMBER.fullmatch(plain):
        return float(plain)
    if len(plain) > _MAX_DIGITS or not _NUMBER.fullmatch(plain):
        return None
    number = float(plain)
    return None if math.isinf(number) else number


def as_text(value: float | None, special: str | None, *, is_percentage: bool = False) -> str:
    """Write a value as people read it, to six digits."""
    if value is None:
        return _SPECIAL.get(special or "", "NaN")
    return f"{100 * value:.6g} %" if is_percentage else f"{value:.6g}"


class Reading:
    """Collects what a file says while it is read."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, int], MetricValue] = {}
        self._set_aside: list[SetAside] = []
        self._more = 0

    def __len__(self) -> int:
        """Count the values."""
        return len(self._values)

    def add(self, value: MetricValue, place: str) -> None:
        """Take a value. Of those that have one name and step the first counts."""
        if len(value.name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
            self.refuse(place, f"its name has more than {MAX_NAME_BYTES} bytes")
        elif (value.name, value.step) in self._values:
            at = f" at step {value.step}" if value.step else ""
            self.refuse(place, f"{value.name!r} is there twice{at}: the first counts")
        else:
            self._values[value.name, value.step] = value

    def refuse(self, place: str, reason: str) -> None:
        """Set something aside; of very many the first are told, and how many there were."""
        if len(self._set_aside) < MAX_SET_ASIDE:
            shown = place.encode("utf-8", "replace").decode()  # JSON can hold half characters, and nobody can show them
            self._set_aside.append(SetAside(shown, reason))
        else:
            self._more += 1

    def metrics(self) -> Said:
        """Say what was found."""
        more = (SetAside("", f"{self._more:,} more were set aside"),) if self._more else ()
        return Said(values=tuple(self._values.values()), set_aside=(*self._set_aside, *more))
