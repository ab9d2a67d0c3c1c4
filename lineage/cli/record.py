"""`lineage record` and `lineage replay`: from the event log into a store."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Annotated, Final

import structlog
import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lineage.cli.event_logs import group_of, log_of
from lineage.cli.flags import HealthPortFlag, HostFlag, LogFlag, LogFormatFlag, StoreFlag
from lineage.cli.health import not_waiting, recording, serving_health
from lineage.cli.ingest import GIVE_UP_SECONDS, SHOWN_REJECTIONS, tell
from lineage.cli.interruption import stopped_by_signals
from lineage.cli.opening import open_to_record, open_when_reachable, shown
from lineage.cli.parts import interpreter, now
from lineage.cli.settling import settle
from lineage.cli.telling import configure_logs, introduce
from lineage.cli.terminal import SOME_REJECTED, notes
from lineage.eventlog.kafka import KafkaReader
from lineage.ports import EVERYTHING, LineageStore
from lineage.recorder import NOTHING, Outcome, Recorder
from lineage.redaction import Redactor
from lineage.settings import Settings, load_settings, redaction_key
from lineage.web import Check, Finding, Health, store_answers
from watchers.sources import all_sources

TELL_SECONDS: Final = 30.0  # between two lines about what was recorded

log = structlog.get_logger(__name__)


def record(
    log_url: LogFlag = None,
    store: StoreFlag = None,
    host: HostFlag = None,
    health_port: HealthPortFlag = None,
    log_format: LogFormatFlag = None,
) -> None:
    """Read the event log, and record it into a store.

    Any number may run for one store: they share the partitions of the log, and when one ends or dies the others take
    its part over. Where each stands is kept in the store, in the same transaction as what it recorded, so nothing is
    lost and nothing counts twice, whatever is killed.

    ```
    lineage record --log kafka://kafka-1:9092/lineage --store postgresql://user@host/lineage
    ```
    """
    flags = {"host": host, "health_port": health_port, "log_format": log_format}
    settings = load_settings({"log": log_url, "store": store} | flags)
    configure_logs(logging.INFO, settings.log_format)
    access, group = log_of(settings), group_of(settings.store)
    ready: dict[str, Check] = {"store": lambda: Finding(ok=False, says="not reached yet")}
    health = Health(ready=ready)
    with stopped_by_signals() as stop, serving_health(health, host=settings.host, port=settings.health_port):
        opened = open_when_reachable(settings, stop)
        if opened is None:
            return
        ready |= {"store": store_answers(opened)}
        health.metrics.sources(partial(opened.sources, EVERYTHING))
        tell_metrics, tell_people = health.metrics.recorder(), _Telling()

        def on_batch(outcome: Outcome) -> None:
            tell_metrics(outcome)
            tell_people(outcome)

        with KafkaReader(access, group=group) as reader:
            recorder = _recorder(reader, opened, settings, on_batch)
            ready |= {"log": not_waiting(reader.outage, says="does not answer"), "recording": recording(recorder)}
            health.metrics.waiting({"log": reader.outage, "store": recorder.outage})
            facts = {"recording": f"{access.shown}, group {group}", "store": shown(settings.store)}
            introduce(settings.log_format, facts)
            recorder.run(stop)
    log.info("stopped, what was read is recorded")


def replay(
    log_url: LogFlag = None,
    store: StoreFlag = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Rebuild a store from the event log: record all that it holds now, and end.

    A new store gets everything from the beginning, as far back as the topic reaches; one that has recorded before goes
    on from there. Interrupted, it goes on where it was. `lineage record` may go on behind it.

    ```
    lineage replay --log kafka://kafka-1:9092/lineage --store sqlite:///rebuilt.db
    ```
    """
    configure_logs(logging.ERROR)
    settings = load_settings({"log": log_url, "store": store})
    total = Total()
    opened = open_to_record(settings)
    with total, KafkaReader(log_of(settings), group=None) as reader:
        _recorder(reader, opened, settings, total).drain(give_up_seconds=GIVE_UP_SECONDS)
    settle(opened)
    tell(total.outcome, settings, as_json=as_json)
    if total.outcome.rejected:
        raise typer.Exit(SOME_REJECTED)


def _recorder(
    reader: KafkaReader, store: LineageStore, settings: Settings, on_batch: Callable[[Outcome], None]
) -> Recorder:
    return Recorder(
        reader,
        store,
        interpreter(all_sources()),
        key_ids=[Redactor(redaction_key(settings)).key_id],
        clock=now,
        on_batch=on_batch,
    )


class _Telling:
    """Says now and then what was recorded."""

    def __init__(self) -> None:
        self._outcome = NOTHING
        self._told_at = monotonic()

    def __call__(self, outcome: Outcome) -> None:
        self._outcome += replace(outcome, rejections=())
        if (elapsed := monotonic() - self._told_at) < TELL_SECONDS:
            return
        log.info(
            "recorded",
            objects=self._outcome.objects,
            added=self._outcome.recorded,
            rejected=self._outcome.rejected,
            seconds=round(elapsed),
        )
        self._outcome, self._told_at = NOTHING, monotonic()


class Total:
    """Adds up what was recorded, and shows it while it grows."""

    def __init__(self) -> None:
        self.outcome = NOTHING
        columns = (SpinnerColumn(), TextColumn("recorded {task.completed:.0f} objects"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal)
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def __call__(self, outcome: Outcome) -> None:
        self.outcome += outcome
        self.outcome = replace(self.outcome, rejections=self.outcome.rejections[:SHOWN_REJECTIONS])
        self._progress.advance(self._task, outcome.objects)
