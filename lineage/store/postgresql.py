"""PostgreSQL: a database on a server, with many writers at a time.

Each transaction locks what it touches by name (`lineage.store.locks`). The names fall into a fixed number of
advisory locks, because a server has room for some thousands of them and a batch may touch more: two names that
share a lock make their transactions wait for each other and do no harm.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from itertools import chain
from math import ceil
from threading import Event
from typing import Any, Final
from zlib import crc32

from sqlalchemy import (
    ARRAY,
    URL,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    Text,
    any_,
    create_engine,
    event,
    literal,
)
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from lineage.deadline import Deadline
from lineage.errors import InvalidSettings, StoreError
from lineage.ports import Listener
from lineage.store.dialect import MOST_BEYOND, Cursor, Identity, listed, put_text, select_text
from lineage.store.tables import CHANNEL, ID_BLOCK, id_block

CONNECT_TIMEOUT_SECONDS: Final = 10
# A server that vanishes without a word, as a machine without power does, is given up after half a minute: the kernel
# would wait for an answer for a quarter of an hour, and for two hours where nothing was sent.
VANISHED: Final[Mapping[str, int]] = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}
LOCKS_IN_GROUP: Final = 1024  # of two groups all: a third of the 6,400 that a server has room for as it comes
GROUP_BASE: Final = 0x6B6670  # "kfp": the first of the two numbers of a lock, so that others' locks are others
EVERYTHING_GROUP: Final = 0
TEXTS: Final = 512  # statements whose texts are kept: far more than writers have
RECONNECT_SECONDS: Final = 0.5  # who cannot listen looks as often as this
QUERY_CANCELED: Final = "57014"  # the SQLSTATE of a statement that ran into its limit

_ARRAYS: Final = {str: "text[]", int: "bigint[]", bool: "boolean[]", float: "float8[]", bytes: "bytea[]"}


class PostgreSql:
    """Implements `lineage.store.dialect.Dialect`."""

    name = "postgresql"
    # A reader sees one state of the store, however many statements it needs; a writer sees what others committed
    # before it had its locks.
    reading: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    writing: Mapping[str, Any] = {"isolation_level": "READ COMMITTED"}
    writes_alone = False

    # -- databases
    def engine(self, url: URL) -> Engine:
        connecting = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "application_name": "kfp-lineage", **VANISHED}
        try:
            engine = create_engine(
                url.set(drivername="postgresql+psycopg"),
                hide_parameters=True,
                pool_pre_ping=True,
                max_overflow=MOST_BEYOND,
                pool_use_lifo=True,  # what was used last has most statements prepared
                connect_args={name: value for name, value in connecting.items() if name not in url.query},
            )
        except ImportError as error:
            raise InvalidSettings(
                "a store on PostgreSQL needs psycopg: pip install 'kfp-lineage[postgresql]', "
                "in a checkout '.[postgresql]'"
            ) from error
        event.listen(engine, "connect", _refuse_other_encodings, insert=True)  # before SQLAlchemy asks anything
        return engine

    def kept_readers(self, url: URL) -> int:
        return 0  # each is tried before it is used again

    def at_once(self, url: URL) -> None:
        """Every read waits for the network."""

    def exists(self, url: URL) -> bool:
        return True

    def prepare(self, url: URL) -> None:
        """Nothing to do: whoever runs the server makes the database."""

    # -- transactions
    @contextmanager
    def limited(self, connection: Connection, deadline: Deadline) -> Iterator[None]:
        driver: Any = connection.dialect.loaded_dbapi
        connected: Any = connection.connection.driver_connection

        def cancel() -> None:
            with suppress(driver.OperationalError):  # it cannot be told so: then the server ends it at its time
                connected.cancel_safe(timeout=CONNECT_TIMEOUT_SECONDS)

        # One text for any time, so that it is prepared, and others are not forgotten for it.
        milliseconds = str(ceil(max(deadline.seconds_left * 1000, 1)))  # of what was ended, less than nothing is left
        connection.exec_driver_sql("SELECT set_config('statement_timeout', %s, true)", (milliseconds,))
        try:
            with deadline.interrupting(cancel):
                yield
        except (OperationalError, driver.OperationalError) as error:
            if getattr(getattr(error, "orig", error), "sqlstate", None) == QUERY_CANCELED:
                raise TimeoutError from error
            raise

    def lock(self, connection: Connection, group: int, names: Collection[str]) -> None:
        wanted = sorted(set(map(_number, names)))
        connection.exec_driver_sql(
            "SELECT pg_advisory_xact_lock(%s, number) FROM unnest(%s::integer[]) AS number",
            (GROUP_BASE + group, wanted),
        )

    def share(self, connection: Connection, group: int, name: str) -> None:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock_shared(%s, %s)", (GROUP_BASE + group, _number(name)))

    # -- listeners
    def listener(self, engine: Engine) -> Listener:
        return Notified(engine)

    # -- rows
    def one_of(self, column: Column[Any], values: Iterable[Any]) -> Iterator[ColumnElement[bool]]:
        distinct = list(dict.fromkeys(values))
        kind = ARRAY(BigInteger() if column.type.python_type is int else Text())
        yield column == any_(literal(distinct, kind))

    def new_ids(self, cursor: Cursor, table: Table) -> Iterator[int]:
        return chain.from_iterable(_blocks(cursor))

    def rows_of(self, cursor: Cursor, table: Table, column: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        kind = _ARRAYS[table.c[column].type.python_type]
        cursor.execute(f'{select_text(table)} "{column}" = ANY(%s::{kind})', (list(values),))
        return cursor.fetchall()

    def rows_among(
        self, cursor: Cursor, table: Table, column: str, values: Sequence[Any], other: str, others: Sequence[Any]
    ) -> Sequence[Sequence[Any]]:
        kind, kinds = (_ARRAYS[table.c[name].type.python_type] for name in (column, other))
        text = f'{select_text(table)} "{column}" = ANY(%s::{kind}) AND "{other}" = ANY(%s::{kinds})'
        cursor.execute(text, (list(values), list(others)))
        return cursor.fetchall()

    def rows_where(
        self, cursor: Cursor, table: Table, column: str, value: Any, other: str, comparison: str, bound: Any
    ) -> Sequence[Sequence[Any]]:
        cursor.execute(f'{select_text(table)} "{column}" = %s AND "{other}" {comparison} %s', (value, bound))
        return cursor.fetchall()

    def put(self, cursor: Cursor, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        cursor.execute(_put_text(table), [list(column) for column in zip(*rows, strict=True)])

    def update(self, cursor: Cursor, table: Table, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        cursor.execute(_update_text(table, names), [list(column) for column in zip(*rows, strict=True)])

    def remove(self, cursor: Cursor, table: Table, identities: Sequence[Identity]) -> None:
        several = len(table.primary_key) > 1
        columns = zip(*identities, strict=True) if several else [identities]
        cursor.execute(_remove_text(table), [list(column) for column in columns])


class Notified:
    """Listens by LISTEN, on a connection of its own. While that is lost, waiting is short, so that who listens looks by
    himself; each wait tries to have it back. Implements `lineage.ports.Listener`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._driver = engine.dialect.loaded_dbapi
        self._connection: Any = None
        self._never = Event()

    def wait(self, seconds: float) -> None:
        try:
            if self._connection is None:
                self._connection = self._listening()
                return  # what was told before is not told again
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass
        except (SQLAlchemyError, self._driver.Error):
            self.close()
            self._never.wait(min(seconds, RECONNECT_SECONDS))

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _listening(self) -> Any:
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()  # it never goes back to the others
        try:
            connection.rollback()
            connection.autocommit = True
            connection.execute(f"LISTEN {CHANNEL}")
        except self._driver.Error:
            connection.close()
            raise
        return connection


