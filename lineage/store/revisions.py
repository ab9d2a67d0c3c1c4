"""Which revision of the schema a database is at, and which one this release needs.

Alembic would say both. It is not asked, since it takes longer to import than most commands take to run.
"""

import ast
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Column, Connection, MetaData, String, Table, select

from lineage.errors import NotMigrated, SchemaOutdated
from lineage.store.dialect import Cursor
from lineage.store.fence import LOOKING

MIGRATIONS: Final = Path(__file__).parent / "migrations"

_version = Table("alembic_version", MetaData(), Column("version_num", String(32), nullable=False))


@cache
def known() -> frozenset[str]:
    """Name the revisions that this release can read, if need be after a migration: by the names of their files."""
    return frozenset(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


@cache
def needed() -> str:
    """Name the revision that this release reads and writes: the last one."""
    return max(known())


def pending(revision: str | None) -> tuple[tuple[str, str], ...]:
    """Name the migrations that a store of a revision still needs, and say of each what it brings; None is a new store.

    Raises:
        SchemaOutdated: a newer release made it.
    """
    if revision is not None and revision not in known():
        raise SchemaOutdated(f"the store is at revision {revision}, which this release does not know: use a newer one")
    files = sorted((MIGRATIONS / "versions").glob("[0-9]*_*.py"))
    following = [file for file in files if revision is None or file.name.partition("_")[0] > revision]
    return tuple((file.name.partition("_")[0], _brings(file)) for file in following)


def _brings(file: Path) -> str:
    """What the first paragraph of a migration says of it."""
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def revision_of(connection: Connection) -> str | None:
    """Read the revision of a database; None where it has no tables yet."""
    if not connection.dialect.has_table(connection, _version.name):
        return None
    return connection.scalar(select(_version.c.version_num))


def refuse_moved(cursor: Cursor, database: str, *, store: str) -> None:
    """Make sure, as the first thing that a transaction does, that it may write in the way of this release. On
    PostgreSQL it then holds a lock on this table to its end, as all who read do; who moves the revision waits for it.
    Whoever does not call this cannot move the position of a log (`lineage.store.fence`).

    Raises:
        SchemaOutdated: another release has migrated the store.
    """
    cursor.execute(LOOKING[database])
    ((revision, *_),) = cursor.fetchall()
    refuse_others(revision, store=store)


def refuse_others(revision: str | None, *, store: str) -> None:
    """Make sure that a store is of this release. `store` is its name without a password.

    Raises:
        NotMigrated: it has no tables, or those of an older release.
        SchemaOutdated: it has those of another one.
    """
    if revision == needed():
        return
    what = "has no tables yet" if revision is None else f"is at revision {revision}, this release needs {needed()}"
    if revision is None or revision in known():
        raise NotMigrated(f"the store {store} {what}: run `lineage migrate --store {store}`")
    raise SchemaOutdated(f"the store {store} {what}: another release has migrated it, start that one")
