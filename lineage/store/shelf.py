"""Rows of one table, held in memory while a batch of facts is applied to them.

Finding loads what is not there yet, a column and its values at a time; flushing writes what changed in
bulk statements. Nothing here knows what the rows mean, or which database they are in.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select
from sqlalchemy import Row as SqlRow
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from lineage.store.dialect import Dialect, Identity, Row

CHUNK = 500  # values of one IN: well below SQLite's 32,766 variables, and few enough texts of statements


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Cut values, each once, into lists that fit one statement."""
    distinct = list(dict.fromkeys(values))
    return (distinct[start : start + CHUNK] for start in range(0, len(distinct), CHUNK))


class Shelf:
    """The rows of one table that a batch touches. `guard` is shown each row that is loaded."""

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        table: Table,
        *,
        ids: Iterator[int],
        guard: Callable[[Row], None] | None = None,
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        self._ids = ids
        self._guard = guard
        self._table = table
        self._identity = tuple(column.name for column in table.primary_key)
        self._rows: dict[Identity, Row] = {}
        self._index: dict[str, dict[Any, dict[Identity, None]]] = {}
        self._known: dict[str, set[Any]] = defaultdict(set)
        self._stored: set[Identity] = set()
        self._changed: dict[Identity, None] = {}
        self._removed: dict[Identity, None] = {}

    def find(self, column: str, values: Iterable[Any]) -> list[Row]:
        """Rows whose `column` is one of `values`, as they stand in this batch."""
        wanted, known = dict.fromkeys(values), self._known[column]
        missing = [value for value in wanted if value not in known]
        if missing and self._identity == (column,):
            missing = [value for value in missing if (value,) not in self._rows]
        if missing:
            self._load(column, missing)
            known.update(missing)
        index, rows, found = self._indexed(column), self._rows, list[Row]()
        for value in wanted:
            for identity in index.get(value, ()):
                row = rows.get(identity)
                if row is not None and row[column] == value:  # else it was changed since it was indexed
                    found.append(row)
        return found

    def find_among(self, column: str, value: Any, clause: Callable[[], ColumnElement[bool]]) -> list[Row]:
        """Load the rows that `clause` names, all of which have this value; return those at hand that have it,
        which may be others as well."""
        if value not in self._known[column]:
            self._take(self._connection.execute(select(self._table).where(clause())))
        index = self._indexed(column)
        rows = [self._rows.get(identity) for identity in index.get(value, ())]
        return [row for row in rows if row is not None and row[column] == value]

    def one(self, column: str, value: Any) -> Row | None:
        """The row whose unique `column` has this value."""
        return next(iter(self.find(column, (value,))), None)

    def nothing_of(self, column: str, value: Any) -> None:
        """Take note that nothing is stored under a value: it was made in this batch."""
        self._known[column].add(value)

    def put(self, row: Row) -> Row:
        """Add a row, or say that it was changed."""
        identity = tuple(row[name] for name in self._identity)
        self._rows[identity] = row
        self._changed[identity] = None
        self._removed.pop(identity, None)
        for column, index in self._index.items():
            index.setdefault(row[column], {})[identity] = None
        return row

    def remove(self, row: Row) -> None:
        """Take a row away."""
        identity = tuple(row[name] for name in self._identity)
        self._rows.pop(identity, None)
        self._changed.pop(identity, None)
        if identity in self._stored:
            self._removed[identity] = None

    def next_id(self) -> int:
        """A number that no row has. Within a batch, rows get theirs in the order in which they came."""
        return next(self._ids)

    def flush(self) -> None:
        """Write what changed."""
        if self._removed:
            self._dialect.remove(self._connection, self._table, list(self._removed))
        if self._changed:
            self._dialect.put(self._connection, self._table, [self._rows[i] for i in self._changed])
        self._stored.update(self._changed)
        self._stored.difference_update(self._removed)
        self._changed, self._removed = {}, {}

    def _load(self, column: str, values: Sequence[Any]) -> None:
        for condition in self._dialect.one_of(self._table.c[column], values):
            self._take(self._connection.execute(select(self._table).where(condition)))

    def _take(self, stored: Iterable[SqlRow[Any]]) -> None:
        for found in stored:
            row = dict(found._mapping)
            identity = tuple(row[name] for name in self._identity)
            if identity in self._stored:
                continue  # what this batch made of it counts
            if self._guard is not None:
                self._guard(row)
            self._stored.add(identity)
            self._rows[identity] = row
            for name, index in self._index.items():
                index.setdefault(row[name], {})[identity] = None

    def _indexed(self, column: str) -> dict[Any, dict[Identity, None]]:
        if column not in self._index:
            index: dict[Any, dict[Identity, None]] = {}
            for identity, row in self._rows.items():
                index.setdefault(row[column], {})[identity] = None
            self._index[column] = index
        return self._index[column]


def insert_or_ignore(connection: Connection, table: Table, keys: Sequence[str] = ()) -> Insert:
    """Insert rows, unless there is one with the same values in `keys`, or the same primary key."""
    build = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    elements = list(keys) or [column.name for column in table.primary_key]
    return build(table).on_conflict_do_nothing(index_elements=elements)


def inserts(connection: Connection, table: Table, row: Row, keys: Sequence[str] = ()) -> bool:
    """Insert a row as `insert_or_ignore` does, and say whether it was not there."""
    statement = insert_or_ignore(connection, table, keys).execution_options(preserve_rowcount=True)
    return connection.execute(statement, row).rowcount > 0
