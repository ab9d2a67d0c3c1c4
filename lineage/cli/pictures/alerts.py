"""Alerts as a table. Pure."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from lineage.alerts import AlertKept
from lineage.cli.pictures.cells import shown, time_of

SENT, WAITING, GIVEN_UP = "sent", "waiting", "given up"
_STYLES: Final = {SENT: "green", WAITING: "yellow", GIVEN_UP: "red"}


def state_of(kept: AlertKept) -> str:
    """Say in a word what became of an alert."""
    if kept.sent_at is not None:
        return SENT
    return WAITING if kept.next_try_at is not None else GIVEN_UP


def table_of_alerts(found: Sequence[AlertKept]) -> Table:
    """A row an alert."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("found (UTC)", "rule", "kind", "namespace", "what", "state"):
        table.add_column(column, overflow="fold", no_wrap=column in ("kind", "found (UTC)"))
    for kept in found:
        alert = kept.alert
        table.add_row(
            shown(time_of(kept.found_at.isoformat())),
            shown(alert.rule),
            shown(alert.kind.value),
            shown(alert.namespace),
            shown(alert.says),
            _state(kept),
        )
    return table


def _state(kept: AlertKept) -> Text:
    state = state_of(kept)
    said = Text(state, _STYLES[state])
    if kept.tried and state != SENT:
        said.append(f" after {kept.tried} {'try' if kept.tried == 1 else 'tries'}")
    if kept.failure is not None:
        said.append(": ").append(shown(kept.failure))
    return said
