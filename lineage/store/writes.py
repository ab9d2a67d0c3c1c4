"""Writing: facts become rows, in one transaction.

1. Views: the newest of each subject wins (`views`).
2. Joins: pods find their attempts (`joins`).
3. Provenance: reads, writes and edges follow (`provenance`).
What the API server says of existence, and what is bookkeeping, is written beside it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

import zstandard
from sqlalchemy import Connection, bindparam, case, delete, func, insert, select, update

from lineage.errors import PositionMoved
from lineage.facts import (
    Fact,
    InputRejected,
    LocationLooked,
    ObjectGone,
    ObjectKept,
    PodSeen,
    ResourceListed,
    RunSeen,
    SourceObserved,
)
from lineage.identity import encode_key
from lineage.store import tables
from lineage.store.batch import Batch, subject
from lineage.store.codec import microseconds
from lineage.store.joins import join_pods
from lineage.store.provenance import Provenance
from lineage.store.shelf import insert_or_ignore
from lineage.store.views import see_pod, see_run


def apply(connection: Connection, facts: Sequence[Fact], recorded_at: datetime) -> tuple[bool, ...]:
    """Write facts. Says of each whether it added to what is known."""
    batch = Batch(connection)
    _load_ahead(batch, facts)
    provenance = Provenance(batch)
    kept = _newest_kept(facts)
    added = tuple(_write(batch, provenance, kept, fact, recorded_at) for fact in facts)
    join_pods(batch)
    provenance.derive()
    batch.flush()
    return added


def _load_ahead(batch: Batch, facts: Sequence[Fact]) -> None:
    """Load what the facts name in few statements, instead of each by itself."""
    seen = [fact for fact in facts if isinstance(fact, RunSeen)]
    pods = [fact for fact in facts if isinstance(fact, PodSeen)]
    runs = [row["id"] for row in batch.runs.find("key", [fact.run for fact in seen])]
    workflows = batch.workflows.find("uid", [*(f.incarnation for f in seen), *(f.owner_uid for f in pods)])
    runs += [row["run_id"] for row in workflows]
    for shelf in (
        batch.executions,
        batch.rolls,
        batch.roll_entries,
        batch.run_parameters,
        batch.run_labels,
        batch.pods,
    ):
        shelf.find("run_id", runs)
    known = batch.pods.find("uid", [fact.uid for fact in pods])
    batch.pod_images.find("pod_id", [row["id"] for row in known])
    subjects = [subject("run", run_id) for run_id in runs]
    subjects += [subject("workflow", row["id"]) for row in workflows]
    subjects += [subject("pod", row["id"]) for row in known]
    batch.other_views.find("subject", subjects)
    batch.kept_objects.find("uid", [fact.uid for fact in facts if isinstance(fact, ObjectKept)])


def _write(
    batch: Batch, provenance: Provenance, kept: dict[str, ObjectKept], fact: Fact, recorded_at: datetime
) -> bool:
    match fact:
        case RunSeen():
            return see_run(batch, fact)
        case PodSeen():
            return see_pod(batch, fact)
        case LocationLooked():
            return provenance.look(fact)
        case ObjectKept():
            return kept.get(_kept_key(fact)) is fact and _keep(batch, fact)
        case ObjectGone():
            return _delete(batch.connection, fact)
        case ResourceListed():
            return _list(batch, fact)
        case SourceObserved():
            return _observe(batch.connection, fact, recorded_at)
        case InputRejected():
            return _reject(batch.connection, fact)
        case _:
            assert_never(fact)


# ------------------------------------------------------------------------------------------ objects
def _kept_key(fact: ObjectKept) -> str:
    return f"{fact.resource} {fact.uid} {fact.revision.kind}"


def _newest_kept(facts: Sequence[Fact]) -> dict[str, ObjectKept]:
    """Of each object the newest view in these facts: the others need not be packed."""
    newest: dict[str, ObjectKept] = {}
    for fact in facts:
        if isinstance(fact, ObjectKept):
            known = newest.setdefault(_kept_key(fact), fact)
            if known.revision.rank < fact.revision.rank:
                newest[_kept_key(fact)] = fact
    return newest


def _keep(batch: Batch, fact: ObjectKept) -> bool:
    key = {"resource": fact.resource, "uid": fact.uid, "kind": fact.revision.kind}
    held = next((row for row in batch.kept_objects.find("uid", (fact.uid,)) if row.items() >= key.items()), None)
    if held is not None and held["rev_rank"] >= fact.revision.rank:
        return False
    seen = {"rev_rank": fact.revision.rank, "rev_latest": fact.revision.latest, "rev_ended": fact.revision.ended}
    batch.kept_objects.put({**key, **seen, "body": batch.compress(fact.body)})
    return True


def _delete(connection: Connection, fact: ObjectGone) -> bool:
    return connection.execute(insert_or_ignore(connection, tables.deleted), {"uid": fact.uid}).rowcount > 0


def _list(batch: Batch, fact: ResourceListed) -> bool:
    """Keep the newest complete list of a scope; two of one version say what existed between them."""
    connection = batch.connection
    scope = {"cluster": fact.cluster, "resource": fact.resource, "namespace": fact.namespace}
    row = next((r for r in batch.listings.find("cluster", (fact.cluster,)) if r.items() >= scope.items()), None)
    if row is not None and row["version"] > fact.version:
        return False
    added = row is None or row["version"] < fact.version
    if row is None:
        row = {**scope, "id": batch.listings.next_id()}
    elif added:
        connection.execute(delete(tables.listed).where(tables.listed.c.listing_id == row["id"]))
    batch.listings.put(row | {"version": fact.version})
    uids = [{"listing_id": row["id"], "uid": uid} for uid in dict.fromkeys(fact.uids)]
    if uids:
        connection.execute(insert_or_ignore(connection, tables.listed), uids)
    return added


# ------------------------------------------------------------------------------------------ bookkeeping
def _observe(connection: Connection, fact: SourceObserved, recorded_at: datetime) -> bool:
    table, at = tables.source, microseconds(fact.at)
    key = {"name": fact.source, "cluster": fact.cluster, "resource": fact.resource, "namespace": fact.namespace}
    connection.execute(insert_or_ignore(connection, table), {**key, "observed": 0})
    mine = [table.c[name] == value for name, value in key.items()]
    if fact.objects:
        newest = case((func.coalesce(table.c.last_event_at, 0) > at, table.c.last_event_at), else_=at)
        lag = (microseconds(recorded_at) or 0) - (at or 0)
        connection.execute(
            update(table)
            .where(*mine)
            .values(observed=table.c.observed + fact.objects, last_event_at=newest, lag_microseconds=max(lag, 0))
        )
    if fact.state is not None:
        later = func.coalesce(table.c.stated_at, 0) <= at
        values = {"state": fact.state, "message": fact.message, "stated_at": at}
        connection.execute(update(table).where(*mine, later).values(values))
    return False


def _reject(connection: Connection, fact: InputRejected) -> bool:
    """Set an input aside, once: the same input with the same reason is the same rejection."""
    table = tables.rejected
    key = encode_key(("Rejected", fact.source, fact.cluster, fact.digest, fact.reason))
    at = microseconds(fact.at)
    known = connection.execute(select(table.c.id, table.c.at).where(table.c.key == key)).one_or_none()
    if known is not None:
        connection.execute(update(table).where(table.c.id == known.id, table.c.at > at).values(at=at))
        return False
    row = {
        "id": (connection.scalar(select(func.max(table.c.id))) or 0) + 1,
        "key": key,
        "at": at,
        "source": fact.source,
        "cluster": fact.cluster,
        "reason": fact.reason,
        "event": None if fact.event is None else zstandard.compress(fact.event),
        "size_bytes": fact.size_bytes,
        "digest": fact.digest,
    }
    connection.execute(insert(table), row)
    return True


# ------------------------------------------------------------------------------------------ positions
def move_position(connection: Connection, log: str, after: str | None, position: str) -> None:
    """Move the position of a log by compare-and-set.

    Raises:
        PositionMoved: it is not at `after`.
    """
    table = tables.log_position
    if after is None:
        made = connection.execute(insert_or_ignore(connection, table), {"log": log, "position": position})
    else:
        here = (table.c.log == bindparam("of"), table.c.position == bindparam("was"))
        made = connection.execute(update(table).where(*here).values(position=position), {"of": log, "was": after})
    if made.rowcount != 1:
        raise PositionMoved(f"log {log!r} is no longer at {after!r}: another recorder went on from there")
