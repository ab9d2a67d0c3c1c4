"""A fence around the positions of logs, for recorders of releases that do not look at the revision of a store.

Since revision 0016, every transaction that writes looks at the revision first (`lineage.store.revisions`). Recorders of
releases before do not: they would go on in their way after a store was migrated. But they, too, move the position of
their log first, so that is refused whoever has not looked. They tell the reason in their logs and try again until they
are ended; the log keeps what they read, and a recorder of this release goes on from there.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, text

REFUSAL: Final = "another release has migrated this store: end this one, and start that one"
NAME: Final = "refuse_who_did_not_look"
LOOKED: Final = "lineage.looked"
LOOKING: Final[Mapping[str, str]] = {
    "sqlite": "SELECT version_num FROM alembic_version",
    "postgresql": f"SELECT version_num, set_config('{LOOKED}', 'yes', true) FROM alembic_version",
}
"""What reads the revision, by database. On PostgreSQL the transaction is then known to have looked; on SQLite who looks
is known by a function of its connection (`let_through`)."""


def raise_fence(connection: Connection) -> None:
    """Refuse from now on whoever does not look; again changes nothing. On PostgreSQL nobody must be writing."""
    if connection.dialect.name == "sqlite":
        for event in ("INSERT", "UPDATE"):
            connection.exec_driver_sql(
                f'CREATE TRIGGER IF NOT EXISTS "{NAME}_{event.lower()}" BEFORE {event} ON log_position '
                f'BEGIN SELECT "{REFUSAL}"(); END'
            )
        return
    connection.exec_driver_sql(
        f"CREATE OR REPLACE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF coalesce(current_setting('{LOOKED}', true), '') = '' THEN "
        f"RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'object_not_in_prerequisite_state'; "
        "END IF; RETURN NULL; END $$"
    )
    is_up = text("SELECT count(*) FROM pg_trigger WHERE tgname = :name AND tgrelid = 'log_position'::regclass")
    if not connection.scalar(is_up.bindparams(name=NAME)):
        connection.exec_driver_sql(
            f"CREATE TRIGGER {NAME} BEFORE INSERT OR UPDATE ON log_position EXECUTE FUNCTION {NAME}()"
        )


def let_through(connection: Any) -> None:
    """Let a connection of SQLite through, all of whose transactions that write look at the revision. To any other, its
    driver says that there is no function of that name, which is why it is called so."""
    connection.execute("PRAGMA trusted_schema = ON")  # else a trigger may not call it
    connection.create_function(REFUSAL, 0, _nothing)


def _nothing() -> None:
    """Is called when a position is moved."""
