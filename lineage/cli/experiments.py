"""`lineage experiments`: experiments as a table."""

import logging
from typing import Annotated

import typer

from lineage.cli.asking import UrlFlag, ask_pages, open_ask, write_json
from lineage.cli.flags import JsonFlag, OfNamespaceFlag, StoreFlag
from lineage.cli.pictures.schedules import table_of_experiments
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import notes, print_answer


def experiments(
    namespace: OfNamespaceFlag = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many at most.")] = 50,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """List experiments, with how many runs each has and how the last one went.

    ```
    lineage experiments
    lineage experiments --namespace team-a --json
    ```
    """
    configure_logs(logging.ERROR)
    where = {"namespace": {"eq": namespace}} if namespace is not None else {}
    found, total = ask_pages(open_ask(store, url), "experiments", "experiments", where, limit)
    if as_json:
        write_json(found)
        return
    if found:
        print_answer(table_of_experiments(found))
    if len(found) < total:
        notes.print(f"{len(found)} of {total} experiments; --limit N shows more.")
    elif not found:
        notes.print("No experiment matches." if where else "No experiment is recorded yet.")
