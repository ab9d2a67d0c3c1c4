"""What else runs something than workflows: kinds of runs, executions that are objects of their own, and what started
what.

Which of the recorded workflows a step had started was not noted; `lineage reinterpret` makes a store that says so.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

from lineage.store.migrations.steps import AddColumns, AddIndex, Brief, Take

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _code(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade(take: Take) -> None:
    take(
        AddColumns(
            table="run",
            columns=[
                sa.Column("kind", TEXT, nullable=True),
                sa.Column("starter", TEXT, nullable=True),
                sa.Column("starter_id", ID, nullable=True),
                sa.Column("best", TEXT, nullable=True),
            ],
        )
    )
    take(AddColumns(table="workflow", columns=[sa.Column("resource", TEXT, nullable=True)]))
    take(
        AddColumns(
            table="execution",
            columns=[sa.Column("object_uid", TEXT, nullable=True), sa.Column("creates", TEXT, nullable=True)],
        )
    )
    for table, column in (
        ("run", "starter"),
        ("run", "starter_id"),
        ("execution", "object_uid"),
        ("execution", "creates"),
    ):
        known = f"{column} IS NOT NULL"
        take(AddIndex(name=f"{table}_by_{column}", table=table, columns=[column], where=known))
    take(Brief(says="makes member, turn", run=_make_tables))


def _make_tables() -> None:
    op.create_table(
        "member",
        sa.Column("execution_id", ID, autoincrement=False, nullable=False),
        sa.Column("uid", TEXT, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("cluster", TEXT, nullable=False),
        sa.Column("seen_cluster", TEXT, nullable=True),
        sa.Column("seen_namespace", TEXT, nullable=True),
        sa.Column("seen_version", TEXT, nullable=True),
        sa.Column("rev_kind", _code(1), nullable=True),
        sa.Column("rev_rank", TEXT, nullable=True),
        sa.Column("rev_latest", sa.BigInteger(), nullable=True),
        sa.Column("rev_ended", sa.Boolean(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("other_rank", TEXT, nullable=True),
        sa.Column("other_latest", sa.BigInteger(), nullable=True),
        sa.Column("other_ended", sa.Boolean(), nullable=True),
        sa.Column("other_body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("execution_id"),
        sa.UniqueConstraint("uid"),
    )
    op.create_index("ix_member_run_id", "member", ["run_id"])
    op.create_table(
        "turn",
        sa.Column("execution_id", ID, autoincrement=False, nullable=False),
        sa.Column("what", _code(10), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rank", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("execution_id", "what", "name", "number"),
    )
