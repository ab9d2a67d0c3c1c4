"""`lineage export`: what is recorded as a table for other tools."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated, Any, TypeAlias

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lineage.cli.asking import LARGEST_PAGE, Ask, UrlFlag, ask_page, open_ask
from lineage.cli.csv_tables import write_csv
from lineage.cli.flags import StoreFlag
from lineage.cli.run_table import Columns, keep, kept, row_of
from lineage.cli.scopes import ExperimentFlag, NamespaceFlag, PipelineFlag, RecurringRunFlag, named_if_any, scope_meant
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import USAGE, fail, notes

app = typer.Typer(
    name="export",
    help="Write what is recorded as a table for other tools: `runs`, with their parameters and metrics as columns.",
    no_args_is_help=True,
)


class Format(StrEnum):
    """How a table is written."""

    CSV = "csv"
    PARQUET = "parquet"


ParquetWriter: TypeAlias = Callable[[Columns, Iterator[Mapping[str, Any]], Path], None]


@app.callback()
def _group() -> None:
    """Make `export` a group, also while `runs` is all that is in it."""


@app.command("runs")
def runs(
    pipeline: PipelineFlag = None,
    experiment: ExperimentFlag = None,
    recurring_run: RecurringRunFlag = None,
    namespace: NamespaceFlag = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="CSV, or Parquet. Without: as the name of the file says, else CSV."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file, not to standard output.")
    ] = None,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Write a row for each run, the oldest first: what it is, when it ran, its parameters (`parameter.NAME`), and the
    latest value of each of its metrics (`metric.NAME`).

    What is secret has no value. In CSV, a text that a spreadsheet would take for a formula begins with an apostrophe.
    Runs are read page by page and wait in a temporary file, so memory does not grow with them. Parquet needs
    `pip install 'kfp-lineage[parquet]'`. The image is without it: write CSV there, or ask its server with `--url` from
    where it is installed.

    ```
    lineage export runs --pipeline churn-training -o runs.csv
    lineage export runs --experiment tuning --format parquet -o runs.parquet
    ```
    """
    configure_logs(logging.ERROR)
    asked, meant = named_if_any(pipeline, experiment, recurring_run, namespace), _meant(form, file)
    write = _parquet_writer(file) if meant is Format.PARQUET and file is not None else None
    ask = open_ask(store, url)
    where = scope_meant(ask, asked).where if asked is not None else {}
    with TemporaryFile() as waiting:
        columns, count = _read(ask, where, waiting)
        _write(columns, kept(waiting), file, write)
    notes.print(f"{count:,} {'run' if count == 1 else 'runs'}, {len(columns.names):,} columns.", markup=False)


def _meant(asked: Format | None, file: Path | None) -> Format:
    """Say how to write: as it was asked for, else as the name of the file says, else as CSV."""
    of_file = Format.PARQUET if file is not None and file.suffix.lower() == ".parquet" else Format.CSV
    meant = asked or of_file
    if meant is Format.PARQUET and file is None:
        fail("Parquet is no text: name a file with -o", code=USAGE)
    return meant


def _parquet_writer(file: Path) -> ParquetWriter:
    """Import what writes Parquet; where that is not installed end, and say what to do instead."""
    try:
        from lineage.cli.parquet import write_parquet  # noqa: PLC0415 - optional, and takes long
    except ImportError:
        fail(
            "Parquet needs pyarrow: pip install 'kfp-lineage[parquet]', in a checkout '.[parquet]'. The image has "
            f"neither that, as it weighs 170 MB, nor pip: there write CSV (-o {file.with_suffix('.csv')}), or ask its "
            f"server from a machine that has it (lineage export runs --url URL -o {file.name})"
        )
    return write_parquet


def _read(ask: Ask, where: Mapping[str, Any], waiting: IO[bytes]) -> tuple[Columns, int]:
    """Read all runs, page by page, into a file; say which columns there are, and how many runs."""
    columns, count = Columns(), 0
    values: dict[str, Any] = {"where": where, "first": LARGEST_PAGE, "isFirst": True}
    shown = (SpinnerColumn(), TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, console=notes, transient=True, disable=not notes.is_terminal) as progress:
        task = progress.add_task("", total=None)
        while True:
            page = ask_page(ask, "exported-runs", "runs", values)
            if values["isFirst"]:
                progress.update(task, total=page["totalCount"])
            for run in page["nodes"]:
                columns.notice(run)
                keep(row_of(run), waiting)
            count += len(page["nodes"])
            progress.update(task, completed=count)
            if not page["pageInfo"]["hasNextPage"]:
                return columns, count
            values |= {"after": page["pageInfo"]["endCursor"], "first": len(page["nodes"]), "isFirst": False}


def _write(columns: Columns, rows: Iterator[Mapping[str, Any]], file: Path | None, write: ParquetWriter | None) -> None:
    if file is None:
        write_csv(columns.names, rows, sys.stdout)
        return
    try:
        if write is not None:
            write(columns, rows, file)
            return
        with file.open("w", encoding="utf-8", newline="") as opened:
            write_csv(columns.names, rows, opened)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror or error}")
