"""How a metric moves from run to run: the values that count, and the runs that ended without one.

A run stands where it was due, else where it started, else where it was made. Of a run the value counts that
`lineage.store.metrics` shows as its latest; of a task that of the execution of its name that ended last.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    not_,
    null,
    select,
    union_all,
)

from lineage.identity import Key, decode_key, encode_key, run_key
from lineage.model import BUILT_IN, Phase, RunWithout, TrendPoint
from lineage.ports import AllOf, Condition, Operator, Scope, Where
from lineage.store import measures, tables
from lineage.store.codec import microseconds, moment
from lineage.store.conditions import Expression, where_clause
from lineage.store.gone import is_superseded
from lineage.store.metrics import metrics_of_executions
from lineage.store.prepared import Prepared, among, given
from lineage.store.queries import KEPT, runs
from lineage.store.tables import STANDS_AT
from lineage.store.texts import storable

NOTHING: Final[Mapping[str, str | None]] = {}
ENDED: Final = tuple(phase.value for phase in Phase if phase.ended)


def points(
    connection: Connection,
    scope: Scope,
    metrics: Sequence[str],
    where: Where | None,
    *,
    task: str | None,
    last: int,
    parameters: bool,
) -> Mapping[str, tuple[TrendPoint, ...]]:
    """The values of metrics in the last runs that have one, by name, the oldest first."""
    task = None if task is None else storable(task)
    asked = _Asked(connection, scope, where, task, last, _versions(connection, where))
    recorded = {storable(name): name for name in metrics if name not in measures.MEASURES}
    rows: dict[str, dict[int, Any]] = {name: {} for name in metrics}
    for row in asked.of(None, metrics=list(recorded)) if recorded else ():
        rows[recorded[row[-1]]][row[0]] = row  # of one run, what counts comes last
    for name in metrics:
        if name in measures.MEASURES:
            rows[name] = {row[0]: row for row in asked.of(name)}
    waits = _waits(connection, scope, rows[QUEUE]) if task is not None and QUEUE in rows else {}
    runs_of_all = {run_id for of in rows.values() for run_id in of}
    given_to = _parameters_of(connection, runs_of_all) if parameters else {}
    read = _Reading(given_to)
    return {name: tuple(read(of, waits if name == QUEUE else {})) for name, of in rows.items()}


QUEUE: Final = "queue_seconds"


class _Asked(NamedTuple):
    """A list of runs, and a task of theirs."""

    connection: Connection
    scope: Scope
    where: Where | None
    task: str | None
    last: int
    versions: Sequence[int] | None

    def of(self, built_in: str | None, **values: Any) -> list[tuple[Any, ...]]:
        """Read a metric that is built in, or those that are recorded."""
        versions = {f"version_{number}": one for number, one in enumerate(self.versions or ())}
        meant = _Meant(self.scope, self.where, None if self.versions is None else len(self.versions))
        statement = _points(self.connection.dialect.name, meant, built_in, self.task)
        return statement.ask(self.connection.connection.cursor(), {"last": self.last, **versions, **values})


class _Reading:
    """Reads rows as points: what many have in common is decoded once."""

    def __init__(self, parameters: Mapping[int, Mapping[str, str | None]]) -> None:
        self._parameters = parameters
        self._keys: dict[str, Key] = {}
        self._times: dict[int, datetime] = {}

    def __call__(self, rows: Mapping[int, Any], values: Mapping[int, float]) -> Iterator[TrendPoint]:
        for run_id, key, at, due, version, own, node, name, cached, source, _ in rows.values():
            value = values.get(run_id, own)
            if value is not None:
                yield TrendPoint(
                    run_key(key),
                    None if node is None else self._key(node),
                    name,
                    float(value),
                    self._time(at),
                    None if due is None else self._time(due),
                    bool(cached),
                    source,
                    None if version is None else self._key(version),
                    self._parameters.get(run_id, NOTHING),
                )

    def _key(self, text: str) -> Key:
        found = self._keys.get(text)
        if found is None:
            found = self._keys[text] = decode_key(text)
        return found

    def _time(self, count: int) -> datetime:
        found = self._times.get(count)
        if found is None:
            found = self._times[count] = moment(count)
        return found


def _parameters_of(connection: Connection, runs_of_all: Collection[int]) -> Mapping[int, Mapping[str, str | None]]:
    asked = _parameters(connection.dialect.name).ask(connection.connection.cursor(), {"ids": list(runs_of_all)})
    return {run_id: orjson.loads(whole) for run_id, whole in asked}


def _waits(connection: Connection, scope: Scope, rows: Mapping[int, Any]) -> Mapping[int, float]:
    """How long each attempt waited for its first pod, in seconds, by its run."""
    of = {decode_key(row[6]): run_id for run_id, row in rows.items()}
    waited = {
        key: one.value
        for key, found in metrics_of_executions(connection, scope, list(of)).items()
        for one in found
        if one.name == QUEUE
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
    task = None if task is None else storable(task)
    cursor = connection.connection.cursor()
    values: dict[str, Any] = {"since": microseconds(since), "limit": limit}
    built_in = metric if metric in measures.MEASURES else None
    if built_in is None:
        values["metric"] = storable(metric)
    rows = _without(connection.dialect.name, scope, built_in, where, task).ask(cursor, values)
    return tuple(
        RunWithout(run_key=run_key(key), at=moment(at), scheduled_at=moment(due), phase=Phase(phase))
        for key, at, due, phase in reversed(rows)
    )


# ------------------------------------------------------------------------------------------ statements
class _Meant(NamedTuple):
    """Which runs are meant: of a pipeline, those of so many versions, which are given as `version_0` and so on."""

    scope: Scope
    where: Where | None
    versions: int | None = None


@lru_cache(KEPT)
def _points(database: str, meant: _Meant, built_in: str | None, task: str | None) -> Prepared:
    if built_in is None:
        return Prepared(database, _recorded(database, meant, task))
    return Prepared(database, _of_runs(meant, built_in) if task is None else _of_task(meant, built_in, task))


def _recorded(database: str, meant: _Meant, task: str | None) -> Select[Any]:
    """What somebody recorded. Of one run, what counts comes last."""
    recorded, run = tables.metric, tables.run
    is_asked = among(database, recorded.c.name, "metrics")
    chosen = _last(meant, _has_recorded(task, is_asked))
    statement = (
        _attempts_of(chosen, recorded.c.value, recorded.c.source, recorded.c.name)
        .join(recorded, and_(recorded.c.run_id == chosen.c.id, recorded.c.execution_id == tables.execution.c.id))
        .where(among(database, func.coalesce(recorded.c.name, ""), "metrics"))  # not by the index of all of that name
        .order_by(chosen.c.at, chosen.c.key, *measures.counting_last(run))
    )
    return statement if task is None else statement.where(tables.execution.c.display_name == task)


def _of_task(meant: _Meant, metric: str, task: str) -> Select[Any]:
    """What every attempt at a step has."""
    chosen = _last(meant, _has_ended(task))
    value = measures.MEASURES_OF_ATTEMPTS.get(metric, null)()
    return (
        _attempts_of(chosen, value, literal(BUILT_IN), null())
        .where(*_ended_attempts(task))
        .order_by(chosen.c.at, chosen.c.key, measures.ended(), tables.node.c.key)
    )


def _of_runs(meant: _Meant, metric: str) -> Select[Any]:
    """What every run has."""
    value = measures.latest_value(metric)
    ended = tables.run.c.finished_at.is_not(None)
    chosen = _last(meant, ended, value.is_not(None), shown=(value.label("value"),))
    attempt = (null(), null(), literal(0), literal(BUILT_IN), null())
    return select(*_columns_of(chosen), chosen.c.value, *attempt).order_by(chosen.c.at, chosen.c.key)


def _chosen(scope: Scope, where: Where | None) -> Select[Any]:
    """Runs that are meant, and stand somewhere."""
    query = runs(scope)
    version = tables.pipeline_version.c.key.label("version")
    columns = (tables.run.c.id, tables.run.c.key, STANDS_AT.label("at"), tables.run.c.scheduled_at, version)
    meant = (where_clause(query.fields, where), *_by_index(where), STANDS_AT.is_not(None))
    return query.select.with_only_columns(*columns).where(*meant)


def _owners(where: Where | None) -> Iterator[tuple[str, Key]]:
    """What the runs that are meant must be of: a pipeline, an experiment, a recurring run."""
    match where:
        case AllOf(of=parts):
            for part in parts:
                yield from _owners(part)
        case Condition(field="pipeline" | "experiment" | "recurringRun", operator=Operator.EQ, value=tuple(key)):
            yield where.field, key
        case _:
            return


def _by_index(where: Where | None) -> Iterator[ColumnElement[bool]]:
    """Say again of what runs are, by what they are found by: through its join SQLite would read all runs."""
    run, version, pipeline = tables.run, tables.pipeline_version.alias("mine"), tables.pipeline.alias("meant")
    for field, key in _owners(where):
        if field == "pipeline":
            of_it = select(version.c.id).join(pipeline, pipeline.c.id == version.c.pipeline_id)
            yield run.c.pipeline_version_id.in_(of_it.where(pipeline.c.key == encode_key(key)))
        else:
            of_run, owners = _OWNERS[field]
            owner = owners.alias("meant")
            yield of_run == select(owner.c.id).where(owner.c.key == encode_key(key)).scalar_subquery()


_OWNERS: Final = {
    "experiment": (tables.run.c.experiment_id, tables.experiment),
    "recurringRun": (tables.run.c.recurring_run_id, tables.recurring_run),
}
MOST_VERSIONS: Final = 16  # of which the last runs are read one by one: of more, all runs are put in order


def _versions(connection: Connection, where: Where | None) -> Sequence[int] | None:
    """The versions of the pipeline whose runs are meant; None where none is meant, or there are too many of them."""
    key = next((key for field, key in _owners(where) if field == "pipeline"), None)
    if key is None:
        return None
    found = _versions_of(connection.dialect.name).ask(connection.connection.cursor(), {"pipeline": encode_key(key)})
    return None if len(found) > MOST_VERSIONS else [version for (version,) in found]


@cache
def _versions_of(database: str) -> Prepared:
    version, pipeline = tables.pipeline_version, tables.pipeline
    mine = select(version.c.id).join(pipeline, pipeline.c.id == version.c.pipeline_id)
    is_asked = pipeline.c.key == bindparam("pipeline", required=False, type_=Text)
    return Prepared(database, mine.where(is_asked).order_by(version.c.id).limit(MOST_VERSIONS + 1))


def _last(meant: _Meant, *has_value: ColumnElement[bool], shown: Sequence[Expression] = ()) -> Subquery:
    """The last runs that are meant and have a value: of each version, and of these the last."""
    run, limit = tables.run, bindparam("last", required=False, type_=Integer)
    with_value = _chosen(meant.scope, meant.where).add_columns(*shown).where(*has_value)
    newest = with_value.order_by(STANDS_AT.desc(), run.c.key.desc()).limit(limit)
    if not meant.versions:
        return newest.subquery("chosen")
    given_as = (bindparam(f"version_{number}", required=False, type_=BigInteger) for number in range(meant.versions))
    of_each = [select(newest.where(run.c.pipeline_version_id == one).subquery()) for one in given_as]
    every = union_all(*of_each).subquery()
    return select(every).order_by(every.c.at.desc(), every.c.key.desc()).limit(limit).subquery("chosen")


def _columns_of(chosen: Subquery) -> Iterator[Expression]:
    return (chosen.c[name] for name in ("id", "key", "at", "scheduled_at", "version"))


def _attempts_of(chosen: Subquery, value: Expression, source: Expression, name: Expression) -> Select[Any]:
    """The attempts of runs that count, each with a value."""
    execution, node, run = tables.execution, tables.node, tables.run
    return (
        select(*_columns_of(chosen), value, node.c.key, execution.c.display_name, execution.c.cached, source, name)
        .select_from(chosen)
        .join(run, run.c.id == chosen.c.id)
        .join(execution, execution.c.run_id == chosen.c.id)
        .join(node, node.c.id == execution.c.id)
        .where(not_(is_superseded()))
    )


def _has_recorded(task: str | None, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    recorded, execution = tables.metric, tables.execution.alias("recording")
    mine = select(1).select_from(recorded)
    if task is not None:
        mine = mine.join(execution, and_(execution.c.id == recorded.c.execution_id, execution.c.display_name == task))
    return exists(mine.where(recorded.c.run_id == tables.run.c.id, *which))


def _has_ended(task: str) -> ColumnElement[bool]:
    execution = tables.execution
    return exists(select(1).where(execution.c.run_id == tables.run.c.id, *_ended_attempts(task)))


def _ended_attempts(task: str) -> tuple[ColumnElement[bool], ...]:
    execution = tables.execution
    return execution.c.display_name == task, not_(execution.c.is_group), execution.c.finished_at.is_not(None)


@lru_cache(KEPT)
def _without(database: str, scope: Scope, built_in: str | None, where: Where | None, task: str | None) -> Prepared:
    run, recorded = tables.run, tables.metric
    if built_in is None:
        is_asked = recorded.c.name == bindparam("metric", required=False, type_=Text)
        has_value = _has_recorded(task, is_asked, recorded.c.value.is_not(None))
    elif task is not None:
        has_value = _has_ended(task)
    else:
        has_value = measures.latest_value(built_in).is_not(None)
    statement = (
        _chosen(scope, where)
        .with_only_columns(run.c.key, STANDS_AT.label("at"), run.c.scheduled_at, run.c.phase)
        .where(run.c.phase.in_(ENDED), not_(has_value))
        .where(bindparam("since", required=False, type_=BigInteger) <= STANDS_AT)
        .order_by(STANDS_AT.desc(), run.c.key.desc())
        .limit(bindparam("limit", required=False, type_=Integer))
    )
    return Prepared(database, statement)


@lru_cache(KEPT)
def _parameters(database: str) -> Prepared:
    """The parameters of runs, those of each as one JSON text: a row for each of them takes twice the time."""
    one = tables.run_parameter
    as_object = func.json_group_object if database == "sqlite" else func.json_object_agg
    whole = cast(as_object(one.c.name, one.c.value), Text)
    is_asked = one.c.run_id.in_(given(database, "ids"))
    return Prepared(database, select(one.c.run_id, whole).where(is_asked).group_by(one.c.run_id))
