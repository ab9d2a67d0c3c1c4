"""Recurring runs in the store: their views, edits, runs, experiments and slots, in whatever order they were seen."""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from lineage.errors import InvalidRequest
from lineage.identity import Key, experiment_key, kubeflow_experiment_key, recurring_run_key, run_key
from lineage.model import Experiment, RecurringRun, Run, Slot, SlotOutcome
from lineage.observation import ObjectSeen
from lineage.ports import EVERYTHING, Condition, Listing, Operator, Page, PageRequest, Scope
from lineage.store import open_store
from lineage.store.slots import MOST_COUNTED
from lineage.store.sql import SqlStore
from tests.contract.conftest import MEMORY, POSTGRESQL
from tests.factories import (
    CLUSTER,
    NEW_YEAR,
    RECORDED_AT,
    KubernetesObject,
    a_recurring_run,
    a_scheduled_run,
    a_store,
    deleted,
    dumped,
    facts_of,
    listed,
    moment,
    observed,
    record,
)
from tests.postgresql import Server

pytestmark = pytest.mark.usefixtures("database")

ALL = PageRequest(first=1000)
HOUR, DAY = 3600, 86_400
BORN = NEW_YEAR
R1 = recurring_run_key("r1")
KUBEFLOW, ARGO = "ScheduledWorkflow", "CronWorkflow"
TWICE = {"schedules": ["0,30 * * * *"], "workflowSpec": {}}
CRON_WORKFLOWS = "cronworkflows.argoproj.io"


def scheduled(experiment: str | None = None, **more: Any) -> KubernetesObject:
    """A ScheduledWorkflow whose runs belong to an experiment."""
    spec = {"enabled": True, "trigger": {"cronSchedule": {"cron": "0 0 * * * *"}}, "workflow": {}}
    named = {"experimentId": experiment} if experiment else {}
    return a_recurring_run({**spec, **named}, kind=KUBEFLOW, **{"born": BORN, **more})


def cron(spec: KubernetesObject | None = None, **more: Any) -> KubernetesObject:
    return a_recurring_run(spec, **{"born": BORN, **more})


def seen(item: KubernetesObject, hour: float) -> ObjectSeen:
    return observed(item, seen_at=moment(BORN + hour * HOUR))


def recurring_runs(store: SqlStore, scope: Scope = EVERYTHING) -> dict[Key, RecurringRun]:
    return {one.key: one for one in store.recurring_runs(scope, Listing(), ALL).items}


def runs(store: SqlStore) -> dict[Key, Run]:
    return {run.key: run for run in store.runs(EVERYTHING, Listing(), ALL).items}


def edits(store: SqlStore) -> list[tuple[float, bool, tuple[str, ...]]]:
    """Since which hour which schedules were in force, and whether the object says so."""
    return [
        ((edit.since.timestamp() - BORN) / HOUR, edit.told, edit.spec.schedules)
        for edit in store.edits(EVERYTHING, [R1])[R1]
    ]


def slots(
    store: SqlStore,
    until: float = 5,
    *,
    since: float = 0,
    now: float = 24,
    page: PageRequest = ALL,
    scope: Scope = EVERYTHING,
    key: Key = R1,
) -> Page[Slot]:
    begin, end = (moment(BORN + hour * HOUR) for hour in (since, until))
    return store.slots(scope, [key], since=begin, until=end, now=moment(BORN + now * HOUR), page=page)[key]


def outcomes(page: Page[Slot]) -> list[tuple[float, str]]:
    return [((slot.due_at.timestamp() - BORN) / HOUR, slot.outcome.value) for slot in page.items]


# ------------------------------------------------------------------------------------------ views
def test_the_newest_view_of_a_recurring_run_counts() -> None:
    older = cron(version=1, lastScheduledTime="2026-01-01T01:00:00Z")
    newer = cron(TWICE | {"suspend": True}, version=2, phase="Stopped", lastScheduledTime="2026-01-01T02:00:00Z")
    for views in ((older, newer), (newer, older)):
        found = recurring_runs(a_store(*views, at_once=False))[R1]
        assert (found.spec.schedules, found.spec.enabled, found.stopped) == (("0,30 * * * *",), False, True)
        assert found.triggered_at == moment(BORN + 2 * HOUR)


