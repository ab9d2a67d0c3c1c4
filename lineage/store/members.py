"""First step of a batch, of executions that are objects of their own: trials, jobs. The newest view of each wins,
whole.

Such an object belongs to a run as a pod does, and not to a roll: it is there or gone by itself. What it came to (its
conditions, how many replicas it wanted) is kept of every view, as the next one may have forgotten it.
"""

from lineage.facts import ExecutionSeen
from lineage.identity import encode_key, object_key
from lineage.store import tables
from lineage.store.batch import NEVER_LISTED, NO_RUN, Batch, offer
from lineage.store.codec import encode, execution_seen_of, whole_seconds
from lineage.store.dialect import Row
from lineage.store.views import NEW_EXECUTION, show_execution
from lineage.workloads import Condition

TRUE = "True"
SUSPENDED = "Suspended"  # that it no longer is, is a turn as well


def see_execution(batch: Batch, fact: ExecutionSeen) -> bool:
    """Take in one view of such an object. Says whether it added anything."""
    member = batch.members.one("uid", fact.uid)
    if member is None:
        member = {
            **NEVER_LISTED,
            "execution_id": _node_of(batch, fact.uid),
            "uid": fact.uid,
            "run_id": NO_RUN,
            "resource": fact.resource,
            "cluster": fact.cluster,
        }
    body = encode(fact)
    added, changed = offer(member, fact.revision, body)
    if added and fact.revision.kind == "K":
        member.update(seen_cluster=fact.cluster, seen_namespace=fact.namespace, seen_version=fact.revision.version)
    if changed:
        _show(batch, member, fact if member["body"] is body else execution_seen_of(member["body"]))
    if added:
        batch.members.put(member)
    return _see_turns(batch, member["execution_id"], fact) or added


def _node_of(batch: Batch, uid: str) -> int:
    """The node of the execution that an object is: pods that it owns may have made it."""
    key = object_key(uid)
    known = batch.nodes.one("key", encode_key(key))
    return batch.new_node(key) if known is None else int(known["id"])


def _show(batch: Batch, member: Row, shown: ExecutionSeen) -> None:
    run = batch.run(shown.run)
    batch.left_runs |= {member["run_id"], run["id"]}
    member.update(run_id=run["id"], resource=shown.resource, cluster=shown.cluster)
    row = batch.executions.get(member["execution_id"])
    if row is None:
        row = {**NEW_EXECUTION, "id": member["execution_id"]}
    else:
        batch.left_runs.add(row["run_id"])
    row.update(
        run_id=run["id"],
        node_id=shown.state.node_id,
        is_provisional=False,
        object_uid=shown.uid,
        rev_kind=member["rev_kind"],
        rev_rank=member["rev_rank"],
        rev_latest=member["rev_latest"],
        rev_ended=member["rev_ended"],
    )
    show_execution(batch, row, shown.state, encode(shown.state))


def _see_turns(batch: Batch, execution_id: int, fact: ExecutionSeen) -> bool:
    """Keep what a view says that its object came to. Says whether any of it is new."""
    seen = fact.revision
    rank = f"{seen.kind == 'K':d} {seen.rank}"  # what bears a resourceVersion counts before what does not
    said = [
        (tables.CONDITION, f"{one.type} {one.status}", whole_seconds(one.since) or 0, encode(one))
        for one in fact.state.workload.conditions
        if _is_turn(one)
    ]
    if fact.scale is not None:
        said.append((tables.SCALE, "", fact.scale.generation, encode(fact.scale)))
    held = {(row["what"], row["name"], row["number"]): row for row in batch.turns.of("execution_id", execution_id)}
    added = False
    for what, name, number, body in said:
        row = held.get((what, name, number))
        if row is None or row["rank"] < rank:
            added |= row is None or row["body"] != body
            batch.turns.put(
                {
                    "execution_id": execution_id,
                    "what": what,
                    "name": name,
                    "number": number,
                    "rank": rank,
                    "body": body,
                }
            )
    return added


def _is_turn(condition: Condition) -> bool:
    """Whether an object came to something by this: not that it left a state for another, which is a turn itself."""
    return condition.status == TRUE or condition.type == SUSPENDED