def _number(name: str) -> int:
    """Which of the locks of a group a name falls into."""
    return crc32(name.encode(errors="replace")) % LOCKS_IN_GROUP


def _blocks(cursor: Cursor) -> Iterator[range]:
    while True:
        ((first,),) = cursor.execute(f"SELECT nextval('{id_block.name}')").fetchall()
        yield range(first, first + ID_BLOCK)


# ------------------------------------------------------------------------------------------ texts of statements
@lru_cache(TEXTS)
def _update_text(table: Table, names: tuple[str, ...]) -> str:
    keys = [column.name for column in table.primary_key]
    given = [f"new_{name}" for name in names]
    changes = ", ".join(f'"{name}" = given."{new}"' for name, new in zip(names, given, strict=True))
    rows = f"{_arrays(table, [*names, *keys])} AS given({listed([*given, *keys])})"
    return f'UPDATE "{table.name}" SET {changes} FROM {rows} WHERE {_matches(table)}'


@cache
def _put_text(table: Table) -> str:
    return put_text(table, table.columns.keys(), f"SELECT * FROM {_arrays(table, table.columns.keys())}")


@cache
def _remove_text(table: Table) -> str:
    keys = [column.name for column in table.primary_key]
    return f'DELETE FROM "{table.name}" USING {_arrays(table, keys)} AS given({listed(keys)}) WHERE {_matches(table)}'


def _matches(table: Table) -> str:
    return " AND ".join(f'"{table.name}"."{key.name}" = given."{key.name}"' for key in table.primary_key)


def _arrays(table: Table, names: Sequence[str]) -> str:
    """Rows as one array a column: a statement of one text for any number of them."""
    casts = (f"%s::{_ARRAYS[table.c[name].type.python_type]}" for name in names)
    return f"unnest({', '.join(casts)})"


def _refuse_other_encodings(connection: Any, _record: Any) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        raise StoreError(f"the database is encoded in {encoding}: make one with ENCODING 'UTF8'")
