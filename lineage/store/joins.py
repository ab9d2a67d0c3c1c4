"""Second step of a batch: pods find their attempt, or wait at a placeholder or a provisional execution."""

from lineage.facts import ExecutionSeen, ExecutionState, PodSeen, Revision
from lineage.identity import encode_key, provisional_key
from lineage.merge import Attempt, attempt_of_pod
from lineage.store.batch import NO_RUN, Batch, has_ended
from lineage.store.codec import (
    encode,
    execution_seen_of,
    fingerprint,
    microseconds,
    pod_of,
    revision_columns,
    whole_seconds,
)
from lineage.store.dialect import Row
from lineage.store.locks import uid
from lineage.store.views import NEW_EXECUTION, remove_execution, show_execution


def join_pods(batch: Batch) -> None:
    """Join the pods that this batch moved, and those whose attempts it changed."""
    pods = dict(batch.moved_pods)
    pods |= {row["uid"]: row for row in batch.pods.find("owner_uid", batch.joined_by_owner)}
    nodes = {(row["run_id"], row["node_id"]) for row in batch.changed.values()}
    run_ids, node_ids = {run_id for run_id, _ in nodes}, {node_id for _, node_id in nodes}
    for row in batch.pods.find_among("run_id", run_ids, "node_id", node_ids):
        if (row["run_id"], row["node_id"]) in nodes:
            pods[row["uid"]] = row
    owners = batch.workflows.find("uid", {row["owner_uid"] for row in pods.values()})
    at_hand = {row["uid"] for row in owners if row["run_id"] in batch.attempts}
    batch.executions.load("node_id", {row["node_id"] for row in pods.values() if row["owner_uid"] not in at_hand})
    left: set[int] = set()
    provisional: dict[int, None] = {}
    for row in pods.values():
        left.add(row["run_id"])
        provisional.update(dict.fromkeys(_join(batch, row)))
    for execution_id in provisional:
        _show_provisional(batch, execution_id)
    _show_stubs(batch, (left | batch.left_runs | {row["run_id"] for row in pods.values()}) - {NO_RUN})


def _join(batch: Batch, row: Row) -> list[int]:
    """Join one pod. Returns the provisional executions that it left, came to or stayed at."""
    if not batch.locks.has_all:
        batch.locks.require(uid(row["owner_uid"]))
    run = _run_of(batch, row)
    owner = batch.executions.one("object_uid", row["owner_uid"]) if row["node_id"] == row["owner_uid"] else None
    attempts = _attempts_at(batch, run["id"], row["node_id"])
    started = [
        Attempt(id=a["id"], start=a["started_at"], end=a["finished_at"] if has_ended(a) else None)
        for a in attempts
        if a["started_at"] is not None and a["acts"]
    ]
    found = attempt_of_pod(row["born"], row["ended"], started)
    if owner is not None:
        seat = owner
    elif found is not None:
        seat = batch.executions.at(found.id)
    else:
        placeholder = next((one for one in attempts if one["started_at"] is None), None)
        seat = placeholder or _provisional(batch, run, pod_of(row["body"]))
    before, touched = row["execution_id"], {seat["id"]: seat}
    if before is not None and before != seat["id"] and (left := batch.executions.get(before)) is not None:
        touched[before] = left
    if row["run_id"] != run["id"] or before != seat["id"]:
        row.update(run_id=run["id"], execution_id=seat["id"])
        batch.pods.put(row)
        batch.seated_pods.add(row["uid"])
    if (before != seat["id"] and row["reused"]) or row["uid"] in batch.turned_pods:
        batch.changed |= touched
    return [i for i, execution in touched.items() if execution["is_provisional"]]


def _attempts_at(batch: Batch, run_id: int, node_id: str) -> list[Row]:
    """The attempts at a node, and its placeholder: of a run that is at hand, or looked up by themselves."""
    find = batch.executions.at_hand if run_id in batch.attempts else batch.executions.of
    rows = find("node_id", node_id)
    return [row for row in rows if row["run_id"] == run_id and not row["is_provisional"]]


