"""A picture in the language of Graphviz (https://graphviz.org/doc/info/lang.html), for who lays out or edits it there.

Every text is a quoted string, in which backslashes and quotes are written out: so none ends it, and none of Graphviz's
own escapes (for the name of a node, the end of a line) is read in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lineage.drawing.picture import Arrow, Kind, Picture, Thing, Tone
from lineage.drawing.words import harmless

_SHAPES: Final[Mapping[Kind, str]] = {
    Kind.EXECUTION: "box",
    Kind.ARTIFACT: "note",
    Kind.DEPLOYMENT: "component",
    Kind.HIDDEN: "plaintext",
}
_COLOURS: Final[Mapping[Tone, str]] = {Tone.QUIET: "gray40", Tone.NOTICE: "darkorange3", Tone.ALARM: "firebrick"}
_LINE_END: Final = "\\n"


def dot_of(picture: Picture) -> str:
    """Write a picture, laid out from left to right. The same picture gives the same text."""
    names = {thing.id: f"n{number}" for number, thing in enumerate(picture.things)}
    lines = [
        "digraph lineage {",
        "  rankdir=LR;",
        f"  label={_quoted([picture.title, *picture.notes])};",
        '  node [fontname="Helvetica", fontsize=11];',
        '  edge [fontname="Helvetica", fontsize=9];',
        *(f"  {names[thing.id]} [{', '.join(_of_thing(thing))}];" for thing in picture.things),
        *(f"  {names[one.source]} -> {names[one.target]} [{', '.join(_of_arrow(one))}];" for one in picture.arrows),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _of_thing(thing: Thing) -> Iterator[str]:
    marks = " ".join(mark.text for mark in thing.marks)
    yield f"label={_quoted(filter(None, (thing.title, thing.subtitle, marks)))}"
    yield f"tooltip={_quoted((thing.title, *thing.details))}"
    yield f"shape={_SHAPES[thing.kind]}"
    if thing.is_asked_for:
        yield "penwidth=2.5"
    loudest = max((mark.tone for mark in thing.marks), key=list(Tone).index, default=Tone.QUIET)
    if loudest is not Tone.QUIET:
        yield f"color={_COLOURS[loudest]}"


def _of_arrow(arrow: Arrow) -> Iterator[str]:
    yield f"label={_quoted([arrow.label])}"
    if arrow.is_dashed:
        yield "style=dashed"


def _quoted(lines: Iterable[str]) -> str:
    escaped = (harmless(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return f'"{_LINE_END.join(escaped)}"'
