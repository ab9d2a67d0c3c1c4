"""What other files of the project say, as part of a page: a hook of MkDocs. Pure but for reading files.

A line that is nothing but a link with the title `included` stands for the section that it leads to, or for the whole
file, so that nothing is written twice: `[Alerts](../../README.md#alerts "included")`. Elsewhere it is a link. Links
within what is included lead to the pages on which the rest is; what is in no page keeps its name, and loses its link.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"
_INCLUDED: Final = re.compile(r'^\[[^\]]+\]\((?P<file>[^)#\s]+)(?:#(?P<anchor>[^)\s]+))? "included"\)$')
_LINK: Final = re.compile(
    r'(?P<before>!?)\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<to>[^)\s]+)(?P<title> "[^"]*")?\)'
)
_HEADING: Final = re.compile(r"^(?P<marks>#+) (?P<title>.*)$")


def on_config(config: Any) -> None:
    """Name anchors as forges do, so that a link leads to the same here and there. Called by MkDocs once."""
    config["mdx_configs"]["toc"]["slugify"] = lambda title, _: slug(title)


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Write a page as it is shown. Called by MkDocs for each page."""
    return shown(markdown, page.file.src_uri)


def shown(markdown: str, place: str) -> str:
    """Write the page at `place`, below docs/, as it is shown."""
    lines: list[str] = []
    for line, is_code in lines_of(markdown):
        found = None if is_code else _INCLUDED.match(line)
        if found is None:
            lines.append(line if is_code else _with_links(line, f"docs/{place}", place))
        else:
            lines += _included(found, place)
    return "\n".join(lines) + "\n"


def lines_of(markdown: str) -> Iterator[tuple[str, bool]]:
    """List the lines of a text, each with whether it is code."""
    fence = ""
    for line in markdown.splitlines():
        begins = line.lstrip()[:3]
        if not fence and begins in ("```", "~~~"):
            fence = begins
            yield line, True
        elif fence:
            yield line, True
            fence = "" if line.strip() == fence else fence
        else:
            yield line, False


def slug(title: str) -> str:
    """Name the anchor of a heading, as forges do."""
    plain = re.sub(r"[`*]|\]\([^)]*\)", "", title).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def section(markdown: str, anchor: str | None) -> list[tuple[str, bool]]:
    """List the lines below a heading, to the next of its level or a higher one; all but the first where none is named.

    Headings within are as high as if the section were a page.

    Raises:
        LookupError: there is no such heading.
    """
    found: list[tuple[str, bool]] = []
    level = 0
    for line, is_code in lines_of(markdown):
        heading = None if is_code else _HEADING.match(line)
        depth = len(heading["marks"]) if heading else 0
        if not level:
            if heading and (anchor is None or slug(heading["title"]) == anchor):
                level = depth
        elif heading and depth <= level:
            return found
        else:
            found.append((line[level - 1 :] if heading else line, is_code))
    if not level:
        raise LookupError(f"there is no heading with the anchor {anchor}")
    return found


# ------------------------------------------------------------------------------------------ including
def _included(found: re.Match[str], place: str) -> Iterator[str]:
    source = _resolved(found["file"], f"docs/{place}")
    for line, is_code in section((ROOT / source).read_text(encoding="utf-8"), found["anchor"]):
        yield line if is_code else _with_links(line, source, place)


@cache
def _homes() -> Mapping[tuple[str, str], str]:
    """Which page, and which anchor on it, shows a heading of another file."""
    homes: dict[tuple[str, str], str] = {}
    for page in sorted(DOCS.rglob("*.md")):
        place, title = page.relative_to(DOCS).as_posix(), ""
        for line, is_code in lines_of(page.read_text(encoding="utf-8")):
            if is_code:
                continue
            if heading := _HEADING.match(line):
                title = "" if heading["marks"] == "#" else f"#{slug(heading['title'])}"
            if found := _INCLUDED.match(line):
                source = _resolved(found["file"], f"docs/{place}")
                homes.setdefault((source, found["anchor"] or ""), f"{place}{title}")
                for inner, is_text in section((ROOT / source).read_text(encoding="utf-8"), found["anchor"]):
                    if not is_text and (heading := _HEADING.match(inner)):
                        homes.setdefault((source, slug(heading["title"])), f"{place}#{slug(heading['title'])}")
    return homes


def _with_links(line: str, source: str, place: str) -> str:
    """Rewrite the links of a line of `source`, which is shown at `place`."""

    def rewritten(found: re.Match[str]) -> str:
        to = _target(found["to"], source, place)
        return found["text"] if to is None else f"{found['before']}[{found['text']}]({to}{found['title'] or ''})"

    return _LINK.sub(rewritten, line)


def _target(to: str, source: str, place: str) -> str | None:
    if "://" in to or to.startswith("mailto:"):
        return to
    path, _, anchor = to.partition("#")
    file = _resolved(path, source) if path else source
    if file.startswith("docs/"):
        where = f"{file.removeprefix('docs/')}{'#' if anchor else ''}{anchor}"
    elif (home := _homes().get((file, anchor)) or _homes().get((file, ""))) is not None:
        where = home
    else:
        return None
    page, mark, name = where.partition("#")
    return (posixpath.relpath(page, posixpath.dirname(place) or ".") if page != place else "") + mark + name or page


def _resolved(path: str, source: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
