"""SQLite: a database in a file or in memory, with one writer at a time."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any, Final

from sqlalchemy import (
    URL,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    select,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from lineage.store.dialect import Identity, Row

BUSY_TIMEOUT_SECONDS: Final = 30.0  # a writer waits for another: a batch takes some hundredths of a second
CHUNK: Final = 500  # values of one IN: well below the 32,766 variables of a statement, and few texts of statements
STEPS_BETWEEN_LOOKS: Final = 100_000  # of its virtual machine, between looks at the clock: about a millisecond

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",  # readers go on while a writer writes
    "PRAGMA synchronous = NORMAL",  # a crash of the machine may take the last batches: the log has them still
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",  # 64 MiB
)


class Sqlite:
    """Implements `lineage.store.dialect.Dialect`."""

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
                connect_args={"check_same_thread": False},
            )
        else:
            file = str(Path(url.database or "").expanduser())
            engine = create_engine(
                url.set(database=file), hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_SECONDS}
            )
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
        return engine

    def exists(self, url: URL) -> bool:
        return _in_memory(url) or Path(url.database or "").exists()

    def prepare(self, url: URL) -> None:
        if not _in_memory(url):
            Path(url.database or "").expanduser().parent.mkdir(parents=True, exist_ok=True)

    # -- transactions
    @contextmanager
    def limited(self, connection: Connection, seconds: float) -> Iterator[None]:
        until = monotonic() + seconds
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(lambda: monotonic() > until, STEPS_BETWEEN_LOOKS)
        try:
            yield
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                raise TimeoutError from error
            raise
        finally:
            driver.set_progress_handler(None, 0)

    def lock_out_others(self, connection: Connection) -> None:
        """Nothing to do: `_begin` did."""

    def lock(self, connection: Connection, group: int, names: Collection[str]) -> None:
        """Nothing to do: `_begin` locked all there is."""

    # -- rows
    def new_ids(self, connection: Connection, table: Table) -> Iterator[int]:
        yield from count((connection.scalar(select(func.max(table.c.id))) or 0) + 1)

    def one_of(self, column: Column[Any], values: Iterable[Any]) -> Iterator[ColumnElement[bool]]:
        distinct = list(dict.fromkeys(values))
        return (column.in_(distinct[start : start + CHUNK]) for start in range(0, len(distinct), CHUNK))

    def put(self, connection: Connection, table: Table, rows: Sequence[Row]) -> None:
        keys = [column.name for column in table.primary_key]
        statement = insert(table)
        rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
        if rest:
            statement = statement.on_conflict_do_update(index_elements=keys, set_=rest)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=keys)
        connection.execute(statement, rows)

    def remove(self, connection: Connection, table: Table, identities: Sequence[Identity]) -> None:
        names = [column.name for column in table.primary_key]
        matches = [table.c[name] == bindparam(f"_{name}") for name in names]
        gone = [dict(zip((f"_{name}" for name in names), identity, strict=True)) for identity in identities]
        connection.execute(delete(table).where(and_(*matches)), gone)


def _in_memory(url: URL) -> bool:
    return url.database in (None, "", ":memory:")


def _set_up(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions of its own: `_begin` does, and takes the lock at once.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")
