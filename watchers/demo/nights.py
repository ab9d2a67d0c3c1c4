"""The six weeks before the demo's story: the nights of the recurring run that are over when it begins.

Data only. The model gets better from the night of December 16th on, when the image that prepares the data has been
built anew behind its tag. Other things become others as well, and do nothing: how fast and how long it learns. One
night has no run, one finds bad data, and one has no new date, so that Argo takes over how good the model was the
night before.

The two levels are so far apart, and their noise is so small, that the shift is confirmed at once, and the one that
comes while the story is told as well: with fewer nights than these too little would be known of the noise for that.
"""

from datetime import date, timedelta
from typing import Final

from watchers.demo.story import BAD_DATA, CHURN, DATA_IMAGE, NIGHT, Run, training_arguments

FIRST_DATE: Final = date(2025, 11, 17)
WITHOUT_RUN: Final = 9
WITH_BAD_DATA: Final = 19
WITHOUT_NEW_DATE: Final = 37
LEARNS_LONGER: Final = 6
LEARNS_SLOWER: Final = 15
BUILT_ANEW: Final = 29

_AUC: Final = (
    *("0.848", "0.850", "0.849", "0.848", "0.847", "0.849", "0.851", "0.850", "0.851"),
    *("—", "0.849", "0.850", "0.849", "0.846", "0.851", "0.850", "0.850", "0.846"),
    *("0.846", "—", "0.847", "0.848", "0.850", "0.849", "0.850", "0.848", "0.850"),
    *("0.850", "0.848", "0.874", "0.872", "0.873", "0.870", "0.870", "0.870", "0.871"),
    *("0.872", "—", "0.871", "0.870", "0.869", "0.870", "0.873", "0.869", "0.871"),
)
"""How good the model of each night was: two levels, and noise that was drawn once. Three nights say nothing new."""
_TRAINING_SECONDS: Final = (
    *(24, 25, 23, 25, 25, 25, 26, 23, 24, 23, 23, 24, 24, 25, 25),
    *(28, 25, 21, 24, 23, 23, 26, 24, 21, 24, 24, 22, 23, 23, 24),
    *(23, 24, 27, 23, 23, 24, 26, 23, 26, 22, 22, 24, 23, 23, 25),
)


def _begins(number: int) -> int:
    return NIGHT * (number - len(_AUC))


def _night(number: int) -> Run:
    is_new = number != WITHOUT_NEW_DATE
    shown = number if is_new else number - 1
    return Run(
        pipeline=CHURN,
        begins=_begins(number),
        arguments=training_arguments(
            learning_rate="0.12" if number < LEARNS_SLOWER else "0.10",
            epochs="8" if number < LEARNS_LONGER else "10",
            date=f"{FIRST_DATE + timedelta(days=shown)}",
        ),
        scheduled=True,
        experiment="churn",
        failures={"validate": (BAD_DATA,)} if number == WITH_BAD_DATA else {},
        memoized={} if is_new else {"evaluate": _begins(shown)},
        builds={DATA_IMAGE: 0} if number < BUILT_ANEW else {},
        results={"auc": _AUC[shown]},
        seconds={"train": _TRAINING_SECONDS[number]},
    )


PAST: Final = tuple(_night(number) for number in range(len(_AUC)) if number != WITHOUT_RUN)
