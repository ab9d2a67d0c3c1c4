"""The noise floor: how far runs lie apart that ran the same on the same data. No change below it says anything.

Pure.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from lineage.trends.noise import Floats

LEAST_FREEDOM: Final = 4  # values beyond the first of each group: fewer say too little of how far they scatter
RUNS: Final = 5
"""Runs before and after a change, for which its least size is told."""
_DETECTED: Final = 1.96 + 0.84  # standard errors: told apart from none at 5 %, and in four of five cases


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseFloor:
    """`deviation` is the standard deviation within `groups` of runs that are alike, `count` in all. `detectable` is the
    least change of level that RUNS runs before it and RUNS after it would show in four of five cases."""

    deviation: float
    groups: int
    count: int
    detectable: float


def noise_floor(values: Floats, alike: Sequence[Hashable | None]) -> NoiseFloor | None:
    """Measure how far values lie apart whose labels are equal; those without a label count for nothing. None where too
    few are alike."""
    members: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place, label in enumerate(alike):
        if label is not None:
            members[label].append(place)
    groups = [values[of] for of in members.values() if len(of) > 1]
    count = sum(map(len, groups))
    freedom = count - len(groups)
    if freedom < LEAST_FREEDOM:
        return None
    squares = sum(float(np.sum((of - of.mean()) ** 2)) for of in groups)
    deviation = sqrt(squares / freedom)
    return NoiseFloor(
        deviation=deviation,
        groups=len(groups),
        count=count,
        detectable=_DETECTED * deviation * sqrt(2 / RUNS),
    )
