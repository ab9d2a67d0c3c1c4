"""What Kubeflow's own records tell of executions.

Revision: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("execution", sa.Column("told_as", TEXT, nullable=True))
    op.add_column("execution", sa.Column("told", sa.LargeBinary(), nullable=True))
    known = sa.column("told_as").is_not(None)
    op.create_index("execution_told_as", "execution", ["told_as"], sqlite_where=known, postgresql_where=known)
