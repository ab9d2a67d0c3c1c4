"""The attempts that a view of a workflow shows: what each of its nodes means, and where it stands in the graph.

Pure but for a bounded memory of the last views, on which nothing depends but speed: a node whose text is as it was,
on the same ground, means what it meant. So a view of a thousand nodes costs what those cost that changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

import orjson
from msgspec import Raw
from msgspec.structs import replace

from lineage.facts import ExecutionState, Write
from lineage.observation import ObjectSeen
from lineage.remembering import LastViews
from watchers.attempts import Reader, Reading
from watchers.graph import CHILDREN, Graph, Shape, attempt_number, children_of, drawn, drawn_on
from watchers.kubeflow import plain_node
from watchers.nodes import Nodes
from watchers.reading import mapping
from watchers.source import Members, read_members

EMPTY: Final = Raw(b"{}")
EMPTY_LIST: Final = Raw(b"[]")

_STATE_BYTES: Final = 5_000  # what is remembered of a node besides its text, roughly
_Ground: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The attempts and groupings of a view, and the first and the last time that they name. `removed` is what attempts
    wrote and Argo's garbage collection removed."""

    executions: tuple[ExecutionState, ...]
    span: tuple[datetime, ...]
    removed: tuple[tuple[ExecutionState, Write], ...] = ()


NO_NODES: Final = Shown(executions=(), span=())


@dataclass(frozen=True, slots=True)
class _Placed:
    """Where the nodes of a view stand. `tasks` says that of the tasks of Kubeflow, by the nodes that drove them."""

    graph: Graph
    tasks: Mapping[str, str]
    states: Mapping[str, ExecutionState]


@dataclass(frozen=True, slots=True)
class _View:
    """What was read of the nodes of a view, on the ground of what they refer to. All have the keys of `nodes`."""

    ground: _Ground
    nodes: Members
    readings: Mapping[str, Reading]
    placed: _Placed
    shown: Shown


_NOTHING: Final = _View((), {}, {}, _Placed(Graph({}, frozenset(), is_ending=False), {}, {}), NO_NODES)
_views: Final = LastViews[_View]()


# ------------------------------------------------------------------------------------------ views
def of_nodes(reader: Reader, nodes: Nodes) -> Shown:
    """Read the nodes of a workflow.

    Raises:
        InvalidObservation: a member is not what it should be.
    """
    readings = {node_id: reader.reading(node_id, node) for node_id, node in nodes.items()}
    return _shown(readings, _placed(readings, reader.name, _NOTHING), _span(_times(readings.values())))


def of_sent_nodes(reader: Reader, nodes: Members, ground: tuple[Raw, ...], seen: ObjectSeen) -> Shown:
    """Read the nodes of a workflow, which are texts. `ground` is the text of what they refer to.

    Raises:
        InvalidObservation: a member is not what it should be.
        ValueError: a node is null, or no JSON.
    """
    name = (seen.cluster, reader.namespace, reader.name)
    on = (reader.name, *ground)
    before = _views.get(name)
    if before is None or before.ground != on:
        before = _NOTHING
    changed = [node_id for node_id, sent in nodes.items() if before.nodes.get(node_id) != sent]
    if not changed and len(nodes) == len(before.nodes):
        return before.shown
    known = {**before.readings, **{node_id: _read(reader, node_id, nodes[node_id], before) for node_id in changed}}
    readings = {node_id: known[node_id] for node_id in nodes}
    goes_on = before is not _NOTHING and before.nodes.keys() <= nodes.keys()
    placed = _placed_on(readings, changed, reader.name, before) if goes_on else None
    placed = placed or _placed(readings, reader.name, before)
    span = _span_on(readings, changed, before) if goes_on else None
    shown = _shown(readings, placed, span or _span(_times(readings.values())))
    _views.put(name, _View(on, nodes, readings, placed, shown), len(seen.body) + _STATE_BYTES * len(nodes))
    return shown


