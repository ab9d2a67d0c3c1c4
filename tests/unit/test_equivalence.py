"""Whether measured values are the same within a margin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.audit.equivalence import Equivalence, below, equivalence

SAME, DIFFERENT, OPEN = Equivalence.SAME, Equivalence.DIFFERENT, Equivalence.OPEN


# As tables of Student's distribution have them, to three digits.
@pytest.mark.parametrize(
    ("t", "freedom", "probability"),
    [(6.314, 1, 0.95), (2.920, 2, 0.95), (2.353, 3, 0.95), (2.015, 5, 0.95), (1.812, 10, 0.95), (4.541, 3, 0.99)],
)
def test_students_distribution_is_that_of_the_tables(t: float, freedom: int, probability: float) -> None:
    assert below(t, freedom) == pytest.approx(probability, abs=1e-4)
    assert below(-t, freedom) == pytest.approx(1 - probability, abs=1e-4)


@pytest.mark.parametrize(
    ("value", "others", "margin", "expected"),
    [
        (0.9, [0.9, 0.9], 0.0, SAME),
        (0.9, [0.8, 0.8], 0.05, DIFFERENT),
        (0.9, [0.9], 0.1, OPEN),  # one value has no spread
        (0.9, [0.9, 0.901, 0.899, 0.9005, 0.8995], 0.01, SAME),
        (0.9, [0.95, 0.951, 0.949, 0.9505, 0.9495], 0.01, DIFFERENT),
        (0.9, [0.7, 1.1, 0.8, 1.0], 0.01, OPEN),  # the same on average, and too scattered to tell
        (0.9, [0.9, float("nan")], 0.1, OPEN),
        (0.9, [float("inf"), 0.9], 0.1, OPEN),
    ],
)
def test_values_are_the_same_only_where_that_is_shown(
    value: float, others: list[float], margin: float, expected: Equivalence
) -> None:
    assert equivalence(value, others, margin=margin, confidence=0.95) is expected


NUMBERS = st.floats(min_value=-1e6, max_value=1e6)


@given(NUMBERS, st.lists(NUMBERS, min_size=2, max_size=12), st.floats(0, 10), st.floats(0, 10))
def test_a_wider_margin_never_makes_the_same_differ(
    value: float, others: list[float], margin: float, more: float
) -> None:
    narrow = equivalence(value, others, margin=margin, confidence=0.95)
    wide = equivalence(value, others, margin=margin + more, confidence=0.95)
    assert not (narrow is SAME and wide is not SAME)
    assert not (wide is DIFFERENT and narrow is not DIFFERENT)
