"""Whether a metric drifts, and how fast: the slope of Theil and Sen, and the test of Mann and Kendall.

Pure. Both look at pairs of values alone, so one that is far off weighs no more than any other. Pairs are taken between
shifts and never across one: what jumped did not drift (as Hirsch, Slack & Smith 1982 take pairs within a season, Water
Resources Research 18:107).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import erfc, sqrt
from typing import Final

import numpy as np

from lineage.trends.noise import Floats

LEAST_VALUES: Final = 8
MOST_PAIRS: Final = 100_000
"""All pairs of 447 values. Of more values pairs of some distances are taken, spread evenly over all: the slope differs
from that of all pairs by a tenth of its own standard error for 1,500 values, and by a quarter for 10,000."""
NORMAL_95: Final = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The slope of a series in units a day, with its 95 % interval; and `p`, how often a series that does not drift
    looks like this one, with noise that depends on itself as much as its own."""

    per_day: float
    low: float
    high: float
    p: float


def drift_of(days: Floats, values: Floats, cuts: Sequence[int], dependence: float) -> Drift | None:
    """Measure the drift of a series between its shifts, which are `cuts`; None where too few values have times of their
    own. `days` are times in days, in ascending order; `dependence` is that of one value on the last, from 0 to below 1.
    """
    stretches = [(start, stop) for start, stop in pairwise([0, *cuts, len(values)]) if stop - start > 1]
    share = MOST_PAIRS / max(sum((stop - start) * (stop - start - 1) // 2 for start, stop in stretches), 1)
    pairs = [_pairs(days[start:stop], values[start:stop], share) for start, stop in stretches]
    rises = np.concatenate([rise for rise, _ in pairs] or [np.zeros(0)])
    spans = np.concatenate([span for _, span in pairs] or [np.zeros(0)])
    is_apart = spans > 0
    if len(values) < LEAST_VALUES or not is_apart.any():
        return None
    slopes = rises[is_apart] / spans[is_apart]
    total = sum((stop - start) * (stop - start - 1) / 2 for start, stop in stretches)
    score = float(np.sign(rises).mean()) * total
    variance = sum(_variance(values[start:stop]) for start, stop in stretches) * _inflation(len(values), dependence)
    half = NORMAL_95 * sqrt(variance) / total / 2
    around = [min(max(0.5 + side * half, 0.0), 1.0) for side in (-1, 0, 1)]
    low, middle, high = np.quantile(slopes, around).tolist()
    z = max(abs(score) - 1, 0.0) / sqrt(variance) if variance > 0 else 0.0
    return Drift(per_day=middle, low=low, high=high, p=erfc(z / sqrt(2)))


def _pairs(days: Floats, values: Floats, share: float) -> tuple[Floats, Floats]:
    """Take such a share of all pairs: by how much each rises, and over how many days."""
    distances = list(_distances(len(values), share))
    return (
        np.concatenate([values[far:] - values[:-far] for far in distances]),
        np.concatenate([days[far:] - days[:-far] for far in distances]),
    )


def _distances(count: int, share: float) -> Iterator[int]:
    """List how far apart the values of pairs are, so that those of each distance stand for as many of all."""
    chosen = max(1, min(count - 1, round(share * (count - 1))))
    for number in range(chosen):
        yield 1 + int((number + 0.5) * (count - 1) / chosen)


def _variance(values: Floats) -> float:
    """Compute the variance of Kendall's score of independent values, of which some may be equal."""
    _, equal = np.unique(values, return_counts=True)
    sizes = np.array([len(values), *equal], dtype=np.float64)
    each = sizes * (sizes - 1) * (2 * sizes + 5) / 18
    return float(each[0] - each[1:].sum())


def _inflation(count: int, dependence: float) -> float:
    """Say how many dependent values tell as much as one that is independent (Yue & Wang 2004, Water Resources
    Management 18:201)."""
    apart = np.arange(1, count)
    return 1 + 2 * float(((1 - apart / count) * dependence**apart).sum())