def _read(reader: Reader, node_id: str, sent: Raw, before: _View) -> Reading:
    """Read a node that is not as it was. When a step begins, those before it get another child: that is another place
    in the graph, and nothing else of what they mean."""
    known = before.readings.get(node_id)
    if known is not None:
        was, now = read_members(before.nodes[node_id]), read_members(sent)
        was.pop(CHILDREN, None)
        children = now.pop(CHILDREN, EMPTY_LIST)
        if was == now:
            named = children_of({CHILDREN: orjson.loads(memoryview(children))})
            return replace(known, shape=replace(known.shape, children=named))
    node = orjson.loads(memoryview(sent))
    if node is None:
        raise ValueError("whether there are nodes must be asked of the whole")
    return reader.reading(node_id, mapping({node_id: node}, node_id))


# ------------------------------------------------------------------------------------------ what they show
def _shown(readings: Mapping[str, Reading], placed: _Placed, span: tuple[datetime, ...]) -> Shown:
    removed = tuple((reading.state, write) for reading in readings.values() for write in reading.removed)
    return Shown(executions=tuple(placed.states.values()), span=span, removed=removed)


def _span_on(readings: Mapping[str, Reading], changed: Iterable[str], before: _View) -> tuple[datetime, ...] | None:
    """Find the first and the last time, where all that were named before still are; else None."""
    times = list(before.shown.span)
    for node_id in changed:
        named, was = readings[node_id].times, before.readings.get(node_id)
        if was is not None and not set(was.times).issubset(named):
            return None
        times += named
    return _span(times)


def _span(times: list[datetime]) -> tuple[datetime, ...]:
    return (min(times), max(times)) if times else ()


def _times(readings: Iterable[Reading]) -> list[datetime]:
    return [moment for reading in readings for moment in reading.times]


# ------------------------------------------------------------------------------------------ where they stand
def _placed(readings: Mapping[str, Reading], workflow: str, before: _View) -> _Placed:
    """Place what nodes say in the graph that all of them draw."""
    graph = drawn({node_id: reading.shape for node_id, reading in readings.items()}, workflow)
    tasks = _tasks(readings.values())
    return _Placed(graph, tasks, {node_id: _state(node_id, readings, graph, tasks, before) for node_id in readings})


def _placed_on(readings: Mapping[str, Reading], changed: Iterable[str], workflow: str, before: _View) -> _Placed | None:
    """The same, where the graph only goes on from the view before, of which no node is gone; else None."""
    changes: dict[str, tuple[Shape | None, Shape]] = {}
    came: list[Reading] = []
    saying: list[str] = []  # which say something else, and not only that further nodes come after them
    for node_id in changed:
        reading, was = readings[node_id], before.readings.get(node_id)
        changes[node_id] = None if was is None else was.shape, reading.shape
        if was is None:
            came.append(reading)
        elif was.place != reading.place:
            return None
        if was is None or was.state is not reading.state:
            saying.append(node_id)
    grown, tasks = drawn_on(before.placed.graph, changes, workflow), _tasks(came)
    if grown is None or not tasks.keys().isdisjoint(before.placed.tasks):
        return None
    graph, moved = grown
    driven = [node_id for node_id, reading in readings.items() if reading.driven_by in tasks] if tasks else ()
    tasks = {**before.placed.tasks, **tasks}
    states = dict(before.placed.states)
    for node_id in {*saying, *moved, *driven}:
        states[node_id] = _state(node_id, readings, graph, tasks, before)
    return _Placed(graph, tasks, {node_id: states[node_id] for node_id in readings})


def _state(
    node_id: str, readings: Mapping[str, Reading], graph: Graph, tasks: Mapping[str, str], before: _View
) -> ExecutionState:
    """Place what a node says; the very state of the view before, if it stands where it stood."""
    reading, found = readings[node_id], graph.parents[node_id]
    parents = tuple([(parent, readings[parent].shape.started_at) for parent in found])
    attempt = attempt_number(reading.shape, (readings[parent].shape for parent in found)) or reading.attempt_at_task
    told_as = reading.state.told_as if reading.driven_by is None else tasks.get(reading.driven_by)
    known = before.readings.get(node_id)
    if known is not None and known.state is reading.state:
        old = before.placed.states[node_id]
        if (old.attempt, old.parents, old.told_as) == (attempt, parents, told_as):
            return old
    return replace(reading.state, attempt=attempt, parents=parents, told_as=told_as)


def _tasks(readings: Iterable[Reading]) -> dict[str, str]:
    """Say where tasks stand, by the nodes that drove them."""
    return {plain_node(reading.shape.name): reading.place for reading in readings if reading.place}
