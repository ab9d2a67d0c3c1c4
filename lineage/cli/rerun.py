"""`lineage rerun`: a manifest that would run a run again."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from lineage.cli.asking import UrlFlag, ask_saved, open_ask
from lineage.cli.flags import StoreFlag
from lineage.cli.meant import run_meant
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import notes, printable, write_file


def rerun(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id, the uid or the name of the run to make again.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it; else it is printed.")
    ] = None,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Write a manifest that would run a run again: the images that ran by their digest, the arguments that were given,
    no cache, and a label that says which run it repeats. What cannot be held fast is said.

    Of Argo and Kubeflow v1 it is a Workflow, of Kubeflow v2 the body of a request that makes a run.

    ```
    lineage rerun churn-training-hl9ft -o again.yaml && kubectl create -f again.yaml
    ```
    """
    configure_logs(logging.ERROR)
    ask = open_ask(store, url)
    found = ask_saved(ask, "rerun-manifest", {"run": run_meant(ask, run)})["rerunManifest"]
    if output is None:
        sys.stdout.write(found["yaml"])
    else:
        write_file(output, found["yaml"])
    for one in found["unpinned"]:
        notes.print(printable(f"not held fast: {one['path']}: {one['reason']}"), markup=False)
