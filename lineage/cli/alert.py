"""`lineage alert`: follow rules, and send what they find."""

import logging
from pathlib import Path
from typing import Annotated

import structlog
import typer

from lineage.cli.alerting import alerter_of
from lineage.cli.flags import HealthPortFlag, HostFlag, LogFormatFlag, StoreFlag
from lineage.cli.health import not_waiting, serving_health
from lineage.cli.interruption import stopped_by_signals
from lineage.cli.opening import open_when_reachable, shown
from lineage.cli.rules import alerts_of
from lineage.cli.telling import configure_logs, introduce
from lineage.errors import InvalidSettings
from lineage.settings import load_settings
from lineage.web import Check, Finding, Health, store_answers

log = structlog.get_logger(__name__)


def alert(
    rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="FILE", help="What to tell, and where, as TOML. Also LINEAGE_ALERT_RULES."),
    ] = None,
    store: StoreFlag = None,
    host: HostFlag = None,
    health_port: HealthPortFlag = None,
    log_format: LogFormatFlag = None,
) -> None:
    """Follow rules as runs end, keep what they find, and send it to a webhook as CloudEvents.

    Each alert is kept in the store, and sent until it is taken, for a day at most. A rule begins when it is first
    followed: what was before is no news. Any number may run for one store: each alert is sent by one of them.

    ```
    lineage alert --rules alerts.toml
    lineage alert --rules alerts.toml --store postgresql://user@host/lineage --health-port 8081
    ```
    """
    flags = {"alert_rules": rules, "store": store, "host": host, "health_port": health_port, "log_format": log_format}
    settings = load_settings(flags)
    configure_logs(logging.INFO, settings.log_format)
    followed = alerts_of(settings)
    if followed is None:
        raise InvalidSettings("no rules are named: give --rules FILE, or set alert_rules in the settings file")
    ready: dict[str, Check] = {"store": lambda: Finding(ok=False, says="not reached yet")}
    health = Health(ready=ready)
    with stopped_by_signals() as stop, serving_health(health, host=settings.host, port=settings.health_port):
        opened = open_when_reachable(settings, stop)
        if opened is None:
            return
        alerter = alerter_of(settings, opened, followed)
        ready |= {
            "store": store_answers(opened),
            "rules": not_waiting(alerter.outage, says="cannot be followed; the log says why"),
        }
        health.metrics.waiting({"store": alerter.outage, "webhook": alerter.sending})
        introduce(
            settings.log_format,
            {
                "following": f"{len(followed.rules)} rules of {settings.alert_rules}",
                "store": shown(settings.store),
                "webhook": followed.target.shown,
            },
        )
        alerter.run(stop)
    log.info("stopped, what was not sent is in the store")
