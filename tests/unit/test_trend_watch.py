"""Early warnings, and the noise floor: how often they cry wolf, what they find, and what they say nothing of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.trends.directions import Direction
from lineage.trends.floor import RUNS, noise_floor
from lineage.trends.noise import Floats, floats
from lineage.trends.shifts import find_shifts
from lineage.trends.summary import Summary, summarize
from lineage.trends.watch import LEAST_BEFORE, RUNS_BETWEEN_FALSE_ALARMS, Alarm, alarm_of

SERIES = 400


def noise(count: int, seed: int) -> Floats:
    return np.random.default_rng(seed).normal(size=count)


def share(alarms: list[Alarm | None]) -> float:
    return sum(one is not None for one in alarms) / len(alarms)


# ------------------------------------------------------------------------------------------ early warnings
def test_on_steady_noise_warnings_come_as_seldom_as_is_said() -> None:
    """Looking at each value as it comes: a warning begins about once in so many."""
    begun = looked = 0
    for seed in range(12):
        values, warned = noise(400, seed), False
        for count in range(LEAST_BEFORE + 1, len(values)):
            is_warned = alarm_of(values[:count]) is not None
            begun, warned, looked = begun + (is_warned and not warned), is_warned, looked + 1
    assert looked / max(begun, 1) > RUNS_BETWEEN_FALSE_ALARMS / 2


@pytest.mark.parametrize(
    ("height", "later", "least"), [(2, 5, 0.6), (3, 3, 0.6), (3, 5, 0.9), (-3, 5, 0.9), (1, 12, 0.4)]
)
def test_a_step_is_warned_of_after_few_values(height: float, later: int, least: float) -> None:
    found = []
    for seed in range(SERIES):
        values = noise(40 + later, seed)
        values[40:] += height
        found.append(alarm_of(values))
    right = [one for one in found if one is not None and one.rises is (height > 0)]
    assert len(right) / SERIES >= least
    assert np.median([one.index for one in right]) == pytest.approx(40, abs=3)


def test_one_value_that_is_far_off_warns_of_nothing() -> None:
    values = noise(40, 1)
    values[-1] = 1e6
    assert alarm_of(values) is None


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 30, [*[1.0] * 30, 2.0, 2.0, 2.0], list(range(LEAST_BEFORE))])
def test_of_too_few_values_and_of_equal_ones_nothing_is_said(values: list[float]) -> None:
    assert alarm_of(floats(values)) is None


@given(st.lists(st.integers(-1000, 1000), max_size=60))
def test_neither_the_unit_nor_the_sign_of_values_makes_a_difference(values: list[int]) -> None:
    found, mirrored = (alarm_of(floats(sign * value * 4.0 for value in values)) for sign in (1, -1))
    assert found == alarm_of(floats(values))
    if found is not None:
        assert mirrored is not None
        assert (mirrored.index, mirrored.rises) == (found.index, not found.rises)


def summary_of(values: Floats) -> Summary:
    days = np.arange(len(values), dtype=np.float64)
    return summarize(days, values, find_shifts(values), Direction())


def test_what_cannot_be_confirmed_yet_is_warned_of() -> None:
    """Of steps of three deviations, three values old, most are confirmed or warned of; of steady series, hardly any."""
    stepped = []
    for seed in range(60):
        values = noise(43, seed)
        values[40:] += 3
        confirmed = any(abs(shift.index - 40) <= 3 for shift in find_shifts(values).found)
        warned = summary_of(values).alarm
        stepped.append((confirmed, warned is not None and warned.rises and 36 <= warned.index <= 42))
    assert sum(map(any, stepped)) / 60 >= 0.7
    assert sum(warned and not confirmed for confirmed, warned in stepped) >= 6
    assert sum(summary_of(noise(43, seed)).alarm is not None for seed in range(60)) <= 2


def test_where_values_drift_or_depend_on_one_another_nothing_is_warned_of() -> None:
    assert all(summary_of(noise(60, seed) + 0.1 * np.arange(60)).alarm is None for seed in range(20))
    alarms = 0
    for seed in range(40):
        dependent = noise(80, seed)
        for place in range(1, 80):
            dependent[place] += 0.7 * dependent[place - 1]
        alarms += summary_of(dependent).alarm is not None
    assert alarms <= 3


def test_a_level_that_is_confirmed_is_what_the_next_values_are_compared_with() -> None:
    confirmed = noise(80, 5)
    confirmed[40:] += 4
    assert len(find_shifts(confirmed).found) == 1
    assert summary_of(confirmed).alarm is None


# ------------------------------------------------------------------------------------------ noise
def test_the_noise_is_what_differs_among_those_that_are_alike() -> None:
    values, alike = [], []
    generator = np.random.default_rng(7)
    for group in range(50):
        level = 10 * group
        for _ in range(4):
            values.append(level + generator.normal(scale=0.3))
            alike.append(f"f{group}")
    floor = noise_floor(floats([*values, 1e6, 5.0]), [*alike, None, "alone"])
    assert floor is not None
    assert (floor.groups, floor.count) == (50, 200)
    assert floor.deviation == pytest.approx(0.3, rel=0.15)
    assert floor.detectable == pytest.approx(2.8 * floor.deviation * (2 / RUNS) ** 0.5)


def test_a_change_of_the_size_that_is_told_shows_in_four_of_five_cases() -> None:
    floor = noise_floor(noise(1000, 1), ["same"] * 1000)
    assert floor is not None
    generator, found = np.random.default_rng(2), 0
    for _ in range(2000):
        before, after = generator.normal(size=RUNS), generator.normal(size=RUNS) + floor.detectable
        found += abs(after.mean() - before.mean()) > 1.96 * (2 / RUNS) ** 0.5
    assert found / 2000 == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("alike", [[None] * 9, list("abcdefghi"), ["a", "a", "b", "b", "c", "c", *"def"]])
def test_of_too_few_that_are_alike_nothing_is_said(alike: list[str | None]) -> None:
    assert noise_floor(noise(9, 1), alike) is None


def test_what_always_comes_out_the_same_has_no_noise() -> None:
    floor = noise_floor(floats([1.0] * 9), ["a"] * 9)
    assert floor is not None
    assert (floor.deviation, floor.detectable) == (0.0, 0.0)
