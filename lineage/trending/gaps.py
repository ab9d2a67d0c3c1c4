"""What stands between the points of a series, and behind the last: runs without a value, and slots without a run."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from lineage.identity import Key
from lineage.model import Phase, Run, Slot, SlotOutcome, TrendPoint
from lineage.ports import LineageStore, PageRequest, Scope
from lineage.trending.answers import Gap, Question

MOST_WITHOUT: Final = 1_000  # runs without a value that are told of, the newest
MOST_SLOTS: Final = 1_000  # of the schedule of a recurring run that are looked at, and points before the last one
SLOTS_AT_ONCE: Final = 100
MOST_RECURRING: Final = 5  # whose schedules are looked at, of those that made the newest runs
NEWEST: Final = 50
LONGEST: Final = timedelta(days=3650)  # that the slots of a schedule are asked for


class Slots:
    """The missed slots of recurring runs, read once however many metrics are asked for. `cut_at` is the last slot that
    was looked at of one for which too many were due; None where all were."""

    def __init__(self, store: LineageStore, scope: Scope, asked: Question) -> None:
        self._store, self._scope, self._asked = store, scope, asked
        self._known: dict[tuple[Key, datetime], tuple[Slot, ...]] = {}
        self._made: dict[Key, Key | None] = {}
        self.cut_at: datetime | None = None

    def missed(self, points: Sequence[TrendPoint]) -> Iterator[Slot]:
        """Those since the first of some points, as far as they are looked at."""
        since = points[-MOST_SLOTS:][0].at
        for key in self._recurring(points):
            if (key, since) not in self._known:
                found = (one for one in self._slots(key, since) if one.outcome is SlotOutcome.MISSED)
                self._known[key, since] = tuple(found)
            yield from self._known[key, since]

    def _recurring(self, points: Sequence[TrendPoint]) -> Sequence[Key]:
        """The recurring runs whose schedules say where a point is missing."""
        if self._asked.recurring_run is not None:
            return (self._asked.recurring_run,)
        runs = [one.run_key for one in points[-NEWEST:]]
        for key, run in self._store.get(self._scope, [one for one in runs if one not in self._made]).items():
            self._made[key] = run.recurring_run_key if isinstance(run, Run) else None
        found = dict.fromkeys(self._made.get(key) for key in runs)
        return [key for key in found if key is not None][:MOST_RECURRING]

    def _slots(self, key: Key, since: datetime) -> Iterator[Slot]:
        if since >= self._asked.now:
            return  # a run that is said to be due in the future: nothing is missed yet
        until, after = min(self._asked.now, since + LONGEST), None
        last = since
        for _ in range(MOST_SLOTS // SLOTS_AT_ONCE):
            request = PageRequest(first=SLOTS_AT_ONCE, after=after)
            found = self._store.slots(self._scope, [key], since=since, until=until, now=until, page=request)
            if key not in found:
                return
            yield from found[key].items
            last = found[key].items[-1].due_at if found[key].items else last
            if not found[key].has_next:
                return
            after = found[key].cursors[-1]
        self.cut_at = last if self.cut_at is None else min(self.cut_at, last)


def gaps_between(
    store: LineageStore, scope: Scope, asked: Question, metric: str, points: Sequence[TrendPoint], slots: Slots
) -> tuple[Gap, ...]:
    """Find the gaps of a series since its first point."""
    if not points:
        return ()
    without = store.runs_without(scope, metric, asked.where, task=asked.task, since=points[0].at, limit=MOST_WITHOUT)
    found = [
        Gap(at=one.at, scheduled_at=one.scheduled_at, reason=_why(one.phase), run_key=one.run_key) for one in without
    ]
    found += (
        Gap(at=slot.due_at, scheduled_at=slot.due_at, reason=slot.reason or "no run was made", missed=True)
        for slot in slots.missed(points)
    )
    return tuple(sorted(found, key=lambda gap: (gap.at, str(gap.run_key))))


def _why(phase: Phase) -> str:
    if phase is Phase.SUCCEEDED:
        return "the run succeeded, and no number was recorded"
    return f"the run ended as {phase.value} before a number was recorded"
