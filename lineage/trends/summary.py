"""How a metric stands: its last value against what it was before, how far it scatters, and where it drifts.

Pure. Of a series only values count that a run computed: a value that was taken from a cache repeats an old one.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from lineage.trends.baseline import BASELINE, LEAST_BASELINE, SURPRISE, TO_SD
from lineage.trends.directions import Direction
from lineage.trends.monotone import Drift, drift_of
from lineage.trends.noise import MOST_DEPENDENT, Floats, autocorrelation
from lineage.trends.shifts import Shifts
from lineage.trends.watch import Alarm, alarm_of

DEPENDENT: Final = 0.3
TOO_DEPENDENT_TO_WARN: Final = 0.2  # from there on, false alarms come several times as often as is said
DRIFTS: Final = 0.05
NEW: Final = 20  # values: what has lasted longer would have been confirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the last value is compared with: up to BASELINE values before it, and after the last shift. `quartiles` are
    the ends of the middle half; `mad` is the median of the distances from the median."""

    count: int
    median: float
    mad: float
    quartiles: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The state of a series. What needs more values than there are is None.

    `relative` is the difference of the last two over the previous one. `surprise` is how far the last value lies from
    the baseline's median, in standard deviations that outliers do not widen; where all of the baseline is equal it is
    None, and `is_surprising` says whether the last value is another. `autocorrelation` is that of one run with the
    next, of what levels and drift leave. `alarm` is an early warning by the newest values, which nothing has confirmed.
    `warnings` are for those who read the rest.
    """

    count: int
    latest: float | None = None
    previous: float | None = None
    difference: float | None = None
    relative: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    best: float | None = None
    baseline: Baseline | None = None
    surprise: float | None = None
    is_surprising: bool = False
    autocorrelation: float | None = None
    drift: Drift | None = None
    alarm: Alarm | None = None
    warnings: tuple[str, ...] = ()


def summarize(days: Floats, values: Floats, shifts: Shifts, direction: Direction) -> Summary:
    """Summarize a series: finite values in the order of their runs, at times in days, with the shifts that it has."""
    if len(values) == 0:
        return Summary(count=0)
    latest = float(values[-1])
    previous = float(values[-2]) if len(values) > 1 else None
    difference = None if previous is None else latest - previous
    cuts = [shift.index for shift in shifts.found]
    dependence = min(shifts.dependence, MOST_DEPENDENT)
    drift = drift_of(days, values, cuts, dependence)
    baseline = _baseline(values, cuts)
    surprise, is_surprising = _surprise(latest, baseline)
    correlation = _correlation(days, values, cuts, drift)
    return Summary(
        count=len(values),
        latest=latest,
        previous=previous,
        difference=difference,
        relative=difference / abs(previous) if difference is not None and previous else None,
        minimum=float(values.min()),
        maximum=float(values.max()),
        best=_best(values, direction),
        baseline=baseline,
        surprise=surprise,
        is_surprising=is_surprising,
        autocorrelation=correlation,
        drift=drift,
        alarm=_alarm(days, values, cuts, dependence),
        warnings=tuple(_warnings(shifts, baseline, correlation)),
    )


def _best(values: Floats, direction: Direction) -> float | None:
    if direction.aim is None:
        return None
    return float(values[np.argmin([direction.badness(float(value)) for value in values])])


def _baseline(values: Floats, cuts: list[int]) -> Baseline | None:
    last = len(values) - 1
    window = values[max(last - BASELINE, cuts[-1] if cuts else 0) : last]
    if len(window) < LEAST_BASELINE:
        return None
    low, median, high = np.quantile(window, [0.25, 0.5, 0.75]).tolist()
    return Baseline(
        count=len(window), median=median, mad=float(np.median(np.abs(window - median))), quartiles=(low, high)
    )


def _surprise(latest: float, baseline: Baseline | None) -> tuple[float | None, bool]:
    if baseline is None:
        return None, False
    if baseline.mad == 0:
        return None, latest != baseline.median
    surprise = (latest - baseline.median) / (TO_SD * baseline.mad)
    return surprise, abs(surprise) > SURPRISE


def _correlation(days: Floats, values: Floats, cuts: list[int], drift: Drift | None) -> float | None:
    """Correlate what is left after the level of each stretch and the drift. A fit takes away about 1/n for each
    level."""
    if drift is None:
        return None
    level = values - drift.per_day * days
    left = np.concatenate([part - part.mean() for part in np.split(level, cuts)])
    if not left.any():
        return None
    return min(float(autocorrelation(left)) + (1 + len(cuts)) / len(left), 1.0)


def _alarm(days: Floats, values: Floats, cuts: list[int], dependence: float) -> Alarm | None:
    """Look at the values of the latest level. Where those before the alarm drift, or depend on one another, it says
    nothing."""
    begin = cuts[-1] if cuts else 0
    found = alarm_of(values[begin:])
    if found is None or len(values) - begin - found.index > NEW:
        return None
    before = slice(begin, begin + found.index)
    drift = drift_of(days[before], values[before], [], dependence)
    correlation = _correlation(days[before], values[before], [], drift)
    if correlation is None or correlation >= TOO_DEPENDENT_TO_WARN or (drift is not None and drift.p <= DRIFTS):
        return None
    return replace(found, index=begin + found.index)


def _warnings(shifts: Shifts, baseline: Baseline | None, correlation: float | None) -> list[str]:
    found = []
    if shifts.refused is not None:
        found.append(f"shifts were not looked for: {shifts.refused}")
    if correlation is not None and correlation >= DEPENDENT:
        found.append(
            f"a run's value depends on that of the run before (autocorrelation {correlation:.2f}): values tell less "
            "than their number says, and surprises are more frequent"
        )
    if baseline is not None and baseline.mad == 0:
        found.append("more than half of the last values are equal: a last value is surprising if it is another")
    return found
