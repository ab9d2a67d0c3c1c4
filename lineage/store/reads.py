"""Reading nodes by key, through their aliases, and the nodes that a walk starts from and passes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import BigInteger, Connection, Select, Table, exists, func, not_, or_, select, true

from lineage.identity import Key, decode_key, decode_keys, encode_key, run_key
from lineage.model import (
    LineageNode,
    Node,
    Run,
)
from lineage.ports import Scope
from lineage.store import queries, tables, values
from lineage.store.bodies import Take, anything
from lineage.store.paging import by_key
from lineage.store.prepared import Prepared, among, begin, given, listed
from lineage.store.shelf import chunks
from lineage.store.tasks import STANDS_FOR

T = TypeVar("T")

BETWEEN_KEYS: Final = "\n"
"""Where many keys come as one text, which takes half the time of so many rows. JSON writes a line's end out, so no key
holds one."""

_READ: Mapping[str, tuple[Callable[[Scope], queries.Query], Callable[[values.Columns], Node]]] = {
    "Run": (queries.runs, values.run),
    "Execution": (queries.executions, values.execution),
    "Artifact": (queries.artifacts, values.artifact),
    "Pipeline": (queries.pipelines, values.pipeline),
    "PipelineVersion": (queries.pipeline_versions, values.pipeline_version),
    "Experiment": (queries.experiments, values.experiment),
    "Deployment": (queries.deployments, values.deployment),
    "RecurringRun": (queries.recurring_runs, values.recurring_run),
    "Rejected": (queries.rejected, values.rejected),
}


# ------------------------------------------------------------------------------------------ nodes
def get(connection: Connection, scope: Scope, keys: Sequence[Key], take: Take = anything) -> dict[Key, Node]:
    """Find nodes by key, through their aliases where they have become others."""
    if len(keys) > 1:
        begin(connection)
    texts: dict[str, list[str]] = {}
    for key in keys:
        texts.setdefault(str(key[0]), []).append(str(key[1]) if _is_run(key) else encode_key(key))
    found: dict[Key, Node] = {}
    for kind, wanted in texts.items():
        if kind in _READ:
            query, read = _READ[kind]
            for node in by_key(connection, query(scope), wanted, read, take):
                found[node.key] = node
    for key in keys:
        if key not in found and (key[0] == "Execution" or _is_run(key)):
            alias = _alias(connection, key)
            item = get(connection, scope, [alias], take).get(alias) if alias is not None else None
            if item is not None:
                found[key] = item
    return found


def _is_run(key: Key) -> bool:
    return key[0] == "Run" and len(key) == 2


def _alias(connection: Connection, key: Key) -> Key | None:
    """Say what stands in the place of something that was known by less."""
    alias = _run_alias(connection, key) if key[0] == "Run" else _execution_alias(connection, key)
    return None if alias == key else alias


def _run_alias(connection: Connection, key: Key) -> Key | None:
    """A run of which only pods were known is the one of their workflow."""
    run, workflow = tables.run, tables.workflow
    owner = select(run.c.key).join(workflow, workflow.c.run_id == run.c.id).where(workflow.c.uid == str(key[1]))
    text = connection.scalar(owner)
    return None if text is None else run_key(text)


def _execution_alias(connection: Connection, key: Key) -> Key | None:
    """A placeholder has become the newest attempt of its node, a provisional execution that of its first pod, and what
    stood for the task of an attempt that."""
    execution, node, run, pod = tables.execution, tables.node, tables.run, tables.pod
    base = select(node.c.key).join(execution, execution.c.id == node.c.id)
    if len(key) == 4 and key[3] is None:
        newest = (
            base.join(run, run.c.id == execution.c.run_id)
            .where(run.c.key == str(key[1]), execution.c.node_id == str(key[2]), execution.c.started_at.is_not(None))
            .order_by(execution.c.started_at.desc())
        )
    elif len(key) == 3 and str(key[2]).startswith(STANDS_FOR):
        task = str(key[2]).removeprefix(STANDS_FOR)
        newest = (
            base.join(run, run.c.id == execution.c.run_id)
            .where(run.c.key == str(key[1]), execution.c.told_as == task)
            .order_by(execution.c.started_at.desc())
        )
    elif len(key) == 3:
        newest = (
            base.join(pod, pod.c.execution_id == execution.c.id)
            .where(pod.c.owner_uid == str(key[1]), pod.c.node_id == str(key[2]))
            .order_by(pod.c.born, pod.c.uid)
        )
    else:
        return None
    text = connection.scalar(newest.limit(1))
    return None if text is None else decode_key(text)


def run_by_uid(connection: Connection, scope: Scope, uid: str) -> Run | None:
    """Find a run by its run id or the uid of one of its workflows; the newest of several."""
    run, workflow = tables.run, tables.workflow
    owner = exists(select(1).where(workflow.c.run_id == run.c.id, workflow.c.uid == uid))
    query = queries.runs(scope)
    statement = query.select.where(or_(run.c.uid == uid, owner)).order_by(
        run.c.created_at.is_(None), run.c.created_at.desc(), run.c.key.desc()
    )
    row = connection.execute(statement.limit(1)).one_or_none()
    return None if row is None else values.run(row._mapping)


def keys_of(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The keys of the executions, artifacts and deployments of these internal ids."""
    statement = _keys(connection.dialect.name)
    ((known, keys),) = statement.ask(connection.connection.cursor(), {"ids": list(ids)})
    return {} if keys is None else dict(zip(orjson.loads(known), keys.split(BETWEEN_KEYS), strict=True))


