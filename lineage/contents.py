"""What may be a copy of what: artifacts of equal content, of which some nobody is known to have written. Pure.

Content is no identity. What came from outside, and holds what a run had written before, may be a copy of that; so may
be what came from outside later still. Who copied from whom nobody saw, but all of it came of those writes. So what is
outside stands in a row, by time, and each write leads to the first in it that came after. Everything that may be a copy
of a write lies downstream of it, and a content that thousands share takes thousands of edges, and not one a pair.
"""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from lineage.identity import sha256
from lineage.merge import SKEW_SECONDS

TRIVIAL: Final = frozenset(map(sha256, (b"", b"kfp-lineage content: files\n", b"{}", b"[]")))
"""The digests of nothing at all: no bytes, a folder or archive without files, no values. Everybody writes these."""


class Holder(NamedTuple):
    """An artifact of a content. `id` is the caller's; `key` breaks ties. `is_written`: by an execution that is known.
    It began to be there, and was there, at these seconds since 1970."""

    id: int
    key: str
    is_written: bool
    began: int
    there: int


def copies(holders: Iterable[Holder]) -> set[tuple[int, int]]:
    """Say which artifacts of one content lead to which, by their ids: original and copy."""
    found = list(holders)
    written = [one for one in found if one.is_written]
    if not written:
        return set()
    earliest = min(one.began for one in written)
    row = sorted(
        (one.there + SKEW_SECONDS, one.key, one.id)
        for one in found
        if not one.is_written and one.there + SKEW_SECONDS >= earliest
    )
    until = [by for by, _, _ in row]
    pairs = {(near, far) for (_, _, near), (_, _, far) in pairwise(row)}
    for one in written:
        place = bisect_left(until, one.began)
        if place < len(row):
            pairs.add((one.id, row[place][2]))
    return pairs
