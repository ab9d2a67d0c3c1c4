"""Axes with round ticks: of values, and of time.

Steps between values are 1, 2 or 5 times a power of ten, as `matplotlib.ticker.MaxNLocator` and everybody else has them;
those between times are what clocks and calendars count in.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor, isfinite, log10
from typing import Final

from lineage.drawing.numbers import number_of

LARGEST: Final = 1.7976931348623157e308  # that a float can hold
ROOM: Final = 0.06  # of the range of values, above and below them
_STEPS: Final = (1.0, 2.0, 5.0, 10.0)
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_CLOCK: Final = (1, 5, 15, 30, *(_MINUTE * n for n in (1, 5, 15, 30)), *(_HOUR * n for n in (1, 3, 6, 12)))
_DAYS: Final = (_DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY)
_MONTHS: Final = (1, 3, 6, *(12 * n for n in (1, 2, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000)))
_MONTH: Final = 30.4 * _DAY  # on average


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis, and what stands beside it."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, which are not the same."""

    low: float
    high: float
    ticks: tuple[Tick, ...]

    def share(self, value: float) -> float:
        """Say where a value lies: 0 is the low end, and whatever is beyond, and 1 the high one."""
        # in halves, as a range may be more than a float can hold
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return max(0.0, min(1.0, share))


def value_axis(values: Iterable[float], most: int) -> Axis:
    """Make an axis that holds finite values, with about `most` ticks."""
    found = list(values) or [0.0]
    low, high = min(found), max(found)
    room = (high / 2 - low / 2) * 2 * ROOM
    if not isfinite(room) or room == 0 or low - room == high + room:
        room = abs(high) * ROOM or 1.0
    low, high = _finite(low - room), _finite(high + room)
    return Axis(low, high, tuple(_round_ticks(low, high, most)))


def _finite(value: float) -> float:
    return max(-LARGEST, min(LARGEST, value))


def _round_ticks(low: float, high: float, most: int) -> Iterator[Tick]:
    least = high / most - low / most
    power = floor(log10(least)) if least > 0 else -300
    scale = 10.0 ** max(power, -300)
    step = scale * next((one for one in _STEPS if one * scale >= least), _STEPS[-1])
    decimals = max(0, -floor(log10(step) + 1e-9))
    for count in range(ceil(low / step), floor(high / step) + 1):
        value = count * step
        is_plain = step < 1e6 and max(abs(low), abs(high)) < 1e9 and decimals <= 6
        label = f"{value:,.{decimals}f}".replace("-", "−") if is_plain else number_of(value)
        yield Tick(value, label)


def time_axis(times: Iterable[datetime], most: int) -> Axis:
    """Make an axis that holds times, as seconds since 1970, with about `most` ticks in UTC."""
    found = [one.timestamp() for one in times] or [0.0]
    low, high = min(found), max(found)
    if low == high:
        low, high = low - _HOUR, high + _HOUR
    least = (high - low) / most
    clock = next((step for step in (*_CLOCK, *_DAYS) if step >= least), None)
    ticks = _by_months(low, high, least) if clock is None else _by_clock(low, high, clock)
    return Axis(low, high, tuple(ticks))


def _by_clock(low: float, high: float, step: int) -> Iterator[Tick]:
    form = "%H:%M:%S" if step < _MINUTE else "%H:%M" if step < _DAY else "%m-%d"
    offset = 4 * _DAY if step % (7 * _DAY) == 0 else 0  # 1970 began on a Thursday, and weeks do on Mondays
    for count in range(ceil((low - offset) / step), floor((high - offset) / step) + 1):
        at = count * step + offset
        moment = _moment(at)
        yield Tick(at, moment.strftime("%m-%d" if step < _DAY and at % _DAY == 0 else form))


def _by_months(low: float, high: float, least: float) -> Iterator[Tick]:
    step = next((months for months in _MONTHS if months * _MONTH >= least), _MONTHS[-1])
    begin = _moment(low)
    month = ceil((begin.year * 12 + begin.month - 1) / step) * step
    while month < 9999 * 12:
        moment = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
        if moment.timestamp() > high:
            return
        if moment.timestamp() >= low:
            yield Tick(moment.timestamp(), f"{moment.year}" if step % 12 == 0 else f"{moment.year}-{moment.month:02}")
        month += step


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def span_of(times: Sequence[datetime]) -> str:
    """Say from when to when times are, in UTC, to the minute."""
    written = [one.astimezone(UTC).strftime("%Y-%m-%d %H:%M") for one in (min(times), max(times))]
    return f"{' to '.join(dict.fromkeys(written))} UTC"
