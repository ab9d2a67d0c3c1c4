"""What the API of Kubeflow Pipelines answers, as objects that can be observed, and how its members are read.

Pure. An answer is put under `told`, beside metadata that say which it is, so that it is redacted, logged and kept as
every object is. Sources: kubeflow/pipelines/backend/api/v2beta1 and v1beta1, the protos of each resource.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from lineage.facts import Revision
from lineage.model import Parameter, Phase
from lineage.observation import ObjectSeen
from lineage.redaction import is_redacted
from watchers.reading import mapping, mappings, scalar, text, time
from watchers.revision import revision
from watchers.source import KubernetesObject, Resource

GROUP: Final = "kfp"
V2: Final = "v2beta1"
V1: Final = "v1beta1"

EXPERIMENTS: Final = Resource(group=GROUP, version=V2, plural="experiments", kind="Experiment")
PIPELINES: Final = Resource(group=GROUP, version=V2, plural="pipelines", kind="Pipeline")
PIPELINE_VERSIONS: Final = Resource(group=GROUP, version=V2, plural="pipelineversions", kind="PipelineVersion")
RECURRING_RUNS: Final = Resource(group=GROUP, version=V2, plural="recurringruns", kind="RecurringRun")
RUNS: Final = Resource(group=GROUP, version=V2, plural="runs", kind="Run")
TASKS: Final = Resource(group=GROUP, version=V2, plural="tasks", kind="Tasks")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PHASES: Final = {
    "": Phase.PENDING,
    "RUNTIME_STATE_UNSPECIFIED": Phase.PENDING,
    "RUNTIMESTATE_UNSPECIFIED": Phase.PENDING,
    "PENDING": Phase.PENDING,
    "RUNNING": Phase.RUNNING,
    "PAUSED": Phase.RUNNING,
    "CANCELING": Phase.RUNNING,
    "TERMINATING": Phase.RUNNING,
    "SUCCEEDED": Phase.SUCCEEDED,
    "FAILED": Phase.FAILED,
    "CANCELED": Phase.FAILED,  # which is what its workflow says: its deadline was set to 0
    "ERROR": Phase.ERROR,
    "SKIPPED": Phase.SKIPPED,
    "CACHED": Phase.SKIPPED,  # of a task: nothing was run
    "OMITTED": Phase.OMITTED,
}


# ------------------------------------------------------------------------------------------ from answers to objects
def as_object(
    resource: Resource, version: str, answer: Mapping[str, Any], *, uid: str, namespace: str = ""
) -> KubernetesObject:
    """Make an object of an answer. `namespace` is where it was asked for, or what is known of that otherwise."""
    metadata = {"uid": uid, "namespace": namespace} if namespace else {"uid": uid}
    return {
        "apiVersion": f"{GROUP}/{version}",
        "kind": resource.kind,
        "metadata": metadata,
        "told": without_noise(answer),
    }


def without_noise(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what changes with every run of an experiment, and what is a workflow: that is observed by itself."""
    kept = {name: value for name, value in answer.items() if name not in _NOISE}
    if isinstance(spec := kept.get("pipeline_spec"), dict) and "workflow_manifest" in spec:
        kept["pipeline_spec"] = {name: value for name, value in spec.items() if name != "workflow_manifest"}
    return kept


_NOISE: Final = frozenset({"last_run_created_at", "metrics", "pipeline_runtime", "run_details"})


# ------------------------------------------------------------------------------------------ reading
def moment(holder: Mapping[str, Any], name: str) -> datetime | None:
    """Read a time; None where it is absent or the beginning of 1970, by which these services mean the same."""
    found = time(holder, name)
    return None if found == _EPOCH else found


def told_revision(
    seen: ObjectSeen, *, uid: str, born: datetime | None, times: Iterator[datetime | None], ended: bool = False
) -> Revision:
    """Order a view of what a service told: by the latest time that it names, as it has no version."""
    latest = max(filter(None, (born, *times)), default=None)
    return revision(seen, {}, uid=uid, born=born, latest=latest, ended=ended)


def namespace_of(item: Mapping[str, Any], answer: Mapping[str, Any]) -> str | None:
    """Say where something is: as it says itself, else where it was asked for."""
    said = text(answer, "namespace") or referred(answer).get("NAMESPACE", "")
    return said or text(mapping(item, "metadata"), "namespace") or None


def name_of(answer: Mapping[str, Any]) -> str:
    """Say what people call something."""
    return text(answer, "display_name") or text(answer, "name")


def referred(answer: Mapping[str, Any]) -> dict[str, str]:
    """Read the references of v1beta1: ids by the type of what they refer to."""
    keys = [mapping(one, "key") for one in mappings(answer, "resource_references")]
    return {text(key, "type"): text(key, "id") for key in keys}


def phase_of_state(state: str) -> Phase:
    """Read the state of a run. v1beta1 writes them as Argo does, old releases with a reason behind."""
    return _PHASES.get(state.partition(":")[0].upper(), Phase.UNKNOWN)


def parameters_of_run(answer: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """Read the arguments of a run, in the order of their names."""
    spec = mapping(answer, "pipeline_spec")
    found = {text(one, "name"): one.get("value") for one in mappings(spec, "parameters")}
    for holder in (spec, answer):
        found |= mapping(mapping(holder, "runtime_config"), "parameters")
    written = {name: scalar(value) for name, value in sorted(found.items())}
    return tuple(
        Parameter(name=name, value=value, redacted=value is not None and is_redacted(value))
        for name, value in written.items()
    )
