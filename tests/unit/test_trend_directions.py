"""Which way a metric should go: read from a file, or from its name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import InvalidSettings
from lineage.trends.directions import Aim, Direction, Verdict, read_directions

FILE = """
[metrics]
accuracy = "higher, 0.005"
"*_loss" = "lower, 2%"
"val_*" = "higher"
temperature = "Target 36.6, .5"
margin = "lower"
"""


def test_directions_are_read_from_a_table() -> None:
    directions = read_directions(FILE, "trends.toml")
    assert directions.of("accuracy") == Direction(aim=Aim.HIGHER, least=0.005)
    assert directions.of("train_loss") == Direction(aim=Aim.LOWER, least=0.02, is_relative=True)
    assert directions.of("temperature") == Direction(aim=Aim.TARGET, target=36.6, least=0.5)


def test_a_name_counts_before_a_pattern_and_the_first_pattern_before_the_next() -> None:
    directions = read_directions('[metrics]\n"*" = "lower"\nval_loss = "target 1"\n"val_*" = "higher"', "trends.toml")
    assert directions.of("val_loss").aim is Aim.TARGET
    assert directions.of("val_auc").aim is Aim.LOWER


@pytest.mark.parametrize(
    ("metric", "aim"),
    [
        ("accuracy", Aim.HIGHER),
        ("val/roc_auc", Aim.HIGHER),
        ("macroF1", Aim.HIGHER),
        ("f1", Aim.HIGHER),
        ("validation.loss", Aim.LOWER),
        ("RMSE", Aim.LOWER),
        ("duration_seconds", Aim.LOWER),
        ("error-rate", Aim.LOWER),
        ("brightness", None),
        ("lossless", None),
        ("", None),
    ],
)
def test_common_names_say_which_way_is_better(metric: str, aim: Aim | None) -> None:
    assert read_directions("", "trends.toml").of(metric) == Direction(aim=aim)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metrics = 3", "trends.toml: metrics: a table is expected"),
        ("accuracy = 'higher'", "trends.toml: accuracy: there is no such key"),
        ("[metrics", "trends.toml: it is no TOML"),
        ("[metrics]\nauc = 1", "trends.toml: metrics.auc: a text is expected"),
        ("[metrics]\nval.auc = 'higher'", "a name with a dot must stand in quotes"),
        ("[metrics]\nauc = 'up'", "trends.toml: metrics.auc: 'up' says no direction"),
        ("[metrics]\nauc = 'target'", "says no direction"),
        ("[metrics]\nauc = 'higher, -1'", "a least effect is 0 or more"),
        ("[metrics]\nauc = 'higher, 1e999'", "numbers are finite"),
        ("[metrics]\nauc = 'higher 0.1'", 'write "higher", "lower" or "target 0.5"'),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InvalidSettings) as raised:
        read_directions(text, "trends.toml")
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("direction", "before", "after", "verdict"),
    [
        (Direction(aim=Aim.HIGHER), 0.9, 0.8, Verdict.REGRESSION),
        (Direction(aim=Aim.HIGHER), 0.8, 0.9, Verdict.IMPROVEMENT),
        (Direction(aim=Aim.LOWER), 0.8, 0.9, Verdict.REGRESSION),
        (Direction(aim=Aim.HIGHER, least=0.2), 0.9, 0.8, Verdict.NEUTRAL),
        (Direction(aim=Aim.LOWER, least=0.05, is_relative=True), 100.0, 104.0, Verdict.NEUTRAL),
        (Direction(aim=Aim.LOWER, least=0.05, is_relative=True), 100.0, 106.0, Verdict.REGRESSION),
        (Direction(aim=Aim.TARGET, target=1.0), 1.2, 0.9, Verdict.IMPROVEMENT),
        (Direction(aim=Aim.TARGET, target=1.0), 0.75, 1.25, Verdict.NEUTRAL),  # as far off as before
        (Direction(), 0.9, 0.8, Verdict.UNJUDGED),
        (Direction(), 0.9, 0.9, Verdict.NEUTRAL),
    ],
)
def test_a_change_is_judged_by_its_direction_and_size(
    direction: Direction, before: float, after: float, verdict: Verdict
) -> None:
    assert direction.verdict(before, after) is verdict


@given(st.sampled_from(Aim), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 10))
def test_what_is_worse_one_way_is_better_the_other(aim: Aim, one: float, other: float, least: float) -> None:
    direction = Direction(aim=aim, least=least)
    mirrored = {Verdict.REGRESSION: Verdict.IMPROVEMENT, Verdict.IMPROVEMENT: Verdict.REGRESSION}
    there = direction.verdict(one, other)
    assert direction.verdict(other, one) is mirrored.get(there, there)
