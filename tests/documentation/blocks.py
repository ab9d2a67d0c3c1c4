"""What stands in the documents of the project: links, anchors, blocks of code, and the commands in them. Pure."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from docs.included import lines_of, slug

_LINK: Final = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(([^)\s]+)(?: \"[^\"]*\")?\)")
_CODE: Final = re.compile(r"`[^`]*`")
_HEADING: Final = re.compile(r"^#+ (.*)$")
_SHELLS: Final = ("", "sh", "bash", "console")
_ENDS: Final = "();|&\n"  # what ends a command
_COMMENT: Final = re.compile(r"(?m)(?:^|[ \t])# .*$")
_CALL: Final = re.compile(r"(?m)(?:^\s*(?:\S+=\S+ )*(?:\S*/)?|-- |[|(] ?)lineage ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of code: its language, and its text."""

    language: str
    text: str


def links(markdown: str) -> list[str]:
    """List where links and pictures lead."""
    texts = (_CODE.sub("`", line) for line, is_code in lines_of(markdown) if not is_code)
    return [found for line in texts for found in _LINK.findall(line)]


def anchors(markdown: str) -> list[str]:
    """List the anchors of headings; a second heading of one name has another."""
    names = [slug(found[1]) for line, is_code in lines_of(markdown) if not is_code and (found := _HEADING.match(line))]
    before = [names[:place].count(name) for place, name in enumerate(names)]
    return [f"{name}-{count}" if count else name for name, count in zip(names, before, strict=True)]


def blocks(markdown: str) -> Iterator[Block]:
    """List the blocks of code."""
    inside: list[str] = []
    for line, is_code in lines_of(markdown):
        if is_code and inside and line.strip() == inside[0].strip()[:3]:
            yield Block(language=inside[0].strip()[3:], text="\n".join(inside[1:]))
            inside = []
        elif is_code:
            inside.append(line)


def commands(markdown: str) -> Iterator[Sequence[str]]:
    """List what `lineage` is called with in blocks of the shell: on its own, in a pipe, or in a pod."""
    for block in blocks(markdown):
        if block.language in _SHELLS and _CALL.search(block.text):
            yield from _called(block.text)


def _called(text: str) -> Iterator[Sequence[str]]:
    plain = _COMMENT.sub("", text.replace("\\\n", " "))
    lexer = shlex.shlex(plain, posix=True, punctuation_chars=_ENDS)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    words: list[str] = []
    for token in [*lexer, "\n"]:
        if not set(token) <= set(_ENDS):
            words.append(token)
            continue
        if "lineage" in (names := [word.rpartition("/")[2] for word in words]):
            place = names.index("lineage")
            if all("=" in word for word in words[:place]) or words[place - 1] == "--":
                redirected = next((at for at, word in enumerate(words) if word.startswith(">")), len(words))
                yield words[place + 1 : redirected]
        words = []
