"""One traversal for every graph: a recursive query over the edge table, bounded, and never silently partial.

Upstream of an artifact is who wrote it, not who took it over from a cache; of an execution, what it read
and what it took over. Downstream is the reverse, takers included.

`closure` is the traversal itself. `walk` goes level by level, so that the nearest is kept of what is too much, over
links that the same traversal read ahead: one statement for a whole graph, or one a level where the walk is a short one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import zip_longest
from operator import itemgetter
from typing import Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Integer,
    Subquery,
    and_,
    bindparam,
    case,
    func,
    not_,
    or_,
    select,
    text,
    true,
)

from lineage.identity import Key, decode_key, encode_key, encoded_id, hidden_beside, hidden_key
from lineage.model import (
    Artifact,
    ArtifactRole,
    Closure,
    Copy,
    Direction,
    Hidden,
    LineageEdge,
    LineageGraph,
    LineageNode,
    Start,
    is_in_volume,
)
from lineage.ports import Scope
from lineage.serving import label_in
from lineage.store import tables
from lineage.store.conditions import Expression
from lineage.store.prepared import Prepared, among, given
from lineage.store.queries import KEPT, is_seen
from lineage.store.reads import seen_ids

SHORT: Final = 8  # levels: a walk of no more reads them one by one, rather than what lies behind them too
BETWEEN_KEYS: Final = "\n"
_ROLES: Final = {role.value: role for role in ArtifactRole}  # found faster than by the enumeration
_REUSED, _SERVED = ArtifactRole.REUSED.value, ArtifactRole.SERVED.value
SOME_HIDDEN: Final = "some nodes may not be seen"

Link = tuple[int, int, str, str, bool]
"""Source, target, role, name, ambiguous."""


# ------------------------------------------------------------------------------------------ the traversal
def _onward(way: Direction, node_id: Expression) -> Expression:
    """The id of a node, or the number that it was made of. What was there before mostly has the smaller id, so
    upstream they are negative: either way, what a node leads to mostly has the greater number."""
    return -node_id if way is Direction.UPSTREAM else node_id


def _leads(way: Direction, near: Expression) -> ColumnElement[bool]:
    """The edges that lead on from a node: one range of one index.

    The bound of the role depends on the node, if only in form. Were it a constant, SQLite would read the whole table
    first, into a filter, as soon as it has statistics.
    """
    edge = tables.edge
    if way is Direction.UPSTREAM:
        return and_(edge.c.target == near, edge.c.role < case((near.is_(None), ""), else_=tables.HANDED_ON))
    return edge.c.source == near


def _far(way: Direction) -> Expression:
    return tables.edge.c.source if way is Direction.UPSTREAM else tables.edge.c.target


def _reached(way: Direction, scope: Scope, roots: Subquery, *, nearest_first: bool) -> CTE:
    """What lies that way of the roots, themselves included, by `_onward`; the roots are ids of what may be seen. What
    may not be seen is reached and not left. Groupings read and write nothing, so no edge leads to one.

    Unless the nearest come first, SQLite goes by number: so it finds most of what it looks for beside what it looked
    for last, which takes it two thirds of the time.
    """
    edge, far = tables.edge, _far(way)
    seen = [] if scope.namespaces is None else [true().label("seen")]
    reached = select(_onward(way, roots.c[0]).label("number"), *seen).cte("reached", recursive=True)
    onward = _leads(way, _onward(way, reached.c.number))
    if scope.namespaces is not None:
        onward = and_(reached.c.seen, onward, _is_told(reached.c.number, far, scope))
    step = select(_onward(way, far), *([] if scope.namespaces is None else [is_seen(far, scope)]))
    step = step.select_from(reached).join(edge, onward)
    return reached.union(step if nearest_first else step.suffix_with(text("ORDER BY 1"), dialect="sqlite"))


def _is_told(near: Expression, far: Expression, scope: Scope) -> ColumnElement[bool]:
    """Links that a caller may know of. That something elsewhere has the same content is none of them, unless that may
    be seen: else whoever guesses a content could find out whether others have it. (The role depends on the node as in
    `_leads`.)"""
    copied = case((near.is_(None), ""), else_=tables.COPIED)
    return or_(tables.edge.c.role != copied, is_seen(far, scope))


def _first(way: Direction, scope: Scope, reached: CTE) -> Subquery:
    """The first `most` of what is reached and may be seen. The query goes no further than that: databases make
    the rows of a recursion as they are asked for, unless these are joined to others before they are counted."""
    some = select(_onward(way, reached.c.number).label("id")).limit(bindparam("most", type_=Integer, required=False))
    return (some if scope.namespaces is None else some.where(reached.c.seen)).subquery("some")


@lru_cache(KEPT)
def _keys(database: str, way: Direction, scope: Scope, *, is_one: bool) -> Prepared:
    """The keys of `most` of what is reached from `roots`, which are keys too; from a single one, if so. They come as
    one text, which takes half the time of so many rows. JSON writes a line's end out, so no key holds one."""
    node = tables.node
    found = _first(way, scope, _reached(way, scope, _named(database, scope, is_one=is_one), nearest_first=False))
    keys = func.aggregate_strings(node.c.key, BETWEEN_KEYS)
    return Prepared(database, select(keys).select_from(found).join(node, node.c.id == found.c.id))


