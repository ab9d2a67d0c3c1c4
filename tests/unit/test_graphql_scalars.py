"""Scalars: how single values look on the wire."""

from datetime import UTC, datetime

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from lineage_graphql.scalars import JSON, BigInt, DateTime, Digest


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back_as_it_was(at: datetime) -> None:
    assert DateTime.parse_value(DateTime.serialize(at)) == at


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_written_as_iso_8601_has_it(at: datetime) -> None:
    assert DateTime.serialize(at) == at.isoformat().removesuffix("+00:00") + "Z"


def test_a_time_is_written_in_utc_with_a_z() -> None:
    assert DateTime.serialize(datetime.fromisoformat("2026-11-21T10:30:00+02:30")) == "2026-11-21T08:00:00Z"


def test_fractions_of_a_second_are_kept() -> None:
    assert DateTime.serialize(datetime(2026, 11, 21, 8, 0, 0, 250_000, UTC)) == "2026-11-21T08:00:00.250000Z"


@pytest.mark.parametrize(
    "text", ["2026-11-21T08:00:00Z", "2026-11-21t08:00:00z", "2026-11-21T10:00:00+02:00", "2026-11-21T08:00:00.000Z"]
)
def test_a_time_with_its_offset_is_read(text: str) -> None:
    assert DateTime.parse_value(text) == datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-21",
        "2026-11-21T08:00:00",
        "20261121T080000Z",
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        17,
        None,
    ],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        DateTime.parse_value(value)


@pytest.mark.parametrize("value", ["sha256:ABCD", "sha256", "sha256:", "abcd", 5])
def test_what_is_no_digest_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        Digest.parse_value(value)


def test_a_digest_is_read_as_it_is() -> None:
    assert Digest.parse_value("sha256:9f86d0") == "sha256:9f86d0"


@pytest.mark.parametrize(("value", "written"), [(2**53, 2**53), (-(2**53), -(2**53)), (2**53 + 1, str(2**53 + 1))])
def test_an_integer_is_text_only_where_a_double_would_lose_digits(value: int, written: int | str) -> None:
    assert BigInt.serialize(value) == written


def test_a_mapping_is_json_whatever_its_class() -> None:
    assert JSON.serialize({"a": [1, None]}) == {"a": [1, None]}
