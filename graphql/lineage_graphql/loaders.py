"""Reads by key within one request: each key is read once, and together with those it arrived with.

What came in one page, one batch or one graph is a company. The first member that is asked for a part
(its pods, its run) has the part read for all of them in one statement; the others find it remembered.
So the number of statements does not grow with the size of a page, and resolvers stay synchronous.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final, Generic, TypeAlias, TypeVar

from lineage.deadline import Deadline
from lineage.fingerprints import UNSETTLED, Fingerprint
from lineage.gathering import step_graphs
from lineage.identity import Key
from lineage.model import (
    ONLY_PARTS_SEEN,
    Artifact,
    ArtifactLook,
    ArtifactUse,
    Completeness,
    Deployment,
    DeploymentRevision,
    Execution,
    ExecutionHead,
    Metric,
    Node,
    PipelineVersion,
    PodSeen,
    RecurringEdit,
    RecurringRun,
    Run,
    RunView,
    ServedArtifact,
    Slot,
    StepGraph,
    Turn,
    WorkflowIncarnation,
)
from lineage.ports import LineageStore, Listing, Page, PageRequest, Scope

T = TypeVar("T")
Read: TypeAlias = Callable[[Sequence[Key]], Mapping[Key, T]]
"""Reads the values of keys, as far as they have any."""
ReadWithin: TypeAlias = Callable[[Scope, Sequence[Key]], Mapping[Key, T]]
"""The same, of what a scope shows."""
NOTHING_FOUND: Final[Page[Any]] = Page(items=(), cursors=(), has_next=False, has_previous=False)

DOCUMENTS_AT_ONCE: Final = 10  # a hundred that wait to be decoded take as much memory as all that is answered
GRAPHS_AT_ONCE: Final = 4  # of up to 5,000 executions each
KEYS_AT_ONCE: Final = 500  # a statement stays well below the 999 parameters that every SQLite takes


class Loader(Generic[T]):
    """What was read by key so far; that a key has nothing is remembered as well."""

    def __init__(
        self,
        read: Read[T],
        deadline: Deadline,
        *,
        at_once: int = KEYS_AT_ONCE,
    ) -> None:
        self._read = read
        self._deadline = deadline
        self._at_once = at_once
        self._known: dict[Key, T | None] = {}

    def load(self, key: Key, company: Callable[[], Iterable[Key]] = tuple) -> T | None:
        """Find the value of a key, reading that of its company along with it."""
        self._deadline.check()
        if key not in self._known:
            wanted = [key, *(other for other in dict.fromkeys(company()) if other != key and other not in self._known)]
            wanted = wanted[: self._at_once]
            found = self._read(wanted)
            self._known.update((each, found.get(each)) for each in wanted)
        return self._known[key]


class Loaders:
    """The loaders of one request. Each is made when it is first asked: most questions ask few of them."""

    def __init__(self, store: LineageStore, scope: Scope, deadline: Deadline) -> None:
        self._store = store
        self._deadline = deadline
        self._scope = scope
        self._loaders: dict[Hashable, Loader[Any]] = {}
        self._company: dict[Key, Sequence[Node]] = {}
        self._measured: dict[Key, None] = {}
        self._made: dict[Key, None] = {}
        self._answered: dict[Hashable, Any] = {}

    def let_go(self) -> None:
        """Let go of all that was read, when the request is over: the loaders know each other, and what they hold would
        stay until it is collected."""
        self.__dict__.clear()

    def once(self, question: Hashable, answer: Callable[[], T]) -> T:
        """Answer a question once, and remember that."""
        if question not in self._answered:
            self._answered[question] = answer()
        found: T = self._answered[question]
        return found

    def arrived(self, nodes: Iterable[Node]) -> None:
        """Remember that these came together, so that their parts are read together."""
        company = tuple(nodes)
        self._company.update((node.key, company) for node in company)

    # -- nodes
    def node(self, key: Key) -> Node | None:
        return self._nodes.load(key)

    def nodes(self, keys: Sequence[Key]) -> list[Node | None]:
        loader = self._nodes
        return [loader.load(key, lambda: keys) for key in keys]

    def referred(self, node: Node, key_of: Callable[[Any], Key | None]) -> Node | None:
        """Find the node that another one refers to, where `key_of` reads the reference off it."""
        key = key_of(node)
        if key is None:
            return None
        return self._nodes.load(key, lambda: filter(None, map(key_of, self._company_of(node))))

    # -- parts
    def view(self, run: Run) -> RunView:
        return self._part(self._reading(self._store.views), run) or ONLY_PARTS_SEEN

    def workflows(self, run: Run) -> tuple[WorkflowIncarnation, ...]:
        return self._part(self._reading(self._store.workflows), run) or ()

    def completeness(self, run: Run) -> Completeness | None:
        return self._part(self._reading(self._store.completeness), run)

    def raw(self, run: Run) -> Any:
        return self._part(self._reading(self._store.raw, at_once=DOCUMENTS_AT_ONCE), run)

    def spec(self, version: PipelineVersion) -> Any:
        return self._part(self._reading(self._store.specs, at_once=DOCUMENTS_AT_ONCE), version)

    def step_graph(self, run: Run) -> StepGraph | None:
        return self._part(self._reading(self._graphs_of, arriving=_steps, at_once=GRAPHS_AT_ONCE), run)

    def pods(self, execution: Execution) -> tuple[PodSeen, ...]:
        return self._part(self._reading(self._store.pods), execution) or ()

    def inputs(self, execution: Execution) -> tuple[ArtifactUse, ...]:
        return self._part(self._reading(self._store.inputs, arriving=_artifacts), execution) or ()

    def outputs(self, execution: Execution) -> tuple[ArtifactUse, ...]:
        return self._part(self._reading(self._store.outputs, arriving=_artifacts), execution) or ()

    def turns(self, execution: Execution) -> tuple[Turn, ...]:
        return self._part(self._reading(self._store.turns), execution) or ()

    def best_trial(self, run: Run) -> Execution | None:
        return self._part(self._reading(self._store.best_trials, arriving=_alone), run)

    def depends_on(self, execution: Execution) -> tuple[Execution, ...]:
        return self._part(self._reading(self._store.depends_on, arriving=_themselves), execution) or ()

    def cached_from(self, execution: Execution) -> Execution | None:
        return self._part(self._reading(self._store.cached_from, arriving=_alone), execution)

    def fingerprint(self, owner: Run | Execution) -> Fingerprint:
        return self._part(self._reading(self._store.fingerprints), owner) or UNSETTLED

    def history(self, artifact: Artifact) -> tuple[ArtifactLook, ...]:
        return self._part(self._reading(self._store.history), artifact) or ()

    def metrics_of_run(self, run: Run) -> tuple[Metric, ...]:
        return self._part(self._reading(self._metrics_of_runs), run) or ()

    def metrics_of_execution(self, execution: Execution) -> tuple[Metric, ...]:
        return self._part(self._reading(self._metrics_of_executions), execution) or ()

    def series(self, execution: Execution, name: str) -> tuple[Metric, ...]:
        def read(executions: Sequence[Key]) -> Mapping[Key, tuple[Metric, ...]]:
            return self._noted(self._store.metric_series(self._scope, executions, name))

        return self._part(self._loader(("series", name), read), execution) or ()

    def measured(self, key: Key) -> Node | None:
        """Find the run or execution of a metric, along with those of all metrics that were read."""
        return self._nodes.load(key, lambda: self._measured)

    def expect(self, keys: Iterable[Key]) -> None:
        """Be told which runs and executions will be asked for by `measured`, so that they are read together."""
        self._measured.update(dict.fromkeys(keys))

    def metadata(self, artifact: Artifact) -> Any:
        return self._part(self._reading(self._store.metadata), artifact)

    def edits(self, recurring: RecurringRun) -> tuple[RecurringEdit, ...]:
        return self._part(self._reading(self._store.edits), recurring) or ()

    def revisions(self, deployment: Deployment) -> tuple[DeploymentRevision, ...]:
        return self._part(self._reading(self._store.revisions), deployment) or ()

    def served(self, deployment: Deployment) -> tuple[ServedArtifact, ...]:
        return self._part(self._reading(self._store.served, arriving=_served), deployment) or ()

    # -- ledgers: the same question of every recurring run
    def slots(
        self, recurring: RecurringRun, since: datetime, until: datetime, now: datetime, page: PageRequest
    ) -> Page[Slot]:
        def read(owners: Sequence[Key]) -> Mapping[Key, Page[Slot]]:
            found = self._store.slots(self._scope, owners, since=since, until=until, now=now, page=page)
            self._made.update((slot.run_key, None) for of in found.values() for slot in of.items if slot.run_key)
            return found

        found = self._part(self._loader(("slots", since, until, page), read), recurring)
        return found or NOTHING_FOUND

    def count_slots(self, recurring: RecurringRun, since: datetime, until: datetime) -> int:
        def read(owners: Sequence[Key]) -> Mapping[Key, int]:
            return self._store.count_slots(self._scope, owners, since=since, until=until)

        return self._part(self._loader(("slots counted", since, until), read), recurring) or 0

    def run_of_slot(self, slot: Slot) -> Node | None:
        """Find the run of a slot, along with those of all slots that were read."""
        return None if slot.run_key is None else self._nodes.load(slot.run_key, lambda: self._made)

    # -- lists that hang on nodes: the same question of every owner, so each question has its loader
    def owned(self, owner: Node, what: type[T], by: str, listing: Listing, page: PageRequest) -> Page[T]:
        def read(owners: Sequence[Key]) -> Mapping[Key, Page[Any]]:
            found: Mapping[Key, Page[Any]] = self._store.owned(self._scope, what, by, owners, listing, page)
            if what is not ExecutionHead:  # of which nothing more is read: to be company is for what is whole
                self.arrived(chain.from_iterable(of.items for of in found.values()))
            return found

        return self._part(self._loader(("owned", what, by, listing, page), read), owner) or NOTHING_FOUND

    def count_owned(self, owner: Node, what: type, by: str, listing: Listing) -> int:
        def read(owners: Sequence[Key]) -> Mapping[Key, int]:
            return self._store.count_owned(self._scope, what, by, owners, listing)

        return self._part(self._loader(("owned counted", what, by, listing), read), owner) or 0

    # -- what is read, so that it can be read together
    def _graphs_of(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, StepGraph]:
        return step_graphs(self._store, scope, runs)

    def _metrics_of_runs(self, scope: Scope, runs: Sequence[Key]) -> Mapping[Key, tuple[Metric, ...]]:
        return self._noted(self._store.metrics_of_runs(scope, runs))

    def _metrics_of_executions(self, scope: Scope, executions: Sequence[Key]) -> Mapping[Key, tuple[Metric, ...]]:
        return self._noted(self._store.metrics_of_executions(scope, executions))

    def _noted(self, found: Mapping[Key, tuple[Metric, ...]]) -> Mapping[Key, tuple[Metric, ...]]:
        """Remember what these metrics are of."""
        for metric in chain.from_iterable(found.values()):
            self._measured[metric.run_key] = None
            if metric.execution_key is not None:
                self._measured[metric.execution_key] = None
        return found

    # -- loaders
    @property
    def _nodes(self) -> Loader[Node]:
        return self._reading(self._store.get, arriving=_alone)

    def _reading(
        self,
        read: ReadWithin[T],
        *,
        arriving: Callable[[T], Iterable[Node]] | None = None,
        at_once: int = KEYS_AT_ONCE,
    ) -> Loader[T]:
        """Find the loader of what is read so. What is `arriving` in it is one company."""
        known: Loader[T] | None = self._loaders.get(read)
        if known is not None:
            return known

        def reading(keys: Sequence[Key]) -> Mapping[Key, T]:
            found = read(self._scope, keys)
            if arriving is not None:
                self.arrived(chain.from_iterable(map(arriving, found.values())))
            return found

        return self._loader(read, reading, at_once=at_once)

    def _loader(self, question: Hashable, read: Read[T], *, at_once: int = KEYS_AT_ONCE) -> Loader[T]:
        """Find the loader of a question."""
        loader: Loader[T] | None = self._loaders.get(question)
        if loader is None:
            loader = self._loaders[question] = Loader(read, self._deadline, at_once=at_once)
        return loader

    def _part(self, loader: Loader[T], owner: Node) -> T | None:
        return loader.load(owner.key, lambda: (each.key for each in self._company_of(owner)))

    def _company_of(self, node: Node) -> Iterable[Node]:
        return (each for each in self._company.get(node.key, ()) if type(each) is type(node))


def _alone(node: Node) -> Iterable[Node]:
    return (node,)


def _steps(graph: StepGraph) -> Iterable[Node]:
    return graph.executions


def _themselves(nodes: Iterable[Node]) -> Iterable[Node]:
    return nodes


def _artifacts(uses: tuple[ArtifactUse, ...]) -> Iterable[Node]:
    return (use.artifact for use in uses)


def _served(artifacts: tuple[ServedArtifact, ...]) -> Iterable[Node]:
    found = (each for one in artifacts for each in (one.artifact, one.replaced_by) if each is not None)
    return {each.key: each for each in found}.values()
