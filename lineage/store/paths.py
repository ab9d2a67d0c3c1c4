"""Why some nodes are connected with others: all that lies on any way from the one to the other.

What lies on a way is downstream of its beginning and upstream of its end. So the database says what is both, by two
recursions, and of that alone the links are read. What is on no way all the same falls away in memory: what somebody
took over from a cache is downstream of him, and yet he is not upstream of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from lineage.identity import encoded_id
from lineage.model import Direction, Paths, is_system
from lineage.ports import Scope
from lineage.store.bodies import Take, anything
from lineage.store.prepared import begin
from lineage.store.reads import keys_of, nodes_of_keys, seen_ids
from lineage.store.walk import SOME_HIDDEN, Link, Links, Walk, ids_reached, more_than

Arcs = Mapping[int, Iterable[int]]
"""What each node leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Between:
    """What lies between some nodes and others, in the direction of the data: how far each is from where it begins, how
    long a shortest way through it is, and the links. `is_any_hidden`: ways may lead through what may not be seen."""

    keys: dict[int, str]
    depths: dict[int, int]
    lengths: dict[int, int]
    links: list[Link]
    shortest: tuple[int, ...]
    is_any_hidden: bool


def paths(
    connection: Connection,
    scope: Scope,
    sources: Sequence[str],
    targets: Sequence[str],
    *,
    max_nodes: int,
    system: bool,
    take: Take = anything,
) -> Paths | None:
    """Find what connects the nodes of some keys with those of others, as `lineage.ports.LineageStore.paths` says."""
    begin(connection)
    near, far = (seen_ids(connection, scope, keys) for keys in (sources, targets))
    if not near or not far:
        return None
    ways = (_between(connection, scope, near, far), _between(connection, scope, far, near))
    shortest = next((way.shortest for way in ways if way.shortest), ())
    found = _walk(ways, shortest, max_nodes)
    keys = keys_of(connection, found.depths)
    nodes = nodes_of_keys(connection, scope, keys, take)
    hidden = {i for i, node in nodes.items() if is_system(node) and not system} - near.keys() - far.keys()
    shown = found.without(hidden)
    return Paths(
        graph=shown.graph(keys, nodes), shortest=tuple(encoded_id(keys[i]) for i in shortest if i in shown.depths)
    )


def _between(connection: Connection, scope: Scope, begins: Mapping[int, str], ends: Mapping[int, str]) -> _Between:
    down, is_hidden_below = ids_reached(connection, scope, list(begins.values()), Direction.DOWNSTREAM)
    up, is_hidden_above = ids_reached(connection, scope, list(ends.values()), Direction.UPSTREAM)
    both = down & up
    back = Links(connection, scope, Direction.UPSTREAM)
    back.far_ends(both, ahead=0)
    links = [(near, far, link) for near, far, link in back if far in both]
    onward, backward = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)
    for near, far, _ in links:
        onward[far].add(near)
        backward[near].add(far)
    depths, left = _distances(begins.keys() & both, onward), _distances(ends.keys() & both, backward)
    on = depths.keys() & left.keys()
    keys = keys_of(connection, on)
    return _Between(
        keys=keys,
        depths={i: depths[i] for i in on},
        lengths={i: depths[i] + left[i] for i in on},
        links=[link for near, far, link in links if near in on and far in on],
        shortest=_shortest(begins.keys() & on, onward, left, keys),
        is_any_hidden=is_hidden_below and is_hidden_above,
    )


def _distances(starts: Iterable[int], arcs: Arcs) -> dict[int, int]:
    """How many edges what can be reached is away."""
    from networkx import DiGraph, bfs_layers  # noqa: PLC0415 - it takes longer than most commands, and few ask this

    reached: dict[int, Iterable[int]] = {near: list(fars) for near, fars in arcs.items()}
    graph: DiGraph[int] = DiGraph(reached)
    graph.add_nodes_from(first := list(starts))
    return {node: distance for distance, layer in enumerate(bfs_layers(graph, first)) for node in layer}


def _shortest(starts: Iterable[int], onward: Arcs, left: Mapping[int, int], keys: Mapping[int, str]) -> tuple[int, ...]:
    """One of the shortest ways: of equal ones, that of the first keys. `left` is how far it is to the end."""
    nearest = min(starts, key=lambda i: (left[i], keys[i]), default=None)
    way: list[int] = []
    while nearest is not None:
        way.append(nearest)
        rest = (i for i in onward.get(nearest, ()) if left.get(i, -1) == left[nearest] - 1)
        nearest = min(rest, key=lambda i: keys[i], default=None) if left[nearest] else None
    return tuple(way)


def _walk(ways: Sequence[_Between], shortest: Sequence[int], max_nodes: int) -> Walk:
    """Put both directions into one graph: of too many nodes, those of a shortest way, and then of those as short."""
    keys: dict[int, str] = {}
    lengths: dict[int, int] = {}
    depths: dict[int, int] = {}
    for way in ways:
        keys |= way.keys
        for of, mine in ((lengths, way.lengths), (depths, way.depths)):
            of |= {i: min(value, of.get(i, value)) for i, value in mine.items()}
    kept = sorted(keys, key=lambda i: (i not in shortest, lengths[i], encoded_id(keys[i])))[:max_nodes]
    found = Walk(depths={i: depths[i] for i in kept})
    if len(kept) < len(keys):
        found.reasons[more_than(max_nodes)] = None
    if any(way.is_any_hidden for way in ways):
        found.reasons[SOME_HIDDEN] = None
    for link in (link for way in ways for link in way.links):
        ends = [i for i in link[:2] if i in found.depths]
        if len(ends) == 2:
            found.links[link] = None
        else:
            found.frontier.update(ends)
    return found
