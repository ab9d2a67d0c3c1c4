"""One traversal for every graph: a recursive query over the edge table, bounded, and never silently partial.

Upstream of an artifact is who wrote it, not who took it over from a cache; of an execution, what it read
and what it took over. Downstream is the reverse, takers included.

`closure` is the traversal itself. `walk` goes level by level, so that the nearest is kept of what is too much, over
links that the same traversal read ahead: one statement for a whole graph, or one a level where the walk is a short one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain, count, zip_longest
from typing import Final, TypeAlias

import orjson
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
from lineage.store.prepared import Prepared, among, given, listed, one_or_all
from lineage.store.queries import KEPT, is_seen
from lineage.store.reads import BETWEEN_KEYS, keys_of, seen_ids

SHORT: Final = 8  # levels: a walk of no more reads them one by one, rather than what lies behind them too
_ROLES: Final = {role.value: role for role in ArtifactRole}  # found faster than by the enumeration
_REUSED, _SERVED = ArtifactRole.REUSED.value, ArtifactRole.SERVED.value
SOME_HIDDEN: Final = "some nodes may not be seen"

Link: TypeAlias = tuple[int, int, str, str, bool]
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
    is_root = among(database, node.c.key, "roots", is_one=is_one)
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
        asked = {"roots": one_or_all(roots), "most": max_nodes + 1}
        ((keys,),) = _keys(database, way, scope, is_one=is_one).ask(cursor, asked)
        that_way = [] if keys is None else keys.split(BETWEEN_KEYS)
        found = list(dict.fromkeys(found + that_way)) if found else that_way
        if len(found) > max_nodes:  # it went by number: walk again, for the nearest
            known = seen_ids(connection, scope, roots)
            cut = walk(connection, scope, known, direction=direction, max_depth=None, max_nodes=max_nodes)
            keys = keys_of(connection, cut.depths)
            return Closure(keys=tuple(keys.values()), complete=not cut.reasons, reasons=tuple(cut.reasons))
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
    """The links that lead on from the first `most` of what is reached from `roots`, which are ids, as columns: the near
    end, the far one, role, name, ambiguous; and unless everything is, whether the far end may be seen. What nothing
    leads on from is in it once, without a link."""
    edge, far = tables.edge, _far(way)
    roots = given(database, "roots").subquery("roots")
    near = _first(way, scope, _reached(way, scope, roots, nearest_first=True))
    columns, onward = [near.c.id, far, edge.c.role, edge.c.name, edge.c.ambiguous], _leads(way, near.c.id)
    if scope.namespaces is not None:
        columns, onward = [*columns, is_seen(far, scope)], and_(onward, _is_told(near.c.id, far, scope))
    statement = select(*(listed(database, column) for column in columns))
    return Prepared(database, statement.select_from(near).outerjoin(edge, onward))


class Links:
    """The links that lead on from nodes, one way, as read so far: near end, far end, and the link itself. Where nothing
    leads on from a node, it stands there once, and the far end is None. `hidden` are far ends that may not be seen."""

    def __init__(self, connection: Connection, scope: Scope, way: Direction) -> None:
        self.way = way
        self.hidden: set[int] = set()
        self._cursor = connection.connection.cursor()
        self._statement = _links(connection.dialect.name, way, scope)
        self._far_ends: dict[int, list[int]] = {}
        self._nears: list[int] = []
        self._fars: list[int | None] = []
        self._links: list[Link] = []

    def __iter__(self) -> Iterator[tuple[int, int | None, Link]]:
        return zip(self._nears, self._fars, self._links, strict=True)

    def far_ends(self, level: set[int], *, but: Set[int] = frozenset(), ahead: int) -> set[int]:
        """Say where links lead from some nodes, but for what needs no saying. Where that is not known yet, the links of
        up to `ahead` nodes behind them are read along."""
        if unknown := level.difference(self._far_ends):
            self._read(list(unknown), ahead)
        known = self._far_ends
        return {far for near in level for far in known[near] if far not in but}

    def leading_to(self, far_ends: Set[int], level: Iterable[int]) -> list[int]:
        """Say which nodes of a level have a link to any of these."""
        return [near for near in level if not far_ends.isdisjoint(self._far_ends[near])]

    def _read(self, roots: Sequence[int], ahead: int) -> None:
        (found,) = self._statement.ask(self._cursor, {"roots": roots, "most": len(roots) + ahead})
        nears, fars, roles, names, ambiguous, *seen = map(orjson.loads, found)
        ends = (fars, nears) if self.way is Direction.UPSTREAM else (nears, fars)
        stored = zip(*ends, roles, names, map(bool, ambiguous), strict=True)
        links = [link if link[2] in _AS_STORED else _link(*link) for link in stored]
        self._nears += nears
        self._fars += fars
        self._links += links
        far_ends = defaultdict[int, list[int]](list)
        for near, far in zip(nears, fars, strict=True):
            of_near = far_ends[near]
            if far is not None:
                of_near.append(far)
        self._far_ends.update(far_ends)
        for far, may_be_seen in zip(fars, *seen, strict=True) if seen else ():
            if far is not None and not may_be_seen:
                self.hidden.add(far)


_AS_STORED: Final = frozenset({ArtifactRole.USED.value, ArtifactRole.GENERATED.value, tables.STARTED, tables.COPIED})
"""Roles of edges that readers get as they are stored."""


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
    """What a walk found: the distance of each node by its id, and the links between them. `hidden` are links to what
    may not be seen, by the end that may, and which way they lead from there. `reasons` say why anything is missing,
    `frontier` are the nodes to go on from."""

    depths: dict[int, int]
    links: dict[Link, None] = field(default_factory=dict)
    hidden: dict[tuple[int, Direction], set[Link]] = field(default_factory=dict)
    frontier: set[int] = field(default_factory=set)
    reasons: dict[str, None] = field(default_factory=dict)

    def without(self, hidden: Set[int]) -> "Walk":
        """Leave nodes out."""
        if not hidden:
            return self
        return replace(
            self,
            depths={i: depth for i, depth in self.depths.items() if i not in hidden},
            links={link: None for link in self.links if hidden.isdisjoint(link[:2])},
            hidden={(near, way): links for (near, way), links in self.hidden.items() if near not in hidden},
            frontier=self.frontier - hidden,
        )

    def graph(self, keys: Mapping[int, str], nodes: Mapping[int, LineageNode]) -> LineageGraph:
        """Draw the graph, given the keys of its nodes and the nodes themselves."""
        depths, drawn = self.depths.copy(), dict(nodes)
        ids = dict(zip(depths, map(encoded_id, map(keys.__getitem__, depths)), strict=True))
        for veil, (near, way) in self._veils():
            drawn[veil] = Hidden(key=hidden_key(decode_key(keys[near]), way))
            ids[veil], depths[veil] = drawn[veil].id, depths[near] + 1
        by_id = sorted(ids, key=ids.__getitem__)
        places = {end: place for place, end in enumerate(by_id)}  # numbers are compared faster than ids
        mounted = {i for i, node in nodes.items() if isinstance(node, Artifact) and is_in_volume(node)}
        links = [
            (places[source], places[target], role, name, ambiguous or source in mounted or target in mounted)
            for source, target, role, name, ambiguous in chain(self.links, self._veiled_links(nodes))
        ]
        links.sort()
        others = [link for link in links if link[2] not in _ROLES]
        shown = [ids[end] for end in by_id]
        return LineageGraph(
            nodes=tuple(drawn[end] for end in sorted(by_id, key=depths.__getitem__)),
            edges=tuple(
                LineageEdge(
                    source=shown[source], target=shown[target], role=_ROLES[role], name=name or None, inferred=inferred
                )
                for source, target, role, name, inferred in links
                if role in _ROLES
            ),
            depth=max(depths.values(), default=0),
            complete=not self.reasons,
            reasons=tuple(self.reasons),
            frontier=tuple(sorted(ids[i] for i in self.frontier)),
            starts=tuple(
                Start(source=shown[source], target=shown[target])
                for source, target, role, _, _ in others
                if role == tables.STARTED
            ),
            copies=tuple(
                Copy(
                    source=shown[source],
                    target=shown[target],
                    same_bytes=_are_same_bytes(drawn[by_id[source]], drawn[by_id[target]]),
                )
                for source, target in dict.fromkeys(link[:2] for link in others if link[2] == tables.COPIED)
            ),
        )

    def _veils(self) -> Iterator[tuple[int, tuple[int, Direction]]]:
        """What stands for all that may not be seen on one side of a node, by numbers that no node has."""
        return zip(count(-1, -1), self.hidden, strict=False)

    def _veiled_links(self, nodes: Mapping[int, LineageNode]) -> Iterator[Link]:
        """The links to what may not be seen, as they are shown: to what stands for it. Unless they lead from or to an
        execution, the names are those that the hidden ends gave them, and are kept back."""
        for veil, (near, way) in self._veils():
            is_named = not isinstance(nodes[near], Artifact)
            yield from {
                (*((near, veil) if source == near else (veil, near)), role, name if is_named else "", ambiguous)
                for source, _, role, name, ambiguous in self.hidden[near, way]
            }


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
    found = Walk(depths=dict.fromkeys(starts, 0))
    if len(starts) < len(roots):
        found.reasons[more_than(max_nodes)] = None
    ways = [_Way(Links(connection, scope, way), set(starts)) for way in _ways(direction)]
    # In turns, a level each: so what is kept is the nearest of both ways.
    for _ in zip_longest(*(_levels(connection, found, way, max_depth, max_nodes) for way in ways)):
        pass
    for way in ways:
        left, links = way.left, way.links
        found.links.update({link: None for near, far, link in links if far in found.depths and near in left})
        for near, far, link in links if links.hidden else ():
            if far in links.hidden and near in left:
                found.hidden.setdefault((near, links.way), set()).add(link)
    return found


@dataclass(frozen=True, slots=True)
class _Way:
    """One way of a walk: its links, where it starts, and the nodes that it went on from."""

    links: Links
    starts: set[int]
    left: set[int] = field(default_factory=set)


def _levels(connection: Connection, found: Walk, way: _Way, max_depth: int | None, max_nodes: int) -> Iterator[None]:
    """Walk one way, adding to what was found, and pause after each level."""
    links, left, depths = way.links, way.left, found.depths
    level, depth = way.starts, 0
    while level:
        left |= level
        room = max(max_nodes - len(depths), 0)
        is_short = max_depth is not None and max_depth - depth <= SHORT
        onward = links.far_ends(level, but=left, ahead=0 if is_short else room)
        if depth == max_depth:
            left -= level
            if beyond := onward.difference(depths):  # not what was found the other way round a circle
                found.reasons[f"there is more beyond the depth of {max_depth}"] = None
                found.frontier.update(links.leading_to(beyond, level))
            return
        depth += 1
        seen = onward.difference(depths)
        if not seen.isdisjoint(links.hidden):
            found.reasons[SOME_HIDDEN] = None
            onward -= seen & links.hidden
            seen -= links.hidden
        if len(seen) > room:
            found.reasons[more_than(max_nodes)] = None
            keys = keys_of(connection, seen)
            cut = set(sorted(seen, key=lambda i: encoded_id(keys[i]))[room:])
            found.frontier.update(links.leading_to(cut, level))
            onward -= cut
            seen -= cut
        depths.update(dict.fromkeys(seen, depth))
        level = onward
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
