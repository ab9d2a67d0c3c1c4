"""Which runs have come to the age at which their details may be forgotten, and what still descends from them.

Each run that is over has a place in `retention_due`: when it comes to its age, as the rules say. It is put there once,
when all runs are gone through for rules that are new, and again whenever the feed says that it changed. So a day's
clean-up looks at what became old on that day, and at what changed, however much there is.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Connection, Select, and_, case, delete, func, not_, or_, select, update

from lineage.identity import Key, decode_key, run_key
from lineage.model import ArtifactRole, Phase
from lineage.ports import AgedRun
from lineage.store import tables
from lineage.store.codec import microseconds, moment
from lineage.store.dialect import Dialect
from lineage.store.gone import deployment_is_gone, run_is_gone
from lineage.store.prepared import INSERT
from lineage.store.tables import COPIED

DueAt = Callable[[str, datetime], datetime | None]
THE_PLAN: Final = 1  # the id of its row
_ENDED: Final = tuple(phase.value for phase in Phase if phase.ended)
_READ: Final = (ArtifactRole.USED.value, ArtifactRole.REUSED.value)


# ------------------------------------------------------------------------------------------ planning
def plan(connection: Connection, rules: str, due_at: DueAt, *, limit: int) -> int:
    """Go on with the plan by some runs. Returns how many these are."""
    table, changed, run = tables.retention_plan, tables.run_change, tables.run
    _begin_plan(connection, rules)
    scanned, place = connection.execute(select(table.c.scanned, table.c.place)).one()
    further: dict[str, Any] = {}
    rows: Sequence[Any] = ()
    if scanned is not None:
        rows = connection.execute(_runs().where(run.c.id > scanned).order_by(run.c.id).limit(limit)).all()
        further = {"scanned": rows[-1].id if rows else None}
    if not rows:
        following = _runs().add_columns(changed.c.place).join(changed, changed.c.run_id == run.c.id)
        rows = connection.execute(following.where(changed.c.place > place).order_by(changed.c.place).limit(limit)).all()
        further["place"] = rows[-1].place if rows else place
    _note(connection, {row.id: _due(row, due_at) for row in rows})
    connection.execute(update(table).values(further))
    return len(rows)


def _begin_plan(connection: Connection, rules: str) -> None:
    """Hold the plan, and begin it anew if it goes by other rules. The feed is followed from where it is now, since what
    changes from here on may have been gone through already."""
    table, insert = tables.retention_plan, INSERT[connection.dialect.name](tables.retention_plan)
    anew = {"rules": rules, "scanned": 0, "place": select(tables.feed.c.place).scalar_subquery()}
    connection.execute(insert.values(id=THE_PLAN, **anew).on_conflict_do_nothing())
    followed = connection.scalar(select(table.c.rules).with_for_update())
    if followed != rules:
        connection.execute(delete(tables.retention_due))
        connection.execute(update(table).values(anew))


def _runs() -> Select[Any]:
    run = tables.run
    return select(run.c.id, run.c.namespace, run.c.forgotten_at, _ended_at().label("ended_at"))


def _ended_at() -> ColumnElement[int]:
    """When a run ended, or what is gone or was never seen itself was last heard of; null of one that goes on."""
    run, pod = tables.run, tables.pod
    last = func.coalesce(run.c.finished_at, run.c.started_at, run.c.created_at)
    of_pods = select(func.max(func.coalesce(pod.c.ended, pod.c.born)) * 1_000_000).where(pod.c.run_id == run.c.id)
    return case(
        (or_(run.c.phase.in_(_ENDED), run_is_gone()), last), (run.c.is_stub, of_pods.scalar_subquery()), else_=None
    )


def _due(row: Any, due_at: DueAt) -> datetime | None:
    """When to judge a run: never while it goes on, or once it is forgotten, unless it went on after that."""
    if row.ended_at is None or (row.forgotten_at is not None and row.ended_at <= row.forgotten_at):
        return None
    return due_at(row.namespace or "", moment(row.ended_at))


def _note(connection: Connection, when: Mapping[int, datetime | None]) -> None:
    """Write when runs are judged; None takes them off the list."""
    table, insert = tables.retention_due, INSERT[connection.dialect.name](tables.retention_due)
    never = [run_id for run_id, at in when.items() if at is None]
    rows = [{"run_id": run_id, "at": microseconds(at)} for run_id, at in when.items() if at is not None]
    if never:
        connection.execute(delete(table).where(table.c.run_id.in_(never)))
    if rows:
        noting = insert.on_conflict_do_update(index_elements=["run_id"], set_={"at": insert.excluded.at})
        connection.execute(noting, rows)


# ------------------------------------------------------------------------------------------ what is due
def aged(connection: Connection, *, now: datetime, limit: int, beyond: int) -> Sequence[AgedRun]:
    """The runs that are due to be judged, those first that have been due for longest."""
    due, run, execution = tables.retention_due, tables.run, tables.execution
    first = (
        select(due)
        .where(due.c.at <= microseconds(now))
        .order_by(due.c.at, due.c.run_id)
        .limit(limit)
        .offset(beyond)
        .subquery("first")
    )
    steps = select(func.count()).where(execution.c.run_id == run.c.id).scalar_subquery()
    statement = (
        select(run.c.key, run.c.name, run.c.namespace, _ended_at().label("ended_at"), steps.label("steps"))
        .join(first, first.c.run_id == run.c.id)
        .order_by(first.c.at, first.c.run_id)
    )
    return [
        AgedRun(
            key=run_key(row.key),
            name=row.name or row.key,
            namespace=row.namespace or "",
            ended_at=moment(row.ended_at),
            steps=row.steps,
        )
        for row in connection.execute(statement)
    ]


def judge_again(connection: Connection, when: Mapping[Key, datetime | None]) -> None:
    """Write when runs are judged again; None takes them off the list until they change."""
    run = tables.run
    ids = connection.execute(select(run.c.key, run.c.id).where(run.c.key.in_([str(key[1]) for key in when])))
    _note(connection, {row.id: when[run_key(row.key)] for row in ids})


def judge_now(connection: Connection, runs: Sequence[int]) -> None:
    """Have runs judged at once that may have been kept for the sake of others; at that, their ages are looked at."""
    _note(connection, dict.fromkeys(runs, moment(0)))


# ------------------------------------------------------------------------------------------ what descends
def heirs(connection: Connection, dialect: Dialect, runs: Sequence[Key]) -> Mapping[Key, frozenset[Key]]:
    """What descends from runs at first hand, of what is not forgotten."""
    run = tables.run
    known = connection.execute(select(run.c.id, run.c.key).where(run.c.key.in_([str(key[1]) for key in runs])))
    keys = {row.id: run_key(row.key) for row in known}
    found: dict[Key, set[Key]] = defaultdict(set)
    for mine in dialect.one_of(tables.artifact.c.run_id, keys):
        held = _held(mine)
        for owner, heir in connection.execute(_readers(held)):
            found[keys[owner]].add(run_key(heir))
        for owner, heir in connection.execute(_deployments(held)):
            found[keys[owner]].add(decode_key(heir))
    for mine in dialect.one_of(tables.execution.c.run_id, keys):
        for owner, heir in connection.execute(_children(mine)):
            found[keys[owner]].add(run_key(heir))
    return {key: frozenset(found[key]) for key in keys.values()}


def _held(mine: ColumnElement[bool]) -> CTE:
    """The artifacts of runs, and what may be copies of them, and copies of those."""
    artifact, edge = tables.artifact, tables.edge
    held = select(artifact.c.run_id, artifact.c.id).where(mine).cte("held", recursive=True)
    copies = select(held.c.run_id, edge.c.target).join(edge, and_(edge.c.source == held.c.id, edge.c.role == COPIED))
    return held.union(copies)


def _readers(held: CTE) -> Select[Any]:
    """Runs that read, or took over, what lies there."""
    edge, execution, heir = tables.edge, tables.execution, tables.run
    return (
        select(held.c.run_id, heir.c.key)
        .join(edge, and_(edge.c.source == held.c.id, edge.c.role.in_(_READ)))
        .join(execution, execution.c.id == edge.c.target)
        .join(heir, heir.c.id == execution.c.run_id)
        .where(heir.c.id != held.c.run_id, heir.c.forgotten_at.is_(None))
        .distinct()
    )


def _deployments(held: CTE) -> Select[Any]:
    """Deployments that serve it, and are there."""
    edge, deployment, node = tables.edge, tables.deployment, tables.node
    return (
        select(held.c.run_id, node.c.key)
        .join(edge, and_(edge.c.source == held.c.id, edge.c.role == ArtifactRole.SERVED.value))
        .join(deployment, deployment.c.id == edge.c.target)
        .join(node, node.c.id == deployment.c.id)
        .where(not_(deployment_is_gone()))
        .distinct()
    )


def _children(mine: ColumnElement[bool]) -> Select[Any]:
    """Runs that their steps started."""
    execution, heir = tables.execution, tables.run
    return (
        select(execution.c.run_id, heir.c.key)
        .join(heir, heir.c.starter_id == execution.c.id)
        .where(mine, heir.c.id != execution.c.run_id, heir.c.forgotten_at.is_(None))
        .distinct()
    )


def parents(connection: Connection, dialect: Dialect, runs: Sequence[int]) -> set[int]:
    """The runs that some runs, by their ids, descend from at first hand, of those that are not forgotten."""
    found: set[int] = set()
    for mine in dialect.one_of(tables.execution.c.run_id, runs):
        found.update(connection.scalars(_written_for(mine)))
    for mine in dialect.one_of(tables.run.c.id, runs):
        found.update(connection.scalars(_starters(mine)))
    return found - {*runs}


def _written_for(mine: ColumnElement[bool]) -> Select[Any]:
    """Who wrote what they read, or what that may be a copy of."""
    edge, execution, artifact, writer = tables.edge, tables.execution, tables.artifact, tables.run.alias("writer")
    read = (
        select(edge.c.source.label("id"))
        .join(execution, execution.c.id == edge.c.target)
        .where(mine, edge.c.role.in_(_READ))
        .cte("read", recursive=True)
    )
    copied = edge.alias("copied")
    held = read.union(select(copied.c.source).join(read, and_(copied.c.target == read.c.id, copied.c.role == COPIED)))
    return (
        select(writer.c.id)
        .join(artifact, artifact.c.run_id == writer.c.id)
        .join(held, held.c.id == artifact.c.id)
        .where(writer.c.forgotten_at.is_(None))
        .distinct()
    )


def _starters(mine: ColumnElement[bool]) -> Select[Any]:
    """Whose step started them."""
    execution, starter = tables.execution, tables.run.alias("starter")
    return (
        select(starter.c.id)
        .join(execution, execution.c.run_id == starter.c.id)
        .join(tables.run, tables.run.c.starter_id == execution.c.id)
        .where(mine, starter.c.forgotten_at.is_(None))
        .distinct()
    )
