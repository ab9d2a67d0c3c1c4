"""The two databases as the program by hand speaks to them (`tests.bench.by_hand.Database`), and what each must hold.

Settings are those of the store: WAL, the same cache, synchronous NORMAL unless FULL is asked for.
"""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson
import psycopg

from lineage.store import tables
from lineage.store.sqlite import PRAGMAS
from tests.bench.by_hand import CHANGING, GUARDS, HIGHEST, Question, Row

TABLES: Final = tuple(tables.metadata.tables)
Rows: TypeAlias = Mapping[str, list[Row]]
"""Every table and what is in it."""

ARRAYS: Final = {str: "text[]", int: "bigint[]", bool: "boolean[]", float: "float8[]", bytes: "bytea[]"}


def columns(table: str) -> list[str]:
    """Name the columns of a table, in their order."""
    return tables.metadata.tables[table].columns.keys()


def upsert(table: str, values: str) -> str:
    """Write the statement that puts rows into a table; `values` is where they come from."""
    of = tables.metadata.tables[table]
    keys = [column.name for column in of.primary_key]
    rest = ", ".join(f"{name} = excluded.{name}" for name in CHANGING.get(table, ()))
    action = f"UPDATE SET {rest} WHERE {GUARDS[table]}" if table in GUARDS else "NOTHING"
    listed = ", ".join(columns(table))
    return f"INSERT INTO {table} ({listed}) {values} ON CONFLICT ({', '.join(keys)}) DO {action}"


class Sqlite:
    """A file."""

    def __init__(self, file: Path, *, synchronous: str = "NORMAL") -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        for pragma in (*PRAGMAS, f"PRAGMA synchronous = {synchronous}"):
            self._connection.execute(pragma)
        values = {table: f"VALUES ({', '.join('?' * len(columns(table)))})" for table in TABLES}
        self._inserts = {table: f"INSERT INTO {table} {values[table]}" for table in TABLES}
        self._upserts = {table: upsert(table, values[table]) for table in TABLES}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        yield
        self._connection.execute("COMMIT")

    def highest(self) -> Row:
        row: Row = self._connection.execute(HIGHEST).fetchone()
        return row

    def ask(self, question: Question, values: Collection[str] | Collection[int]) -> list[Row]:
        text = question.format(these="(SELECT value FROM json_each(?))")
        return self._connection.execute(text, (orjson.dumps(list(values)).decode(),)).fetchall()

    def write(self, table: str, rows: Sequence[Row]) -> None:
        self._connection.executemany(self._upserts[table], rows)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Insert rows, whatever there is."""
        self._connection.executemany(self._inserts[table], rows)

    def everything(self) -> Rows:
        """Read every table."""
        return {t: self._connection.execute(f"SELECT {', '.join(columns(t))} FROM {t}").fetchall() for t in TABLES}

    def close(self) -> None:
        self._connection.close()


class Postgresql:
    """A database on a server. A statement has an array a column."""

    def __init__(self, conninfo: str) -> None:
        self._connection = psycopg.connect(conninfo, autocommit=True)
        self._connection.prepare_threshold = 0
        values = {table: f"SELECT * FROM unnest({_arrays(table)})" for table in TABLES}
        self._inserts = {table: f"INSERT INTO {table} {values[table]}".encode() for table in TABLES}
        self._upserts = {table: upsert(table, values[table]).encode() for table in TABLES}

    def transaction(self) -> AbstractContextManager[object]:
        return self._connection.transaction()

    def highest(self) -> Row:
        row = self._connection.execute(HIGHEST.encode()).fetchone()
        assert row is not None
        return row

    def ask(self, question: Question, values: Collection[str] | Collection[int]) -> list[Row]:
        some = list(values)
        if not some:
            return []
        kind = ARRAYS[type(some[0])]
        text = question.format(these=f"(SELECT unnest(%s::{kind}))")
        return self._connection.execute(text.encode(), [some]).fetchall()

    def write(self, table: str, rows: Sequence[Row]) -> None:
        self._connection.execute(self._upserts[table], _in_columns(rows))

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Insert rows, whatever there is."""
        self._connection.execute(self._inserts[table], _in_columns(rows))

    def everything(self) -> Rows:
        """Read every table."""
        texts = {table: f"SELECT {', '.join(columns(table))} FROM {table}" for table in TABLES}
        return {table: self._connection.execute(text.encode()).fetchall() for table, text in texts.items()}

    def close(self) -> None:
        self._connection.close()


def _in_columns(rows: Sequence[Row]) -> list[list[Any]]:
    return [list(values) for values in zip(*rows, strict=True)]


def _arrays(table: str) -> str:
    kinds = (ARRAYS[column.type.python_type] for column in tables.metadata.tables[table].columns)
    return ", ".join(f"%s::{kind}" for kind in kinds)


# ------------------------------------------------------------------------------------------ equality
_NAMED_BY: Final = {
    "run": "key",
    "node": "key",
    "pipeline": "key",
    "pipeline_version": "key",
    "workflow": "uid",
    "pod": "uid",
}
_REFERENCES: Final = {
    "run_id": "run",
    "execution_id": "node",
    "source": "node",
    "target": "node",
    "pod_id": "pod",
    "location_id": "location",
    "pipeline_id": "pipeline",
    "pipeline_version_id": "pipeline_version",
}


def without_ids(everything: Rows) -> dict[str, list[str]]:
    """Write the rows of every table with names for internal ids, in one order: equal knowledge, equal rows.

    The two programs hand out ids as they like, and nothing else may differ.
    """
    names: dict[str, dict[Any, str]] = {}
    for table, rows in everything.items():
        if table in _NAMED_BY:
            at = columns(table).index(_NAMED_BY[table])
            names[table] = {row[0]: row[at] for row in rows}
    names["location"] = {row[0]: f"{row[1]} {row[2]}" for row in everything["location"]}
    return {table: sorted(_named(table, row, names) for row in rows) for table, rows in everything.items()}


def _named(table: str, row: Row, names: Mapping[str, Mapping[Any, str]]) -> str:
    values: list[Any] = []
    for column, value in zip(columns(table), row, strict=True):
        if column == "id" and table in names:
            continue
        if column == "id":
            values.append(names["node"][value])
        elif column in _REFERENCES and isinstance(value, int):
            values.append(names[_REFERENCES[column]][value])
        else:
            values.append(value)
    return repr(values)
