"""How what is watched fares, by source, cluster, resource and namespace."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, and_, or_, select

from lineage.model import SourceState, SourceStatus
from lineage.ports import Scope
from lineage.store import coverage, tables, values
from lineage.store.codec import moment
from lineage.store.queries import run_in_scope

EVERY_NAMESPACE = "*"


def statuses(connection: Connection, scope: Scope) -> tuple[SourceStatus, ...]:
    """Say of each source how it fares, and what it delivered of what the caller may see. What watches all namespaces is
    told to whoever sees one of them."""
    stated = select(tables.source)
    if scope.namespaces is not None:
        clusters = sorted({cluster for cluster, _ in scope.namespaces})
        of_all = and_(tables.source.c.namespace == EVERY_NAMESPACE, tables.source.c.cluster.in_(clusters))
        stated = stated.where(or_(run_in_scope(tables.source, scope), of_all))
    rows = [row._mapping for row in connection.execute(stated)]
    return _statuses(rows, coverage.summaries(connection))


def _statuses(
    rows: Sequence[values.Columns], covered: Mapping[tuple[str, str, str], tuple[int, int, int]]
) -> tuple[SourceStatus, ...]:
    """Objects were counted by the namespace that they live in, states reported by the one that is watched."""
    found: dict[tuple[str, str, str], list[values.Columns]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: str(row["namespace"])):
        found[row["name"], row["cluster"], row["resource"]].append(row)
    statuses: list[SourceStatus] = []
    for (name, cluster, resource), of in sorted(found.items()):
        watched: list[values.Columns | None] = [row for row in of if row["state"] is not None]
        for stated in watched or [None]:
            where = stated["namespace"] if stated is not None else EVERY_NAMESPACE
            mine = [row for row in of if where in (EVERY_NAMESPACE, row["namespace"])]
            newest = max(mine, key=lambda row: row["last_event_at"] or 0)
            lag = newest["lag_microseconds"]
            status = SourceStatus(
                name=name,
                kind=resource,
                cluster=cluster,
                namespace=where,
                state=SourceState.STOPPED if stated is None else SourceState(stated["state"]),
                message=None if stated is None else stated["message"],
                observed=sum(row["observed"] for row in mine),
                lag_seconds=None if lag is None else lag / 1_000_000,
                last_event_at=moment(newest["last_event_at"]),
            )
            known = covered.get((cluster, resource, where))
            statuses.append(_with_gaps(status, known, None if stated is None else stated["stated_at"]))
    return tuple(statuses)


def _with_gaps(status: SourceStatus, known: tuple[int, int, int] | None, stated_at: int | None) -> SourceStatus:
    """Add when a source was watched: an open gap is one that nobody has ended since it was last watched."""
    if known is None:
        return status
    stretches, since_at, until_at = known
    is_open = status.state is not SourceState.SYNCED and stated_at is not None and stated_at >= until_at
    gap = coverage.open_gap(status, until_at) if is_open else None
    return replace(
        status,
        watched_since=moment(since_at),
        watched_until=moment(until_at),
        gap_count=stretches - 1 + int(gap is not None),
        open_gap=gap,
    )
