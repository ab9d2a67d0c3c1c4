"""What was seen, as far as the store keeps it: enough to make a store anew with a better interpreter.

Of each object the newest view of each class, what was set aside with its text, which objects are gone, the newest
complete lists and how far they were followed, the looks at locations. Not: older views, and when something was seen.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import zstandard
from sqlalchemy import Connection, Select, and_, func, outerjoin, select

from lineage.observation import (
    InputUnreadable,
    LocationLooked,
    ObjectDeleted,
    ObjectSeen,
    Observation,
    ResourceFollowed,
    ResourceListed,
)
from lineage.store import tables
from lineage.store.codec import look_of, moment, pod_of, run_of

ROWS = 200  # at a time: objects may be large


def observations(connection: Connection, *, seen_at: datetime) -> Iterator[Observation]:
    """Yield it all. The source of an object is named by its resource, as what understands it may have changed."""
    yield from _objects(connection, seen_at)
    yield from _set_aside(connection, seen_at)
    for row in _rows(connection, select(tables.deleted)):
        yield ObjectDeleted(source="", cluster="", seen_at=seen_at, uid=row.uid)
    yield from _lists(connection, seen_at)
    yield from _looks(connection)


def _objects(connection: Connection, seen_at: datetime) -> Iterator[Observation]:
    kept, workflow, pod = tables.kept_object, tables.workflow, tables.pod
    recurring, told = tables.recurring_run, tables.told
    member, deployment = tables.member, tables.deployment
    told_in = select(told.c.cluster).where(told.c.uid == kept.c.uid).limit(1).scalar_subquery()
    known = outerjoin(outerjoin(kept, workflow, workflow.c.uid == kept.c.uid), pod, pod.c.uid == kept.c.uid)
    for table in (recurring, member, deployment):
        known = outerjoin(known, table, table.c.uid == kept.c.uid)
    cluster = func.coalesce(member.c.cluster, recurring.c.cluster, deployment.c.cluster, told_in).label("cluster")
    columns = (kept.c.resource, kept.c.body, workflow.c.body.label("header"), pod.c.body.label("pod"), cluster)
    for row in _rows(connection, select(*columns).select_from(known)):
        says = run_of(row.header) if row.header is not None else pod_of(row.pod) if row.pod is not None else None
        yield ObjectSeen(
            source=row.resource,
            cluster=says.cluster if says is not None else row.cluster or "",
            seen_at=seen_at,
            body=zstandard.decompress(row.body),
            key_id="",
        )


def _set_aside(connection: Connection, seen_at: datetime) -> Iterator[Observation]:
    for row in _rows(connection, select(tables.rejected)):
        at = moment(row.at) or seen_at
        if row.event is not None:
            body = zstandard.decompress(row.event)
            yield ObjectSeen(source=row.source, cluster=row.cluster, seen_at=at, body=body, key_id="")
        else:
            yield InputUnreadable(
                source=row.source,
                cluster=row.cluster,
                seen_at=at,
                reason=row.reason,
                size_bytes=row.size_bytes,
                digest=row.digest,
            )


def _lists(connection: Connection, seen_at: datetime) -> Iterator[Observation]:
    listing, coverage = tables.listing, tables.coverage
    scope = ("cluster", "resource", "namespace")
    noted = and_(coverage.c.since == listing.c.version, *(coverage.c[name] == listing.c[name] for name in scope))
    for row in _rows(connection, select(listing, coverage.c.since_at).select_from(outerjoin(listing, coverage, noted))):
        members = select(tables.listed.c.uid).where(tables.listed.c.listing_id == row.id)
        yield ResourceListed(
            source="",
            cluster=row.cluster,
            seen_at=moment(row.since_at) or seen_at,
            resource=row.resource,
            namespace=row.namespace,
            resource_version=number(row.version),
            uids=tuple(connection.scalars(members)),
        )
    for row in _rows(connection, select(coverage)):
        yield ResourceFollowed(
            source="",
            cluster=row.cluster,
            seen_at=moment(row.until_at) or seen_at,
            resource=row.resource,
            namespace=row.namespace,
            since=number(row.since),
            since_at=moment(row.since_at) or seen_at,
            until=number(row.until),
            objects=row.objects,
        )


def number(version: str) -> str:
    """Read what `lineage.facts.sortable` wrote: the digits stand behind their number."""
    return version[3:]


def _looks(connection: Connection) -> Iterator[Observation]:
    look, location = tables.look, tables.location
    for row in _rows(
        connection, select(look, location.c.store, location.c.uri).join(location, location.c.id == look.c.location_id)
    ):
        yield LocationLooked(
            source="",
            cluster="",
            seen_at=datetime.fromtimestamp(row.at, UTC),
            store=row.store,
            uri=row.uri,
            look=look_of(row.body),
        )


def _rows(connection: Connection, statement: Select[Any]) -> Iterator[Any]:
    return iter(connection.execute(statement.execution_options(yield_per=ROWS)))
