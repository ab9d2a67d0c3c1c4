"""The ledger of slots: what became of each time at which a recurring run was due, and why."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.identity import recurring_run_key, run_key
from lineage.model import RecurringEdit, RecurringRun, RecurringSpec, Scheduler, Slot, SlotOutcome
from lineage.schedules import LATE_SECONDS, Ledger, Made
from lineage.schedules.ledger import bears_its_making
from tests.factories import NEW_YEAR, moment

HOUR = 3600
START = NEW_YEAR
NIGHT = moment(START + 24 * HOUR)
HOURLY = RecurringSpec(enabled=True, schedules=("0 * * * *",), concurrency_policy="Allow")
OF_KUBEFLOW = RecurringSpec(enabled=True, schedules=("0 0 * * * *",), max_concurrency=1, catchup=True)
EVERY_HOUR = replace(OF_KUBEFLOW, schedules=(), interval_seconds=HOUR)


def at(hours: float) -> datetime:
    return moment(START + hours * HOUR)


def ledger(*specs: RecurringSpec | tuple[float, RecurringSpec], last_made: float | None = None, **more: Any) -> Ledger:
    """A ledger of a recurring run of Kubeflow if its spec is one, else of Argo. Specs with an hour are from then on."""
    dated = [spec if isinstance(spec, tuple) else (None, spec) for spec in specs]
    last = dated[-1][1]
    known: dict[str, Any] = {
        "key": recurring_run_key("r"),
        "uid": "r",
        "scheduler": Scheduler.ARGO if last.max_concurrency is None else Scheduler.KUBEFLOW,
        "name": "nightly",
        "display_name": "nightly",
        "cluster": "c",
        "namespace": "a",
        "created_at": at(0),
        "in_cluster": True,
        "spec": last,
        "stopped": False,
        "triggered_at": None,
        "experiment_key": None,
        **more,
    }
    edits = [
        RecurringEdit(since=at(20) if hour is None else at(hour), told=hour is not None, spec=spec)
        for hour, spec in dated
    ]
    return Ledger(
        recurring=RecurringRun(**known),
        edits=tuple(edits),
        last_made=None if last_made is None else at(last_made),
    )


def made(hours: float, *, late: float = 1, took: float | None = 60, says: float | None = None) -> Made:
    """A run for the time so many hours after the start, made so many seconds later. `says`: the time that it bears, in
    seconds after that one."""
    due = START + hours * HOUR
    created = moment(due + late)
    return Made(
        key=run_key(f"{hours:g}+{late:g}"),
        name=f"run-{hours:g}",
        scheduled_at=moment(due + (says or 0)),
        created_at=created,
        ended_at=None if took is None else created + timedelta(seconds=took),
    )


def slots(
    of: Ledger,
    *runs: Made,
    running: Sequence[Made] | None = None,
    until: float = 5,
    now: float = 24,
    after: float = 0,
    limit: int = 100,
) -> list[Slot]:
    entries = of.entries(runs, after=at(after), until=at(until), limit=limit)
    return of.slots(entries, runs if running is None else running, now=at(now))


def outcomes(*found: Slot) -> list[str]:
    return [slot.outcome.value for slot in found]


# ------------------------------------------------------------------------------------------ what became of it
def test_a_run_for_each_time_is_on_time() -> None:
    found = slots(ledger(HOURLY), *(made(hour) for hour in (1, 2, 3, 4)))
    assert [slot.due_at for slot in found] == [at(hour) for hour in (1, 2, 3, 4)]
    assert outcomes(*found) == ["ON_TIME"] * 4
    assert {slot.late_by_seconds for slot in found} == {1.0}
    assert {slot.reason for slot in found} == {None}


def test_what_comes_later_than_a_minute_is_late_by_so_much() -> None:
    found = slots(ledger(HOURLY), made(1, late=LATE_SECONDS), made(2, late=LATE_SECONDS + 1), until=3)
    assert outcomes(*found) == ["ON_TIME", "LATE"]
    assert found[1].late_by_seconds == LATE_SECONDS + 1


def test_a_clock_that_is_behind_makes_nobody_early() -> None:
    (slot,) = slots(ledger(HOURLY), made(1, late=-2), until=2)
    assert (slot.outcome, slot.late_by_seconds) == (SlotOutcome.ON_TIME, 0.0)


def test_a_time_without_a_run_was_missed() -> None:
    found = slots(ledger(HOURLY, last_made=3), made(1), made(3), until=4)
    assert outcomes(*found) == ["ON_TIME", "MISSED", "ON_TIME"]
    assert (found[1].reason, found[1].run_key, found[1].late_by_seconds) == ("no run for it was ever seen", None, None)


def test_several_runs_for_one_time_are_a_duplicate_of_the_first() -> None:
    (slot,) = slots(ledger(HOURLY), made(1, late=9), made(1, late=2), until=2)
    assert (slot.outcome, slot.run_key, slot.late_by_seconds) == (SlotOutcome.DUPLICATE, run_key("1+2"), 2.0)
    assert slot.reason == "2 runs were made for it: run-1, run-1"


def test_what_is_to_come_and_what_has_just_come_is_pending() -> None:
    found = slots(ledger(HOURLY, last_made=1), made(1), until=4, now=2 + 30 / HOUR)
    assert outcomes(*found) == ["ON_TIME", "PENDING", "PENDING"]
    assert outcomes(*slots(ledger(HOURLY), until=2, now=1 + 61 / HOUR)) == ["MISSED"]


def test_a_run_for_a_time_that_nobody_knows_of_shows_that_it_was_due() -> None:
    found = slots(ledger((2.5, HOURLY)), made(1.5), made(3), until=4)
    assert [slot.due_at for slot in found] == [at(1.5), at(3)]
    assert outcomes(*found) == ["ON_TIME", "ON_TIME"]


# ------------------------------------------------------------------------------------------ what was in force
def test_each_time_is_judged_by_what_was_in_force_then() -> None:
    twice = replace(HOURLY, schedules=("0,30 * * * *",))
    found = slots(ledger((0, HOURLY), (2.25, twice)), until=4)
    assert [slot.due_at for slot in found] == [at(hour) for hour in (1, 2, 2.5, 3, 3.5)]


def test_the_first_spec_was_in_force_from_the_beginning_unless_the_object_says_otherwise() -> None:
    assert len(slots(ledger(HOURLY), until=3)) == 2
    assert [slot.due_at for slot in slots(ledger((1.5, HOURLY)), until=3)] == [at(2)]


def test_two_schedules_that_name_one_time_are_due_once() -> None:
    spec = replace(HOURLY, schedules=("0 * * * *", "0 */2 * * *", "15 1 * * *"))
    assert [slot.due_at for slot in slots(ledger(spec), until=3)] == [at(1), at(1.25), at(2)]


def test_nothing_is_due_by_a_schedule_that_nobody_can_read() -> None:
    assert slots(ledger(replace(HOURLY, schedules=("0 * * * *", "every hour")))) == []
    assert slots(ledger(replace(HOURLY, schedules=()))) == []


def test_nothing_is_due_before_it_starts_or_after_it_ends() -> None:
    spec = replace(OF_KUBEFLOW, starts_at=at(1), ends_at=at(3))
    assert [slot.due_at for slot in slots(ledger(spec))] == [at(2), at(3)]


def test_nothing_is_due_after_the_last_sign_of_life_of_what_is_gone() -> None:
    gone = ledger(HOURLY, last_made=2, in_cluster=False)
    assert [slot.due_at for slot in slots(gone, made(2))] == [at(1), at(2)]
    assert slots(ledger(HOURLY, in_cluster=False)) == []
    assert len(slots(ledger((0, HOURLY), in_cluster=False, triggered_at=at(3)))) == 3


def test_one_without_a_trigger_is_due_as_soon_as_it_is_there() -> None:
    once = replace(OF_KUBEFLOW, schedules=())
    (slot,) = slots(ledger(once), made(0, late=3), after=-1)
    assert (slot.due_at, slot.outcome) == (at(0), SlotOutcome.ON_TIME)


# ------------------------------------------------------------------------------------------ why nothing ran
def only(of: Ledger, *running: Made, now: float = 24) -> tuple[str, str | None]:
    """What became of the first time, at which nothing was made."""
    (slot,) = slots(of, running=running, until=2, now=now)
    return slot.outcome.value, slot.reason


@pytest.mark.parametrize(
    ("spec", "reason"),
    [(replace(HOURLY, enabled=False), "it was suspended"), (replace(OF_KUBEFLOW, enabled=False), "it was disabled")],
)
def test_what_is_suspended_skips_past_and_future(spec: RecurringSpec, reason: str) -> None:
    assert only(ledger(spec)) == ("SKIPPED_BY_POLICY", reason)
    assert only(ledger(spec), now=0.5) == ("SKIPPED_BY_POLICY", reason)


def test_what_its_stop_strategy_ended_skips_what_comes_after_its_last_run() -> None:
    spec = replace(HOURLY, stop_strategy="cronworkflow.failed >= 3")
    found = slots(ledger(spec, last_made=2, stopped=True), made(2), until=4)
    assert outcomes(*found) == ["MISSED", "ON_TIME", "SKIPPED_BY_POLICY"]
    assert found[2].reason == "its stop strategy had ended it: cronworkflow.failed >= 3"


def test_a_policy_that_forbids_names_who_still_ran() -> None:
    spec = replace(HOURLY, concurrency_policy="Forbid")
    long = made(0.5, took=HOUR)
    assert only(ledger(spec), long) == (
        "SKIPPED_BY_POLICY",
        "its concurrency policy is Forbid, and run-0.5 still ran",
    )
    assert only(ledger(spec), made(0.5, took=60))[0] == "MISSED"
    assert only(ledger(HOURLY), long)[0] == "MISSED"


def test_kubeflow_waits_while_as_many_run_as_may_if_it_catches_up() -> None:
    assert only(ledger(OF_KUBEFLOW), made(0.5, took=None)) == (
        "PENDING",
        "1 at a time may run, and it waits for run-0.5",
    )
    assert only(ledger(replace(OF_KUBEFLOW, max_concurrency=2)), made(0.5, took=None))[0] == "MISSED"


def test_kubeflow_skips_while_as_many_run_as_may_if_it_does_not_catch_up() -> None:
    spec = replace(OF_KUBEFLOW, catchup=False)
    assert only(ledger(spec), made(0.5, took=HOUR)) == (
        "SKIPPED_BY_POLICY",
        "1 at a time may run, and run-0.5 did; it does not catch up",
    )


def test_what_does_not_catch_up_skips_what_lies_before_a_later_run() -> None:
    spec = replace(OF_KUBEFLOW, catchup=False)
    found = slots(ledger(spec, last_made=3), made(3), until=5)
    assert outcomes(*found) == ["SKIPPED_BY_POLICY", "SKIPPED_BY_POLICY", "ON_TIME", "MISSED"]
    assert found[0].reason == "it does not catch up, and a later time had come before anything ran"


def test_a_condition_may_be_why_nothing_ran() -> None:
    outcome, reason = only(ledger(replace(HOURLY, when="{{cronworkflow.failed}} < 3")))
    assert (outcome, reason) == (
        "SKIPPED_BY_POLICY",
        "nothing ran, as if its condition did not hold: {{cronworkflow.failed}} < 3",
    )


# ------------------------------------------------------------------------------------------ intervals
def test_an_interval_counts_from_the_start() -> None:
    found = slots(ledger(replace(EVERY_HOUR, starts_at=at(0.5))), until=4)
    assert [slot.due_at for slot in found] == [at(1.5), at(2.5), at(3.5)]


def test_an_interval_counts_on_from_the_last_time_for_which_a_run_was_made() -> None:
    """Without catching up, a controller that was away takes the moment of its return for the time that was due."""
    back = made(2.25, late=5)
    found = slots(ledger(replace(EVERY_HOUR, catchup=False), last_made=2.25), made(1, late=5), back, until=5)
    assert [slot.due_at for slot in found] == [at(1), at(2), at(2.25), at(3.25), at(4.25)]
    assert outcomes(*found)[:3] == ["ON_TIME", "SKIPPED_BY_POLICY", "ON_TIME"]


def test_an_interval_that_is_anchored_later_reaches_back() -> None:
    of = ledger(EVERY_HOUR, triggered_at=at(10.25))
    assert [slot.due_at for slot in slots(of, until=3)] == [at(0.25), at(1.25), at(2.25)]


def test_another_interval_counts_on_from_where_the_last_one_was() -> None:
    faster = replace(EVERY_HOUR, interval_seconds=HOUR // 2)
    found = slots(ledger((0, EVERY_HOUR), (2.25, faster)), made(2, late=5), until=4)
    assert [slot.due_at for slot in found] == [at(hour) for hour in (1, 2, 2.5, 3, 3.5)]


# ------------------------------------------------------------------------------------------ runs of Kubeflow's API
def test_a_run_that_bears_the_time_of_its_making_was_made_for_the_last_time_that_was_due() -> None:
    found = slots(ledger(OF_KUBEFLOW), made(1, late=4, says=3), made(2, late=0), until=4, now=24)
    assert outcomes(*found) == ["ON_TIME", "ON_TIME", "MISSED"]
    assert [slot.late_by_seconds for slot in found] == [4.0, 0.0, None]


def test_runs_that_make_up_for_what_was_missed_come_in_its_order() -> None:
    """A controller that was away from the first to the fourth hour makes one run after another when it is back."""
    back = [made(4.1, late=late, says=late) for late in (0, 10, 20, 30)]
    found = slots(ledger(OF_KUBEFLOW), *back, until=4.5)
    assert outcomes(*found) == ["LATE"] * 4
    assert [slot.run_key for slot in found] == [run.key for run in back]


def test_what_does_not_catch_up_makes_nothing_up() -> None:
    back = made(4.1, late=0)
    found = slots(ledger(replace(OF_KUBEFLOW, catchup=False), last_made=4.1), back, until=4.5)
    assert outcomes(*found) == ["SKIPPED_BY_POLICY"] * 3 + ["LATE"]


def test_a_run_of_argo_bears_its_time_however_soon_it_was_made() -> None:
    found = slots(ledger(HOURLY), made(1.5, late=0), until=2)
    assert [slot.due_at for slot in found] == [at(1), at(1.5)]


# ------------------------------------------------------------------------------------------ pages
RUNS = st.lists(
    st.builds(
        made,
        st.sampled_from([hour / 4 for hour in range(1, 60)]),
        late=st.sampled_from([0.0, 1.0, 30.0, 90.0]),
        says=st.sampled_from([0.0, 1.0, 29.0]),
    ),
    max_size=12,
    unique_by=lambda run: run.key,
)
LEDGERS = st.sampled_from(
    [
        ledger(HOURLY, last_made=15),
        ledger((0, HOURLY), (5, replace(HOURLY, schedules=("*/20 * * * *",))), last_made=15),
        ledger(replace(HOURLY, schedules=("@every 50m", "7 * * * *")), last_made=15),
        ledger(replace(OF_KUBEFLOW, catchup=False), last_made=15),
        ledger(replace(EVERY_HOUR, catchup=False), (3, EVERY_HOUR), last_made=15),
    ]
)


@settings(max_examples=150, deadline=None)
@given(of=LEDGERS, runs=RUNS, size=st.integers(1, 5))
def test_pages_put_together_are_the_whole_ledger(of: Ledger, runs: list[Made], size: int) -> None:
    whole = slots(of, *runs, until=16)
    pages: list[Slot] = []
    while True:
        after = (pages[-1].due_at.timestamp() - START) / HOUR if pages else 0
        later = [run for run in runs if run.scheduled_at > at(after)]
        before = [run for run in runs if run not in later and not bears_its_making(run, of.recurring.scheduler)]
        last = [run for run in before if run.scheduled_at == max(one.scheduled_at for one in before)]
        page = slots(of, *later, *last, running=runs, after=after, until=16, limit=size)
        pages += page
        if len(page) < size:
            break
    assert pages == whole
    assert all(earlier.due_at < later.due_at for earlier, later in pairwise(pages))


@settings(max_examples=100, deadline=None)
@given(of=LEDGERS, runs=RUNS, chance=st.randoms(use_true_random=False))
def test_it_does_not_matter_in_which_order_runs_are_known(of: Ledger, runs: list[Made], chance: Any) -> None:
    shuffled = list(runs)
    chance.shuffle(shuffled)
    assert slots(of, *shuffled, until=16) == slots(of, *runs, until=16)


@settings(max_examples=100, deadline=None)
@given(of=LEDGERS, runs=RUNS)
def test_no_run_is_counted_twice(of: Ledger, runs: list[Made]) -> None:
    entries = of.entries(runs, after=at(0), until=at(16), limit=100)
    shown = [run.key for _, several in entries for run in several]
    assert len(shown) == len(set(shown))
