"""A series as levels with cuts between them, all of one slope: what is left of it, and which cuts are worth having.

Pure. A cut at k lies before the value of index k.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from lineage.trends.baseline import TO_SD
from lineage.trends.noise import MOST_DEPENDENT, OUTLIER, Floats, autocorrelation
from lineage.trends.scan import LEAST_WINDOW, Candidate, Indices, best_between

PLAUSIBLE: Final = 3.5
MOST_CUTS: Final = 40


def after_step(rows: Floats, places: Indices, *, has_slope: bool) -> Floats:
    """Give what two levels leave of each row, cut at its place; and a slope that both share, where it has one."""
    n = rows.shape[1]
    times = np.arange(n, dtype=np.float64)
    is_after = times >= places[:, None]
    total = rows.sum(axis=1)
    late = np.einsum("ij,ij->i", rows, is_after)
    left = rows - np.where(is_after, (late / (n - places))[:, None], ((total - late) / places)[:, None])
    if not has_slope:
        return np.asarray(left)
    within = times - np.where(is_after, ((places + n - 1) / 2)[:, None], ((places - 1) / 2)[:, None])
    slopes = np.einsum("ij,ij->i", left, within) / np.einsum("ij,ij->i", within, within)
    return np.asarray(left - slopes[:, None] * within)


def after_cuts(values: Floats, cuts: Sequence[int], *, has_slope: bool) -> Floats:
    """Give what levels leave of a series; and a slope that all of them share, where it has one."""
    left, within = _centred(values, cuts)
    return np.asarray(left - within * (left @ within) / (within @ within)) if has_slope else left


def slope_of(values: Floats, cuts: Sequence[int]) -> tuple[float, float]:
    """Fit the slope that all levels share, in units a run, and its error, were the noise independent."""
    left, within = _centred(values, cuts)
    spread = float(within @ within)
    slope = float(left @ within) / spread
    after = left - slope * within
    return slope, float(np.sqrt(after @ after / max(len(values) - len(cuts) - 2, 1) / spread))


def within_levels(values: Floats, cuts: Sequence[int]) -> Floats:
    """Pull what lies far outside to where it is just no outlier: outside the level of a value, and of those before and
    after it. So the first values of a level are left as they are, however few of it there are, and wherever exactly the
    cut is. Where more than half of the values equal the medians of their levels, nothing is changed."""
    bounds = [0, *cuts, len(values)]
    sizes = np.diff(bounds)
    medians = np.array([np.median(values[start:stop]) for start, stop in pairwise(bounds)])
    limit = OUTLIER * TO_SD * float(np.median(np.abs(values - np.repeat(medians, sizes))))
    if limit <= 0:
        return values
    near = np.stack([np.r_[medians[0], medians[:-1]], medians, np.r_[medians[1:], medians[-1]]])
    low, high = np.repeat(near.min(axis=0) - limit, sizes), np.repeat(near.max(axis=0) + limit, sizes)
    return np.asarray(np.clip(values, low, high))


def _centred(values: Floats, cuts: Sequence[int]) -> tuple[Floats, Floats]:
    bounds = [0, *cuts, len(values)]
    sizes = np.diff(bounds)
    means = np.add.reduceat(values, bounds[:-1]) / sizes
    middles = (np.array(bounds[:-1]) + np.array(bounds[1:]) - 1) / 2
    return values - np.repeat(means, sizes), np.arange(len(values)) - np.repeat(middles, sizes)


# ------------------------------------------------------------------------------------------ choosing cuts
def plausible_cuts(values: Floats, found: Sequence[Candidate], whole: int) -> list[int]:
    """Choose the cuts after which what is left is most likely noise: `whole`, the best one of all, where none is
    better.

    Many are taken at first, the narrowest window first, and given up one by one, that which explains least first; of
    all stages that one is kept that the criterion of Zhang & Siegmund (2007, Biometrics 63:22) prefers, with noise that
    may depend on itself. Nothing is claimed of them: what noise a series has must be known before a shift in it can be
    told.
    """
    differences = np.abs(np.diff(values))
    scale = (TO_SD * float(np.median(differences)) or float(np.sqrt(np.mean(differences**2)))) / 2**0.5
    cuts: list[int] = []
    for one in sorted(found, key=lambda one: (one.stop - one.start, -one.against_line)):
        if one.against_line > PLAUSIBLE * scale and not any(one.start < cut < one.stop for cut in cuts):
            cuts.append(one.index)
    cuts = _parted(values, sorted(cuts)[:MOST_CUTS], PLAUSIBLE * scale)
    stages = [[whole]]
    while cuts:
        stages.append(cuts)
        cuts = _without_least(values, cuts)
    return min(stages, key=lambda stage: _criterion(values, stage))


def _parted(values: Floats, cuts: list[int], least: float) -> list[int]:
    """Cut what lies between cuts as well, while steps there are as high: windows that were laid beforehand may all hold
    a cut already."""
    bounds = [0, *cuts, len(values)]
    waiting = list(pairwise(bounds)) if cuts else []
    while waiting and len(cuts) < MOST_CUTS:
        start, stop = waiting.pop()
        if stop - start >= LEAST_WINDOW and (best := best_between(values, start, stop)).against_line > least:
            cuts = [*cuts, best.index]
            waiting += [(start, best.index), (best.index, stop)]
    return sorted(cuts)


def _without_least(values: Floats, cuts: list[int]) -> list[int]:
    """Give up the cut between the two levels that are least apart."""
    bounds = np.array([0, *cuts, len(values)])
    sizes = np.diff(bounds)
    means = np.add.reduceat(values, bounds[:-1]) / sizes
    apart = np.diff(means) ** 2 * sizes[1:] * sizes[:-1] / (sizes[1:] + sizes[:-1])
    return [cut for number, cut in enumerate(cuts) if number != int(apart.argmin())]


def _criterion(values: Floats, cuts: list[int]) -> float:
    n = len(values)
    left = after_cuts(values, cuts, has_slope=True)
    part = float(np.clip(autocorrelation(left), 0.0, MOST_DEPENDENT))
    variance = float(np.mean(left**2)) * (1 - part**2)
    return n * float(np.log(max(variance, 1e-300))) + 3 * len(cuts) * float(np.log(n))
