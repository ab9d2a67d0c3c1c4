"""A run of Kubeflow v2 and its tasks, as ML Metadata keeps them: what they were given, what they took over, what came
out.

Pure. Drivers and launchers write it: a context is a run, an execution is a task or a group of them, an event says what
a task read or wrote, and what is said of an artifact stands among its properties. Of the run itself little is told,
which counts where its workflow was not seen and Kubeflow's API does not tell of it. Sources:
kubeflow/pipelines/backend/src/v2/metadata/client.go for what is written,
ml-metadata/ml_metadata/proto/metadata_store.proto for how.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lineage.facts import Fact, ObjectKept, Reported, RunTold, TasksTold, TaskTold
from lineage.limits import is_name
from lineage.model import KEPT_RUNS, Parameter, Phase
from lineage.observation import ObjectSeen
from watchers.answers import told_revision
from watchers.kubeflow import parameter, place
from watchers.reading import mapping, mappings, placing, scalar, text
from watchers.source import Source
from watchers.tasks import KEPT_TASKS, Port, read, reported, without_plumbing, write

_NAME: Final = KEPT_RUNS
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OF_KUBEFLOW: Final = "system."  # what else stands in the context of a run, somebody else put there
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
INPUT: Final = "INPUT"
OUTPUT: Final = "OUTPUT"
_EXACT: Final = 2**53  # beyond it a double is no whole number, but the nearest that there is
_NO_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")
_WRAPPERS: Final = ("list", "struct")  # Kubeflow puts a list or an object of its own into another


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what was recorded of a run and its tasks.

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
    namespace = scalar(_properties(context).get("namespace")) or text(mapping(item, "metadata"), "namespace") or None
    tasks = TasksTold(
        revision=view,
        run=run,
        cluster=seen.cluster,
        namespace=namespace,
        tasks=tuple(
            _task(one, _ports(one, events, artifacts, INPUT), _ports(one, events, artifacts, OUTPUT), seen.cluster)
            for one in sorted(executions, key=_id)
            if is_task(one)
        ),
    )
    return (
        _run(tasks, context, next((one for one in sorted(executions, key=_id) if _is_root(one)), {})),
        tasks,
        ObjectKept(revision=view, resource=KEPT_TASKS.name, uid=run, body=seen.body),
    )


# ------------------------------------------------------------------------------------------ the run
def is_group(execution: Mapping[str, Any]) -> bool:
    """Say whether an execution stands for a group of tasks: the whole run, a pipeline in it, a turn of a loop."""
    return text(execution, "type") == _DAG


def _is_root(execution: Mapping[str, Any]) -> bool:
    return is_group(execution) and not scalar(_properties(execution).get("parent_dag_id"))


def _run(tasks: TasksTold, context: Mapping[str, Any], root: Mapping[str, Any]) -> RunTold:
    """Say of a run what its context, its outermost group and its tasks say."""
    phase = _phase_of_run(tasks, root)
    name = scalar(_properties(context).get("resource_name")) or ""
    return RunTold(
        source=_NAME,
        revision=tasks.revision,
        run=tasks.run,
        cluster=tasks.cluster,
        namespace=tasks.namespace,
        name=name if name and is_name(name) else tasks.run,
        phase=phase,
        message=None,
        created_at=_time(context, "create_time_since_epoch"),
        scheduled_at=None,
        started_at=_time(root, "create_time_since_epoch"),
        finished_at=max(filter(None, (task.finished_at for task in tasks.tasks)), default=None)
        if phase.ended
        else None,
        parameters=tuple(_parameters(_properties(root).get("inputs"))),
        experiment=None,
        version=None,
        recurring_run=None,
        pipeline=None,
    )


def _phase_of_run(tasks: TasksTold, root: Mapping[str, Any]) -> Phase:
    """Say how a run went, as far as that is known: a task that failed, and was not done again, ends it. That all which
    were begun went well is not the end: `UpdateDAGExecutionsState` leaves out the outermost group, so that most of
    these never end, and says of others that they failed while tasks go on (kubeflow/pipelines#13888)."""
    last = {task.place: task for task in tasks.tasks}
    if not all(task.phase.ended for task in tasks.tasks):
        return Phase.UNKNOWN
    if any(task.phase is Phase.FAILED for task in last.values()):
        return Phase.FAILED
    return Phase.SUCCEEDED if text(root, "last_known_state") == "COMPLETE" else Phase.UNKNOWN


# ------------------------------------------------------------------------------------------ its tasks
def is_task(execution: Mapping[str, Any]) -> bool:
    """Say whether an execution stands for one task."""
    return text(execution, "type").startswith(_OF_KUBEFLOW) and not is_group(execution)


def port_name(event: Mapping[str, Any]) -> str:
    """Say under which name an event says that something was read or written; empty where it says none."""
    steps = mappings(mapping(event, "path"), "steps")
    return text(steps[0], "key") if steps else ""


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
    for name, value in sorted(mapping({"parameters": values}, "parameters").items()):
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
        if artifact is not None and (name := port_name(event)):
            named.setdefault(name, []).append(artifact)
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
