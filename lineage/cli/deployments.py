"""`lineage deployments`: what serves models, as a table; and of one, all that it has served, and what is behind it."""

import logging
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from lineage.cli.asking import Ask, UrlFlag, ask_pages, ask_saved, open_ask, write_json
from lineage.cli.flags import JsonFlag, OfNamespaceFlag, StoreFlag
from lineage.cli.naming import key_of
from lineage.cli.pictures.deployments import pictures_of_deployments, table_of_deployments
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import fail, notes, print_answer, printable

PAGE: Final = 100


def deployments(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The name, the uid or the id of one; without, all are listed.")
    ] = None,
    namespace: OfNamespaceFlag = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="How many at most.")] = 20,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """List what serves models, which write each model is, and whether that was overwritten since; of one, all that it
    has served, and the runs and data behind it.

    ```
    lineage deployments
    lineage deployments churn
    lineage deployments --namespace team-a --json
    ```
    """
    configure_logs(logging.ERROR)
    ask = open_ask(store, url)
    where = {"namespace": {"eq": namespace}} if namespace is not None else {}
    if name is not None:
        found = [{**one, "behind": _behind(ask, one["id"])} for one in _find(ask, name, where)]
        if as_json:
            write_json(found)
        else:
            print_answer(*pictures_of_deployments(found))
        return
    listed, total = ask_pages(ask, "deployments", "deployments", where, limit)
    if as_json:
        write_json(listed)
        return
    if listed:
        print_answer(table_of_deployments(listed))
    if len(listed) < total:
        notes.print(f"{len(listed)} of {total} deployments; --limit N shows more.")
    elif not listed:
        notes.print("No deployment matches." if where else "No deployment is recorded yet.")


def _find(ask: Ask, text: str, where: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Find the deployments that are meant: several may bear one name."""
    key = key_of(text)
    uid = str(key[1]) if key is not None and key[0] == "Deployment" else text
    named = {"or": [{"uid": {"eq": uid}}, {"name": {"eq": text}}], **where}
    found, _ = ask_pages(ask, "deployments", "deployments", named, PAGE)
    if not found:
        fail(f"no deployment with the id, uid or name {printable(text)} is recorded: `lineage deployments` lists them")
    return found


def _behind(ask: Ask, deployment: str) -> Mapping[str, Any]:
    """What it serves was made by these runs, of this data; and why anything is missing."""
    graph = ask_saved(ask, "behind-deployment", {"deployment": deployment})["lineage"]
    made = {node["run"]["id"]: node["run"] for node in graph["nodes"] if node["__typename"] == "Execution"}
    served = {edge["source"] for edge in graph["edges"] if edge["role"] == "SERVED"}
    copies = {copy["target"] for copy in graph["copies"]}  # what they are copies of counts
    data = [
        {"id": node["id"], "uri": node["uri"] or node["digest"]}
        for node in graph["nodes"]
        if node["__typename"] == "Artifact" and node["producer"] is None and node["id"] not in served | copies
    ]
    return {"runs": list(made.values()), "data": data, "complete": graph["complete"], "reasons": graph["reasons"]}
