"""How a metric moves from run to run: the values that count, and the runs that ended without one.

A run stands where it was due, else where it started, else where it was made. Of a run the value counts that
`lineage.store.metrics` shows as its latest; of a task that of the execution of its name that ended last.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from itertools import repeat
from typing import Any, Final, NamedTuple, TypeAlias

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    desc,
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
from lineage.store.codec import microseconds, moment, moments
from lineage.store.conditions import Expression, where_clause
from lineage.store.gone import is_superseded
from lineage.store.metrics import metrics_of_executions
from lineage.store.prepared import Prepared, among, given
from lineage.store.queries import KEPT, in_scope, run_in_scope, runs
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
    versions = _versions(connection, where)
    beside = parameters and len(metrics) == 1  # of several, they would come again with each
    given_as = {f"version_{number}": version for number, version in enumerate(versions)}
    asked = _Asked(connection, _Meant(scope, where, len(versions), beside), task, {"last": last, **given_as})
    rows = {name: list(of.values()) for name, of in _found(asked, metrics).items()}
    if task is not None and QUEUE in rows:
        rows[QUEUE] = _with(rows[QUEUE], VALUE, _waits(connection, scope, rows[QUEUE]))
    if parameters and not beside:
        given = _looked_up(connection, _parameters_of, {row[0] for of in rows.values() for row in of})
        rows = {name: _with(of, GIVEN, given) for name, of in rows.items()}
    others = {row[VERSION] for of in rows.values() for row in of if row[VERSION] not in versions}
    keys = {**versions, **_looked_up(connection, _keys_of_versions, others)}
    versions_of = {version: decode_key(key) for version, key in keys.items()}
    return {name: _read(of, versions_of) for name, of in rows.items()}


QUEUE: Final = "queue_seconds"

_Row: TypeAlias = tuple[Any, ...]
"""A value in a run: the key of the run, its time, when it was due, the id of its version, its parameters; the value,
and of the attempt that has it the key, the name and whether it was cached; its source, and where several are read the
name of the metric."""

VERSION, GIVEN, VALUE, ATTEMPT = 3, 4, 5, 6


class _Asked(NamedTuple):
    """A list of runs, and a task of theirs. Of a run that has several values of a metric, the one that counts comes
    last."""

    connection: Connection
    meant: "_Meant"
    task: str | None
    values: Mapping[str, Any]

    def of(self, metric: str) -> list[_Row]:
        """Read one metric."""
        if metric in measures.MEASURES:
            return self._ask(_built_in(self._database, self.meant, self.task, metric), {})
        values = {"metric": storable(metric)}
        if _are_in_order(self.meant):
            last, once = self.values["last"], _recorded_once(self._database, self.meant, self.task)
            found = self._ask(once, {**values, "last": last + 1})  # one more shows that the last run has no others
            if len({row[0] for row in found}) == len(found):
                return found[:last][::-1]
        return self._ask(_recorded(self._database, self.meant, self.task), values)

    def of_several(self, metrics: Sequence[str]) -> list[_Row]:
        """Read metrics that somebody recorded, each row with the name of its own."""
        return self._ask(_recorded(self._database, self.meant, self.task, several=True), {"metrics": metrics})

    @property
    def _database(self) -> str:
        return self.connection.dialect.name

    def _ask(self, statement: Prepared, values: Mapping[str, Any]) -> list[_Row]:
        return statement.ask(self.connection.connection.cursor(), {**self.values, **values})


def _found(asked: _Asked, metrics: Sequence[str]) -> Mapping[str, Mapping[str, _Row]]:
    """What counts of each metric, by its run."""
    recorded = {storable(name): name for name in metrics if name not in measures.MEASURES}
    together = set(recorded.values()) if len(recorded) > 1 else set[str]()
    found: dict[str, dict[str, _Row]] = {
        name: {} if name in together else {row[0]: row for row in asked.of(name)} for name in metrics
    }
    for row in asked.of_several(list(recorded)) if together else ():
        found[recorded[row[-1]]][row[0]] = row
    return found


def _with(rows: Iterable[_Row], place: int, known: Mapping[str, Any]) -> list[_Row]:
    """Put what is known of the run of each row in one place of it."""
    return [(*row[:place], known.get(row[0]), *row[place + 1 :]) for row in rows]


def _read(rows: Iterable[_Row], versions_of: Mapping[int, Key]) -> tuple[TrendPoint, ...]:
    """Read rows as points, a column at a time: in a loop over thousands of them, most of the time would be lost."""
    counting = [row for row in rows if row[VALUE] is not None]
    if not counting:
        return ()
    keys, counts, due, versions, given, values, executions, tasks, cached, sources, *_ = zip(*counting, strict=True)
    times = moments(counts)
    columns = (
        map(run_key, keys),
        executions,
        tasks,
        map(float, values),
        times,
        (None if is_due is None else at for is_due, at in zip(due, times, strict=True)),  # what is due stands there
        map(bool, cached),
        sources,
        map(versions_of.get, versions),
        _objects(given),
    )
    return tuple(map(TrendPoint, *columns))


def _objects(texts: Sequence[str | None]) -> Iterable[Mapping[str, str | None]]:
    """Read objects of JSON, all in one go, where there are any."""
    if not any(texts):
        return repeat(NOTHING, len(texts))
    objects: list[Mapping[str, str | None]] = orjson.loads(f"[{','.join(one or '{}' for one in texts)}]")
    return objects


def _looked_up(connection: Connection, asked: Callable[[str], Prepared], which: Collection[Any]) -> Mapping[Any, Any]:
    """Look up something of each, where it is known."""
    known = [one for one in which if one is not None]
    return dict(asked(connection.dialect.name).ask(connection.connection.cursor(), {"which": known})) if known else {}


def _waits(connection: Connection, scope: Scope, rows: Iterable[_Row]) -> Mapping[str, float]:
    """How long each attempt waited for its first pod, in seconds, by its run."""
    of = {decode_key(row[ATTEMPT]): row[0] for row in rows}
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
    """Which runs are meant: of a pipeline with few versions, those of so many, which are given as `version_0` and so
    on. And whether their parameters are read."""

    scope: Scope
    where: Where | None
    versions: int = 0
    parameters: bool = False


@lru_cache(KEPT)
def _recorded_once(database: str, meant: _Meant, task: str | None) -> Prepared:
    """The last values that somebody recorded of one metric, the newest first: those of the last runs, where none of
    them has several. What is superseded has none. Runs that an index has in their order are so read in half of the
    time: nothing is chosen first, and nothing sorted."""
    recorded, execution, node = tables.metric, tables.execution, tables.node
    run = _chosen(database, meant).subquery("run_meant")
    found = run.join(recorded, and_(recorded.c.run_id == run.c.id, recorded.c.name == _asked_of(run)))
    found = found.join(execution, execution.c.id == recorded.c.execution_id).join(node, node.c.id == execution.c.id)
    value = case((not_(is_superseded(run)), recorded.c.value)).label("value")
    shown = value, node.c.key.label("attempt"), execution.c.display_name, execution.c.cached, recorded.c.source
    statement = _of_chosen(run, *shown).select_from(found)
    if task is not None:
        statement = statement.where(execution.c.display_name == task)
    return Prepared(database, _newest(database, meant, statement))


@lru_cache(KEPT)
def _recorded(database: str, meant: _Meant, task: str | None, *, several: bool = False) -> Prepared:
    """What somebody recorded, of one metric or of several."""
    recorded, name = tables.metric, tables.metric.c.name
    if several:
        chosen = _last(database, meant, _has_recorded(task, among(database, name, "metrics")))
        is_asked = among(database, func.coalesce(name, ""), "metrics")  # not by the index of names, as `_asked_of`
    else:
        chosen = _last(database, meant, _has_recorded(task, name == _ASKED))
        is_asked = name == _asked_of(chosen)
    execution = tables.execution
    found = chosen.join(recorded, recorded.c.run_id == chosen.c.id)
    found = found.join(execution, execution.c.id == recorded.c.execution_id)
    statement = (
        _attempts(chosen, found, recorded.c.value, recorded.c.source, *((name,) if several else ()))
        .where(is_asked)
        .order_by(chosen.c.at, chosen.c.key, *measures.counting_last(chosen))
    )
    return Prepared(database, statement if task is None else statement.where(execution.c.display_name == task))


_ASKED: Final = bindparam("metric", required=False, type_=Text)


def _asked_of(run: Subquery) -> Expression:
    """The name of the metric that is asked for, as if it were another with each run: so SQLite looks it up run by run,
    and not by the index of all of that name."""
    return func.coalesce(_ASKED, run.c.key)


@lru_cache(KEPT)
def _built_in(database: str, meant: _Meant, task: str | None, metric: str) -> Prepared:
    return Prepared(
        database, _of_runs(database, meant, metric) if task is None else _of_task(database, meant, metric, task)
    )


def _of_task(database: str, meant: _Meant, metric: str, task: str) -> Select[Any]:
    """What every attempt at a step has."""
    chosen = _last(database, meant, _has_ended(task))
    value = measures.MEASURES_OF_ATTEMPTS.get(metric, null)()
    found = chosen.join(tables.execution, tables.execution.c.run_id == chosen.c.id)
    return (
        _attempts(chosen, found, value, literal(BUILT_IN))
        .where(*_ended_attempts(task))
        .order_by(chosen.c.at, chosen.c.key, measures.ended(), tables.node.c.key)
    )


def _of_runs(database: str, meant: _Meant, metric: str) -> Select[Any]:
    """What every run has."""
    value = measures.latest_value(metric)
    ended = tables.run.c.finished_at.is_not(None)
    chosen = _last(database, meant, ended, value.is_not(None), shown=(value.label("value"),))
    attempt = (null(), null(), literal(0), literal(BUILT_IN))
    return _of_chosen(chosen, chosen.c.value, *attempt).order_by(chosen.c.at, chosen.c.key)


def _chosen(database: str, meant: _Meant) -> Select[Any]:
    """Runs that are meant, and stand somewhere. What they are of is said of their own rows, as they are found by it:
    through its join, SQLite would read all runs."""
    run, query = tables.run, runs(meant.scope)
    experiment, recurring = tables.experiment.alias("meant"), tables.recurring_run.alias("meant")
    given_to = _parameters(database) if meant.parameters else null()
    columns = (run.c.id, run.c.key, STANDS_AT.label("at"), run.c.scheduled_at, run.c.pipeline_version_id)
    own, others = [in_scope(meant.scope), STANDS_AT.is_not(None)], list[Where]()
    for part in _parts(meant.where):
        match part:
            case Condition(field="pipeline", operator=Operator.EQ, value=tuple(key)):
                if not meant.versions:  # else they are given
                    own.append(run.c.pipeline_version_id.in_(_ids_of_versions(key)))
            case Condition(field="experiment", operator=Operator.EQ, value=tuple(key)):
                own.append(run.c.experiment_id == _id_of(experiment, key).scalar_subquery())
            case Condition(field="recurringRun", operator=Operator.EQ, value=tuple(key)):
                seen = _id_of(recurring, key).where(run_in_scope(recurring, meant.scope))
                own.append(run.c.recurring_run_id == seen.scalar_subquery())
            case _:
                others.append(part)
    joined = query.select.where(where_clause(query.fields, AllOf(tuple(others)))) if others else select(run)
    shown = joined.with_only_columns(*columns, run.c.roll_kind, run.c.best, given_to.label("given"))
    return shown.where(*own)


def _parts(where: Where | None) -> Iterator[Where]:
    """What must hold all together."""
    match where:
        case None:
            return
        case AllOf(of=parts):
            for part in parts:
                yield from _parts(part)
        case _:
            yield where


def _id_of(owner: FromClause, key: Key) -> Select[Any]:
    return select(owner.c.id).where(owner.c.key == encode_key(key))


def _ids_of_versions(key: Key) -> Select[Any]:
    version, pipeline = tables.pipeline_version.alias("mine"), tables.pipeline.alias("meant")
    mine = select(version.c.id).join(pipeline, pipeline.c.id == version.c.pipeline_id)
    return mine.where(pipeline.c.key == encode_key(key))


def _are_in_order(meant: _Meant) -> bool:
    """Whether an index has the runs that are meant in the order of time: no more of them are read than are shown."""
    return meant.versions > 0 or any(
        isinstance(part, Condition) and part.field in ("experiment", "recurringRun") and part.operator is Operator.EQ
        for part in _parts(meant.where)
    )


MOST_VERSIONS: Final = 16  # of which the last runs are read one by one: of more, all runs are put in order


def _versions(connection: Connection, where: Where | None) -> Mapping[int, str]:
    """The versions of the pipeline whose runs are meant, and their keys; none where none is meant, or there are too
    many of them."""
    keys = set(_pipelines(where))
    if len(keys) != 1:
        return {}
    cursor = connection.connection.cursor()
    found = dict(_versions_of(connection.dialect.name).ask(cursor, {"pipeline": encode_key(*keys)}))
    return {} if len(found) > MOST_VERSIONS else found


def _pipelines(where: Where | None) -> Iterator[Key]:
    for part in _parts(where):
        match part:
            case Condition(field="pipeline", operator=Operator.EQ, value=tuple(key)):
                yield key


@cache
def _versions_of(database: str) -> Prepared:
    version, pipeline = tables.pipeline_version, tables.pipeline
    mine = select(version.c.id, version.c.key).join(pipeline, pipeline.c.id == version.c.pipeline_id)
    is_asked = pipeline.c.key == bindparam("pipeline", required=False, type_=Text)
    return Prepared(database, mine.where(is_asked).order_by(version.c.id).limit(MOST_VERSIONS + 1))


def _last(database: str, meant: _Meant, *has_value: ColumnElement[bool], shown: Sequence[Expression] = ()) -> Subquery:
    """The last runs that are meant and have a value."""
    with_value = _chosen(database, meant).add_columns(*shown).where(*has_value)
    return _newest(database, meant, with_value).subquery("chosen")


def _newest(database: str, meant: _Meant, found: Select[Any]) -> Select[Any] | CompoundSelect[Any]:
    """The newest rows of what is found of the runs that are meant, the last run first."""
    limit, shown = bindparam("last", required=False, type_=Integer), found.selected_columns
    given_as = (bindparam(f"version_{number}", required=False, type_=BigInteger) for number in range(meant.versions))
    of_each = [found.where(shown.pipeline_version_id == one) for one in given_as] or [found]
    newest_of_each = [one.order_by(shown.at.desc(), shown.key.desc()).limit(limit) for one in of_each]
    if len(of_each) == 1:
        return newest_of_each[0]
    # SQLite reads all of them at once in their order, as far as it needs; PostgreSQL the most that it may need of each.
    parts = of_each if database == "sqlite" else [select(one.subquery()) for one in newest_of_each]
    return union_all(*parts).order_by(desc("at"), desc("key")).limit(limit)


def _of_chosen(chosen: Subquery, *values: Expression) -> Select[Any]:
    of_run = ("key", "at", "scheduled_at", "pipeline_version_id", "given")
    return select(*(chosen.c[name].label(name) for name in of_run), *values)


def _attempts(
    chosen: Subquery, found: FromClause, value: Expression, source: Expression, *name: Expression
) -> Select[Any]:
    """The attempts of runs that count, each with a value. `found` leads from the runs to them."""
    execution, node = tables.execution, tables.node
    shown = _of_chosen(chosen, value, node.c.key, execution.c.display_name, execution.c.cached, source, *name)
    return shown.select_from(found.join(node, node.c.id == execution.c.id)).where(not_(is_superseded(chosen)))


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
        _chosen(database, _Meant(scope, where))
        .with_only_columns(run.c.key, STANDS_AT.label("at"), run.c.scheduled_at, run.c.phase)
        .where(run.c.phase.in_(ENDED), not_(has_value))
        .where(bindparam("since", required=False, type_=BigInteger) <= STANDS_AT)
        .order_by(STANDS_AT.desc(), run.c.key.desc())
        .limit(bindparam("limit", required=False, type_=Integer))
    )
    return Prepared(database, statement)


@cache
def _keys_of_versions(database: str) -> Prepared:
    version = tables.pipeline_version
    return Prepared(database, select(version.c.id, version.c.key).where(version.c.id.in_(given(database, "which"))))


@cache
def _parameters_of(database: str) -> Prepared:
    run = tables.run
    return Prepared(database, select(run.c.key, _parameters(database)).where(among(database, run.c.key, "which")))


def _parameters(database: str) -> Expression:
    """The parameters of a run, as one JSON text; put together of their rows where they were recorded before they were
    written so."""
    run, one = tables.run, tables.run_parameter
    as_object = func.json_group_object if database == "sqlite" else func.json_object_agg
    whole = select(cast(as_object(one.c.name, one.c.value), Text)).where(one.c.run_id == run.c.id)
    return func.coalesce(run.c.parameters, whole.scalar_subquery())
