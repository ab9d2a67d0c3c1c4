"""Names in the indexes that searches read: what is found by its name is found without its row.

Revision: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_run_name", "run")
    op.create_index("run_by_names", "run", ["name", "display_name"])
    op.drop_index("ix_execution_node_id", "execution")
    op.create_index("execution_by_node", "execution", ["node_id", "display_name"])
