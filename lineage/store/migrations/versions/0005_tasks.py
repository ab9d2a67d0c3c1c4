"""Tasks of Kubeflow: which executions are plumbing, and what readers were told that artifacts are.

What was recorded before says neither; `lineage reinterpret` makes a store that does.

Revision: 0005
"""

import sqlalchemy as sa

from lineage.store.migrations.steps import AddColumns, Take

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade(take: Take) -> None:
    take(AddColumns(table="execution", columns=[sa.Column("is_system", sa.Boolean(), nullable=True)]))
    take(AddColumns(table="artifact_use", columns=[sa.Column("type", TEXT, nullable=True)]))
