"""Worlds of any size, for tests of lists and filters: runs of a few pipelines, over two namespaces, that read what
others wrote, with pods, caches, retries, experiments, recurring runs and values that are missing."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from msgspec import structs

from lineage.evidence import Look
from lineage.model import ArtifactState
from lineage.observation import LocationLooked
from lineage.store.sql import SqlStore
from tests.factories import (
    KubernetesObject,
    a_node,
    a_pod,
    a_recurring_run,
    a_store,
    a_workflow,
    an_inference_service,
    looked,
    moment,
    record,
    rfc3339,
)

PIPELINES = ("train", "score", "Report ü")
PHASES = ("Succeeded", "Failed", "Running")


def a_world(runs: int) -> SqlStore:
    """A store in memory that knows so many runs, each of up to four executions."""
    return a_store(*(each for number in range(runs) for each in objects_of(number)))


def a_looked_world(runs: int) -> SqlStore:
    """The same, of whose objects some were looked at, and settled."""
    store = a_world(runs)
    record(store, *(each for number in range(runs) for each in looks_of(number)))
    while store.settle(limit=runs):
        pass
    return store


def looks_of(number: int) -> list[LocationLooked]:
    """What was seen of the model of one run: of every fifth nothing, of some that it is gone or another by now."""
    born = _born(number)
    first = looked(f"model/{number}", modified=born + 80, at=born + 500)
    shown = [
        replace(first.look, size_bytes=10 * number, digest=f"sha256:{number % 7:064x}"),
        replace(first.look, size_bytes=7, digest=f"sha256:{9:064x}", content_digest=f"sha256:{number % 2:064x}"),
        Look(state=ArtifactState.MISSING),
        replace(first.look, modified_at=moment(born + 600), etag="another"),
    ]
    looks = [first.look, shown[number % 5]] if number % 5 < len(shown) else []
    return [
        structs.replace(first, seen_at=moment(born + 500 + 300 * time), look=look) for time, look in enumerate(looks)
    ]


def _born(number: int) -> int:
    return 1000 * (1 + number // 2)


def objects_of(number: int) -> list[KubernetesObject]:
    """The workflow of one run and its pods. Every third run is a cache's guest, every fourth lies elsewhere, and every
    fourth is made by one of three recurring runs, which come with their first. What three of them wrote is served."""
    name, born = f"run-{number:03}", _born(number)
    recurring = [_recurring(number)] if number in (0, 4, 8) else []
    serving = [_deployment(number, born)] if number in (2, 5, 9) else []
    return [_workflow(number, name, born), *recurring, *serving, *_pods(number, name, born)]


def _recurring(number: int) -> KubernetesObject:
    spec = {
        "enabled": number != 4,
        "experimentId": f"e-{number}",
        "trigger": {"periodicSchedule": {"intervalSecond": 2000}},
        "workflow": {"parameters": [{"name": "rate", "value": "[[ScheduledTime]]"}]},
    }
    born = None if number == 8 else number
    return a_recurring_run(spec, kind="ScheduledWorkflow", name=f"retrain-{number % 3}", uid=f"r{number}", born=born)


def _deployment(number: int, born: int) -> KubernetesObject:
    """One serves a model, one the folder of all tables, and one what nobody wrote."""
    uri = {2: f"s3:///model/{number}", 5: "s3:///table", 9: "hf://owner/model"}[number]
    return an_inference_service(
        uri,
        uid=f"d{number}",
        name=f"serve-{number}",
        namespace="b" if number == 5 else "a",
        born=born + 200 if number != 9 else None,
        written_at=born + 200,
        ready_at=born + 300 if number != 5 else None,
    )


def _workflow(number: int, name: str, born: int) -> KubernetesObject:
    phase = PHASES[number % 3]
    ended = rfc3339(born + 400 + number) if phase != "Running" else None
    annotations: Mapping[str, str] = (
        {"pipelines.kubeflow.org/pipeline_spec": f'{{"name": "{PIPELINES[number % 3]}"}}'} if number % 5 else {}
    )
    return a_workflow(
        _nodes(number, name, born),
        uid=f"u{number:03}",
        name=name,
        namespace="b" if number % 4 == 3 else "a",
        born=born if number % 7 != 6 else None,
        phase=phase,
        labels={
            "team": ("churn", "Fraud")[number % 2],
            **({"kfp-lineage/experiment": f"tuning-{number % 3}"} if number % 4 else _scheduled(number, born)),
        },
        annotations=annotations,
        spec=_spec(number),
        startedAt=rfc3339(born + 1) if number % 6 != 5 else None,
        finishedAt=ended,
    )


def _scheduled(number: int, born: int) -> Mapping[str, str]:
    prefix = "scheduledworkflows.kubeflow.org"
    return {f"{prefix}/scheduledWorkflowName": f"retrain-{number % 3}", f"{prefix}/workflowEpoch": str(born - 5)}


def _spec(number: int) -> KubernetesObject:
    rate = ("0.1", "1e-1", "0.25", "high", "")[number % 5]
    parameters = [{"name": "rate", "value": rate}, {"name": "model", "value": ("bert", "Bert-large")[number % 2]}]
    component = {"outputs": [{"name": "x0", "type": ("Model", "model")[number % 2]}]}
    train = {
        "name": "train",
        "metadata": {"annotations": {"pipelines.kubeflow.org/component_spec": json.dumps(component)}},
    }
    return {
        "arguments": {"parameters": parameters[: 1 + number % 2]},
        "entrypoint": f"main-{number % 2}",
        "templates": [train],
    }


def _nodes(number: int, name: str, born: int) -> dict[str, KubernetesObject]:
    a, b, c, d = (f"{name}-{1000001 + index}" for index in range(4))
    hit: dict[str, Any] = {"memoizationStatus": {"hit": True, "key": "k", "cacheName": "c"}} if number % 3 == 2 else {}
    nodes = {
        a: a_node(f"{name}.prepare", born + 10, born + 20, reads=["raw/data"], writes=[f"table/{number // 3}"], **hit),
        b: a_node(
            f"{name}.train",
            born + 30,
            born + 90 + number,
            ("Succeeded", "Failed")[number % 2],
            reads=[f"table/{number // 3}"],
            writes=[f"model/{number}"],
            templateName="train",
        ),
        c: a_node(f"{name}.report", born + 100, None, "Running", reads=[f"model/{number}"], templateName="report"),
        d: a_node(f"{name}.later", None, None, "Pending"),
    }
    if number % 4:
        accuracy = "NaN" if number % 7 == 6 else f"0.{50 + number % 11}"
        nodes[b]["outputs"]["parameters"] = [{"name": "accuracy", "value": accuracy}]
    nodes[a]["children"] = [b]
    nodes[b]["children"] = [c]
    return dict(list(nodes.items())[: 2 + number % 3])


def _pods(number: int, name: str, born: int) -> list[KubernetesObject]:
    images = ("registry.example/train:7", "registry.example/Train:8")
    return [
        a_pod(
            f"pod-{number:03}-{index}",
            f"{name}-{1000001 + index}",
            born + 10 + 20 * index,
            born + 20 if index == 0 else born + 90 + number,
            owner=f"u{number:03}",
            workflow=name,
            namespace="b" if number % 4 == 3 else "a",
            image=images[number % 2],
            image_id=f"registry.example/train@sha256:{number % 4:064x}",
        )
        for index in range(number % 3)
    ]
