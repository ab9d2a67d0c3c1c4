"""What a chart shows: values over time, where there are none, and where their level shifted. It knows nothing of where
they come from.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """What is to be thought of a change of level."""

    REGRESSION = "REGRESSION"
    IMPROVEMENT = "IMPROVEMENT"
    SHIFTED = "SHIFTED"
    STEADY = "STEADY"
    UNKNOWN = "UNKNOWN"

    @property
    def word(self) -> str:
        """Say it within a sentence."""
        return "not known" if self is Verdict.UNKNOWN else self.value.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartPoint:
    """One value. `told` is shown to who points at it, a line each; `anchor` is where the document around the chart
    tells more, if it does. Cached: it repeats an old value."""

    at: datetime
    value: float
    is_cached: bool = False
    is_outlier: bool = False
    told: tuple[str, ...] = ()
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartGap:
    """A time without a value: a run that has none, or a slot for which there was no run (`is_missed`)."""

    at: datetime
    is_missed: bool
    told: tuple[str, ...] = ()
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartVersion:
    """A time at which something else ran than before."""

    at: datetime
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartShift:
    """A change of level somewhere from `begin` to `end`; `before` and `after` are the medians on either side."""

    begin: datetime
    end: datetime
    before: float
    after: float
    verdict: Verdict
    words: str
    told: tuple[str, ...] = ()

    @property
    def is_up(self) -> bool:
        """Say whether the later level is the higher one."""
        return self.after > self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A title, and what is drawn, each in the order of time. `notes` stand below."""

    title: str
    points: tuple[ChartPoint, ...]
    gaps: tuple[ChartGap, ...] = ()
    versions: tuple[ChartVersion, ...] = ()
    shifts: tuple[ChartShift, ...] = ()
    notes: tuple[str, ...] = ()
