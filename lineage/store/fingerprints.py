"""Which runs are due for their fingerprints, and writing what was computed. `lineage.store.alike` reads it.

They follow from all that is known of a run, and from what others wrote that it read or took over. So who writes marks
the runs whose fingerprints may be others now, once they have ended, and they are computed when there is time
(`lineage.store.sql.SqlStore.settle`): once for many changes. A mark is a count: a run that is marked again while it is
computed stays due.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import orjson
from sqlalchemy import BigInteger, Connection, and_, bindparam, delete, func, literal, or_, select

from lineage.dossier import Dossier
from lineage.fingerprints import Fingerprint, generated_names, of_run, of_step
from lineage.identity import Key, decode_key, run_key
from lineage.model import ArtifactRole, Phase
from lineage.ports import Scope
from lineage.store import queries, tables
from lineage.store.dialect import Dialect
from lineage.store.feed import announce
from lineage.store.prepared import INSERT, Prepared, among
from lineage.store.shelf import chunks

STEPS_AT_ONCE: Final = 1000
DRAWN_FROM: Final = 50  # times as many as are taken
OF_RUN: Final = 0  # in the place of an execution
WROTE: Final = ArtifactRole.GENERATED.value
_ENDED: Final = sorted(phase.value for phase in Phase if phase.ended)


# ------------------------------------------------------------------------------------------ marking
def mark_due(connection: Connection, runs: Collection[int]) -> None:
    """Mark those of some runs that have ended. What was forgotten has the ones that it had, unless it went on after
    that. Who writes takes these rows last, and in one order."""
    if runs:
        _marking(connection.dialect.name).run(connection.connection.cursor(), {"runs": sorted(runs)})


@cache
def _marking(database: str) -> Prepared:
    due, run = tables.fingerprint_due, tables.run
    wanted = among(database, run.c.id, "runs", BigInteger)
    is_known = or_(run.c.forgotten_at.is_(None), run.c.finished_at > run.c.forgotten_at)
    of_ended = (run.c.phase.in_(_ENDED), is_known)
    ended = select(run.c.id, literal(1, BigInteger)).where(wanted, *of_ended).order_by(run.c.id)
    statement = INSERT[database](due).from_select(["run_id", "mark"], ended)
    again = statement.on_conflict_do_update(index_elements=["run_id"], set_={"mark": due.c.mark + 1})
    return Prepared(database, again)


# ------------------------------------------------------------------------------------------ computing
@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A run whose fingerprints are to be computed, how often that was said, and how many executions it has."""

    run_id: int
    mark: int
    key: Key
    size: int


def due(connection: Connection, *, limit: int) -> list[Due]:
    """Some of the runs that are due, drawn from the first of them: so several who settle seldom compute the same."""
    table, run = tables.fingerprint_due, tables.run
    first = select(table).order_by(table.c.run_id).limit(limit * DRAWN_FROM).subquery("first")
    statement = select(first, run.c.key).join(run, run.c.id == first.c.run_id).order_by(func.random()).limit(limit)
    rows = sorted(connection.execute(statement).all(), key=lambda row: row.run_id)  # as all take them
    execution = tables.execution
    counted = select(execution.c.run_id, func.count()).where(execution.c.run_id.in_([row.run_id for row in rows]))
    sizes = {row[0]: row[1] for row in connection.execute(counted.group_by(execution.c.run_id))}
    return [Due(run_id=row.run_id, mark=row.mark, key=run_key(row.key), size=sizes.get(row.run_id, 0)) for row in rows]


def portions(dues: Iterable[Due]) -> Iterator[list[Due]]:
    """Cut runs into portions that are read at once: what is known of a thousand steps has some ten megabytes."""
    portion: list[Due] = []
    for one in dues:
        if portion and sum(each.size for each in portion) + one.size > STEPS_AT_ONCE:
            yield portion
            portion = []
        portion.append(one)
    if portion:
        yield portion


def count_due(connection: Connection, scope: Scope) -> int:
    """How many are, of those that the caller may see."""
    table, run = tables.fingerprint_due, tables.run
    statement = select(func.count()).select_from(table).join(run, run.c.id == table.c.run_id)
    return connection.scalar(statement.where(queries.in_scope(scope))) or 0


