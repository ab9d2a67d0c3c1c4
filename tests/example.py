"""A small world that is told in full: a model retrained twice, with a retry, a cache hit and a secret.

`nightly` prepares data, trains on it and evaluates; its training failed once and was retried by hand.
`weekly` is the same pipeline a week later: preparation was a cache hit, training still runs. The model is served.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import structs

from lineage.identity import (
    Location,
    deployment_key,
    execution_key,
    experiment_key,
    pipeline_key,
    pipeline_version_key,
    recurring_run_key,
    run_key,
    sha256,
    unknown_key,
    written_key,
)
from lineage.model import (
    Artifact,
    ArtifactLook,
    ArtifactRole,
    ArtifactState,
    ArtifactUse,
    Completeness,
    ContainerImage,
    Deployment,
    DeploymentRevision,
    DigestKind,
    Execution,
    Experiment,
    Gap,
    Metric,
    Parameter,
    Phase,
    Pipeline,
    PipelineVersion,
    PodSeen,
    RecurringEdit,
    RecurringRun,
    RecurringSpec,
    Rejected,
    Run,
    RunView,
    Scheduler,
    ServedArtifact,
    ServedModel,
    Slot,
    SlotOutcome,
    SourceState,
    SourceStatus,
    Special,
    WorkflowIncarnation,
)
from tests.fakes import Knowledge

MORNING = datetime(2026, 11, 14, 8, 0, tzinfo=UTC)
A_WEEK_LATER = MORNING + timedelta(days=7)
SPEC_DIGEST = sha256(b"spec")
DIGEST_OF_SECRET = "hmac:5e884898da28047151d0e56f8dc62927"

EXPERIMENT = Experiment(
    uid=None,
    key=experiment_key("prod", "churn", "retraining"),
    name="retraining",
    cluster="prod",
    namespace="churn",
    created_at=MORNING,
)
PIPELINE = Pipeline(
    key=pipeline_key("prod", "churn", "train-churn"), name="train-churn", cluster="prod", namespace="churn"
)
VERSION = PipelineVersion(
    key=pipeline_version_key("prod", "churn", "train-churn", SPEC_DIGEST),
    pipeline=PIPELINE,
    digest=SPEC_DIGEST,
    created_at=MORNING,
)


def _run(uid: str, name: str, *, phase: Phase, at: datetime, finished_at: datetime | None) -> Run:
    return Run(
        key=run_key(uid),
        uid=uid,
        name=name,
        display_name=name,
        namespace="churn",
        cluster="prod",
        phase=phase,
        created_at=at,
        started_at=at,
        finished_at=finished_at,
        in_cluster=phase is Phase.RUNNING,
        pipeline_version_key=VERSION.key,
        experiment_key=EXPERIMENT.key,
        resubmitted_from_key=None,
    )


def _view(run: Run, rate: str) -> RunView:
    return RunView(
        message=None,
        parameters=(
            Parameter(name="learning_rate", value=rate),
            Parameter(name="api_key", value=DIGEST_OF_SECRET, redacted=True),
        ),
        labels={"pipeline/runid": run.uid or "", "team": "churn"},
    )


RECURRING = RecurringRun(
    key=recurring_run_key("r-nightly"),
    uid="r-nightly",
    scheduler=Scheduler.ARGO,
    name="churn-nightly",
    display_name="churn-nightly",
    cluster="prod",
    namespace="churn",
    created_at=MORNING - timedelta(days=1),
    in_cluster=True,
    spec=RecurringSpec(
        enabled=True,
        schedules=("0 8 * * *",),
        timezone="Europe/Berlin",
        concurrency_policy="Forbid",
        parameters=(
            Parameter(name="date", value="{{workflow.scheduledTime}}"),
            Parameter(name="api_key", value=DIGEST_OF_SECRET, redacted=True),
        ),
    ),
    stopped=False,
    triggered_at=MORNING,
    experiment_key=EXPERIMENT.key,
)
NIGHTLY = _run(
    "5f3c2a10-nightly",
    "churn-nightly-1",
    phase=Phase.SUCCEEDED,
    at=MORNING,
    finished_at=MORNING + timedelta(seconds=754.5),
)
NIGHTLY = structs.replace(NIGHTLY, recurring_run_key=RECURRING.key, scheduled_at=MORNING)
WEEKLY = _run("8b1d7e42-weekly", "churn-weekly-2", phase=Phase.RUNNING, at=A_WEEK_LATER, finished_at=None)


def _execution(
    run: Run,
    step: str,
    start: int,
    seconds: int | None,
    phase: Phase,
    *,
    attempt: int = 0,
    superseded: bool = False,
    cached: bool = False,
) -> Execution:
    assert run.started_at is not None
    started_at = run.started_at + timedelta(seconds=start)
    return Execution(
        key=execution_key(run.key[1], f"{run.name}-{step}", int(started_at.timestamp())),  # type: ignore[arg-type] # a run's key is its name
        run_key=run.key,
        node_id=f"{run.name}-{step}",
        name=f"{run.name}.{step}",
        display_name=step,
        template=step,
        kind="POD",
        phase=phase,
        message="OOMKilled (exit code 137)" if phase is Phase.FAILED else None,
        attempt=attempt,
        started_at=started_at,
        finished_at=None if seconds is None else started_at + timedelta(seconds=seconds),
        exit_code={Phase.SUCCEEDED: 0, Phase.FAILED: 137}.get(phase),
        superseded=superseded,
        cached=cached,
        resources={"cpu": 12, "memory": 2**60},
        input_parameters=(Parameter(name="seed", value="7"),),
        output_parameters=(),
    )


PREPARE = _execution(NIGHTLY, "prepare", 10, 100, Phase.SUCCEEDED)
TRAIN_FAILED = _execution(NIGHTLY, "train", 120, 60, Phase.FAILED, superseded=True)
TRAIN = _execution(NIGHTLY, "train", 300, 400, Phase.SUCCEEDED, attempt=1)
EVALUATE = _execution(NIGHTLY, "evaluate", 710, 40, Phase.SUCCEEDED)
PREPARE_CACHED = _execution(WEEKLY, "prepare", 5, 1, Phase.SUCCEEDED, cached=True)
TRAIN_RUNNING = _execution(WEEKLY, "train", 20, None, Phase.RUNNING)


def _written(execution: Execution, output: str, uri: str | None) -> Artifact:
    _, run, node, started_at = execution.key
    return Artifact(
        key=written_key(run, node, started_at, output),  # type: ignore[arg-type] # an execution's key holds them
        name=output,
        uri=uri,
        digest=sha256(output.encode()),
        created_at=execution.finished_at,
        producer_key=execution.key,
    )


RAW = Artifact(
    key=unknown_key(Location(store="cluster:prod/minio:9000", uri="s3://churn/raw.csv")),
    name="raw.csv",
    uri="s3://churn/raw.csv",
    digest=None,
    created_at=None,
    producer_key=None,
)
TABLE = _written(PREPARE, "table", "s3://churn/nightly/table.parquet")
MODEL = _written(TRAIN, "model", "s3://churn/nightly/model.tgz")
REPORT = _written(EVALUATE, "report", None)


def _use(name: str, artifact: Artifact, role: ArtifactRole) -> ArtifactUse:
    return ArtifactUse(name=name, artifact=artifact, role=role, ambiguous=False)


def _pod(execution: Execution) -> PodSeen:
    image = ContainerImage(
        container="main",
        reference="ghcr.io/example/churn-train:1.4",
        digest=sha256(b"image"),
        digest_kind=DigestKind.MANIFEST,
    )
    assert execution.started_at is not None
    return PodSeen(
        uid=f"pod-{execution.node_id}-{execution.attempt}",
        name=f"{execution.node_id}-pod",
        node="gpu-3",
        phase=execution.phase,
        exit_code=execution.exit_code,
        reason="OOMKilled" if execution.exit_code else None,
        restarts=0,
        created_at=execution.started_at,
        finished_at=execution.finished_at,
        in_cluster=False,
        images=(image,),
    )


EXECUTIONS = (PREPARE, TRAIN_FAILED, TRAIN, EVALUATE, PREPARE_CACHED, TRAIN_RUNNING)


def _look(hours: int, state: ArtifactState, evidence: str, *, digest: str | None = None) -> ArtifactLook:
    at = NIGHTLY.created_at
    assert at is not None
    return ArtifactLook(
        number=1,
        at=at + timedelta(hours=hours),
        state=state,
        evidence=evidence,
        digest=digest,
        size_bytes=None if digest is None else 2**60,
        version=None,
    )


LOOKS = (
    _look(3, ArtifactState.MISSING, "there is no such object"),
    _look(2, ArtifactState.UNVERIFIED, "nobody answers"),
    _look(1, ArtifactState.PRESENT, "its bytes were read", digest=sha256(b"model")),
)
ARTIFACTS = (RAW, TABLE, MODEL, REPORT)
REJECTED = Rejected(
    key=("Rejected", "workflows", 1),
    at=MORNING,
    source="argo_workflow",
    cluster="east",
    reason="status.nodes is a list, expected an object",
    event=None,
    size_bytes=2048,
    digest=sha256(b"event"),
)


GAPS = tuple(
    Gap(began_at=start, ended_at=start + timedelta(minutes=5), reason=reason, created=1, changed=2, gone=0)
    for start, reason in ((A_WEEK_LATER, "410: <Expired>"), (MORNING, "nobody watched"))
)


def _source(name: str, kind: str, state: SourceState, message: str | None, observed: int) -> SourceStatus:
    return SourceStatus(
        name=name,
        kind=kind,
        cluster="prod",
        namespace="*",
        state=state,
        message=message,
        observed=observed,
        lag_seconds=0.02 if observed else None,
        last_event_at=A_WEEK_LATER if observed else None,
        watched_until=A_WEEK_LATER + timedelta(hours=1) if observed else None,
        gap_count=len(GAPS) if observed else 0,
    )


def _metric(name: str, value: float | None, **more: Any) -> Metric:
    return Metric(
        name=name,
        value=value,
        **{"run_key": NIGHTLY.key, "execution_key": TRAIN.key, "at": TRAIN.finished_at, "source": MODEL.uri, **more},
    )


AUC: Final = _metric("auc", 0.91, is_percentage=True)
SERIES: Final = tuple(_metric("loss", value, step=step) for step, value in enumerate((0.9, 0.6, 0.4)))
METRICS: Final = (
    AUC,
    _metric("duration_seconds", 3600.0, execution_key=None, source="built in"),
    _metric("loss", None, special=Special.NAN, step=3, cached=True),
)


EDITS: Final = (
    RecurringEdit(since=MORNING - timedelta(days=1), told=True, spec=replace(RECURRING.spec, schedules=("@daily",))),
    RecurringEdit(since=MORNING - timedelta(hours=1), told=False, spec=RECURRING.spec),
)
SLOTS: Final = (
    Slot(due_at=MORNING, outcome=SlotOutcome.ON_TIME, run_key=NIGHTLY.key, late_by_seconds=1.5),
    Slot(due_at=MORNING + timedelta(days=1), outcome=SlotOutcome.MISSED, reason="no run for it was ever seen"),
)


ENDPOINT = Deployment(
    key=deployment_key("d-churn"),
    uid="d-churn",
    kind="InferenceService",
    name="churn-endpoint",
    cluster="prod",
    namespace="churn",
    url="http://churn.example.com",
    ready=True,
    since=MORNING + timedelta(hours=2),
    message=None,
    created_at=MORNING + timedelta(hours=1),
    ended_at=None,
    in_cluster=True,
)


def _revision(number: int, percent: int | None, **more: Any) -> DeploymentRevision:
    assert MODEL.uri is not None
    model = ServedModel(name="", uri=MODEL.uri, location=None, format="sklearn 1")
    return DeploymentRevision(
        component="predictor",
        name=f"churn-endpoint-0000{number}",
        models=(model,) if number > 1 else None,
        written_at=MORNING + timedelta(hours=number),
        told=True,
        traffic_percent=percent,
        **more,
    )


REVISIONS: Final = (_revision(1, None, until=MORNING + timedelta(hours=2)), _revision(2, 100, runtime="kserve-sklearn"))
SERVED: Final = (
    ServedArtifact(
        revision="churn-endpoint-00002",
        model="",
        artifact=MODEL,
        ambiguous=False,
        by_content=False,
        is_served_now=True,
        changed_since=True,
        replaced_by=REPORT,
    ),
    ServedArtifact(
        revision="churn-endpoint-00001",
        model="",
        artifact=TABLE,
        ambiguous=False,
        by_content=True,
        is_served_now=False,
        changed_since=None,
        replaced_by=None,
    ),
)


def asked_of_example() -> dict[str, Any]:
    """Values for the variables of saved queries: about what the example holds, and a graph to lay out."""
    return {
        "artifact": MODEL.id,
        "run": NIGHTLY.id,
        "uid": NIGHTLY.uid,
        "text": "churn",
        "first": 5,
        "asOf": "2026-11-16T00:00:00Z",
        "boxes": [{"id": name, "width": 120, "height": 46} for name in "abc"],
        "links": [{"source": "a", "target": "b"}, {"source": "b", "target": "c"}, {"source": "a", "target": "c"}],
    }


def example() -> Knowledge:
    """Tell the whole of it."""
    return Knowledge(
        runs=(NIGHTLY, WEEKLY),
        executions=EXECUTIONS,
        artifacts=ARTIFACTS,
        pipelines=(PIPELINE,),
        versions=(VERSION,),
        experiments=(EXPERIMENT,),
        recurring_runs=(RECURRING,),
        edits={RECURRING.key: EDITS},
        slots={RECURRING.key: SLOTS},
        deployments=(ENDPOINT,),
        revisions={ENDPOINT.key: REVISIONS},
        served={ENDPOINT.key: SERVED},
        rejected=(REJECTED,),
        sources=(
            _source("argo_workflow", "Workflow", SourceState.SYNCED, None, 1284),
            _source("pod", "Pod", SourceState.FORBIDDEN, "pods is forbidden: grant get, list and watch", 0),
        ),
        gaps={"argo_workflow": GAPS},
        history={MODEL.key: LOOKS},
        metrics={NIGHTLY.key: METRICS, TRAIN.key: (*SERIES, AUC)},
        metadata={REPORT.key: {"plots": [{"type": "markdown", "text": "# Report"}]}},
        views={NIGHTLY.key: _view(NIGHTLY, "0.1"), WEEKLY.key: _view(WEEKLY, "0.02")},
        workflows={
            run.key: (
                WorkflowIncarnation(
                    uid=f"workflow-of-{run.name}",
                    name=run.name,
                    created_at=run.created_at,
                    phase=run.phase,
                    in_cluster=run.in_cluster,
                ),
            )
            for run in (NIGHTLY, WEEKLY)
        },
        completeness={
            run.key: Completeness(
                complete=run is NIGHTLY,
                terminal_seen=run is NIGHTLY,
                nodes_expected=4,
                nodes_recorded=4,
                pods_expected=4,
                pods_seen=4,
                missing=() if run is NIGHTLY else ("its end",),
            )
            for run in (NIGHTLY, WEEKLY)
        },
        raw={
            NIGHTLY.key: {
                "kind": "Workflow",
                "metadata": {"name": NIGHTLY.name},
                "spec": {"entrypoint": "main"},
                "big": 2**70,
            }
        },
        specs={VERSION.key: {"entrypoint": "main"}},
        pods={execution.key: (_pod(execution),) for execution in EXECUTIONS if not execution.cached},
        inputs={
            PREPARE.key: (_use("raw", RAW, ArtifactRole.USED),),
            TRAIN_FAILED.key: (_use("table", TABLE, ArtifactRole.USED),),
            TRAIN.key: (_use("table", TABLE, ArtifactRole.USED),),
            EVALUATE.key: (_use("model", MODEL, ArtifactRole.USED),),
            TRAIN_RUNNING.key: (_use("table", TABLE, ArtifactRole.USED),),
        },
        outputs={
            PREPARE.key: (_use("table", TABLE, ArtifactRole.GENERATED),),
            TRAIN.key: (_use("model", MODEL, ArtifactRole.GENERATED),),
            EVALUATE.key: (_use("report", REPORT, ArtifactRole.GENERATED),),
            PREPARE_CACHED.key: (_use("table", TABLE, ArtifactRole.REUSED),),
        },
        depends_on={
            TRAIN.key: (PREPARE.key,),
            TRAIN_FAILED.key: (PREPARE.key,),
            EVALUATE.key: (TRAIN.key,),
            TRAIN_RUNNING.key: (PREPARE_CACHED.key,),
        },
        cached_from={PREPARE_CACHED.key: PREPARE.key},
    )
