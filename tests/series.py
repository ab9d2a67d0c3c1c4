"""Simulated series of a metric, for tests of trends: noise of several kinds, on levels, trends and weeks."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Series: TypeAlias = NDArray[np.float64]


def seeded(seed: int) -> np.random.Generator:
    """Random numbers of a test's own."""
    return np.random.default_rng(seed)


def normal(random: np.random.Generator, count: int) -> Series:
    """Independent noise, of standard deviation 1 as all of it."""
    return random.normal(size=count)


def heavy(random: np.random.Generator, count: int) -> Series:
    """Noise with far outliers: Student's t with three degrees of freedom."""
    return random.standard_t(3, count) / 3**0.5


def dependent(random: np.random.Generator, count: int, dependence: float) -> Series:
    """Noise of which so much is still there one run later."""
    driven = random.normal(0, (1 - dependence**2) ** 0.5, count)
    driven[0] /= (1 - dependence**2) ** 0.5
    for index in range(1, count):
        driven[index] += dependence * driven[index - 1]
    return driven


def week(count: int, amplitude: float) -> Series:
    """A season of seven runs."""
    return np.asarray(amplitude * np.sin(2 * np.pi * np.arange(count) / 7))


def trend(count: int, rise: float) -> Series:
    """A straight line that rises by so much in all."""
    return np.linspace(0, rise, count)


def levels(*parts: tuple[float, int]) -> Series:
    """Levels, each with how many runs are on it."""
    return np.repeat(np.array([level for level, _ in parts]), [count for _, count in parts])


def near(found: Sequence[int], place: int, within: int = 2) -> bool:
    """Whether anything was found near a place."""
    return any(abs(index - place) <= within for index in found)
