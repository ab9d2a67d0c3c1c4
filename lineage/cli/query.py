"""`lineage query`: ask in GraphQL, here or over HTTP."""

import json
import logging
import sys
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import orjson
import typer
from rich.table import Table

from lineage.cli.parts import open_existing
from lineage.cli.terminal import FAILURE, USAGE, StoreFlag, configure_logs, fail, notes
from lineage.ports import EVERYTHING
from lineage.settings import load_settings
from lineage_graphql import execute, saved_queries, to_json

STANDARD_INPUT: Final = "-"
TIMEOUT_SECONDS: Final = 60.0


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
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Ask a running `lineage up` or `lineage serve` instead.")
    ] = None,
) -> None:
    """Ask in GraphQL; print the answer as JSON. Without a query, list the saved ones.

    The exit code is 1 if the answer has errors.

        lineage query recent-runs
        lineage query recent-runs --variables '{"first": 3}'
        lineage query '{ runs(first: 1) { nodes { displayName phase } } }'
        lineage query -f question.graphql --url http://localhost:8080
    """
    configure_logs(logging.ERROR)
    if url is not None and store is not None:
        fail("give either --store or --url", code=USAGE)
    document = _document(text, file)
    values = _variables(variables)
    if url is not None:
        answer = _ask(_endpoint(url), document, values)
    else:
        answer = execute(open_existing(load_settings({"store": store}).store), EVERYTHING, document, values)
    sys.stdout.buffer.write(to_json(answer, indented=True) + b"\n")
    sys.stdout.buffer.flush()
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
    saved = saved_queries().get(text)
    return saved.text if saved else text


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


# ------------------------------------------------------------------------------------------ over HTTP
def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        fail(f"--url must be an address such as http://localhost:8080, found {url}", code=USAGE)
    return url if parts.path.strip("/") else f"{url.rstrip('/')}/graphql"


def _ask(endpoint: str, document: str, values: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"query": document, "variables": values}).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/graphql-response+json, application/json"}
    request = Request(endpoint, data=body, headers=headers)  # noqa: S310 - http or https, see above
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
            return _answer(response.read(), endpoint)
    except HTTPError as error:
        with error:
            return _answer(error.read(), f"{endpoint} (status {error.code})")
    except (URLError, OSError) as error:
        fail(f"{endpoint} cannot be asked: {getattr(error, 'reason', error)}; is `lineage up` running there?")


def _answer(body: bytes, endpoint: str) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict) or not ({"data", "errors"} & answer.keys()):
        fail(f"{endpoint} did not answer as a GraphQL server does: check the address")
    return answer
