"""The closed union of statements about lineage that an interpreter can make.

Pure. Facts carry derived identities, never database keys, and never delete: what is no longer true is
said by a newer view of the same subject. Numbers that count as identity (`started_at`) are whole seconds
since 1970; everything else that is a time is an aware `datetime`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from lineage.evidence import Look, MetricValue
from lineage.identity import Location
from lineage.model import TOLD_RUNS, ContainerImage, Parameter, Phase, RecurringSpec, Scheduler, ServedModel
from lineage.workloads import NOTHING_SAID, WORKFLOW, WORKFLOWS, Scale, Tuning, Workload


class Revision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a view stands in the order of the views of one subject. Computed from the object alone.

    `kind`: "K" where the object bears a resourceVersion, else "R". `life` orders incarnations: creation
    time, then uid. Within one, K compares the resourceVersion and R the latest time that the object names
    (`version`, as text that sorts), ties by the digest of the object. `latest` is that time in seconds;
    `ended` says whether the view shows an end.
    """

    kind: Literal["K", "R"]
    life: str
    version: str
    digest: str
    latest: int
    ended: bool

    @property
    def rank(self) -> str:
        """Text that sorts as the views of one class do."""
        return f"{self.life} {self.version} {self.digest}"


def sortable(number: int | str) -> str:
    """Write a natural number of any length so that texts sort as the numbers do."""
    digits = str(number).lstrip("0") or "0"
    return f"{len(digits):03d}{digits}"


class PipelineRef(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which pipeline a run ran, and its exact text. `namespace` is None for a cluster-wide template."""

    name: str
    namespace: str | None
    digest: str
    spec: bytes


class Read(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An attempt read what lay at a location, under the name of its input. `type` and `metadata` are what it was told
    of that when it began."""

    name: str
    location: Location
    type: str | None = None
    metadata: Mapping[str, Any] = {}


class Write(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An attempt has an output. `reused`: the view itself says that it was taken over from a cache.
    `own`: the location names the attempt's own pod, so that it was written whatever the pod says. `type`: what its
    component says that it is, and `metadata` what it says of it. `imported`: it was there before, and no cache had
    it."""

    name: str
    location: Location
    reused: bool
    own: bool
    type: str | None = None
    metadata: Mapping[str, Any] = {}
    imported: bool = False


class Creation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a manifest makes: `key` is its name for who made it (`lineage.identity.creation_name`), and `name` what the
    object is called; empty where nobody says what a generated name came to be."""

    key: str
    name: str


class ExecutionState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One attempt at one node, as a view showed it. Without `started_at` it is a placeholder.

    Groupings (DAG, Steps, …, Retry) are kept too, for the graph leads through them; readers do not see
    them. `parents` are the nodes that had to end or begin before it, with their starts, so that each is an
    attempt. `cached_from` is the id of the node whose outputs were carried over. `metrics` are names of output
    parameters that its template declares to be some. `is_system`: it is plumbing of the engine. `component` is what it
    runs, and `told_as` the id by which Kubeflow's own records know it, or the place of a task that was never run
    (`TaskTold.place`). `creates` is the object that it makes.

    Of an execution that is an object of its own, `workload` is what that says of itself, `values` are the metrics and
    `images` what its containers were to run.
    """

    node_id: str
    started_at: int | None
    is_group: bool
    acts: bool
    name: str
    display_name: str
    template: str | None
    kind: str
    phase: Phase
    message: str | None
    attempt: int
    finished_at: datetime | None
    exit_code: int | None
    memoized: bool
    cached_from: str | None
    resources: Mapping[str, Any] | None
    input_parameters: tuple[Parameter, ...]
    output_parameters: tuple[Parameter, ...]
    parents: tuple[tuple[str, int | None], ...]
    reads: tuple[Read, ...]
    writes: tuple[Write, ...]
    metrics: tuple[str, ...] = ()
    is_system: bool = False
    component: str | None = None
    told_as: str | None = None
    creates: Creation | None = None
    workload: Workload = NOTHING_SAID
    values: tuple[MetricValue, ...] = ()
    images: tuple[ContainerImage, ...] = ()


class Repository(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where the artifacts of a run go unless it is said otherwise: the bucket, and the store that has it."""

    bucket: str
    store: str


class RecurringRef(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which recurring run made a run. Where nobody tells its `uid`, it is the one of that name and namespace."""

    scheduler: Scheduler
    uid: str | None
    name: str


class Starter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What started a run, as far as its object says: the uid of the `owner`, which is a workflow, a pod or an execution
    that is an object of its own; or without one the `run` that its labels name. A step of that workflow or run, or
    where nothing is named any, is found by the object that it creates."""

    owner: str | None
    creation: Creation
    run: str | None = None

    @property
    def name(self) -> str:
        """By what the run that was started names its starter."""
        return self.owner or self.run or self.creation.key


class RunSeen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="run"):
    """One view of a workflow: the run's header, the incarnation and, if the view shows its nodes, the roll.

    What else runs something by itself is a run, too, of another `kind` and `resource`: its executions are objects of
    their own (`ExecutionSeen`), and there is no roll. It then says how many it `expects`, what it is `tuning`, and in
    `details` what only its kind has.

    `executions` are all attempts that the view names; None where it says that nodes exist but does not
    show them, which is not "there are none"; `nodes_missing` then says why. `incarnation` is the uid, or
    what stands in for it in a file; `uid` is what readers get. `scheduled_at` is the time for which a recurring run
    made it; None for one that somebody made by hand. `repository` is told of runs of Kubeflow v2, whose services name
    artifacts without it.
    """

    revision: Revision
    run: str
    incarnation: str
    uid: str | None
    workflow_uid: str | None
    cluster: str
    namespace: str
    name: str
    display_name: str
    phase: Phase
    message: str | None
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    parameters: tuple[Parameter, ...]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    pipeline: PipelineRef | None
    experiment: str | None
    resubmitted_from: str | None
    nodes_missing: str | None
    executions: tuple[ExecutionState, ...] | None
    recurring: RecurringRef | None = None
    scheduled_at: datetime | None = None
    repository: Repository | None = None
    kind: str = WORKFLOW
    resource: str = WORKFLOWS
    started_by: Starter | None = None
    expects: int | None = None
    tuning: Tuning | None = None
    details: Mapping[str, Any] = {}


class ExecutionSeen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="execution"):
    """One view of an object that is an execution by itself: a trial, a job. `run` is the uid of what it is a part of,
    which may be itself, `run_name` how that is called, and `run_kind` what it is.

    The conditions that it came to, and the `scale` that it wants, are kept as turns of it: later views have forgotten
    those of earlier ones.
    """

    revision: Revision
    uid: str
    resource: str
    cluster: str
    namespace: str
    name: str
    run: str
    run_name: str
    run_kind: str
    created_at: datetime | None
    state: ExecutionState
    scale: Scale | None = None


class PodSeen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="pod"):
    """One view of a pod that works for a node. `owner_uid` is its workflow's; `run_label` the run id that
    it bears itself. `reused`: Kubeflow's cache replaced its containers. `started_at`: its main one did."""

    revision: Revision
    uid: str
    owner_uid: str
    owner_name: str
    node_id: str
    node_name: str | None
    run_label: str | None
    cluster: str
    namespace: str
    name: str
    host: str | None
    phase: Phase
    reason: str | None
    exit_code: int | None
    restarts: int
    created_at: datetime
    finished_at: datetime | None
    images: tuple[ContainerImage, ...]
    reused: bool
    started_at: datetime | None = None


