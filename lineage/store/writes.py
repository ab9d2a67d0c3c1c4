"""Writing: facts become rows, in one transaction.

1. Views, and what services tell: the newest of each subject wins (`views`, `members`, `told`). What of it was forgotten
   is passed over (`forgetting`).
2. Joins: what is told of tasks, and pods, find their attempts (`tasks`, `joins`), and runs what started them
   (`starting`).
3. Provenance: reads, writes and edges follow (`provenance`).
4. Copies: artifacts lead to what came from outside later with their content (`copying`).
5. Bookkeeping: what the API server says of existence, what sources delivered, what was rejected, and which runs are
   due for their fingerprints. It comes last, because recorders share its rows.

Behind all of it, the feed is told (`feed`): from there to the commit, recorders take turns.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Final, TypeAlias, assert_never

import zstandard
from sqlalchemy import BigInteger, Connection, and_, bindparam, case, delete, func, select, update

from lineage.errors import PositionMoved
from lineage.facts import (
    DeploymentSeen,
    ExecutionSeen,
    Fact,
    InputRejected,
    LocationLooked,
    ObjectGone,
    ObjectKept,
    PodSeen,
    RecurringRunSeen,
    ResourceListed,
    ResourceWatched,
    RunSeen,
    RunTold,
    SourceObserved,
    TasksTold,
    Told,
)
from lineage.identity import Key, encode_key, object_key
from lineage.store import tables
from lineage.store.batch import Batch
from lineage.store.changed import changed_runs, gone_runs
from lineage.store.codec import Bodies, microseconds
from lineage.store.copying import join_copies
from lineage.store.coverage import watch
from lineage.store.deployments import see_deployment
from lineage.store.dialect import Cursor, Dialect
from lineage.store.fingerprints import mark_due
from lineage.store.forgetting import passed_over
from lineage.store.joins import join_pods
from lineage.store.locks import SUBJECTS, Locks, Name
from lineage.store.members import see_execution
from lineage.store.packed import compress
from lineage.store.prepared import INSERT, Prepared
from lineage.store.provenance import Provenance
from lineage.store.recurring import see_recurring_run
from lineage.store.rolls import LastRolls
from lineage.store.starting import join_starters
from lineage.store.tasks import tell
from lineage.store.told import see_told
from lineage.store.views import see_pod, see_run

Bookkeeping: TypeAlias = ObjectGone | SourceObserved | InputRejected
BOOKKEEPING: Final = (ObjectGone, SourceObserved, InputRejected)
"""What is written when everything else is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of facts: of each whether it added to what is known, and which runs are another now. `also` finds
    more of those once nobody else can commit such a change (`lineage.store.feed.announce`)."""

    added: tuple[bool, ...]
    runs: Set[int]
    also: Callable[[], Set[int]] | None


def apply(
    connection: Connection,
    dialect: Dialect,
    rolls: LastRolls,
    metric_parameters: tuple[str, ...],
    needed: Set[Name],
    facts: Sequence[Fact],
    bodies: Bodies,
    recorded_at: datetime,
) -> Applied:
    """Write facts, and tell nobody. `needed` is what must be locked for it, `bodies` are those of the facts as far as
    they were written, and `metric_parameters` how output parameters are called that are metrics.

    Raises:
        LocksMissing: more than that must be: begin anew with that as well.
    """
    locks = Locks(connection, dialect)
    locks.take(SUBJECTS, needed)
    batch = Batch(connection, dialect, locks, rolls, bodies, metric_parameters)
    added = dict[int, bool]()
    _load_ahead(batch, facts)
    forgotten = passed_over(batch, facts)
    looks: list[tuple[int, LocationLooked]] = []
    books: list[tuple[int, Bookkeeping]] = []
    for number, fact in enumerate(facts):
        if isinstance(fact, LocationLooked):
            looks.append((number, fact))
        elif isinstance(fact, BOOKKEEPING):
            books.append((number, fact))
        else:
            added[number] = number not in forgotten and _write(batch, fact)
    tell(batch)
    join_pods(batch)
    join_starters(batch)
    provenance = Provenance(batch, recorded_at)
    places = [fact.location for _, fact in looks]
    provenance.lock(places, needed)
    provenance.load(places)
    for number, fact in looks:
        added[number] = provenance.look(fact)
    provenance.derive()
    batch.flush()
    join_copies(batch)
    for number, fact in sorted(books, key=lambda one: _turn(one[1])):
        added[number] = _keep_book(batch, fact, recorded_at)
    runs = changed_runs(batch)
    mark_due(connection, runs)
    return Applied(
        added=tuple(added[number] for number in range(len(facts))),
        runs=runs,
        also=partial(gone_runs, batch) if batch.gone or batch.listings_renewed else None,
    )


def _load_ahead(batch: Batch, facts: Sequence[Fact]) -> None:
    """Load what the facts name in few statements, instead of each by itself."""
    views = [fact for fact in facts if isinstance(fact, RunSeen)]
    pods = [fact for fact in facts if isinstance(fact, PodSeen)]
    # What made runs comes first: that a row of theirs is read may be a reason to begin anew, with its lock.
    batch.recurring_runs.load("uid", [fact.recurring.uid for fact in views if fact.recurring and fact.recurring.uid])
    objects = [fact for fact in facts if isinstance(fact, ExecutionSeen)]
    told = [fact.run for fact in facts if isinstance(fact, RunTold | TasksTold)]
    runs = [row["id"] for row in batch.runs.find("key", [*(fact.run for fact in views), *told])]
    batch.runs.load("key", [*(fact.run for fact in objects), *(fact.run_label for fact in pods if fact.run_label)])
    batch.told.load("uid", [*(fact.run for fact in views), *told])
    workflows = batch.workflows.find("uid", [*(f.incarnation for f in views), *(f.owner_uid for f in pods)])
    known = batch.pods.find("uid", [fact.uid for fact in pods])
    members = batch.members.find("uid", [*(fact.uid for fact in objects), *(fact.owner_uid for fact in pods)])
    batch.runs.load("id", [row["run_id"] for row in (*workflows, *known, *members)])
    for shelf in (batch.executions, batch.rolls):
        shelf.load("run_id", runs)
    batch.pod_images.load("pod_id", [row["id"] for row in known])
    batch.nodes.load("key", [encode_key(object_key(fact.uid)) for fact in objects])
    of_members = [row["execution_id"] for row in members]
    batch.executions.load("id", of_members)
    batch.turns.load("execution_id", of_members)
    batch.kept_objects.load("uid", [fact.uid for fact in facts if isinstance(fact, ObjectKept)])


def _write(
    batch: Batch,
    fact: RunSeen
    | ExecutionSeen
    | PodSeen
    | RecurringRunSeen
    | DeploymentSeen
    | Told
    | ObjectKept
    | ResourceListed
    | ResourceWatched,
) -> bool:
    match fact:
        case PodSeen():
            return see_pod(batch, fact)
        case ObjectKept():
            return _keep(batch, fact)
        case RunSeen():
            return see_run(batch, fact)
        case ExecutionSeen():
            return see_execution(batch, fact)
        case RecurringRunSeen():
            return see_recurring_run(batch, fact)
        case DeploymentSeen():
            return see_deployment(batch, fact)
        case ResourceListed():
            return _list(batch, fact)
        case ResourceWatched():
            return watch(batch.connection, fact)
        case _:
            return see_told(batch, fact)


def _turn(fact: Bookkeeping) -> tuple[str, ...]:
    """The order in which every recorder writes what they share, so that no two wait for each other."""
    match fact:
        case ObjectGone():
            return "1", fact.uid
        case InputRejected():
            return "2", _rejected_key(fact)
        case SourceObserved():
            return "3", fact.source, fact.cluster, fact.resource, fact.namespace
        case _:
            assert_never(fact)


def _keep_book(batch: Batch, fact: Bookkeeping, recorded_at: datetime) -> bool:
    match fact:
        case ObjectGone():
            return _delete(batch, fact)
        case SourceObserved():
            return _observe(batch, fact, recorded_at)
        case InputRejected():
            return _reject(batch, fact)
        case _:
            assert_never(fact)


# ------------------------------------------------------------------------------------------ objects
def _keep(batch: Batch, fact: ObjectKept) -> bool:
    seen = fact.revision
    held = batch.kept_objects.held((fact.uid, fact.resource, seen.kind))
    if held is not None and held["rev_rank"] >= seen.rank:
        return False
    batch.kept_objects.put(
        {
            "resource": fact.resource,
            "uid": fact.uid,
            "kind": seen.kind,
            "rev_rank": seen.rank,
            "rev_latest": seen.latest,
            "rev_ended": seen.ended,
            "body": compress(fact.body),
        }
    )
    return True


def _delete(batch: Batch, fact: ObjectGone) -> bool:
    added = _deletion(batch.dialect.name).run(batch.cursor, {"uid": fact.uid}) > 0
    if added:
        batch.gone.add(fact.uid)
    return added


@cache
def _deletion(database: str) -> Prepared:
    return Prepared(database, INSERT[database](tables.deleted).on_conflict_do_nothing())


def _list(batch: Batch, fact: ResourceListed) -> bool:
    """Keep the newest complete list of a scope; two of one version say what existed between them."""
    connection = batch.connection
    scope = {"cluster": fact.cluster, "resource": fact.resource, "namespace": fact.namespace}
    row = next((r for r in batch.listings.of("cluster", fact.cluster) if r.items() >= scope.items()), None)
    if row is not None and row["version"] > fact.version:
        return False
    added = row is None or row["version"] < fact.version
    if row is None:
        row = {**scope, "id": batch.listings.next_id()}
    elif added:
        mine = tables.listed.c.listing_id == row["id"]
        batch.gone.update(connection.scalars(select(tables.listed.c.uid).where(mine)))
        batch.gone.difference_update(fact.uids)
        connection.execute(delete(tables.listed).where(mine))
    if added:
        batch.listings_renewed.setdefault(row["id"], row.get("version"))
    batch.listings.put(row | {"version": fact.version})
    if fact.uids:
        batch.dialect.put(batch.cursor, tables.listed, [(row["id"], uid) for uid in dict.fromkeys(fact.uids)])
    return added


# ------------------------------------------------------------------------------------------ bookkeeping
def _observe(batch: Batch, fact: SourceObserved, recorded_at: datetime) -> bool:
    at = microseconds(fact.at) or 0
    values = {
        "name": fact.source,
        "cluster": fact.cluster,
        "resource": fact.resource,
        "namespace": fact.namespace,
        "state": fact.state,
        "message": fact.message,
        "stated_at": None if fact.state is None else at,
        "observed": fact.objects,
        "last_event_at": at if fact.objects else None,
        "lag_microseconds": max((microseconds(recorded_at) or 0) - at, 0) if fact.objects else None,
    }
    _observation(batch.dialect.name).run(batch.cursor, values)
    return False


@cache
def _observation(database: str) -> Prepared:
    """Count what a source delivered, and keep the newest that it said of itself."""
    held, statement = tables.source.c, INSERT[database](tables.source)
    said = statement.excluded
    later = and_(said.stated_at.is_not(None), func.coalesce(held.stated_at, 0) <= said.stated_at)
    newer = func.coalesce(said.last_event_at, 0) > func.coalesce(held.last_event_at, 0)
    counted = statement.on_conflict_do_update(
        index_elements=[column.name for column in tables.source.primary_key],
        set_={
            "observed": held.observed + said.observed,
            "last_event_at": case((newer, said.last_event_at), else_=held.last_event_at),
            "lag_microseconds": case((newer, said.lag_microseconds), else_=held.lag_microseconds),
            **{name: case((later, said[name]), else_=held[name]) for name in ("state", "message", "stated_at")},
        },
    )
    return Prepared(database, counted)


def _rejected_key(fact: InputRejected) -> str:
    return encode_key(("Rejected", fact.source, fact.cluster, fact.digest, fact.reason))


def _reject(batch: Batch, fact: InputRejected) -> bool:
    """Set an input aside, once: the same input with the same reason is the same rejection."""
    row = {
        "id": batch.rejected.next_id(),
        "key": _rejected_key(fact),
        "at": microseconds(fact.at),
        "source": fact.source,
        "cluster": fact.cluster,
        "reason": fact.reason,
        "event": None if fact.event is None else zstandard.compress(fact.event),
        "size_bytes": fact.size_bytes,
        "digest": fact.digest,
    }
    if _rejection(batch.dialect.name).run(batch.cursor, row):
        return True
    _earlier_rejection(batch.dialect.name).run(batch.cursor, {"of": row["key"], "seen": row["at"]})
    return False


@cache
def _rejection(database: str) -> Prepared:
    return Prepared(database, INSERT[database](tables.rejected).on_conflict_do_nothing(index_elements=["key"]))


@cache
def _earlier_rejection(database: str) -> Prepared:
    known, seen = tables.rejected.c, bindparam("seen", type_=BigInteger)
    return Prepared(
        database, update(tables.rejected).where(known.key == bindparam("of"), known.at > seen).values(at=seen)
    )


def drop_rejected(connection: Connection, dialect: Dialect, keys: Sequence[Key]) -> int:
    """Forget rejections; say how many there were."""
    table = tables.rejected
    wanted = dialect.one_of(table.c.key, sorted(encode_key(key) for key in keys))
    return sum(connection.execute(delete(table).where(condition)).rowcount for condition in wanted)


# ------------------------------------------------------------------------------------------ positions
def move_position(cursor: Cursor, dialect: Dialect, log: str, after: str | None, position: str) -> None:
    """Move the position of a log by compare-and-set.

    Raises:
        PositionMoved: it is not at `after`.
    """
    if after is None:
        moved = _first_position(dialect.name).run(cursor, {"log": log, "position": position})
    else:
        moved = _next_position(dialect.name).run(cursor, {"of": log, "was": after, "next": position})
    if moved != 1:
        raise PositionMoved(f"log {log!r} is no longer at {after!r}: another recorder went on from there")


@cache
def _first_position(database: str) -> Prepared:
    return Prepared(database, INSERT[database](tables.log_position).on_conflict_do_nothing())


@cache
def _next_position(database: str) -> Prepared:
    here = tables.log_position.c
    matches = (here.log == bindparam("of"), here.position == bindparam("was"))
    return Prepared(database, update(tables.log_position).where(*matches).values(position=bindparam("next")))
