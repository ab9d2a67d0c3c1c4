"""A picture of provenance: what an answer to the saved query `provenance` holds, as things and arrows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lineage.drawing.picture import Arrow, Kind, Mark, Picture, Thing, Tone

Answer = Mapping[str, Any]

_TONES: Final = {
    "FAILED": Tone.ALARM,
    "ERROR": Tone.ALARM,
    "RUNNING": Tone.NOTICE,
    "PENDING": Tone.NOTICE,
    "UNKNOWN": Tone.NOTICE,
    "SKIPPED": Tone.QUIET,
    "OMITTED": Tone.QUIET,
    "MISSING": Tone.ALARM,
    "CHANGED": Tone.ALARM,
}
"""Of the phases of executions and the states of artifacts that are worth a mark."""
_CALLED: Final = {
    "USED": "read as",
    "GENERATED": "written as",
    "REUSED": "taken from a cache as",
    "SERVED": "served by",
}
CUT_OFF: Final = Mark(text="MORE BEHIND", tone=Tone.NOTICE)


def provenance_picture(graph: Answer, *, title: str, roots: Sequence[str] = ()) -> Picture:
    """Make a picture of `lineage` in an answer; `roots` are the ids that were asked for.

    A run among them stands for its executions. Executions of one run, and what they wrote, are of one group.
    """
    asked, cut_off = set(roots), set(graph["frontier"])
    runs = {node["id"]: node["run"] for node in graph["nodes"] if node["__typename"] == "Execution"}
    things = []
    for node in graph["nodes"]:
        maker = node["id"] if node["__typename"] == "Execution" else (node.get("producer") or {}).get("id")
        run = runs.get(maker)
        is_asked_for = node["id"] in asked or (node["id"] in runs and runs[node["id"]]["id"] in asked)
        things.append(
            Thing(
                id=node["id"],
                group="" if run is None else run["displayName"],
                is_asked_for=is_asked_for,
                **_shown(node, [CUT_OFF] if node["id"] in cut_off else []),
            )
        )
    return Picture(title=title, things=tuple(things), arrows=tuple(_arrows(graph)), notes=tuple(notes_of(graph)))


def notes_of(graph: Answer) -> Iterator[str]:
    """Say why anything is missing from a graph; nothing of one that is complete."""
    if not graph["complete"]:
        yield f"Not complete: {'; '.join(graph['reasons'])}."


def _shown(node: Answer, marks: Sequence[Mark]) -> dict[str, Any]:
    """Say what a thing shows: a dictionary of members of `Thing`."""
    match node["__typename"]:
        case "Execution":
            cached = [Mark(text="CACHED")] if node["cached"] else []
            return {
                "kind": Kind.EXECUTION,
                "title": node["displayName"],
                "subtitle": node["run"]["displayName"],
                "marks": (*_mark(node["phase"]), *cached, *marks),
                "details": _said(
                    phase=node["phase"],
                    namespace=node["run"]["namespace"],
                    started=node["startedAt"],
                    finished=node["finishedAt"],
                ),
            }
        case "Artifact":
            return {
                "kind": Kind.ARTIFACT,
                "title": node["name"],
                "subtitle": node["uri"] or "a value in the workflow",
                "marks": (*_mark(node["state"]), *marks),
                "details": _said(
                    type=node["type"],
                    state=node["state"],
                    written=node["createdAt"],
                    bytes=node["sizeBytes"],
                    digest=node["digest"],
                    content=node["contentDigest"],
                ),
            }
        case "Deployment":
            is_ready = node["ready"]
            not_ready = [Mark(text="NOT READY", tone=Tone.ALARM)] if is_ready is False else []
            return {
                "kind": Kind.DEPLOYMENT,
                "title": node["name"],
                "subtitle": f"{node['kind']} in {node['namespace']}",
                "marks": (*not_ready, *marks),
                "details": _said(since=node["since"]),
            }
        case _:
            return {"kind": Kind.HIDDEN, "title": node["name"], "marks": tuple(marks)}


def _mark(word: str) -> list[Mark]:
    return [Mark(text=word, tone=_TONES[word])] if word in _TONES else []


def _said(**values: Any) -> tuple[str, ...]:
    return tuple(f"{name}: {value}" for name, value in values.items() if value is not None)


def _arrows(graph: Answer) -> Iterator[Arrow]:
    for edge in graph["edges"]:
        label = " ".join(filter(None, (_CALLED[edge["role"]], edge["name"])))
        if edge["inferred"]:
            label += " (inferred)"
        yield Arrow(source=edge["source"], target=edge["target"], label=label, is_dashed=edge["inferred"])
    for start in graph["starts"]:
        yield Arrow(source=start["source"], target=start["target"], label="started", is_dashed=True)
    for copy in graph["copies"]:
        label = f"perhaps a copy, of the same {'bytes' if copy['sameBytes'] else 'content'}"
        yield Arrow(source=copy["source"], target=copy["target"], label=label, is_dashed=True)
