"""In which order the nodes of a column stand: so that few links cross.

Links that pass columns get a place in each. Those of one node share it: a bundle that leaves, or comes together, where
it is needed. Then columns are sorted by where their neighbours stand, to and fro, and the best order is kept.

Barycentres: Sugiyama et al. (1981). Counting: W. Barth, M. Jünger, P. Mutzel: Simple and efficient bilayer cross
counting (2002).
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from lineage.drawing.layers import Link

WORK: Final = 9_000  # links sorted and counted in all, some 15 ms: a large graph is swept less often
SWEEPS: Final = (6, 24)  # at least, at most
PATIENCE: Final = 4  # sweeps that better nothing, until it is left at that


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """Places in columns: a node's own number, or from `size` on the numbers of bends, where links pass a column.
    `before` and `after` are the neighbours of a place in the columns beside its own; `ways` the places that each link
    passes, its ends included."""

    columns: list[list[int]]
    before: list[list[int]]
    after: list[list[int]]
    ways: list[tuple[int, ...]]


def ordered(column: Sequence[int], links: Sequence[Link], apart: Sequence[object]) -> Ordered:
    """Give links their places in the columns between their ends, and order all columns.

    Links share a way only if they are equal in `apart`. Each leads from a column to a later one.
    """
    places = _with_bends(column, links, apart)
    _sort(places.columns, places.before, places.after)
    return places


# ------------------------------------------------------------------------------------------ bends
def _with_bends(column: Sequence[int], links: Sequence[Link], apart: Sequence[object]) -> Ordered:
    size = len(column)
    leaving, arriving = [0] * size, [0] * size
    for source, target in links:
        leaving[source] += 1
        arriving[target] += 1
    columns: list[list[int]] = [[] for _ in range(max(column, default=-1) + 1)]
    for node in range(size):
        columns[column[node]].append(node)
    before: list[list[int]] = [[] for _ in range(size)]
    after: list[list[int]] = [[] for _ in range(size)]
    bends: dict[tuple[bool, int, object, int], int] = {}
    tied: set[Link] = set()
    ways: list[tuple[int, ...]] = []
    for (source, target), kind in zip(links, apart, strict=True):
        way = [source]
        is_leaving = leaving[source] >= arriving[target]
        shared_by = source if is_leaving else target
        for passed in range(column[source] + 1, column[target]):
            name = (is_leaving, shared_by, kind, passed)
            bend = bends.get(name)
            if bend is None:
                bend = bends[name] = len(before)
                before.append([])
                after.append([])
                columns[passed].append(bend)
            way.append(bend)
        way.append(target)
        for step in pairwise(way):
            if step not in tied:
                tied.add(step)
                after[step[0]].append(step[1])
                before[step[1]].append(step[0])
        ways.append(tuple(way))
    return Ordered(columns=columns, before=before, after=after, ways=ways)


# ------------------------------------------------------------------------------------------ sorting
def _sort(columns: list[list[int]], before: list[list[int]], after: list[list[int]]) -> None:
    """Sort the places of each column, in place."""
    place = [0] * len(before)
    for row in columns:
        for number, node in enumerate(row):
            place[node] = number
    links = sum(map(len, before))
    least, most = SWEEPS
    fewest, best = _crossings(columns, after, place), [row.copy() for row in columns]
    idle = 0
    for sweep in range(max(least, min(most, WORK // max(1, links)))):
        if not fewest or idle == PATIENCE:
            break
        if sweep % 2 == 0:
            _sweep(columns[1:], before, place)
        else:
            _sweep(columns[-2::-1], after, place)
        found = _crossings(columns, after, place)
        idle += 1
        if found < fewest:
            fewest, best, idle = found, [row.copy() for row in columns], 0
    columns[:] = best


def _sweep(columns: Sequence[list[int]], beside: Sequence[Sequence[int]], place: list[int]) -> None:
    """Sort each column by the barycentres of what it is tied to in the one before it; equals keep their order."""
    key: dict[int, float] = {}
    for row in columns:
        for node in row:
            tied = beside[node]
            if len(tied) == 1:
                key[node] = place[tied[0]]
            elif tied:
                total = 0
                for other in tied:
                    total += place[other]
                key[node] = total / len(tied)
            else:
                key[node] = place[node]
        row.sort(key=key.__getitem__)
        for number, node in enumerate(row):
            place[node] = number


def _crossings(columns: Sequence[Sequence[int]], after: Sequence[Sequence[int]], place: Sequence[int]) -> int:
    """Count how many links cross, between all columns."""
    total = 0
    for row in columns[:-1]:
        seen: list[int] = []
        for node in row:
            ends = after[node]
            if len(ends) == 1:
                end = place[ends[0]]
                total += len(seen) - bisect_right(seen, end)
                insort(seen, end)
            elif ends:
                ends_here = sorted([place[other] for other in ends])
                for end in ends_here:
                    total += len(seen) - bisect_right(seen, end)
                for end in ends_here:
                    insort(seen, end)
    return total
