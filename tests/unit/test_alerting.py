"""Following rules: what they find in runs and schedules as these are recorded, once, and sent until it is taken."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from threading import Event, Thread
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage import alerter
from lineage.alerter import AGAIN, GIVEN_UP, LATE, LONGEST_PAUSE, Alerter, next_try
from lineage.alerting import Evaluation
from lineage.alerts import Alert, AlertKept, AlertMark, Kind, Target, event_of, read_rules
from lineage.errors import StoreError
from lineage.identity import Key, global_id, recurring_run_key, run_key
from lineage.ports import EVERYTHING, PageRequest
from lineage.store.sql import SqlStore
from lineage.trends.directions import Directions, read_directions
from lineage.webhook import Webhook
from tests.factories import (
    CLUSTER,
    NAMESPACE,
    NEW_YEAR,
    KubernetesObject,
    a_recurring_run,
    a_scheduled_run,
    a_store,
    moment,
    record,
)
from tests.fakes import FakeStore
from tests.training_run import Training
from tests.waiting import comes_true
from tests.webhook_server import webhook

DAY, MINUTE = 86_400, timedelta(minutes=1)
BEGAN = moment(DAY // 2)
"""When rules begin, in the night before the first run."""


class Following:
    """An alerter of its own over a store, a clock that is put, and the events that it sends."""

    def __init__(self, store: SqlStore, rules: str, *, directions: str = "", at: datetime = BEGAN) -> None:
        self.store, self.at, self.sent = store, at, list[dict[str, Any]]()
        self.fails: str | None = None
        self._rules = read_rules(f'[webhook]\nurl = "https://hooks.example/"\n{rules}', "alerts.toml").rules
        self._directions = read_directions(directions, "directions.toml") if directions else Directions()
        self.restart()
        self.follow()

    def restart(self) -> None:
        """Forget all that is not in the store."""
        clock: Callable[[], datetime] = lambda: self.at  # noqa: E731 - what it says changes
        self.alerter = Alerter(self.store, self._rules, self._send, clock=clock, directions=self._directions)

    def _send(self, event: bytes) -> str | None:
        if self.fails is None:
            self.sent.append(orjson.loads(event))
        return self.fails

    def follow(self, at: datetime | None = None) -> None:
        """Do all that is due at a time."""
        self.at = at or self.at
        while self.alerter.judge() or self.alerter.send_due(Event()):
            pass

    def follow_runs(self, *runs: Training) -> None:
        """Record runs, each when it has ended, and follow the rules then."""
        for run in runs:
            record(self.store, run.workflow())
            self.follow(ended(run))

    def settle(self) -> None:
        """Let all the time go by after which runs are judged again."""
        for pause in AGAIN:
            self.follow(self.at + pause)

    @property
    def kept(self) -> list[AlertKept]:
        return list(self.store.alerts(EVERYTHING, PageRequest(first=100)).items)


def ended(run: Training) -> datetime:
    return moment(run.born + 61)


def runs_of(accuracies: Sequence[float], *, first: int = 0, **more: Any) -> Iterator[Training]:
    """A run a day, with the accuracy of each."""
    for number, accuracy in enumerate(accuracies, start=first):
        yield Training(
            uid=f"u{number}", name=f"training-{number:05}", born=DAY * (number + 1), accuracy=f"{accuracy:.4f}", **more
        )


def clock(hours: int, minutes: int) -> datetime:
    """A time on the first day of the year."""
    return moment(NEW_YEAR + hours * 3600 + minutes * 60)


def noisy(count: int, level: float = 0.9) -> list[float]:
    noise = Random(5)
    return [level + noise.gauss(0, 0.01) for _ in range(count)]


def rule(kind: str, *lines: str, name: str = "a rule") -> str:
    return "\n".join(["[[rules]]", f'name = "{name}"', f'kind = "{kind}"', *lines])


def subjects(following: Following) -> list[str]:
    return [one["subject"] for one in following.sent]


# ------------------------------------------------------------------------------------------ what is found
def test_a_run_that_failed_is_told_once_as_an_event() -> None:
    following = Following(a_store(), rule("failed_run"))
    good, bad = runs_of([0.9, 0.9])
    following.follow_runs(good, replace(bad, failed=True))
    following.settle()
    (event,) = following.sent
    assert event["subject"] == global_id(run_key("u1"))
    assert event["type"] == "io.kfp-lineage.failed_run"
    assert event["time"] == "1970-01-03T00:01:00Z"
    assert (event["data"]["rule"], event["data"]["phase"]) == ("a rule", "FAILED")
    assert event["data"]["run"]["name"] == "training-00001"
    (kept,) = following.kept
    assert (kept.alert.key, kept.tried, kept.sent_at) == (event["id"], 1, ended(bad))


def test_a_shift_is_told_once_however_often_it_is_found() -> None:
    following = Following(a_store(), rule("shift", 'metric = "accuracy"', 'pipeline = "train*"'))
    following.follow_runs(*runs_of(noisy(24)))
    assert following.sent == []
    following.follow_runs(*runs_of(noisy(12, 0.85), first=24))
    following.settle()
    (event,) = following.sent
    assert event["type"] == "io.kfp-lineage.shift"
    assert abs(int(event["data"]["run"]["name"][-5:]) - 24) <= 1
    assert event["data"]["medianAfter"] == pytest.approx(event["data"]["medianBefore"] - 0.05, abs=0.015)
    following.restart()
    following.follow(following.at + MINUTE)
    assert len(following.kept) == 1


def test_a_shift_for_the_better_and_one_from_before_the_rule_are_no_news() -> None:
    store, shifted = a_store(), [*runs_of(noisy(24)), *runs_of(noisy(10, 0.85), first=24)]
    record(store, *(run.workflow() for run in shifted))
    better = Following(store, rule("shift", 'metric = "accuracy"'), directions='[metrics]\naccuracy = "lower"')
    late = Following(store, rule("shift", 'metric = "accuracy"', name="late"), at=ended(shifted[-1]))
    (last,) = runs_of([0.85], first=34)
    record(store, last.workflow())
    for following in (better, late):
        following.follow(ended(last))
    assert better.kept == late.kept == []


def test_a_value_beyond_a_bound_is_told_for_each_run() -> None:
    following = Following(a_store(), rule("threshold", 'metric = "accuracy"', "below = 0.8", "above = 0.99"))
    following.follow_runs(*runs_of([0.9, 0.7, 0.8, 0.995]))
    following.settle()
    assert subjects(following) == [global_id(run_key("u1")), global_id(run_key("u3"))]
    assert [(one["data"].get("below"), one["data"].get("above")) for one in following.sent] == [
        (0.8, None),
        (None, 0.99),
    ]
    assert following.sent[0]["data"]["value"] == 0.7


def test_a_bound_of_a_step_is_for_the_values_of_that_step() -> None:
    store = a_store()
    of_step = Following(
        store, rule("threshold", 'metric = "duration_seconds"', 'task = "evaluate"', "above = 0", name="step")
    )
    other = Following(
        store, rule("threshold", 'metric = "duration_seconds"', 'task = "deploy"', "above = 0", name="other")
    )
    for following in (of_step, other):
        following.follow_runs(*runs_of([0.9]))
    (kept,) = of_step.kept
    assert (kept.alert.rule, kept.alert.data["task"]) == ("step", "evaluate")


def test_a_value_far_from_what_is_usual_is_told_and_the_first_ones_are_not() -> None:
    following = Following(a_store(), rule("z", 'metric = "accuracy"', "z = 5"))
    following.follow_runs(*runs_of([0.1, *noisy(12), 0.7, *noisy(2)]))
    following.settle()
    (event,) = following.sent
    assert event["data"]["run"]["name"] == "training-00013"
    assert event["data"]["z"] < -5
    assert event["data"]["value"] == 0.7


def test_where_all_values_were_equal_another_one_is_far() -> None:
    following = Following(a_store(), rule("z", 'metric = "accuracy"'))
    following.follow_runs(*runs_of([0.9] * 6 + [0.8999, 0.9001]))
    assert subjects(following) == [global_id(run_key("u6"))]  # the last is for the better
    assert following.sent[0]["data"]["z"] is None


def test_a_slot_without_a_run_is_told_a_while_after_it_was_due() -> None:
    store = a_store(a_recurring_run(born=NEW_YEAR))
    following = Following(store, rule("missed_slot", 'recurring_run = "night*"'), at=clock(0, 30))
    record(store, *(a_scheduled_run(NEW_YEAR + hours * 3600) for hours in (1, 3)))
    following.follow(clock(2, 2))
    assert following.sent == []  # it may be on its way
    for at in (clock(2, 6), clock(2, 10), clock(3, 10)):
        following.follow(at)
    following.restart()
    following.follow(clock(3, 20))
    (event,) = following.sent
    assert event["subject"] == global_id(recurring_run_key("r1"))
    assert event["data"]["dueAt"] == "2026-01-01T02:00:00Z"


def test_slots_of_other_schedules_and_before_the_rule_are_not_told() -> None:
    store = a_store(a_recurring_run(born=NEW_YEAR))
    other = Following(store, rule("missed_slot", 'recurring_run = "weekly"', name="other"), at=clock(0, 0))
    late = Following(store, rule("missed_slot", name="late"), at=clock(2, 30))
    other.follow(clock(3, 30))
    assert other.kept == []
    late.follow(clock(3, 30))
    assert [one.alert.due_at for one in late.kept] == [clock(3, 0)]


def test_a_tier_that_is_lost_is_told_once_what_the_run_wrote_was_looked_at() -> None:
    first, second, third = (
        replace(run, image=f"registry.example/train@{'sha256:' + 'a' * 64}") for run in runs_of([0.9, 0.9, 0.9])
    )
    following = Following(a_store(), rule("tier_lost", 'tier = "traceable"'))
    record(following.store, *first.told())
    following.follow(ended(first))
    following.settle()
    for run in (second, third):  # of whose pods and objects nothing was seen
        following.follow_runs(run)
        assert len(following.sent) == (0 if run is second else 1)
        following.settle()
    (event,) = following.sent
    assert event["subject"] == global_id(run_key("u1"))
    assert (event["data"]["tier"], event["data"]["tierBefore"]) == ("NONE", "TRACEABLE")
    assert event["data"]["runBefore"]["name"] == first.name


# ------------------------------------------------------------------------------------------ once, and never missed
def test_runs_that_ended_while_nobody_followed_are_found_and_those_before_a_rule_are_not() -> None:
    runs = [replace(run, failed=True) for run in runs_of([0.9] * 4)]
    following = Following(a_store(runs[0].workflow()), rule("failed_run"), at=moment(runs[0].born + 3600))
    following.restart()
    record(following.store, *(run.workflow() for run in runs[1:]))
    following.follow(ended(runs[3]))
    assert subjects(following) == [global_id(run_key(f"u{number}")) for number in (1, 2, 3)]


def test_a_run_that_is_recorded_late_is_found_and_history_is_not() -> None:
    late, history = (replace(run, failed=True) for run in runs_of([0.9, 0.9]))
    history = replace(history, born=late.born - 3600)
    following = Following(a_store(), rule("failed_run"), at=moment(60))
    following.follow(ended(late) + LATE - 2 * MINUTE)
    record(following.store, late.workflow(), history.workflow())
    following.follow(following.at + MINUTE)
    assert subjects(following) == [global_id(run_key("u0"))]


def test_a_value_that_is_known_only_later_is_found() -> None:
    following = Following(a_store(), rule("threshold", 'metric = "accuracy"', "below = 0.8"))
    (run,) = runs_of([0.7])
    whole = run.workflow()
    before: KubernetesObject = {**whole, "status": {**whole["status"], "nodes": {}}}
    record(following.store, before)
    following.follow(ended(run))
    assert following.sent == []
    record(following.store, {**whole, "metadata": {**whole["metadata"], "resourceVersion": "99999999"}})
    following.follow(following.at + AGAIN[1])
    assert subjects(following) == [global_id(run_key("u0"))]


def test_a_run_is_judged_four_times_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = Counter[Any]()

    class Counting(Evaluation):
        def of_runs(self, ended: Collection[Key], settled: Collection[Key]) -> list[Alert]:
            judged.update(ended)
            return super().of_runs(ended, settled)

    monkeypatch.setattr(alerter, "Evaluation", Counting)
    following = Following(a_store(), rule("failed_run"))
    runs = [replace(run, born=DAY + 40 * number) for number, run in enumerate(runs_of([0.9] * 3))]
    following.follow_runs(*runs)
    following.settle()
    following.at = ended(runs[0]) + LATE - MINUTE  # until then one may be recorded that ended with them
    for _ in range(30):
        following.follow(following.at + timedelta(seconds=11))
    following.settle()
    assert judged == dict.fromkeys((run_key(run.uid) for run in runs), len(AGAIN))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sampled_from(["record", "follow", "restart", "wait"]), max_size=14), st.randoms(use_true_random=False)
)
def test_however_following_is_cut_up_each_alert_is_sent_once(steps: list[str], random: Random) -> None:
    runs = [replace(run, failed=number % 2 == 1) for number, run in enumerate(runs_of([0.9] * 5))]
    runs = [replace(run, born=DAY + number) for number, run in enumerate(runs)]
    random.shuffle(runs)
    following, left = Following(a_store(), rule("failed_run")), list(runs)
    following.at = ended(runs[0])
    for step in [*steps, *["record"] * 5, "follow"]:
        if step == "record" and left:
            record(following.store, left.pop().workflow())
        elif step == "follow":
            following.follow()
        elif step == "restart":
            following.restart()
        elif step == "wait":
            following.at += 5 * MINUTE
    assert sorted(subjects(following)) == sorted(global_id(run_key(run.uid)) for run in runs if run.failed)


# ------------------------------------------------------------------------------------------ sending
def test_an_alert_is_sent_again_after_growing_pauses_and_given_up_after_a_day() -> None:
    following = Following(a_store(), rule("failed_run"))
    following.fails = "the receiver answers with status 500"
    (run,) = runs_of([0.9], failed=True)
    following.follow_runs(run)
    tries = []
    while (kept := following.kept[0]).next_try_at is not None:
        tries.append(kept.next_try_at - following.at)
        following.follow(kept.next_try_at)
    assert tries[:7] == [minutes * MINUTE for minutes in (1, 2, 4, 8, 16, 32, 60)]
    assert set(tries[6:]) == {LONGEST_PAUSE}
    assert following.at - ended(run) >= GIVEN_UP
    assert (kept.sent_at, kept.failure) == (None, "given up after a day: the receiver answers with status 500")
    following.fails = None
    following.follow(following.at + timedelta(days=3))
    assert following.sent == []


def test_what_was_sent_and_not_noted_is_sent_again_as_the_same_event() -> None:
    following = Following(a_store(), rule("failed_run"))
    (run,) = runs_of([0.9], failed=True)
    record(following.store, run.workflow())
    following.at = ended(run)
    following.alerter.judge()
    (taken,) = following.store.take_due_alerts(now=following.at, until=following.at + alerter.LEASE, limit=9)
    following.follow(following.at + MINUTE)
    assert following.sent == []
    following.follow(following.at + alerter.LEASE)
    assert following.sent == [orjson.loads(event_of(taken.alert))]


def test_a_webhook_that_fails_first_is_sent_it_again_until_it_takes_it() -> None:
    with webhook(500, 302, 202) as hook:
        text = f'[webhook]\nurl = "{hook.url}in"\nallow = ["127.0.0.1/32"]\n{rule("failed_run")}'
        rules, store, at = read_rules(text, "alerts.toml"), a_store(), [BEGAN]
        sending = Webhook(rules.target)
        following = Alerter(store, rules.rules, sending.send, clock=lambda: at[0], directions=Directions())
        following.judge()
        record(store, Training(born=DAY, failed=True).workflow())
        at[0] = moment(DAY + 61)
        following.judge()
        for _ in range(5):
            following.send_due(Event())
            at[0] += 5 * MINUTE
    assert [got.event["type"] for got in hook.received] == ["io.kfp-lineage.failed_run"] * 3
    assert len({got.event["id"] for got in hook.received}) == 1
    (kept,) = store.alerts(EVERYTHING, PageRequest(first=9)).items
    assert (kept.tried, kept.failure, kept.sent_at) == (3, None, moment(DAY + 61) + 10 * MINUTE)
    assert following.sending.reason is None


def test_a_webhook_that_may_not_be_there_gets_nothing_and_it_is_said_why() -> None:
    with webhook() as hook:
        following = Following(a_store(), rule("failed_run"))
        sending = Webhook(Target(url=f"http://name:hunter2@localhost:{hook.port}/hunter2"))
        following.alerter = Alerter(
            following.store, following._rules, sending.send, clock=lambda: following.at, directions=Directions()
        )
        following.follow_runs(*runs_of([0.9], failed=True))
    assert hook.received == []
    (kept,) = following.kept
    assert "where no alert is sent" in str(kept.failure)
    assert "hunter2" not in repr(kept)


def test_a_store_that_fails_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerter, "RETRY_SECONDS", 0.01)
    failures = [StoreError("the disk is full"), StoreError("the disk is full")]

    class Failing(FakeStore):
        def alert_marks(self, rules: Sequence[str]) -> Any:
            if failures:
                reasons.append(following.outage.reason)
                raise failures.pop()
            stop.set()
            return dict.fromkeys(rules, AlertMark(began_at=BEGAN, until=BEGAN))

    reasons, stop = list[str | None](), Event()
    rules = read_rules(f'[webhook]\nurl = "https://a.example"\n{rule("failed_run")}', "f").rules
    following = Alerter(Failing(), rules, lambda _: None, clock=lambda: BEGAN, directions=Directions())
    thread = Thread(target=partial(following.run, stop), daemon=True)
    thread.start()
    assert comes_true(stop.is_set)
    thread.join(10)
    assert reasons == [None, "the disk is full"]


# ------------------------------------------------------------------------------------------ events
def test_an_event_is_a_cloud_event_with_what_it_must_have() -> None:
    alert = Alert(
        rule="a rule",
        kind=Kind.Z,
        subject=run_key("u1"),
        at=moment(1.5),
        cluster=CLUSTER,
        namespace="ä b",
        says="it is far",
        data={"z": None},
    )
    assert orjson.loads(event_of(alert)) == {
        "specversion": "1.0",
        "id": alert.key,
        "source": f"/kfp-lineage/{CLUSTER}/%C3%A4%20b",
        "type": "io.kfp-lineage.z",
        "subject": global_id(run_key("u1")),
        "time": "1970-01-01T00:00:01.500000Z",
        "datacontenttype": "application/json",
        "data": {"rule": "a rule", "says": "it is far", "z": None},
    }
    others = [replace(alert, rule="b"), replace(alert, subject=run_key("u2")), replace(alert, due_at=moment(3))]
    assert len({one.key for one in (alert, *others)}) == 4
    assert replace(alert, says="in other words", at=moment(9)).key == alert.key


@given(st.integers(min_value=0, max_value=10**9), st.timedeltas(timedelta(0), timedelta(days=2)))
def test_the_next_try_is_never_later_than_an_hour(tried: int, age: timedelta) -> None:
    alert = Alert(
        rule="a", kind=Kind.Z, subject=run_key("u"), at=BEGAN, cluster=CLUSTER, namespace=NAMESPACE, says="", data={}
    )
    now = BEGAN + age
    next_at = next_try(AlertKept(alert=alert, found_at=BEGAN, tried=tried), now)
    if age >= GIVEN_UP:
        assert next_at is None
    else:
        assert next_at is not None
        assert MINUTE <= next_at - now <= LONGEST_PAUSE
