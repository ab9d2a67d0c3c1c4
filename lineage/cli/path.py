"""`lineage path`: why two things are connected."""

import logging
from typing import Annotated

import typer

from lineage.cli.asking import UrlFlag, ask_saved, open_ask
from lineage.cli.flags import StoreFlag
from lineage.cli.graphs import FileFlag, Format, FormatFlag, format_meant, write_graph, write_text
from lineage.cli.pictures.provenance import pictures_of_ways
from lineage.cli.provenance import NODES_UNLESS_ASKED, MaxNodesFlag, SystemFlag
from lineage.cli.references import find_reference
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import FAILURE, notes, printable
from lineage_graphql import to_json

REF = "An id, a uri, a digest, a run, RUN/STEP or RUN/STEP/OUTPUT."


def path(
    one: Annotated[str, typer.Argument(metavar="A", help=REF)],
    other: Annotated[str, typer.Argument(metavar="B", help=REF)],
    max_nodes: MaxNodesFlag = NODES_UNLESS_ASKED,
    system: SystemFlag = False,
    form: FormatFlag = None,
    file: FileFlag = None,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Show why two things are connected: a shortest way from the one to the other, and all that lies on any way.

    Either may be the earlier one. Where nothing connects them, that is said, and the exit code is 1.

    ```
    lineage path s3://ml-artifacts/reference/customers.tgz churn
    lineage path churn-training-hl9ft/train/model model-promotion-j6t4w --format mermaid
    ```
    """
    configure_logs(logging.ERROR)
    meant = format_meant(form, file)
    ask = open_ask(store, url)
    ends = [find_reference(ask, text) for text in (one, other)]
    asked = {"one": ends[0].ids, "other": ends[1].ids, "maxNodes": max_nodes, "system": system}
    found = ask_saved(ask, "paths", asked)["paths"]
    graph = found["graph"]
    title = f"{ends[0].called} and {ends[1].called}"
    if not graph["nodes"]:
        seen = " of what may be seen: " + "; ".join(graph["reasons"]) if not graph["complete"] else ""
        notes.print(f"Nothing connects {printable(title)}{seen}.", markup=False)
        if meant is not Format.JSON:
            raise typer.Exit(FAILURE)
    if meant is Format.TREE:
        write_text(pictures_of_ways(graph, found["shortest"]), file)
    elif meant is Format.JSON:
        write_text(to_json(found, indented=True).decode() + "\n", file)
    else:
        write_graph(graph, found["shortest"], title=title, direction="DOWNSTREAM", form=meant, file=file)
