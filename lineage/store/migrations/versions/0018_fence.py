"""Recorders of releases that do not look at the revision are refused.

Every upgrade begins to do so when it locks out others (`lineage.store.fence`); with this, every store does.

Revision: 0018
"""

from alembic import op

from lineage.store.fence import raise_fence
from lineage.store.migrations.steps import Switch, Take

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade(take: Take) -> None:
    take(Switch(says="refuses recorders that do not look at the revision", run=lambda: raise_fence(op.get_bind())))
