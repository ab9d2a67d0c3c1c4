"""Metrics: the latest values, and what engines count of each attempt; types of artifacts.

What was recorded before has none but those of looks and views that come again; `lineage reinterpret` makes a store that
has all.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

from lineage.store.migrations.steps import AddColumns, Brief, Take

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
CODE = sa.String(20).with_variant(sa.String(20, collation="C"), "postgresql")


def upgrade(take: Take) -> None:
    take(
        AddColumns(
            table="execution",
            columns=[
                sa.Column("attempt", sa.Integer(), nullable=True),
                sa.Column("cpu_seconds", sa.Double(), nullable=True),
                sa.Column("memory_seconds", sa.Double(), nullable=True),
                sa.Column("measured", sa.Boolean(), nullable=True),
            ],
        )
    )
    take(AddColumns(table="artifact", columns=[sa.Column("type", TEXT, nullable=True)]))
    take(AddColumns(table="look", columns=[sa.Column("says", sa.Boolean(), nullable=True)]))
    take(Brief(says="makes metric", run=_make_metric))


def _make_metric() -> None:
    op.create_table(
        "metric",
        sa.Column("execution_id", ID, autoincrement=False, nullable=False),
        sa.Column("origin", ID, autoincrement=False, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("special", CODE, nullable=True),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("is_percentage", sa.Boolean(), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("execution_id", "origin", "name"),
        sqlite_with_rowid=False,
    )
    op.create_index("metric_of_run", "metric", ["run_id", "name"])
    op.create_index("metric_by_origin", "metric", ["origin"])
    op.create_index("metric_by_name", "metric", ["name"])
