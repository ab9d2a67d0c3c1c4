"""The ledger of slots: every time at which a recurring run was due, and what became of it.

Pure. Which run was made for which time:

1. The one that says so: it bears the time.
2. Kubeflow, since 2.5, labels the runs that its API makes with the time of their making. Such a run was made for the
   last time that was due by then. If several were made before the next, all but the last made up for earlier times.
3. A run that bears a time at which nothing is known to be due shows that it was: an edit was not seen.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, TypeAlias

from lineage.identity import Key
from lineage.model import RecurringEdit, RecurringRun, RecurringSpec, Scheduler, Slot, SlotOutcome
from lineage.schedules.due import Era, due_times, eras_of

LATE_SECONDS: Final = 60  # Kubeflow's controller waits ten seconds after each run; making one takes some more
MADE_AT_ONCE: Final = timedelta(seconds=2)  # from when a label with the time of the making was written to the creation
MADE_UP_FOR: Final = 100  # times that later runs are looked through for
LOOKED_BACK: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 60, 1440, 44_640, 527_040))  # to a year
FORBID: Final = "Forbid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A run that a recurring run made, as far as the ledger asks. `ended_at` is None for one that runs."""

    key: Key
    name: str
    scheduled_at: datetime
    created_at: datetime | None
    ended_at: datetime | None = None


def bears_its_making(run: Made, scheduler: Scheduler) -> bool:
    """Say whether the time that a run bears may be that of its making, so that it counts for nothing else."""
    if scheduler is not Scheduler.KUBEFLOW or run.created_at is None:
        return False
    return run.created_at - run.scheduled_at <= MADE_AT_ONCE


