"""The report of provenance: a picture of where something came from and what came of it, and a row of everything in it.

It is made of an answer to the saved query `provenance`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from lineage.drawing.provenance import provenance_picture
from lineage.report.document import (
    NOT_KNOWN,
    Badge,
    Code,
    Facts,
    Figure,
    Inline,
    Line,
    Link,
    Paragraph,
    Report,
    Row,
    Section,
    Tone,
    counted,
    listed,
    table_of,
)
from lineage.report.times import size_of, time_of, took

Answer = Mapping[str, Any]

_SHORT: Final = 12  # characters: one in 2⁴⁸
_WAYS: Final = {
    "UPSTREAM": "where it came from",
    "DOWNSTREAM": "what came of it",
    "BOTH": "where it came from, and what came of it",
}
_TONES: Final = {
    "SUCCEEDED": Tone.GOOD,
    "PRESENT": Tone.GOOD,
    "FAILED": Tone.ALARM,
    "ERROR": Tone.ALARM,
    "MISSING": Tone.ALARM,
    "CHANGED": Tone.ALARM,
    "RUNNING": Tone.NOTICE,
    "PENDING": Tone.NOTICE,
}


_SAME_BYTES: Final = "SAME_BYTES"
_SAME_CONTENT: Final = "SAME_CONTENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Graph:
    """An answer, found by what reports ask of it: nodes, and edges, by the ids of nodes."""

    nodes: Mapping[str, Answer]
    leading_to: Mapping[str, Sequence[Answer]]
    leading_from: Mapping[str, Sequence[Answer]]

    def of(self, typename: str) -> list[Answer]:
        return [node for node in self.nodes.values() if node["__typename"] == typename]


def provenance_report(graph: Answer, *, name: str, roots: Sequence[str], direction: str) -> Report:
    """Write the report of `lineage` in an answer: of what is called `name`, asked for by the ids `roots`."""
    title = f"{name}: {_WAYS[direction]}"
    found = _found(graph)
    picture = provenance_picture(graph, title=title, roots=roots)
    linked = replace(picture, things=tuple(replace(thing, anchor=_anchor(thing.id)) for thing in picture.things))
    sections = [
        Section("In short", "in-short", (Facts(tuple(_short(graph, found, roots))),)),
        Section("Picture", "picture", (Figure(linked, is_read_from_right=direction == "UPSTREAM"),)),
        *_missing(graph, found),
        *_runs(found),
        *_executions(found),
        *_artifacts(found),
        *_deployments(found),
        *_others(found),
    ]
    return Report(title, tuple(sections))


def _found(graph: Answer) -> _Graph:
    to: dict[str, list[Answer]] = defaultdict(list)
    from_: dict[str, list[Answer]] = defaultdict(list)
    edges = [
        *graph["edges"],
        *({**start, "role": "STARTED", "name": None, "inferred": False} for start in graph["starts"]),
        *map(_copy, graph["copies"]),
    ]
    for edge in edges:
        to[edge["target"]].append(edge)
        from_[edge["source"]].append(edge)
    return _Graph(nodes={node["id"]: node for node in graph["nodes"]}, leading_to=to, leading_from=from_)


def _copy(copy: Answer) -> Answer:
    role = _SAME_BYTES if copy["sameBytes"] else _SAME_CONTENT
    return {**copy, "role": role, "name": None, "inferred": False}


def _anchor(id: str) -> str:
    """Name the row of a node: always the same, and short, for PDF takes no names of more than 127 bytes."""
    return f"n-{sha256(id.encode()).hexdigest()[:_SHORT]}"


def _title(node: Answer) -> str:
    return str(node["displayName"] if node["__typename"] == "Execution" else node["name"])


# ------------------------------------------------------------------------------------------ what stands above all
def _short(graph: Answer, found: _Graph, roots: Sequence[str]) -> Iterator[tuple[str, Line]]:
    executions = found.of("Execution")
    runs = {node["run"]["id"]: node["run"]["displayName"] for node in executions}
    called = runs | {id: _title(node) for id, node in found.nodes.items()}
    yield "asked for", listed(Link(called[root], _anchor(root)) for root in roots if root in called)
    yield (
        "in it",
        listed(
            (
                counted(len(runs), "run", "runs", "runs"),
                counted(len(executions), "execution", "executions", "executions"),
                counted(len(found.of("Artifact")), "artifact", "artifacts", "artifacts"),
                counted(len(found.of("Deployment")), "deployment", "deployments", "deployments"),
            )
        ),
    )
    outside = [node for node in found.of("Artifact") if node["producer"] is None]
    yield "from outside every recorded run", listed(_links(outside))
    wrong = [node for node in found.nodes.values() if _TONES.get(_state(node)) is Tone.ALARM]
    yield "failed, missing or changed", listed(_links(wrong))
    yield "how far it goes", (f"{graph['depth']} edges",)
    complete, cut = Badge("COMPLETE", Tone.GOOD), Badge("NOT COMPLETE", Tone.ALARM)
    yield "complete", (complete,) if graph["complete"] else (cut, " ", Link("why", "missing"))
    times = [node[name] for node in found.nodes.values() for name in _TIMES if node.get(name)]
    yield "newest time in it (UTC)", (time_of(max(times, default=None)),)


_TIMES: Final = ("startedAt", "finishedAt", "createdAt", "since")


def _state(node: Answer) -> str:
    return str(node.get("phase") or node.get("state") or "")


def _links(nodes: Sequence[Answer]) -> Iterator[Inline]:
    return (Link(_title(node), _anchor(node["id"])) for node in nodes)


def _missing(graph: Answer, found: _Graph) -> Iterator[Section]:
    if graph["complete"]:
        return
    reasons = [Paragraph((reason,)) for reason in graph["reasons"]]
    frontier = [found.nodes[id] for id in graph["frontier"] if id in found.nodes]
    more = [Paragraph(("There is more behind ", *listed(_links(frontier)), "."))] if frontier else []
    yield Section("What is missing", "missing", (*reasons, *more))


# ------------------------------------------------------------------------------------------ a row of everything
def _runs(found: _Graph) -> Iterator[Section]:
    steps: dict[str, list[Answer]] = defaultdict(list)
    for node in found.of("Execution"):
        steps[node["run"]["id"]].append(node)
    rows = []
    for id, of_run in steps.items():
        run = of_run[0]["run"]
        started = min((node["startedAt"] for node in of_run if node["startedAt"]), default=None)
        finished = max((node["finishedAt"] for node in of_run if node["finishedAt"]), default=None)
        cells: tuple[Line, ...] = (
            (run["displayName"],),
            (run["namespace"],),
            (time_of(started),),
            (time_of(finished),),
            listed(_links(sorted(of_run, key=_by_time))),
        )
        rows.append((started or "", Row(cells, _anchor(id))))
    columns = ("run", "namespace", "first of it began (UTC)", "last of it ended (UTC)", "executions in it")
    yield from _section(
        "Runs", "runs", columns, [row for _, row in sorted(rows, key=lambda row: (row[0], row[1].anchor))]
    )


def _executions(found: _Graph) -> Iterator[Section]:
    columns = ("execution", "of run", "phase", "began (UTC)", "took", "came from", "led to")
    rows = []
    for node in sorted(found.of("Execution"), key=_by_time):
        cached: Line = (" ", Badge("CACHED", Tone.QUIET)) if node["cached"] else ()
        rows.append(
            Row(
                (
                    (node["displayName"],),
                    (Link(node["run"]["displayName"], _anchor(node["run"]["id"])),),
                    (_badge(node["phase"]), *cached),
                    (time_of(node["startedAt"]),),
                    (took(node["startedAt"], node["finishedAt"]),),
                    _beside(found, found.leading_to[node["id"]], "source"),
                    _beside(found, found.leading_from[node["id"]], "target"),
                ),
                _anchor(node["id"]),
            )
        )
    yield from _section("Executions", "executions", columns, rows)


def _artifacts(found: _Graph) -> Iterator[Section]:
    columns = ("artifact", "state", "came from", "led to", "written (UTC)", "size", "type", "where, and digests")
    rows = []
    for node in sorted(found.of("Artifact"), key=_by_time):
        outside = "outside every recorded run" if node["producer"] is None else NOT_KNOWN
        rows.append(
            Row(
                (
                    (node["name"],),
                    (_badge(node["state"]),),
                    _beside(found, found.leading_to[node["id"]], "source", nothing=outside),
                    _beside(found, found.leading_from[node["id"]], "target"),
                    (time_of(node["createdAt"]),),
                    (size_of(node["sizeBytes"]),),
                    (node["type"] or NOT_KNOWN,),
                    _where(node),
                ),
                _anchor(node["id"]),
            )
        )
    yield from _section("Artifacts", "artifacts", columns, rows)


def _deployments(found: _Graph) -> Iterator[Section]:
    columns = ("deployment", "kind", "namespace", "ready", "since (UTC)", "serves")
    readiness: Mapping[bool | None, Inline] = {
        True: Badge("READY", Tone.GOOD),
        False: Badge("NOT READY", Tone.ALARM),
        None: NOT_KNOWN,
    }
    rows = [
        Row(
            (
                (node["name"],),
                (node["kind"],),
                (node["namespace"],),
                (readiness[node["ready"]],),
                (time_of(node["since"]),),
                _beside(found, found.leading_to[node["id"]], "source"),
            ),
            _anchor(node["id"]),
        )
        for node in found.of("Deployment")
    ]
    yield from _section("Deployments", "deployments", columns, rows)


def _others(found: _Graph) -> Iterator[Section]:
    known = ("Execution", "Artifact", "Deployment")
    rows = [
        Row(
            (
                (node["name"],),
                _beside(found, found.leading_to[node["id"]], "source"),
                _beside(found, found.leading_from[node["id"]], "target"),
            ),
            _anchor(node["id"]),
        )
        for node in found.nodes.values()
        if node["__typename"] not in known
    ]
    yield from _section("What is not yours to see", "hidden", ("name", "came from", "led to"), rows)


def _where(node: Answer) -> Line:
    """Its place, and the digests of its bytes and of what they mean."""
    content = node["contentDigest"] and f"content {node['contentDigest']}"
    known = list(filter(None, (node["uri"], node["digest"], content)))
    in_workflow: Line = () if node["uri"] else ("a value in the workflow",)
    return (*in_workflow, *((Code("\n".join(known)),) if known else ()))


def _section(title: str, anchor: str, columns: tuple[str, ...], rows: Sequence[Row]) -> Iterator[Section]:
    if rows:
        yield Section(title, anchor, (table_of(columns, rows),))


def _by_time(node: Answer) -> tuple[str, str]:
    return node.get("startedAt") or node.get("createdAt") or "", node["id"]


def _badge(word: str) -> Badge:
    return Badge(word, _TONES.get(word, Tone.QUIET))


def _beside(found: _Graph, edges: Sequence[Answer], end: str, *, nothing: str = NOT_KNOWN) -> Line:
    """What edges lead to or from, as links to its rows, and how."""
    parts: list[Inline] = []
    for edge in edges:
        node = found.nodes[edge[end]]
        how = _HOW.get(edge["role"], "")
        ends = (_title(found.nodes[edge["source"]]), _title(found.nodes[edge["target"]]))
        if edge["name"] and edge["name"] not in ends:
            how += f" as {edge['name']}"
        if edge["inferred"]:
            how += ", inferred"
        parts += [
            ", " if parts else "",
            Link(_title(node), _anchor(node["id"])),
            f" ({how.strip(' ,')})" if how else "",
        ]
    return tuple(part for part in parts if part) or (nothing,)


_HOW: Final = {
    "REUSED": "from a cache",
    "SERVED": "served",
    "STARTED": "started",
    _SAME_BYTES: "perhaps a copy, of the same bytes",
    _SAME_CONTENT: "perhaps a copy, of the same content",
}
