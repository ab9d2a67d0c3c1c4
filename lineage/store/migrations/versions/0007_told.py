"""What services of Kubeflow tell: experiments, pipelines and their versions, recurring runs, runs.

Revision: 0007
"""

import sqlalchemy as sa
from alembic import op

from lineage.store.migrations.steps import Brief, Take

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _code(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade(take: Take) -> None:
    take(Brief(says="makes told", run=_make_told))


def _make_told() -> None:
    op.create_table(
        "told",
        sa.Column("uid", TEXT, nullable=False),
        sa.Column("what", _code(20), nullable=False),
        sa.Column("cluster", TEXT, nullable=False),
        sa.Column("namespace", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("pipeline_id", ID, nullable=True),
        sa.Column("version_id", ID, nullable=True),
        sa.Column("upload", TEXT, nullable=True),
        sa.Column("rev_kind", _code(1), nullable=True),
        sa.Column("rev_rank", TEXT, nullable=True),
        sa.Column("rev_latest", sa.BigInteger(), nullable=True),
        sa.Column("rev_ended", sa.Boolean(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("other_rank", TEXT, nullable=True),
        sa.Column("other_latest", sa.BigInteger(), nullable=True),
        sa.Column("other_ended", sa.Boolean(), nullable=True),
        sa.Column("other_body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("uid", "what"),
    )
    for name in ("pipeline_id", "version_id", "upload"):
        known = sa.column(name).is_not(None)
        op.create_index(f"told_by_{name}", "told", [name], sqlite_where=known, postgresql_where=known)
