"""`lineage probe`: look at what artifacts say lies where."""

import logging

import structlog

from lineage.cli.event_logs import log_of
from lineage.cli.flags import HealthPortFlag, HostFlag, LogFlag, LogFormatFlag, StoreFlag
from lineage.cli.health import not_waiting, serving_health
from lineage.cli.interruption import stopped_by_signals
from lineage.cli.object_events import hurried_by_events
from lineage.cli.object_stores import looker
from lineage.cli.opening import open_when_reachable, shown
from lineage.cli.parts import now
from lineage.cli.telling import configure_logs, introduce
from lineage.errors import InvalidSettings, LogError
from lineage.eventlog.kafka import KafkaWriter, find
from lineage.prober import Prober
from lineage.settings import load_settings
from lineage.web import Check, Finding, Health, store_answers

log = structlog.get_logger(__name__)


def probe(
    log_url: LogFlag = None,
    store: StoreFlag = None,
    host: HostFlag = None,
    health_port: HealthPortFlag = None,
    log_format: LogFormatFlag = None,
) -> None:
    """Look at the objects that artifacts are, soon after they were recorded and again from time to time.

    Writes what it sees to the event log. Reads from the object stores of the settings and changes nothing there. Where
    these tell what changes, it looks at once. Any number may run for one store: each takes what is due.

    ```
    lineage probe --log kafka://kafka-1:9092/lineage --store postgresql://user@host/lineage
    ```
    """
    flags = {"host": host, "health_port": health_port, "log_format": log_format}
    settings = load_settings({"log": log_url, "store": store} | flags)
    configure_logs(logging.INFO, settings.log_format)
    if not settings.object_stores:
        raise InvalidSettings("no object store is configured: name one in [[object_stores]] of the settings file")
    access, look = log_of(settings), looker(settings)
    ready: dict[str, Check] = {name: lambda: Finding(ok=False, says="not reached yet") for name in ("store", "log")}
    health = Health(ready=ready)
    with stopped_by_signals() as stop, serving_health(health, host=settings.host, port=settings.health_port):
        opened = open_when_reachable(settings, stop)
        if opened is None:
            return
        ready |= {"store": store_answers(opened)}
        if find(access, stop) is None:
            return
        with KafkaWriter(access) as writer:

            def should_wait() -> bool:
                if not writer.is_sending:
                    raise LogError(f"nothing is written to {access.shown} any more: {writer.why_ended}")
                return False

            health.metrics.log_entries(writer.__len__)
            prober = Prober(opened, look, writer, clock=now, should_wait=should_wait)
            health.metrics.waiting({"log": writer.outage, "store": prober.outage})
            ready |= {"log": not_waiting(writer.outage, says="does not take what was seen")}
            introduce(
                settings.log_format, {"looking at": f"what is due in {shown(settings.store)}", "log": access.shown}
            )
            with hurried_by_events(settings, opened, health.metrics):
                prober.run(stop)
    log.info("stopped, what was seen is in the log")
