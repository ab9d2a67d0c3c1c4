"""Asking how metrics move: the flags that several commands share, and the questions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from lineage.cli.asking import Ask, ask_saved
from lineage.cli.scopes import Scope
from lineage.cli.terminal import USAGE, fail, printable
from lineage.settings import load_settings
from lineage.trends.directions import read_directions

Trends: TypeAlias = list[Mapping[str, Any]]

LAST_UNLESS_ASKED: Final = 1_000
MOST: Final = 10_000

MetricArgument = Annotated[
    str, typer.Argument(metavar="METRIC", help="The name of a metric, such as accuracy or duration_seconds.")
]
TaskFlag = Annotated[
    str | None, typer.Option("--task", metavar="NAME", help="Of the steps of this name, not of whole runs.")
]
ByFlag = Annotated[
    str | None,
    typer.Option("--by", metavar="PARAMETER", help="A series for each value of this parameter of the runs."),
]
DirectionsFlag = Annotated[
    Path | None,
    typer.Option(
        "--directions",
        metavar="FILE",
        help="Which way metrics should go, and the least change that matters, as TOML: a table [metrics] of lines "
        'such as accuracy = "higher, 0.005". Without: as the setting metric_directions says, else by their names.',
    ),
]
LastFlag = Annotated[
    int, typer.Option("--last", metavar="N", min=1, max=MOST, help="Look at no more than the last so many runs.")
]


def directions_meant(given: Path | None) -> str | None:
    """Read the directions of metrics, and make sure that they can be understood before anything is asked."""
    file = load_settings({"metric_directions": given}).metric_directions
    if file is None:
        return None
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read: {error}", code=USAGE)
    read_directions(text, str(file))
    return text


def trends_of_metric(
    ask: Ask,
    metric: str,
    scope: Scope,
    *,
    task: str | None,
    by: str | None,
    last: int,
    directions: str | None,
) -> Trends:
    """Ask how a metric moves: one series, or with `by` one for each value of a parameter. Ends where none is known."""
    values = {
        "scope": scope.of_trend,
        "metrics": [metric],
        "task": task,
        "by": by,
        "last": last,
        "directions": directions,
    }
    series = ask_saved(ask, "metric-trends", values)["metricTrends"]
    found = [one for one in series if one["points"] or one["gaps"]]
    if not found:
        of_task = f" of the step {printable(task)}" if task is not None else ""
        fail(
            f"no value of the metric {printable(metric)}{of_task} is known of {printable(scope.called)}: "
            "`lineage report trends` tells of all metrics that are"
        )
    return found


def trends_of_scope(ask: Ask, scope: Scope, *, last: int, directions: str | None) -> Trends:
    """Ask how all metrics of runs move, the worst first. Ends where none is known."""
    values = {"scope": scope.of_trend, "last": last, "directions": directions}
    found: Trends = list(ask_saved(ask, "metric-trends", values)["metricTrends"])
    if not found:
        fail(f"no metric of {printable(scope.called)} is known: `lineage runs` lists what is recorded")
    return found
