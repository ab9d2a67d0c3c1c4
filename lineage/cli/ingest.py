"""`lineage ingest`: record what was saved to files."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Final

import orjson
import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from lineage.cli.flags import ClusterFlag, StoreFlag
from lineage.cli.interruption import Interruption, interruptible
from lineage.cli.opening import open_to_record, shown
from lineage.cli.parts import instance_name, interpreter, now
from lineage.cli.settling import settle
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import SIGNALLED, SOME_REJECTED, USAGE, fail, notes, printable, printable_json
from lineage.eventlog.memory import MemoryLog
from lineage.recorder import BATCH_SIZE, NOTHING, Outcome, Recorder
from lineage.redaction import Redactor
from lineage.settings import Settings, load_settings, redaction_key
from watchers.files import STANDARD_INPUT, Ignored, observed, read, size_bytes
from watchers.sources import all_sources

GIVE_UP_SECONDS: Final = 30.0  # how long another writer may hold the store
SHOWN_REJECTIONS: Final = 10


def ingest(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, folders, or - for standard input.")],
    store: StoreFlag = None,
    cluster: ClusterFlag = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Record objects that were saved to files.

    Reads JSON, YAML (several documents) and NDJSON, each also compressed with gzip; single objects, lists of
    them, and watch streams of {"type", "object"}. Reading the same again changes nothing, in whatever order.
    What cannot be read is set aside with its reason, and the rest is recorded; the exit code is then 3.

    ```
    lineage ingest workflow.json
    kubectl get workflows,pods -A -o json | lineage ingest -
    lineage ingest backup/ --cluster production --json
    ```
    """
    configure_logs(logging.CRITICAL)
    settings = load_settings({"store": store, "cluster": cluster})
    for path in paths:
        if path != STANDARD_INPUT and not os.path.lexists(path):  # a link to nothing is a rejection
            fail(f"there is no file or folder {path}", code=USAGE)
    with interruptible() as interruption:
        outcome = record_files(paths, settings, interruption)
    tell(outcome, settings, as_json=as_json)
    if interruption.number is not None:
        raise typer.Exit(SIGNALLED + interruption.number)
    if outcome.rejected:
        raise typer.Exit(SOME_REJECTED)


def record_files(paths: list[str], settings: Settings, interruption: Interruption) -> Outcome:
    """Record everything in some files and folders; keep the first few rejections of all. A signal ends the reading,
    and what was read until then is recorded."""
    total = NOTHING

    def add(outcome: Outcome) -> None:
        nonlocal total
        total = total + outcome
        total = replace(total, rejections=total.rejections[:SHOWN_REJECTIONS])

    sources = all_sources()
    redactor = Redactor(redaction_key(settings))
    log = MemoryLog(instance_name("ingest"))
    store = open_to_record(settings)
    recorder = Recorder(
        log,
        store,
        interpreter(sources),
        key_ids=[redactor.key_id],
        clock=now,
        on_batch=add,
    )
    with _progress(paths) as progress:
        for found in interruption.until_asked(read(paths, standard_input=sys.stdin.buffer, on_bytes=progress)):
            observation = observed(found, sources=sources, cluster=settings.cluster, seen_at=now(), redactor=redactor)
            if isinstance(observation, Ignored):
                add(Outcome(objects=1, ignored=1))
                continue
            if len(log) >= BATCH_SIZE or not log.fits(observation):
                recorder.drain(give_up_seconds=GIVE_UP_SECONDS)
            log.append(observation)
        recorder.drain(give_up_seconds=GIVE_UP_SECONDS)
    settle(store, interruption)
    return total


@contextmanager
def _progress(paths: list[str]) -> Iterator["_Advance"]:
    total = size_bytes(paths)
    columns = (SpinnerColumn(), TextColumn("recording"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress:
        yield _Advance(progress, total)


class _Advance:
    """Moves a bar by so many bytes."""

    def __init__(self, progress: Progress, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)

    def __call__(self, count: int) -> None:
        self._progress.advance(self._task, count)


def tell(outcome: Outcome, settings: Settings, *, as_json: bool) -> None:
    """Say what became of the objects."""
    if as_json:
        summary = {
            "store": shown(settings.store),
            "objects": outcome.objects,
            "recorded": outcome.recorded,
            "unchanged": outcome.unchanged,
            "ignored": outcome.ignored,
            "rejected": outcome.rejected,
            "rejections": [{"source": one.source, "reason": one.reason} for one in outcome.rejections],
        }
        print(printable_json(orjson.dumps(summary).decode()))  # noqa: T201 - the answer
        return
    print(  # noqa: T201 - the answer
        f"{outcome.objects} objects: {outcome.recorded} recorded, {outcome.unchanged} unchanged, "
        f"{outcome.ignored} ignored, {outcome.rejected} rejected"
    )
    notes.print(f"[dim]The store is {escape(shown(settings.store))}[/]")
    for one in outcome.rejections:
        notes.print(f"[yellow]rejected[/] {escape(printable(one.reason))}")
    if outcome.rejected > len(outcome.rejections):
        notes.print(f"… and {outcome.rejected - len(outcome.rejections)} more: `lineage query ingestion` lists them")
