"""Second step of a batch: which execution started a run, where its object says so.

A run names its starter in one of three ways, and the row of the run keeps it as text:

- by the uid of its owner: an execution that is an object of its own (a trial), a pod, or a workflow. Of the steps of a
  workflow it is the one that creates an object of this kind and name; where none says so, the only one that worked
  then;
- without an owner, by the id of a run that its labels bear: of the steps of that run it is found in the same way;
- without either, by what it is itself: whoever creates an object of this kind, namespace and name.

Of several that create it, it is the last that had begun by then. Which one it is follows from both, so whoever sees
either says it, under the lock of what names the one to the other. From the starter, edges lead to all executions of the
run: what it was given, these were given.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final

from sqlalchemy import select

from lineage.facts import ExecutionState, RunSeen
from lineage.merge import SKEW_SECONDS
from lineage.store import tables
from lineage.store.batch import Batch, has_ended
from lineage.store.codec import run_of, whole_seconds
from lineage.store.dialect import Row
from lineage.store.locks import starter as starter_lock
from lineage.store.prepared import Prepared

FOREVER: Final = 1 << 62


def join_starters(batch: Batch) -> None:
    """Say which execution started each run that this batch may have given another starter, and lead edges from it."""
    if not (batch.changed or batch.seated_pods or batch.claimed_runs):
        return
    runs = {row["id"]: row for row in batch.runs.find("id", batch.claimed_runs)}
    if runs or _any_started(batch.dialect.name).ask(batch.cursor, {}):
        runs |= {row["id"]: row for row in batch.runs.find("starter", _names(batch))}
    _load_starters(batch, [run["starter"] for run in runs.values() if run["starter"] is not None])
    for run in runs.values():
        found = _starter_of(batch, run)
        if run["starter_id"] != found:
            run["starter_id"] = found
            batch.runs.put(run)
            _lead(batch, run, batch.executions.of("run_id", run["id"]))
    for row in _placed(batch):
        _lead(batch, batch.runs.get(row["run_id"]), [row])


def _load_starters(batch: Batch, names: list[str]) -> None:
    """Load what these may be the names of in few statements, instead of each by itself."""
    for column in ("object_uid", "creates"):
        batch.executions.load(column, names)
    for shelf in (batch.pods, batch.workflows):
        shelf.load("uid", names)


@cache
def _any_started(database: str) -> Prepared:
    """Ask whether anything started any run: in most stores nothing did, and they pay nothing for it."""
    starter = tables.run.c.starter
    return Prepared(database, select(starter).where(starter.is_not(None)).limit(1))


def _placed(batch: Batch) -> list[Row]:
    """The executions that this batch changed, of runs that something started, or that may have been elsewhere."""
    batch.runs.load("id", {row["run_id"] for row in batch.changed.values()})
    rows = [row for row in batch.changed.values() if _may_be_led_to(batch, row)]
    batch.edges.load("target", [row["id"] for row in rows])
    return rows


def _may_be_led_to(batch: Batch, row: Row) -> bool:
    run = batch.runs.get(row["run_id"])
    return row["is_provisional"] or row["object_uid"] or (run is not None and run["starter_id"] is not None)


def _names(batch: Batch) -> Iterable[str]:
    """What runs may call an execution that this batch changed, or a pod that works for another than before."""
    rows = batch.changed.values()
    names = dict.fromkeys(sorted(batch.seated_pods))
    names |= dict.fromkeys(row[column] for row in rows for column in ("object_uid", "creates") if row[column])
    of_steps = {row["run_id"] for row in rows if row["object_uid"] is None}
    names |= dict.fromkeys(row["key"] for row in batch.runs.find("id", of_steps))
    return names | dict.fromkeys(row["uid"] for row in batch.workflows.find("run_id", of_steps))


def _starter_of(batch: Batch, run: Row) -> int | None:
    """The execution that started a run; None where it is not known, or none did."""
    seen = None if run["body"] is None else run_of(run["body"])
    if seen is None or seen.started_by is None or run["starter"] is None:
        return None
    batch.locks.require(starter_lock(seen.started_by))
    owner, labelled = seen.started_by.owner, seen.started_by.run
    if owner is None and labelled is None:
        return _creator(batch.executions.of("creates", run["starter"]), batch, seen, run)
    if owner is None:
        home = batch.runs.one("key", labelled)
        return None if home is None else _step_of(batch, home["id"], seen, run)
    for row in batch.executions.of("object_uid", owner):
        return None if row["run_id"] == run["id"] else int(row["id"])
    for pod in batch.pods.of("uid", owner):
        return None if pod["execution_id"] is None else int(pod["execution_id"])
    workflow = batch.workflows.one("uid", owner)
    return None if workflow is None else _step_of(batch, workflow["run_id"], seen, run)


def _step_of(batch: Batch, home: int, seen: RunSeen, run: Row) -> int | None:
    """The step of a run that started another: the one that creates it, else the only one that worked then."""
    if home == run["id"] or seen.started_by is None:
        return None
    steps, key = batch.executions.of("run_id", home), seen.started_by.creation.key
    found = _creator([step for step in steps if step["creates"] == key], batch, seen, run)
    return _only_worker(steps, seen) if found is None else found


def _creator(rows: Iterable[Row], batch: Batch, seen: RunSeen, run: Row) -> int | None:
    """Of those that create an object of this name the last that had begun by then. One that made another is out."""
    made = whole_seconds(seen.created_at)
    able = [
        row
        for row in rows
        if row["started_at"] is not None
        and row["run_id"] != run["id"]
        and _works(row, made)
        and _names_it(batch.state(row), seen.name)
    ]
    found = max(able, key=lambda row: (row["started_at"], batch.nodes.at(row["id"])["key"]), default=None)
    return None if found is None else int(found["id"])


def _names_it(state: ExecutionState, name: str) -> bool:
    """Whether what an execution created may be this object: where it says what that came to be called, it must be."""
    return state.creates is not None and state.creates.name in ("", name)


def _only_worker(steps: Iterable[Row], seen: RunSeen) -> int | None:
    """The step that worked when an object was made, if no other did."""
    made = whole_seconds(seen.created_at)
    if made is None:
        return None
    working = [row for row in steps if row["acts"] and row["started_at"] is not None and _works(row, made)]
    return int(working[0]["id"]) if len(working) == 1 else None


def _works(row: Row, at: int | None) -> bool:
    """Whether an execution may have worked at a time."""
    if at is None:
        return True
    end = max(row["finished_at"] or 0, row["started_at"]) if has_ended(row) else FOREVER
    return bool(row["started_at"] - SKEW_SECONDS <= at <= end + SKEW_SECONDS)


# ------------------------------------------------------------------------------------------ edges
def _lead(batch: Batch, run: Row | None, rows: Iterable[Row]) -> None:
    """Let the edges to executions of a run begin at its starter, and at no other."""
    starter = None if run is None else run["starter_id"]
    for row in rows:
        gone = row["id"] in batch.removed
        wanted = None if gone or row["is_group"] or row["id"] == starter else starter
        made = row["id"] in batch.nodes.made
        held = [] if made else [e for e in batch.edges.of("target", row["id"]) if e["role"] == tables.STARTED]
        for edge in held:
            if edge["source"] != wanted:
                batch.edges.remove(edge)
        if wanted is not None and all(edge["source"] != wanted for edge in held):
            batch.edges.put(
                {"target": row["id"], "source": wanted, "role": tables.STARTED, "name": "", "ambiguous": False}
            )
