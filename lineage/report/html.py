"""A report as HTML: one file that asks for nothing, runs nothing and prints well.

Every text is escaped where it is written out, and a policy in the file itself forbids all but its own styles.
"""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import Final, assert_never

from lineage.drawing import chart_style
from lineage.drawing import style as drawing_style
from lineage.drawing.chart import Chart
from lineage.drawing.chart_svg import svg_of_charts
from lineage.drawing.svg import svg_of
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
    Row,
    Section,
    Table,
)
from lineage.report.style import STYLE


def _hash(style: str) -> str:
    return f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"


_STYLES: Final = " ".join(map(_hash, (STYLE, drawing_style.STYLE, chart_style.STYLE)))
POLICY: Final = f"default-src 'none'; style-src {_STYLES}; base-uri 'none'; form-action 'none'"


def html_of(report: Report) -> str:
    """Write a report as a page of HTML. The same report gives the same text."""
    contents = "".join(
        f"<li>{_link(section.title, section.anchor)}</li>"
        for section in report.sections
        if section.is_listed and not section.is_part
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{_text(report.title)}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{_text(report.title)}</h1>
<nav aria-label="Contents"><ul>{contents}</ul></nav>
</header>
<main>
{"".join(_parts(report))}</main>
</body>
</html>
"""


def _parts(report: Report) -> Iterator[str]:
    for section in report.sections:
        level = 3 if section.is_part else 2
        yield f'<h{level} id="{_text(section.anchor)}">{_text(section.title)}</h{level}>\n'
        for block in section.blocks:
            yield f"{_block(block, section)}\n"


def _block(block: Block, section: Section) -> str:
    match block:
        case Paragraph(line):
            return f"<p>{_line(line)}</p>"
        case Facts(items):
            return f"<dl>{''.join(f'<dt>{_text(name)}</dt><dd>{_line(line)}</dd>' for name, line in items)}</dl>"
        case Table(columns, rows):
            head = "".join(f'<th scope="col">{_text(column)}</th>' for column in columns)
            table = f"<table><thead><tr>{head}</tr></thead><tbody>\n{''.join(map(_row, rows))}</tbody></table>"
            return _wide(table, section.title)
        case Figure(picture, is_read_from_right):
            drawn = svg_of_charts([picture]) if isinstance(picture, Chart) else svg_of(picture)
            return f"<figure>{_wide(drawn, picture.title, is_read_from_right=is_read_from_right)}</figure>"
        case Changes(lines):
            return _wide(f'<pre class="changes">{"".join(map(_changed, lines))}</pre>', section.title)
    assert_never(block)


def _changed(line: str) -> str:
    tag = {"+": "ins", "-": "del"}.get(line[:1], "span")
    return f"<{tag}>{_text(line)}</{tag}>\n"


def _wide(inner: str, name: str, *, is_read_from_right: bool = False) -> str:
    """Let what is wider than the page be moved by itself, also by keyboard."""
    classes = "wide from-right" if is_read_from_right else "wide"
    return f'<div class="{classes}" role="region" aria-label="{_text(name)}" tabindex="0">{inner}</div>'


def _row(row: Row) -> str:
    anchor = f' id="{_text(row.anchor)}"' if row.anchor else ""
    return f"<tr{anchor}>{''.join(f'<td>{_line(cell)}</td>' for cell in row.cells)}</tr>\n"


def _line(line: Line) -> str:
    return "".join(map(_inline, line))


def _inline(part: Inline) -> str:
    match part:
        case str():
            return _text(part)
        case Link(words, anchor):
            return _link(words, anchor)
        case Code(text):
            return f"<code>{_lines(text)}</code>"
        case Badge(word, tone):
            return f'<span class="badge {tone}">{_text(word)}</span>'
    assert_never(part)


def _link(words: str, anchor: str) -> str:
    return f'<a href="#{_text(anchor)}">{_text(words)}</a>'


def _text(text: str) -> str:
    return escape(harmless(text))


def _lines(text: str) -> str:
    return "\n".join(map(_text, text.split("\n")))
