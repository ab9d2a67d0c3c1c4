"""Statements that many transactions run: built in SQLAlchemy, compiled once a database, run by the driver itself.

What SQLAlchemy does for a statement each time it is run costs many times what a small one takes in the database.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from sqlalchemy import make_url
from sqlalchemy.dialects import postgresql, sqlite

from lineage.store.dialect import Cursor

Build: TypeAlias = Callable[[Any], Any]
"""Builds a statement. It is given the function `insert` of a database, since each has an ON CONFLICT of its own."""

_INSERTS: Final[Mapping[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def run(cursor: Cursor, database: str, build: Build, values: Mapping[str, Any]) -> int:
    """Run a statement with values for its parameters. Returns how many rows it wrote."""
    text, names, given = _compiled(database, build)
    known = {**given, **values}
    cursor.execute(text, known if names is None else [known[name] for name in names])
    return cursor.rowcount


@cache
def _compiled(database: str, build: Build) -> tuple[str, list[str] | None, Mapping[str, Any]]:
    """The text, the names of its parameters in order where the driver takes them by position, and their values."""
    dialect = make_url(f"{database}://").get_dialect()()
    compiled = build(_INSERTS[database]).compile(dialect=dialect)
    return str(compiled), compiled.positiontup, compiled.params
