"""Bringing a store on PostgreSQL up to date while others read it and write to it.

1. Steps are taken one by one, each committed by itself and noted in the table `upgrade_step`; so who was interrupted,
   at whatever moment, goes on from there. Indexes are built without a lock that anybody waits for. What follows from
   rows that are there is written by portions, and a trigger notes what others change meanwhile.
2. What was noted is caught up, until little is left.
3. The switch, one short transaction: writers are locked out, the rest is caught up, and the revision moves. Who was
   waiting to write finds it moved, and ends (`lineage.store.revisions.refuse_moved`); who does not look is refused from
   then on (`lineage.store.fence`).
4. What is needed no longer is dropped: triggers, notes, `upgrade_step`.

No lock is waited for longer than a moment, as all who come later would wait behind that: it is given up, and tried
again. One process does this at a time: it holds a lock of its session, and others wait for that outside of any
transaction, because building an index waits for all transactions that are under way.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, Final, ParamSpec, TypeVar, assert_never

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.schema import CreateTable, DropTable

from lineage.store.fence import raise_fence
from lineage.store.migrations.at_rest import KEYS_AT_ONCE, add_index, change, keys_after, make
from lineage.store.migrations.scripts import Stage, migrations_after, run, stages_of
from lineage.store.migrations.steps import (
    AddColumns,
    AddIndex,
    AnyStep,
    Brief,
    DropIndex,
    Fill,
    Progress,
    Switch,
    Tell,
)
from lineage.store.postgresql import EVERYTHING_GROUP, GROUP_BASE
from lineage.store.revisions import revision_of

P = ParamSpec("P")
T = TypeVar("T")

# A server looks for deadlocks after a second, and may then end either side: we give up first.
LOCK_SECONDS: Final = 0.3
# Who holds nothing cannot be part of one. So long may it take until batches have ended that are under way, which take
# about a second, and questions; and so long may others wait behind us.
LONGEST_LOCK_SECONDS: Final = 5.0
FIRST_PAUSE_SECONDS: Final = 0.2  # before a lock is tried for again
LAST_PAUSE_SECONDS: Final = 5.0
TURN_SECONDS: Final = 1.0
PORTION_SECONDS: Final = 0.2  # that a portion may take: as long may a writer wait for its rows
FEWEST_KEYS: Final = 50
MOST_KEYS: Final = 2 * KEYS_AT_ONCE  # of one statement
FEW_NOTES: Final = 500  # that are caught up while writers wait: some tens of milliseconds
HELD: Final = ("55P03", "40P01")  # the SQLSTATEs of a lock that was not to be had, and of a deadlock
FILLING: Final = "lineage.filling"  # which step the transaction fills, so that its own writes are not noted

upgrade_step = Table(
    "upgrade_step",
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("place", Text),  # the last key that was filled, as JSON
    Column("rows", BigInteger, nullable=False),
    Column("is_done", Boolean, nullable=False),
)


def upgrade(engine: Engine, tell: Tell) -> None:
    """Bring a store up to date, or make it.

    Raises:
        SchemaOutdated: it belongs to a newer release.
    """
    with engine.connect() as connection:
        try:
            _take_its_time(connection)
            _wait_for_turn(connection, tell)
            upgrading = _Upgrade(engine, connection, tell)
            upgrading.clear()
            while (stage := _next_stage(connection)) is not None:
                upgrading.take(stage)
                upgrading.clear()
        finally:
            connection.invalidate()  # the end of its session is the end of what that locks


def _next_stage(connection: Connection) -> Stage | None:
    """Say what is to be done next; a new store is made at once."""
    with connection.begin():
        revision = revision_of(connection)
        if revision is None:
            make(connection)
            return None
    return next(stages_of([*migrations_after(revision, connection.dialect.name)]), None)


def _take_its_time(connection: Connection) -> None:
    """Building an index takes as long as it takes, whatever limits others have."""
    with connection.begin():
        for limit in ("statement_timeout", "lock_timeout"):
            connection.execute(select(func.set_config(limit, "0", False)))


def _wait_for_turn(connection: Connection, tell: Tell) -> None:
    asked = text("SELECT pg_try_advisory_lock(:base, :group)").bindparams(base=GROUP_BASE, group=EVERYTHING_GROUP)
    while True:
        with connection.begin():
            if connection.scalar(asked):
                return
        tell(Progress(says="another process migrates this store, waiting for it"))
        sleep(TURN_SECONDS)


class _Upgrade:
    """An upgrade, on a connection that holds the turn."""

    def __init__(self, engine: Engine, connection: Connection, tell: Tell) -> None:
        self._engine = engine
        self._connection = connection
        self._tell = tell

    def take(self, stage: Stage) -> None:
        """Take all steps that are not taken yet, and switch."""
        self._schema(self._connection.execute, CreateTable(upgrade_step, if_not_exists=True))
        with self._connection.begin():
            noted = select(upgrade_step.c.name).where(upgrade_step.c.is_done)
            done = {*self._connection.scalars(noted)}
        for name, step in stage.names:
            if name not in done:
                self._take(name, step)
        fills = [(name, step) for name, step in stage.names if isinstance(step, Fill)]
        for name, step in fills:
            self._catch_up_beside(name, step)
        self._tell(Progress(says=f"moves to revision {stage.revision}"))
        self._schema(self._switch, stage, fills)

    def _take(self, name: str, step: AnyStep) -> None:
        match step:
            case AddColumns() | Brief():
                self._tell(Progress(says=said(step)))
                self._schema(self._change, name, step)
            case AddIndex():
                self._build(step)
                self._schema(self._note, name)
            case DropIndex():
                with self._outside_transactions():
                    self._drop(step.name)
                self._schema(self._note, name)
            case Fill():
                self._fill(name, step)
            case Switch():
                pass  # at the end
            case _:
                assert_never(step)

    # -- transactions
    def _rows(self, act: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Write rows in a transaction, which others may write as well; again, until it is done."""
        return self._until_done(False, lambda: act(*args, **named))

    def _schema(self, act: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Change the schema in a transaction, whose first lock is what it waits for; again, until it is done."""
        return self._until_done(True, lambda: act(*args, **named))

    def _until_done(self, is_patient: bool, act: Callable[[], T]) -> T:
        wait, pause = LOCK_SECONDS, FIRST_PAUSE_SECONDS
        while True:
            try:
                with self._connection.begin():
                    self._wait_at_most(wait)
                    return act()
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) not in HELD:
                    raise
            self._tell(Progress(says="waiting for a lock that others hold"))
            sleep(pause)
            pause = min(2 * pause, LAST_PAUSE_SECONDS)
            wait = min(2 * wait, LONGEST_LOCK_SECONDS) if is_patient else wait

    def _wait_at_most(self, seconds: float) -> None:
        self._connection.execute(select(func.set_config("lock_timeout", str(round(seconds * 1000)), True)))

    @contextmanager
    def _outside_transactions(self) -> Iterator[None]:
        self._connection.execution_options(isolation_level="AUTOCOMMIT")
        try:
            yield
        finally:
            self._connection.rollback()  # of what SQLAlchemy takes for one
            self._connection.execution_options(isolation_level="READ COMMITTED")

    def _change(self, name: str, step: AddColumns | Brief) -> None:
        with _operations(self._connection):
            change(step)
        self._note(name)

    def _note(self, name: str) -> None:
        self._connection.execute(insert(upgrade_step).values(name=name, rows=0, is_done=True))

    # -- indexes
    def _build(self, step: AddIndex) -> None:
        """Build an index, unless it is there. Who was interrupted left one that is not valid."""
        with self._outside_transactions():
            valid = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
            is_valid = self._connection.scalar(valid.bindparams(name=step.name))
            if is_valid is False:
                self._drop(step.name)
            if not is_valid:
                with _told_of_index(self._engine, self._connection, step, self._tell), _operations(self._connection):
                    add_index(step, concurrently=True)
            if any(not isinstance(column, str) for column in step.columns):
                # Of an expression nothing is known until somebody looks.
                self._connection.exec_driver_sql(f'ANALYZE "{step.table}"')

    def _drop(self, name: str) -> None:
        self._connection.exec_driver_sql(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')

    # -- what follows from rows
    def _fill(self, name: str, step: Fill) -> None:
        with self._connection.begin():
            progress = self._connection.execute(select(upgrade_step).where(upgrade_step.c.name == name)).first()
            of = rows_about(self._connection, step.table)
        if progress is None:
            self._schema(self._begin_to_note, name, step)
        after = None if progress is None or progress.place is None else json.loads(progress.place)
        done = 0 if progress is None else progress.rows
        size = KEYS_AT_ONCE
        while True:
            began = monotonic()
            keys = self._rows(self._fill_portion, name, step, after, size, done)
            if not keys:
                return
            after, done = keys[-1], done + len(keys)
            self._tell(Progress(says=step.says, done=done, of=max(of, done)))
            size = _next_size(size, monotonic() - began)

    def _begin_to_note(self, name: str, step: Fill) -> None:
        """From when this is committed, whoever changes a row has it noted: those who did before have ended."""
        for statement in _noting(name, step):
            self._connection.exec_driver_sql(statement)
        self._connection.execute(insert(upgrade_step).values(name=name, rows=0, is_done=False))

    def _fill_portion(self, name: str, step: Fill, after: Any, size: int, done: int) -> Sequence[Any]:
        keys = keys_after(self._connection, step, after, limit=size)
        changes: dict[str, Any] = {"is_done": True}
        if keys:
            self._say_who_fills(name)
            step.fill(self._connection, keys)
            changes = {"place": json.dumps(keys[-1]), "rows": done + len(keys)}
        self._connection.execute(update(upgrade_step).where(upgrade_step.c.name == name).values(changes))
        return keys

    def _say_who_fills(self, name: str) -> None:
        self._connection.execute(select(func.set_config(FILLING, name, True)))

    def _catch_up_beside(self, name: str, step: Fill) -> None:
        """Catch up what was noted, until so little is left that writers may wait for it."""
        caught_up = 0
        while (some := self._rows(self._catch_up, name, step)) > FEW_NOTES:
            caught_up += some
            self._tell(Progress(says=f"{step.says}: what has changed meanwhile", done=caught_up))

    def _catch_up(self, name: str, step: Fill) -> int:
        """Take some of what was noted, and do it again for that. Says how much it was."""
        listed = ", ".join(f'"{column}"' for column in (step.key.name, *step.notes))
        some = f'(SELECT ctid FROM "{_notes(name)}" LIMIT {KEYS_AT_ONCE})'
        taken = text(f'DELETE FROM "{_notes(name)}" WHERE ctid = ANY(ARRAY{some}) RETURNING {listed}')
        changed = self._connection.execute(taken).all()
        if changed:
            self._say_who_fills(name)
            if step.follow is not None:
                step.follow(self._connection, changed)
            step.fill(self._connection, sorted({row[0] for row in changed if row[0] is not None}))
        return len(changed)

    # -- the switch
    def _switch(self, stage: Stage, fills: Sequence[tuple[str, Fill]]) -> None:
        followed = dict.fromkeys(step.table for _, step in fills)
        replaced = dict.fromkeys(table for _, step in stage.names if isinstance(step, Switch) for table in step.locks)
        # Writers of this release and later ones look at the first as the first thing they do, recorders of earlier ones
        # wrote to the second. So who holds what we wait for does not wait for us; and then there are few others.
        self._lock("ACCESS EXCLUSIVE", "alembic_version")
        self._lock("SHARE ROW EXCLUSIVE", "log_position")
        self._wait_at_most(LOCK_SECONDS)
        for table in (table for table in followed if table not in replaced):
            self._lock("SHARE ROW EXCLUSIVE", table)
        for table in replaced:
            self._lock("ACCESS EXCLUSIVE", table)
        for name, step in fills:
            while self._catch_up(name, step):
                pass
        raise_fence(self._connection)
        run(self._connection, stage.revision, self._take_at_switch)

    def _lock(self, mode: str, table: str) -> None:
        self._connection.exec_driver_sql(f'LOCK TABLE "{table}" IN {mode} MODE')

    def _take_at_switch(self, step: AnyStep) -> None:
        if isinstance(step, Switch) and step.only in (None, self._connection.dialect.name):
            change(step)

    # -- afterwards
    def clear(self) -> None:
        """Drop what an upgrade needed that has come to its end, each by itself: the next one begins without."""
        with self._connection.begin():
            if steps_taken(self._connection) is None:
                return
            revision = revision_of(self._connection)
            names = [*self._connection.scalars(select(upgrade_step.c.name).order_by(upgrade_step.c.name))]
        if any(name > f"{revision}_~" for name in names):
            return  # it goes on
        with self._connection.begin():
            on = text(
                "SELECT relname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid "
                "WHERE tgname = :name AND pg_table_is_visible(c.oid)"
            )
            noted = {name: self._connection.scalar(on.bindparams(name=_notes(name))) for name in names}
        for name, table in noted.items():
            for statement in _noting_no_more(name, table):
                self._schema(self._connection.exec_driver_sql, statement)
        self._schema(self._connection.execute, DropTable(upgrade_step))


# ------------------------------------------------------------------------------------------ notes
def _notes(name: str) -> str:
    """What the notes of a fill are called, and the function and the trigger that write them."""
    return f"upgrade_{name}"


def _noting(name: str, step: Fill) -> Iterator[str]:
    """The statements from which on a trigger notes each row of the table that is changed by anybody but the fill."""
    columns, notes = (step.key.name, *step.notes), _notes(name)
    listed = ", ".join(f'"{column}"' for column in columns)
    before, now = (", ".join(f'{row}."{column}"' for column in columns) for row in ("OLD", "NEW"))
    yield f'CREATE TABLE "{notes}" AS SELECT {listed} FROM "{step.table}" WITH NO DATA'
    yield f"""CREATE FUNCTION "{notes}"() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN INSERT INTO "{notes}" VALUES ({before}); END IF;
            IF TG_OP <> 'DELETE' THEN INSERT INTO "{notes}" VALUES ({now}); END IF;
            RETURN NULL;
        END $$"""
    yield (
        f'CREATE TRIGGER "{notes}" AFTER INSERT OR UPDATE OR DELETE ON "{step.table}" FOR EACH ROW '
        f"WHEN (current_setting('{FILLING}', true) IS DISTINCT FROM '{name}') EXECUTE FUNCTION \"{notes}\"()"
    )


def _noting_no_more(name: str, table: str | None) -> Iterator[str]:
    notes = _notes(name)
    if table is not None:
        yield f'DROP TRIGGER "{notes}" ON "{table}"'
    yield f'DROP FUNCTION IF EXISTS "{notes}"()'
    yield f'DROP TABLE IF EXISTS "{notes}"'


# ------------------------------------------------------------------------------------------ progress
def rows_about(connection: Connection, table: str) -> int:
    """About how many rows a table has: as many as when it was last looked at."""
    about = text("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:name)").bindparams(name=table)
    return max(connection.scalar(about) or 0, 0)


def steps_taken(connection: Connection) -> frozenset[str] | None:
    """Name the steps that an upgrade has taken that was begun and is not at its end; None where there is none."""
    if not connection.dialect.has_table(connection, upgrade_step.name):
        return None
    return frozenset(connection.scalars(select(upgrade_step.c.name).where(upgrade_step.c.is_done)))


def said(step: AnyStep) -> str:
    """Say in a few words what a step does."""
    match step:
        case AddColumns():
            return f"adds to {step.table}: {', '.join(column.name for column in step.columns)}"
        case AddIndex():
            return f"builds {step.name} on {step.table}"
        case DropIndex():
            return f"drops {step.name} on {step.table}"
        case Brief() | Fill() | Switch():
            return step.says
        case _:
            assert_never(step)


def _next_size(size: int, seconds: float) -> int:
    """How many keys the next portion may have, so that it takes about as long as one may."""
    fitting = int(size * PORTION_SECONDS / max(seconds, 0.001))
    return max(FEWEST_KEYS, min(fitting, 2 * size, MOST_KEYS))


@contextmanager
def _operations(connection: Connection) -> Iterator[None]:
    """Have Alembic's operations run on a connection."""
    with Operations.context(MigrationContext.configure(connection)):
        yield


@contextmanager
def _told_of_index(engine: Engine, building: Connection, step: AddIndex, tell: Tell) -> Iterator[None]:
    """Tell how far building an index has come, as the server says it to another connection, until it is built."""
    says, built = said(step), Event()
    tell(Progress(says=says))
    process = building.scalar(text("SELECT pg_backend_pid()"))
    asked = text(
        "SELECT blocks_done, blocks_total FROM pg_stat_progress_create_index WHERE pid = :process AND blocks_total > 0"
    ).bindparams(process=process)

    def watch() -> None:
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                while not built.wait(TURN_SECONDS):
                    if (row := connection.execute(asked).first()) is not None:
                        tell(Progress(says=says, done=row.blocks_done, of=row.blocks_total))
        except SQLAlchemyError:
            return  # who builds it learns of that by himself

    watching = Thread(target=watch, name="progress", daemon=True)
    watching.start()
    try:
        yield
    finally:
        built.set()
        watching.join()
