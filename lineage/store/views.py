"""First step of a batch: views. The newest of each subject wins, whole.

A view of a run names all its attempts, most of them unchanged. So the roll of each class stands for the
newest views of everything that it names: an attempt is written only when it differs, and when the roll
lets go of it, its row remembers how far it was seen.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import msgspec
import orjson
import zstandard

from lineage.facts import ExecutionState, PipelineRef, PodSeen, Revision, RunSeen, Starter
from lineage.identity import encode_key, execution_key, pipeline_key, pipeline_version_key
from lineage.merge import Header, current, header
from lineage.model import Parameter
from lineage.store.batch import NEVER_LISTED, NO_RUN, NO_VIEW, REVISION, Attempts, Batch, offer, settle
from lineage.store.codec import (
    counted,
    encode,
    encode_parameters,
    execution_of,
    executions_of,
    fingerprint,
    microseconds,
    number_of,
    other_columns,
    other_revision_of,
    pod_of,
    revision_columns,
    revision_of,
    run_of,
    run_told_of,
    whole_seconds,
)
from lineage.store.dialect import Row
from lineage.store.recurring import belong
from lineage.store.shelf import Shelf
from lineage.workloads import WORKFLOW, WORKFLOWS


# ------------------------------------------------------------------------------------------ runs
def see_run(batch: Batch, fact: RunSeen) -> bool:
    """Take in one view of a workflow. Says whether it added anything."""
    run = batch.run(fact.run)
    alone = batch.bodies.header(fact)
    before, body = run["body"], batch.bodies.of(alone)
    added, changed = offer(run, fact.revision, body)
    if added:
        batch.runs.put(run)
        if fact.pipeline is not None:
            version_id(batch, fact.cluster, fact.pipeline)  # its text, which the header does not repeat
    if changed:
        shown = fact if run["body"] is body else run_of(run["body"])
        last = None if before is None else batch.seen_rolls.header(run["key"], before) or run_of(before)
        show_header(batch, run, shown, batch.told_of_run(run["key"], seen=True), header_of(batch, run["key"], last))
        if last is not None and last.repository != shown.repository:
            batch.retold.add(run["id"])
        if shown is fact:
            batch.seen_rolls.put_header(run["key"], body, alone)
    added |= _see_incarnation(batch, run, fact, body)
    if fact.executions is not None:
        added |= _see_roll(batch, run, fact.revision, fact.executions)
    return added


def header_of(batch: Batch, key: str, seen: RunSeen | None) -> Header | None:
    """Combine the view of a workflow with what was told of its run."""
    told = batch.told_of_run(key, seen=seen is not None)
    return header(seen, None if told is None else run_told_of(told["body"]))


def show_header(batch: Batch, run: Row, seen: RunSeen | None, told: Row | None, before: Header | None) -> None:
    """Write in the row of a run what readers get of it: of its workflow, and of what Kubeflow told."""
    said = None if told is None else run_told_of(told["body"])
    shown = header(seen, said)
    if shown is None:
        return
    told_version = None if told is None else told["version_id"]
    run.update(
        is_stub=False,
        uid=shown.uid,
        incarnation=shown.incarnation,
        name=shown.name,
        display_name=shown.display_name,
        cluster=shown.cluster,
        namespace=shown.namespace,
        phase=shown.phase.value,
        created_at=microseconds(shown.created_at),
        started_at=microseconds(shown.started_at),
        finished_at=microseconds(shown.finished_at),
        pipeline_version_id=told_version or _own_version_id(batch, seen),
        resubmitted_from=shown.resubmitted_from,
        kind=None if seen is None or seen.kind == WORKFLOW else seen.kind,
        best=None if seen is None or seen.tuning is None else seen.tuning.best_trial,
    )
    belong(batch, run, shown)
    _claim(batch, run, None if seen is None else seen.started_by)
    parameters, labels = ((), {}) if before is None else (before.parameters, before.labels)
    if before is None or parameters != shown.parameters:
        run["parameters"] = encode_parameters(shown.parameters)
        _show_named(batch.run_parameters, run, _by_name(parameters), _by_name(shown.parameters))
    if labels != shown.labels:
        _show_named(batch.run_labels, run, _of_labels(labels), _of_labels(shown.labels))


def _claim(batch: Batch, run: Row, starter: Starter | None) -> None:
    """Write in the row of a run what started it, as its object says."""
    named = None if starter is None else starter.name
    if named is not None or run["starter"] is not None:
        run["starter"] = named
        batch.runs.put(run)
        batch.claimed_runs.add(run["id"])


Named: TypeAlias = Mapping[str, Row]
"""Columns by the name of what they are of."""


def _by_name(parameters: Iterable[Parameter]) -> Named:
    return {one.name: {"value": one.value, "number": number_of(one.value)} for one in parameters}


def _of_labels(labels: Mapping[str, str]) -> Named:
    return {name: {"value": value} for name, value in labels.items()}


def _show_named(shelf: Shelf, run: Row, before: Named, now: Named) -> None:
    """Bring the rows of a run in line with what readers get of it. They need not be read for it: they are what readers
    got before."""
    if before.keys() - now.keys():
        for row in shelf.of("run_id", run["id"]):
            if row["name"] not in now:
                shelf.remove(row)
    for name, columns in now.items():
        if before.get(name) != columns:
            shelf.put({"run_id": run["id"], "name": name, **columns})


def _own_version_id(batch: Batch, seen: RunSeen | None) -> int | None:
    return version_id(batch, seen.cluster, seen.pipeline) if seen is not None and seen.pipeline is not None else None


def version_id(batch: Batch, cluster: str, pipeline: PipelineRef) -> int:
    """Find the version of a pipeline, or make it."""
    named = pipeline_version_key(cluster, pipeline.namespace, pipeline.name, pipeline.digest)
    known = batch.versions.get(named)
    if known is None:
        known = batch.versions[named] = _find_or_make_version(batch, encode_key(named), cluster, pipeline)
    return known


def _find_or_make_version(batch: Batch, key: str, cluster: str, pipeline: PipelineRef) -> int:
    version = batch.pipeline_versions.one("key", key) or batch.pipeline_versions.put(
        {
            "id": batch.pipeline_versions.next_id(),
            "key": key,
            "pipeline_id": pipeline_id(batch, cluster, pipeline.namespace, pipeline.name),
            "digest": pipeline.digest,
            "spec": zstandard.compress(pipeline.spec),
        }
    )
    return int(version["id"])


def pipeline_id(batch: Batch, cluster: str, namespace: str | None, name: str) -> int:
    """Find a pipeline, or make it."""
    key = encode_key(pipeline_key(cluster, namespace, name))
    row = batch.pipelines.one("key", key) or batch.pipelines.put(
        {"id": batch.pipelines.next_id(), "key": key, "name": name, "cluster": cluster, "namespace": namespace}
    )
    return int(row["id"])


def _see_incarnation(batch: Batch, run: Row, fact: RunSeen, body: bytes) -> bool:
    row = batch.workflows.one("uid", fact.incarnation)
    if row is None:
        resource = None if fact.resource == WORKFLOWS else fact.resource
        columns = {"uid": fact.incarnation, "run_id": run["id"], "resource": resource}
        row = {**NEVER_LISTED, **columns, "id": batch.workflows.next_id()}
    was = None if row["rev_kind"] is None else row["run_id"]
    added, changed = offer(row, fact.revision, body)
    if added and fact.revision.kind == "K":
        _seen_under(row, fact.cluster, fact.namespace, fact.revision)
    if changed:
        row["run_id"] = run["id"] if row["body"] is body else batch.run(run_of(row["body"]).run)["id"]
        if row["run_id"] != was:
            batch.joined_by_owner.add(fact.incarnation)
    if added:
        batch.workflows.put(row)
    return added


def _seen_under(row: Row, cluster: str, namespace: str, revision: Revision) -> None:
    row.update(seen_cluster=cluster, seen_namespace=namespace, seen_version=revision.version)


# ------------------------------------------------------------------------------------------ attempts
def attempts_of(batch: Batch, run_id: int) -> Attempts:
    """The attempts of a run and its placeholders, by node and start."""
    known = batch.attempts.get(run_id)
    if known is None:
        rows = batch.executions.of("run_id", run_id)
        known = {(row["node_id"], row["started_at"]): row for row in rows if not row["is_provisional"]}
        batch.attempts[run_id] = known
    return known


def _see_roll(batch: Batch, run: Row, revision: Revision, states: tuple[ExecutionState, ...]) -> bool:
    rolls = {row["kind"]: row for row in batch.rolls.of("run_id", run["id"])}
    held = rolls.get(revision.kind)
    if held is not None and held["rev_rank"] == revision.rank:
        return False
    newest = held is None or held["rev_rank"] < revision.rank
    in_roll, stood = _in_roll(revision.kind), revision_columns(revision)
    before = {} if held is None else batch.seen_rolls.shown(run["key"], revision.kind, held["rev_rank"])
    if newest:
        batch.seen_rolls.put(run["key"], revision, states)
    attempts, named, added = attempts_of(batch, run["id"]), set[int](), newest
    members = [row for row in attempts.values() if row[in_roll]]
    for state in states:
        if state.started_at is None:
            continue
        row = attempts.get((state.node_id, state.started_at))
        if row is None:
            row = _new_execution(batch, run, state, stood)
            added = True
        elif not row[in_roll]:
            added |= _offer_attempt(batch, row, state, revision)
        elif newest and before.get((state.node_id, state.started_at)) != state:
            _renew_attempt(batch, row, state, revision)
        if newest and not row[in_roll]:
            row[in_roll] = True
            batch.executions.touch(row)
        named.add(row["id"])
    if newest and not rolls:
        batch.retold.add(run["id"])  # tasks need not stand for its nodes any longer
    if newest:
        _let_go(batch, [row for row in members if row["id"] not in named], held)
        waiting = encode([state for state in states if state.started_at is None])
        rolls[revision.kind] = batch.rolls.put(
            {"run_id": run["id"], "kind": revision.kind, **stood, "waiting": waiting}
        )
        _choose_roll(batch, run, rolls)
    if len(rolls) == 2:
        _settle_attempts(batch, run, rolls)
    return added


def _in_roll(kind: str) -> str:
    """The column that says whether the newest roll of a class names an attempt."""
    return "in_roll_k" if kind == "K" else "in_roll_r"


def _new_execution(batch: Batch, run: Row, state: ExecutionState, stood: Row) -> Row:
    """Make the row of an attempt that nobody saw before. `stood` are the columns of the view that shows it."""
    row: Row = {
        **NEW_EXECUTION,
        "id": batch.new_node(execution_key(run["key"], state.node_id, state.started_at)),
        "run_id": run["id"],
        "node_id": state.node_id,
        **stood,
        "rev_ended": state.phase.ended,
    }
    show_execution(batch, row, state, batch.bodies.of(state))
    attempts_of(batch, run["id"])[state.node_id, state.started_at] = row
    return row


NEW_EXECUTION: Final = {
    **NO_VIEW,
    "is_provisional": False,
    "cached": False,
    "measured": None,
    "told": None,
    "parents": "",
    "digest": "",
    "in_roll_k": False,
    "in_roll_r": False,
    "object_uid": None,
}
"""What is known of every execution before its state."""


def show_execution(batch: Batch, row: Row, state: ExecutionState, body: bytes) -> None:
    """Write the state of an execution in its row, and tell the later steps what changed."""
    parents = orjson.dumps(state.parents).decode()
    if row["parents"] != parents:
        (batch.rewired if row["parents"] else batch.fresh)[row["id"]] = row
    row.update(
        started_at=state.started_at,
        finished_at=whole_seconds(state.finished_at),
        is_group=state.is_group,
        acts=state.acts,
        display_name=state.display_name,
        template=state.template,
        kind=state.kind,
        phase=state.phase.value,
        attempt=state.attempt,
        cpu_seconds=counted(state.resources, "cpu"),
        memory_seconds=counted(state.resources, "memory"),
        is_system=state.is_system or None,
        told_as=state.told_as,
        creates=None if state.creates is None else state.creates.key,
        parents=parents,
        digest=fingerprint(body),
        body=body,
    )
    batch.executions.put(row)
    batch.changed[row["id"]] = row
    batch.states[row["id"]] = state


def _offer_attempt(batch: Batch, row: Row, state: ExecutionState, revision: Revision) -> bool:
    """A view names an attempt that the newest roll of its class does not: it counts on its own."""
    own = msgspec.structs.replace(revision, ended=state.phase.ended)
    added, changed = offer(row, own, batch.bodies.of(state))
    if added:
        batch.executions.put(row)
    if changed:
        show_execution(batch, row, execution_of(row["body"]), row["body"])
    return added


def _renew_attempt(batch: Batch, row: Row, state: ExecutionState, revision: Revision) -> None:
    """The newest view of a class names an attempt that the one before named, too: most are as they were."""
    if row["rev_kind"] == revision.kind and batch.states.get(row["id"]) == state:
        return
    body = batch.bodies.of(state)
    if row["rev_kind"] == revision.kind:
        if row["digest"] == fingerprint(body):
            batch.states[row["id"]] = state
        else:
            row.update(revision_columns(revision), rev_ended=state.phase.ended, body=body)
            show_execution(batch, row, state, body)
    elif row["other_body"] != body:
        row.update(other_columns(revision), other_ended=state.phase.ended, other_body=body)
        batch.executions.put(row)


def _let_go(batch: Batch, members: list[Row], held: Row | None) -> None:
    """Attempts that the roll named and names no longer were last seen where it stood."""
    if held is None:
        return
    for row in members:
        if row["rev_kind"] == held["kind"]:
            row.update(rev_rank=held["rev_rank"], rev_latest=held["rev_latest"])
        elif row["other_rank"] is not None:
            row.update(other_rank=held["rev_rank"], other_latest=held["rev_latest"])
        row[_in_roll(held["kind"])] = False
        batch.executions.put(row)


def _settle_attempts(batch: Batch, run: Row, rolls: dict[str, Row]) -> None:
    """Both classes name attempts of this run: which view counts may have changed for any of them."""
    stood = {kind: revision_of(roll) for kind, roll in rolls.items()}

    def seen(row: Row, own: Revision | None) -> Revision | None:
        roll = stood[own.kind] if own is not None and row[_in_roll(own.kind)] else None
        return own if own is None or roll is None else msgspec.structs.replace(roll, ended=own.ended)

    for row in batch.executions.of("run_id", run["id"]):
        if row["other_rank"] is not None and settle(
            row, seen(row, revision_of(row)), seen(row, other_revision_of(row))
        ):
            show_execution(batch, row, execution_of(row["body"]), row["body"])


def _choose_roll(batch: Batch, run: Row, rolls: dict[str, Row]) -> None:
    """The roll that counts says which nodes are waiting: they have placeholders, and no others have."""
    kind = next(iter(rolls))
    if len(rolls) > 1:
        kind = current(revision_of(rolls["K"]), revision_of(rolls["R"]))
    if run["roll_kind"] != kind:
        run["roll_kind"] = kind
        batch.runs.put(run)
    waiting = {state.node_id: state for state in executions_of(rolls[kind]["waiting"])}
    placeholders = {node: row for (node, start), row in attempts_of(batch, run["id"]).items() if start is None}
    for node_id, row in placeholders.items():
        if node_id not in waiting:
            remove_execution(batch, row)
    stood = {name: rolls[kind][name] for name in REVISION}
    for node_id, state in waiting.items():
        known = placeholders.get(node_id)
        if known is None:
            _new_execution(batch, run, state, stood)
        elif known["digest"] != fingerprint(body := encode(state)):
            show_execution(batch, known, state, body)


def remove_execution(batch: Batch, row: Row) -> None:
    """Take away a placeholder or provisional execution: an attempt took its place."""
    batch.executions.remove(row)
    if not row["is_provisional"]:
        attempts_of(batch, row["run_id"]).pop((row["node_id"], row["started_at"]), None)
    batch.remove_node(row["id"])
    batch.changed[row["id"]] = batch.rewired[row["id"]] = row
    batch.fresh.pop(row["id"], None)
    batch.removed.add(row["id"])


# ------------------------------------------------------------------------------------------ pods
NEW_POD: Final = {**NEVER_LISTED, "run_id": NO_RUN, "execution_id": None, "reused": False}
"""What is known of every pod before its first view."""


def see_pod(batch: Batch, fact: PodSeen) -> bool:
    """Take in one view of a pod. Says whether it added anything."""
    row = batch.pods.one("uid", fact.uid) or {**NEW_POD, "id": batch.pods.next_id(), "uid": fact.uid}
    body = batch.bodies.of(fact)
    added, changed = offer(row, fact.revision, body)
    if added and fact.revision.kind == "K":
        _seen_under(row, fact.cluster, fact.namespace, fact.revision)
    if changed:
        shown = fact if row["body"] is body else pod_of(row["body"])
        if row["reused"] != shown.reused:
            batch.turned_pods.add(row["uid"])
        row.update(
            owner_uid=shown.owner_uid,
            node_id=shown.node_id,
            born=whole_seconds(shown.created_at),
            ended=whole_seconds(shown.finished_at),
            reused=shown.reused,
        )
        if row["id"] not in batch.pods.made:
            for image in batch.pod_images.of("pod_id", row["id"]):
                batch.pod_images.remove(image)
        for seen in shown.images:
            batch.pod_images.put(
                {
                    "pod_id": row["id"],
                    "container": seen.container,
                    "reference": seen.reference,
                    "digest": seen.digest,
                }
            )
        batch.moved_pods[row["uid"]] = row
    if added:
        batch.pods.put(row)
    return added
