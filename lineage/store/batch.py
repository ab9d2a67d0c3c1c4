"""The shelves that one transaction works on, how a row is made, and how a view is offered to its subject."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar, Final, TypeAlias

from sqlalchemy import Connection, Table

from lineage.facts import ExecutionState, Revision
from lineage.identity import Key, Location, encode_key
from lineage.merge import current, informed
from lineage.model import Phase
from lineage.store import locks as names
from lineage.store import tables
from lineage.store.codec import (
    Bodies,
    execution_of,
    look_of,
    other_columns,
    other_revision_of,
    revision_columns,
    revision_of,
    task_of,
)
from lineage.store.dialect import Cursor, Dialect, Row
from lineage.store.locks import Locks
from lineage.store.rolls import LastRolls
from lineage.store.shelf import Shelf
from lineage.verification import Sighting

NO_REFERENCES: Final[Mapping[str, str]] = MappingProxyType({})


AT_ONCE: Final = 0  # when to look at a place: before any other that is due
NO_RUN: Final = 0  # the id of no run: where a pod is before it has joined one

Attempts: TypeAlias = dict[tuple[str, int | None], Row]
"""Attempts at nodes, and placeholders, by node and start."""


class _On:
    """A shelf of a batch, made when it is first asked for: most batches touch few tables. `references` name shelves,
    and `guard` says what must be locked of a row that is loaded."""

    all: ClassVar[list[str]] = []  # in the order in which they are written

    def __init__(
        self,
        table: Table,
        references: Mapping[str, str] = NO_REFERENCES,
        guard: Callable[[Row], names.Name] | None = None,
    ) -> None:
        self._table = table
        self._references = references
        self._guard = guard

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self.all.append(name)

    def __get__(self, batch: "Batch", owner: type) -> Shelf:
        name_of, locks = self._guard, batch.locks
        shelf = Shelf(
            batch.cursor,
            batch.dialect,
            self._table,
            references={column: getattr(batch, name) for column, name in self._references.items()},
            guard=None if name_of is None else lambda row: locks.require(name_of(row)),
        )
        batch.__dict__[self._name] = shelf  # where Python looks first from now on
        return shelf


def _by_uid(row: Row) -> names.Name:
    return names.uid(row["uid"])


OF_RUNS_TOLD: Final = frozenset({"run", "kept run", "tasks"})
"""What is told of a run, under its id."""


def _of_what_was_told(row: Row) -> names.Name:
    return names.run(row["uid"]) if row["what"] in OF_RUNS_TOLD else names.uid(row["uid"])


_OF_RUN: Final = {"run_id": "runs"}
_OF_NODES: Final = dict.fromkeys(("deployment_id", "execution_id"), "nodes")
_OF_EXECUTION: Final = {**_OF_RUN, **_OF_NODES, "location_id": "locations"}


class Batch:
    """One transaction's rows, and what its steps hand to one another.

    `changed` are the executions whose state is another than before; of these `fresh` were not there, `rewired`
    were elsewhere in the graph, and `removed` are no more. `states` are views that this batch need not decode,
    `attempts` those of whole runs. Of `retold` runs Kubeflow's records tell something new, or mean other places by it.
    `moved_pods` are by uid; of `turned_pods` it is now known whether the cache stood in for them. `joined_by_owner` are
    workflows whose run is now known. `seated_pods` work for another execution than before, `claimed_runs` may have
    another starter, and `left_runs` lost an execution to another run. Of `changed_deployments` more is known than
    before. `gone` are uids that were deleted, or that a newer list lacks and the one before it had; `listings_renewed`
    are lists that took the place of an older one, by their ids, with the version of that. `metric_parameters` are how
    output parameters are called that are metrics.
    """

    nodes = _On(tables.node)
    locations = _On(tables.location)
    pipelines = _On(tables.pipeline)
    pipeline_versions = _On(tables.pipeline_version)
    experiments = _On(tables.experiment)
    recurring_runs = _On(tables.recurring_run, guard=_by_uid)
    recurring_specs = _On(tables.recurring_spec, {"recurring_run_id": "recurring_runs"})
    runs = _On(tables.run, guard=lambda row: names.run(row["key"]))
    run_parameters = _On(tables.run_parameter, _OF_RUN)
    run_labels = _On(tables.run_label, _OF_RUN)
    workflows = _On(tables.workflow, _OF_RUN, guard=_by_uid)
    told = _On(tables.told, guard=_of_what_was_told)
    rolls = _On(tables.roll, _OF_RUN)
    executions = _On(tables.execution, _OF_RUN)
    members = _On(tables.member, _OF_EXECUTION, guard=_by_uid)
    turns = _On(tables.turn, _OF_EXECUTION)
    pods = _On(tables.pod, _OF_EXECUTION)
    pod_images = _On(tables.pod_image, {"pod_id": "pods"})
    artifacts = _On(tables.artifact, _OF_EXECUTION)
    looks = _On(tables.look, _OF_EXECUTION)
    uses = _On(tables.use, _OF_EXECUTION)
    deployments = _On(tables.deployment, guard=_by_uid)
    deployment_statements = _On(tables.deployment_statement, _OF_EXECUTION)
    served = _On(tables.served, _OF_EXECUTION)
    served_around = _On(tables.served_around, _OF_EXECUTION)
    metrics = _On(tables.metric, {**_OF_RUN, "execution_id": "nodes", "origin": "nodes"})
    edges = _On(tables.edge, {"source": "nodes", "target": "nodes"})
    listings = _On(tables.listing)
    kept_objects = _On(tables.kept_object)
    rejected = _On(tables.rejected)

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        locks: Locks,
        seen_rolls: LastRolls,
        bodies: Bodies,
        metric_parameters: tuple[str, ...],
    ) -> None:
        self.connection = connection
        self.dialect = dialect
        self.locks = locks
        self.seen_rolls = seen_rolls
        self.bodies = bodies
        self.metric_parameters = metric_parameters
        self.cursor: Cursor = connection.connection.cursor()
        self.versions: dict[Key, int] = {}  # ids of versions of pipelines
        self._placed: dict[Location, int] = {}
        self._hand_on_nothing()

    def _hand_on_nothing(self) -> None:
        """Make what the steps hand to one another."""
        self.changed: dict[int, Row] = {}
        self.fresh: dict[int, Row] = {}
        self.rewired: dict[int, Row] = {}
        self.removed: set[int] = set()
        self.states: dict[int, ExecutionState] = {}
        self.attempts: dict[int, Attempts] = {}
        self.retold: set[int] = set()
        self.moved_pods: dict[str, Row] = {}
        self.turned_pods: set[str] = set()
        self.joined_by_owner: set[str] = set()
        self.seated_pods: set[str] = set()
        self.claimed_runs, self.left_runs = set[int](), set[int]()
        self.changed_deployments: dict[int, Row] = {}
        self.gone: set[str] = set()
        self.listings_renewed: dict[int, str | None] = {}

    def flush(self) -> None:
        """Write everything that changed."""
        for name in _On.all:
            if (shelf := self.__dict__.get(name)) is not None:
                shelf.flush()

    def written(self, name: str) -> Iterable[Row]:
        """The rows of a shelf that this batch has written or taken away."""
        shelf: Shelf | None = self.__dict__.get(name)
        return () if shelf is None else shelf.written

    # -- rows with a key
    def run(self, key: str) -> Row:
        """Find a run, or make one of which nothing but the key is known."""
        self.locks.require(names.run(key))
        row = self.runs.one("key", key)
        if row is None:
            row = dict.fromkeys(tables.run.columns.keys())
            row |= {"id": self.runs.next_id(), "key": key, "is_stub": True}
            self.runs.put(row)
        return row

    def what_was_told(self, what: str, uid: str) -> Row | None:
        """What Kubeflow told of something, if it did."""
        return next((row for row in self.told.of("uid", uid) if row["what"] == what), None)

    def told_of_run(self, key: str, *, seen: bool) -> Row | None:
        """What counts of what was told of a run: by Kubeflow's API, else by ML Metadata, which knows less and is not
        asked where a workflow was seen."""
        return self.what_was_told("run", key) or (None if seen else self.what_was_told("kept run", key))

    def new_node(self, key: Key) -> int:
        """Make the node of a new execution or artifact."""
        node_id = self.nodes.next_id()
        self.nodes.put({"id": node_id, "key": encode_key(key)})
        return node_id

    def state(self, row: Row) -> ExecutionState:
        """The state of an execution, as readers get it."""
        state = self.states.get(row["id"])
        if state is None:
            state = self.states[row["id"]] = execution_of(row["body"])
        return state if row["told"] is None else informed(state, task_of(row["told"]))

    def sightings(self, where: int) -> list[Sighting]:
        """All looks at a location."""
        return [Sighting(row["at"], look_of(row["body"])) for row in self.looks.of("location_id", where)]

    def remove_node(self, node_id: int) -> None:
        """Take away the node of an execution or artifact that is no more."""
        row = self.nodes.get(node_id)
        if row is not None:
            self.nodes.remove(row)

    def location(self, place: Location) -> int:
        """Find a location, or make it."""
        if not self.locks.has_all:
            self.locks.require(names.location(place))
        known = self._placed.get(place)
        if known is None:
            known = self._placed[place] = self._find_or_make(place)
        return known

    def _find_or_make(self, place: Location) -> int:
        for row in self.locations.of("uri", place.uri):
            if row["store"] == place.store:
                return int(row["id"])
        location_id = self.locations.next_id()
        look_at = None if place.is_raw else AT_ONCE
        self.locations.put({"id": location_id, "store": place.store, "uri": place.uri, "look_at": look_at})
        return location_id


# ------------------------------------------------------------------------------------------ views
REVISION: Final = ("rev_kind", "rev_rank", "rev_latest", "rev_ended")
"""The columns in which a view stands in the order of views."""

NO_VIEW: Final = dict.fromkeys((*REVISION, "body", "other_rank", "other_latest", "other_ended", "other_body"))
"""The columns of a subject of which nothing was seen."""

NEVER_LISTED: Final = {**NO_VIEW, **dict.fromkeys(("seen_cluster", "seen_namespace", "seen_version"))}
"""The same of one that lists are compared with."""

_ENDED: Final = frozenset(phase.value for phase in Phase if phase.ended)


def has_ended(execution: Row) -> bool:
    """Say whether an execution has, as readers get it."""
    return execution["phase"] in _ENDED


def offer(row: Row, revision: Revision, body: bytes) -> tuple[bool, bool]:
    """Offer a view to a subject. Says whether it is the newest of its class, and whether readers now get
    another body than before."""
    kind = row["rev_kind"]
    if kind is None:
        row.update(revision_columns(revision), body=body)
        return True, True
    before = row["body"]
    if kind == revision.kind:
        if row["rev_rank"] >= revision.rank:
            return False, False
        row.update(revision_columns(revision), body=body)
    else:
        if row["other_rank"] is not None and row["other_rank"] >= revision.rank:
            return False, False
        row.update(other_columns(revision), other_body=body)
    if row["other_rank"] is not None:
        settle(row, revision_of(row), other_revision_of(row))
    return True, row["body"] != before


def settle(row: Row, held: Revision | None, other: Revision | None) -> bool:
    """Let readers get the view that counts, of the two classes. Says whether they changed places."""
    revisions = {r.kind: r for r in (held, other) if r is not None}
    kind = current(revisions.get("K"), revisions.get("R"))
    if kind == row["rev_kind"]:
        return False
    row["rev_kind"] = kind
    for name, rival in (("rev_rank", "other_rank"), ("rev_latest", "other_latest"), ("rev_ended", "other_ended")):
        row[name], row[rival] = row[rival], row[name]
    row["body"], row["other_body"] = row["other_body"], row["body"]
    return True
