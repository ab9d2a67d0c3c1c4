"""A picture as SVG: one text that needs nothing else, and does nothing: no script, no request, no id.

Where the document around it tells more of a thing, the thing is a link within it.

It follows the light or dark of whoever looks, by `prefers-color-scheme`. What a colour says, a word or a shape says,
too. Things and arrows have titles: shown to who points at them, and read out.
"""

from collections.abc import Mapping
from html import escape
from math import ceil
from typing import Final

from lineage.drawing.layout import Box, Route, lay_out
from lineage.drawing.picture import Arrow, Kind, Mark, Picture, Thing, Tone
from lineage.drawing.style import HUES, STYLE, shape
from lineage.drawing.words import fitted, harmless, lines_of, markup, markup_of_lines, width_of

# Lengths are pixels. Sizes of fonts are those of the style.
HEIGHT: Final = 46
NARROWEST: Final = 120
WIDEST: Final = 250
INSET: Final = 14  # between the side of a box and its words
BAR: Final = 5  # what the bar of a group takes of the left
NAME, SMALL, MARK, NOTE = 13.0, 11.0, 9.0, 12.0
BOLD: Final = 1.07  # how much wider bold words are
PADDING: Final = 10  # of a mark, left and right together
GAP: Final = 6  # before a mark
FOLD: Final = -2  # how far left of the words' end marks of a folded sheet end
MARGIN: Final = 20
ABOVE_LEGEND: Final = 36
LEAST_WIDTH: Final = 460  # of a picture: notes stand below it
LINE: Final = 19  # between lines of notes
LOOP: Final = 30  # how far the control points of a loop lie from its box

CALLED: Final = {
    Kind.EXECUTION: "execution",
    Kind.ARTIFACT: "artifact",
    Kind.DEPLOYMENT: "deployment",
    Kind.HIDDEN: "not yours to see",
}


def svg_of(picture: Picture) -> str:
    """Draw a picture. The same picture gives the same text."""
    number = {thing.id: at for at, thing in enumerate(picture.things)}
    layout = lay_out(
        [(_width(thing), HEIGHT) for thing in picture.things],
        [(number[arrow.source], number[arrow.target]) for arrow in picture.arrows],
        [arrow.is_dashed for arrow in picture.arrows],
    )
    top = MARGIN + round(layout.height) + ABOVE_LEGEND
    legend, wide = _legend(picture, top)
    width = max(LEAST_WIDTH, round(layout.width) + 2 * MARGIN, ceil(wide) + MARGIN)
    notes = [line for note in picture.notes for line in lines_of(note, NOTE, width - 2 * MARGIN)]
    height = top + LINE * len(notes) + MARGIN
    groups = dict.fromkeys(thing.group for thing in picture.things if thing.group)
    hues = {group: at % len(HUES) for at, group in enumerate(groups)}
    called = {thing.id: thing.title for thing in picture.things}
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    written = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lineage" role="graphics-document" {size}>',
        f"<title>{markup(picture.title)}</title><style>{STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/><g transform="translate({MARGIN} {MARGIN})">',
    ]
    written += [_arrow(arrow, route, called) for arrow, route in zip(picture.arrows, layout.routes, strict=True)]
    written += [_thing(thing, box, hues) for thing, box in zip(picture.things, layout.boxes, strict=True)]
    written += ["</g>", *legend]
    for at, note in enumerate(notes):
        written.append(f'<text class="note" x="{MARGIN}" y="{top + LINE * (at + 1)}">{markup(note)}</text>')
    return "\n".join([*written, "</svg>\n"])


# ------------------------------------------------------------------------------------------ things
def _width(thing: Thing) -> float:
    first = width_of(thing.title, NAME) * BOLD + sum(_mark_width(mark.text) + GAP for mark in thing.marks)
    wanted = max(first, width_of(thing.subtitle, SMALL)) + 2 * INSET + (BAR if thing.group else 0)
    return min(max(ceil(wanted), NARROWEST), WIDEST)


