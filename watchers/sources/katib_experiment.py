"""Katib's `Experiment`: a search for good values of parameters. A run, whose executions are its trials.

It has nothing to do with the experiments of Kubeflow Pipelines, which are groups of runs: readers get it as a run of
the kind `KatibExperiment`.

Pure. Source: kubeflow/katib/pkg/apis/controller/experiments/v1beta1/experiment_types.go.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lineage.facts import Fact
from lineage.model import Phase
from lineage.observation import ObjectSeen
from lineage.redaction import is_redacted
from lineage.workloads import Assignment, SearchedParameter, Tuning
from watchers.katib import EXPERIMENT, observed_metrics
from watchers.reading import mapping, mappings, placing, scalar, sequence, text, time, whole
from watchers.source import Resource, Source
from watchers.workloads import (
    AS_USUAL,
    Standing,
    conditions_of,
    identified,
    kept,
    run_of,
    standing_condition,
    times_of,
    told,
)

RESOURCE: Final = Resource(group="kubeflow.org", version="v1beta1", plural="experiments", kind="Experiment")

STANDING: Final[Standing] = {
    "Failed": Phase.FAILED,
    "Succeeded": Phase.SUCCEEDED,
    "Restarting": Phase.RUNNING,
    "Running": Phase.RUNNING,
    "Created": Phase.PENDING,
}
_COUNTED: Final = "trials"
_AS_USUAL: Final = AS_USUAL - {"Succeeded"}  # one that ended well says whether it came to its goal, or to its end


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what an experiment means: nothing of one that has neither a name nor a uid.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("Katib experiment", item):
        status = mapping(item, "status")
        conditions = conditions_of(status)
        why = standing_condition(conditions, STANDING)
        phase = Phase.PENDING if why is None else STANDING[why.type]
        started_at, ended_at = time(status, "startTime"), time(status, "completionTime")
        of = identified(item, seen, [started_at, ended_at, *times_of(conditions)], ended=phase.ended)
        if of is None:
            return ()
        spec = mapping(item, "spec")
        run = run_of(
            item,
            seen,
            of,
            RESOURCE,
            told(phase, why, started_at, ended_at, as_usual=_AS_USUAL),
            kind=EXPERIMENT,
            expects=whole(status, _COUNTED),
            tuning=_tuning(spec, status),
            details=_details(spec),
        )
        return run, kept(seen, of, RESOURCE)


def _tuning(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Tuning:
    objective, algorithm = mapping(spec, "objective"), mapping(spec, "algorithm")
    best = mapping(status, "currentOptimalTrial")
    return Tuning(
        objective=text(objective, "objectiveMetricName") or None,
        direction=text(objective, "type") or None,
        goal=scalar(objective.get("goal")),
        additional_metrics=tuple(
            name for name in sequence(objective, "additionalMetricNames") if isinstance(name, str)
        ),
        algorithm=text(algorithm, "algorithmName") or None,
        early_stopping=text(mapping(spec, "earlyStopping"), "algorithmName") or None,
        searched=tuple(_searched(one) for one in mappings(spec, "parameters")),
        parallel_trials=whole(spec, "parallelTrialCount"),
        max_trials=whole(spec, "maxTrialCount"),
        max_failed_trials=whole(spec, "maxFailedTrialCount"),
        trials={name: count for name in status if name.startswith(_COUNTED) and (count := whole(status, name))},
        best_trial=text(best, "bestTrialName") or None,
        best_parameters=tuple(_assignment(one) for one in mappings(best, "parameterAssignments")),
        best_metrics=observed_metrics(mapping(best, "observation")),
    )


def _searched(one: Mapping[str, Any]) -> SearchedParameter:
    space = mapping(one, "feasibleSpace")
    return SearchedParameter(
        name=text(one, "name"),
        type=text(one, "parameterType") or None,
        minimum=scalar(space.get("min")),
        maximum=scalar(space.get("max")),
        step=scalar(space.get("step")),
        distribution=text(space, "distribution") or None,
        choices=tuple(scalar(choice) or "" for choice in sequence(space, "list")),
    )


def _assignment(one: Mapping[str, Any]) -> Assignment:
    value = scalar(one.get("value"))
    return Assignment(name=text(one, "name"), value=value, redacted=value is not None and is_redacted(value))


def _details(spec: Mapping[str, Any]) -> dict[str, Any]:
    """How trials are made, and what reads their metrics."""
    template = mapping(spec, "trialTemplate")
    trial = template.get("trialSpec")
    what = trial if isinstance(trial, dict) else {}
    found = {
        "runs": {name: what[name] for name in ("apiVersion", "kind") if name in what},
        "retainsRuns": template.get("retain"),
        "resumePolicy": text(spec, "resumePolicy"),
        "metricsCollector": text(mapping(mapping(spec, "metricsCollectorSpec"), "collector"), "kind"),
        "algorithmSettings": {
            text(one, "name"): scalar(one.get("value"))
            for one in mappings(mapping(spec, "algorithm"), "algorithmSettings")
        },
        "nasConfig": mapping(spec, "nasConfig"),
    }
    return {name: value for name, value in found.items() if value not in (None, {}, "")}


def resembles(item: Mapping[str, Any]) -> bool:
    """Know one by what it makes trials of, and what they are after."""
    spec = item.get("spec")
    return isinstance(spec, dict) and "trialTemplate" in spec and "objective" in spec


SOURCE: Final = Source(name="katib_experiment", resource=RESOURCE, interpret=interpret, resembles=resembles)
