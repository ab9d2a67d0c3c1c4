"""Objects in the shape of Katib's and of the training operators, for tests. Times are seconds since 1970."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.factories import NAMESPACE, KubernetesObject, a_pod, rfc3339

KINDS = {
    "TFJob": "tfReplicaSpecs",
    "PyTorchJob": "pytorchReplicaSpecs",
    "XGBoostJob": "xgbReplicaSpecs",
    "MPIJob": "mpiReplicaSpecs",
    "PaddleJob": "paddleReplicaSpecs",
    "JAXJob": "jaxReplicaSpecs",
}
"""The jobs of the training operator, and where each keeps its replicas."""

Conditions = Sequence[tuple[str, float | None] | tuple[str, float | None, str]]
"""Type, since when, and a status that is not `True`."""


def conditions_of(conditions: Conditions) -> list[KubernetesObject]:
    return [
        {
            "type": one[0],
            "status": one[2] if len(one) == 3 else "True",
            "reason": f"{one[0]}Reason",
            "message": f"it is {one[0]}",
            **({} if one[1] is None else {"lastTransitionTime": rfc3339(one[1])}),
        }
        for one in conditions
    ]


def owned_by(kind: str, name: str, uid: str, *, version: str = "kubeflow.org/v1beta1") -> list[KubernetesObject]:
    """The owner references of an object that another one controls."""
    return [{"apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": True}]


def an_object(
    kind: str,
    group_version: str,
    *,
    name: str,
    uid: str | None,
    version: int | None,
    born: float | None,
    spec: KubernetesObject,
    status: KubernetesObject,
    metadata: KubernetesObject | None = None,
) -> KubernetesObject:
    known = {
        "uid": uid,
        "creationTimestamp": rfc3339(born),
        "resourceVersion": None if version is None else str(version),
    }
    return {
        "apiVersion": group_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            **{member: value for member, value in known.items() if value is not None},
            **(metadata or {}),
        },
        "spec": spec,
        "status": status,
    }


def a_pod_template(image: str = "registry.example/train:1", claim: str | None = None) -> KubernetesObject:
    """What a role runs; it mounts a claim at /data, if one is named."""
    container: KubernetesObject = {"name": "train", "image": image}
    volumes: list[KubernetesObject] = []
    if claim is not None:
        container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
        volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    return {"spec": {"containers": [container], "volumes": volumes}}


def a_job(
    kind: str = "PyTorchJob",
    conditions: Conditions = (("Created", 10), ("Running", 12)),
    *,
    name: str = "train",
    uid: str | None = "j1",
    version: int | None = 1,
    born: float | None = 10,
    replicas: Mapping[str, int] | None = None,
    claim: str | None = None,
    start: float | None = 11,
    end: float | None = None,
    states: KubernetesObject | None = None,
    metadata: KubernetesObject | None = None,
    spec: KubernetesObject | None = None,
) -> KubernetesObject:
    """A job of the training operator: a master and workers, unless `replicas` says otherwise."""
    roles = {"Master": 1, "Worker": 2} if replicas is None else replicas
    of_roles = {
        role: {"replicas": count, "restartPolicy": "OnFailure", "template": a_pod_template(claim=claim)}
        for role, count in roles.items()
    }
    return an_object(
        kind,
        "kubeflow.org/v1",
        name=name,
        uid=uid,
        version=version,
        born=born,
        spec={KINDS[kind]: of_roles, **(spec or {})},
        status=_told(conditions, start, end) | {"replicaStatuses": states or {}},
        metadata=metadata,
    )


def a_train_job(
    conditions: Conditions = (),
    *,
    name: str = "train",
    uid: str | None = "t1",
    version: int | None = 1,
    born: float | None = 10,
    spec: KubernetesObject | None = None,
    metadata: KubernetesObject | None = None,
    **status: Any,
) -> KubernetesObject:
    return an_object(
        "TrainJob",
        "trainer.kubeflow.org/v1alpha1",
        name=name,
        uid=uid,
        version=version,
        born=born,
        spec={"runtimeRef": {"name": "torch-distributed", "kind": "ClusterTrainingRuntime"}, **(spec or {})},
        status={"conditions": conditions_of(conditions), **status},
        metadata=metadata,
    )


def a_trial(
    conditions: Conditions = (("Created", 20), ("Running", 21)),
    *,
    name: str = "tune-1",
    uid: str | None = "trial-1",
    version: int | None = 1,
    born: float | None = 20,
    experiment: str | None = "e1",
    values: Mapping[str, str] | None = None,
    metrics: Sequence[KubernetesObject] = (),
    objective: KubernetesObject | None = None,
    start: float | None = 20,
    end: float | None = None,
    run: KubernetesObject | None = None,
    metadata: KubernetesObject | None = None,
) -> KubernetesObject:
    owner = {} if experiment is None else {"ownerReferences": owned_by("Experiment", "tune", experiment)}
    assigned = {"lr": "0.01"} if values is None else values
    return an_object(
        "Trial",
        "kubeflow.org/v1beta1",
        name=name,
        uid=uid,
        version=version,
        born=born,
        spec={
            "objective": objective or {"type": "minimize", "objectiveMetricName": "loss"},
            "parameterAssignments": [{"name": each, "value": value} for each, value in assigned.items()],
            "runSpec": run or {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"},
        },
        status=_told(conditions, start, end) | ({"observation": {"metrics": list(metrics)}} if metrics else {}),
        metadata={"labels": {"katib.kubeflow.org/experiment": "tune"}, **owner, **(metadata or {})},
    )


def a_katib_experiment(
    conditions: Conditions = (("Created", 15), ("Running", 20)),
    *,
    name: str = "tune",
    uid: str | None = "e1",
    version: int | None = 1,
    born: float | None = 15,
    start: float | None = 15,
    end: float | None = None,
    best: str | None = None,
    trials: int | None = None,
    spec: KubernetesObject | None = None,
    metadata: KubernetesObject | None = None,
) -> KubernetesObject:
    told = _told(conditions, start, end)
    if best is not None:
        told["currentOptimalTrial"] = {
            "bestTrialName": best,
            "parameterAssignments": [{"name": "lr", "value": "0.01"}],
            "observation": {"metrics": [{"name": "loss", "min": "0.1", "max": "0.9", "latest": "0.2"}]},
        }
    return an_object(
        "Experiment",
        "kubeflow.org/v1beta1",
        name=name,
        uid=uid,
        version=version,
        born=born,
        spec={
            "objective": {"type": "minimize", "goal": 0.001, "objectiveMetricName": "loss"},
            "algorithm": {"algorithmName": "random"},
            "parallelTrialCount": 2,
            "maxTrialCount": 4,
            "parameters": [
                {"name": "lr", "parameterType": "double", "feasibleSpace": {"min": "0.01", "max": "0.03"}},
                {"name": "optimizer", "parameterType": "categorical", "feasibleSpace": {"list": ["sgd", "adam"]}},
            ],
            "trialTemplate": {"trialSpec": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}},
            **(spec or {}),
        },
        status=told | ({} if trials is None else {"trials": trials, "trialsSucceeded": trials}),
        metadata=metadata,
    )


def a_notebook(
    *,
    name: str = "desk",
    uid: str | None = "n1",
    version: int | None = 1,
    born: float | None = 5,
    claim: str | None = None,
    running: float | None = 6,
    annotations: Mapping[str, str] | None = None,
    metadata: KubernetesObject | None = None,
) -> KubernetesObject:
    """A notebook that runs since then; without, it waits."""
    state: KubernetesObject = {} if running is None else {"running": {"startedAt": rfc3339(running)}}
    return an_object(
        "Notebook",
        "kubeflow.org/v1",
        name=name,
        uid=uid,
        version=version,
        born=born,
        spec={"template": a_pod_template("registry.example/jupyter:1", claim)},
        status={"containerState": state, "readyReplicas": 0 if running is None else 1, "conditions": []},
        metadata={"annotations": dict(annotations or {}), **(metadata or {})},
    )


def a_pod_of_job(
    uid: str = "p", job: str = "j1", *, kind: str = "PyTorchJob", name: str = "train", **more: Any
) -> KubernetesObject:
    """A pod that a job of the training operator owns."""
    pod = a_pod(uid, **more)
    del pod["metadata"]["annotations"]
    pod["metadata"]["ownerReferences"] = owned_by(kind, name, job, version="kubeflow.org/v1")
    return pod


def _told(conditions: Conditions, start: float | None, end: float | None) -> KubernetesObject:
    times = {"startTime": rfc3339(start), "completionTime": rfc3339(end)}
    return {
        "conditions": conditions_of(conditions),
        **{name: time for name, time in times.items() if time is not None},
    }
