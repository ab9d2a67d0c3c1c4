"""Alerts, what became of sending them, and how far rules have been followed.

Revision: 0013
"""

import sqlalchemy as sa
from alembic import op

from lineage.store.migrations.steps import Brief, Take

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
CODE = sa.String(20).with_variant(sa.String(20, collation="C"), "postgresql")


def upgrade(take: Take) -> None:
    take(Brief(says="makes alert, alert_rule", run=_make_tables))


def _make_tables() -> None:
    op.create_table(
        "alert",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("cluster", TEXT, nullable=False),
        sa.Column("namespace", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("series", TEXT, nullable=True),
        sa.Column("begins_at", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("tried", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_alert_found_at", "alert", ["found_at"])
    for name, columns in (("alert_of_series", ["series", "rule"]), ("alert_due", ["next_try_at"])):
        known = sa.column(columns[0]).is_not(None)
        op.create_index(name, "alert", columns, sqlite_where=known, postgresql_where=known)
    op.create_table(
        "alert_rule",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
