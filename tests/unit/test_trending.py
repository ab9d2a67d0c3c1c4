"""How metrics move over runs, asked as readers ask: a planted cause is found where it was planted, and what is not
known is not claimed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest

from lineage.identity import global_id, pipeline_key
from lineage.ports import EVERYTHING, NOTHING, Scope
from lineage.store.sql import SqlStore
from lineage_graphql import execute, saved_queries
from tests.factories import CLUSTER, NAMESPACE, a_recurring_run, a_scheduled_run, a_store
from tests.training_run import Training

RUNS, SHIFT, DAY = 40, 24, 86_400
TRAINING = {"pipeline": global_id(pipeline_key(CLUSTER, NAMESPACE, "training"))}
EVERY_RUN = {"namespace": NAMESPACE}


def a_series(before: Training, after: Training, *, drop: float = 0.05, seed: int = 7) -> Iterator[Training]:
    """Runs of which those from SHIFT on are like `after`, and worse."""
    noise = Random(seed)
    for number in range(RUNS):
        accuracy = 0.9 + noise.gauss(0, 0.01) - (drop if number >= SHIFT else 0)
        like = after if number >= SHIFT else before
        yield replace(
            like, uid=f"u{number}", name=f"training-{number:05}", born=DAY * (number + 1), accuracy=f"{accuracy:.4f}"
        )


def recorded(*runs: Training) -> SqlStore:
    return a_store(*(one for run in runs for one in run.told()))


@cache
def shifted() -> SqlStore:
    """A store whose accuracy fell when the image of the training became another."""
    return recorded(*a_series(Training(), Training(image_word="another")))


def asked(store: SqlStore, scope: Mapping[str, str] = TRAINING, **more: Any) -> list[dict[str, Any]]:
    answer = execute(store, EVERYTHING, saved_queries()["metric-trends"].text, {"scope": scope, **more})
    assert "errors" not in answer, answer["errors"]
    found: list[dict[str, Any]] = answer["data"]["metricTrends"]
    return found


def accuracy(store: SqlStore, **more: Any) -> dict[str, Any]:
    (found,) = asked(store, metrics=["accuracy"], **more)
    return found


def changes(store: SqlStore, *, scope: Scope = EVERYTHING, **more: Any) -> list[tuple[str, str, str]]:
    """What was another, in which run, of which kind."""
    query = """query ($scope: TrendScope!, $last: Int!) { metricTrend(metric: "accuracy", scope: $scope, last: $last) {
        points { run { id } at } changes { run { id displayName } at kind says } } }"""
    answer = execute(store, scope, query, {"scope": TRAINING, "last": 1_000, **more})
    assert "errors" not in answer, answer["errors"]
    found = answer["data"]["metricTrend"]
    at = {point["run"]["id"]: point["at"] for point in found["points"]}
    assert all(one["at"] == at[one["run"]["id"]] for one in found["changes"])
    return [(one["run"]["displayName"], one["kind"], one["says"]) for one in found["changes"]]


# ------------------------------------------------------------------------------------------ changes from run to run
def test_what_was_another_is_told_at_the_run_in_which_it_was_new() -> None:
    ((run, kind, says),) = changes(shifted())
    assert (run, kind) == (f"training-{SHIFT:05}", "IMAGE")
    assert re.fullmatch(r"train: containers\[main\]\.image: sha256:[0-9a-f]{12}… → sha256:[0-9a-f]{12}…", says)


def test_parameters_and_inputs_are_told_with_what_they_were_before_and_after() -> None:
    found = changes(recorded(*a_series(Training(rate="0.1"), Training(rate="0.2", data="clients"))))
    assert ("PARAMETER", "parameters[rate]: 0.1 → 0.2") in {(kind, says) for _, kind, says in found}
    assert "INPUT" in {kind for _, kind, _ in found}
    assert {run for run, _, _ in found} == {f"training-{SHIFT:05}"}


def test_what_is_another_with_every_run_is_told_once() -> None:
    runs = [replace(one, rate=f"0.{number}") for number, one in enumerate(a_series(Training(), Training()), 1)]
    assert [(run, says) for run, kind, says in changes(recorded(*runs)) if kind == "PARAMETER"] == [
        (
            f"training-{RUNS - 1:05}",
            f"parameters[rate]: 0.{RUNS - 1} → 0.{RUNS}, and another in {RUNS - 1} of {RUNS - 1} runs",
        )
    ]


def test_what_became_another_and_the_same_again_is_two_changes() -> None:
    runs = [
        replace(one, rate="0.2" if number == 20 else "0.1") for number, one in enumerate(a_series(*[Training()] * 2))
    ]
    assert [(run, says) for run, kind, says in changes(recorded(*runs)) if kind == "PARAMETER"] == [
        ("training-00020", "parameters[rate]: 0.1 → 0.2"),
        ("training-00021", "parameters[rate]: 0.2 → 0.1"),
    ]


def test_where_nothing_was_another_there_are_no_changes() -> None:
    assert changes(recorded(*a_series(Training(), Training()))) == []
    assert changes(recorded()) == []
    assert changes(shifted(), scope=NOTHING) == []


def test_changes_are_told_of_the_points_that_are_asked_for() -> None:
    assert changes(shifted(), last=RUNS - SHIFT) == []
    assert len(changes(shifted(), last=RUNS - SHIFT + 1)) == 1


def test_changes_are_read_only_where_they_are_asked_for() -> None:
    query = 'query ($scope: TrendScope!) { metricTrend(metric: "accuracy", scope: $scope) { shifts { at } %s } }'
    steady = recorded(*a_series(Training(), Training(), drop=0))
    asked: list[int] = []
    read = SqlStore.circumstances

    def noted(*given: Any) -> Any:
        asked.append(1)
        return read(*given)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SqlStore, "circumstances", noted)
        execute(steady, EVERYTHING, query % "", {"scope": TRAINING})
        assert asked == []
        execute(steady, EVERYTHING, query % "changes { says } again: changes { kind }", {"scope": TRAINING})
        assert asked == [1]


# ------------------------------------------------------------------------------------------ shifts and their causes
def test_a_drop_is_found_where_it_was_with_what_did_it() -> None:
    trend = accuracy(shifted())
    assert (trend["direction"], trend["verdict"]) == ("HIGHER", "REGRESSION")
    (shift,) = trend["shifts"]
    names = [f"training-{number:05}" for number in range(RUNS)]
    assert abs(names.index(shift["after"]["displayName"]) - SHIFT) <= 1
    assert names.index(shift["before"]["displayName"]) == names.index(shift["after"]["displayName"]) - 1
    assert shift["medianAfter"] == pytest.approx(shift["medianBefore"] - 0.05, abs=0.01)
    suspect = shift["suspects"][0]
    assert (suspect["change"]["kind"], suspect["change"]["step"]) == ("IMAGE", "train")
    assert suspect["change"]["path"] == "containers[main].image"
    assert suspect["score"] > shift["notTracked"]
    assert not shift["confounded"]
    assert sum(one["score"] for one in shift["suspects"]) + shift["notTracked"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("after", "kind", "path"),
    [
        (Training(rate="0.2"), "PARAMETER", "parameters[rate]"),
        (Training(data="clients"), "INPUT", "inputs.artifacts[in0]"),
    ],
)
def test_other_causes_are_found_as_well(after: Training, kind: str, path: str) -> None:
    (shift,) = accuracy(recorded(*a_series(Training(), after)))["shifts"]
    change = shift["suspects"][0]["change"]
    assert (change["kind"], change["path"]) == (kind, path)


def test_where_nothing_changed_it_is_something_that_is_not_tracked() -> None:
    (shift,) = accuracy(recorded(*a_series(Training(), Training())))["shifts"]
    assert all(one["score"] < shift["notTracked"] for one in shift["suspects"])


def test_what_changed_together_is_told_as_such_with_the_runs_that_would_separate_it() -> None:
    (shift,) = accuracy(recorded(*a_series(Training(), Training(rate="0.2", image_word="another"))))["shifts"]
    assert shift["confounded"]
    assert {"parameters[rate]", "train: containers[main].image"} <= set(shift["together"])
    assert any("parameters[rate]" in one for one in shift["separating"])


def test_a_series_that_does_not_change_is_steady() -> None:
    trend = accuracy(recorded(*a_series(Training(), Training(image_word="another"), drop=0)))
    assert (trend["verdict"], trend["shifts"]) == ("STEADY", [])


def test_too_few_values_are_refused_with_the_reason() -> None:
    trend = accuracy(shifted(), last=5)
    assert trend["verdict"] == "UNKNOWN"
    assert any("too few" in warning for warning in trend["warnings"])


def test_which_way_is_better_and_what_matters_is_for_the_asker_to_say() -> None:
    assert accuracy(shifted(), directions='[metrics]\naccuracy = "lower"')["verdict"] == "IMPROVEMENT"
    assert accuracy(shifted(), directions='[metrics]\naccuracy = "higher, 0.5"')["verdict"] == "STEADY"
    answer = execute(
        shifted(),
        EVERYTHING,
        saved_queries()["metric-trends"].text,
        {"scope": TRAINING, "directions": '[metrics]\naccuracy = "upwards"'},
    )
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "metrics.accuracy" in answer["errors"][0]["message"]


# ------------------------------------------------------------------------------------------ series
def test_all_metrics_of_a_scope_are_told_the_worst_first() -> None:
    found = asked(shifted())
    assert found[0]["metric"] == "accuracy"
    assert {"duration_seconds", "succeeded", "retries", "output_bytes"} <= {one["metric"] for one in found}
    assert [one["metric"] for one in found if one["verdict"] == "REGRESSION"] == ["accuracy"]


def test_a_series_of_a_task_has_its_values_alone() -> None:
    assert len(accuracy(shifted(), task="evaluate")["points"]) == RUNS
    assert accuracy(shifted(), task="prepare")["points"] == []


def test_a_parameter_splits_a_series_by_its_values() -> None:
    store = recorded(*a_series(Training(), Training(rate="0.2")))
    found = asked(store, metrics=["accuracy"], by="rate")
    assert {one["split"]["value"]: len(one["points"]) for one in found} == {"0.1": SHIFT, "0.2": RUNS - SHIFT}
    assert all(one["split"]["parameter"] == "rate" for one in found)


def test_another_version_of_the_pipeline_is_marked_in_one_series() -> None:
    points = accuracy(recorded(*a_series(Training(), Training(script="train --faster"))))["points"]
    assert [number for number, one in enumerate(points) if one["versionChanged"]] == [SHIFT]


def test_runs_without_a_value_stand_between_the_others() -> None:
    runs = list(a_series(Training(), Training()))
    runs[10] = replace(runs[10], failed=True)
    trend = accuracy(recorded(*runs))
    (gap,) = trend["gaps"]
    assert (gap["run"]["displayName"], gap["missed"]) == ("training-00010", False)
    assert gap["reason"] == "the run ended as FAILED before a number was recorded"
    assert trend["summary"]["missing"] == 1
    assert len(trend["points"]) == RUNS - 1


def test_slots_for_which_no_run_was_made_are_gaps() -> None:
    kubeflow = "ScheduledWorkflow"
    runs = (a_scheduled_run(3600 * hour, kind=kubeflow) for hour in (10, 11, 13))
    store = a_store(a_recurring_run(kind=kubeflow), *runs)
    (trend,) = asked(store, EVERY_RUN, metrics=["duration_seconds"])
    missed = [gap["at"] for gap in trend["gaps"] if gap["missed"]]
    assert missed[0] == "1970-01-01T12:00:00Z"
    assert trend["summary"]["slotsMissed"] == len(missed)


def test_a_run_that_is_due_in_the_future_misses_nothing() -> None:
    kubeflow = "ScheduledWorkflow"
    far = 253_402_297_200  # the last hour of the year 9999
    store = a_store(a_recurring_run(kind=kubeflow), a_scheduled_run(far, kind=kubeflow, took=1))
    (trend,) = asked(store, EVERY_RUN, metrics=["duration_seconds"])
    assert (len(trend["points"]), trend["gaps"]) == (1, [])


def test_where_too_many_slots_were_due_it_is_said_how_far_they_were_looked_at() -> None:
    kubeflow = "ScheduledWorkflow"
    store = a_store(a_recurring_run(kind=kubeflow), a_scheduled_run(36_000, kind=kubeflow))
    (trend,) = asked(store, EVERY_RUN, metrics=["duration_seconds"])
    assert trend["summary"]["slotsMissed"] == 999  # of a thousand hours all but the first
    assert any("missed slots are told up to 1970-02-12 01:00 UTC" in one for one in trend["warnings"])


def test_the_same_data_give_the_same_answer() -> None:
    assert asked(shifted()) == asked(shifted())


def test_what_a_caller_may_not_see_is_in_no_trend() -> None:
    elsewhere = Scope(namespaces=frozenset({(CLUSTER, "elsewhere")}))
    answer = execute(
        shifted(), elsewhere, saved_queries()["metric-trends"].text, {"scope": EVERY_RUN, "metrics": ["accuracy"]}
    )
    assert answer["data"]["metricTrends"][0]["points"] == []


def test_a_single_metric_is_told_as_in_the_list_of_all() -> None:
    text = 'query ($scope: TrendScope!) { metricTrend(metric: "accuracy", scope: $scope, last: 30) { %s } }'
    fields = (
        "verdict warnings points { value at } shifts { pValue notTracked before { displayName } } summary { count }"
    )
    answer = execute(shifted(), EVERYTHING, text % fields, {"scope": TRAINING})
    assert "errors" not in answer, answer["errors"]
    found, listed = answer["data"]["metricTrend"], accuracy(shifted(), last=30)
    assert found["summary"] == {"count": 30}
    assert [one["value"] for one in found["points"]] == [one["value"] for one in listed["points"]]
    assert [one["before"]["displayName"] for one in found["shifts"]] == [
        one["before"]["displayName"] for one in listed["shifts"]
    ]
    assert found["shifts"]


def test_more_values_than_fit_memory_are_refused() -> None:
    metrics = [f"m{number}" for number in range(51)]
    values = {"scope": TRAINING, "metrics": metrics, "last": 10_000}
    answer = execute(shifted(), EVERYTHING, saved_queries()["metric-trends"].text, values)
    assert "the last 10000 points of 51 metrics are too many: ask for 9803" in answer["errors"][0]["message"]


@pytest.mark.parametrize("last", [0, 10_001])
def test_more_points_than_are_told_are_refused(last: int) -> None:
    answer = execute(shifted(), EVERYTHING, saved_queries()["metric-trends"].text, {"scope": TRAINING, "last": last})
    assert f"last is {last}" in answer["errors"][0]["message"]


# ------------------------------------------------------------------------------------------ noise, and what is new
def settled(store: SqlStore) -> SqlStore:
    while store.settle(limit=RUNS):
        pass
    return store


def test_how_far_runs_lie_apart_that_ran_the_same_is_told() -> None:
    """Runs before the shift are alike, and so are those since: the step between them is no noise."""
    noise = accuracy(settled(recorded(*a_series(Training(), Training(rate="0.2")))))["noise"]
    assert (noise["groups"], noise["count"]) == (2, RUNS)
    assert noise["deviation"] == pytest.approx(0.01, rel=0.3)
    assert noise["detectable"] == pytest.approx(1.77 * noise["deviation"], rel=0.01)


def test_where_no_runs_are_alike_nothing_is_known_of_the_noise() -> None:
    assert accuracy(recorded(*a_series(Training(), Training())))["noise"] is None  # nothing was settled
    each = [replace(one, rate=f"0.{number + 10}") for number, one in enumerate(a_series(Training(), Training()))]
    assert accuracy(settled(recorded(*each)))["noise"] is None


def test_what_is_too_new_to_be_confirmed_is_warned_of() -> None:
    runs = list(a_series(Training(), Training(), drop=0, seed=4))
    runs[-3:] = [replace(one, accuracy=f"{float(one.accuracy) - 0.03:.4f}") for one in runs[-3:]]
    trend = accuracy(recorded(*runs))
    alarm = trend["alarm"]
    assert (trend["shifts"], alarm["rises"], alarm["runsBetweenFalse"]) == ([], False, 465)
    assert alarm["since"]["displayName"] == runs[-3].name
    assert alarm["at"] in {point["at"] for point in trend["points"]}
    assert accuracy(recorded(*runs[:-3]))["alarm"] is None
