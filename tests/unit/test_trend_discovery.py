"""Of many metrics, those are named that shifted, and few others."""

from lineage.trends.discovery import discover
from lineage.trends.shifts import find_shifts
from tests.series import levels, normal, seeded


def test_few_of_those_that_are_named_did_not_shift() -> None:
    random = seeded(4)
    step = levels((0, 40), (2.5, 40))
    series = [normal(random, 80) + (step if number < 20 else 0) for number in range(120)]
    answers = discover(series, [find_shifts(one) for one in series])
    named = [number for number, answer in enumerate(answers) if answer.is_named]
    assert sum(number < 20 for number in named) >= 17
    assert sum(number >= 20 for number in named) <= 3  # of twenty, one is expected at most


def test_one_clear_shift_is_named_among_many_that_are_none() -> None:
    random = seeded(6)
    series = [normal(random, 60) for _ in range(150)]
    series[70] = series[70] + levels((0, 30), (5, 30))
    answers = discover(series, [find_shifts(one) for one in series])
    assert [number for number, answer in enumerate(answers) if answer.is_named] == [70]
    # A hundred simulated series do not tell that so small a p is not chance, one time in 150: more were made.
    assert (answers[70].p or 1.0) < 0.05 / 150


def test_what_cannot_be_tested_and_what_is_constant_have_their_place() -> None:
    series = [normal(seeded(1), 5), levels((0.9, 20), (0.8, 20)), levels((0.9, 40))]
    answers = discover(series, [find_shifts(one) for one in series])
    assert [answer.is_named for answer in answers] == [False, True, False]
    assert answers[0].p is None


def test_no_series_gives_no_answer() -> None:
    assert discover([], []) == []
