"""Series without noise: what comes out the same in every run, until it comes out otherwise.

Pure. Pipelines that are deterministic make them. There is no deviation to measure a shift by, and none is needed: what
speaks for it is that equal values stand together.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import comb
from typing import Final

import numpy as np

from lineage.trends.noise import Floats

LEAST_RUNS: Final = 4
MOST_OUTLIERS: Final = 0.02
"""Of all values; or three of them, which may stand side by side, or be the first ones of a new level."""
EQUAL: Final = 1e-12
"""Values are equal that differ by less than this part of the largest: sums in another order do."""


def plateaus(values: Floats) -> Sequence[tuple[int, float]] | None:
    """Find where a series comes to another level, and how likely its values were to stand so by chance; None where they
    have noise.

    A level holds for LEAST_RUNS equal values or more, and what lasts for less is an outlier. The likelihood is that of
    the one order, of all of the values on both levels, in which none is out of place.
    """
    changed = np.flatnonzero(np.abs(np.diff(values)) > EQUAL * np.abs(values).max(initial=0.0)) + 1
    bounds = [0, *changed.tolist(), len(values)]
    long = [(start, stop) for start, stop in pairwise(bounds) if stop - start >= LEAST_RUNS]
    outliers = len(values) - sum(stop - start for start, stop in long)
    if not long or outliers > max(LEAST_RUNS - 1, MOST_OUTLIERS * len(values)):
        return None
    levels: list[list[int]] = []  # the start of each level, and how many values are on it
    for start, stop in long:
        if levels and abs(values[levels[-1][0]] - values[start]) <= EQUAL * np.abs(values).max():
            levels[-1][1] += stop - start
        else:
            levels.append([start, stop - start])
    return [(after[0], 1 / comb(before[1] + after[1], after[1])) for before, after in pairwise(levels)]
