"""`lineage import`: record what another tracker keeps, before it is left."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from time import sleep
from typing import Annotated, Any
from urllib.parse import urlsplit

import orjson
import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from lineage.cli.flags import ClusterFlag, StoreFlag
from lineage.cli.ingest import SHOWN_REJECTIONS
from lineage.cli.interruption import Interruption, interruptible
from lineage.cli.kubeflow import metadata_client_of
from lineage.cli.opening import shown
from lineage.cli.recording import Recording
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import (
    SIGNALLED,
    SOME_REJECTED,
    USAGE,
    complain,
    fail,
    notes,
    print_answer,
    printable,
    printable_json,
)
from lineage.errors import ClusterError, InvalidObservation, InvalidSettings
from lineage.redaction import beginning
from lineage.settings import Settings, load_settings
from watchers.mlmd import ServiceRecords
from watchers.mlmd_records import RUN, Census, Records
from watchers.moving_in import Account, Accounting, Found, Unreadable, moving_in
from watchers.past import PatientCalls
from watchers.source import uid_of

app = typer.Typer(
    name="import",
    help="Record what another tracker keeps: `mlmd`, a store of ML Metadata.",
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """Make `import` a group, also while `mlmd` is all that is in it."""


@app.command("mlmd")
def mlmd(
    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="sqlite:///FILE, mysql://USER@HOST/NAME, or its service: grpc://HOST:PORT."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count everything, and record nothing.")] = False,
    cluster: ClusterFlag = None,
    store: StoreFlag = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the account as one JSON object.")] = False,
) -> None:
    """Record what a store of ML Metadata keeps of runs of Kubeflow Pipelines v2, and say what of it has no place here.

    It is read run by run and never written to. What is also watched, or told by Kubeflow, is not recorded twice: give
    the name of the cluster that the runs are from. Begin it again at any time, and nothing counts twice.

    ```
    lineage import mlmd sqlite:///metadata.sqlite --dry-run
    lineage import mlmd mysql://reader@mysql.kubeflow/metadb?read_default_file=my.cnf
    lineage import mlmd grpc://metadata-grpc-service.kubeflow:8080 --cluster production
    ```
    """
    configure_logs(logging.CRITICAL)
    asked = {"kfp_metadata": url} if url.startswith("grpc") else {}
    settings = load_settings(asked | {"cluster": cluster, "store": store})
    records = _records_of(url, settings)
    moving = _Moving(records, None if dry_run else Recording(settings, name="import"), _without_password(url))
    trouble: ClusterError | None = None
    with interruptible() as interruption:
        try:
            moving.run(interruption)
        except ClusterError as error:
            trouble = error
        finally:
            moving.close(interruption)
    if moving.census is not None:
        _tell(moving.account(moving.census), settings, as_json=as_json, dry_run=dry_run)
    for one in moving.unreadable:
        complain(f"the run {one.run or 'without a name'} is left out: {one.reason}")
    if trouble is not None:
        fail(f"{trouble}; what was read until then is kept: begin again, and nothing counts twice")
    if interruption.number is not None:
        raise typer.Exit(SIGNALLED + interruption.number)
    if moving.rejected or moving.unreadable:
        raise typer.Exit(SOME_REJECTED)


def _records_of(url: str, settings: Settings) -> Records:
    """Make the way to a store of ML Metadata; how, its URL says."""
    scheme = urlsplit(url).scheme
    if scheme in ("grpc", "grpcs"):
        return ServiceRecords(PatientCalls(metadata_client_of(settings), sleep))
    if scheme not in ("sqlite", "mysql"):
        fail(
            f"{printable(beginning(url, 80))} names no store of ML Metadata: "
            "write sqlite:///FILE, mysql://USER@HOST/NAME or grpc://HOST:PORT",
            code=USAGE,
        )
    try:
        tables = import_module("watchers.mlmd_tables")
    except ImportError as error:
        raise InvalidSettings(
            "to read ML Metadata, install what decodes its values: pip install 'kfp-lineage[mlmd]', "
            f"in a checkout '.[mlmd]' ({error})"
        ) from error
    records: Records = tables.MetadataTables(url)
    return records


class _Moving:
    """Reads a store of ML Metadata to its end; without a recording, to count what there is."""

    def __init__(self, records: Records, recording: Recording | None, place: str) -> None:
        self.census: Census | None = None
        self.unreadable: list[Unreadable] = []
        self._records = records
        self._recording = recording
        self._place = place
        self._accounting = Accounting()

    @property
    def rejected(self) -> int:
        """How many runs the recorder set aside."""
        return 0 if self._recording is None else self._recording.total.rejected

    def run(self, interruption: Interruption) -> None:
        """Read everything; a signal ends it.

        Raises:
            ClusterError: the store failed at something again and again.
        """
        with notes.status("counting"):
            self.census = self._records.census()
        with _progress(self.census.contexts.get(RUN, 0)) as advance:
            for found in interruption.until_asked(moving_in(self._records)):
                self._take(found)
                advance()

    def account(self, census: Census) -> Account:
        """Say what became of everything."""
        return self._accounting.settle(census, rejected=self.rejected)

    def close(self, interruption: Interruption) -> None:
        """End what is asked, and record what waits."""
        if self._recording is not None:
            self._recording.close(interruption)
        self._records.close()

    def _take(self, found: Found) -> None:
        if not isinstance(found, Unreadable):
            try:
                self._accounting.take(found)
            except InvalidObservation as error:  # the recorder says the same of it, and keeps it
                found = found if self._recording is not None else Unreadable(run=uid_of(found), reason=str(error))
        if isinstance(found, Unreadable):
            self._accounting.leave_out(found)
            self.unreadable = [*self.unreadable, found][:SHOWN_REJECTIONS]
        elif self._recording is not None:
            self._recording.take_object(found, place=f"{self._place}, the run {uid_of(found)}")


def _without_password(url: str) -> str:
    split = urlsplit(url)
    return split._replace(netloc=split.netloc.rpartition("@")[2], query="").geturl()


# ------------------------------------------------------------------------------------------ telling
def _tell(account: Account, settings: Settings, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        answer = orjson.dumps(_as_json(account, settings, dry_run=dry_run)).decode()
        print(printable_json(answer))  # noqa: T201 - the answer
        return
    table = Table("", "read", "to record" if dry_run else "recorded", "left out", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for what, read in account.read.items():
        left = sum(one.count for one in account.left_out if one.what == what)
        table.add_row(what, f"{read:,}", f"{account.recorded[what]:,}", f"{left:,}")
    print_answer(table)
    reasons = Table("left out", "", "", box=None)
    for one in account.left_out:
        kind = f" of type {one.kind}" if one.kind else ""
        reasons.add_row(f"{one.count:,}", escape(printable(f"{one.what}{kind}")), escape(printable(one.reason)))
    if account.left_out:
        print_answer("", reasons)
    if not dry_run:
        notes.print(f"[dim]The store is {escape(shown(settings.store))}[/]")


def _as_json(account: Account, settings: Settings, *, dry_run: bool) -> Mapping[str, Any]:
    return {
        "store": None if dry_run else shown(settings.store),
        "read": account.read,
        "recorded": account.recorded,
        "leftOut": [
            {"what": one.what, "type": one.kind or None, "count": one.count, "reason": one.reason}
            for one in account.left_out
        ],
    }


@contextmanager
def _progress(total: int) -> Iterator["_Advance"]:
    columns = (SpinnerColumn(), TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress:
        yield _Advance(progress, total)


class _Advance:
    """Counts runs."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)

    def __call__(self) -> None:
        self._progress.advance(self._task)
