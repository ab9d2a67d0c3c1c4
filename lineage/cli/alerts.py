"""`lineage alerts`: what rules found, and what became of it."""

import logging
from typing import Annotated, Final

import typer

from lineage.cli.asking import UrlFlag, ask_pages, open_ask, write_json
from lineage.cli.flags import JsonFlag, StoreFlag
from lineage.cli.pictures.alerts import table_of_alerts
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import notes, print_answer

LAST_UNLESS_ASKED: Final = 20


def alerts(
    last: Annotated[
        int, typer.Option("--last", metavar="N", min=1, help="List no more than the last so many.")
    ] = LAST_UNLESS_ASKED,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """List what rules found, the newest first, and whether it was sent.

    `lineage alert` finds and sends it.

    ```
    lineage alerts
    lineage alerts --last 100 --json
    ```
    """
    configure_logs(logging.ERROR)
    found, total = ask_pages(open_ask(store, url), "alerts", "alerts", {}, last)
    if as_json:
        write_json(found)
        return
    if found:
        print_answer(table_of_alerts(found))
    if len(found) < total:
        notes.print(f"{len(found)} of {total} alerts; --last N shows more.")
    elif not found:
        notes.print("No rule has found anything yet; `lineage alert` follows rules.")
