"""When a resource was watched, and when it was not: stretches of its history, and the gaps between them.

Pure. A stretch lies between two versions of the resource, which the API server orders. Its times bound when these were
the latest: it began no later, and ended no sooner. So a watcher that was cut off and went on from where it stood left
no gap, and two watchers cover what either of them saw. Stretches that touch are one: any order and any repetition of
them makes the same ones. What lies before the first is no gap but the beginning: nobody had begun to watch.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What was watched without a gap, from the list of version `since` on. Versions are sortable text
    (`lineage.facts.sortable`), times microseconds since 1970.

    `listed` is what that list showed, packed, and `reason` why it was needed; both are empty where that was not told.
    So many `objects` existed at `until`.
    """

    since: str
    since_at: int
    until: str
    until_at: int
    objects: int
    listed: bytes = b""
    reason: str = ""


def united(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Make one of all that touch, in the order of their versions."""
    found: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda one: one.since):
        if found and stretch.since <= found[-1].until:
            found[-1] = _union(found[-1], stretch)
        else:
            found.append(stretch)
    return found


def _union(a: Stretch, b: Stretch) -> Stretch:
    first, last = min((a, b), key=lambda one: one.since), max((a, b), key=lambda one: one.until)
    same_start, same_end = a.since == b.since, a.until == b.until
    return Stretch(
        since=first.since,
        # What the list of a version shows was so when it was first seen. What comes after a version had not come
        # while that was still the latest.
        since_at=min(a.since_at, b.since_at) if same_start else first.since_at,
        until=last.until,
        until_at=max(a.until_at, b.until_at) if same_end else last.until_at,
        objects=max(a.objects, b.objects) if same_end else last.objects,
        listed=max(a.listed, b.listed) if same_start else first.listed,
        reason=max(a.reason, b.reason) if same_start else first.reason,
    )


def gaps(stretches: Sequence[Stretch]) -> Iterator[tuple[Stretch, Stretch]]:
    """Yield what lies before and behind each gap. The stretches are united."""
    return pairwise(stretches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How many objects were created, changed and gone from one moment to another. What came and went in between is
    in neither."""

    created: int
    changed: int
    gone: int


def difference(before: Stretch, items: Sequence[tuple[str, int]]) -> Difference:
    """Compare a list with what existed before a gap. `items` are version and time of creation (seconds since 1970) of
    each object of the list."""
    news = [born for version, born in items if version > before.until]
    created = sum(born >= before.until_at // 1_000_000 for born in news)
    return Difference(
        created=created, changed=len(news) - created, gone=max(before.objects - (len(items) - created), 0)
    )
