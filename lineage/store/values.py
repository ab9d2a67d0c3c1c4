"""From rows to the values that readers get. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
import zstandard

from lineage.identity import RAW_STORE, Key, decode_key, encoded_id, run_key
from lineage.merge import OPEN, Header, header, with_parameters
from lineage.model import (
    ONLY_PARTS_SEEN,
    TOLD_RUNS,
    Artifact,
    ArtifactState,
    Deployment,
    Execution,
    ExecutionHead,
    Experiment,
    Origin,
    Phase,
    Pipeline,
    PipelineVersion,
    PodSeen,
    RecurringRun,
    Rejected,
    Run,
    RunView,
    Turn,
    WorkflowIncarnation,
)
from lineage.store.codec import (
    AttemptShown,
    TaskShown,
    attempt_shown,
    condition_of,
    deployment_of,
    moment,
    pod_of,
    recurring_of,
    run_of,
    run_told_of,
    scale_of,
    second,
    seconds,
    task_shown,
)
from lineage.store.tables import SCALE
from lineage.workloads import WORKFLOW

Columns = Mapping[Any, Any]
"""One row of a query, by the names that `lineage.store.queries` gives its columns."""

SEEN_RUNS: Final = "argo_workflow"
SCHEDULES: Final = "scheduled_workflow"
"""The sources that speak of runs."""

_PHASES: Final[Mapping[str, Phase]] = {phase.value: phase for phase in Phase}  # found faster than by the enumeration
_STATES: Final[Mapping[str | None, ArtifactState]] = {
    None: ArtifactState.UNVERIFIED,
    **{state.value: state for state in ArtifactState},
}


def _keyed(text: str | None) -> tuple[str | int | None, ...] | None:
    return None if text is None else decode_key(text)


def run(row: Columns) -> Run:
    source = row["resubmitted_run"]
    return Run(
        key=("Run", row["key"]),
        uid=row["uid"],
        name=row["name"],
        display_name=row["display_name"],
        namespace=row["namespace"],
        cluster=row["cluster"],
        phase=_PHASES[row["shown_phase"]],
        created_at=moment(row["created_at"]),
        started_at=moment(row["started_at"]),
        finished_at=moment(row["finished_at"]),
        in_cluster=not row["gone"],
        pipeline_version_key=_keyed(row["version_key"]),
        experiment_key=_keyed(row["experiment_key"]),
        resubmitted_from_key=None if source is None else ("Run", source),
        recurring_run_key=_keyed(row["recurring_key"]),
        scheduled_at=moment(row["scheduled_at"]),
        kind=row["kind"] or WORKFLOW,
        started_by_key=_keyed(row["starter_key"]),
        forgotten_at=moment(row["forgotten_at"]),
    )


def run_view(row: Columns) -> RunView:
    seen = None if row["body"] is None else run_of(row["body"])
    told = None if row["told_body"] is None else run_told_of(row["told_body"])
    shown = header(seen, told)
    if shown is None:
        return ONLY_PARTS_SEEN
    return RunView(
        message=shown.message,
        parameters=shown.parameters,
        labels=shown.labels,
        annotations=shown.annotations,
        origins=_origins(row, shown, TOLD_RUNS if told is None else told.source),
        tuning=None if seen is None else seen.tuning,
        details={} if seen is None else seen.details,
    )


def _origins(row: Columns, shown: Header, telling: str) -> tuple[Origin, ...]:
    """Say of what several sources could tell who told it."""
    known = {
        "displayName": True,
        "experiment": row["experiment_id"] is not None,
        "finishedAt": shown.finished_at is not None,
        "message": shown.message is not None,
        "parameters": bool(shown.parameters),
        "phase": True,
        "pipelineVersion": row["pipeline_version_id"] is not None,
        "recurringRun": row["recurring_run"] is not None,
    }
    told = shown.told if row["told_version"] is None else {*shown.told, "pipelineVersion"}
    sources = dict.fromkeys(known, SEEN_RUNS) | dict.fromkeys(told, telling)
    if shown.experiment is None and "experiment" not in told:
        sources["experiment"] = SCHEDULES  # of the recurring run that made it
    return tuple(Origin(field=field, source=sources[field]) for field, is_known in known.items() if is_known)


def workflow(row: Columns) -> WorkflowIncarnation:
    fact = run_of(row["body"])
    phase = Phase.UNKNOWN if row["gone"] and not fact.phase.ended else fact.phase
    return WorkflowIncarnation(
        uid=fact.workflow_uid,
        name=fact.name,
        created_at=fact.created_at,
        phase=phase,
        in_cluster=not row["gone"],
    )


def execution(row: Columns) -> Execution:
    return execution_of(
        decode_key(row["key"]),
        run_key(row["run_key"]),
        None if row["started_at"] is None else second(row["started_at"]),
        row["cached"],
        row["body"],
        row["told"],
        row["shown_phase"],
        row["superseded"],
    )


def executions_of(
    keys: Mapping[int, Key],
    ids: Sequence[int],
    runs: Sequence[str],
    started: Sequence[int | None],
    *rest: Iterable[Any],
) -> dict[int, Execution]:
    """Make executions of columns, by their ids: the key of a run is made once, and all times together."""
    run_keys = {run: run_key(run) for run in set(runs)}
    made = map(execution_of, map(keys.__getitem__, ids), map(run_keys.__getitem__, runs), seconds(started), *rest)
    return dict(zip(ids, made, strict=True))


def execution_of(
    key: Key,
    run_key: Key,
    started_at: datetime | None,
    cached: Any,
    body: bytes,
    told_body: bytes | None,
    phase: str,
    superseded: Any,
) -> Execution:
    state = attempt_shown(body)
    given, came = state.input_parameters, state.output_parameters
    origins: tuple[Origin, ...] = ()
    if told_body is not None:
        told = task_shown(told_body)
        given, came = with_parameters(given, told.input_parameters), with_parameters(came, told.output_parameters)
        origins = _told_origins(told, state)
    return Execution(
        key,
        run_key,
        state.node_id,
        state.name,
        state.display_name,
        state.template,
        state.kind,
        _PHASES[phase],
        state.message,
        state.attempt,
        started_at,
        state.finished_at,
        state.exit_code,
        bool(superseded),
        bool(cached),
        state.resources,
        given,
        came,
        state.is_system,
        state.component,
        origins,
        state.workload,
        state.images,
    )


def execution_head(row: Columns) -> ExecutionHead:
    started = row["started_at"]
    return ExecutionHead(
        encoded_id(row["key"]),
        row["display_name"],
        row["template"],
        row["kind"],
        _PHASES[row["shown_phase"]],
        None if started is None else second(started),
        bool(row["superseded"]),
        bool(row["cached"]),
        bool(row["is_system"]),
    )


def _told_origins(told: TaskShown, shown: AttemptShown) -> tuple[Origin, ...]:
    """Say what of an execution Kubeflow's records tell, and neither its workflow nor its pods."""
    given, came = ({one.name for one in of} for of in (shown.input_parameters, shown.output_parameters))
    tells = {
        "cachedFrom": told.taken_from is not None,
        "inputParameters": any(one.name not in given for one in told.input_parameters),
        "inputs": told.cached and bool(told.reads),
        "metrics": bool(told.metrics),
        "outputParameters": any(one.name not in came for one in told.output_parameters),
        "outputs": bool(told.writes),
    }
    return tuple(Origin(field=field, source=told.source) for field, is_told in tells.items() if is_told)


