"""What KServe's InferenceServices, LLMInferenceServices and TrainedModels mean, in each of their shapes."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from lineage.errors import InvalidObservation
from lineage.facts import DeploymentSeen, ObjectKept, ServedComponent, TrafficShare
from lineage.identity import Location
from lineage.model import ServedModel
from tests.factories import (
    CLUSTER,
    RECORDED_AT,
    KubernetesObject,
    an_inference_service,
    interpreted,
    managed,
    moment,
    observed,
)
from watchers import files
from watchers.observe import find_source
from watchers.sources import all_sources

HERE = f"cluster:{CLUSTER}"
KSERVE = "serving.kserve.io"


def seen(item: KubernetesObject) -> DeploymentSeen:
    fact, _ = interpreted(observed(item))
    assert isinstance(fact, DeploymentSeen)
    return fact


def of_spec(spec: KubernetesObject, **more: Any) -> tuple[ServedComponent, ...]:
    return seen(an_inference_service(spec=spec, **more)).components


def models(predictor: KubernetesObject, **more: Any) -> tuple[ServedModel, ...]:
    (component,) = of_spec({"predictor": predictor}, **more)
    return component.models


def places(predictor: KubernetesObject, **more: Any) -> list[Location | None]:
    return [model.location for model in models(predictor, **more)]


# ------------------------------------------------------------------------------------------ InferenceService
def test_an_inference_service_is_told_with_its_place_and_is_kept() -> None:
    item = an_inference_service(born=50, written_at=60, ready_at=70, version=7, url="http://churn.example")
    fact, kept = interpreted(observed(item))
    assert isinstance(fact, DeploymentSeen)
    assert isinstance(kept, ObjectKept)
    assert (fact.kind, fact.uid, fact.name, fact.namespace) == ("InferenceService", "d1", "churn", "a")
    assert (fact.cluster, fact.created_at, fact.seen_at, fact.spec_since) == (
        CLUSTER,
        moment(50),
        RECORDED_AT,
        moment(60),
    )
    assert (fact.url, fact.ready, fact.ready_since, fact.message) == ("http://churn.example", True, moment(70), None)
    assert (kept.resource, kept.uid, kept.revision) == (f"inferenceservices.{KSERVE}", "d1", fact.revision)


@pytest.mark.parametrize(
    ("predictor", "form"),
    [
        ({"model": {"modelFormat": {"name": "sklearn", "version": "1"}, "storageUri": "gs://b/m"}}, "sklearn 1"),
        ({"model": {"modelFormat": {"name": "onnx"}, "storageUri": "gs://b/m"}}, "onnx"),
        ({"model": {"storageUri": "gs://b/m"}}, None),
        ({"sklearn": {"storageUri": "gs://b/m"}}, "sklearn"),
        ({"a-framework-to-come": {"storageUri": "gs://b/m"}}, "a-framework-to-come"),
        ({"containers": [{"name": "c", "env": [{"name": "STORAGE_URI", "value": "gs://b/m"}]}]}, None),
        ({"custom": {"container": {"env": [{"name": "STORAGE_URI", "value": "gs://b/m"}]}}}, None),
        ({"storageUris": [{"uri": "gs://b/m", "mountPath": ""}], "containers": [{"name": "c"}]}, None),
    ],
)
def test_a_model_stands_in_many_places_of_a_spec(predictor: KubernetesObject, form: str | None) -> None:
    (model,) = models(predictor)
    assert model == ServedModel(name="", uri="gs://b/m", location=Location(store="", uri="gs://b/m"), format=form)


def test_several_models_are_told_apart_by_where_they_are_mounted() -> None:
    uris = [{"uri": "s3://b/base", "mountPath": "/mnt/base"}, {"uri": "s3://b/lora", "mountPath": "/mnt/lora"}]
    assert [model.name for model in models({"storageUris": uris})] == ["/mnt/base", "/mnt/lora"]
    env = [{"name": "STORAGE_URI", "value": "s3://b/own"}]
    both = models({"model": {"storageUri": "s3://b/m"}, "containers": [{"env": env}]})
    assert [(model.name, model.uri) for model in both] == [("1", "s3://b/m"), ("2", "s3://b/own")]


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("s3://b/m/", Location(store=HERE, uri="s3://b/m")),
        ("gs://b/m", Location(store="", uri="gs://b/m")),
        ("hf://owner/model:main", Location(store="", uri="hf://owner/model:main")),
        ("oci://registry/model:1", Location(store="", uri="oci://registry/model:1")),
        ("pvc://claim/a/b", Location(store=HERE, uri="pvc://a/claim/a/b")),
        ("pvc://claim", Location(store=HERE, uri="pvc://a/claim")),
        (
            "https://Account.blob.core.windows.net/c/m",
            Location(store="account.blob.core.windows.net", uri="https://account.blob.core.windows.net/c/m"),
        ),
        ("/mnt/models", None),
        ("s3://", None),
    ],
)
def test_a_uri_is_a_place_in_the_cluster_and_the_namespace_of_its_service(uri: str, location: Location | None) -> None:
    assert places({"model": {"storageUri": uri}}) == [location]


@pytest.mark.parametrize(
    ("storage", "uri"),
    [
        ({"key": "minio", "path": "churn", "parameters": {"bucket": "models"}}, "s3://models/churn"),
        ({"path": "/churn/", "parameters": {"bucket": "models", "type": "gs"}}, "gs://models/churn"),
        ({"path": "churn", "parameters": {"type": "hdfs"}}, "hdfs://churn"),
        ({"key": "minio", "path": "churn"}, "kserve-storage://a/storage-config/minio/churn"),
        ({"path": "churn"}, "kserve-storage://a/storage-config/default/churn"),
        ({"path": "churn", "parameters": {"type": "s3"}}, "kserve-storage://a/storage-config/default_s3/churn"),
    ],
)
def test_of_a_storage_spec_the_uri_is_put_together_or_the_secret_is_named(storage: KubernetesObject, uri: str) -> None:
    (model,) = models({"sklearn": {"storage": storage}})
    assert model.uri == uri
    assert model.location is not None
    assert model.location.uri == uri


def test_another_secret_may_be_named_by_an_annotation() -> None:
    named = {"annotations": {"serving.kserve.io/storageSecretName": "own"}}
    (model,) = models({"sklearn": {"storage": {"key": "k", "path": "m"}}}, metadata=named)
    assert model.uri == "kserve-storage://a/own/k/m"


def test_where_a_log_of_requests_is_kept_is_no_model() -> None:
    logger = {"mode": "all", "storage": {"key": "k", "path": "logs"}}
    assert [one.uri for one in models({"model": {"storageUri": "gs://b/m"}, "logger": logger})] == ["gs://b/m"]


def test_each_component_has_models_of_its_own() -> None:
    predictor, transformer, explainer = of_spec(
        {
            "predictor": {"model": {"storageUri": "gs://b/m"}},
            "transformer": {"containers": [{"env": [{"name": "STORAGE_URI", "value": "gs://b/t"}]}]},
            "explainer": {"art": {"type": "SquareAttack", "storageUri": "gs://b/e"}},
        }
    )
    assert [one.name for one in (predictor, transformer, explainer)] == ["predictor", "transformer", "explainer"]
    assert [one.models[0].uri for one in (predictor, transformer, explainer)] == ["gs://b/m", "gs://b/t", "gs://b/e"]


def test_what_scales_a_component_rolls_nothing_out() -> None:
    def template(**more: Any) -> str:
        return of_spec({"predictor": {"model": {"storageUri": "gs://b/m"}, **more}})[0].template

    assert template() == template(minReplicas=3, maxReplicas=9, canaryTrafficPercent=10, scaleTarget=5)
    assert template() != template(serviceAccountName="other")


def test_a_canary_shares_the_traffic_with_the_revision_before_it() -> None:
    item = an_inference_service(
        revision="r2", ready_at=70, traffic={"r1": 80, "r2": 20}, metadata={"generation": 2}, observedGeneration=2
    )
    (component,) = seen(item).components
    assert (component.revision, component.ready_revision, component.is_behind) == ("r2", "r2", False)
    assert component.traffic == (TrafficShare("r1", 80), TrafficShare("r2", 20))
    assert (component.is_ready, component.ready_since) == (True, moment(70))


def test_targets_of_one_revision_are_added_and_the_latest_may_go_without_a_name() -> None:
    item = an_inference_service(revision="r2", ready_at=70)
    item["status"]["components"]["predictor"]["traffic"] = [
        {"latestRevision": True, "percent": 10},
        {"revisionName": "r2", "tag": "latest"},
        {"revisionName": "r1", "percent": 90, "tag": "prev"},
    ]
    assert seen(item).components[0].traffic == (TrafficShare("r1", 90), TrafficShare("r2", 10))


def test_a_status_of_an_older_spec_is_told_apart() -> None:
    (component,) = seen(an_inference_service(metadata={"generation": 3}, observedGeneration=2)).components
    assert component.is_behind is True
    assert seen(an_inference_service()).components[0].is_behind is None


@pytest.mark.parametrize(("said", "ready"), [("UpToDate", True), ("InProgress", False), ("BlockedByFailedLoad", False)])
def test_a_predictor_is_ready_once_its_model_is_loaded(said: str, ready: bool) -> None:
    item = an_inference_service(ready_at=70, modelStatus={"transitionStatus": said})
    assert seen(item).components[0].is_ready is ready


def test_one_that_is_not_ready_says_why() -> None:
    item = an_inference_service()
    item["status"]["conditions"] = [
        {"type": "Ready", "status": "False", "reason": "RevisionFailed", "message": "no such object"}
    ]
    assert (seen(item).ready, seen(item).message) == (False, "no such object")


def test_canaries_that_a_spec_names_take_their_shares_from_the_predictor() -> None:
    spec = {
        "predictor": {"model": {"storageUri": "gs://b/1"}},
        "canary": [{"predictor": {"name": "two", "model": {"storageUri": "gs://b/2"}}, "trafficPercent": 30}],
    }
    stable, canary = of_spec(spec, canaryStatuses=[{"name": "two", "ready": True, "trafficPercent": 30}])
    assert (stable.name, stable.share, stable.models[0].uri) == ("predictor", 70, "gs://b/1")
    assert (canary.name, canary.share, canary.models[0].uri, canary.is_ready) == ("canary two", 30, "gs://b/2", True)


def test_the_endpoints_of_the_first_releases_serve_at_once() -> None:
    spec = {
        "default": {
            "predictor": {"tensorflow": {"storageUri": "gs://b/1"}},
            "transformer": {"custom": {"container": {"env": [{"name": "STORAGE_URI", "value": "gs://b/t"}]}}},
        },
        "canary": {"predictor": {"tensorflow": {"storageUri": "gs://b/2"}}},
        "canaryTrafficPercent": 10,
    }
    default, canary = of_spec(spec, api_version=f"{KSERVE}/v1alpha2")
    assert [(one.name, one.share) for one in (default, canary)] == [("default", 90), ("canary", 10)]
    assert [(one.name, one.uri) for one in default.models] == [("", "gs://b/1"), ("transformer", "gs://b/t")]


def test_when_somebody_asked_for_its_deletion_is_told() -> None:
    ended = {"deletionTimestamp": "2026-01-02T03:04:05Z"}
    assert seen(an_inference_service(metadata=ended)).ended_at is not None


def test_when_the_spec_was_written_is_told_by_its_managers_but_for_those_of_the_status() -> None:
    managers = [managed("kubectl", 60), managed("kserve", 90, "status", subresource="status")]
    assert seen(an_inference_service(metadata={"managedFields": managers})).spec_since == moment(60)
    assert seen(an_inference_service(born=50, metadata={"generation": 1})).spec_since == moment(50)
    assert seen(an_inference_service()).spec_since is None


# ------------------------------------------------------------------------------------------ the other kinds
def of_kind(kind: str, spec: KubernetesObject, version: str = "v1alpha1", **status: Any) -> DeploymentSeen:
    return seen(an_inference_service(spec=spec, kind=kind, api_version=f"{KSERVE}/{version}", **status))


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_a_language_model_is_served_with_its_adapters(version: str) -> None:
    adapters = [{"name": "sql", "uri": "s3://b/sql"}, {"uri": "pvc://claim/chat"}]
    spec = {"model": {"uri": "hf://owner/llama", "name": "llama", "lora": {"adapters": adapters}}, "replicas": 3}
    addresses = [{"name": "internal"}, {"url": "http://llama.example"}]
    fact = of_kind("LLMInferenceService", spec, version, addresses=addresses)
    (component,) = fact.components
    assert [(one.name, one.uri) for one in component.models] == [
        ("", "hf://owner/llama"),
        ("adapter sql", "s3://b/sql"),
        ("adapter 2", "pvc://claim/chat"),
    ]
    assert fact.url == "http://llama.example"
    scaled = of_kind("LLMInferenceService", {**spec, "replicas": 5}, version)
    assert scaled.components[0].template == component.template


def test_a_trained_model_names_what_it_is_loaded_into() -> None:
    spec = {"inferenceService": "churn", "model": {"storageUri": "gs://b/m", "framework": "sklearn", "memory": "1Gi"}}
    fact = of_kind("TrainedModel", spec)
    assert (fact.parent, fact.components[0].models[0].format) == ("churn", "sklearn")


@pytest.mark.parametrize("kind", ["InferenceService", "LLMInferenceService", "TrainedModel"])
def test_what_says_nothing_but_its_name_is_a_deployment_of_which_nothing_is_known(kind: str) -> None:
    fact = seen({"apiVersion": f"{KSERVE}/v1alpha1", "kind": kind, "metadata": {"name": "bare"}})
    assert (fact.name, fact.ready, fact.url, fact.created_at) == ("bare", None, None, None)
    assert all(component.models == () for component in fact.components)
    assert interpreted(observed({"apiVersion": f"{KSERVE}/v1alpha1", "kind": kind, "metadata": {}})) == ()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"predictor": []}, r"spec\.predictor is a list, expected an object"),
        ({"predictor": {"model": {"storageUri": 7}}}, r"spec\.predictor\.model\.storageUri is a number"),
        ({"predictor": {"storageUris": ["x"]}}, r"spec\.predictor\.storageUris\[0\] is a text"),
        (
            {"predictor": {"model": {"storageUri": "s3://" + "x" * 2000}}},
            r"spec\.predictor\.model\.storageUri names a place of more than",
        ),
    ],
)
def test_a_member_that_is_not_what_it_should_be_is_named(spec: KubernetesObject, said: str) -> None:
    with pytest.raises(InvalidObservation, match=f"inference service a/churn@1: {said}"):
        seen(an_inference_service(spec=spec))


# ------------------------------------------------------------------------------------------ real objects
@pytest.fixture(scope="module")
def recorded(fixtures: Path) -> dict[str, DeploymentSeen]:
    """What KServe's own examples mean, by their names."""
    read = files.read([str(fixtures / "kserve")], standard_input=BytesIO())
    items = [one.item for one in read if isinstance(one, files.ObjectRead)]
    return {fact.name: fact for item in items if find_source(item, all_sources()) for fact in (seen(item),)}


