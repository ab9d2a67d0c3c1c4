"""The feed of runs that changed, and which store this is; and workflows are found by when they were seen last.

Revision: 0015
"""

import secrets

import sqlalchemy as sa
from alembic import op

from lineage.store.migrations.steps import AddIndex, Brief, Take

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CODE = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade(take: Take) -> None:
    take(Brief(says="makes feed, run_change", run=_make_tables))
    known = "seen_version IS NOT NULL"
    take(AddIndex(name="workflow_by_seen_version", table="workflow", columns=["seen_version"], where=known))


def _make_tables() -> None:
    feed = op.create_table(
        "feed",
        sa.Column("id", ID, nullable=False, autoincrement=False),
        sa.Column("store", CODE, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(feed, [{"id": 1, "store": secrets.token_hex(16), "place": 0}])
    op.create_table(
        "run_change",
        sa.Column("run_id", ID, nullable=False, autoincrement=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_index("ix_run_change_place", "run_change", ["place"])
