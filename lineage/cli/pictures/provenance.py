"""Provenance as a tree for a terminal. Pure: an answer to the saved query `provenance` in, what rich prints out.

What is drawn as a tree is a graph: where something comes up again it is but named, with an arrow to where it stands
above. Once a tree is deep, a line that alone goes on from the one before it stands in the same column.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from lineage.cli.pictures.cells import Answer, phase_of, shown, state_of, time_of

DEEP: Final = 10  # levels: from here on, what has one branch goes on in its own column
FRONTIER_SHOWN: Final = 5

_UP: Final = {"GENERATED": "written by", "USED": "read", "REUSED": "took over", "SERVED": "serves"}
_DOWN: Final = {"GENERATED": "wrote", "USED": "read by", "REUSED": "taken over by", "SERVED": "served by"}


@dataclass(frozen=True, slots=True)
class _Branch:
    """A node that another leads to, and how."""

    id: str
    how: str
    name: str
    doubt: str


def pictures_of_provenance(graph: Answer, roots: Sequence[str], *, direction: str) -> Iterator[RenderableType]:
    """Draw where the roots came from, or what they led to, or both, and say what is missing. `roots` are ids; a run
    stands for its executions."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    starts = [node["id"] for node in graph["nodes"] if {node["id"], _run_of(node)} & set(roots)]
    starts = starts or [node["id"] for node in graph["nodes"][:1]]
    for way in ("UPSTREAM", "DOWNSTREAM") if direction == "BOTH" else (direction,):
        if direction == "BOTH":
            yield Text("came from" if way == "UPSTREAM" else "led to", "bold underline")
        yield from _trees(nodes, starts, _branches(graph, nodes, way), set(graph["frontier"]))
        yield ""
    yield from _what_is_missing(graph)


