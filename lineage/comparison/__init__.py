"""What differs between two runs: their texts, steps, images, arguments, data, and what came of them.

    changes.py    what a difference is
    documents.py  where two JSON documents differ
    matching.py   which step of one run is which of another
    specs.py      differences between the texts of pipelines
    steps.py      differences between two steps
    runs.py       all of it, each thing told once

Pure.
"""

from lineage.comparison.changes import Change, ChangeKind, RunDiff
from lineage.comparison.matching import looked_at_closely, match
from lineage.comparison.runs import compare

__all__ = ["Change", "ChangeKind", "RunDiff", "compare", "looked_at_closely", "match"]
