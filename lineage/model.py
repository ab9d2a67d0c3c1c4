"""What readers get: frozen values, never rows and never sessions.

Pure. The names and meanings are those of the GraphQL API, which lists fields and reads them off these.
Times are aware and in UTC. Runs, and what graphs have by the ten thousand, are structs and no dataclasses: these take
a fifth of the time to make, and none of the garbage collector's, as nothing in them leads back to them. Fields that
are many are given by place where the store reads them: twenty by name take five times as long.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec

from lineage.identity import Key, Location, decode_key, encoded_id, global_id
from lineage.workloads import NOTHING_SAID, WORKFLOW, Condition, Tuning, Workload


class Phase(StrEnum):
    """As Argo Workflows names them. UNKNOWN only where the source said something that this release does
    not know, or where nobody saw how it ended."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ERROR = "ERROR"
    SKIPPED = "SKIPPED"
    OMITTED = "OMITTED"
    UNKNOWN = "UNKNOWN"

    @property
    def ended(self) -> bool:
        """True for a state that is an end, although a manual retry may leave it again."""
        return self in _ENDED


_ENDED = frozenset({Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR, Phase.SKIPPED, Phase.OMITTED})


class ArtifactRole(StrEnum):
    """USED: read. GENERATED: written. REUSED: taken over from a cache, written earlier by another execution. SERVED: a
    deployment serves it."""

    USED = "USED"
    GENERATED = "GENERATED"
    REUSED = "REUSED"
    SERVED = "SERVED"


class DigestKind(StrEnum):
    """What the runtime named by a digest: a repository digest is a MANIFEST as far as the runtime says."""

    MANIFEST = "MANIFEST"
    INDEX = "INDEX"
    CONFIG = "CONFIG"
    UNKNOWN = "UNKNOWN"


class Direction(StrEnum):
    UPSTREAM = "UPSTREAM"
    DOWNSTREAM = "DOWNSTREAM"
    BOTH = "BOTH"


class SourceState(StrEnum):
    """SYNCED: listed, and watched since. SYNCING: its first list is under way. WAITING: it failed and will be
    tried again. FORBIDDEN, ABSENT: it may not be listed, or is not installed; tried again. STOPPED: nobody
    watches."""

    SYNCED = "SYNCED"
    SYNCING = "SYNCING"
    WAITING = "WAITING"
    FORBIDDEN = "FORBIDDEN"
    ABSENT = "ABSENT"
    STOPPED = "STOPPED"


class ArtifactState(StrEnum):
    """UNVERIFIED: nobody could look. PRESENT: seen, and the same as when it was recorded. MISSING, CHANGED: it is
    not."""

    UNVERIFIED = "UNVERIFIED"
    PRESENT = "PRESENT"
    MISSING = "MISSING"
    CHANGED = "CHANGED"


class Special(StrEnum):
    """A value of a metric that is no number."""

    NAN = "NAN"
    INFINITY = "INFINITY"
    NEGATIVE_INFINITY = "NEGATIVE_INFINITY"


class SlotOutcome(StrEnum):
    """What became of a time at which a recurring run was due."""

    ON_TIME = "ON_TIME"
    LATE = "LATE"
    MISSED = "MISSED"
    DUPLICATE = "DUPLICATE"
    SKIPPED_BY_POLICY = "SKIPPED_BY_POLICY"
    PENDING = "PENDING"


_ITEM = re.compile(r"\(([0-9]{1,9}):")


class _Node:
    """What has a global id, derived from its natural key."""

    __slots__ = ()
    key: Key

    @property
    def id(self) -> str:
        return global_id(self.key)


