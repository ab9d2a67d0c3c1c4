"""Whether measured values are the same within a margin: two one-sided tests, after Schuirmann (1987). Pure.

That a difference is not significant says nothing; what is tested here is that it is smaller than the margin, and that
it is not. With few values neither can be shown. Student's distribution for whole degrees of freedom is a finite sum
(Abramowitz and Stegun, 26.7.3 and 26.7.4).
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from statistics import fmean, stdev
from typing import Final

FEWEST: Final = 2  # values that have a spread


class Equivalence(StrEnum):
    """SAME: shown to differ by less than the margin. DIFFERENT: shown to differ by more. OPEN: neither."""

    SAME = "SAME"
    DIFFERENT = "DIFFERENT"
    OPEN = "OPEN"


def equivalence(value: float, others: Sequence[float], *, margin: float, confidence: float) -> Equivalence:
    """Compare a value with others that should be the same."""
    if len(others) < FEWEST or not all(map(math.isfinite, (value, *others))):
        return Equivalence.OPEN
    difference, error = fmean(others) - value, stdev(others) / math.sqrt(len(others))
    if error == 0:
        return Equivalence.SAME if abs(difference) <= margin else Equivalence.DIFFERENT
    freedom = len(others) - 1
    is_above = below((difference + margin) / error, freedom) >= confidence
    is_below = below((margin - difference) / error, freedom) >= confidence
    if is_above and is_below:
        return Equivalence.SAME
    beyond = below((abs(difference) - margin) / error, freedom) >= confidence
    return Equivalence.DIFFERENT if beyond else Equivalence.OPEN


def below(t: float, freedom: int) -> float:
    """How likely Student's t with so many degrees of freedom is to be below `t`."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    if freedom % 2:
        terms, term = 0.0, cosine
        for k in range(1, freedom - 1, 2):
            terms += term
            term *= cosine * cosine * (k + 1) / (k + 2)
        middle = 2 / math.pi * (angle + sine * terms)
    else:
        terms, term = 0.0, 1.0
        for k in range(0, freedom - 1, 2):
            terms += term
            term *= cosine * cosine * (k + 1) / (k + 2)
        middle = sine * terms
    return 0.5 + middle / 2
