"""The tasks of a run, as the API of Kubeflow Pipelines tells them since 3.0, which has no ML Metadata.

Pure. Source: `PipelineTask` in kubeflow/pipelines/backend/api/v2beta1/run.proto, and artifact.proto beside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lineage.facts import Fact, ObjectKept, Reported, TasksTold, TaskTold
from lineage.model import Parameter
from lineage.observation import ObjectSeen
from watchers.answers import TASKS, moment, namespace_of, phase_of_state, told_revision
from watchers.kubeflow import parameter, place
from watchers.reading import mapping, mappings, placing, scalar, text
from watchers.source import Source
from watchers.tasks import Port, read, reported, write

_NAME: Final = "kfp_tasks"
_RAN: Final = frozenset({"RUNTIME", "IMPORTER"})  # what is of another type groups others
_METRIC: Final = "Metric"
_TYPES: Final = {
    "ClassificationMetric": "system.ClassificationMetrics",
    "SlicedClassificationMetric": "system.SlicedClassificationMetrics",
}
_NO_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what is told of the tasks of a run.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("tasks of run", item):
        return _interpret(item, mapping(item, "told"), seen)


def _interpret(item: Mapping[str, Any], told: Mapping[str, Any], seen: ObjectSeen) -> Sequence[Fact]:
    run, tasks = text(told, "run_id"), mappings(told, "tasks")
    if not run:
        return ()
    view = told_revision(seen, uid=run, born=moment(told, "created_at"), times=_times(tasks))
    in_turn = sorted(tasks, key=lambda task: (text(task, "create_time"), text(task, "task_id")))
    fact = TasksTold(
        revision=view,
        run=run,
        cluster=seen.cluster,
        namespace=namespace_of(item, told),
        tasks=tuple(_task(task, seen.cluster) for task in in_turn if text(task, "type") in _RAN),
    )
    return fact, ObjectKept(revision=view, resource=TASKS.name, uid=run, body=seen.body)


def _times(tasks: Sequence[Mapping[str, Any]]) -> Iterator[datetime | None]:
    for task in tasks:
        yield from (moment(task, "create_time"), moment(task, "end_time"))
        for change in mappings(task, "state_history"):
            yield moment(change, "update_time")


def _task(task: Mapping[str, Any], cluster: str) -> TaskTold:
    state, name = text(task, "state"), text(task, "name")
    cached, imported, phase = state == "CACHED", text(task, "type") == "IMPORTER", phase_of_state(state)
    given, came = mapping(task, "inputs"), mapping(task, "outputs")
    turn = scalar(mapping(task, "type_attributes").get("iteration_index"))
    return TaskTold(
        source=_NAME,
        id=text(task, "task_id"),
        place=place(text(task, "parent_task_id"), name, turn),
        name=name,
        phase=phase,
        started_at=moment(task, "create_time"),
        finished_at=moment(task, "end_time") if phase.ended else None,
        cached=cached,
        input_parameters=tuple(_parameters(given)),
        output_parameters=tuple(_parameters(came)),
        reads=tuple(read(port, cluster) for port in _ports(given)),
        writes=tuple(write(port, cluster, cached=cached, imported=imported) for port in _ports(came)),
        metrics=tuple(_metrics(came)),
    )


def _parameters(ports: Mapping[str, Any]) -> Iterator[Parameter]:
    """One that is told several times is a list, as of a loop that collects."""
    values: dict[str, list[Any]] = {}
    for one in mappings(ports, "parameters"):
        values.setdefault(text(one, "parameter_key"), []).append(one.get("value"))
    for name, held in values.items():
        if name:
            yield parameter(name, held[0] if len(held) == 1 else held)


def _artifacts(ports: Mapping[str, Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """What each input or output holds."""
    held: dict[str, list[Mapping[str, Any]]] = {}
    for one in mappings(ports, "artifacts"):
        held.setdefault(text(one, "artifact_key"), []).extend(mappings(one, "artifacts"))
    yield from ((name, of) for name, of in sorted(held.items()) if name)


def _ports(ports: Mapping[str, Any]) -> Iterator[Port]:
    """A metric is no artifact of its own; a curve or a matrix is, and lies in the records themselves."""
    for name, held in _artifacts(ports):
        kept = [one for one in held if text(one, "type") != _METRIC]
        for number, one in enumerate(kept):
            kind = text(one, "type")
            yield Port(
                name=name if len(kept) == 1 else f"{name}[{number}]",
                uri=text(one, "uri") or f"kfp://artifacts/{text(one, 'artifact_id')}",
                type=_TYPES.get(kind) or (f"system.{kind}" if kind else None),
                metadata=mapping(one, "metadata"),
            )


def _metrics(ports: Mapping[str, Any]) -> Iterator[Reported]:
    for name, held in _artifacts(ports):
        for one in held:
            value = one.get("number_value")
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if text(one, "type") == _METRIC and (is_number or value in _NO_NUMBERS):
                metric = reported(name, text(one, "name"), float(value or 0))
                if metric is not None:
                    yield metric


SOURCE: Final = Source(name=_NAME, resource=TASKS, interpret=interpret, is_watched=False)
