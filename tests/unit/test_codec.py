"""How values are written in rows, and read out of them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis.strategies import datetimes, just, lists

from lineage.store.codec import microseconds, moment, moments


@given(lists(datetimes(timezones=just(UTC))))
def test_many_times_are_read_as_each_of_them_to_the_microsecond(times: Sequence[datetime]) -> None:
    counts = [count for one in times if (count := microseconds(one)) is not None]
    assert moments(counts) == [moment(count) for count in counts] == times
