"""Where boxes stand, and how links run between them: in columns from left to right, as the data goes.

A link is horizontal where it passes a column, in a lane of its own, and bends only between columns, where no box is: so
it never runs through a box. Parts of a graph that nothing ties are laid out by themselves, and packed like lines of a
text. Everything follows from the order of what is given: the same graph has the same layout.

Nodes are numbers from 0 on; lengths are pixels, x to the right and y down.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from lineage.drawing.crossings import Ordered, ordered
from lineage.drawing.heights import heights
from lineage.drawing.layers import Link, columns, turned

GUTTER: Final = 46.0  # between two columns, where links are short
STEEP: Final = 0.14  # how much wider it is for each pixel that a link climbs …
WIDEST_GUTTER: Final = 150.0  # … up to here
BETWEEN_PARTS: Final = 34.0
PORTS: Final = 9.0  # between two links on the side of a box, if there is room
CORNER: Final = 9.0  # what of a side is left free at its ends
SHAPE: Final = 1.8  # how much wider than high a picture of many parts is about


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node stands, by its upper left corner."""

    left: float
    top: float
    width: float
    height: float


Point = tuple[float, float]
Watch = Callable[[int], None]
"""Is told how many columns links are about to be led through, and 0 before each step of work else. What it raises ends
the layout."""
Route = tuple[Point, ...]
"""From the side of one box to the side of another. Between two points of one height is a line, and else a curve that
begins and ends horizontally. Two points above each other, on one side of a box, are a loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A box of each node, and a route of each link, in their order; all within a width and a height from 0 on."""

    boxes: Sequence[Box]
    routes: Sequence[Route]
    width: float
    height: float


def unwatched(_: int) -> None:
    """Let a layout take as long as it takes."""


def lay_out(
    sizes: Sequence[tuple[float, float]], links: Sequence[Link], apart: Sequence[object], *, watch: Watch = unwatched
) -> Layout:
    """Lay out a graph whose nodes have widths and heights. Boxes of one column are as wide as the widest.

    Links of one node that are equal in `apart` may share a part of their way. Time and room grow with the columns that
    links pass, which are up to nodes times links: who lays out what others made up has that watched.
    """
    parts = list(_parts(len(sizes), links))
    laid_out: list[Layout] = []
    for nodes, numbers in parts:
        within = {node: number for number, node in enumerate(nodes)}
        inner = [(within[source], within[target]) for source, target in (links[number] for number in numbers)]
        inner_apart = [apart[number] for number in numbers]
        laid_out.append(_lay_out([sizes[node] for node in nodes], inner, inner_apart, watch))
    boxes: dict[int, Box] = {}
    routes: dict[int, Route] = {}
    width = height = 0.0
    for (nodes, numbers), part, (x, y) in zip(parts, laid_out, _packed(laid_out), strict=True):
        boxes |= {
            node: Box(box.left + x, box.top + y, box.width, box.height)
            for node, box in zip(nodes, part.boxes, strict=True)
        }
        routes |= {
            number: tuple([(right + x, down + y) for right, down in route])
            for number, route in zip(numbers, part.routes, strict=True)
        }
        width, height = max(width, x + part.width), max(height, y + part.height)
    return Layout(
        boxes=[boxes[node] for node in range(len(sizes))],
        routes=[routes[number] for number in range(len(links))],
        width=width,
        height=height,
    )


# ------------------------------------------------------------------------------------------ parts
def _parts(size: int, links: Sequence[Link]) -> Iterator[tuple[list[int], list[int]]]:
    """List the parts that hang together, by their nodes and the numbers of their links."""
    beside: list[list[int]] = [[] for _ in range(size)]
    for source, target in links:
        beside[source].append(target)
        beside[target].append(source)
    part = [-1] * size
    members: list[list[int]] = []
    for start in range(size):
        if part[start] >= 0:
            continue
        part[start] = len(members)
        reached = [start]
        for node in reached:
            for other in beside[node]:
                if part[other] < 0:
                    part[other] = len(members)
                    reached.append(other)
        members.append(sorted(reached))
    inner: list[list[int]] = [[] for _ in members]
    for number, (source, _) in enumerate(links):
        inner[part[source]].append(number)
    return zip(members, inner, strict=True)


def _packed(parts: Sequence[Layout]) -> list[Point]:
    """Place parts beside each other, the highest first, in lines as wide as the widest, or as gives the whole its
    shape."""
    area = sum((part.width + BETWEEN_PARTS) * (part.height + BETWEEN_PARTS) for part in parts)
    line = max(sqrt(area * SHAPE), max((part.width for part in parts), default=0.0))
    found: list[Point] = [(0.0, 0.0)] * len(parts)
    x = y = height = 0.0
    for at in sorted(range(len(parts)), key=lambda at: -parts[at].height):
        part = parts[at]
        if x > 0.0 and x + part.width > line:
            x, y, height = 0.0, y + height + BETWEEN_PARTS, 0.0
        found[at] = (x, y)
        x, height = x + part.width + BETWEEN_PARTS, max(height, part.height)
    return found


