"""Alerts as a table. Pure."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from lineage.cli.pictures.cells import Answer, shown, time_of

SENT: Final = "SENT"
_STYLES: Final = {SENT: "green", "WAITING": "yellow", "GIVEN_UP": "red"}


def table_of_alerts(found: Sequence[Answer]) -> Table:
    """A row an alert."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("found (UTC)", "rule", "kind", "namespace", "what", "state"):
        table.add_column(column, overflow="fold", no_wrap=column in ("kind", "found (UTC)"))
    for one in found:
        table.add_row(
            shown(time_of(one["foundAt"])),
            shown(one["rule"]),
            shown(_in_words(one["kind"])),
            shown(one["namespace"]),
            shown(one["says"]),
            _state(one),
        )
    return table


def _state(alert: Answer) -> Text:
    tried, state = alert["tried"], alert["state"]
    said = Text(_in_words(state), _STYLES[state])
    if tried and state != SENT:
        said.append(f" after {tried} {'try' if tried == 1 else 'tries'}")
    if alert["failure"] is not None:
        said.append(": ").append(shown(alert["failure"]))
    return said


def _in_words(member: str) -> str:
    return member.lower().replace("_", " ")
