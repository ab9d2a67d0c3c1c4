"""Reading what artifacts are said to be: by those who wrote and read them, and by what lies in them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from typing import Any

from sqlalchemy import Connection, and_, func, select

from lineage.identity import Key, decode_key, encode_key
from lineage.model import ArtifactRole
from lineage.ports import Scope
from lineage.store import queries, tables
from lineage.store.bodies import Take, anything, counted
from lineage.store.codec import state_of
from lineage.store.metrics import said_as_json


def metadata_of(
    connection: Connection, scope: Scope, artifacts: Sequence[Key], take: Take = anything
) -> Mapping[Key, Any]:
    """What is said of artifacts, and what they say that we can read, as JSON; nothing of the others."""
    node = tables.node
    chosen = queries.artifacts(scope).select.where(node.c.key.in_([encode_key(key) for key in artifacts]))
    rows = connection.execute(chosen.with_only_columns(tables.artifact.c.id, tables.artifact.c.shown, node.c.key)).all()
    ids = {row.id for row in rows}
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for members in (
        _declared(connection, ids, take),
        _told(connection, scope, ids, take),
        said_as_json(connection, {row.id for row in rows if row.shown is not None}, take),
    ):
        for artifact_id, of in members.items():
            found[artifact_id] |= of
    return {decode_key(row.key): found[row.id] for row in rows if found.get(row.id)}


def _declared(connection: Connection, artifacts: Set[int], take: Take) -> Mapping[int, Mapping[str, Any]]:
    """What those who wrote artifacts said of them before they did."""
    artifact, execution = tables.artifact, tables.execution
    rows = connection.execute(
        select(artifact.c.id, artifact.c.name, execution.c.body, execution.c.told)
        .join(execution, execution.c.id == artifact.c.execution_id)
        .where(artifact.c.id.in_(artifacts), artifact.c.type.is_not(None))
    )
    return {
        row.id: write.metadata
        for row in counted(rows, take)
        for write in state_of(row).writes
        if write.name == row.name
    }


def _told(connection: Connection, scope: Scope, artifacts: Set[int], take: Take) -> Mapping[int, Mapping[str, Any]]:
    """What the last of those who read artifacts was told of them: it knows what became of them since."""
    edge, use, execution, node, run = tables.edge, tables.use, tables.execution, tables.node, tables.run
    mine = and_(use.c.execution_id == edge.c.target, use.c.role == edge.c.role, use.c.name == edge.c.name)
    place = func.row_number().over(
        partition_by=edge.c.source, order_by=(use.c.read_from.desc(), node.c.key, use.c.name)
    )
    readers = (
        select(edge.c.source, edge.c.role, edge.c.name, edge.c.target, place.label("place"))
        .join(use, mine)
        .join(node, node.c.id == edge.c.target)
        .join(run, run.c.id == use.c.run_id)
        .where(edge.c.source.in_(artifacts), use.c.type.is_not(None), queries.in_scope(scope))
        .subquery("readers")
    )
    last = select(readers, execution.c.body, execution.c.told).join(execution, execution.c.id == readers.c.target)
    found: dict[int, Mapping[str, Any]] = {}
    for row in counted(connection.execute(last.where(readers.c.place == 1)), take):
        state = state_of(row)
        told = state.reads if row.role == ArtifactRole.USED.value else state.writes
        found[row.source] = next((one.metadata for one in told if one.name == row.name), {})
    return found
