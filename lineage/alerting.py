"""Which alerts rules make of runs that have ended, and of schedules: read through the port of the store, and judged by
`lineage.alerts`.

What it costs follows the runs that ended: series are read once for all runs of theirs, and nothing of the others.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar

from lineage.alerts import Alert, AlertMark, Kind, Rule
from lineage.alerts.evaluating import FAILED, Leap, Series, beyond, failed, leapt, missed, surprising, tier_lost
from lineage.audit import Tier
from lineage.auditing import tier_of
from lineage.identity import Key
from lineage.model import Experiment, Pipeline, PipelineVersion, RecurringRun, Run, Slot, TrendPoint
from lineage.ports import (
    EVERYTHING,
    AllOf,
    Condition,
    LineageStore,
    Listing,
    Operator,
    Order,
    Page,
    PageRequest,
    Scope,
    Where,
)
from lineage.trending import Question, Trend, TrendShift, trends
from lineage.trends.directions import Directions

T = TypeVar("T")

KEYS_AT_ONCE: Final = 200
PAGE: Final = 100
MOST_SLOTS: Final = 2_000  # of one recurring run at a time: a day of every minute, and some
GRACE: Final = timedelta(minutes=5)
"""For a run to be recorded after its slot: one that is on its way is not missed."""
_OF_METRICS: Final = frozenset({Kind.SHIFT, Kind.THRESHOLD, Kind.Z})


_Scope: TypeAlias = tuple[tuple[str, Key | str], ...]
"""Of which runs a series is: what they must belong to, by its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A run that ended, and what it belongs to: the keys of what can be asked by, and their names."""

    run: Run
    keys: Mapping[str, Key | None]
    names: Mapping[str, Collection[str]]


class Evaluation:
    """Judges by rules. `marks` say from when on each of them counts: what was before is nobody's news."""

    def __init__(
        self,
        store: LineageStore,
        rules: Sequence[Rule],
        marks: Mapping[str, AlertMark],
        directions: Directions,
        *,
        now: datetime,
    ) -> None:
        self._store = store
        self._rules = [(rule, marks[rule.name]) for rule in rules]
        self._directions = directions
        self._now = now
        self._trends: dict[tuple[Any, ...], Trend | None] = {}
        self._tiers: dict[tuple[Key, str | None], Tier | None] = {}

    # -- runs
    def of_runs(self, ended: Collection[Key], settled: Collection[Key]) -> list[Alert]:
        """Judge runs that have ended. Of tiers only those that are `settled`: what they wrote was looked at by now."""
        known = self._known(list(ended))
        found: list[Alert] = []
        for rule, mark in self._rules:
            mine = [
                one
                for one in known.values()
                if one.run.finished_at is not None and one.run.finished_at >= mark.began_at and rule.is_for(one.names)
            ]
            if rule.kind is Kind.FAILED_RUN:
                found += self._failed(rule, mine)
            elif rule.kind is Kind.TIER_LOST:
                found += [alert for one in mine if one.run.key in settled for alert in self._tier_lost(rule, one)]
            elif rule.kind in _OF_METRICS:
                found += self._of_metrics(rule, mark, mine)
        return found

    def _known(self, keys: Sequence[Key]) -> Mapping[Key, _Known]:
        """Read runs, and what they belong to."""
        runs = {key: run for key, run in self._get(keys).items() if isinstance(run, Run) and run.phase.ended}
        of = [run.pipeline_version_key for run in runs.values()]
        of += [key for run in runs.values() for key in (run.experiment_key, run.recurring_run_key)]
        owners = self._get(list(dict.fromkeys(key for key in of if key is not None)))
        found = {}
        for key, run in runs.items():
            version = owners.get(run.pipeline_version_key or ())
            pipeline = version.pipeline if isinstance(version, PipelineVersion) else None
            experiment, recurring = owners.get(run.experiment_key or ()), owners.get(run.recurring_run_key or ())
            owning = {"pipeline": pipeline, "experiment": experiment, "recurring_run": recurring}
            found[key] = _Known(
                run=run,
                keys={name: None if one is None else one.key for name, one in owning.items()},
                names={name: _called(one) for name, one in owning.items()} | {"namespace": [run.namespace]},
            )
        return found

    def _get(self, keys: Sequence[Key]) -> dict[Key, Any]:
        return self._each(self._store.get, keys)

    @staticmethod
    def _each(read: Callable[[Scope, Sequence[Key]], Mapping[Key, T]], keys: Sequence[Key]) -> dict[Key, T]:
        """Read something of many, some at a time."""
        found: dict[Key, T] = {}
        for start in range(0, len(keys), KEYS_AT_ONCE):
            found |= read(EVERYTHING, keys[start : start + KEYS_AT_ONCE])
        return found

    # -- failures
    def _failed(self, rule: Rule, known: Sequence[_Known]) -> Iterator[Alert]:
        keys = [one.run.key for one in known if one.run.phase in FAILED]
        views = self._each(self._store.views, keys)
        for one in known:
            yield from failed(rule, one.run, views[one.run.key].message if one.run.key in views else None)

    # -- tiers
    def _tier_lost(self, rule: Rule, known: _Known) -> Iterator[Alert]:
        tier = self._tier(known.run.key, rule.policy)
        if tier is None or rule.tier is None or tier.rank >= rule.tier.rank:
            return
        before = self._run_before(known)
        tier_before = None if before is None else self._tier(before.key, rule.policy)
        if before is not None and tier_before is not None:
            yield from tier_lost(rule, known.run, tier, before, tier_before)

    def _tier(self, run: Key, policy: str | None) -> Tier | None:
        if (run, policy) not in self._tiers:
            self._tiers[run, policy] = tier_of(self._store, EVERYTHING, run, policy, as_of=self._now)
        return self._tiers[run, policy]

    def _run_before(self, known: _Known) -> Run | None:
        """The run of the same pipeline that ended last before a run did."""
        pipeline = known.keys["pipeline"]
        if pipeline is None:
            return None
        where = AllOf(
            (
                Condition(field="pipeline", operator=Operator.EQ, value=pipeline),
                Condition(field="finishedAt", operator=Operator.LT, value=known.run.finished_at),
            )
        )
        listing = Listing(where=where, order=(Order(field="FINISHED_AT", descending=True),))
        return next(iter(self._store.runs(EVERYTHING, listing, PageRequest(first=1)).items), None)

    # -- metrics
    def _of_metrics(self, rule: Rule, mark: AlertMark, known: Sequence[_Known]) -> Iterator[Alert]:
        if rule.kind is Kind.THRESHOLD:  # a bound is one, whatever the series
            runs = {one.run.key: one.run for one in known}
            yield from beyond(rule, self._values(rule, list(runs)), runs)
            return
        of: defaultdict[_Scope, list[_Known]] = defaultdict(list)
        for one in known:
            if (scope := _scope(rule, one)) is not None:
                of[scope].append(one)
        for scope, several in of.items():
            if (trend := self._trend(rule, scope)) is not None:
                yield from self._of_trend(rule, mark, scope, trend, {one.run.key: one.run for one in several})

    def _values(self, rule: Rule, runs: Sequence[Key]) -> Series:
        """The values of a metric in some runs."""
        metric, points = str(rule.metric), list[TrendPoint]()
        for start in range(0, len(runs), KEYS_AT_ONCE):
            where = Condition(field="id", operator=Operator.IN, value=tuple(runs[start : start + KEYS_AT_ONCE]))
            read = self._store.trend_points(EVERYTHING, [metric], where, task=rule.task, last=KEYS_AT_ONCE)
            points += [one for one in read.get(metric, ()) if not one.cached]
        return Series(name=(), metric=metric, task=rule.task, values=tuple(points))

    def _trend(self, rule: Rule, scope: _Scope) -> Trend | None:
        asked = (scope, rule.metric, rule.task, rule.last)
        if asked not in self._trends:
            question = Question(
                where=AllOf(tuple(_is(field, value) for field, value in scope)),
                recurring_run=next(
                    (key for field, key in scope if field == "recurring_run" and isinstance(key, tuple)), None
                ),
                task=rule.task,
                last=rule.last,
                now=self._now,
                directions=self._directions,
            )
            self._trends[asked] = next(iter(trends(self._store, EVERYTHING, question, [str(rule.metric)])), None)
        return self._trends[asked]

    def _of_trend(
        self,
        rule: Rule,
        mark: AlertMark,
        scope: _Scope,
        trend: Trend,
        runs: Mapping[Key, Run],
    ) -> Iterator[Alert]:
        series = Series(
            name=_name(scope),
            metric=trend.metric,
            task=trend.task,
            values=tuple(one.shown for one in trend.points if not one.shown.cached),
            cuts=tuple(one.shift.index for one in trend.shifts),
        )
        direction = self._directions.of(trend.metric)
        if rule.kind is Kind.Z:
            yield from surprising(rule, series, runs, direction)
            return
        # The latest run that it may have begun with counts: one that was there before the rule is no news.
        leaps = [one for one in map(_leap, trend.shifts) if series.values[one.latest].at >= mark.began_at]
        if leaps:
            begun = self._get([series.values[one.place].run_key for one in leaps])
            known = {key: run for key, run in begun.items() if isinstance(run, Run)}
            yield from leapt(rule, series, leaps, known, direction, self._store.alerted(rule.name, series.text))

    # -- schedules
    def of_slots(self, *, since: datetime) -> list[Alert]:
        """Judge what schedules were due for from a time on, or from when a rule began."""
        rules = [(rule, mark) for rule, mark in self._rules if rule.kind is Kind.MISSED_SLOT]
        if not rules:
            return []
        begin, until = max(since, min(mark.began_at for _, mark in rules)), self._now - GRACE
        if begin >= until:
            return []
        found: list[Alert] = []
        for recurring in self._recurring_runs():
            mine = [(rule, mark) for rule, mark in rules if _is_of(rule, recurring)]
            slots = list(self._slots(recurring, begin, until)) if mine else []
            for rule, mark in mine:
                found += missed(rule, recurring, [one for one in slots if one.due_at >= mark.began_at])
        return found

    def _recurring_runs(self) -> Iterator[RecurringRun]:
        return _all(lambda page: self._store.recurring_runs(EVERYTHING, Listing(), page))

    def _slots(self, recurring: RecurringRun, since: datetime, until: datetime) -> Iterator[Slot]:
        def read(page: PageRequest) -> Page[Slot]:
            found = self._store.slots(EVERYTHING, [recurring.key], since=since, until=until, now=self._now, page=page)
            return found.get(recurring.key, _NOTHING)

        for slot, _ in zip(_all(read), range(MOST_SLOTS), strict=False):
            yield slot


