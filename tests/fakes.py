"""Fakes: the ports, kept over plain lists. They do what the port says, slowly and obviously."""

import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Any, TypeVar, assert_never

from lineage.alerts import Alert, AlertKept, AlertMark, Span
from lineage.deadline import Deadline
from lineage.errors import InvalidRequest, PositionMoved, UnknownCursor
from lineage.facts import Fact
from lineage.fingerprints import Fingerprint
from lineage.identity import Key, Location, encode_key, global_id
from lineage.model import (
    BUILT_IN,
    Artifact,
    ArtifactLook,
    ArtifactRole,
    ArtifactUse,
    Circumstance,
    Closure,
    Completeness,
    Copy,
    Deployment,
    DeploymentRevision,
    Direction,
    Execution,
    ExecutionHead,
    Experiment,
    Gap,
    Impact,
    LineageEdge,
    LineageGraph,
    LineageNode,
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
from lineage.ports import (
    AgedRun,
    AllOf,
    AnyOf,
    ChangedPlaces,
    Changes,
    Condition,
    Details,
    Listener,
    Listing,
    Not,
    Operator,
    Order,
    Page,
    PageRequest,
    RunChange,
    Scope,
    Tombstone,
    Where,
)
from lineage.store.sqlite import Polling

T = TypeVar("T")
L = TypeVar("L", Run, Execution, Artifact, Pipeline, PipelineVersion, Experiment, RecurringRun, Deployment, Rejected)


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """What a fake store knows. Parts are keyed by their owner's key, gaps by the name of their source."""

    runs: Sequence[Run] = ()
    executions: Sequence[Execution] = ()
    artifacts: Sequence[Artifact] = ()
    pipelines: Sequence[Pipeline] = ()
    versions: Sequence[PipelineVersion] = ()
    experiments: Sequence[Experiment] = ()
    recurring_runs: Sequence[RecurringRun] = ()
    deployments: Sequence[Deployment] = ()
    copies: Sequence[Copy] = ()
    rejected: Sequence[Rejected] = ()
    sources: Sequence[SourceStatus] = ()
    gaps: Mapping[str, Sequence[Gap]] = field(default_factory=dict)
    views: Mapping[Key, RunView] = field(default_factory=dict)
    workflows: Mapping[Key, tuple[WorkflowIncarnation, ...]] = field(default_factory=dict)
    completeness: Mapping[Key, Completeness] = field(default_factory=dict)
    raw: Mapping[Key, Any] = field(default_factory=dict)
    specs: Mapping[Key, Any] = field(default_factory=dict)
    pods: Mapping[Key, tuple[PodSeen, ...]] = field(default_factory=dict)
    pod_objects: Mapping[Key, Mapping[str, Any]] = field(default_factory=dict)
    inputs: Mapping[Key, tuple[ArtifactUse, ...]] = field(default_factory=dict)
    outputs: Mapping[Key, tuple[ArtifactUse, ...]] = field(default_factory=dict)
    depends_on: Mapping[Key, tuple[Key, ...]] = field(default_factory=dict)
    cached_from: Mapping[Key, Key] = field(default_factory=dict)
    fingerprints: Mapping[Key, Fingerprint] = field(default_factory=dict)
    history: Mapping[Key, tuple[ArtifactLook, ...]] = field(default_factory=dict)
    metrics: Mapping[Key, tuple[Metric, ...]] = field(default_factory=dict)
    metadata: Mapping[Key, Any] = field(default_factory=dict)
    edits: Mapping[Key, tuple[RecurringEdit, ...]] = field(default_factory=dict)
    slots: Mapping[Key, tuple[Slot, ...]] = field(default_factory=dict)
    revisions: Mapping[Key, tuple[DeploymentRevision, ...]] = field(default_factory=dict)
    served: Mapping[Key, tuple[ServedArtifact, ...]] = field(default_factory=dict)


class FakeStore:
    """A `LineageStore` over plain lists of values. `reads` names each read as it is asked for."""

    def __init__(self, knowledge: Knowledge | None = None) -> None:
        self._known = knowledge or Knowledge()
        self.reads: list[str] = []
        self.facts: list[Fact] = []
        self.positions: dict[str, str | None] = {}
        self._changes: list[Key] = []
        self._changed_at: dict[Key, int] = {}
        self._told = 0
        self._telling = Lock()

    def within(self, deadline: Deadline) -> "FakeStore":
        """It takes no time."""
        return self

    def at_once(self) -> "FakeStore | None":
        """It never waits."""
        return self

    def now(self) -> datetime:
        """It has the time of this machine."""
        return datetime.now(UTC)

    def check(self) -> None:
        """It can always be read."""

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
        """Keep the facts as they are; they become no knowledge."""
        if log is not None:
            if self.positions.get(log) != after:
                raise PositionMoved(f"{log} is at {self.positions.get(log)}, expected {after}")
            self.positions[log] = position
        added = tuple(fact not in self.facts for fact in facts)
        self.facts.extend(facts)
        return added

    def position(self, log: str) -> str | None:
        return self.positions.get(log)

    def take_due_looks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[LookDue]:
        return ()

    def places_waiting(self, uris: Collection[str], *, now: datetime) -> Sequence[LookDue]:
        return ()

    def hurry(self, locations: Collection[Location], *, now: datetime) -> int:
        return 0

    def drop_rejected(self, keys: Sequence[Key]) -> int:
        left = [one for one in self._known.rejected if one.key not in keys]
        dropped = len(self._known.rejected) - len(left)
        self._known = replace(self._known, rejected=left)
        return dropped

    def settle(self, *, limit: int) -> int:
        return 0

    # -- the feed
    def change(self, run: Run) -> None:
        """Let a run that is known be another now, and tell of it."""
        with self._telling:
            others = [one for one in self._known.runs if one.key != run.key]
            self._known = replace(self._known, runs=[*others, run])
            self._changes = [*(key for key in self._changes if key != run.key), run.key]
            self._told += 1
            self._changed_at[run.key] = self._told

    def take_back(self, changes: int) -> None:
        """Forget that so many changes were told, as one does who is a backup."""
        self._told -= changes

    def feed_end(self) -> str:
        return str(self._told)

    def changes(self, scope: Scope, where: Where | None, *, after: str, limit: int) -> Changes:
        """The filter is not understood: everything matches."""
        self.reads.append("changes")
        return self._changes_since(scope, after, limit)

    def _changes_since(self, scope: Scope, after: str, limit: int) -> Changes:
        with self._telling:
            if not after.isdecimal() or int(after) > self._told:
                raise UnknownCursor
            runs = {run.key: run for run in self._known.runs if self._visible(scope, run)}
            found = [key for key in self._changes if key in runs and self._changed_at[key] > int(after)][:limit]
            items = tuple(RunChange(cursor=str(self._changed_at[key]), run=runs[key]) for key in found)
            return Changes(items=items, cursor=items[-1].cursor if len(items) == limit else str(self._told))

    def changed_places(self, scope: Scope, *, after: str) -> ChangedPlaces:
        found = self._changes_since(scope, after, len(self._changes) + 1)
        places = frozenset((one.run.cluster, one.run.namespace) for one in found.items)
        return ChangedPlaces(places=places, cursor=found.cursor)

    def listener(self) -> Listener:
        return Polling()

    # -- alerts
    def ended(self, scope: Scope, *, since: datetime) -> Sequence[tuple[Key, datetime]]:
        ends = ((one.key, one.finished_at) for one in self._known.runs if self._visible(scope, one))
        return [(key, at) for key, at in ends if at is not None and at >= since]

    def alert_marks(self, rules: Sequence[str]) -> Mapping[str, AlertMark]:
        return {}

    def alerted(self, rule: str, series: str) -> Sequence[Span]:
        return ()

    def keep_alerts(self, alerts: Sequence[Alert], until: Mapping[str, datetime], *, now: datetime) -> tuple[bool, ...]:
        return (True,) * len(alerts)

    def take_due_alerts(self, *, now: datetime, until: datetime, limit: int) -> Sequence[AlertKept]:
        return ()

    def alert_tried(self, key: str, *, at: datetime, failure: str | None, next_try_at: datetime | None) -> None:
        """It keeps no alerts."""

    def alerts(self, scope: Scope, page: PageRequest) -> Page[AlertKept]:
        return Page(items=(), cursors=(), has_next=False, has_previous=False)

    def plan_forgetting(self, rules: str, due_at: Callable[[str, datetime], datetime | None], *, limit: int) -> int:
        return 0

    def aged(self, *, now: datetime, limit: int, beyond: int = 0) -> Sequence[AgedRun]:
        return ()

    def heirs(self, runs: Sequence[Key]) -> Mapping[Key, frozenset[Key]]:
        return {}

    def judge_again(self, when: Mapping[Key, datetime | None]) -> None:
        """It keeps everything."""

    def weigh(self, runs: Sequence[Key]) -> Details:
        return Details()

    def tombstones(self) -> Iterator[Tombstone]:
        return iter(())

    def take_over(self, tombstone: Tombstone) -> None:
        """It keeps nothing."""

    def forget(self, runs: Sequence[Key], *, now: datetime) -> Details:
        return Details()

    # -- lists
    def runs(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Run]:
        return self._list("runs", scope, self._known.runs, listing, page)

    def executions(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Execution]:
        return self._list("executions", scope, self._known.executions, listing, page)

    def artifacts(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Artifact]:
        return self._list("artifacts", scope, self._known.artifacts, listing, page)

    def pipelines(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Pipeline]:
        return self._list("pipelines", scope, self._known.pipelines, listing, page)

    def pipeline_versions(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[PipelineVersion]:
        return self._list("pipeline_versions", scope, self._known.versions, listing, page)

    def experiments(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Experiment]:
        return self._list("experiments", scope, self._known.experiments, listing, page)

    def recurring_runs(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[RecurringRun]:
        return self._list("recurring_runs", scope, self._known.recurring_runs, listing, page)

    def deployments(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Deployment]:
        return self._list("deployments", scope, self._known.deployments, listing, page)

    def rejected(self, scope: Scope, listing: Listing, page: PageRequest) -> Page[Rejected]:
        return self._list("rejected", scope, self._known.rejected, listing, page)

    def search(self, scope: Scope, text: str, page: PageRequest) -> Page[Node]:
        self.reads.append("search")
        wanted = text.lower()
        found = [node for node in self._all() if wanted in _bears(node) and self._visible(scope, node)]
        found.sort(key=lambda node: (_bears(node).find(wanted) != 0, encode_key(node.key)))
        start = next((place + 1 for place, node in enumerate(found) if node.id == page.after), 0)
        items = found[start : start + (page.first or len(found))]
        return Page(
            items=tuple(items),
            cursors=tuple(node.id for node in items),
            has_next=start + len(items) < len(found),
            has_previous=start > 0,
        )

    def count(self, scope: Scope, what: type, listing: Listing) -> int:
        self.reads.append(f"count {what.__name__}")
        return len(self._found(scope, self._items(what), listing))

    # -- lists that hang on nodes
    def owned(
        self, scope: Scope, what: type[T], by: str, owners: Sequence[Key], listing: Listing, page: PageRequest
    ) -> Mapping[Key, Page[T]]:
        self.reads.append(f"{_LISTS[what]} by {by}")
        return {
            owner: self._page(_LISTS[what], scope, self._items(what), _of(owner, by, listing), page) for owner in owners
        }

    def count_owned(
        self, scope: Scope, what: type, by: str, owners: Sequence[Key], listing: Listing
    ) -> Mapping[Key, int]:
        self.reads.append(f"count {what.__name__} by {by}")
        return {owner: len(self._found(scope, self._items(what), _of(owner, by, listing))) for owner in owners}

    # -- by key
    def get(self, scope: Scope, keys: Sequence[Key]) -> Mapping[Key, Node]:
        self.reads.append("get")
        nodes: dict[Key, Node] = {node.key: node for node in self._all() if self._visible(scope, node)}
        return {key: nodes[key] for key in keys if key in nodes}

    def run_by_uid(self, scope: Scope, uid: str) -> Run | None:
        self.reads.append("run_by_uid")
        found = [run for run in self._known.runs if uid in self._uids(run) and self._visible(scope, run)]
        return max(found, key=lambda run: _sortable(run.created_at), default=None)

    # -- parts
    def views(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, RunView]:
        return self._parts("views", self._known.views, runs)

    def workflows(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, tuple[WorkflowIncarnation, ...]]:
        return self._parts("workflows", self._known.workflows, runs)

    def completeness(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Completeness]:
        return self._parts("completeness", self._known.completeness, runs)

    def raw(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Any]:
        return self._parts("raw", self._known.raw, runs)

    def specs(self, scope: Scope, versions: Sequence[Key]) -> Mapping[Key, Any]:
        return self._parts("specs", self._known.specs, versions)

    def pods(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[PodSeen, ...]]:
        return self._parts("pods", self._known.pods, executions)

    def pod_objects(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, Mapping[str, Any]]:
        return self._parts("pod_objects", self._known.pod_objects, executions)

    def inputs(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[ArtifactUse, ...]]:
        return self._parts("inputs", self._known.inputs, executions)

    def outputs(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[ArtifactUse, ...]]:
        return self._parts("outputs", self._known.outputs, executions)

    def preceding(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, tuple[Key, ...]]:
        mine = [one.key for one in self._known.executions if one.run_key in runs]
        return self._parts("preceding", self._known.depends_on, mine)

    def depends_on(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[Execution, ...]]:
        found = self._parts("depends_on", self._known.depends_on, executions)
        return {key: tuple(map(self._execution, others)) for key, others in found.items()}

    def turns(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[Turn, ...]]:
        return self._parts("turns", {}, executions)

    def best_trials(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Execution]:
        return self._parts("best_trials", {}, runs)

    def cached_from(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, Execution]:
        found = self._parts("cached_from", self._known.cached_from, executions)
        return {key: self._execution(other) for key, other in found.items()}

    def fingerprints(self, scope: Scope, keys: Sequence[Key]) -> Mapping[Key, Fingerprint]:
        return self._parts("fingerprints", self._known.fingerprints, keys)

    def alike(self, scope: Scope, keys: Sequence[Key], *, limit: int) -> Mapping[Key, tuple[Key, ...]]:
        self.reads.append("alike")
        known = {key: one.digest for key, one in self._known.fingerprints.items() if one.digest is not None}
        kinds = {key: type(self.get(scope, [key])[key]) for key in known}
        return {
            key: tuple(
                other
                for other, digest in known.items()
                if other != key and digest == known[key] and kinds[other] is kinds[key]
            )[:limit]
            for key in keys
            if key in known
        }

    def unlike(
        self, scope: Scope, *, pipeline: Key | None, after: str, limit: int
    ) -> Sequence[tuple[str, Sequence[Key]]]:
        self.reads.append("unlike")
        groups: dict[str, list[tuple[Key, str | None]]] = {}
        for execution in self._known.executions:
            one = self._known.fingerprints.get(execution.key)
            if one is not None and one.digest is not None and one.digest > after:
                groups.setdefault(one.digest, []).append((execution.key, one.outcome))
        return [
            (digest, [key for key, _ in members])
            for digest, members in sorted(groups.items())
            if len({outcome for _, outcome in members if outcome is not None}) > 1
        ][:limit]

    def unsettled(self, scope: Scope) -> int:
        return 0

    def history(self, scope: Scope, artifacts: Sequence[Key]) -> Mapping[Key, tuple[ArtifactLook, ...]]:
        return self._parts("history", self._known.history, artifacts)

    def metrics_of_runs(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, tuple[Metric, ...]]:
        return self._parts("metrics_of_runs", self._known.metrics, runs)

    def metrics_of_executions(
        self, scope: Scope, executions: Sequence[Key], *, built_in: bool = True
    ) -> Mapping[Key, tuple[Metric, ...]]:
        found = self._parts("metrics_of_executions", self._known.metrics, executions)
        return {key: tuple(one for one in of if built_in or one.source != BUILT_IN) for key, of in found.items()}

    def metric_series(self, scope: Scope, executions: Sequence[Key], name: str) -> Mapping[Key, tuple[Metric, ...]]:
        found = self._parts("metric_series", self._known.metrics, executions)
        return {key: tuple(one for one in of if one.name == name) for key, of in found.items()}

    def metadata(self, scope: Scope, artifacts: Sequence[Key]) -> Mapping[Key, Any]:
        return self._parts("metadata", self._known.metadata, artifacts)

    def metric_names(self, scope: Scope, where: Where | None) -> tuple[str, ...]:
        self.reads.append("metric_names")
        return tuple(sorted({one.name for of in self._known.metrics.values() for one in of}))

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
        return dict.fromkeys(metrics, ())

    def runs_without(
        self, scope: Scope, metric: str, where: Where | None, *, task: str | None, since: datetime, limit: int
    ) -> tuple[RunWithout, ...]:
        return ()

    def circumstances(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, Mapping[Circumstance, str]]:
        return {}

    def places(self, scope: Scope, artifacts: Sequence[Key]) -> Mapping[Key, LookDue]:
        return {}

    def edits(self, scope: Scope, recurring_runs: Sequence[Key]) -> Mapping[Key, tuple[RecurringEdit, ...]]:
        return self._parts("edits", self._known.edits, recurring_runs)

    def revisions(self, scope: Scope, deployments: Sequence[Key]) -> Mapping[Key, tuple[DeploymentRevision, ...]]:
        return self._parts("revisions", self._known.revisions, deployments)

    def served(self, scope: Scope, deployments: Sequence[Key]) -> Mapping[Key, tuple[ServedArtifact, ...]]:
        return self._parts("served", self._known.served, deployments)

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
        known = self._parts("slots", self._known.slots, recurring_runs)
        return {key: self._slots_within(of, since, until, page) for key, of in known.items()}

    def _slots_within(self, known: Sequence[Slot], since: datetime, until: datetime, page: PageRequest) -> Page[Slot]:
        found = [slot for slot in known if since <= slot.due_at < until]
        start = next((place + 1 for place, slot in enumerate(found) if slot.due_at.isoformat() == page.after), 0)
        items = tuple(found[start : start + (page.first or len(found))])
        return Page(
            items=items,
            cursors=tuple(slot.due_at.isoformat() for slot in items),
            has_next=start + len(items) < len(found),
            has_previous=start > 0,
        )

    def count_slots(
        self, scope: Scope, recurring_runs: Sequence[Key], *, since: datetime, until: datetime
    ) -> Mapping[Key, int]:
        known = self._parts("count slots", self._known.slots, recurring_runs)
        return {key: sum(since <= slot.due_at < until for slot in of) for key, of in known.items()}

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
        self.reads.append("lineage")
        nodes: dict[str, LineageNode] = {}
        nodes.update((execution.id, execution) for execution in self._known.executions)
        nodes.update((artifact.id, artifact) for artifact in self._known.artifacts)
        nodes.update((deployment.id, deployment) for deployment in self._known.deployments)
        starts = [node.id for node in nodes.values() if node.key in roots]
        starts += [e.id for e in self._known.executions if e.run_key in roots]
        if not starts:
            return None
        distance = dict.fromkeys(starts, 0)
        queue, frontier = list(distance), []
        for current in queue:
            links: list[LineageEdge | Copy] = [*self._edges(), *self._known.copies]
            steps = [link for link in links if _leads(link, current, direction)]
            if steps and max_depth is not None and distance[current] >= max_depth:
                frontier.append(current)
                continue
            for edge in steps:
                other = edge.source if edge.target == current else edge.target
                if other not in distance and len(distance) < max_nodes:
                    distance[other] = distance[current] + 1
                    queue.append(other)
                elif other not in distance and current not in frontier:
                    frontier.append(current)
        return LineageGraph(
            nodes=tuple(nodes[each] for each in distance),
            edges=tuple(edge for edge in self._edges() if edge.source in distance and edge.target in distance),
            depth=max(distance.values()),
            complete=not frontier,
            reasons=("the walk was bounded",) if frontier else (),
            frontier=tuple(frontier),
            copies=tuple(each for each in self._known.copies if each.source in distance and each.target in distance),
        )

    def paths(
        self,
        scope: Scope,
        sources: Sequence[Key],
        targets: Sequence[Key],
        *,
        max_nodes: int,
        system: bool = False,
    ) -> Paths | None:
        """What is between, one way or the other. Of several shortest ways it finds any."""
        whole = [
            self.lineage(scope, roots, direction=way, max_depth=None, max_nodes=10_000)
            for begins, ends in ((sources, targets), (targets, sources))
            for roots, way in ((begins, Direction.DOWNSTREAM), (ends, Direction.UPSTREAM))
        ]
        down, up, down_again, up_again = whole
        if down is None or up is None or down_again is None or up_again is None:
            return None
        both = {n.id for n in down.nodes} & {n.id for n in up.nodes}
        both |= {n.id for n in down_again.nodes} & {n.id for n in up_again.nodes}
        nodes = tuple({n.id: n for n in (*down.nodes, *down_again.nodes) if n.id in both}.values())
        edges = tuple(edge for edge in self._edges() if edge.source in both and edge.target in both)
        graph = LineageGraph(nodes=nodes[:max_nodes], edges=edges, depth=0, complete=len(nodes) <= max_nodes)
        return Paths(graph=graph, shortest=tuple(n.id for n in nodes))

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
        ran = [e.key for e in self._known.executions if image in {one.reference for one in self._images(e)}]
        graph = self.lineage(scope, [*roots, *ran], direction=Direction.DOWNSTREAM, max_depth=None, max_nodes=10_000)
        if graph is None:
            return None
        executions = [node for node in graph.nodes if isinstance(node, Execution)]
        runs = [run for run in self._known.runs if any(each.run_key == run.key for each in executions)]
        runs = [run for run in runs if (since is None or (run.started_at is not None and run.started_at >= since))]
        runs = [run for run in runs if (until is None or (run.started_at is not None and run.started_at <= until))]
        executions = [each for each in executions if any(each.run_key == run.key for run in runs)]
        artifacts = [node for node in graph.nodes if isinstance(node, Artifact) and node.key not in roots]
        deployments = [node for node in graph.nodes if isinstance(node, Deployment)]
        models = [one for one in artifacts if (one.type or "").lower().endswith("model")]
        return Impact(
            run_count=len(runs),
            execution_count=len(executions),
            artifact_count=len(artifacts),
            model_count=len(models),
            deployment_count=len(deployments),
            runs=tuple(runs[:first]),
            executions=tuple(executions[:first]),
            artifacts=tuple(artifacts[:first]),
            models=tuple(models[:first]),
            deployments=tuple(deployments[:first]),
            complete=graph.complete,
        )

    def closure(self, scope: Scope, roots: Sequence[Key], *, direction: Direction, max_nodes: int) -> Closure | None:
        graph = self.lineage(scope, roots, direction=direction, max_depth=None, max_nodes=max_nodes)
        if graph is None:
            return None
        keys = tuple(encode_key(node.key) for node in graph.nodes)
        return Closure(keys=keys, complete=graph.complete, reasons=graph.reasons)

    def sources(self, scope: Scope) -> tuple[SourceStatus, ...]:
        self.reads.append("sources")
        return tuple(self._known.sources)

    def gaps(self, scope: Scope, source: SourceStatus, page: PageRequest) -> Page[Gap]:
        self.reads.append("gaps")
        found = self._known.gaps.get(source.name, ())
        start = next((place + 1 for place, gap in enumerate(found) if gap.began_at.isoformat() == page.after), 0)
        items = tuple(found[start : start + (page.first or len(found))])
        return Page(
            items=items,
            cursors=tuple(gap.began_at.isoformat() for gap in items),
            has_next=start + len(items) < len(found),
            has_previous=start > 0,
        )

    def namespaces(self, cluster: str) -> frozenset[str]:
        return frozenset(run.namespace for run in self._known.runs if run.cluster == cluster)

    def dump(self, scope: Scope) -> Iterator[Mapping[str, Any]]:
        for node in sorted(self._all(), key=lambda node: encode_key(node.key)):
            yield {"type": type(node).__name__, "id": node.id}

    def observations(self, *, seen_at: datetime) -> Iterator[Observation]:
        """It keeps none."""
        return iter(())

    # -- how
    def _items(self, what: type) -> Sequence[Any]:
        items: dict[type, Sequence[Any]] = {
            Run: self._known.runs,
            Execution: self._known.executions,
            ExecutionHead: self._known.executions,
            Artifact: self._known.artifacts,
            Pipeline: self._known.pipelines,
            PipelineVersion: self._known.versions,
            Experiment: self._known.experiments,
            RecurringRun: self._known.recurring_runs,
            Deployment: self._known.deployments,
            Rejected: self._known.rejected,
            AlertKept: (),
        }
        return items[what]

    def _all(self) -> Iterable[Node]:
        known = self._known
        yield from known.runs
        yield from known.executions
        yield from known.artifacts
        yield from known.pipelines
        yield from known.versions
        yield from known.experiments
        yield from known.recurring_runs
        yield from known.deployments

    def _uids(self, run: Run) -> set[str | None]:
        return {run.uid, *(each.uid for each in self._known.workflows.get(run.key, ()))}

    def _execution(self, key: Key) -> Execution:
        return next(execution for execution in self._known.executions if execution.key == key)

    def _visible(self, scope: Scope, node: Node | Rejected) -> bool:
        """Only runs are confined to a scope here, and what belongs to them."""
        run = _run_of(self._known.runs, node)
        return scope.namespaces is None or run is None or (run.cluster, run.namespace) in scope.namespaces

    def _parts(self, name: str, parts: Mapping[Key, T], keys: Sequence[Key]) -> dict[Key, T]:
        self.reads.append(name)
        return {key: parts[key] for key in keys if key in parts}

    def _edges(self) -> Iterable[LineageEdge]:
        for execution in self._known.executions:
            for use in self._known.inputs.get(execution.key, ()):
                yield _edge(use, use.artifact.id, execution.id)
            for use in self._known.outputs.get(execution.key, ()):
                yield _edge(use, execution.id, use.artifact.id)
        for key, served in self._known.served.items():
            for one in served:
                yield LineageEdge(
                    source=one.artifact.id,
                    target=global_id(key),
                    role=ArtifactRole.SERVED,
                    name=one.revision,
                    inferred=one.inferred,
                )

    def _found(self, scope: Scope, items: Sequence[L], listing: Listing) -> list[L]:
        return [
            item
            for item in items
            if self._visible(scope, item) and (listing.where is None or self._holds(listing.where, item))
        ]

    def _list(self, name: str, scope: Scope, items: Sequence[L], listing: Listing, page: PageRequest) -> Page[L]:
        self.reads.append(name)
        return self._page(name, scope, items, listing, page)

    def _page(self, name: str, scope: Scope, items: Sequence[L], listing: Listing, page: PageRequest) -> Page[L]:
        found = sorted(self._found(scope, items, listing), key=lambda item: encode_key(item.key))
        for order in reversed(listing.order or _ORDER_UNLESS_ASKED.get(name, ())):
            _sort(found, order, _ORDERED_BY.get(order.field) or partial(self._metric, order.name))
        cursors = [f"after:{item.id}" for item in found]
        start = _place(cursors, page.after) + 1 if page.after else 0
        stop = _place(cursors, page.before) if page.before else len(found)
        if page.first is not None:
            stop = min(stop, start + page.first)
        if page.last is not None:
            start = max(start, stop - page.last)
        return Page(
            items=tuple(found[start:stop]),
            cursors=tuple(cursors[start:stop]),
            has_next=stop < len(found),
            has_previous=start > 0,
        )

    def _holds(self, where: Where, item: Any) -> bool:
        match where:
            case AllOf(of):
                return all(self._holds(each, item) for each in of)
            case AnyOf(of):
                return any(self._holds(each, item) for each in of)
            case Not(of):
                return not self._holds(of, item)
            case Condition():
                return any(_compare(where, value) for value in self._values(where, item))
            case _:
                assert_never(where)

    def _values(self, condition: Condition, item: Any) -> Iterable[Any]:
        """List the values of a field; a condition holds if it holds for one of them."""
        known = self._known
        match condition.field:
            case "id":
                return [item.key]
            case "run" if isinstance(item, Artifact):
                uses = (*known.inputs.items(), *known.outputs.items())
                return [self._execution(key).run_key for key, of in uses for use in of if use.artifact == item]
            case "run":
                return [item.run_key]
            case "consumes":
                reused = [use for use in known.outputs.get(item.key, ()) if use.role is ArtifactRole.REUSED]
                return [use.artifact.key for use in (*known.inputs.get(item.key, ()), *reused)]
            case "usesArtifact":
                mine = [execution.key for execution in known.executions if execution.run_key == item.key]
                return [use.artifact.key for key in mine for use in known.inputs.get(key, ())]
            case "external":
                return [item.producer_key is None]
            case "model":
                return [one.artifact.key for one in known.served.get(item.key, ())]
            case "ready":
                return [bool(item.ready)]
            case "fingerprint":
                one = known.fingerprints.get(item.key)
                return [None if one is None else one.digest]
            case "label":
                return [known.views[item.key].labels.get(condition.name or "")]
            case "parameter":
                return [each.value for each in known.views[item.key].parameters if each.name == condition.name]
            case "metric":
                return [one.value for one in known.metrics.get(item.key, ()) if one.name == condition.name]
            case "image" | "imageDigest":
                name = "reference" if condition.field == "image" else "digest"
                found = [image for image in self._images(item) if condition.name in (None, image.digest)]
                return [getattr(image, name) for image in found]
            case "pipeline" if isinstance(item, PipelineVersion):
                return [item.pipeline.key]
            case "pipeline" | "pipelineName":
                version = next((each for each in known.versions if each.key == item.pipeline_version_key), None)
                pipeline = version.pipeline if version else None
                return [getattr(pipeline, "key" if condition.field == "pipeline" else "name", None)]
            case "enabled":
                return [item.spec.enabled]
            case "pipelineVersion" | "experiment" | "recurringRun" | "startedBy":
                return [getattr(item, f"{_snake(condition.field)}_key")]
            case "experimentName":
                return [each.name for each in known.experiments if each.key == item.experiment_key] or [None]
            case name:
                return [getattr(item, _snake(name))]

    def _metric(self, name: str | None, item: Any) -> float | None:
        return next((one.value for one in self._known.metrics.get(item.key, ()) if one.name == name), None)

    def _images(self, item: Run | Execution) -> Iterable[Any]:
        executions = [e for e in self._known.executions if item.key in (e.key, e.run_key)]
        return [image for e in executions for pod in self._known.pods.get(e.key, ()) for image in pod.images]


# ------------------------------------------------------------------------------------------ parts of the above
_LISTS: dict[type, str] = {
    Run: "runs",
    Execution: "executions",
    ExecutionHead: "executions",
    Artifact: "artifacts",
    PipelineVersion: "pipeline_versions",
}
_ORDER_UNLESS_ASKED: dict[str, tuple[Order, ...]] = {
    "runs": (Order(field="CREATED_AT", descending=True),),
    "executions": (Order(field="STARTED_AT"),),
    "artifacts": (Order(field="CREATED_AT"),),
    "pipeline_versions": (Order(field="CREATED_AT", descending=True),),
}
_ORDERED_BY: dict[str, Callable[[Any], Any]] = {
    "CREATED_AT": lambda item: getattr(item, "created_at", None),
    "STARTED_AT": operator.attrgetter("started_at"),
    "FINISHED_AT": operator.attrgetter("finished_at"),
    "DURATION": operator.attrgetter("duration_seconds"),
    "NAME": operator.attrgetter("name"),
}
_COMPARISONS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.IN: lambda value, given: value in given,
    Operator.CONTAINS: lambda value, given: given in value,
    Operator.STARTS_WITH: lambda value, given: value.startswith(given),
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
}


def _of(owner: Key, by: str, listing: Listing) -> Listing:
    within = Condition(field=by, operator=Operator.EQ, value=owner)
    return Listing(where=AllOf((within, *([listing.where] if listing.where else []))), order=listing.order)


def _bears(node: Node) -> str:
    """All that a node can be found by; a version, which cannot, has nothing."""
    names = [getattr(node, name, None) or "" for name in ("name", "display_name", "uid", "node_id", "uri", "digest")]
    return "" if isinstance(node, PipelineVersion) else " ".join(names).lower()


def _compare(condition: Condition, value: Any) -> bool:
    if condition.operator is Operator.IS_NULL:
        return bool((value is None) == condition.value)
    if value is None:
        return False
    given: Any = condition.value
    if condition.field == "parameter" and condition.operator is Operator.IN:
        return any(value == one or _same_number(value, one) for one in given)
    if condition.field == "parameter" and condition.operator in _BY_NUMBER:
        value, given = _numbers(value, given) or (value, given)
    return bool(_COMPARISONS[condition.operator](value, given))


_BY_NUMBER = {Operator.EQ, Operator.GT, Operator.GTE, Operator.LT, Operator.LTE}


def _numbers(value: str, given: str) -> tuple[float, float] | None:
    try:
        return float(value), float(given)
    except ValueError:
        return None


def _same_number(value: str, given: str) -> bool:
    numbers = _numbers(value, given)
    return numbers is not None and numbers[0] == numbers[1]


def _sortable(value: Any) -> tuple[bool, Any]:
    return (False, 0) if value is None else (True, value)


def _sort(items: list[L], order: Order, value: Callable[[Any], Any]) -> None:
    items.sort(key=lambda item: _sortable(value(item)), reverse=order.descending)
    items.sort(key=lambda item: value(item) is None)  # what has no value comes last, whichever the direction


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _place(cursors: Sequence[str], cursor: str) -> int:
    if cursor not in cursors:
        raise InvalidRequest(f"{cursor!r:.80} is no cursor of this list")
    return cursors.index(cursor)


def _edge(use: ArtifactUse, source: str, target: str) -> LineageEdge:
    return LineageEdge(source=source, target=target, role=use.role, name=use.name, inferred=use.ambiguous)


def _leads(edge: LineageEdge | Copy, node: str, direction: Direction) -> bool:
    if direction is Direction.UPSTREAM:
        return edge.target == node
    if direction is Direction.DOWNSTREAM:
        return edge.source == node
    return node in (edge.source, edge.target)


def _run_of(runs: Sequence[Run], node: Node | Rejected) -> Run | None:
    key = node.run_key if isinstance(node, Execution) else node.key
    return next((run for run in runs if run.key == key), None)
