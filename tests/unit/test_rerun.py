"""Manifests that would run a run again: what is held fast in them, what is said not to be, and that nothing leaks."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from lineage.dossier import Dossier
from lineage.gathering import dossiers, reruns
from lineage.identity import run_key
from lineage.ports import EVERYTHING
from lineage.rerun import RERUN_OF, Manifest, manifest_of
from lineage_graphql import execute
from tests.engine import Engine
from tests.factories import KubernetesObject, a_node, a_pod, a_store, a_workflow
from tests.training_run import Training, digest_of

RUN: Final = Training()


def dossier(*told: Any, uid: str = "u1") -> Dossier:
    return dossiers(a_store(*told), EVERYTHING, [run_key(uid)])[run_key(uid)]


def manifest(*told: Any, uid: str = "u1") -> Manifest:
    found = manifest_of(dossier(*told, uid=uid))
    assert found is not None
    return found


def template(found: Manifest, name: str) -> Any:
    return next(one for one in found.document["spec"]["templates"] if one["name"] == name)


def reasons(found: Manifest) -> dict[str, str]:
    return {one.path: one.reason for one in found.unpinned}


# ------------------------------------------------------------------------------------------ what is held fast
def test_images_arguments_and_origin_are_held_fast() -> None:
    found = manifest(*RUN.told())
    metadata = found.document["metadata"]
    assert (metadata["generateName"], metadata["namespace"]) == ("training-", "a")
    assert metadata["labels"] == {RERUN_OF: "u1"}
    assert template(found, "train")["container"]["image"] == f"registry.example/train@{digest_of('train')}"
    assert found.document["spec"]["arguments"] == {"parameters": [{"name": "rate", "value": "0.1"}]}
    assert "status" not in found.document
    assert reasons(found) == {
        "prepare.inputs.artifacts[in0]": "s3:///raw/customers.csv: the place names no version: whatever lies there is "
        f"read, its content was {digest_of('customers')}"
    }


def test_an_image_is_not_pinned_to_what_nobody_knows() -> None:
    pods = RUN.pods()
    for pod in pods:
        pod["status"]["containerStatuses"][0]["imageID"] = "docker://sha256:ab"
    assert "which manifest the tag stood for is not known" in str(manifest(RUN.workflow(), *pods).unpinned)
    assert "no pod that ran it was seen" in str(manifest(RUN.workflow()).unpinned)
    pods = RUN.pods()
    pods[-2]["status"]["containerStatuses"][0]["imageID"] = f"registry.example/train@{digest_of('patched')}"
    found = manifest(RUN.workflow(), *pods)
    assert template(found, "train")["container"]["image"] == "registry.example/train:1"
    assert "it ran with 2 digests" in reasons(found)["spec.templates[train].container.image"]


def test_nothing_is_taken_from_a_cache() -> None:
    workflow = RUN.workflow()
    for one in workflow["spec"]["templates"]:
        one["memoize"] = {"key": "k", "cache": {"configMap": {"name": "c"}}}
        one["metadata"] = {
            "labels": {"pipelines.kubeflow.org/enable_caching": "true", "team": "a"},
            "annotations": {"pipelines.kubeflow.org/max_cache_staleness": "P30D"},
        }
    for one in manifest(workflow).document["spec"]["templates"]:
        assert "memoize" not in one
        assert one["metadata"]["labels"] == {"pipelines.kubeflow.org/enable_caching": "false", "team": "a"}
        assert one["metadata"]["annotations"] == {"pipelines.kubeflow.org/max_cache_staleness": "P0D"}


def test_templates_of_other_objects_are_put_in_as_they_were() -> None:
    outer = {"name": "main", "steps": [[{"name": "s", "templateRef": {"name": "shared", "template": "train"}}]]}
    stored = {
        "namespaced/shared/train": {"name": "train", "steps": [[{"name": "inner", "template": "helper"}]]},
        "namespaced/shared/helper": {"name": "helper", "container": {"image": "registry.example/helper:1"}},
    }
    workflow = a_workflow(
        phase="Succeeded", spec={"entrypoint": "main", "templates": [outer]}, storedTemplates=stored, name="w-abcdef"
    )
    spec = manifest(workflow).document["spec"]
    held = {one["name"]: one for one in spec["templates"]}
    assert held.keys() == {"main", "shared-train", "shared-helper"}
    assert held["main"]["steps"] == [[{"name": "s", "template": "shared-train"}]]
    assert held["shared-train"]["steps"] == [[{"name": "inner", "template": "shared-helper"}]]


def test_the_spec_of_a_workflow_template_is_the_one_that_ran() -> None:
    workflow = RUN.workflow(storedWorkflowTemplateSpec=RUN.workflow()["spec"])
    workflow["spec"] = {"workflowTemplateRef": {"name": "training"}, "suspend": True}
    found = manifest(workflow, *RUN.pods()).document["spec"]
    assert found["entrypoint"] == "main"
    assert "workflowTemplateRef" not in found
    assert "suspend" not in found


def test_the_times_of_the_run_stay_those_of_the_run() -> None:
    stands = ["workflow.creationTimestamp", "workflow.creationTimestamp.s", "workflow.creationTimestamp.Y"]
    args = [*("{{" + one + "}}" for one in stands), "{{workflow.scheduledTime}}", "{{workflow.name}}"]
    spec = {"entrypoint": "a", "templates": [{"name": "a", "container": {"image": "i", "args": args}}]}
    found = manifest(a_workflow(phase="Succeeded", spec=spec, born=1_700_000_000))
    assert template(found, "a")["container"]["args"] == [
        "2023-11-14T22:13:20Z",
        "1700000000",
        "2023",
        "{{workflow.scheduledTime}}",
        "{{workflow.name}}",
    ]
    assert "{{workflow.scheduledTime}}" in reasons(found)


# ------------------------------------------------------------------------------------------ secrets
def test_secrets_are_referred_to_and_never_written() -> None:
    reference = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "creds", "key": "token"}}}
    workflow = RUN.workflow()
    container = workflow["spec"]["templates"][2]["container"]
    container["env"] = [reference, {"name": "PASSWORD", "value": "hunter2-and-more"}]
    workflow["spec"]["arguments"]["parameters"].append({"name": "api_key", "value": "hunter3-and-more"})
    found = manifest(workflow, *RUN.pods())
    written = yaml.safe_dump(found.document)
    assert "hunter" not in written
    assert "redacted:" not in written
    assert template(found, "train")["container"]["env"][0] == reference
    secret = "a secret stood here, which is not recorded: put it in again"
    assert reasons(found)["spec.templates[train].container.env[PASSWORD].value"] == secret
    assert reasons(found)["spec.arguments.parameters[api_key].value"] == secret


# ------------------------------------------------------------------------------------------ Kubeflow v2
def test_a_run_of_kubeflow_2_is_its_pipeline_with_what_ran(fixtures: Path) -> None:
    compiled = yaml.safe_load(next((fixtures / "kfp-v2-compiled").rglob("two_step*")).read_text(encoding="utf-8"))
    workflow = Engine(compiled).workflow()
    found = manifest(workflow, *pods_of(workflow), uid=workflow["metadata"]["labels"]["pipeline/runid"])
    spec = found.document["pipeline_spec"]
    assert spec["root"]["dag"]["tasks"].keys() == {"write-to-gcs", "read-from-gcs"}
    for task in spec["root"]["dag"]["tasks"].values():
        assert task["cachingOptions"] == {}
        component = spec["components"][task["componentRef"]["name"]]
        container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        assert container["image"].endswith(f"@{digest_of('v2')}")
    assert found.document["runtime_config"]["parameters"] == {"text": "Hello KFP!"}
    assert not any("image" in path for path in reasons(found))


def pods_of(workflow: KubernetesObject) -> list[KubernetesObject]:
    """Pods that ran what the executors were told to."""
    image = "google/cloud-sdk:slim"
    return [
        a_pod(
            f"pod-{node_id}",
            node_id,
            10,
            20,
            owner=workflow["metadata"]["uid"],
            workflow=workflow["metadata"]["name"],
            image=image,
            image_id=f"google/cloud-sdk@{digest_of('v2')}",
        )
        for node_id, node in workflow["status"]["nodes"].items()
        if node["type"] == "Pod" and "driver" not in node["name"]
    ]


# ------------------------------------------------------------------------------------------ made again
def test_a_run_that_repeats_another_is_found_by_its_label() -> None:
    again = replace(RUN, uid="u2", name="training-again", born=5000)
    told = manifest(*RUN.told()).document["metadata"]["labels"]
    workflow = again.workflow()
    workflow["metadata"]["labels"] = told
    store = a_store(*RUN.told(), workflow, *again.pods(), *again.looks())
    found = dossiers(store, EVERYTHING, [run_key("u1")])[run_key("u1")]
    assert [one.uid for one in reruns(store, EVERYTHING, found.run)] == ["u2"]


def test_what_nobody_recorded_cannot_be_made_again() -> None:
    store = a_store(a_pod())
    (run,) = dossiers(store, EVERYTHING, [run_key("u1")]).values()
    answer = execute(store, EVERYTHING, "query ($run: ID!) { rerunManifest(run: $run) { yaml } }", {"run": run.run.id})
    assert answer["data"] == {"rerunManifest": None}
    assert "no workflow of the run" in answer["errors"][0]["message"]


@pytest.mark.parametrize("folder", ["argo-manifests", "argo-plain", "kfp-v1-runtime", "kfp-v1-synthetic"])
def test_every_recorded_workflow_can_be_written_down(fixtures: Path, folder: str) -> None:
    for file in sorted((fixtures / folder).glob("*.json")):
        workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
        if workflow.get("kind") != "Workflow" or "uid" not in workflow["metadata"]:
            continue
        store = a_store(workflow)
        answer = execute(
            store,
            EVERYTHING,
            "query ($uid: String!) { run(uid: $uid) { id } }",
            {"uid": workflow["metadata"]["uid"]},
        )
        found = execute(
            store,
            EVERYTHING,
            "query ($run: ID!) { rerunManifest(run: $run) { yaml unpinned { path reason } } }",
            {"run": answer["data"]["run"]["id"]},
        )
        assert "errors" not in found, file.name
        written = yaml.safe_load(found["data"]["rerunManifest"]["yaml"])
        names = {one["name"] for one in written["spec"].get("templates", [])}
        assert written["spec"]["entrypoint"] in names, file.name


def test_a_node_without_a_template_stops_nothing() -> None:
    found = manifest(a_workflow({"w-1": a_node("w.a", templateName="gone")}, phase="Succeeded", spec={"a": 1}))
    assert found.document["spec"]["templates"] == []
