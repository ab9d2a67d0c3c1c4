"""Names in the indexes that a search reads on SQLite: most rows need not be read then.

Revision: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_context().dialect.name != "sqlite":
        return  # PostgreSQL cannot index long texts, and these can be of any length
    op.drop_index("ix_run_name", "run")
    op.create_index("run_by_names", "run", ["name", "display_name"])
    op.drop_index("ix_execution_node_id", "execution")
    op.create_index("execution_by_node", "execution", ["node_id", "display_name"])
