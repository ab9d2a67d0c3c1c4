"""Metrics in the store: where their values come from, which one counts, and what lists do with them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
from msgspec import structs

from lineage.evidence import MetricValue, Said, SetAside
from lineage.identity import Key, execution_key, experiment_key, run_key, written_key
from lineage.model import OF_EVERY_RUN, Metric, Special
from lineage.observation import LocationLooked
from lineage.ports import EVERYTHING, Condition, Listing, Operator, Order, PageRequest, Scope
from lineage.store.measures import MEASURES
from lineage.store.sql import SqlStore
from tests.factories import (
    CLUSTER,
    NAMESPACE,
    KubernetesObject,
    a_node,
    a_pod,
    a_store,
    a_workflow,
    dumped,
    looked,
    record,
)

pytestmark = pytest.mark.usefixtures("database")

NODE: Final = "w-1000001"
STEP: Final = execution_key("u1", NODE, 10)
RUN: Final = run_key("u1")
FILE: Final = written_key("u1", NODE, 10, "x0")
BUILT_IN: Final = {"cpu_seconds", "duration_seconds", "memory_seconds", "queue_seconds", "retries"}


def a_step(
    name: str = "w.a", start: float = 10, end: float = 20, /, *, writes: Sequence[str] = (), **results: Any
) -> KubernetesObject:
    """A node with output parameters."""
    node = a_node(name, start, end, writes=writes)
    node["outputs"]["parameters"] = [{"name": name, "value": str(value)} for name, value in results.items()]
    return node


def says(*values: MetricValue, key: str = "k", at: float = 30, **more: Any) -> LocationLooked:
    """A look at a file of metrics."""
    seen = looked(key, modified=19, at=at)
    return structs.replace(seen, look=replace(seen.look, digest="sha256:1", said=Said(values=values, **more)))


def value(name: str, number: float | None, step: int = 0, **more: Any) -> MetricValue:
    return MetricValue(name=name, value=number, step=step, **more)


def of_step(store: SqlStore, key: Key = STEP) -> dict[str, Metric]:
    """What was recorded of an execution."""
    found = store.metrics_of_executions(EVERYTHING, [key])[key]
    assert [one.name for one in found] == sorted(one.name for one in found)
    return {one.name: one for one in found if one.source != "built in"}


def built_in(metrics: Sequence[Metric]) -> dict[str, float | None]:
    return {one.name: one.value for one in metrics if one.source == "built in"}


def of_run(store: SqlStore, key: Key = RUN) -> dict[str, float | None]:
    return {one.name: one.value for one in store.metrics_of_runs(EVERYTHING, [key])[key] if one.source != "built in"}


# ------------------------------------------------------------------------------------------ where they come from
def test_output_parameters_that_hold_a_number_are_metrics_by_their_names() -> None:
    store = a_store(a_workflow({NODE: a_step(accuracy="0.93", val_loss=0.1, verdict="good", rows=7, auc="high")}))
    assert {name: one.value for name, one in of_step(store).items()} == {"accuracy": 0.93, "val_loss": 0.1}
    found = of_step(store)["accuracy"]
    assert (found.run_key, found.execution_key, found.step, found.cached) == (RUN, STEP, 0, False)
    assert found.source == "outputs.parameters.accuracy"
    assert found.at is not None


def test_a_template_may_declare_which_output_parameters_are_metrics() -> None:
    spec = {"templates": [{"name": "t", "metadata": {"annotations": {"kfp-lineage/metrics": "rows, lift"}}}]}
    node = a_step(rows=7, lift=1.5, other=1) | {"templateName": "t"}
    store = a_store(a_workflow({NODE: node}, spec=spec))
    assert {name: one.value for name, one in of_step(store).items()} == {"lift": 1.5, "rows": 7}


def test_what_is_no_number_is_kept_apart() -> None:
    store = a_store(a_workflow({NODE: a_step(loss="NaN", auc="-inf")}))
    found = {name: (one.value, one.special) for name, one in of_step(store).items()}
    assert found == {"auc": (None, Special.NEGATIVE_INFINITY), "loss": (None, Special.NAN)}
    assert runs_where(store, "loss", Operator.LT, 10**9) == []


def test_a_parameter_that_holds_another_number_later_or_none_is_that() -> None:
    store = a_store(a_workflow({NODE: a_step(accuracy=0.5, loss=1)}))
    record(store, a_workflow({NODE: a_step(accuracy=0.75)}, version=2))
    assert {name: one.value for name, one in of_step(store).items()} == {"accuracy": 0.75}
    record(store, a_workflow({NODE: a_node("w.a", 10, 20)}, version=3))
    assert of_step(store) == {}


def test_a_file_of_metrics_tells_of_the_step_that_wrote_it() -> None:
    run = a_workflow({NODE: a_step(writes=["k"])})
    store = a_store(run, says(value("auc", 0.8, is_percentage=True)))
    found = of_step(store)["auc"]
    assert (found.value, found.is_percentage, found.source) == (0.8, True, "s3:///k")
    assert dumped(store) == dumped(a_store(says(value("auc", 0.8, is_percentage=True)), run))


def test_a_file_that_another_write_replaced_tells_of_nobody() -> None:
    store = a_store(a_workflow({NODE: a_step(writes=["k"])}), says(value("auc", 0.8)))
    other = a_workflow({"v-1": a_node("v.a", 15, 19, writes=["k"])}, uid="u2", name="v")
    record(store, other)  # which of the two it shows, nobody can know any more
    assert of_step(store) == {}
    assert dumped(store) == dumped(a_store(other, a_workflow({NODE: a_step(writes=["k"])}), says(value("auc", 0.8))))


def test_a_file_counts_before_a_parameter_and_a_later_step_before_an_earlier_one() -> None:
    run = a_workflow({NODE: a_step(writes=["k"], accuracy=0.1, loss=0.1)})
    series = [value("loss", 0.9, 0), value("loss", None, 2, special=Special.NAN), value("loss", 0.5, 1)]
    store = a_store(run, says(value("accuracy", 0.2), *series))
    assert of_step(store)["accuracy"].value == 0.2
    assert (of_step(store)["loss"].step, of_step(store)["loss"].special) == (2, Special.NAN)


def test_who_takes_a_file_over_has_its_values_as_old_ones() -> None:
    first = a_workflow({NODE: a_step(writes=["runs/w-1000001/k"])})
    hit = a_node("v.a", 50, 51, writes=["runs/w-1000001/k"], memoizationStatus={"hit": True})
    again = a_workflow({"v-1": hit}, uid="u2", name="v")
    look = says(value("auc", 0.8), key="runs/w-1000001/k")
    store = a_store(first, again, look)
    taken = of_step(store, execution_key("u2", "v-1", 50))["auc"]
    assert (taken.value, taken.cached, taken.run_key) == (0.8, True, run_key("u2"))
    assert not of_step(store)["auc"].cached
    orders: list[list[Any]] = [[look, again, first], [again, look, first], [first, look, again]]
    for order in orders:
        assert dumped(a_store(*order)) == dumped(store)
        assert dumped(a_store(*order, at_once=True)) == dumped(store)


def test_a_file_may_say_that_nothing_of_it_counts() -> None:
    store = a_store(
        a_workflow({NODE: a_step(writes=["k"])}), says(set_aside=(SetAside("metrics[0].name", "it is missing"),))
    )
    assert of_step(store) == {}
    assert store.metadata(EVERYTHING, [FILE]) == {
        FILE: {"setAside": [{"place": "metrics[0].name", "reason": "it is missing"}]}
    }


def test_what_is_to_be_shown_is_metadata() -> None:
    plots = ({"type": "markdown", "text": "# Report"},)
    store = a_store(a_workflow({NODE: a_step(writes=["k"])}), says(value("auc", 0.8), plots=plots))
    assert store.metadata(EVERYTHING, [FILE]) == {FILE: {"metrics": {"auc": 0.8}, "plots": list(plots)}}


# ------------------------------------------------------------------------------------------ series
def test_a_series_comes_in_the_order_of_its_steps() -> None:
    run = a_workflow({NODE: a_step(writes=["k", "m"], loss=9)})
    one = says(value("loss", 0.9, 10), value("loss", 0.5, 20), value("auc", 1))
    other = says(value("loss", 0.4, 30), key="m")
    store = a_store(run, one, other)
    found = store.metric_series(EVERYTHING, [STEP], "loss")[STEP]
    assert [(metric.step, metric.value) for metric in found] == [(0, 9), (10, 0.9), (20, 0.5), (30, 0.4)]
    assert store.metric_series(EVERYTHING, [STEP], "nothing") == {}


# ------------------------------------------------------------------------------------------ runs
def test_of_a_run_the_execution_counts_that_ended_last() -> None:
    nodes = {
        NODE: a_step(accuracy=0.9),
        "w-2": a_step("w.b", 30, 40, accuracy=0.5),
        "w-3": a_step("w.c", 5, 15, loss=1),
    }
    assert of_run(a_store(a_workflow(nodes))) == {"accuracy": 0.5, "loss": 1}


def test_an_attempt_that_was_replaced_counts_no_more() -> None:
    store = a_store(a_workflow({NODE: a_step(accuracy=0.9)}))
    record(store, a_workflow({NODE: a_step("w.a", 50, 60, loss=2)}, version=2))
    assert of_run(store) == {"loss": 2}
    assert of_step(store)["accuracy"].value == 0.9  # what it came to then


def test_every_run_and_execution_has_what_is_built_in() -> None:
    steps = {
        NODE: a_node("w.a", 10, 20, resourcesDuration={"cpu": 5, "memory": 12}),
        "w-2": a_node("w.b", 21, None, "Running"),
    }
    run = a_workflow(steps, phase="Succeeded", startedAt="2026-01-31T12:00:02Z", finishedAt="2026-01-31T12:01:02Z")
    pod = a_pod(node_id=NODE, born=10, end=20)
    (container,) = pod["status"]["containerStatuses"]
    container["state"]["terminated"]["startedAt"] = "2026-01-31T12:00:13Z"
    store = a_store(run, pod)
    waited = built_in(store.metrics_of_executions(EVERYTHING, [STEP])[STEP])
    assert waited.keys() == BUILT_IN
    assert (waited["cpu_seconds"], waited["memory_seconds"]) == (5, 12)
    assert (waited["duration_seconds"], waited["retries"]) == (10, 0)
    (found,) = store.metrics_of_runs(EVERYTHING, [RUN]).values()
    assert built_in(found)["duration_seconds"] == 60
    assert built_in(found)["cpu_seconds"] == 5
    assert {one.execution_key for one in found} == {None}


def test_what_is_built_in_of_runs_is_what_every_run_is_said_to_have() -> None:
    assert set(MEASURES) == set(OF_EVERY_RUN)


def test_a_retry_is_an_attempt_that_was_not_the_last() -> None:
    nodes = {
        "w-0": a_node("w.a", 5, 40, kind="Retry", children=[NODE, "w-2"]),
        NODE: a_node("w.a(0)", 10, 20, "Failed"),
        "w-2": a_node("w.a(1)", 25, 40),
    }
    store = a_store(a_workflow(nodes))
    assert built_in(store.metrics_of_runs(EVERYTHING, [RUN])[RUN])["retries"] == 1
    again = execution_key("u1", "w-2", 25)
    assert built_in(store.metrics_of_executions(EVERYTHING, [again])[again])["retries"] == 1
    record(store, a_workflow({**nodes, "w-2": a_node("w.a(1)", 60, 70)}, version=2))  # retried by hand
    assert built_in(store.metrics_of_runs(EVERYTHING, [RUN])[RUN])["retries"] == 2


def test_what_somebody_recorded_counts_before_what_is_built_in() -> None:
    spec = {"templates": [{"name": "t", "metadata": {"annotations": {"kfp-lineage/metrics": "duration_seconds"}}}]}
    store = a_store(a_workflow({NODE: a_step(duration_seconds=7) | {"templateName": "t"}}, spec=spec))
    assert of_step(store)["duration_seconds"].value == 7
    assert runs_where(store, "duration_seconds", Operator.EQ, 7) == ["u1"]


# ------------------------------------------------------------------------------------------ lists
def a_run(uid: str, **results: Any) -> KubernetesObject:
    labels = {"kfp-lineage/experiment": "tuning"} if uid in ("a", "b") else {}
    return a_workflow({f"{uid}-1": a_step(f"{uid}.a", **results)}, uid=uid, name=uid, labels=labels)


def runs_where(store: SqlStore, name: str, operator: Operator, value: object) -> list[str]:
    where = Condition(field="metric", operator=operator, value=value, name=name)
    return uids(store, Listing(where=where, order=(Order(field="NAME"),)))


def uids(store: SqlStore, listing: Listing, **page: Any) -> list[str]:
    found = store.runs(EVERYTHING, listing, PageRequest(**(page or {"first": 50})))
    return [str(run.uid) for run in found.items]


def test_runs_are_found_by_the_value_of_a_metric() -> None:
    store = a_store(a_run("a", accuracy=0.9), a_run("b", accuracy=0.5), a_run("c", loss=1), a_run("d", accuracy="NaN"))
    assert runs_where(store, "accuracy", Operator.GT, 0.5) == ["a"]
    assert runs_where(store, "accuracy", Operator.LTE, 0.9) == ["a", "b"]
    assert runs_where(store, "accuracy", Operator.EQ, 0.5) == ["b"]
    assert runs_where(store, "retries", Operator.EQ, 0) == ["a", "b", "c", "d"]
    assert (
        store.count(EVERYTHING, type(store.runs(EVERYTHING, Listing(), PageRequest(first=1)).items[0]), Listing()) == 4
    )


@pytest.mark.parametrize("descending", [False, True])
def test_runs_are_ordered_by_a_metric_and_those_without_it_come_last(*, descending: bool) -> None:
    runs = [a_run("a", accuracy=0.9), a_run("b", accuracy=0.5), a_run("c", loss=1), a_run("d", accuracy=0.7)]
    store = a_store(*runs)
    listing = Listing(order=(Order(field="METRIC", name="accuracy", descending=descending),))
    expected = ["a", "d", "b", "c"] if descending else ["b", "d", "a", "c"]
    assert uids(store, listing) == expected
    walked, after = list[str](), None
    while len(walked) < 4:
        page = store.runs(EVERYTHING, listing, PageRequest(first=1, after=after))
        walked += [str(run.uid) for run in page.items]
        after = page.cursors[-1]
    assert walked == expected
    assert uids(store, listing, last=2) == expected[2:]


def test_names_are_those_that_the_runs_of_a_scope_recorded() -> None:
    store = a_store(a_run("a", accuracy=0.9), a_run("b", loss=0.5), a_run("c", auc=1))
    assert store.metric_names(EVERYTHING, None) == ("accuracy", "auc", "loss")
    tuning = Condition(field="experiment", operator=Operator.EQ, value=experiment_key(CLUSTER, NAMESPACE, "tuning"))
    assert store.metric_names(EVERYTHING, tuning) == ("accuracy", "loss")


def test_who_may_not_see_a_run_sees_no_metric_of_it() -> None:
    store = a_store(a_workflow({NODE: a_step(writes=["k"], accuracy=0.9)}), says(value("auc", 0.8)))
    nowhere = Scope(namespaces=frozenset({(CLUSTER, "another")}))
    assert store.metrics_of_runs(nowhere, [RUN]) == {}
    assert store.metrics_of_executions(nowhere, [STEP]) == {}
    assert store.metric_series(nowhere, [STEP], "auc") == {}
    assert store.metadata(nowhere, [FILE]) == {}
    assert store.metric_names(nowhere, None) == ()
