"""`lineage artifact`: what became of an object, as it is known."""

import logging
from typing import Annotated

import typer

from lineage.cli.asking import UrlFlag, ask_saved, open_ask, write_json
from lineage.cli.flags import JsonFlag, StoreFlag
from lineage.cli.naming import key_of
from lineage.cli.pictures.artifacts import pictures_of_artifacts
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import fail, notes, print_answer, printable


def artifact(
    which: Annotated[str, typer.Argument(metavar="ARTIFACT", help="The uri or the id of an artifact.")],
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Show what became of an artifact: its size and digests, and what each look at it said.

    A uri that was written several times is as many artifacts, the newest first.

    ```
    lineage artifact s3://ml-artifacts/models/churn/model.tgz
    ```
    """
    configure_logs(logging.ERROR)
    values = {"ids": [which]} if key_of(which) is not None else {"uri": which}
    found = ask_saved(open_ask(store, url), "artifact-history", values)["artifacts"]
    if not found["nodes"]:
        fail(f"no artifact with the uri or id {printable(which)} is recorded: `lineage query artifacts` finds some")
    if as_json:
        write_json(found["nodes"])
        return
    print_answer(*pictures_of_artifacts(found["nodes"]))
    if len(found["nodes"]) < found["totalCount"]:
        notes.print(f"{len(found['nodes'])} of {found['totalCount']} writes, the newest.")
