"""A chart in characters: for terminals, and for whatever shows text alone.

Values are dots of Braille patterns, eight to a character, or asterisks where a terminal knows ASCII alone. What is not
plain (an old value from a cache, an outlier, a gap, a shift) has a sign of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise
from typing import Final, TypeAlias

from lineage.drawing.axes import Axis, span_of, time_axis, value_axis
from lineage.drawing.chart import Chart, ChartShift, Verdict

HEIGHT: Final = 12  # lines of the plot, unless asked
NARROWEST: Final = 30
BETWEEN_LABELS: Final = 14  # columns, about, from one time to the next
VALUE_TICKS: Final = 5
_BRAILLE: Final = 0x2800
_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column (Unicode, Braille Patterns)


class Role(StrEnum):
    """What a character is there for; who prints it may choose a colour by that."""

    SPACE = "space"
    AXIS = "axis"
    POINT = "point"
    CACHED = "cached"
    OUTLIER = "outlier"
    LEVEL = "level"
    MISSED = "missed"
    FAILED = "failed"
    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    SHIFTED = "shifted"


Span: TypeAlias = tuple[str, Role]
Cell: TypeAlias = tuple[str, Role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The characters that a chart is made of; without `point` values are dots of Braille patterns."""

    point: str
    cached: str
    outlier: str
    level: str
    band: str
    failed: str
    missed: str
    side: str
    tick: str
    corner: str
    floor: str
    up: str
    down: str


UNICODE: Final = Signs(
    point="",
    cached="○",
    outlier="◎",
    level="╌",
    band="┊",
    failed="×",
    missed="╷",
    side="│",
    tick="┤",
    corner="└",
    floor="─",
    up="▲",
    down="▼",
)
ASCII: Final = Signs(
    point="*",
    cached="o",
    outlier="@",
    level="-",
    band=":",
    failed="x",
    missed="!",
    side="|",
    tick="+",
    corner="+",
    floor="-",
    up="^",
    down="v",
)
_EMPTY: Final[Cell] = (" ", Role.SPACE)
_ROLES: Final = {
    Verdict.REGRESSION: Role.REGRESSION,
    Verdict.IMPROVEMENT: Role.IMPROVEMENT,
    Verdict.SHIFTED: Role.SHIFTED,
}


