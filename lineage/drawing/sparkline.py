"""A series in one word: how it went, as bars of block characters."""

from collections.abc import Sequence
from statistics import median
from typing import Final

BARS: Final = "▁▂▃▄▅▆▇█"
WIDTH: Final = 24


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """Draw values in their order, the lowest as the lowest bar. Where there are more than fit, each bar is a median."""
    columns = min(width, len(values))
    halves = [value / 2 for value in values]  # as two of them, and their range, may be more than a float can hold
    bars = [median(halves[at * len(values) // columns : (at + 1) * len(values) // columns]) for at in range(columns)]
    if not bars:
        return ""
    low, high = min(bars), max(bars)
    if low == high:
        return BARS[len(BARS) // 2] * columns
    shares = ((bar - low) / (high - low) for bar in bars)
    return "".join(BARS[min(len(BARS) - 1, int(share * len(BARS)))] for share in shares)
