"""Between views and joins: what Kubeflow's records tell of tasks finds the attempts at them.

A task that was tried again is told once, as it ended: of the last attempt.
"""

from lineage.facts import TasksTold, TaskTold
from lineage.merge import placed
from lineage.store.batch import Batch
from lineage.store.codec import encode, run_of, tasks_of
from lineage.store.dialect import Row
from lineage.store.views import attempts_of


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
    attempts = [row for row in attempts_of(batch, run["id"]).values() if _may_be_told(row)]
    last = {row["told_as"]: row for row in sorted(attempts, key=_in_time)}
    for row in attempts:
        task = tasks.get(row["told_as"]) if last[row["told_as"]] is row else None
        body = None if task is None else encode(placed(task, repository, told.cluster))
        if row["told"] != body:
            row["told"] = body
            batch.executions.put(row)
            batch.changed[row["id"]] = row


def _may_be_told(attempt: Row) -> bool:
    return attempt["told_as"] is not None or attempt["told"] is not None


def _by_name(told: TasksTold) -> dict[str, TaskTold]:
    """Tasks by the ids and places that attempts know them by. What was made anew at a place is what stands there."""
    return {task.place: task for task in told.tasks} | {task.id: task for task in told.tasks}


def _in_time(attempt: Row) -> tuple[int, str]:
    started = attempt["started_at"]
    return -1 if started is None else started, attempt["node_id"]
