"""Metrics: the latest of each name, what is built in, and series.

Of one execution the value of the last step counts; of one step that of a file before that of an output parameter. Of
a run the value of the execution that ended last counts, attempts that were replaced left out; of one that tunes
something that of its best trial. What is built in counts where nobody recorded anything by that name.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, not_, select

from lineage.evidence import MetricValue, Said
from lineage.identity import Key, decode_key, run_key
from lineage.model import BUILT_IN, Metric, PodSeen, Special
from lineage.ports import Scope, Where
from lineage.store import measures, queries, tables
from lineage.store.bodies import Take, anything, counted
from lineage.store.codec import look_of, moment
from lineage.store.conditions import where_clause
from lineage.store.gone import is_superseded
from lineage.store.parts import of_executions, of_runs, pods
from lineage.verification import Sighting, said_of


# ------------------------------------------------------------------------------------------ the latest
def metrics_of_executions(
    connection: Connection, scope: Scope, executions: Sequence[Key], take: Take = anything
) -> Mapping[Key, tuple[Metric, ...]]:
    """The latest value of each metric of executions, by name."""
    attempts = {decode_key(row.node_key): row for row in connection.execute(_attempts(scope, executions))}
    waits = _waits(attempts, pods(connection, scope, list(attempts), take))
    found = {key: _built_in(row, waits.get(key)) for key, row in attempts.items()}
    for row in _recorded(connection, of_executions(scope, executions)):
        found[decode_key(row.node_key)][row.name] = _metric(row)
    return {key: _by_name(of) for key, of in found.items()}


def recorded_of_executions(
    connection: Connection, scope: Scope, executions: Sequence[Key]
) -> Mapping[Key, tuple[Metric, ...]]:
    """The same without what is built in."""
    found: defaultdict[Key, dict[str, Metric]] = defaultdict(dict)
    for row in _recorded(connection, of_executions(scope, executions)):
        found[decode_key(row.node_key)][row.name] = _metric(row)
    return {key: _by_name(of) for key, of in found.items()}


def metrics_of_runs(connection: Connection, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, tuple[Metric, ...]]:
    """The latest value of each metric of runs, by name."""
    run = tables.run
    built_in = [measure().label(name) for name, measure in measures.MEASURES.items()]
    statement = select(run.c.key, run.c.finished_at, *built_in).where(of_runs(scope, runs))
    found: dict[Key, dict[str, Metric]] = {}
    for row in connection.execute(statement):
        values = {name: row._mapping[name] for name in measures.MEASURES}
        found[run_key(row.key)] = _of_engine(values, run_key(row.key), None, moment(row.finished_at))
    for row in _recorded(connection, and_(of_runs(scope, runs), not_(is_superseded()))):
        found[run_key(row.run_key)][row.name] = _metric(row)
    return {key: _by_name(of) for key, of in found.items()}


def _by_name(found: Mapping[str, Metric]) -> tuple[Metric, ...]:
    return tuple(found[name] for name in sorted(found))


def _recorded(connection: Connection, which: ColumnElement[bool]) -> Iterable[Any]:
    """Metrics that were recorded: of those of one name, what counts comes last."""
    metric, execution, node, run = tables.metric, tables.execution, tables.node, tables.run
    statement = (
        select(metric, *_of_attempt())
        .join(execution, execution.c.id == metric.c.execution_id)
        .join(node, node.c.id == metric.c.execution_id)
        .join(run, run.c.id == metric.c.run_id)
        .where(which)
        .order_by(*measures.counting_last(run))
    )
    return connection.execute(statement)


def _of_attempt() -> tuple[ColumnElement[Any], ...]:
    execution = tables.execution
    return (
        tables.node.c.key.label("node_key"),
        tables.run.c.key.label("run_key"),
        execution.c.cached,
        execution.c.started_at,
        execution.c.finished_at,
    )


def _metric(row: Any) -> Metric:
    value = MetricValue(
        name=row.name,
        value=row.value,
        special=None if row.special is None else Special(row.special),
        step=row.step,
        is_percentage=bool(row.is_percentage),
    )
    return _measured(row, value, row.source)


def _measured(row: Any, found: MetricValue, source: str) -> Metric:
    return Metric(
        name=found.name,
        value=found.value,
        special=found.special,
        step=found.step,
        is_percentage=found.is_percentage,
        run_key=run_key(row.run_key),
        execution_key=decode_key(row.node_key),
        at=_at(row),
        cached=bool(row.cached),
        source=source,
    )


def _at(row: Any) -> datetime | None:
    return None if row.finished_at is None else moment(row.finished_at * 1_000_000)


# ------------------------------------------------------------------------------------------ what is built in
def _attempts(scope: Scope, executions: Sequence[Key]) -> Any:
    execution, node, run = tables.execution, tables.node, tables.run
    engine = (execution.c.attempt, execution.c.cpu_seconds, execution.c.memory_seconds)
    return (
        select(*_of_attempt(), *engine)
        .select_from(execution)
        .join(node, node.c.id == execution.c.id)
        .join(run, run.c.id == execution.c.run_id)
        .where(of_executions(scope, executions), not_(execution.c.is_group))
    )


def _built_in(row: Any, waited: float | None) -> dict[str, Metric]:
    took = None if None in (row.started_at, row.finished_at) else row.finished_at - row.started_at
    values = {
        "cpu_seconds": row.cpu_seconds,
        "duration_seconds": took,
        "memory_seconds": row.memory_seconds,
        "queue_seconds": waited,
        "retries": row.attempt,
    }
    return _of_engine(values, run_key(row.run_key), decode_key(row.node_key), _at(row), cached=bool(row.cached))


def _waits(attempts: Mapping[Key, Any], seen: Mapping[Key, Sequence[PodSeen]]) -> Mapping[Key, float]:
    """How long each waited for the container of its first pod to start, in seconds."""
    found: dict[Key, float] = {}
    for key, of in seen.items():
        starts = [pod.started_at for pod in of if pod.started_at is not None]
        if starts and attempts[key].started_at is not None:
            found[key] = max(0.0, min(starts).timestamp() - attempts[key].started_at)
    return found


def _of_engine(
    values: Mapping[str, Any], run: Key, execution: Key | None, at: datetime | None, *, cached: bool = False
) -> dict[str, Metric]:
    return {
        name: Metric(
            name=name,
            value=float(value),
            run_key=run,
            execution_key=execution,
            at=at,
            cached=cached,
            source=BUILT_IN,
        )
        for name, value in values.items()
        if value is not None
    }


# ------------------------------------------------------------------------------------------ what files say
def metric_series(
    connection: Connection, scope: Scope, executions: Sequence[Key], name: str, take: Take = anything
) -> Mapping[Key, tuple[Metric, ...]]:
    """All values of one metric of executions, in the order of their steps."""
    rows = [row for row in _recorded(connection, of_executions(scope, executions)) if row.name == name]
    said = _said_by(connection, tables.artifact.c.id.in_({row.origin for row in rows}), take)
    found: dict[Key, dict[int, Metric]] = defaultdict(dict)
    for row in rows:
        file = said.get(row.origin)
        series = [_metric(row)] if file is None else [_measured(row, one, row.source) for one in _named(file, name)]
        # Of two that tell of one step, what counts comes last.
        found[decode_key(row.node_key)] |= {one.step: one for one in series}
    return {key: tuple(of[step] for step in sorted(of)) for key, of in found.items()}


def _named(said: Said, name: str) -> Iterator[MetricValue]:
    return (value for value in said.values if value.name == name)


def said_as_json(connection: Connection, artifacts: Set[int], take: Take) -> Mapping[int, Mapping[str, Any]]:
    """What artifacts say that we can read, as JSON, by their internal ids."""
    said = _said_by(connection, tables.artifact.c.id.in_(artifacts), take) if artifacts else {}
    return {artifact_id: _as_json(of) for artifact_id, of in said.items()}


def _said_by(connection: Connection, which: ColumnElement[bool], take: Take) -> Mapping[int, Said]:
    """What artifacts say, by their internal ids."""
    artifact, look = tables.artifact, tables.look
    statement = (
        select(artifact.c.id, artifact.c.shown, look.c.at, look.c.body)
        .join(look, and_(look.c.location_id == artifact.c.location_id, look.c.says))
        .where(which)
    )
    looks: dict[tuple[int, str | None], list[Sighting]] = defaultdict(list)
    for row in counted(connection.execute(statement), take):
        looks[row.id, row.shown].append(Sighting(row.at, look_of(row.body)))
    found = {artifact_id: said_of(of, shown) for (artifact_id, shown), of in looks.items()}
    return {artifact_id: said for artifact_id, said in found.items() if said is not None}


def _as_json(said: Said) -> Mapping[str, Any]:
    latest: dict[str, MetricValue] = {}
    for value in sorted(said.values, key=lambda one: one.step):
        latest[value.name] = value
    members = {
        "metrics": {name: one.value if one.special is None else one.special for name, one in latest.items()},
        "plots": list(said.plots),
        "setAside": [{"place": one.place, "reason": one.reason} for one in said.set_aside],
    }
    return {name: member for name, member in members.items() if member}


# ------------------------------------------------------------------------------------------ names
def metric_names(connection: Connection, scope: Scope, where: Where | None) -> tuple[str, ...]:
    """What metrics of some runs are called that somebody recorded."""
    query = queries.runs(scope)
    runs = query.select.where(where_clause(query.fields, where)).with_only_columns(tables.run.c.id)
    statement = select(tables.metric.c.name).where(tables.metric.c.run_id.in_(runs)).distinct()
    return tuple(sorted(connection.scalars(statement)))