@lru_cache(KEPT)
def _hidden(database: str, way: Direction, scope: Scope, *, is_one: bool) -> Prepared:
    reached = _reached(way, scope, _named(database, scope, is_one=is_one), nearest_first=False)
    return Prepared(database, select(reached.c.number).where(not_(reached.c.seen)).limit(1))


def _named(database: str, scope: Scope, *, is_one: bool) -> Subquery:
    """The ids of the nodes of the keys `roots`, as far as they may be seen."""
    node = tables.node
    is_root = node.c.key == bindparam("roots", required=False) if is_one else among(database, node.c.key, "roots")
    return select(node.c.id).where(is_root, is_seen(node.c.id, scope)).subquery("roots")


def closure(
    connection: Connection, scope: Scope, roots: Sequence[str], *, direction: Direction, max_nodes: int
) -> Closure | None:
    """Name what lies that way of the nodes of these keys, as `lineage.ports.LineageStore.closure` says."""
    database, cursor = connection.dialect.name, connection.connection.cursor()
    found: list[str] = []
    hidden = False
    for way in _ways(direction):
        is_one = len(roots) == 1
        asked = {"roots": roots[0] if is_one else list(roots), "most": max_nodes + 1}
        ((keys,),) = _keys(database, way, scope, is_one=is_one).ask(cursor, asked)
        that_way = [] if keys is None else keys.split(BETWEEN_KEYS)
        found = list(dict.fromkeys(found + that_way)) if found else that_way
        if len(found) > max_nodes:  # it went by number: walk again, for the nearest
            known = seen_ids(connection, scope, roots)
            cut = walk(connection, scope, known, direction=direction, max_depth=None, max_nodes=max_nodes)
            return Closure(keys=tuple(cut.keys.values()), complete=not cut.reasons, reasons=tuple(cut.reasons))
        if scope.namespaces is not None:
            hidden = hidden or bool(_hidden(database, way, scope, is_one=is_one).ask(cursor, asked))
    if not found:
        return None
    return Closure(keys=tuple(found), complete=not hidden, reasons=(SOME_HIDDEN,) if hidden else ())


@lru_cache(KEPT)
def _numbers(database: str, way: Direction, scope: Scope) -> Prepared:
    reached = _reached(way, scope, _named(database, scope, is_one=False), nearest_first=False)
    seen = [] if scope.namespaces is None else [reached.c.seen]
    return Prepared(database, select(_onward(way, reached.c.number).label("id"), *seen))


def ids_reached(connection: Connection, scope: Scope, roots: Sequence[str], way: Direction) -> tuple[set[int], bool]:
    """Find the ids of all that lies one way of the nodes of these keys and may be seen, themselves included, and
    whether anything there may not be."""
    rows = _numbers(connection.dialect.name, way, scope).ask(connection.connection.cursor(), {"roots": list(roots)})
    if scope.namespaces is None:
        return {number for (number,) in rows}, False
    return {number for number, seen in rows if seen}, not all(seen for _, seen in rows)


def _ways(direction: Direction) -> tuple[Direction, ...]:
    return (Direction.UPSTREAM, Direction.DOWNSTREAM) if direction is Direction.BOTH else (direction,)


# ------------------------------------------------------------------------------------------ links, read ahead
@lru_cache(KEPT)
def _links(database: str, way: Direction, scope: Scope) -> Prepared:
    """The links that lead on from the first `most` of what is reached from `roots`, which are ids, and the key of
    the node at the far end, where it may be seen. What nothing leads on from is in it once, without a link."""
    edge, far = tables.edge, tables.node.alias("far")
    roots = given(database, "roots").subquery("roots")
    near = _first(way, scope, _reached(way, scope, roots, nearest_first=True))
    there = far.c.id == _far(way)
    statement = (
        select(near.c.id, edge.c.source, edge.c.target, edge.c.role, edge.c.name, edge.c.ambiguous, far.c.key)
        .select_from(near)
        .outerjoin(edge, _leads(way, near.c.id))
        .outerjoin(far, there if scope.namespaces is None else and_(there, is_seen(far.c.id, scope)))
    )
    return Prepared(database, statement)


