"""`lineage diff`: what differs between two runs."""

import logging
from typing import Annotated

import typer

from lineage.cli.asking import UrlFlag, ask_saved, open_ask, write_json
from lineage.cli.flags import JsonFlag, StoreFlag
from lineage.cli.meant import run_meant
from lineage.cli.pictures.comparison import picture_of_diff
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import print_answer


def diff(
    base: Annotated[str, typer.Argument(metavar="A", help="The id, the uid or the name of the run to compare with.")],
    target: Annotated[str, typer.Argument(metavar="B", help="The id, the uid or the name of the run to compare.")],
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Show what differs between two runs: text, steps, images, arguments, data, surroundings, and what came of them.
    What could have changed results comes first.

    ```
    lineage diff churn-training-1795311000 churn-training-1795311120
    lineage diff churn-training-hl9ft churn-training-t8r2d --json
    ```
    """
    configure_logs(logging.ERROR)
    ask = open_ask(store, url)
    found = ask_saved(ask, "run-diff", {"base": run_meant(ask, base), "target": run_meant(ask, target)})["runDiff"]
    if as_json:
        write_json(found)
    else:
        print_answer(*picture_of_diff(found))
