"""Recurring runs, their specs, and which run they made for when; experiments of Kubeflow, by their id.

Runs that were recorded before belong to none until they are seen again; `lineage reinterpret` makes a store in which
all do.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

from lineage.store.migrations.steps import AddColumns, AddIndex, Brief, Take

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def code(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade(take: Take) -> None:
    take(Brief(says="experiments have an id, and may have no place", run=_change_experiment, locks=["experiment"]))
    take(
        AddColumns(
            table="run",
            columns=[
                sa.Column("maker", TEXT, nullable=True),
                sa.Column("recurring_run_id", ID, nullable=True),
                sa.Column("scheduled_at", sa.BigInteger(), nullable=True),
            ],
        )
    )
    for name, indexed in (
        ("run_by_maker", ["maker"]),
        ("run_by_schedule", ["recurring_run_id", "scheduled_at"]),
        ("run_by_scheduled_at", ["scheduled_at"]),
    ):
        take(AddIndex(name=name, table="run", columns=indexed, where=f"{indexed[0]} IS NOT NULL"))
    take(Brief(says="makes recurring_run, recurring_spec", run=_make_tables))


def _change_experiment() -> None:
    with op.batch_alter_table("experiment") as experiment:
        experiment.add_column(sa.Column("uid", TEXT, nullable=True))
        experiment.alter_column("cluster", existing_type=TEXT, nullable=True)
        experiment.alter_column("namespace", existing_type=TEXT, nullable=True)


def _make_tables() -> None:
    op.create_table(
        "recurring_run",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("uid", TEXT, nullable=False),
        sa.Column("scheduler", code(20), nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("cluster", TEXT, nullable=True),
        sa.Column("namespace", TEXT, nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("experiment_id", ID, nullable=True),
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
        sa.UniqueConstraint("key"),
        sa.UniqueConstraint("uid"),
    )
    op.create_index("ix_recurring_run_name", "recurring_run", ["name"])
    op.create_index("ix_recurring_run_experiment_id", "recurring_run", ["experiment_id"])
    op.create_table(
        "recurring_spec",
        sa.Column("recurring_run_id", ID, autoincrement=False, nullable=False),
        sa.Column("told_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", code(32), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("first_rank", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("recurring_run_id", "told_at", "digest"),
    )
