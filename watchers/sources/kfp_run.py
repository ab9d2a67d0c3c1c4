"""A run of Kubeflow Pipelines, as its API tells it: its experiment and version, and how it went.

Pure. Source: kubeflow/pipelines/backend/api/v2beta1/run.proto, v1beta1/run.proto.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lineage.errors import InvalidObservation
from lineage.facts import Fact, ObjectKept, PipelineRef, RunTold
from lineage.model import Phase
from lineage.observation import ObjectSeen
from watchers.answers import (
    RUNS,
    moment,
    name_of,
    namespace_of,
    parameters_of_run,
    phase_of_state,
    referred,
    told_revision,
)
from watchers.reading import mapping, mappings, placing, text
from watchers.source import Source
from watchers.specs import own_version


def interpret(seen: ObjectSeen) -> Sequence[Fact]:
    """Say which experiment and version a run belongs to, with which arguments it was made, and how it went.

    Raises:
        InvalidObservation: a member is not what it should be; the message says which and where.
    """
    item = seen.object()
    with placing("run", item):
        return _interpret(item, mapping(item, "told"), seen)


def _interpret(item: Mapping[str, Any], told: Mapping[str, Any], seen: ObjectSeen) -> Sequence[Fact]:
    uid = text(told, "run_id") or text(told, "id")
    if not uid:
        return ()
    references, version = referred(told), mapping(told, "pipeline_version_reference")
    phase, born = phase_of_state(text(told, "state") or text(told, "status")), moment(told, "created_at")
    message = _message(told)
    if born is None and message:  # of one that it cannot read, the API gives its id and why
        raise InvalidObservation(f"Kubeflow itself cannot read it: {message}")
    namespace = namespace_of(item, told)
    view = told_revision(seen, uid=uid, born=born, times=_times(told), ended=phase.ended)
    run = RunTold(
        revision=view,
        run=uid,
        cluster=seen.cluster,
        namespace=namespace,
        name=name_of(told) or uid,
        phase=phase,
        message=message,
        created_at=born,
        scheduled_at=moment(told, "scheduled_at"),
        started_at=_started_at(told),
        finished_at=moment(told, "finished_at") if phase.ended else None,
        parameters=parameters_of_run(told),
        experiment=text(told, "experiment_id") or references.get("EXPERIMENT") or None,
        version=text(version, "pipeline_version_id")
        or text(told, "pipeline_version_id")
        or references.get("PIPELINE_VERSION")
        or None,
        recurring_run=text(told, "recurring_run_id") or references.get("JOB") or None,
        pipeline=_own_version(told, namespace),
    )
    return run, ObjectKept(revision=view, resource=RUNS.name, uid=uid, body=seen.body)


def _times(told: Mapping[str, Any]) -> Iterator[datetime | None]:
    yield from (moment(told, "scheduled_at"), moment(told, "finished_at"))
    for change in mappings(told, "state_history"):
        yield moment(change, "update_time")


def _started_at(told: Mapping[str, Any]) -> datetime | None:
    """When it was first said to run."""
    running = (
        moment(change, "update_time")
        for change in mappings(told, "state_history")
        if phase_of_state(text(change, "state")) is Phase.RUNNING
    )
    return min(filter(None, running), default=None)


def _message(told: Mapping[str, Any]) -> str | None:
    """Why it failed. v1beta1 writes a text, v2beta1 a status of gRPC."""
    error = told.get("error")
    said = error if isinstance(error, str) else text(mapping(told, "error"), "message")
    return said or None


def _own_version(told: Mapping[str, Any], namespace: str | None) -> PipelineRef | None:
    """The text that a run bears itself; in v1beta1 that is the manifest of its workflow, which says so itself."""
    spec = mapping(told, "pipeline_spec")
    return None if "pipeline_id" in spec or "run_id" not in told else own_version(namespace, spec)


SOURCE: Final = Source(name="kfp_run", resource=RUNS, interpret=interpret, is_watched=False)
