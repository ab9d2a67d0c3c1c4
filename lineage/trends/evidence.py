"""What speaks for shifts of one series: how high its steps are, and how often noise like its own makes as high ones.

Pure. The noise is what is left after the cuts that are plausible, claimed or not: so one shift does not hide another by
looking like noise. How much of a deviation is still there one run later is never quite known. So there are two noises:
the *patient* one depends on itself as much as is likely, the *plain* one as little.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lineage.trends.levels import after_cuts, after_step, plausible_cuts, slope_of
from lineage.trends.noise import (
    MOST_DEPENDENT,
    Floats,
    Noise,
    autocorrelation,
    generator,
    long_run_sd,
    noise_of,
    simulated,
    without_outliers,
)
from lineage.trends.plateaus import plateaus
from lineage.trends.scan import Against, Candidate, candidates, highest

LEAST_VALUES: Final = 12
LEAST_INDEPENDENT: Final = 15.0
"""As many values must be there that are worth an independent one; in a short series, a third of all."""
LARGEST_DEPENDENCE: Final = 0.93
"""Beyond it a series is not told from one that only wanders."""
CLEAR_TREND: Final = 4.5
"""A slope is part of a series where it is so many times as large as its error; below that it may be noise that depends
on itself, and a step beside it be noise as well."""
ROWS: Final = 25
BATCHES: Final = 8
ENOUGH: Final = 10
"""So many simulated series that are as high tell that it is no shift, however many more are made (Besag & Clifford
1991, Biometrika 78:301)."""
CLEAR: Final = 4
"""Batches without a step as high tell that it is one: a hundred series, so p is 1 %."""
NOTHING: Final = 1e-9
"""What adding up values between -1 and 1 may lose."""

# What is left after a fit looks less dependent than it is: n times the lack, (at none, and per dependence), measured on
# simulated series with the step that fits best taken out, and with a slope as well.
_LACK_OF_LEVELS: Final = (3.3, 8.5)
_LACK_OF_LINES: Final = (5.0, 11.0)
_LEAST_LACK: Final = (1.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why nothing can be told of a series, in words for its reader; and its dependence, where that is why."""

    reason: str
    dependence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Candidates for shifts of a series, and the noise that each must be told from.

    `values` are without outliers, between -1 and 1; `measured` are all of them, on the same scale. Where it
    `has_slope`, a trend is part of the series beyond doubt. Heights are in long-run standard deviations. `patient` is
    the noise with all of its dependence, `plain` with as little as is likely.
    """

    values: Floats
    measured: Floats
    has_slope: bool
    candidates: tuple[Candidate, ...]
    against_level: Floats
    against_line: Floats
    patient: Noise
    plain: Noise

    def line_counts(self, batch: int) -> Floats:
        """Count, for each candidate, of ROWS series without a shift those with as high a step against a line."""
        return self._counts(self.plain, self.against_line, "line", batch)

    def level_counts(self, batch: int) -> Floats:
        """Count, for each candidate, of ROWS series without a shift those with as high a step against a level. There
        are none where a clear trend is no level."""
        if self.has_slope:
            return np.zeros(len(self.candidates))
        return self._counts(self.patient, self.against_level, "level", batch)

    def _counts(self, noise: Noise, heights: Floats, against: Against, batch: int) -> Floats:
        random = generator(self.values, batch, against == "line")
        rows = simulated(noise, ROWS, len(self.values), random)
        found, place = highest(rows, against)
        sds = long_run_sd(after_step(rows, place, has_slope=self.has_slope), 1)
        return np.asarray((found >= heights[:, None] * sds).sum(axis=1), dtype=np.float64)


def evidence(series: Floats) -> Evidence | Refusal:
    """Gather what speaks for shifts of a series that has noise; or say why nothing can be told."""
    n = len(series)
    if n < LEAST_VALUES:
        return Refusal(reason=f"too few values to tell a shift: {n}, where {LEAST_VALUES} are the least")
    values = without_outliers(series)
    middle = float(np.median(values))
    reach = float(np.abs(values - middle).max())
    values, measured = (values - middle) / reach, (series - middle) / reach
    found = candidates(values)
    cuts = plausible_cuts(values, found, found[0].index)
    beside = after_cuts(values, cuts, has_slope=True)
    slope, error = slope_of(values, cuts)
    dependence = _dependence(beside, _LACK_OF_LINES)
    has_slope = abs(slope) > CLEAR_TREND * error * np.sqrt((1 + dependence) / (1 - dependence))
    left = beside if has_slope else after_cuts(values, cuts, has_slope=False)
    sd = float(long_run_sd(left, len(cuts)))
    if sd < NOTHING:
        return Refusal(reason="the values follow a line exactly: there is no noise to measure a shift by")
    dependence = _dependence(left, _LACK_OF_LINES if has_slope else _LACK_OF_LEVELS)
    independent = n * (1 - dependence) / (1 + dependence)
    if independent < min(LEAST_INDEPENDENT, n / 3) or dependence > LARGEST_DEPENDENCE:
        return Refusal(
            reason="not enough independent data to tell a shift: of a deviation "
            f"{dependence:.0%} may still be there one run later, so {n} values tell no more than {independent:.0f} "
            "independent ones would",
            dependence=dependence,
        )
    return Evidence(
        values=values,
        measured=measured,
        has_slope=bool(has_slope),
        candidates=tuple(found),
        against_level=np.array([one.against_level for one in found]) / sd,
        against_line=np.array([one.against_line for one in found]) / sd,
        patient=noise_of(left, dependence),
        plain=noise_of(left, dependence if has_slope else _dependence(left, _LEAST_LACK)),
    )


def p_values(counts: Callable[[int], Floats], tested: int) -> Floats:
    """Say how often each of so many candidates comes about by chance. No more is simulated once it is clear of each
    whether that is often or next to never."""
    higher = np.zeros(tested)
    for batch in range(BATCHES):
        higher += counts(batch)
        if np.all((higher >= ENOUGH) | (batch + 1 >= CLEAR) & (higher == 0)):
            break
    return np.asarray((1 + higher) / (1 + (batch + 1) * ROWS))


def likelihood(values: Sequence[float] | Floats, batches: int) -> float | None:
    """Say how often the clearest step of a series comes about without a shift, from up to so many batches of ROWS
    simulated series; None where nothing can be told."""
    series = np.asarray(values, dtype=np.float64)
    if (steps := plateaus(series)) is not None:
        return min((step.p for step in steps), default=1.0)
    gathered = evidence(series)
    if isinstance(gathered, Refusal):
        return None
    weaker = np.minimum(gathered.against_level, gathered.against_line)
    best = int((gathered.against_line if gathered.has_slope else weaker).argmax())
    found = 0.0
    for counts in (gathered.line_counts, gathered.level_counts):
        higher = 0.0
        for batch in range(batches):
            higher += float(counts(batch)[best])
            if higher >= ENOUGH:
                break
        found = max(found, (1 + higher) / (1 + (batch + 1) * ROWS))
    return found


def _dependence(left: Floats, lack: tuple[float, float]) -> float:
    n = len(left)
    return float(np.clip((autocorrelation(left) * n + lack[0]) / max(n - lack[1], n / 4), 0.0, MOST_DEPENDENT))
