"""The seams: what the parts ask of one another, and the questions that a store answers.

Protocols and the values they exchange; nothing here does anything.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from lineage.alerts import Alert, AlertKept, AlertMark, Span
from lineage.deadline import Deadline
from lineage.facts import Fact
from lineage.fingerprints import Fingerprint
from lineage.identity import Key, Location
from lineage.model import (
    Artifact,
    ArtifactLook,
    ArtifactText,
    ArtifactUse,
    Circumstance,
    Closure,
    Completeness,
    Deployment,
    DeploymentRevision,
    Direction,
    Execution,
    Experiment,
    Gap,
    Impact,
    LineageGraph,
    LookDue,
    Metric,
    Node,
    Paths,
    Pipeline,
    PipelineVersion,
    PodSeen,
    RecurringEdit,
    RecurringRun,
    Rejected,
    Run,
    RunView,
    RunWithout,
    ServedArtifact,
    Slot,
    SourceStatus,
    TrendPoint,
    Turn,
    WorkflowIncarnation,
)
from lineage.observation import Observation

T = TypeVar("T")


# ------------------------------------------------------------------------------------------ the log
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An observation and its position: opaque text, to be handed back to the same log."""

    position: str
    observation: Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Entries of one part of a log in their order: those behind the position `after`, None being its beginning.

    A part is what the store keeps a position of. A log in memory is one part, and so is each partition of a topic: any
    number of recorders can share a log, and each part moves by compare-and-set, whoever reads it at the moment.
    """

    part: str
    after: str | None
    entries: Sequence[Entry]


class LogWriter(Protocol):
    """A log as watchers see it."""

    def append(self, observation: Observation) -> None:
        """Add an observation; wait while the log is full.

        Raises:
            LogError: the log was closed meanwhile.
        """


class LogReader(Protocol):
    """A log as a recorder sees it: a sequence of observations that outlives the moment. Delivery is at least once.

    What was read is read again until it is confirmed.
    """

    def read(self, recorded: Callable[[str], str | None], *, limit: int, timeout_seconds: float) -> Stretch | None:
        """Read the next entries of one part, waiting for the first up to `timeout_seconds`; None where there are none.

        `recorded` says how far a part has been recorded. It is asked when this reader takes a part up, and after a
        stretch that was not confirmed. `limit` is about how many entries are read.

        Raises:
            LogError: the log refuses, and will go on refusing.
        """

    def confirm(self, part: str, position: str) -> None:
        """Say that a part is recorded up to a position of the stretch that was read last."""


# ------------------------------------------------------------------------------------------ object stores
@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStat:
    """What a store says of an object without its bytes.

    `version` is None where the store keeps no versions. `checksums` are of the whole object, as `algorithm:hex`; those
    of its parts are none. `etag` is whatever the store makes of an upload.
    """

    key: str
    size_bytes: int
    modified_at: datetime | None
    etag: str
    version: str | None = None
    checksums: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much reading one object may take."""

    size_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectOpened:
    """An object that is being read. `stat` is of just these bytes; `chunks` are all of them, and can be taken once."""

    stat: ObjectStat
    chunks: Iterator[bytes]


class ObjectStore(Protocol):
    """A bucket, or what is used like one: bytes under keys. Nothing is ever written to it. Safe to share among threads.

    Every method may raise ObjectStoreError. What is not known is never told as absent.
    """

    def stat(self, key: str, *, version: str | None = None) -> ObjectStat:
        """Say what lies under a key, or lay there as a version.

        Raises:
            ObjectAbsent: nothing does.
        """

    def open(self, key: str, *, version: str | None = None, budget: Budget) -> AbstractContextManager[ObjectOpened]:
        """Open an object to read it. What was not taken at the end of the context is not fetched.

        Raises:
            ObjectAbsent: there is none.
            BudgetExceeded: from `chunks`: it is too large, before the first; or time is up.
        """

    def objects(self, prefix: str) -> Iterator[ObjectStat]:
        """List the objects whose keys begin so, in the order of their keys, as they come: without versions and
        checksums."""

    def close(self) -> None:
        """Let go of connections. Nothing is asked afterwards."""


