"""The one way to make test data: Workflow and Pod objects in Argo's shape, what is seen of them, and stores.

Times are seconds since 1970, as in the identity rules; everything has a sensible default.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, TypeAlias
from weakref import finalize

import msgspec

from lineage import recorder
from lineage.evidence import Look
from lineage.facts import Fact
from lineage.identity import Location, object_store
from lineage.model import ArtifactState, Run, RunView
from lineage.observation import LocationLooked, ObjectDeleted, ObjectSeen, Observation, ResourceListed
from lineage.ports import EVERYTHING, LineageStore, Scope
from lineage.redaction import Redactor
from lineage.store.database import open_in_memory
from lineage.store.sql import SqlStore
from watchers.observe import find_source, observe
from watchers.sources import all_sources

CLUSTER = "c"
NAMESPACE = "a"
NEW_YEAR = 1_767_225_600  # 2026-01-01T00:00:00Z
RECORDED_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEY = b"a key for tests, of no installation"
REDACTOR = Redactor(KEY)
WORKFLOWS = "workflows.argoproj.io"
PODS = "pods"
RUN_ID = "pipeline/runid"
RESUBMITTED = "workflows.argoproj.io/resubmitted-from-workflow"

KubernetesObject: TypeAlias = dict[str, Any]

_encode = msgspec.json.Encoder(order="sorted").encode


# ------------------------------------------------------------------------------------------ times and places
def moment(seconds: float) -> datetime:
    """The time so many seconds after 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def rfc3339(seconds: float | None) -> str | None:
    """A time as Kubernetes writes it, to the second."""
    return None if seconds is None else moment(int(seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def place(key: str, *, cluster: str = CLUSTER) -> Location:
    """Where the sources find an artifact that gives an S3 key and nothing else."""
    return Location(store=object_store(None, cluster), uri=f"s3:///{key}")


# ------------------------------------------------------------------------------------------ objects
def an_artifact(name: str, key: str) -> KubernetesObject:
    return {"name": name, "s3": {"key": key}}


def a_node(
    name: str,
    start: float | None = 10,
    end: float | None = None,
    phase: str = "Succeeded",
    *,
    kind: str = "Pod",
    reads: Sequence[str] = (),
    writes: Sequence[str] = (),
    children: Sequence[str] = (),
    **more: Any,
) -> KubernetesObject:
    """A node. The keys that it reads are inputs x0, x1, …; those that it writes outputs of the same names."""
    return {
        "name": name,
        "displayName": name.rpartition(".")[2],
        "type": kind,
        "phase": phase,
        "startedAt": rfc3339(start),
        "finishedAt": rfc3339(end),
        "inputs": {"artifacts": [an_artifact(f"x{index}", key) for index, key in enumerate(reads)]},
        "outputs": {"artifacts": [an_artifact(f"x{index}", key) for index, key in enumerate(writes)]},
        "children": list(children),
        **more,
    }


def a_workflow(
    nodes: Mapping[str, KubernetesObject] | None = None,
    *,
    version: int | None = 1,
    phase: str = "Running",
    uid: str | None = "u1",
    name: str = "w",
    namespace: str = NAMESPACE,
    born: float | None = 0,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    spec: KubernetesObject | None = None,
    metadata: KubernetesObject | None = None,
    **status: Any,
) -> KubernetesObject:
    """A workflow with its nodes by id. Without `version` it comes from a file."""
    header: KubernetesObject = {
        "name": name,
        "namespace": namespace,
        "labels": dict(labels or {}),
        "annotations": dict(annotations or {}),
        **_known(uid=uid, creationTimestamp=rfc3339(born), resourceVersion=None if version is None else str(version)),
        **(metadata or {}),
    }
    shown = {node_id: {"id": node_id, **node} for node_id, node in (nodes or {}).items()}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": header,
        "spec": spec or {},
        "status": {"phase": phase, "nodes": shown, **status},
    }


def a_pod(
    uid: str = "p",
    node_id: str = "w-1000001",
    born: float = 10,
    end: float | None = None,
    *,
    version: int | None = 1,
    owner: str = "u1",
    workflow: str = "w",
    namespace: str = NAMESPACE,
    phase: str | None = None,
    labels: Mapping[str, str] | None = None,
    image: str = "registry.example/step:1",
    image_id: str = "registry.example/step@sha256:ab",
) -> KubernetesObject:
    """A pod that works for a node; it has ended where `end` says when."""
    over = {"terminated": {"finishedAt": rfc3339(end), "exitCode": 0, "reason": "Completed"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"pod-of-{node_id}",
            "namespace": namespace,
            "uid": uid,
            "creationTimestamp": rfc3339(born),
            **_known(resourceVersion=None if version is None else str(version)),
            "labels": dict(labels or {}),
            "annotations": {"workflows.argoproj.io/node-id": node_id},
            "ownerReferences": [
                {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": workflow, "uid": owner}
            ],
        },
        "spec": {"nodeName": "host-1", "containers": [{"name": "main", "image": image}]},
        "status": {
            "phase": phase or ("Running" if end is None else "Succeeded"),
            "containerStatuses": [
                {
                    "name": "main",
                    "image": image,
                    "imageID": image_id,
                    "restartCount": 0,
                    "state": {"running": {}} if end is None else over,
                }
            ],
        },
    }


def a_recurring_run(
    spec: KubernetesObject | None = None,
    *,
    kind: str = "CronWorkflow",
    version: int | None = 1,
    uid: str | None = "r1",
    name: str = "nightly",
    namespace: str = NAMESPACE,
    born: float | None = 0,
    written_at: float | None = None,
    metadata: KubernetesObject | None = None,
    **status: Any,
) -> KubernetesObject:
    """A CronWorkflow or ScheduledWorkflow that is due every hour, unless its spec says otherwise. `written_at` is when
    its managed fields say that the spec was written."""
    of_argo = kind == "CronWorkflow"
    managers = {"managedFields": [managed("kubectl", written_at)]} if written_at is not None else {}
    hourly = {"schedules": ["0 * * * *"], "workflowSpec": {"entrypoint": "main"}}
    default = hourly if of_argo else {"enabled": True, "trigger": {"cronSchedule": {"cron": "0 0 * * * *"}}}
    return {
        "apiVersion": "argoproj.io/v1alpha1" if of_argo else "kubeflow.org/v1beta1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            **_known(
                uid=uid, creationTimestamp=rfc3339(born), resourceVersion=None if version is None else str(version)
            ),
            **managers,
            **(metadata or {}),
        },
        "spec": default if spec is None else spec,
        "status": status,
    }


