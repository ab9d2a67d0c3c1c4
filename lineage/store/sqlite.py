"""SQLite: a database in a file or in memory, with one writer at a time."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache, lru_cache
from itertools import chain, count
from pathlib import Path
from threading import Event
from typing import Any, Final

import orjson
from sqlalchemy import URL, Column, ColumnElement, Connection, Engine, Table, create_engine, event
from sqlalchemy.pool import QueuePool

from lineage.deadline import Deadline
from lineage.ports import Listener
from lineage.store.dialect import MOST_BEYOND, AtOnce, Cursor, Identity, filled, put_text, select_text
from lineage.store.fence import let_through

BUSY_TIMEOUT_SECONDS: Final = 30.0  # a writer waits for another: a batch takes some hundredths of a second
CHUNK: Final = 500  # values of one IN: well below the 32,766 variables of a statement, and few texts of statements
PUT_AT_ONCE: Final = 300  # values of one INSERT: a row takes half of the time so, and more of them gain nothing
TEXTS: Final = 512  # statements that a connection keeps compiled: all that the writer has, and many of the readers'
KEPT_READERS: Final = 5  # as many as a pool keeps
STEPS_BETWEEN_LOOKS: Final = 100_000  # of its virtual machine, between looks at the clock: about a millisecond
STEPS_AT_ONCE: Final = 1_000  # the same for who may not wait: each may be a page that the disk is asked for

POLL_SECONDS: Final = 0.1  # to look takes a ten-thousandth of a second: a thousandth of one core

PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",  # readers go on while a writer writes
    "PRAGMA synchronous = NORMAL",  # a crash of the machine may take the last batches: the log has them still
    "PRAGMA wal_autocheckpoint = 4000",  # 16 MB: pages that many small transactions write are copied back once
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",  # 64 MiB
)


class Sqlite:
    """Implements `lineage.store.dialect.Dialect`."""

    name = "sqlite"
    reading: Mapping[str, Any] = {}
    writing: Mapping[str, Any] = {"writes": True}
    writes_alone = True

    # -- databases
    def engine(self, url: URL) -> Engine:
        if _in_memory(url):
            # It lives in its one connection, so threads take turns.
            engine = create_engine(
                url,
                hide_parameters=True,
                poolclass=QueuePool,
                pool_size=1,
                max_overflow=0,
                connect_args={"check_same_thread": False, "cached_statements": TEXTS},
            )
        else:
            file = str(Path(url.database or "").expanduser())
            engine = create_engine(
                url.set(database=file),
                hide_parameters=True,
                max_overflow=MOST_BEYOND,
                pool_use_lifo=True,  # what was used last has most statements compiled, and pages at hand
                connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "cached_statements": TEXTS},
            )
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
        return engine

    def kept_readers(self, url: URL) -> int:
        return 0 if _in_memory(url) else KEPT_READERS

    def at_once(self, url: URL) -> AtOnce | None:
        # In memory, threads take turns with the one connection.
        return None if _in_memory(url) else _AtOnce()

    def exists(self, url: URL) -> bool:
        return _in_memory(url) or Path(url.database or "").exists()

    def prepare(self, url: URL) -> None:
        if not _in_memory(url):
            Path(url.database or "").expanduser().parent.mkdir(parents=True, exist_ok=True)

    # -- transactions
    def limited(self, connection: Connection, deadline: Deadline) -> AbstractContextManager[None]:
        return _Limited(connection.connection.driver_connection, deadline, STEPS_BETWEEN_LOOKS)

    def lock(self, connection: Connection, group: int, names: Collection[str]) -> None:
        """Nothing to do: `_begin` locked all there is."""

    def share(self, connection: Connection, group: int, name: str) -> None:
        """Nothing to do, as with `lock`."""

    # -- listeners
    def listener(self, engine: Engine) -> Listener:
        return Polling()

    # -- rows
    def one_of(self, column: Column[Any], values: Iterable[Any]) -> Iterator[ColumnElement[bool]]:
        distinct = list(dict.fromkeys(values))
        return (column.in_(distinct[start : start + CHUNK]) for start in range(0, len(distinct), CHUNK))

    def new_ids(self, cursor: Cursor, table: Table) -> Iterator[int]:
        ((last,),) = cursor.execute(f'SELECT max(id) FROM "{table.name}"').fetchall()
        return count((last or 0) + 1)

    def rows_of(self, cursor: Cursor, table: Table, column: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        if len(values) == 1:
            cursor.execute(f'{select_text(table)} "{column}" = ?', values)
        else:
            cursor.execute(f'{select_text(table)} "{column}" IN {_LISTED}', (_written(values),))
        return cursor.fetchall()

    def rows_among(
        self, cursor: Cursor, table: Table, column: str, values: Sequence[Any], other: str, others: Sequence[Any]
    ) -> Sequence[Sequence[Any]]:
        text = f'{select_text(table)} "{column}" IN {_LISTED} AND "{other}" IN {_LISTED}'
        cursor.execute(text, (_written(values), _written(others)))
        return cursor.fetchall()

    def rows_where(
        self, cursor: Cursor, table: Table, column: str, value: Any, other: str, comparison: str, bound: Any
    ) -> Sequence[Sequence[Any]]:
        cursor.execute(f'{select_text(table)} "{column}" = ? AND "{other}" {comparison} ?', (value, bound))
        return cursor.fetchall()

    def put(self, cursor: Cursor, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        columns = filled(table, rows)
        names, given = tuple(columns), list(zip(*_as_numbers(table, columns), strict=True))
        at_once = PUT_AT_ONCE // len(names)
        whole = len(given) - len(given) % at_once
        if whole:
            several = [tuple(chain.from_iterable(given[at : at + at_once])) for at in range(0, whole, at_once)]
            cursor.executemany(_put_text(table, names, at_once), several)
        cursor.executemany(_put_text(table, names, 1), given[whole:])

    def update(self, cursor: Cursor, table: Table, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        cursor.executemany(_update_text(table, names), rows)

    def remove(self, cursor: Cursor, table: Table, identities: Sequence[Identity]) -> None:
        gone = [(identity,) for identity in identities] if len(table.primary_key) == 1 else identities
        cursor.executemany(f'DELETE FROM "{table.name}" WHERE {_matches(table)}', gone)


class _Limited(AbstractContextManager[None]):
    """Ends what a connection runs once a deadline is over. A small read would feel what `contextmanager` takes."""

    __slots__ = ("_deadline", "_driver", "_steps_between_looks")

    def __init__(self, driver: Any, deadline: Deadline, steps_between_looks: int) -> None:
        self._driver = driver
        self._deadline = deadline
        self._steps_between_looks = steps_between_looks

    def __enter__(self) -> None:
        self._driver.set_progress_handler(self._deadline.is_over, self._steps_between_looks)

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self._driver.set_progress_handler(None, 0)
        if error is not None and _code_of(error) == sqlite3.SQLITE_INTERRUPT:
            raise TimeoutError from error


class _AtOnce:
    """Implements `lineage.store.dialect.AtOnce`. In a database in WAL mode readers wait for nobody but whoever brings a
    log in order that was left behind, or removes it."""

    def make_ready(self, connection: Connection) -> None:
        connection.connection.cursor().execute("PRAGMA busy_timeout = 0")

    def limited(self, connection: Connection, deadline: Deadline) -> AbstractContextManager[None]:
        return _Limited(connection.connection.driver_connection, deadline, STEPS_AT_ONCE)

    def would_wait(self, error: Exception) -> bool:
        return _code_of(error) == sqlite3.SQLITE_BUSY


def _code_of(error: BaseException) -> int | None:
    """The code of an error, without what SQLite adds to say how it came to it; None where it has none."""
    code: int | None = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


class Polling:
    """Listens where nobody tells: by looking every so often. Implements `lineage.ports.Listener`."""

    def __init__(self) -> None:
        self._never = Event()

    def wait(self, seconds: float) -> None:
        self._never.wait(min(seconds, POLL_SECONDS))

    def close(self) -> None:
        """Nothing to do."""


# ------------------------------------------------------------------------------------------ values
_LISTED: Final = "(SELECT value FROM json_each(?))"  # one text for any number of values


def _written(values: Sequence[Any]) -> str:
    return orjson.dumps(values).decode()


def _as_numbers(table: Table, columns: Mapping[str, Sequence[Any]]) -> Iterator[Iterable[Any]]:
    """Truth values as the numbers that they are to SQLite: its driver takes a number as it is, and would look for a way
    to adapt each of them."""
    truths = _truths(table)
    for name, values in columns.items():
        yield map(_NUMBERS.__getitem__, values) if name in truths else values


_NUMBERS: Final = {None: None, False: 0, True: 1}


@cache
def _truths(table: Table) -> frozenset[str]:
    """The columns that hold truth values."""
    return frozenset(column.name for column in table.columns if column.type.python_type is bool)


# ------------------------------------------------------------------------------------------ texts of statements
@lru_cache(TEXTS)
def _put_text(table: Table, names: tuple[str, ...], rows: int) -> str:
    return put_text(table, names, "VALUES " + ", ".join([f"({', '.join('?' * len(names))})"] * rows))


@lru_cache(TEXTS)
def _update_text(table: Table, names: tuple[str, ...]) -> str:
    changes = ", ".join(f'"{name}" = ?' for name in names)
    return f'UPDATE "{table.name}" SET {changes} WHERE {_matches(table)}'


def _matches(table: Table) -> str:
    return " AND ".join(f'"{column.name}" = ?' for column in table.primary_key)


def _in_memory(url: URL) -> bool:
    return url.database in (None, "", ":memory:")


def _set_up(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions of its own: `_begin` does, and takes the lock at once.
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma)
    let_through(connection)


def _begin(connection: Any) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.connection.driver_connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
