"""The tables. Integer keys inside, natural keys as text at the edge, times as microseconds since 1970.

Text sorts by its bytes on every database: as SQLite does of itself, and PostgreSQL with the collation "C".

A subject's row holds the view that readers get: columns to find it by, and `body`, the fact itself. If
both classes of view exist, the other one lies in the same row, in the columns `other_…`.
"""

from typing import Any

import sqlalchemy
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    String,
    Table,
    and_,
    func,
    literal_column,
)
from sqlalchemy.types import TypeEngine

from lineage.merge import OPEN

metadata = MetaData()

# SQLite makes a 64-bit rowid of INTEGER alone.
Id = BigInteger().with_variant(Integer, "sqlite")
Text = sqlalchemy.Text().with_variant(sqlalchemy.Text(collation="C"), "postgresql")


def _code(length: int) -> TypeEngine[str]:
    """One of a few words of our own."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


# Databases with several writers at a time hand out ids in blocks of this size (`lineage.store.postgresql`).
ID_BLOCK = 1000
id_block = Sequence("id_block", start=1, increment=ID_BLOCK, metadata=metadata)


def _index_of_known(name: str, column: Column[Any], *others: Column[Any]) -> Index:
    """Index what is known: most rows have nothing there, and cost nothing."""
    known = column.is_not(None)
    return Index(name, column, *others, sqlite_where=known, postgresql_where=known)


def _revision() -> list[Column[object]]:
    """Where the view stands in the order of views (`lineage.facts.Revision`)."""
    return [
        Column("rev_kind", _code(1)),
        Column("rev_rank", Text),
        Column("rev_latest", BigInteger),
        Column("rev_ended", Boolean),
    ]


def _other_view() -> list[Column[object]]:
    """The newest view of the class that readers do not get, which is rare."""
    return [
        Column("other_rank", Text),
        Column("other_latest", BigInteger),
        Column("other_ended", Boolean),
        Column("other_body", LargeBinary),
    ]


def _listed_under() -> list[Column[object]]:
    """The newest view with a resourceVersion: what a complete list is compared with."""
    return [Column("seen_cluster", Text), Column("seen_namespace", Text), Column("seen_version", Text)]


# One space of ids for everything that can stand in a provenance graph.
node = Table(
    "node",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
)

run = Table(
    "run",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("uid", Text, index=True),
    Column("incarnation", Text),
    Column("name", Text),
    Column("display_name", Text),
    Column("cluster", Text),
    Column("namespace", Text),
    Column("phase", _code(10)),
    Column("created_at", BigInteger, index=True),
    Column("started_at", BigInteger, index=True),
    Column("finished_at", BigInteger, index=True),
    Column("pipeline_version_id", Id),
    Column("experiment_id", Id),
    Column("resubmitted_from", Text),
    Column("roll_kind", _code(1)),
    Column("is_stub", Boolean, nullable=False),
    *_revision(),
    Column("body", LargeBinary),
    *_other_view(),
    # Which recurring run made it, as its view says (`lineage.store.locks.maker`), and which one that is.
    Column("maker", Text),
    Column("recurring_run_id", Id),
    Column("scheduled_at", BigInteger),
    # What kind of object it is, where that is no workflow. What started it, as its view says
    # (`lineage.store.starting`), and which execution that is.
    Column("kind", Text),
    Column("starter", Text),
    Column("starter_id", Id),
    # Of one that tunes something, what it calls the best of its executions.
    Column("best", Text),
    # When the details of all that was seen of it until then were forgotten (`lineage.store.forgetting`).
    Column("forgotten_at", BigInteger),
    # Its rows of `run_parameter` as one JSON object, for who reads those of many runs; null where they were recorded
    # before there was this.
    Column("parameters", Text),
    Index("run_by_name", "cluster", "namespace", "name"),
    # What a search reads of most runs. PostgreSQL cannot index long texts, and a shown name can be of any length.
    Index("run_by_names", "name", "display_name").ddl_if(dialect="sqlite"),
    Index("ix_run_name", "name").ddl_if(dialect="postgresql"),
)
Index("run_by_duration", run.c.finished_at - run.c.started_at)

# Where a run stands on the axis of time: where it was due, else where it started, else where it was made. By that the
# last runs of what has many are found.
STANDS_AT = func.coalesce(run.c.scheduled_at, run.c.started_at, run.c.created_at, type_=BigInteger)
Index("run_of_version_in_time", run.c.pipeline_version_id, STANDS_AT, run.c.key)
Index("run_of_experiment_in_time", run.c.experiment_id, STANDS_AT, run.c.key)
Index("run_of_recurring_run_in_time", run.c.recurring_run_id, STANDS_AT, run.c.key)
_index_of_known("run_by_maker", run.c.maker)
_index_of_known("run_by_schedule", run.c.recurring_run_id, run.c.scheduled_at)
_index_of_known("run_by_scheduled_at", run.c.scheduled_at)
_index_of_known("run_by_starter", run.c.starter)
_index_of_known("run_by_starter_id", run.c.starter_id)

run_parameter = Table(
    "run_parameter",
    metadata,
    Column("run_id", Id, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("value", Text),
    Column("number", Double),
    # PostgreSQL cannot index long values, and parameters can be of any length.
    Index("parameter_by_value", "name", "value").ddl_if(dialect="sqlite"),
    Index("parameter_by_name", "name").ddl_if(dialect="postgresql"),
)

run_label = Table(
    "run_label",
    metadata,
    Column("run_id", Id, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("value", Text),
)

pipeline = Table(
    "pipeline",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("cluster", Text, nullable=False),
    Column("namespace", Text),
)

pipeline_version = Table(
    "pipeline_version",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("pipeline_id", Id, nullable=False, index=True),
    Column("digest", Text, nullable=False),
    Column("spec", LargeBinary, nullable=False),
)

experiment = Table(
    "experiment",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("cluster", Text),
    Column("namespace", Text),
    # Kubeflow's id of it; null for one that a label names. Until somebody tells its name, that is the id, and until
    # somebody tells where it is, that is null.
    Column("uid", Text),
)

recurring_run = Table(
    "recurring_run",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("uid", Text, nullable=False, unique=True),
    Column("scheduler", _code(20)),
    Column("name", Text, index=True),
    Column("cluster", Text),
    Column("namespace", Text),
    Column("enabled", Boolean),
    Column("created_at", BigInteger),
    Column("experiment_id", Id, index=True),
    *_listed_under(),
    *_revision(),
    Column("body", LargeBinary),
    *_other_view(),
)

# The specs of a recurring run: those of which the object says since when they were in force, by that time, in
# microseconds since 1970; of the others (0), the first and last time that each was seen, and the first view of it.
recurring_spec = Table(
    "recurring_spec",
    metadata,
    Column("recurring_run_id", Id, primary_key=True, autoincrement=False),
    Column("told_at", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", _code(32), primary_key=True),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("first_rank", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# What services of Kubeflow told, by its uid there. An upload of a pipeline version, and a run, lead to their version;
# a run names the upload, which may be told later.
told = Table(
    "told",
    metadata,
    Column("uid", Text),
    Column("what", _code(20)),
    Column("cluster", Text, nullable=False),
    Column("namespace", Text),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger),
    Column("pipeline_id", Id),
    Column("version_id", Id),
    Column("upload", Text),
    *_revision(),
    Column("body", LargeBinary, nullable=False),
    *_other_view(),
    PrimaryKeyConstraint("uid", "what"),
)
for _column in (told.c.pipeline_id, told.c.version_id, told.c.upload):
    _index_of_known(f"told_by_{_column.name}", _column)

# What serves models. Its id is that of its node.
deployment = Table(
    "deployment",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("uid", Text, nullable=False, unique=True),
    Column("kind", _code(20)),
    Column("name", Text, index=True),
    Column("cluster", Text),
    Column("namespace", Text),
    Column("ready", Boolean),
    Column("created_at", BigInteger),
    Column("parent", Text),
    *_listed_under(),
    *_revision(),
    Column("body", LargeBinary),
    *_other_view(),
)

# What views of a deployment said of its components, each once: of one spec by when that was written, in microseconds
# since 1970 (0 where nobody says), and by what it says. The body is that of the first view.
deployment_statement = Table(
    "deployment_statement",
    metadata,
    Column("deployment_id", Id, primary_key=True, autoincrement=False),
    Column("told_at", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", _code(32), primary_key=True),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("first_rank", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# Which places deployments serve and served, a label for each model of each revision, and when they read them, in
# seconds since 1970. What lies there, and at the places around, are uses like any other, in the role SERVED.
served = Table(
    "served",
    metadata,
    Column("deployment_id", Id, primary_key=True, autoincrement=False),
    Column("label", Text, primary_key=True),
    Column("location_id", Id, nullable=False, index=True),
    Column("cluster", Text, nullable=False),
    Column("store", Text, nullable=False),
    Column("uri", Text, nullable=False),
    Column("read_from", BigInteger, nullable=False),
    Column("read_to", BigInteger, nullable=False),
)

# By which uris a deployment is found by who writes there: the places that it serves, and the folders around them.
served_around = Table(
    "served_around",
    metadata,
    Column("uri", Text, primary_key=True),
    Column("deployment_id", Id, primary_key=True, autoincrement=False),
    Index("served_around_of_deployment", "deployment_id"),
)

workflow = Table(
    "workflow",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("uid", Text, nullable=False, unique=True),
    Column("run_id", Id, nullable=False, index=True),
    *_listed_under(),
    *_revision(),
    Column("body", LargeBinary),
    *_other_view(),
    # Which kind of object it is, where that is no workflow.
    Column("resource", Text),
)
_index_of_known("workflow_by_seen_version", workflow.c.seen_version)

# The newest view of each class names attempts (`execution.in_roll_…`), and nodes that wait.
roll = Table(
    "roll",
    metadata,
    Column("run_id", Id, primary_key=True, autoincrement=False),
    Column("kind", _code(1), primary_key=True),
    *_revision(),
    Column("waiting", LargeBinary, nullable=False),
)

execution = Table(
    "execution",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("run_id", Id, nullable=False),
    Column("node_id", Text, nullable=False),
    Column("started_at", BigInteger, index=True),
    Column("finished_at", BigInteger),
    Column("is_group", Boolean, nullable=False),
    Column("acts", Boolean, nullable=False),
    Column("is_provisional", Boolean, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("template", Text),
    Column("kind", Text, nullable=False),
    Column("phase", _code(10), nullable=False),
    Column("cached", Boolean, nullable=False),
    Column("parents", Text, nullable=False),
    Column("digest", _code(32), nullable=False),
    Column("in_roll_k", Boolean, nullable=False),
    Column("in_roll_r", Boolean, nullable=False),
    *_revision(),
    Column("body", LargeBinary, nullable=False),
    *_other_view(),
    Column("attempt", Integer),
    # What the engine counted, in seconds of its units: one core, and (by its release) 1 GiB or 100 MiB.
    Column("cpu_seconds", Double),
    Column("memory_seconds", Double),
    # Whether output parameters of it are metrics.
    Column("measured", Boolean),
    # Whether it is plumbing of the engine; null where it is not, as most are not.
    Column("is_system", Boolean),
    # The id, or the place, by which Kubeflow's records know it, and what they tell of it.
    Column("told_as", Text),
    Column("told", LargeBinary),
    # The uid of the object that it is, where it is one of its own; and what it creates, by what that is found
    # (`lineage.identity.creation_name`).
    Column("object_uid", Text),
    Column("creates", Text),
    Index("execution_of_run", "run_id", "started_at"),
    Index("execution_by_node", "node_id", "display_name").ddl_if(dialect="sqlite"),  # as with runs
    Index("ix_execution_node_id", "node_id").ddl_if(dialect="postgresql"),
)

_index_of_known("execution_told_as", execution.c.told_as)
_index_of_known("execution_by_object_uid", execution.c.object_uid)
_index_of_known("execution_by_creates", execution.c.creates)

# The objects that are executions by themselves: trials, jobs.
member = Table(
    "member",
    metadata,
    Column("execution_id", Id, primary_key=True, autoincrement=False),
    Column("uid", Text, nullable=False, unique=True),
    Column("run_id", Id, nullable=False, index=True),
    Column("resource", Text, nullable=False),
    Column("cluster", Text, nullable=False),
    *_listed_under(),
    *_revision(),
    Column("body", LargeBinary),
    *_other_view(),
)

# What they came to, in any view: a condition by its type, status and time in seconds (0: it does not say when), or a
# scale by the generation of the spec. Of views that say it differently the newest counts.
CONDITION, SCALE = "condition", "scale"
turn = Table(
    "turn",
    metadata,
    Column("execution_id", Id, autoincrement=False),
    Column("what", _code(10)),
    Column("name", Text),
    Column("number", BigInteger, autoincrement=False),
    Column("rank", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("execution_id", "what", "name", "number"),
)

pod = Table(
    "pod",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("uid", Text, nullable=False, unique=True),
    Column("owner_uid", Text, nullable=False, index=True),
    Column("node_id", Text, nullable=False),
    Column("run_id", Id, nullable=False, index=True),
    Column("execution_id", Id, index=True),
    Column("born", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("reused", Boolean, nullable=False),
    *_listed_under(),
    *_revision(),
    Column("body", LargeBinary, nullable=False),
    *_other_view(),
)
pod_image = Table(
    "pod_image",
    metadata,
    Column("pod_id", Id, primary_key=True, autoincrement=False),
    Column("container", Text, primary_key=True),
    Column("reference", Text, nullable=False),
    Column("digest", Text),
    Index("image_by_digest", "digest"),
)

location = Table(
    "location",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("store", Text, nullable=False),
    Column("uri", Text, nullable=False),
    # When to look at what lies there, in seconds since 1970; null where there is nothing to look at.
    Column("look_at", BigInteger),
    Index("location_by_uri", "uri", "store", unique=True),
)
_index_of_known("location_by_look", location.c.look_at)

# A recorded write has an execution; an outside one a state; what lay there before neither.
artifact = Table(
    "artifact",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("location_id", Id, nullable=False, index=True),
    Column("execution_id", Id, index=True),
    Column("run_id", Id, index=True),
    Column("state", Text),
    Column("name", Text, nullable=False),
    Column("wrote_from", BigInteger),
    Column("wrote_to", BigInteger),
    Column("span_from", BigInteger),
    Column("span_to", BigInteger),
    # What looks at its location say of it (`lineage.verification`): which state of that place it is known to be, and
    # what became of it.
    Column("shown", Text),
    Column("verified", _code(10)),
    Column("size_bytes", BigInteger),
    Column("digest", Text),
    Column("content_digest", Text),
    Column("type", Text),
)
for _column in (artifact.c.digest, artifact.c.content_digest, artifact.c.size_bytes):
    _index_of_known(f"artifact_by_{_column.name}", _column)


def is_from_outside(digest: str) -> ColumnElement[bool]:
    """Say that nobody is known to have written an artifact of which this digest is known. Written out, as an index is
    only used by those who use its very words."""
    return and_(artifact.c.execution_id.is_(None), artifact.c[digest].is_not(None))


for _column in (artifact.c.digest, artifact.c.content_digest):
    _outside = is_from_outside(_column.name)
    Index(f"artifact_from_outside_by_{_column.name}", _column, sqlite_where=_outside, postgresql_where=_outside)

# When an artifact was there, in seconds; null where nobody knows. Written out, as an index is only used by those
# who use its very words.
WRITTEN_AT = func.nullif(artifact.c.span_to, literal_column(str(OPEN), BigInteger), type_=BigInteger)
Index("artifact_by_time", WRITTEN_AT)

look = Table(
    "look",
    metadata,
    Column("location_id", Id, primary_key=True, autoincrement=False),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", _code(32), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    # Whether what lay there says something that we can read.
    Column("says", Boolean),
)

# The latest value of each metric of an execution, from each origin: an artifact, or 0 for its output parameters. So
# each row follows from what one lock holds.
OUTPUT_PARAMETERS = 0
metric = Table(
    "metric",
    metadata,
    Column("execution_id", Id, autoincrement=False),
    Column("origin", Id, autoincrement=False),
    Column("name", Text),
    Column("run_id", Id, nullable=False),
    Column("value", Double),
    Column("special", _code(20)),
    Column("step", BigInteger, nullable=False),
    Column("is_percentage", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    PrimaryKeyConstraint("execution_id", "origin", "name"),
    Index("metric_of_run", "run_id", "name"),
    Index("metric_by_origin", "origin"),
    Index("metric_by_name", "name"),
    sqlite_with_rowid=False,
)

use = Table(
    "artifact_use",
    metadata,
    Column("execution_id", Id, primary_key=True, autoincrement=False),
    Column("role", _code(10), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("run_id", Id, nullable=False, index=True),
    Column("location_id", Id, nullable=False),
    Column("read_from", BigInteger, nullable=False),
    Column("read_to", BigInteger, nullable=False),
    # What its reader was told that it is.
    Column("type", Text),
    Index("use_of_location", "location_id", "read_to"),
)

# Provenance: one edge table in one space of ids, an index in each direction. Each has the role before the far end, and
# on SQLite the rows lie in the key itself, which makes the table a third smaller and writing it a third faster.
#
# An edge leads from what was there before to what came of it: artifact to execution where USED or REUSED, execution to
# artifact where GENERATED. What came of an execution are also the artifacts that it took over, but these do not come of
# it: HANDED_ON leads to them, and nobody goes back over it. So upstream is every other edge that ends at a node, and
# downstream every edge that starts there: one range of one index each.
#
# STARTED leads from an execution to those of the run that it started. It is no use of any artifact, and readers get it
# as what it is (`lineage.model.Start`). Nor is COPIED, which leads from an artifact to one that may be a copy of it
# (`lineage.contents`), and is named by the row of copies that it belongs to: of equal bytes, or of equal meaning.
HANDED_ON = "_HANDED_ON"
STARTED = "STARTED"
COPIED = "COPIED"
SAME_BYTES, SAME_MEANING = "bytes", "meaning"
edge = Table(
    "edge",
    metadata,
    Column("target", Id, autoincrement=False),
    Column("source", Id, autoincrement=False),
    Column("role", _code(10)),
    Column("name", Text),
    Column("ambiguous", Boolean, nullable=False),
    PrimaryKeyConstraint("target", "role", "source", "name"),
    Index("edge_by_source", "source", "role", "target"),
    sqlite_with_rowid=False,
)

deleted = Table("deleted", metadata, Column("uid", Text, primary_key=True))

listing = Table(
    "listing",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("cluster", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("version", Text, nullable=False),
    Index("listing_of_scope", "cluster", "resource", "namespace", unique=True),
)
listed = Table(
    "listed",
    metadata,
    Column("listing_id", Id, primary_key=True, autoincrement=False),
    Column("uid", Text, primary_key=True),
)

kept_object = Table(
    "kept_object",
    metadata,
    Column("resource", Text),
    Column("uid", Text),
    Column("kind", _code(1)),
    Column("rev_rank", Text, nullable=False),
    Column("rev_latest", BigInteger, nullable=False),
    Column("rev_ended", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("uid", "resource", "kind"),  # writers look for it by its uid
)

source = Table(
    "source",
    metadata,
    Column("name", Text, primary_key=True),
    Column("cluster", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    Column("namespace", Text, primary_key=True),
    Column("state", _code(10)),
    Column("message", Text),
    Column("stated_at", BigInteger),
    Column("observed", BigInteger, nullable=False),
    Column("last_event_at", BigInteger),
    Column("lag_microseconds", BigInteger),
)

coverage = Table(
    "coverage",
    metadata,
    Column("cluster", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    Column("namespace", Text, primary_key=True),
    Column("since", Text, primary_key=True),
    Column("since_at", BigInteger, nullable=False),
    Column("until", Text, nullable=False),
    Column("until_at", BigInteger, nullable=False),
    Column("objects", BigInteger, nullable=False),
    Column("listed", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
)

rejected = Table(
    "rejected",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("cluster", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("event", LargeBinary),
    Column("size_bytes", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
)

# Computed, of runs that have ended. Of the run itself where `execution_id` is 0.
fingerprint = Table(
    "fingerprint",
    metadata,
    Column("run_id", Id, primary_key=True, autoincrement=False),
    Column("execution_id", Id, primary_key=True, autoincrement=False),
    Column("digest", Text),
    Column("missing", Text),
    Column("outcome", Text),
    Index("fingerprint_alike", "digest", "outcome"),
)

fingerprint_due = Table(
    "fingerprint_due",
    metadata,
    Column("run_id", Id, primary_key=True, autoincrement=False),
    Column("mark", BigInteger, nullable=False),
)

# Who listens is told of runs that changed: of each the place of its last change, in the order in which changes were
# committed. `feed` is one row: where the last of all is, and which store this is, drawn once.
CHANNEL = "lineage_feed"  # by which a database wakes those who listen
feed = Table(
    "feed",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("store", _code(32), nullable=False),
    Column("place", BigInteger, nullable=False),
)
run_change = Table(
    "run_change",
    metadata,
    Column("run_id", Id, primary_key=True, autoincrement=False),
    Column("place", BigInteger, nullable=False, index=True),
)

# Which runs are to be forgotten, and when that is judged: of each run that is over, at what age it is. `retention_plan`
# is one row: by which rules they were put there, and how far all runs (`scanned`; null once that is done) and the feed
# have been followed for it. Bookkeeping, and no knowledge.
retention_due = Table(
    "retention_due",
    metadata,
    Column("run_id", Id, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Index("retention_due_by_time", "at", "run_id"),
)
retention_plan = Table(
    "retention_plan",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("rules", _code(80), nullable=False),
    Column("scanned", Id),
    Column("place", BigInteger, nullable=False),
)

# What somebody was told of, and is to be: no knowledge, but what became of rules. What it says is in `body`. `series`,
# `begins_at` and `ends_at` are of shifts: where in a series one may have begun.
alert = Table(
    "alert",
    metadata,
    Column("key", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("kind", _code(20), nullable=False),
    Column("subject", Text, nullable=False),
    Column("cluster", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("found_at", BigInteger, nullable=False, index=True),
    Column("series", Text),
    Column("begins_at", BigInteger),
    Column("ends_at", BigInteger),
    Column("body", LargeBinary, nullable=False),
    Column("tried", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("next_try_at", BigInteger),
    Column("failure", Text),
)
_index_of_known("alert_of_series", alert.c.series, alert.c.rule)
_index_of_known("alert_due", alert.c.next_try_at)

# How far rules have been followed, by their names.
alert_rule = Table(
    "alert_rule",
    metadata,
    Column("name", Text, primary_key=True),
    Column("began_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)

log_position = Table(
    "log_position", metadata, Column("log", Text, primary_key=True), Column("position", Text, nullable=False)
)