def test_what_comes_twice_adds_nothing() -> None:
    store = a_store(cron())
    assert store.apply(facts_of(cron()), recorded_at=RECORDED_AT) == (False, False)


def test_one_that_was_deleted_or_is_not_listed_any_more_is_gone_and_stays_known() -> None:
    assert recurring_runs(a_store(cron()))[R1].in_cluster
    assert not recurring_runs(a_store(deleted("r1", source="cron_workflow"), cron()))[R1].in_cluster
    for kind, resource in ((ARGO, CRON_WORKFLOWS), (KUBEFLOW, "scheduledworkflows.kubeflow.org")):
        item = a_recurring_run(kind=kind, version=5)
        assert not recurring_runs(a_store(item, listed("a", 7, resource=resource)))[R1].in_cluster
        assert recurring_runs(a_store(item, listed("a", 7, ["r1"], resource=resource)))[R1].in_cluster
        assert recurring_runs(a_store(item, listed("a", 7, resource="pods")))[R1].in_cluster


def test_one_from_a_file_has_an_identity_of_its_own() -> None:
    store = a_store(cron(uid=None, version=None), cron(uid=None, version=None, name="other"))
    assert len(recurring_runs(store)) == 2
    assert all(one.uid.startswith("file:") for one in recurring_runs(store).values())


