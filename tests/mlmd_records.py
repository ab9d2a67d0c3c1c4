"""What ML Metadata keeps of the tasks of a run, as our client reads it: made up, without a server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.factories import NAMESPACE, KubernetesObject
from tests.kubeflow import PARENT, RUN


@dataclass(frozen=True, kw_only=True)
class Port:
    """An artifact. `said` is its metadata: numbers are doubles."""

    uri: str
    type: str = "system.Artifact"
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A task. `at` is when it was written to last, in seconds since 1970."""

    id: int
    name: str
    state: str = "COMPLETE"
    type: str = "system.ContainerExecution"
    parent: str = PARENT
    turn: int | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    came: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, Sequence[Port]] = field(default_factory=dict)
    writes: Mapping[str, Sequence[Port]] = field(default_factory=dict)
    taken_from: int | None = None
    at: int = 100


def kept_tasks(*tasks: Kept, run: str = RUN, namespace: str = NAMESPACE) -> KubernetesObject:
    """What is kept of a run with these tasks."""
    numbers: dict[str, int] = {}
    artifacts, events = dict[int, KubernetesObject](), list[KubernetesObject]()
    for task in tasks:
        for kind, ports in (("INPUT", task.reads), ("OUTPUT", task.writes)):
            for name, held in ports.items():
                for port in held:
                    number = numbers.setdefault(port.uri, len(numbers) + 1)
                    artifacts[number] = _artifact(number, port, task.at)
                    path = {"steps": [{"key": name}]}
                    ends = {"artifact_id": str(number), "execution_id": str(task.id)}
                    events.append({**ends, "path": path, "type": kind})
    born = str(min((task.at for task in tasks), default=0) * 1000)
    context = {"id": "7", "name": run, "type": "system.PipelineRun", "create_time_since_epoch": born}
    return {
        "apiVersion": "mlmd/v1",
        "kind": "Tasks",
        "metadata": {"uid": run, "namespace": namespace},
        "told": {
            "context": {**context, "custom_properties": {"namespace": {"string_value": namespace}}},
            "executions": [_execution(task) for task in tasks],
            "artifacts": list(artifacts.values()),
            "events": events,
        },
    }


def _execution(task: Kept) -> KubernetesObject:
    said: dict[str, Any] = {
        "task_name": {"string_value": task.name},
        "parent_dag_id": {"int_value": task.parent},
        "inputs": {"struct_value": dict(task.given)},
        "outputs": {"struct_value": dict(task.came)},
    }
    if task.turn is not None:
        said["iteration_index"] = {"int_value": str(task.turn)}
    if task.taken_from is not None:
        said["cached_execution_id"] = {"string_value": str(task.taken_from)}
    return {
        "id": str(task.id),
        "type": task.type,
        "last_known_state": task.state,
        "create_time_since_epoch": str(task.at * 1000),
        "last_update_time_since_epoch": str(task.at * 1000),
        "custom_properties": said,
    }


def _artifact(number: int, port: Port, at: int) -> KubernetesObject:
    said = {name: _value(value) for name, value in port.said.items()} | {"display_name": {"string_value": "shown"}}
    changed = str(at * 1000)
    return {
        "id": str(number),
        "uri": port.uri,
        "type": port.type,
        "custom_properties": said,
        "last_update_time_since_epoch": changed,
    }


def _value(value: Any) -> KubernetesObject:
    match value:
        case bool():
            return {"int_value": str(int(value))}
        case int() | float():
            return {"double_value": float(value)}
        case list():
            return {"struct_value": {"list": value}}
        case dict():
            return {"struct_value": {"struct": value}}
        case _:
            return {"string_value": value}