def test_an_example_with_a_status_has_one_revision_with_all_traffic(recorded: dict[str, DeploymentSeen]) -> None:
    flower = recorded["flower-sample"]
    (component,) = flower.components
    assert component.traffic == (TrafficShare("flower-sample-predictor-default-fg4d6", 100),)
    assert component.revision == component.ready_revision == "flower-sample-predictor-default-fg4d6"
    assert (component.is_ready, flower.ready, flower.url) == (
        True,
        True,
        "http://flower-sample.kfserving-test.example.com",
    )


@pytest.mark.parametrize(
    ("name", "kind", "uri"),
    [
        ("flower-sample", "InferenceService", "gs://kfserving-examples/models/tensorflow/flowers-2"),
        ("sklearn-iris", "InferenceService", "gs://kfserving-examples/models/sklearn/1.0/model"),
        ("huggingface-llama2", "InferenceService", "hf://meta-llama/Llama-2-7b-chat-hf"),
        ("mnist-s3", "InferenceService", "s3://kfserving-examples/mnist"),
        ("example-sklearn-isvc", "InferenceService", "s3://example-models/sklearn"),
        ("mnist-sample", "InferenceService", "pvc://${PVC_NAME}/export"),
        ("qwen2-7b-instruct-single", "LLMInferenceService", "hf://Qwen/Qwen2.5-7B-Instruct"),
        ("model1-sklearn", "TrainedModel", "gs://kfserving-examples/models/sklearn/1.0/model"),
    ],
)
def test_each_example_names_its_model(recorded: dict[str, DeploymentSeen], name: str, kind: str, uri: str) -> None:
    fact = recorded[name]
    assert (fact.kind, [model.uri for one in fact.components for model in one.models]) == (kind, [uri])