# ------------------------------------------------------------------------------------------ questions
@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which namespaces the caller may see, as (cluster, namespace); None is all of them. Of `clusters` they see all,
    also what is in no namespace."""

    namespaces: frozenset[tuple[str, str]] | None
    clusters: frozenset[str] = frozenset()

    def holds_all_of(self, cluster: str) -> bool:
        """Say whether there is nothing in a cluster that the caller may not see."""
        return self.namespaces is None or cluster in self.clusters

    def holds(self, cluster: str, namespace: str) -> bool:
        """Say whether the caller may see what is in a namespace."""
        return self.holds_all_of(cluster) or (cluster, namespace) in (self.namespaces or ())


EVERYTHING = Scope(namespaces=None)
"""The scope of one machine with one user."""
NOTHING = Scope(namespaces=frozenset())
"""The scope of a stranger."""


class Operator(StrEnum):
    EQ = "eq"
    IN = "in"
    CONTAINS = "contains"
    STARTS_WITH = "startsWith"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IS_NULL = "isNull"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One comparison. `field` is the name in the API (`startedAt`, `pipelineName`); `name` is the key of a
    named thing (which parameter, which label, the image of which digest). Ids are given as keys, times as
    aware datetimes."""

    field: str
    operator: Operator
    value: Any
    name: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.value, list):
            object.__setattr__(self, "value", tuple(self.value))  # so that a question can be remembered


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one must hold; of none, it holds."""

    of: tuple["Where", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One must hold; of none, it does not."""

    of: tuple["Where", ...]


@dataclass(frozen=True, slots=True)
class Not:
    of: "Where"


Where: TypeAlias = Condition | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`field` is the value of the API's order enum, such as STARTED_AT; with METRIC, `name` is that of the metric. Ties
    fall to the id."""

    field: str
    descending: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A stretch of a list: the first so many after a cursor, or the last so many before one."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A stretch of a list, in the order of the list whichever way it was asked for."""

    items: tuple[T, ...]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What to list, and in which order. Without an order: the newest first for runs, else by name or start."""

    where: Where | None = None
    order: tuple[Order, ...] = ()


# ------------------------------------------------------------------------------------------ the feed
@dataclass(frozen=True, slots=True, kw_only=True)
class RunChange:
    """A run that changed, as it is now, and where in the feed that is."""

    cursor: str
    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """A stretch of the feed. Whoever goes on from `cursor` misses nothing; so does whoever goes on from an item's."""

    items: tuple[RunChange, ...]
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPlaces:
    """Where runs changed, as (cluster, namespace), up to a cursor."""

    places: frozenset[tuple[str, str]]
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgedRun:
    """A run of which it is judged whether its details are forgotten. Where nobody saw its end, `ended_at` is when it
    was last seen; None where it goes on."""

    key: Key
    name: str
    namespace: str
    ended_at: datetime | None
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What was recorded of `runs`, so many: of their raw objects how many there are, and how much they take, packed."""

    runs: int = 0
    objects: int = 0
    size_bytes: int = 0

    def __add__(self, other: "Details") -> "Details":
        return Details(
            runs=self.runs + other.runs,
            objects=self.objects + other.objects,
            size_bytes=self.size_bytes + other.size_bytes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A run whose details were forgotten at a time: what is known of it still, as facts, and the fingerprints that it
    and its executions had."""

    run: Key
    forgotten_at: datetime
    facts: tuple[Fact, ...]
    fingerprints: Mapping[Key, Fingerprint]


class Listener(Protocol):
    """Waits for changes. Nothing is read by it: to wait again and to look belong together. For one thread."""

    def wait(self, seconds: float) -> None:
        """Return once a change may have been committed, and after so many seconds in any case. A store that cannot be
        reached makes it return sooner, and raises nothing."""

    def close(self) -> None:
        """Listen no longer."""


# ------------------------------------------------------------------------------------------ what lies in object stores
class TextReader(Protocol):
    """Reads the beginning of what lies at a place as text, for those who ask. Safe to share among threads.

    It goes to configured stores alone, and takes some seconds at most.
    """

    def read(self, scope: Scope, place: LookDue, *, characters: int) -> ArtifactText:
        """Read so many characters at most, without the secrets that show in them. Whatever keeps it from that is the
        reason why there is no text.

        Whoever may write a workflow can name any place in it. So who may not see all of a cluster is shown what lies in
        a store that is configured for its namespace alone, if they may see that, and nothing else."""


