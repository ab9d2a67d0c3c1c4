"""The attempts that a view of a workflow shows: what each of its nodes means, and where it stands in the graph.

Pure but for a bounded memory of the last views, on which nothing depends but speed: a node whose text is as it was,
on the same ground, means what it meant. So a view of a thousand nodes costs what those cost that changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias

import orjson
from msgspec import Raw, structs

from lineage.facts import ExecutionState, Write
from lineage.observation import ObjectSeen
from lineage.remembering import LastViews
from watchers.attempts import Reader, Reading
from watchers.kubeflow import plain_node
from watchers.nodes import CHILDREN, Nodes, attempt_number, children_of, parents_of
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
class _View:
    """What was read of the nodes of a view, on the ground of what they refer to. All have the keys of `nodes`."""

    ground: _Ground
    nodes: Members
    readings: Mapping[str, Reading]
    placed: Mapping[str, ExecutionState]


_views: Final = LastViews[_View]()


# ------------------------------------------------------------------------------------------ views
def of_nodes(reader: Reader, nodes: Nodes) -> Shown:
    """Read the nodes of a workflow.

    Raises:
        InvalidObservation: a member is not what it should be.
    """
    readings = {node_id: reader.reading(node_id, node) for node_id, node in nodes.items()}
    return _shown(readings, _placed(readings, reader.name, None))


def of_sent_nodes(reader: Reader, nodes: Members, ground: tuple[Raw, ...], seen: ObjectSeen) -> Shown:
    """Read the nodes of a workflow, which are texts. `ground` is the text of what they refer to.

    Raises:
        InvalidObservation: a member is not what it should be.
        ValueError: every node is null, or one is no JSON.
    """
    name = (seen.cluster, reader.namespace, reader.name)
    before = _views.get(name)
    on = (reader.name, *ground)
    if before is None or before.ground != on:
        before = _View(on, {}, {}, {})
    if before.nodes == nodes:
        return _shown(before.readings, before.placed)
    readings: dict[str, Reading] = {}
    for node_id, sent in nodes.items():
        if before.nodes.get(node_id) == sent:
            if (known := before.readings.get(node_id)) is not None:
                readings[node_id] = known
        elif (read := _read(reader, node_id, sent, before)) is not None:
            readings[node_id] = read
    if not readings:
        raise ValueError("whether there are nodes must be asked of the whole")
    view = _View(on, nodes, readings, _placed(readings, reader.name, before))
    _views.put(name, view, len(seen.body) + _STATE_BYTES * len(nodes))
    return _shown(view.readings, view.placed)


def _read(reader: Reader, node_id: str, sent: Raw, before: _View) -> Reading | None:
    """Read a node that is not as it was; None where it is null. When a step begins, those before it get another child:
    that is another place in the graph, and nothing else of what they mean."""
    known = before.readings.get(node_id)
    if known is not None:
        was, now = read_members(before.nodes[node_id]), read_members(sent)
        was.pop(CHILDREN, None)
        children = now.pop(CHILDREN, EMPTY_LIST)
        if was == now:
            shape = replace(known.shape, children=children_of({CHILDREN: orjson.loads(memoryview(children))}))
            return replace(known, shape=shape)
    node = orjson.loads(memoryview(sent))
    return None if node is None else reader.reading(node_id, mapping({node_id: node}, node_id))


def _shown(readings: Mapping[str, Reading], placed: Mapping[str, ExecutionState]) -> Shown:
    times = [moment for reading in readings.values() for moment in reading.times]
    removed = tuple((reading.state, write) for reading in readings.values() for write in reading.removed)
    return Shown(executions=tuple(placed.values()), span=(min(times), max(times)) if times else (), removed=removed)


def _placed(readings: Mapping[str, Reading], workflow: str, before: _View | None) -> dict[str, ExecutionState]:
    """Place what nodes say in the graph that all of them draw."""
    if before is not None and _draws_the_same(readings, before.readings):
        return {
            node_id: old if reading is before.readings[node_id] else _at_place_of(old, reading)
            for (node_id, reading), old in zip(readings.items(), before.placed.values(), strict=True)
        }
    shapes = {node_id: reading.shape for node_id, reading in readings.items()}
    graph = parents_of(shapes, workflow)
    places = {plain_node(reading.shape.name): reading.place for reading in readings.values() if reading.place}
    placed_before = {} if before is None else before.placed
    placed: dict[str, ExecutionState] = {}
    for node_id, reading in readings.items():
        found = graph.get(node_id, [])
        attempt = attempt_number(reading.shape, found, shapes) or reading.attempt_at_task
        parents = tuple((parent, shapes[parent].started_at) for parent in sorted(set(found)))
        told_as = reading.state.told_as if reading.driven_by is None else places.get(reading.driven_by)
        known = None if before is None else before.readings.get(node_id)
        old = None if known is None or known.state is not reading.state else placed_before[node_id]
        same = old is not None and (old.attempt, old.parents, old.told_as) == (attempt, parents, told_as)
        if old is None or not same:
            old = structs.replace(reading.state, attempt=attempt, parents=parents, told_as=told_as)
        placed[node_id] = old
    return placed


def _draws_the_same(readings: Mapping[str, Reading], before: Mapping[str, Reading]) -> bool:
    """Say whether nodes draw the same graph as before, and say the same of where tasks stand. Their order is part of
    it."""
    return list(readings) == list(before) and all(
        reading is old or (reading.shape, reading.place, reading.driven_by) == (old.shape, old.place, old.driven_by)
        for reading, old in zip(readings.values(), before.values(), strict=True)
    )


def _at_place_of(old: ExecutionState, reading: Reading) -> ExecutionState:
    told_as = reading.state.told_as if reading.driven_by is None else old.told_as
    return structs.replace(reading.state, attempt=old.attempt, parents=old.parents, told_as=told_as)
