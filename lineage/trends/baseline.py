"""What a last value is compared with, and from when on it is surprising: numbers that more than one place judges by."""

from typing import Final

BASELINE: Final = 30
"""Values before the last one that it is compared with, at most."""
LEAST_BASELINE: Final = 5
SURPRISE: Final = 3.5
"""Robust standard deviations from the median, from which on a value is surprising."""
TO_SD: Final = 1.4826
"""The standard deviation of normal noise, over its median absolute deviation."""
