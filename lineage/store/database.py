"""Opening a database, and bringing its schema up to date."""

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from lineage.errors import InvalidSettings, StoreError
from lineage.metrics import PARAMETERS
from lineage.store.dialect import Dialect
from lineage.store.feed import become_another
from lineage.store.migrations.steps import PlannedStep, Progress, Tell
from lineage.store.postgresql import PostgreSql
from lineage.store.revisions import pending, refuse_others, revision_of
from lineage.store.sql import SqlStore
from lineage.store.sqlite import Sqlite

DIALECTS: Final[Mapping[str, Dialect]] = {
    "sqlite": Sqlite(),
    "sqlite+pysqlite": Sqlite(),
    "postgresql": PostgreSql(),
    "postgresql+psycopg": PostgreSql(),
}
EXAMPLES: Final = "write sqlite:///path/to/lineage.db or postgresql://user@host/database"


def open_store(url: str, *, metric_parameters: Sequence[str] = PARAMETERS) -> SqlStore:
    """Open a store. What is recorded by it finds metrics among the output parameters of these names.

    Raises:
        InvalidSettings: the url is none, or names a database that this release does not speak to.
        SchemaOutdated: the database is new, or was made by another release.
        StoreError: it cannot be reached.
    """
    engine, dialect = _connect(url)
    try:
        refuse_others(_revision(engine, dialect), store=_shown(engine))
    except StoreError:
        engine.dispose()
        raise
    return SqlStore(engine, dialect, tuple(metric_parameters))


def _nobody(_: Progress) -> None:
    """Tell nobody."""


def migrate(url: str, tell: Tell = _nobody) -> None:
    """Bring the schema of a store up to date, making the database if it is a file and there is none. Interrupted at
    whatever moment, it goes on from there when it is called again; on PostgreSQL, others read and write meanwhile.

    Raises:
        InvalidSettings: the url is none.
        StoreError: the database cannot be reached, or belongs to a newer release.
    """
    engine, dialect = _connect(url)
    dialect.prepare(engine.url)
    try:
        upgrade(engine, dialect, tell)
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise StoreError(f"{_shown(engine)}: {reason}".partition("\n")[0]) from error
    finally:
        engine.dispose()


def pending_migrations(url: str) -> tuple[tuple[str, str], ...]:
    """Name the migrations that a store still needs, and what each brings. Changes nothing.

    Raises:
        InvalidSettings: the url is none.
        SchemaOutdated: the store belongs to a newer release.
        StoreError: the database cannot be reached.
    """
    engine, dialect = _connect(url)
    try:
        return pending(_revision(engine, dialect))
    finally:
        engine.dispose()


def planned_steps(url: str) -> tuple[PlannedStep, ...]:
    """Say of each step that a store still needs who would wait for it, and of how many rows. Changes nothing; what is
    new is made in one step, of which nothing is told.

    Raises:
        InvalidSettings, SchemaOutdated, StoreError: as `pending_migrations`.
    """
    from lineage.store.migrations.plan import planned  # noqa: PLC0415 - imports Alembic

    engine, dialect = _connect(url)
    try:
        if not dialect.exists(engine.url):
            return ()
        with engine.connect() as connection:
            return tuple(planned(connection, beside=not dialect.writes_alone))
    except SQLAlchemyError as error:
        raise _failure(engine, error) from error
    finally:
        engine.dispose()


def steps_begun(url: str) -> int | None:
    """Say how many steps an upgrade has taken that was begun and has not come to its end; None where there is none.

    Raises:
        InvalidSettings, StoreError: as `pending_migrations`.
    """
    from lineage.store.migrations.online import steps_taken  # noqa: PLC0415 - imports Alembic

    engine, dialect = _connect(url)
    try:
        if not dialect.exists(engine.url):
            return None
        with engine.connect() as connection:
            taken = steps_taken(connection)
    except SQLAlchemyError as error:
        raise _failure(engine, error) from error
    finally:
        engine.dispose()
    return None if taken is None else len(taken)


def open_in_memory() -> SqlStore:
    """Make a store that lives as long as the process. The migrations run once a process."""
    engine, dialect = _connect("sqlite://")
    with engine.connect() as connection:
        _driver_of(connection).deserialize(_empty())
        with connection.begin():
            become_another(connection)
    return SqlStore(engine, dialect)


@cache
def _empty() -> bytes:
    """The database that the migrations make of nothing."""
    engine, dialect = _connect("sqlite://")
    try:
        upgrade(engine, dialect)
        with engine.connect() as connection:
            return _driver_of(connection).serialize()
    finally:
        engine.dispose()


def _driver_of(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for the type
    return driver


def upgrade(engine: Engine, dialect: Dialect, tell: Tell = _nobody) -> None:
    """Run the migrations on a database.

    Raises:
        SchemaOutdated: it belongs to a newer release.
    """
    # Alembic takes longer to import than most commands take to run.
    from lineage.store.migrations import at_rest, online  # noqa: PLC0415

    way = at_rest.upgrade if dialect.writes_alone else online.upgrade
    way(engine.execution_options(**dialect.writing), tell)


def _revision(engine: Engine, dialect: Dialect) -> str | None:
    if not dialect.exists(engine.url):
        return None
    try:
        with engine.connect() as connection:
            return revision_of(connection)
    except SQLAlchemyError as error:
        raise _failure(engine, error) from error


def _failure(engine: Engine, error: SQLAlchemyError) -> StoreError:
    reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
    return StoreError(f"cannot open the store {_shown(engine)}: {reason}")


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def _connect(url: str) -> tuple[Engine, Dialect]:
    try:
        parsed: URL = make_url(url)
    except ArgumentError as error:
        raise InvalidSettings(f"{url!r} is no store; {EXAMPLES}") from error
    dialect = DIALECTS.get(parsed.drivername)
    if dialect is None:
        raise InvalidSettings(f"{parsed.drivername} is no database of this release; {EXAMPLES}")
    return dialect.engine(parsed), dialect
