"""How a metric stands: the last value against its baseline, dependence and drift."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.trends.directions import Aim, Direction
from lineage.trends.monotone import MOST_PAIRS, Drift, drift_of
from lineage.trends.shifts import find_shifts
from lineage.trends.summary import Summary, summarize
from tests.series import Series, dependent, levels, normal, seeded, trend

HIGHER = Direction(aim=Aim.HIGHER)


def summary_of(values: list[float] | Series, direction: Direction = HIGHER) -> Summary:
    """Summarize a series of one run a day."""
    series = np.asarray(values, dtype=np.float64)
    return summarize(np.arange(len(series), dtype=np.float64), series, find_shifts(series), direction)


def daily(values: Series, cuts: list[int] | None = None, dependence: float = 0.0) -> Drift:
    drift = drift_of(np.arange(len(values), dtype=np.float64), values, cuts or [], dependence)
    assert drift is not None
    return drift


# ------------------------------------------------------------------------------------------ the last value
def test_the_last_two_values_are_compared() -> None:
    summary = summary_of([0.5, 0.9, 0.8, 0.6])
    assert (summary.count, summary.latest, summary.previous) == (4, 0.6, 0.8)
    assert summary.difference == pytest.approx(-0.2)
    assert summary.relative == pytest.approx(-0.25)
    assert (summary.minimum, summary.maximum) == (0.5, 0.9)


@pytest.mark.parametrize(
    ("direction", "best"),
    [
        (HIGHER, 0.9),
        (Direction(aim=Aim.LOWER), 0.5),
        (Direction(aim=Aim.TARGET, target=0.79), 0.8),
        (Direction(), None),
    ],
)
def test_the_best_is_so_by_the_direction(direction: Direction, best: float | None) -> None:
    assert summary_of([0.5, 0.9, 0.8, 0.6], direction).best == best


def test_what_needs_more_values_is_not_said() -> None:
    assert summary_of([]) == Summary(count=0)
    one = summary_of([0.0])
    assert (one.latest, one.previous, one.relative, one.baseline, one.drift) == (0.0, None, None, None, None)
    assert summary_of([0.0, 0.5]).relative is None  # of nothing there is no part


def test_a_surprise_is_measured_by_what_was_before_it() -> None:
    summary = summary_of([0.0, 1.0, 2.0, 3.0, 4.0, 12.0])
    assert summary.baseline is not None
    assert (summary.baseline.median, summary.baseline.mad, summary.baseline.quartiles) == (2.0, 1.0, (1.0, 3.0))
    assert summary.surprise == pytest.approx(10 / 1.4826)
    assert summary.is_surprising
    assert not summary_of([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).is_surprising


@pytest.mark.parametrize(("last", "is_surprising"), [(0.9, False), (0.9001, True)])
def test_where_all_was_equal_any_other_value_is_a_surprise(last: float, is_surprising: bool) -> None:
    summary = summary_of([0.9] * 20 + [last])
    assert (summary.surprise, summary.is_surprising) == (None, is_surprising)
    assert any("equal" in warning for warning in summary.warnings)


def test_the_baseline_begins_at_the_last_shift_and_is_no_longer_than_thirty() -> None:
    shifted = summary_of(normal(seeded(1), 60) / 10 + levels((0, 50), (5, 10)))
    assert shifted.baseline is not None
    assert (shifted.baseline.count, round(shifted.baseline.median)) == (9, 5)
    long = summary_of(normal(seeded(2), 80))
    assert long.baseline is not None
    assert long.baseline.count == 30


# ------------------------------------------------------------------------------------------ dependence
def test_dependence_is_warned_of_and_a_shift_is_none() -> None:
    dependence = summary_of(dependent(seeded(3), 300, 0.6))
    assert dependence.autocorrelation == pytest.approx(0.6, abs=0.12)
    assert any("depends on that of the run before" in warning for warning in dependence.warnings)
    shifted = summary_of(normal(seeded(4), 200) + levels((0, 100), (8, 100)))
    assert abs(shifted.autocorrelation or 1.0) < 0.2
    assert shifted.warnings == ()


def test_that_shifts_were_not_looked_for_is_said() -> None:
    (warning,) = summary_of([0.1, 0.2, 0.3]).warnings
    assert warning == "shifts were not looked for: too few values to tell a shift: 3, where 12 are the least"


# ------------------------------------------------------------------------------------------ drift
def test_the_slope_is_that_of_days_and_not_of_runs() -> None:
    days = np.cumsum(np.tile([0.5, 1.5, 4.0], 20))
    drift = drift_of(days, 3 * days, [], 0.0)
    assert drift is not None
    assert (drift.per_day, drift.low, drift.high) == pytest.approx((3, 3, 3))
    assert drift.p < 1e-9


def test_most_intervals_hold_the_slope() -> None:
    random = seeded(5)
    found = [daily(normal(random, 40) + trend(40, 1.95)) for _ in range(200)]
    assert 0.9 <= np.mean([one.low <= 0.05 <= one.high for one in found]) <= 0.99


def test_outliers_do_not_bend_the_slope() -> None:
    values = normal(seeded(6), 60) / 10 + trend(60, 5.9)
    values[[10, 50]] = [40.0, -40.0]
    assert daily(values).per_day == pytest.approx(0.1, abs=0.01)


def test_what_jumped_did_not_drift() -> None:
    values = normal(seeded(7), 100) / 10 + levels((0, 50), (3, 50))
    whole, parts = daily(values), daily(values, [50])
    assert whole.p < 1e-6
    assert whole.per_day > 0.02
    assert parts.p > 0.05
    assert abs(parts.per_day) < 0.002


def test_what_depends_on_itself_is_not_taken_for_a_drift() -> None:
    random = seeded(8)
    series = [dependent(random, 60, 0.5) for _ in range(200)]
    plain, corrected = (np.mean([daily(one, None, part).p < 0.05 for one in series]) for part in (0.0, 0.5))
    assert plain > 0.15
    assert corrected <= 0.11


def test_runs_at_one_time_have_no_slope() -> None:
    assert drift_of(np.zeros(20), normal(seeded(9), 20), [], 0.0) is None


@settings(max_examples=25)
@given(st.lists(st.integers(0, 6), min_size=8, max_size=30))
def test_few_values_are_compared_pair_by_pair(whole: list[int]) -> None:
    values = np.array(whole, dtype=np.float64)
    pairs = [(one, other) for one in range(len(whole)) for other in range(one + 1, len(whole))]
    slopes = [(whole[other] - whole[one]) / (other - one) for one, other in pairs]
    assert daily(values).per_day == pytest.approx(np.median(slopes))


def test_of_many_values_few_pairs_give_nearly_the_slope_of_all() -> None:
    count = 1500
    values = normal(seeded(10), count) + trend(count, 0.5)
    assert count * (count - 1) / 2 > 10 * MOST_PAIRS
    rise, run = np.subtract.outer(values, values), np.subtract.outer(np.arange(count), np.arange(count))
    exact = float(np.median(rise[run > 0] / run[run > 0]))
    error = 12**0.5 / count**1.5  # of the slope of 1,500 values of standard deviation 1
    assert abs(daily(values).per_day - exact) < 0.3 * error
