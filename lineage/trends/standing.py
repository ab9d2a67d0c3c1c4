"""What is to be said of a metric in one word."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from lineage.trends.directions import Verdict


class Standing(StrEnum):
    """Of the latest shift of a series, or of its last value where that is surprising; the worst first."""

    REGRESSION = "REGRESSION"
    SHIFTED = "SHIFTED"
    UNKNOWN = "UNKNOWN"
    STEADY = "STEADY"
    IMPROVEMENT = "IMPROVEMENT"


STANDINGS: Final[Mapping[Verdict, Standing]] = {
    Verdict.REGRESSION: Standing.REGRESSION,
    Verdict.IMPROVEMENT: Standing.IMPROVEMENT,
    Verdict.NEUTRAL: Standing.STEADY,
    Verdict.UNJUDGED: Standing.SHIFTED,
}
"""What a change of level comes to."""
