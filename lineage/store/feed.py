"""The feed: which runs changed, in the order in which that was committed, for whoever follows.

Of each run its last change is kept, so the feed is no longer than there are runs, and who was away gets each run once.
A place in it is a number. Each transaction takes its numbers as the last thing that it does, off the one row of `feed`,
and holds that row to its end: so the order of places is the order of commits, whoever records beside whom, and a reader
who has come to a place has missed nothing before it. DECISIONS.md says what that costs.

It is bookkeeping, and no knowledge: a dump says nothing of it.
"""

import secrets
from collections.abc import Callable, Collection, Iterable
from functools import cache, lru_cache
from typing import Final

from sqlalchemy import BigInteger, Connection, Integer, String, bindparam, func, literal_column, select, update

from lineage.errors import UnknownCursor
from lineage.ports import ChangedPlaces, Changes, RunChange, Scope, Where
from lineage.store import queries, tables, values
from lineage.store.conditions import where_clause
from lineage.store.dialect import Dialect
from lineage.store.paging import read_cursor, write_cursor
from lineage.store.prepared import Prepared, begin

IDENTITY_BYTES: Final = 16
FOLLOWED: Final = 1_024  # questions of which it is remembered how they are asked: some 10 KB each
THE_ROW: Final = tables.feed.c.id == literal_column("1")


# ------------------------------------------------------------------------------------------ telling
def announce(
    connection: Connection,
    dialect: Dialect,
    runs: Iterable[int],
    also: Callable[[], Collection[int]] | None = None,
) -> None:
    """Say that runs changed, when this transaction is committed. Nothing may be locked after it.

    `also` names more of them, and is asked once no other transaction can say so before this one is committed.
    """
    changed, cursor = set(runs), connection.connection.cursor()
    if also is not None:
        connection.execute(select(tables.feed.c.place).where(THE_ROW).with_for_update()).all()
        changed |= {*also()}
    if not changed:
        return
    ((last, *_),) = _taking(dialect.name).ask(cursor, {"taken": len(changed)})
    first = last - len(changed) + 1
    dialect.put(cursor, tables.run_change, [(run, place) for place, run in enumerate(sorted(changed), first)])


@cache
def _taking(database: str) -> Prepared:
    """Take so many places, and say which is the last of them; and have those woken who listen, once this is committed,
    where a database does that."""
    feed = tables.feed
    further = feed.c.place + bindparam("taken", type_=BigInteger, required=False)
    waking = [func.pg_notify(literal_column(f"'{tables.CHANNEL}'"), literal_column("''"))]
    told = [feed.c.place, *(waking if database == "postgresql" else [])]
    return Prepared(database, update(feed).where(THE_ROW).values(place=further).returning(*told))


# ------------------------------------------------------------------------------------------ following
def end(connection: Connection) -> str:
    """The cursor behind all that was told so far."""
    store, place = _end(connection)
    return write_cursor([store, place])


def changes(connection: Connection, scope: Scope, where: Where | None, *, after: str, limit: int) -> Changes:
    """Read the runs that changed after a cursor, the change that is longest ago first, as they are now.

    Raises:
        InvalidRequest: it is no cursor, or the filter asks for what runs do not have.
        UnknownCursor: it is a cursor of another store, or lies ahead of this one.
    """
    store, place, last = _stretch(connection, after)
    if place == last:
        return Changes(items=(), cursor=after)
    following = _following(connection.dialect.name, queries.runs(scope), where)
    rows = following.read(connection.connection.cursor(), {"after": place, "most": limit})
    items = tuple(RunChange(cursor=write_cursor([store, row["place"]]), run=values.run(row)) for row in rows)
    return Changes(items=items, cursor=items[-1].cursor if len(items) == limit else write_cursor([store, last]))


def changed_places(connection: Connection, scope: Scope, *, after: str) -> ChangedPlaces:
    """Say in which namespaces runs changed after a cursor.

    Raises:
        InvalidRequest, UnknownCursor: as `changes`.
    """
    store, place, last = _stretch(connection, after)
    if place == last:
        return ChangedPlaces(places=frozenset(), cursor=after)
    found = _places(connection.dialect.name, scope).ask(connection.connection.cursor(), {"after": place})
    places = frozenset((cluster, namespace) for cluster, namespace in found)
    return ChangedPlaces(places=places, cursor=write_cursor([store, last]))


def _stretch(connection: Connection, after: str) -> tuple[str, int, int]:
    """Which store this is, where a cursor stands in its feed, and where that ends: of one state of the store."""
    of, place = read_cursor(after, [String(), BigInteger()])
    begin(connection)
    store, last = _end(connection)
    if of != store or place is None or place > last:
        raise UnknownCursor
    return store, place, last


def _end(connection: Connection) -> tuple[str, int]:
    ((store, place),) = _last(connection.dialect.name).ask(connection.connection.cursor(), {})
    return store, place


@cache
def _last(database: str) -> Prepared:
    return Prepared(database, select(tables.feed.c.store, tables.feed.c.place).where(THE_ROW))


@lru_cache(queries.KEPT)
def _places(database: str, scope: Scope) -> Prepared:
    run, change = tables.run, tables.run_change
    statement = select(run.c.cluster, run.c.namespace).join(change, change.c.run_id == run.c.id).distinct()
    is_after = change.c.place > bindparam("after", type_=BigInteger, required=False)
    return Prepared(database, statement.where(is_after, run.c.cluster.is_not(None), queries.in_scope(scope)))


@lru_cache(FOLLOWED)
def _following(database: str, runs: queries.Query, where: Where | None) -> Prepared:
    change = tables.run_change
    statement = runs.select.add_columns(change.c.place).where(
        change.c.run_id == tables.run.c.id,
        change.c.place > bindparam("after", type_=BigInteger, required=False),
        where_clause(runs.fields, where),
    )
    return Prepared(
        database, statement.order_by(change.c.place).limit(bindparam("most", type_=Integer, required=False))
    )


# ------------------------------------------------------------------------------------------ identity
def become_another(connection: Connection) -> None:
    """Make a copy of an empty store a store of its own: no cursor of the other is one of it."""
    connection.execute(update(tables.feed).values(store=secrets.token_hex(IDENTITY_BYTES), place=0))
