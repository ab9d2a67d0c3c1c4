"""What Kubeflow's records tell of the tasks of a run, as our clients read it: made up, without a server.

One story can be told as ML Metadata keeps it (to 2.18), and as the API tells it (from 3.0).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.factories import NAMESPACE, KubernetesObject, rfc3339
from tests.kubeflow import PARENT, RUN
from watchers.answers import TASKS, V2, as_object


@dataclass(frozen=True, kw_only=True)
class Port:
    """An artifact. `said` is its metadata: numbers are doubles."""

    uri: str
    type: str = "system.Artifact"
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A task, in the words of ML Metadata. `at` is when it was written to last, in seconds since 1970."""

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


# ------------------------------------------------------------------------------------------ as the API tells it
STATES = {"COMPLETE": "SUCCEEDED", "CANCELED": "SKIPPED"}
KINDS = {"system.ContainerExecution": "RUNTIME", "system.ImporterExecution": "IMPORTER"}


def told_tasks(*tasks: Kept, run: str = RUN, namespace: str = NAMESPACE) -> KubernetesObject:
    """What the API tells of the same."""
    root = {"name": "root", "task_id": PARENT, "type": "ROOT", "state": "RUNNING", "create_time": rfc3339(1)}
    answer = {"run_id": run, "created_at": rfc3339(1), "tasks": [root, *(a_task(task) for task in tasks)]}
    return as_object(TASKS, V2, answer, uid=run, namespace=namespace)


def a_task(task: Kept) -> KubernetesObject:
    """A task, as the API tells it."""
    ended = task.state not in ("NEW", "RUNNING")
    turn = {} if task.turn is None else {"type_attributes": {"iteration_index": str(task.turn)}}
    return {
        "name": task.name,
        "task_id": f"task-{task.id}",
        "type": KINDS[task.type],
        "state": STATES.get(task.state, task.state),
        "create_time": rfc3339(task.at if not ended else 2),
        "end_time": rfc3339(task.at if ended else 0),
        "parent_task_id": task.parent,
        "inputs": {"parameters": _told_values(task.given), "artifacts": _told_ports(task.reads)},
        "outputs": {"parameters": _told_values(task.came), "artifacts": _told_ports(task.writes)},
        **turn,
    }


def _told_values(values: Mapping[str, Any]) -> list[KubernetesObject]:
    whole = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in values.items()
    }
    return [{"parameter_key": name, "value": value, "type": "OUTPUT"} for name, value in whole.items()]


def _told_ports(ports: Mapping[str, Sequence[Port]]) -> list[KubernetesObject]:
    return [
        {"artifact_key": name, "artifacts": [told for one in held for told in _told(one)]}
        for name, held in ports.items()
    ]


def _told(port: Port) -> list[KubernetesObject]:
    """Each number of metrics is an artifact of its own, and what is said of curves and matrices is all there is."""
    kind = port.type.removeprefix("system.")
    known = {"artifact_id": f"artifact-{port.uri}", "created_at": rfc3339(2), "namespace": NAMESPACE}
    if kind == "Metrics":
        numbers = {name: value for name, value in port.said.items() if isinstance(value, float)}
        return [
            {
                **known,
                "artifact_id": f"{known['artifact_id']}/{name}",
                "name": name,
                "type": "Metric",
                "number_value": value,
            }
            for name, value in numbers.items()
        ]
    if kind.endswith("ClassificationMetrics"):
        return [{**known, "type": kind.removesuffix("s"), "metadata": dict(port.said)}]
    return [{**known, "type": kind, "uri": port.uri, "metadata": dict(port.said)}]
