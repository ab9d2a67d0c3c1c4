"""The tasks of a run of Kubeflow v2, as ML Metadata keeps them: what they were given, what they took over, what came
out.

Pure. Drivers and launchers write it: an execution is a task, an event says what it read or wrote, and what is said of
an artifact stands among its properties. Sources: kubeflow/pipelines/backend/src/v2/metadata/client.go for what is
written, ml-metadata/ml_metadata/proto/metadata_store.proto for how.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lineage.facts import Fact, ObjectKept, Reported, TasksTold, TaskTold
from lineage.model import Parameter, Phase
from lineage.observation import ObjectSeen
from watchers.answers import told_revision
from watchers.kubeflow import parameter, place
from watchers.reading import mapping, mappings, placing, scalar, text
from watchers.source import Source
from watchers.tasks import KEPT_TASKS, Port, read, reported, without_plumbing, write

_NAME: Final = "mlmd_tasks"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAG: Final = "system.DAGExecution"
_IMPORTER: Final = "system.Importer"  # …Execution, or …WorkspaceExecution
_CACHED: Final = "CACHED"
_PHASES: Final = {
    "NEW": Phase.PENDING,
    "RUNNING": Phase.RUNNING,
    "COMPLETE": Phase.SUCCEEDED,
    "FAILED": Phase.FAILED,
    "CACHED": Phase.SKIPPED,
    "CANCELED": Phase.SKIPPED,  # which is how Kubeflow writes that a condition did not hold
}
_INPUT: Final = "INPUT"
_OUTPUT: Final = "OUTPUT"
_EXACT: Final = 2**53  # beyond it a double is no whole number, but the nearest that there is
_NO_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")
_WRAPPERS: Final = ("list", "struct")  # Kubeflow puts a list or an object of its own into another


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what was recorded of the tasks of a run.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("tasks of run", item):
        return _interpret(item, mapping(item, "told"), seen)


def _interpret(item: Mapping[str, Any], told: Mapping[str, Any], seen: ObjectSeen) -> Sequence[Fact]:
    context = mapping(told, "context")
    run = text(context, "name")
    if not run:
        return ()
    executions, events = mappings(told, "executions"), mappings(told, "events")
    artifacts = {scalar(one.get("id")): one for one in mappings(told, "artifacts")}
    records = (context, *executions, *artifacts.values())
    view = told_revision(
        seen,
        uid=run,
        born=_time(context, "create_time_since_epoch"),
        times=(_time(one, "last_update_time_since_epoch") for one in records),
    )
    tasks = TasksTold(
        revision=view,
        run=run,
        cluster=seen.cluster,
        namespace=scalar(_properties(context).get("namespace")) or text(mapping(item, "metadata"), "namespace") or None,
        tasks=tuple(
            _task(one, _ports(one, events, artifacts, _INPUT), _ports(one, events, artifacts, _OUTPUT), seen.cluster)
            for one in sorted(executions, key=_id)
            if text(one, "type") != _DAG
        ),
    )
    return tasks, ObjectKept(revision=view, resource=KEPT_TASKS.name, uid=run, body=seen.body)


def _task(execution: Mapping[str, Any], inputs: list[Port], outputs: list[Port], cluster: str) -> TaskTold:
    said = _properties(execution)
    cached, imported = text(execution, "last_known_state") == _CACHED, text(execution, "type").startswith(_IMPORTER)
    phase = _PHASES.get(text(execution, "last_known_state"), Phase.UNKNOWN)
    name = scalar(said.get("task_name")) or ""
    given, got = said.get("inputs"), said.get("outputs")
    return TaskTold(
        source=_NAME,
        id=scalar(execution.get("id")) or "",
        place=place(scalar(said.get("parent_dag_id")) or "", name, scalar(said.get("iteration_index"))),
        name=name,
        phase=phase,
        started_at=_time(execution, "create_time_since_epoch"),
        finished_at=_time(execution, "last_update_time_since_epoch") if phase.ended else None,
        cached=cached,
        taken_from=(scalar(said.get("cached_execution_id")) or None) if cached else None,
        input_parameters=tuple(_parameters(given)),
        output_parameters=tuple(_parameters(got)),
        reads=tuple(read(port, cluster) for port in inputs if port.uri),
        writes=tuple(write(port, cluster, cached=cached, imported=imported) for port in outputs if port.uri),
        metrics=tuple(_metrics(outputs)),
    )


def _parameters(values: Any) -> Iterator[Parameter]:
    for name, value in sorted(values.items()) if isinstance(values, dict) else ():
        yield parameter(name, _whole(value))


def _whole(value: Any) -> Any:
    """Write whole numbers as such: in a `Struct` every number is a double."""
    if isinstance(value, dict):
        return {name: _whole(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_whole(member) for member in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT else value


def _metrics(outputs: list[Port]) -> Iterator[Reported]:
    """Every number that was logged is a double. What else is said of metrics, a flag among it, is none."""
    for port in outputs:
        if port.type == "system.Metrics":
            for name, value in sorted(port.metadata.items()):
                if isinstance(value, float) and (metric := reported(port.name, name, value)) is not None:
                    yield metric


def _ports(
    execution: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    artifacts: Mapping[str | None, Mapping[str, Any]],
    kind: str,
) -> list[Port]:
    """What an execution read or wrote. The order of several under one name is nowhere kept: that of their ids."""
    mine = [one for one in events if text(one, "type") == kind and _of(one, "execution_id") == _id(execution)]
    named: dict[str, list[Mapping[str, Any]]] = {}
    for event in sorted(mine, key=lambda one: _of(one, "artifact_id")):
        artifact = artifacts.get(scalar(event.get("artifact_id")))
        steps = mappings(mapping(event, "path"), "steps")
        if artifact is not None and steps and text(steps[0], "key"):
            named.setdefault(text(steps[0], "key"), []).append(artifact)
    return [
        Port(
            name=name if len(held) == 1 else f"{name}[{number}]",
            uri=text(one, "uri"),
            type=text(one, "type") or None,
            metadata={name: _unwrapped(value) for name, value in without_plumbing(_properties(one)).items()},
        )
        for name, held in sorted(named.items())
        for number, one in enumerate(held)
    ]


def _id(record: Mapping[str, Any]) -> int:
    return _of(record, "id")


def _of(record: Mapping[str, Any], member: str) -> int:
    number = scalar(record.get(member)) or ""
    return int(number) if number.isdecimal() else 0


def _properties(record: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a record, as plain values."""
    found = {**mapping(record, "properties"), **mapping(record, "custom_properties")}
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    """Read a value, which is an object with one member, named after its type."""
    if not isinstance(value, dict):
        return value
    kind, held = next(iter(value.items()), ("", None))
    if kind == "int_value" and isinstance(held, str) and held.removeprefix("-").isdecimal():
        return int(held)
    if kind == "double_value" and (isinstance(held, int) or held in _NO_NUMBERS):
        return float(held)
    return held


def _unwrapped(value: Any) -> Any:
    """Read a list or an object that is said of an artifact."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _WRAPPERS:
        return next(iter(value.values()))
    return value


def _time(record: Mapping[str, Any], member: str) -> datetime | None:
    """Read a time, which is told in milliseconds since 1970."""
    count = _of(record, member)
    return _EPOCH + timedelta(milliseconds=count) if 0 < count < _LAST else None


_LAST: Final = 253_402_300_800_000  # the year 10000


SOURCE: Final = Source(name=_NAME, resource=KEPT_TASKS, interpret=interpret, is_watched=False)
