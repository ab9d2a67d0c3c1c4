"""One traversal for every graph: level by level over the edge table, bounded, and never silently partial.

Upstream of an artifact is who wrote it, not who took it over from a cache; of an execution, what it read
and what it took over. Downstream is the reverse, takers included.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, select

from lineage.identity import global_id
from lineage.model import ArtifactRole, Direction, LineageEdge, LineageGraph, LineageNode
from lineage.store import tables
from lineage.store.shelf import chunks

Read = Callable[[Iterable[int]], Mapping[int, LineageNode]]
"""Reads nodes by internal id: those that the caller may see."""

Link = tuple[int, int, str, str, bool]
"""Source, target, role, name, ambiguous."""


@dataclass(slots=True)
class _Found:
    """What a walk has found so far: nodes with their distance, and the links that were followed."""

    depths: dict[int, int]
    nodes: dict[int, LineageNode]
    links: dict[tuple[int, int, str, str], Link] = field(default_factory=dict)
    frontier: set[int] = field(default_factory=set)
    reasons: dict[str, None] = field(default_factory=dict)


def walk(
    connection: Connection,
    roots: Mapping[int, LineageNode],
    read: Read,
    *,
    direction: Direction,
    max_depth: int | None,
    max_nodes: int,
) -> LineageGraph:
    """Walk the provenance graph from `roots`. `read` also says what may be seen."""
    found = _Found(depths=dict.fromkeys(roots, 0), nodes=dict(roots))
    both = (Direction.UPSTREAM, Direction.DOWNSTREAM) if direction is Direction.BOTH else (direction,)
    for way in both:
        _walk_one_way(connection, found, read, way, _Bounds(max_depth, max_nodes))
    return _graph(found)


@dataclass(frozen=True, slots=True)
class _Bounds:
    depth: int | None
    nodes: int


def _walk_one_way(connection: Connection, found: _Found, read: Read, way: Direction, bounds: _Bounds) -> None:
    level, depth = [i for i, distance in found.depths.items() if distance == 0], 0
    reached = set(level)
    while level:
        links = _neighbours(connection, found.nodes, level, way)
        if depth == bounds.depth:
            if beyond := {near for near, far, _ in links if far not in reached}:
                found.reasons[f"there is more beyond the depth of {bounds.depth}"] = None
                found.frontier |= beyond
            return
        depth += 1
        unknown = [far for far in dict.fromkeys(far for _, far, _ in links) if far not in found.nodes]
        seen = read(unknown)
        if len(seen) < len(unknown):
            found.reasons["some nodes may not be seen"] = None
        room = bounds.nodes - len(found.nodes)
        ordered = sorted(seen, key=lambda i: global_id(seen[i].key))
        if len(ordered) > room:
            found.reasons[f"there are more than {bounds.nodes} nodes"] = None
            cut = set(ordered[max(room, 0) :])
            found.frontier |= {near for near, far, _ in links if far in cut}
            ordered = ordered[: max(room, 0)]
        for node_id in ordered:
            found.nodes[node_id] = seen[node_id]
            found.depths[node_id] = depth
        for _, far, link in links:
            if far in found.nodes:
                found.links[link[:4]] = link
        level = [far for far in dict.fromkeys(far for _, far, _ in links) if far in found.nodes and far not in reached]
        reached.update(level)


def _neighbours(
    connection: Connection, nodes: Mapping[int, LineageNode], level: Sequence[int], way: Direction
) -> list[tuple[int, int, Link]]:
    """The links that lead on from a level: the near end, the far end and the link itself."""
    artifacts = [i for i in level if nodes[i].key[0] == "Artifact"]
    executions = [i for i in level if nodes[i].key[0] == "Execution"]
    used, generated, reused = (role.value for role in ArtifactRole)
    if way is Direction.UPSTREAM:
        return [
            *_links(connection, "target", artifacts, (generated,)),
            *_links(connection, "target", executions, (used,)),
            *_links(connection, "source", executions, (reused,)),
        ]
    return [
        *_links(connection, "source", artifacts, (used,)),
        *_links(connection, "target", artifacts, (reused,)),
        *_links(connection, "source", executions, (generated, reused)),
    ]


def _links(
    connection: Connection, near: str, ids: Sequence[int], roles: tuple[str, ...]
) -> list[tuple[int, int, Link]]:
    edge = tables.edge
    found: list[tuple[int, int, Link]] = []
    for some in chunks(ids):
        rows: Iterable[Row[tuple[int, int, str, str, bool]]] = connection.execute(
            select(edge.c.source, edge.c.target, edge.c.role, edge.c.name, edge.c.ambiguous).where(
                edge.c[near].in_(some), edge.c.role.in_(roles)
            )
        )
        for row in rows:
            ends = (row.source, row.target) if near == "source" else (row.target, row.source)
            found.append((*ends, (row.source, row.target, row.role, row.name, bool(row.ambiguous))))
    return found


def _graph(found: _Found) -> LineageGraph:
    ids = {node_id: global_id(node.key) for node_id, node in found.nodes.items()}
    edges = [
        LineageEdge(source=ids[source], target=ids[target], role=ArtifactRole(role), name=name, inferred=ambiguous)
        for source, target, role, name, ambiguous in found.links.values()
    ]
    return LineageGraph(
        nodes=tuple(found.nodes[i] for i in sorted(found.nodes, key=lambda i: (found.depths[i], ids[i]))),
        edges=tuple(sorted(edges, key=lambda e: (e.source, e.target, e.role, e.name or ""))),
        depth=max(found.depths.values(), default=0),
        complete=not found.reasons,
        reasons=tuple(found.reasons),
        frontier=tuple(sorted(ids[i] for i in found.frontier)),
    )
