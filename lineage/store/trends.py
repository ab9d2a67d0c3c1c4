"""How a metric moves from run to run: the values that count, and the runs that ended without one.

A run stands where it was due, else where it started, else where it was made. Of a run the value counts that
`lineage.store.metrics` shows as its latest; of a task that of the execution of its name that ended last.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Subquery,
    and_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    null,
    select,
)

from lineage.identity import decode_key, run_key
from lineage.model import BUILT_IN, Phase, RunWithout, TrendPoint
from lineage.ports import Scope, Where
from lineage.store import measures, tables
from lineage.store.codec import microseconds, moment
from lineage.store.conditions import Expression, where_clause
from lineage.store.gone import is_superseded
from lineage.store.metrics import metrics_of_executions
from lineage.store.prepared import Prepared, given
from lineage.store.queries import KEPT, runs

NOTHING: Final[Mapping[str, str | None]] = {}
ENDED: Final = tuple(phase.value for phase in Phase if phase.ended)


def points(
    connection: Connection,
    scope: Scope,
    metric: str,
    where: Where | None,
    *,
    task: str | None,
    last: int,
    parameters: bool,
) -> tuple[TrendPoint, ...]:
    """The values of a metric in the last runs that have one, the oldest first."""
    database = connection.dialect.name
    cursor = connection.connection.cursor()
    rows = _points(database, scope, metric, where, task).ask(cursor, {"last": last})
    found = {row[0]: row for row in rows}  # of one run, what counts comes last
    values = _waits(connection, scope, found) if task is not None and metric == "queue_seconds" else {}
    given_to: dict[int, dict[str, str | None]] = defaultdict(dict)
    for run_id, name, text in _parameters(database).ask(cursor, {"ids": list(found)}) if parameters else ():
        given_to[run_id][name] = text
    versions = {text: decode_key(text) for text in {row[4] for row in found.values()} if text is not None}
    return tuple(
        TrendPoint(
            run_key(key),
            None if node is None else decode_key(node),
            name,
            float(value),
            moment(at),
            moment(due),
            bool(cached),
            source,
            versions.get(version),
            given_to.get(run_id, NOTHING),
        )
        for run_id, key, at, due, version, own, node, name, cached, source in found.values()
        if (value := values.get(run_id, own)) is not None
    )


def _waits(connection: Connection, scope: Scope, rows: Mapping[int, Any]) -> Mapping[int, float]:
    """How long each attempt waited for its first pod, in seconds, by its run."""
    of = {decode_key(row[6]): run_id for run_id, row in rows.items()}
    waited = {
        key: one.value
        for key, found in metrics_of_executions(connection, scope, list(of)).items()
        for one in found
        if one.name == "queue_seconds"
    }
    return {of[key]: value for key, value in waited.items() if value is not None}


def without(
    connection: Connection,
    scope: Scope,
    metric: str,
    where: Where | None,
    *,
    task: str | None,
    since: datetime,
    limit: int,
) -> tuple[RunWithout, ...]:
    """The last runs since a time that have ended and have no value of a metric, the oldest first."""
    cursor = connection.connection.cursor()
    values = {"since": microseconds(since), "limit": limit}
    rows = _without(connection.dialect.name, scope, metric, where, task).ask(cursor, values)
    return tuple(
        RunWithout(run_key=run_key(key), at=moment(at), scheduled_at=moment(due), phase=Phase(phase))
        for key, at, due, phase in reversed(rows)
    )


def stands_at() -> Expression:
    """Where a run stands on the axis of time."""
    run = tables.run
    return func.coalesce(run.c.scheduled_at, run.c.started_at, run.c.created_at, type_=BigInteger)


# ------------------------------------------------------------------------------------------ statements
@lru_cache(KEPT)
def _points(database: str, scope: Scope, metric: str, where: Where | None, task: str | None) -> Prepared:
    return Prepared(database, _values(scope, metric, where, task))


def _values(scope: Scope, metric: str, where: Where | None, task: str | None) -> Select[Any]:
    if metric not in measures.MEASURES:
        return _recorded(scope, metric, where, task)
    return _of_runs(scope, metric, where) if task is None else _of_task(scope, metric, where, task)


def _recorded(scope: Scope, metric: str, where: Where | None, task: str | None) -> Select[Any]:
    """What somebody recorded. Of one run, what counts comes last."""
    recorded, run = tables.metric, tables.run
    chosen = _last(_chosen(scope, where), _has_recorded(metric, task))
    statement = (
        _attempts_of(chosen, recorded.c.value, recorded.c.source)
        .join(recorded, and_(recorded.c.execution_id == tables.execution.c.id, recorded.c.name == metric))
        .order_by(chosen.c.at, chosen.c.key, *measures.counting_last(run))
    )
    return statement if task is None else statement.where(tables.execution.c.display_name == task)


def _of_task(scope: Scope, metric: str, where: Where | None, task: str) -> Select[Any]:
    """What every attempt at a step has."""
    chosen = _last(_chosen(scope, where), _has_ended(task))
    value = measures.MEASURES_OF_ATTEMPTS.get(metric, null)()
    return (
        _attempts_of(chosen, value, literal(BUILT_IN))
        .where(*_ended_attempts(task))
        .order_by(chosen.c.at, chosen.c.key, measures.ended(), tables.node.c.key)
    )


def _of_runs(scope: Scope, metric: str, where: Where | None) -> Select[Any]:
    """What every run has."""
    value = measures.latest_value(metric)
    ended = tables.run.c.finished_at.is_not(None)
    chosen = _last(_chosen(scope, where).add_columns(value.label("value")), ended, value.is_not(None))
    attempt = (null(), null(), literal(0), literal(BUILT_IN))
    return select(*_columns_of(chosen), chosen.c.value, *attempt).order_by(chosen.c.at, chosen.c.key)


def _chosen(scope: Scope, where: Where | None) -> Select[Any]:
    """Runs that are meant, and stand somewhere."""
    query = runs(scope)
    version = tables.pipeline_version.c.key.label("version")
    columns = (tables.run.c.id, tables.run.c.key, stands_at().label("at"), tables.run.c.scheduled_at, version)
    return query.select.with_only_columns(*columns).where(where_clause(query.fields, where), stands_at().is_not(None))


def _last(statement: Select[Any], *has_value: ColumnElement[bool]) -> Subquery:
    limit = bindparam("last", required=False, type_=Integer)
    newest = statement.where(*has_value).order_by(stands_at().desc(), tables.run.c.key.desc()).limit(limit)
    return newest.subquery("chosen")


def _columns_of(chosen: Subquery) -> Iterator[Expression]:
    return (chosen.c[name] for name in ("id", "key", "at", "scheduled_at", "version"))


def _attempts_of(chosen: Subquery, value: Expression, source: Expression) -> Select[Any]:
    """The attempts of runs that count, each with a value."""
    execution, node, run = tables.execution, tables.node, tables.run
    return (
        select(*_columns_of(chosen), value, node.c.key, execution.c.display_name, execution.c.cached, source)
        .select_from(chosen)
        .join(run, run.c.id == chosen.c.id)
        .join(execution, execution.c.run_id == chosen.c.id)
        .join(node, node.c.id == execution.c.id)
        .where(not_(is_superseded()))
    )


def _has_recorded(metric: str, task: str | None, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    recorded, execution = tables.metric, tables.execution.alias("recording")
    mine = select(1).select_from(recorded)
    if task is not None:
        mine = mine.join(execution, and_(execution.c.id == recorded.c.execution_id, execution.c.display_name == task))
    return exists(mine.where(recorded.c.run_id == tables.run.c.id, recorded.c.name == metric, *which))


def _has_ended(task: str) -> ColumnElement[bool]:
    execution = tables.execution
    return exists(select(1).where(execution.c.run_id == tables.run.c.id, *_ended_attempts(task)))


def _ended_attempts(task: str) -> tuple[ColumnElement[bool], ...]:
    execution = tables.execution
    return execution.c.display_name == task, not_(execution.c.is_group), execution.c.finished_at.is_not(None)


@lru_cache(KEPT)
def _without(database: str, scope: Scope, metric: str, where: Where | None, task: str | None) -> Prepared:
    run, is_built_in = tables.run, metric in measures.MEASURES
    if task is not None and is_built_in:
        has_value = _has_ended(task)
    elif is_built_in:
        has_value = measures.latest_value(metric).is_not(None)
    else:
        has_value = _has_recorded(metric, task, tables.metric.c.value.is_not(None))
    statement = (
        _chosen(scope, where)
        .with_only_columns(run.c.key, stands_at().label("at"), run.c.scheduled_at, run.c.phase)
        .where(run.c.phase.in_(ENDED), not_(has_value))
        .where(stands_at() >= bindparam("since", required=False, type_=BigInteger))
        .order_by(stands_at().desc(), run.c.key.desc())
        .limit(bindparam("limit", required=False, type_=Integer))
    )
    return Prepared(database, statement)


@lru_cache(KEPT)
def _parameters(database: str) -> Prepared:
    one = tables.run_parameter
    return Prepared(
        database, select(one.c.run_id, one.c.name, one.c.value).where(one.c.run_id.in_(given(database, "ids")))
    )
