"""Where Apache Otava and ruptures see changes: series in, as a JSON list of lists, and what each says of them out.

Run with both on the path, in a process of its own: Otava wants a numpy of one version. Knows nothing of this project.
"""

import json
import sys
from math import log

import numpy as np
from otava.analysis import compute_change_points
from ruptures import Pelt


def by_otava(values: list[float]) -> list[int]:
    """Ask with the settings that its manual recommends."""
    found, _ = compute_change_points(values, window_len=50, max_pvalue=0.001, min_magnitude=0.0)
    return [int(point.index) for point in found]


def by_ruptures(values: list[float]) -> list[int]:
    """Cut exactly, at 3·log n of the noise that neighbours differ by."""
    series = np.asarray(values)
    noise = np.median(np.abs(np.diff(series))) * 1.4826 / 2**0.5 or 1e-12
    return [int(end) for end in Pelt(model="l2", min_size=4, jump=1).fit(series / noise).predict(3 * log(len(values)))][
        :-1
    ]


json.dump([{"otava": by_otava(one), "ruptures": by_ruptures(one)} for one in json.load(sys.stdin)], sys.stdout)
