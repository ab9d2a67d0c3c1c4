"""What rules make of what is known: facts in, alerts out. Pure: the same facts make the same alerts, however often."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median
from typing import Any, Final

from lineage.alerts.alert import Alert, Span
from lineage.alerts.events import rfc3339
from lineage.alerts.rules import Rule
from lineage.audit import Tier
from lineage.identity import Key, canonical
from lineage.limits import shortened
from lineage.model import Phase, RecurringRun, Run, Slot, SlotOutcome, TrendPoint
from lineage.trends.baseline import BASELINE, LEAST_BASELINE, TO_SD
from lineage.trends.directions import Direction, Verdict

FAILED: Final = frozenset({Phase.FAILED, Phase.ERROR})
WORSE: Final = frozenset({Verdict.REGRESSION, Verdict.UNJUDGED})
"""Changes that somebody is told of: those for the worse, and those of which nobody says what they are."""
MOST_SUSPECTS: Final = 3
ASTRAY: Final = 2
"""Runs by which a shift may be found beside its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The values of a metric over runs, the oldest first, without those that were taken from a cache. `name` is that of
    the runs that they are of, and `cuts` are the places of the first values of new levels."""

    name: Key
    metric: str
    task: str | None
    values: tuple[TrendPoint, ...]
    cuts: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """Name it for good."""
        return canonical([self.name, self.metric, self.task]).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leap:
    """A shift of a series: the first value of the new level, and the first and the last that this may be instead, by
    their places; the medians to both sides; how often chance alone makes one; and what may have done it, the likeliest
    first."""

    place: int
    earliest: int
    latest: int
    median_before: float
    median_after: float
    p: float
    suspects: tuple[str, ...] = ()

    def span(self, series: Series) -> Span:
        """Say where else in the series the same shift may be found, once there are more values or fewer."""
        first, last = max(self.earliest - ASTRAY, 0), min(self.latest + ASTRAY, len(series.values) - 1)
        return Span(begins_at=series.values[first].at, ends_at=series.values[last].at)


# ------------------------------------------------------------------------------------------ runs and slots
def failed(rule: Rule, run: Run, message: str | None) -> Iterator[Alert]:
    """Tell of a run that failed, and why in the words of the engine."""
    if run.phase in FAILED:
        why = f": {shortened(message)}" if message else ""
        yield _of_run(rule, run, f"{run.display_name} ended as {run.phase.value}{why}", {"phase": run.phase.value})


def tier_lost(rule: Rule, run: Run, tier: Tier, before: Run, tier_before: Tier) -> Iterator[Alert]:
    """Tell of a run that has not earned the tier of a rule, where the run before it had."""
    if rule.tier is not None and tier.rank < rule.tier.rank <= tier_before.rank:
        says = f"{run.display_name} is {tier.value}, and {before.display_name} before it was {tier_before.value}"
        data = {"tier": tier.value, "wanted": rule.tier.value, "tierBefore": tier_before.value}
        yield _of_run(rule, run, says, data | {"runBefore": _named(before)})


def missed(rule: Rule, recurring: RecurringRun, slots: Iterable[Slot]) -> Iterator[Alert]:
    """Tell of each time that was due and for which no run was made."""
    for slot in slots:
        if slot.outcome is SlotOutcome.MISSED:
            why = slot.reason or "no run was made"
            named = {"id": recurring.id, "name": recurring.name, "displayName": recurring.display_name}
            yield Alert(
                rule=rule.name,
                kind=rule.kind,
                subject=recurring.key,
                at=slot.due_at,
                due_at=slot.due_at,
                cluster=recurring.cluster,
                namespace=recurring.namespace,
                says=f"{recurring.display_name} was due at {rfc3339(slot.due_at)}, and {why}",
                data={"recurringRun": named, "dueAt": rfc3339(slot.due_at), "reason": why},
            )


# ------------------------------------------------------------------------------------------ metrics
def beyond(rule: Rule, series: Series, runs: Mapping[Key, Run]) -> Iterator[Alert]:
    """Tell of each of some runs that has a value beyond the bounds of a rule: of several, of the one that is furthest
    beyond."""
    worst: dict[Key, tuple[float, TrendPoint]] = {}
    for point in series.values:
        by = _beyond(rule, point.value)
        if by is not None and point.run_key in runs and by > worst.get(point.run_key, (-1.0, point))[0]:
            worst[point.run_key] = by, point
    for key, (_, point) in worst.items():
        side, bound = ("above", rule.above) if _is_above(rule, point.value) else ("below", rule.below)
        says = f"{_called(series)} of {runs[key].display_name} is {point.value:g}, {side} {bound:g}"
        yield _of_run(rule, runs[key], says, _of_series(series) | {"value": point.value, side: bound})


def _is_above(rule: Rule, value: float) -> bool:
    return rule.above is not None and value > rule.above


def _beyond(rule: Rule, value: float) -> float | None:
    """By how much a value lies beyond the bounds; None where it does not."""
    if rule.above is not None and value > rule.above:
        return value - rule.above
    return rule.below - value if rule.below is not None and value < rule.below else None


def surprising(rule: Rule, series: Series, runs: Mapping[Key, Run], direction: Direction) -> Iterator[Alert]:
    """Tell of each of some runs whose value is far from those before it, and not for the better."""
    told: set[Key] = set()
    for place, point in enumerate(series.values):
        if point.run_key not in runs or point.run_key in told:
            continue
        since = max((cut for cut in series.cuts if cut < place), default=0)
        window = [one.value for one in series.values[max(place - BASELINE, since) : place]]
        if len(window) < LEAST_BASELINE:
            continue
        usual, z = median(window), _z(point.value, window)
        is_far = point.value != usual if z is None else abs(z) > rule.z
        if not is_far or direction.verdict(usual, point.value) not in WORSE:
            continue
        told.add(point.run_key)
        far = "all before it are alike" if z is None else f"{abs(z):.1f} standard deviations away"
        says = (
            f"{_called(series)} of {runs[point.run_key].display_name} is {point.value:g}, and {usual:g} is usual: {far}"
        )
        data = _of_series(series) | {"value": point.value, "median": usual, "z": z}
        yield _of_run(rule, runs[point.run_key], says, data)


def _z(value: float, window: Sequence[float]) -> float | None:
    """How many standard deviations a value lies from the median of others, as outliers do not widen them; None where
    more than half of them are equal."""
    usual = median(window)
    mad = median(abs(one - usual) for one in window)
    return None if mad == 0 else (value - usual) / (TO_SD * mad)


def leapt(
    rule: Rule,
    series: Series,
    leaps: Sequence[Leap],
    runs: Mapping[Key, Run],
    direction: Direction,
    told: Sequence[Span],
) -> Iterator[Alert]:
    """Tell of each shift that is not for the better. `runs` are those that new levels may begin with; `told` are the
    spans of shifts that somebody was told of: with more values a shift may be found a run to the side, and stays the
    same."""
    for leap in leaps:
        first, span = series.values[leap.place], leap.span(series)
        run = runs.get(first.run_key)
        if run is None or direction.verdict(leap.median_before, leap.median_after) not in WORSE:
            continue
        if any(span.touches(one) for one in told):
            continue
        says = f"{_called(series)} shifted from {leap.median_before:g} to {leap.median_after:g} with {run.display_name}"
        data = _of_series(series) | {
            "medianBefore": leap.median_before,
            "medianAfter": leap.median_after,
            "pValue": leap.p,
            "suspects": list(leap.suspects[:MOST_SUSPECTS]),
        }
        yield replace(_of_run(rule, run, says, data, at=first.at), series=series.text, span=span)


# ------------------------------------------------------------------------------------------ what they share
def _of_run(rule: Rule, run: Run, says: str, data: Mapping[str, Any], *, at: datetime | None = None) -> Alert:
    """Tell of a run, as of its end unless said. One that has no end is not judged."""
    happened_at = at or run.finished_at
    assert happened_at is not None  # noqa: S101 - for the type
    return Alert(
        rule=rule.name,
        kind=rule.kind,
        subject=run.key,
        at=happened_at,
        cluster=run.cluster,
        namespace=run.namespace,
        says=says,
        data={"run": _named(run), **data},
    )


def _named(run: Run) -> dict[str, str | None]:
    return {"id": run.id, "uid": run.uid, "name": run.name, "displayName": run.display_name}


def _of_series(series: Series) -> dict[str, Any]:
    return {"metric": series.metric, "task": series.task}


def _called(series: Series) -> str:
    return series.metric if series.task is None else f"{series.metric} of {series.task}"
