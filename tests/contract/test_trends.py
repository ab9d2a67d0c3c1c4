"""How a metric moves from run to run, as a store reads it: the values that count, the runs without one, and what was
another in each run."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import product

import pytest
from sqlalchemy import update

from lineage.identity import pipeline_key, recurring_run_key, run_key
from lineage.model import Circumstance, CircumstanceKind, Phase
from lineage.ports import EVERYTHING, AllOf, AnyOf, Condition, Listing, Operator, PageRequest, Scope
from lineage.redaction import is_redacted
from lineage.store import tables
from lineage.store.sql import SqlStore
from tests.factories import (
    CLUSTER,
    NAMESPACE,
    KubernetesObject,
    a_node,
    a_recurring_run,
    a_scheduled_run,
    a_store,
    a_workflow,
    moment,
    rfc3339,
)
from tests.training_run import Training, digest_of
from tests.worlds import a_world

pytestmark = pytest.mark.usefixtures("database")


def a_series(*values: str, start: int = 0) -> Iterator[Training]:
    for number, value in enumerate(values, start):
        yield Training(uid=f"u{number}", name=f"training-{number}", born=1000 * (number + 1), accuracy=value)


def recorded(*runs: Training) -> SqlStore:
    return a_store(*(one for run in runs for one in (run.workflow(), *run.pods(), *run.looks())))


def values(store: SqlStore, metric: str = "accuracy", *, task: str | None = None, last: int = 10) -> list[float]:
    return [one.value for one in store.trend_points(EVERYTHING, [metric], None, task=task, last=last)[metric]]


# ------------------------------------------------------------------------------------------ values
def test_values_come_in_the_order_of_the_runs_however_they_were_recorded() -> None:
    runs = list(a_series("0.9", "0.8", "0.7"))
    assert values(recorded(*reversed(runs))) == [0.9, 0.8, 0.7]


def test_a_name_that_no_database_can_hold_is_asked_for_all_the_same() -> None:
    store = recorded(*a_series("0.9"))
    assert values(store, "accu\0racy") == []
    assert values(store, task="tr\0ain") == []
    without = store.runs_without(EVERYTHING, "a\0", None, task="tr\0ain", since=moment(0), limit=9)
    assert [one.run_key for one in without] == [run_key("u0")]


def test_the_last_ones_are_the_newest() -> None:
    assert values(recorded(*a_series("0.9", "0.8", "0.7")), last=2) == [0.8, 0.7]


def test_each_names_its_run_its_execution_and_its_time() -> None:
    (point,) = recorded(*a_series("0.9")).trend_points(EVERYTHING, ["accuracy"], None, task=None, last=1)["accuracy"]
    assert (point.run_key, point.task, point.at) == (run_key("u0"), "evaluate", moment(1000))
    assert point.execution_key is not None
    assert point.execution_key[:2] == ("Execution", "u0")
    assert not point.cached


def test_parameters_of_the_runs_are_read_where_they_are_asked_for() -> None:
    store = recorded(*a_series("0.9"))
    (point,) = store.trend_points(EVERYTHING, ["accuracy"], None, task=None, last=1, parameters=True)["accuracy"]
    assert point.parameters == {"rate": "0.1"}
    assert store.trend_points(EVERYTHING, ["accuracy"], None, task=None, last=1)["accuracy"][0].parameters == {}


def test_of_several_metrics_each_value_has_the_parameters_of_its_run() -> None:
    store = recorded(*a_series("0.9", "0.8"))
    found = store.trend_points(EVERYTHING, ["accuracy", "retries"], None, task=None, last=2, parameters=True)
    assert [[one.parameters for one in of] for of in found.values()] == [[{"rate": "0.1"}] * 2] * 2


def test_parameters_of_runs_that_an_earlier_release_recorded_are_read_from_their_rows() -> None:
    store = a_world(12)
    metrics = ["duration_seconds", "retries"]

    def parameters(*metrics: str) -> list[Mapping[str, str | None]]:
        found = store.trend_points(EVERYTHING, metrics, None, task=None, last=12, parameters=True)
        return [one.parameters for of in found.values() for one in of]

    known = [parameters(*metrics), *map(parameters, metrics)]
    assert any(map(any, known))
    with store._writing() as connection:
        connection.execute(update(tables.run).values(parameters=None))
    assert [parameters(*metrics), *map(parameters, metrics)] == known


def test_of_a_task_only_what_its_executions_say_counts() -> None:
    store = recorded(*a_series("0.9", "0.8"))
    assert values(store, task="evaluate") == [0.9, 0.8]
    assert values(store, task="prepare") == []


def test_what_is_built_in_moves_like_any_other() -> None:
    store = recorded(*a_series("0.9", "0.8"))
    assert values(store, "duration_seconds") == [60, 60]
    assert values(store, "succeeded") == [1, 1]
    took = values(store, "duration_seconds", task="evaluate")
    assert len(took) == 2
    assert all(0 < seconds < 60 for seconds in took)


def test_how_long_a_task_waited_follows_from_its_pods() -> None:
    store = recorded(*a_series("0.9", "0.8"))
    told = [
        one.value
        for of in store.metrics_of_executions(
            EVERYTHING,
            [
                one.execution_key
                for one in store.trend_points(EVERYTHING, ["accuracy"], None, task=None, last=2)["accuracy"]
                if one.execution_key is not None
            ],
        ).values()
        for one in of
        if one.name == "queue_seconds"
    ]
    assert values(store, "queue_seconds", task="evaluate") == told


def test_what_is_no_number_is_left_out_and_its_run_is_one_without() -> None:
    store = recorded(*a_series("0.9", "nan", "0.7"))
    assert values(store) == [0.9, 0.7]
    without = store.runs_without(EVERYTHING, "accuracy", None, task=None, since=moment(0), limit=10)
    assert [(one.run_key, one.phase) for one in without] == [(run_key("u1"), Phase.SUCCEEDED)]


def test_a_run_that_failed_before_it_was_measured_is_one_without() -> None:
    failed = Training(uid="u9", name="training-9", born=5000, failed=True, steps=("prepare",))
    store = recorded(*a_series("0.9"), failed)
    without = store.runs_without(EVERYTHING, "accuracy", None, task=None, since=moment(0), limit=10)
    assert [(one.run_key, one.phase, one.at) for one in without] == [(run_key("u9"), Phase.FAILED, moment(5000))]
    assert store.runs_without(EVERYTHING, "accuracy", None, task=None, since=moment(5001), limit=10) == ()


def test_a_run_stands_where_it_was_due_and_is_as_late_as_it_was_made() -> None:
    store = a_store(*(a_scheduled_run(due, kind="ScheduledWorkflow", late=late) for due, late in ((660, 7), (720, 0))))
    points = store.trend_points(EVERYTHING, ["lateness_seconds"], None, task=None, last=9)["lateness_seconds"]
    assert [(one.at, one.scheduled_at, one.value) for one in points] == [
        (moment(660), moment(660), 7),
        (moment(720), moment(720), 0),
    ]


# ------------------------------------------------------------------------------------------ which runs
def test_only_runs_of_the_list_that_is_asked_for_count() -> None:
    store = recorded(*a_series("0.9", "0.8"))
    of_one = Condition(field="name", operator=Operator.EQ, value="training-1")
    assert [
        one.value for one in store.trend_points(EVERYTHING, ["accuracy"], of_one, task=None, last=9)["accuracy"]
    ] == [0.8]


def test_of_a_pipeline_the_last_runs_are_those_of_all_its_versions_together() -> None:
    runs = list(a_series("0.1", "0.2", "0.3", "0.4", "0.5", "0.6"))
    for number in (1, 2, 5):
        runs[number] = replace(runs[number], script="train --faster")
    store = recorded(*runs)
    of_it = Condition(field="pipeline", operator=Operator.EQ, value=pipeline_key(CLUSTER, NAMESPACE, "training"))
    for where in (of_it, AllOf((of_it,))):
        found = store.trend_points(EVERYTHING, ["accuracy"], where, task=None, last=4)["accuracy"]
        assert [one.value for one in found] == [0.3, 0.4, 0.5, 0.6]
        assert len({one.version_key for one in found}) == 2
    nobody = replace(of_it, value=pipeline_key(CLUSTER, NAMESPACE, "nobody"))
    assert store.trend_points(EVERYTHING, ["accuracy", "retries"], nobody, task=None, last=4) == {
        "accuracy": (),
        "retries": (),
    }


def measured_steps(name: str, began: int, *values: str | None) -> dict[str, KubernetesObject]:
    """Steps that ended one after the other, each of which said a value of the metric, or none."""
    nodes = {}
    for number, value in enumerate(values):
        nodes[f"{name}-{number}"] = node = a_node(f"{name}.step-{number}", began + 10 * number, began + 10 * number + 5)
        if value is not None:
            node["outputs"]["parameters"] = [{"name": "accuracy", "value": value}]
    return nodes


def a_measured_run(number: int, *values: str | None, version: int = 1, again: int = 0) -> KubernetesObject:
    """A run of a pipeline with such steps; they may have been begun again, so many seconds later."""
    name, born = f"nightly-{number}", 1000 * number
    return a_workflow(
        measured_steps(name, born + again, *values),
        uid=f"u{number}",
        name=name,
        born=born,
        version=version,
        phase="Succeeded",
        startedAt=rfc3339(born),
        metadata={"generateName": "nightly-"},
    )


NIGHTLY = Condition(field="pipeline", operator=Operator.EQ, value=pipeline_key(CLUSTER, NAMESPACE, "nightly"))


@pytest.mark.parametrize("where", [None, NIGHTLY])
@pytest.mark.parametrize("several", [1, 2, 3])
def test_a_run_with_several_values_counts_once_wherever_it_stands(where: Condition | None, several: int) -> None:
    said = {number: ("0.7", "0.2") if number == several else ("0.5",) for number in (1, 2, 3)}
    store = a_store(*(a_measured_run(number, *values) for number, values in said.items()))
    known = [float(values[-1]) for values in said.values()]
    for last in (1, 2, 3, 4):
        found = store.trend_points(EVERYTHING, ["accuracy"], where, task=None, last=last)["accuracy"]
        assert [one.value for one in found] == known[-last:]
        assert [one.run_key for one in found] == [run_key(f"u{number}") for number in said][-last:]


@pytest.mark.parametrize("where", [None, NIGHTLY])
def test_what_was_superseded_is_no_value_of_its_run(where: Condition | None) -> None:
    runs = [a_measured_run(number, "0.5") for number in (1, 2)]
    store = a_store(*runs, a_measured_run(2, None, version=2, again=100))
    found = store.trend_points(EVERYTHING, ["accuracy"], where, task=None, last=9)["accuracy"]
    assert [one.run_key for one in found] == [run_key("u1")]
    assert store.trend_points(EVERYTHING, ["accuracy"], where, task=None, last=1)["accuracy"] == ()


@pytest.mark.parametrize("field", ["pipeline", "experiment"])
def test_the_last_values_are_the_same_whether_an_index_has_the_runs_in_their_order_or_none(field: str) -> None:
    store, compared = a_world(48), 0
    owners = store.pipelines if field == "pipeline" else store.experiments
    for owner in owners(EVERYTHING, Listing(), PageRequest(first=9)).items:
        where = Condition(field=field, operator=Operator.EQ, value=owner.key)
        for task, last, parameters in product((None, "train"), (1, 3, 48), (False, True)):
            read = partial(store.trend_points, EVERYTHING, ["accuracy"], task=task, last=last, parameters=parameters)
            found = read(where)
            assert found == read(AnyOf((where,)))
            compared += len(found["accuracy"])
    assert compared


def test_no_run_is_of_two_pipelines() -> None:
    store = recorded(*a_series("0.9"))
    both = [pipeline_key(CLUSTER, NAMESPACE, name) for name in ("training", "other")]
    where = AllOf(tuple(Condition(field="pipeline", operator=Operator.EQ, value=key) for key in both))
    assert store.trend_points(EVERYTHING, ["accuracy"], where, task=None, last=4) == {"accuracy": ()}


@pytest.mark.parametrize("metric", ["duration_seconds", "accuracy"])
def test_of_a_recurring_run_only_the_runs_that_it_made_count(metric: str) -> None:
    kubeflow = "ScheduledWorkflow"
    mine = (a_scheduled_run(due, kind=kubeflow, nodes=measured_steps("n", due, "0.5")) for due in (3600, 7200))
    other = a_scheduled_run(5000, kind=kubeflow, recurring="r2", name="weekly", nodes=measured_steps("w", 5000, "0.5"))
    store = a_store(a_recurring_run(kind=kubeflow), *mine, other)
    of_it = Condition(field="recurringRun", operator=Operator.EQ, value=recurring_run_key("r1"))
    found = store.trend_points(EVERYTHING, [metric], of_it, task=None, last=9)[metric]
    assert [one.at for one in found] == [moment(3600), moment(7200)]


def test_only_runs_that_the_caller_may_see_count() -> None:
    store = recorded(*a_series("0.9"))
    elsewhere = Scope(namespaces=frozenset({(CLUSTER, "elsewhere")}))
    assert store.trend_points(elsewhere, ["accuracy"], None, task=None, last=9)["accuracy"] == ()
    assert store.runs_without(elsewhere, "other", None, task=None, since=moment(0), limit=9) == ()
    assert store.circumstances(elsewhere, [run_key("u0")]) == {}


# ------------------------------------------------------------------------------------------ circumstances
def test_what_changes_in_a_run_changes_its_circumstance_and_no_other() -> None:
    before, after = Training(), Training(uid="u2", name="training-xyz99", born=3000, image_word="another")
    found = recorded(before, after).circumstances(EVERYTHING, [run_key("u1"), run_key("u2")])
    old, new = found[run_key("u1")], found[run_key("u2")]
    assert old.keys() == new.keys()
    changed = {one for one in old if old[one] != new[one] and one.kind is not CircumstanceKind.PLACE}  # written again
    assert {one.kind for one in changed} == {CircumstanceKind.IMAGE}
    image = next(iter(changed))
    assert (old[image], new[image]) == (digest_of("train"), digest_of("another"))


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        (Training(rate="0.2"), CircumstanceKind.PARAMETER),
        (Training(data="clients"), CircumstanceKind.CONTENT),
        (Training(data_key="raw/elsewhere.csv"), CircumstanceKind.PLACE),
        (Training(script="train --faster"), CircumstanceKind.SPEC),
    ],
)
def test_each_kind_of_change_is_found(other: Training, kind: CircumstanceKind) -> None:
    found = recorded(Training(), replace(other, uid="u2", name="training-xyz99", born=3000)).circumstances(
        EVERYTHING, [run_key("u1"), run_key("u2")]
    )
    old, new = found[run_key("u1")], found[run_key("u2")]
    assert kind in {one.kind for one in old.keys() | new.keys() if old.get(one) != new.get(one)}


def test_what_another_run_wrote_has_the_images_of_that_run_behind_it() -> None:
    writer = Training(steps=("prepare",))
    node = a_node("reader.read", 5010, 5020, reads=[next(iter(_written_by(writer)))])
    reader = a_workflow(
        {"reader-1": node}, uid="r1", name="reader", born=5000, phase="Succeeded", startedAt=rfc3339(5000)
    )
    store = a_store(writer.workflow(), *writer.pods(), *writer.looks(), reader)
    upstream = {
        one.name: value
        for one, value in store.circumstances(EVERYTHING, [run_key("r1")])[run_key("r1")].items()
        if one.kind is CircumstanceKind.UPSTREAM
    }
    assert list(upstream.values()) == [digest_of("prepare")]


def _written_by(run: Training) -> Iterator[str]:
    for node in run.workflow()["status"]["nodes"].values():
        yield from (one["s3"]["key"] for one in node.get("outputs", {}).get("artifacts", ()))


def test_the_value_of_a_secret_is_not_among_them() -> None:
    run = a_workflow(
        {},
        uid="s1",
        name="s1",
        phase="Succeeded",
        spec={"entrypoint": "a", "arguments": {"parameters": [{"name": "password", "value": "swordfish"}]}},
    )
    found = a_store(run).circumstances(EVERYTHING, [run_key("s1")])[run_key("s1")]
    secret = found[Circumstance(kind=CircumstanceKind.PARAMETER, step=None, name="password")]
    assert is_redacted(secret)