_NOTHING: Final[Page[Slot]] = Page(items=(), cursors=(), has_next=False, has_previous=False)
_FIELDS: Final = {"pipeline": "pipeline", "experiment": "experiment", "recurring_run": "recurringRun"}


def _scope(rule: Rule, known: _Known) -> _Scope | None:
    """Say of which runs the series is that a run is judged in: those of the pipeline, the experiment and the recurring
    run that the rule asks for, or of its pipeline where it asks for none; None where the run has no such thing."""
    asked = [name for name in _FIELDS if getattr(rule, name) is not None] or ["pipeline"]
    found: list[tuple[str, Key | str]] = []
    for name in asked:
        key = known.keys[name]
        if key is None:
            return None
        found.append((name, key))
    if rule.namespace is not None:
        found += [("cluster", known.run.cluster), ("namespace", known.run.namespace)]
    return tuple(found)


def _is(field: str, value: Key | str) -> Where:
    return Condition(field=_FIELDS.get(field, field), operator=Operator.EQ, value=value)


def _name(scope: _Scope) -> Key:
    return tuple(part for _, value in scope for part in (value if isinstance(value, tuple) else (value,)))


def _is_of(rule: Rule, recurring: RecurringRun) -> bool:
    names = {"recurring_run": _called(recurring), "namespace": [recurring.namespace]}
    return recurring.in_cluster and rule.is_for(names)


def _called(one: object) -> Collection[str]:
    """How something that runs belong to is called: Kubeflow names recurring runs as people do, and their objects
    otherwise."""
    match one:
        case RecurringRun():
            return {one.name, one.display_name}
        case Pipeline() | Experiment():
            return {one.name}
        case _:
            return ()


def _leap(shift: TrendShift) -> Leap:
    return Leap(
        place=shift.shift.index,
        earliest=shift.shift.earliest,
        latest=shift.shift.latest,
        median_before=shift.shift.median_before,
        median_after=shift.shift.median_after,
        p=shift.shift.p,
        suspects=tuple(
            f"{one.change.step}: {one.change.path}" if one.change.step else str(one.change.path)
            for one in shift.suspects
        ),
    )


def _all(read: Callable[[PageRequest], Page[Any]]) -> Iterator[Any]:
    """Read a list to its end."""
    after: str | None = None
    while True:
        page = read(PageRequest(first=PAGE, after=after))
        yield from page.items
        if not page.has_next:
            return
        after = page.cursors[-1]