def pod(row: Columns) -> PodSeen:
    fact = pod_of(row["body"])
    return PodSeen(
        uid=fact.uid,
        name=fact.name,
        node=fact.host,
        phase=Phase.UNKNOWN if row["gone"] and not fact.phase.ended else fact.phase,
        exit_code=fact.exit_code,
        reason=fact.reason,
        restarts=fact.restarts,
        created_at=fact.created_at,
        finished_at=fact.finished_at,
        in_cluster=not row["gone"],
        images=fact.images,
        started_at=fact.started_at,
    )


def turn(row: Columns) -> Turn:
    if row["what"] == SCALE:
        scale = scale_of(row["body"])
        return Turn(at=scale.since, replicas=scale.replicas, generation=scale.generation)
    condition = condition_of(row["body"])
    return Turn(at=condition.since, condition=condition)


def artifact(row: Columns) -> Artifact:
    return artifact_of(
        decode_key(row["key"]),
        _keyed(row["producer_key"]),
        row["name"],
        row["store"],
        row["uri"],
        row["digest"],
        None if row["span_to"] in (None, OPEN) else second(row["span_to"]),
        row["content_digest"],
        row["size_bytes"],
        row["verified"],
        row["shown_type"],
    )


def artifacts_of(
    keys: Mapping[int, Key],
    ids: Sequence[int],
    writers: Iterable[int | None],
    names: Iterable[str],
    stores: Iterable[str],
    uris: Iterable[str],
    digests: Iterable[str | None],
    ended: Iterable[int | None],
    *rest: Iterable[Any],
) -> dict[int, Artifact]:
    """Make artifacts of columns, by their ids; `keys` has those of who wrote them, too."""
    created = seconds([None if end == OPEN else end for end in ended])
    whose = (keys.get(writer) if writer is not None else None for writer in writers)
    made = map(artifact_of, map(keys.__getitem__, ids), whose, names, stores, uris, digests, created, *rest)
    return dict(zip(ids, made, strict=True))


