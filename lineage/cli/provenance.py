"""`lineage provenance`: where something came from, and what it led to."""

import logging
from typing import Annotated

import typer

from lineage.cli.asking import UrlFlag, ask_saved, open_ask
from lineage.cli.flags import StoreFlag
from lineage.cli.graphs import FileFlag, FormatFlag, format_meant, write_graph
from lineage.cli.references import RefArgument, find_reference
from lineage.cli.telling import configure_logs
from lineage.model import Direction

NODES_UNLESS_ASKED = 1000

DepthFlag = Annotated[
    int | None, typer.Option("--depth", metavar="N", min=0, help="How many edges to go at most. Without: to the end.")
]
MaxNodesFlag = Annotated[
    int, typer.Option("--max-nodes", metavar="N", min=1, help="How many nodes at most: of more, the nearest.")
]
SystemFlag = Annotated[
    bool, typer.Option("--system", help="Show plumbing of the engine, too, such as the drivers of Kubeflow.")
]


def provenance(
    ref: RefArgument,
    up: Annotated[bool, typer.Option("--up", help="Where it came from. This is the default.")] = False,
    down: Annotated[bool, typer.Option("--down", help="What it led to; with --up, both.")] = False,
    depth: DepthFlag = None,
    max_nodes: MaxNodesFlag = NODES_UNLESS_ASKED,
    system: SystemFlag = False,
    form: FormatFlag = None,
    file: FileFlag = None,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Show where something came from, what it led to, or both: over all runs, by what was read and written, and
    (marked) by equal content.

    What is cut off is said, with where to go on from. A run stands for its steps.

    ```
    lineage provenance s3://ml-artifacts/models/churn/model.tgz
    lineage provenance churn-training-hl9ft/train/model --up --down --depth 4
    lineage provenance sha256:1f2e… --down --format mermaid
    lineage provenance churn-training-hl9ft -o churn.svg
    ```
    """
    configure_logs(logging.ERROR)
    meant = format_meant(form, file)
    ask = open_ask(store, url)
    found = find_reference(ask, ref)
    direction = Direction.BOTH if up and down else Direction.DOWNSTREAM if down else Direction.UPSTREAM
    asked = {
        "roots": found.ids,
        "direction": direction.value,
        "maxDepth": depth,
        "maxNodes": max_nodes,
        "system": system,
    }
    graph = ask_saved(ask, "provenance", asked)["lineage"]
    write_graph(
        graph,
        found.ids,
        title=f"Provenance of {found.called}",
        direction=direction.value,
        form=meant,
        file=file,
    )
