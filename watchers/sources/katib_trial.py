"""Katib's `Trial`: one try with some values for the parameters that are searched. An execution of its experiment.

Pure. Sources: kubeflow/katib/pkg/apis/controller/trials/v1beta1/trial_types.go and common/v1beta1/common_types.go. What
it runs (`spec.runSpec`) is an object of the same name that it owns: a job or a workflow, which is a run that the trial
started. A plain `Job` is watched by nobody, so what that runs is read here. What Katib calls an observation are
metrics.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lineage.evidence import MetricValue
from lineage.facts import Fact
from lineage.identity import file_uid
from lineage.metrics.values import number_in, value_of
from lineage.model import Parameter, Phase
from lineage.observation import ObjectSeen
from lineage.redaction import is_redacted
from lineage.workloads import ObservedMetric, Workload
from watchers.katib import EXPERIMENT, LABEL, OLD_LABEL, observed_metrics
from watchers.reading import mapping, mappings, placing, scalar, text, texts, time
from watchers.source import Resource, Source
from watchers.workloads import (
    Identified,
    Standing,
    WorkloadHead,
    conditions_of,
    execution_of,
    identified,
    images_of,
    kept,
    mounted_by,
    standing_condition,
    times_of,
    told,
)

RESOURCE: Final = Resource(group="kubeflow.org", version="v1beta1", plural="trials", kind="Trial")
OWNER: Final = "Experiment"
JOB: Final = "Job"
EARLY: Final = "EarlyStopped"

STANDING: Final[Standing] = {
    "Failed": Phase.FAILED,
    "Killed": Phase.FAILED,
    EARLY: Phase.SUCCEEDED,  # Katib takes what it came to as it takes the others
    "MetricsUnavailable": Phase.FAILED,  # Katib counts it among those that failed
    "Succeeded": Phase.SUCCEEDED,
    "Running": Phase.RUNNING,
    "Created": Phase.PENDING,
}
_BY_DIRECTION: Final = {"minimize": "min", "maximize": "max"}


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say what a trial means: nothing of one that has neither a name nor a uid.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("trial", item):
        return _interpret(item, seen, mapping(item, "spec"), mapping(item, "status"))


def _interpret(
    item: Mapping[str, Any], seen: ObjectSeen, spec: Mapping[str, Any], status: Mapping[str, Any]
) -> Sequence[Fact]:
    conditions = conditions_of(status)
    why = standing_condition(conditions, STANDING)
    phase = Phase.PENDING if why is None else STANDING[why.type]
    started_at, ended_at = time(status, "startTime"), time(status, "completionTime")
    of = identified(item, seen, [started_at, ended_at, *times_of(conditions)], ended=phase.ended)
    if of is None:
        return ()
    run, run_name = _experiment(mapping(item, "metadata"), of, seen)
    observed = observed_metrics(mapping(status, "observation"))
    pods = _pods(spec)
    trial = execution_of(
        seen,
        of,
        RESOURCE,
        told(phase, why, started_at, ended_at),
        run=run,
        run_name=run_name,
        run_kind=EXPERIMENT,
        workload=Workload(
            conditions=conditions,
            observed=observed,
            stopped_early=any(one.type == EARLY and one.status == "True" for one in conditions),
            details=_details(spec),
        ),
        ports=mounted_by(pods, phase, cluster=seen.cluster, namespace=of.namespace),
        parameters=tuple(_assigned(spec)),
        values=tuple(_values(observed, mapping(spec, "objective"))),
        images=tuple(image for pod in pods.values() for image in images_of(pod)),
    )
    return trial, kept(seen, of, RESOURCE)


def _experiment(metadata: Mapping[str, Any], of: Identified, seen: ObjectSeen) -> tuple[str, str]:
    """Say which experiment a trial is of, by its uid, and how that is called. Where no owner says so (in a file that
    somebody wrote), those that name one experiment belong together."""
    for owner in mappings(metadata, "ownerReferences"):
        if text(owner, "kind") == OWNER and text(owner, "uid"):
            return text(owner, "uid"), text(owner, "name")
    labels = texts(metadata, "labels")
    name = labels.get(LABEL) or labels.get(OLD_LABEL) or of.name
    return file_uid(cluster=seen.cluster, namespace=of.namespace, name=f"{OWNER} {name}", born=0, digest=""), name


def _assigned(spec: Mapping[str, Any]) -> Iterator[Parameter]:
    for one in mappings(spec, "parameterAssignments"):
        value = scalar(one.get("value"))
        yield Parameter(name=text(one, "name"), value=value, redacted=value is not None and is_redacted(value))


def _values(observed: Sequence[ObservedMetric], objective: Mapping[str, Any]) -> Iterator[MetricValue]:
    """The value of each metric that counts: what the experiment's strategy says, else the best in its direction.

    `unavailable`, and whatever else is no number, is no value. Source: `setDefaultObjective` in
    kubeflow/katib/pkg/apis/controller/experiments/v1beta1/experiment_defaults.go.
    """
    strategies = {text(one, "name"): text(one, "value") for one in mappings(objective, "metricStrategies")}
    usual = _BY_DIRECTION.get(text(objective, "type"), "latest")
    for one in observed:
        by_strategy = {"min": one.minimum, "max": one.maximum, "latest": one.latest}
        written = by_strategy.get(strategies.get(one.name) or usual)
        number = number_in((one.latest if written is None else written) or "")
        if number is not None:
            yield value_of(one.name, number)


def _pods(spec: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The pods that a plain job runs; early releases keep it as a text, which says nothing here."""
    run = spec.get("runSpec")
    if not isinstance(run, dict) or run.get("kind") != JOB:
        return {}
    return {JOB: mapping(mapping(mapping(run, "spec"), "template"), "spec")}


def _details(spec: Mapping[str, Any]) -> dict[str, Any]:
    run = spec.get("runSpec")
    what = run if isinstance(run, dict) else {}
    objective = mapping(spec, "objective")
    found = {
        "runs": {name: what[name] for name in ("apiVersion", "kind") if name in what},
        "objective": objective,
        "retainsRun": spec.get("retainRun"),
        "labels": mapping(spec, "labels"),
        "earlyStoppingRules": spec.get("earlyStoppingRules"),
    }
    return {name: value for name, value in found.items() if value not in (None, {}, [])}


def resembles(item: Mapping[str, Any]) -> bool:
    """Know one by what it runs, and with which values."""
    spec = item.get("spec")
    return isinstance(spec, dict) and "runSpec" in spec and "parameterAssignments" in spec


SOURCE: Final = Source(
    name="katib_trial", resource=RESOURCE, interpret=interpret, head=WorkloadHead, resembles=resembles
)
