"""The shelves that one transaction works on, how a row is made, and how a view is offered to its subject."""

from collections.abc import Callable, Mapping
from threading import local
from types import MappingProxyType
from typing import Final, TypeAlias

import zstandard
from sqlalchemy import Connection, Table

from lineage.facts import ExecutionState, Revision
from lineage.identity import Key, Location, encode_key
from lineage.merge import current, informed
from lineage.model import Phase
from lineage.store import locks as names
from lineage.store import tables
from lineage.store.codec import (
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


class _Packing(local):
    """What packs bodies: one a thread. To make it takes longer than to pack a body, and threads must not share it."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor().compress


_packing = _Packing()

NO_REFERENCES: Final[Mapping[str, Shelf]] = MappingProxyType({})


AT_ONCE: Final = 0  # when to look at a place: before any other that is due
NO_RUN: Final = 0  # the id of no run: where a pod is before it has joined one

Attempts: TypeAlias = dict[tuple[str, int | None], Row]
"""Attempts at nodes, and placeholders, by node and start."""


class Batch:
    """One transaction's rows, and what its steps hand to one another.

    `changed` are the executions whose state is another than before; of these `fresh` were not there, `rewired`
    were elsewhere in the graph, and `removed` are no more. `states` are views that this batch need not decode,
    `attempts` those of whole runs. Of `retold` runs Kubeflow's records tell something new, or mean other places by it.
    `moved_pods` are by uid; of `turned_pods` it is now known whether the cache stood in for them. `joined_by_owner` are
    workflows whose run is now known. `seated_pods` work for another execution than before, `claimed_runs` may have
    another starter, and `left_runs` lost an execution to another run. Of `changed_deployments` more is known than
    before. `metric_parameters` are how output parameters are called that are metrics.
    """

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        locks: Locks,
        seen_rolls: LastRolls,
        metric_parameters: tuple[str, ...],
    ) -> None:
        self.connection = connection
        self.dialect = dialect
        self.locks = locks
        self.seen_rolls = seen_rolls
        self.metric_parameters = metric_parameters
        self.cursor: Cursor = connection.connection.cursor()
        self._shelves: list[Shelf] = []
        self.nodes = self._shelf(tables.node)
        self.locations = self._shelf(tables.location)
        self.pipelines = self._shelf(tables.pipeline)
        self.pipeline_versions = self._shelf(tables.pipeline_version)
        self.experiments = self._shelf(tables.experiment)
        self.recurring_runs = self._shelf(tables.recurring_run, guard=lambda row: locks.require(names.uid(row["uid"])))
        self.recurring_specs = self._shelf(tables.recurring_spec, {"recurring_run_id": self.recurring_runs})
        self.runs = self._shelf(tables.run, guard=lambda row: locks.require(names.run(row["key"])))
        of_run = {"run_id": self.runs}
        self.run_parameters = self._shelf(tables.run_parameter, of_run)
        self.run_labels = self._shelf(tables.run_label, of_run)
        self.workflows = self._shelf(tables.workflow, of_run, guard=lambda row: locks.require(names.uid(row["uid"])))
        self.told = self._shelf(tables.told, guard=self._require_told)
        self.rolls = self._shelf(tables.roll, of_run)
        self.executions = self._shelf(tables.execution, of_run)
        of_nodes = dict.fromkeys(("deployment_id", "execution_id"), self.nodes)
        of_execution = {**of_run, **of_nodes, "location_id": self.locations}
        self.members = self._shelf(tables.member, of_execution, guard=lambda row: locks.require(names.uid(row["uid"])))
        self.turns = self._shelf(tables.turn, of_execution)
        self.pods = self._shelf(tables.pod, of_execution)
        self.pod_images = self._shelf(tables.pod_image, {"pod_id": self.pods})
        self.artifacts = self._shelf(tables.artifact, of_execution)
        self.looks = self._shelf(tables.look, of_execution)
        self.uses = self._shelf(tables.use, of_execution)
        self.deployments = self._shelf(tables.deployment, guard=lambda row: locks.require(names.uid(row["uid"])))
        self.deployment_statements = self._shelf(tables.deployment_statement, of_execution)
        self.served = self._shelf(tables.served, of_execution)
        self.served_around = self._shelf(tables.served_around, of_execution)
        of_origin = {**of_run, "execution_id": self.nodes, "origin": self.nodes}
        self.metrics = self._shelf(tables.metric, of_origin)
        self.edges = self._shelf(tables.edge, {"source": self.nodes, "target": self.nodes})
        self.listings = self._shelf(tables.listing)
        self.kept_objects = self._shelf(tables.kept_object)
        self.rejected = self._shelf(tables.rejected)
        self.compress = _packing.compress
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

    def _shelf(
        self, table: Table, references: Mapping[str, Shelf] = NO_REFERENCES, guard: Callable[[Row], None] | None = None
    ) -> Shelf:
        shelf = Shelf(self.cursor, self.dialect, table, references=references, guard=guard)
        self._shelves.append(shelf)
        return shelf

    def _require_told(self, row: Row) -> None:
        of_run = row["what"] in ("run", "tasks")
        self.locks.require(names.run(row["uid"]) if of_run else names.uid(row["uid"]))

    def flush(self) -> None:
        """Write everything that changed."""
        for shelf in self._shelves:
            shelf.flush()

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
NO_VIEW: Final = dict.fromkeys(
    (
        "rev_kind",
        "rev_rank",
        "rev_latest",
        "rev_ended",
        "body",
        "other_rank",
        "other_latest",
        "other_ended",
        "other_body",
    )
)
"""The columns of a subject of which nothing was seen."""


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
