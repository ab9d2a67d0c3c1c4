"""Fingerprints of runs and executions, and which runs are due for theirs: all that have ended.

Revision: 0011
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from lineage.store.migrations.steps import Brief, Fill, Take

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


ENDED = ("SUCCEEDED", "FAILED", "ERROR", "SKIPPED", "OMITTED")

run = sa.table("run", sa.column("id", sa.BigInteger()), sa.column("phase", sa.Text()))
due = sa.table("fingerprint_due", sa.column("run_id", sa.BigInteger()), sa.column("mark", sa.BigInteger()))


def upgrade(take: Take) -> None:
    take(Brief(says="makes fingerprint, fingerprint_due", run=_make_tables))
    take(Fill(says="runs that have ended are due", key=run.c.id, fill=_make_due))


def _make_due(connection: sa.Connection, ids: Sequence[int]) -> None:
    ended = sa.select(run.c.id, sa.literal(1, sa.BigInteger())).where(run.c.id.in_(ids), run.c.phase.in_(ENDED))
    connection.execute(sa.delete(due).where(due.c.run_id.in_(ids)))
    connection.execute(sa.insert(due).from_select(["run_id", "mark"], ended))


def _make_tables() -> None:
    op.create_table(
        "fingerprint",
        sa.Column("run_id", ID, autoincrement=False, nullable=False),
        sa.Column("execution_id", ID, autoincrement=False, nullable=False),
        sa.Column("digest", TEXT, nullable=True),
        sa.Column("missing", TEXT, nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("run_id", "execution_id"),
    )
    op.create_index("fingerprint_alike", "fingerprint", ["digest", "outcome"])
    op.create_table(
        "fingerprint_due",
        sa.Column("run_id", ID, autoincrement=False, nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )
