"""Shifts as others see them: Apache Otava and ruptures, on the same series."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lineage.trends.shifts import find_shifts
from tests.series import Series, dependent, levels, near, normal, seeded
from tests.servers.install import OLD_PYTHON, RECIPES

OTHERS = ("otava", "ruptures")
DEPENDENT = 20


def _with_outlier() -> Series:
    values = normal(seeded(1), 81)
    values[40] += 12
    return values


CLEAR = {
    f"a step at {place}": normal(seeded(place), 80) + levels((0, place), (6, 80 - place)) for place in (10, 40, 72)
}
SERIES = CLEAR | {
    "two steps": normal(seeded(2), 120) + levels((0, 40), (6, 40), (1, 40)),
    "constant": levels((0.9, 40)),
    "constant, then another": levels((0.9, 25), (0.8, 15)),
    "an outlier": _with_outlier(),
    **{f"dependent {number}": dependent(seeded(number), 80, 0.5) for number in range(DEPENDENT)},
}


@pytest.fixture(scope="module")
def answers(changepoints: Path) -> dict[str, dict[str, list[int]]]:
    """What the others say of each series, asked at once."""
    done = subprocess.run(
        [OLD_PYTHON, str(RECIPES / "changepoints" / "find.py")],
        input=json.dumps([one.tolist() for one in SERIES.values()]),
        env=os.environ | {"PYTHONPATH": str(changepoints), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(SERIES, json.loads(done.stdout), strict=True))


def ours(name: str) -> list[int]:
    return [shift.index for shift in find_shifts(SERIES[name]).found]


@pytest.mark.parametrize(("name", "count"), [*((name, 1) for name in CLEAR), ("two steps", 2)])
def test_others_see_the_shifts_that_we_see(name: str, count: int, answers: dict[str, dict[str, list[int]]]) -> None:
    found = ours(name)
    assert len(found) == count
    assert all(near(answers[name][other], index) for other in OTHERS for index in found)


def test_nobody_sees_a_shift_where_nothing_changes(answers: dict[str, dict[str, list[int]]]) -> None:
    assert answers["constant"] == {"otava": [], "ruptures": []}
    assert ours("constant") == []


def test_all_see_where_a_constant_becomes_another(answers: dict[str, dict[str, list[int]]]) -> None:
    assert answers["constant, then another"] == {"otava": [25], "ruptures": [25]}
    assert ours("constant, then another") == [25]


def test_an_outlier_is_no_shift_to_us_nor_to_otava(answers: dict[str, dict[str, list[int]]]) -> None:
    assert answers["an outlier"]["otava"] == []
    assert ours("an outlier") == []


def test_others_raise_more_alarms_where_values_depend_on_each_other(
    answers: dict[str, dict[str, list[int]]],
) -> None:
    names = [f"dependent {number}" for number in range(DEPENDENT)]
    alarms = {other: np.mean([bool(answers[name][other]) for name in names]) for other in OTHERS}
    assert np.mean([bool(ours(name)) for name in names]) <= 0.1
    assert all(share >= 0.3 for share in alarms.values())
