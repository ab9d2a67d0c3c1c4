"""Which of many points are drawn, so that the picture stays what all of them together would be."""

from collections.abc import Sequence


def thinned(points: Sequence[tuple[float, float]], columns: int) -> list[int]:
    """Say which points to keep, by their numbers: the lowest and the highest of each column of a chart, and the first
    and the last of all.

    Points are pairs of a time in seconds and a value, in the order of time. All of them are kept where that is no more.
    """
    if len(points) <= 2 * columns:
        return list(range(len(points)))
    begin = points[0][0]
    span = points[-1][0] - begin or 1.0
    lowest: dict[int, int] = {}
    highest: dict[int, int] = {}
    for number, (at, value) in enumerate(points):
        column = min(columns - 1, int((at - begin) / span * columns))
        if value < points[lowest.setdefault(column, number)][1]:
            lowest[column] = number
        if value > points[highest.setdefault(column, number)][1]:
            highest[column] = number
    return sorted({0, len(points) - 1, *lowest.values(), *highest.values()})
