"""`lineage trend`: how a metric moves from run to run, and where its level shifted."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Final, assert_never

import typer

from lineage.cli.asking import UrlFlag, json_of, open_ask
from lineage.cli.csv_tables import write_csv
from lineage.cli.flags import StoreFlag
from lineage.cli.graphs import write_text
from lineage.cli.pictures.trends import pictures_of_trends
from lineage.cli.scopes import ExperimentFlag, NamespaceFlag, PipelineFlag, RecurringRunFlag, named, scope_meant
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import FAILURE, USAGE, complain, fail, printable
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
from lineage.drawing.chart_svg import svg_of_charts
from lineage.drawing.trend import name_of, slot_of, trend_chart
from lineage.report.html import html_of
from lineage.report.markdown import markdown_of
from lineage.report.trend_words import regression_of
from lineage.report.trends import trends_report

Answer = Mapping[str, Any]


class Format(StrEnum):
    """How a trend is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    MD = "md"
    SVG = "svg"


_SUFFIXES: Final = {
    ".txt": Format.TABLE,
    ".json": Format.JSON,
    ".csv": Format.CSV,
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".md": Format.MD,
    ".markdown": Format.MD,
    ".svg": Format.SVG,
}
COLUMNS: Final = (
    "metric",
    "task",
    "parameter",
    "parameter_value",
    "slot",
    "at",
    "scheduled_at",
    "value",
    "cached",
    "outlier",
    "version_changed",
    "run",
    "run_id",
    "run_uid",
    "phase",
    "execution",
    "execution_id",
)
"""Of CSV, a row a point. `slot` is where the point stands: `scheduled_at` where there is one, else `at`."""


def trend(
    metric: MetricArgument,
    pipeline: PipelineFlag = None,
    experiment: ExperimentFlag = None,
    recurring_run: RecurringRunFlag = None,
    namespace: NamespaceFlag = None,
    task: TaskFlag = None,
    by: ByFlag = None,
    last: LastFlag = LAST_UNLESS_ASKED,
    directions: DirectionsFlag = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="A chart and tables for the terminal, the JSON of GraphQL, the points as CSV, a page of HTML, "
            "Markdown, or the chart alone as SVG. Without: as the name of the file says, else for the terminal.",
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file, not to standard output.")
    ] = None,
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="Exit with 1 where the metric has become worse, and say why.")
    ] = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Show how a metric moves from run to run: a chart, what is usual, where its level shifted, and what may have done
    that.

    Every run and step has duration_seconds, queue_seconds, retries, cpu_seconds and memory_seconds as metrics, too.

    ```
    lineage trend auc --pipeline churn-training
    lineage trend duration_seconds --recurring-run nightly --task train --last 200
    lineage trend auc --experiment tuning --by learning_rate -o auc.svg
    lineage trend auc --pipeline churn-training --fail-on-regression --format csv
    ```
    """
    configure_logs(logging.ERROR)
    asked, meant = named(pipeline, experiment, recurring_run, namespace), _meant(form, file)
    judged = directions_meant(directions)
    ask = open_ask(store, url)
    scope = scope_meant(ask, asked)
    found = trends_of_metric(ask, metric, scope, task=task, by=by, last=last, directions=judged)
    match meant:
        case Format.TABLE:
            write_text(pictures_of_trends(found), file)
        case Format.JSON:
            write_text(json_of(found if by is not None else found[0]), file)
        case Format.CSV:
            write_text(csv_of_points(found), file)
        case Format.HTML:
            write_text(html_of(trends_report(found, title=f"{metric} of {scope.called}: how it moves")), file)
        case Format.MD:
            write_text(markdown_of(trends_report(found, title=f"{metric} of {scope.called}: how it moves")), file)
        case Format.SVG:
            write_text(svg_of_charts([trend_chart(one) for one in found]), file)
        case _:
            assert_never(meant)
    if fail_on_regression:
        _fail_on_regression(found)


def csv_of_points(trends: Sequence[Answer]) -> str:
    """Write the points of series, a row each, in the order of time."""
    text = StringIO()
    write_csv(COLUMNS, chain.from_iterable(map(_rows, trends)), text)
    return text.getvalue()


def _rows(trend: Answer) -> Iterator[dict[str, Any]]:
    split = trend["split"] or {"parameter": None, "value": None}
    for point in sorted(trend["points"], key=slot_of):
        run, execution = point["run"], point["execution"] or {"id": None, "displayName": None}
        yield {
            "metric": trend["metric"],
            "task": trend["task"],
            "parameter": split["parameter"],
            "parameter_value": split["value"],
            "slot": slot_of(point),
            "at": point["at"],
            "scheduled_at": point["scheduledAt"],
            "value": point["value"],
            "cached": str(point["cached"]).lower(),
            "outlier": str(point["outlier"]).lower(),
            "version_changed": str(point["versionChanged"]).lower(),
            "run": run["displayName"],
            "run_id": run["id"],
            "run_uid": run["uid"],
            "phase": run["phase"],
            "execution": execution["displayName"],
            "execution_id": execution["id"],
        }


def _meant(asked: Format | None, file: Path | None) -> Format:
    """Say how to write: as it was asked for, else as the name of a file says. Ends where that says nothing."""
    if asked is not None:
        return asked
    if file is None:
        return Format.TABLE
    found = _SUFFIXES.get(file.suffix.lower())
    if found is None:
        fail(f"the name of {file} does not say how to write it: give --format", code=USAGE)
    return found


def _fail_on_regression(found: Sequence[Answer]) -> None:
    """End with a failure where a series has become worse."""
    worse = [one for one in found if one["verdict"] == "REGRESSION"]
    for one in worse:
        complain(f"{printable(name_of(one))} {printable(regression_of(one))}: a regression")
    if worse:
        raise typer.Exit(FAILURE)
