"""The migrations, as Alembic finds them, with the steps that each is made of."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from lineage.errors import SchemaOutdated
from lineage.store.migrations.steps import AnyStep, Switch, Take
from lineage.store.revisions import MIGRATIONS, known


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What leads to a revision, on one kind of database."""

    revision: str
    steps: Sequence[AnyStep]

    @property
    def names(self) -> Iterator[tuple[str, AnyStep]]:
        """The steps, under names that stay theirs."""
        return ((f"{self.revision}_{number}", step) for number, step in enumerate(self.steps, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Migrations whose steps are taken beside those who read and write, up to one switch for all of them."""

    migrations: Sequence[Migration]

    @property
    def revision(self) -> str:
        """The one that it ends at."""
        return self.migrations[-1].revision

    @property
    def names(self) -> Iterator[tuple[str, AnyStep]]:
        """All steps, in order."""
        return (named for one in self.migrations for named in one.names)


def migrations_after(revision: str | None, database: str) -> Iterator[Migration]:
    """Read the migrations that a store of a revision still needs; None is a new store.

    Raises:
        SchemaOutdated: a newer release made it.
    """
    if revision is not None and revision not in known():
        raise SchemaOutdated(f"the store is at revision {revision}, which this release does not know: use a newer one")
    for script in reversed([*ScriptDirectory.from_config(_config()).walk_revisions()]):
        if revision is None or script.revision > revision:
            steps: list[AnyStep] = []
            script.module.upgrade(steps.append)
            yield Migration(
                revision=script.revision, steps=tuple(step for step in steps if step.only in (None, database))
            )


def stages_of(migrations: Sequence[Migration]) -> Iterator[Stage]:
    """Cut migrations into stages. One ends with what puts something in the place of another: steps behind it mean what
    is there then."""
    some: list[Migration] = []
    for number, one in enumerate(migrations, 1):
        some.append(one)
        if number == len(migrations) or any(isinstance(step, Switch) for step in one.steps):
            yield Stage(migrations=tuple(some))
            some = []


def run(connection: Connection, revision: str, take: Take) -> None:
    """Let Alembic give the steps up to a revision to who takes them, and note the revision: in the transaction that is
    under way.

    Raises:
        SchemaOutdated: the store belongs to a newer release.
    """
    config = _config(connection=connection, take=take)
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise SchemaOutdated(str(error)) from error


def _config(**given: Connection | Callable[..., Any]) -> Config:
    config = Config(attributes=dict(given))
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
