"""Katib: what experiments and trials say, in each release, and with everything optional left out."""

import json

import pytest

from lineage.errors import InvalidObservation
from lineage.facts import ExecutionSeen, ObjectKept, RunSeen
from lineage.model import Parameter, Phase
from lineage.workloads import Assignment, ObservedMetric, SearchedParameter
from tests.conftest import fixtures_folder
from tests.factories import KubernetesObject, facts_of, moment
from tests.workloads import a_katib_experiment, a_pod_template, a_trial


def trial(item: KubernetesObject) -> ExecutionSeen:
    fact, kept = facts_of(item)
    assert isinstance(fact, ExecutionSeen)
    assert isinstance(kept, ObjectKept)
    return fact


def experiment(item: KubernetesObject) -> RunSeen:
    fact, kept = facts_of(item)
    assert isinstance(fact, RunSeen)
    assert isinstance(kept, ObjectKept)
    return fact


# ------------------------------------------------------------------------------------------ experiments
def test_an_experiment_is_a_run_of_its_own_kind_and_of_no_experiment_of_kubeflow() -> None:
    found = experiment(a_katib_experiment())
    assert (found.kind, found.run, found.experiment, found.executions) == ("KatibExperiment", "e1", None, None)


def test_an_experiment_says_what_it_is_after() -> None:
    tuning = experiment(a_katib_experiment()).tuning
    assert tuning is not None
    assert (tuning.objective, tuning.direction, tuning.goal) == ("loss", "minimize", "0.001")
    assert (tuning.algorithm, tuning.parallel_trials, tuning.max_trials) == ("random", 2, 4)
    assert tuning.searched == (
        SearchedParameter(name="lr", type="double", minimum="0.01", maximum="0.03"),
        SearchedParameter(name="optimizer", type="categorical", choices=("sgd", "adam")),
    )
    assert tuning.best_trial is None


def test_an_experiment_says_what_it_has_found() -> None:
    found = experiment(a_katib_experiment([("Succeeded", 90)], end=90, best="tune-1", trials=3))
    assert found.tuning is not None
    assert found.tuning.best_trial == "tune-1"
    assert found.tuning.best_parameters == (Assignment(name="lr", value="0.01"),)
    assert found.tuning.best_metrics == (ObservedMetric(name="loss", minimum="0.1", maximum="0.9", latest="0.2"),)
    assert found.tuning.trials == {"trials": 3, "trialsSucceeded": 3}
    assert found.expects == 3


@pytest.mark.parametrize(
    ("conditions", "phase"),
    [
        ([], Phase.PENDING),
        ([("Created", 15)], Phase.PENDING),
        ([("Created", 15), ("Running", 20)], Phase.RUNNING),
        ([("Running", 20, "False"), ("Restarting", 30)], Phase.RUNNING),
        ([("Running", 20, "False"), ("Succeeded", 30)], Phase.SUCCEEDED),
        ([("Running", 20, "False"), ("Failed", 30)], Phase.FAILED),
    ],
)
def test_the_phase_of_an_experiment_is_that_of_the_condition_that_holds(
    conditions: list[tuple[str, float] | tuple[str, float, str]], phase: Phase
) -> None:
    assert experiment(a_katib_experiment(conditions)).phase is phase


@pytest.mark.parametrize("kind", ["Experiment", "Trial"])
@pytest.mark.parametrize("version", ["v1alpha3", "v1beta1"])
def test_what_only_has_a_name_waits(kind: str, version: str) -> None:
    fact, _ = facts_of({"apiVersion": f"kubeflow.org/{version}", "kind": kind, "metadata": {"name": "bare"}})
    assert isinstance(fact, RunSeen | ExecutionSeen)
    assert (fact.phase if isinstance(fact, RunSeen) else fact.state.phase) is Phase.PENDING


@pytest.mark.parametrize("kind", ["Experiment", "Trial"])
def test_what_has_neither_a_name_nor_a_uid_means_nothing(kind: str) -> None:
    assert facts_of({"apiVersion": "kubeflow.org/v1beta1", "kind": kind}) == []