def pictures_of_ways(graph: Answer, way: Sequence[str]) -> Iterator[RenderableType]:
    """Show a way through a graph, step by step, in the direction of the data, and below it the whole. `way` are the ids
    along it."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    branches = _branches(graph, nodes, "DOWNSTREAM")
    if way:
        yield _root(nodes[way[0]], is_cut=False)
    for near, far in pairwise(way):
        past_plumbing = _Branch(far, "led to", "", "")
        branch = next((one for one in branches[near] if one.id == far), past_plumbing)
        yield Text.assemble("  ", _line(branch, nodes[far], is_known=False, is_cut=False))
    if set(way) < nodes.keys():
        yield ""
        yield Text("on all ways", "bold underline")
        yield from _trees(nodes, way[:1], branches, set(graph["frontier"]))
    yield ""
    yield from _what_is_missing(graph)


def _run_of(node: Answer) -> str | None:
    return node["run"]["id"] if node["__typename"] == "Execution" else None


def _what_is_missing(graph: Answer) -> Iterator[Text]:
    if graph["complete"]:
        yield Text(f"{len(graph['nodes'])} nodes; nothing is missing", "dim")
        return
    for reason in graph["reasons"]:
        yield shown(f"not all of it: {reason}", "yellow")
    frontier = graph["frontier"]
    for node_id in frontier[:FRONTIER_SHOWN]:
        yield Text(f"  go on from {node_id}", "dim")
    if len(frontier) > FRONTIER_SHOWN:
        yield Text(f"  and from {len(frontier) - FRONTIER_SHOWN} more; --format json names all", "dim")


# ------------------------------------------------------------------------------------------ what leads where
def _branches(graph: Answer, nodes: Mapping[str, Answer], way: str) -> Mapping[str, list[_Branch]]:
    found: defaultdict[str, list[_Branch]] = defaultdict(list)
    upstream = way == "UPSTREAM"
    for edge in graph["edges"]:
        doubt = "perhaps" if edge["inferred"] else ""
        # What was taken over from a cache is an output of its taker, which yet comes of it.
        taken = edge["role"] == "REUSED"
        near, far = (edge["target"], edge["source"]) if upstream is not taken else (edge["source"], edge["target"])
        how = (_UP if upstream else _DOWN)[edge["role"]]
        found[near].append(_Branch(far, how, edge["name"] or "", doubt))
        if taken and not upstream:
            found[far].append(_Branch(near, "took over", edge["name"] or "", doubt))
    for start in graph["starts"]:
        near, far = (start["target"], start["source"]) if upstream else (start["source"], start["target"])
        found[near].append(_Branch(far, "started by" if upstream else "started", "", ""))
    for copy in graph["copies"]:
        near, far = (copy["target"], copy["source"]) if upstream else (copy["source"], copy["target"])
        same = "of the same bytes" if copy["sameBytes"] else "of the same content"
        found[near].append(_Branch(far, "copied from" if upstream else "copied to", "", f"perhaps, {same}"))
    for branches in found.values():
        branches.sort(key=lambda one: (one.how, one.name, _when(nodes[one.id]), one.id))
    return found


def _when(node: Answer) -> str:
    return str(node.get("startedAt") or node.get("createdAt") or node.get("since") or "")


# ------------------------------------------------------------------------------------------ trees
def _trees(
    nodes: Mapping[str, Answer], starts: Sequence[str], branches: Mapping[str, list[_Branch]], frontier: set[str]
) -> Iterator[Tree]:
    """Draw a tree for each start that stands in none before it. What is drawn is on a stack, as it may be deep."""
    drawn: set[str] = set()
    for start in starts:
        if start in drawn:
            continue
        tree = Tree(_root(nodes[start], is_cut=start in frontier), guide_style="dim")
        drawn.add(start)
        stack = [(tree, one, 1, False) for one in reversed(branches.get(start, ()))]
        while stack:
            parent, branch, depth, goes_on = stack.pop()
            known = branch.id in drawn
            onward = [] if known else branches.get(branch.id, [])
            drawn.add(branch.id)
            line = _line(branch, nodes[branch.id], is_known=known, is_cut=branch.id in frontier)
            added = parent.add(Text.assemble("↳ ", line) if goes_on else line)
            is_chain = depth >= DEEP and len(onward) == 1
            stack += [(parent if is_chain else added, one, depth + 1, is_chain) for one in reversed(onward)]
        yield tree


def _line(branch: _Branch, node: Answer, *, is_known: bool, is_cut: bool) -> Text:
    parts = [Text.assemble((branch.how, "cyan"), " ", _name(node))]
    if branch.name:
        parts.append(shown(f"as {branch.name}"))
    parts += [Text("↑ above", "dim")] if is_known else _facts(node, is_cut=is_cut)
    if branch.doubt:
        parts.append(Text(f"({branch.doubt})", "yellow"))
    return Text("  ").join(parts)


def _root(node: Answer, *, is_cut: bool) -> Text:
    return Text("  ").join([_name(node), *_facts(node, is_cut=is_cut)])


def _name(node: Answer) -> Text:
    match node["__typename"]:
        case "Execution":
            return shown(f"{node['run']['displayName']}/{node['displayName']}", "bold")
        case "Artifact":
            return shown(node["uri"] or f"{node['name']} {node['digest']}", "bold")
        case _:
            return shown(f"{node['kind']} {node['namespace']}/{node['name']}", "bold")


def _facts(node: Answer, *, is_cut: bool) -> Iterator[Text]:
    match node["__typename"]:
        case "Execution":
            yield phase_of(node["phase"])
            if node["cached"]:
                yield Text("cached", "dim")
            yield shown(time_of(node["startedAt"]), "dim")
        case "Artifact":
            if node["type"]:
                yield shown(f"[{node['type']}]")
            if node["createdAt"]:
                yield shown(time_of(node["createdAt"]), "dim")
            if node["producer"] is None:
                yield Text("from outside", "dim")
            if node["state"] != "UNVERIFIED":
                yield state_of(node["state"])
        case _:
            if node["ready"] is not None:
                yield Text("ready", "green") if node["ready"] else Text("not ready", "bold red")
            yield shown(time_of(node["since"]), "dim")
    if is_cut:
        yield Text("… more behind", "yellow")
