"""The graph that the nodes of a workflow draw: what had to come right before what.

Pure. Source: `assessDAGPhase`, `executeSteps` and `processNodeRetries` in argo-workflows/workflow/controller.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from watchers.reading import mapping, seconds, sequence, text

CHILDREN: Final = "children"
RETRY: Final = "Retry"
_ATTEMPT: Final = re.compile(r"\(([0-9]{1,9})\)$")


class Shape(msgspec.Struct, frozen=True, gc=False):
    """What of a node draws the graph. `attempt_name` is what its name is without the number of an attempt."""

    name: str
    kind: str
    started_at: int | None
    children: tuple[str, ...]
    attempt_name: str | None
    number: int
    is_hook: bool

    @property
    def is_attempt(self) -> bool:
        """Say whether its name numbers it, and it is no hook that happens to be named so."""
        return self.attempt_name is not None and not self.is_hook


def shape_of(node: Mapping[str, Any], began: datetime | None) -> Shape:
    """Read what draws the graph of a node, which began then.

    Raises:
        InvalidObservation: a member is not what it should be.
    """
    name = text(node, "name")
    found = _ATTEMPT.search(name)
    return Shape(
        name=name,
        kind=text(node, "type"),
        started_at=seconds(began),
        children=children_of(node),
        attempt_name=name[: found.start()] if found else None,
        number=int(found.group(1)) if found else 0,
        is_hook=bool(mapping(node, "nodeFlag").get("hooked")),
    )


def children_of(node: Mapping[str, Any]) -> tuple[str, ...]:
    """Read which nodes come right after one.

    Raises:
        InvalidObservation: that is no list.
    """
    return tuple(dict.fromkeys(child for child in sequence(node, CHILDREN) if isinstance(child, str)))


def attempt_number(shape: Shape, parents: Iterable[Shape]) -> int:
    """Number an attempt: what `name(n)` says under a Retry node of that name, else 0."""
    if shape.attempt_name is None:
        return 0
    retried = any(parent.kind == RETRY and parent.name == shape.attempt_name for parent in parents)
    return shape.number if retried else 0


@dataclass(frozen=True, slots=True)
class Graph:
    """For each node the nodes right before it, groupings included, by their ids. `awaited` are children that are named
    and not there. `is_ending`: there is an exit handler, which comes after all else."""

    parents: Mapping[str, tuple[str, ...]]
    awaited: frozenset[str]
    is_ending: bool


def drawn(shapes: Mapping[str, Shape], workflow: str) -> Graph:
    """Draw the graph of nodes.

    `children` are the edges that Argo draws; some name nodes that do not exist (yet, or any more). The
    attempts under a Retry follow one another. The exit handler of the workflow is nobody's child: it comes
    after everything else, that is after every node without a successor.
    """
    parents: dict[str, list[str]] = defaultdict(list)
    awaited: set[str] = set()
    for node_id, shape in shapes.items():
        for child in shape.children:
            if child in shapes:
                parents[child].append(node_id)
            else:
                awaited.add(child)
        if shape.kind == RETRY:
            attempts = [child for child in shape.children if child in shapes and shapes[child].is_attempt]
            for earlier, later in pairwise(attempts):
                parents[later].append(earlier)
    handlers = {node_id for node_id, shape in shapes.items() if _is_handler(shape, workflow)}
    if handlers:
        leaves = [
            node_id
            for node_id, shape in shapes.items()
            if node_id not in handlers and not any(child in shapes for child in shape.children)
        ]
        for handler in handlers:
            if not any(parent in handlers for parent in parents[handler]):
                parents[handler].extend(leaves)
    found = {node_id: _in_order(parents.get(node_id, ())) for node_id in shapes}
    return Graph(found, frozenset(awaited), is_ending=bool(handlers))


def drawn_on(
    graph: Graph, changes: Mapping[str, tuple[Shape | None, Shape]], workflow: str
) -> tuple[Graph, AbstractSet[str]] | None:
    """Go on with the graph of the view before, of which some nodes changed; and name the nodes before which other ones
    come now. None where more happened than that nodes came, and were named by others: it must be drawn anew.

    `changes` are the nodes that changed as they were, None those that were not there, and as they are.
    """
    if graph.is_ending:
        return None
    drawing: list[tuple[str, Iterable[str]]] = []  # which further children nodes have
    parents: dict[str, list[str]] = {}
    for node_id, (was, shape) in changes.items():
        if was == shape:
            continue
        if shape.kind == RETRY or _is_handler(shape, workflow):
            return None
        if was is None:
            if node_id in graph.awaited:
                return None
            parents[node_id] = []
            drawing.append((node_id, shape.children))
        elif was == replace(shape, children=was.children) and set(was.children).issubset(shape.children):
            drawing.append((node_id, set(shape.children).difference(was.children)))
        else:
            return None
    if not drawing:
        return graph, frozenset()
    awaited: list[str] = []
    for node_id, children in drawing:
        for child in children:
            if child in parents:
                parents[child].append(node_id)
            elif child in graph.parents:
                parents[child] = [*graph.parents[child], node_id]
            else:
                awaited.append(child)
    found = {node_id: _in_order(of) for node_id, of in parents.items()}
    return Graph({**graph.parents, **found}, graph.awaited.union(awaited), is_ending=False), found.keys()


def _is_handler(shape: Shape, workflow: str) -> bool:
    return shape.name.startswith(f"{workflow}.onExit")


def _in_order(node_ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(node_ids)))