def _thing(thing: Thing, box: Box, hues: Mapping[str, int]) -> str:
    left = INSET + (BAR if thing.group else 0)
    room = box.width - left - INSET
    classes = f"thing {thing.kind}"
    if any(mark.tone is Tone.ALARM for mark in thing.marks):
        classes += " wrong"
    if thing.is_asked_for:
        classes += " asked"
    name_at = 20 if thing.subtitle else HEIGHT // 2 + 4
    marks, right = "", box.width - INSET + (FOLD if thing.kind is Kind.ARTIFACT else 3)
    for mark in reversed(thing.marks):
        most = max(room - width_of(thing.title, NAME) * BOLD, room / 2) / len(thing.marks)
        drawn, taken = _mark(mark, right, name_at, most)
        marks, right = marks + drawn, right - taken - GAP
    bar = f'<rect class="hue{hues[thing.group]}" x="8" y="12" width="3" height="22" rx="1.5"/>' if thing.group else ""
    name = _words(thing.title, NAME * (BOLD if thing.kind is not Kind.ARTIFACT else 1), right - left)
    below = f'<text class="small" x="{left}" y="36">{_words(thing.subtitle, SMALL, room)}</text>'
    drawn = (
        f'<svg class="{classes}" role="graphics-symbol" x="{box.left:.0f}" y="{box.top:.0f}" width="{box.width:.0f}" '
        f'height="{box.height:.0f}"><title>{_told(thing)}</title>{shape(thing.kind, box.width, box.height)}{bar}'
        f'<text class="name" x="{left}" y="{name_at}">{name}</text>{below if thing.subtitle else ""}{marks}</svg>'
    )
    return f'<a href="#{escape(harmless(thing.anchor))}">{drawn}</a>' if thing.anchor else drawn


def _mark(mark: Mark, right: float, middle: float, widest: float) -> tuple[str, float]:
    """Write a mark that ends at its right; say how wide it is."""
    word = fitted(mark.text, MARK * BOLD, widest - PADDING)
    width = _mark_width(word)
    box = f'x="{right - width:.1f}" y="{middle - 11:.0f}" width="{width:.1f}" height="14" rx="4"'
    text = f'<text x="{right - width / 2:.1f}" y="{middle - 1:.0f}">{markup(word)}</text>'
    return f'<g class="mark {mark.tone}"><rect {box}/>{text}</g>', width


def _mark_width(word: str) -> float:
    return width_of(word, MARK) * BOLD + PADDING


def _words(text: str, size: float, width: float) -> str:
    return markup(fitted(text, size, width))


def _told(thing: Thing) -> str:
    words = ", ".join(mark.text for mark in thing.marks)
    first = f"{CALLED[thing.kind]} {thing.title}" + (f" ({words})" if words else "")
    return markup_of_lines((first, *((thing.subtitle,) if thing.subtitle else ()), *thing.details))


# ------------------------------------------------------------------------------------------ arrows
def _arrow(arrow: Arrow, route: Route, called: Mapping[str, str]) -> str:
    line = _line(route)
    x, y = route[-1]
    back = 7 if _comes_from_right(route) else -7
    label = f": {arrow.label}" if arrow.label else ""
    told = markup(f"{called[arrow.source]} → {called[arrow.target]}{label}")
    return (
        f'<g class="arrow{" dashed" if arrow.is_dashed else ""}" role="graphics-symbol"><title>{told}</title>'
        f'<path class="near" d="{line}"/><path class="line" d="{line}"/>'
        f'<path class="head" d="M{x:.0f} {y:.0f}l{back}-3.5v7z"/></g>'
    )


def _line(route: Route) -> str:
    (x, y), *rest = route
    parts = [f"M{x:.0f} {y:.0f}"]
    for right, down in rest:
        if x == right:
            parts.append(f"C{x + LOOP:.0f} {y:.0f} {x + LOOP:.0f} {down:.0f} {right:.0f} {down:.0f}")
        elif y == down:
            parts.append(f"H{right:.0f}")
        else:
            middle = (x + right) / 2
            parts.append(f"C{middle:.0f} {y:.0f} {middle:.0f} {down:.0f} {right:.0f} {down:.0f}")
        x, y = right, down
    return "".join(parts)


def _comes_from_right(route: Route) -> bool:
    return route[-2][0] >= route[-1][0]


# ------------------------------------------------------------------------------------------ legend
def _legend(picture: Picture, top: float) -> tuple[list[str], float]:
    """Say which shapes and lines there are; and how wide that is."""
    kinds = {thing.kind for thing in picture.things}
    x = float(MARGIN)
    shown: list[str] = []
    for kind in (kind for kind in Kind if kind in kinds):
        shown.append(
            f'<svg class="{kind}" x="{x:.0f}" y="{top - 12:.0f}" width="26" height="16">{shape(kind, 26, 16)}</svg>'
            f'<text class="small" x="{x + 32:.0f}" y="{top}">{CALLED[kind]}</text>'
        )
        x += 32 + width_of(CALLED[kind], SMALL) + 18
    if any(arrow.is_dashed for arrow in picture.arrows):
        words = "by time, place or content, not by record"
        shown.append(
            f'<g class="dashed"><path class="line" d="M{x:.0f} {top - 4}h26"/></g>'
            f'<text class="small" x="{x + 32:.0f}" y="{top}">{words}</text>'
        )
        x += 32 + width_of(words, SMALL)
    return shown, x
