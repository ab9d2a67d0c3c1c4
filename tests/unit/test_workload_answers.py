"""What a reader is told of searches, trials and jobs, through the whole schema; and how a terminal shows it."""

from typing import Any

import pytest
from rich.console import Console

from lineage.cli.pictures.runs import picture_of_run, table_of_runs
from lineage.ports import EVERYTHING
from lineage.store.sql import SqlStore
from lineage_graphql import execute, saved_queries
from tests.factories import a_store
from tests.workload_world import observations


@pytest.fixture(scope="module")
def store() -> SqlStore:
    return a_store(*observations())


def ask(store: SqlStore, query: str, **variables: Any) -> Any:
    answer = execute(store, EVERYTHING, query, variables)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def of_run(store: SqlStore, uid: str, fields: str) -> Any:
    return ask(store, f"query ($uid: String!) {{ run(uid: $uid) {{ {fields} }} }}", uid=uid)["run"]


# ------------------------------------------------------------------------------------------ answers
def test_a_search_tells_what_it_is_after_and_has_found(store: SqlStore) -> None:
    found = of_run(
        store,
        "e1",
        """kind startedBy { displayName run { displayName } } experiment { name } bestTrial { displayName }
        tuning { objective direction goal algorithm trials bestTrialName searched { name type min max choices }
            bestParameters { name value redacted } bestMetrics { name min max latest } }""",
    )
    assert found["kind"] == "KatibExperiment"
    assert found["experiment"] is None
    assert found["startedBy"] == {"displayName": "tune", "run": {"displayName": "w"}}
    assert found["bestTrial"] == {"displayName": "tune-1"}
    assert found["tuning"] == {
        "objective": "loss",
        "direction": "minimize",
        "goal": "0.001",
        "algorithm": "random",
        "trials": {"trials": 4, "trialsSucceeded": 4},
        "bestTrialName": "tune-1",
        "searched": [
            {"name": "lr", "type": "double", "min": "0.01", "max": "0.03", "choices": []},
            {"name": "optimizer", "type": "categorical", "min": None, "max": None, "choices": ["sgd", "adam"]},
        ],
        "bestParameters": [{"name": "lr", "value": "0.01", "redacted": False}],
        "bestMetrics": [{"name": "loss", "min": "0.1", "max": "0.9", "latest": "0.2"}],
    }


def test_a_trial_tells_its_values_what_was_observed_and_what_it_started(store: SqlStore) -> None:
    trials = of_run(
        store,
        "e1",
        """executions(where: {displayName: {eq: "tune-1"}}) { nodes { kind stoppedEarly
            inputParameters { name value } observed { name min max latest } metrics { name value source }
            conditions { type status since } startedRuns { totalCount nodes { kind displayName phase } } } }""",
    )
    (trial,) = trials["executions"]["nodes"]
    assert trial["kind"] == "Trial"
    assert trial["stoppedEarly"] is False
    assert trial["inputParameters"] == [{"name": "lr", "value": "0.01"}]
    assert trial["observed"] == [{"name": "loss", "min": "0.1", "max": "0.9", "latest": "unavailable"}]
    assert {"name": "loss", "value": 0.1, "source": "status"} in trial["metrics"]
    assert trial["conditions"] == [{"type": "Succeeded", "status": "True", "since": "1970-01-01T00:01:01Z"}]
    started = [{"kind": "Workflow", "displayName": "tune-1", "phase": "SUCCEEDED"}]
    assert trial["startedRuns"] == {"totalCount": 1, "nodes": started}


def test_an_elastic_job_tells_how_it_was_scaled_and_started_again(store: SqlStore) -> None:
    job = of_run(
        store,
        "j2",
        """kind executions { nodes { kind restarts images { container reference } replicas { role wanted }
            turns { at generation replicas condition { type } } } }""",
    )
    (execution,) = job["executions"]["nodes"]
    assert (job["kind"], execution["kind"], execution["restarts"]) == ("PyTorchJob", "PyTorchJob", 1)
    assert execution["replicas"] == [{"role": "Worker", "wanted": 2}]
    assert execution["images"] == [{"container": "train", "reference": "registry.example/train:1"}]
    scaled = [(turn["generation"], turn["replicas"]) for turn in execution["turns"] if turn["replicas"]]
    assert scaled == [(1, {"Worker": 1}), (2, {"Worker": 3}), (3, {"Worker": 2})]
    came_to = [turn["condition"]["type"] for turn in execution["turns"] if turn["condition"]]
    assert came_to == ["Created", "Running", "Restarting", "Running", "Succeeded"]


