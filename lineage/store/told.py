"""What services of Kubeflow tell, beside the views: the newest of each subject wins, whole.

Different sources of one run are combined in its row, under the lock of the run. Which version an upload is may be told
before or after the runs that name it: whoever comes second holds the lock of both, and finds what the first one left.
"""

from typing import Any, Final, assert_never

from sqlalchemy import select

from lineage.facts import (
    ExperimentTold,
    PipelineTold,
    PipelineVersionTold,
    RecurringRunTold,
    RunTold,
    TasksTold,
    Told,
)
from lineage.merge import header
from lineage.model import TOLD_RUNS
from lineage.store import tables
from lineage.store.batch import NO_VIEW, Batch, offer
from lineage.store.codec import encode_told, microseconds, run_of, run_told_of, told_of
from lineage.store.dialect import Row
from lineage.store.locks import run as name_of_run
from lineage.store.recurring import kubeflow_experiment
from lineage.store.views import pipeline_id, show_header, version_id

_NOTHING_TOLD: Final = {**NO_VIEW, "namespace": None, "created_at": None} | dict.fromkeys(
    ("pipeline_id", "version_id", "upload")
)


def see_told(batch: Batch, fact: Told) -> bool:
    """Take in what a service told of something. Says whether it added anything."""
    what, uid = _subject(fact)
    row = batch.what_was_told(what, uid) or {**_NOTHING_TOLD, "uid": uid, "what": what}
    before, body = row["body"], encode_told(fact)
    added, changed = offer(row, fact.revision, body)
    if not added:
        return False
    if isinstance(fact, RunTold | PipelineVersionTold) and fact.pipeline is not None:
        version_id(batch, fact.cluster, fact.pipeline)  # its text, which is not repeated in the row
    batch.told.put(row)
    if changed:
        shown = fact if row["body"] is body else told_of[what](row["body"])
        _show(batch, row, shown, before)
    return True


def _subject(fact: Told) -> tuple[str, str]:
    match fact:
        case ExperimentTold():
            return "experiment", fact.uid
        case PipelineTold():
            return "pipeline", fact.uid
        case PipelineVersionTold():
            return "pipeline version", fact.uid
        case RecurringRunTold():
            return "recurring run", fact.uid
        case RunTold():
            return "run" if fact.source == TOLD_RUNS else "kept run", fact.run
        case TasksTold():
            return "tasks", fact.run
        case _:
            assert_never(fact)


def _show(batch: Batch, row: Row, fact: Told, before: bytes | None) -> None:
    """Write in its row, and in what it is about, what readers get of something. `before` is the view until now."""
    row.update(cluster=fact.cluster, name=fact.run if isinstance(fact, TasksTold) else fact.name)
    match fact:
        case ExperimentTold():
            row.update(namespace=fact.namespace, created_at=microseconds(fact.created_at))
            _show_experiment(batch, fact)
        case PipelineTold():
            of = pipeline_id(batch, fact.cluster, fact.namespace, fact.name)
            row.update(namespace=fact.namespace, created_at=microseconds(fact.created_at), pipeline_id=of)
        case PipelineVersionTold(pipeline=pipeline):
            row.update(namespace=pipeline.namespace, created_at=microseconds(fact.created_at))
            row["pipeline_id"] = pipeline_id(batch, fact.cluster, pipeline.namespace, pipeline.name)
            row["version_id"] = version_id(batch, fact.cluster, pipeline)
            _show_runs_of(batch, row)
        case RecurringRunTold():
            row.update(namespace=fact.namespace)
        case RunTold():
            row.update(namespace=fact.namespace, created_at=microseconds(fact.created_at), upload=fact.version)
            row["version_id"] = _version_of_run(batch, fact)
            _show_run(batch, row, before)
        case TasksTold():
            row.update(namespace=fact.namespace)
            run = batch.runs.one("key", fact.run)
            if run is not None:
                batch.retold.add(run["id"])
        case _:
            assert_never(fact)
    batch.told.put(row)


def _show_experiment(batch: Batch, fact: ExperimentTold) -> None:
    row = kubeflow_experiment(batch, fact.uid)
    row.update(name=fact.name, cluster=fact.cluster, namespace=fact.namespace)
    batch.experiments.put(row)


def _version_of_run(batch: Batch, fact: RunTold) -> Any:
    """The version that a run names, as far as it was told, else that of the text which it bears itself."""
    upload = batch.what_was_told("pipeline version", fact.version) if fact.version else None
    if upload is not None:
        return upload["version_id"]
    return None if fact.pipeline is None else version_id(batch, fact.cluster, fact.pipeline)


def _show_run(batch: Batch, told: Row, before: bytes | None) -> None:
    run = batch.run(told["uid"])
    if run["roll_kind"] is None:
        batch.retold.add(run["id"])
    seen = None if run["body"] is None else run_of(run["body"])
    counting = batch.told_of_run(run["key"], seen=seen is not None)
    if counting is not None and counting["what"] == told["what"]:
        show_header(batch, run, seen, told, header(seen, None if before is None else run_told_of(before)))
        batch.runs.put(run)


def _show_runs_of(batch: Batch, upload: Row) -> None:
    """Let the runs that name an upload have its version."""
    stored = select(tables.told.c.uid).where(tables.told.c.upload == upload["uid"])
    batch.locks.require(*map(name_of_run, batch.connection.scalars(stored)))  # all at once, before any is loaded
    for told in batch.told.of("upload", upload["uid"]):
        if told["version_id"] != upload["version_id"]:
            told["version_id"] = upload["version_id"]
            batch.told.put(told)
            _show_run(batch, told, told["body"])