# ------------------------------------------------------------------------------------------ one part
def _lay_out(
    sizes: Sequence[tuple[float, float]], links: Sequence[Link], apart: Sequence[object], watch: Watch
) -> Layout:
    size = len(sizes)
    is_turned = turned(size, links)
    straight = [number for number, (source, target) in enumerate(links) if source != target]
    onward = [links[number][::-1] if is_turned[number] else links[number] for number in straight]
    column = columns(size, onward)
    watch(sum(column[target] - column[source] for source, target in onward))
    places = ordered(column, onward, [(apart[number], is_turned[number]) for number in straight], watch)
    middle = heights(places, size, [height for _, height in sizes], watch)
    sides = _sides(places, middle, sizes)
    boxes = [
        Box(sides[at][0], middle[node] - height / 2, sides[at][1] - sides[at][0], height)
        for node, (at, (_, height)) in enumerate(zip(column, sizes, strict=True))
    ]
    routes: dict[int, Route] = {}
    ends = _ends(places, middle, sizes)
    for number, way, (start, end) in zip(straight, places.ways, ends, strict=True):
        route = _route(way, column[way[0]], sides, middle, start, end)
        routes[number] = route[::-1] if is_turned[number] else route
    loops = [number for number, (source, target) in enumerate(links) if source == target]
    for number in loops:
        node = links[number][0]
        x, y, reach = sides[column[node]][1], middle[node], sizes[node][1] / 2 - CORNER
        routes[number] = ((x, y - reach), (x, y + reach))
    return Layout(
        boxes=boxes,
        routes=[routes[number] for number in range(len(links))],
        width=sides[-1][1] + (GUTTER if loops else 0.0),
        height=max(*(box.top + box.height for box in boxes), *(middle[row[-1]] for row in places.columns)),
    )


def _sides(places: Ordered, middle: Sequence[float], sizes: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Say from where to where each column goes: it is as wide as its widest box, and steep links have more room."""
    found: list[tuple[float, float]] = []
    left = 0.0
    for row in places.columns:
        right = left + max(sizes[node][0] for node in row if node < len(sizes))
        found.append((left, right))
        climb = max((abs(middle[node] - middle[other]) for node in row for other in places.after[node]), default=0.0)
        left = right + round(min(GUTTER + STEEP * climb, WIDEST_GUTTER))
    return found


def _ends(places: Ordered, middle: Sequence[float], sizes: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Say how high each link leaves its box, and enters another: beside each other, in the order of where they lead.

    What shares its way shares its end.
    """
    size = len(sizes)
    leaving: list[dict[int, float]] = [{} for _ in range(size)]
    arriving: list[dict[int, float]] = [{} for _ in range(size)]
    names: list[tuple[int, int]] = []
    for number, way in enumerate(places.ways):
        first, last = (-1 - number, -1 - number) if len(way) == 2 else (way[1], way[-2])
        leaving[way[0]][first] = middle[way[1]]
        arriving[way[-1]][last] = middle[way[-2]]
        names.append((first, last))
    for node, (_, height) in enumerate(sizes):
        for side in (leaving[node], arriving[node]):
            if len(side) == 1:
                side[next(iter(side))] = middle[node]
                continue
            step = min(PORTS, (height - 2 * CORNER) / max(1, len(side) - 1))
            above = middle[node] - step * (len(side) - 1) / 2
            for rank, name in enumerate(sorted(side, key=side.__getitem__)):
                side[name] = above + rank * step
    return [
        (leaving[way[0]][first], arriving[way[-1]][last]) for way, (first, last) in zip(places.ways, names, strict=True)
    ]


def _route(
    way: Sequence[int],
    at: int,
    sides: Sequence[tuple[float, float]],
    middle: Sequence[float],
    start: float,
    end: float,
) -> Route:
    """Lead a link from the side of its box through its lanes to the side of another."""
    points = [(sides[at][1], start)]
    y = start
    for passed, bend in enumerate(way[1:-1], at + 1):
        if middle[bend] != y:
            points += [(sides[passed - 1][1], y), (sides[passed][0], middle[bend])]
            y = middle[bend]
    last = at + len(way) - 1
    if end != y:
        points.append((sides[last - 1][1], y))
    points.append((sides[last][0], end))
    return tuple(dict.fromkeys(points))  # where it bends at once, it begins where it bends
