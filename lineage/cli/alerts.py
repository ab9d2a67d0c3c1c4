"""`lineage alerts`: what rules found, and what became of it."""

import logging
from typing import Annotated, Any, Final

import typer

from lineage.alerts import AlertKept
from lineage.alerts.events import rfc3339
from lineage.cli.asking import write_json
from lineage.cli.flags import JsonFlag, StoreFlag
from lineage.cli.opening import open_existing
from lineage.cli.pictures.alerts import state_of, table_of_alerts
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import notes, print_answer
from lineage.identity import global_id
from lineage.ports import EVERYTHING, PageRequest
from lineage.settings import load_settings

LAST_UNLESS_ASKED: Final = 20
MOST: Final = 10_000


def alerts(
    last: Annotated[
        int, typer.Option("--last", metavar="N", min=1, max=MOST, help="List no more than the last so many.")
    ] = LAST_UNLESS_ASKED,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
) -> None:
    """List what rules found, the newest first, and whether it was sent.

    `lineage alert` finds and sends it.

        lineage alerts
        lineage alerts --last 100 --json
    """
    configure_logs(logging.ERROR)
    opened = open_existing(load_settings({"store": store}).store)
    found = opened.alerts(EVERYTHING, PageRequest(first=last)).items
    if as_json:
        write_json([_as_json(one) for one in found])
    elif found:
        print_answer(table_of_alerts(found))
    else:
        notes.print("No rule has found anything yet; `lineage alert` follows rules.")


def _as_json(kept: AlertKept) -> dict[str, Any]:
    alert = kept.alert
    return {
        "id": alert.key,
        "rule": alert.rule,
        "kind": alert.kind.value,
        "subject": global_id(alert.subject),
        "cluster": alert.cluster,
        "namespace": alert.namespace,
        "at": rfc3339(alert.at),
        "foundAt": rfc3339(kept.found_at),
        "says": alert.says,
        "data": alert.data,
        "state": state_of(kept),
        "tried": kept.tried,
        "sentAt": None if kept.sent_at is None else rfc3339(kept.sent_at),
        "nextTryAt": None if kept.next_try_at is None else rfc3339(kept.next_try_at),
        "failure": kept.failure,
    }
