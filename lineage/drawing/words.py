"""Texts in pictures: made harmless, measured, and shortened until they fit.

Who draws a picture does not know with which font it will be shown. Widths are those of Arial and its kin, with room for
wider ones such as DejaVu Sans; the boxes cut off what a font that is wider still would write beyond them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from html import escape
from itertools import accumulate
from typing import Final
from unicodedata import combining, east_asian_width

ELLIPSIS: Final = "…"
REPLACED: Final = "\N{REPLACEMENT CHARACTER}"  # stands for what cannot be shown
LONGEST: Final = 1000  # characters of any text in a picture: what is longer is no name

_ROOM: Final = 1.13
_OTHER: Final = 600  # thousandths of the size of the font, as all of these
_WIDTHS: Final = (
    (" !,./:;I[\\]|ft", 278),
    ("'ijl", 222),
    ("()-`r", 333),
    ('"*', 390),
    ("Jckstvxyz", 500),
    ("#$0123456789?L_abdeghnopqu", 556),
    ("+<=>~^", 584),
    ("FTZ", 611),
    ("&ABEKPSVXY", 667),
    ("CDHNRUw", 722),
    ("GOQ", 778),
    ("Mm", 833),
    ("W", 944),
    ("%@—…", 1000),
)


class _Widths(dict[str, int]):
    """Widths by character; those of other scripts are found when they are first met."""

    def __missing__(self, letter: str) -> int:
        if combining(letter):
            return 0
        return 1000 if east_asian_width(letter) in "WF" or ord(letter) > 0xFFFF else _OTHER


_WIDTH_OF: Final = _Widths({letter: width for letters, width in _WIDTHS for letter in letters})
# those of other scripts are not kept: `__missing__` stores nothing, so that no text from outside makes this grow


def harmless(text: str) -> str:
    """Write a text on one line, without what steers a reader: control characters, and those that turn its direction."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else REPLACED for letter in text)


def markup(text: str) -> str:
    """Write a text as it stands in XML and HTML, between tags and in attributes: harmless, and on one line."""
    return escape(_of_a_picture(text))


def markup_of_lines(lines: Iterable[str]) -> str:
    """Write texts in the same way, a line each."""
    return escape("\n".join(map(_of_a_picture, lines)))


def _of_a_picture(text: str) -> str:
    return harmless(text if len(text) <= LONGEST else text[: LONGEST - 1] + ELLIPSIS)


def width_of(text: str, size: float) -> float:
    """Measure a text in a font of a size, in pixels."""
    return sum(map(_WIDTH_OF.__getitem__, text)) * size * _ROOM / 1000


def fitted(text: str, size: float, width: float) -> str:
    """Shorten a text in its middle until it fits into a width: names differ at their ends."""
    text = _of_a_picture(text)
    if len(text) * size * _ROOM <= width:
        return text  # no letter is wider than it is high
    widths = list(map(_WIDTH_OF.__getitem__, text))
    room = width * 1000 / (size * _ROOM)
    if sum(widths) <= room:
        return text
    half = (room - _WIDTH_OF[ELLIPSIS]) / 2
    head = bisect_right(list(accumulate(widths)), half)
    tail = bisect_right(list(accumulate(reversed(widths))), half)
    return text[:head].rstrip() + ELLIPSIS + text[len(text) - tail :].lstrip()


def lines_of(text: str, size: float, width: float) -> Iterator[str]:
    """Break a text into lines of a width at its spaces; a word that is wider is shortened."""
    line = ""
    for word in _of_a_picture(text).split():
        longer = f"{line} {word}" if line else word
        if line and width_of(longer, size) > width:
            yield line
            longer = word
        line = longer if longer is not word else fitted(word, size, width)
    if line:
        yield line
