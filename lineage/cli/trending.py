"""Asking how metrics move: the flags that several commands share, and the questions."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

import typer

from lineage.cli.asking import Ask, ask_saved
from lineage.cli.scopes import Scope
from lineage.cli.terminal import fail, printable

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
LastFlag = Annotated[
    int, typer.Option("--last", metavar="N", min=1, max=MOST, help="Look at no more than the last so many runs.")
]


def trends_of_metric(ask: Ask, metric: str, scope: Scope, *, task: str | None, by: str | None, last: int) -> Trends:
    """Ask how a metric moves: one series, or with `by` one for each value of a parameter. Ends where none is known."""
    values = {"metric": metric, "scope": scope.of_trend, "task": task, "by": by, "last": last}
    answer = ask_saved(ask, "metric-trend", values)["metricTrend"]
    series = answer if isinstance(answer, list) else [answer]
    found = [one for one in series if one and (one["points"] or one["gaps"])]
    if not found:
        of_task = f" of the step {printable(task)}" if task is not None else ""
        fail(
            f"no value of the metric {printable(metric)}{of_task} is known of {printable(scope.called)}: "
            "`lineage report trends` tells of all metrics that are"
        )
    return found


def trends_of_scope(ask: Ask, scope: Scope, *, last: int) -> Trends:
    """Ask how all metrics of runs move, the worst first. Ends where none is known."""
    found: Trends = list(ask_saved(ask, "metric-trends", {"scope": scope.of_trend, "last": last})["metricTrends"])
    if not found:
        fail(f"no metric of {printable(scope.called)} is known: `lineage runs` lists what is recorded")
    return found
