"""What descends from some nodes: runs, executions, artifacts, models and deployments, counted, and the newest listed.

The recursion of every walk says what lies downstream. What that is, is asked by id, in columns alone; only what is
listed is read whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Column, Connection, Select, func, select

from lineage.model import Artifact, ArtifactRole, Deployment, Direction, Execution, Impact, LineageNode, Run
from lineage.ports import Scope
from lineage.store import queries, tables, values
from lineage.store.bodies import Take, anything
from lineage.store.codec import microseconds
from lineage.store.dialect import Dialect
from lineage.store.reads import nodes_by_id
from lineage.store.walk import SOME_HIDDEN, ids_reached

NodeT = TypeVar("NodeT", Execution, Artifact, Deployment)

MODELS: Final = "%model"
"""How the types of models end, in small letters: `system.Model`, `google.VertexModel`, `Model`."""


@dataclass(frozen=True, slots=True)
class Window:
    """From and to when runs began that count, in microseconds since 1970; None has no end."""

    since: int | None
    until: int | None

    def holds(self, at: int | None) -> bool:
        """Whether a time is within; one that nobody knows is where there are no ends."""
        if at is None:
            return self.since is None and self.until is None
        return (self.since is None or self.since <= at) and (self.until is None or at <= self.until)


def impact(
    connection: Connection,
    dialect: Dialect,
    scope: Scope,
    roots: Sequence[str],
    *,
    since: datetime | None,
    until: datetime | None,
    first: int,
    take: Take = anything,
) -> Impact | None:
    """Say what descends from the nodes of some keys, as `lineage.ports.LineageStore.impact` says."""
    ids, is_any_hidden = ids_reached(connection, scope, roots, Direction.DOWNSTREAM)
    if not ids:
        return None
    window = Window(microseconds(since), microseconds(until))

    def ask(statement: Select[Any], column: Column[Any], of: Iterable[Any]) -> Iterator[Any]:
        for some in dialect.one_of(column, of):
            yield from connection.execute(statement.where(some))

    given = {row.id for row in ask(select(tables.node.c.id), tables.node.c.key, roots)}
    executions = {row.id: row for row in ask(_executions(), tables.execution.c.id, ids) if window.holds(row.ran_at)}
    ran_at = {row.run_id: row.ran_at for row in executions.values()}
    artifacts = {
        row.id: row
        for row in ask(_artifacts(), tables.artifact.c.id, ids - given)
        if (window.holds(row.at) if row.execution_id is None else row.run_id in ran_at)
    }
    serving = list(ask(_serving(), tables.edge.c.source, {*artifacts, *given}))
    deployments = {row.target: row.name for row in serving if row.target in ids - given}
    served = {row.source for row in serving}
    models = [i for i, row in artifacts.items() if row.is_model or i in served]
    listed = {
        "executions": _newest({i: row.at for i, row in executions.items()}, first),
        "artifacts": _newest({i: row.at for i, row in artifacts.items()}, first),
        "models": _newest({i: artifacts[i].at for i in models}, first),
        "deployments": sorted(deployments, key=lambda i: (deployments[i] or "", i))[:first],
    }
    nodes = nodes_by_id(connection, scope, {i for several in listed.values() for i in several}, take)
    return Impact(
        run_count=len(ran_at),
        execution_count=len(executions),
        artifact_count=len(artifacts),
        model_count=len(models),
        deployment_count=len(deployments),
        runs=_runs(connection, scope, _newest(ran_at, first)),
        executions=_of_type(Execution, nodes, listed["executions"]),
        artifacts=_of_type(Artifact, nodes, listed["artifacts"]),
        models=_of_type(Artifact, nodes, listed["models"]),
        deployments=_of_type(Deployment, nodes, listed["deployments"]),
        complete=not is_any_hidden,
        reasons=(SOME_HIDDEN,) if is_any_hidden else (),
    )


def that_ran(connection: Connection, image: str) -> list[str]:
    """The keys of the executions that ran an image, by its digest, or by the reference that was asked for."""
    pod, pod_image, node = tables.pod, tables.pod_image, tables.node
    _, _, digest = image.rpartition("@")
    named = pod_image.c.digest == digest if digest.startswith("sha256:") else pod_image.c.reference == image
    statement = (
        select(node.c.key)
        .join(pod, pod.c.execution_id == node.c.id)
        .join(pod_image, pod_image.c.pod_id == pod.c.id)
        .where(named)
        .distinct()
    )
    return list(connection.scalars(statement))


# ------------------------------------------------------------------------------------------ what it is
def _executions() -> Select[Any]:
    """Of executions, but for plumbing of the engine, when they and their runs began."""
    execution, run = tables.execution, tables.run
    ran_at = func.coalesce(run.c.started_at, run.c.created_at).label("ran_at")
    chosen = select(execution.c.id, execution.c.run_id, execution.c.started_at.label("at"), ran_at)
    return chosen.join(run, run.c.id == execution.c.run_id).where(execution.c.is_system.is_(None))


def _artifacts() -> Select[Any]:
    """Of artifacts, whether their types say that they are models, and when they were written."""
    artifact = tables.artifact
    is_model = func.coalesce(func.lower(queries.artifact_type()).like(MODELS), False).label("is_model")
    at = (tables.WRITTEN_AT * 1_000_000).label("at")
    return select(artifact.c.id, artifact.c.execution_id, artifact.c.run_id, is_model, at)


def _serving() -> Select[Any]:
    edge, deployment = tables.edge, tables.deployment
    chosen = select(edge.c.source, edge.c.target, deployment.c.name).join(deployment, deployment.c.id == edge.c.target)
    return chosen.where(edge.c.role == ArtifactRole.SERVED.value)


# ------------------------------------------------------------------------------------------ what is listed
def _newest(times: Mapping[int, int | None], first: int) -> list[int]:
    """The newest of some ids; what has no time comes last."""
    return sorted(times, key=lambda i: (times[i] is None, -(times[i] or 0), i))[:first]


def _of_type(what: type[NodeT], nodes: Mapping[int, LineageNode], ids: Iterable[int]) -> tuple[NodeT, ...]:
    return tuple(node for i in ids if isinstance(node := nodes.get(i), what))


def _runs(connection: Connection, scope: Scope, ids: Sequence[int]) -> tuple[Run, ...]:
    statement = queries.runs(scope).select.add_columns(tables.run.c.id.label("number")).where(tables.run.c.id.in_(ids))
    found = {row.number: values.run(row._mapping) for row in connection.execute(statement)}
    return tuple(found[i] for i in ids if i in found)