@lru_cache(queries.KEPT)
def _keys(database: str) -> Prepared:
    node, asked = tables.node, given(database, "ids").subquery("asked")
    keys = func.aggregate_strings(node.c.key, BETWEEN_KEYS)
    return Prepared(database, select(listed(database, node.c.id), keys).join_from(asked, node, node.c.id == asked.c[0]))


def nodes_by_id(
    connection: Connection, scope: Scope, ids: Iterable[int], take: Take = anything
) -> dict[int, LineageNode]:
    """Find executions, artifacts and deployments by internal id: those that the caller may see."""
    return nodes_of_keys(connection, scope, keys_of(connection, ids), take)


def nodes_of_keys(
    connection: Connection, scope: Scope, keys: Mapping[int, str], take: Take = anything
) -> dict[int, LineageNode]:
    """Find the same by internal id, where their keys are known."""
    database, cursor = connection.dialect.name, connection.connection.cursor()
    known = decoded(keys)
    of_kind: dict[str, list[int]] = defaultdict(list)
    for node_id, key in known.items():
        of_kind[str(key[0])].append(node_id)

    found: dict[int, LineageNode] = {}
    if executions := of_kind["Execution"]:
        rows = _executions(database, scope).ask(cursor, {"ids": executions}, take)
        found |= values.executions_of(known, *zip(*rows, strict=True)) if rows else {}
    if artifacts := of_kind["Artifact"]:
        (columns,) = _artifacts(database, scope).ask(cursor, {"ids": artifacts})
        written, writers, *rest = map(orjson.loads, columns)
        unknown = set(writers).difference(known, [None])
        known |= decoded(keys_of(connection, unknown)) if unknown else {}
        found |= values.artifacts_of(known, written, writers, *rest)
    if deployments := of_kind["Deployment"]:
        shown = _deployments(database, scope).read(cursor, {"ids": deployments}, take)
        found |= {row["id"]: values.deployment(row) for row in shown}
    return found


def decoded(keys: Mapping[int, str]) -> dict[int, Key]:
    """Read the keys of nodes, which go by their ids."""
    return dict(zip(keys, decode_keys(keys.values()), strict=True))


@lru_cache(queries.KEPT)
def _executions(database: str, scope: Scope) -> Prepared:
    return _of_ids(database, queries.execution_details(scope), tables.execution)


@lru_cache(queries.KEPT)
def _artifacts(database: str, scope: Scope) -> Prepared:
    """As columns: nothing in them is long."""
    details = queries.artifact_details(scope).where(among(database, tables.artifact.c.id, "ids", BigInteger)).subquery()
    return Prepared(database, select(*(listed(database, column) for column in details.c)))


@lru_cache(queries.KEPT)
def _deployments(database: str, scope: Scope) -> Prepared:
    return _of_ids(database, queries.deployments(scope).select, tables.deployment)


def _of_ids(database: str, chosen: Select[Any], table: Table) -> Prepared:
    return Prepared(database, chosen.where(among(database, table.c.id, "ids", BigInteger)))


def root_keys(connection: Connection, keys: Sequence[Key], *, system: bool) -> list[str]:
    """The keys of nodes to walk from, as text; a run stands for its executions, with plumbing if `system`, an alias for
    what it became."""
    node, run, execution = tables.node, tables.run, tables.execution
    named = [key for key in keys if key[0] == "Run" and len(key) == 2]
    runs = [str(one[1]) for key in named for one in (key, _alias(connection, key)) if one is not None]
    found = [encode_key(_alias(connection, key) or key) for key in keys if key[0] == "Execution"]
    found += [encode_key(key) for key in keys if key[0] in ("Artifact", "Deployment")]
    shown = true() if system else execution.c.is_system.is_(None)
    for some in chunks(runs):
        of_runs = select(node.c.key).join(execution, execution.c.id == node.c.id)
        of_runs = of_runs.join(run, run.c.id == execution.c.run_id).where(not_(execution.c.is_group))
        found += connection.scalars(of_runs.where(run.c.key.in_(some), shown))
    return list(dict.fromkeys(found))


def seen_ids(connection: Connection, scope: Scope, keys: Sequence[str]) -> dict[int, str]:
    """The internal ids of the executions, artifacts and deployments of these keys that the caller may see."""
    statement = _seen(connection.dialect.name, scope)
    return dict(statement.ask(connection.connection.cursor(), {"keys": list(keys)})) if keys else {}


@lru_cache(queries.KEPT)
def _seen(database: str, scope: Scope) -> Prepared:
    node = tables.node
    is_asked_for = among(database, node.c.key, "keys")
    return Prepared(database, select(node.c.id, node.c.key).where(is_asked_for, queries.is_seen(node.c.id, scope)))
