"""What a recorded object looked like before it was recorded: the state of a Workflow or Pod at any moment.

Pure. A finished object tells when each of its parts started and ended, so its past can be read off it: parts
that had not started are absent, parts that had not ended are running and have brought forth nothing yet. States
share their parts with the recording: do not change them.

What does not say when it happened (a node without times, an edited spec) shows in the recording's last state
only. Nodes that are packed or offloaded cannot be unfolded: such a Workflow starts without nodes and ends as
recorded.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from watchers.source import KubernetesObject

TERMINAL_PHASES: Final = frozenset({"Succeeded", "Failed", "Error", "Skipped", "Omitted"})

_PHASE_LABEL: Final = "workflows.argoproj.io/phase"
_COMPLETED_LABEL: Final = "workflows.argoproj.io/completed"
_LABELS_AT_END: Final = frozenset({"pipeline/persistedFinalState", "workflows.argoproj.io/workflow-archiving-status"})
_POD_ANNOTATIONS_AT_END: Final = frozenset({"workflows.argoproj.io/outputs"})  # Argo < 3.4 reports through it
_STATUS_AT_END: Final = frozenset(
    {"outputs", "message", "resourcesDuration", "taskResultsCompletionStatus", "compressedNodes"}
    | {"offloadNodeStatusVersion", "nodes", "finishedAt"}
)
_NODE_AT_END: Final = frozenset({"outputs", "message", "outboundNodes", "resourcesDuration", "finishedAt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfolding:
    """How one kind of object is unfolded.

    `moments` lists when it changed; `newborn` is the object as it was created; `at` is the object at a moment,
    given the view recorded before this one, if any.
    """

    moments: Callable[[KubernetesObject], set[datetime]]
    newborn: Callable[[KubernetesObject], KubernetesObject]
    at: Callable[[KubernetesObject, datetime, KubernetesObject | None], KubernetesObject]


def parse_time(value: object) -> datetime | None:
    """Read a time of an object; None if it is none."""
    if not isinstance(value, str) or not value:
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def mapping(value: object) -> Mapping[str, Any]:
    """Take a JSON object as such; anything else (null too) is an empty one."""
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _times(*values: object) -> set[datetime]:
    return {time for value in values if (time := parse_time(value)) is not None}


def _relabelled(
    item: KubernetesObject, labels: Mapping[str, str], *, hidden_annotations: Iterable[str] = ()
) -> dict[str, Any]:
    """Copy the metadata with other labels, where labels or annotations were there at all."""
    metadata = dict(mapping(item.get("metadata")))
    if "labels" in metadata:
        metadata["labels"] = dict(labels)
    if isinstance(metadata.get("annotations"), dict):
        hidden = frozenset(hidden_annotations)
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k not in hidden}
    return metadata


def _labels(item: KubernetesObject) -> Mapping[str, str]:
    return mapping(mapping(item.get("metadata")).get("labels"))


# ------------------------------------------------------------------------------------------ workflows
def _nodes(item: KubernetesObject | None) -> Mapping[str, Any]:
    return mapping(mapping((item or {}).get("status")).get("nodes"))


def _workflow_moments(item: KubernetesObject) -> set[datetime]:
    status = mapping(item.get("status"))
    moments = _times(status.get("startedAt"), status.get("finishedAt"))
    for node in map(mapping, _nodes(item).values()):
        moments |= _times(node.get("startedAt"), node.get("finishedAt"))
    return moments


def _workflow_newborn(item: KubernetesObject) -> KubernetesObject:
    hidden = _LABELS_AT_END | {_PHASE_LABEL, _COMPLETED_LABEL}
    born = {key: value for key, value in item.items() if key != "status"}
    return born | {"metadata": _relabelled(item, {k: v for k, v in _labels(item).items() if k not in hidden})}


def _workflow_at(item: KubernetesObject, moment: datetime, before: KubernetesObject | None) -> KubernetesObject:
    recorded = mapping(item.get("status"))
    nodes = _nodes_at(_nodes(item), moment, _nodes(before))
    finished = parse_time(recorded.get("finishedAt"))
    if finished is not None and finished <= moment:  # the workflow ended before its last nodes: rare, but recorded
        return item | {"status": {**recorded, "nodes": nodes}}
    status = {key: value for key, value in recorded.items() if key not in _STATUS_AT_END}
    if recorded.get("phase") in TERMINAL_PHASES:
        status["phase"] = "Running"
    status["finishedAt"] = None
    started = parse_time(recorded.get("startedAt"))
    if started is not None and started > moment:  # a clock was off: nodes started before their workflow
        status["startedAt"] = None
    if nodes:
        status["nodes"] = nodes
    if "conditions" in recorded:
        status["conditions"] = _workflow_conditions(recorded["conditions"], nodes)
    if "progress" in recorded:
        pods = [node for node in nodes.values() if node.get("type") == "Pod"]
        status["progress"] = f"{sum(_is_over(node) for node in pods)}/{len(pods)}"
    labels = {key: value for key, value in _labels(item).items() if key not in _LABELS_AT_END}
    if _PHASE_LABEL in labels and labels[_PHASE_LABEL] in TERMINAL_PHASES:
        labels[_PHASE_LABEL] = "Running"
    if _COMPLETED_LABEL in labels:
        labels[_COMPLETED_LABEL] = "false"
    return item | {"metadata": _relabelled(item, labels), "status": status}


def _nodes_at(nodes: Mapping[str, Any], moment: datetime, before: Mapping[str, Any]) -> dict[str, Any]:
    """Choose and trim the nodes that were there at `moment`."""
    there: dict[str, Mapping[str, Any]] = {}
    for node_id, node in nodes.items():
        started, finished = parse_time(node.get("startedAt")), parse_time(node.get("finishedAt"))
        appeared = started or finished  # a memoized resubmit copies nodes without their start
        if appeared is None and node_id in before:
            there[node_id] = node
        elif appeared is not None and appeared <= moment:
            there[node_id] = _unmarked(node) if finished is not None and finished <= moment else _running(node)
    return {node_id: _with_children(node, there) for node_id, node in there.items()}


def _unmarked(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take away the marks of outputs that garbage collection removed: when it did so is not said."""
    outputs = mapping(node.get("outputs"))
    artifacts = _objects(outputs.get("artifacts"))
    if not any("deleted" in artifact for artifact in artifacts):
        return node
    kept = [{key: value for key, value in artifact.items() if key != "deleted"} for artifact in artifacts]
    return {**node, "outputs": {**outputs, "artifacts": kept}}


