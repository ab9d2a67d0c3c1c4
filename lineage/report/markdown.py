"""A report as Markdown, as GitHub reads it (GFM): for comments, issues and wikis.

Every letter that Markdown or HTML could take for its own is written as what it is. Pictures are flowcharts of Mermaid,
and charts are text.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final, assert_never

from lineage.drawing.chart import Chart
from lineage.drawing.mermaid import mermaid_of
from lineage.drawing.picture import Picture
from lineage.drawing.text_chart import UNICODE, legend_of, plain_lines
from lineage.drawing.words import harmless
from lineage.report.document import (
    Badge,
    Block,
    Changes,
    Code,
    Facts,
    Figure,
    Inline,
    Line,
    Link,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
)

_SIGNS: Final = {Tone.GOOD: "", Tone.QUIET: "", Tone.NOTICE: "⚠ ", Tone.ALARM: "✗ "}
_LARGEST, _MOST_ARROWS = 50_000, 500
"""Letters and arrows: what Mermaid draws at most, unless it is told otherwise."""
CHART_WIDTH: Final = 100  # columns: what a comment shows without being moved
_ANYWHERE: Final = re.compile(r"[\\`*_\[\]~|$]|:(?=//)|(?<=www)\.")
"""What is markup wherever it stands, and by what addresses are found."""
_AT_THE_START: Final = re.compile(r"^(\s*(?:\d+(?=[.)](?:\s|$))|(?=(?:#{1,6}|[+-])(?:\s|$)|[=-][=\s-]*$)))")
_CALLING: Final = re.compile(r"@(?=\w)|#(?=\d)|:(?=[a-z][\w+-]*:)")
"""What GitHub looks for in the text that is shown: mentions, issues, emoji. A comment in between ends that."""


def markdown_of(report: Report) -> str:
    """Write a report as Markdown. The same report gives the same text."""
    return f"# {_text(report.title)}\n{''.join(map(_section, report.sections))}"


def _section(section: Section) -> str:
    level = "###" if section.is_part else "##"
    blocks = "".join(f"\n{text}" for block in section.blocks if (text := "".join(_block(block))))
    return f"\n{_anchor(section.anchor)}\n\n{level} {_text(section.title)}\n{blocks}"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(line):
            yield f"{_line(line)}\n"
        case Facts(items):
            for name, line in items:
                yield f"- {_text(name)}: {_line(line)}\n"
        case Table(columns, rows):
            yield f"| {' | '.join(map(_text, columns))} |\n|{' --- |' * len(columns)}\n"
            for row in rows:
                yield f"| {_anchor(row.anchor)}{' | '.join(map(_line, row.cells))} |\n"
        case Figure(picture):
            yield from _chart(picture) if isinstance(picture, Chart) else _figure(picture)
        case Changes(lines):
            fence = _fence(lines)
            yield "\n".join((f"{fence}diff", *map(harmless, lines), f"{fence}\n"))
        case _:
            assert_never(block)


def _chart(chart: Chart) -> Iterator[str]:
    lines = [harmless(line) for line in (*plain_lines(chart, width=CHART_WIDTH), legend_of(chart, UNICODE)) if line]
    fence = _fence(lines)
    yield "\n".join((f"{fence}text", *lines, f"{fence}\n"))
    for note in chart.notes:
        yield f"\n{_text(note)}\n"


def _figure(picture: Picture) -> Iterator[str]:
    drawn = mermaid_of(picture)
    if len(drawn) <= _LARGEST and len(picture.arrows) <= _MOST_ARROWS:
        yield f"```mermaid\n{drawn}```\n"
    else:
        yield "It is too large to be drawn here; what it shows stands in the tables below.\n"


def _anchor(name: str) -> str:
    return f'<a id="{_named(name)}"></a>' if name else ""


def _named(anchor: str) -> str:
    """Write an anchor in letters that end neither a link nor an attribute."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda letter: f"_{ord(letter[0]):x}", anchor)


def _line(line: Line) -> str:
    return "".join(map(_inline, line))


def _inline(part: Inline) -> str:
    match part:
        case str():
            return _text(part)
        case Link(words, anchor):
            return f"[{_text(words)}](#{_named(anchor)})"
        case Code(text):
            return f"<code>{'<br>'.join(map(_text, text.split(chr(10))))}</code>"
        case Badge(word, tone):
            return f"{_SIGNS[tone]}<b>{_text(word)}</b>"
    assert_never(part)


def _fence(lines: Sequence[str]) -> str:
    """Marks that begin and end a block of code in which there are no such marks."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    return "`" * max(3, longest + 1)


def _text(text: str) -> str:
    """Write words that mean nothing but themselves."""
    one_space = re.sub(r"\s+", " ", harmless(text))  # more would begin a block of code
    plain = _ANYWHERE.sub(r"\\\g<0>", escape(one_space, quote=False))
    return _CALLING.sub(r"\g<0><!-- -->", _AT_THE_START.sub(r"\1\\", plain))
