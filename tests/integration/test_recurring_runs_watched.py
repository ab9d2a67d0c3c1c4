"""Recurring runs as a real API server serves them: when a spec was written is known from what that server notes."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from lineage.identity import recurring_run_key
from lineage.model import RecurringEdit, RecurringRun
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store.sql import SqlStore
from tests.factories import KubernetesObject, a_recurring_run
from tests.following import following, now, store_in
from tests.kubernetes_server import KubernetesServer
from tests.waiting import comes_true
from watchers.kube import connect
from watchers.source import Resource
from watchers.sources import cron_workflow, scheduled_workflow

KINDS = {
    "CronWorkflow": (cron_workflow.RESOURCE, "argo-cronworkflows-minimal.yaml"),
    "ScheduledWorkflow": (scheduled_workflow.RESOURCE, "kfp-scheduledworkflows.yaml"),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with store_in(tmp_path) as opened:
        yield opened


@pytest.fixture(params=list(KINDS))
def served(own_kubernetes: KubernetesServer, fixtures: Path, request: pytest.FixtureRequest) -> tuple[str, Resource]:
    """A kind of recurring run that the server knows."""
    resource, definition = KINDS[request.param]
    own_kubernetes.define(resource, fixtures / "crds" / definition)
    return request.param, resource


def of_test(kind: str, **spec: object) -> KubernetesObject:
    """A recurring run as somebody writes it: the server gives it what it has of its own."""
    item = a_recurring_run(kind=kind, uid=None, version=None, born=None)
    return {"metadata": item["metadata"], "spec": item["spec"] | spec, "status": {}}


def test_edits_are_dated_by_the_server_whoever_watched(
    own_kubernetes: KubernetesServer, served: tuple[str, Resource], store: SqlStore
) -> None:
    kind, resource = served
    made = own_kubernetes.put(resource, of_test(kind))
    key = recurring_run_key(made["metadata"]["uid"])

    def found() -> RecurringRun | None:
        listed = store.recurring_runs(EVERYTHING, Listing(), PageRequest(first=9)).items
        return next((one for one in listed if one.key == key), None)

    def edits() -> tuple[RecurringEdit, ...]:
        return store.edits(EVERYTHING, [key]).get(key, ())

    created = datetime.fromisoformat(made["metadata"]["creationTimestamp"])
    with following(
        connect(kubeconfig=own_kubernetes.kubeconfig()), store, (cron_workflow.SOURCE, scheduled_workflow.SOURCE)
    ):
        assert comes_true(lambda: found() is not None)
        assert [(edit.since, edit.told) for edit in edits()] == [(created, True)]
        paused = {"suspend": True} if kind == "CronWorkflow" else {"enabled": False}
        edited = of_test(kind, **paused)
        own_kubernetes.put(resource, edited)
        assert comes_true(lambda: [edit.spec.enabled for edit in edits()] == [True, False])
        own_kubernetes.delete(resource, "a", "nightly")
        assert comes_true(lambda: (one := found()) is not None and not one.in_cluster)
    (first, second) = edits()
    assert first.since == created <= second.since <= now()
