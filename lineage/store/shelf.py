"""Rows of one table, held in memory while a batch of facts is applied to them.

Finding loads what is not there yet; flushing writes what changed in bulk statements. Nothing here knows what
the rows mean, or which database they are in.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Table

from lineage.store.dialect import Cursor, Dialect, Identity, Row

CHUNK = 500  # values of one IN: well below SQLite's 32,766 variables, and few enough texts of statements


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Cut values, each once, into lists that fit one statement."""
    distinct = list(dict.fromkeys(values))
    return (distinct[start : start + CHUNK] for start in range(0, len(distinct), CHUNK))


@dataclass(frozen=True, slots=True)
class _Form:
    """What rows of a table look like. An identity is the value of the primary key, or the values if several."""

    names: tuple[str, ...]
    key: str | None  # where the primary key is one column
    identity: Callable[[Row], Identity]
    values: Callable[[Row], tuple[Any, ...]]


@cache
def _form(table: Table) -> _Form:
    names = tuple(table.columns.keys())
    keys = [column.name for column in table.primary_key]
    return _Form(
        names=names,
        key=keys[0] if len(keys) == 1 else None,
        identity=itemgetter(*keys),
        values=itemgetter(*names),
    )


class Shelf:
    """The rows of one table that a batch touches.

    `references` are the shelves whose ids a column holds: under an id that was given out in this batch nothing
    is stored. `guard` is shown each row that is loaded. `written` are the rows that were written or taken away: those
    that were there and are as they were are none of them.
    """

    __slots__ = (
        "_changed",
        "_cursor",
        "_dialect",
        "_form",
        "_guard",
        "_identity",
        "_ids",
        "_indexes",
        "_known",
        "_references",
        "_removed",
        "_rows",
        "_stored",
        "_table",
        "made",
        "written",
    )

    def __init__(
        self,
        cursor: Cursor,
        dialect: Dialect,
        table: Table,
        *,
        references: Mapping[str, "Shelf"],
        guard: Callable[[Row], None] | None = None,
    ) -> None:
        self._cursor = cursor
        self._dialect = dialect
        self._table = table
        self._form = _form(table)
        self._identity = self._form.identity
        self._references = references
        self._guard = guard
        self._ids: Iterator[int] | None = None
        self._rows: dict[Identity, Row] = {}
        self._indexes: dict[str, dict[Any, dict[Identity, Row]]] = {}
        self._known: defaultdict[str, set[Any]] = defaultdict(set)
        self._stored: dict[Identity, tuple[Any, ...]] = {}
        self._changed: dict[Identity, Row] = {}
        self._removed: dict[Identity, Row] = {}
        self.made: set[int] = set()
        self.written: list[Row] = []

    # -- finding
    def __bool__(self) -> bool:
        """Whether any row is at hand."""
        return bool(self._rows)

    def __iter__(self) -> Iterator[Row]:
        """The rows that are at hand."""
        return iter(self._rows.values())

    def get(self, key: Any) -> Row | None:
        """The row of a primary key of one column, as it stands in this batch."""
        row = self._rows.get(key)
        if row is None and self._form.key is not None and key not in self._known[self._form.key]:
            self._load(self._form.key, (key,))
            row = self._rows.get(key)
        return row

    def held(self, identity: Identity) -> Row | None:
        """The row of a primary key, of those that are loaded: where it is known that it would be."""
        return self._rows.get(identity)

    def at(self, key: Any) -> Row:
        """The row of a primary key of one column that something refers to."""
        row = self.get(key)
        if row is None:
            raise KeyError(key)
        return row

    def load(self, column: str, values: Iterable[Any]) -> None:
        """Have the rows at hand whose `column` is one of `values`, in one statement instead of one each."""
        known = self._known[column]
        missing = [value for value in dict.fromkeys(values) if value not in known]
        if column == self._form.key:
            missing = [value for value in missing if value not in self._rows]
        if missing:
            self._load(column, missing)

    def find(self, column: str, values: Iterable[Any]) -> list[Row]:
        """Rows whose `column` is one of `values`, as they stand in this batch."""
        wanted = dict.fromkeys(values)
        if not wanted:
            return []
        self.load(column, wanted)
        if column == self._form.key:
            return [self._rows[value] for value in wanted if value in self._rows]
        index = self._index(column)
        return [row for value in wanted if value in index for row in self.at_hand(column, value)]

    def of(self, column: str, value: Any) -> list[Row]:
        """Rows whose `column` has this value: `find` for one, which is what most of a batch asks."""
        if value not in self._known[column] and not self._was_made(column, value):
            self._load(column, (value,))
        return self.at_hand(column, value)

    def at_hand(self, column: str, value: Any) -> list[Row]:
        """The rows whose `column` has this value, of those that are loaded: where it is known that all are."""
        index = self._indexes.get(column)
        held = (self._index(column) if index is None else index).get(value)
        if not held:
            return []
        rows = self._rows  # those that are still there, and were not changed since they were indexed
        return [row for identity, row in held.items() if rows.get(identity) is row and row[column] == value]

    def one(self, column: str, value: Any) -> Row | None:
        """The row whose unique `column` has this value."""
        rows = self.of(column, value)
        return rows[0] if rows else None

    def find_where(self, column: str, value: Any, other: str, comparison: str, bound: Any) -> list[Row]:
        """Load the rows whose `column` has this value and whose `other` column compares so with a bound; return
        those at hand that have the value, which may be more."""
        if value not in self._known[column] and not self._was_made(column, value):
            self._take(self._dialect.rows_where(self._cursor, self._table, column, value, other, comparison, bound))
        return self.at_hand(column, value)

    def find_among(self, column: str, values: Iterable[Any], other: str, others: Collection[Any]) -> list[Row]:
        """Load the rows whose `column` is one of `values` and whose `other` column is one of `others`; return those at
        hand that have one of the values, which may be more."""
        wanted, known = dict.fromkeys(values), self._known[column]
        missing = [value for value in wanted if value not in known and not self._was_made(column, value)]
        if missing and others:
            self._take(self._dialect.rows_among(self._cursor, self._table, column, missing, other, list(others)))
        return [row for value in wanted for row in self.at_hand(column, value)]

    # -- changing
    def touch(self, row: Row) -> None:
        """Say that a row which is at hand was changed, in columns by which none is found."""
        self._changed[self._identity(row)] = row

    def put(self, row: Row) -> Row:
        """Add a row, or say that it was changed."""
        identity = self._identity(row)
        self._rows[identity] = self._changed[identity] = row
        if self._removed:
            self._removed.pop(identity, None)
        if self._indexes:
            self._enter(identity, row)
        return row

    def remove(self, row: Row) -> None:
        """Take a row away."""
        identity = self._identity(row)
        self._rows.pop(identity, None)
        self._changed.pop(identity, None)
        if identity in self._stored:
            self._removed[identity] = row

    def next_id(self) -> int:
        """A number that no row has. Within a batch, rows get theirs in the order in which they came."""
        if self._ids is None:
            self._ids = self._dialect.new_ids(self._cursor, self._table)
        number = next(self._ids)
        self.made.add(number)
        return number

    def flush(self) -> None:
        """Write what changed, at the end of the batch: of what was there, only the columns that did. A database writes
        every index of a column that it is given, whether it has another value or not, and each page that is written
        costs its commit."""
        self.written = list(self._removed.values())
        if self._removed:
            self._dialect.remove(self._cursor, self._table, list(self._removed))
        if not self._changed:
            return
        if self._stored:
            new = [row for identity, row in self._changed.items() if identity not in self._stored]
        else:
            new = list(self._changed.values())
        if new:
            self._dialect.put(self._cursor, self._table, list(map(self._form.values, new)))
        self.written += new
        if len(new) < len(self._changed):
            for names, rows in self._updates().items():
                self._dialect.update(self._cursor, self._table, names, rows)

    def changes(self, *names: str) -> Iterator[tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]]:
        """Say of each row that was changed what several of its columns held before and hold now, where that is another;
        of a row that was not there, or is no more, None."""
        stored, now_of, before_of = self._stored, itemgetter(*names), itemgetter(*map(self._form.names.index, names))
        for identity, row in self._changed.items():
            now, old = now_of(row), stored.get(identity)
            before = None if old is None else before_of(old)
            if now != before:
                yield before, now
        for identity in self._removed:
            yield before_of(stored[identity]), None

    # -- inside
    def _updates(self) -> Mapping[tuple[str, ...], list[tuple[Any, ...]]]:
        """Of the rows that were there, what changed, by the columns: their new values, then the primary key. They count
        as written."""
        updates: defaultdict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
        names_of, several = self._form.names, self._form.key is None
        for identity, row in self._changed.items():
            values, stored = self._form.values(row), self._stored.get(identity)
            if stored is not None and stored != values:
                places = [place for place, new in enumerate(values) if new != stored[place]]
                key = identity if several else (identity,)
                names = tuple([names_of[place] for place in places])
                updates[names].append((*[values[place] for place in places], *key))
                self.written.append(row)
        return updates

    def _was_made(self, column: str, value: Any) -> bool:
        target = self._references.get(column)
        return target is not None and value in target.made

    def _load(self, column: str, values: Sequence[Any]) -> None:
        self._known[column].update(values)
        if column in self._references:
            made = self._references[column].made
            values = [value for value in values if value not in made]
        if values:
            self._take(self._dialect.rows_of(self._cursor, self._table, column, values))

    def _take(self, stored: Iterable[Sequence[Any]]) -> None:
        names, identity_of, held = self._form.names, self._identity, self._stored
        for found in stored:
            row = dict(zip(names, found, strict=True))
            identity = identity_of(row)
            if identity in held:
                continue  # what this batch made of it counts
            if self._guard is not None:
                self._guard(row)
            held[identity] = tuple(found)
            self._rows[identity] = row
            if self._indexes:
                self._enter(identity, row)

    def _enter(self, identity: Identity, row: Row) -> None:
        """Let a row be found by all columns by which any was."""
        for column, index in self._indexes.items():
            held = index.get(row[column])
            if held is None:
                index[row[column]] = {identity: row}
            else:
                held[identity] = row

    def _index(self, column: str) -> dict[Any, dict[Identity, Row]]:
        index = self._indexes.get(column)
        if index is None:
            index = self._indexes[column] = {}
            for identity, row in self._rows.items():
                index.setdefault(row[column], {})[identity] = row
        return index
