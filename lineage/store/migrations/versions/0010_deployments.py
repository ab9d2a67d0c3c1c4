"""Deployments, what they say that they serve, and the places that they serve from.

Revision: 0010
"""

import sqlalchemy as sa
from alembic import op

from lineage.store.migrations.steps import Brief, Take

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def code(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade(take: Take) -> None:
    take(Brief(says="makes deployment, deployment_statement, served, served_around", run=_make_tables))


def _make_tables() -> None:
    op.create_table(
        "deployment",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("uid", TEXT, nullable=False),
        sa.Column("kind", code(20), nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("cluster", TEXT, nullable=True),
        sa.Column("namespace", TEXT, nullable=True),
        sa.Column("ready", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("parent", TEXT, nullable=True),
        sa.Column("seen_cluster", TEXT, nullable=True),
        sa.Column("seen_namespace", TEXT, nullable=True),
        sa.Column("seen_version", TEXT, nullable=True),
        sa.Column("rev_kind", code(1), nullable=True),
        sa.Column("rev_rank", TEXT, nullable=True),
        sa.Column("rev_latest", sa.BigInteger(), nullable=True),
        sa.Column("rev_ended", sa.Boolean(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("other_rank", TEXT, nullable=True),
        sa.Column("other_latest", sa.BigInteger(), nullable=True),
        sa.Column("other_ended", sa.Boolean(), nullable=True),
        sa.Column("other_body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uid"),
    )
    op.create_index("ix_deployment_name", "deployment", ["name"])
    op.create_table(
        "deployment_statement",
        sa.Column("deployment_id", ID, autoincrement=False, nullable=False),
        sa.Column("told_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", code(32), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("first_rank", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deployment_id", "told_at", "digest"),
    )
    op.create_table(
        "served",
        sa.Column("deployment_id", ID, autoincrement=False, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("location_id", ID, nullable=False),
        sa.Column("cluster", TEXT, nullable=False),
        sa.Column("store", TEXT, nullable=False),
        sa.Column("uri", TEXT, nullable=False),
        sa.Column("read_from", sa.BigInteger(), nullable=False),
        sa.Column("read_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("deployment_id", "label"),
    )
    op.create_index("ix_served_location_id", "served", ["location_id"])
    op.create_table(
        "served_around",
        sa.Column("uri", TEXT, nullable=False),
        sa.Column("deployment_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("uri", "deployment_id"),
    )
    op.create_index("served_around_of_deployment", "served_around", ["deployment_id"])
