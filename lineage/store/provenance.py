"""Third step of a batch: what was read and written, and which write each reader read.

0. Locks: the locations that will be touched, where others write at the same time.
1. Ports: the reads and writes of every execution that changed.
2. Timelines: the writes of every location that was touched, in time.
3. Answers: the edges of every use that either can have moved, those by deployments among them.
4. Metrics: what output parameters, and artifacts that say something, come to.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from lineage.facts import LocationLooked, Write
from lineage.identity import Key, Location, state_key, unknown_key, written_key
from lineage.merge import (
    OPEN,
    REUSED,
    SKEW_SECONDS,
    Answer,
    Candidate,
    History,
    Reader,
    Span,
    State,
    Uses,
    Writes,
    answer,
    ports,
    span,
    timeline,
)
from lineage.model import ArtifactRole
from lineage.store import tables
from lineage.store.batch import AT_ONCE, Batch, has_ended
from lineage.store.codec import encode_look, fingerprint, verified_columns, whole_seconds, written
from lineage.store.dialect import Row
from lineage.store.graph import Graph
from lineage.store.locks import LOCATIONS, Name, location
from lineage.store.measuring import measure
from lineage.store.serving import NOTHING, SERVED, Serving
from lineage.store.shelf import Shelf
from lineage.verification import Sighting, next_look, speaking_of, state_of, verify

GENERATED: Final = ArtifactRole.GENERATED.value
UNVERIFIED: Final[Row] = dict.fromkeys(("shown", "verified", "size_bytes", "digest", "content_digest"))
"""The columns of an artifact that nobody looked at."""
FEW: Final = 8  # writes of one location that are looked through one by one

UseKey = tuple[int, str, str]
"""Execution, role and name."""


class Provenance:
    """The third step of one batch."""

    def __init__(self, batch: Batch, recorded_at: datetime) -> None:
        self._batch = batch
        self._recorded_at = whole_seconds(recorded_at) or 0
        self._graph = Graph(batch)
        self._serving = Serving(batch)
        self._ports: dict[int, tuple[Writes, Uses]] = {}
        self._locations: dict[int, None] = {}
        self._uses: dict[UseKey, Row] = {}
        self._orphans: set[int] = set()
        self._gone: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
        self._deep: set[int] = set()
        self._came: defaultdict[int, int] = defaultdict(int)  # recorded writes, less those that went
        self._telling: dict[int, None] = {}  # artifacts that may say of other executions than before, or other things

    def lock(self, looked_at: Iterable[Location], needed: Set[Name]) -> None:
        """Lock every location whose writes, looks, uses or answers this batch may touch: before this, nothing of
        them was read, and after it, no other transaction changes them."""
        batch = self._batch
        batch.pods.load("execution_id", batch.changed)
        self._ports = {execution_id: self._ports_of(execution_id, row) for execution_id, row in batch.changed.items()}
        batch.runs.load("id", {row["run_id"] for row in batch.changed.values()})
        placed = [*batch.fresh.values(), *batch.rewired.values()]
        self._deep = {row["run_id"] for row in placed if self._graph.has_old_successors(row)}
        if batch.locks.has_all:
            return
        places = {*looked_at, *self._places()}
        places.update(_places_of(batch, "execution_id", batch.changed))
        places.update(_places_of(batch, "run_id", self._deep))
        places |= self._serving.lock(places)
        batch.locks.take(LOCATIONS, {location(place) for place in places} | needed)

    def load(self, places: Iterable[Location], ids: Iterable[int] = ()) -> None:
        """Have at hand what lies at these places, and at those of these ids, in few statements."""
        batch = self._batch
        known = [row["id"] for row in batch.locations.find("uri", [place.uri for place in places])]
        for shelf in (batch.artifacts, batch.looks):
            shelf.load("location_id", [*known, *ids])

    def look(self, fact: LocationLooked) -> bool:
        """Take in one look at a location. Says whether it added anything."""
        batch, where = self._batch, self._batch.location(fact.location)
        body = encode_look(fact.look)
        says = fact.look.said is not None or None
        row = {"location_id": where, "at": fact.at, "digest": fingerprint(body), "says": says, "body": body}
        looks = batch.looks.of("location_id", where)
        if row in looks or (fact.look.of is not None and not self._is_first(row, looks)):
            return False
        if fact.look.of is not None:
            self._look_soon(where)  # what others say is looked at, too
        elif all(other["at"] <= fact.at for other in looks):
            self._look_again(where, Sighting(fact.at, fact.look))
        batch.looks.put(row)
        self._locations[where] = None
        return True

    def _is_first(self, row: Row, looks: Iterable[Row]) -> bool:
        """Say whether nobody said the same before; who said it later is forgotten. Every later view of a workflow
        repeats it, and how many of them were seen is no knowledge."""
        repeated = [other for other in looks if other["digest"] == row["digest"]]
        if any(other["at"] < row["at"] for other in repeated):
            return False
        for other in repeated:
            self._batch.looks.remove(other)
        return True

    def _look_again(self, where: int, last: Sighting) -> None:
        ends = (artifact["wrote_to"] for artifact in self._batch.artifacts.of("location_id", where))
        changed_at = max((end for end in ends if end not in (None, OPEN)), default=None)
        place = self._batch.locations.at(where)
        if place["look_at"] and last.at <= place["look_at"] <= self._recorded_at:
            return  # it was hurried after this look began, which may not have seen why
        place["look_at"] = next_look(last, changed_at=changed_at)
        self._batch.locations.touch(place)

    def derive(self) -> None:
        """Bring artifacts, uses and edges in line with everything that this batch changed."""
        batch = self._batch
        batch.uses.load("execution_id", batch.changed)
        held = batch.artifacts.find("execution_id", batch.changed)
        self.load(self._places(), [artifact["location_id"] for artifact in held])
        for execution_id, (writes, uses) in self._ports.items():
            row = batch.changed[execution_id]
            when = _span_of(row)
            self._show_writes(execution_id, row, writes, when)
            self._show_uses(execution_id, row, uses, when)
        self._follow_rewiring()
        for where in self._locations:
            self._show_timeline(where)
        self._force(self._serving.show(self._locations, self._came, self._let_go))
        self._answer()
        self._drop_orphans()
        measure(batch, self._telling)

    # -- 1. ports
    def _ports_of(self, execution_id: int, row: Row) -> tuple[Writes, Uses]:
        """What an execution wrote and used, as its newest view and its pods say."""
        batch = self._batch
        if execution_id in batch.removed:
            return {}, {}
        state = batch.state(row)
        reused = any(pod["reused"] for pod in batch.pods.of("execution_id", execution_id))
        writes, uses = ports(state, reused=reused)
        cached = state.memoized
        if len(writes) < len(state.writes) and not cached:
            taken = {name for role, name in uses if role == REUSED}
            cached = not taken.issubset([write.name for write in state.writes if write.imported])
        if row["cached"] != cached:
            row["cached"] = cached
            batch.executions.put(row)
        return writes, uses

    def _places(self) -> Iterator[Location]:
        """Where the executions that this batch changed write, and what they use."""
        for writes, uses in self._ports.values():
            for port in (*writes.values(), *uses.values()):
                yield port.location

    def _show_writes(self, execution_id: int, row: Row, writes: Writes, when: Span) -> None:
        batch = self._batch
        known = {artifact["name"]: artifact for artifact in self._held(batch.artifacts, execution_id)}
        for name, artifact in known.items():
            if name not in writes:
                self._locations[artifact["location_id"]] = None
                self._remove_artifact(artifact)
        for name, write in writes.items():
            where = batch.location(write.location)
            old = known.get(name)
            if old is None:
                self._write(execution_id, row, write, where, when)
            else:
                self._write_again(old, row["run_id"], write, where, when)

    def _write(self, execution_id: int, row: Row, write: Write, where: int, when: Span) -> None:
        """Make an artifact, and lead the edge of its writer to it. At a place that is new it was written when its
        writer ran: elsewhere, what else is known of the place decides."""
        batch, made = self._batch, where in self._batch.locations.made
        artifact_id = batch.new_node(self._written_key(row, write.name))
        batch.edges.put(
            {"source": execution_id, "target": artifact_id, "role": GENERATED, "name": write.name, "ambiguous": False}
        )
        batch.artifacts.put(
            {
                "id": artifact_id,
                "location_id": where,
                "execution_id": execution_id,
                "run_id": row["run_id"],
                "state": None,
                "name": write.name,
                "wrote_from": when[0],
                "wrote_to": when[1],
                "span_from": when[0] if made else None,
                "span_to": when[1] if made else None,
                **UNVERIFIED,
                "type": write.type,
            }
        )
        self._came[where] += 1
        if not made:
            self._locations[where] = None
            self._look_soon(where)

    def _written_key(self, row: Row, name: str) -> Key:
        """The key of what an execution wrote. An object is known by its uid alone, whatever it is a part of, and
        whenever it began; when one began that stands for attempts which nobody saw may be told otherwise later."""
        if row["object_uid"] is not None:
            return written_key(row["object_uid"], row["node_id"], None, name)
        start = None if row["is_provisional"] else row["started_at"]
        return written_key(self._batch.runs.at(row["run_id"])["key"], row["node_id"], start, name)

    def _write_again(self, artifact: Row, run_id: int, write: Write, where: int, when: Span) -> None:
        """Bring what an execution wrote in line with what its newest view says of it."""
        batch = self._batch
        if artifact["type"] != write.type or artifact["run_id"] != run_id:
            artifact.update(type=write.type, run_id=run_id)
            batch.artifacts.put(artifact)
        before = artifact["location_id"]
        if (before, artifact["wrote_from"], artifact["wrote_to"]) == (where, *when):
            return
        if before != where:
            self._came[where] += 1
            self._came[before] -= 1
            if artifact["span_from"] is not None:
                self._gone[before].append((artifact["span_from"], artifact["run_id"]))
                artifact.update(span_from=None, span_to=None)  # it is new where it lies now
        self._locations[before] = self._locations[where] = None
        artifact.update(location_id=where, wrote_from=when[0], wrote_to=when[1])
        batch.artifacts.put(artifact)
        if where not in batch.locations.made:
            self._look_soon(where)

    def _look_soon(self, where: int) -> None:
        place = self._batch.locations.at(where)
        if place["look_at"]:
            place["look_at"] = AT_ONCE
            self._batch.locations.touch(place)

    def _held(self, shelf: Shelf, execution_id: int) -> Iterable[Row]:
        """The rows of an execution as they were before this batch."""
        return () if execution_id in self._batch.nodes.made else shelf.at_hand("execution_id", execution_id)

    def _show_uses(self, execution_id: int, row: Row, uses: Uses, when: Span) -> None:
        batch = self._batch
        known = {(use["role"], use["name"]): use for use in self._held(batch.uses, execution_id)}
        for place, use in known.items():
            if place not in uses:
                batch.uses.remove(use)
                self._let_go(use)
        moved = execution_id in batch.fresh or execution_id in batch.rewired
        for (role, name), port in uses.items():
            use = {
                "execution_id": execution_id,
                "role": role,
                "name": name,
                "run_id": row["run_id"],
                "location_id": batch.location(port.location),
                "read_from": when[0],
                "read_to": when[1],
                "type": port.type,
            }
            is_news = use != known.get((role, name))
            if is_news:
                batch.uses.put(use)
            if is_news or moved:
                self._uses[execution_id, role, name] = use

    def _let_go(self, use: Row) -> None:
        """What an execution or deployment is no longer known to have read has no answers."""
        self._uses.pop((use["execution_id"], use["role"], use["name"]), None)
        self._show_edges(use, NOTHING)

    def _force(self, uses: Iterable[Row]) -> None:
        for use in uses:
            self._uses[use["execution_id"], use["role"], use["name"]] = use

    # -- what a changed graph moves
    def _follow_rewiring(self) -> None:
        """A changed place in the graph may move the answers at what the execution wrote. If others that were
        there before come after it, it may move those at everything that its run wrote or read."""
        batch, deep = self._batch, self._deep
        written = {a["location_id"] for a in batch.artifacts.find("execution_id", batch.rewired)}
        written |= {a["location_id"] for a in batch.artifacts.find("run_id", deep)}
        self._force(batch.uses.find("location_id", written))
        self._force(batch.uses.find("run_id", deep))

    # -- 2. timelines
    def _show_timeline(self, where: int) -> None:
        batch = self._batch
        writes = {r["id"]: r for r in batch.artifacts.of("location_id", where) if r["execution_id"] is not None}
        spans: Mapping[int, Span] = {i: (row["wrote_from"], row["wrote_to"]) for i, row in writes.items()}
        moved: list[tuple[int, int | None]] = []  # when, and whose run
        sightings = batch.sightings(where) if batch.looks else []
        if sightings:
            spans, states = self._show_looks(where, spans, sightings, moved)
        for i, (low, high) in spans.items():
            row = writes[i]
            if row["span_from"] != low or row["span_to"] != high:
                moved += [(at, row["run_id"]) for at in (row["span_from"], low) if at is not None]
                row.update(span_from=low, span_to=high)
                batch.artifacts.touch(row)
        if sightings:
            self._verify(where, states, sightings)
        moved += self._gone.pop(where, [])
        if moved and where not in batch.locations.made:  # else every use of it is new as well
            self._force_moved(where, moved)

    def _show_looks(
        self,
        where: int,
        writes: Mapping[int, Span],
        sightings: Sequence[Sighting],
        moved: list[tuple[int, int | None]],
    ) -> tuple[Mapping[int, Span], dict[int, str]]:
        """Show the outside writes that looks found, and note which `moved`. Returns the spans of the recorded ones, and
        which state each artifact was."""
        rows = self._batch.artifacts.of("location_id", where)
        outside = {row["state"]: row for row in rows if row["state"] is not None}
        seen: dict[State, int] = {}
        for at, look in sightings:
            if (state := state_of(look)) is not None:
                seen[state] = max(at, seen.get(state, at))
        found = timeline(writes, seen)
        for name, row in outside.items():
            if name not in found.outside:
                moved.append((row["span_from"], None))
                self._remove_artifact(row)
        for name, (low, high) in found.outside.items():
            if name not in outside or outside[name]["span_from"] != low:
                moved.append((low, None))
                self._show_outside(where, name, outside.get(name), low, high)
        states = {artifact_id: state.name for artifact_id, state in found.states.items()}
        rows = self._batch.artifacts.of("location_id", where)
        return found.recorded, states | {row["id"]: row["state"] for row in rows if row["state"] is not None}

    def _verify(self, where: int, states: Mapping[int, str], sightings: Sequence[Sighting]) -> None:
        """Say of each artifact of a location what looks say of it."""
        tell = any(look.said is not None for _, look in sightings)
        rows, nodes = self._batch.artifacts.of("location_id", where), self._batch.nodes
        some_are_named = any(one.look.of is not None for one in sightings)
        if some_are_named:
            nodes.load("id", [row["id"] for row in rows])
        for row in rows:
            own = states.get(row["id"])
            mine = speaking_of(sightings, nodes.at(row["id"])["key"]) if some_are_named else sightings
            row.update(verified_columns(own, verify(mine, own, written(row))))
            self._batch.artifacts.touch(row)
            if tell:
                self._telling[row["id"]] = None

    def _force_moved(self, where: int, moved: list[tuple[int, int | None]]) -> None:
        """A write that moved matters to readers that ended after it began, and to those of its run."""
        uses, first = self._batch.uses, min(at for at, _ in moved) - SKEW_SECONDS
        later = uses.find_where("location_id", where, "read_to", ">=", first)
        self._force(use for use in later if use["read_to"] >= first)
        for run_id in {run_id for _, run_id in moved} - {None}:
            of_run = uses.find_where("run_id", run_id, "location_id", "=", where)
            self._force(use for use in of_run if use["location_id"] == where)

    def _show_outside(self, where: int, state: str, row: Row | None, low: int, high: int) -> None:
        if row is None:
            row = self._new_artifact(where, state)
        row.update(span_from=low, span_to=high)
        self._batch.artifacts.put(row)

    def _new_artifact(self, where: int, state: str | None) -> Row:
        """The artifact of an outside write, or of whatever lay there before."""
        place = self._batch.locations.at(where)
        location = Location(store=place["store"], uri=place["uri"])
        key = unknown_key(location) if state is None else state_key(location, state)
        name = "raw" if location.is_raw else location.uri.rstrip("/").rpartition("/")[2] or location.uri
        empty: dict[str, Any] = dict.fromkeys(
            ("execution_id", "run_id", "wrote_from", "wrote_to", "span_from", "span_to", "type", *UNVERIFIED)
        )
        row = {**empty, "id": self._batch.new_node(key), "location_id": where, "state": state, "name": name}
        return self._batch.artifacts.put(row)

    def _remove_artifact(self, row: Row) -> None:
        batch = self._batch
        if row["execution_id"] is not None:
            self._came[row["location_id"]] -= 1
        if row["span_from"] is not None:
            self._gone[row["location_id"]].append((row["span_from"], row["run_id"]))
        for edge in self._edges_at(row["id"]):
            batch.edges.remove(edge)
        if row["shown"] is not None:
            for metric in batch.metrics.of("origin", row["id"]):
                batch.metrics.remove(metric)
        batch.artifacts.remove(row)
        batch.remove_node(row["id"])

    # -- 3. answers
    def _answer(self) -> None:
        batch = self._batch
        uses = [use for use in self._uses.values() if use["execution_id"] not in batch.removed]
        old = {use["execution_id"] for use in uses} - batch.nodes.made
        batch.edges.load("target", old)
        batch.edges.load("source", old)
        places = {use["location_id"] for use in uses}
        batch.artifacts.load("location_id", places)
        answers = {where: self._answers_at(where) for where in places}
        for use in uses:
            reader = Reader(use["execution_id"], use["run_id"], (use["read_from"], use["read_to"]))
            found = answers[use["location_id"]](reader)
            self._show_edges(use, self._serving.answer(use, found) if use["role"] == SERVED else found)

    def _answers_at(self, where: int) -> Callable[[Reader], Answer]:
        """What answers the readers of a location."""
        writes = [
            Candidate(row["id"], row["execution_id"], row["run_id"], (row["span_from"], row["span_to"]))
            for row in self._batch.artifacts.of("location_id", where)
            if row["span_from"] is not None
        ]
        graph = self._graph
        if len(writes) <= FEW:
            return lambda reader: answer(reader, writes, graph)
        history = History(writes)
        return lambda reader: history.answer(reader, graph)

    def _show_edges(self, use: Row, found: Answer) -> None:
        batch, execution_id, role, name = self._batch, use["execution_id"], use["role"], use["name"]
        artifacts = found.writes | {self._unknown(use["location_id"])} if found.unknown else found.writes
        known: Mapping[int, Row] = {}
        if execution_id not in batch.nodes.made:
            known = {
                edge["source"]: edge
                for edge in batch.edges.of("target", execution_id)
                if edge["role"] == role and edge["name"] == name
            }
        for artifact_id, edge in known.items():
            if artifact_id not in artifacts:
                self._drop_edge(edge)
                self._orphans.add(artifact_id)
        for artifact_id in artifacts:
            old = known.get(artifact_id)
            if old is None or old["ambiguous"] != found.ambiguous:
                edge = {
                    "source": artifact_id,
                    "target": execution_id,
                    "role": role,
                    "name": name,
                    "ambiguous": found.ambiguous,
                }
                batch.edges.put(edge)
                if role == REUSED:
                    self._hand_on(edge)

    def _hand_on(self, edge: Row) -> None:
        self._batch.edges.put(_handing_on(edge))
        self._tell_takers(edge["source"])

    def _drop_edge(self, edge: Row) -> None:
        self._batch.edges.remove(edge)
        if edge["role"] == REUSED:
            self._batch.edges.of("source", edge["target"])  # only what is at hand can be taken away
            self._batch.edges.remove(_handing_on(edge))
            self._tell_takers(edge["source"])

    def _tell_takers(self, artifact_id: int) -> None:
        """Others take an artifact over than before: what it says, it says of these."""
        row = self._batch.artifacts.get(artifact_id)
        if row is not None and row["shown"] is not None:
            self._telling[artifact_id] = None

    def _unknown(self, where: int) -> int:
        rows = self._batch.artifacts.of("location_id", where)
        row = next((r for r in rows if r["execution_id"] is None and r["state"] is None), None)
        if row is None:
            row = self._new_artifact(where, None)
            if sightings := self._batch.sightings(where):
                row.update(verified_columns(None, verify(speaking_of(sightings, None), None, None)))
        return int(row["id"])

    def _drop_orphans(self) -> None:
        """What lay somewhere before all known writes is known only while someone may have read it."""
        for row in self._batch.artifacts.find("id", self._orphans):
            lonely = row["execution_id"] is None and row["state"] is None
            if lonely and not self._edges_at(row["id"]):
                self._remove_artifact(row)

    def _edges_at(self, artifact_id: int) -> list[Row]:
        """The edges at an artifact, but for those of copies, which come last (`lineage.store.copying`)."""
        edges = self._batch.edges
        found = [*edges.of("target", artifact_id), *edges.of("source", artifact_id)]
        return [edge for edge in found if edge["role"] != tables.COPIED]


def _places_of(batch: Batch, column: str, ids: Collection[int]) -> Iterator[Location]:
    """Where executions or runs have written and read so far, past the shelves: it is not locked yet."""
    for table in (tables.artifact, tables.use) if ids else ():
        for condition in batch.dialect.one_of(table.c[column], ids):
            where = select(tables.location.c.store, tables.location.c.uri).distinct()
            joined = where.join(table, table.c.location_id == tables.location.c.id).where(condition)
            for row in batch.connection.execute(joined):
                yield Location(store=row.store, uri=row.uri)


def _handing_on(edge: Row) -> Row:
    """The edge from one who took an artifact over to that artifact."""
    return {**edge, "source": edge["target"], "target": edge["source"], "role": tables.HANDED_ON}


def _span_of(row: Row) -> Span:
    return span(row["started_at"], row["finished_at"] if has_ended(row) else None)
