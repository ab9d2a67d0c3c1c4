"""What may have shifted a metric: planted causes are found, and innocent factors are left alone."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pytest

from lineage.trends.blame import Factor, Separation, blame
from tests.series import Series, levels, normal, seeded

IMAGE, RATE, DATA, NODE = (
    Factor(kind=kind, name=name)
    for kind, name in (("IMAGE", "train"), ("PARAMETER", "rate"), ("INPUT", "events"), ("ENVIRONMENT", "node"))
)
STEP = normal(seeded(1), 60) / 3 + levels((0, 30), (2, 30))


def since(run: int, count: int = 60) -> list[Hashable | None]:
    """Levels of a factor that changed once."""
    return ["old" if index < run else "new" for index in range(count)]


def story(
    random: np.random.Generator, change_rate: float, *, is_tracked: bool, factors: int = 12
) -> tuple[Series, Mapping[Factor, Sequence[Hashable | None]], Factor, int] | None:
    """Make 60 runs, with factors that change by chance: the values shift by three standard deviations where one of them
    changes, or where none of them may have changed. None where nothing changed at all."""
    states = np.cumsum(np.vstack([np.zeros((1, factors)), random.random((59, factors)) < change_rate]), axis=0)
    changes = [(run, one) for one in range(factors) for run in range(15, 45) if states[run, one] > states[run - 1, one]]
    if not changes:
        return None
    run, cause = changes[random.integers(len(changes))]
    place = run if is_tracked else int(random.integers(15, 45))
    named = [Factor(kind="PARAMETER", name=f"{number:03}") for number in range(factors)]
    tracked = {factor: states[:, number].tolist() for number, factor in enumerate(named)}
    return normal(random, 60) + levels((0, place), (-3, 60 - place)), tracked, named[cause], place


# ------------------------------------------------------------------------------------------ planted causes
@pytest.mark.parametrize("change_rate", [0.01, 0.03])
def test_a_planted_cause_is_among_the_first_three(change_rate: float) -> None:
    random = seeded(2)
    stories = [told for _ in range(120) if (told := story(random, change_rate, is_tracked=True))]
    first = [
        cause in [suspect.factor for suspect in blame(values, tracked, [place], place).suspects[:3]]
        for values, tracked, cause, place in stories
    ]
    assert np.mean(first) >= 0.95


@pytest.mark.parametrize(("change_rate", "most"), [(0.01, 0.25), (0.03, 0.3), (0.2, 0.1)])
def test_an_untracked_cause_is_seldom_blamed_on_another(change_rate: float, most: float) -> None:
    random = seeded(3)
    stories = [told for _ in range(150) if (told := story(random, change_rate, is_tracked=False))]
    blamed = []
    for values, tracked, _, place in stories:
        found = blame(values, tracked, [place], place)
        blamed.append(any(suspect.score > found.not_tracked for suspect in found.suspects))
    assert np.mean(blamed) <= most


def test_scores_add_up_to_one_also_of_a_hundred_factors() -> None:
    told = story(seeded(4), 0.02, is_tracked=True, factors=100)
    assert told is not None
    values, tracked, _, place = told
    found = blame(values, tracked, [place], place)
    assert found.not_tracked + sum(suspect.score for suspect in found.suspects) == pytest.approx(1)
    scores = [suspect.score for suspect in found.suspects]
    assert scores == sorted(scores, reverse=True)


def test_a_suspect_says_what_changed_and_where() -> None:
    found = blame(STEP, {IMAGE: since(30), DATA: since(12)}, [30], 30)
    suspect = found.suspects[0]
    assert (suspect.factor, suspect.before, suspect.after) == (IMAGE, "old", "new")
    assert (suspect.last_before, suspect.first_after) == (29, 30)
    assert suspect.score > found.not_tracked
    assert found.confounded == ()
    assert found.separations == (Separation(new=(), old=(IMAGE,), repeats=found.separations[0].repeats),)


# ------------------------------------------------------------------------------------------ rivals
def test_what_changed_together_is_confounded_and_runs_would_separate_it() -> None:
    found = blame(STEP, {IMAGE: since(30), RATE: since(30), DATA: since(50)}, [30], 30)
    assert found.confounded == (IMAGE, RATE)
    scores = {suspect.factor: suspect.score for suspect in found.suspects}
    assert scores[IMAGE] == pytest.approx(scores[RATE])
    assert [(one.new, one.old) for one in found.separations] == [
        ((IMAGE,), (RATE,)),
        ((RATE,), (IMAGE,)),
        ((), (IMAGE, RATE)),
    ]


def test_smaller_shifts_take_more_runs_to_separate() -> None:
    factors = {IMAGE: since(30), RATE: since(30)}
    large, small = (blame(STEP * 1.0, factors, [30], 30), blame(normal(seeded(1), 60) + STEP, factors, [30], 30))
    assert 1 <= large.separations[0].repeats < small.separations[0].repeats


def test_what_changed_elsewhere_is_not_blamed() -> None:
    found = blame(STEP, {IMAGE: since(12), DATA: since(50)}, [30], 30)
    assert found.not_tracked > 0.99


def test_what_never_changed_is_no_suspect() -> None:
    found = blame(STEP, {IMAGE: ["same"] * 60, NODE: [None] * 60}, [30], 30)
    assert (found.suspects, found.not_tracked, found.separations) == ((), 1.0, ())


def test_what_changes_with_every_run_explains_nothing() -> None:
    found = blame(STEP, {RATE: list(range(60)), NODE: [f"node-{run}" for run in range(60)]}, [30], 30)
    assert (found.suspects, found.not_tracked, found.confounded) == ((), 1.0, ())


def test_a_number_that_drifts_is_suspected_where_it_jumps() -> None:
    drifting = [0.1 + 0.001 * run for run in range(60)]
    jumping = [rate + (1.0 if run >= 30 else 0.0) for run, rate in enumerate(drifting)]
    drift, jump = (blame(STEP, {RATE: rates}, [30], 30) for rates in (drifting, jumping))
    assert (drift.suspects, drift.not_tracked) == ((), 1.0)
    assert jump.suspects[0].score > jump.not_tracked
    assert (jump.suspects[0].last_before, jump.suspects[0].first_after) == (29, 30)


# ------------------------------------------------------------------------------------------ there and back
BACK: Sequence[Hashable | None] = ["old"] * 30 + ["new"] * 15 + ["old"] * 15


def test_what_changed_back_is_cleared_where_the_metric_stayed() -> None:
    found = blame(STEP, {IMAGE: BACK, RATE: since(30)}, [30], 30)
    assert found.suspects[0].factor == RATE
    assert all(suspect.factor != IMAGE for suspect in found.suspects)


def test_what_changed_back_is_blamed_where_the_metric_did_too() -> None:
    values = normal(seeded(5), 60) / 3 + levels((0, 30), (2, 15), (0, 15))
    found = blame(values, {IMAGE: BACK, RATE: since(30)}, [30, 45], 30)
    assert [suspect.factor for suspect in found.suspects] == [IMAGE]
    assert found.suspects[0].score > 3 * found.not_tracked


def test_of_a_change_and_the_one_back_that_is_told_which_is_at_the_shift() -> None:
    """It was tried for two runs, taken back, and is there to stay since the shift."""
    for blip in ([20, 21], [25, 26], [0]):
        runs: list[Hashable | None] = ["new" if run >= 30 or run in blip else "old" for run in range(60)]
        values = normal(seeded(9), 60) / 3 + levels((0, 30), (2, 30))
        values[blip] += 2
        suspect = blame(values, {IMAGE: runs}, [30], 30).suspects[0]
        assert (suspect.before, suspect.after) == ("old", "new")
        assert (suspect.last_before, suspect.first_after) == (29, 30)


def test_the_way_back_is_told_where_the_level_came_back() -> None:
    values = normal(seeded(5), 60) / 3 + levels((0, 27), (2, 3), (0, 30))
    runs: Sequence[Hashable | None] = ["old"] * 27 + ["new"] * 3 + ["old"] * 30
    suspect = blame(values, {IMAGE: runs}, [30], 30).suspects[0]
    assert (suspect.before, suspect.after) == ("new", "old")
    assert (suspect.last_before, suspect.first_after) == (29, 30)


@pytest.mark.parametrize("back", [34, 40, 57])
def test_what_changed_back_before_the_level_did_is_weaker_than_what_stayed(back: int) -> None:
    runs: Sequence[Hashable | None] = ["old"] * 30 + ["new"] * (back - 30) + ["old"] * (60 - back)
    for end in (60, 58):
        values = normal(seeded(12), 60) / 3 + levels((0, 30), (2, end - 30), (0, 60 - end))
        scores = _scores(values, {IMAGE: runs, RATE: since(30)})
        assert scores.get(IMAGE, 0.0) < scores[RATE] / 3


def _scores(values: Series, factors: Mapping[Factor, Sequence[Hashable | None]]) -> Mapping[Factor, float]:
    return {suspect.factor: suspect.score for suspect in blame(values, factors, [30], 30).suspects}


def test_the_first_bad_run_is_blamed_on_what_changed_with_it() -> None:
    for after in (2, 3, 4):
        values = normal(seeded(after), 60 + after) / 3 + levels((0, 60), (-4, after))
        found = blame(values, {IMAGE: since(60, len(values)), DATA: since(61, len(values))}, [60], 60)
        assert found.suspects[0].factor == IMAGE
        assert found.suspects[0].score > 0.5


# ------------------------------------------------------------------------------------------ what is not known
def test_a_factor_stays_as_it_was_seen_last_where_nobody_knows() -> None:
    gone: Sequence[Hashable | None] = ["old"] * 30 + ["new"] * 10 + ["old"] + [None] * 19
    scores = _scores(STEP, {IMAGE: gone, RATE: since(30)})
    assert IMAGE not in scores


def test_a_change_that_nobody_saw_happen_may_have_come_at_any_run_between() -> None:
    unseen: Sequence[Hashable | None] = ["old"] * 27 + [None] * 5 + ["new"] * 28
    found = blame(STEP, {IMAGE: unseen}, [30], 30)
    (suspect,) = found.suspects
    assert (suspect.last_before, suspect.first_after) == (26, 32)
    seen = blame(STEP, {IMAGE: since(30)}, [30], 30).suspects[0]
    assert found.not_tracked < suspect.score < seen.score


def test_what_is_without_noise_is_explained_by_what_changed_there() -> None:
    found = blame(levels((0.9, 30), (0.8, 30)), {IMAGE: since(30), RATE: since(31)}, [30], 30)
    assert [suspect.factor for suspect in found.suspects] == [IMAGE]
    assert found.separations[0].repeats == 1


def test_runs_far_away_are_left_out() -> None:
    random = seeded(6)
    values = normal(random, 3000) + levels((0, 2000), (3, 1000))
    found = blame(values, {IMAGE: since(2000, 3000), DATA: since(700, 3000)}, [2000], 2000)
    assert found.suspects[0].factor == IMAGE
    assert (found.suspects[0].last_before, found.suspects[0].first_after) == (1999, 2000)
