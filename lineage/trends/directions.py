"""Which way a metric should go, and by how much it must move to matter.

Pure. It is said in a file of TOML, by the names of metrics or patterns of names:

    [metrics]
    accuracy = "higher, 0.005"
    "*_loss" = "lower, 2%"
    temperature = "target 36.6, 0.5"

The number behind the comma is the least effect: a smaller change is none, or of the value before, in percent. Of a
metric that is not in the file the name says which way it should go, where it is one of those that everybody uses.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from math import inf, isfinite
from typing import Final

from lineage.errors import InvalidSettings

TABLE: Final = "metrics"
_USAGE: Final = (
    'write "higher", "lower" or "target 0.5", and the least effect behind a comma: "higher, 0.005" or "lower, 2%"'
)
_NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_WRITTEN: Final = re.compile(
    rf"(?P<aim>higher|lower|target\s+(?P<target>{_NUMBER}))\s*(?:,\s*(?P<least>{_NUMBER})\s*(?P<percent>%)?)?",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+\d*|[A-Z]+\d*(?![a-z])|\d+")
_HIGHER: Final = frozenset(
    {"accuracy", "acc", "auc", "auroc", "auprc", "f1", "fscore", "precision", "recall", "sensitivity", "specificity"}
    | {"score", "r2", "bleu", "rouge", "map", "ndcg", "mrr", "iou", "dice", "mcc", "kappa", "throughput", "success"}
)
_LOWER: Final = frozenset(
    {"loss", "error", "errors", "rmse", "mse", "mae", "mape", "smape", "logloss", "perplexity", "wer", "cer", "fid"}
    | {"duration", "latency", "queue", "retries", "lateness", "cost", "failures", "cpu", "memory"}
)


class Aim(StrEnum):
    """Where a metric should go."""

    HIGHER = "HIGHER"
    LOWER = "LOWER"
    TARGET = "TARGET"


class Verdict(StrEnum):
    """What a change of a metric is: for better, for worse, or neither; UNJUDGED where nobody said which way it should
    go."""

    REGRESSION = "REGRESSION"
    IMPROVEMENT = "IMPROVEMENT"
    NEUTRAL = "NEUTRAL"
    UNJUDGED = "UNJUDGED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """Where a metric should go: `aim` is None where nobody said, `target` is where TARGET is. A change below `least` is
    none; `is_relative`: that is a part of the value before."""

    aim: Aim | None = None
    target: float = 0.0
    least: float = 0.0
    is_relative: bool = False

    def badness(self, value: float) -> float:
        """Order values: the best has the least. 0 for all where nobody said which is better."""
        if self.aim is None:
            return 0.0
        if self.aim is Aim.TARGET:
            return abs(value - self.target)
        return -value if self.aim is Aim.HIGHER else value

    def verdict(self, before: float, after: float) -> Verdict:
        """Judge a change of level."""
        worse = self.badness(after) - self.badness(before)
        size = abs(after - before) if self.aim is None else abs(worse)
        if size == 0 or size < (self.least * abs(before) if self.is_relative else self.least):
            return Verdict.NEUTRAL
        if self.aim is None:
            return Verdict.UNJUDGED
        return Verdict.REGRESSION if worse > 0 else Verdict.IMPROVEMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Directions:
    """Directions by the names of metrics, and patterns of names in the order of the file."""

    given: Mapping[str, Direction] = field(default_factory=dict)

    def of(self, metric: str) -> Direction:
        """Find the direction of a metric: under its name, else the first pattern that fits, else by what its name
        says."""
        if metric in self.given:
            return self.given[metric]
        fitting = (direction for pattern, direction in self.given.items() if fnmatchcase(metric, pattern))
        return next(fitting, None) or _by_name(metric)


def read_directions(text: str, file: str) -> Directions:
    """Read the directions of a settings file, which is named in errors.

    Raises:
        InvalidSettings: the message says which file and key, what is wrong with it, and what to write.
    """
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidSettings(f"{file}: it is no TOML: {error}") from error
    table = found.get(TABLE, {})
    if not isinstance(table, dict):
        raise InvalidSettings(f"{file}: {TABLE}: a table is expected: write the names of metrics below [{TABLE}]")
    if unknown := sorted(found.keys() - {TABLE}):
        raise InvalidSettings(f"{file}: {unknown[0]}: there is no such key: write the names of metrics below [{TABLE}]")
    return Directions(given={name: _direction(value, f"{file}: {TABLE}.{name}") for name, value in table.items()})


def _direction(value: object, place: str) -> Direction:
    if not isinstance(value, str):
        hint = " (a name with a dot must stand in quotes)" if isinstance(value, dict) else ""
        raise InvalidSettings(f"{place}: a text is expected{hint}: {_USAGE}")
    written = _WRITTEN.fullmatch(value.strip())
    if written is None:
        raise InvalidSettings(f"{place}: {value!r:.60} says no direction: {_USAGE}")
    least, target = float(written["least"] or 0), float(written["target"] or 0)
    if not isfinite(target) or not 0 <= least < inf:
        raise InvalidSettings(f"{place}: {value!r:.60}: a least effect is 0 or more, and numbers are finite")
    aim = Aim(written["aim"].split()[0].upper())
    is_relative = written["percent"] is not None
    return Direction(aim=aim, target=target, least=least / 100 if is_relative else least, is_relative=is_relative)


def _by_name(metric: str) -> Direction:
    """Read from a name which way is better. What stands last in it counts most: `loss_score` is a score."""
    for word in reversed([word.casefold() for word in _WORDS.findall(metric)] + [metric.casefold()]):
        if word in _LOWER:
            return Direction(aim=Aim.LOWER)
        if word in _HIGHER:
            return Direction(aim=Aim.HIGHER)
    return Direction()
