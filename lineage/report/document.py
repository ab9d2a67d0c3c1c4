"""What a report says, whatever it is written as: sections with facts, tables, lists and pictures.

Words are plain text everywhere: what writes them out makes sure that none becomes markup.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Final, TypeAlias

from lineage.drawing.chart import Chart
from lineage.drawing.picture import Picture

NOT_KNOWN: Final = "–"


class Tone(StrEnum):
    """How a badge is meant; its word says it, too."""

    GOOD = "good"
    QUIET = "quiet"
    NOTICE = "notice"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to an anchor of the same report: that of a section or of a row."""

    words: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Code:
    """What was recorded, letter by letter: an id, a digest, a uri, a value. It may have lines."""

    text: str


@dataclass(frozen=True, slots=True)
class Badge:
    """A word that judges."""

    word: str
    tone: Tone


Inline: TypeAlias = str | Link | Code | Badge
Line: TypeAlias = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; `anchor` is how links lead to it."""

    cells: tuple[Line, ...]
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under the titles of their columns."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names, and what is known under them."""

    items: tuple[tuple[str, Line], ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words."""

    line: Line


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture or a chart. Where it is wider than the page, its right end is seen first if it `is_read_from_right`."""

    picture: Picture | Chart
    is_read_from_right: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """Lines of a text that changed, each with what became of it before it: a space, a minus, a plus; or an @ for a
    place."""

    lines: tuple[str, ...]


Block: TypeAlias = Table | Facts | Paragraph | Figure | Changes


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report; `anchor` is how links lead to it. One that `is_part` belongs to the last that is not. The
    contents name what `is_listed` and is no part."""

    title: str
    anchor: str
    blocks: tuple[Block, ...]
    is_part: bool = False
    is_listed: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report."""

    title: str
    sections: tuple[Section, ...]


def listed(items: Iterable[Inline]) -> Line:
    """Write several one behind the other, with commas between them."""
    with_commas = tuple(chain.from_iterable((", ", item) for item in items))
    return with_commas[1:] or (NOT_KNOWN,)


def table_of(columns: Sequence[str], rows: Sequence[Row]) -> Table:
    """Make a table without the columns of which nothing is known in any row."""
    shown = [at for at in range(len(columns)) if any(row.cells[at] != (NOT_KNOWN,) for row in rows)]
    told = tuple(Row(tuple(row.cells[at] for at in shown), row.anchor) for row in rows)
    return Table(tuple(columns[at] for at in shown), told)


def counted(number: int, one: str, many: str, anchor: str) -> Inline:
    """Write how many there are, as a link to where they are listed."""
    words = f"{number:,} {one if number == 1 else many}"
    return Link(words, anchor) if number else words
