"""What Kubeflow's own records tell of executions.

Revision: 0008
"""

import sqlalchemy as sa

from lineage.store.migrations.steps import AddColumns, AddIndex, Take

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade(take: Take) -> None:
    take(
        AddColumns(
            table="execution",
            columns=[sa.Column("told_as", TEXT, nullable=True), sa.Column("told", sa.LargeBinary(), nullable=True)],
        )
    )
    known = "told_as IS NOT NULL"
    take(AddIndex(name="execution_told_as", table="execution", columns=["told_as"], where=known))
