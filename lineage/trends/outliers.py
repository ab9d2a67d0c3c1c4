"""Which values lie far from the others of their level. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lineage.trends.baseline import TO_SD
from lineage.trends.noise import Floats
from lineage.trends.shifts import Shift

FAR: Final = 3.5  # robust standard deviations
LEAST_VALUES: Final = 5  # of a level, so that one can be far from the others


def outliers(values: Floats, shifts: Sequence[Shift]) -> NDArray[np.bool_]:
    """Say of each value whether it is far from those of its level. Where more than half of a level are equal, each
    other value is far. A value with which a shift may have begun is far if it is so from both levels: the first one of
    a new level is no outlier of the old."""
    levels = [values[start:stop] for start, stop in pairwise([0, *(one.index for one in shifts), len(values)])]
    found = np.concatenate([_are_far(level, level) for level in levels])
    for one, before, after in zip(shifts, levels[:-1], levels[1:], strict=True):
        either = values[one.earliest : one.latest]
        found[one.earliest : one.latest] = _are_far(either, before) & _are_far(either, after)
    return found


def _are_far(values: Floats, level: Floats) -> NDArray[np.bool_]:
    if len(level) < LEAST_VALUES:
        return np.zeros(len(values), dtype=np.bool_)
    median = np.median(level)
    return np.asarray(np.abs(values - median) > FAR * TO_SD * np.median(np.abs(level - median)))