def test_lineage_tells_who_started_whom_beside_what_was_read_and_written(store: SqlStore) -> None:
    model = ask(store, '{ artifacts(where: {name: {eq: "model"}}) { nodes { id } } }')["artifacts"]["nodes"][0]["id"]
    graph = ask(
        store,
        """query ($roots: [ID!]!) { lineage(roots: $roots) { complete nodes { id name }
            edges { source target role } starts { source target } } }""",
        roots=[model],
    )["lineage"]
    names = {node["id"]: node["name"] for node in graph["nodes"]}
    assert {(names[one["source"]], names[one["target"]]) for one in graph["starts"]} == {
        ("w.tune", "tune-1"),
        ("tune-1", "tune-1.train"),
    }
    assert {(names[one["source"]], names[one["target"]], one["role"]) for one in graph["edges"]} == {
        ("w.prepare", "x0", "GENERATED"),
        ("x0", "w.tune", "USED"),
        ("tune-1.train", "model", "GENERATED"),
    }


def test_searches_are_listed_with_what_tried_the_best(store: SqlStore) -> None:
    (search,) = ask(store, saved_queries()["searches"].text)["runs"]["nodes"]
    assert search["displayName"] == "tune"
    assert [run["kind"] for run in search["bestTrial"]["startedRuns"]["nodes"]] == ["Workflow"]


def test_a_step_of_a_workflow_has_nothing_of_it(store: SqlStore) -> None:
    run = of_run(
        store, "w1", "kind tuning { objective } bestTrial { id } details executions { nodes { conditions { type } "
        "replicas { role } observed { name } turns { at } restarts stoppedEarly details } }",
    )  # fmt: skip
    nothing = {"conditions": [], "replicas": [], "observed": [], "turns": [], "restarts": 0, "stoppedEarly": False}
    assert run == {
        "kind": "Workflow",
        "tuning": None,
        "bestTrial": None,
        "details": {},
        "executions": {"nodes": [nothing | {"details": {}}] * 2},
    }


# ------------------------------------------------------------------------------------------ pictures
def printed(*shown: Any) -> str:
    console = Console(width=200, color_system=None, file=None)
    with console.capture() as captured:
        console.print(*shown, sep="\n")
    return captured.get()


def pictured(store: SqlStore, uid: str) -> str:
    run = of_run(store, uid, "id")
    return printed(*picture_of_run(ask(store, saved_queries()["run-steps"].text, id=run["id"])["node"]))


def test_a_search_is_shown_with_its_trials_and_what_each_started(store: SqlStore) -> None:
    text = pictured(store, "e1")
    for expected in (
        "KatibExperiment",
        "tune of w",
        "minimize loss, to 0.001",
        "lr: 0.01 … 0.03",
        "optimizer: sgd, adam",
        "tune-1  lr = 0.01",
        "loss: min 0.1, max 0.9, latest unavailable",
        "▶ succeeded Workflow tune-1",
        "▶ succeeded TrainJob tune-3",
    ):
        assert expected in text


def test_a_job_is_shown_with_its_replicas_and_restarts(store: SqlStore) -> None:
    text = pictured(store, "j2")
    assert "tune-2 of tune" in text
    assert "restarted once" in text
    assert "Worker × 2" in text


def test_what_is_no_workflow_is_listed_with_its_kind(store: SqlStore) -> None:
    text = printed(table_of_runs(ask(store, saved_queries()["runs"].text)["runs"]["nodes"]))
    assert {line.split()[0] for line in text.splitlines() if "PyTorchJob" in line} == {"tune-2"}
    assert "KatibExperiment" in text