def _running(node: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in node.items() if key not in _NODE_AT_END}
    if node.get("phase") in TERMINAL_PHASES or node.get("finishedAt"):
        kept["phase"] = "Running"
    kept["finishedAt"] = None  # Argo writes an unset time as null
    if "progress" in kept:
        kept["progress"] = "0/1"
    return kept


def _with_children(node: Mapping[str, Any], there: Mapping[str, Any]) -> Mapping[str, Any]:
    children = node.get("children")
    if not isinstance(children, list) or all(child in there for child in children):
        return node
    kept = [child for child in children if child in there]
    rest = {key: value for key, value in node.items() if key != "children"}
    return {**rest, "children": kept} if kept else rest


def _is_over(node: Mapping[str, Any]) -> bool:
    return bool(node.get("finishedAt"))


def _workflow_conditions(recorded: object, nodes: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Keep what may hold before the end: never Completed, and PodRunning as the nodes say."""
    running = any(node.get("type") == "Pod" and node.get("phase") == "Running" for node in nodes.values())
    return [
        {**condition, "status": "True" if running else "False"} if condition.get("type") == "PodRunning" else condition
        for condition in _objects(recorded)
        if not (condition.get("type") == "Completed" and condition.get("status") == "True")
    ]


# ------------------------------------------------------------------------------------------ pods
_CONTAINER_LISTS: Final = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
_POD_STATUS_AT_END: Final = frozenset({"message", "reason", *_CONTAINER_LISTS})


def _container_times(container: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Read start and end of a container from its state; None where they are not known."""
    state = mapping(container.get("state"))
    over, running = mapping(state.get("terminated")), mapping(state.get("running"))
    return parse_time(over.get("startedAt") or running.get("startedAt")), parse_time(over.get("finishedAt"))


def _pod_moments(item: KubernetesObject) -> set[datetime]:
    status = mapping(item.get("status"))
    moments = _times(status.get("startTime"))
    for name in _CONTAINER_LISTS:
        for container in _objects(status.get(name)):
            moments |= {time for time in _container_times(container) if time is not None}
    return moments


def _pod_metadata(item: KubernetesObject) -> dict[str, Any]:
    labels = dict(_labels(item))
    if _COMPLETED_LABEL in labels:
        labels[_COMPLETED_LABEL] = "false"
    metadata = _relabelled(item, labels, hidden_annotations=_POD_ANNOTATIONS_AT_END)
    metadata.pop("deletionTimestamp", None)
    metadata.pop("deletionGracePeriodSeconds", None)
    return metadata


def _pod_newborn(item: KubernetesObject) -> KubernetesObject:
    spec = {key: value for key, value in mapping(item.get("spec")).items() if key != "nodeName"}
    born = {key: value for key, value in item.items() if key not in ("spec", "status")}
    born |= {"metadata": _pod_metadata(item), "status": {"phase": "Pending"}}
    return born | {"spec": spec} if "spec" in item else born


def _pod_at(item: KubernetesObject, moment: datetime, before: KubernetesObject | None) -> KubernetesObject:
    recorded = mapping(item.get("status"))
    status: dict[str, Any] = {key: value for key, value in recorded.items() if key not in _POD_STATUS_AT_END}
    for name in _CONTAINER_LISTS:
        if name in recorded:
            status[name] = [_container_at(container, moment) for container in _objects(recorded[name])]
    if "conditions" in recorded:
        status["conditions"] = [
            condition
            for condition in _objects(recorded["conditions"])
            if (since := parse_time(condition.get("lastTransitionTime"))) is not None and since <= moment
        ]
    starts = [_container_times(container)[0] for container in _objects(recorded.get("containerStatuses"))]
    status["phase"] = "Running" if any(start is not None and start <= moment for start in starts) else "Pending"
    return item | {"metadata": _pod_metadata(item), "status": status}


def _container_at(container: Mapping[str, Any], moment: datetime) -> Mapping[str, Any]:
    started, finished = _container_times(container)
    if finished is not None and finished <= moment:
        return container
    if started is not None and started <= moment:
        since = {"running": {"startedAt": started.strftime("%Y-%m-%dT%H:%M:%SZ")}}
        return {**container, "ready": True, "state": since}
    rest = {key: value for key, value in container.items() if key not in ("containerID", "lastState")}
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    return {**rest, "imageID": "", "ready": False, "restartCount": 0, "state": waiting}


# ------------------------------------------------------------------------------------------ anything else
def _written(item: KubernetesObject) -> set[datetime]:
    """When somebody wrote to it, as far as it says so."""
    return _times(*(each.get("time") for each in _objects(mapping(item.get("metadata")).get("managedFields"))))


def _whole_at(item: KubernetesObject, moment: datetime, before: KubernetesObject | None) -> KubernetesObject:
    return item


_WHOLE = Unfolding(moments=_written, newborn=lambda item: item, at=_whole_at)

_UNFOLDINGS: Final[Mapping[str, Unfolding]] = {
    "Workflow": Unfolding(moments=_workflow_moments, newborn=_workflow_newborn, at=_workflow_at),
    "Pod": Unfolding(moments=_pod_moments, newborn=_pod_newborn, at=_pod_at),
}


def unfolding_of(kind: str) -> Unfolding:
    """Say how objects of a kind are unfolded: Workflows and Pods in states, others as they were written."""
    return _UNFOLDINGS.get(kind, _WHOLE)