class RecurringRunSeen(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="recurring"):
    """One view of a recurring run. `uid` is that of the object, or what stands in for it in a file.

    `spec_since` is when the object says that its spec was written; None where it does not say. Then it was in force
    when it was seen, which is `seen_at`. `triggered_at` is the last time that it says it made a run for.
    """

    revision: Revision
    scheduler: Scheduler
    uid: str
    cluster: str
    namespace: str
    name: str
    created_at: datetime | None
    spec: RecurringSpec
    spec_since: datetime | None
    seen_at: datetime
    stopped: bool
    triggered_at: datetime | None


class TrafficShare(msgspec.Struct, frozen=True, gc=False):
    """So many percent of the traffic go to a revision."""

    revision: str
    percent: int


class ServedComponent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One component of a deployment, as a view showed it: what its spec asks for, and what its status says came of it.

    `template` is the digest of that part of the spec which makes new pods. `revision` is the one that was made last,
    `ready_revision` the last that is ready; None where the controller names none. `share` is the part of the traffic
    that the spec gives it as a whole. `is_behind`: the status is of an older spec; None where nobody says.
    """

    name: str
    models: tuple[ServedModel, ...]
    template: str
    revision: str | None = None
    ready_revision: str | None = None
    traffic: tuple[TrafficShare, ...] = ()
    share: int | None = None
    is_ready: bool | None = None
    ready_since: datetime | None = None
    is_behind: bool | None = None
    runtime: str | None = None


class DeploymentSeen(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="deployment"):
    """One view of what serves models. `uid` is that of the object, or what stands in for it in a file.

    `spec_since` and `seen_at` as in `RecurringRunSeen`. `ended_at` is when somebody asked for its deletion. `parent` is
    the name of the InferenceService that a TrainedModel is loaded into.
    """

    revision: Revision
    kind: str
    uid: str
    cluster: str
    namespace: str
    name: str
    created_at: datetime | None
    spec_since: datetime | None
    seen_at: datetime
    ended_at: datetime | None
    url: str | None
    ready: bool | None
    ready_since: datetime | None
    message: str | None
    parent: str | None
    components: tuple[ServedComponent, ...]


class ExperimentTold(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="experiment_told"):
    """Kubeflow told of an experiment. `namespace` is None where it does not say."""

    revision: Revision
    uid: str
    cluster: str
    namespace: str | None
    name: str
    created_at: datetime | None


class PipelineTold(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="pipeline_told"):
    """Kubeflow told of a pipeline. `namespace` is None for one that all share."""

    revision: Revision
    uid: str
    cluster: str
    namespace: str | None
    name: str
    created_at: datetime | None


class PipelineVersionTold(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="pipeline_version_told"):
    """Kubeflow told of a version of a pipeline: an upload of an exact text, under a name. `uid` is that of the upload;
    equal texts are one version, however often they were uploaded."""

    revision: Revision
    uid: str
    cluster: str
    pipeline: PipelineRef
    name: str
    created_at: datetime | None


class RecurringRunTold(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="recurring_run_told"):
    """Kubeflow told what people call a recurring run, which its object does not say. `uid` is that of the object."""

    revision: Revision
    uid: str
    cluster: str
    namespace: str | None
    name: str


class RunTold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="run_told"):
    """Kubeflow told of a run. `experiment`, `version` (an upload) and `recurring_run` are uids; `pipeline` is the text
    that it bears itself, where it was made of no version. `source` names what told: each is a subject of its own."""

    revision: Revision
    run: str
    cluster: str
    namespace: str | None
    name: str
    phase: Phase
    message: str | None
    created_at: datetime | None
    scheduled_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    parameters: tuple[Parameter, ...]
    experiment: str | None
    version: str | None
    recurring_run: str | None
    pipeline: PipelineRef | None
    source: str = TOLD_RUNS


class Reported(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A metric that a task reported in one of its outputs."""

    output: str
    value: MetricValue


