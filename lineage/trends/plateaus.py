"""Series without noise: what comes out the same in every run, until it comes out otherwise.

Pure. Pipelines that are deterministic make them. There is no deviation to measure a shift by, and none is needed: what
speaks for it is that equal values stand together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import comb
from typing import Final

import numpy as np

from lineage.trends.noise import Floats, unit_of

LEAST_RUNS: Final = 4
MOST_OUTLIERS: Final = 0.02
"""Of all values; or three of them, which may stand side by side, or be the first ones of a new level."""
EQUAL: Final = 1e-12
"""Values are equal that differ by less than this part of the largest: sums in another order do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where a series comes to another level: before the value of `index`, or from `earliest` to `latest` where values
    between the levels are on neither; and how likely its values were to stand so by chance."""

    index: int
    earliest: int
    latest: int
    p: float


def plateaus(values: Floats) -> Sequence[Step] | None:
    """Find where a series comes to another level; None where its values have noise.

    A level holds for LEAST_RUNS equal values or more, and what lasts for less is an outlier; but a value between two
    levels that is nearer to the later one is where that begins. The likelihood is that of the one order, of all of the
    values on both levels, in which none is out of place.
    """
    values = values / unit_of(values)
    nothing = EQUAL * np.abs(values).max(initial=0.0)
    changed = np.flatnonzero(np.abs(np.diff(values)) > nothing) + 1
    bounds = [0, *changed.tolist(), len(values)]
    long = [(start, stop) for start, stop in pairwise(bounds) if stop - start >= LEAST_RUNS]
    outliers = len(values) - sum(stop - start for start, stop in long)
    if not long or outliers > max(LEAST_RUNS - 1, MOST_OUTLIERS * len(values)):
        return None
    levels: list[_Level] = []
    for start, stop in long:
        if levels and abs(levels[-1].value - values[start]) <= nothing:
            levels[-1] = replace(levels[-1], stop=stop, count=levels[-1].count + stop - start)
        else:
            levels.append(_Level(value=float(values[start]), start=start, stop=stop, count=stop - start))
    return [_step(values, before, after, nothing) for before, after in pairwise(levels)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """A value, from the first run that has it to the last, and how many have it."""

    value: float
    start: int
    stop: int
    count: int


def _step(values: Floats, before: _Level, after: _Level, nothing: float) -> Step:
    between = values[before.stop : after.start]
    back = np.flatnonzero(np.abs(between - before.value) <= nothing)
    nearer = np.abs(between - before.value) <= np.abs(between - after.value)
    begin = before.stop + (int(back[-1]) + 1 if len(back) else 0)
    return Step(
        index=before.stop + (int(np.flatnonzero(nearer)[-1]) + 1 if nearer.any() else 0),
        earliest=begin,
        latest=after.start,
        p=1 / comb(before.count + after.count, after.count),
    )
