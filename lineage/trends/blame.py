"""What may have shifted a metric: of all that changed, what changed where the metric did, and how good a reason that
is.

Pure. Each factor (the image of a step, a parameter, the content of an input) that changed about the place of the shift
is a suspect, and competes with its rivals and with something that nobody tracks. How well one explains the shift is the
likelihood of the values where the level changes when the factor does, and changes back when it does. How likely it was
before anybody looked: one change of level has one reason. That is a tracked one as often as not; among those each that
changed is as likely as another, and each of its changes as likely as the next; one that nobody tracks may be at any
run. So a factor that changes with every run explains nothing, and one that changed once, and there, explains much.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, isfinite
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineage.trends.levels import within_levels
from lineage.trends.noise import Floats, autocorrelation, unit_of

NOT_TRACKED: Final = 0.6
"""How likely a reason is that nobody tracks, before anybody looked."""
AROUND: Final = 200
"""Runs before and after a shift at which its reason is looked for, at most."""
AS_GOOD: Final = 1 / 3
"""Suspects are confounded that explain the shift at least a third as well as the best."""
LEAST_SCORE: Final = 0.001
LIKELIER: Final = 1.25
"""So many times as likely as before anybody looked is what counts as a suspect."""
SURE: Final = 3.24
"""Normal quantiles of 97.5 % and 90 %, added: a difference of so many of its own errors is seen nine times out of
ten."""
MOST_REPEATS: Final = 30
NEGLIGIBLE: Final = 1e-6
LARGEST: Final = 600.0
"""Of the logarithm of a likelihood: far beyond any that matters, and within what a number holds."""
MOST_PLACES: Final = 100
"""Runs at which a change may have come that nobody saw happen, as far as they are tried."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Factor:
    """What may change from run to run: its kind (`IMAGE`, `PARAMETER`, `INPUT`, …) and its name within that."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A factor that changed about where the metric did: between the runs `last_before` and `first_after`, from `before`
    to `after`. `score` is how much better it explains the shift than its rivals."""

    factor: Factor
    score: float
    before: Hashable
    after: Hashable
    last_before: int
    first_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """Further runs that would tell suspects apart: these `new` factors as they are since the shift, all other suspects
    as they were. As often as `repeats`, for the difference to stand out of the noise. Where `new` is empty all are as
    they were: if the level stays where it is, its reason is none of them."""

    new: tuple[Factor, ...]
    old: tuple[Factor, ...]
    repeats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """What may have caused a shift, the best suspect first. The scores of all and `not_tracked` add up to 1.

    `confounded` are suspects that cannot be told apart by the runs that there are, empty where the best stands alone;
    `separations` are the runs that would, one for each of them.
    """

    suspects: tuple[Suspect, ...]
    not_tracked: float
    confounded: tuple[Factor, ...]
    separations: tuple[Separation, ...]


def blame(
    values: Sequence[float] | Floats,
    factors: Mapping[Factor, Sequence[Hashable | None]],
    shifts: Sequence[int],
    shift: int,
) -> Blame:
    """Say what may have caused the shift before the run of index `shift`.

    `values` are those of runs in their order, `factors` the level of each factor in each run, None where it is not
    known. `shifts` are the indices of all shifts of the series, of which `shift` is one. Indices of runs in the answer
    count as these do.
    """
    first, last = max(shift - AROUND, 0), min(shift + AROUND, len(values))
    series = np.asarray(values, dtype=np.float64)
    series = within_levels(series / unit_of(series), sorted(shifts))[first:last]
    others = [other - first for other in shifts if other != shift and first < other < last]
    start = max((other for other in others if other < shift - first), default=0)
    stop = min((other for other in others if other > shift - first), default=len(series))
    around = _around(series, tuple(others), shift - first)
    anywhere = around.likelihoods(_steps(len(series), np.arange(len(series))), around.others)[0]
    moving = {factor: changes for factor, levels in factors.items() if (changes := _changes(levels[first:last]))}
    # Factors that always changed together are one reason, of which each is a part.
    together = Counter(tuple(one.span for one in changes) for changes in moving.values())
    weights: list[_Weight] = []
    for factor, changes in moving.items():
        share = (1 - NOT_TRACKED) / len(together) / together[tuple(one.span for one in changes)]
        near = [one for one in changes if one.last_before < stop - 1 and one.first_after > start]
        if near:
            found = [_by(around, anywhere, factors[factor][first:last], one) for one in near]
            explained = sum(one.share * by.likelihood for one, by in zip(near, found, strict=True))
            _, at_shift = max(zip(found, near, strict=True), key=lambda each: each[1].share * each[0].at_the_shift)
            weights.append(_Weight(share * explained, share, factor, at_shift))
    # What nobody tracks may have come at any run, as far as the levels before and after the shift last.
    nobody = NOT_TRACKED * float(anywhere[start + 1 : stop].sum()) / (len(series) - 1)
    return _judged(weights, nobody, around.repeats, first)


