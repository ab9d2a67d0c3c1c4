"""Reading the parts that hang on runs and executions, for many owners in one statement.

One function per question; each answers by the key of the owner. What is asked of thousands of owners at once is a
statement that is prepared once.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

import orjson
import zstandard
from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, not_, or_, select

from lineage.facts import Revision
from lineage.identity import Key, decode_key, encode_key, run_key
from lineage.merge import current
from lineage.model import ArtifactRole, ArtifactUse, Execution, PodSeen, RunView, Turn, WorkflowIncarnation
from lineage.ports import Scope
from lineage.store import queries, tables, values
from lineage.store.bodies import Take, anything, counted, size_of
from lineage.store.codec import execution_of, task_of
from lineage.store.gone import KEPT_TASKS, PODS, TOLD_RUNS, is_gone, workflow_is_gone
from lineage.store.prepared import Prepared, among
from lineage.store.reads import decoded, nodes_by_id

T = TypeVar("T")
_ROLES: Final = {**{role.value: role for role in ArtifactRole}, tables.HANDED_ON: ArtifactRole.REUSED}
"""By how the role of an edge is written."""


# ------------------------------------------------------------------------------------------ parts of runs
def grouped(
    rows: Iterable[values.Columns], read: Callable[[values.Columns], T], *, by: Callable[[str], Key]
) -> dict[Key, tuple[T, ...]]:
    """Group rows by their owner, whose key `by` reads from the column of that name."""
    grouped: dict[Key, list[T]] = defaultdict(list)
    for row in rows:
        grouped[by(row["owner"])].append(read(row))
    return {key: tuple(items) for key, items in grouped.items()}


def rows_of(
    connection: Connection, statement: Prepared, owners: Iterable[str], take: Take = anything
) -> list[dict[str, Any]]:
    """Ask a prepared statement about owners, whose keys it takes as `keys`."""
    return statement.read(connection.connection.cursor(), {"keys": list(owners)}, take)


def by_text(keys: Iterable[Key]) -> dict[str, Key]:
    """Keys by the text under which the store keeps them: what is read of owners is not decoded row by row."""
    return {encode_key(key): key for key in keys}


def of_runs(scope: Scope, keys: Sequence[Key]) -> ColumnElement[bool]:
    """Those of some runs that the caller may see."""
    return and_(tables.run.c.key.in_([str(key[1]) for key in keys]), queries.in_scope(scope))


def of_executions(scope: Scope, keys: Sequence[Key]) -> ColumnElement[bool]:
    """Those of some executions that the caller may see."""
    return and_(tables.node.c.key.in_([encode_key(key) for key in keys]), queries.in_scope(scope))


def views(connection: Connection, scope: Scope, runs: Sequence[Key], take: Take = anything) -> Mapping[Key, RunView]:
    """What the newest views of runs show: each is decoded before the next is read."""
    asked = {"keys": [str(key[1]) for key in runs]}
    rows = _views(connection.dialect.name, scope).each(connection.connection.cursor(), asked, take)
    return {run_key(row["key"]): values.run_view(row) for row in rows}


@lru_cache(queries.KEPT)
def _views(database: str, scope: Scope) -> Prepared:
    run, told, recurring = tables.run, tables.told, tables.recurring_run
    kept = told.alias("kept")
    statement = (
        select(
            run.c.key,
            run.c.body,
            run.c.pipeline_version_id,
            run.c.experiment_id,
            recurring.c.id.label("recurring_run"),
            func.coalesce(told.c.body, kept.c.body).label("told_body"),
            told.c.version_id.label("told_version"),
        )
        .select_from(run)
        .outerjoin(told, and_(told.c.uid == run.c.key, told.c.what == "run"))
        .outerjoin(kept, and_(kept.c.uid == run.c.key, kept.c.what == "kept run", run.c.body.is_(None)))
        .outerjoin(recurring, and_(recurring.c.id == run.c.recurring_run_id, queries.run_in_scope(recurring, scope)))
        .where(among(database, run.c.key, "keys"), queries.in_scope(scope))
    )
    return Prepared(database, statement)


def workflows(
    connection: Connection, scope: Scope, runs: Sequence[Key], take: Take = anything
) -> Mapping[Key, tuple[WorkflowIncarnation, ...]]:
    """The incarnations of runs, oldest first."""
    run, workflow = tables.run, tables.workflow
    statement = (
        select(run.c.key.label("owner"), workflow.c.body, workflow_is_gone(workflow).label("gone"))
        .join(run, run.c.id == workflow.c.run_id)
        .where(of_runs(scope, runs))
        .order_by(workflow.c.rev_rank)
    )
    rows = (row._mapping for row in counted(connection.execute(statement), take))
    return grouped(rows, values.workflow, by=run_key)


def _document(packed: bytes, take: Take) -> Any:
    """Decode a document that was kept."""
    take(size_of(packed))
    return orjson.loads(zstandard.decompress(packed))


def raw(connection: Connection, scope: Scope, runs: Sequence[Key], take: Take = anything) -> Mapping[Key, Any]:
    """The newest recorded object of each run: the class that readers get, as with every view. Without a workflow it is
    what Kubeflow told: its API, else ML Metadata."""
    run, kept = tables.run, tables.kept_object
    seen = and_(kept.c.uid == run.c.incarnation, kept.c.resource.not_in((TOLD_RUNS, KEPT_TASKS)))
    by_api = exists(select(1).where(tables.told.c.uid == run.c.key, tables.told.c.what == "run"))
    told = and_(
        run.c.incarnation.is_(None),
        kept.c.uid == run.c.key,
        kept.c.resource == case((by_api, TOLD_RUNS), else_=KEPT_TASKS),
    )
    statement = (
        select(run.c.key.label("owner"), kept).select_from(run).join(kept, or_(seen, told)).where(of_runs(scope, runs))
    )
    views: dict[Key, dict[str, Any]] = defaultdict(dict)
    for row in connection.execute(statement).mappings():
        views["Run", row["owner"]][row["kind"]] = row
    return {key: _newest(of, take) for key, of in views.items()}


def _newest(views: Mapping[str, values.Columns], take: Take) -> Any:
    """The object of the class that counts, given the row that was kept of each."""
    revisions = {kind: _kept_revision(row) for kind, row in views.items()}
    return _document(views[current(revisions.get("K"), revisions.get("R"))]["body"], take)


def _kept_revision(row: values.Columns) -> Revision:
    life, version, digest = row["rev_rank"].rsplit(" ", 2)
    return Revision(
        kind=row["kind"],
        life=life,
        version=version,
        digest=digest,
        latest=bool(row["rev_latest"]),
        ended=bool(row["rev_ended"]),
    )


def specs(connection: Connection, scope: Scope, versions: Sequence[Key], take: Take = anything) -> Mapping[Key, Any]:
    """The texts of pipeline versions."""
    version = tables.pipeline_version
    statement = select(version.c.key, version.c.spec).where(
        version.c.key.in_([encode_key(key) for key in versions]), queries.is_version_seen(scope)
    )
    return {decode_key(row.key): _document(row.spec, take) for row in connection.execute(statement)}


# ------------------------------------------------------------------------------------------ parts of executions
def pods(
    connection: Connection, scope: Scope, executions: Sequence[Key], take: Take = anything
) -> Mapping[Key, tuple[PodSeen, ...]]:
    """The pods of executions, oldest first."""
    asked = by_text(executions)
    rows = rows_of(connection, _pods(connection.dialect.name, scope), asked, take)
    return grouped(rows, values.pod, by=asked.__getitem__)


@lru_cache(queries.KEPT)
def _pods(database: str, scope: Scope) -> Prepared:
    node, execution, run, pod = tables.node, tables.execution, tables.run, tables.pod
    statement = (
        select(node.c.key.label("owner"), pod.c.body, is_gone(pod, PODS).label("gone"))
        .join(pod, pod.c.execution_id == node.c.id)
        .join(execution, execution.c.id == node.c.id)
        .join(run, run.c.id == execution.c.run_id)
        .where(among(database, node.c.key, "keys"), queries.in_scope(scope))
        .order_by(pod.c.born, pod.c.uid)
    )
    return Prepared(database, statement)


def pod_objects(
    connection: Connection, scope: Scope, executions: Sequence[Key], take: Take = anything
) -> Mapping[Key, Mapping[str, Any]]:
    """The newest recorded object of each pod of executions, by the uid of the pod."""
    asked = by_text(executions)
    views: dict[Key, dict[str, dict[str, values.Columns]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows_of(connection, _pod_objects(connection.dialect.name, scope), asked):
        views[asked[row["owner"]]][row["uid"]][row["kind"]] = row
    return {key: {uid: _newest(of, take) for uid, of in pods.items()} for key, pods in views.items()}


@lru_cache(queries.KEPT)
def _pod_objects(database: str, scope: Scope) -> Prepared:
    node, execution, run, pod, kept = tables.node, tables.execution, tables.run, tables.pod, tables.kept_object
    statement = (
        select(node.c.key.label("owner"), kept)
        .join(pod, pod.c.execution_id == node.c.id)
        .join(kept, and_(kept.c.uid == pod.c.uid, kept.c.resource == PODS))
        .join(execution, execution.c.id == node.c.id)
        .join(run, run.c.id == execution.c.run_id)
        .where(among(database, node.c.key, "keys"), queries.in_scope(scope))
    )
    return Prepared(database, statement)


def uses(
    connection: Connection, scope: Scope, executions: Sequence[Key], roles: Sequence[ArtifactRole]
) -> Mapping[Key, tuple[ArtifactUse, ...]]:
    """What executions read, or what they wrote and took over, by name."""
    asked = by_text(executions)
    statement = _uses(connection.dialect.name, scope, tuple(roles))
    rows = statement.ask(connection.connection.cursor(), {"keys": list(asked)})
    if not rows:
        return {}
    owners, names, of_roles, ambiguous, keys, of_writers, *details = zip(*rows, strict=True)
    ids, writers, *_ = details
    texts = {i: text for i, text in zip((*ids, *writers), (*keys, *of_writers), strict=True) if text is not None}
    artifacts = values.artifacts_of(decoded(texts), *details)
    found: dict[Key, list[ArtifactUse]] = defaultdict(list)
    for owner, name, role, is_ambiguous, artifact_id in zip(owners, names, of_roles, ambiguous, ids, strict=True):
        found[asked[owner]].append(
            ArtifactUse(name=name, artifact=artifacts[artifact_id], role=_ROLES[role], ambiguous=bool(is_ambiguous))
        )
    return {key: tuple(of) for key, of in found.items()}


@lru_cache(queries.KEPT)
def _uses(database: str, scope: Scope, roles: tuple[ArtifactRole, ...]) -> Prepared:
    edge, owner, execution, run = tables.edge, tables.node.alias("owner"), tables.execution, tables.run.alias("mine")
    near, far = ("target", "source") if ArtifactRole.USED in roles else ("source", "target")
    wanted = [tables.HANDED_ON if role is ArtifactRole.REUSED else role.value for role in roles]
    allowed = and_(execution.c.run_id == run.c.id, queries.run_in_scope(run, scope))
    node, producer, details = tables.node, tables.node.alias("producer"), queries.artifact_details(scope)
    use = (owner.c.key.label("owner"), edge.c.name, edge.c.role, edge.c.ambiguous, node.c.key, producer.c.key)
    statement = (
        details.with_only_columns(*use, *details.selected_columns)
        .join(node, node.c.id == tables.artifact.c.id)
        .outerjoin(producer, producer.c.id == tables.artifact.c.execution_id)
        .join(edge, edge.c[far] == tables.artifact.c.id)
        .join(owner, owner.c.id == edge.c[near])
        .join(execution, execution.c.id == owner.c.id)
        .join(run, allowed)
        .where(among(database, owner.c.key, "keys"), edge.c.role.in_(wanted))
        .order_by(edge.c.name, node.c.key)
    )
    return Prepared(database, statement)


def turns(
    connection: Connection, scope: Scope, executions: Sequence[Key], take: Take = anything
) -> Mapping[Key, tuple[Turn, ...]]:
    """What executions that are objects came to, in the order of time; what has none, by its generation."""
    node, execution, run, turn = tables.node, tables.execution, tables.run, tables.turn
    statement = (
        select(node.c.key.label("owner"), turn.c.what, turn.c.body)
        .join(turn, turn.c.execution_id == node.c.id)
        .join(execution, execution.c.id == node.c.id)
        .join(run, run.c.id == execution.c.run_id)
        .where(of_executions(scope, executions), execution.c.object_uid.is_not(None))
        .order_by(turn.c.what, turn.c.number, turn.c.name)
    )
    rows = (row._mapping for row in counted(connection.execute(statement), take))
    found = grouped(rows, values.turn, by=decode_key)
    return {key: tuple(sorted(of, key=_in_time)) for key, of in found.items()}


def _in_time(turn: Turn) -> tuple[bool, float]:
    return turn.at is None, 0.0 if turn.at is None else turn.at.timestamp()


def best_trials(
    connection: Connection, scope: Scope, runs: Sequence[Key], take: Take = anything
) -> Mapping[Key, Execution]:
    """Of runs that tune something, the trial that they call the best so far."""
    execution, run = tables.execution, tables.run
    rows = connection.execute(select(run.c.id, run.c.key).where(of_runs(scope, runs), run.c.kind.is_not(None))).all()
    seen = views(connection, scope, [run_key(row.key) for row in rows], take)
    tuned = {row.id: view.tuning for row in rows if (view := seen.get(run_key(row.key))) is not None}
    named = {run_id: tuning.best_trial for run_id, tuning in tuned.items() if tuning is not None}
    ids = connection.execute(
        select(execution.c.id, execution.c.run_id, execution.c.display_name).where(
            execution.c.run_id.in_(named), execution.c.display_name.in_({*named.values()} - {None})
        )
    ).all()
    best = {row.run_id: row.id for row in ids if row.display_name == named[row.run_id]}
    read = nodes_by_id(connection, scope, best.values(), take)
    found = {run_key(row.key): read.get(best.get(row.id, 0)) for row in rows}
    return {key: item for key, item in found.items() if isinstance(item, Execution)}


def depends_on(
    connection: Connection, scope: Scope, executions: Sequence[Key], take: Take = anything
) -> Mapping[Key, tuple[Execution, ...]]:
    """The executions right before others, through the groupings and the plumbing between them."""
    execution, run, node = tables.execution, tables.run, tables.node
    wanted = connection.execute(
        select(execution.c.id, execution.c.run_id, node.c.key)
        .join(node, node.c.id == execution.c.id)
        .join(run, run.c.id == execution.c.run_id)
        .where(of_executions(scope, executions))
    ).all()
    rows = connection.execute(_attempts(execution.c.run_id.in_({row.run_id for row in wanted}))).all()
    by_attempt = {(row.run_id, row.node_id, row.started_at): row for row in rows}
    by_id = {row.id: row for row in rows}
    before = {row.key: _nearest(by_id.get(row.id), by_attempt) for row in wanted}
    named = nodes_by_id(connection, scope, {parent for parents in before.values() for parent in parents}, take)
    found: dict[Key, tuple[Execution, ...]] = {}
    for key, parents in before.items():
        items = [item for one in parents if isinstance(item := named.get(one), Execution)]
        found[decode_key(key)] = tuple(sorted(items, key=lambda item: (item.name, encode_key(item.key))))
    return found


def preceding(connection: Connection, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, tuple[Key, ...]]:
    """The keys of the executions right before each of those of runs."""
    asked = {"keys": [str(key[1]) for key in runs]}
    statement = _attempts_of_runs(connection.dialect.name, scope)
    rows = list(map(_Attempt._make, statement.ask(connection.connection.cursor(), asked)))
    by_attempt = {(row.run_id, row.node_id, row.started_at): row for row in rows}
    keys = decoded({row.id: row.key for row in rows})
    # Items of a loop stand behind the same, which may be as many items of another: that is found once for all of them.
    behind: dict[tuple[int, str, bool], tuple[Key, ...]] = {}
    found: dict[Key, tuple[Key, ...]] = {}
    for row in rows:
        if row.is_group:
            continue
        place = (row.run_id, row.parents, bool(row.is_system))
        if place not in behind:
            behind[place] = tuple(sorted((keys[one] for one in _nearest(row, by_attempt)), key=encode_key))
        found[keys[row.id]] = behind[place]
    return found


class _Attempt(NamedTuple):
    """An execution or a grouping in the graph of its run: what `_attempts` selects."""

    id: int
    run_id: int
    node_id: str
    started_at: int | None
    is_group: bool
    is_system: bool | None
    parents: str
    key: str


@lru_cache(queries.KEPT)
def _attempts_of_runs(database: str, scope: Scope) -> Prepared:
    run, execution = tables.run, tables.execution
    seen = and_(among(database, run.c.key, "keys"), queries.in_scope(scope))
    return Prepared(database, _attempts(seen).join(run, run.c.id == execution.c.run_id))


def _attempts(which: ColumnElement[bool]) -> Select[Any]:
    """Executions and groupings as a graph: what each stands behind."""
    execution, node = tables.execution, tables.node
    return (
        select(
            execution.c.id,
            execution.c.run_id,
            execution.c.node_id,
            execution.c.started_at,
            execution.c.is_group,
            execution.c.is_system,
            execution.c.parents,
            node.c.key,
        )
        .select_from(execution)
        .join(node, node.c.id == execution.c.id)
        .where(which, not_(execution.c.is_provisional))
    )


def _nearest(start: Any | None, by_attempt: Mapping[tuple[int, str, int | None], Any]) -> list[int]:
    """The nearest executions above one, through groupings, and past plumbing unless it is some itself."""
    past_system = start is not None and not start.is_system
    found: dict[int, None] = {}
    seen: set[int] = set()
    todo = [] if start is None else [start]
    while todo:
        row = todo.pop()
        for node_id, started_at in values.parents(row.parents):
            parent = by_attempt.get((row.run_id, node_id, started_at))
            if parent is None or parent.id in seen:
                continue
            seen.add(parent.id)
            if parent.is_group or (past_system and parent.is_system):
                todo.append(parent)
            else:
                found[parent.id] = None
    return list(found)


def cached_from(
    connection: Connection, scope: Scope, executions: Sequence[Key], take: Take = anything
) -> Mapping[Key, Execution]:
    """The execution whose outputs each took over: the one that it, or Kubeflow's records, name, else the one that wrote
    them.

    A name may have been used again: the newest of that name before it. Of several that wrote them, the newest.
    """
    node, execution, run = tables.node, tables.execution, tables.run
    seen = select(execution.c.id, execution.c.run_id, execution.c.node_id, execution.c.started_at, execution.c.told_as)
    seen = seen.add_columns(node.c.key, run.c.cluster, run.c.namespace)
    seen = seen.join(node, node.c.id == execution.c.id).join(run, run.c.id == execution.c.run_id)
    taking = seen.add_columns(execution.c.body, execution.c.told)
    taking = taking.where(of_executions(scope, executions), execution.c.cached)
    mine = list(counted(connection.execute(taking), take))
    names = {row.id: name for row in mine if (name := execution_of(row.body).cached_from) is not None}
    tasks = {row.id: task for row in mine if row.told is not None and (task := task_of(row.told).taken_from)}
    named = or_(execution.c.node_id.in_(list(names.values())), execution.c.told_as.in_(list(tasks.values())))
    candidates = connection.execute(
        seen.where(named, execution.c.started_at.is_not(None)).order_by(execution.c.started_at, node.c.key)
    ).all()
    origin: dict[int, int] = {}
    for row in mine:
        matches = [one.id for one in candidates if _may_be_origin(one, row, names.get(row.id), tasks.get(row.id))]
        if matches:
            origin[row.id] = matches[-1]
    for link in _writers(connection, [row.id for row in mine]):
        origin.setdefault(link.taker, link.writer)
    read = nodes_by_id(connection, scope, origin.values(), take)
    found = {row.key: read.get(origin.get(row.id, 0)) for row in mine}
    return {decode_key(key): item for key, item in found.items() if isinstance(item, Execution)}


def _may_be_origin(one: Any, taker: Any, node_id: str | None, task: str | None) -> bool:
    """Say whether an execution may be the one that another took over from, which names a node, or whose task is told to
    name a task: that is never told of two."""
    if task is not None:
        return bool(one.told_as == task and one.cluster == taker.cluster)
    same_place = (one.cluster, one.namespace) == (taker.cluster, taker.namespace)
    in_time = taker.started_at is None or one.started_at <= taker.started_at
    return bool(one.node_id == node_id and same_place and in_time and one.run_id != taker.run_id)


def _writers(connection: Connection, takers: Sequence[int]) -> Sequence[Any]:
    """Who wrote what these executions took over, the newest first."""
    edge, artifact, writer, key = tables.edge, tables.artifact, tables.execution, tables.node
    return connection.execute(
        select(edge.c.target.label("taker"), writer.c.id.label("writer"))
        .join(artifact, artifact.c.id == edge.c.source)
        .join(writer, writer.c.id == artifact.c.execution_id)
        .join(key, key.c.id == writer.c.id)
        .where(edge.c.target.in_(takers), edge.c.role == ArtifactRole.REUSED.value)
        .order_by(writer.c.started_at.desc(), key.c.key)
    ).all()
