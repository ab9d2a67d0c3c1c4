"""Between views and joins: what Kubeflow's records tell of tasks finds the attempts at them.

A task that was tried again is told once, as it ended: of the last attempt. While no view shows the nodes of a run, its
tasks stand for them: runs that were over before we came have no other steps.
"""

from typing import Final

from lineage.facts import ExecutionState, Revision, TasksTold, TaskTold
from lineage.identity import provisional_key
from lineage.merge import placed
from lineage.store.batch import Batch
from lineage.store.codec import encode, fingerprint, revision_columns, run_of, tasks_of, whole_seconds
from lineage.store.dialect import Row
from lineage.store.views import NEW_EXECUTION, attempts_of, remove_execution, show_execution


def tell(batch: Batch) -> None:
    """Hand what is told to the attempts of runs that this batch changed, or of which it tells something new."""
    changed = {row["run_id"] for key, row in batch.changed.items() if _may_be_told(row) and key not in batch.removed}
    for run in batch.runs.find("id", batch.retold | changed):
        told = batch.what_was_told("tasks", run["key"])
        if told is not None:
            _tell_run(batch, run, tasks_of(told["body"]))


def _tell_run(batch: Batch, run: Row, told: TasksTold) -> None:
    seen = None if run["body"] is None else run_of(run["body"])
    repository = None if seen is None else seen.repository
    tasks = _by_name(told)
    stands_in = run["roll_kind"] is None and not run["is_stub"]
    _stand_in(batch, run, told if stands_in else None)
    attempts = [row for row in _executions(batch, run) if _may_be_told(row)]
    last = {row["told_as"]: row for row in sorted(attempts, key=_in_time)}
    for row in attempts:
        task = tasks.get(row["told_as"]) if last[row["told_as"]] is row else None
        body = None if task is None else encode(placed(task, repository, told.cluster))
        if row["told"] != body:
            row["told"] = body
            batch.executions.put(row)
            batch.changed[row["id"]] = row


def _executions(batch: Batch, run: Row) -> list[Row]:
    standing_in = [row for row in batch.executions.of("run_id", run["id"]) if row["is_provisional"]]
    return [*attempts_of(batch, run["id"]).values(), *standing_in]


def _may_be_told(attempt: Row) -> bool:
    return attempt["told_as"] is not None or attempt["told"] is not None


def _by_name(told: TasksTold) -> dict[str, TaskTold]:
    """Tasks by the ids and places that attempts know them by. What was made anew at a place is what stands there."""
    return {task.place: task for task in told.tasks} | {task.id: task for task in told.tasks}


def _in_time(attempt: Row) -> tuple[int, str]:
    started = attempt["started_at"]
    return -1 if started is None else started, attempt["node_id"]


# ------------------------------------------------------------------------------------------ without nodes
def _stand_in(batch: Batch, run: Row, told: TasksTold | None) -> None:
    """Let tasks stand for the nodes of a run that no view shows; None where one does."""
    tasks = {} if told is None else {_node_of(task): task for task in told.tasks}
    standing = [
        row for row in _executions(batch, run) if row["is_provisional"] and row["node_id"].startswith(STANDS_FOR)
    ]
    for row in standing:
        task = tasks.pop(row["node_id"], None)
        if task is None:
            remove_execution(batch, row)
        elif row["digest"] != fingerprint(body := encode(state := _state_of(task))):
            show_execution(batch, row, state, body)
    for node_id, task in tasks.items():
        nothing_seen = Revision(kind="R", life="", version="", digest="", latest=0, ended=False)
        row = {
            **NEW_EXECUTION,
            "id": batch.new_node(provisional_key(run["key"], node_id)),
            "run_id": run["id"],
            "node_id": node_id,
            "is_provisional": True,
            **revision_columns(nothing_seen),
        }
        state = _state_of(task)
        show_execution(batch, row, state, encode(state))


STANDS_FOR: Final = "task "
"""How the nodes of tasks are called that stand for them."""


def _node_of(task: TaskTold) -> str:
    return f"{STANDS_FOR}{task.id}"


def _state_of(task: TaskTold) -> ExecutionState:
    name = task.name or task.id
    return ExecutionState(
        node_id=_node_of(task),
        started_at=whole_seconds(task.started_at),
        is_group=False,
        acts=True,
        name=name,
        display_name=name,
        template=None,
        kind="POD",
        phase=task.phase,
        message=None,
        attempt=0,
        finished_at=task.finished_at,
        exit_code=None,
        memoized=task.cached,
        cached_from=None,
        resources=None,
        input_parameters=(),
        output_parameters=(),
        parents=(),
        reads=(),
        writes=(),
        told_as=task.id,
    )
