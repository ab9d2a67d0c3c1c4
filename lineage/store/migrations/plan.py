"""What migrations would do to a store, and what those who use it would notice, step by step. Changes nothing."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, assert_never

from sqlalchemy import Connection, func, select, table

from lineage.store.migrations.online import PORTION_SECONDS, rows_about, said, steps_taken
from lineage.store.migrations.scripts import Stage, migrations_after, stages_of
from lineage.store.migrations.steps import AddColumns, AddIndex, AnyStep, Brief, DropIndex, Fill, PlannedStep, Switch
from lineage.store.revisions import revision_of

NOBODY: Final = "nobody"
AT_REST: Final = "who writes, until its revision is reached"


def planned(connection: Connection, *, beside: bool) -> Iterator[PlannedStep]:
    """Tell the steps that a store still needs. `beside` says whether they are taken beside those who use it.

    Raises:
        SchemaOutdated: a newer release made it.
    """
    revision, database = revision_of(connection), connection.dialect.name
    if revision is None:
        return  # it is made at once
    taken = steps_taken(connection) or frozenset()
    names = set(connection.dialect.get_table_names(connection))

    def rows(name: str) -> int:
        if name not in names:
            return 0
        if beside:
            return rows_about(connection, name)
        return connection.scalar(select(func.count()).select_from(table(name))) or 0

    for stage in stages_of([*migrations_after(revision, database)]):
        for one in stage.migrations:
            for name, step in one.names:
                if not (beside and isinstance(step, Switch)):
                    yield _planned(one.revision, step, rows, beside=beside, is_done=name in taken)
        if beside:
            yield _switch(stage)


def _planned(revision: str, step: AnyStep, rows: Callable[[str], int], *, beside: bool, is_done: bool) -> PlannedStep:
    says, of, waits = _described(step)
    return PlannedStep(
        revision=revision,
        says=says,
        is_online=beside,
        rows=None if of is None else rows(of),
        waits=waits if beside else AT_REST,
        is_done=is_done,
    )


def _described(step: AnyStep) -> tuple[str, str | None, str]:
    """What a step says, the table whose rows it goes through, and who waits for it on PostgreSQL."""
    match step:
        case AddColumns():
            return said(step), None, _who_uses([step.table])
        case Brief() | Switch():
            return said(step), None, _who_uses(step.locks)
        case AddIndex():
            return said(step), step.table, NOBODY
        case DropIndex():
            return said(step), None, NOBODY
        case Fill():
            first = f"who writes to {step.table}, a moment (SHARE ROW EXCLUSIVE)"
            return said(step), step.table, f"{first}; then who writes the same rows, {PORTION_SECONDS:g} s at most"
        case _:
            assert_never(step)


def _who_uses(tables: Sequence[str]) -> str:
    return f"who uses {', '.join(tables)}, a moment (ACCESS EXCLUSIVE)" if tables else NOBODY


def _switch(stage: Stage) -> PlannedStep:
    """What ends a stage: the only time at which all who write wait."""
    steps = [step for _, step in stage.names]
    switches = [step for step in steps if isinstance(step, Switch)]
    does = ["catches up what changed meanwhile"] if any(isinstance(step, Fill) for step in steps) else []
    does += [step.says for step in switches]
    waits = ["who writes, a moment (ACCESS EXCLUSIVE on alembic_version)"]
    waits += [_who_uses(step.locks) for step in switches if step.locks]
    return PlannedStep(
        revision=stage.revision,
        says="; ".join([*does, f"moves to revision {stage.revision}, where the release before ends"]),
        is_online=False,
        rows=None,
        waits="; ".join(waits),
    )
