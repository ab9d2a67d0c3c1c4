"""The six weeks before the demo's story: the nights of the recurring run that are over when it begins.

Data only. The model gets better when it learns more slowly, from the night of December 16th on: that is the only cause.
Other things become others as well, and do nothing: how long it learns, and what reads the data. One night there
is none, one finds bad data, and one has no new date, so that Argo takes over how good the model was the night before.
"""

from datetime import date, timedelta
from typing import Final

from watchers.demo.story import BAD_DATA, CHURN, DATA_IMAGE, NIGHT, Run, training_arguments

FIRST_DATE: Final = date(2025, 11, 17)
WITHOUT_RUN: Final = 9
WITH_BAD_DATA: Final = 19
WITHOUT_NEW_DATE: Final = 37
LEARNS_LONGER: Final = 15
READ_BY_ANOTHER_BUILD: Final = 6
LEARNS_SLOWER: Final = 29

_AUC: Final = (
    *("0.853", "0.853", "0.853", "0.851", "0.854", "0.853", "0.856", "0.850", "0.861"),
    *("—", "0.843", "0.853", "0.856", "0.852", "0.851", "0.853", "0.855", "0.857"),
    *("0.848", "—", "0.854", "0.851", "0.856", "0.851", "0.853", "0.856", "0.852"),
    *("0.854", "0.850", "0.870", "0.865", "0.868", "0.869", "0.869", "0.877", "0.864"),
    *("0.864", "—", "0.871", "0.873", "0.871", "0.874", "0.877", "0.869", "0.867"),
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
            learning_rate="0.30" if number < LEARNS_SLOWER else "0.10",
            epochs="8" if number < LEARNS_LONGER else "10",
            date=f"{FIRST_DATE + timedelta(days=shown)}",
        ),
        scheduled=True,
        experiment="churn",
        failures={"validate": (BAD_DATA,)} if number == WITH_BAD_DATA else {},
        memoized={} if is_new else {"evaluate": _begins(shown)},
        builds={DATA_IMAGE: 0} if number < READ_BY_ANOTHER_BUILD else {},
        results={"auc": _AUC[shown]},
        seconds={"train": _TRAINING_SECONDS[number]},
    )


PAST: Final = tuple(_night(number) for number in range(len(_AUC)) if number != WITHOUT_RUN)
