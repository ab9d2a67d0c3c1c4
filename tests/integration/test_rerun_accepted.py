"""Manifests of reruns, as a real API server with Argo's own definition of a Workflow takes them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from lineage.ports import EVERYTHING
from lineage_graphql import execute
from tests.factories import KubernetesObject, a_store
from tests.kubernetes_server import KubernetesServer
from tests.training_run import Training
from watchers.timeline import WORKFLOWS

FOLDERS: Final = ("argo-manifests", "argo-plain", "argo-misc", "kfp-v1-runtime", "kfp-v1-synthetic")
MANIFEST: Final = """
query ($uid: String!) { run(uid: $uid) { id } }
"""


def recorded(fixtures: Path) -> Iterator[tuple[str, KubernetesObject]]:
    """The recorded workflows that have a uid."""
    for folder in FOLDERS:
        for file in sorted((fixtures / folder).glob("*.json")):
            item = yaml.safe_load(file.read_text(encoding="utf-8"))
            if item.get("kind") == "Workflow" and item["metadata"].get("uid"):
                yield file.name, item


def manifest(item: KubernetesObject) -> str:
    """The manifest that would run a workflow again, as it is written down."""
    store = a_store(item)
    found = execute(store, EVERYTHING, MANIFEST, {"uid": item["metadata"]["uid"]})["data"]["run"]["id"]
    asked = "query ($run: ID!) { rerunManifest(run: $run) { yaml } }"
    written: str = execute(store, EVERYTHING, asked, {"run": found})["data"]["rerunManifest"]["yaml"]
    return written


@pytest.fixture(scope="module")
def refused(kubernetes: KubernetesServer, fixtures: Path) -> dict[str, str]:
    """Why the server would not take a manifest, by file; of those whose own workflow it would take."""
    found = {}
    for name, item in recorded(fixtures):
        namespace = item["metadata"].get("namespace", "default")
        own = {member: value for member, value in item.items() if member != "status"}
        own["metadata"] = {"name": item["metadata"]["name"], "namespace": namespace}
        if kubernetes.refuses(WORKFLOWS, namespace, yaml.safe_dump(own).encode()) is None:
            found[name] = kubernetes.refuses(WORKFLOWS, namespace, manifest(item).encode()) or ""
    return found


def test_the_server_takes_every_manifest_of_a_workflow_that_it_takes(refused: dict[str, str]) -> None:
    assert len(refused) > 10
    assert {name: reason for name, reason in refused.items() if reason} == {}


def test_the_server_would_refuse_what_no_workflow_has(kubernetes: KubernetesServer) -> None:
    written = manifest(Training().workflow()).replace("entrypoint: main", "entrypoint: main\n  startpoint: main")
    assert "startpoint" in (kubernetes.refuses(WORKFLOWS, "a", written.encode()) or "")
