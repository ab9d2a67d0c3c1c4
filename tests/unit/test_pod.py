"""Pods of workflows: what ran for a node, where, and how it ended."""

from typing import Any

import pytest

from lineage.errors import InvalidObservation
from lineage.facts import ObjectKept, PodSeen
from lineage.model import DigestKind, Phase
from tests.factories import KubernetesObject, a_pod, facts_of, moment, rfc3339
from watchers.sources.pod import image_digest, node_id_of

SHA = "sha256:" + "ab" * 32


def pod_seen(item: KubernetesObject) -> PodSeen:
    pod, kept = facts_of(item)
    assert isinstance(pod, PodSeen)
    assert isinstance(kept, ObjectKept)
    assert (kept.uid, kept.resource, kept.revision) == (pod.uid, "pods", pod.revision)
    return pod


def containers(*statuses: dict[str, Any], phase: str = "Failed", **status: Any) -> KubernetesObject:
    item = a_pod()
    item["status"] = {"phase": phase, "containerStatuses": list(statuses), **status}
    return item


def terminated(name: str, *, end: int = 20, code: int = 0, reason: str = "Completed") -> dict[str, Any]:
    return {"name": name, "state": {"terminated": {"finishedAt": rfc3339(end), "exitCode": code, "reason": reason}}}


# ------------------------------------------------------------------------------------------ whose pod
def test_a_pod_says_whom_it_works_for_and_where() -> None:
    pod = pod_seen(a_pod("p", "w-1", 10, 20, owner="u1", workflow="w", namespace="b"))
    assert (pod.uid, pod.node_id, pod.owner_uid, pod.owner_name) == ("p", "w-1", "u1", "w")
    assert (pod.namespace, pod.host, pod.created_at, pod.finished_at) == ("b", "host-1", moment(10), moment(20))


@pytest.mark.parametrize("member", ["annotations", "ownerReferences", "uid", "creationTimestamp"])
def test_a_pod_that_stands_for_no_node_of_a_workflow_says_nothing(member: str) -> None:
    item = a_pod()
    del item["metadata"][member]
    assert facts_of(item) == []


def test_a_pod_that_another_kind_owns_says_nothing() -> None:
    item = a_pod()
    item["metadata"]["ownerReferences"][0]["kind"] = "Job"
    assert facts_of(item) == []


def test_the_owner_is_the_workflow_among_several() -> None:
    item = a_pod(owner="u1")
    item["metadata"]["ownerReferences"].insert(0, {"kind": "Task", "name": "t", "uid": "u0"})
    assert pod_seen(item).owner_uid == "u1"


def test_a_pod_before_argo_3_2_names_its_node_and_the_id_follows() -> None:
    item = a_pod(workflow="dag-diamond")
    item["metadata"]["annotations"] = {"workflows.argoproj.io/node-name": "dag-diamond.A"}
    assert pod_seen(item).node_id == node_id_of("dag-diamond", "dag-diamond.A")


@pytest.mark.parametrize(
    ("workflow", "name", "expected"),
    [
        ("w", "w", "w"),  # the root node
        ("w", "a", "w-3826002220"),  # FNV-1a of "a" is 0xe40c292c
        ("w", "foobar", "w-3214735720"),  # 0xbf9cf968: the published test vector
        ("w", "", "w-2166136261"),
    ],
)
def test_node_ids_are_computed_as_argo_does(workflow: str, name: str, expected: str) -> None:
    assert node_id_of(workflow, name) == expected


def test_a_pod_bears_the_run_id_and_says_whether_the_cache_stood_in_for_it() -> None:
    labels = {"pipeline/runid": "r", "pipelines.kubeflow.org/reused_from_cache": "true"}
    pod = pod_seen(a_pod(labels=labels))
    assert (pod.run_label, pod.reused) == ("r", True)
    assert not pod_seen(a_pod(labels={"pipelines.kubeflow.org/reused_from_cache": "false"})).reused


# ------------------------------------------------------------------------------------------ how it ended
@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("", Phase.PENDING),
        ("Pending", Phase.PENDING),
        ("Running", Phase.RUNNING),
        ("Succeeded", Phase.SUCCEEDED),
        ("Failed", Phase.FAILED),
        ("Unknown", Phase.UNKNOWN),
        ("Ascended", Phase.UNKNOWN),
    ],
)
def test_a_pod_is_in_phase(phase: str, expected: Phase) -> None:
    assert pod_seen(containers(phase=phase)).phase is expected