def test_a_member_that_is_not_what_it_should_be_is_told_with_its_place() -> None:
    with pytest.raises(InvalidObservation, match=r"trial a/tune-1@1: status\.conditions\[0\] is a text"):
        facts_of(a_trial() | {"status": {"conditions": ["Running"]}})


# ------------------------------------------------------------------------------------------ what is to come after Katib
SEARCH = {
    "apiVersion": "trainer.kubeflow.org/v1alpha1",
    "kind": "OptimizationJob",
    "metadata": {"name": "search", "namespace": "a", "uid": "o1", "resourceVersion": "1"},
    "spec": {
        "objectives": [{"metric": "val_loss", "direction": "minimize"}, {"metric": "seconds"}],
        "searchAlgorithm": {"random": {}},
        "parameters": [
            {"name": "lr", "searchSpace": {"logUniform": {"min": "0.0001", "max": "0.1"}}},
            {"name": "size", "searchSpace": {"categorical": {"choices": ["16", "32"]}}},
        ],
        "numTrials": 20,
        "parallelTrials": 4,
    },
}


def test_a_search_of_trainer_is_a_run_with_itself_as_its_execution() -> None:
    result = {"trainJobName": "search-ab12c", "parameters": [{"name": "lr", "value": "0.0021"}]}
    complete = {"type": "Complete", "status": "True", "reason": "MaxTrialsReached"}
    run, execution, _ = facts_of(SEARCH | {"status": {"conditions": [complete], "result": result}})
    assert isinstance(run, RunSeen)
    assert isinstance(execution, ExecutionSeen)
    assert (run.kind, run.phase, execution.state.kind, execution.run) == (
        "OptimizationJob", Phase.SUCCEEDED, "OptimizationJob", "o1",
    )  # fmt: skip
    tuning = run.tuning
    assert tuning is not None
    assert (tuning.objective, tuning.direction, tuning.algorithm, tuning.max_trials) == (
        "val_loss", "minimize", "random", 20,
    )  # fmt: skip
    assert tuning.additional_metrics == ("seconds",)
    assert tuning.searched == (
        SearchedParameter(name="lr", type="logUniform", minimum="0.0001", maximum="0.1"),
        SearchedParameter(name="size", type="categorical", choices=("16", "32")),
    )
    assert (tuning.best_trial, tuning.best_parameters) == ("search-ab12c", (Assignment(name="lr", value="0.0021"),))


def test_a_search_of_trainer_that_says_nothing_yet_waits() -> None:
    run, execution, _ = facts_of(SEARCH)
    assert isinstance(run, RunSeen)
    assert isinstance(execution, ExecutionSeen)
    assert (run.phase, run.started_at, execution.state.phase) == (Phase.PENDING, None, Phase.PENDING)


# ------------------------------------------------------------------------------------------ trials
def test_a_trial_is_an_execution_of_its_experiment() -> None:
    found = trial(a_trial(values={"lr": "0.02", "optimizer": "adam"}))
    assert (found.run, found.run_name, found.run_kind) == ("e1", "tune", "KatibExperiment")
    assert (found.state.kind, found.state.display_name, found.uid) == ("Trial", "tune-1", "trial-1")
    assert found.state.input_parameters == (
        Parameter(name="lr", value="0.02"),
        Parameter(name="optimizer", value="adam"),
    )


@pytest.mark.parametrize(
    ("conditions", "phase"),
    [
        ([], Phase.PENDING),
        ([("Created", 20)], Phase.PENDING),
        ([("Created", 20), ("Running", 21)], Phase.RUNNING),
        ([("Running", 21, "False"), ("Succeeded", 30)], Phase.SUCCEEDED),
        ([("Running", 21, "False"), ("Failed", 30)], Phase.FAILED),
        ([("Running", 21, "False"), ("Killed", 30)], Phase.FAILED),
        ([("Running", 21, "False"), ("MetricsUnavailable", 30)], Phase.FAILED),
        ([("Running", 21, "False"), ("EarlyStopped", 30)], Phase.SUCCEEDED),
    ],
)
def test_the_phase_of_a_trial_is_that_of_the_condition_that_holds(
    conditions: list[tuple[str, float] | tuple[str, float, str]], phase: Phase
) -> None:
    assert trial(a_trial(conditions)).state.phase is phase


