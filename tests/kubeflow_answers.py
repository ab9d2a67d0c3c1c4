"""Answers of the API of Kubeflow Pipelines, in its formats, as far as a test has to say anything.

The formats are those of the recorded answers (`kfp-v1-api`, `kfp-v2-api`).
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from tests.factories import KubernetesObject, rfc3339
from watchers.answers import EXPERIMENTS, PIPELINE_VERSIONS, PIPELINES, RECURRING_RUNS, RUNS, V1, V2, as_object
from watchers.source import Resource

Answer: TypeAlias = dict[str, Any]

IDS: Mapping[Resource, str] = {
    EXPERIMENTS: "experiment_id",
    PIPELINES: "pipeline_id",
    PIPELINE_VERSIONS: "pipeline_version_id",
    RECURRING_RUNS: "recurring_run_id",
    RUNS: "run_id",
}


def an_experiment(uid: str = "e1", name: str = "tuning", *, namespace: str = "a", made: float = 5) -> Answer:
    return {
        "experiment_id": uid,
        "display_name": name,
        "namespace": namespace,
        "created_at": rfc3339(made),
        "last_run_created_at": rfc3339(made + 100),
        "storage_state": "AVAILABLE",
    }


def a_pipeline(uid: str = "p1", name: str = "train", *, namespace: str = "a", made: float = 6) -> Answer:
    return {
        "pipeline_id": uid,
        "name": name,
        "display_name": name.title(),
        "namespace": namespace,
        "created_at": rfc3339(made),
    }


def an_ir(image: str = "python:3.11", *, sdk: str = "2.14.0", name: str = "train") -> Answer:
    """The text of a pipeline of one step, as a release of the SDK compiles it."""
    install = f"python3 -m pip install --quiet 'kfp=={sdk}' '--no-deps' && \"$0\" \"$@\""
    container = {"image": image, "command": ["sh", "-c", install], "args": ["--function_to_execute", "fit"]}
    return {
        "components": {"comp-fit": {"executorLabel": "exec-fit"}},
        "deploymentSpec": {"executors": {"exec-fit": {"container": container}}},
        "pipelineInfo": {"name": name},
        "root": {"dag": {"tasks": {"fit": {"componentRef": {"name": "comp-fit"}, "taskInfo": {"name": "fit"}}}}},
        "schemaVersion": "2.1.0",
        "sdkVersion": f"kfp-{sdk}",
    }


def a_version(
    uid: str = "v1", name: str = "first", *, pipeline: str = "p1", spec: Answer | None = None, made: float = 7
) -> Answer:
    return {
        "pipeline_id": pipeline,
        "pipeline_version_id": uid,
        "display_name": name,
        "created_at": rfc3339(made),
        "pipeline_spec": spec or an_ir(),
    }


def a_recurring_run(uid: str = "r1", name: str = "Every night", *, namespace: str = "a", made: float = 8) -> Answer:
    return {
        "recurring_run_id": uid,
        "display_name": name,
        "namespace": namespace,
        "created_at": rfc3339(made),
        "updated_at": rfc3339(made),
    }


def a_run(
    uid: str = "run-1",
    name: str = "Fit again",
    state: str = "SUCCEEDED",
    *,
    made: float = 10,
    ended: float | None = 90,
    experiment: str = "e1",
    version: str | None = "v1",
    **more: Any,
) -> Answer:
    """A run. One that has not ended ends, as the API writes it, in 1970."""
    reference = {"pipeline_id": "p1", "pipeline_version_id": version}
    return {
        "experiment_id": experiment,
        "run_id": uid,
        "display_name": name,
        "storage_state": "AVAILABLE",
        **({"pipeline_version_reference": reference} if version is not None else {}),
        "created_at": rfc3339(made),
        "scheduled_at": rfc3339(made),
        "finished_at": rfc3339(0 if ended is None else ended),
        "state": state,
        **more,
    }


def told(resource: Resource, answer: Answer, *, namespace: str = "a", version: str = V2) -> KubernetesObject:
    """The object that an answer is observed as."""
    uid = str(answer.get(IDS[resource]) or answer.get("id") or "")
    return as_object(resource, version, answer, uid=uid, namespace=namespace)


def told_version(answer: Answer, *, pipeline: str = "train", namespace: str = "a") -> KubernetesObject:
    """The object that a version is observed as, with what its pipeline is called."""
    return {**told(PIPELINE_VERSIONS, answer), "pipeline": {"name": pipeline, "namespace": namespace}}


# ------------------------------------------------------------------------------------------ objects of Kubernetes
def a_pipeline_object(uid: str = "p1", name: str = "train", *, version: int = 1, made: float = 6) -> KubernetesObject:
    """A pipeline that is kept in Kubernetes."""
    return _kept("Pipeline", uid, name, version, made, {"displayName": name.title()})


def a_version_object(
    uid: str = "v1",
    name: str = "first",
    *,
    pipeline: str = "train",
    spec: Answer | None = None,
    version: int = 1,
    made: float = 7,
    **more: Any,
) -> KubernetesObject:
    """A version of a pipeline that is kept in Kubernetes."""
    text = {"pipelineName": pipeline, "displayName": name, "pipelineSpec": spec or an_ir(), **more}
    return _kept("PipelineVersion", uid, f"{pipeline}-{name}", version, made, text)


def _kept(kind: str, uid: str, name: str, version: int, made: float, spec: Answer) -> KubernetesObject:
    metadata = {"name": name, "namespace": "a", "uid": uid, "resourceVersion": str(version)}
    return {
        "apiVersion": "pipelines.kubeflow.org/v2beta1",
        "kind": kind,
        "metadata": {**metadata, "creationTimestamp": rfc3339(made)},
        "spec": spec,
    }


# ------------------------------------------------------------------------------------------ v1beta1
def in_v1(resource: Resource, answer: Answer) -> Answer:
    """The same answer as v1beta1 gives it."""
    owner = [("EXPERIMENT", answer.get("experiment_id")), ("NAMESPACE", answer.get("namespace"))]
    version = answer.get("pipeline_version_reference", {}).get("pipeline_version_id")
    maker = [("JOB", answer.get("recurring_run_id")), ("PIPELINE_VERSION", version)]
    owner += [("PIPELINE", answer.get("pipeline_id"))] if resource is PIPELINE_VERSIONS else []
    references = [
        {"key": {"type": kind, "id": uid}, "relationship": relationship}
        for relationship, several in (("OWNER", owner), ("CREATOR", maker))
        for kind, uid in several
        if uid and not (resource is EXPERIMENTS and kind == "EXPERIMENT")
    ]
    arguments = answer.get("runtime_config", {}).get("parameters", {})
    spec = {"parameters": [{"name": name, "value": str(value)} for name, value in arguments.items()]}
    return {
        "id": answer[IDS[resource]],
        "name": answer.get("display_name"),
        "created_at": answer.get("created_at"),
        "resource_references": references,
        **({"finished_at": answer["finished_at"], "status": answer["state"].capitalize()} if resource is RUNS else {}),
        **({"pipeline_spec": spec} if arguments else {}),
    }


def told_in_v1(resource: Resource, answer: Answer) -> KubernetesObject:
    return told(resource, in_v1(resource, answer), version=V1)