def test_a_main_container_out_of_memory_is_the_reason() -> None:
    pod = pod_seen(containers(terminated("wait"), terminated("main", code=137, reason="OOMKilled")))
    assert (pod.reason, pod.exit_code) == ("OOMKilled", 137)


def test_what_befell_the_pod_counts_before_what_befell_its_container() -> None:
    pod = pod_seen(containers(terminated("main", code=137, reason="Error"), reason="Evicted"))
    assert pod.reason == "Evicted"


def test_a_pod_that_completed_has_no_reason() -> None:
    assert pod_seen(containers(terminated("main"), phase="Succeeded")).reason is None


def test_a_pod_ends_with_its_last_container_and_not_while_it_runs() -> None:
    statuses = [terminated("main", end=20), terminated("wait", end=25)]
    assert pod_seen(containers(*statuses)).finished_at == moment(25)
    assert pod_seen(containers(*statuses, phase="Running")).finished_at is None
    assert pod_seen(containers(phase="Failed", reason="Evicted")).finished_at is None


def test_restarts_of_all_containers_are_counted() -> None:
    pod = pod_seen(containers({"name": "main", "restartCount": 2}, {"name": "wait", "restartCount": 1}))
    assert pod.restarts == 3


# ------------------------------------------------------------------------------------------ images
@pytest.mark.parametrize(
    ("image_id", "digest", "kind"),
    [
        (f"docker-pullable://registry.example:5000/step@{SHA}", SHA, DigestKind.MANIFEST),
        (f"registry.example:5000/step@{SHA}", SHA, DigestKind.MANIFEST),
        (f"docker.io/library/python@{SHA.upper()}", SHA, DigestKind.MANIFEST),
        (f"docker://{SHA}", SHA, DigestKind.CONFIG),
        (SHA, SHA, DigestKind.CONFIG),
        ("", None, DigestKind.UNKNOWN),
        ("registry.example:5000/step", None, DigestKind.UNKNOWN),
        ("docker://", None, DigestKind.UNKNOWN),
        ("step:1", None, DigestKind.UNKNOWN),
        ("registry.example:5000/step:1", None, DigestKind.UNKNOWN),
        ("step@sha256:", None, DigestKind.UNKNOWN),
    ],
)
def test_an_image_id_names(image_id: str, digest: str | None, kind: DigestKind) -> None:
    assert image_digest(image_id) == (digest, kind)


def test_every_container_has_the_image_that_was_asked_for_and_the_one_that_ran() -> None:
    item = a_pod(image="registry.example/step:1", image_id=f"registry.example/step@{SHA}")
    item["spec"]["initContainers"] = [{"name": "init", "image": "argoexec:v3"}]
    item["status"]["initContainerStatuses"] = [{"name": "init", "image": "argoexec:v3", "imageID": SHA}]
    images = {image.container: image for image in pod_seen(item).images}
    assert (images["main"].reference, images["main"].digest) == ("registry.example/step:1", SHA)
    assert (images["init"].reference, images["init"].digest_kind) == ("argoexec:v3", DigestKind.CONFIG)


def test_a_container_that_did_not_run_yet_has_no_digest() -> None:
    item = a_pod()
    item["status"] = {"phase": "Pending"}
    (image,) = pod_seen(item).images
    assert (image.digest, image.digest_kind) == (None, DigestKind.UNKNOWN)


# ------------------------------------------------------------------------------------------ revisions and wrong types
def test_a_pod_from_a_file_is_ordered_by_its_own_times() -> None:
    item = a_pod(born=10, end=20, version=None)
    item["status"]["startTime"] = rfc3339(12)
    revision = pod_seen(item).revision
    assert (revision.kind, revision.latest, revision.ended) == ("R", 20, True)


@pytest.mark.parametrize(
    ("section", "member", "value", "place"),
    [
        ("metadata", "annotations", [], "annotations"),
        ("metadata", "ownerReferences", {}, "ownerReferences"),
        ("metadata", "creationTimestamp", "yesterday", "creationTimestamp"),
        ("status", "phase", 7, "phase"),
        ("status", "containerStatuses", [1], r"containerStatuses\[0\]"),
        ("status", "containerStatuses", [{"name": "main", "restartCount": "many"}], "restartCount"),
        ("spec", "containers", "none", "containers"),
    ],
)
def test_what_is_not_what_it_should_be_is_named_with_its_place(
    section: str, member: str, value: object, place: str
) -> None:
    item = a_pod()
    item[section][member] = value
    with pytest.raises(InvalidObservation, match=rf"a/pod-of-w-1000001@1: .*{place}"):
        facts_of(item)
