"""Fingerprints of runs and executions, and which runs are due for theirs: all that have ended.

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
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
    op.execute(
        "INSERT INTO fingerprint_due (run_id, mark) SELECT id, 1 FROM run "
        "WHERE phase IN ('SUCCEEDED', 'FAILED', 'ERROR', 'SKIPPED', 'OMITTED')"
    )
