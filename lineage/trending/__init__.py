"""How metrics move over the runs of a list, where their level shifted, and what may have done that: read through the
port of the store, and told by `lineage.trends`."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lineage.errors import InvalidRequest
from lineage.model import TrendPoint
from lineage.ports import LineageStore, Scope
from lineage.tombstones import value_that_stays
from lineage.trending.answers import Gap, Point, Question, Suspect, Trend, TrendChange, TrendShift
from lineage.trending.changes import changes_between
from lineage.trending.gaps import Slots, gaps_between
from lineage.trending.surroundings import Surroundings, called, change_of, shown
from lineage.trends.blame import AROUND, Factor, Separation, blame
from lineage.trends.directions import Direction, Verdict
from lineage.trends.discovery import Discovery, discover
from lineage.trends.floor import NoiseFloor, noise_floor
from lineage.trends.noise import Floats, floats
from lineage.trends.outliers import outliers
from lineage.trends.shifts import Shift, Shifts, find_shifts
from lineage.trends.standing import STANDINGS, Standing
from lineage.trends.summary import Summary, summarize

__all__ = [
    "Gap",
    "Point",
    "Question",
    "Surroundings",
    "Suspect",
    "Trend",
    "TrendChange",
    "TrendShift",
    "changes_between",
    "trends",
]

MOST_SERIES: Final = 50  # that one parameter splits a metric into
MOST_ALIKE: Final = 1_000  # newest values, of which it is asked which ran the same
SECONDS_OF_DAY: Final = 86_400
_BY_CHANCE: Final = (
    "among so many metrics a shift like this is to be expected by chance: it is shown, and does not count"
)


def trends(store: LineageStore, scope: Scope, asked: Question, metrics: Sequence[str]) -> tuple[Trend, ...]:
    """Say how metrics move, the worst first, and what may have done each shift. Of several, as many shifts count as are
    not to be expected by chance among so many.

    Raises:
        InvalidRequest: the parameter that is asked for splits a metric into too many series.
    """
    series = list(_series(store, scope, asked, metrics))
    shifts = [find_shifts(one.values) for one in series]
    reading = _Reading(store, scope, asked)
    found = [reading.trend(one, of_it) for one, of_it in zip(series, shifts, strict=True)]
    if len(series) > 1:
        told = discover([one.values for one in series], shifts)
        found = [_among_others(one, discovery) for one, discovery in zip(found, told, strict=True)]
    return tuple(sorted(found, key=_badness))


def _among_others(trend: Trend, told: Discovery) -> Trend:
    if not trend.shifts:
        return trend
    if told.is_named:
        return replace(trend, false_discovery=told.p)
    verdict = Standing.STEADY if not trend.summary.is_surprising else trend.verdict
    return replace(trend, false_discovery=told.p, verdict=verdict, warnings=(*trend.warnings, _BY_CHANCE))


def _badness(trend: Trend) -> tuple[int, float, str, str]:
    effects = [abs(one.shift.effect or 0.0) for one in trend.shifts]
    return _WORST_FIRST[trend.verdict], -effects[-1] if effects else 0.0, trend.metric, str(trend.split)


_WORST_FIRST: Final = {one: rank for rank, one in enumerate(Standing)}


# ------------------------------------------------------------------------------------------ series
@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """The points of a metric, and of those that were computed the values and the times in days."""

    metric: str
    split: tuple[str, str | None] | None
    points: tuple[TrendPoint, ...]
    computed: tuple[TrendPoint, ...]
    values: Floats
    days: Floats


def _series(store: LineageStore, scope: Scope, asked: Question, metrics: Sequence[str]) -> Iterator[_Series]:
    read = store.trend_points(
        scope, metrics, asked.where, task=asked.task, last=asked.last, parameters=asked.by is not None
    )
    for metric, points in read.items():
        if asked.by is None:
            yield _series_of(metric, None, points)
            continue
        found: defaultdict[str | None, list[TrendPoint]] = defaultdict(list)
        for one in points:
            # By the digest of a long value, as of runs whose details were forgotten: so they stay together.
            found[value_that_stays(one.parameters.get(asked.by))].append(one)
        if len(found) > MOST_SERIES:
            raise InvalidRequest(
                f"the parameter {asked.by:.100} has {len(found)} values in these runs, and {MOST_SERIES} series are "
                "the most: ask for fewer runs, or split by another"
            )
        for value, of in found.items():
            yield _series_of(metric, (asked.by, shown(value)), of)


def _series_of(metric: str, split: tuple[str, str | None] | None, points: Sequence[TrendPoint]) -> _Series:
    computed = tuple(one for one in points if not one.cached)
    return _Series(
        metric=metric,
        split=split,
        points=tuple(points),
        computed=computed,
        values=floats(one.value for one in computed),
        days=floats(one.at.timestamp() / SECONDS_OF_DAY for one in computed),
    )


# ------------------------------------------------------------------------------------------ one trend
class _Reading:
    """Makes trends of series, and reads what belongs to them."""

    def __init__(self, store: LineageStore, scope: Scope, asked: Question) -> None:
        self._store, self._scope, self._asked = store, scope, asked
        self._surroundings, self._slots = Surroundings(store, scope), Slots(store, scope, asked)

    def trend(self, series: _Series, shifts: Shifts) -> Trend:
        """Say how a metric moves."""
        direction = self._asked.directions.of(series.metric)
        summary = summarize(series.days, series.values, shifts, direction)
        gaps = (self._store, self._scope, self._asked, series.metric, series.points, self._slots)
        return Trend(
            metric=series.metric,
            task=self._asked.task,
            split=series.split,
            direction=direction,
            verdict=_standing(summary, shifts, direction),
            points=tuple(_points(series, shifts)),
            gaps=gaps_between(*gaps) if series.split is None else (),
            shifts=tuple(self._shift(series, shifts, place, direction) for place in range(len(shifts.found))),
            summary=summary,
            warnings=(*summary.warnings, *self._cut()),
            alarm_since=None if summary.alarm is None else series.computed[summary.alarm.index],
            floor=self._floor(series),
        )

    def _floor(self, series: _Series) -> NoiseFloor | None:
        """How far the values of runs lie apart that have the same fingerprint; of executions, where one task is asked
        about."""
        newest = series.computed[-MOST_ALIKE:]
        of_runs = self._asked.task is None
        keys = [one.run_key if of_runs or one.execution_key is None else one.execution_key for one in newest]
        known = self._store.fingerprints(self._scope, list(dict.fromkeys(keys)))
        digests = [None if (found := known.get(key)) is None else found.digest for key in keys]
        return noise_floor(series.values[-MOST_ALIKE:], digests)

    def _cut(self) -> Iterator[str]:
        """Say so where not all slots were looked at."""
        if (cut_at := self._slots.cut_at) is not None:
            yield f"missed slots are told up to {cut_at:%Y-%m-%d %H:%M} UTC: too many were due to look at all of them"

    def _shift(self, series: _Series, shifts: Shifts, place: int, direction: Direction) -> TrendShift:
        shift, computed = shifts.found[place], series.computed
        first = max(shift.index - AROUND, 0)
        around = computed[first : shift.index + AROUND]
        known = self._surroundings.of(around)
        factors = {Factor(kind=one.kind.value, name=str(number)): one for number, one in enumerate(known)}
        cuts = [one.index - first for one in shifts.found if first < one.index < first + len(around)]
        levels = {factor: known[one] for factor, one in factors.items()}
        names = {factor: called(one) for factor, one in factors.items()}
        told = blame(series.values[first : first + len(around)], levels, cuts, shift.index - first)
        return TrendShift(
            shift=shift,
            before=computed[shift.index - 1],
            after=computed[shift.index],
            earliest=computed[shift.earliest],
            latest=computed[shift.latest],
            verdict=STANDINGS[_verdict(shift, direction)],
            suspects=tuple(
                Suspect(change=change_of(factors[one.factor], _text(one.before), _text(one.after)), score=one.score)
                for one in told.suspects
            ),
            not_tracked=told.not_tracked,
            together=tuple(names[one] for one in told.confounded),
            separating=tuple(_in_words(one, names) for one in told.separations),
        )


def _standing(summary: Summary, shifts: Shifts, direction: Direction) -> Standing:
    """Judge the last value where it is surprising and worse, else the latest shift."""
    usual, latest = summary.baseline, summary.latest
    if summary.is_surprising and usual is not None and latest is not None:
        verdict = direction.verdict(usual.median, latest)
        if verdict is Verdict.REGRESSION:
            return Standing.REGRESSION
    if shifts.found:
        return STANDINGS[_verdict(shifts.found[-1], direction)]
    return Standing.STEADY if shifts.refused is None else Standing.UNKNOWN


def _verdict(shift: Shift, direction: Direction) -> Verdict:
    return direction.verdict(shift.median_before, shift.median_after)


def _points(series: _Series, shifts: Shifts) -> Iterator[Point]:
    is_far = iter(outliers(series.values, shifts.found).tolist())
    version = series.points[0].version_key if series.points else None
    for one in series.points:
        yield Point(shown=one, outlier=not one.cached and next(is_far), version_changed=one.version_key != version)
        version = one.version_key


def _text(level: Hashable) -> str | None:
    return level if isinstance(level, str) else None


def _in_words(one: Separation, names: Mapping[Factor, str]) -> str:
    """Say which runs would separate suspects."""
    runs = f"{one.repeats} runs" if one.repeats > 1 else "a run"
    old, new = (" and ".join(names[each] for each in some) for some in (one.old, one.new))
    if not one.new:
        return f"{runs} with {old} as before the shift: if the level stays, none of them did it"
    as_now = f"{runs} with {new} as since the shift"
    return f"{as_now}, and {old} as before it" if one.old else as_now
