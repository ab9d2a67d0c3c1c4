"""A chart as SVG: one text that needs nothing else, and does nothing: no script, no request, no id.

Time runs to the right, values upward. Every point has a title, shown to who points at it and read out, and is a link
where the document around the chart tells more. Several charts stand below each other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise
from math import ceil
from typing import Final

from lineage.drawing.axes import Axis, span_of, time_axis, value_axis
from lineage.drawing.chart import Chart, ChartGap, ChartPoint, ChartShift
from lineage.drawing.chart_style import STYLE
from lineage.drawing.words import fitted, harmless, lines_of, markup, markup_of_lines, width_of

# Lengths are pixels. Sizes of fonts are those of the style.
WIDTH: Final = 960
PLOT: Final = 230  # high
MARGIN: Final = 20
SMALL, NAME, NOTE = 11.0, 13.0, 12.0
BOLD: Final = 1.07  # how much wider bold words are
WIDER: Final = 1.2  # and those of a font that is wider than others, where nothing else cuts them off
INSET: Final = 8  # between the ends of the plot and the first and last point
LANE: Final = 16  # above the plot: a line of words on shifts
LANES: Final = 2
ABOVE: Final = 24  # for the title
BELOW: Final = 58  # from the plot to the legend: gaps, times, and the years
LINE: Final = 19  # between lines of notes
BETWEEN: Final = 24  # charts
NARROWEST: Final = 3  # of a band
VALUE_TICKS, TIME_TICKS = 5, 8
SIZES: Final = ((150, 3.6), (500, 2.6), (1500, 1.9))
"""How large points are, while there are no more than so many."""
TINY: Final = 1.4
MOST_LINES: Final = 30  # of other versions: where there are more, each is a short stroke
MOST_CALLED: Final = 8  # of these: where there are more, the legend alone says what they are
VERSION: Final = "version"


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the plot of a chart lies, and the axes of it."""

    left: float
    right: float
    top: float
    bottom: float
    times: Axis
    values: Axis

    def x(self, seconds: float) -> float:
        return self.left + INSET + self.times.share(seconds) * (self.right - self.left - 2 * INSET)

    def y(self, value: float) -> float:
        return self.bottom - self.values.share(value) * (self.bottom - self.top)


def svg_of_charts(charts: Sequence[Chart]) -> str:
    """Draw charts below each other. The same charts give the same text."""
    drawn, top = [], float(MARGIN)
    for chart in charts:
        marks, height = _chart(chart)
        drawn.append(f'<g transform="translate(0 {top:.0f})">{marks}</g>')
        top += height + BETWEEN
    height = ceil(top - BETWEEN + MARGIN) if charts else 2 * MARGIN
    title = ", ".join(chart.title for chart in charts)
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="trend" role="graphics-document" {size}>',
            f"<title>{markup(title)}</title><style>{STYLE}</style>",
            f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def _chart(chart: Chart) -> tuple[str, float]:
    """Draw one chart from 0 on; say how high it is."""
    times = [*(one.at for one in chart.points), *(one.at for one in chart.gaps)]
    levels = [level for shift in chart.shifts for level in (shift.before, shift.after)]
    values = value_axis([*(point.value for point in chart.points), *levels], VALUE_TICKS)
    left = MARGIN + ceil(max((width_of(tick.label, SMALL) for tick in values.ticks), default=0)) + 8
    frame = _Frame(left, WIDTH - MARGIN, 0, PLOT, time_axis(times, TIME_TICKS), values)
    said, lanes = _words_of_shifts(chart.shifts, frame)
    top = ABOVE + LANE * lanes + (12 if 0 < len(chart.versions) <= MOST_CALLED else 0) + 6
    frame = replace(frame, top=top, bottom=top + PLOT)
    if not times:
        return _empty(chart)
    legend, below = _legend(chart, frame.bottom + BELOW)
    notes = [line for note in chart.notes for line in lines_of(note, NOTE, WIDTH - 2 * MARGIN)]
    drawn = [
        _title(chart),
        *_axes(frame),
        *_versions(chart, frame),
        *_bands(chart.shifts, frame),
        *said,
        *_points(chart.points, frame),
        *_levels(chart.shifts, frame),
        *_gaps(chart.gaps, frame),
        f'<text class="small right" x="{frame.right}" y="{frame.bottom + 36:.0f}">{span_of(times)}</text>',
        *legend,
    ]
    for at, note in enumerate(notes):
        drawn.append(f'<text class="note" x="{MARGIN}" y="{below + LINE * at:.0f}">{markup(note)}</text>')
    return "\n".join(drawn), below + LINE * (len(notes) - 1)


def _title(chart: Chart) -> str:
    words = fitted(chart.title, NAME * WIDER, WIDTH - 2 * MARGIN)
    return f'<text class="name" x="{MARGIN}" y="14">{markup(words)}</text>'


