"""Alerts in the store: kept once, taken by one, and what became of them; and how far rules have been followed."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lineage.alerts import Alert, AlertKept, AlertMark, Kind, Span
from lineage.identity import run_key
from lineage.ports import EVERYTHING, Listing, PageRequest, Scope
from lineage.store import migrate, open_store
from lineage.store.sql import SqlStore
from tests.factories import CLUSTER, NAMESPACE, RECORDED_AT, a_store, a_workflow, dumped, moment, rfc3339

pytestmark = pytest.mark.usefixtures("database")

MINUTE = timedelta(minutes=1)
NOW, LATER = RECORDED_AT, RECORDED_AT + MINUTE


def an_alert(number: int = 0, **more: Any) -> Alert:
    plain = {
        "rule": "a rule",
        "kind": Kind.FAILED_RUN,
        "subject": run_key(f"u{number}"),
        "at": moment(number),
        "cluster": CLUSTER,
        "namespace": NAMESPACE,
        "says": "it failed",
        "data": {"phase": "FAILED", "values": [1, None, {"ä": 0.5}]},
    }
    return Alert(**{**plain, **more})


def keep(store: SqlStore, *alerts: Alert, now: datetime = NOW, until: Mapping[str, datetime] | None = None) -> Any:
    return store.keep_alerts(alerts, until or {}, now=now)


def listed(store: SqlStore, scope: Scope = EVERYTHING, **page: Any) -> list[AlertKept]:
    return list(store.alerts(scope, PageRequest(**{"first": 100, **page})).items)


def taken(store: SqlStore, now: datetime = NOW, limit: int = 10) -> list[str]:
    return [one.alert.key for one in store.take_due_alerts(now=now, until=now + 10 * MINUTE, limit=limit)]


def test_an_alert_is_kept_once_and_as_it_is() -> None:
    store = a_store()
    span = Span(begins_at=moment(3), ends_at=moment(9))
    alerts = [an_alert(), an_alert(1, kind=Kind.SHIFT, series="s", span=span), an_alert(2, due_at=moment(7.5))]
    assert keep(store, *alerts) == (True, True, True)
    assert keep(store, replace(alerts[0], says="in other words"), an_alert(3), now=LATER) == (False, True)
    assert {one.alert.key: one for one in listed(store)} == {
        one.key: AlertKept(alert=one, found_at=at, next_try_at=at)
        for one, at in [*((alert, NOW) for alert in alerts), (an_alert(3), LATER)]
    }


def test_alerts_come_page_by_page_those_first_that_were_found_last() -> None:
    store = a_store()
    for number in range(5):
        keep(store, an_alert(number), now=NOW + number * MINUTE)
    page = store.alerts(EVERYTHING, PageRequest(first=2))
    rest = store.alerts(EVERYTHING, PageRequest(first=9, after=page.cursors[-1]))
    found = [one.alert.subject for one in (*page.items, *rest.items)]
    assert found == [run_key(f"u{number}") for number in (4, 3, 2, 1, 0)]
    assert (page.has_next, rest.has_next) == (True, False)
    assert store.count(EVERYTHING, AlertKept, Listing()) == 5
    assert store.count(Scope(namespaces=frozenset()), AlertKept, Listing()) == 0


def test_who_may_not_see_a_namespace_sees_no_alert_of_it() -> None:
    store = a_store()
    keep(store, an_alert(1), an_alert(2, namespace="another"))
    assert [one.alert.namespace for one in listed(store, Scope(namespaces=frozenset({(CLUSTER, "another")})))] == [
        "another"
    ]
    assert listed(store, Scope(namespaces=frozenset())) == []


def test_what_is_taken_is_nobody_elses_until_its_time_is_over() -> None:
    store = a_store()
    keep(store, an_alert(1), an_alert(2), an_alert(3, subject=run_key("later")), now=NOW)
    first = taken(store, limit=2)
    assert len(first) == 2
    assert len(taken(store)) == 1
    assert taken(store, NOW + 9 * MINUTE) == []
    assert set(taken(store, NOW + 10 * MINUTE)) >= set(first)


def test_what_was_sent_is_never_due_again() -> None:
    store = a_store()
    keep(store, an_alert())
    (key,) = taken(store)
    store.alert_tried(key, at=LATER, failure=None, next_try_at=None)
    store.alert_tried(key, at=LATER + MINUTE, failure="another gave up on it", next_try_at=NOW)
    keep(store, an_alert(), now=LATER + MINUTE)
    assert taken(store, NOW + timedelta(days=9)) == []
    (kept,) = listed(store)
    assert (kept.sent_at, kept.tried, kept.failure, kept.next_try_at) == (LATER, 1, None, None)


def test_what_was_not_taken_is_due_again_when_it_is_said_and_given_up_where_nothing_is() -> None:
    store = a_store()
    keep(store, an_alert())
    (key,) = taken(store)
    store.alert_tried(key, at=NOW, failure="status 500\0", next_try_at=LATER)
    assert taken(store, LATER - timedelta(microseconds=1)) == []
    assert taken(store, LATER) == [key]
    store.alert_tried(key, at=LATER, failure="given up", next_try_at=None)
    assert taken(store, NOW + timedelta(days=9)) == []
    (kept,) = listed(store)
    assert (kept.sent_at, kept.tried, kept.failure, kept.next_try_at) == (None, 2, "given up", None)


def test_where_shifts_were_found_is_told_by_rule_and_series() -> None:
    store = a_store()
    span = Span(begins_at=moment(3), ends_at=moment(9))
    keep(store, an_alert(kind=Kind.SHIFT, series="s", span=span), an_alert(1))
    assert list(store.alerted("a rule", "s")) == [span]
    assert list(store.alerted("another", "s")) == list(store.alerted("a rule", "t")) == []


def test_a_rule_begins_once_and_never_goes_back() -> None:
    store = a_store()
    assert store.alert_marks(["a", "b"]) == {}
    for until in (LATER, NOW, LATER + MINUTE):
        keep(store, until={"a": until})
    assert store.alert_marks(["a", "b"]) == {"a": AlertMark(began_at=LATER, until=LATER + MINUTE)}


def test_runs_are_told_from_when_they_ended() -> None:
    runs = [a_workflow(uid=f"u{end}", name=f"w{end}", phase="Failed", finishedAt=rfc3339(end)) for end in (30, 10, 20)]
    store = a_store(*runs, a_workflow(uid="runs", name="runs", phase="Running"))
    assert store.ended(EVERYTHING, since=moment(20)) == [(run_key("u20"), moment(20)), (run_key("u30"), moment(30))]
    assert store.ended(Scope(namespaces=frozenset()), since=moment(0)) == []


def test_alerts_are_no_knowledge() -> None:
    store = a_store(a_workflow())
    before = dumped(store)
    keep(store, an_alert(), until={"a rule": NOW})
    assert dumped(store) == before


def test_of_two_who_send_each_alert_goes_to_one(url: str) -> None:
    migrate(url)
    with closing(open_store(url)) as one, closing(open_store(url)) as other, ThreadPoolExecutor(2) as pool:
        kept = [pool.submit(keep, store, *map(an_alert, range(20)), until={"a": NOW}) for store in (one, other)]
        assert [sum(both) for both in zip(*(each.result() for each in kept), strict=True)] == [1] * 20

        def take_all(store: SqlStore) -> list[str]:
            found: list[str] = []
            while more := taken(store, limit=3):
                found += more
            return found

        found = [key for each in [pool.submit(take_all, store) for store in (one, other)] for key in each.result()]
        left = taken(one, limit=100)  # what one passed over while the other held it
    assert sorted(found + left) == sorted(an_alert(number).key for number in range(20))
