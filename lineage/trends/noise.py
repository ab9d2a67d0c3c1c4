"""The noise of a series: what of it varies from one run to the next, and for how long a deviation lasts.

Pure. Values are finite floats in the order of their runs; rows of a matrix are series of one length. The noise is taken
to be autoregressive of order one: a part of each deviation, the *dependence*, is still there one run later. Series of
the same noise and without a shift are made from it (the sieve bootstrap: Bühlmann 1997, Bernoulli 3:123).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lineage.trends.baseline import TO_SD

Floats: TypeAlias = NDArray[np.float64]


NEIGHBOURS: Final = 3
"""Values to each side that say what an outlier should have been. A new level of four values is none."""
AT_ENDS: Final = 5
"""Values at an end, by the median of which the outer three are judged: three that agree are a level, and two are none.
Of four or six values as many as the others could be far."""
OUTLIER: Final = 3.5
HELD: Final = 1.5
NOTHING_LEFT: Final = 3.0
"""Of the limit beyond which a value is an outlier: up to where it is pulled to the limit, and from where on to the
level itself (the three parts of Hampel 1974, JASA 69:383). Between them less is left the farther it is: of two far
outliers side by side what the limit leaves would still be a step."""
MOST_DEPENDENT: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What drives a series (`innovations`, centred), and its `dependence` on itself, from 0 to MOST_DEPENDENT."""

    innovations: Floats
    dependence: float


def floats(values: Iterable[float]) -> Floats:
    """Values as an array."""
    return np.array(list(values), dtype=np.float64)


def unit_of(values: Floats) -> float:
    """Give what to divide values by so that their squares are numbers: a power of two, so nothing is lost."""
    return 2.0 ** (int(np.frexp(np.abs(values).max(initial=0.0))[1]) - 1)


def noise_of(residuals: Floats, dependence: float) -> Noise:
    """Describe the noise of one series by its residuals, of which so much is still there one run later."""
    innovations = residuals[1:] - dependence * residuals[:-1]
    return Noise(innovations=innovations - innovations.mean(), dependence=dependence)


def without_outliers(values: Floats) -> Floats:
    """Pull what lies far from its neighbours towards them (the filter of Hampel): of at least AT_ENDS values. A value
    counts among its own neighbours. Where more than half of the values equal the median of their neighbours, nothing is
    changed: there is no scale to tell by."""
    padded = np.pad(values, NEIGHBOURS, constant_values=np.nan)
    level = np.nanmedian(sliding_window_view(padded, 2 * NEIGHBOURS + 1), axis=1)
    level[:NEIGHBOURS], level[-NEIGHBOURS:] = np.median(values[:AT_ENDS]), np.median(values[-AT_ENDS:])
    away = values - level
    limit = OUTLIER * TO_SD * float(np.median(np.abs(away)))
    if limit <= 0:
        return values
    left = np.clip((NOTHING_LEFT - np.abs(away) / limit) / (NOTHING_LEFT - HELD), 0.0, 1.0)
    return np.asarray(level + left * np.clip(away, -limit, limit))


def autocorrelation(residuals: Floats) -> Floats:
    """Correlate, for each row, what is left of each value with what is left of the next; 0 where nothing is left."""
    squares = np.einsum("...i,...i", residuals, residuals)
    products = np.einsum("...i,...i", residuals[..., 1:], residuals[..., :-1])
    return np.asarray(np.divide(products, squares, out=np.zeros_like(products), where=squares > 0))


def long_run_sd(residuals: Floats, steps: int) -> Floats:
    """Estimate, for each row, the standard deviation of a mean of n values, times √n, for many values. So many steps
    were taken out, at places where they fitted best."""
    n = residuals.shape[-1]
    part = np.clip(autocorrelation(residuals), 0.0, MOST_DEPENDENT)
    squares = np.einsum("...i,...i", residuals, residuals)
    return np.asarray(np.sqrt(squares / max(n - 2 - 1.5 * steps, 1.0) * (1 + part) / (1 - part)))


def simulated(noise: Noise, rows: int, length: int, random: np.random.Generator) -> Floats:
    """Make series of the same noise, without a shift."""
    part = noise.dependence
    reach = 1 if part < 0.01 else int(np.ceil(np.log(0.01) / np.log(part))) + 1
    span = 2 ** int(np.ceil(np.log2(reach)))
    made = noise.innovations[random.integers(0, len(noise.innovations), (rows, length + span))]
    added = 1
    # y(t) = Σ part^i·e(t-i), of which each round adds as many again, up to where a hundredth is left.
    while added < span:
        made[:, added:] += part**added * made[:, :-added]
        added *= 2
    return made[:, span:]


def generator(values: Floats, *place: int) -> np.random.Generator:
    """Give random numbers that follow from the values and a place: the same data give the same report."""
    seed = blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).digest()
    return np.random.default_rng([*place, int.from_bytes(seed, "little")])
