"""Copies of a store in a file: made while others read and write it, looked at, and put in its place again.

SQLite copies page by page in one consistent state (its online backup API), and begins anew where a writer was faster. A
copy is written beside its place and moved there when it is whole, so that a copy that is there is one.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from lineage.errors import StoreError
from lineage.store.revisions import known

PAGES_AT_ONCE: Final = 2_560  # 10 MB: others write in between
BUSY_SECONDS: Final = 30.0
Progress: TypeAlias = Callable[[int, int], None]
"""Told how many pages are still to be copied, and how many there are."""


def back_up(store: Path, copy: Path, progress: Progress = lambda *_: None) -> str:
    """Copy a store to a file that is not there yet. Returns the revision of its schema.

    Raises:
        StoreError: there is no store, or something is there, or it cannot be read or written.
    """
    if copy.exists():
        raise StoreError(f"{copy} is there already: name another file, or move it away")
    with (
        _told(f"{store} cannot be copied to {copy}"),
        closing(_opened(store, "rw")) as source,
        _aside(copy) as aside,
        closing(sqlite3.connect(aside)) as target,
    ):
        source.backup(target, pages=PAGES_AT_ONCE, progress=lambda _, left, of: progress(left, of))
        target.execute("PRAGMA journal_mode = DELETE")  # one file, which whoever may read it can read
        return _revision(target, copy)


def restore(copy: Path, store: Path, progress: Progress = lambda *_: None, *, replace: bool = False) -> Path | None:
    """Put a copy in the place of a store. With `replace` one that is there is moved aside, and where is returned.

    It is another store from then on: cursors of feeds of the one before lead nowhere in it.

    Raises:
        StoreError: the copy is no store, is damaged, or is of a newer release; or a store is there, or in use.
    """
    if store.exists() and not replace:
        raise StoreError(f"{store} is there already: with --replace it is moved aside")
    with (
        _told(f"{copy} cannot be put in the place of {store}"),
        closing(_opened(copy, "ro")) as source,
        _aside(store) as aside,
    ):
        _refuse_damaged(source, copy)
        with closing(sqlite3.connect(aside)) as target:
            source.backup(target, pages=PAGES_AT_ONCE, progress=lambda _, left, of: progress(left, of))
            _become_another(target)
        return _moved_away(store) if store.exists() else None


# ------------------------------------------------------------------------------------------ files
def _opened(file: Path, mode: str) -> sqlite3.Connection:
    """Open what is there; nothing is made."""
    if not file.is_file():
        raise StoreError(f"there is no file {file}")
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS)


@contextmanager
def _aside(place: Path) -> Iterator[Path]:
    """A file beside a place, which is moved there at the end, if all went well, and nothing is there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        yield aside
        with aside.open("rb") as written:
            os.fsync(written.fileno())
        place.hardlink_to(aside)
    finally:
        aside.unlink(missing_ok=True)


def _moved_away(store: Path) -> Path:
    """Move a store away that nobody uses. Whoever does holds it in the mode in which readers go on beside a writer, and
    lets nobody end that."""
    with closing(_opened(store, "rw")) as connection:
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA journal_mode = DELETE")
    number = 1
    while (away := store.with_name(f"{store.name}.before-{number}")).exists():
        number += 1
    store.rename(away)
    return away


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        reason = "it is in use, so end what records into it or serves it" if "locked" in str(error) else str(error)
        raise StoreError(f"{what}: {reason}") from error
    except OSError as error:
        raise StoreError(f"{what}: {error.strerror or error}") from error


# ------------------------------------------------------------------------------------------ what is in them
def _revision(connection: sqlite3.Connection, file: Path) -> str:
    try:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{file} is no store ({error})") from error
    return str(found[0]) if found else ""


def _refuse_damaged(connection: sqlite3.Connection, file: Path) -> None:
    revision = _revision(connection, file)
    if revision not in known():
        raise StoreError(f"{file} was made by a newer release (revision {revision}): restore it with that one")
    (says,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if says != "ok":
        raise StoreError(f"{file} is damaged: {says}")


def _become_another(connection: sqlite3.Connection) -> None:
    """Draw a new name for the store, if it is of a release in which it has one."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'feed'").fetchone():
        connection.execute("UPDATE feed SET store = ?", (secrets.token_hex(16),))
        connection.commit()
