"""What the store asks of a database beyond the SQL that all of them speak, and the texts that they share. One file
implements it for each."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import URL, Column, ColumnElement, Connection, Engine, Table
from sqlalchemy.engine.interfaces import DBAPICursor

from lineage.deadline import Deadline
from lineage.ports import Listener

MOST_BEYOND: Final = 16  # connections beside the five that are kept: with them, more than a server has threads that ask

Cursor: TypeAlias = DBAPICursor
Row = dict[str, Any]
Identity = Any  # the value of a primary key of one column, or the values of one of several


class Dialect(Protocol):
    """One kind of database. `reading` and `writing` are the execution options of connections that do."""

    name: str
    reading: Mapping[str, Any]
    writing: Mapping[str, Any]

    # -- databases
    def engine(self, url: URL) -> Engine:
        """Make what connections come from; it connects when it is first used.

        Raises:
            InvalidSettings: what speaks to this database is not installed.
        """

    def kept_readers(self, url: URL) -> int:
        """Say how many connections of readers may stay open between reads: none where one may be needed elsewhere, or
        be lost meanwhile."""

    def at_once(self, url: URL) -> "AtOnce | None":
        """How one reads who may not wait; None where every read waits."""

    def exists(self, url: URL) -> bool:
        """Say whether there is something to connect to, as far as can be told without making it."""

    def prepare(self, url: URL) -> None:
        """Make what must be there before a database can be made."""

    # -- transactions
    def limited(self, connection: Connection, deadline: Deadline) -> AbstractContextManager[None]:
        """End what a reader runs meanwhile as soon as its time is over, or is ended.

        Raises:
            TimeoutError: in place of what the database says of a statement that was ended so.
        """

    @property
    def writes_alone(self) -> bool:
        """Whether a transaction that writes is the only one that does. If not, it locks what it touches."""

    def lock(self, connection: Connection, group: int, names: Collection[str]) -> None:
        """Lock what bears these names until the end of the transaction, all in one order. Whoever locks in
        several groups does so in the order of the groups."""

    def share(self, connection: Connection, group: int, name: str) -> None:
        """Let nobody lock what bears this name until the end of the transaction; others may share it."""

    # -- listeners
    def listener(self, engine: Engine) -> Listener:
        """Make what one listens by. It connects when it is first used."""

    # -- rows
    def one_of(self, column: Column[Any], values: Iterable[Any]) -> Iterator[ColumnElement[bool]]:
        """Say that a column has one of many values, in as few conditions as a statement each can hold."""

    def new_ids(self, cursor: Cursor, table: Table) -> Iterator[int]:
        """Yield ids that no row of a table has and no other transaction is given."""

    def rows_of(self, cursor: Cursor, table: Table, column: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Read the rows whose column has one of these values: all their columns, in order."""

    def rows_among(
        self, cursor: Cursor, table: Table, column: str, values: Sequence[Any], other: str, others: Sequence[Any]
    ) -> Sequence[Sequence[Any]]:
        """Read the rows whose column has one of these values, and whose other column has one of others."""

    def rows_where(
        self, cursor: Cursor, table: Table, column: str, value: Any, other: str, comparison: str, bound: Any
    ) -> Sequence[Sequence[Any]]:
        """Read the rows whose column has this value, and whose other column compares so with a bound."""

    def put(self, cursor: Cursor, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows, or overwrite those of the same primary key."""

    def update(self, cursor: Cursor, table: Table, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        """Change these columns of rows that are there: their new values, then the primary key."""

    def remove(self, cursor: Cursor, table: Table, identities: Sequence[Identity]) -> None:
        """Delete the rows of these primary keys."""


class AtOnce(Protocol):
    """How one reads who may not wait, on connections that are open."""

    def make_ready(self, connection: Connection) -> None:
        """Have what a connection runs from now on fail where it would wait for a lock."""

    def limited(self, connection: Connection, deadline: Deadline) -> AbstractContextManager[None]:
        """As that of `Dialect`, for times of some milliseconds."""

    def would_wait(self, error: Exception) -> bool:
        """Say whether this is how what would wait for a lock fails."""


# ------------------------------------------------------------------------------------------ texts that all share
@cache
def select_text(table: Table) -> str:
    """Read the rows of a table, all columns in order, as far as the condition that follows."""
    return f'SELECT {listed(table.columns.keys())} FROM "{table.name}" WHERE'


def put_text(table: Table, names: Sequence[str], rows: str) -> str:
    """Insert rows of these columns, which have nothing in the others, or overwrite those of the same primary key.
    `rows` is how a database is given them."""
    keys = [column.name for column in table.primary_key]
    rest = ", ".join(f'"{one.name}" = excluded."{one.name}"' for one in table.columns if one.name not in keys)
    action = f"UPDATE SET {rest}" if rest else "NOTHING"
    return f'INSERT INTO "{table.name}" ({listed(names)}) {rows} ON CONFLICT ({listed(keys)}) DO {action}'


def filled(table: Table, rows: Sequence[Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    """What rows of a table have in each of its columns, but for those in which none has anything: they are a third or
    more of many tables, and to say so of each row takes as much of the time."""
    columns = zip(table.columns.keys(), zip(*rows, strict=True), strict=True)
    return {name: of for name, of in columns if of[0] is not None or of.count(None) < len(of)}


def listed(names: Iterable[str]) -> str:
    """Name columns."""
    return ", ".join(f'"{name}"' for name in names)