def managed(manager: str, at: float, *fields: str, **more: Any) -> KubernetesObject:
    """What an API server notes of one who writes to an object: the spec, if nothing else is said."""
    named: KubernetesObject = {f"f:{field}": {} for field in fields or ("spec",)}
    return {"manager": manager, "operation": "Update", "time": rfc3339(at), "fieldsV1": named, **more}


def a_scheduled_run(
    due: int,
    *,
    recurring: str | None = "r1",
    name: str = "nightly",
    kind: str = "CronWorkflow",
    late: int = 1,
    took: int | None = 10,
    uid: str | None = None,
    labels: Mapping[str, str] | None = None,
    **more: Any,
) -> KubernetesObject:
    """A workflow that a recurring run made for a time, so many seconds later. `recurring` is the uid of that, or None
    where only labels name it; `took` is how long it ran, or None while it runs."""
    prefix = "scheduledworkflows.kubeflow.org"
    named = (
        {"workflows.argoproj.io/cron-workflow": name}
        if kind == "CronWorkflow"
        else {f"{prefix}/scheduledWorkflowName": name, f"{prefix}/workflowEpoch": str(due)}
    )
    owner = {"apiVersion": "v1", "kind": kind, "name": name, "uid": recurring, "controller": True}
    ended: KubernetesObject = {} if took is None else {"finishedAt": rfc3339(due + late + took)}
    return a_workflow(
        uid=uid or f"{name}-{due}-{late}",
        name=f"{name}-{due}",
        born=due + late,
        phase="Running" if took is None else "Succeeded",
        labels={**named, **(labels or {})},
        metadata={} if recurring is None else {"ownerReferences": [owner]},
        startedAt=rfc3339(due + late),
        **ended,
        **more,
    )


def an_inference_service(
    uri: str | None = "s3://b/model",
    *,
    spec: KubernetesObject | None = None,
    version: int | None = 1,
    uid: str | None = "d1",
    name: str = "churn",
    namespace: str = NAMESPACE,
    born: float | None = 0,
    written_at: float | None = None,
    ready_at: float | None = None,
    revision: str | None = None,
    traffic: Mapping[str, int] | None = None,
    kind: str = "InferenceService",
    api_version: str = "serving.kserve.io/v1beta1",
    metadata: KubernetesObject | None = None,
    **status: Any,
) -> KubernetesObject:
    """What serves the model of a uri, unless its spec says otherwise. `written_at` is when its managed fields say that
    the spec was written, `ready_at` when its conditions say that it became ready; `revision` is the one that was made
    last, and is ready if `ready_at` is told. `traffic` is how many percent of it go to which revision."""
    model = {"modelFormat": {"name": "sklearn"}, "storageUri": uri}
    managers = {"managedFields": [managed("kubectl", written_at)]} if written_at is not None else {}
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": rfc3339(ready_at)}
        for kind in ("PredictorReady", "Ready")
        if ready_at is not None
    ]
    component = _known(
        latestCreatedRevision=revision,
        latestReadyRevision=revision if ready_at is not None else None,
        traffic=None if traffic is None else [{"revisionName": n, "percent": p} for n, p in traffic.items()],
    )
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            **_known(
                uid=uid, creationTimestamp=rfc3339(born), resourceVersion=None if version is None else str(version)
            ),
            **managers,
            **(metadata or {}),
        },
        "spec": {"predictor": {"model": model}} if spec is None else spec,
        "status": {"conditions": conditions, "components": {"predictor": component} if component else {}, **status},
    }