def _run_of(batch: Batch, pod: Row) -> Row:
    """The run of a pod: its workflow's, else what the pod itself says."""
    workflow = batch.workflows.one("uid", pod["owner_uid"])
    known = None if workflow is None else batch.runs.get(workflow["run_id"])
    if known is not None:
        return known
    fact = pod_of(pod["body"])
    return batch.run(fact.run_label or fact.owner_uid)


# ------------------------------------------------------------------------------------------ provisional
def _provisional(batch: Batch, run: Row, fact: PodSeen) -> Row:
    key = provisional_key(fact.owner_uid, fact.node_id)
    node = batch.nodes.one("key", encode_key(key))
    known = None if node is None else batch.executions.get(node["id"])
    if known is not None:
        return known
    row: Row = {
        **NEW_EXECUTION,
        "id": batch.new_node(key),
        "run_id": run["id"],
        "node_id": fact.node_id,
        "is_provisional": True,
        **revision_columns(Revision(kind="R", life="", version="", digest="", latest=0, ended=False)),
    }
    state = _state_of([fact])
    show_execution(batch, row, state, encode(state))
    return row


def _show_provisional(batch: Batch, execution_id: int) -> None:
    """Let the row say what its pods say, or take it away with the last of them."""
    row = batch.executions.get(execution_id)
    if row is None:
        return
    pods = sorted(batch.pods.of("execution_id", execution_id), key=lambda p: (p["born"], p["uid"]))
    if not pods:
        remove_execution(batch, row)
        return
    if row["run_id"] != pods[0]["run_id"]:
        row["run_id"] = pods[0]["run_id"]
        batch.changed[execution_id] = row
    state = _state_of([pod_of(pod["body"]) for pod in pods])
    body = encode(state)
    if row["digest"] != fingerprint(body):
        show_execution(batch, row, state, body)
    batch.executions.put(row)


def _state_of(pods: list[PodSeen]) -> ExecutionState:
    """What can be said of an attempt that nobody saw: what its last pod shows."""
    first, last = pods[0], pods[-1]
    name = first.node_name or first.node_id
    return ExecutionState(
        node_id=first.node_id,
        started_at=None,
        is_group=False,
        acts=True,
        name=name,
        display_name=name.rpartition(".")[2],
        template=None,
        kind="POD",
        phase=last.phase,
        message=last.reason,
        attempt=0,
        finished_at=last.finished_at,
        exit_code=last.exit_code,
        memoized=False,
        cached_from=None,
        resources=None,
        input_parameters=(),
        output_parameters=(),
        parents=(),
        reads=(),
        writes=(),
    )


# ------------------------------------------------------------------------------------------ stubs
def _show_stubs(batch: Batch, run_ids: set[int]) -> None:
    """A run of which only pods, or only objects that are executions, were seen is named by the first of them, and gone
    with the last."""
    stubs = [run for run in batch.runs.find("id", run_ids) if run["is_stub"]]
    for shelf in (batch.pods, batch.members):
        shelf.load("run_id", [run["id"] for run in stubs])
    for run in stubs:
        first = _first_pod(batch, run["id"]) or _first_member(batch, run["id"])
        if first is None:
            batch.runs.remove(run)
            continue
        run.update(
            uid=run["key"],
            name=first.owner_name if isinstance(first, PodSeen) else first.run_name,
            display_name=first.owner_name if isinstance(first, PodSeen) else first.run_name,
            cluster=first.cluster,
            namespace=first.namespace,
            kind=None if isinstance(first, PodSeen) else first.run_kind,
            phase="UNKNOWN",
            created_at=microseconds(first.created_at),
        )
        batch.runs.put(run)


def _first_pod(batch: Batch, run_id: int) -> PodSeen | None:
    pods = batch.pods.of("run_id", run_id)
    return pod_of(min(pods, key=lambda p: (p["born"], p["uid"]))["body"]) if pods else None


def _first_member(batch: Batch, run_id: int) -> ExecutionSeen | None:
    facts = [execution_seen_of(member["body"]) for member in batch.members.of("run_id", run_id)]
    return min(facts, key=lambda fact: (whole_seconds(fact.created_at) or 0, fact.uid), default=None)
