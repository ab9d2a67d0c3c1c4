"""Looks at what lies at the places of artifacts: each is kept, and what follows from them stands with the artifact.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def code(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.drop_table("look")  # nobody looked before there was this revision
    op.create_table(
        "look",
        sa.Column("location_id", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", code(32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("location_id", "at", "digest"),
    )
    op.add_column("artifact", sa.Column("shown", TEXT, nullable=True))
    op.add_column("artifact", sa.Column("verified", code(10), nullable=True))
    op.add_column("artifact", sa.Column("size_bytes", sa.BigInteger(), nullable=True))
    op.add_column("artifact", sa.Column("digest", TEXT, nullable=True))
    op.add_column("artifact", sa.Column("content_digest", TEXT, nullable=True))
    for name in ("digest", "content_digest", "size_bytes"):
        known = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"artifact_by_{name}", "artifact", [name], sqlite_where=known, postgresql_where=known)
    op.add_column("location", sa.Column("look_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE location SET look_at = 0 WHERE store <> 'raw'")
    due = sa.text("look_at IS NOT NULL")
    op.create_index("location_by_look", "location", ["look_at"], sqlite_where=due, postgresql_where=due)
