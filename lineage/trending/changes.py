"""What was another from one run of a series to the next: what ran, what it was given and what it read. Where it ran and
what made it is left out: that is another with most runs, and seldom says anything."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from lineage.model import Circumstance, CircumstanceKind, TrendPoint
from lineage.trending.answers import TrendChange
from lineage.trending.surroundings import Levels, Surroundings, called, change_of

MOST_POINTS: Final = 1_000  # the newest, between which is looked
MOST_CHANGES: Final = 500  # the newest, that are told
MOST_SHOWN: Final = 60  # characters of a value
TOLD: Final = frozenset(
    {
        CircumstanceKind.SPEC,
        CircumstanceKind.IMAGE,
        CircumstanceKind.PARAMETER,
        CircumstanceKind.CONTENT,
        CircumstanceKind.PLACE,
        CircumstanceKind.UPSTREAM,
    }
)
_DIGEST: Final = re.compile(r"(\b[a-z0-9]+:[0-9a-f]{12})[0-9a-f]{20,}")  # twelve digits tell images apart


def changes_between(points: Sequence[TrendPoint], surroundings: Surroundings) -> tuple[TrendChange, ...]:
    """Tell what was another in the run of a point than in that of the one before, in the order of time.

    What is another at more than half of the points, such as a date, marks nothing: it is told once, where it was last.
    """
    newest = points[-MOST_POINTS:]
    found = [
        (number, change)
        for one, levels in surroundings.of(newest).items()
        if one.kind in TOLD
        for number, change in _changes(one, levels, newest)
    ]
    found.sort(key=lambda each: (each[0], each[1].kind, each[1].says))
    return tuple(change for _, change in found[-MOST_CHANGES:])


def _changes(one: Circumstance, levels: Levels, points: Sequence[TrendPoint]) -> Iterator[tuple[int, TrendChange]]:
    """List the changes of a circumstance, by the number of the point; what is not known is no change."""
    known = [(number, level) for number, level in enumerate(levels) if level is not None]
    turns = [(at, before, after) for (_, before), (at, after) in pairwise(known) if before != after]
    often = f", and another in {len(turns)} of {len(known) - 1} runs" if 2 * len(turns) > len(points) > 2 else ""
    for at, before, after in turns[-1:] if often else turns:
        change = change_of(one, before, after)
        says = f"{called(one)}: {_short(change.before)} → {_short(change.after)}{often}"
        yield at, TrendChange(point=points[at], kind=change.kind, says=says)


def _short(value: str | None) -> str:
    text = _DIGEST.sub(r"\1…", value or "")
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
