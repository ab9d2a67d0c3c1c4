"""Opening a database, and bringing its schema up to date."""

from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from lineage.errors import InvalidSettings, SchemaOutdated, StoreError
from lineage.store.sql import SqlStore

MIGRATIONS: Final = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_SECONDS: Final = 30.0  # a writer waits for another: a batch takes some hundredths of a second

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",  # readers go on while a writer writes
    "PRAGMA synchronous = NORMAL",  # a crash of the machine may take the last batches: the log has them still
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",  # 64 MiB
)


def open_store(url: str) -> SqlStore:
    """Open a store.

    Raises:
        InvalidSettings: the url is none, or names a database that this release does not speak to.
        SchemaOutdated: the database is new, or was made by another release.
        StoreError: it cannot be reached.
    """
    engine = _engine(url)
    at, head = _revisions(engine)
    if at != head:
        what = "has no tables yet" if at is None else f"is at revision {at}, this release needs {head}"
        raise SchemaOutdated(f"the store {_shown(engine)} {what}: run `lineage migrate --store {_shown(engine)}`")
    return SqlStore(engine)


def migrate(url: str) -> None:
    """Bring the schema of a store up to date, making the database if there is none.

    Raises:
        InvalidSettings: the url is none.
        StoreError: the database cannot be reached, or belongs to a newer release.
    """
    engine = _engine(url)
    if engine.url.database not in (None, "", ":memory:"):
        Path(engine.url.database or "").expanduser().parent.mkdir(parents=True, exist_ok=True)
    try:
        upgrade(engine)
    except (SQLAlchemyError, CommandError) as error:
        raise StoreError(f"{_shown(engine)}: {error}".partition("\n")[0]) from error
    finally:
        engine.dispose()


def open_in_memory() -> SqlStore:
    """Make a store that lives as long as the process."""
    engine = _engine("sqlite://")
    upgrade(engine)
    return SqlStore(engine)


def upgrade(engine: Engine) -> None:
    """Run the migrations on a database."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    # The lock at once: of several processes that make one store, the others wait and find it made.
    with engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revisions(engine: Engine) -> tuple[str | None, str | None]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    try:
        if not _exists(engine.url):
            return None, ScriptDirectory.from_config(config).get_current_head()
        with engine.connect() as connection:
            at = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise StoreError(f"cannot open the store {_shown(engine)}: {reason}") from error
    return at, ScriptDirectory.from_config(config).get_current_head()


def _exists(url: URL) -> bool:
    return url.database in (None, "", ":memory:") or Path(url.database or "").exists()


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidSettings(f"{url!r} is no store; write sqlite:///path/to/lineage.db") from error
    if parsed.get_backend_name() != "sqlite":
        name = parsed.get_backend_name()
        raise InvalidSettings(f"{name} is no database of this release; write sqlite:///path/to/lineage.db")
    if parsed.database in (None, "", ":memory:"):
        engine = create_engine(
            parsed, hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    else:
        parsed = parsed.set(database=str(Path(parsed.database or "").expanduser()))
        engine = create_engine(parsed, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions of its own: `_begin` does, and takes the lock at once.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")