# ------------------------------------------------------------------------------------------ whose runs
@pytest.mark.parametrize("kind", [KUBEFLOW, ARGO])
@pytest.mark.parametrize("by_uid", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_a_run_finds_what_made_it_whichever_comes_first(kind: str, by_uid: bool, first: bool) -> None:
    made = a_scheduled_run(BORN + HOUR, kind=kind, recurring="r1" if by_uid else None)
    both = [a_recurring_run(kind=kind, born=BORN), made]
    store = a_store(*(both if first else both[::-1]), at_once=False)
    (run,) = runs(store).values()
    assert (run.recurring_run_key, run.scheduled_at) == (R1, moment(BORN + HOUR))
    owned = store.owned(EVERYTHING, Run, "recurringRun", [R1], Listing(), ALL)[R1]
    assert owned.items == (run,)


def test_a_run_of_what_nobody_saw_has_none() -> None:
    (run,) = runs(a_store(a_scheduled_run(BORN + HOUR))).values()
    assert (run.recurring_run_key, run.scheduled_at) == (None, moment(BORN + HOUR))


def test_of_several_of_one_name_a_run_belongs_to_the_newest_that_was_there() -> None:
    made = [cron(uid="r1", born=BORN), cron(uid="r2", born=BORN + 2 * HOUR), cron(uid="r3", born=BORN + 9 * HOUR)]
    ran = [a_scheduled_run(BORN + hour * HOUR, recurring=None) for hour in (1, 3)]
    everything = [*made, *ran]
    for _ in range(4):
        random.Random(7).shuffle(everything)
        found = runs(a_store(*everything, at_once=False))
        assert [run.recurring_run_key for run in sorted(found.values(), key=lambda run: run.name)] == [
            R1,
            recurring_run_key("r2"),
        ]


@pytest.mark.parametrize(
    "other", [{"namespace": "b"}, {"name": "other"}, {"kind": KUBEFLOW}], ids=["namespace", "name", "kind"]
)
def test_a_name_means_the_one_of_its_kind_and_place(other: dict[str, Any]) -> None:
    store = a_store(a_recurring_run(born=BORN, **other), a_scheduled_run(BORN + HOUR, recurring=None))
    (run,) = runs(store).values()
    assert run.recurring_run_key is None


def test_runs_are_found_by_what_made_them_and_when_for() -> None:
    store = a_store(cron(), *(a_scheduled_run(BORN + hour * HOUR) for hour in (1, 2, 3)))
    by_recurring = Condition(field="recurringRun", operator=Operator.EQ, value=R1)
    by_time = Condition(field="scheduledAt", operator=Operator.GT, value=moment(BORN + HOUR))
    assert store.count(EVERYTHING, Run, Listing(where=by_recurring)) == 3
    assert store.count(EVERYTHING, Run, Listing(where=by_time)) == 2


# ------------------------------------------------------------------------------------------ experiments
@pytest.mark.parametrize("first", [True, False])
def test_a_run_is_of_the_experiment_of_what_made_it(first: bool) -> None:
    both = [scheduled("e1"), a_scheduled_run(BORN + HOUR, kind=KUBEFLOW)]
    store = a_store(*(both if first else both[::-1]), at_once=False)
    (run,) = runs(store).values()
    assert run.experiment_key == kubeflow_experiment_key("e1")
    (experiment,) = store.experiments(EVERYTHING, Listing(), ALL).items
    assert (experiment.uid, experiment.name, experiment.namespace) == ("e1", "e1", None)
    assert experiment.created_at == run.created_at
    assert store.owned(EVERYTHING, Run, "experiment", [experiment.key], Listing(), ALL)[experiment.key].items == (run,)


def test_a_label_names_another() -> None:
    labels = {"kfp-lineage/experiment": "tuning"}
    store = a_store(scheduled("e1"), a_scheduled_run(BORN + HOUR, kind=KUBEFLOW, labels=labels))
    (run,) = runs(store).values()
    assert run.experiment_key == experiment_key(CLUSTER, "a", "tuning")


@pytest.mark.parametrize("newest_first", [True, False])
def test_runs_follow_what_made_them_to_another_experiment(newest_first: bool) -> None:
    moved = [scheduled("e1", version=1), scheduled("e2", version=2)]
    ran = a_scheduled_run(BORN + HOUR, kind=KUBEFLOW)
    store = a_store(ran, *(moved[::-1] if newest_first else moved), at_once=False)
    (run,) = runs(store).values()
    assert run.experiment_key == kubeflow_experiment_key("e2")


def test_an_experiment_without_runs_is_seen_by_who_sees_what_will_make_some() -> None:
    store = a_store(scheduled("e1"))
    for scope, count in ((EVERYTHING, 1), (in_namespace("a"), 1), (in_namespace("b"), 0)):
        assert store.count(scope, Experiment, Listing()) == count


# ------------------------------------------------------------------------------------------ edits
def test_what_the_object_dates_is_in_that_order_however_it_was_seen() -> None:
    views = [
        cron(version=1, written_at=BORN),
        cron(TWICE, version=4, written_at=BORN + 2 * HOUR),
        cron(TWICE, version=5, written_at=BORN + 2 * HOUR, lastScheduledTime="2026-01-01T02:30:00Z"),
        cron(version=7, written_at=BORN + 4 * HOUR),
    ]
    expected = [(0, True, ("0 * * * *",)), (2, True, ("0,30 * * * *",)), (4, True, ("0 * * * *",))]
    for seed in range(4):
        random.Random(seed).shuffle(views)
        assert edits(a_store(*views, at_once=False)) == expected


def test_a_manager_that_wrote_nothing_new_edited_nothing() -> None:
    views = [cron(version=1, written_at=BORN), cron(version=2, written_at=BORN + HOUR)]
    assert edits(a_store(*views)) == [(0, True, ("0 * * * *",))]


def test_what_the_object_does_not_date_was_in_force_when_it_was_first_seen() -> None:
    views = [
        seen(cron(version=1), 1),
        seen(cron(version=2), 2),
        seen(cron(TWICE, version=3), 3),
        seen(cron(TWICE, version=4), 4),
    ]
    for order in (views, views[::-1]):
        assert edits(a_store(*order, at_once=False)) == [(1, False, ("0 * * * *",)), (3, False, ("0,30 * * * *",))]


def test_what_was_taken_up_again_is_in_force_since_the_other_was_last_seen() -> None:
    views = [seen(cron(version=1), 1), seen(cron(TWICE, version=3), 3), seen(cron(version=5), 5)]
    for order in (views, views[::-1]):
        found = edits(a_store(*order, at_once=False))
        assert [(round(hour, 6), told, schedules) for hour, told, schedules in found] == [
            (1, False, ("0 * * * *",)),
            (3, False, ("0,30 * * * *",)),
            (3, False, ("0 * * * *",)),
        ]


def test_what_was_recorded_late_is_in_its_place() -> None:
    """A file with an older view, which was read after the newer one was seen."""
    views = [seen(cron(TWICE, version=3), 3), seen(cron(version=1), 9)]
    assert [schedules for _, _, schedules in edits(a_store(*views, at_once=False))] == [
        ("0 * * * *",),
        ("0,30 * * * *",),
    ]


# ------------------------------------------------------------------------------------------ slots
def test_the_ledger_tells_what_became_of_each_time() -> None:
    store = a_store(
        cron(written_at=BORN),
        a_scheduled_run(BORN + HOUR),
        a_scheduled_run(BORN + 2 * HOUR, late=300),
        a_scheduled_run(BORN + 4 * HOUR, uid="x"),
        a_scheduled_run(BORN + 4 * HOUR, uid="y", late=2),
    )
    page = slots(store, until=7, now=5.5)
    assert outcomes(page) == [
        (1, "ON_TIME"),
        (2, "LATE"),
        (3, "MISSED"),
        (4, "DUPLICATE"),
        (5, "MISSED"),
        (6, "PENDING"),
    ]
    assert (page.items[0].run_key, page.items[3].run_key) == (run_key(f"nightly-{BORN + HOUR}-1"), run_key("x"))


def test_edits_count_from_when_they_were_made() -> None:
    store = a_store(cron(version=1, written_at=BORN), cron(TWICE, version=2, written_at=BORN + 2 * HOUR + 60))
    assert [hour for hour, _ in outcomes(slots(store, until=4))] == [1, 2, 2.5, 3, 3.5]


@pytest.mark.parametrize(
    ("took", "outcome"), [(2 * HOUR, "SKIPPED_BY_POLICY"), (60, "MISSED"), (None, "SKIPPED_BY_POLICY")]
)
def test_a_run_that_still_ran_is_a_reason(took: int | None, outcome: str) -> None:
    spec = {"schedules": ["0 * * * *"], "concurrencyPolicy": "Forbid", "workflowSpec": {}}
    store = a_store(cron(spec), a_scheduled_run(BORN + HOUR, took=took))
    assert outcomes(slots(store, until=3)) == [(1, "ON_TIME"), (2, outcome)]


def test_what_was_submitted_by_hand_and_still_ran_is_a_reason_too() -> None:
    spec = {"schedules": ["0 * * * *"], "concurrencyPolicy": "Forbid", "workflowSpec": {}}
    by_hand = a_scheduled_run(BORN + HOUR, late=1800, took=HOUR, uid="u")
    by_hand["metadata"]["name"] = "nightly-x7k2p"
    (first, second) = slots(a_store(cron(spec), by_hand), until=3).items
    assert (first.outcome, second.outcome) == (SlotOutcome.MISSED, SlotOutcome.SKIPPED_BY_POLICY)
    assert second.reason == "its concurrency policy is Forbid, and nightly-x7k2p still ran"


def test_a_run_that_vanished_while_it_ran_is_no_reason() -> None:
    spec = {"schedules": ["0 * * * *"], "concurrencyPolicy": "Forbid", "workflowSpec": {}}
    store = a_store(cron(spec), a_scheduled_run(BORN + HOUR, took=None, uid="u"), deleted("u"))
    assert outcomes(slots(store, until=3)) == [(1, "ON_TIME"), (2, "MISSED")]


def test_what_the_api_of_kubeflow_made_is_matched_with_what_was_due() -> None:
    made = [a_scheduled_run(BORN + hour * HOUR + 4, kind=KUBEFLOW, late=0) for hour in (1, 3)]
    found = slots(a_store(scheduled(), *made), until=4)
    assert outcomes(found) == [(1, "ON_TIME"), (2, "MISSED"), (3, "ON_TIME")]
    assert [slot.late_by_seconds for slot in found.items] == [4, None, 4]


@pytest.mark.parametrize("size", [1, 3, 4])
def test_pages_put_together_are_the_ledger(size: int) -> None:
    late = [a_scheduled_run(BORN + hour * HOUR + 900, kind=KUBEFLOW, late=0) for hour in (2, 5)]
    store = a_store(scheduled(), a_scheduled_run(BORN + 3 * HOUR, kind=KUBEFLOW, late=5), *late)
    whole, walked = slots(store, until=9), list[Slot]()
    page = slots(store, until=9, page=PageRequest(first=size))
    assert not page.has_previous
    while True:
        walked += page.items
        if not page.has_next:
            break
        page = slots(store, until=9, page=PageRequest(first=size, after=page.cursors[-1]))
        assert page.has_previous
    assert tuple(walked) == whole.items
    assert len(walked) == 8


def test_a_range_holds_its_begin_and_not_its_end() -> None:
    store = a_store(cron(written_at=BORN))
    assert [hour for hour, _ in outcomes(slots(store, since=1, until=3))] == [1, 2]
    assert slots(store, since=2, until=2).items == ()


def test_counting_counts_what_pages_hold() -> None:
    store = a_store(cron(), a_scheduled_run(BORN + HOUR), a_scheduled_run(BORN + HOUR + 60))
    assert count(store, 0, 5) == len(slots(store, until=5).items) == 5


def count(store: SqlStore, since: float, until: float) -> int:
    begin, end = (moment(BORN + hour * HOUR) for hour in (since, until))
    return store.count_slots(EVERYTHING, [R1], since=begin, until=end)[R1]


@pytest.mark.parametrize(
    ("since", "until", "reason"),
    [
        (2, 1, "before it begins"),
        (0, 11 * 366 * 24, "3660 is the most"),
        (-60 * 366 * 24, -60 * 366 * 24 + 1, "within the years"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(since: float, until: float, reason: str) -> None:
    store = a_store(cron())
    with pytest.raises(InvalidRequest, match=reason):
        slots(store, since=since, until=until)
    with pytest.raises(InvalidRequest, match=reason):
        count(store, since, until)


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1" * 18, "٣"])
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="no cursor"):
        slots(a_store(cron()), page=PageRequest(first=1, after=cursor))


def test_more_than_can_be_counted_is_said_and_not_counted() -> None:
    store = a_store(cron({"schedules": ["* * * * *"], "workflowSpec": {}}))
    with pytest.raises(InvalidRequest, match=f"nightly is due more than {MOST_COUNTED} times"):
        count(store, 0, MOST_COUNTED / 60 + 1)


def test_a_page_of_a_long_range_takes_no_longer_than_one_of_a_short() -> None:
    """What lies behind the page is not computed: all of it would be five million times."""
    store = a_store(cron({"schedules": ["* * * * *"], "workflowSpec": {}}))
    page = slots(store, until=3650 * 24, page=PageRequest(first=2))
    assert (len(page.items), page.has_next) == (2, True)


# ------------------------------------------------------------------------------------------ scopes
def in_namespace(namespace: str) -> Scope:
    return Scope(namespaces=frozenset({(CLUSTER, namespace)}))


def test_what_lies_outside_the_scope_is_nowhere() -> None:
    store = a_store(cron(written_at=BORN), a_scheduled_run(BORN + HOUR))
    hidden, shown = in_namespace("b"), in_namespace("a")
    assert recurring_runs(store, hidden) == {}
    assert store.get(hidden, [R1]) == {}
    assert store.edits(hidden, [R1]) == {}
    assert store.count(hidden, RecurringRun, Listing()) == 0
    assert store.search(hidden, "nightly", ALL).items == ()
    begin, end = moment(BORN), moment(BORN + DAY)
    assert store.slots(hidden, [R1], since=begin, until=end, now=end, page=ALL) == {}
    assert store.count_slots(hidden, [R1], since=begin, until=end) == {}
    assert store.get(shown, [R1]).keys() == {R1}
    assert slots(store, scope=shown).items[0].run_key is not None


# ------------------------------------------------------------------------------------------ one store, always
def story(seed: int) -> list[ObjectSeen]:
    """Some recurring runs that are edited, some of one name, and the runs that they made, as they were seen."""
    chance = random.Random(seed)
    found: list[ObjectSeen] = []
    for number in range(3):
        kind, uid, born = chance.choice([KUBEFLOW, ARGO]), f"r{number}", BORN + number * HOUR
        written, name = born, chance.choice(["nightly", "nightly", "weekly"])
        for version in range(1, 5):
            spec = chance.choice([None, _other(kind, chance)])
            written = chance.choice([written, born + version * HOUR])
            dated: dict[str, Any] = {"written_at": written} if chance.random() < 0.6 else {}
            place: dict[str, Any] = {"uid": uid, "name": name, "born": born, "version": version * 10 + number}
            item = a_recurring_run(spec, kind=kind, **place, **dated)
            found.append(seen(item, 1 + version))
        for hour in range(3):
            owner = chance.choice([uid, None])
            made = a_scheduled_run(
                born + hour * HOUR,
                kind=kind,
                recurring=owner,
                name=name,
                uid=f"{uid}-{hour}",
                late=chance.choice([0, 3, 90]),
                version=number * 10 + hour + 1,
            )
            found.append(seen(made, 1))
    return found


def _other(kind: str, chance: random.Random) -> KubernetesObject:
    if kind == ARGO:
        return {"schedules": [chance.choice(["5 * * * *", "@daily"])], "workflowSpec": {}}
    trigger = {"periodicSchedule": {"intervalSecond": chance.choice([60, 3600])}}
    experiment = {"experimentId": chance.choice(["e1", "e2"])}
    return {"enabled": chance.random() < 0.8, "trigger": trigger, "workflow": {}, **experiment}


def told(store: SqlStore) -> object:
    """All that is known, with what follows from when something was seen."""
    keys = list(recurring_runs(store))
    begin, end = moment(BORN), moment(BORN + 12 * HOUR)
    ledgers = store.slots(EVERYTHING, keys, since=begin, until=end, now=end, page=ALL)
    return dumped(store), store.edits(EVERYTHING, keys), ledgers


@pytest.mark.parametrize("database", [MEMORY, POSTGRESQL], indirect=True)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6), size=st.sampled_from([1, 4, 100]))
def test_any_order_and_repetition_gives_the_same_store(seed: int, size: int) -> None:
    views = story(seed)
    expected = told(a_store(*views))
    shuffled = views + random.Random(seed).sample(views, len(views) // 2)
    random.Random(seed + 1).shuffle(shuffled)
    store = a_store()
    for start in range(0, len(shuffled), size):
        record(store, *shuffled[start : start + size])
    assert told(store) == expected


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6))
def test_when_something_was_seen_is_no_knowledge(seed: int) -> None:
    views = story(seed)
    later = [structs.replace(view, seen_at=RECORDED_AT) for view in views]
    assert dumped(a_store(*views)) == dumped(a_store(*later))


@pytest.mark.parametrize("database", [POSTGRESQL], indirect=True)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6))
def test_recorders_at_one_time_miss_nothing_of_each_other(postgresql: Server, seed: int) -> None:
    views = story(seed)
    expected = told(a_store(*views))
    url = postgresql.new_database()
    with closing(open_store(url)) as first, closing(open_store(url)) as second, ThreadPoolExecutor(2) as pool:
        parts = ((first, views[::2]), (second, views[1::2]))
        for done in [pool.submit(_record_each, store, part) for store, part in parts]:
            done.result()
        assert told(first) == expected


def _record_each(store: SqlStore, views: Iterable[ObjectSeen]) -> None:
    for view in views:
        record(store, view)
