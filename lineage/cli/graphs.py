"""Graphs as answers of the command line: as a tree, or as text for other tools, on standard output or in a file."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Final, assert_never

import typer
from rich.console import Console, RenderableType

from lineage.cli.pictures.provenance import pictures_of_provenance
from lineage.cli.terminal import USAGE, WIDTH_IN_A_PIPE, fail, notes, print_answer, write_file
from lineage.drawing.dot import dot_of
from lineage.drawing.mermaid import mermaid_of
from lineage.drawing.provenance import provenance_picture
from lineage.drawing.svg import svg_of
from lineage_graphql import to_json


class Format(StrEnum):
    """How a graph is written."""

    TREE = "tree"
    JSON = "json"
    DOT = "dot"
    SVG = "svg"
    MERMAID = "mermaid"


FormatFlag = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="How to write it: a tree for the terminal, the JSON of GraphQL, a picture (SVG), or text for Graphviz or "
        "Mermaid. Without: as the name of the file says, else a tree.",
    ),
]
FileFlag = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file, not to standard output.")
]
_SUFFIXES: Final = {
    ".json": Format.JSON,
    ".dot": Format.DOT,
    ".gv": Format.DOT,
    ".svg": Format.SVG,
    ".mmd": Format.MERMAID,
    ".mermaid": Format.MERMAID,
    ".txt": Format.TREE,
}


def format_meant(asked: Format | None, file: Path | None) -> Format:
    """Say how to write: as it was asked for, else as the name of a file says. Ends where that says nothing."""
    if asked is not None:
        return asked
    if file is None:
        return Format.TREE
    found = _SUFFIXES.get(file.suffix.lower())
    if found is None:
        fail(f"the name of {file} does not say how to write it: give --format", code=USAGE)
    return found


def write_graph(
    graph: Mapping[str, Any],
    roots: Sequence[str],
    *,
    title: str,
    direction: str,
    form: Format,
    file: Path | None,
) -> None:
    """Write a graph of the saved query `provenance`; `roots` are the ids that were asked for."""
    write_text(_written(graph, roots, title=title, direction=direction, form=form), file)
    if not graph["complete"] and form not in (Format.JSON, Format.TREE):
        notes.print(f"Not all of it: {'; '.join(graph['reasons'])}.", markup=False)


def write_text(text: str | Iterable[RenderableType], file: Path | None) -> None:
    """Write a text, or what rich prints, to standard output or to a file; end where that cannot be written."""
    if file is not None:
        write_file(file, text if isinstance(text, str) else _as_text(text))
    elif isinstance(text, str):
        typer.echo(text, nl=False)
    else:
        print_answer(*text)


def _written(
    graph: Mapping[str, Any], roots: Sequence[str], *, title: str, direction: str, form: Format
) -> str | Iterable[RenderableType]:
    match form:
        case Format.TREE:
            return pictures_of_provenance(graph, roots, direction=direction)
        case Format.JSON:
            return to_json(graph, indented=True).decode() + "\n"
        case Format.DOT:
            return dot_of(provenance_picture(graph, title=title, roots=roots))
        case Format.MERMAID:
            return mermaid_of(provenance_picture(graph, title=title, roots=roots))
        case Format.SVG:
            return svg_of(provenance_picture(graph, title=title, roots=roots))
        case _:
            assert_never(form)


def _as_text(shown: Iterable[RenderableType]) -> str:
    """Write what a terminal would show without colours, as wide as it is."""
    text = StringIO()
    Console(file=text, width=WIDTH_IN_A_PIPE, highlight=False).print(*shown, sep="\n")
    return text.getvalue()
