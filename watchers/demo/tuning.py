"""How Katib would have written down a search: an Experiment and its Trials, each as it stood whenever that changed.

Pure. Source: kubeflow/katib/pkg/controller.v1beta1/trial and experiment.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from watchers.demo.forms import NAMESPACE, Json, owner, read_time, uid, write_time
from watchers.demo.manifests import KATIB
from watchers.demo.story import Run, Tuning
from watchers.source import Resource
from watchers.timeline import Recording

EXPERIMENTS: Final = Resource(group="kubeflow.org", version="v1beta1", plural="experiments", kind="Experiment")
TRIALS: Final = Resource(group="kubeflow.org", version="v1beta1", plural="trials", kind="Trial")
BEFORE: Final = timedelta(seconds=2)  # from a trial to the workflow that it makes
AFTER: Final = timedelta(seconds=2)  # until Katib has read the metrics of one that is over


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A trial of which the story is known: the workflow that it made, and what came of it."""

    run: Run
    name: str
    created_at: datetime
    ended_at: datetime
    value: str


def record_tuning(tuning: Tuning, start: datetime, recordings: Sequence[Recording]) -> Iterator[Recording]:
    """Record a search, of whose trials the workflows are recorded already."""
    workflows = {one.object["metadata"]["name"]: one.object for one in recordings if one.object["kind"] == "Workflow"}
    trials = [_told(run, workflows[f"{tuning.name}-{run.suffix}"], tuning.objective) for run in tuning.trials]
    created_at = start + timedelta(seconds=tuning.begins)
    over_at = max(trial.ended_at for trial in trials) + AFTER
    best = max(trials, key=lambda trial: float(trial.value))
    yield _view(EXPERIMENTS, tuning.name, created_at, created_at, _experiment(tuning), {"conditions": []})
    running = {"startTime": write_time(created_at), "trials": len(trials), "trialsRunning": len(trials)}
    yield _view(
        EXPERIMENTS,
        tuning.name,
        created_at,
        trials[0].created_at,
        _experiment(tuning),
        {**running, "conditions": _conditions(created_at, "Experiment", Running=trials[0].created_at)},
    )
    for trial in trials:
        yield from _views_of_trial(tuning, trial)
    ended = {
        "startTime": write_time(created_at),
        "completionTime": write_time(over_at),
        "conditions": _conditions(created_at, "Experiment", Succeeded=over_at),
        "currentOptimalTrial": {
            "bestTrialName": best.name,
            "parameterAssignments": _assigned(best.run.arguments),
            "observation": _observation(tuning.objective, best.value),
        },
        "succeededTrialList": [trial.name for trial in trials],
        "trials": len(trials),
        "trialsSucceeded": len(trials),
    }
    yield _view(EXPERIMENTS, tuning.name, created_at, over_at, _experiment(tuning), ended)


def _told(run: Run, workflow: Json, objective: str) -> _Told:
    metadata = workflow["metadata"]
    return _Told(
        run=run,
        name=metadata["name"],
        created_at=read_time(metadata["creationTimestamp"]) - BEFORE,
        ended_at=read_time(workflow["status"]["finishedAt"]) + AFTER,
        value=run.results[objective],
    )


def _views_of_trial(tuning: Tuning, trial: _Told) -> Iterator[Recording]:
    spec: Json = {
        "objective": _objective(tuning),
        "parameterAssignments": _assigned(trial.run.arguments),
        "runSpec": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": trial.name}},
        "retainRun": True,
    }
    began: Json = {"startTime": write_time(trial.created_at)}
    states = (
        (trial.created_at, began | {"conditions": _conditions(trial.created_at, "Trial")}),
        (
            trial.created_at + BEFORE,
            began | {"conditions": _conditions(trial.created_at, "Trial", Running=trial.created_at + BEFORE)},
        ),
        (
            trial.ended_at,
            began
            | {
                "completionTime": write_time(trial.ended_at),
                "conditions": _conditions(trial.created_at, "Trial", Succeeded=trial.ended_at),
                "observation": _observation(tuning.objective, trial.value),
            },
        ),
    )
    for at, status in states:
        yield _view(TRIALS, trial.name, trial.created_at, at, spec, status, of=tuning.name)


def _view(
    resource: Resource, name: str, created_at: datetime, at: datetime, spec: Json, status: Json, *, of: str = ""
) -> Recording:
    """An object as it was written at a time."""
    experiment = of or name
    metadata: Json = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": uid(resource.kind, name),
        "resourceVersion": str(int(at.timestamp())),
        "generation": 1,
        "creationTimestamp": write_time(created_at),
        "labels": {"katib.kubeflow.org/experiment": experiment},
        "managedFields": [
            {
                "manager": "katib-controller",
                "operation": "Update",
                "apiVersion": KATIB,
                "time": write_time(at),
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:status": {}},
                "subresource": "status",
            }
        ],
    }
    if of:
        metadata["ownerReferences"] = [owner("Experiment", of, uid("Experiment", of), version=KATIB)]
    item = {"apiVersion": KATIB, "kind": resource.kind, "metadata": metadata, "spec": spec, "status": status}
    return Recording(object=item, resource=resource)


def _experiment(tuning: Tuning) -> Json:
    return {
        "objective": _objective(tuning),
        "algorithm": {"algorithmName": "random"},
        "parallelTrialCount": 2,
        "maxTrialCount": len(tuning.trials),
        "maxFailedTrialCount": 1,
        "parameters": [
            {
                "name": name,
                "parameterType": "double" if "." in least else "int",
                "feasibleSpace": {"min": least, "max": most},
            }
            for name, (least, most) in tuning.searched.items()
        ],
        "trialTemplate": {
            "retain": True,
            "primaryContainerName": "main",
            "trialParameters": [{"name": name, "reference": name} for name in tuning.searched],
            "trialSpec": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"},
        },
    }


def _objective(tuning: Tuning) -> Json:
    strategies = [{"name": tuning.objective, "value": "max"}]
    return {
        "type": "maximize",
        "goal": tuning.goal,
        "objectiveMetricName": tuning.objective,
        "metricStrategies": strategies,
    }


def _assigned(arguments: Mapping[str, str]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in arguments.items()]


def _observation(metric: str, value: str) -> Json:
    return {"metrics": [{"name": metric, "min": value, "max": value, "latest": value}]}


def _conditions(created_at: datetime, kind: str, **later: datetime) -> list[Json]:
    """The conditions of what was created, and came to others since."""
    return [
        {
            "type": type_,
            "status": "True",
            "reason": f"{kind}{type_}",
            "message": f"{kind} is {type_.lower()}" if type_ != "Succeeded" else f"{kind} has succeeded",
            "lastTransitionTime": write_time(at),
            "lastUpdateTime": write_time(at),
        }
        for type_, at in {"Created": created_at, **later}.items()
    ]
