"""Kubeflow's API and the program as its users meet it: asked beside the cluster, and for the past."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from lineage.eventlog.memory import MemoryLog
from lineage.identity import run_key
from lineage.model import Phase, Run, SourceState, SourceStatus
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.recorder import Recorder
from lineage.store import open_store
from lineage.store.sql import SqlStore
from tests.factories import (
    CLUSTER,
    RECORDED_AT,
    REDACTOR,
    RUN_ID,
    KubernetesObject,
    a_node,
    a_workflow,
    interpreted,
    rfc3339,
)
from tests.kubeflow_answers import a_pipeline, a_recurring_run, a_run, a_version, an_experiment
from tests.kubeflow_server import KubeflowServer, kubeflow_server
from tests.task_records import Kept, Port, a_task
from tests.waiting import comes_true
from watchers.answers import EXPERIMENTS, PIPELINE_VERSIONS, PIPELINES, RECURRING_RUNS, RUNS, V1, V2
from watchers.kubeflow_api import KubeflowApi
from watchers.kubeflow_client import KubeflowClient
from watchers.kubeflow_rounds import KubeflowRounds
from watchers.polling import Polling
from watchers.rounds import Handed, Round, Tempo
from watchers.sources import told_sources

QUICK = Tempo(soon_seconds=0.05, seldom_seconds=0.5, first_delay_seconds=0.05, longest_delay_seconds=0.1)


@pytest.fixture
def server() -> Iterator[KubeflowServer]:
    with kubeflow_server() as running:
        running.put(EXPERIMENTS, an_experiment())
        running.put(PIPELINES, a_pipeline())
        running.put(PIPELINE_VERSIONS, a_version())
        running.put(RECURRING_RUNS, a_recurring_run())
        yield running


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `lineage` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "lineage", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
        timeout=60,
    )


def workflow_of(uid: str) -> KubernetesObject:
    """The workflow that Kubeflow keeps of a run: one step, of an hour ago."""
    name = f"train-{uid}"
    return a_workflow(
        {name: a_node(name, 20, 80, writes=[f"model/{uid}"])},
        uid=f"uid-of-{uid}",
        name=name,
        phase="Succeeded",
        version=7,
        labels={RUN_ID: uid},
        startedAt=rfc3339(20),
        finishedAt=rfc3339(80),
    )


def runs_of(store: SqlStore) -> dict[str, Run]:
    return {str(one.uid): one for one in store.runs(EVERYTHING, Listing(), PageRequest(first=100)).items}


def backfilled(server: KubeflowServer, store: str, *arguments: str) -> dict[str, Any]:
    done = run("backfill", "--kfp", server.url, "--store", store, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


# ------------------------------------------------------------------------------------------ backfill
def test_backfill_records_what_was_over_with_all_its_steps(server: KubeflowServer, store: str) -> None:
    server.put(RUNS, a_run("run-1"), a_run("run-2", made=11), a_run("run-3", made=12))
    server.workflows |= {uid: workflow_of(uid) for uid in ("run-1", "run-2")}
    backfilled(server, store)
    opened = open_store(store)
    found = runs_of(opened)
    assert set(found) == {"run-1", "run-2", "run-3"}
    executions = opened.executions(EVERYTHING, Listing(), PageRequest(first=10)).items
    assert {one.run_key for one in executions} == {run_key("run-1"), run_key("run-2")}
    assert {one.experiment_key for one in found.values()} == {("Experiment", "e1")}
    missing = opened.completeness(EVERYTHING, [run_key("run-3")])[run_key("run-3")].missing
    assert "only Kubeflow's API told of it" in missing
    opened.close()


def test_backfill_done_again_changes_nothing_and_asks_for_little(server: KubeflowServer, store: str) -> None:
    server.put(RUNS, a_run("run-1"), a_run("run-2", made=11))
    server.workflows |= {uid: workflow_of(uid) for uid in ("run-1", "run-2")}
    backfilled(server, store)
    server.asked.clear()
    assert backfilled(server, store)["recorded"] == 0
    assert server.count("/v1beta1/runs/") == 0


def test_backfill_goes_on_where_trouble_ended_it(server: KubeflowServer, store: str) -> None:
    server.put(RUNS, *(a_run(f"run-{number}", made=10 + number) for number in range(5)))
    server.faults["page_token=4"] = 403
    done = run("backfill", "--kfp", server.url, "--store", store)
    assert done.returncode == 3
    assert "runs of all namespaces are not told: 403" in done.stderr
    server.faults.clear()
    backfilled(server, store)
    opened = open_store(store)
    assert len(runs_of(opened)) == 5
    opened.close()


def test_backfill_of_one_experiment_since_a_day(server: KubeflowServer, store: str) -> None:
    day = 86400.0
    server.put(EXPERIMENTS, an_experiment("e2", "other"))
    server.put(
        RUNS, a_run("old", made=day), a_run("new", made=3 * day), a_run("of another", made=4 * day, experiment="e2")
    )
    backfilled(server, store, "--since", "1970-01-03", "--experiment", "tuning")
    opened = open_store(store)
    assert set(runs_of(opened)) == {"new"}
    opened.close()


def test_backfill_of_an_experiment_that_nobody_knows_is_refused(server: KubeflowServer, store: str) -> None:
    done = run("backfill", "--kfp", server.url, "--store", store, "--experiment", "nobody")
    assert done.returncode == 1
    assert "no experiment 'nobody'" in done.stderr


def test_backfill_from_v1_alone(server: KubeflowServer, store: str) -> None:
    server.versions = {V1}
    server.put(RUNS, a_run("run-1"))
    server.workflows["run-1"] = workflow_of("run-1")
    backfilled(server, store)
    opened = open_store(store)
    (found,) = runs_of(opened).values()
    assert (found.name, found.experiment_key) == ("train-run-1", ("Experiment", "e1"))
    opened.close()


def test_backfill_where_v1_was_taken_out(server: KubeflowServer, store: str) -> None:
    server.versions = {V2}
    server.put(RUNS, a_run("run-1"))
    backfilled(server, store)
    assert server.count("/v1beta1/runs/run-1") == 0


def test_backfill_of_3_0_has_the_tasks_as_steps(server: KubeflowServer, store: str) -> None:
    server.versions = {V2}
    server.put(RUNS, a_run("run-1"))
    model = Port(uri="minio://mlpipeline/v2/model", type="system.Model")
    server.tasks["run-1"] = [a_task(Kept(id=1, name="train", came={"best": 0.5}, writes={"model": [model]}))]
    backfilled(server, store)
    opened = open_store(store)
    (one,) = opened.executions(EVERYTHING, Listing(), PageRequest(first=10)).items
    assert (one.display_name, [(p.name, p.value) for p in one.output_parameters]) == ("train", [("best", "0.5")])
    (wrote,) = opened.outputs(EVERYTHING, [one.key])[one.key]
    assert (wrote.artifact.uri, wrote.artifact.type) == (model.uri, "system.Model")
    opened.close()


def test_a_workflow_that_cannot_be_read_is_told_and_the_rest_recorded(server: KubeflowServer, store: str) -> None:
    server.put(RUNS, a_run("run-1"), a_run("run-2", made=11))
    server.workflows |= {"run-1": {**workflow_of("run-1"), "status": {"nodes": []}}, "run-2": workflow_of("run-2")}
    done = run("backfill", "--kfp", server.url, "--store", store)
    assert done.returncode == 3
    assert "Workflow uid-of-run-1" in done.stderr
    opened = open_store(store)
    assert runs_of(opened)["run-2"].name == "train-run-2"
    opened.close()


def test_backfill_without_an_address_says_what_to_set(store: str) -> None:
    done = run("backfill", "--store", store)
    assert done.returncode == 2
    assert "--kfp" in done.stderr


# ------------------------------------------------------------------------------------------ asked beside the cluster
class Asked:
    """What is asked, and recorded in memory."""

    def __init__(self, url: str, store: SqlStore) -> None:
        self.store = store
        self._log = MemoryLog("kubeflow")
        client = KubeflowClient(url, timeout_seconds=1.0)

        def rounds(handed: Handed) -> Sequence[Round]:
            return KubeflowRounds(KubeflowApi(client), None, handed, clock=lambda: RECORDED_AT, tempo=QUICK).rounds

        self._polling = Polling(
            rounds=rounds,
            close=client.close,
            sources=told_sources(),
            events=self._log,
            cluster=CLUSTER,
            redactor=REDACTOR,
            clock=lambda: RECORDED_AT,
            tempo=QUICK,
        )
        self._recorder = Recorder(self._log, store, interpreted, key_ids=[REDACTOR.key_id], clock=lambda: RECORDED_AT)
        self.polling = self._polling

    def statuses(self) -> dict[str, SourceStatus]:
        self._recorder.drain(give_up_seconds=1.0)
        return {one.kind: one for one in self.store.sources(EVERYTHING)}

    def states(self) -> set[SourceState]:
        return {one.state for one in self.statuses().values()}


@pytest.fixture
def asked(server: KubeflowServer, tmp_path: Path) -> Iterator[Asked]:
    from lineage.store.database import open_in_memory

    asking = Asked(server.url, open_in_memory())
    asking.polling.start()
    yield asking
    assert asking.polling.stop()
    asking.store.close()


def test_what_is_asked_is_recorded_and_states_are_told(server: KubeflowServer, asked: Asked) -> None:
    server.put(RUNS, a_run("run-1", made=RECORDED_AT.timestamp(), state="RUNNING", ended=None))
    assert comes_true(lambda: len(asked.statuses()) == 5 and asked.states() == {SourceState.SYNCED})
    assert comes_true(lambda: asked.statuses()["runs.kfp"].observed > 0)
    assert runs_of(asked.store)["run-1"].phase is Phase.RUNNING
    server.put(RUNS, a_run("run-1", made=RECORDED_AT.timestamp(), ended=RECORDED_AT.timestamp() + 9))
    assert comes_true(lambda: bool(asked.statuses()) and runs_of(asked.store)["run-1"].phase is Phase.SUCCEEDED)


def test_an_outage_is_told_and_over_when_it_is(server: KubeflowServer, asked: Asked) -> None:
    assert comes_true(lambda: len(asked.statuses()) == 5 and asked.states() == {SourceState.SYNCED})
    server.faults["/apis"] = 503
    assert comes_true(lambda: asked.statuses()["runs.kfp"].state is SourceState.WAITING)
    assert "503" in str(asked.statuses()["runs.kfp"].message)
    server.faults.clear()
    assert comes_true(lambda: asked.states() == {SourceState.SYNCED})


def test_what_may_not_be_asked_is_told_and_the_rest_goes_on(server: KubeflowServer, asked: Asked) -> None:
    server.faults["/pipelines"] = 403
    assert comes_true(lambda: asked.statuses().get("pipelines.kfp", _NOBODY).state is SourceState.FORBIDDEN)
    server.put(RUNS, a_run("run-1", made=RECORDED_AT.timestamp()))
    assert comes_true(lambda: bool(asked.statuses()) and "run-1" in runs_of(asked.store))


def test_what_stops_says_so(server: KubeflowServer, asked: Asked) -> None:
    assert comes_true(lambda: asked.states() == {SourceState.SYNCED})
    assert asked.polling.stop()
    assert asked.states() == {SourceState.STOPPED}


_NOBODY = SourceStatus(
    name="",
    kind="",
    cluster="",
    namespace="",
    state=SourceState.SYNCING,
    message=None,
    observed=0,
    lag_seconds=None,
    last_event_at=None,
)
