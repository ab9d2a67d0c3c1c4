"""Steps that are taken one after the other, in a transaction: in a file, which has one writer at a time anyway, and in
a store that is made."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, assert_never

from alembic import op
from sqlalchemy import Connection, Engine, func, select, table, text

from lineage.store.fence import raise_fence
from lineage.store.migrations.scripts import run
from lineage.store.migrations.steps import (
    AddColumns,
    AddIndex,
    AnyStep,
    Brief,
    DropIndex,
    Fill,
    Progress,
    Switch,
    Take,
    Tell,
)
from lineage.store.revisions import needed, pending, revision_of

KEYS_AT_ONCE: Final = 1000


def upgrade(engine: Engine, tell: Tell) -> None:
    """Bring a store up to date that lets in one writer at a time: a transaction a revision, so that who is interrupted
    goes on from the last one.

    Raises:
        SchemaOutdated: it belongs to a newer release.
    """
    with engine.connect() as connection:
        while True:
            # The lock at once: of several processes that make one store, the others wait and find it made.
            with connection.begin():
                revision = revision_of(connection)
                following = pending(revision)
                if not following:
                    return
                if revision is not None:
                    raise_fence(connection)  # between two transactions, others may write
                run(connection, needed() if revision is None else following[0][0], taken(connection, tell))


def make(connection: Connection) -> None:
    """Make a new store, in the transaction that is under way."""
    run(connection, needed(), taken(connection, lambda _: None))


def taken(connection: Connection, tell: Tell) -> Take:
    """Take each step at once."""

    def take(step: AnyStep) -> None:
        if step.only not in (None, connection.dialect.name):
            return
        match step:
            case AddIndex():
                add_index(step)
            case DropIndex():
                op.drop_index(step.name, step.table)
            case Fill():
                _fill(connection, step, tell)
            case _:
                change(step)

    return take


def change(step: AddColumns | Brief | Switch) -> None:
    """Change the schema, in the transaction that is under way."""
    match step:
        case AddColumns():
            for column in step.columns:
                op.add_column(step.table, column)
        case Brief() | Switch():
            step.run()
        case _:
            assert_never(step)


def add_index(step: AddIndex, *, concurrently: bool = False) -> None:
    """Make an index; concurrently, which is a matter of PostgreSQL, outside of any transaction."""
    where = None if step.where is None else text(step.where)
    op.create_index(
        step.name,
        step.table,
        [*step.columns],
        sqlite_where=where,
        postgresql_where=where,
        postgresql_concurrently=concurrently,
    )


def keys_after(connection: Connection, step: Fill, after: Any, *, limit: int) -> Sequence[Any]:
    """Read the next keys for which a fill is called."""
    key = step.key
    rest = select(key).where(key.is_not(None)).distinct().order_by(key).limit(limit)
    if after is not None:
        rest = rest.where(key > after)
    if step.where is not None:
        rest = rest.where(text(step.where))
    return connection.scalars(rest).all()


def _fill(connection: Connection, step: Fill, tell: Tell) -> None:
    of = connection.scalar(select(func.count()).select_from(table(step.table)))
    done = 0
    for keys in _portions(connection, step):
        step.fill(connection, keys)
        done += len(keys)
        tell(Progress(says=step.says, done=done, of=of))


def _portions(connection: Connection, step: Fill) -> Iterator[Sequence[Any]]:
    after = None
    while keys := keys_after(connection, step, after, limit=KEYS_AT_ONCE):
        yield keys
        after = keys[-1]
