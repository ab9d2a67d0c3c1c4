"""Which revision of the schema a database is at, and which one this release needs."""

from functools import cache
from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from lineage.errors import SchemaOutdated

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def configuration() -> Config:
    """Say to Alembic where the migrations are."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@cache
def needed() -> str | None:
    """Name the revision that this release reads and writes."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def revision_of(connection: Connection) -> str | None:
    """Read the revision of a database; None where it has no tables yet."""
    return MigrationContext.configure(connection).get_current_revision()


def refuse_others(revision: str | None, *, store: str) -> None:
    """Make sure that a store is of this release. `store` is its name without a password.

    Raises:
        SchemaOutdated: it has no tables, or those of another release.
    """
    if revision != needed():
        what = "has no tables yet" if revision is None else f"is at revision {revision}, this release needs {needed()}"
        raise SchemaOutdated(f"the store {store} {what}: run `lineage migrate --store {store}`")