class Links:
    """The links that lead on from nodes, one way, and the keys of the nodes at their far ends, as read so far."""

    def __init__(self, connection: Connection, scope: Scope, way: Direction) -> None:
        self.way = way
        self._cursor = connection.connection.cursor()
        self._statement = _links(connection.dialect.name, way, scope)
        self._of: dict[int, list[tuple[int, Link]]] = {}
        self.keys: dict[int, str] = {}

    def of(self, level: Iterable[int], *, ahead: int) -> list[tuple[int, int, Link]]:
        """The near end, the far end and the link itself. Where any is not known yet, those of up to `ahead` nodes
        behind it are read along."""
        if unknown := [node_id for node_id in dict.fromkeys(level) if node_id not in self._of]:
            self._read(unknown, ahead)
        return [(near, far, link) for near in level for far, link in self._of[near]]

    def _read(self, roots: Sequence[int], ahead: int) -> None:
        known = set(self._of)
        asked = {"roots": roots, "most": len(roots) + ahead}
        for near, source, target, role, name, ambiguous, key in self._statement.ask(self._cursor, asked):
            links = self._of.setdefault(near, [])
            if source is None or near in known or (key is None and role == tables.COPIED):  # see `_is_told`
                continue
            far = target if source == near else source
            links.append((far, _link(source, target, role, name, bool(ambiguous))))
            if key is not None:
                self.keys[far] = key


def _link(source: int, target: int, role: str, name: str, ambiguous: bool) -> Link:
    """An edge as readers get it: what was taken over is an output of its taker."""
    if role == _REUSED:
        return target, source, role, name, ambiguous
    if role == _SERVED:
        return source, target, role, label_in(name), ambiguous
    return source, target, _REUSED if role == tables.HANDED_ON else role, name, ambiguous


