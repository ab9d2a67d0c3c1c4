"""`lineage query`: ask in GraphQL, here or over HTTP."""

import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from lineage.cli.asking import UrlFlag, open_ask, write_json
from lineage.cli.flags import StoreFlag
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import FAILURE, USAGE, fail, notes, printable
from lineage_graphql import saved_queries

STANDARD_INPUT: Final = "-"


def query(
    text: Annotated[
        str | None, typer.Argument(metavar="[QUERY]", help="A query, the name of a saved one, or - for standard input.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("-f", "--file", metavar="FILE", help="Read the query from a file, or - for standard input."),
    ] = None,
    variables: Annotated[
        str, typer.Option("--variables", metavar="JSON", help="Its variables, as a JSON object.")
    ] = "{}",
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Ask in GraphQL; print the answer as JSON. Without a query, list the saved ones.

    The exit code is 1 if the answer has errors.

    ```
    lineage query recent-runs
    lineage query recent-runs --variables '{"first": 3}'
    lineage query '{ runs(first: 1) { nodes { displayName phase } } }'
    lineage query -f question.graphql --url http://localhost:8080
    ```
    """
    configure_logs(logging.ERROR)
    document, values = _document(text, file), _variables(variables)
    answer = open_ask(store, url)(document, values)
    write_json(answer)
    if answer.get("errors"):
        raise typer.Exit(FAILURE)


def _document(text: str | None, file: Path | None) -> str:
    if text is not None and file is not None:
        fail("give either a query or -f FILE", code=USAGE)
    if file is not None:
        return _read_query(file)
    if text is None:
        _list_saved_queries()
        raise typer.Exit(USAGE)
    if text == STANDARD_INPUT:
        return sys.stdin.read()
    if (saved := saved_queries().get(text)) is not None:
        return saved.text
    if "{" not in text:  # there is one in every query
        fail(f"no saved query is called {printable(text)}: `lineage query` lists those that are", code=USAGE)
    return text


def _read_query(file: Path) -> str:
    if str(file) == STANDARD_INPUT:
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"the query cannot be read from {file}: {error}", code=USAGE)


def _list_saved_queries() -> None:
    table = Table("saved query", "what it answers", box=None)
    for name, saved in saved_queries().items():
        table.add_row(name, saved.description)
    notes.print("Give a query, or the name of a saved one:\n", table, sep="")


def _variables(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)  # the standard library's: integers of any length
    except ValueError as error:
        fail(f"--variables is no JSON: {error}", code=USAGE)
    if not isinstance(values, dict):
        fail('--variables must be a JSON object such as {"first": 3}', code=USAGE)
    return values
