"""Reading what deployments serve and served: their revisions, and the artifacts that these read.

What somebody copied to where it is served leads to the artifact that a run wrote, by equal content.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, func, select

from lineage.identity import Key, decode_key, encode_key
from lineage.model import Artifact, ArtifactRole, DeploymentRevision, ServedArtifact
from lineage.ports import Scope
from lineage.serving import is_changed_since, is_served_now, label, label_in
from lineage.store import queries, tables, values
from lineage.store.bodies import Take, anything, counted
from lineage.store.codec import deployment_of
from lineage.store.deployments import rollouts_of
from lineage.store.gone import deployment_is_gone


# ------------------------------------------------------------------------------------------ revisions
def revisions(
    connection: Connection, scope: Scope, deployments: Sequence[Key], take: Take = anything
) -> Mapping[Key, tuple[DeploymentRevision, ...]]:
    """What deployments have served, by component, and in the order in which it was rolled out."""
    return {key: of for key, (of, _) in _revisions(connection, scope, deployments, take).items()}


def _revisions(
    connection: Connection, scope: Scope, deployments: Sequence[Key], take: Take
) -> Mapping[Key, tuple[tuple[DeploymentRevision, ...], bool]]:
    """The revisions of deployments, and whether each is in its cluster."""
    deployment, node, statement = tables.deployment, tables.node, tables.deployment_statement
    shown = (
        select(node.c.key, deployment.c.body.label("shown"), deployment_is_gone().label("gone"), statement)
        .select_from(deployment)
        .join(node, node.c.id == deployment.c.id)
        .join(statement, statement.c.deployment_id == deployment.c.id)
        .where(_are(deployments), queries.run_in_scope(deployment, scope))
    )
    rows: defaultdict[str, list[Any]] = defaultdict(list)
    for row in counted(connection.execute(shown), take):
        rows[row.key].append(row._mapping)
    return {
        decode_key(key): (
            tuple(one.revision for one in rollouts_of(deployment_of(of[0]["shown"]), of)),
            not of[0]["gone"],
        )
        for key, of in rows.items()
    }


def _are(deployments: Collection[Key]) -> Any:
    return tables.node.c.key.in_([encode_key(key) for key in deployments])


# ------------------------------------------------------------------------------------------ artifacts
def served(
    connection: Connection, scope: Scope, deployments: Sequence[Key], take: Take = anything
) -> Mapping[Key, tuple[ServedArtifact, ...]]:
    """Which artifacts deployments serve and served: what is served now comes first, and of that what is recorded."""
    known = _revisions(connection, scope, deployments, take)
    rows = _edges(connection, scope, deployments)
    newest = _newest(connection, scope, {row["location_id"] for row in rows})
    originals = _originals(connection, scope, deployments)
    found: defaultdict[Key, list[ServedArtifact]] = defaultdict(list)
    for row in rows:
        key = decode_key(row["owner"])
        of, in_cluster = known[key]
        by_label = {label(one.name, model): (one, model) for one in of for model in one.models or ()}
        revision, model = by_label[label_in(row["port"])]
        artifact, later = values.artifact(row), newest.get(row["location_id"])
        replaced_by = None if later is None or later[0] <= row["read_to"] or later[1] == artifact else later[1]
        read = ServedArtifact(
            revision=revision.name,
            model=model.name,
            artifact=artifact,
            ambiguous=bool(row["ambiguous"]),
            by_content=False,
            is_served_now=in_cluster and is_served_now(revision, of),
            changed_since=is_changed_since(artifact, replaced_by),
            replaced_by=replaced_by,
        )
        found[key].append(read)
        found[key] += [replace(read, artifact=one, by_content=True) for one in originals.get(row["id"], ())]
    return {key: tuple(sorted(of, key=_first_served_now)) for key, of in found.items()}


def _first_served_now(one: ServedArtifact) -> tuple[Any, ...]:
    artifact = one.artifact
    return not one.is_served_now, artifact.producer_key is None, one.revision, one.model, encode_key(artifact.key)


def _edges(connection: Connection, scope: Scope, deployments: Sequence[Key]) -> Sequence[values.Columns]:
    """The artifacts that deployments serve, with when they were read."""
    edge, use, owner, deployment = tables.edge, tables.use, tables.node.alias("owner"), tables.deployment
    mine = and_(use.c.execution_id == edge.c.target, use.c.role == edge.c.role, use.c.name == edge.c.name)
    statement = (
        queries.artifacts(scope)
        .select.add_columns(
            edge.c.name.label("port"), edge.c.ambiguous, owner.c.key.label("owner"), use.c.read_to.label("read_to")
        )
        .join(edge, edge.c.source == tables.artifact.c.id)
        .join(use, mine)
        .join(owner, owner.c.id == edge.c.target)
        .join(deployment, deployment.c.id == edge.c.target)
        .where(
            owner.c.key.in_([encode_key(key) for key in deployments]),
            edge.c.role == ArtifactRole.SERVED.value,
            queries.run_in_scope(deployment, scope),
        )
    )
    return [row._mapping for row in connection.execute(statement)]


def _newest(connection: Connection, scope: Scope, locations: Collection[int]) -> Mapping[int, tuple[int, Artifact]]:
    """The newest write of each location, and when it began."""
    artifact, node = tables.artifact, tables.node
    place = func.row_number().over(
        partition_by=artifact.c.location_id, order_by=(artifact.c.span_from.desc(), node.c.key)
    )
    ranked = (
        select(artifact.c.id, place.label("place"))
        .join(node, node.c.id == artifact.c.id)
        .where(artifact.c.location_id.in_(locations), artifact.c.span_from.is_not(None))
        .subquery("ranked")
    )
    statement = queries.artifacts(scope).select.join(ranked, ranked.c.id == artifact.c.id).where(ranked.c.place == 1)
    rows = (row._mapping for row in connection.execute(statement))
    return {row["location_id"]: (row["span_from"], values.artifact(row)) for row in rows}


# ------------------------------------------------------------------------------------------ content
def _originals(connection: Connection, scope: Scope, deployments: Sequence[Key]) -> Mapping[int, Sequence[Artifact]]:
    """What runs had written before of the content of what deployments serve, by the id of that."""
    edge, owner, onward = tables.edge, tables.node.alias("owner"), tables.edge.alias("onward")
    behind = (
        select(edge.c.source.label("copy"), edge.c.source.label("original"))
        .join(owner, owner.c.id == edge.c.target)
        .where(owner.c.key.in_([encode_key(key) for key in deployments]), edge.c.role == ArtifactRole.SERVED.value)
        .cte("behind", recursive=True)
    )
    behind = behind.union(
        select(behind.c.copy, onward.c.source).join(
            onward, and_(onward.c.target == behind.c.original, onward.c.role == tables.COPIED)
        )
    )
    statement = (
        queries.artifacts(scope)
        .select.add_columns(behind.c.copy.label("copy"))
        .join(behind, behind.c.original == tables.artifact.c.id)
        .where(behind.c.copy != behind.c.original, tables.artifact.c.execution_id.is_not(None))
    )
    found: defaultdict[int, list[Artifact]] = defaultdict(list)
    for row in connection.execute(statement):
        found[row.copy].append(values.artifact(row._mapping))
    return found