def test_an_experiment_says_why_it_ended_and_a_trial_only_why_it_failed() -> None:
    assert experiment(a_katib_experiment([("Succeeded", 30)])).message == "it is Succeeded"
    assert trial(a_trial([("Succeeded", 30)])).state.message is None
    assert trial(a_trial([("Failed", 30)])).state.message == "it is Failed"


def test_a_trial_that_was_stopped_early_says_so() -> None:
    stopped = trial(a_trial([("EarlyStopped", 30)], end=30)).state
    assert (stopped.workload.stopped_early, stopped.message) == (True, "it is EarlyStopped")
    assert not trial(a_trial([("Succeeded", 30)], end=30)).state.workload.stopped_early


LOSS = {"name": "loss", "min": "0.1", "max": "0.9", "latest": "0.2"}


@pytest.mark.parametrize(
    ("objective", "value"),
    [
        ({"type": "minimize"}, 0.1),
        ({"type": "maximize"}, 0.9),
        ({}, 0.2),
        ({"type": "minimize", "metricStrategies": [{"name": "loss", "value": "latest"}]}, 0.2),
        ({"type": "minimize", "metricStrategies": [{"name": "loss", "value": "max"}]}, 0.9),
        ({"type": "minimize", "metricStrategies": [{"name": "other", "value": "max"}]}, 0.1),
    ],
)
def test_the_value_of_a_metric_is_the_one_that_the_experiment_goes_by(
    objective: KubernetesObject, value: float
) -> None:
    (metric,) = trial(a_trial(metrics=[LOSS], objective={"objectiveMetricName": "loss", **objective})).state.values
    assert (metric.name, metric.value) == ("loss", value)


def test_what_is_unavailable_is_told_and_is_no_number() -> None:
    nothing = dict.fromkeys(("min", "max", "latest"), "unavailable")
    state = trial(a_trial([("MetricsUnavailable", 30)], metrics=[{"name": "loss", **nothing}])).state
    assert state.values == ()
    assert state.workload.observed == (
        ObservedMetric(name="loss", minimum="unavailable", maximum="unavailable", latest="unavailable"),
    )


def test_a_plain_job_is_read_in_its_trial_as_nobody_watches_it() -> None:
    run = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": a_pod_template(claim="churn")}}
    state = trial(a_trial([("Succeeded", 30)], end=30, run=run)).state
    assert [one.reference for one in state.images] == ["registry.example/train:1"]
    assert [one.location.uri for one in state.reads] == [one.location.uri for one in state.writes] == ["pvc://a/churn"]


def test_what_is_an_object_of_its_own_is_not_read_in_its_trial() -> None:
    run = {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "spec": {"template": a_pod_template(claim="churn")}}
    state = trial(a_trial([("Succeeded", 30)], end=30, run=run)).state
    assert (state.images, state.reads, state.writes) == ((), (), ())


def test_trials_that_no_owner_ties_belong_together_by_the_name_of_their_experiment() -> None:
    one, same = (trial(a_trial(uid=uid, name=uid, experiment=None)) for uid in ("t1", "t2"))
    other = trial(a_trial(experiment=None, metadata={"labels": {"katib.kubeflow.org/experiment": "another"}}))
    assert one.run == same.run != other.run
    assert one.run_name == "tune"


@pytest.mark.skipif(not fixtures_folder().is_dir(), reason="there are no recorded objects")
def test_a_trial_of_an_early_release_is_read() -> None:
    folder = fixtures_folder() / "katib"
    found = trial(json.loads((folder / "trial--README-L187-0--v0.10.0.json").read_text()))
    assert (found.state.phase, found.state.finished_at) == (Phase.SUCCEEDED, moment(1563176742))
    assert found.state.input_parameters[1] == Parameter(name="--num-layers", value="5")
    assert [(one.name, one.value) for one in found.state.values] == [("Validation-accuracy", 0.969347)]
