"""Workflows, Pods and the CronWorkflow of the demo, finished, as an API server shows them.

Pure. Sources: argo-workflows/pkg/apis/workflow/v1alpha1 and workflow/controller/workflowpod.go, and for
Kubeflow Pipelines 1.8 backend/src/cache/server/mutation.go.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from watchers.demo.forms import (
    MEMO,
    NAMESPACE,
    Json,
    owner,
    parameter,
    pod_name,
    read_time,
    scheduled_name,
    uid,
    write_time,
)
from watchers.demo.nodes import COLLECTED, PULL_SECONDS, SAVE_SECONDS, Attempt, Graph
from watchers.demo.story import CHURN, NIGHT, NIGHTS, REGISTRY, Pipeline, Run, Step
from watchers.source import Resource
from watchers.timeline import Recording

CRON_WORKFLOWS: Final = Resource(group="argoproj.io", version="v1alpha1", plural="cronworkflows", kind="CronWorkflow")
KATIB: Final = "kubeflow.org/v1beta1"
EXECUTOR_IMAGE: Final = f"{REGISTRY}/argo/argoexec:v3.7.3"
CACHE_IMAGE: Final = f"{REGISTRY}/platform/busybox:1.36"
CHURN_BUCKET: Final = "ml-artifacts"  # of what Argo runs; Kubeflow has its own


def record(run: Run, start: datetime) -> Iterator[Recording]:
    """Record a run: its Workflow (twice, if it was retried by hand) and its Pods."""
    created_at = start + timedelta(seconds=run.begins)
    name = scheduled_name(run.pipeline, start, run.begins) if run.scheduled else f"{run.pipeline.name}-{run.suffix}"
    first = Graph(run=run, name=name, story_began=start, created_at=created_at, started_at=created_at).draw()
    yield Recording(object=_workflow(first))
    if run.retried_at is None:
        yield from (Recording(object=_pod(first, attempt)) for attempt in first.attempts)
        return
    # A retry by hand deletes the pods that had failed, and uses their names again.
    retried_at = start + timedelta(seconds=run.retried_at)
    renewed = replace(run, failures={}, arguments={**run.arguments, **run.retried_with})
    again = replace(first, run=renewed, started_at=retried_at, before=first, nodes={}, attempts=[], leaves={}).draw()
    yield Recording(object=_workflow(again))
    for attempt in first.attempts:
        yield Recording(object=_pod(first, attempt), deleted_at=retried_at if attempt.failure else None)
    yield from (Recording(object=_pod(again, attempt)) for attempt in again.attempts)


def record_schedule(start: datetime, *, made_at: datetime) -> Iterator[Recording]:
    """Record what makes the scheduled runs: a CronWorkflow, which is suspended once the story is told."""
    for written_at, is_suspended in ((made_at, False), (start + timedelta(seconds=NIGHT * NIGHTS - 30), True)):
        yield Recording(
            object=_cron_workflow(start, made_at, written_at, is_suspended=is_suspended), resource=CRON_WORKFLOWS
        )


# ------------------------------------------------------------------------------------------ recurring runs
def _cron_workflow(start: datetime, made_at: datetime, written_at: datetime, *, is_suspended: bool) -> Json:
    minutes = NIGHT // 60
    last = NIGHT * (NIGHTS - 1) if is_suspended else 0
    managers: list[Json] = [
        {
            "manager": "kubectl-edit" if is_suspended else "argo",
            "operation": "Update",
            "apiVersion": "argoproj.io/v1alpha1",
            "time": write_time(written_at),
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {}},
        }
    ]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {
            "name": CHURN.name,
            "namespace": NAMESPACE,
            "uid": uid("CronWorkflow", CHURN.name),
            "resourceVersion": str(int(written_at.timestamp())),
            "generation": 2 if is_suspended else 1,
            "creationTimestamp": write_time(made_at),
            "managedFields": managers,
        },
        "spec": {
            "schedules": [f"{start.minute % minutes}/{minutes} * * * *"],
            "timezone": "UTC",
            "concurrencyPolicy": "Forbid",
            "suspend": is_suspended,
            "workflowSpec": {"workflowTemplateRef": {"name": CHURN.name}},
        },
        "status": {"lastScheduledTime": write_time(start + timedelta(seconds=last)), "phase": "Active"},
    }


# ------------------------------------------------------------------------------------------ workflows
def _workflow(graph: Graph) -> Json:
    run, pipeline, root = graph.run, graph.run.pipeline, graph.nodes[graph.name]
    ended = max(read_time(node["finishedAt"]) for node in graph.nodes.values()) + timedelta(seconds=1)
    spec = _spec(pipeline, run.arguments)
    status: Json = {
        "phase": root["phase"],
        "startedAt": write_time(graph.started_at),
        "finishedAt": write_time(ended),
        "progress": root["progress"],
        "resourcesDuration": root["resourcesDuration"],
        "conditions": [{"type": "PodRunning", "status": "False"}, {"type": "Completed", "status": "True"}],
        "artifactRepositoryRef": _repository(pipeline),
        "nodes": graph.nodes,
    }
    if pipeline.is_template:
        status["storedWorkflowTemplateSpec"] = spec
        spec = {"arguments": spec["arguments"], "workflowTemplateRef": {"name": pipeline.name}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": _metadata(graph, ended),
        "spec": spec,
        "status": status,
    }


def _metadata(graph: Graph, ended: datetime) -> Json:
    run, pipeline = graph.run, graph.run.pipeline
    phase = graph.nodes[graph.name]["phase"]
    labels = {"workflows.argoproj.io/phase": phase, "workflows.argoproj.io/completed": "true"}
    annotations = {"workflows.argoproj.io/pod-name-format": "v2"}
    metadata: Json = {
        "name": graph.name,
        "namespace": NAMESPACE,
        "uid": uid("Workflow", graph.name),
        "resourceVersion": str(int(ended.timestamp())),
        "creationTimestamp": write_time(graph.created_at),
        "labels": labels,
        "annotations": annotations,
    }
    if run.experiment:
        labels["kfp-lineage/experiment"] = run.experiment
    if pipeline.is_template:
        labels["workflows.argoproj.io/workflow-template"] = pipeline.name
    if run.scheduled:
        labels["workflows.argoproj.io/cron-workflow"] = pipeline.name
        annotations["workflows.argoproj.io/scheduled-time"] = write_time(graph.created_at)
        metadata["ownerReferences"] = [owner("CronWorkflow", pipeline.name, uid("CronWorkflow", pipeline.name))]
    elif run.tuned_by:
        metadata["ownerReferences"] = [owner("Trial", graph.name, uid("Trial", graph.name), version=KATIB)]
    else:
        metadata["generateName"] = f"{pipeline.name}-"
    if pipeline.is_kubeflow:
        labels["pipeline/runid"] = uid("Run", graph.name)
        labels["pipeline/persistedFinalState"] = "true"
        labels["pipelines.kubeflow.org/kfp_sdk_version"] = "1.8.22"
        said = {"description": pipeline.description, "inputs": [{"name": name} for name in run.arguments]}
        annotations["pipelines.kubeflow.org/pipeline_spec"] = json.dumps(said | {"name": pipeline.name})
        annotations["pipelines.kubeflow.org/run_name"] = f"{pipeline.name} {run.suffix}"
    return metadata


def _spec(pipeline: Pipeline, arguments: Mapping[str, str]) -> Json:
    steps = [*pipeline.steps, *([pipeline.on_exit] if pipeline.on_exit else [])]
    dag = {"name": pipeline.name, "dag": {"tasks": [_task(step) for step in pipeline.steps]}}
    spec: Json = {
        "entrypoint": pipeline.name,
        "serviceAccountName": "pipeline-runner",
        "arguments": {"parameters": [parameter(name, value) for name, value in arguments.items()]},
        "templates": [dag, *(_template(step) for step in steps)],
    }
    return spec | ({"onExit": pipeline.on_exit.name} if pipeline.on_exit else {})


def _task(step: Step) -> Json:
    task: Json = {"name": step.name, "template": step.name}
    parameters = [parameter(name, f"{{{{workflow.parameters.{name}}}}}") for name in step.parameters]
    artifacts = [
        {"name": name, "from": f"{{{{tasks.{source.replace('.', '.outputs.artifacts.')}}}}}"}
        for name, source in step.reads.items()
        if "/" not in source
    ]
    if step.only_after_success:
        task["depends"] = " && ".join(f"{name}.Succeeded" for name in step.after)
    elif step.after:
        task["dependencies"] = list(step.after)
    if step.when:
        task["when"] = step.when
    if step.items:
        task["withItems"] = list(step.items)
        parameters.append(parameter(step.item, "{{item}}"))
    arguments = {"parameters": parameters, "artifacts": artifacts}
    return task | {"arguments": {key: value for key, value in arguments.items() if value}}


def _template(step: Step) -> Json:
    item = f"{{{{inputs.parameters.{step.item}}}}}"

    def port(name: str, folder: str, key: str | None) -> Json:
        chosen = key.replace("{run}", "{{workflow.name}}").replace("{item}", item) if key else None
        return {"name": name, "path": f"/mnt/{folder}/{name}"} | ({"s3": {"key": chosen}} if chosen else {})

    names = [*step.parameters, *([step.item] if step.item else [])]
    inputs = [port(name, "in", source if "/" in source else None) for name, source in step.reads.items()]
    outputs = [
        port(name, "out", step.keys.get(name)) | (COLLECTED if name in step.collected else {}) for name in step.writes
    ]
    results = [{"name": name, "valueFrom": {"path": f"/mnt/out/{name}"}} for name in step.results]
    template: Json = {
        "name": step.name,
        "inputs": {"parameters": [{"name": name} for name in names], "artifacts": inputs},
        "outputs": {"parameters": results, "artifacts": outputs},
        "container": _container(step, {name: f"{{{{inputs.parameters.{name}}}}}" for name in names}),
    }
    if step.types:
        component = {"name": step.name, "outputs": [{"name": name, "type": of} for name, of in step.types.items()]}
        template["metadata"] = {"annotations": {"pipelines.kubeflow.org/component_spec": json.dumps(component)}}
    if step.memoized_by:
        key = "-".join(f"{{{{workflow.parameters.{name}}}}}" for name in step.memoized_by)
        template["memoize"] = {"key": key, "cache": {"configMap": {"name": MEMO}}}
    return template | ({"retryStrategy": {"limit": step.retries}} if step.retries else {})


def _container(step: Step, values: Mapping[str, str]) -> Json:
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
    return {"image": step.image, "command": ["python", "-m", step.name.replace("-", "_")], "args": flags}


def _repository(pipeline: Pipeline) -> Json:
    if pipeline.is_kubeflow:
        date = "/".join(f"{{{{workflow.creationTimestamp.{part}}}}}" for part in "Ymd")
        s3 = {"endpoint": "minio-service.kubeflow:9000", "bucket": "mlpipeline"}
        s3["keyFormat"] = f"artifacts/{{{{workflow.name}}}}/{date}/{{{{pod.name}}}}"
    else:
        s3 = {"endpoint": "minio.storage:9000", "bucket": CHURN_BUCKET}
        s3["keyFormat"] = "{{workflow.name}}/{{pod.name}}"
    login = {
        "accessKeySecret": {"name": "minio-login", "key": "accesskey"},
        "secretKeySecret": {"name": "minio-login", "key": "secretkey"},
    }
    where: Json = {"artifactRepository": {"archiveLogs": True, "s3": {**s3, "insecure": True, **login}}}
    return where | {"configMap": "artifact-repositories", "key": "default-v1", "namespace": NAMESPACE}


# ------------------------------------------------------------------------------------------ pods
def _pod(graph: Graph, attempt: Attempt) -> Json:
    node, step, failure, run = attempt.node, attempt.step, attempt.failure, graph.run
    is_cached = step.name in run.cached
    values = {one["name"]: one["value"] for one in node["inputs"].get("parameters", [])}
    created, saved = read_time(node["startedAt"]), read_time(node["finishedAt"])
    begun, ended = created + timedelta(seconds=PULL_SECONDS), saved - timedelta(seconds=SAVE_SECONDS)
    how: Json = {"exitCode": failure.exit_code, "reason": failure.reason} if failure else {}
    main: Json = {"name": "main", **_container(step, values)}
    if is_cached:
        main = {"name": "main", "image": CACHE_IMAGE}
        main["command"] = ["echo", '"This step output is taken from cache."']
    containers, spec, status = [main], dict[str, object](), dict[str, object]()
    states = [_state(run, main, begun, ended, how)]
    if not is_cached:
        init = {"name": "init", "image": EXECUTOR_IMAGE, "command": ["argoexec", "init"]}
        wait = {"name": "wait", "image": EXECUTOR_IMAGE, "command": ["argoexec", "wait"]}
        containers, spec["initContainers"] = [wait, main], [init]
        status["initContainerStatuses"] = [_state(run, init, created, created + timedelta(seconds=1), {})]
        states.append(_state(run, wait, begun, saved, {}))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod_name(graph.name, step, node["id"]),
            "namespace": NAMESPACE,
            "uid": uid("Pod", node["id"], node["startedAt"]),
            "resourceVersion": str(int(saved.timestamp())),
            "creationTimestamp": node["startedAt"],
            "labels": {
                "workflows.argoproj.io/workflow": graph.name,
                "workflows.argoproj.io/completed": "true",
                **_kubeflow_labels(graph, is_cached=is_cached),
            },
            "annotations": {
                "kubectl.kubernetes.io/default-container": "main",
                "workflows.argoproj.io/node-id": node["id"],
                "workflows.argoproj.io/node-name": node["name"],
                **_kubeflow_annotations(graph, node, values, is_cached=is_cached),
            },
            "ownerReferences": [owner("Workflow", graph.name, uid("Workflow", graph.name))],
        },
        "spec": {
            "nodeName": node["hostNodeName"],
            "restartPolicy": "Never",
            "serviceAccountName": "pipeline-runner",
            "containers": containers,
            **spec,
        },
        "status": {
            "phase": node["phase"],
            "startTime": node["startedAt"],
            "containerStatuses": states,
            **status,
        },
    }


def _state(run: Run, container: Json, begun: datetime, ended: datetime, how: Json) -> Json:
    image = str(container["image"])
    digest = hashlib.sha256(f"{image}#{run.builds.get(image, 1)}".encode()).hexdigest()
    times = {"startedAt": write_time(begun), "finishedAt": write_time(ended)}
    return {
        "name": container["name"],
        "image": image,
        "imageID": f"{image.rpartition(':')[0]}@sha256:{digest}",
        "ready": False,
        "restartCount": 0,
        "state": {"terminated": {"exitCode": 0, "reason": "Completed", **how, **times}},
    }


def _kubeflow_labels(graph: Graph, *, is_cached: bool) -> Json:
    if not graph.run.pipeline.is_kubeflow:
        return {}
    labels = {
        "pipeline/runid": uid("Run", graph.name),
        "pipelines.kubeflow.org/enable_caching": "true",
        "pipelines.kubeflow.org/pipeline-sdk-type": "kfp",
        "pipelines.kubeflow.org/cache_id": "42" if is_cached else "",
    }
    hit = {"pipelines.kubeflow.org/reused_from_cache": "true", "pipelines.kubeflow.org/metadata_written": "true"}
    return labels | (hit if is_cached else {})


def _kubeflow_annotations(graph: Graph, node: Json, values: Mapping[str, str], *, is_cached: bool) -> Json:
    if not graph.run.pipeline.is_kubeflow:
        return {}
    annotations = {"pipelines.kubeflow.org/arguments.parameters": json.dumps(dict(values))}
    return annotations | ({"workflows.argoproj.io/outputs": json.dumps(node["outputs"])} if is_cached else {})
