"""The first tables.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

from lineage.store.migrations.steps import Brief, Take

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def code(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade(take: Take) -> None:
    take(Brief(says="makes the first tables", run=_make_tables))


def _make_tables() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        op.execute(sa.schema.CreateSequence(sa.Sequence("id_block", start=1, increment=1000)))
    op.create_table(
        "artifact",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("location_id", ID, nullable=False),
        sa.Column("execution_id", ID, nullable=True),
        sa.Column("run_id", ID, nullable=True),
        sa.Column("state", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("wrote_from", sa.BigInteger(), nullable=True),
        sa.Column("wrote_to", sa.BigInteger(), nullable=True),
        sa.Column("span_from", sa.BigInteger(), nullable=True),
        sa.Column("span_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("artifact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_execution_id"), ["execution_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_artifact_location_id"), ["location_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_artifact_run_id"), ["run_id"], unique=False)
    op.create_index("artifact_by_time", "artifact", [sa.text("nullif(span_to, 1099511627776)")], unique=False)

    op.create_table(
        "artifact_use",
        sa.Column("execution_id", ID, autoincrement=False, nullable=False),
        sa.Column("role", code(10), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("location_id", ID, nullable=False),
        sa.Column("read_from", sa.BigInteger(), nullable=False),
        sa.Column("read_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("execution_id", "role", "name"),
    )
    with op.batch_alter_table("artifact_use", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_use_run_id"), ["run_id"], unique=False)
        batch_op.create_index("use_of_location", ["location_id", "read_to"], unique=False)

    op.create_table(
        "coverage",
        sa.Column("cluster", TEXT, nullable=False),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("namespace", TEXT, nullable=False),
        sa.Column("since", TEXT, nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.Column("until", TEXT, nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("objects", sa.BigInteger(), nullable=False),
        sa.Column("listed", sa.LargeBinary(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("cluster", "resource", "namespace", "since"),
    )
    op.create_table("deleted", sa.Column("uid", TEXT, nullable=False), sa.PrimaryKeyConstraint("uid"))
    op.create_table(
        "edge",
        sa.Column("target", ID, autoincrement=False, nullable=False),
        sa.Column("source", ID, autoincrement=False, nullable=False),
        sa.Column("role", code(10), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("ambiguous", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("target", "role", "source", "name"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("edge", schema=None) as batch_op:
        batch_op.create_index("edge_by_source", ["source", "role", "target"], unique=False)

    op.create_table(
        "execution",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("node_id", TEXT, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("is_group", sa.Boolean(), nullable=False),
        sa.Column("acts", sa.Boolean(), nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("display_name", TEXT, nullable=False),
        sa.Column("template", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("phase", code(10), nullable=False),
        sa.Column("cached", sa.Boolean(), nullable=False),
        sa.Column("parents", TEXT, nullable=False),
        sa.Column("digest", code(32), nullable=False),
        sa.Column("in_roll_k", sa.Boolean(), nullable=False),
        sa.Column("in_roll_r", sa.Boolean(), nullable=False),
        sa.Column("rev_kind", code(1), nullable=True),
        sa.Column("rev_rank", TEXT, nullable=True),
        sa.Column("rev_latest", sa.BigInteger(), nullable=True),
        sa.Column("rev_ended", sa.Boolean(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("other_rank", TEXT, nullable=True),
        sa.Column("other_latest", sa.BigInteger(), nullable=True),
        sa.Column("other_ended", sa.Boolean(), nullable=True),
        sa.Column("other_body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("execution", schema=None) as batch_op:
        batch_op.create_index("execution_of_run", ["run_id", "started_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_execution_node_id"), ["node_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_execution_started_at"), ["started_at"], unique=False)

    op.create_table(
        "experiment",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("cluster", TEXT, nullable=False),
        sa.Column("namespace", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "kept_object",
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("uid", TEXT, nullable=False),
        sa.Column("kind", code(1), nullable=False),
        sa.Column("rev_rank", TEXT, nullable=False),
        sa.Column("rev_latest", sa.BigInteger(), nullable=False),
        sa.Column("rev_ended", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("uid", "resource", "kind"),
    )
    op.create_table(
        "listed",
        sa.Column("listing_id", ID, autoincrement=False, nullable=False),
        sa.Column("uid", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("listing_id", "uid"),
    )
    op.create_table(
        "listing",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("cluster", TEXT, nullable=False),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("namespace", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("listing", schema=None) as batch_op:
        batch_op.create_index("listing_of_scope", ["cluster", "resource", "namespace"], unique=True)

    op.create_table(
        "location",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("store", TEXT, nullable=False),
        sa.Column("uri", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("location", schema=None) as batch_op:
        batch_op.create_index("location_by_uri", ["uri", "store"], unique=True)

    op.create_table(
        "log_position",
        sa.Column("log", TEXT, nullable=False),
        sa.Column("position", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("log"),
    )
    op.create_table(
        "look",
        sa.Column("location_id", ID, autoincrement=False, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("modified_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("etag", TEXT, nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("location_id", "version", "modified_at", "etag"),
    )
    op.create_table(
        "node",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "pipeline",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("cluster", TEXT, nullable=False),
        sa.Column("namespace", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "pipeline_version",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("pipeline_id", ID, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("spec", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("pipeline_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pipeline_version_pipeline_id"), ["pipeline_id"], unique=False)

    op.create_table(
        "pod",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("uid", TEXT, nullable=False),
        sa.Column("owner_uid", TEXT, nullable=False),
        sa.Column("node_id", TEXT, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("execution_id", ID, nullable=True),
        sa.Column("born", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("reused", sa.Boolean(), nullable=False),
        sa.Column("seen_cluster", TEXT, nullable=True),
        sa.Column("seen_namespace", TEXT, nullable=True),
        sa.Column("seen_version", TEXT, nullable=True),
        sa.Column("rev_kind", code(1), nullable=True),
        sa.Column("rev_rank", TEXT, nullable=True),
        sa.Column("rev_latest", sa.BigInteger(), nullable=True),
        sa.Column("rev_ended", sa.Boolean(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("other_rank", TEXT, nullable=True),
        sa.Column("other_latest", sa.BigInteger(), nullable=True),
        sa.Column("other_ended", sa.Boolean(), nullable=True),
        sa.Column("other_body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uid"),
    )
    with op.batch_alter_table("pod", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pod_execution_id"), ["execution_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pod_owner_uid"), ["owner_uid"], unique=False)
        batch_op.create_index(batch_op.f("ix_pod_run_id"), ["run_id"], unique=False)

    op.create_table(
        "pod_image",
        sa.Column("pod_id", ID, autoincrement=False, nullable=False),
        sa.Column("container", TEXT, nullable=False),
        sa.Column("reference", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("pod_id", "container"),
    )
    with op.batch_alter_table("pod_image", schema=None) as batch_op:
        batch_op.create_index("image_by_digest", ["digest"], unique=False)

    op.create_table(
        "rejected",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("cluster", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("event", sa.LargeBinary(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("rejected", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rejected_at"), ["at"], unique=False)

    op.create_table(
        "roll",
        sa.Column("run_id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", code(1), nullable=False),
        sa.Column("rev_kind", code(1), nullable=True),
        sa.Column("rev_rank", TEXT, nullable=True),
        sa.Column("rev_latest", sa.BigInteger(), nullable=True),
        sa.Column("rev_ended", sa.Boolean(), nullable=True),
        sa.Column("waiting", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "kind"),
    )
    op.create_table(
        "run",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("uid", TEXT, nullable=True),
        sa.Column("incarnation", TEXT, nullable=True),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("display_name", TEXT, nullable=True),
        sa.Column("cluster", TEXT, nullable=True),
        sa.Column("namespace", TEXT, nullable=True),
        sa.Column("phase", code(10), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("pipeline_version_id", ID, nullable=True),
        sa.Column("experiment_id", ID, nullable=True),
        sa.Column("resubmitted_from", TEXT, nullable=True),
        sa.Column("roll_kind", code(1), nullable=True),
        sa.Column("is_stub", sa.Boolean(), nullable=False),
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
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_run_experiment_id"), ["experiment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_run_finished_at"), ["finished_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_run_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_run_pipeline_version_id"), ["pipeline_version_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_run_started_at"), ["started_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_run_uid"), ["uid"], unique=False)
        batch_op.create_index("run_by_name", ["cluster", "namespace", "name"], unique=False)
    op.create_index("run_by_duration", "run", [sa.column("finished_at") - sa.column("started_at")], unique=False)

    op.create_table(
        "run_label",
        sa.Column("run_id", ID, autoincrement=False, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("run_id", "name"),
    )
    op.create_table(
        "run_parameter",
        sa.Column("run_id", ID, autoincrement=False, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "name"),
    )
    with op.batch_alter_table("run_parameter", schema=None) as batch_op:
        if on_postgresql:
            batch_op.create_index("parameter_by_name", ["name"], unique=False)
        else:
            batch_op.create_index("parameter_by_value", ["name", "value"], unique=False)

    op.create_table(
        "source",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("cluster", TEXT, nullable=False),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("namespace", TEXT, nullable=False),
        sa.Column("state", code(10), nullable=True),
        sa.Column("message", TEXT, nullable=True),
        sa.Column("stated_at", sa.BigInteger(), nullable=True),
        sa.Column("observed", sa.BigInteger(), nullable=False),
        sa.Column("last_event_at", sa.BigInteger(), nullable=True),
        sa.Column("lag_microseconds", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", "cluster", "resource", "namespace"),
    )
    op.create_table(
        "workflow",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("uid", TEXT, nullable=False),
        sa.Column("run_id", ID, nullable=False),
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
    with op.batch_alter_table("workflow", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_workflow_run_id"), ["run_id"], unique=False)
