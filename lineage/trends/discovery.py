"""Which of many metrics shifted, when so many were looked at: of those that are named, one in twenty did not.

Pure. The more series a report has, the smaller must be the p of each that it names (Benjamini & Hochberg 1995, JRSS-B
57:289), and the more series without a shift must be simulated to know so small a p. So all begin with a few, and go on
only while that can change who is named (Sandve, Ferkingstad & Nygård 2011, Bioinformatics 27:3235).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lineage.trends.evidence import BATCHES, ENOUGH, ROWS, likelihood
from lineage.trends.noise import Floats
from lineage.trends.shifts import Shifts

FALSE_DISCOVERIES: Final = 0.05
MOST: Final = 400
"""Batches of ROWS simulated series: a p of 1/10,001 can be told, which is enough for one shift in 500 metrics."""
FACTOR: Final = 4
"""So many times as many batches are simulated where fewer did not decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What is said of one series among many: its `p`, None where it could not be tested, and whether it is named."""

    p: float | None
    is_named: bool


def discover(series: Sequence[Floats], shifts: Sequence[Shifts]) -> list[Discovery]:
    """Say which of many series shifted, in their order. `shifts` are those that were found in each by itself."""
    p_values = [one.p for one in shifts]
    batches = BATCHES
    while True:
        limit = _limit([p for p in p_values if p is not None])
        seldom = (1 + ENOUGH) / (1 + batches * ROWS)
        # Whoever is named stays so as others get a smaller p. Of the rest, those go on that few series resemble.
        unsure = [
            number
            for number, (p, one) in enumerate(zip(p_values, shifts, strict=True))
            if one.found and p is not None and limit < p < seldom
        ]
        if not unsure or batches == MOST:
            break
        batches = min(batches * FACTOR, MOST)
        for number in unsure:
            p_values[number] = likelihood(series[number], batches)
    return [
        Discovery(p=p, is_named=bool(one.found) and p is not None and p <= limit)
        for p, one in zip(p_values, shifts, strict=True)
    ]


def _limit(p_values: Sequence[float]) -> float:
    """Find the largest p that is named: that of rank r may be r of all, times the rate; 0 where none is."""
    ordered = np.sort(p_values)
    allowed = FALSE_DISCOVERIES * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
    named = ordered[ordered <= allowed]
    return float(named[-1]) if len(named) else 0.0
