"""A tuned pipeline, told in all the views that a watcher may have had of it.

A step of a pipeline creates a Katib experiment. Of its trials one runs a workflow, one an elastic PyTorchJob, one a
TrainJob; a last one is deleted while it runs. Another step creates a job, whose pods are seen, and a job has no owner.
"""

import json
from collections.abc import Sequence
from typing import Any

from lineage.observation import Observation
from tests.factories import KubernetesObject, a_node, a_pod, a_workflow, deleted, listed, managed, rfc3339
from tests.workloads import (
    Conditions,
    a_job,
    a_katib_experiment,
    a_notebook,
    a_pod_of_job,
    a_train_job,
    a_trial,
    owned_by,
)

MANIFEST = {"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "metadata": {"name": "tune"}}
JOB_MANIFEST = {"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "metadata": {"generateName": "fit-"}}


def a_template(name: str, manifest: KubernetesObject, action: str = "create") -> KubernetesObject:
    """A template that makes an object."""
    return {"name": name, "resource": {"action": action, "manifest": json.dumps(manifest)}}


def a_step(name: str, start: float, end: float | None = None, **more: Any) -> KubernetesObject:
    """A step that runs the template of its name."""
    return a_node(f"w.{name}", start, end, "Running" if end is None else "Succeeded", templateName=name, **more)


def a_pipeline(*, version: int | None = 1, over: bool = False, **more: Any) -> KubernetesObject:
    """A workflow that prepares data, tunes and fits."""
    fitted = {"parameters": [{"name": "fit-name", "value": "fit-x"}]} if over else {}
    nodes = {
        "w-1": a_step("prepare", 1, 5, writes=["data"]),
        "w-2": a_step("tune", 10, 100 if over else None, reads=["data"]),
        "w-3": a_step("fit", 10, 100 if over else None, outputs=fitted),
    }
    spec = {"templates": [a_template("tune", MANIFEST), a_template("fit", JOB_MANIFEST)]}
    ended: KubernetesObject = {"finishedAt": rfc3339(100)} if over else {}
    return a_workflow(nodes, version=version, phase="Succeeded" if over else "Running", spec=spec, **ended, **more)


def a_trials_workflow(*, version: int | None = 1, over: bool = False) -> KubernetesObject:
    """The workflow that a trial runs: it trains, and writes a model."""
    nodes = {
        "tune-1-1": a_node("tune-1.load", 31, 33),
        "tune-1-2": a_node("tune-1.train", 34, 50 if over else None, "Succeeded" if over else "Running"),
    }
    if over:
        nodes["tune-1-2"]["outputs"] = {"artifacts": [{"name": "model", "s3": {"key": "model"}}]}
    ended: KubernetesObject = {"finishedAt": rfc3339(51)} if over else {}
    return a_workflow(
        nodes,
        version=version,
        uid="w1",
        name="tune-1",
        born=30,
        phase="Succeeded" if over else "Running",
        metadata={"ownerReferences": owned_by("Trial", "tune-1", "trial-1")},
        startedAt=rfc3339(30),
        **ended,
    )


def observations() -> Sequence[KubernetesObject | Observation]:
    """All that was seen, in the order of time."""
    by_trial = {name: {"ownerReferences": owned_by("Trial", name, uid)} for name, uid in _TRIALS.items()}

    def elastic(version: int | None, workers: int, generation: int, written: float, conditions: Conditions) -> Any:
        metadata = {
            **by_trial["tune-2"],
            "generation": generation,
            "managedFields": [managed("hpa", written)],
        }
        replicas = {"Worker": workers}
        return a_job(
            conditions=conditions,
            uid="j2",
            name="tune-2",
            version=version,
            replicas=replicas,
            metadata=metadata,
            born=30,
            start=31,
            claim="shared",
        )

    return [
        a_pipeline(version=1),
        a_katib_experiment([("Created", 15)], version=2),
        a_trial(version=3, name="tune-1", uid="trial-1"),
        a_trial(version=4, name="tune-2", uid="trial-2", values={"lr": "0.02"}),
        a_trial(version=5, name="tune-3", uid="trial-3", values={"lr": "0.03"}),
        a_trial(version=6, name="tune-4", uid="trial-4", values={"lr": "0.04"}),
        a_trials_workflow(version=7),
        elastic(8, 1, 1, 30, [("Created", 30), ("Running", 32)]),
        elastic(9, 3, 2, 35, [("Created", 30), ("Running", 32)]),
        elastic(10, 3, 2, 35, [("Created", 30), ("Running", 32, "False"), ("Restarting", 38)]),
        elastic(11, 2, 3, 40, [("Created", 30), ("Running", 39)]),
        a_train_job(version=12, uid="t3", name="tune-3", born=30, metadata=by_trial["tune-3"]),
        a_job("TFJob", uid="j5", name="fit-x", version=13, born=20, start=21, metadata={"generateName": "fit-"}),
        a_pod_of_job("p1", "j5", kind="TFJob", name="fit-x", born=22),
        a_pod_of_job("p2", "j5", kind="TFJob", name="fit-x", born=5000, end=5001),
        a_job("JAXJob", uid="j6", name="alone", version=14, born=40, start=41),
        a_notebook(version=16, born=2),
        a_job(
            "PaddleJob", uid="j8", name="paddle", version=17, born=30, metadata={"labels": {"notebook-name": "desk"}}
        ),
        a_job("XGBoostJob", uid="j7", name="boost", version=15, born=3, metadata={"labels": {"pipeline/runid": "u1"}}),
        deleted("trial-4"),
        a_trials_workflow(version=20, over=True),
        deleted("w1"),
        elastic(21, 2, 3, 40, [("Created", 30), ("Succeeded", 60)]),
        a_train_job(
            [("Complete", 60)],
            version=22,
            uid="t3",
            name="tune-3",
            born=30,
            metadata=by_trial["tune-3"],
            spec={"initializer": {"dataset": {"storageUri": "s3:///data"}}},
        ),
        *(
            a_trial(
                [("Succeeded", 61)],
                version=23 + number,
                name=name,
                uid=uid,
                end=61,
                values={"lr": f"0.0{number}"},
                metrics=[{"name": "loss", "min": f"0.{number}", "max": "0.9", "latest": "unavailable"}],
            )
            for number, (name, uid) in enumerate(list(_TRIALS.items())[:3], start=1)
        ),
        a_katib_experiment([("Succeeded", 62)], version=30, end=62, best="tune-1", trials=4),
        a_pipeline(version=31, over=True),
        # From files: of some all that is known, of others less than was watched.
        a_pipeline(version=None),
        a_trial([("Failed", 70)], version=None, name="tune-4", uid="trial-4", end=70),
        a_katib_experiment(version=None),
        a_pod("p9", "tune-1-2", 34, 49, owner="w1", workflow="tune-1"),
        listed("*", 40, ["trial-1", "trial-2", "trial-3"], resource="trials.kubeflow.org"),
        listed("*", 40, ["j5"], resource="jaxjobs.kubeflow.org"),
    ]


_TRIALS = {"tune-1": "trial-1", "tune-2": "trial-2", "tune-3": "trial-3", "tune-4": "trial-4"}
