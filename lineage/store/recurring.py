"""First step of a batch, of recurring runs: their views, their specs, and which runs they made.

Which recurring run made a run, and so which experiment that belongs to, follows from views of both. So it is decided
whenever either is seen, by who holds the lock of what names the one to the other.
"""

from lineage.facts import RecurringRef, RecurringRunSeen
from lineage.identity import encode_key, experiment_key, kubeflow_experiment_key, recurring_run_key
from lineage.merge import Header, header
from lineage.store.batch import NO_VIEW, Batch, offer
from lineage.store.codec import (
    encode,
    fingerprint,
    microseconds,
    recurring_of,
    run_of,
    run_told_of,
)
from lineage.store.dialect import Row
from lineage.store.locks import maker

NOT_TOLD = 0


def see_recurring_run(batch: Batch, fact: RecurringRunSeen) -> bool:
    """Take in one view of a recurring run. Says whether it added anything."""
    row = batch.recurring_runs.one("uid", fact.uid)
    if row is None:
        row = {
            **NO_VIEW,
            **dict.fromkeys(_SHOWN),
            "id": batch.recurring_runs.next_id(),
            "key": encode_key(recurring_run_key(fact.uid)),
            "uid": fact.uid,
        }
    before = _belongings(row)
    added, changed = offer(row, fact.revision, encode(fact))
    if added and fact.revision.kind == "K":
        row.update(seen_cluster=fact.cluster, seen_namespace=fact.namespace, seen_version=fact.revision.version)
    if changed:
        _show(batch, row, recurring_of(row["body"]))
    if added:
        batch.recurring_runs.put(row)
    added |= _see_spec(batch, row, fact)
    if before != _belongings(row):
        _adopt(batch, row)
    return added


_SHOWN = (
    "scheduler",
    "name",
    "cluster",
    "namespace",
    "enabled",
    "created_at",
    "experiment_id",
    "seen_cluster",
    "seen_namespace",
    "seen_version",
)


def _belongings(row: Row) -> tuple[object, ...]:
    """What of a recurring run says which runs are its, and what they get of it."""
    return tuple(row[name] for name in ("scheduler", "cluster", "namespace", "name", "created_at", "experiment_id"))


def _show(batch: Batch, row: Row, shown: RecurringRunSeen) -> None:
    experiment = shown.spec.experiment_id
    row.update(
        scheduler=shown.scheduler.value,
        name=shown.name,
        cluster=shown.cluster,
        namespace=shown.namespace,
        enabled=shown.spec.enabled,
        created_at=microseconds(shown.created_at),
        experiment_id=kubeflow_experiment(batch, experiment)["id"] if experiment else None,
    )


def _see_spec(batch: Batch, recurring: Row, fact: RecurringRunSeen) -> bool:
    """Note a spec, and since when it was in force. Says whether it is a new one."""
    body, seen_at = encode(fact.spec), microseconds(fact.seen_at)
    told_at, digest = microseconds(fact.spec_since) or NOT_TOLD, fingerprint(body)
    held = batch.recurring_specs.of("recurring_run_id", recurring["id"])
    row = next((one for one in held if (one["told_at"], one["digest"]) == (told_at, digest)), None)
    if row is None:
        batch.recurring_specs.put(
            {
                "recurring_run_id": recurring["id"],
                "told_at": told_at,
                "digest": digest,
                "first_seen": seen_at,
                "last_seen": seen_at,
                "first_rank": fact.revision.rank,
                "body": body,
            }
        )
        return True
    known = {"first_rank": min(row["first_rank"], fact.revision.rank)}
    if told_at == NOT_TOLD:
        known |= {"first_seen": min(row["first_seen"], seen_at), "last_seen": max(row["last_seen"], seen_at)}
    if not row.items() >= known.items():
        batch.recurring_specs.put(row | known)
    return False


def kubeflow_experiment(batch: Batch, experiment_id: str) -> Row:
    """Find an experiment of Kubeflow, or make one of which nothing but its id is known."""
    key = encode_key(kubeflow_experiment_key(experiment_id))
    return batch.experiments.one("key", key) or batch.experiments.put(
        {
            "id": batch.experiments.next_id(),
            "key": key,
            "uid": experiment_id,
            "name": experiment_id,
            "cluster": None,
            "namespace": None,
        }
    )


# ------------------------------------------------------------------------------------------ its runs
def _adopt(batch: Batch, recurring: Row) -> None:
    """Let the runs that name a recurring run follow it."""
    shown = recurring_of(recurring["body"])
    by_name = RecurringRef(scheduler=shown.scheduler, uid=None, name=shown.name)
    named = (shown.uid, maker(shown.cluster, shown.namespace, by_name))
    for run in batch.runs.find("maker", named):
        told = batch.told_of_run(run["key"], seen=run["body"] is not None)
        seen = None if run["body"] is None else run_of(run["body"])
        of_run = header(seen, None if told is None else run_told_of(told["body"]))
        if of_run is not None:
            belong(batch, run, of_run)


def belong(batch: Batch, run: Row, shown: Header) -> None:
    """Say in the row of a run which recurring run made it, and which experiment it is of."""
    recurring = _recurring_of(batch, shown)
    run.update(
        maker=None if shown.recurring is None else maker(shown.cluster, shown.namespace, shown.recurring),
        recurring_run_id=None if recurring is None else recurring["id"],
        scheduled_at=microseconds(shown.scheduled_at),
        experiment_id=_experiment_of(batch, shown, recurring),
    )
    batch.runs.put(run)


def _recurring_of(batch: Batch, shown: Header) -> Row | None:
    """The recurring run that a run names: of several of one name, the newest that was there when the run was made."""
    ref = shown.recurring
    if ref is None:
        return None
    if ref.uid is not None:
        return batch.recurring_runs.one("uid", ref.uid)
    where = (ref.scheduler.value, shown.cluster, shown.namespace)
    made = microseconds(shown.created_at)
    able = [
        row
        for row in batch.recurring_runs.of("name", ref.name)
        if (row["scheduler"], row["cluster"], row["namespace"]) == where
        and (made is None or row["created_at"] is None or row["created_at"] <= made)
    ]
    return max(able, key=lambda row: (row["created_at"] or 0, row["uid"]), default=None)


def _experiment_of(batch: Batch, shown: Header, recurring: Row | None) -> int | None:
    """The experiment that a label of a run names, else the one that Kubeflow tells, else that of the recurring run that
    made it."""
    if not shown.experiment and shown.kubeflow_experiment is not None:
        return int(kubeflow_experiment(batch, shown.kubeflow_experiment)["id"])
    if not shown.experiment:
        return None if recurring is None else recurring["experiment_id"]
    key = encode_key(experiment_key(shown.cluster, shown.namespace, shown.experiment))
    row = batch.experiments.one("key", key) or batch.experiments.put(
        {
            "id": batch.experiments.next_id(),
            "key": key,
            "uid": None,
            "name": shown.experiment,
            "cluster": shown.cluster,
            "namespace": shown.namespace,
        }
    )
    return int(row["id"])
