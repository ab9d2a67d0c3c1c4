"""Asking in GraphQL: a store that is opened here, or a running server over HTTP; and answers as JSON."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, TypeAlias
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import orjson
import typer

from lineage.cli.opening import open_existing
from lineage.cli.terminal import USAGE, fail, printable_json
from lineage.ports import EVERYTHING
from lineage.settings import load_settings, secret
from lineage_graphql import execute, saved_queries, to_json

TIMEOUT_SECONDS: Final = 60.0
LARGEST_PAGE: Final = 100
TOO_LARGE: Final = "ANSWER_TOO_LARGE"

Ask: TypeAlias = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Answers a query text with its variables."""

UrlFlag = Annotated[
    str | None,
    typer.Option(
        "--url", metavar="URL", help="Ask a running `lineage up` or `lineage serve` instead; it is shown LINEAGE_TOKEN."
    ),
]


def open_ask(store: str | None, url: str | None) -> Ask:
    """Say where questions go: to the store that is meant, or to a server."""
    if url is not None and store is not None:
        fail("give either --store or --url", code=USAGE)
    if url is not None:
        endpoint, shown = endpoint_of(url), what_is_shown()
        return lambda document, values: _ask(endpoint, document, values, shown)
    opened = open_existing(load_settings({"store": store}).store)
    return lambda document, values: execute(opened, EVERYTHING, document, values)


def ask_saved(ask: Ask, name: str, values: dict[str, Any]) -> Mapping[str, Any]:
    """Ask a saved query, or end where it cannot be answered."""
    return ask_text(ask, saved_queries()[name].text, values)


def ask_text(ask: Ask, text: str, values: dict[str, Any]) -> Mapping[str, Any]:
    """Ask a query, or end where it cannot be answered."""
    return _data_of(ask(text, values))


def ask_page(ask: Ask, query: str, lists: str, values: dict[str, Any]) -> Mapping[str, Any]:
    """Ask for a page of a list by a saved query: for the `first` so many items, or for half of them, down to one, where
    they are more than an answer may take. Whoever goes on from its end misses nothing."""
    size = values["first"]
    while True:
        answer = ask(saved_queries()[query].text, {**values, "first": size})
        if size == 1 or not _is_too_large(answer):
            page: Mapping[str, Any] = _data_of(answer)[lists]
            return page
        size //= 2


def ask_pages(
    ask: Ask, query: str, lists: str, where: Mapping[str, Any], limit: int
) -> tuple[list[Mapping[str, Any]], int]:
    """Read up to `limit` items of a list by a saved query, page by page; say how many there are."""
    found: list[Mapping[str, Any]] = []
    values: dict[str, Any] = {"where": where}
    size = LARGEST_PAGE
    while True:
        page = ask_page(ask, query, lists, {**values, "first": min(limit - len(found), size)})
        found += page["nodes"]
        if len(found) >= limit or not page["pageInfo"]["hasNextPage"]:
            return found, page["totalCount"]
        values["after"], size = page["pageInfo"]["endCursor"], len(page["nodes"])


def _is_too_large(answer: Mapping[str, Any]) -> bool:
    return any(error.get("extensions", {}).get("code") == TOO_LARGE for error in answer.get("errors", ()))


def _data_of(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    if answer.get("errors"):
        fail(str(answer["errors"][0]["message"]))
    data: Mapping[str, Any] = answer["data"]
    return data


def json_of(found: Any) -> str:
    """Write an answer as JSON."""
    return printable_json(to_json(found, indented=True).decode()) + "\n"


def write_json(found: Any) -> None:
    """Print an answer as JSON."""
    sys.stdout.buffer.write(json_of(found).encode())
    sys.stdout.buffer.flush()


# ------------------------------------------------------------------------------------------ over HTTP
def endpoint_of(url: str) -> str:
    """Say where a server that is named is asked in GraphQL, or end where that is no address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        fail(f"--url must be an address such as http://localhost:8080, found {url}", code=USAGE)
    return url if parts.path.strip("/") else f"{url.rstrip('/')}/graphql"


def what_is_shown() -> dict[str, str]:
    """The headers by which a server learns who asks: of the token that the settings name, if they do.

    Raises:
        InvalidSettings: the file that holds it cannot be read.
    """
    settings = load_settings({})
    token = secret(settings.token, settings.token_file)
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def opened(request: Request, *, timeout_seconds: float) -> Any:
    """Send a request, and follow no redirect: a token is for the server that it was meant for."""
    return _OPENER.open(request, timeout=timeout_seconds)


def _ask(endpoint: str, document: str, values: dict[str, Any], shown: Mapping[str, str]) -> dict[str, Any]:
    body = json.dumps({"query": document, "variables": values}).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/graphql-response+json, application/json"}
    request = Request(endpoint, data=body, headers={**headers, **shown})  # noqa: S310 - http or https, see above
    try:
        with opened(request, timeout_seconds=TIMEOUT_SECONDS) as response:
            return _answer(response.read(), endpoint)
    except HTTPError as error:
        with error:
            return _answer(error.read(), f"{endpoint} (status {error.code})")
    except (URLError, OSError) as error:
        fail(f"{endpoint} cannot be asked: {getattr(error, 'reason', error)}; is `lineage up` running there?")


class _Stays(HTTPRedirectHandler):
    """Goes nowhere else, where Python would take a token along."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER: Final = build_opener(_Stays)


def _answer(body: bytes, endpoint: str) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict) or not ({"data", "errors"} & answer.keys()):
        fail(f"{endpoint} did not answer as a GraphQL server does: check the address")
    return answer
