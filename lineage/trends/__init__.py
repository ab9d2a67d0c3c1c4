"""How metrics move over the runs of a pipeline: how they stand, where they shifted, and what may have shifted them.

Pure: series in, findings out. It imports numpy, which takes longer to import than most commands take to run: whoever
needs it imports it where it is used.

`find_shifts` and `summarize` look at one series, `discover` at many at once, `blame` at one shift and all that changed
about it; `read_directions` says which way is better.
"""

from lineage.trends.blame import Blame, Factor, Separation, Suspect, blame
from lineage.trends.directions import Aim, Direction, Directions, Verdict, read_directions
from lineage.trends.discovery import Discovery, discover
from lineage.trends.monotone import Drift
from lineage.trends.shifts import Shift, Shifts, find_shifts
from lineage.trends.summary import Baseline, Summary, summarize

__all__ = [
    "Aim",
    "Baseline",
    "Blame",
    "Direction",
    "Directions",
    "Discovery",
    "Drift",
    "Factor",
    "Separation",
    "Shift",
    "Shifts",
    "Summary",
    "Suspect",
    "Verdict",
    "blame",
    "discover",
    "find_shifts",
    "read_directions",
    "summarize",
]
