"""Experiments of Kubeflow: by their id, before anybody tells their name or where they are.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("experiment") as experiment:
        experiment.add_column(sa.Column("uid", TEXT, nullable=True))
        experiment.alter_column("cluster", existing_type=TEXT, nullable=True)
        experiment.alter_column("namespace", existing_type=TEXT, nullable=True)
