"""`OptimizationJob` of Kubeflow Trainer, which is to take the place of Katib: a search, whose trials are TrainJobs.

A run with itself as its execution, under which the TrainJobs that it owns stand as the runs that it started.

Pure. Source: kubeflow/trainer/proposals/2605-optimization-job-crd, which no release has yet.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lineage.facts import Fact
from lineage.model import Phase
from lineage.observation import ObjectSeen
from lineage.redaction import is_redacted
from lineage.workloads import Assignment, SearchedParameter, Tuning, Workload
from watchers.reading import mapping, mappings, placing, scalar, sequence, text, whole
from watchers.source import Resource, Source
from watchers.workloads import (
    Ports,
    Standing,
    WorkloadHead,
    conditions_of,
    execution_of,
    identified,
    kept,
    run_of,
    standing_condition,
    times_of,
    told,
)

RESOURCE: Final = Resource(
    group="trainer.kubeflow.org", version="v1alpha1", plural="optimizationjobs", kind="OptimizationJob"
)
STANDING: Final[Standing] = {
    "Failed": Phase.FAILED,
    "Complete": Phase.SUCCEEDED,
    "Suspended": Phase.PENDING,
    "Running": Phase.RUNNING,
    "Created": Phase.PENDING,
}


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a search means: nothing of one that has neither a name nor a uid.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("OptimizationJob", item):
        status = mapping(item, "status")
        conditions = conditions_of(status)
        why = standing_condition(conditions, STANDING)
        phase = Phase.PENDING if why is None else STANDING[why.type]
        of = identified(item, seen, times_of(conditions), ended=phase.ended)
        if of is None:
            return ()
        how = told(phase, why, None if phase is Phase.PENDING else of.created_at, None)
        search = execution_of(
            seen,
            of,
            RESOURCE,
            how,
            run=of.uid,
            run_name=of.name,
            run_kind=RESOURCE.kind,
            workload=Workload(conditions=conditions),
            ports=Ports(),
        )
        run = run_of(item, seen, of, RESOURCE, how, tuning=_tuning(mapping(item, "spec"), mapping(status, "result")))
        return run, search, kept(seen, of, RESOURCE)


def _tuning(spec: Mapping[str, Any], result: Mapping[str, Any]) -> Tuning:
    """What it is after, and has found. Of several objectives the first is the one that it goes by."""
    objectives = mappings(spec, "objectives")
    first = objectives[0] if objectives else {}
    return Tuning(
        objective=text(first, "metric") or None,
        direction=text(first, "direction") or None,
        additional_metrics=tuple(text(one, "metric") for one in objectives[1:]),
        algorithm=next(iter(mapping(spec, "searchAlgorithm")), None),
        searched=tuple(_searched(one) for one in mappings(spec, "parameters")),
        parallel_trials=whole(spec, "parallelTrials"),
        max_trials=whole(spec, "numTrials"),
        best_trial=text(result, "trainJobName") or None,
        best_parameters=tuple(_assignment(one) for one in mappings(result, "parameters")),
    )


def _searched(one: Mapping[str, Any]) -> SearchedParameter:
    """A space has one member, named by how values are drawn."""
    space = mapping(one, "searchSpace")
    drawn = next(iter(space), None)
    within = mapping(space, drawn) if drawn is not None else {}
    return SearchedParameter(
        name=text(one, "name"),
        type=drawn,
        minimum=scalar(within.get("min")),
        maximum=scalar(within.get("max")),
        step=scalar(within.get("step")),
        choices=tuple(scalar(choice) or "" for choice in sequence(within, "choices")),
    )


def _assignment(one: Mapping[str, Any]) -> Assignment:
    value = scalar(one.get("value"))
    return Assignment(name=text(one, "name"), value=value, redacted=value is not None and is_redacted(value))


SOURCE: Final = Source(name="optimization_job", resource=RESOURCE, interpret=interpret, head=WorkloadHead)
