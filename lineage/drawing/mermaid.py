"""A picture as a flowchart of Mermaid (https://mermaid.js.org/syntax/flowchart.html), which GitHub and others draw.

A text is a quoted string, in which everything that Mermaid, Markdown or HTML could read as more than letters is written
as the entity of its number.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from lineage.drawing.picture import Arrow, Kind, Picture, Thing, Tone
from lineage.drawing.words import harmless

_SHAPES: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.EXECUTION: ("[", "]"),
    Kind.ARTIFACT: ("(", ")"),
    Kind.DEPLOYMENT: ("[[", "]]"),
    Kind.HIDDEN: ("{{", "}}"),
}
_PLAIN: Final = frozenset(" ,.:/-=+")  # that stand for nothing else within a quoted string
_CLASSES: Final = {Tone.NOTICE: "notice", Tone.ALARM: "alarm"}
_CLASS_NAMES: Final = ("asked", *_CLASSES.values())
_STYLES: Final = (
    "  classDef asked stroke-width:3px",
    "  classDef notice stroke:#b45309",
    "  classDef alarm stroke:#b91c1c",
)


def mermaid_of(picture: Picture) -> str:
    """Write a picture, laid out from left to right. The same picture gives the same text."""
    names = {thing.id: f"n{number}" for number, thing in enumerate(picture.things)}
    lines = ["flowchart LR"]
    if picture.title:
        lines.append(f"  accTitle: {_escaped(picture.title)}")
    lines += [f"  {names[thing.id]}{_of_thing(thing)}" for thing in picture.things]
    lines += [f"  {names[one.source]} {_line(one)} {names[one.target]}" for one in picture.arrows]
    lines += [f'  note{number}["{_escaped(note)}"]' for number, note in enumerate(picture.notes)]
    marked = {name: [names[one.id] for one in picture.things if name in _classes(one)] for name in _CLASS_NAMES}
    lines += [f"  class {','.join(of)} {name}" for name, of in marked.items() if of]
    return "\n".join([*lines, *_STYLES]) + "\n"


def _classes(thing: Thing) -> set[str]:
    found = {_CLASSES[mark.tone] for mark in thing.marks if mark.tone in _CLASSES}
    return found | {"asked"} if thing.is_asked_for else found


def _of_thing(thing: Thing) -> str:
    opening, closing = _SHAPES[thing.kind]
    marks = " ".join(mark.text for mark in thing.marks)
    return f'{opening}"{_lines(filter(None, (thing.title, thing.subtitle, marks)))}"{closing}'


def _line(arrow: Arrow) -> str:
    line = "-.->" if arrow.is_dashed else "-->"
    return f'{line}|"{_escaped(arrow.label)}"|' if arrow.label else line


def _lines(lines: Iterable[str]) -> str:
    return "<br/>".join(map(_escaped, lines))


def _escaped(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in _PLAIN else f"#{ord(letter)};" for letter in harmless(text))
