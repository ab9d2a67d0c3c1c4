"""Runs whose details were forgotten say so, and which are due for that is noted.

Revision: 0016
"""

import sqlalchemy as sa
from alembic import op

from lineage.store.migrations.steps import AddColumns, Brief, Take

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CODE = sa.String(80).with_variant(sa.String(80, collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(take: Take) -> None:
    take(AddColumns(table="run", columns=[sa.Column("forgotten_at", sa.BigInteger(), nullable=True)]))
    take(Brief(says="makes retention_due, retention_plan", run=_make_tables))


def _make_tables() -> None:
    op.create_table(
        "retention_due",
        sa.Column("run_id", ID, nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_index("retention_due_by_time", "retention_due", ["at", "run_id"])
    op.create_table(
        "retention_plan",
        sa.Column("id", ID, nullable=False, autoincrement=False),
        sa.Column("rules", CODE, nullable=False),
        sa.Column("scanned", ID, nullable=True),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
