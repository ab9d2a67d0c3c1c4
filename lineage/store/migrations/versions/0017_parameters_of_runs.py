"""The parameters of a run stand in its row as well, as one text. Of what is recorded already they are read from theirs.

Revision: 0017
"""

import sqlalchemy as sa

from lineage.store.migrations.steps import AddColumns, Take

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade(take: Take) -> None:
    take(AddColumns(table="run", columns=[sa.Column("parameters", TEXT, nullable=True)]))
