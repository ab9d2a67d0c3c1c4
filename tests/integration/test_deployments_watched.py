"""Inference services as a real API server serves them: revisions are dated by what that server notes."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from lineage.identity import deployment_key
from lineage.model import Deployment, DeploymentRevision
from lineage.ports import EVERYTHING
from lineage.store.sql import SqlStore
from tests.factories import KubernetesObject, an_inference_service
from tests.following import following, now, store_in
from tests.kubernetes_server import KubernetesServer
from tests.waiting import comes_true
from watchers.kube import connect
from watchers.sources import inference_service, llm_inference_service, trained_model

RESOURCE = inference_service.RESOURCE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with store_in(tmp_path) as opened:
        yield opened


def of_test(uri: str, revision: str | None = None, *, at: datetime | None = None) -> KubernetesObject:
    """An inference service as somebody writes it, with the status that its controller would give it."""
    item = an_inference_service(
        uri,
        uid=None,
        version=None,
        born=None,
        ready_at=None if at is None else at.timestamp(),
        revision=revision,
        traffic=None if revision is None else {revision: 100},
    )
    item["spec"]["predictor"]["model"]["name"] = ""  # what the definition asks for
    return {"metadata": item["metadata"], "spec": item["spec"], "status": item["status"]}


def test_every_revision_is_known_with_its_model_and_when_its_spec_was_written(
    own_kubernetes: KubernetesServer, fixtures: Path, store: SqlStore
) -> None:
    own_kubernetes.define(RESOURCE, fixtures / "crds" / "kserve-inferenceservices-full.yaml")
    made = own_kubernetes.put(RESOURCE, of_test("s3://b/m/1"))
    created = datetime.fromisoformat(made["metadata"]["creationTimestamp"])
    key = deployment_key(made["metadata"]["uid"])

    def found() -> Deployment | None:
        one = store.get(EVERYTHING, [key]).get(key)
        return one if isinstance(one, Deployment) else None

    def revisions() -> tuple[DeploymentRevision, ...]:
        return store.revisions(EVERYTHING, [key]).get(key, ())

    def rolled_out(uri: str, revision: str) -> None:
        own_kubernetes.put(RESOURCE, of_test(uri))
        own_kubernetes.put_status(RESOURCE, of_test(uri, revision, at=now()))

    with following(
        connect(kubeconfig=own_kubernetes.kubeconfig()),
        store,
        (inference_service.SOURCE, llm_inference_service.SOURCE, trained_model.SOURCE),
    ):
        rolled_out("s3://b/m/1", "churn-00001")
        assert comes_true(lambda: [one.name for one in revisions() if one.traffic_percent] == ["churn-00001"])
        assert comes_true(lambda: (one := found()) is not None and one.ready is True)
        rolled_out("s3://b/m/2", "churn-00002")
        assert comes_true(lambda: [one.name for one in revisions() if one.traffic_percent] == ["churn-00002"])
        own_kubernetes.delete(RESOURCE, "a", "churn")
        assert comes_true(lambda: (one := found()) is not None and not one.in_cluster)
    first, second = revisions()
    assert (first.name, second.name) == ("churn-00001", "churn-00002")
    assert [model.uri for one in (first, second) for model in one.models or ()] == ["s3://b/m/1", "s3://b/m/2"]
    assert first.told
    assert created <= first.written_at <= second.written_at <= now()
    assert {one.artifact.uri for one in store.served(EVERYTHING, [key])[key]} == {"s3://b/m/1", "s3://b/m/2"}
    assert not any(one.is_served_now for one in store.served(EVERYTHING, [key])[key])
