"""What looks at an object show: how strong that is, and whether two of them show the same thing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.evidence import Comparison, Evidence, Look, compare
from lineage.model import ArtifactState

PRESENT, CHANGED = ArtifactState.PRESENT, ArtifactState.CHANGED
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ONE, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"

SEEN = Look(state=PRESENT, size_bytes=7, modified_at=NOON, etag="a")
READ = replace(SEEN, digest=ONE, content_digest=ONE)
VOUCHED = replace(SEEN, checksums=("crc32c:01020304", ONE))
VERSIONED = replace(SEEN, version="v1")
FOLDER = replace(SEEN, files=2, etag="listing:a")


def verdict(recorded: Look, now: Look) -> tuple[ArtifactState, Evidence]:
    found = compare(recorded, now)
    return found.state, found.evidence


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (READ, Evidence.BYTES),
        (replace(READ, checksums=(ONE,), version="v1"), Evidence.BYTES),
        (VOUCHED, Evidence.CHECKSUM),
        (replace(VOUCHED, version="v1"), Evidence.CHECKSUM),
        (VERSIONED, Evidence.VERSION),
        (SEEN, Evidence.ETAG),
        (FOLDER, Evidence.ETAG),
        (replace(FOLDER, content_digest=ONE), Evidence.BYTES),
        (Look(state=PRESENT), Evidence.NONE),
        (Look(state=ArtifactState.MISSING), Evidence.NONE),
        (Look(state=ArtifactState.UNVERIFIED, reason="nobody answers"), Evidence.NONE),
    ],
)
def test_the_strongest_evidence_of_a_look_counts(look: Look, expected: Evidence) -> None:
    assert look.evidence is expected


def test_evidence_is_ordered_by_its_strength() -> None:
    order = [Evidence.BYTES, Evidence.CHECKSUM, Evidence.VERSION, Evidence.ETAG, Evidence.NONE]
    assert sorted(Evidence, key=lambda one: one.rank) == order


def test_an_etag_is_never_a_digest() -> None:
    assert SEEN.known_digest is None


def test_a_digest_is_what_we_read_else_what_the_store_vouches_for_sha256_first() -> None:
    assert READ.known_digest == ONE
    assert replace(READ, checksums=(OTHER,)).known_digest == ONE
    assert VOUCHED.known_digest == ONE
    assert replace(SEEN, checksums=("crc64nvme:0102030405060708",)).known_digest == "crc64nvme:0102030405060708"


# ------------------------------------------------------------------------------------------ two looks
def test_equal_bytes_are_the_same_whatever_they_were_written_as() -> None:
    again = replace(READ, etag="b-3", modified_at=LATER, version="v2")
    assert verdict(READ, again) == (PRESENT, Evidence.BYTES)


def test_other_bytes_of_the_same_size_are_a_change_whatever_the_etag() -> None:
    assert verdict(READ, replace(READ, digest=OTHER)) == (CHANGED, Evidence.BYTES)


def test_a_verdict_is_as_strong_as_the_weaker_look() -> None:
    assert verdict(READ, VOUCHED) == (PRESENT, Evidence.CHECKSUM)
    assert verdict(VOUCHED, replace(VOUCHED, checksums=(OTHER,))) == (CHANGED, Evidence.CHECKSUM)


def test_digests_of_different_algorithms_are_not_compared() -> None:
    crc = replace(SEEN, checksums=("crc32c:01020304",))
    assert verdict(READ, crc) == (PRESENT, Evidence.ETAG)


def test_another_size_is_a_change() -> None:
    assert verdict(VERSIONED, replace(VERSIONED, size_bytes=8)) == (CHANGED, Evidence.ETAG)


def test_a_version_decides_before_an_etag() -> None:
    assert verdict(VERSIONED, replace(VERSIONED, etag="b")) == (PRESENT, Evidence.VERSION)
    assert verdict(VERSIONED, replace(VERSIONED, version="v2")) == (CHANGED, Evidence.VERSION)


def test_an_overwrite_of_the_same_size_shows_by_its_etag_or_its_time() -> None:
    assert verdict(SEEN, SEEN) == (PRESENT, Evidence.ETAG)
    assert verdict(SEEN, replace(SEEN, etag="b")) == (CHANGED, Evidence.ETAG)
    assert verdict(SEEN, replace(SEEN, modified_at=LATER)) == (CHANGED, Evidence.ETAG)


def test_a_folder_is_known_by_its_files() -> None:
    read = replace(FOLDER, content_digest=ONE)
    assert verdict(read, replace(read, etag="listing:b", modified_at=LATER)) == (PRESENT, Evidence.BYTES)
    assert verdict(read, replace(read, content_digest=OTHER)) == (CHANGED, Evidence.BYTES)
    assert verdict(FOLDER, read) == (PRESENT, Evidence.ETAG)


def test_what_could_not_be_asked_is_neither_missing_nor_changed() -> None:
    unknown = Look(state=ArtifactState.UNVERIFIED, reason="nobody answers")
    assert compare(READ, unknown) == Comparison(state=ArtifactState.UNVERIFIED, evidence=Evidence.NONE)


def test_what_the_store_does_not_have_is_missing() -> None:
    assert verdict(READ, Look(state=ArtifactState.MISSING)) == (ArtifactState.MISSING, Evidence.NONE)


LOOKS = st.builds(
    Look,
    state=st.just(PRESENT),
    size_bytes=st.integers(1, 2),
    modified_at=st.sampled_from([NOON, LATER]),
    etag=st.sampled_from(["a", "b"]),
    version=st.sampled_from([None, "v1", "v2"]),
    checksums=st.sampled_from([(), (ONE,), ("crc32c:01",), ("crc32c:02", OTHER)]),
    digest=st.sampled_from([None, ONE, OTHER]),
)


@given(LOOKS, LOOKS)
def test_it_does_not_matter_which_look_came_first(one: Look, other: Look) -> None:
    assert compare(one, other) == compare(other, one)


@given(LOOKS)
def test_an_object_is_what_it_is(look: Look) -> None:
    assert compare(look, look).state is PRESENT
