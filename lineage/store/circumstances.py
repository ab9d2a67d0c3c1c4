"""Under which circumstances runs ran, by what can change from one to the next: read of many runs at once, so that a
shift of a metric can be laid at the door of one of them.

Steps go by their templates: the items of a loop are one. Where several values meet, they stand in one text, in order.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, Select, Text, case, cast, func, literal, not_, or_, select

from lineage.identity import Key, run_key
from lineage.model import ArtifactRole, Circumstance, CircumstanceKind
from lineage.ports import Scope
from lineage.store import tables
from lineage.store.conditions import Expression
from lineage.store.gone import is_superseded
from lineage.store.prepared import Prepared, among
from lineage.store.queries import KEPT, in_scope, of_seen_artifacts
from lineage.store.texts import storable
from lineage.tombstones import value_that_stays

_OF_RUN: Final = literal("")
"""Stands for the step of what is of the run."""


def circumstances(
    connection: Connection, scope: Scope, runs: Sequence[Key]
) -> Mapping[Key, Mapping[Circumstance, str]]:
    """Read them, by run."""
    database, cursor = connection.dialect.name, connection.connection.cursor()
    asked = {"keys": [storable(str(key[1])) for key in runs]}
    found: dict[Key, dict[Circumstance, set[str]]] = defaultdict(lambda: defaultdict(set))
    for kind in _STATEMENTS:
        for owner, step, name, recorded in _statement(database, scope, kind).ask(cursor, asked):
            # Of a long argument its digest, as of runs whose details were forgotten: so the two compare.
            value = value_that_stays(recorded) if kind is CircumstanceKind.PARAMETER else recorded
            if value is not None:
                found[run_key(owner)][Circumstance(kind=kind, step=step or None, name=name)].add(value)
    return {run: {one: " ".join(sorted(values)) for one, values in of.items()} for run, of in found.items()}


@lru_cache(KEPT)
def _statement(database: str, scope: Scope, kind: CircumstanceKind) -> Prepared:
    chosen = _STATEMENTS[kind](scope).where(among(database, tables.run.c.key, "keys"), in_scope(scope)).distinct()
    return Prepared(database, chosen)


def _step() -> Expression:
    execution = tables.execution
    return func.coalesce(execution.c.template, execution.c.display_name)


def _attempts(name: Expression, value: Expression) -> Select[tuple[str, str, str, str | None]]:
    """Of the attempts that count."""
    run, execution = tables.run, tables.execution
    return (
        select(run.c.key, _step(), name, value)
        .select_from(run)
        .join(execution, execution.c.run_id == run.c.id)
        .where(not_(execution.c.is_group), execution.c.is_system.is_(None), not_(is_superseded()))
    )


def _images(_: Scope) -> Select[tuple[str, str, str, str | None]]:
    pod, image = tables.pod, tables.pod_image
    return (
        _attempts(image.c.container, func.coalesce(image.c.digest, image.c.reference))
        .join(pod, pod.c.execution_id == tables.execution.c.id)
        .join(image, image.c.pod_id == pod.c.id)
    )


def _parameters(_: Scope) -> Select[tuple[str, str, str, str | None]]:
    run, parameter = tables.run, tables.run_parameter
    return (
        select(run.c.key, _OF_RUN, parameter.c.name, parameter.c.value)
        .select_from(run)
        .join(parameter, parameter.c.run_id == run.c.id)
    )


def _read(scope: Scope, value: Expression) -> Select[tuple[str, str, str, str | None]]:
    """Of what was read that another run wrote, or nobody that we know."""
    edge, artifact, location = tables.edge, tables.artifact, tables.location
    node = tables.node
    read = (
        _attempts(edge.c.name, value)
        .join(edge, edge.c.target == tables.execution.c.id)
        .join(artifact, artifact.c.id == edge.c.source)
        .join(location, location.c.id == artifact.c.location_id)
        .join(node, node.c.id == artifact.c.id)
        .where(
            edge.c.role == ArtifactRole.USED.value,
            or_(artifact.c.run_id.is_(None), artifact.c.run_id != tables.run.c.id),
        )
    )
    return of_seen_artifacts(read, artifact.c.id, scope)


def _contents(scope: Scope) -> Select[tuple[str, str, str, str | None]]:
    artifact = tables.artifact
    return _read(scope, func.coalesce(artifact.c.content_digest, artifact.c.digest))


def _places(scope: Scope) -> Select[tuple[str, str, str, str | None]]:
    """Where it lies, and as whose work: what is written again at one place is another artifact."""
    written = cast(tables.artifact.c.span_from, Text)
    return _read(scope, tables.location.c.uri + case((written.is_(None), ""), else_=" as of " + written))


def _upstream(scope: Scope) -> Select[tuple[str, str, str, str | None]]:
    """The images that wrote what was read."""
    pod, image = tables.pod.alias("writing_pod"), tables.pod_image.alias("writing_image")
    return (
        _read(scope, func.coalesce(image.c.digest, image.c.reference))
        .join(pod, pod.c.execution_id == tables.artifact.c.execution_id)
        .join(image, image.c.pod_id == pod.c.id)
    )


def _cached(_: Scope) -> Select[tuple[str, str, str, str | None]]:
    taken = case((tables.execution.c.cached, "taken over"), else_="computed")
    return _attempts(literal("cache"), taken)


def _versions(_: Scope) -> Select[tuple[str, str, str, str | None]]:
    run, version = tables.run, tables.pipeline_version
    return (
        select(run.c.key, _OF_RUN, literal("pipeline version"), version.c.digest)
        .select_from(run)
        .join(version, version.c.id == run.c.pipeline_version_id)
    )


def _schedules(_: Scope) -> Select[tuple[str, str, str, str | None]]:
    run, recurring = tables.run, tables.recurring_run
    made = func.coalesce(recurring.c.uid, "by hand")
    return (
        select(run.c.key, _OF_RUN, literal("recurring run"), made)
        .select_from(run)
        .outerjoin(recurring, recurring.c.id == run.c.recurring_run_id)
    )


_STATEMENTS: Final = {
    CircumstanceKind.SPEC: _versions,
    CircumstanceKind.IMAGE: _images,
    CircumstanceKind.PARAMETER: _parameters,
    CircumstanceKind.CONTENT: _contents,
    CircumstanceKind.PLACE: _places,
    CircumstanceKind.UPSTREAM: _upstream,
    CircumstanceKind.CACHE: _cached,
    CircumstanceKind.SCHEDULE: _schedules,
}
