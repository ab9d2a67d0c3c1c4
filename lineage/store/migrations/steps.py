"""What migrations are made of: steps, each of which says what it asks of those who read and write meanwhile.

A migration hands its steps, in order, to whoever takes them. In a file, or in a store that is made, they are taken one
after the other in a transaction (`at_rest`); beside others who read and write, on PostgreSQL, as `online` says. So the
recorders of the release before go on as long as steps keep to this:

- what is added does not disturb them: columns that may be NULL, tables and indexes that they do not know;
- rows that follow from others are written by a `Fill`: what is changed meanwhile is noted, and caught up;
- what takes something from them, or puts another in its place, is a `Switch`. It comes last, when they are locked out.

These are values: to make one does nothing. Alembic's operations are called by who takes them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Column, ColumnClause, ColumnElement, Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What all have in common. `only` names the one database that needs it."""

    only: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddColumns(Step):
    """Columns that may be NULL, and are for all rows that are there: no row is written."""

    table: str
    columns: Sequence[Column[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief(Step):
    """Changes of the schema that take a moment, however many rows there are. `locks` are the tables that are there
    already and are changed."""

    says: str
    run: Callable[[], None]
    locks: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddIndex(Step):
    """An index of a table that may have many rows. `where` says of which."""

    name: str
    table: str
    columns: Sequence[str | ColumnElement[Any]]
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIndex(Step):
    """An index that nobody needs any more, those of the release before included."""

    name: str
    table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill(Step):
    """Rows or columns that follow from the rows of a table.

    `fill` writes what follows from the rows whose `key` is one of those that it is given, whatever was written of them
    before: it is called again for what has changed. `key` is a column of a `sqlalchemy.table`, has an index, and need
    not be unique; `where` says for which rows it is called at first. Where more than the key must be known of a row
    that has changed, `notes` names columns: `follow` is then given keys and these, of rows as they were and as they
    are, before `fill` is given their keys.
    """

    says: str
    key: ColumnClause[Any]
    fill: Callable[[Connection, Sequence[Any]], None]
    where: str | None = None
    notes: Sequence[str] = ()
    follow: Callable[[Connection, Sequence[Sequence[Any]]], None] | None = None

    @property
    def table(self) -> str:
        """The table whose rows are followed."""
        return str(self.key.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch(Step):
    """What those of the release before could not live with: run when nobody writes any more, and for a moment only.
    `locks` are the tables that it changes. Nothing comes behind it in its migration."""

    says: str
    run: Callable[[], None]
    locks: Sequence[str] = ()


AnyStep: TypeAlias = AddColumns | Brief | AddIndex | DropIndex | Fill | Switch
Take: TypeAlias = Callable[[AnyStep], None]
"""Takes a step, or keeps it for later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """A step that a store still needs, and about how many rows it reads or writes. It is online where others go on to
    read and write; `waits` says who waits for it even so, and for which lock. `is_done` says that an upgrade that was
    interrupted has taken it."""

    revision: str
    says: str
    is_online: bool
    rows: int | None
    waits: str
    is_done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it has come: `done` rows, or blocks of a table, of about `of`. Without these, something is waited for."""

    says: str
    done: int | None = None
    of: int | None = None


Tell: TypeAlias = Callable[[Progress], None]