# ------------------------------------------------------------------------------------------ changes
@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A change of a factor, at a run after `last_before` and not after `first_after`, and its share of all its
    changes."""

    last_before: int
    first_after: int
    before: Hashable
    after: Hashable
    share: float

    @property
    def span(self) -> tuple[int, int]:
        return self.last_before, self.first_after

    @property
    def places(self) -> NDArray[np.int_]:
        """Runs with which it may have come, as far as they are tried."""
        return np.arange(self.last_before + 1, self.first_after + 1)[:MOST_PLACES]


def _changes(levels: Sequence[Hashable | None]) -> list[_Change]:
    """List the changes of a factor. Of numbers a large one is a likelier reason than a small one."""
    known = [(run, level) for run, level in enumerate(levels) if level is not None]
    changed = [(one, other) for one, other in pairwise(known) if one[1] != other[1]]
    sizes = [1.0] * len(changed)
    if all(_is_number(level) for _, level in known):
        sizes = [abs(float(other[1]) - float(one[1])) for one, other in changed]  # type: ignore[arg-type] # numbers
    total = sum(sizes)
    return [
        _Change(last_before=one[0], first_after=other[0], before=one[1], after=other[1], share=size / total)
        for (one, other), size in zip(changed, sizes, strict=True)
    ]


def _is_number(level: Hashable) -> bool:
    return isinstance(level, int | float) and not isinstance(level, bool) and isfinite(level)


# ------------------------------------------------------------------------------------------ likelihood
@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """The runs around a shift: their values, and the places of other shifts among them. They tell as much as so many
    `independent` ones. `effect` is the height of the step at the shift, and `least` are the squares that it leaves."""

    values: Floats
    others: tuple[int, ...]
    independent: float
    effect: float
    least: float
    repeats: int

    def likelihoods(self, reasons: Floats, others: tuple[int, ...]) -> tuple[Floats, Floats]:
        """Compare each reason, a row that is 1 where the level should be another, with a step at the shift; and say by
        how much that level is higher."""
        squares, effects, _ = _left(self.values, others, reasons)
        left = np.maximum(squares, _nothing(self.values))
        return np.exp(np.minimum(np.log(self.least / left) * self.independent / 2, LARGEST)), effects


def _around(values: Floats, others: tuple[int, ...], shift: int) -> _Around:
    squares, effects, residuals = _left(values, others, _steps(len(values), np.array([shift])))
    part = min(max(float(autocorrelation(residuals[0])), 0.0), 0.9)
    sd = float(np.sqrt(squares[0] / max(len(values) - len(others) - 2, 1)))
    effect = float(effects[0])
    repeats = ceil(2 * (SURE * sd / abs(effect)) ** 2) if effect else MOST_REPEATS
    return _Around(
        values=values,
        others=others,
        independent=len(values) * (1 - part) / (1 + part),
        effect=effect,
        least=max(float(squares[0]), _nothing(values)),
        repeats=min(max(repeats, 1), MOST_REPEATS),
    )


def _nothing(values: Floats) -> float:
    """Say which squares are no more than what adding up loses: what is without noise is explained exactly."""
    return max(1e-12 * float(values @ values), 1e-300)


def _steps(count: int, places: NDArray[np.int_]) -> Floats:
    return np.asarray(np.arange(count) >= places[:, None], dtype=np.float64)


def _left(values: Floats, others: tuple[int, ...], reasons: Floats) -> tuple[Floats, Floats, Floats]:
    """Fit each reason beside the levels that other shifts make: the squares that it leaves, its effect, what is
    left."""
    levels = np.vstack([np.ones(len(values)), _steps(len(values), np.array(others, dtype=np.int_))])
    basis = np.linalg.qr(levels.T)[0]
    beside = values - basis @ (basis.T @ values)
    own = reasons - (reasons @ basis) @ basis.T
    size = np.einsum("ij,ij->i", own, own)
    is_new = size > 1e-9
    effects = np.where(is_new, own @ beside / np.where(is_new, size, 1.0), 0.0)
    residuals = beside - effects[:, None] * own
    return np.einsum("ij,ij->i", residuals, residuals), effects, residuals


class _Explained(NamedTuple):
    """How well a change explains the shift, if the level changes back when the factor does; and how well its place
    alone does, which is nothing where it is the way back from there."""

    likelihood: float
    at_the_shift: float


def _by(around: _Around, anywhere: Floats, levels: Sequence[Hashable | None], change: _Change) -> _Explained:
    """Say how well a change of a factor explains the shift, wherever among its runs it came. `anywhere` are the
    likelihoods of steps at each run. If the factor changes back, so should the level: where it does, two shifts have
    one reason. A change and the one back part the runs alike: they differ in the way that the level goes."""
    places = change.places
    plain = float(anywhere[places].mean())
    is_back = change.before in levels[change.first_after :] or change.after in levels[: change.last_before]
    if not is_back or anywhere[places].max() < NEGLIGIBLE:
        return _Explained(plain, plain)
    reasons = _steps(len(around.values), places)
    known = _carried(levels, change)
    reasons[:, [run for run, level in enumerate(known) if level == change.before]] = 0.0
    reasons[:, [run for run, level in enumerate(known) if level == change.after]] = 1.0
    each, effects = around.likelihoods(reasons, around.others)
    found, effect = float(each.mean()), effects[each.argmax()]
    turns = np.flatnonzero(np.diff(reasons[-1])) + 1
    rest = tuple(other for other in around.others if not (np.abs(turns - other) <= 2).any())
    if rest != around.others:
        # Schwarz's criterion: a height and a place less to fit for each.
        spared = around.independent ** (1.5 * (len(around.others) - len(rest)))
        each, effects = around.likelihoods(reasons, rest)
        if spared * float(each.mean()) > found:
            found, effect = spared * float(each.mean()), effects[each.argmax()]
    return _Explained(found, plain if effect * around.effect > 0 else 0.0)


def _carried(levels: Sequence[Hashable | None], change: _Change) -> Sequence[Hashable | None]:
    """What a factor was in each run: where nobody knows, what it was last, but while the change may have come."""
    carried: list[Hashable | None] = []
    for run, level in enumerate(levels):
        is_open = change.last_before < run < change.first_after
        carried.append(level if level is not None or is_open or not carried else carried[-1])
    return carried


# ------------------------------------------------------------------------------------------ judging
class _Weight(NamedTuple):
    """How well a factor explains the shift, how likely it was before anybody looked, and its change that is nearest to
    it."""

    found: float
    before: float
    factor: Factor
    change: _Change


def _judged(weights: list[_Weight], nobody: float, repeats: int, first: int) -> Blame:
    """Suspects are those that became likelier by looking: of what changes with every run, the runs say nothing."""
    total = nobody + sum(one.found for one in weights)
    kept = [one for one in weights if one.found >= max(LEAST_SCORE, LIKELIER * one.before) * total]
    kept.sort(key=lambda one: (-one.found, one.factor))
    total = nobody + sum(one.found for one in kept)
    suspects = tuple(
        Suspect(
            factor=one.factor,
            score=one.found / total,
            before=one.change.before,
            after=one.change.after,
            last_before=first + one.change.last_before,
            first_after=first + one.change.first_after,
        )
        for one in kept
    )
    alike = tuple(one.factor for one in suspects if one.score >= AS_GOOD * suspects[0].score)
    return Blame(
        suspects=suspects,
        not_tracked=nobody / total,
        confounded=alike if len(alike) > 1 else (),
        separations=tuple(_separations(alike, repeats)),
    )


def _separations(alike: tuple[Factor, ...], repeats: int) -> Iterator[Separation]:
    """Name the runs that tell suspects apart: each alone as it is now, and all as they were."""
    if len(alike) > 1:
        for one in alike:
            yield Separation(new=(one,), old=tuple(other for other in alike if other != one), repeats=repeats)
    if alike:
        yield Separation(new=(), old=alike, repeats=repeats)