Entry: TypeAlias = tuple[datetime, Sequence[Made]]
"""A time that was due, and the runs that were made for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What is known of one recurring run. `edits` are in their order. `last_made` is the last time for which a run was
    made, of all."""

    recurring: RecurringRun
    edits: tuple[RecurringEdit, ...]
    last_made: datetime | None = None

    def eras(self) -> list[Era]:
        """Which spec was in force when."""
        return eras_of(self.recurring, self.edits)

    def ends_at(self) -> datetime | None:
        """When the last sign of life of one that is gone was; nobody knows when it went. None for one that is there."""
        if self.recurring.in_cluster:
            return None
        signs = [self.last_made, self.recurring.triggered_at, *(edit.since for edit in self.edits if edit.told)]
        return max((sign for sign in signs if sign is not None), default=self.recurring.created_at)

    def due(self, made: Sequence[Made], *, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield when it was due, after one moment and before another. `made` are the runs around that time."""
        gone = self.ends_at()
        if gone is not None:
            until = min(until, gone + timedelta(microseconds=1))
        if after < until:
            yield from due_times(self.recurring, self.eras(), self._triggered(made), after=after, until=until)

    def entries(self, made: Sequence[Made], *, after: datetime, until: datetime, limit: int) -> list[Entry]:
        """List the first so many slots after one moment and before another, each with the runs that were made for it.

        `made` are the runs that bear times from `after` to the end of the page, and the last before of those from which
        an interval counts (not `bears_its_making`).
        """
        late = {run.key for run in made if bears_its_making(run, self.recurring.scheduler)}
        due = list(islice(self.due(made, after=after, until=until), limit + (MADE_UP_FOR if late else 0)))
        if late and (before := self._last_due(made, after)) is not None:
            due.insert(0, before)  # what was made for it may bear a later time
        of = assigned(due, made, late, catches_up=any(era.spec.catchup for era in self.eras()))
        times = sorted(moment for moment in {*due, *of} if after < moment < until)
        return [(moment, of.get(moment, ())) for moment in times[:limit]]

    def page_end(self, after: datetime, until: datetime, limit: int) -> datetime:
        """Say up to when runs decide about the first so many slots: runs may show more of them, and never fewer."""
        more = MADE_UP_FOR if self.recurring.scheduler is Scheduler.KUBEFLOW else 0
        return next(islice(self.due((), after=after, until=until), limit + more, None), until)

    def slots(self, entries: Sequence[Entry], running: Sequence[Made], *, now: datetime) -> list[Slot]:
        """Say what had become of slots by `now`. `running` are the runs that ran while nothing was made."""
        eras = self.eras()
        return [self._slot(moment, runs, running, eras, now) for moment, runs in entries]

    # -- inside
    def _triggered(self, made: Sequence[Made]) -> list[datetime]:
        known = {run.scheduled_at for run in made if not bears_its_making(run, self.recurring.scheduler)}
        if self.recurring.triggered_at is not None and self.recurring.scheduler is Scheduler.KUBEFLOW:
            known.add(self.recurring.triggered_at)
        return sorted(known)

    def _last_due(self, made: Sequence[Made], until: datetime) -> datetime | None:
        """When it was last due up to a moment."""
        for reach in LOOKED_BACK:
            found = list(self.due(made, after=until - reach, until=until + timedelta(microseconds=1)))
            if found:
                return found[-1]
        return None

    def _slot(
        self, moment: datetime, made: Sequence[Made], running: Sequence[Made], eras: Sequence[Era], now: datetime
    ) -> Slot:
        if made:
            first = made[0]
            late = max((first.created_at - moment).total_seconds(), 0.0) if first.created_at is not None else None
            if len(made) > 1:
                reason = f"{len(made)} runs were made for it: {', '.join(run.name for run in made)}"
                outcome = SlotOutcome.DUPLICATE
            else:
                reason = None
                outcome = SlotOutcome.LATE if late is not None and late > LATE_SECONDS else SlotOutcome.ON_TIME
            return Slot(due_at=moment, outcome=outcome, reason=reason, run_key=first.key, late_by_seconds=late)
        spec = next((era.spec for era in eras if era.since <= moment < era.until), self.recurring.spec)
        outcome, reason = self._without_run(moment, spec, running, now)
        return Slot(due_at=moment, outcome=outcome, reason=reason)

    def _without_run(
        self, moment: datetime, spec: RecurringSpec, running: Sequence[Made], now: datetime
    ) -> tuple[SlotOutcome, str | None]:
        """Say why nothing ran."""
        skipped, passed = SlotOutcome.SKIPPED_BY_POLICY, self.last_made is not None and self.last_made > moment
        if not spec.enabled:
            return skipped, "it was suspended" if self.recurring.scheduler is Scheduler.ARGO else "it was disabled"
        if self.recurring.stopped and not passed:
            return skipped, f"its stop strategy had ended it: {spec.stop_strategy or 'a former one'}"
        if moment > now - timedelta(seconds=LATE_SECONDS):
            return SlotOutcome.PENDING, None
        active = [run for run in running if _ran_at(run, moment)]
        names = ", ".join(sorted(run.name for run in active))
        if spec.concurrency_policy == FORBID and active:
            return skipped, f"its concurrency policy is Forbid, and {names} still ran"
        if spec.max_concurrency is not None and len(active) >= spec.max_concurrency:
            if not spec.catchup:
                return skipped, f"{spec.max_concurrency} at a time may run, and {names} did; it does not catch up"
            if not passed and any(run.ended_at is None for run in active):
                return SlotOutcome.PENDING, f"{spec.max_concurrency} at a time may run, and it waits for {names}"
        if spec.catchup is False and passed:
            return skipped, "it does not catch up, and a later time had come before anything ran"
        if spec.when is not None:
            return skipped, f"nothing ran, as if its condition did not hold: {spec.when}"
        return SlotOutcome.MISSED, "no run for it was ever seen"


def _ran_at(run: Made, moment: datetime) -> bool:
    begun = run.created_at or run.scheduled_at
    return begun < moment and (run.ended_at is None or run.ended_at > moment)


def assigned(
    due: Sequence[datetime], made: Sequence[Made], late: Set[Key], *, catches_up: bool
) -> Mapping[datetime, list[Made]]:
    """Say which runs were made for which time, each list in the order of their making. `due` is in its order, and what
    is `late` may have been made after its time."""
    known, of = set(due), defaultdict[datetime, list[Made]](list)
    after = defaultdict[datetime, list[Made]](list)
    for run in sorted(made, key=_making):
        before = bisect_right(due, run.scheduled_at)
        if run.scheduled_at in known or run.key not in late or not before:
            of[run.scheduled_at].append(run)
        else:
            after[due[before - 1]].append(run)
    empty: list[datetime] = []
    for moment in due:
        runs = after.get(moment, [])
        if runs and moment not in of:
            of[moment].append(runs.pop())
        while runs and empty and catches_up:
            of[empty.pop()].append(runs.pop())
        if not catches_up:
            of[moment] += runs
        if not of[moment]:
            del of[moment]
            empty.append(moment)
    return of


def _making(run: Made) -> tuple[datetime, str, str]:
    return run.created_at or run.scheduled_at, run.name, str(run.key)