def text_chart(
    chart: Chart, *, width: int, height: int = HEIGHT, signs: Signs = UNICODE
) -> tuple[tuple[Span, ...], ...]:
    """Draw a chart so many columns wide, as lines of pieces of text with their roles; without its title and notes."""
    times = [*(one.at for one in chart.points), *(one.at for one in chart.gaps)]
    if not times:
        return ((("No value is known.", Role.AXIS),),)
    levels = [level for shift in chart.shifts for level in (shift.before, shift.after)]
    values = value_axis([*(point.value for point in chart.points), *levels], min(VALUE_TICKS, height // 2))
    labels = {_row(values, tick.at, height): tick.label for tick in values.ticks}
    gutter = max(map(len, labels.values()), default=0)
    columns = max(width, NARROWEST) - gutter - 2
    axis = time_axis(times, max(1, columns // BETWEEN_LABELS))
    plot = _plot(chart, axis, values, columns, height, signs)
    lines = [_words_of_shifts(chart.shifts, axis, gutter + 2, columns, signs)]
    for row, cells in enumerate(plot):
        label = labels.get(row, "")
        side = signs.tick if label else signs.side
        lines.append([*_cells(f"{label:>{gutter}} {side}", Role.AXIS), *cells])
    lines.append([*_cells(f"{'':{gutter}} {signs.corner}", Role.AXIS), *_floor(chart, axis, columns, signs)])
    lines.append(_labels(axis, gutter + 2, columns))
    lines.append(_cells(f"{span_of(times):>{gutter + 2 + columns}}", Role.AXIS))
    return tuple(tuple(_spans(line)) for line in lines if any(cell != _EMPTY for cell in line))


def plain_lines(chart: Chart, *, width: int) -> tuple[str, ...]:
    """Draw a chart as lines of text alone."""
    return tuple("".join(text for text, _ in line).rstrip() for line in text_chart(chart, width=width))


def legend_of(chart: Chart, signs: Signs) -> str:
    """Say what the signs mean that there are besides those of values."""
    meant = (
        (signs.cached, "from a cache", any(one.is_cached for one in chart.points)),
        (signs.outlier, "outlier", any(one.is_outlier for one in chart.points)),
        (signs.failed, "run without a value", any(not one.is_missed for one in chart.gaps)),
        (signs.missed, "missed slot", any(one.is_missed for one in chart.gaps)),
        (signs.level, "median of a level", bool(chart.shifts)),
        (signs.band, "where it shifted", bool(chart.shifts)),
    )
    return "   ".join(f"{sign} {words}" for sign, words, is_there in meant if is_there)


# ------------------------------------------------------------------------------------------ within the axes
def _plot(chart: Chart, axis: Axis, values: Axis, columns: int, height: int, signs: Signs) -> list[list[Cell]]:
    plot = [[_EMPTY] * columns for _ in range(height)]
    edges = [0, *(_column(axis, _middle(shift), columns) for shift in chart.shifts), columns - 1]
    for shift in chart.shifts:
        begin, end = (_column(axis, one.timestamp(), columns) for one in (shift.begin, shift.end))
        for row in plot:
            for column in {begin, end}:
                row[column] = (signs.band, _role(shift.verdict))
    if chart.shifts:
        _level(plot, values, chart.shifts[0].before, edges[0], edges[1], (signs.level, Role.LEVEL))
    for shift, (begin, end) in zip(chart.shifts, pairwise(edges[1:]), strict=True):
        _level(plot, values, shift.after, begin, end, (signs.level, _role(shift.verdict)))
    _points(plot, chart, axis, values, signs)
    return plot


def _level(plot: list[list[Cell]], values: Axis, value: float, begin: int, end: int, cell: Cell) -> None:
    row = plot[_row(values, value, len(plot))]
    row[begin : end + 1] = [cell] * (end + 1 - begin)


def _points(plot: list[list[Cell]], chart: Chart, axis: Axis, values: Axis, signs: Signs) -> None:
    """Draw values over all else: first the plain ones, over them what is not."""
    height, columns = len(plot), len(plot[0])
    dots: dict[tuple[int, int], int] = {}
    is_wide = len(chart.points) <= columns  # so few that each may be a square of dots, to be seen
    for point in chart.points:
        x = axis.share(point.at.timestamp()) * (columns * 2 - 1)
        y = (1 - values.share(point.value)) * (height * 4 - 1)
        row, column = round(y) // 4, round(x) // 2
        at = round(y) % 4
        pattern = sum(_DOTS[at]) | sum(_DOTS[at + 1 if at < 3 else 2]) if is_wide else _DOTS[at][round(x) % 2]
        dots[row, column] = dots.get((row, column), 0) | pattern
    for (row, column), pattern in dots.items():
        plot[row][column] = (signs.point or chr(_BRAILLE + pattern), Role.POINT)
    for point in chart.points:
        if point.is_cached or point.is_outlier:
            row = _row(values, point.value, height)
            column = round(axis.share(point.at.timestamp()) * (columns * 2 - 1)) // 2
            plot[row][column] = (signs.cached, Role.CACHED) if point.is_cached else (signs.outlier, Role.OUTLIER)


def _row(values: Axis, value: float, height: int) -> int:
    return round((1 - values.share(value)) * (height * 4 - 1)) // 4


def _column(axis: Axis, seconds: float, columns: int) -> int:
    return round(axis.share(seconds) * (columns * 2 - 1)) // 2


def _middle(shift: ChartShift) -> float:
    return (shift.begin.timestamp() + shift.end.timestamp()) / 2


def _role(verdict: Verdict) -> Role:
    return _ROLES.get(verdict, Role.LEVEL)


# ------------------------------------------------------------------------------------------ around them
def _words_of_shifts(shifts: Sequence[ChartShift], axis: Axis, left: int, columns: int, signs: Signs) -> list[Cell]:
    """Write above each shift what became of the level, where that has room."""
    line = [_EMPTY] * (left + columns)
    free = left
    for shift in shifts:
        words = _known(f"{signs.up if shift.is_up else signs.down} {shift.words}", signs)
        middle = left + _column(axis, _middle(shift), columns)
        begin = max(left, min(middle - len(words) // 2, left + columns - len(words)))
        if begin >= free:
            line[begin : begin + len(words)] = _cells(words, _role(shift.verdict))
            free = begin + len(words) + 2
    return line


def _known(text: str, signs: Signs) -> str:
    """Write a text without what a terminal does not know that knows ASCII alone."""
    return text.replace("−", "-").replace("→", "->") if signs.point else text


def _floor(chart: Chart, axis: Axis, columns: int, signs: Signs) -> list[Cell]:
    line: list[Cell] = [(signs.floor, Role.AXIS)] * columns
    for gap in chart.gaps:
        cell = (signs.missed, Role.MISSED) if gap.is_missed else (signs.failed, Role.FAILED)
        line[_column(axis, gap.at.timestamp(), columns)] = cell
    return line


def _labels(axis: Axis, left: int, columns: int) -> list[Cell]:
    line = [_EMPTY] * (left + columns)
    free = 0
    for tick in axis.ticks:
        begin = left + _column(axis, tick.at, columns) - len(tick.label) // 2
        if begin >= free and begin + len(tick.label) <= left + columns:
            line[begin : begin + len(tick.label)] = _cells(tick.label, Role.AXIS)
            free = begin + len(tick.label) + 1
    return line


def _cells(text: str, role: Role) -> list[Cell]:
    return [(letter, role) for letter in text]


def _spans(cells: Sequence[Cell]) -> Iterator[Span]:
    for role, group in groupby(cells, key=lambda cell: cell[1]):
        yield "".join(letter for letter, _ in group), role
