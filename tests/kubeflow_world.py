"""Worlds of any size that Kubeflow tells of and that are watched as well: runs as they went, with their workflows and
pods, of a few experiments, versions and recurring runs."""

from typing import Any

from tests.factories import (
    RUN_ID,
    KubernetesObject,
    a_node,
    a_pod,
    a_workflow,
    rfc3339,
)
from tests.factories import a_recurring_run as a_scheduled_workflow
from tests.kubeflow_answers import (
    a_pipeline,
    a_pipeline_object,
    a_recurring_run,
    a_run,
    a_version,
    a_version_object,
    an_experiment,
    an_ir,
    told,
    told_version,
)
from watchers.answers import EXPERIMENTS, PIPELINES, RECURRING_RUNS, RUNS


def a_told_world(runs: int) -> list[KubernetesObject]:
    """Everything that is told and seen of so many runs."""
    return [*_what_runs_name(), *(each for number in range(runs) for each in objects_of_told_run(number))]


def _what_runs_name() -> list[KubernetesObject]:
    """Two uploads of one text and one of another, told of by the API, and one of them in Kubernetes as well."""
    return [
        *(told(EXPERIMENTS, an_experiment(f"e{number}", f"tuning-{number}")) for number in range(3)),
        told(PIPELINES, a_pipeline()),
        a_pipeline_object(version=4),
        told_version(a_version("v0", "first")),
        told_version(a_version("v1", "again", made=50)),
        told_version(a_version("v2", "other", spec=an_ir("python:3.12"), made=60)),
        a_version_object("v2", "other", spec=an_ir("python:3.12"), version=5, made=60),
        told(RECURRING_RUNS, a_recurring_run()),
        a_scheduled_workflow(kind="ScheduledWorkflow"),
    ]


def objects_of_told_run(number: int) -> list[KubernetesObject]:
    """What is told and seen of one run: some bear their text themselves, some were over before we came."""
    uid, born = f"run-{number:03}", 100 * (1 + number)
    shown: dict[str, Any] = {
        "made": born,
        "experiment": f"e{number % 4}",  # of one of them nobody tells
        "version": None if number % 5 == 4 else f"v{number % 3}",
        "runtime_config": {"parameters": {"rate": number / 10}},
        **({"pipeline_spec": an_ir()} if number % 5 == 4 else {}),
        **({"recurring_run_id": "r1"} if number % 2 else {}),
    }
    running = a_run(uid, state="RUNNING", ended=None, **shown)
    ended = a_run(uid, state=("SUCCEEDED", "FAILED")[number % 2], ended=born + 90, **shown)
    return [told(RUNS, running), told(RUNS, ended), *(_seen(number, uid, born) if number % 4 else [])]


def _seen(number: int, uid: str, born: int) -> list[KubernetesObject]:
    name = f"train-{number:03}"
    node = f"{name}-1000001"
    labels = {RUN_ID: uid, **({"kfp-lineage/experiment": "by hand"} if number % 7 == 3 else {})}
    views = [
        a_workflow(
            {node: a_node(f"{name}.fit", born + 10, end, phase, writes=[f"model/{number}"])},
            uid=f"u{number:03}",
            name=name,
            born=born,
            phase=phase,
            version=version,
            labels=labels,
            metadata={"generateName": "train-"},
            startedAt=rfc3339(born + 5),
            finishedAt=rfc3339(end),
        )
        for version, phase, end in ((10 + number, "Running", None), (200 + number, "Succeeded", born + 80))
    ]
    seen = views[: 1 + number % 2]  # of some, the end is told by Kubeflow alone
    pod = a_pod(f"pod-{number:03}", node, born + 10, born + 80, owner=f"u{number:03}", workflow=name, labels=labels)
    return [*seen, pod]
