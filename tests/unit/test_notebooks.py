"""Notebooks: how they stand, what they mount, and with everything optional left out."""

import pytest
import yaml

from lineage.facts import ExecutionSeen, ObjectKept, RunSeen
from lineage.model import Phase
from tests.conftest import fixtures_folder
from tests.factories import KubernetesObject, facts_of, moment
from tests.workloads import a_notebook


def said(item: KubernetesObject) -> tuple[RunSeen, ExecutionSeen]:
    run, execution, kept = facts_of(item)
    assert isinstance(run, RunSeen)
    assert isinstance(execution, ExecutionSeen)
    assert isinstance(kept, ObjectKept)
    return run, execution


def test_a_notebook_is_a_run_with_itself_as_its_execution_that_has_no_end() -> None:
    run, execution = said(a_notebook())
    assert (run.kind, run.run, run.phase, run.started_at, run.finished_at) == (
        "Notebook", "n1", Phase.RUNNING, moment(5), None,
    )  # fmt: skip
    assert (execution.state.kind, execution.run) == ("Notebook", "n1")
    assert [one.reference for one in execution.state.images] == ["registry.example/jupyter:1"]


def test_a_notebook_that_is_stopped_waits_and_has_run() -> None:
    stopped = {"kubeflow-resource-stopped": "2026-01-01T00:00:00Z"}
    run, execution = said(a_notebook(running=None, annotations=stopped, claim="workspace"))
    assert (run.phase, run.message, run.started_at) == (Phase.PENDING, "it is stopped", moment(5))
    assert [one.location.uri for one in execution.state.reads] == ["pvc://a/workspace"]


def test_a_notebook_that_never_ran_has_read_nothing() -> None:
    run, execution = said(a_notebook(running=None, claim="workspace"))
    assert (run.phase, run.started_at) == (Phase.PENDING, None)
    assert execution.state.reads == ()


def test_a_notebook_that_only_has_a_name_waits() -> None:
    run, _ = said({"apiVersion": "kubeflow.org/v1beta1", "kind": "Notebook", "metadata": {"name": "bare"}})
    assert run.phase is Phase.PENDING


def test_what_has_neither_a_name_nor_a_uid_means_nothing() -> None:
    assert facts_of({"apiVersion": "kubeflow.org/v1", "kind": "Notebook"}) == []


@pytest.mark.skipif(not fixtures_folder().is_dir(), reason="there are no recorded objects")
def test_a_sample_of_kubeflow_is_read() -> None:
    sample = yaml.safe_load((fixtures_folder() / "kubeflow-misc" / "notebook-v1-sample.yaml").read_text())
    run, execution = said(sample)
    assert run.name == "notebook-sample-v1"
    assert [one.reference for one in execution.state.images] == ["kubeflownotebookswg/jupyter:latest"]