class Parameter(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A named value. A secret value is never stored: `value` is then its keyed digest and `redacted` true,
    so that equal secrets compare equal; the API shows null."""

    name: str
    value: str | None
    redacted: bool = False


class ContainerImage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An image as it was asked for, and what ran."""

    container: str
    reference: str
    digest: str | None
    digest_kind: DigestKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """What was seen of a run. `complete` only where the end was seen, every node recorded, and every pod
    seen; `missing` says in words what was not. Expectations are None where nobody can know them."""

    complete: bool
    terminal_seen: bool
    nodes_expected: int | None
    nodes_recorded: int
    pods_expected: int | None
    pods_seen: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowIncarnation:
    """One Workflow object of a run. `uid` is None for a file that has none."""

    uid: str | None
    name: str
    created_at: datetime | None
    phase: Phase
    in_cluster: bool


TOLD_RUNS: Final = "kfp_run"
"""The source by which Kubeflow tells of its runs."""

KEPT_RUNS: Final = "mlmd_tasks"
"""The source by which ML Metadata tells of them: of runs that nothing else speaks of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which source a field of a run or of an execution comes from, where several could say it."""

    field: str
    source: str


class Run(_Node, msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one pipeline: a Workflow, or the several that a run of Kubeflow had in its life. What else runs
    something by itself is one of another `kind`. It is what lists show: what may be long is its `RunView`. Of what was
    seen of it until `forgotten_at` the details were forgotten, as rules of retention ask (`lineage.tombstones`)."""

    key: Key
    uid: str | None
    name: str
    display_name: str
    namespace: str
    cluster: str
    phase: Phase
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    in_cluster: bool
    pipeline_version_key: Key | None
    experiment_key: Key | None
    resubmitted_from_key: Key | None
    recurring_run_key: Key | None = None
    scheduled_at: datetime | None = None
    kind: str = WORKFLOW
    started_by_key: Key | None = None
    forgotten_at: datetime | None = None

    @property
    def duration_seconds(self) -> float | None:
        return seconds_between(self.started_at, self.finished_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """What the newest views of a run show beside what lists show: it may be long. `tuning` is what a Katib experiment
    says of itself, `details` what only its kind has."""

    message: str | None
    parameters: tuple[Parameter, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[Origin, ...] = ()
    tuning: Tuning | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


ONLY_PARTS_SEEN: Final = RunView(message="only parts of this run were seen")
"""The view of a run of which neither a workflow was seen nor anything told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSeen:
    """A pod that worked for an execution. `node` is the host it ran on."""

    uid: str
    name: str
    node: str | None
    phase: Phase
    exit_code: int | None
    reason: str | None
    restarts: int
    created_at: datetime | None
    finished_at: datetime | None
    in_cluster: bool
    images: tuple[ContainerImage, ...]
    started_at: datetime | None = None


class Execution(_Node, msgspec.Struct, frozen=True, gc=False):
    """One attempt at one step of a run: in Argo a node that is no grouping. Of one that is an object of its own,
    `workload` is what that says of itself, and `images` what its containers were to run."""

    key: Key
    run_key: Key
    node_id: str | None
    name: str
    display_name: str
    template: str | None
    kind: str
    phase: Phase
    message: str | None
    attempt: int
    started_at: datetime | None
    finished_at: datetime | None
    exit_code: int | None
    superseded: bool
    cached: bool
    resources: Mapping[str, Any] | None
    input_parameters: tuple[Parameter, ...]
    output_parameters: tuple[Parameter, ...]
    system: bool = False
    component: str | None = None
    origins: tuple[Origin, ...] = ()
    workload: Workload = NOTHING_SAID
    images: tuple[ContainerImage, ...] = ()

    @property
    def iteration(self) -> int | None:
        """Which item of the innermost loop around it this is, counted from 0; None outside of loops.

        Argo names the items of a loop `step(0:text)`, and what is in them after that.
        """
        items = _ITEM.findall(self.name)
        return int(items[-1]) if items else None

    @property
    def duration_seconds(self) -> float | None:
        return seconds_between(self.started_at, self.finished_at)


class ExecutionHead(msgspec.Struct, frozen=True, gc=False):
    """What a list shows of an execution, by the names that these have in one: what is known without its whole state. Of
    its key only the id is made: nothing is asked about it further."""

    id: str
    display_name: str
    template: str | None
    kind: str
    phase: Phase
    started_at: datetime | None
    superseded: bool
    cached: bool
    system: bool


class Artifact(_Node, msgspec.Struct, frozen=True, gc=False):
    """One write of one object. `uri` is None for a value kept in the workflow itself, `producer_key` for
    what came from outside every recorded run."""

    key: Key
    name: str
    uri: str | None
    digest: str | None
    created_at: datetime | None
    producer_key: Key | None
    content_digest: str | None = None
    size_bytes: int | None = None
    state: ArtifactState = ArtifactState.UNVERIFIED
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactLook:
    """What one look says of an artifact. `evidence` says in words what that rests on, or why nothing could be told.
    `digest` and `size_bytes` are of what lay there then; `version` is the store's, where it keeps versions. `number`
    tells those of one second apart."""

    number: int
    at: datetime
    state: ArtifactState
    evidence: str
    digest: str | None
    size_bytes: int | None
    version: str | None


BUILT_IN: Final = "built in"
"""The source of metrics that follow from how it ran, such as how long it took."""
OF_EVERY_RUN: Final = (
    "cpu_seconds",
    "duration_seconds",
    "lateness_seconds",
    "memory_seconds",
    "output_bytes",
    "queue_seconds",
    "retries",
    "succeeded",
)
"""The metrics that are built in of runs; of the steps of one there are some of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One value of a metric of a run or an execution; `execution_key` is None for what is of a run itself.

    A number stands in `value`, what is none in `special`. `step` counts within an execution. `at` is when the execution
    ended, `cached` that its outputs were taken over. `source` says where it was read: an output parameter, the uri of a
    file, or `built in`. `is_percentage`: 0.77 is meant to be shown as 77 %.
    """

    name: str
    value: float | None
    run_key: Key
    execution_key: Key | None
    at: datetime | None
    source: str
    special: Special | None = None
    step: int = 0
    cached: bool = False
    is_percentage: bool = False


class TrendPoint(msgspec.Struct, frozen=True, gc=False):
    """The value of a metric in one run of a series, and the execution that it is of: None for what is of the run.

    `at` is when the run was due, else when it started, else when it was made. `cached`: the execution took its outputs
    over, so it is an old value. `parameters` are those of the run, where they were asked for. (The key of the execution
    is text, as few are asked for theirs.)
    """

    run_key: Key
    execution: str | None
    task: str | None
    value: float
    at: datetime
    scheduled_at: datetime | None
    cached: bool
    source: str
    version_key: Key | None
    parameters: Mapping[str, str | None]

    @property
    def execution_key(self) -> Key | None:
        return None if self.execution is None else decode_key(self.execution)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWithout:
    """A run of a series that ended without a value of the metric."""

    run_key: Key
    at: datetime
    scheduled_at: datetime | None
    phase: Phase


class CircumstanceKind(StrEnum):
    """Of what kind a circumstance of a run is. What was read goes by its `CONTENT`, and by its `PLACE` where nobody
    knows that; `UPSTREAM` are the images that wrote it."""

    SPEC = "SPEC"
    IMAGE = "IMAGE"
    PARAMETER = "PARAMETER"
    CONTENT = "CONTENT"
    PLACE = "PLACE"
    UPSTREAM = "UPSTREAM"
    CACHE = "CACHE"
    SCHEDULE = "SCHEDULE"
    NODE = "NODE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstance:
    """What can be another from run to run: `name` is that of a container, a parameter or an input, and `step` the
    template that it is of, None for what is of the run."""

    kind: CircumstanceKind
    step: str | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookDue:
    """A place that should be looked at, one that its artifacts belong to, and the names of those."""

    location: Location
    cluster: str
    namespace: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactText:
    """What an artifact begins with, as text, and whether that is all of it; or the `reason` why there is none.
    `size_bytes` is of what lies at its place, as it is packed."""

    text: str | None = None
    complete: bool = False
    size_bytes: int | None = None
    reason: str | None = None


class ArtifactUse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An execution read, wrote or took over an artifact under a name. `ambiguous`: the clocks allow more
    than one write of the object; each is listed."""

    name: str
    artifact: Artifact
    role: ArtifactRole
    ambiguous: bool

    @property
    def inferred(self) -> bool:
        """Say whether this rests on time and place, and on no record: what is mounted may be read and written."""
        return self.ambiguous or is_in_volume(self.artifact)


LOGS: Final = "-logs"
"""How the name of an output ends in which Argo keeps the log of a container (`SaveLogs` in
argo-workflows/workflow/executor/executor.go): no two logs are the same, whatever was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline(_Node):
    """A pipeline, by name. `namespace` is None for a cluster-wide template."""

    key: Key
    name: str
    cluster: str
    namespace: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineVersion(_Node):
    """One exact text of a pipeline: `spec` with generated names, times and argument values set aside.
    `name` is that of its first upload to Kubeflow, and `created_at` when that was; else when its first recorded run
    was made."""

    key: Key
    pipeline: Pipeline
    digest: str
    created_at: datetime | None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment(_Node):
    """A group of runs. `created_at` is when it was made, where Kubeflow tells, else when its first recorded run was.
    One of Kubeflow's has a `uid`, which is its name as well until somebody tells a better one; its cluster and
    namespace are None until somebody tells them."""

    key: Key
    uid: str | None
    name: str
    cluster: str | None
    namespace: str | None
    created_at: datetime | None


class Scheduler(StrEnum):
    """What makes the runs of a recurring run: its kind of object. Each has its own rules of what is due when."""

    KUBEFLOW = "ScheduledWorkflow"
    ARGO = "CronWorkflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringSpec:
    """When a recurring run is due, what holds it back, and what its runs are given.

    `schedules` are cron expressions as they were written, and `timezone` is theirs; a recurring run of Kubeflow may
    have `interval_seconds` instead, or neither, and is due once then. The values of `parameters` are templates: macros
    such as `[[ScheduledTime]]` stand in them. `text_digest` is of the workflow that it makes, where that is in it.
    """

    enabled: bool
    schedules: tuple[str, ...] = ()
    interval_seconds: int | None = None
    timezone: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    max_concurrency: int | None = None
    catchup: bool | None = None
    concurrency_policy: str | None = None
    starting_deadline_seconds: int | None = None
    when: str | None = None
    stop_strategy: str | None = None
    parameters: tuple[Parameter, ...] = ()
    experiment_id: str | None = None
    pipeline_id: str | None = None
    pipeline_version_id: str | None = None
    pipeline_name: str | None = None
    text_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringRun(_Node):
    """A ScheduledWorkflow of Kubeflow Pipelines or a CronWorkflow of Argo. `stopped`: its stop strategy ended it.
    `triggered_at` is the last time that it says it made a run for. `display_name` is what people call it, where
    Kubeflow tells, else its name."""

    key: Key
    uid: str
    scheduler: Scheduler
    name: str
    display_name: str
    cluster: str
    namespace: str
    created_at: datetime | None
    in_cluster: bool
    spec: RecurringSpec
    stopped: bool
    triggered_at: datetime | None
    experiment_key: Key | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringEdit:
    """A spec of a recurring run, and since when it was in force. `told`: the object says so; else that is when it was
    first seen."""

    since: datetime
    told: bool
    spec: RecurringSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A time at which a recurring run was due, and what became of it. `late_by_seconds` is told wherever a run was
    made, `reason` wherever none was, or several."""

    due_at: datetime
    outcome: SlotOutcome
    reason: str | None = None
    run_key: Key | None = None
    late_by_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A turn in the life of an object that is an execution: it came to a `condition`, or it was made to want so many
    `replicas` of each role, in which generation of its spec. `at` is None where nobody says when."""

    at: datetime | None
    condition: Condition | None = None
    replicas: Mapping[str, int | None] | None = None
    generation: int | None = None


RESTARTING: Final = "Restarting"


def restarts_of(turns: Sequence[Turn], pods: Sequence[PodSeen]) -> int:
    """Count how often an execution was seen to start again: as its object said, or else as the containers of its pods
    did. A job of the training operator says so where it makes a pod anew, and not where a container is started
    again."""
    said = sum(turn.condition is not None and turn.condition.type == RESTARTING for turn in turns)
    return max(said, sum(pod.restarts for pod in pods))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel:
    """A model as the spec of a deployment names it.

    `name` tells several of one component apart: where it is mounted, or what an adapter is called; empty for the only
    one. `uri` is as it is written, or put together from what is. `location` is None for what lies within an image.
    """

    name: str
    uri: str
    location: Location | None
    format: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRevision:
    """What one component of a deployment served from one rollout to the next.

    `name` is the name of the revision where KServe gives it one, else the component and a number. `models` is None
    where nobody saw the spec that it was made of. `written_at` is when that was written; unless `told`, by when it was
    first seen. `ready_at` is when it could first be asked; it got traffic from `since` until `until`, and gets
    `traffic_percent` of it now.
    """

    component: str
    name: str
    models: tuple[ServedModel, ...] | None
    written_at: datetime
    told: bool
    ready_at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    traffic_percent: int | None = None
    runtime: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment(_Node):
    """What serves models: an InferenceService, an LLMInferenceService or a TrainedModel of KServe.

    `ready` is None where nobody says, `since` is since when it is so. `parent` is the InferenceService that a
    TrainedModel is loaded into. `ended_at` is when somebody asked for its deletion.
    """

    key: Key
    uid: str
    kind: str
    name: str
    cluster: str
    namespace: str
    url: str | None
    ready: bool | None
    since: datetime | None
    message: str | None
    created_at: datetime | None
    ended_at: datetime | None
    in_cluster: bool
    parent_key: Key | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedArtifact:
    """An artifact that a revision of a deployment serves or served, as it was when that was rolled out.

    `model` is the name of the model there, where it has several. `ambiguous`: the clocks allow another write as well.
    `by_content`: it lies elsewhere, and what was read has the same content. `replaced_by` is the newest write since of
    the place that was read; `changed_since` says whether what lies there is something else now, and is None where
    nobody can tell.
    """

    revision: str
    model: str
    artifact: Artifact
    ambiguous: bool
    by_content: bool
    is_served_now: bool
    changed_since: bool | None
    replaced_by: Artifact | None

    @property
    def inferred(self) -> bool:
        """Say whether this rests on time, place and content, and on no record."""
        return self.ambiguous or self.by_content or is_in_volume(self.artifact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden(_Node):
    """Whatever the caller may not see on one side of a node that they may: one thing or many, of whatever kind."""

    key: Key
    name: str = "hidden"


LineageNode: TypeAlias = Execution | Artifact | Deployment | Hidden


def is_system(node: LineageNode) -> bool:
    """Say whether a node is plumbing of the engine."""
    return isinstance(node, Execution) and node.system


_VOLUMES = ("pvc://", "volumesnapshot://")


def is_in_volume(node: LineageNode) -> bool:
    """Say whether a node is data in a volume: whoever mounts that may have read and written it."""
    return isinstance(node, Artifact) and node.uri is not None and node.uri.startswith(_VOLUMES)


class LineageEdge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """In the direction of the data: artifact to execution where USED, execution to artifact where GENERATED or REUSED,
    artifact to deployment where SERVED. `inferred`: one of several that the clocks allow, or a mount of a volume, which
    says what may have been read and written."""

    source: str
    target: str
    role: ArtifactRole
    name: str | None
    inferred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One execution started another: a step its job, a trial the steps of its workflow. What was given along has no
    name."""

    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """An artifact that nobody is known to have written may be a copy of another, which was there before with the same
    content: the same bytes, or (`same_bytes` is false) the same meaning in other bytes, such as an archive of the same
    files."""

    source: str
    target: str
    same_bytes: bool


@dataclass(frozen=True, slots=True)
class StepLink:
    """An execution that had to end before another one started, by their ids."""

    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepGraph:
    """The executions of a run, without those that a later attempt replaced, and which leads to which. `complete` is
    false where there are more of either."""

    executions: tuple[Execution, ...]
    links: tuple[StepLink, ...]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageGraph:
    """Never silently partial: `complete` is false where anything is missing, `reasons` say why, and
    `frontier` are the ids of the nodes to go on from. `depth` is how many edges away the farthest is."""

    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]
    depth: int
    complete: bool
    reasons: tuple[str, ...] = ()
    frontier: tuple[str, ...] = ()
    starts: tuple[Start, ...] = ()
    copies: tuple[Copy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Why some nodes are connected with others. `graph` holds every node and every edge of every way from the one to
    the other, in either direction; of too many nodes, those of the shortest ways. `shortest` are the ids along a
    shortest way, in the direction of the data; there are none where they are not connected."""

    graph: LineageGraph
    shortest: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What descends from some nodes: all of it counted, and the newest of each listed, deployments by name. Executions
    that were asked about are among it, artifacts are not. A model is what its type says is one, or what is served.
    Never silently partial: `complete` is false where anything is missing, and `reasons` say why."""

    run_count: int
    execution_count: int
    artifact_count: int
    model_count: int
    deployment_count: int
    runs: tuple[Run, ...]
    executions: tuple[Execution, ...]
    artifacts: tuple[Artifact, ...]
    models: tuple[Artifact, ...]
    deployments: tuple[Deployment, ...]
    complete: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """All that lies up- or downstream of some nodes, the nodes included: their keys alone, as text
    (`lineage.identity.encode_key`), in no order. Never silently partial: `complete` is false where anything is
    missing, and `reasons` say why. Where there are too many, they are the nearest, by how many edges they are away."""

    keys: tuple[str, ...]
    complete: bool
    reasons: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that the API shows."""
        return tuple(map(encoded_id, self.keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which a source was not watched: what came and went in it is not known. `ended_at` is None while it is
    open. What the list after it showed: so many objects were created, changed and gone meanwhile."""

    began_at: datetime
    ended_at: datetime | None
    reason: str
    created: int
    changed: int
    gone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How one resource of one cluster is being watched, in one namespace or in all ("*").

    `lag_seconds`: how long the newest event waited between being seen and being recorded. `watched_until`: when the
    latest state up to which every change was seen was that of the cluster, `watched_since` when it was first listed.
    `gap_count` counts the open gap too.
    """

    name: str
    kind: str
    cluster: str
    namespace: str
    state: SourceState
    message: str | None
    observed: int
    lag_seconds: float | None
    last_event_at: datetime | None
    watched_until: datetime | None = None
    watched_since: datetime | None = None
    gap_count: int = 0
    open_gap: Gap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(_Node):
    """An event that could not be recorded. `event` is its redacted text, where it could be read."""

    key: Key
    at: datetime
    source: str
    cluster: str
    reason: str
    event: str | None
    size_bytes: int
    digest: str


Node: TypeAlias = (
    Run | Execution | Artifact | Deployment | Hidden | Pipeline | PipelineVersion | Experiment | RecurringRun | Rejected
)


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Say how long it took; None while either end is unknown."""
    return (end - start).total_seconds() if start is not None and end is not None else None
