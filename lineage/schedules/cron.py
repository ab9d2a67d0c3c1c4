"""Cron expressions as the controllers read them, and the moments that they name.

Pure. Argo reads them with robfig/cron 3 (`ParseStandard`: five fields), Kubeflow with robfig/cron 1 (`Parse`: seconds
first, and the day of the week may be left out). Both name each moment at which a clock on the wall shows what the
expression says: what a clock passes over as it goes forward never comes, and what it shows twice as it goes back comes
twice. The arithmetic of the calendar is cronsim's, on the time on the wall; it is never asked about clocks that change.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from heapq import heappop, heappush
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from lineage.errors import InvalidRequest
from lineage.model import Scheduler


class InvalidSchedule(InvalidRequest):
    """A schedule that its controller cannot read either: nothing is ever due by it."""


@dataclass(frozen=True, slots=True)
class Cron:
    """Moments by the clock on the wall. `fields` are six, in numbers alone."""

    fields: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Every:
    """So many seconds after the one before."""

    seconds: int


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 6, _WEEKDAYS),
)
_DESCRIPTORS: Final = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)")
_SECONDS_OF: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST: Final = 1000  # characters: more is no schedule of anybody


# ------------------------------------------------------------------------------------------ reading
@lru_cache(1024)
def parse(expression: str, scheduler: Scheduler, timezone: str | None) -> Cron | Every:
    """Read an expression as its controller does. A zone that it names itself counts before `timezone`; without either
    it is that of the controller, which is taken to be UTC.

    Raises:
        InvalidSchedule: the controller refuses it as well; says why.
    """
    if len(expression) > _LONGEST:
        raise InvalidSchedule(f"the schedule {expression[:40]!r}… has {len(expression)} characters")
    text, zone = expression, timezone
    if scheduler is Scheduler.ARGO and text.startswith(("TZ=", "CRON_TZ=")):
        prefix, _, text = text.partition(" ")
        zone, text = prefix.partition("=")[2], text.strip()
    where = _zone("UTC" if zone in (None, "", "Local") else zone, expression)
    if text.startswith("@every "):
        return Every(_duration(text.removeprefix("@every "), expression))
    if text.startswith("@"):
        if text not in _DESCRIPTORS:
            raise InvalidSchedule(f"the schedule {expression!r} is none of {', '.join(_DESCRIPTORS)}, @every")
        return Cron(_DESCRIPTORS[text], where)
    return Cron(_fields(text.split(), scheduler, expression), where)


def _zone(name: str, expression: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidSchedule(f"the schedule {expression!r} is in the time zone {name!r:.80}, which is none") from error


def _duration(text: str, expression: str) -> int:
    parts = _DURATION.findall(text)
    if not parts or "".join(parts) != text:
        raise InvalidSchedule(f"the schedule {expression!r} has no duration such as 1h30m behind @every")
    # As robfig does: no less than a second, and nothing of what is less than one.
    units = ((part.rstrip("nuµμmsh"), part.lstrip("0123456789.")) for part in parts)
    return max(1, int(sum(float(number) * _SECONDS_OF[unit] for number, unit in units) + 1e-9))


def _fields(given: list[str], scheduler: Scheduler, expression: str) -> str:
    counts = (5, 6) if scheduler is Scheduler.KUBEFLOW else (5,)
    if len(given) not in counts:
        wanted = " or ".join(map(str, counts))
        raise InvalidSchedule(f"the schedule {expression!r} has {len(given)} fields, expected {wanted}")
    if scheduler is Scheduler.ARGO:
        given = ["0", *given]
    elif len(given) == 5:
        given = [*given, "*"]
    keeps_star = scheduler is Scheduler.KUBEFLOW  # robfig/cron 1 takes */2 for a star as well
    return " ".join(
        _numbers(text, field, expression, keeps_star=keeps_star) for text, field in zip(given, _FIELDS, strict=True)
    )


def _numbers(text: str, field: _Field, expression: str, *, keeps_star: bool) -> str:
    """Write a field in numbers alone. One that holds a star begins with one: then a day must fit both its fields, else
    either, and so it is with cronsim."""
    found: set[int] = set()
    starred = False
    for part in filter(None, text.split(",")):
        numbers, star = _range(part, field, expression)
        found.update(numbers)
        starred |= star and (keeps_star or "/" not in part or part.partition("/")[2] == "1")
    if not found:
        raise InvalidSchedule(f"the schedule {expression!r} has no {field.name}")
    listed = ",".join(map(str, sorted(found)))
    # A star begins at the least, which is in there: this adds nothing but the star.
    return f"*/{field.most + 1},{listed}" if starred else listed


def _range(part: str, field: _Field, expression: str) -> tuple[range, bool]:
    """Read `*`, `?`, `a`, `a-b`, each with `/step`."""
    bounds, slash, step_text = part.partition("/")
    low, dash, high = bounds.partition("-")
    star = low in ("*", "?")
    if star:
        least, most = field.least, field.most
    else:
        least = _number(low, field, expression)
        most = _number(high, field, expression) if dash else field.most if slash else least
    step = _whole(step_text, field, expression) if slash else 1
    if not field.least <= least <= most <= field.most or step < 1:
        raise InvalidSchedule(f"the schedule {expression!r} has {part!r} for its {field.name}")
    return range(least, most + 1, step), star


def _number(text: str, field: _Field, expression: str) -> int:
    if text.lower() in field.names:
        return field.names.index(text.lower()) + field.least
    return _whole(text, field, expression)


def _whole(text: str, field: _Field, expression: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise InvalidSchedule(f"the schedule {expression!r} has {text!r} for its {field.name}")
    return int(text)


# ------------------------------------------------------------------------------------------ moments
def moments(cron: Cron, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the moments after one and before another, in their order."""
    later: list[datetime] = []  # what the clock shows again when it has gone back
    for shown in _shown(cron, _earliest_shown(cron.zone, after)):
        named = [moment for fold in (0, 1) if (moment := _moment(shown, cron.zone, fold)) is not None]
        if not named:
            continue
        while later and later[0] < named[0]:
            yield heappop(later)
        if named[0] >= until:
            break
        for moment in dict.fromkeys(named):
            if after < moment < until:
                heappush(later, moment)
    while later:
        yield heappop(later)


def _shown(cron: Cron, after: datetime) -> Iterator[datetime]:
    try:
        yield from CronSim(cron.fields, after)
    except (CronSimError, OverflowError):
        return  # the 30th of February, the end of all calendars


def _earliest_shown(zone: ZoneInfo, after: datetime) -> datetime:
    """The earliest that a clock will show from a moment on: it may be about to go back."""
    offset, soon = after.astimezone(zone).utcoffset(), (after + timedelta(days=1)).astimezone(zone).utcoffset()
    shown = after.astimezone(zone).replace(tzinfo=None)
    return shown - max((offset or _NONE) - (soon or _NONE), _NONE)


_NONE: Final = timedelta()


def _moment(shown: datetime, zone: ZoneInfo, fold: int) -> datetime | None:
    """The moment at which a clock shows this, before or after it went back; None where it never does."""
    moment = shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None, fold=0) == shown else None
