"""An early warning: whether the newest values run higher or lower than those before, before that can be confirmed.

Pure. The self-starting cumulative sum of Hawkins (1987, The Statistician 36:299): each value is compared with the mean
and the deviation of those before it, what that comes to is put on the normal scale, and what exceeds half a deviation
adds up. No value has to be known to be good beforehand, and the limits are not estimated from a few.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from lineage.trends.noise import Floats

SLACK: Final = 0.5
LIMIT: Final = 5.0
RUNS_BETWEEN_FALSE_ALARMS: Final = 465
"""On normal noise that does not depend on what came before, for these two numbers: the in-control average run length of
the two-sided sum (Montgomery, Introduction to Statistical Quality Control, 7th ed., table 9.3)."""
FARTHEST: Final = 3.0  # a value counts for no more: one alone says nothing
LEAST_BEFORE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """The values from an index on run higher, or lower, than those before."""

    index: int
    rises: bool

    @property
    def runs_between_false(self) -> int:
        """How many runs lie between two alarms that mean nothing."""
        return RUNS_BETWEEN_FALSE_ALARMS


def alarm_of(values: Floats) -> Alarm | None:
    """Say whether the newest values of a level give an alarm now: not where they are too few, or begin all equal."""
    scores = _scores(values)
    if scores is None:
        return None
    for rises, steps in ((True, scores - SLACK), (False, -scores - SLACK)):
        total, since = 0.0, 0
        for place, step in enumerate(steps.tolist()):
            total = max(total + step, 0.0)
            since = since if total else place + 1
        if total > LIMIT:
            return Alarm(index=LEAST_BEFORE + since, rises=rises)
    return None


def _scores(values: Floats) -> Floats | None:
    """How far each value lies from those before it, on the normal scale, from the value at LEAST_BEFORE on."""
    if len(values) <= LEAST_BEFORE:
        return None
    counts = np.arange(1, len(values))  # of the values before each
    means = np.cumsum(values)[:-1] / counts
    squares = np.cumsum((values[1:] - means) * (values[1:] - np.cumsum(values)[1:] / (counts + 1)))
    before = slice(LEAST_BEFORE - 1, None)
    n, mean, left = counts[before], means[before], squares[LEAST_BEFORE - 2 : -1]
    if left[0] <= 0:
        return None
    t = (values[LEAST_BEFORE:] - mean) / np.sqrt(left / (n - 1)) * np.sqrt(n / (n + 1))
    return np.clip(_normal(t, (n - 1).astype(np.float64)), -FARTHEST, FARTHEST)


def _normal(t: Floats, freedom: Floats) -> Floats:
    """Put values of Student's t on the normal scale, each of so many degrees of freedom. Source: Wallace 1959, Annals
    of Mathematical Statistics 30:1124."""
    scale = (8 * freedom + 1) / (8 * freedom + 3)
    return np.asarray(np.sign(t) * scale * np.sqrt(freedom * np.log1p(t**2 / freedom)))
