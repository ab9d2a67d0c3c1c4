"""How metrics move over the runs of a pipeline: how they stand, where they shifted, and what may have shifted them.

Pure: series in, findings out. All but `baseline.py`, `directions.py` and `standing.py` import numpy, which takes longer
to import than most commands take to run: whoever needs it imports it where it is used.

`find_shifts` and `summarize` look at one series, `discover` at many at once, `blame` at one shift and all that changed
about it; `read_directions` says which way is better.
"""
