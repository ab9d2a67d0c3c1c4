"""When resources were watched: stretches are kept as they touch, and gaps are found on reading.

Bookkeeping, no knowledge: `dump` says nothing of it. The rules are those of `lineage.coverage`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
import zstandard
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select

from lineage.coverage import Difference, Stretch, difference, gaps, united
from lineage.errors import InvalidRequest
from lineage.facts import ResourceWatched
from lineage.model import Gap, SourceState, SourceStatus
from lineage.ports import Page, PageRequest
from lineage.store import tables
from lineage.store.codec import microseconds, moment

NO_REASON: Final = "nobody watched"
STATES: Final[Mapping[str, str]] = {
    SourceState.SYNCING: "its first list is under way",
    SourceState.WAITING: "it cannot be watched and is tried again",
    SourceState.FORBIDDEN: "it may not be watched",
    SourceState.ABSENT: "it is not installed",
    SourceState.STOPPED: NO_REASON,
}
"""Why a gap is open, where the source itself says no more than its state."""

NOTHING_TOLD: Final = Difference(created=0, changed=0, gone=0)

_TIMES: Final = [column for column in tables.coverage.columns if column.name != "listed"]


# ------------------------------------------------------------------------------------------ writing
def watch(connection: Connection, fact: ResourceWatched) -> bool:
    """Add what was watched; say whether that was news. The lists of the scope are locked."""
    table = tables.coverage
    told = Stretch(
        since=fact.since,
        since_at=microseconds(fact.since_at) or 0,
        until=fact.until,
        until_at=microseconds(fact.until_at) or 0,
        objects=fact.objects,
        listed=b"" if fact.items is None else zstandard.compress(orjson.dumps(sorted(fact.items))),
        reason=fact.reason,
    )
    here = _scope(fact.cluster, fact.resource, fact.namespace)
    touching = and_(here, table.c.since <= told.until, table.c.until >= told.since)
    held = [_stretch(row) for row in connection.execute(select(table).where(touching))]
    (whole,) = united([*held, told])
    if held == [whole]:
        return False
    if held:
        connection.execute(delete(table).where(touching))
    place = {"cluster": fact.cluster, "resource": fact.resource, "namespace": fact.namespace}
    ends = {"since": whole.since, "since_at": whole.since_at, "until": whole.until, "until_at": whole.until_at}
    shown = {"objects": whole.objects, "listed": whole.listed, "reason": whole.reason}
    connection.execute(insert(table).values(**place, **ends, **shown))
    return True


def _scope(cluster: str, resource: str, namespace: str) -> ColumnElement[bool]:
    table = tables.coverage
    return and_(table.c.cluster == cluster, table.c.resource == resource, table.c.namespace == namespace)


def _stretch(row: Any) -> Stretch:
    """Read a row; where what the list showed was not selected, it is empty."""
    return Stretch(
        since=row.since,
        since_at=row.since_at,
        until=row.until,
        until_at=row.until_at,
        objects=row.objects,
        listed=getattr(row, "listed", b""),
        reason=row.reason,
    )


# ------------------------------------------------------------------------------------------ sources
def summaries(connection: Connection) -> Mapping[tuple[str, str, str], tuple[int, int, int]]:
    """How many stretches there are of each cluster, resource and namespace, and when the first began and the last
    ended."""
    table = tables.coverage
    place = (table.c.cluster, table.c.resource, table.c.namespace)
    ends = (func.min(table.c.since_at).label("since_at"), func.max(table.c.until_at).label("until_at"))
    grouped = select(*place, func.count().label("stretches"), *ends)
    return {
        (row.cluster, row.resource, row.namespace): (row.stretches, row.since_at, row.until_at)
        for row in connection.execute(grouped.group_by(*place))
    }


def gaps_of(connection: Connection, source: SourceStatus, request: PageRequest) -> Page[Gap]:
    """Read one page of the gaps of a source, the newest first.

    Raises:
        InvalidRequest: the cursor is none of this list.
    """
    table = tables.coverage
    here = _scope(source.cluster, source.kind, source.namespace)
    stretches = united(_stretch(row) for row in connection.execute(select(*_TIMES).where(here)))
    closed = list(reversed(list(gaps(stretches))))
    cursors = [*([_OPEN] if source.open_gap else []), *(after.since for _, after in closed)]
    start = 0 if request.after is None else _place_of(request.after, cursors)
    chosen = cursors[start : start + (request.first or len(cursors))]
    listed = {
        row.since: row.listed
        for row in connection.execute(select(table.c.since, table.c.listed).where(here, table.c.since.in_(chosen)))
    }
    found = {after.since: _gap(before, after, listed[after.since]) for before, after in closed if after.since in listed}
    if source.open_gap is not None:
        found[_OPEN] = source.open_gap
    return Page(
        items=tuple(found[cursor] for cursor in chosen),
        cursors=tuple(chosen),
        has_next=start + len(chosen) < len(cursors),
        has_previous=start > 0,
    )


_OPEN: Final = "open"


def _place_of(cursor: str, cursors: Sequence[str]) -> int:
    """Where to go on behind a cursor. One whose gap was closed since is at the place where it was."""
    if cursor == _OPEN:
        return int(cursors[:1] == [_OPEN])
    if not cursor.isdecimal():
        raise InvalidRequest(f"{cursor[:80]!r} is no cursor of this list")
    return sum(one == _OPEN or one >= cursor for one in cursors)


def open_gap(source: SourceStatus, since: int) -> Gap:
    """Make the gap of a source that nobody watches."""
    reason = source.message or STATES.get(source.state, NO_REASON)
    return Gap(began_at=moment(since), ended_at=None, reason=reason, created=0, changed=0, gone=0)


def _gap(before: Stretch, after: Stretch, listed: bytes) -> Gap:
    shown = difference(before, orjson.loads(zstandard.decompress(listed))) if listed else NOTHING_TOLD
    return Gap(
        began_at=moment(before.until_at),
        ended_at=moment(max(before.until_at, after.since_at)),
        reason=after.reason or NO_REASON,
        created=shown.created,
        changed=shown.changed,
        gone=shown.gone,
    )


# ------------------------------------------------------------------------------------------ of runs
def stretches_of(
    connection: Connection, clusters: Iterable[str], resources: Collection[str]
) -> Mapping[tuple[str, str, str], Sequence[Stretch]]:
    """The stretches of each cluster, resource and namespace; what their lists showed is left out."""
    table = tables.coverage
    found: dict[tuple[str, str, str], list[Stretch]] = defaultdict(list)
    wanted = select(*_TIMES).where(table.c.cluster.in_(set(clusters)), table.c.resource.in_(resources))
    for row in connection.execute(wanted):
        found[row.cluster, row.resource, row.namespace].append(_stretch(row))
    return found
