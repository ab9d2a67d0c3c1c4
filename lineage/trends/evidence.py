"""What speaks for shifts of one series: how high its steps are, and how often noise like its own makes as high ones.

Pure. The noise is what is left after the cuts that are plausible, claimed or not: so one shift does not hide another by
looking like noise. How much of a deviation is still there one run later is never quite known. So there are two noises:
the *patient* one depends on itself as much as is likely, the *plain* one as little.
"""

from collections.abc import Sequence
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
    unit_of,
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


class Chance:
    """How high the highest steps are of series without a shift, against a level or a line, each in its own long-run
    standard deviations. They are simulated ROWS at a time, as far as somebody asks."""

    def __init__(self, values: Floats, noise: Noise, against: Against, *, has_slope: bool) -> None:
        self._values, self._noise, self._against, self._has_slope = values, noise, against, has_slope
        self._batches: list[Floats] = []

    def p_values(self, heights: Floats) -> Floats:
        """Say how often each of some heights comes about by chance. No more is simulated once it is clear of each
        whether that is often or next to never."""
        higher = np.zeros(len(heights))
        for number in range(BATCHES):
            higher += self._count(heights, number)
            if np.all((higher >= ENOUGH) | (number + 1 >= CLEAR) & (higher == 0)):
                break
        return np.asarray((1 + higher) / (1 + (number + 1) * ROWS))

    def likelihood(self, height: float, batches: int) -> float:
        """Say how often one height comes about, from up to so many batches."""
        higher = 0.0
        for number in range(batches):
            higher += float(self._count(np.array([height]), number)[0])
            if higher >= ENOUGH:
                break
        return (1 + higher) / (1 + (number + 1) * ROWS)

    def _count(self, heights: Floats, number: int) -> Floats:
        """Count, for each height, the series of a batch that have as high a step."""
        if number == len(self._batches):
            self._batches.append(self._simulated(number))
        return np.asarray((self._batches[number] >= heights[:, None]).sum(axis=1), dtype=np.float64)

    def _simulated(self, number: int) -> Floats:
        random = generator(self._values, number, self._against == "line")
        rows = simulated(self._noise, ROWS, len(self._values), random)
        found, place = highest(rows, self._against)
        sds = long_run_sd(after_step(rows, place, has_slope=self._has_slope), 1)
        return np.asarray(np.divide(found, sds, out=np.full(ROWS, np.inf), where=sds > 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Candidates for shifts of a series, and what makes as high steps by chance.

    `values` are without outliers, between -1 and 1; `measured` are all of them, on the same scale, and `sd` their
    long-run standard deviation. Where it `has_slope`, a trend is part of the series beyond doubt: then it has no
    `level` that a step must be told from. `dependence` is as much as is likely.
    """

    values: Floats
    measured: Floats
    has_slope: bool
    sd: float
    dependence: float
    candidates: tuple[Candidate, ...]
    level: Chance | None
    line: Chance

    def heights(self, some: Sequence[Candidate], against: Against) -> Floats:
        """Say how high candidates are, in long-run standard deviations."""
        found = (one.against_level if against == "level" else one.against_line for one in some)
        return np.array([height / self.sd for height in found])


def evidence(series: Floats) -> Evidence | Refusal:
    """Gather what speaks for shifts of a series that has noise; or say why nothing can be told."""
    n = len(series)
    if n < LEAST_VALUES:
        return Refusal(reason=f"too few values to tell a shift: {n}, where {LEAST_VALUES} are the least")
    series = series / unit_of(series)
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
    patient = noise_of(left, dependence)
    plain = noise_of(left, dependence if has_slope else _dependence(left, _LEAST_LACK))
    return Evidence(
        values=values,
        measured=measured,
        has_slope=bool(has_slope),
        sd=sd,
        dependence=dependence,
        candidates=tuple(found),
        level=None if has_slope else Chance(values, patient, "level", has_slope=False),
        line=Chance(values, plain, "line", has_slope=bool(has_slope)),
    )


def likelihood(values: Sequence[float] | Floats, batches: int) -> float | None:
    """Say how often the clearest step of a series comes about without a shift, from up to so many batches of ROWS
    simulated series; None where nothing can be told."""
    series = np.asarray(values, dtype=np.float64)
    if (steps := plateaus(series)) is not None:
        return min((step.p for step in steps), default=1.0)
    gathered = evidence(series)
    if isinstance(gathered, Refusal):
        return None
    level, line = (gathered.heights(gathered.candidates, against) for against in ("level", "line"))
    if gathered.level is None:
        return gathered.line.likelihood(float(line.max()), batches)
    best = int(np.minimum(level, line).argmax())
    return max(
        gathered.line.likelihood(float(line[best]), batches), gathered.level.likelihood(float(level[best]), batches)
    )


def _dependence(left: Floats, lack: tuple[float, float]) -> float:
    n = len(left)
    return float(np.clip((autocorrelation(left) * n + lack[0]) / max(n - lack[1], n / 4), 0.0, MOST_DEPENDENT))
