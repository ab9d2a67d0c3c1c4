"""Forgetting the details of runs that have come to their age, as rules ask.

It knows no SQL. What is due stands in the store, and each portion of runs is forgotten in one transaction: who is
interrupted goes on from there, and several may run side by side.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from threading import Event
from typing import Final

import structlog

from lineage.auditing import tier_of
from lineage.errors import LineageError
from lineage.identity import Key
from lineage.outage import Outage
from lineage.ports import EVERYTHING, AgedRun, Details, LineageStore
from lineage.retention import Retention

PLANNED_AT_ONCE: Final = 1000
JUDGED_AT_ONCE: Final = 200
STEPS_AT_ONCE: Final = 1000
"""Of the runs that are forgotten in one transaction, roughly: of more, recorders would wait for long."""
SERVED_AGAIN: Final = timedelta(days=1)
"""When a run is judged again that is kept for what serves its models: nobody tells when that ends."""
EVERY_SECONDS: Final = 3600.0
RETRY_SECONDS: Final = 60.0  # while the store fails
NOTHING: Final = Details()

log = structlog.get_logger(__name__)


class Verdict(StrEnum):
    """What becomes of a run that has come to its age."""

    FORGOTTEN = "forgotten"
    HAS_DESCENDANTS = "has descendants"
    EARNED_TIER = "earned its tier"
    NOT_DUE = "not due"
    """No rule speaks of it any more, or it is younger than it was taken to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run that has come to its age, the name of the rule that speaks of it, and what becomes of it. Of one that is
    kept, when it is judged again, beside when it changes, and what descends from it."""

    run: AgedRun
    rule: str | None
    verdict: Verdict
    again_at: datetime | None = None
    heirs: frozenset[Key] = frozenset()


@dataclass(kw_only=True)
class Forgetting:
    """What became of runs: how many were forgotten by each rule, and what went with them; and of each that is kept by
    which rule, and why."""

    forgotten: Counter[str] = field(default_factory=Counter)
    kept: dict[Key, tuple[str, Verdict]] = field(default_factory=dict)
    went: Details = NOTHING

    def keep(self, judged: Iterable[Judged]) -> None:
        """Note runs that are kept."""
        self.kept |= {one.run.key: (one.rule, one.verdict) for one in judged if one.rule is not None}

    def forget(self, judged: Iterable[Judged], went: Details) -> None:
        """Note runs that were forgotten, maybe after they had been kept for the sake of others."""
        self.went += went
        for one in judged:
            self.kept.pop(one.run.key, None)
            if one.rule is not None:
                self.forgotten[one.rule] += 1


Progress = Callable[[Forgetting], None]


class Forgetter:
    """Forgets what is due, again and again. `outage` says whether it waits for the store."""

    def __init__(self, store: LineageStore, retention: Retention, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._retention = retention
        self._clock = clock
        self.outage = Outage(begins="store forgets nothing, waiting for it", ends="store answers again")

    def run(self, stop: Event) -> None:
        """Go on until `stop` is set, to the end of the runs that are being forgotten."""
        while not stop.is_set():
            try:
                done = forget_aged(self._store, self._retention, now=self._clock(), goes_on=lambda: not stop.is_set())
            except LineageError as error:
                self.outage.goes_on(str(error))
                stop.wait(RETRY_SECONDS)
            else:
                self.outage.is_over()
                if done.forgotten:
                    log.info("details forgotten", runs=done.forgotten.total(), bytes=done.went.size_bytes)
                stop.wait(EVERY_SECONDS)


def forget_aged(
    store: LineageStore,
    retention: Retention,
    *,
    now: datetime,
    goes_on: Callable[[], bool] = lambda: True,
    on_progress: Progress = lambda _: None,
) -> Forgetting:
    """Forget all that is due, or as much of it as `goes_on` allows: it is asked between two portions.

    Raises:
        StoreError: what was forgotten until then stays so.
    """
    done = Forgetting()
    _plan(store, retention, goes_on)
    while goes_on() and (aged := store.aged(now=now, limit=JUDGED_AT_ONCE)):
        judged = [_judge(store, retention, one, heirs, now=now) for one, heirs in _with_heirs(store, retention, aged)]
        kept = [one for one in judged if one.verdict is not Verdict.FORGOTTEN]
        if kept:
            store.judge_again({one.run.key: one.again_at for one in kept})
            done.keep(kept)
        for portion in _portions([one for one in judged if one.verdict is Verdict.FORGOTTEN]):
            if not goes_on():
                break
            done.forget(portion, store.forget([one.run.key for one in portion], now=now))
            on_progress(done)
        on_progress(done)
    return done


def rehearse(
    store: LineageStore, retention: Retention, *, now: datetime, on_progress: Progress = lambda _: None
) -> Forgetting:
    """Say what `forget_aged` would do: at least, since what is kept for the sake of others that were forgotten may have
    been judged before, and is not looked at here."""
    done, kept, gone = Forgetting(), dict[Key, Judged](), set[Key]()

    def take(judged: Sequence[Judged]) -> None:
        forgotten = [one for one in judged if one.verdict is Verdict.FORGOTTEN]
        done.forget(forgotten, store.weigh([one.run.key for one in forgotten]))
        done.keep(one for one in judged if one.verdict is not Verdict.FORGOTTEN)
        gone.update(one.run.key for one in forgotten)
        on_progress(done)

    _plan(store, retention, lambda: True)
    beyond = 0
    while aged := store.aged(now=now, limit=JUDGED_AT_ONCE, beyond=beyond):
        beyond += len(aged)
        judged = [_judge(store, retention, one, heirs, now=now) for one, heirs in _with_heirs(store, retention, aged)]
        kept |= {one.run.key: one for one in judged if one.verdict is Verdict.HAS_DESCENDANTS}
        take(judged)
    while free := [one for one in kept.values() if one.heirs <= gone]:
        for one in free:
            del kept[one.run.key]
        take([_judge(store, retention, one.run, frozenset(), now=now) for one in free])
    return done


def _plan(store: LineageStore, retention: Retention, goes_on: Callable[[], bool]) -> None:
    while goes_on() and store.plan_forgetting(retention.digest, retention.due_at, limit=PLANNED_AT_ONCE):
        pass


def _with_heirs(
    store: LineageStore, retention: Retention, aged: Sequence[AgedRun]
) -> Iterator[tuple[AgedRun, frozenset[Key]]]:
    """Runs with what descends from them, where that counts."""
    asking = [one.key for one in aged if (rule := retention.rule_for(one.namespace)) and rule.keep_descendants]
    found: Mapping[Key, frozenset[Key]] = store.heirs(asking) if asking else {}
    return ((one, found.get(one.key, frozenset())) for one in aged)


def _judge(store: LineageStore, retention: Retention, run: AgedRun, heirs: frozenset[Key], *, now: datetime) -> Judged:
    rule = retention.rule_for(run.namespace)
    due_at = None if run.ended_at is None else retention.due_at(run.namespace, run.ended_at)
    if rule is None:
        return Judged(run=run, rule=None, verdict=Verdict.NOT_DUE)
    judged = partial(Judged, run=run, rule=rule.name)
    if due_at is None or due_at > now:
        return judged(verdict=Verdict.NOT_DUE, again_at=due_at)
    if heirs:
        serves = any(key[0] == "Deployment" for key in heirs)
        again_at = now + SERVED_AGAIN if serves else None
        return judged(verdict=Verdict.HAS_DESCENDANTS, again_at=again_at, heirs=heirs)
    if rule.keep_tier is not None:
        earned = tier_of(store, EVERYTHING, run.key, rule.policy, as_of=now)
        if earned is not None and earned.rank >= rule.keep_tier.rank:
            return judged(verdict=Verdict.EARNED_TIER)
    return judged(verdict=Verdict.FORGOTTEN)


def _portions(judged: Sequence[Judged]) -> Iterator[list[Judged]]:
    portion: list[Judged] = []
    for one in judged:
        if portion and sum(each.run.steps for each in portion) + one.run.steps > STEPS_AT_ONCE:
            yield portion
            portion = []
        portion.append(one)
    if portion:
        yield portion
