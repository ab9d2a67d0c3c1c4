"""Names in the indexes that a search reads on SQLite: most rows need not be read then.

Revision: 0003
"""

from lineage.store.migrations.steps import AddIndex, DropIndex, Take

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade(take: Take) -> None:
    # PostgreSQL cannot index long texts, and these can be of any length.
    for name, table, columns, before in (
        ("run_by_names", "run", ["name", "display_name"], "ix_run_name"),
        ("execution_by_node", "execution", ["node_id", "display_name"], "ix_execution_node_id"),
    ):
        take(AddIndex(name=name, table=table, columns=columns, only="sqlite"))
        take(DropIndex(name=before, table=table, only="sqlite"))
