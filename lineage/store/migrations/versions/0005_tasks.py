"""Tasks of Kubeflow: which executions are plumbing, and what readers were told that artifacts are.

What was recorded before says neither; `lineage reinterpret` makes a store that does.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("execution", sa.Column("is_system", sa.Boolean(), nullable=True))
    op.add_column("artifact_use", sa.Column("type", TEXT, nullable=True))