def _empty(chart: Chart) -> tuple[str, float]:
    lines = ["No value is known.", *(line for note in chart.notes for line in lines_of(note, NOTE, WIDTH - 2 * MARGIN))]
    notes = [
        f'<text class="note" x="{MARGIN}" y="{ABOVE + LINE * (at + 1)}">{markup(line)}</text>'
        for at, line in enumerate(lines)
    ]
    return "\n".join([_title(chart), *notes]), ABOVE + LINE * len(lines)


# ------------------------------------------------------------------------------------------ axes
def _axes(frame: _Frame) -> Iterator[str]:
    for tick in frame.values.ticks:
        y = frame.y(tick.at)
        yield f'<path class="grid" d="M{frame.left:.0f} {y:.1f}H{frame.right:.0f}"/>'
        yield f'<text class="small right" x="{frame.left - 6:.0f}" y="{y + 4:.1f}">{tick.label}</text>'
    for tick in frame.times.ticks:
        x = frame.x(tick.at)
        yield f'<path class="axis" d="M{x:.1f} {frame.bottom:.0f}v4"/>'
        yield f'<text class="small middle" x="{x:.1f}" y="{frame.bottom + 20:.0f}">{tick.label}</text>'
    yield f'<path class="axis" d="M{frame.left:.0f} {frame.bottom:.0f}H{frame.right:.0f}"/>'


def _versions(chart: Chart, frame: _Frame) -> Iterator[str]:
    """Draw a thin line where something else ran from then on; only the first of each pixel, and a word where there is
    room for it."""
    seen: set[int] = set()
    is_short = len(chart.versions) > MOST_LINES
    end = frame.left
    for version in chart.versions:
        x = frame.x(version.at.timestamp())
        if round(x) in seen:
            continue
        seen.add(round(x))
        below = frame.top + 8 if is_short else frame.bottom
        line = f'<path class="version" d="M{x:.1f} {frame.top - 4:.0f}V{below:.0f}"/>'
        half = width_of(VERSION, SMALL) / 2
        if x - half > end and len(chart.versions) <= MOST_CALLED:
            line += f'<text class="small middle" x="{x:.1f}" y="{frame.top - 7:.0f}">{VERSION}</text>'
            end = x + half
        yield _titled(line, version.told, role="graphics-symbol")


# ------------------------------------------------------------------------------------------ shifts
def _words_of_shifts(shifts: Sequence[ChartShift], frame: _Frame) -> tuple[list[str], int]:
    """Write what became of each level above it, where a lane has room for that; say how many lanes are used."""
    ends = [frame.left] * LANES
    written: list[tuple[int, float, str, ChartShift]] = []
    for shift in shifts:
        words = f"{'▲' if shift.is_up else '▼'} {shift.words}"
        half = width_of(words, SMALL) * BOLD / 2
        x = min(max(_middle(shift, frame), frame.left + half), frame.right - half)
        lane = next((at for at, end in enumerate(ends) if end <= x - half), None)
        if lane is not None:
            ends[lane] = x + half + 10
            written.append((lane, x, words, shift))
    lanes = max((lane + 1 for lane, *_ in written), default=0)
    return [
        f'<g class="{shift.verdict}"><text class="said middle" x="{x:.1f}" y="{ABOVE + LANE * (lanes - lane) - 2}">'
        f"{markup(words)}</text></g>"
        for lane, x, words, shift in written
    ], lanes


def _bands(shifts: Sequence[ChartShift], frame: _Frame) -> Iterator[str]:
    """Draw where each level may have begun."""
    for shift in shifts:
        first, last = (frame.x(one.timestamp()) for one in (shift.begin, shift.end))
        wide = max(last - first, NARROWEST)
        place = f'x="{(first + last - wide) / 2:.1f}" y="{frame.top:.0f}" width="{wide:.1f}" height="{PLOT}"'
        band = _titled(f'<rect class="band" {place}/>', shift.told, role="graphics-symbol")
        yield f'<g class="{shift.verdict}">{band}</g>'


def _levels(shifts: Sequence[ChartShift], frame: _Frame) -> Iterator[str]:
    """Draw each level from where it began to where the next did."""
    edges = [frame.left, *(_middle(shift, frame) for shift in shifts), frame.right]
    if shifts:
        yield _level(shifts[0].before, edges[0], edges[1], frame)
    for shift, (begin, end) in zip(shifts, pairwise(edges[1:]), strict=True):
        yield f'<g class="{shift.verdict}">{_level(shift.after, begin, end, frame)}</g>'


def _level(value: float, begin: float, end: float, frame: _Frame) -> str:
    return f'<path class="level" d="M{begin:.1f} {frame.y(value):.1f}H{end:.1f}"/>'


