"""Runs as the rows of a table, whose columns show only when the last run was read: rows wait in a file until then.

Parameters are texts to Kubernetes. In a column where each of them is written as a number, numbers are meant.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from math import isfinite
from typing import IO, Any, Final

import orjson

TEXTS: Final = (
    "id",
    "uid",
    "name",
    "namespace",
    "cluster",
    "kind",
    "pipeline",
    "pipeline_version",
    "experiment",
    "recurring_run",
    "phase",
)
TIMES: Final = ("created_at", "scheduled_at", "started_at", "finished_at")
PARAMETER, METRIC = "parameter.", "metric."
EXACT: Final = 2**53  # up to here a float holds every integer; what is larger may be an id, and stays a text
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")  # as JSON has them


class Content(IntEnum):
    """What a column holds: the widest of what its values are."""

    INTEGER = 1
    NUMBER = 2
    TEXT = 3


@dataclass(slots=True)
class Columns:
    """What was seen of the columns so far: the contents of each parameter, None while it has no value; and metrics."""

    parameters: dict[str, Content | None] = field(default_factory=dict)
    metrics: set[str] = field(default_factory=set)

    @property
    def names(self) -> list[str]:
        """All of them, in their order: what every run has, parameters and metrics by name."""
        parameters = (f"{PARAMETER}{name}" for name in sorted(self.parameters))
        return [*TEXTS, *TIMES, *parameters, *(f"{METRIC}{name}" for name in sorted(self.metrics))]

    @property
    def contents(self) -> dict[str, Content]:
        """What each column holds but times; a parameter that never had a value is a text."""
        parameters = {f"{PARAMETER}{name}": found or Content.TEXT for name, found in self.parameters.items()}
        metrics = {f"{METRIC}{name}": Content.NUMBER for name in self.metrics}
        return {**dict.fromkeys(TEXTS, Content.TEXT), **parameters, **metrics}

    def notice(self, run: Mapping[str, Any]) -> None:
        """Take in what a run has."""
        for parameter in run["parameters"]:
            name, value = parameter["name"], parameter["value"]
            known = self.parameters.setdefault(name, None)
            if value is not None:
                self.parameters[name] = max(known or Content.INTEGER, content_of(value))
        self.metrics.update(metric["name"] for metric in run["metrics"] if metric["value"] is not None)


def content_of(text: str) -> Content:
    """Say as what a text can be read without a loss of what it says."""
    number = _NUMBER.fullmatch(text)
    if number is None or not isfinite(float(text)):
        return Content.TEXT
    if number[1] or number[2]:
        return Content.NUMBER
    return Content.INTEGER if abs(int(text)) <= EXACT else Content.TEXT


def row_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """Write a run as a row. What is secret, not given or no number has no value."""
    version = run["pipelineVersion"]
    return {
        "id": run["id"],
        "uid": run["uid"],
        "name": run["displayName"],
        "namespace": run["namespace"],
        "cluster": run["cluster"],
        "kind": run["kind"],
        "pipeline": version and version["pipeline"]["name"],
        "pipeline_version": version and version["digest"],
        "experiment": run["experiment"] and run["experiment"]["name"],
        "recurring_run": run["recurringRun"] and run["recurringRun"]["name"],
        "phase": run["phase"],
        "created_at": run["createdAt"],
        "scheduled_at": run["scheduledAt"],
        "started_at": run["startedAt"],
        "finished_at": run["finishedAt"],
        **{f"{PARAMETER}{one['name']}": one["value"] for one in run["parameters"]},
        **{f"{METRIC}{one['name']}": one["value"] for one in run["metrics"] if one["value"] is not None},
    }


# ------------------------------------------------------------------------------------------ waiting rows
def keep(row: Mapping[str, Any], waiting: IO[bytes]) -> None:
    """Put a row into a file."""
    waiting.write(orjson.dumps(row) + b"\n")


def kept(waiting: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Take the rows out of a file, from its beginning."""
    waiting.seek(0)
    return map(orjson.loads, waiting)