class TaskTold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What Kubeflow's own records tell of one task: how it was run, or what it took over from a cache.

    `source` names which ones. `id` is what they call it. `place` says where in its run it stands, for who does not know
    the id: that of the DAG around it, a slash, and its name. `cached`: its outputs were taken over, from the task
    `taken_from` where that is told. A location is as far known as its uri says (`Repository`).
    """

    source: str
    id: str
    place: str
    name: str
    phase: Phase
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cached: bool = False
    taken_from: str | None = None
    input_parameters: tuple[Parameter, ...] = ()
    output_parameters: tuple[Parameter, ...] = ()
    reads: tuple[Read, ...] = ()
    writes: tuple[Write, ...] = ()
    metrics: tuple[Reported, ...] = ()


class TasksTold(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="tasks_told"):
    """Kubeflow told of the tasks of a run, in the order in which they were made. `namespace` is None where it does not
    say."""

    revision: Revision
    run: str
    cluster: str
    namespace: str | None
    tasks: tuple[TaskTold, ...]


class ObjectKept(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="kept"):
    """The newest view of an object is kept whole, redacted. `resource` as in `ResourceListed`."""

    revision: Revision
    resource: str
    uid: str
    body: bytes


class ObjectGone(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="gone"):
    """The API server said so: final, for a uid never returns."""

    uid: str


class ResourceListed(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="listed"):
    """At `version` (sortable) exactly `uids` existed in (cluster, resource, namespace or "*")."""

    cluster: str
    resource: str
    namespace: str
    version: str
    uids: tuple[str, ...]


class ResourceWatched(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="watched"):
    """Bookkeeping, no knowledge: every change in (cluster, resource, namespace or "*") between two versions
    (sortable) was seen. A list watches the moment of its version.

    `since_at` and `until_at` are when these versions were seen; so many `objects` existed at `until`. `items` are
    version and time of creation (seconds since 1970) of what existed at `since`; None where that is not told, which
    is not "nothing". `reason` says why it had to be listed anew; empty where a watcher had just begun.
    """

    cluster: str
    resource: str
    namespace: str
    since: str
    since_at: datetime
    until: str
    until_at: datetime
    objects: int
    items: tuple[tuple[str, int], ...] | None = None
    reason: str = ""


class LocationLooked(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="looked"):
    """At `at`, in seconds since 1970, a look showed this of a location."""

    location: Location
    at: int
    look: Look


class SourceObserved(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="observed"):
    """Bookkeeping, no knowledge: a source delivered something, or says how it fares."""

    source: str
    cluster: str
    resource: str
    namespace: str
    at: datetime
    state: str | None
    message: str | None
    objects: int


class InputRejected(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="rejected"):
    """Something could not be recorded, and why. `event` is its redacted text where there is one."""

    source: str
    cluster: str
    at: datetime
    reason: str
    event: bytes | None
    size_bytes: int
    digest: str


Told: TypeAlias = ExperimentTold | PipelineTold | PipelineVersionTold | RecurringRunTold | RunTold | TasksTold
"""What services of Kubeflow tell that no workflow says."""

Fact: TypeAlias = (
    RunSeen
    | ExecutionSeen
    | PodSeen
    | RecurringRunSeen
    | DeploymentSeen
    | ExperimentTold
    | PipelineTold
    | PipelineVersionTold
    | RecurringRunTold
    | RunTold
    | TasksTold
    | ObjectKept
    | ObjectGone
    | ResourceListed
    | ResourceWatched
    | LocationLooked
    | SourceObserved
    | InputRejected
)
