"""How high in its column each place stands: near what it is tied to, in the order that is given, none on another.

Each column in turn wants to stand at the mean of its neighbours. Where places would touch, those that push each other
stand together at the mean of what they want: isotonic regression by pooling adjacent violators (Barlow et al., 1972).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil
from typing import Final

from lineage.drawing.crossings import Ordered

WORK: Final = 6_000  # places moved in all, some 10 ms
PASSES: Final = (2, 16)  # at least, at most
GAP: Final = 14.0  # between boxes
LANE: Final = 12.0  # between a box and a link that passes, or between two such
LOOSE: Final = 0.1  # how much a box that nothing is tied to wants to stay where it is
STIFF: Final = 1e6  # how much more than by boxes a bend is drawn by bends: long links are straight
SLACK: Final = 0.2  # how much less than by boxes a box is drawn by bends: what many read does not bend the rest
FIRM: Final = 6.0  # how much more than a box a bend keeps to what it wants


def heights(places: Ordered, size: int, box_heights: Sequence[float], watch: Callable[[int], None]) -> list[float]:
    """Find the middle of each place, in whole pixels from the top of all: numbers below `size` are boxes.

    The boxes have the heights given; there is at least one. `watch` is called with 0 before each step of work.
    """
    half = [each / 2 for each in box_heights] + [0.0] * (len(places.before) - size)
    offsets = [_offsets(row, size, half) for row in places.columns]
    middle = [0.0] * len(places.before)
    for row, below in zip(places.columns, offsets, strict=True):
        for node, offset in zip(row, below, strict=True):
            middle[node] = offset - below[-1] / 2
    least, most = PASSES
    passes = max(least, min(most, WORK // max(1, len(middle))))
    both = [[*one, *other] for one, other in zip(places.before, places.after, strict=True)]
    in_line = [
        before if len(before) == 1 and len(places.after[before[0]]) == 1 else beside
        for before, beside in zip(places.before, both, strict=True)
    ]
    ways = [(places.before, 1), (places.after, -1)] * (passes // 2) + [(both, 1), (both, -1), (in_line, 1)]
    for tied, step in ways:
        watch(0)
        for row, below in list(zip(places.columns, offsets, strict=True))[::step]:
            _settle(row, below, tied, middle, size)
    for row, below in zip(places.columns[::-1], offsets[::-1], strict=True):
        _straighten(row, below, places.after, places.before, middle)
    top = min(middle[row[0]] - half[row[0]] for row in places.columns)
    return [ceil(each - top) for each in middle]


def _offsets(row: Sequence[int], size: int, half: Sequence[float]) -> list[float]:
    """How far below the first of its column each stands at least."""
    found = [0.0]
    for above, below in pairwise(row):
        gap = GAP if above < size and below < size else LANE
        found.append(found[-1] + half[above] + gap + half[below])
    return found


def _settle(
    row: Sequence[int], offsets: Sequence[float], tied: Sequence[Sequence[int]], middle: list[float], size: int
) -> None:
    """Move a column to where its places want to be, as nearly as their order and sizes let them."""
    blocks: list[tuple[float, float, int]] = []  # what places that push each other want in sum, how much, their number
    for node, offset in zip(row, offsets, strict=True):
        beside = tied[node]
        count = 1
        if node >= size:
            wanted, weight = _mean(beside, middle, size, by_bend=STIFF), FIRM
        elif not beside:
            wanted, weight = middle[node], LOOSE
        elif len(beside) == 1:
            wanted, weight = middle[beside[0]], 1.0
        else:
            wanted, weight = _mean(beside, middle, size, by_bend=SLACK), 1.0
        total = (wanted - offset) * weight
        while blocks and blocks[-1][0] * weight > total * blocks[-1][1]:
            above = blocks.pop()
            total, weight, count = total + above[0], weight + above[1], count + above[2]
        blocks.append((total, weight, count))
    at = 0
    for total, weight, count in blocks:
        base = total / weight
        for number in range(at, at + count):
            middle[row[number]] = base + offsets[number]
        at += count


def _straighten(
    row: Sequence[int],
    offsets: Sequence[float],
    tied: Sequence[Sequence[int]],
    back: Sequence[Sequence[int]],
    middle: list[float],
) -> None:
    """Move places of a column that continue a line to where that is, if there is room."""
    last = len(row) - 1
    for at, node in enumerate(row):
        beside = tied[node]
        if len(beside) != 1 or len(back[beside[0]]) != 1:
            continue
        wanted = middle[beside[0]]
        if at and wanted - middle[row[at - 1]] < offsets[at] - offsets[at - 1]:
            continue
        if at < last and middle[row[at + 1]] - wanted < offsets[at + 1] - offsets[at]:
            continue
        middle[node] = wanted


def _mean(beside: Sequence[int], middle: Sequence[float], size: int, *, by_bend: float) -> float:
    """Where neighbours draw a place to, if bends do so by a weight and boxes by 1."""
    total = weight = 0.0
    for other in beside:
        pull = by_bend if other >= size else 1.0
        total += middle[other] * pull
        weight += pull
    return total / weight
