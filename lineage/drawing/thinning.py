"""Which of many points are drawn, so that the picture stays what all of them together would be."""

from collections.abc import Sequence

from lineage.drawing.chart import ChartPoint


def thinned(points: Sequence[ChartPoint], columns: int) -> tuple[ChartPoint, ...]:
    """Keep the lowest and the highest of each column of a chart, and the first and the last of all, in their order.

    Points in the order of time; all of them are kept where that is no more.
    """
    if len(points) <= 2 * columns:
        return tuple(points)
    begin = points[0].at.timestamp()
    span = points[-1].at.timestamp() - begin or 1.0
    lowest: dict[int, int] = {}
    highest: dict[int, int] = {}
    for number, point in enumerate(points):
        column = min(columns - 1, int((point.at.timestamp() - begin) / span * columns))
        if point.value < points[lowest.setdefault(column, number)].value:
            lowest[column] = number
        if point.value > points[highest.setdefault(column, number)].value:
            highest[column] = number
    kept = {0, len(points) - 1, *lowest.values(), *highest.values()}
    return tuple(points[number] for number in sorted(kept))
