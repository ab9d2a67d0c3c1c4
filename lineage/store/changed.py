"""Which runs a batch changed: those of which anything that readers get is another than before.

One home for all who must know it: fingerprints are due for these runs, and listeners are told of them.
"""

from collections.abc import Iterator, Mapping, Set
from typing import Final

from sqlalchemy import Connection, and_, exists, func, not_, or_, select

from lineage.model import ArtifactRole
from lineage.store import tables
from lineage.store.batch import NO_RUN, OF_RUNS_TOLD, Batch
from lineage.store.shelf import chunks
from lineage.workloads import WORKFLOWS

WROTE: Final = ArtifactRole.GENERATED.value
OF_RUNS: Final = (
    "run_parameters",
    "run_labels",
    "workflows",
    "executions",
    "members",
    "pods",
    "artifacts",
    "uses",
    "metrics",
)
"""The shelves whose rows name the run that they belong to."""


def changed_runs(batch: Batch) -> set[int]:
    """The runs of which a batch that was flushed has written something, and those that read or took over an artifact
    which is another now."""
    runs = {row["id"] for row in batch.written("runs")}
    for shelf in OF_RUNS:
        runs |= {row["run_id"] for row in batch.written(shelf)}
    runs |= {row["run_id"] for row in batch.changed.values()}
    told = (row["uid"] for row in batch.written("told") if row["what"] in OF_RUNS_TOLD)
    runs.update(row["id"] for row in batch.runs.find("key", told))
    rewritten = {row["id"] for row in batch.written("artifacts") if row["id"] not in batch.nodes.made}
    using = {row["source" if row["role"] == WROTE else "target"] for row in batch.written("edges")}
    using.difference_update(batch.changed)
    using |= {row["execution_id"] for row in batch.written("turns")}
    for execution_id in list(using):
        if (row := batch.executions.held(execution_id)) is not None:
            runs.add(row["run_id"])
            using.discard(execution_id)
    if rewritten or using:
        runs.update(_runs_of(batch.connection, rewritten, using))
    return runs - {NO_RUN, None}


def _runs_of(connection: Connection, artifacts: set[int], executions: set[int]) -> Iterator[int]:
    """The runs that read, took over or wrote artifacts, and those of executions."""
    edge, execution, artifact = tables.edge, tables.execution, tables.artifact
    for some in chunks(sorted(artifacts)):
        reads = select(execution.c.run_id).join(edge, edge.c.target == execution.c.id).where(edge.c.source.in_(some))
        yield from connection.scalars(reads)
        written = select(artifact.c.run_id).where(artifact.c.id.in_(some), artifact.c.run_id.is_not(None))
        yield from connection.scalars(written)
    for some in chunks(sorted(executions)):
        yield from connection.scalars(select(execution.c.run_id).where(execution.c.id.in_(some)))


# ------------------------------------------------------------------------------------------ gone
def gone_runs(batch: Batch) -> Set[int]:
    """The runs of which a batch says that something is gone from the cluster: their workflow, a pod, an object that is
    an execution.

    Nothing is written in their rows for that, and no lock on them is held: ask it when nobody else can commit a change
    of a run any more, or what another recorder sees of them at the same time is missed.
    """
    return {*_runs_of_uids(batch.connection, batch.gone), *_left_out(batch.connection, batch.listings_renewed)} - {
        NO_RUN
    }


def _runs_of_uids(connection: Connection, uids: Set[str]) -> Iterator[int]:
    for table in (tables.workflow, tables.pod, tables.member):
        for some in chunks(sorted(uids)):
            yield from connection.scalars(select(table.c.run_id).where(table.c.uid.in_(some)))


def _left_out(connection: Connection, renewed: Mapping[int, str | None]) -> Iterator[int]:
    """The runs whose workflow was seen since the list before, and that the list in its place lacks."""
    workflow, listing, listed, deleted = tables.workflow, tables.listing, tables.listed, tables.deleted
    for listing_id, before in renewed.items():
        named = select(1).where(listed.c.listing_id == listing_id, listed.c.uid == workflow.c.uid)
        known_to_be = select(1).where(deleted.c.uid == workflow.c.uid)
        seen_under = and_(
            listing.c.cluster == workflow.c.seen_cluster,
            listing.c.resource == func.coalesce(workflow.c.resource, WORKFLOWS),
            or_(listing.c.namespace == "*", listing.c.namespace == workflow.c.seen_namespace),
            workflow.c.seen_version <= listing.c.version,
        )
        statement = select(workflow.c.run_id).join(listing, seen_under).where(listing.c.id == listing_id)
        since = workflow.c.seen_version.is_not(None) if before is None else workflow.c.seen_version > before
        yield from connection.scalars(statement.where(since, not_(exists(named)), not_(exists(known_to_be))))
