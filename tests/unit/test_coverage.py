"""When a resource was watched: stretches that touch are one, whatever their order, and gaps lie between the others."""

import random

from hypothesis import given
from hypothesis import strategies as st

from lineage.coverage import Difference, Stretch, difference, gaps, united
from lineage.facts import sortable


def a_stretch(since: int, until: int, *, objects: int = 0, listed: bytes = b"", reason: str = "") -> Stretch:
    """A stretch whose versions were seen at ten times their number."""
    return Stretch(
        since=sortable(since),
        since_at=10 * since,
        until=sortable(until),
        until_at=10 * until,
        objects=objects,
        listed=listed,
        reason=reason,
    )


@st.composite
def stretches(draw: st.DrawFn) -> list[Stretch]:
    """What several watchers tell: the same version may be seen at different times and for different reasons."""
    told = []
    for since in draw(st.lists(st.integers(1, 30), max_size=8)):
        until = since + draw(st.integers(0, 9))
        told.append(
            Stretch(
                since=sortable(since),
                since_at=10 * since + draw(st.integers(0, 9)),
                until=sortable(until),
                until_at=10 * until + draw(st.integers(0, 9)),
                objects=until,
                listed=draw(st.sampled_from([b"", b"%d" % since])),
                reason=draw(st.sampled_from(["", "410", "403"])),
            )
        )
    return told


@given(stretches(), st.randoms())
def test_any_order_and_any_repetition_make_the_same_stretches(told: list[Stretch], chance: random.Random) -> None:
    expected = united(told)
    again = [*told, *chance.choices(told, k=len(told))] if told else []
    chance.shuffle(again)
    one_by_one: list[Stretch] = []
    for each in again:
        one_by_one = united([*one_by_one, each])
    assert one_by_one == expected


@given(stretches())
def test_stretches_cover_what_any_watcher_saw_and_nothing_else(told: list[Stretch]) -> None:
    def steps(of: list[Stretch]) -> set[int]:
        """From which version to the next nobody missed anything."""
        return {n for n in range(1, 50) if any(s.since <= sortable(n) and sortable(n + 1) <= s.until for s in of)}

    assert steps(united(told)) == steps(told)


def test_a_watcher_that_went_on_from_where_it_stood_left_no_gap() -> None:
    assert list(gaps(united([a_stretch(1, 5), a_stretch(5, 9)]))) == []


def test_where_two_watched_there_is_a_gap_only_where_neither_did() -> None:
    one, other = [a_stretch(1, 5), a_stretch(9, 20)], [a_stretch(3, 7), a_stretch(12, 15)]
    ((before, after),) = gaps(united([*one, *other]))
    assert (before.until_at, after.since_at) == (70, 90)


def test_versions_are_compared_as_numbers() -> None:
    ((before, after),) = gaps(united([a_stretch(100, 101), a_stretch(9, 10)]))
    assert (before.until_at, after.since_at) == (100, 1000)


def test_what_a_list_shows_was_so_when_it_was_first_seen_and_the_latest_when_it_was_last() -> None:
    early, late = (
        a_stretch(5, 5, objects=2),
        Stretch(since=sortable(5), since_at=70, until=sortable(5), until_at=70, objects=2),
    )
    (found,) = united([late, early])
    assert (found.since_at, found.until_at) == (50, 70)


def test_a_list_after_a_gap_shows_what_was_created_changed_and_gone() -> None:
    before = Stretch(since=sortable(1), since_at=0, until=sortable(20), until_at=50_000_000, objects=4)
    kept, changed, created = (sortable(7), 5), (sortable(25), 5), (sortable(26), 55)
    assert difference(before, [kept, changed, created]) == Difference(created=1, changed=1, gone=2)
