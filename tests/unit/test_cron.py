"""Cron expressions: read as their controllers read them, and right while clocks change."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.model import Scheduler
from lineage.schedules.cron import Cron, Every, InvalidSchedule, moments, parse

ARGO, KUBEFLOW = Scheduler.ARGO, Scheduler.KUBEFLOW
MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


def named(
    expression: str,
    *,
    scheduler: Scheduler = ARGO,
    zone: str | None = None,
    after: datetime = MIDNIGHT,
    until: datetime | None = None,
    count: int = 4,
) -> list[str]:
    """The next moments of an expression, in UTC."""
    cron = parse(expression, scheduler, zone)
    assert isinstance(cron, Cron)
    found = moments(cron, after, until or after + timedelta(days=3000))
    return [f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in islice(found, count)]


# ------------------------------------------------------------------------------------------ the obvious walk
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo")
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Fits:
    """What a clock must show. A day must fit by its number and its weekday; by one of them, if `either`."""

    minute: Container[int] = range(60)
    hour: Container[int] = range(24)
    day: Container[int] = range(1, 32)
    weekday: Container[int] = range(7)
    either: bool = False

    def has_day(self, shown: datetime) -> bool:
        by_number, by_weekday = shown.day in self.day, shown.isoweekday() % 7 in self.weekday
        return by_number or by_weekday if self.either else by_number and by_weekday


def walked(zone: str, several: Mapping[str, Fits]) -> dict[str, list[datetime]]:
    """Walk through every minute of the three years: which of them fit."""
    where, found = ZoneInfo(zone), {name: list[datetime]() for name in several}
    at = [[(name, fits) for name, fits in several.items() if minute in fits.minute] for minute in range(60)]
    moment = FIRST
    while moment < LAST:
        shown = moment.astimezone(where)
        for name, fits in at[shown.minute]:
            if shown.hour in fits.hour and fits.has_day(shown):
                found[name].append(moment)
        moment += MINUTE
    return found


EXPRESSIONS = {
    "30 2 * * *": Fits(minute=[30], hour=[2]),  # passed over once a year in half of these zones
    "*/20 0-3 * * *": Fits(minute=[0, 20, 40], hour=range(4)),  # shown twice
    "@hourly": Fits(minute=[0]),
    "@weekly": Fits(minute=[0], hour=[0], weekday=[0]),  # at a midnight that does not come in Santiago
    "15 12 1-7 * mon": Fits(minute=[15], hour=[12], day=range(1, 8), weekday=[1], either=True),
    "0 0 */2 * 5": Fits(minute=[0], hour=[0], day=range(1, 32, 2), weekday=[5], either=True),  # 5 is Cairo's
}


@pytest.mark.parametrize("zone", ZONES)
def test_what_an_expression_names_is_what_a_walk_through_every_minute_finds(zone: str) -> None:
    expected = walked(zone, EXPRESSIONS)
    for expression in EXPRESSIONS:
        cron = parse(expression, ARGO, zone)
        assert isinstance(cron, Cron)
        before = FIRST - timedelta(microseconds=1)
        assert list(moments(cron, before, LAST)) == expected[expression], expression


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    start=st.integers(0, 3 * 365 * 24 * 60),
    length=st.integers(0, 4 * 24 * 60),
    expression=st.sampled_from(list(EXPRESSIONS)),
)
def test_wherever_a_range_begins_it_holds_what_lies_in_it(zone: str, start: int, length: int, expression: str) -> None:
    """Also in the hour that clocks show twice."""
    cron = parse(expression, ARGO, zone)
    assert isinstance(cron, Cron)
    after = FIRST + timedelta(minutes=start)
    until = after + timedelta(minutes=length)
    whole = moments(cron, after - timedelta(days=2), until)
    assert list(moments(cron, after, until)) == [moment for moment in whole if moment > after]


# ------------------------------------------------------------------------------------------ clocks that change
def test_what_a_clock_passes_over_never_comes() -> None:
    after = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert named("30 2 * * *", zone="Europe/Berlin", after=after, count=2) == [
        "2026-03-30T00:30:00",
        "2026-03-31T00:30:00",
    ]


def test_what_a_clock_shows_twice_comes_twice() -> None:
    after = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert named("30 2 * * *", zone="Europe/Berlin", after=after, count=3) == [
        "2026-10-25T00:30:00",
        "2026-10-25T01:30:00",
        "2026-10-26T01:30:00",
    ]


def test_what_comes_between_two_showings_is_in_its_place() -> None:
    after = datetime(2026, 10, 25, 0, 10, tzinfo=UTC)  # 2:10 in summer; at 1:00 it is 2:00 once more
    assert named("*/30 2 * * *", zone="Europe/Berlin", after=after) == [
        "2026-10-25T00:30:00",
        "2026-10-25T01:00:00",
        "2026-10-25T01:30:00",
        "2026-10-26T01:00:00",
    ]


# ------------------------------------------------------------------------------------------ what controllers read
@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("0 9 * * *", "2026-01-01T09:00:00"),
        ("0 9 ? * MON-FRI", "2026-01-01T09:00:00"),
        ("0 0 1 jan,jul ?", "2026-07-01T00:00:00"),
        ("5/20 * * * *", "2026-01-01T00:05:00"),
        ("0 0 29 2 *", "2028-02-29T00:00:00"),
        ("@yearly", "2027-01-01T00:00:00"),
        ("@annually", "2027-01-01T00:00:00"),
        ("@monthly", "2026-02-01T00:00:00"),
        ("@weekly", "2026-01-04T00:00:00"),
        ("@daily", "2026-01-02T00:00:00"),
        ("@midnight", "2026-01-02T00:00:00"),
        ("@hourly", "2026-01-01T01:00:00"),
        ("CRON_TZ=Asia/Tokyo 0 9 * * *", "2026-01-02T00:00:00"),
        ("TZ=Asia/Tokyo 30 9 * * *", "2026-01-01T00:30:00"),
    ],
)
def test_argo_reads_five_fields_and_descriptors(expression: str, first: str) -> None:
    assert named(expression, count=1) == [first]


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("30 15 9 * * *", "2026-01-01T09:15:30"),
        ("0 0 9 * * 1-5", "2026-01-01T09:00:00"),
        ("1-10 * * * * *", "2026-01-01T00:00:01"),
        ("15 9 10 2 *", "2026-01-02T10:09:15"),  # five fields begin with seconds, and lack the day of the week
        ("@daily", "2026-01-02T00:00:00"),
    ],
)
def test_kubeflow_reads_seconds_first(expression: str, first: str) -> None:
    assert named(expression, scheduler=KUBEFLOW, count=1) == [first]


def test_a_step_over_every_day_leaves_argo_to_choose_and_kubeflow_not() -> None:
    """robfig/cron 1 takes */2 for a star, and a day must fit both its fields then; robfig/cron 3 does not."""
    odd_or_monday = ["2026-01-03", "2026-01-05", "2026-01-07", "2026-01-09"]
    odd_mondays = ["2026-01-05", "2026-01-19", "2026-02-09", "2026-02-23"]
    assert [day[:10] for day in named("0 0 */2 * 1")] == odd_or_monday
    assert [day[:10] for day in named("0 0 0 */2 * 1", scheduler=KUBEFLOW)] == odd_mondays


def test_two_day_fields_without_a_star_fit_either_day() -> None:
    assert [day[:10] for day in named("0 0 15 * 1")] == ["2026-01-05", "2026-01-12", "2026-01-15", "2026-01-19"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("1h30m", 5400), ("90s", 90), ("1.5h", 5400), ("10ms", 1), ("2m0.5s", 120), ("1s999ms", 1)]
)
def test_an_interval_is_in_whole_seconds_and_no_less_than_one(text: str, seconds: int) -> None:
    assert parse(f"@every {text}", ARGO, None) == Every(seconds)


def test_a_day_that_never_comes_names_nothing() -> None:
    assert named("0 0 31 2 *") == []


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "0 0 * * * *",
        "60 * * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 * 13 *",
        "0 0 * * 7",
        "0 0 * * fre",
        "5-1 * * * *",
        "1-2-3 * * * *",
        "*/0 * * * *",
        "*/5/5 * * * *",
        "-1 * * * *",
        "٣ * * * *",
        "@fortnightly",
        "@every",
        "@every soon",
        "@every 5",
        "CRON_TZ=Mars/Olympus 0 9 * * *",
        "CRON_TZ=../../etc/passwd 0 9 * * *",
        ", * * * *",
        "0 " * 600,
    ],
)
def test_what_a_controller_refuses_is_refused_with_a_reason(expression: str) -> None:
    with pytest.raises(InvalidSchedule, match="the schedule"):
        parse(expression, ARGO, None)


@pytest.mark.parametrize("zone", [None, "", "Local", "UTC"])
def test_without_a_zone_it_is_in_utc(zone: str | None) -> None:
    assert named("0 9 * * *", zone=zone, count=1) == ["2026-01-01T09:00:00"]


def test_a_time_zone_that_is_none_is_named() -> None:
    with pytest.raises(InvalidSchedule, match="'Mars/Olympus', which is none"):
        parse("0 9 * * *", ARGO, "Mars/Olympus")