def computed(dossier: Dossier) -> Mapping[Key, Fingerprint]:
    """The fingerprints of a run and of its executions, by their keys."""
    try:
        generated = generated_names(dossier)
        steps = {step.execution.key: of_step(step, generated) for step in dossier.steps}
        return {dossier.run.key: of_run(dossier, generated), **steps}
    except Exception as error:  # noqa: BLE001 - a bug of ours in one run must not stop recording all others
        reason = f"it could not be computed: {type(error).__name__}, a defect of kfp-lineage"
        return {dossier.run.key: Fingerprint(digest=None, missing=(reason,))}


def write(
    connection: Connection, dialect: Dialect, dues: Sequence[Due], found: Mapping[Key, Mapping[Key, Fingerprint]]
) -> None:
    """Write the fingerprints of runs, by the key of each, but of those that were marked again or computed by another
    meanwhile. Where they are new, runs that took something over from them are due."""
    cursor, database = connection.connection.cursor(), connection.dialect.name
    taken = {
        one.run_id: one.key for one in dues if _taking(database).run(cursor, {"run": one.run_id, "seen": one.mark})
    }
    node, execution, fingerprint = tables.node, tables.execution, tables.fingerprint
    ids = select(node.c.key, node.c.id).join(execution, execution.c.id == node.c.id)
    changed: list[int] = []
    for some in chunks(taken):
        numbers = {
            decode_key(key): number for key, number in connection.execute(ids.where(execution.c.run_id.in_(some)))
        }
        held = select(fingerprint).where(fingerprint.c.run_id.in_(some))
        before = {(row.run_id, row.execution_id): tuple(row) for row in connection.execute(held)}
        rows = {
            (run_id, number): (run_id, number, each.digest, _written(each.missing), each.outcome)
            for run_id in some
            for key, each in found.get(taken[run_id], {}).items()
            if (number := OF_RUN if key == taken[run_id] else numbers.get(key)) is not None
        }
        if gone := before.keys() - rows.keys():
            dialect.remove(cursor, fingerprint, sorted(gone))
        if new := [row for place, row in rows.items() if before.get(place) != row]:
            dialect.put(cursor, fingerprint, new)
        changed += sorted({run_id for run_id, _ in gone} | {row[0] for row in new})
    mark_due(connection, set(_takers(connection, changed)) - taken.keys())
    announce(connection, dialect, changed)


def take_over(connection: Connection, dialect: Dialect, run: Key, known: Mapping[Key, Fingerprint]) -> None:
    """Write fingerprints that a run and its executions had in another store."""
    table, node, execution = tables.run, tables.node, tables.execution
    run_id = connection.scalar(select(table.c.id).where(table.c.key == str(run[1])))
    ids = select(node.c.key, node.c.id).join(execution, execution.c.id == node.c.id).where(execution.c.run_id == run_id)
    numbers = {decode_key(key): number for key, number in connection.execute(ids)} | {run: OF_RUN}
    rows = [
        (run_id, numbers[key], one.digest, _written(one.missing), one.outcome)
        for key, one in known.items()
        if key in numbers
    ]
    if rows:
        dialect.put(connection.connection.cursor(), tables.fingerprint, rows)


@cache
def _taking(database: str) -> Prepared:
    """Take a run that is due, if it is as often as it was seen to be."""
    table = tables.fingerprint_due
    seen = bindparam("seen", type_=BigInteger, required=False)
    mine = table.c.run_id == bindparam("run", type_=BigInteger, required=False)
    return Prepared(database, delete(table).where(mine, table.c.mark == seen))


def _written(missing: Sequence[str]) -> str | None:
    return orjson.dumps(missing).decode() if missing else None


def _takers(connection: Connection, runs: Sequence[int]) -> Iterator[int]:
    """The runs that took something over from some."""
    artifact, edge, execution = tables.artifact, tables.edge, tables.execution
    taken = edge.c.role.in_((ArtifactRole.REUSED.value, tables.HANDED_ON))
    statement = (
        select(execution.c.run_id)
        .select_from(artifact)
        .join(edge, and_(edge.c.source == artifact.c.id, taken))
        .join(execution, execution.c.id == edge.c.target)
        .distinct()
    )
    for some in chunks(runs):
        yield from connection.scalars(statement.where(artifact.c.run_id.in_(some)))
