"""Which values lie far from the others of their level. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lineage.trends.baseline import TO_SD
from lineage.trends.noise import Floats

FAR: Final = 3.5  # robust standard deviations
LEAST_VALUES: Final = 5  # of a level, so that one can be far from the others


def outliers(values: Floats, cuts: Sequence[int]) -> NDArray[np.bool_]:
    """Say of each value whether it is far from those of its level; `cuts` are the indices with which levels begin.
    Where more than half of a level are equal, each other value is far."""
    found = np.zeros(len(values), dtype=np.bool_)
    for start, stop in pairwise([0, *cuts, len(values)]):
        level = values[start:stop]
        if len(level) >= LEAST_VALUES:
            distances = np.abs(level - np.median(level))
            found[start:stop] = distances > FAR * TO_SD * np.median(distances)
    return found