# ------------------------------------------------------------------------------------------ the walk
@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What a walk found: the key and the distance of each node by its id, and the links between them. `hidden` are
    links to what may not be seen, by the end that may, and which way they lead from there. `reasons` say why anything
    is missing, `frontier` are the nodes to go on from."""

    keys: dict[int, str]
    depths: dict[int, int]
    links: dict[tuple[int, int, str, str], Link] = field(default_factory=dict)
    hidden: dict[tuple[int, Direction], set[Link]] = field(default_factory=dict)
    frontier: set[int] = field(default_factory=set)
    reasons: dict[str, None] = field(default_factory=dict)

    def without(self, hidden: Set[int]) -> "Walk":
        """Leave nodes out."""
        if not hidden:
            return self
        return replace(
            self,
            keys={i: key for i, key in self.keys.items() if i not in hidden},
            links={name: link for name, link in self.links.items() if hidden.isdisjoint(link[:2])},
            hidden={(near, way): links for (near, way), links in self.hidden.items() if near not in hidden},
            frontier=self.frontier - hidden,
        )

    def graph(self, nodes: Mapping[int, LineageNode]) -> LineageGraph:
        """Draw the graph, given the nodes that the keys are of."""
        ids, depths = {node_id: encoded_id(key) for node_id, key in self.keys.items()}, self.depths
        mounted = {node_id for node_id in ids if is_in_volume(nodes[node_id])}
        uses: list[tuple[str, str, str, str, bool]] = []
        starts: list[tuple[str, str]] = []
        copies: dict[tuple[str, str], bool] = {}
        for source, target, role, name, ambiguous in self.links.values():
            near, far = ids[source], ids[target]
            if role == tables.STARTED:
                starts.append((near, far))
            elif role == tables.COPIED:
                copies[near, far] = _are_same_bytes(nodes[source], nodes[target])
            else:
                uses.append((near, far, role, name, ambiguous or source in mounted or target in mounted))
        veils = {beside: _veil(self.keys[beside[0]], beside[1]) for beside in self.hidden}
        for (near_id, way), links in self.hidden.items():
            veil, is_named = veils[near_id, way].id, not isinstance(nodes[near_id], Artifact)
            for is_source, role, name, ambiguous in _veiled(near_id, links, is_named=is_named):
                ends = (ids[near_id], veil) if is_source else (veil, ids[near_id])
                if role == tables.STARTED:
                    starts.append(ends)
                else:
                    uses.append((*ends, role, name, ambiguous))
        seen = [(depths[i], shown, nodes[i]) for i, shown in ids.items()]
        seen += [(depths[near_id] + 1, veil.id, veil) for (near_id, _), veil in veils.items()]
        return LineageGraph(
            nodes=tuple(node for _, _, node in sorted(seen, key=itemgetter(0, 1))),
            edges=tuple(
                LineageEdge(source=near, target=far, role=_ROLES[role], name=name or None, inferred=inferred)
                for near, far, role, name, inferred in sorted(uses)
            ),
            depth=max((depth for depth, _, _ in seen), default=0),
            complete=not self.reasons,
            reasons=tuple(self.reasons),
            frontier=tuple(sorted(ids[i] for i in self.frontier)),
            starts=tuple(Start(source=near, target=far) for near, far in sorted(starts)),
            copies=tuple(
                Copy(source=near, target=far, same_bytes=same) for (near, far), same in sorted(copies.items())
            ),
        )


def _veil(neighbour: str, way: Direction) -> Hidden:
    """What stands for all that may not be seen on one side of the node of a key."""
    return Hidden(key=hidden_key(decode_key(neighbour), way))


def _veiled(near: int, links: Iterable[Link], *, is_named: bool) -> set[tuple[bool, str, str, bool]]:
    """Links of a node to what is hidden: whether it is their source, role, name, ambiguous. Unless `is_named`, the
    names are those that the hidden ends gave them, and are kept back."""
    return {(source == near, role, name if is_named else "", ambiguous) for source, _, role, name, ambiguous in links}


def _are_same_bytes(one: LineageNode, other: LineageNode) -> bool:
    """Whether two nodes of equal content are known to be of the same bytes: contents that mean the same may be, too."""
    return isinstance(one, Artifact) and isinstance(other, Artifact) and one.digest == other.digest is not None


def walk(
    connection: Connection,
    scope: Scope,
    roots: Mapping[int, str],
    *,
    direction: Direction,
    max_depth: int | None,
    max_nodes: int,
) -> Walk:
    """Walk the provenance graph from `roots`, ids and keys of nodes that the caller may see. Of more than `max_nodes`
    the nearest are kept, by how many edges they are away, and then by id."""
    starts = sorted(roots, key=lambda i: encoded_id(roots[i]))[:max_nodes] if len(roots) > max_nodes else list(roots)
    found = Walk(keys={i: roots[i] for i in starts}, depths=dict.fromkeys(starts, 0))
    if len(starts) < len(roots):
        found.reasons[more_than(max_nodes)] = None
    # In turns, a level each: so what is kept is the nearest of both ways.
    levels = [_levels(found, Links(connection, scope, way), starts, max_depth, max_nodes) for way in _ways(direction)]
    for _ in zip_longest(*levels):
        pass
    return found


def _levels(
    found: Walk, links_of: Links, starts: Sequence[int], max_depth: int | None, max_nodes: int
) -> Iterator[None]:
    """Walk one way, adding to what was found, and pause after each level."""
    level, depth = list(starts), 0
    reached = set(level)
    while level:
        short = max_depth is not None and max_depth - depth <= SHORT
        links = links_of.of(level, ahead=0 if short else max(max_nodes - len(found.keys), 0))
        if depth == max_depth:
            if beyond := {near for near, far, _ in links if far not in reached}:
                found.reasons[f"there is more beyond the depth of {max_depth}"] = None
                found.frontier.update(beyond)
            return
        depth += 1
        unknown = {far for _, far, _ in links if far not in found.keys}
        seen = [far for far in unknown if far in links_of.keys]
        if len(seen) < len(unknown):
            found.reasons[SOME_HIDDEN] = None
            for near, far, link in links:
                if far not in found.keys and far not in links_of.keys:
                    found.hidden.setdefault((near, links_of.way), set()).add(link)
        room = max_nodes - len(found.keys)
        if len(seen) > room:
            found.reasons[more_than(max_nodes)] = None
            seen.sort(key=lambda i: encoded_id(links_of.keys[i]))
            cut = set(seen[max(room, 0) :])
            found.frontier.update(near for near, far, _ in links if far in cut)
            seen = seen[: max(room, 0)]
        for node_id in seen:
            found.keys[node_id] = links_of.keys[node_id]
            found.depths[node_id] = depth
        for _, far, link in links:
            if far in found.keys:
                found.links[link[:4]] = link
        level = [far for far in dict.fromkeys(far for _, far, _ in links) if far in found.keys and far not in reached]
        reached.update(level)
        yield


def veil_of(connection: Connection, scope: Scope, key: Key) -> Hidden | None:
    """Find what stands for all that may not be seen on one side of a node; None where there is nothing, or no such
    node for this caller."""
    neighbour, direction = hidden_beside(key)
    if scope.namespaces is None or direction not in (Direction.UPSTREAM, Direction.DOWNSTREAM):
        return None
    known = seen_ids(connection, scope, [encode_key(neighbour)])
    found = walk(connection, scope, known, direction=Direction(direction), max_depth=1, max_nodes=1)
    return Hidden(key=key) if found.hidden else None


def more_than(max_nodes: int) -> str:
    """Say why there are no more nodes."""
    return f"there are more than {max_nodes} nodes"