# ------------------------------------------------------------------------------------------ the store
class LineageStore(Protocol):
    """Everything that is known. Any order and any repetition of the same facts leaves the same knowledge.

    Reads take a scope; what lies outside it is as if it did not exist. Reads for several keys answer for
    each key that exists, in one statement. Every method may raise StoreError.
    """

    def within(self, deadline: Deadline) -> "LineageStore":
        """Give the same store to one who has so much time: a read that is not done by then, or when the deadline is
        ended, ends there, however long its statement would run, and raises DeadlineExceeded."""

    def at_once(self) -> "LineageStore | None":
        """Give the same store to one who may not wait, who only reads: a read for which it would have to wait for
        another, or to connect, raises WouldWait. None where every read waits, be it for a network."""

    def now(self) -> datetime:
        """What time it is where the store is."""

    def check(self) -> None:
        """Make sure that the store can be read and is of this release.

        Raises:
            StoreError: it cannot be read now.
            SchemaOutdated: another release made it, or has migrated it since it was opened.
        """

    # -- writing
    def apply(
        self,
        facts: Sequence[Fact],
        *,
        recorded_at: datetime,
        log: str | None = None,
        after: str | None = None,
        position: str | None = None,
    ) -> tuple[bool, ...]:
        """Record facts and move the position of a log from `after` to `position`, all or nothing.

        Returns for each fact whether it added to what is known.

        Raises:
            PositionMoved: the position is no longer `after`: another recorder was here.
        """

    def position(self, log: str) -> str | None:
        """Say how far a log has been recorded."""

    def take_due_looks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[LookDue]:
        """Hand out places that should be looked at, those first that nobody has looked at yet. What nobody looked at
        by `until` is handed out again then; a look that is recorded says when the next one is due."""

    def places_waiting(self, uris: Collection[str], *, now: datetime) -> Sequence[LookDue]:
        """Find the places of these uris, in whichever store, of which the next look is not due yet."""

    def hurry(self, locations: Collection[Location], *, now: datetime) -> int:
        """Let these places be looked at now; say how many of them were to wait. Places that nobody knows, and what is
        kept in a workflow itself, are left alone."""

    def drop_rejected(self, keys: Sequence[Key]) -> int:
        """Forget what was set aside under these keys; say how many there were."""

    def settle(self, *, limit: int) -> int:
        """Compute the fingerprints of up to `limit` runs that are due for them: that have ended, and of which anything
        became known since. Returns how many runs those were."""

    # -- retention
    def plan_forgetting(self, rules: str, due_at: Callable[[str, datetime], datetime | None], *, limit: int) -> int:
        """Note of up to `limit` runs that were recorded, or have changed, when it is to be judged whether their details
        are forgotten: `due_at` says that by their namespace and when they ended, None for never. `rules` is a digest
        of what it goes by: with other rules than before, it begins anew. Returns how many runs it looked at: 0 when
        it has looked at all."""

    def aged(self, *, now: datetime, limit: int, beyond: int = 0) -> Sequence[AgedRun]:
        """The runs that are due to be judged, those first that have been due for longest; `beyond` the first so
        many."""

    def heirs(self, runs: Sequence[Key]) -> Mapping[Key, frozenset[Key]]:
        """What descends from runs at first hand, by their keys, of what is not forgotten: runs that read what they
        wrote, or a copy of it, or that they started; and deployments in the cluster that serve it."""

    def judge_again(self, when: Mapping[Key, datetime | None]) -> None:
        """Let runs be as they are, to be judged again at a time, or, for None, once they have changed."""

    def weigh(self, runs: Sequence[Key]) -> Details:
        """What would go with the details of runs."""

    def forget(self, runs: Sequence[Key], *, now: datetime) -> Details:
        """Forget the details of runs: what was seen of them until now. What stays is what they were, how they went, and
        all that others need of them (`lineage.tombstones`); what is observed of before `now` is passed over from
        now on. What they descend from is judged again. Returns what went."""

    def tombstones(self) -> Iterator[Tombstone]:
        """Yield what is known of runs whose details were forgotten: it cannot be interpreted anew, but taken over."""

    def take_over(self, tombstone: Tombstone) -> None:
        """Take in what another store yielded so."""

    # -- the feed
    def feed_end(self) -> str:
        """The cursor behind all changes that were committed so far."""

    def changes(self, scope: Scope, where: Where | None, *, after: str, limit: int) -> Changes:
        """Read the runs that changed after a cursor, and match: each once, as it is now, that first whose last change
        is longest ago; at most `limit`. The cursor that comes with them is behind all that does not match, too.

        Cursors are in the order of commits, whoever records beside whom: no change comes before a cursor that was read.

        Raises:
            InvalidRequest: `after` is no cursor, or the filter asks for what runs do not have.
            UnknownCursor: it is one of another store, or of a time that this one does not remember.
        """

    def changed_places(self, scope: Scope, *, after: str) -> ChangedPlaces:
        """Say in which namespaces runs changed after a cursor: whoever may see none of them need not be asked for.

        Raises:
            InvalidRequest, UnknownCursor: as `changes`.
        """

    def listener(self) -> Listener:
        """Make what one waits for changes by."""

    # -- alerts
    def ended(self, scope: Scope, *, since: datetime) -> Sequence[tuple[Key, datetime]]:
        """The runs that ended at a time or later, in the order in which they did, each with when that was."""

    def alert_marks(self, rules: Sequence[str]) -> Mapping[str, AlertMark]:
        """How far rules have been followed, by their names; nothing of those that are new."""

    def alerted(self, rule: str, series: str) -> Sequence[Span]:
        """Where in a series a rule has found shifts."""

    def keep_alerts(self, alerts: Sequence[Alert], until: Mapping[str, datetime], *, now: datetime) -> tuple[bool, ...]:
        """Keep alerts, which are due to be sent at once, and say how far rules have been followed, all or nothing: a
        rule that is new begins there, and none goes back. Returns for each alert whether it is new."""

    def take_due_alerts(self, *, now: datetime, until: datetime, limit: int) -> Sequence[AlertKept]:
        """Hand out alerts that should be sent now, those first that have been due for longest. Of what nobody said by
        `until` what became of it, it is handed out again then."""

    def alert_tried(self, key: str, *, at: datetime, failure: str | None, next_try_at: datetime | None) -> None:
        """Note a try to send an alert. Without a `failure` it was taken; else it is due again at `next_try_at`, or
        given up where there is none."""

    def alerts(self, scope: Scope, page: PageRequest) -> Page[AlertKept]:
        """List alerts with what became of them, those first that were found last."""

    # -- lists
    def runs(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Run]: ...
    def executions(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Execution]: ...
    def artifacts(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Artifact]: ...
    def pipelines(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Pipeline]: ...
    def pipeline_versions(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[PipelineVersion]: ...
    def experiments(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Experiment]: ...
    def recurring_runs(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[RecurringRun]: ...
    def deployments(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Deployment]: ...
    def search(self, scope: Scope, text: str, page: PageRequest) -> Page[Node]:
        """List the runs, executions, artifacts, pipelines, experiments, recurring runs and deployments that have a text
        in a name, uid, uri or digest, whether in capitals or not. Exact names come first, then prefixes of names."""

    def rejected(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Rejected]:
        """List what was set aside, the newest first. It belongs to no namespace: only who sees all of a cluster sees
        what is from there."""

    def count(self, scope: Scope, what: type, listing: Listing) -> int:
        """Count what a list holds. `what` is the type of its items."""

    # -- lists that hang on nodes, for several owners in one statement, keyed by the owner's key
    def owned(
        self, scope: Scope, what: type[T], by: str, owners: Sequence[Key], listing: Listing, page: PageRequest
    ) -> Mapping[Key, Page[T]]:
        """Read the same page of the list of each owner. `what` is the type of the items, `by` the field of
        their filter that names the owner: Run by pipeline, experiment or recurringRun, Execution or ExecutionHead by
        run or consumes, Artifact by run, PipelineVersion by pipeline. What there is for nobody is an empty page."""

    def count_owned(
        self, scope: Scope, what: type, by: str, owners: Sequence[Key], listing: Listing
    ) -> Mapping[Key, int]:
        """Count what the list of each owner holds."""

    # -- by key
    def get(self, scope: Scope, keys: Sequence[Key]) -> Mapping[Key, Node]:
        """Find nodes by key. The ids of placeholders and provisional executions go on working: they lead
        to the attempt that took their place."""

    def run_by_uid(self, scope: Scope, uid: str) -> Run | None:
        """Find a run by its run id or by the uid of one of its workflows; the newest of several."""

    # -- parts, keyed by the owner's key
    def views(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, RunView]:
        """What the newest views of runs show beside what lists show."""

    def workflows(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, tuple[WorkflowIncarnation, ...]]: ...
    def completeness(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Completeness]: ...
    def raw(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Any]: ...
    def specs(self, scope: Scope, versions: Sequence[Key]) -> Mapping[Key, Any]: ...
    def pods(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[PodSeen, ...]]: ...
    def pod_objects(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, Mapping[str, Any]]:
        """The newest recorded object of each pod of executions, by the uid of the pod."""

    def inputs(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[ArtifactUse, ...]]: ...
    def outputs(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[ArtifactUse, ...]]: ...
    def depends_on(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[Execution, ...]]: ...
    def preceding(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, tuple[Key, ...]]:
        """The keys of what `depends_on` finds of all executions of runs, by the keys of these."""

    def turns(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[Turn, ...]]:
        """What executions that are objects of their own came to, in the order of time."""

    def best_trials(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Execution]:
        """Of runs that tune something, the trial that they call the best so far."""

    def cached_from(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, Execution]: ...
    def fingerprints(self, scope: Scope, keys: Sequence[Key]) -> Mapping[Key, Fingerprint]:
        """The fingerprints of runs and executions, as far as they are settled."""

    def alike(self, scope: Scope, keys: Sequence[Key], *, limit: int) -> Mapping[Key, tuple[Key, ...]]:
        """Other runs or executions of the same fingerprint, the newest first, `limit` of each at most."""

    def unlike(
        self, scope: Scope, *, pipeline: Key | None, after: str, limit: int
    ) -> Sequence[tuple[str, Sequence[Key]]]:
        """Find fingerprints of executions of which not always the same came out: in their order, those behind `after`;
        with the executions of each, the newest first. Only of a pipeline, where one is given."""

    def unsettled(self, scope: Scope) -> int:
        """Count the runs that have ended and are due for their fingerprints."""

    def history(self, scope: Scope, artifacts: Sequence[Key]) -> Mapping[Key, tuple[ArtifactLook, ...]]:
        """What each look says of artifacts, the newest first."""

    def metrics_of_runs(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, tuple[Metric, ...]]:
        """The latest value of each metric of runs and their executions, by name."""

    def metrics_of_executions(
        self, scope: Scope, executions: Sequence[Key], *, built_in: bool = True
    ) -> Mapping[Key, tuple[Metric, ...]]:
        """The latest value of each metric of executions, by name; without what is built in, those that were
        recorded."""

    def metric_series(self, scope: Scope, executions: Sequence[Key], name: str) -> Mapping[Key, tuple[Metric, ...]]:
        """All values of a metric of executions, by step."""

    def metadata(self, scope: Scope, artifacts: Sequence[Key]) -> Mapping[Key, Any]:
        """What artifacts say that can be read, as JSON: `metrics`, `plots`, and what was `setAside`."""

    def metric_names(self, scope: Scope, where: Where | None) -> tuple[str, ...]:
        """List how metrics are called that some runs recorded."""

    def trend_points(
        self,
        scope: Scope,
        metrics: Sequence[str],
        where: Where | None,
        *,
        task: str | None,
        last: int,
        parameters: bool = False,
    ) -> Mapping[str, tuple[TrendPoint, ...]]:
        """The values of metrics in the last runs of a list that have any of them, by name, the oldest first; of a task,
        those that its executions have. What is no number is left out."""

    def circumstances(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Mapping[Circumstance, str]]:
        """What can be another from run to run, by run: of secrets their keyed digests."""

    def runs_without(
        self, scope: Scope, metric: str, where: Where | None, *, task: str | None, since: datetime, limit: int
    ) -> tuple[RunWithout, ...]:
        """The last runs of a list since a time that have ended and have no value of a metric, the oldest first."""

    def places(self, scope: Scope, artifacts: Sequence[Key]) -> Mapping[Key, LookDue]:
        """Where artifacts lie that lie somewhere."""

    def edits(self, scope: Scope, recurring_runs: Sequence[Key]) -> Mapping[Key, tuple[RecurringEdit, ...]]:
        """The specs of recurring runs in the order in which they were in force, from the first that is known."""

    def slots(
        self,
        scope: Scope,
        recurring_runs: Sequence[Key],
        *,
        since: datetime,
        until: datetime,
        now: datetime,
        page: PageRequest,
    ) -> Mapping[Key, Page[Slot]]:
        """When recurring runs were due in [since, until), and what had become of that by `now`, in order of time. Only
        what is on the page is computed; it is read forwards.

        Raises:
            InvalidRequest: the range ends before it begins, or is too long; or the cursor is none.
        """

    def count_slots(
        self, scope: Scope, recurring_runs: Sequence[Key], *, since: datetime, until: datetime
    ) -> Mapping[Key, int]:
        """Count them.

        Raises:
            InvalidRequest: as `slots`; or there are too many to count.
        """

    def revisions(self, scope: Scope, deployments: Sequence[Key]) -> Mapping[Key, tuple[DeploymentRevision, ...]]:
        """What deployments have served, by component, and in the order in which it was rolled out."""

    def served(self, scope: Scope, deployments: Sequence[Key]) -> Mapping[Key, tuple[ServedArtifact, ...]]:
        """Which artifacts deployments serve and served: what is served now comes first."""

    # -- graphs and ledgers
    def lineage(
        self,
        scope: Scope,
        roots: Sequence[Key],
        *,
        direction: Direction,
        max_depth: int | None,
        max_nodes: int,
        system: bool = False,
    ) -> LineageGraph | None:
        """Walk the provenance graph from some nodes (a run stands for its executions); None where no root
        is known. Unless `system`, plumbing of the engine is left out, but where it is a root itself."""

    def paths(
        self,
        scope: Scope,
        sources: Sequence[Key],
        targets: Sequence[Key],
        *,
        max_nodes: int,
        system: bool = False,
    ) -> Paths | None:
        """Say why some nodes are connected with others (a run stands for its executions); None where either are not
        known. Unless `system`, plumbing of the engine is left out, but where it was asked for."""

    def impact(
        self,
        scope: Scope,
        roots: Sequence[Key],
        *,
        image: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        first: int,
    ) -> Impact | None:
        """Say what descends from some nodes (a run stands for its executions), and from the executions that ran an
        image, which is named by its digest or by the reference that was asked for. Of that those runs count that began
        in [since, until], what they wrote, and what serves that; of what comes from outside what was written then. At
        most `first` of each are listed. None where nothing that was asked about is known."""

    def closure(self, scope: Scope, roots: Sequence[Key], *, direction: Direction, max_nodes: int) -> Closure | None:
        """Name what `lineage` without a limit of depth would find, reading none of it; None where no root is
        known."""

    def sources(self, scope: Scope) -> tuple[SourceStatus, ...]: ...
    def gaps(self, scope: Scope, source: SourceStatus, page: PageRequest) -> Page[Gap]:
        """List the times in which a source was not watched, the newest first. Watchers of one source cover what
        any of them saw."""

    def namespaces(self, cluster: str) -> frozenset[str]:
        """Name the namespaces of a cluster in which there is anything that a scope can be of."""

    def dump(self, scope: Scope) -> Iterator[Mapping[str, Any]]:
        """Yield all knowledge as JSON objects in one order: equal knowledge, equal sequence."""

    def observations(self, *, seen_at: datetime) -> Iterator[Observation]:
        """Yield what was seen, as far as it is kept, so that it can be interpreted again: of each object the newest
        view of each class, what was set aside, what is gone, lists and looks. The source of a kept object is its
        resource. `seen_at` stands where it is not known when."""
