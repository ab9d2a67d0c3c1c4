"""`lineage blame`: what may have shifted the level of a metric."""

import logging
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from lineage.cli.asking import UrlFlag, open_ask, write_json
from lineage.cli.flags import JsonFlag, StoreFlag
from lineage.cli.pictures.trends import pictures_of_blame
from lineage.cli.scopes import ExperimentFlag, NamespaceFlag, PipelineFlag, RecurringRunFlag, named, scope_meant
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import print_answer
from lineage.cli.trending import (
    LAST_UNLESS_ASKED,
    ByFlag,
    DirectionsFlag,
    LastFlag,
    MetricArgument,
    TaskFlag,
    directions_meant,
    trends_of_metric,
)


def blame(
    metric: MetricArgument,
    pipeline: PipelineFlag = None,
    experiment: ExperimentFlag = None,
    recurring_run: RecurringRunFlag = None,
    namespace: NamespaceFlag = None,
    task: TaskFlag = None,
    by: ByFlag = None,
    last: LastFlag = LAST_UNLESS_ASKED,
    directions: DirectionsFlag = None,
    show_all: Annotated[bool, typer.Option("--all", help="Tell of all its shifts, not of the last one alone.")] = False,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Say what may have shifted the level of a metric: images, parameters, inputs and other things that were others
    before it than after, the likeliest first, and among them that it was nothing of what is tracked.

    What changed together cannot be told apart by what has run; then it says which further runs would do that.

    ```
    lineage blame auc --pipeline churn-training
    lineage blame duration_seconds --recurring-run nightly --task train --all
    ```
    """
    configure_logs(logging.ERROR)
    asked = named(pipeline, experiment, recurring_run, namespace)
    judged = directions_meant(directions)
    ask = open_ask(store, url)
    found = trends_of_metric(ask, metric, scope_meant(ask, asked), task=task, by=by, last=last, directions=judged)
    if as_json:
        told = [_told(one, show_all=show_all) for one in found]
        write_json(told if by is not None else told[0])
    else:
        print_answer(*pictures_of_blame(found, show_all=show_all))


def _told(trend: Mapping[str, Any], *, show_all: bool) -> dict[str, Any]:
    """Keep what is to be said of shifts: as the answer says it, without the points."""
    kept = ("metric", "task", "split", "direction", "leastEffect", "verdict", "warnings")
    shifts = trend["shifts"] if show_all else trend["shifts"][-1:]
    return {**{name: trend[name] for name in kept}, "shifts": shifts}
