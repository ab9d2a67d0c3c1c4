"""First step of a batch, of deployments: their views, and what each said of what they serve.

Which models a revision serves stands in the views that are older than the newest: so each statement is kept once, with
when it was first and last seen, so that the same views come to the same in any order.
"""

from collections.abc import Iterable
from typing import Any, Final

from msgspec import structs

from lineage.facts import DeploymentSeen
from lineage.identity import deployment_key
from lineage.serving import Rollout, Statement, rollouts
from lineage.store.batch import NO_VIEW, Batch, offer
from lineage.store.codec import components_of, deployment_of, encode, fingerprint, microseconds, moment
from lineage.store.dialect import Row

NOT_TOLD: Final = 0
_SHOWN: Final = (
    "kind",
    "name",
    "cluster",
    "namespace",
    "ready",
    "created_at",
    "parent",
    "seen_cluster",
    "seen_namespace",
    "seen_version",
)


def see_deployment(batch: Batch, fact: DeploymentSeen) -> bool:
    """Take in one view of a deployment. Says whether it added anything."""
    row = batch.deployments.one("uid", fact.uid)
    if row is None:
        node_id = batch.new_node(deployment_key(fact.uid))
        row = {**NO_VIEW, **dict.fromkeys(_SHOWN), "id": node_id, "uid": fact.uid}
    added, changed = offer(row, fact.revision, encode(fact))
    if added and fact.revision.kind == "K":
        row.update(seen_cluster=fact.cluster, seen_namespace=fact.namespace, seen_version=fact.revision.version)
    if changed:
        _show(row, deployment_of(row["body"]))
    if added:
        batch.deployments.put(row)
    is_news, is_changed = _see_statement(batch, row["id"], fact)
    if changed or is_changed:
        batch.changed_deployments[row["id"]] = row
    return added or is_news


def _show(row: Row, shown: DeploymentSeen) -> None:
    row.update(
        kind=shown.kind,
        name=shown.name,
        cluster=shown.cluster,
        namespace=shown.namespace,
        ready=shown.ready,
        created_at=microseconds(shown.created_at),
        parent=shown.parent,
    )


def _see_statement(batch: Batch, deployment_id: int, fact: DeploymentSeen) -> tuple[bool, bool]:
    """Note what a view says of the components. Says whether it is new, and whether more is known of it than before.

    Since when something is ready is what the first view of it says: else every failure would make another one.
    """
    lasting = tuple(structs.replace(component, ready_since=None) for component in fact.components)
    told_at, digest = microseconds(fact.spec_since) or NOT_TOLD, fingerprint(encode(lasting))
    seen_at, rank = microseconds(fact.seen_at) or 0, fact.revision.rank
    held = batch.deployment_statements.of("deployment_id", deployment_id)
    row = next((one for one in held if (one["told_at"], one["digest"]) == (told_at, digest)), None)
    if row is None:
        batch.deployment_statements.put(
            {
                "deployment_id": deployment_id,
                "told_at": told_at,
                "digest": digest,
                "first_seen": seen_at,
                "last_seen": seen_at,
                "first_rank": rank,
                "body": encode(fact.components),
            }
        )
        return True, True
    known: dict[str, Any] = {
        "first_seen": min(row["first_seen"], seen_at),
        "last_seen": max(row["last_seen"], seen_at),
    }
    if rank < row["first_rank"]:
        known |= {"first_rank": rank, "body": encode(fact.components)}
    is_changed = not row.items() >= known.items()
    if is_changed:
        batch.deployment_statements.put(row | known)
    return False, is_changed


def rollouts_of(shown: DeploymentSeen, statements: Iterable[Any]) -> tuple[Rollout, ...]:
    """Say which revisions a deployment had, from the rows of its statements."""
    read = [
        Statement(
            told_at=moment(row["told_at"]) if row["told_at"] != NOT_TOLD else None,
            first_seen=moment(row["first_seen"]),
            last_seen=moment(row["last_seen"]),
            first_rank=row["first_rank"],
            components=components_of(row["body"]),
        )
        for row in statements
    ]
    return rollouts(read, created_at=shown.created_at, ended_at=shown.ended_at)
