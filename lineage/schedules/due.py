"""When a recurring run was due: under the spec that was in force then, by its schedules or its interval.

Pure. Source: GetNextScheduledTime and GetNextScheduledEpoch in kubeflow/pipelines,
backend/src/crd/controller/scheduledworkflow/util; argo-workflows/workflow/cron.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Final

from lineage.model import RecurringEdit, RecurringRun, RecurringSpec, Scheduler
from lineage.schedules.cron import Cron, Every, InvalidSchedule, moments, parse

_MOMENT: Final = timedelta(microseconds=1)
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Era:
    """A spec, and from when until when it was in force."""

    since: datetime
    until: datetime
    spec: RecurringSpec


def eras_of(recurring: RecurringRun, edits: Sequence[RecurringEdit]) -> list[Era]:
    """Say which spec was in force when.

    Of the first that was seen nobody knows of another before it: where the object does not say since when it is as it
    is, it was so from the beginning.
    """
    begins = [
        recurring.created_at if not number and not edit.told and recurring.created_at is not None else edit.since
        for number, edit in enumerate(edits)
    ]
    return [
        Era(since, until, edit.spec)
        for since, until, edit in zip(begins, [*begins[1:], NEVER], edits, strict=True)
        if since < until
    ]


def fault_of(spec: RecurringSpec, scheduler: Scheduler) -> str | None:
    """Say what is wrong with the schedules of a spec; None where nothing is."""
    try:
        _parsed(spec, scheduler)
    except InvalidSchedule as error:
        return str(error)
    return None


def due_times(
    recurring: RecurringRun,
    eras: Sequence[Era],
    triggered: Sequence[datetime],
    *,
    after: datetime,
    until: datetime,
) -> Iterator[datetime]:
    """Yield the times at which it was due, after one moment and before another.

    An interval counts from the last time for which a run was made. `triggered` are those that are known, in order.
    """
    for era in eras:
        if era.until > after and era.since < until:
            begin, end = max(after, era.since - _MOMENT), min(until, era.until)
            yield from _in_era(recurring, era.spec, triggered, begin, end)


def _in_era(
    recurring: RecurringRun, spec: RecurringSpec, triggered: Sequence[datetime], after: datetime, until: datetime
) -> Iterator[datetime]:
    made = recurring.created_at
    if recurring.scheduler is Scheduler.KUBEFLOW and not spec.schedules and spec.interval_seconds is None:
        if made is not None and after < made < until:
            yield made  # it is due once, as soon as it is there
        return
    try:
        crons, paces = _parsed(spec, recurring.scheduler)
    except InvalidSchedule:
        return  # its controller cannot read it either
    start = max((moment for moment in (made, spec.starts_at) if moment is not None), default=None)
    end = until if spec.ends_at is None else min(until, spec.ends_at + _MOMENT)
    # Nothing is due at the very start: the next time after it is.
    begin = after if start is None else max(after, start)
    series = [moments(cron, begin, end) for cron in crons]
    series += [_paced(pace, start, triggered, begin, end) for pace in paces]
    last = None
    for moment in series[0] if len(series) == 1 else merge(*series):
        if moment != last:  # two schedules that name one moment make one run
            yield moment
        last = moment


def _parsed(spec: RecurringSpec, scheduler: Scheduler) -> tuple[list[Cron], list[Every]]:
    if scheduler is Scheduler.ARGO and not spec.schedules:
        raise InvalidSchedule("it has no schedule, and a CronWorkflow needs one")
    read = [parse(one, scheduler, spec.timezone) for one in spec.schedules]
    paces = [one for one in read if isinstance(one, Every)]
    if spec.interval_seconds is not None:
        paces.append(Every(spec.interval_seconds))
    return [one for one in read if isinstance(one, Cron)], paces


def _paced(
    pace: Every, start: datetime | None, triggered: Sequence[datetime], after: datetime, until: datetime
) -> Iterator[datetime]:
    step = timedelta(seconds=pace.seconds)
    place = bisect_right(triggered, after)
    if place:
        base = triggered[place - 1]
    elif triggered:
        base = triggered[0] - step * -((triggered[0] - after) // -step)  # back from the first that is known
    elif start is not None:
        base = start
    else:
        return  # from when it counts nobody says
    moment = base if base > after else base + step * ((after - base) // step)
    while True:
        anchor = triggered[place] if place < len(triggered) else None
        if anchor is not None and anchor <= moment + step:
            moment, place = anchor, place + 1
        else:
            moment += step
        if moment >= until:
            return
        if moment > after:
            yield moment
