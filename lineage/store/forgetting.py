"""Forgetting the details of runs: their raw objects go, and of what was seen of them that stays which others need.

Of a row whose view loses its details, only the body is another: by what it is found and joined, and what it refers to,
stay as they are. So nothing that was derived is another afterwards, and nothing that is derived later is: provenance
through a run that was forgotten is what it was.

What is observed of it from before that time changes nothing any more: a log that is read again, or an archive, does not
bring back what was forgotten. Where it went on after that, it is known again, as far as it did.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select, update

from lineage.facts import (
    ExecutionSeen,
    Fact,
    ObjectKept,
    PodSeen,
    Revision,
    RunSeen,
    RunTold,
    TasksTold,
)
from lineage.identity import Key
from lineage.ports import Details
from lineage.store import locks as names
from lineage.store import tables
from lineage.store.batch import NO_RUN, Batch
from lineage.store.codec import (
    encode,
    execution_of,
    execution_seen_of,
    executions_of,
    microseconds,
    pod_of,
    run_of,
    run_told_of,
    task_of,
    tasks_of,
)
from lineage.store.dialect import Dialect, Row
from lineage.store.feed import announce
from lineage.store.locks import SUBJECTS, Locks, Name
from lineage.store.packed import pack
from lineage.store.retention import judge_now, parents
from lineage.tombstones import (
    LONGEST_VALUE,
    OWN_LABELS,
    attempt_that_stays,
    execution_that_stays,
    pod_that_stays,
    run_that_stays,
    run_told_that_stays,
    task_that_stays,
    tasks_that_stay,
    value_that_stays,
)

Strip: TypeAlias = Callable[[bytes], bytes]
"""Makes of a body what stays of it."""
ROWS: Final = 200  # of a statement that writes them


# ------------------------------------------------------------------------------------------ forgetting
@dataclass(frozen=True, slots=True, kw_only=True)
class _Subjects:
    """The runs that are forgotten, by id, and the uids of the objects that they were seen by."""

    runs: dict[int, str]
    uids: frozenset[str]

    @property
    def names(self) -> Iterator[Name]:
        """What of it is locked."""
        yield from map(names.run, self.runs.values())
        yield from map(names.uid, self.uids)


def forget(
    connection: Connection,
    dialect: Dialect,
    metric_parameters: Sequence[str],
    needed: Iterable[Name],
    runs: Sequence[Key],
    now: datetime,
) -> Details:
    """Forget the details of runs, and tell the feed. `needed` is what must be locked for it.

    Raises:
        LocksMissing: more than that must be: begin anew with that as well.
    """
    held = Locks(connection, dialect)
    held.take(SUBJECTS, needed)
    mine = _subjects(connection, dialect, runs)
    held.require(*mine.names)
    ids = list(mine.runs)
    if not ids:
        return Details()
    went = _weigh(connection, dialect, mine)
    for condition in dialect.one_of(tables.kept_object.c.uid, _kept_under(mine)):
        connection.execute(delete(tables.kept_object).where(condition))
    for strip in _strips(metric_parameters):
        _strip(connection, dialect, strip, mine)
    execution = tables.execution
    for condition in dialect.one_of(execution.c.run_id, ids):
        of_these = tables.turn.c.execution_id.in_(select(execution.c.id).where(condition))
        connection.execute(delete(tables.turn).where(of_these))
    for table in (tables.fingerprint_due, tables.retention_due):
        for condition in dialect.one_of(table.c.run_id, ids):
            connection.execute(delete(table).where(condition))
    _strip_values(connection, dialect, ids)
    for condition in dialect.one_of(tables.run.c.id, ids):
        connection.execute(update(tables.run).where(condition).values(forgotten_at=microseconds(now)))
    judge_now(connection, sorted(parents(connection, dialect, ids)))
    announce(connection, dialect, ids)
    return went


def _strip_values(connection: Connection, dialect: Dialect, ids: Sequence[int]) -> None:
    """Bring what runs are found by in line with what stays of their arguments and labels."""
    label, given = tables.run_label, tables.run_parameter
    for condition in dialect.one_of(label.c.run_id, ids):
        connection.execute(delete(label).where(condition, func.substr(label.c.name, 1, len(OWN_LABELS)) != OWN_LABELS))
    long = select(given.c.value, given.c.run_id, given.c.name).where(func.length(given.c.value) > LONGEST_VALUE)
    for condition in dialect.one_of(given.c.run_id, ids):
        rows = [(value_that_stays(row[0]), *row[1:]) for row in connection.execute(long.where(condition))]
        if rows:
            dialect.update(connection.connection.cursor(), given, ("value",), rows)
            of_these = tables.run.c.id.in_(sorted({row[1] for row in rows}))
            connection.execute(update(tables.run).where(of_these).values(parameters=None))  # read from their rows


def weigh(connection: Connection, dialect: Dialect, runs: Sequence[Key]) -> Details:
    """What would go."""
    return _weigh(connection, dialect, _subjects(connection, dialect, runs))


def _subjects(connection: Connection, dialect: Dialect, runs: Sequence[Key]) -> _Subjects:
    run, found, uids = tables.run, dict[int, str](), set[str]()
    for condition in dialect.one_of(run.c.key, [str(key[1]) for key in runs]):
        found.update((row.id, row.key) for row in connection.execute(select(run.c.id, run.c.key).where(condition)))
    for table in (tables.workflow, tables.pod, tables.member):
        for condition in dialect.one_of(table.c.run_id, found):
            uids.update(connection.scalars(select(table.c.uid).where(condition)))
    return _Subjects(runs=found, uids=frozenset(uids))


def _kept_under(mine: _Subjects) -> list[str]:
    """The uids under which objects of runs are kept: what services told of a run under the key of that."""
    return sorted({*mine.uids, *mine.runs.values()})


def _weigh(connection: Connection, dialect: Dialect, mine: _Subjects) -> Details:
    kept, objects, size = tables.kept_object, 0, 0
    counted = select(func.count(), func.coalesce(func.sum(func.length(kept.c.body)), 0))
    for condition in dialect.one_of(kept.c.uid, _kept_under(mine)):
        some, of_size = connection.execute(counted.where(condition)).one()
        objects, size = objects + some, size + of_size
    return Details(runs=len(mine.runs), objects=objects, size_bytes=size)


# ------------------------------------------------------------------------------------------ what stays of bodies
@dataclass(frozen=True, slots=True, kw_only=True)
class _Bodies:
    """Columns of a table that hold bodies, which of its rows are of runs, and what stays of each."""

    table: Table
    strips: dict[str, Strip]
    of: Callable[[Dialect, _Subjects], Iterator[ColumnElement[bool]]]


def _of_runs(column: Any) -> Callable[[Dialect, _Subjects], Iterator[ColumnElement[bool]]]:
    return lambda dialect, mine: dialect.one_of(column, mine.runs)


def _told(*what: str) -> Callable[[Dialect, _Subjects], Iterator[ColumnElement[bool]]]:
    told = tables.told
    return lambda dialect, mine: (
        and_(condition, told.c.what.in_(what)) for condition in dialect.one_of(told.c.uid, mine.runs.values())
    )


def _strips(metric_parameters: Sequence[str]) -> Iterator[_Bodies]:
    def run(body: bytes) -> bytes:
        return pack(encode(run_that_stays(run_of(body))))

    def attempt(body: bytes) -> bytes:
        return pack(encode(attempt_that_stays(execution_of(body), metric_parameters)))

    def execution(body: bytes) -> bytes:
        return pack(encode(execution_that_stays(execution_seen_of(body), metric_parameters)))

    def waiting(body: bytes) -> bytes:
        return encode(tuple(attempt_that_stays(one, metric_parameters) for one in executions_of(body)))

    def pod(body: bytes) -> bytes:
        return pack(encode(pod_that_stays(pod_of(body))))

    def task(body: bytes) -> bytes:
        return pack(encode(task_that_stays(task_of(body))))

    def told(body: bytes) -> bytes:
        return pack(encode(run_told_that_stays(run_told_of(body))))

    def tasks(body: bytes) -> bytes:
        return pack(encode(tasks_that_stay(tasks_of(body))))

    run_table, step = tables.run, tables.execution
    yield _Bodies(table=run_table, strips=_both(run), of=_of_runs(run_table.c.id))
    yield _Bodies(table=tables.workflow, strips=_both(run), of=_of_runs(tables.workflow.c.run_id))
    yield _Bodies(table=step, strips={**_both(attempt), "told": task}, of=_of_runs(step.c.run_id))
    yield _Bodies(table=tables.roll, strips={"waiting": waiting}, of=_of_runs(tables.roll.c.run_id))
    yield _Bodies(table=tables.member, strips=_both(execution), of=_of_runs(tables.member.c.run_id))
    yield _Bodies(table=tables.pod, strips=_both(pod), of=_of_runs(tables.pod.c.run_id))
    yield _Bodies(table=tables.told, strips=_both(told), of=_told("run", "kept run"))
    yield _Bodies(table=tables.told, strips=_both(tasks), of=_told("tasks"))


def _both(strip: Strip) -> dict[str, Strip]:
    """The view that readers get, and that of the other class."""
    return {"body": strip, "other_body": strip}


def _strip(connection: Connection, dialect: Dialect, bodies: _Bodies, mine: _Subjects) -> None:
    table, columns = bodies.table, tuple(bodies.strips)
    identity = [column.name for column in table.primary_key]
    read = select(*(table.c[name] for name in (*columns, *identity)))
    cursor = connection.connection.cursor()
    for condition in bodies.of(dialect, mine):
        rows = connection.execute(read.where(condition)).all()
        for start in range(0, len(rows), ROWS):
            some = rows[start : start + ROWS]
            dialect.update(cursor, table, columns, [(*_stripped(row, bodies), *row[len(columns) :]) for row in some])


def _stripped(row: Any, bodies: _Bodies) -> Iterator[bytes | None]:
    for body, strip in zip(row, bodies.strips.values(), strict=False):
        yield None if body is None else strip(body)


# ------------------------------------------------------------------------------------------ what is passed over
def passed_over(batch: Batch, facts: Sequence[Fact]) -> set[int]:
    """Which of some facts, by their places, tell of runs what was forgotten of these. What the facts name is loaded."""
    if all(run["forgotten_at"] is None for run in batch.runs):
        return set()
    found: dict[int, str] = {}
    for number, fact in enumerate(facts):
        match fact:
            case RunSeen():
                run, uid = batch.runs.one("key", fact.run), fact.incarnation
            case RunTold() | TasksTold():
                run, uid = batch.runs.one("key", fact.run), fact.run
            case ExecutionSeen():
                run, uid = batch.runs.one("key", fact.run), fact.uid
            case PodSeen():
                run, uid = _run_of_pod(batch, fact), fact.uid
            case _:
                continue
        if run is not None and _is_forgotten(run, fact.revision):
            found[number] = uid
    uids = {*found.values()}
    kept = (n for n, fact in enumerate(facts) if uids and isinstance(fact, ObjectKept) and fact.uid in uids)
    return {*found, *kept}


def _run_of_pod(batch: Batch, fact: PodSeen) -> Row | None:
    by_uid = ((batch.workflows, fact.owner_uid), (batch.pods, fact.uid), (batch.members, fact.owner_uid))
    owners = filter(None, (shelf.one("uid", uid) for shelf, uid in by_uid))
    run_id = next((row["run_id"] for row in owners if row["run_id"] != NO_RUN), None)
    if run_id is not None:
        return batch.runs.get(run_id)
    return batch.runs.one("key", fact.run_label) if fact.run_label else None


def _is_forgotten(run: Row, revision: Revision) -> bool:
    """Whether a view speaks of what a run was before it was forgotten."""
    forgotten_at = run["forgotten_at"]
    return forgotten_at is not None and revision.latest * 1_000_000 <= forgotten_at
