"""Trials and jobs as a real API server serves them, by the definitions of their projects: what it keeps is
understood."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.identity import object_key, run_key
from lineage.model import Execution, Phase, Run, Turn
from lineage.ports import EVERYTHING
from lineage.store.sql import SqlStore
from tests.factories import KubernetesObject
from tests.following import following, now, store_in
from tests.kubernetes_server import KubernetesServer
from tests.waiting import comes_true
from tests.workloads import a_job, a_katib_experiment, a_train_job, a_trial, owned_by
from watchers.kube import connect
from watchers.sources import katib_experiment, katib_trial, pytorch_job, train_job

DEFINED = {
    katib_experiment.SOURCE: "katib-experiment.yaml",
    katib_trial.SOURCE: "katib-trial.yaml",
    pytorch_job.SOURCE: "trainop-pytorchjobs.yaml",
    train_job.SOURCE: "trainer-trainjobs.yaml",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with store_in(tmp_path) as opened:
        yield opened


def of_test(item: KubernetesObject, **metadata: object) -> KubernetesObject:
    """An object as somebody writes it: the server gives it what it has of its own."""
    given = {name: item["metadata"][name] for name in ("name", "namespace")}
    return {**item, "metadata": {**given, **metadata}}


def test_what_a_server_keeps_of_a_search_and_its_jobs_is_understood(
    own_kubernetes: KubernetesServer, fixtures: Path, store: SqlStore
) -> None:
    for source, definition in DEFINED.items():
        own_kubernetes.define(source.resource, fixtures / "crds" / definition)

    def put(source: object, item: KubernetesObject, **metadata: object) -> str:
        """Write an object, and how it stands; returns its uid."""
        resource = next(one.resource for one in DEFINED if one is source)
        kept = own_kubernetes.put(resource, of_test(item, **metadata))
        own_kubernetes.put_status(resource, of_test(item))
        return str(kept["metadata"]["uid"])

    def run(uid: str) -> Run | None:
        found = store.get(EVERYTHING, [run_key(uid)]).get(run_key(uid))
        return found if isinstance(found, Run) else None

    def execution(uid: str) -> Execution | None:
        found = store.get(EVERYTHING, [object_key(uid)]).get(object_key(uid))
        return found if isinstance(found, Execution) else None

    def turns(uid: str) -> tuple[Turn, ...]:
        return store.turns(EVERYTHING, [object_key(uid)]).get(object_key(uid), ())

    def scales(uid: str) -> list[object]:
        return [turn.replicas for turn in turns(uid) if turn.replicas is not None]

    with following(connect(kubeconfig=own_kubernetes.kubeconfig()), store, tuple(DEFINED)):
        experiment = put(katib_experiment.SOURCE, a_katib_experiment(best="tune-1", trials=1))
        metrics = [{"name": "loss", "min": "0.1", "max": "0.9", "latest": "0.2"}]
        trial = put(
            katib_trial.SOURCE,
            a_trial([("Created", 20), ("Succeeded", 60)], end=60, metrics=metrics),
            ownerReferences=owned_by("Experiment", "tune", experiment),
        )
        by_trial = owned_by("Trial", "tune-1", trial)
        job = put(pytorch_job.SOURCE, a_job(name="tune-1", replicas={"Worker": 1}), ownerReferences=by_trial)
        training = put(
            train_job.SOURCE,
            a_train_job([("Complete", 70)], jobsStatus=[_jobs_status("node", succeeded=1)]),
            ownerReferences=by_trial,
        )
        assert comes_true(lambda: (one := execution(trial)) is not None and one.phase is Phase.SUCCEEDED)
        assert comes_true(lambda: (one := run(training)) is not None and one.phase is Phase.SUCCEEDED)
        assert comes_true(lambda: scales(job) == [{"Worker": 1}])
        grown = of_test(a_job(name="tune-1", replicas={"Worker": 3}), ownerReferences=by_trial)
        own_kubernetes.put(pytorch_job.SOURCE.resource, grown)
        assert comes_true(lambda: scales(job) == [{"Worker": 1}, {"Worker": 3}])
        own_kubernetes.delete(pytorch_job.SOURCE.resource, "a", "tune-1")
        assert comes_true(lambda: (one := run(job)) is not None and not one.in_cluster)
    best = store.best_trials(EVERYTHING, [run_key(experiment)])
    assert {one.key for one in best.values()} == {object_key(trial)}
    for uid in (job, training):
        started = run(uid)
        assert started is not None
        assert started.started_by_key == object_key(trial)
    dates = [turn.at for turn in turns(job) if turn.replicas is not None]
    assert all(at is not None and at <= now() for at in dates)


def _jobs_status(name: str, **counts: int) -> KubernetesObject:
    return {"name": name, **dict.fromkeys(("ready", "succeeded", "failed", "active", "suspended"), 0), **counts}
