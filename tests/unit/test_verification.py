"""What looks at a place say of the artifacts that lay there."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.evidence import Look
from lineage.model import ArtifactState
from lineage.verification import (
    DAY,
    HOUR,
    Sighting,
    Verified,
    concerning,
    judge,
    next_look,
    recorded,
    speaking_of,
    verify,
)

UNVERIFIED, PRESENT = ArtifactState.UNVERIFIED, ArtifactState.PRESENT
MISSING, CHANGED = ArtifactState.MISSING, ArtifactState.CHANGED
ONE, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
WROTE = (10, 20)


def seen(at: int, *, modified: int = 15, etag: str = "a", **more: Any) -> Sighting:
    return Sighting(at, shown(modified=modified, etag=etag, **more))


def shown(*, modified: int = 15, etag: str = "a", **more: Any) -> Look:
    look = Look(state=PRESENT, size_bytes=7, modified_at=datetime.fromtimestamp(modified, UTC), etag=etag)
    return replace(look, **more)


def missing(at: int) -> Sighting:
    return Sighting(at, Look(state=MISSING, reason="there is no such object"))


def refused(at: int) -> Sighting:
    return Sighting(at, Look(state=UNVERIFIED, reason="nobody answers"))


OWN = "15 a"


def test_nothing_is_known_of_what_nobody_looked_at() -> None:
    assert verify([], None, WROTE) == Verified(UNVERIFIED)


def test_what_is_as_it_was_is_present() -> None:
    assert verify([seen(30), seen(90)], OWN, WROTE) == Verified(PRESENT, 7)


def test_a_digest_that_any_look_took_of_it_is_its_own() -> None:
    known = verify([seen(30), seen(60, digest=ONE, content_digest=OTHER), seen(90)], OWN, WROTE)
    assert known == Verified(PRESENT, 7, ONE, OTHER)


def test_what_was_overwritten_keeps_its_digest_and_has_changed() -> None:
    looks = [seen(30, digest=ONE), seen(90, modified=80, etag="b", digest=OTHER)]
    assert verify(looks, OWN, WROTE) == Verified(CHANGED, 7, ONE)
    assert verify(looks, "80 b", (80, 80)) == Verified(PRESENT, 7, OTHER)


def test_equal_bytes_written_again_are_the_same() -> None:
    assert verify([seen(30, digest=ONE), seen(90, modified=80, etag="b", digest=ONE)], OWN, WROTE).state is PRESENT


def test_what_is_gone_is_missing_until_it_is_back() -> None:
    assert verify([seen(30), missing(60)], OWN, WROTE) == Verified(MISSING, 7)
    assert verify([seen(30), missing(60), seen(90)], OWN, WROTE).state is PRESENT


def test_who_cannot_be_asked_takes_nothing_back() -> None:
    assert verify([seen(30), refused(60)], OWN, WROTE).state is PRESENT
    assert verify([refused(60)], None, WROTE) == Verified(UNVERIFIED)


def test_what_was_overwritten_before_anybody_looked_has_changed() -> None:
    assert verify([seen(90, modified=80)], None, WROTE) == Verified(CHANGED)


def test_what_lies_there_from_before_says_nothing_of_a_write() -> None:
    assert verify([seen(90, modified=2)], None, WROTE) == Verified(UNVERIFIED)
    assert verify([missing(5)], None, WROTE) == Verified(UNVERIFIED)


def test_of_what_nobody_knows_the_time_only_its_absence_can_be_told() -> None:
    assert verify([seen(90)], None, None) == Verified(UNVERIFIED)
    assert verify([missing(90)], None, None) == Verified(MISSING)


def test_looks_before_the_first_that_shows_an_artifact_do_not_concern_it() -> None:
    looks = [missing(5), seen(30, modified=25, etag="z"), seen(40), seen(50, modified=45, etag="c")]
    assert concerning(looks, OWN, WROTE) == looks[2:]
    assert concerning(looks, None, (28, 29)) == looks[1:]


def test_the_strongest_evidence_says_what_it_was() -> None:
    read = seen(60, digest=ONE)
    assert recorded([seen(30), read, seen(90, checksums=(OTHER,))], OWN) == read.look
    assert recorded([read], None) is None


@pytest.mark.parametrize(
    ("look", "evidence"),
    [
        (shown(digest=ONE), "its bytes were read"),
        (shown(checksums=(ONE,)), "the store vouches for a checksum of the whole object"),
        (shown(), "size, ETag and time of the last change"),
        (refused(1).look, "nobody answers"),
        (missing(1).look, "there is no such object"),
    ],
)
def test_each_look_says_what_it_rests_on(look: Look, evidence: str) -> None:
    known = shown(digest=ONE, checksums=(ONE,)) if look.checksums or look.digest else shown()
    assert judge(look, known, WROTE).evidence == evidence


def removed(at: int, of: str = "it") -> Sighting:
    return Sighting(at, Look(state=MISSING, reason="somebody removed it", of=of))


def test_what_is_said_of_another_artifact_is_not_said_of_this() -> None:
    looks = [seen(30), removed(40, "another"), removed(50)]
    assert speaking_of(looks, "it") == [looks[0], looks[2]]
    assert speaking_of(looks, None) == looks[:1]


def test_what_is_said_of_it_by_name_concerns_it_before_any_look_shows_it() -> None:
    looks = [removed(25), missing(27), seen(30)]
    assert concerning(looks, OWN, WROTE) == [looks[0], looks[2]]
    assert concerning([removed(5)], None, WROTE) == [removed(5)]
    assert verify(looks, OWN, WROTE).state is PRESENT
    assert verify([seen(30), removed(40)], OWN, WROTE) == Verified(MISSING, 7)


@given(st.permutations([seen(30), seen(60, digest=ONE), missing(70), seen(90, modified=80, etag="b"), refused(95)]))
def test_the_order_in_which_looks_are_heard_of_does_not_matter(looks: list[Sighting]) -> None:
    assert verify(looks, OWN, WROTE) == Verified(CHANGED, 7, ONE)


@pytest.mark.parametrize(
    ("last", "changed_at", "after"),
    [
        (seen(1015), None, HOUR),
        (seen(15 + 5 * HOUR), None, 5 * HOUR),
        (seen(15 + 400 * DAY), None, 30 * DAY),
        (missing(10 * HOUR), 0, 10 * HOUR),
        (missing(10 * HOUR), None, HOUR),
        (refused(100), 0, HOUR // 6),
        (refused(400 * DAY), 0, DAY),
    ],
)
def test_what_has_long_stayed_is_looked_at_rarely(last: Sighting, changed_at: int | None, after: int) -> None:
    assert next_look(last, changed_at=changed_at) == last.at + after
