"""`lineage report`: answers as documents that need nothing else, to be kept, sent and printed."""

import logging
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, assert_never

import typer

from lineage.cli.asking import UrlFlag, ask_saved, json_of, open_ask
from lineage.cli.audit import AsOfFlag, PolicyFlag, RegistryFlag, audit_of, moment_meant, policy_meant
from lineage.cli.flags import StoreFlag
from lineage.cli.meant import run_meant
from lineage.cli.provenance import NODES_UNLESS_ASKED, DepthFlag, MaxNodesFlag, SystemFlag
from lineage.cli.references import RefArgument, find_reference
from lineage.cli.scopes import ExperimentFlag, NamespaceFlag, PipelineFlag, RecurringRunFlag, named, scope_meant
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import USAGE, fail, notes, write_file
from lineage.cli.trending import (
    LAST_UNLESS_ASKED,
    DirectionsFlag,
    LastFlag,
    Trends,
    directions_meant,
    trends_of_scope,
)
from lineage.model import Direction
from lineage.report.audit import audit_report
from lineage.report.difference import difference_report
from lineage.report.document import Report
from lineage.report.html import html_of
from lineage.report.markdown import markdown_of
from lineage.report.provenance import provenance_report
from lineage.report.trends import trends_report

app = typer.Typer(
    name="report",
    help="Write a report as one file of HTML, Markdown or JSON: `provenance`, `diff` of two runs, `audit` of one, "
    "`trends` of metrics.",
    no_args_is_help=True,
)


class Format(StrEnum):
    """How a report is written."""

    HTML = "html"
    MD = "md"
    JSON = "json"


FormatFlag = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="One page of HTML that needs nothing else, Markdown as GitHub reads it, or the JSON of GraphQL. Without: "
        "as the name of the file says, else HTML.",
    ),
]
FileFlag = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file, not to standard output.")
]
_SUFFIXES: Final = {
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".md": Format.MD,
    ".markdown": Format.MD,
    ".json": Format.JSON,
}


@app.command("provenance")
def provenance(
    ref: RefArgument,
    up: Annotated[bool, typer.Option("--up", help="Where it came from. This is the default.")] = False,
    down: Annotated[bool, typer.Option("--down", help="What it led to; with --up, both.")] = False,
    depth: DepthFlag = None,
    max_nodes: MaxNodesFlag = NODES_UNLESS_ASKED,
    system: SystemFlag = False,
    form: FormatFlag = None,
    file: FileFlag = None,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Report where something came from, what it led to, or both: a picture, and a row of everything in it.

    ```
    lineage report provenance s3://ml-artifacts/models/churn/model.tgz -o model.html
    lineage report provenance churn-training-hl9ft --up --down --format md
    ```
    """
    configure_logs(logging.ERROR)
    meant = _meant(form, file)
    ask = open_ask(store, url)
    found = find_reference(ask, ref)
    direction = Direction.BOTH if up and down else Direction.DOWNSTREAM if down else Direction.UPSTREAM
    asked = {
        "roots": found.ids,
        "direction": direction.value,
        "maxDepth": depth,
        "maxNodes": max_nodes,
        "system": system,
    }
    graph = ask_saved(ask, "provenance", asked)["lineage"]
    report = provenance_report(graph, name=found.called, roots=found.ids, direction=direction.value)
    _write(graph, report, meant, file)
    if not graph["complete"]:
        notes.print(f"Not all of it: {'; '.join(graph['reasons'])}.", markup=False)


@app.command("diff")
def diff(
    base: Annotated[str, typer.Argument(metavar="A", help="The id, the uid or the name of the run to compare with.")],
    target: Annotated[str, typer.Argument(metavar="B", help="The id, the uid or the name of the run to compare.")],
    form: FormatFlag = None,
    file: FileFlag = None,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Report what differs between two runs, first what could have changed the results.

    ```
    lineage report diff churn-training-1795311000 churn-training-1795311120 -o difference.html
    lineage report diff churn-training-hl9ft churn-training-t8r2d --format md
    ```
    """
    configure_logs(logging.ERROR)
    meant = _meant(form, file)
    ask = open_ask(store, url)
    found = ask_saved(ask, "run-diff", {"base": run_meant(ask, base), "target": run_meant(ask, target)})["runDiff"]
    _write(found, difference_report(found), meant, file)


@app.command("audit")
def audit(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id, the uid or the name of a run.")],
    policy: PolicyFlag = None,
    as_of: AsOfFlag = None,
    registry: RegistryFlag = False,
    form: FormatFlag = None,
    file: FileFlag = None,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Report whether a run can be traced, could be made again, and was: each verdict with the evidence it rests on.

    The same store, policy and date give the same report.

    ```
    lineage report audit churn-training-hl9ft -o audit.html
    lineage report audit churn-training-hl9ft --policy policy.toml --as-of 2026-11-21T08:00:00Z --format md
    ```
    """
    configure_logs(logging.ERROR)
    meant = _meant(form, file)
    asked = {"policy": policy_meant(policy), "asOf": moment_meant(as_of)}
    ask = open_ask(store, url)
    found = audit_of(ask, run_meant(ask, run), asked, registry=registry)
    _write(found, audit_report(found), meant, file)


@app.command("trends")
def trends(
    pipeline: PipelineFlag = None,
    experiment: ExperimentFlag = None,
    recurring_run: RecurringRunFlag = None,
    namespace: NamespaceFlag = None,
    last: LastFlag = LAST_UNLESS_ASKED,
    directions: DirectionsFlag = None,
    form: FormatFlag = None,
    file: FileFlag = None,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Report how all metrics of some runs move, the worst first: charts, what is usual, shifts of their level, and what
    may have done these.

    ```
    lineage report trends --pipeline churn-training -o trends.html
    lineage report trends --recurring-run nightly --last 100 --format md
    ```
    """
    configure_logs(logging.ERROR)
    asked, meant = named(pipeline, experiment, recurring_run, namespace), _meant(form, file)
    judged = directions_meant(directions)
    ask = open_ask(store, url)
    scope = scope_meant(ask, asked)
    found = trends_of_scope(ask, scope, last=last, directions=judged)
    _write(found, trends_report(found, title=f"{scope.called}: how its metrics move"), meant, file)


def _meant(asked: Format | None, file: Path | None) -> Format:
    """Say how to write: as it was asked for, else as the name of a file says. Ends where that says nothing."""
    if asked is not None:
        return asked
    if file is None:
        return Format.HTML
    found = _SUFFIXES.get(file.suffix.lower())
    if found is None:
        fail(f"the name of {file} does not say how to write it: give --format html, md or json", code=USAGE)
    return found


def _write(answer: Mapping[str, Any] | Trends, report: Report, form: Format, file: Path | None) -> None:
    match form:
        case Format.HTML:
            text = html_of(report)
        case Format.MD:
            text = markdown_of(report)
        case Format.JSON:
            text = json_of(answer)
        case _:
            assert_never(form)
    if file is None:
        typer.echo(text, nl=False)
    else:
        write_file(file, text)
