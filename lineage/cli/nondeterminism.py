"""`lineage nondeterminism`: of which steps not always the same came out, on the same data."""

import logging
from typing import Annotated, Any, Final

import typer

from lineage.cli.asking import Ask, UrlFlag, ask_page, ask_pages, open_ask, write_json
from lineage.cli.flags import JsonFlag, StoreFlag
from lineage.cli.pictures.repetition import picture_of_nondeterminism
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import fail, notes, print_answer, printable

PAGE: Final = 100


def nondeterminism(
    pipeline: Annotated[
        str | None, typer.Option("--pipeline", metavar="NAME", help="Only steps of the pipelines of this name.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many steps at most.")] = 20,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """List steps of which not always the same came out, although the fingerprints of their executions are equal: the
    same images, commands, environment, parameters and content of inputs.

    ```
    lineage nondeterminism
    lineage nondeterminism --pipeline churn-training
    ```
    """
    configure_logs(logging.ERROR)
    ask = open_ask(store, url)
    pipelines = [None] if pipeline is None else _ids(ask, pipeline)
    found: list[Any] = []
    unsettled, is_more = 0, False
    for one in pipelines:
        after = None
        while len(found) < limit:
            values = {"pipeline": one, "first": min(limit - len(found), PAGE), "after": after}
            page = ask_page(ask, "nondeterminism", "nondeterminism", values)
            found += page["groups"]
            unsettled, after = page["unsettled"], page["next"]
            if after is None:
                break
        is_more |= after is not None
    if as_json:
        write_json(found)
    elif found:
        print_answer(*picture_of_nondeterminism(found))
    else:
        notes.print("Of no two executions that ran the same on the same data did something else come out.")
    if is_more:
        notes.print("There are more; --limit N shows them.")
    if unsettled:
        notes.print(f"{unsettled} runs ended a moment ago, and are not compared yet.")


def _ids(ask: Ask, name: str) -> list[str | None]:
    found, _ = ask_pages(ask, "pipelines", "pipelines", {"name": {"eq": name}}, PAGE)
    if not found:
        fail(f"no pipeline of the name {printable(name)} is recorded: `lineage query pipelines` lists them")
    return [str(one["id"]) for one in found]
