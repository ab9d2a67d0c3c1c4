"""Statements that are run often: built in SQLAlchemy, compiled once a database, run by the driver itself.

What SQLAlchemy does for a statement each time it is run costs many times what a small one takes in the database.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Final

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from lineage.errors import LineageError
from lineage.store.bodies import Take, anything, size_within
from lineage.store.conditions import Expression
from lineage.store.dialect import Cursor

# SQL of one meaning that each database words in its own way.
INSERT: Final[Mapping[str, Callable[..., Any]]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def among(
    database: str, column: Expression, name: str, of: type[Text | BigInteger] = Text, *, is_one: bool = False
) -> ColumnElement[bool]:
    """Say that a column, of texts unless said, has one of the values of a parameter, which is a list; or, if so, just
    the one value that it is."""
    if is_one:
        return column == bindparam(name, required=False, type_=of)
    if database == "sqlite":
        return column.in_(select(func.json_each(bindparam(name, required=False)).table_valued("value").c.value))
    return column == any_(bindparam(name, required=False, type_=ARRAY(of)))


def one_or_all(values: Sequence[Any]) -> Any:
    """Give a parameter of `among` its value where there is one, which is found sooner than a list of it, else all."""
    return values[0] if len(values) == 1 else list(values)


def given(database: str, name: str) -> Select[Any]:
    """Read the numbers of a parameter, which is a list, as rows of one column, `value`."""
    if database == "sqlite":
        return select(func.json_each(bindparam(name, required=False)).table_valued("value").c.value)
    return select(func.unnest(bindparam(name, required=False, type_=ARRAY(BigInteger))).label("value"))


def listed(database: str, column: Expression) -> ColumnElement[str]:
    """Write the values of a column in one text, a JSON array with one of each row; of several columns, all in the same
    order. Rows by the ten thousand take longer to make, a value each, than to find."""
    if database == "sqlite":
        return func.json_group_array(column)
    return func.coalesce(cast(func.json_agg(column), Text), "[]")


def like(database: str, column: Expression, name: str) -> ColumnElement[bool]:
    """Say that a column of texts is like the pattern of a parameter, which is in lower case: letters of ASCII compare
    without regard to case. That is what LIKE means on SQLite."""
    pattern = bindparam(name, required=False, type_=Text)
    return (column if database == "sqlite" else func.lower(column)).like(pattern, escape="\\")


def begin(connection: Connection) -> None:
    """Have the statements that follow see one state of the store. A single one needs no transaction."""
    if not connection.in_transaction():
        connection.begin()


class Prepared:
    """A statement, compiled for a database. Its parameters are given by name: those that are `required=False`, since
    a list that is part of the statement can only be written out where no other value is missing."""

    def __init__(self, database: str, statement: Any) -> None:
        dialect = make_url(f"{database}://").get_dialect()()
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self.text = str(compiled)
        columns = statement.selected_columns.items() if isinstance(statement, Select) else ()
        self._names: Sequence[str] = [name for name, _ in columns]
        self._bodies = [place for place, (_, column) in enumerate(columns) if isinstance(column.type, LargeBinary)]
        self._given: Mapping[str, Any] = compiled.params
        self._order: list[str] | None = compiled.positiontup  # where the driver takes them by position
        self._places = _places(self._order or ())
        self._in_order = [self._given[name] for name in self._order or ()]
        self._lists_as_json = database == "sqlite"
        self._comes_whole = database == "postgresql"  # unless the driver is asked for a stream

    def run(self, cursor: Cursor, values: Mapping[str, Any]) -> int:
        """Run it. Returns how many rows it wrote."""
        self._execute(cursor, values)
        return cursor.rowcount

    def ask(self, cursor: Cursor, values: Mapping[str, Any], take: Take = anything) -> list[tuple[Any, ...]]:
        """Run what selects, and read what it finds; its bodies are counted as they come."""
        self._execute(cursor, values)
        return list(self._counted(cursor, cursor, take)) if self._counts(take) else list(cursor.fetchall())

    def read(self, cursor: Cursor, values: Mapping[str, Any], take: Take = anything) -> list[dict[str, Any]]:
        """The same, by the names of its columns."""
        names = self._names
        return [dict(zip(names, row, strict=True)) for row in self.ask(cursor, values, take)]

    def each(self, cursor: Cursor, values: Mapping[str, Any], take: Take = anything) -> Iterator[dict[str, Any]]:
        """The same, row by row and no faster than it is asked for, where rows may be long. To be read to its end."""
        if self._comes_whole:
            psycopg: Any = cursor
            with closing(psycopg.stream(self.text, self._bound(values))) as rows:  # until then it holds the connection
                yield from self._named(cursor, rows, take)
        else:
            self._execute(cursor, values)
            yield from self._named(cursor, cursor, take)

    def _named(self, cursor: Cursor, rows: Any, take: Take) -> Iterator[dict[str, Any]]:
        for row in self._counted(cursor, rows, take) if self._counts(take) else rows:
            yield dict(zip(self._names, row, strict=True))

    def _counts(self, take: Take) -> bool:
        return bool(self._bodies) and take is not anything

    def _counted(self, cursor: Cursor, rows: Any, take: Take) -> Iterator[tuple[Any, ...]]:
        try:
            for row in rows:
                take(size_within(row, self._bodies))
                yield row
        except LineageError:
            cursor.close()  # else the rest would wait to be read, and hold the state of the store
            raise

    def _execute(self, cursor: Cursor, values: Mapping[str, Any]) -> None:
        cursor.execute(self.text, self._bound(values))

    def _bound(self, values: Mapping[str, Any]) -> Any:
        if self._order is None:
            return {**self._given, **values}
        bound = self._in_order.copy()
        for name, value in values.items():
            given = orjson.dumps(value).decode() if self._lists_as_json and isinstance(value, list) else value
            for place in self._places.get(name, ()):
                bound[place] = given
        return bound


def _places(order: Sequence[str]) -> Mapping[str, Sequence[int]]:
    """Say at which places each parameter stands."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(order):
        places.setdefault(name, []).append(place)
    return places
