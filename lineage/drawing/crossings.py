"""In which order the nodes of a column stand: so that few links cross.

Links that pass columns get a place in each. Those of one node share it: a bundle that leaves, or comes together, where
it is needed. Then columns are sorted by where their neighbours stand, to and fro, and the best order is kept.

Barycentres: Sugiyama et al. (1981). Counting: W. Barth, M. Jünger, P. Mutzel: Simple and efficient bilayer cross
counting (2002).
"""

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from lineage.drawing.layers import Link

WORK: Final = 9_000  # links sorted and counted in all, some 15 ms: a large graph is swept less often
SWEEPS: Final = (2, 24)  # at least, at most
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


def ordered(
    column: Sequence[int], links: Sequence[Link], apart: Sequence[object], watch: Callable[[int], None]
) -> Ordered:
    """Give links their places in the columns between their ends, and order all columns.

    Links share a way only if they are equal in `apart`. Each leads from a column to a later one. `watch` is called with
    0 before each step of work.
    """
    places = _with_bends(column, links, apart)
    _sort(places.columns, places.before, places.after, watch)
    return places


# ------------------------------------------------------------------------------------------ bends
def _with_bends(column: Sequence[int], links: Sequence[Link], apart: Sequence[object]) -> Ordered:
    places = _places(column)
    leaving, arriving = Counter(source for source, _ in links), Counter(target for _, target in links)
    shared: dict[tuple[bool, int, object], list[int]] = {}  # bends that links have in common, from the node on
    tied: set[Link] = set()
    for (source, target), kind in zip(links, apart, strict=True):
        is_leaving = leaving[source] >= arriving[target]
        bends = shared.setdefault((is_leaving, source if is_leaving else target, kind), [])
        passed = range(column[source] + 1, column[target])
        for at in passed[len(bends) :] if is_leaving else passed[::-1][len(bends) :]:
            bend = _bend(places, at)
            if is_leaving:
                _tie(places, bends[-1] if bends else source, bend)
            else:
                _tie(places, bend, bends[-1] if bends else target)
            bends.append(bend)
        inner = bends[: len(passed)]
        way = (source, *inner, target) if is_leaving else (source, *reversed(inner), target)
        places.ways.append(way)
        end = way[-2:] if is_leaving else way[:2]
        if end not in tied:
            tied.add((end[0], end[1]))
            _tie(places, end[0], end[1])
    return places


def _places(column: Sequence[int]) -> Ordered:
    """Nodes alone, in the columns where they stand."""
    columns: list[list[int]] = [[] for _ in range(max(column, default=-1) + 1)]
    for node, at in enumerate(column):
        columns[at].append(node)
    return Ordered(columns=columns, before=[[] for _ in column], after=[[] for _ in column], ways=[])


def _bend(places: Ordered, at: int) -> int:
    """Make one more place in a column."""
    bend = len(places.before)
    places.before.append([])
    places.after.append([])
    places.columns[at].append(bend)
    return bend


def _tie(places: Ordered, one: int, other: int) -> None:
    places.after[one].append(other)
    places.before[other].append(one)


# ------------------------------------------------------------------------------------------ sorting
def _sort(
    columns: list[list[int]], before: list[list[int]], after: list[list[int]], watch: Callable[[int], None]
) -> None:
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
        watch(0)
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
