"""Output parameters that hold one number: which of them are metrics, and what they came to. Pure."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from lineage.evidence import Said
from lineage.metrics.values import Reading, number_in, value_of
from lineage.model import Parameter
from lineage.redaction import beginning

PARAMETERS: Final = (
    "accuracy",
    "auc",
    "average_precision",
    "bleu",
    "error_rate",
    "f1",
    "f1_score",
    "iou",
    "log_loss",
    "logloss",
    "loss",
    "mae",
    "map",
    "mape",
    "mse",
    "ndcg",
    "perplexity",
    "precision",
    "r2",
    "recall",
    "rmse",
    "roc_auc",
    "rouge",
    "score",
)
"""What metrics are called, unless the user says otherwise."""

MAX_NAME_LENGTH: Final = 250

_SIGNS: Final = re.compile(r"[^a-z0-9]+")
_INNER_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def read_parameters(
    parameters: Iterable[Parameter], *, template: str | None = None, names: Sequence[str] = PARAMETERS
) -> Said:
    """Read the parameters that bear one of the names, alone or as the last words of a longer one (`val_loss`).

    Words may be put together by any sign, or by capitals. Kubeflow writes the name of the step before that of
    an output (`train-accuracy` of the step `train`): that is left out.
    """
    wanted = _wanted(tuple(names))
    reading = Reading()
    for parameter in parameters:
        name = parameter.name.removeprefix(f"{template}-") if template else parameter.name
        words = _words(name)
        if parameter.redacted or parameter.value is None or not any(words[-len(each) :] == each for each in wanted):
            continue
        if len(name) > MAX_NAME_LENGTH:
            reading.refuse(beginning(name, MAX_NAME_LENGTH), f"its name has more than {MAX_NAME_LENGTH} characters")
        elif (number := number_in(parameter.value)) is None:
            reading.refuse(parameter.name, "it holds no number")
        else:
            reading.add(value_of(name, number), parameter.name)
    return reading.metrics()


@cache
def _wanted(names: tuple[str, ...]) -> list[list[str]]:
    return [_words(name) for name in names]


def _words(name: str) -> list[str]:
    return _SIGNS.sub(" ", _INNER_CAPITAL.sub(" ", name).lower()).split()