def _known(**members: Any) -> KubernetesObject:
    return {name: value for name, value in members.items() if value is not None}


# ------------------------------------------------------------------------------------------ observations
def observed(item: KubernetesObject, *, cluster: str = CLUSTER, seen_at: datetime = RECORDED_AT) -> ObjectSeen:
    """What a watcher logs of an object: unpacked, trimmed and redacted, as everywhere else."""
    source = find_source(item, all_sources())
    assert source is not None, f"no source recognises {item.get('apiVersion')} {item.get('kind')}"
    return observe(deepcopy(item), source, cluster=cluster, seen_at=seen_at, redactor=REDACTOR)


def deleted(uid: str, *, source: str = "argo_workflow") -> ObjectDeleted:
    return ObjectDeleted(source=source, cluster=CLUSTER, seen_at=RECORDED_AT, uid=uid)


def listed(
    namespace: str, version: int, uids: Iterable[str] = (), *, resource: str = WORKFLOWS, cluster: str = CLUSTER
) -> ResourceListed:
    """A complete list of one namespace, or of all ("*")."""
    return ResourceListed(
        source="argo_workflow" if resource == WORKFLOWS else "pod",
        cluster=cluster,
        seen_at=RECORDED_AT,
        resource=resource,
        namespace=namespace,
        resource_version=str(version),
        uids=tuple(uids),
    )


def looked(key: str, *, modified: float, at: float, etag: str = "e", version: str | None = None) -> LocationLooked:
    """A look at what lies under an S3 key."""
    where = place(key)
    return LocationLooked(
        source="objects",
        cluster=CLUSTER,
        seen_at=moment(at),
        store=where.store,
        uri=where.uri,
        look=Look(state=ArtifactState.PRESENT, size_bytes=1, modified_at=moment(modified), etag=etag, version=version),
    )


# ------------------------------------------------------------------------------------------ facts and stores
def interpreted(seen: ObjectSeen) -> Sequence[Fact]:
    """What an object means.

    Raises:
        InvalidObservation: it cannot be interpreted. A recorder would set it aside; a test wants to hear of it.
    """
    return next(source for source in all_sources() if source.name == seen.source).interpret(seen)


def facts_of(*observations: Observation | KubernetesObject) -> list[Fact]:
    """All facts of some observations, in their order; an object stands for its being seen."""
    return [fact for one in observations for fact in _facts_of(one)]


def _facts_of(one: Observation | KubernetesObject) -> Sequence[Fact]:
    if isinstance(one, dict):
        return interpreted(observed(one))
    return interpreted(one) if isinstance(one, ObjectSeen) else recorder.facts_of(one, interpreted)


def record(store: LineageStore, *observations: Observation | KubernetesObject) -> None:
    """Record some observations as one batch."""
    store.apply(facts_of(*observations), recorded_at=RECORDED_AT)


make_store: ContextVar[Callable[[], SqlStore]] = ContextVar("make_store", default=open_in_memory)
"""Makes an empty store. Contract suites set it to try every database (`tests.contract.conftest`)."""


def a_store(*observations: Observation | KubernetesObject, at_once: bool = True) -> SqlStore:
    """A store that knows some observations, recorded at once or one by one: in memory, if nothing else is said."""
    store = make_store.get()()
    # Python 3.13 complains of databases that nobody closed; this one is closed with its store.
    finalize(store, store._engine.dispose)
    if at_once:
        record(store, *observations)
    else:
        for one in observations:
            record(store, one)
    return store


def view_of(store: LineageStore, run: Run) -> RunView:
    """What the newest views of a run show."""
    return store.views(EVERYTHING, [run.key])[run.key]


def dumped(store: LineageStore, scope: Scope = EVERYTHING) -> list[bytes]:
    """All knowledge of a store, each item as canonical JSON, so that stores can be compared."""
    return [_encode(item) for item in store.dump(scope)]
