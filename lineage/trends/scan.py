"""Where a series may have shifted: a step at every place, in windows of every size, against what is no step.

Pure. A step at k: the values from index k on are all higher, or all lower, by the same. It is measured against a window
that stays at one level, or against one that follows a straight line. Windows of half the size, and half of that, see a
shift between two others alone (seeded intervals: Kovács et al. 2023, Biometrika 110:249).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lineage.trends.noise import Floats

Indices: TypeAlias = NDArray[np.intp]
Against: TypeAlias = Literal["level", "line"]

LEAST_SIDE: Final = 4
"""Values before and after a step, at least: three may be outliers side by side."""
LEAST_WINDOW: Final = 24
FINENESS: Final = 16
"""Places at which heights are compared are at most a sixteenth of the way to the nearer end apart, which takes one or
two hundredths off a height that lies between them."""
AT_ONCE: Final = 60_000
"""Values that are looked at together: what is made of them stays in the cache of a processor."""


@dataclass(frozen=True, slots=True)
class _Windows:
    """Windows of one length, and what is the same for all of them: the `places` of steps, counted from the start, what
    a level or a line leaves of a step at each (one over its length), and the sums of the times before it. `index` are
    the places in each window, counted from the start of all."""

    length: int
    starts: Indices
    index: Indices
    places: Floats
    per_level: Floats
    per_line: Floats
    times: Floats
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The best step of a window, from `start` up to `stop`: before `index`, so high against a level and against a line.
    Noise with a standard deviation of 1 makes heights of about 1."""

    index: int
    start: int
    stop: int
    against_level: float
    against_line: float


@lru_cache(maxsize=128)
def _windows(n: int) -> tuple[_Windows, ...]:
    lengths = [n]
    while (half := (lengths[-1] + 1) // 2) >= LEAST_WINDOW:
        lengths.append(half)
    return tuple(_of_length(length, n) for length in lengths)


def _of_length(length: int, n: int) -> _Windows:
    begun = int(np.ceil(2 * (n - length) / length))  # each begins in the middle of the last one
    starts = np.unique(np.round(np.linspace(0, n - length, begun + 1)).astype(np.intp))
    half = [LEAST_SIDE]
    while (after := half[-1] + max(1, half[-1] // FINENESS)) <= length // 2:
        half.append(after)
    places = np.unique([*half, *(length - place for place in half)])
    of_level, of_line, times, spread = _left_of_steps(places, length)
    return _Windows(
        length=length,
        starts=starts,
        index=starts[:, None] + places,
        places=places.astype(np.float64),
        per_level=1 / np.sqrt(of_level),
        per_line=1 / np.sqrt(of_line),
        times=times,
        spread=spread,
    )


def _left_of_steps(places: NDArray[np.int_], length: int) -> tuple[Floats, Floats, Floats, float]:
    """Compute what a level and a line leave of the squares of a step at each place; the sums of the times before it,
    counted from the middle; and the squares of the times."""
    times = places * (places - length) / 2
    spread = length * (length**2 - 1) / 12
    of_level = places * (length - places) / length
    return of_level, of_level - times**2 / spread, times, spread


def _heights(rows: Floats, against: Against) -> Iterator[tuple[_Windows, Floats]]:
    """Measure the steps: for each length of windows, as (rows, windows, places)."""
    count, n = rows.shape
    sums = np.zeros((count, n + 1))
    np.cumsum(rows, axis=1, out=sums[:, 1:])
    twice = np.zeros((count, n + 2))
    np.cumsum(sums, axis=1, out=twice[:, 1:])
    for windows in _windows(n):
        length, starts = windows.length, windows.starts
        first = sums[:, starts]
        total = sums[:, starts + length] - first
        left = sums.take(windows.index, axis=1)
        left -= first[..., None]
        left -= (total / length)[..., None] * windows.places
        if against == "line":
            # Σ j·x(j) within a window, from the sums up to each place in it.
            within = twice[:, starts + length] - twice[:, starts + 1] - (length - 1) * first
            left -= (((length - 1) / 2 * total - within) / windows.spread)[..., None] * windows.times
        left *= windows.per_level if against == "level" else windows.per_line
        np.abs(left, out=left)
        yield windows, left


def highest(rows: Floats, against: Against) -> tuple[Floats, Indices]:
    """Find, for each row, how high its highest step is in any window, and the place of the highest one in the whole."""
    count, n = rows.shape
    found = np.zeros(count)
    place = np.zeros(count, dtype=np.intp)
    at_once = max(1, AT_ONCE // n)
    for block in (slice(first, first + at_once) for first in range(0, count, at_once)):
        for windows, heights in _heights(rows[block], against):
            if windows.length == n:
                place[block] = windows.index[0][heights[:, 0].argmax(axis=1)]
            np.maximum(found[block], heights.max(axis=(1, 2)), out=found[block])
    return found, place


def candidates(values: Floats) -> list[Candidate]:
    """List the best step against a line of each window of one series, the whole of it first."""
    rows = values[None, :]
    found = []
    for (windows, of_level), (_, of_line) in zip(_heights(rows, "level"), _heights(rows, "line"), strict=True):
        for start, level, line in zip(windows.starts.tolist(), of_level[0], of_line[0], strict=True):
            best = int(line.argmax())
            found.append(
                Candidate(
                    index=start + _best_place(values[start : start + windows.length], round(windows.places[best])),
                    start=start,
                    stop=start + windows.length,
                    against_level=float(level[best]),
                    against_line=float(line[best]),
                )
            )
    return found


def _best_place(values: Floats, about: int) -> int:
    """Find the place of the highest step against a line among all those near one."""
    length = len(values)
    apart = min(about, length - about) // FINENESS
    if apart <= 1:
        return about
    places = np.arange(max(about - apart, LEAST_SIDE), min(about + apart, length - LEAST_SIDE) + 1)
    return int(places[_steps(values, places)[1].argmax()])


def best_between(values: Floats, start: int, stop: int) -> Candidate:
    """Find the best step against a line in one window, at any place."""
    places = np.arange(LEAST_SIDE, stop - start - LEAST_SIDE + 1)
    level, line = _steps(values[start:stop], places)
    best = int(line.argmax())
    return Candidate(
        index=start + int(places[best]),
        start=start,
        stop=stop,
        against_level=float(level[best]),
        against_line=float(line[best]),
    )


def _steps(values: Floats, places: NDArray[np.int_]) -> tuple[Floats, Floats]:
    """Measure the steps at some places in the whole of one series, against a level and against a line."""
    of_level, of_line, times, spread = _left_of_steps(places, len(values))
    centred = values - values.mean()
    sums = np.cumsum(centred)[places - 1]
    slope = float(centred @ np.arange(len(values))) / spread
    return np.abs(sums) / np.sqrt(of_level), np.abs(sums - slope * times) / np.sqrt(of_line)