def artifact_of(
    key: Key,
    producer_key: Key | None,
    name: str,
    store: str,
    uri: str,
    digest: str | None,
    created_at: datetime | None,
    content_digest: str | None,
    size_bytes: int | None,
    verified: str | None,
    shown_type: str | None,
) -> Artifact:
    raw = store == RAW_STORE
    return Artifact(
        key,
        name,
        None if raw else uri,
        uri if raw else digest,
        created_at,
        producer_key,
        content_digest,
        size_bytes,
        _STATES[verified],
        shown_type,
    )


def pipeline(row: Columns) -> Pipeline:
    return Pipeline(key=decode_key(row["key"]), name=row["name"], cluster=row["cluster"], namespace=row["namespace"])


def pipeline_version(row: Columns) -> PipelineVersion:
    owner = Pipeline(
        key=decode_key(row["pipeline_key"]), name=row["name"], cluster=row["cluster"], namespace=row["namespace"]
    )
    return PipelineVersion(
        key=decode_key(row["key"]),
        pipeline=owner,
        digest=row["digest"],
        created_at=moment(row["created_at"]),
        name=row["upload_name"],
    )


def experiment(row: Columns) -> Experiment:
    return Experiment(
        key=decode_key(row["key"]),
        uid=row["uid"],
        name=row["name"],
        cluster=row["cluster"],
        namespace=row["namespace"],
        created_at=moment(row["created_at"]),
    )


def recurring_run(row: Columns) -> RecurringRun:
    fact = recurring_of(row["body"])
    return RecurringRun(
        key=decode_key(row["key"]),
        uid=fact.uid,
        scheduler=fact.scheduler,
        name=fact.name,
        display_name=row["told_name"] or fact.name,
        cluster=fact.cluster,
        namespace=fact.namespace,
        created_at=fact.created_at,
        in_cluster=not row["gone"],
        spec=fact.spec,
        stopped=fact.stopped,
        triggered_at=fact.triggered_at,
        experiment_key=_keyed(row["experiment_key"]),
    )


def deployment(row: Columns) -> Deployment:
    fact = deployment_of(row["body"])
    return Deployment(
        key=decode_key(row["key"]),
        uid=fact.uid,
        kind=fact.kind,
        name=fact.name,
        cluster=fact.cluster,
        namespace=fact.namespace,
        url=fact.url,
        ready=False if row["gone"] else fact.ready,
        since=None if row["gone"] else fact.ready_since,
        message=fact.message,
        created_at=fact.created_at,
        ended_at=fact.ended_at,
        in_cluster=not row["gone"],
        parent_key=_keyed(row["parent_key"]),
    )


def rejected(row: Columns) -> Rejected:
    event = None if row["event"] is None else zstandard.decompress(row["event"])
    at = moment(row["at"])
    assert at is not None  # noqa: S101 - the column is not null
    return Rejected(
        key=decode_key(row["key"]),
        at=at,
        source=row["source"],
        cluster=row["cluster"],
        reason=row["reason"],
        event=None if event is None else event.decode(errors="replace"),
        size_bytes=row["size_bytes"],
        digest=row["digest"],
    )


def parents(text: str) -> list[tuple[str, int | None]]:
    """Read the parents of an execution: node and start of each."""
    return [(node_id, start) for node_id, start in orjson.loads(text)]


READ: Mapping[type, Callable[[Columns], Any]] = {
    Run: run,
    Execution: execution,
    ExecutionHead: execution_head,
    Artifact: artifact,
    Pipeline: pipeline,
    PipelineVersion: pipeline_version,
    Experiment: experiment,
    RecurringRun: recurring_run,
    Deployment: deployment,
    Rejected: rejected,
}
"""By the type of what is read."""
