"""Looks at what lies at the places of artifacts: each is kept, and what follows from them stands with the artifact.

Revision: 0002
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from lineage.store.migrations.steps import AddColumns, AddIndex, Fill, Switch, Take

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


location = sa.table(
    "location", sa.column("id", sa.BigInteger()), sa.column("store", sa.Text()), sa.column("look_at", sa.BigInteger())
)


def code(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade(take: Take) -> None:
    take(
        AddColumns(
            table="artifact",
            columns=[
                sa.Column("shown", TEXT, nullable=True),
                sa.Column("verified", code(10), nullable=True),
                sa.Column("size_bytes", sa.BigInteger(), nullable=True),
                sa.Column("digest", TEXT, nullable=True),
                sa.Column("content_digest", TEXT, nullable=True),
            ],
        )
    )
    for name in ("digest", "content_digest", "size_bytes"):
        take(AddIndex(name=f"artifact_by_{name}", table="artifact", columns=[name], where=f"{name} IS NOT NULL"))
    take(AddColumns(table="location", columns=[sa.Column("look_at", sa.BigInteger(), nullable=True)]))
    take(Fill(says="every place is due for a look", key=location.c.id, fill=_make_due))
    take(AddIndex(name="location_by_look", table="location", columns=["look_at"], where="look_at IS NOT NULL"))
    # Nobody looked before there was this revision; but recorders read the table.
    take(Switch(says="puts another table in the place of look, which is empty", run=_replace_looks, locks=["look"]))


def _make_due(connection: sa.Connection, ids: Sequence[int]) -> None:
    some = location.c.id.in_(ids)
    connection.execute(sa.update(location).where(some, location.c.store != "raw").values(look_at=0))


def _replace_looks() -> None:
    op.drop_table("look")
    op.create_table(
        "look",
        sa.Column("location_id", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", code(32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("location_id", "at", "digest"),
    )