def _middle(shift: ChartShift, frame: _Frame) -> float:
    return (frame.x(shift.begin.timestamp()) + frame.x(shift.end.timestamp())) / 2


# ------------------------------------------------------------------------------------------ points and gaps
def _points(points: Sequence[ChartPoint], frame: _Frame) -> Iterator[str]:
    size = next((size for most, size in SIZES if len(points) <= most), TINY)
    way = " ".join(f"{frame.x(one.at.timestamp()):.1f} {frame.y(one.value):.1f}" for one in points)
    if len(points) > 1:
        yield f'<path class="way" d="M{way}"/>'
    for name, is_cached in (("computed", False), ("cached", True)):
        drawn = "\n".join(_point(one, frame, size) for one in points if one.is_cached is is_cached)
        if drawn:
            yield f'<g class="{name}">{drawn}</g>'


def _point(point: ChartPoint, frame: _Frame, size: float) -> str:
    place = f'cx="{frame.x(point.at.timestamp()):.1f}" cy="{frame.y(point.value):.1f}"'
    ring = f'<circle class="ring" {place} r="{size + 3:.1f}"/>' if point.is_outlier else ""
    return _linked(f'{ring}<circle {place} r="{size}"/>', point.told, point.anchor)


def _gaps(gaps: Sequence[ChartGap], frame: _Frame) -> Iterator[str]:
    """Draw gaps on the axis; only the first of each pixel and kind."""
    seen: set[tuple[int, bool]] = set()
    for gap in gaps:
        x = frame.x(gap.at.timestamp())
        if (place := (round(x), gap.is_missed)) not in seen:
            seen.add(place)
            yield _gap(gap, x, frame)


def _gap(gap: ChartGap, x: float, frame: _Frame) -> str:
    line = f"M{x:.1f} {frame.bottom - 6:.0f}v12" if gap.is_missed else _cross(x, frame.bottom)
    mark = f'<path class="gap{" missed" if gap.is_missed else ""}" d="{line}"/>'
    return _linked(mark, gap.told, gap.anchor)


def _cross(x: float, y: float) -> str:
    return f"M{x - 3.5:.1f} {y - 3.5:.1f}l7 7m0 -7l-7 7"


def _linked(mark: str, told: Sequence[str], anchor: str) -> str:
    if not anchor:
        return _titled(mark, told)
    return f'<a href="#{escape(harmless(anchor))}"><title>{markup_of_lines(told)}</title>{mark}</a>'


def _titled(mark: str, told: Sequence[str], *, role: str = "") -> str:
    of_role = f' role="{role}"' if role else ""
    return f"<g{of_role}><title>{markup_of_lines(told)}</title>{mark}</g>" if told else mark


# ------------------------------------------------------------------------------------------ legend
def _legend(chart: Chart, y: float) -> tuple[list[str], float]:
    """Say what the marks mean that there are, in as many lines as it takes; and where the next line would be."""
    x = float(MARGIN)
    shown: list[str] = []
    for words, mark in _marks(chart):
        wide = 18 + width_of(words, SMALL)
        if x + wide > WIDTH - MARGIN:
            x, y = float(MARGIN), y + LINE
        shown.append(f'{mark(x + 6, y - 4)}<text class="small" x="{x + 18:.0f}" y="{y:.0f}">{words}</text>')
        x += wide + 16
    return shown, y + LINE


def _marks(chart: Chart) -> Iterator[tuple[str, Callable[[float, float], str]]]:
    points, gaps = chart.points, chart.gaps
    if any(not one.is_cached for one in points):
        yield "computed", lambda x, y: f'<g class="computed"><circle cx="{x:.0f}" cy="{y:.0f}" r="3.6"/></g>'
    if any(one.is_cached for one in points):
        yield "from a cache", lambda x, y: f'<g class="cached"><circle cx="{x:.0f}" cy="{y:.0f}" r="3.6"/></g>'
    if any(one.is_outlier for one in points):
        yield "outlier", lambda x, y: f'<circle class="ring" cx="{x:.0f}" cy="{y:.0f}" r="6"/>'
    if any(not one.is_missed for one in gaps):
        yield "run without a value", lambda x, y: f'<path class="gap" d="{_cross(x, y)}"/>'
    if any(one.is_missed for one in gaps):
        yield "missed slot", lambda x, y: f'<path class="gap missed" d="M{x:.0f} {y - 6:.0f}v12"/>'
    if chart.versions:
        yield "another version", lambda x, y: f'<path class="version" d="M{x:.0f} {y - 7:.0f}v14"/>'
    if chart.shifts:
        yield "median of a level", lambda x, y: f'<path class="level" d="M{x - 8:.0f} {y:.0f}h16"/>'
        yield (
            "where it shifted",
            lambda x, y: f'<path class="band" d="M{x - 5:.0f} {y - 6:.0f}h10v12h-10z"/>',
        )
