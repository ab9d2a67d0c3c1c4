"""Kubernetes `Pod`, as far as it worked for a node of a workflow, or for a training job: the image that ran, the host,
how it ended.

Pure. The annotations are Argo's (argo-workflows/workflow/common/common.go).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lineage.facts import Fact, ObjectKept, PodSeen
from lineage.identity import RUN_ID_LABEL
from lineage.model import ContainerImage, DigestKind, Phase
from lineage.observation import ObjectSeen
from watchers.reading import mapping, mappings, placing, text, texts, time, whole
from watchers.revision import revision
from watchers.source import Resource, Source

RESOURCE: Final = Resource(group="", version="v1", plural="pods", kind="Pod")
NODE_ID: Final = "workflows.argoproj.io/node-id"
NODE_NAME: Final = "workflows.argoproj.io/node-name"
TRAINING: Final = "kubeflow.org"
REUSED_LABEL: Final = "pipelines.kubeflow.org/reused_from_cache"

# The registered algorithms of the OCI image specification.
_DIGEST: Final = re.compile(r"(sha256|sha384|sha512|blake3):[0-9a-f]{1,128}", re.IGNORECASE)

_PHASES: Final = {
    "": Phase.PENDING,
    "Pending": Phase.PENDING,
    "Running": Phase.RUNNING,
    "Succeeded": Phase.SUCCEEDED,
    "Failed": Phase.FAILED,
}


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a pod means: nothing unless a workflow owns it and it stands for a node, or a training job does.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("pod", item):
        return _interpret(item, mapping(item, "metadata"), seen)


def _interpret(item: dict[str, Any], metadata: dict[str, Any], seen: ObjectSeen) -> Sequence[Fact]:
    annotations, labels, uid = texts(metadata, "annotations"), texts(metadata, "labels"), text(metadata, "uid")
    owner = next((o for o in mappings(metadata, "ownerReferences") if o.get("kind") == "Workflow" or _is_job(o)), None)
    if owner is None or not uid:
        return ()
    workflow, node_name = text(owner, "name"), annotations.get(NODE_NAME)
    node_id = annotations.get(NODE_ID) or (node_id_of(workflow, node_name) if node_name else "")
    if _is_job(owner):  # the job is an execution by itself, and its pods work for that
        node_id, node_name = text(owner, "uid"), workflow
    created_at = time(metadata, "creationTimestamp")
    if not node_id or not text(owner, "uid") or created_at is None:
        return ()
    spec, status = mapping(item, "spec"), mapping(item, "status")
    phase = _PHASES.get(text(status, "phase"), Phase.UNKNOWN)
    states = _by_name(status, "containerStatuses")
    ends = sorted(_ends(states.values()))
    latest = max([*ends, *filter(None, [time(status, "startTime")])], default=None)
    state = mapping(states.get("main") or next(iter(states.values()), {}), "state")
    main = mapping(state, "terminated")
    view = revision(seen, metadata, uid=uid, born=created_at, latest=latest, ended=phase.ended)
    pod = PodSeen(
        revision=view,
        uid=uid,
        owner_uid=text(owner, "uid"),
        owner_name=workflow,
        node_id=node_id,
        node_name=node_name,
        run_label=None if _is_job(owner) else labels.get(RUN_ID_LABEL),
        cluster=seen.cluster,
        namespace=text(metadata, "namespace"),
        name=text(metadata, "name"),
        host=text(spec, "nodeName") or None,
        phase=phase,
        reason=_reason(status, main),
        exit_code=whole(main, "exitCode"),
        restarts=sum(whole(state, "restartCount") or 0 for state in states.values()),
        created_at=created_at,
        finished_at=ends[-1] if phase.ended and ends else None,
        images=tuple(_images(spec, _by_name(status, "initContainerStatuses") | states)),
        reused=labels.get(REUSED_LABEL) == "true",
        started_at=time(mapping(state, "running"), "startedAt") or time(main, "startedAt"),
    )
    return pod, ObjectKept(revision=view, resource=RESOURCE.name, uid=uid, body=seen.body)


def _is_job(owner: Mapping[str, Any]) -> bool:
    """Know a job of the training operator, whatever its framework. Source: `GenOwnerReference` in
    kubeflow/training-operator/pkg/controller.v1/common/job.go."""
    kind, version = owner.get("kind"), owner.get("apiVersion")
    is_kubeflow = isinstance(version, str) and version.rpartition("/")[0] == TRAINING
    return is_kubeflow and isinstance(kind, str) and kind.endswith("Job")


def node_id_of(workflow: str, node_name: str) -> str:
    """Compute the id of a node from its name, as Argo does: FNV-1a, 32 bits.

    Pods before Argo 3.2 bear the name alone. Source: `NodeID` in workflow_types.go.
    """
    if node_name == workflow:
        return workflow
    state = 0x811C9DC5
    for byte in node_name.encode():
        state = ((state ^ byte) * 0x01000193) & 0xFFFFFFFF
    return f"{workflow}-{state}"


def _ends(states: Any) -> Iterator[datetime]:
    for state in states:
        if (end := time(mapping(mapping(state, "state"), "terminated"), "finishedAt")) is not None:
            yield end


def _reason(status: Mapping[str, Any], main: Mapping[str, Any]) -> str | None:
    """Why it ended: what befell the pod (Evicted), else its main container (OOMKilled)."""
    said = text(status, "reason") or text(main, "reason")
    return None if said in ("", "Completed") else said


def _by_name(holder: Mapping[str, Any], member: str) -> dict[str, dict[str, Any]]:
    return {text(one, "name"): one for one in mappings(holder, member)}


def _images(spec: Mapping[str, Any], states: Mapping[str, Mapping[str, Any]]) -> Iterator[ContainerImage]:
    containers = _by_name(spec, "initContainers") | _by_name(spec, "containers")
    asked = {name: text(container, "image") for name, container in containers.items()}
    for name in {**asked, **states}:
        state = states.get(name, {})
        digest, kind = image_digest(text(state, "imageID"))
        yield ContainerImage(
            container=name, reference=asked.get(name) or text(state, "image"), digest=digest, digest_kind=kind
        )


def image_digest(image_id: str) -> tuple[str | None, DigestKind]:
    """Read what a runtime calls the image that ran.

    `docker-pullable://repo@sha256:…` and `repo@sha256:…` name what the registry served (a manifest, or an
    index of several: the runtime does not say which); `docker://sha256:…` and a bare `sha256:…` name the
    image's configuration.
    """
    before, at, digest = image_id.partition("://")[2 if "://" in image_id else 0].rpartition("@")
    if not _DIGEST.fullmatch(digest):
        return None, DigestKind.UNKNOWN  # nothing, or a reference such as registry:5000/repo:tag
    return digest.lower(), DigestKind.MANIFEST if at and before else DigestKind.CONFIG


SOURCE: Final = Source(name="pod", resource=RESOURCE, interpret=interpret)
