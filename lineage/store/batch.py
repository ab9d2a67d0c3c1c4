"""The shelves that one transaction works on, and the two ways in which a row is made."""

from collections.abc import Callable, Iterator

import zstandard
from sqlalchemy import Connection, Table

from lineage.facts import Revision
from lineage.identity import Key, Location, encode_key
from lineage.merge import current
from lineage.store import locks as names
from lineage.store import tables
from lineage.store.codec import revision_columns, revision_of
from lineage.store.dialect import Dialect, Row
from lineage.store.locks import Locks
from lineage.store.shelf import Shelf


class Batch:
    """One transaction's rows, and what its steps hand to one another.

    `changed` are the executions whose state is another than before; of these `fresh` were not there, `rewired`
    were elsewhere in the graph, and `removed` are no more. `moved_pods` are by uid; `joined_by_owner` are
    workflows whose run is now known.
    """

    def __init__(self, connection: Connection, dialect: Dialect, locks: Locks) -> None:
        def shelf(table: Table, guard: Callable[[Row], None] | None = None) -> Shelf:
            return Shelf(connection, dialect, table, ids=dialect.new_ids(connection, table), guard=guard)

        self.connection = connection
        self.dialect = dialect
        self.locks = locks
        self.nodes = shelf(tables.node)
        self.runs = shelf(tables.run, guard=lambda row: locks.require(names.run(row["key"])))
        self.run_parameters = shelf(tables.run_parameter)
        self.run_labels = shelf(tables.run_label)
        self.pipelines = shelf(tables.pipeline)
        self.pipeline_versions = shelf(tables.pipeline_version)
        self.experiments = shelf(tables.experiment)
        self.workflows = shelf(tables.workflow, guard=lambda row: locks.require(names.uid(row["uid"])))
        self.rolls = shelf(tables.roll)
        self.roll_entries = shelf(tables.roll_entry)
        self.executions = shelf(tables.execution)
        self.pods = shelf(tables.pod)
        self.pod_images = shelf(tables.pod_image)
        self.other_views = shelf(tables.other_view)
        self.locations = shelf(tables.location)
        self.artifacts = shelf(tables.artifact)
        self.looks = shelf(tables.look)
        self.uses = shelf(tables.use)
        self.edges = shelf(tables.edge)
        self.listings = shelf(tables.listing)
        self.kept_objects = shelf(tables.kept_object)
        self.rejected = shelf(tables.rejected)
        self.compress = zstandard.ZstdCompressor().compress
        self.changed: dict[int, Row] = {}
        self.fresh: dict[int, Row] = {}
        self.rewired: dict[int, Row] = {}
        self.removed: set[int] = set()
        self.moved_pods: dict[str, Row] = {}
        self.joined_by_owner: set[str] = set()

    def _shelves(self) -> Iterator[Shelf]:
        return (shelf for shelf in vars(self).values() if isinstance(shelf, Shelf))

    def flush(self) -> None:
        """Write everything that changed."""
        for shelf in self._shelves():
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
            for shelf in (self.executions, self.rolls, self.roll_entries, self.run_parameters, self.run_labels):
                shelf.nothing_of("run_id", row["id"])
            for shelf in (self.pods, self.artifacts, self.uses):
                shelf.nothing_of("run_id", row["id"])
            self.other_views.nothing_of("subject", subject("run", row["id"]))
        return row

    def new_node(self, key: Key) -> int:
        """Make the node of a new execution or artifact."""
        node_id = self.nodes.next_id()
        self.nodes.put({"id": node_id, "key": encode_key(key)})
        for shelf in (self.artifacts, self.uses, self.pods):
            shelf.nothing_of("execution_id", node_id)
        self.edges.nothing_of("source", node_id)
        self.edges.nothing_of("target", node_id)
        self.other_views.nothing_of("subject", subject("execution", node_id))
        return node_id

    def remove_node(self, node_id: int) -> None:
        """Take away the node of an execution or artifact that is no more."""
        for row in self.nodes.find("id", (node_id,)):
            self.nodes.remove(row)

    def location(self, place: Location) -> int:
        """Find a location, or make it."""
        self.locks.require(names.location(place))
        for row in self.locations.find("uri", (place.uri,)):
            if row["store"] == place.store:
                return int(row["id"])
        location_id = self.locations.next_id()
        self.locations.put({"id": location_id, "store": place.store, "uri": place.uri})
        for shelf in (self.artifacts, self.uses, self.looks):
            shelf.nothing_of("location_id", location_id)
        return location_id

    # -- views
    def offer(self, shelf: Shelf, kind: str, row: Row, revision: Revision, body: bytes) -> tuple[bool, bool]:
        """Offer a view to a subject. Says whether it is the newest of its class, and whether readers now get
        another body than before."""
        held = revision_of(row)
        if held is None:
            row.update(revision_columns(revision), body=body)
            shelf.put(row)
            return True, True
        other = self.other_view(kind, row["id"])
        same = row if held.kind == revision.kind else other
        if same is not None and same["rev_rank"] >= revision.rank:
            return False, False
        before = row["body"]
        if held.kind == revision.kind:
            row.update(revision_columns(revision), body=body)
        else:
            other = {"subject": subject(kind, row["id"]), **revision_columns(revision), "body": body}
            self.other_views.put(other)
        if other is not None:
            self.settle(row, other, revision_of(row), revision_of(other))
        shelf.put(row)
        return True, row["body"] != before

    def other_view(self, kind: str, subject_id: int) -> Row | None:
        """The newest view of the class that readers do not get."""
        return self.other_views.one("subject", subject(kind, subject_id))

    def settle(self, row: Row, other: Row, held: Revision | None, rival: Revision | None) -> bool:
        """Let readers get the view that counts, of the two classes. Says whether they changed places."""
        revisions = {r.kind: r for r in (held, rival) if r is not None}
        if current(revisions.get("K"), revisions.get("R")) == row["rev_kind"]:
            return False
        for name in ("rev_kind", "rev_rank", "rev_latest", "rev_ended", "body"):
            row[name], other[name] = other[name], row[name]
        self.other_views.put(other)
        return True


def subject(kind: str, subject_id: int) -> str:
    """Name what a view is of: a run, a workflow, an execution or a pod, by its internal id."""
    return f"{kind} {subject_id}"
