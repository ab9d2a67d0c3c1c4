"""`lineage follow`: runs as they change, until it is stopped. Asks a store, or a server by its stream of events."""

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from threading import Event
from typing import Annotated, Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request

import orjson
import typer

from lineage.cli.asking import UrlFlag, endpoint_of, opened, what_is_shown
from lineage.cli.flags import JsonFlag, OfNamespaceFlag, OfPipelineFlag, PhaseFlag, StoreFlag
from lineage.cli.interruption import interruptible, stopped_by_signals
from lineage.cli.opening import open_existing
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import USAGE, fail, notes, printable
from lineage.deadline import Deadline
from lineage.errors import InvalidRequest
from lineage.ports import EVERYTHING, LineageStore
from lineage.settings import load_settings
from lineage_graphql import read_subscription

QUESTION: Final = """subscription ($after: String, $where: RunWhere) {
  runChanged(after: $after, where: $where) {
    cursor
    run { id displayName namespace cluster phase startedAt finishedAt }
  }
}"""
AT_ONCE: Final = 50
LOOK_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 30.0
SILENT_SECONDS: Final = 60.0  # a server says every ten seconds that it is there
RETRY_SECONDS: Final = 1.0
COMES_BACK: Final = frozenset({"TOO_SLOW", "OVERLOADED", "RIGHTS_UNKNOWN", "TOO_MANY_REQUESTS", "INTERNAL"})
"""Codes of errors after which it goes on from where it was."""


def follow(
    phase: PhaseFlag = None,
    pipeline: OfPipelineFlag = None,
    namespace: OfNamespaceFlag = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="CURSOR", help="Begin with what came since, as it was said then.")
    ] = None,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Print runs as they change, a line each, until it is stopped; then say how to go on from there.

    ```
    lineage follow
    lineage follow --phase failed --phase error --url http://localhost:8080
    lineage follow --pipeline churn-training --json
    ```
    """
    configure_logs(logging.ERROR)
    if url is not None and store is not None:
        fail("give either --store or --url", code=USAGE)
    wanted = {
        "phase": {"in": [each.value for each in phase]} if phase else None,
        "pipelineName": {"eq": pipeline} if pipeline is not None else None,
        "namespace": {"eq": namespace} if namespace is not None else None,
    }
    where = {name: value for name, value in wanted.items() if value is not None}
    cursor = after
    with _changes(store, url, where, after) as changes:
        for change in changes:
            cursor = change["cursor"]
            print(json.dumps(change) if as_json else _line(change["run"]), flush=True)  # noqa: T201 - it is the answer
    if cursor is not None:
        notes.print(f"To go on from here: --after {cursor}")


@contextmanager
def _changes(
    store: str | None, url: str | None, where: Mapping[str, Any], after: str | None
) -> Iterator[Iterator[Mapping[str, Any]]]:
    """What changes, until a signal: it ends the wait for a server, and is looked for between reads of a store, which
    would not be done."""
    if url is not None:
        with interruptible() as interruption:
            yield interruption.until_asked(_of_server(f"{endpoint_of(url)}/stream", where, after))
    else:
        mine = open_existing(load_settings({"store": store}).store)
        with stopped_by_signals() as stop:
            yield _of_store(mine, where, after, stop)


def _line(run: Mapping[str, Any]) -> str:
    at = run["finishedAt"] or run["startedAt"] or ""
    return printable(f"{at:<24}  {run['phase']:<9}  {run['namespace']}/{run['displayName']}")


# ------------------------------------------------------------------------------------------ a store
def _of_store(
    store: LineageStore, where: Mapping[str, Any], after: str | None, stop: Event
) -> Iterator[Mapping[str, Any]]:
    asked = read_subscription(QUESTION, {"where": where, "after": after}, None)
    cursor = asked.after or store.feed_end()
    with closing(store.listener()) as listener:
        while not stop.is_set():
            try:
                found = store.changes(EVERYTHING, asked.where, after=cursor, limit=AT_ONCE)
            except InvalidRequest as error:
                fail(str(error))
            for answer in asked.answers(store, EVERYTHING, found.items, Deadline(ANSWER_SECONDS)):
                yield from _told(answer)
            if found.cursor == cursor:
                listener.wait(LOOK_SECONDS)
            cursor = found.cursor


# ------------------------------------------------------------------------------------------ a server
def _of_server(stream: str, where: Mapping[str, Any], after: str | None) -> Iterator[Mapping[str, Any]]:
    """Follow over HTTP; where a connection ends that is not complete, go on by another one."""
    has_answered = False
    while True:
        body = json.dumps({"query": QUESTION, "variables": {"where": where, "after": after}}).encode()
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream", **what_is_shown()}
        request = Request(stream, data=body, headers=headers)  # noqa: S310 - http or https, as `endpoint_of` has it
        try:
            with opened(request, timeout_seconds=SILENT_SECONDS) as response:
                for event in _events(response):
                    has_answered, after = True, event.get("id", after)
                    if event.get("event") == "complete":
                        return
                    if "data" in event:
                        yield from _told(orjson.loads(event["data"]), unless=COMES_BACK)
        except HTTPError as error:
            with error:
                fail(f"{stream} answers {error.code}: {printable(error.read(500).decode(errors='replace'))}")
        except (URLError, OSError) as error:
            if not has_answered:
                fail(f"{stream} cannot be asked: {getattr(error, 'reason', error)}; is `lineage serve` running there?")
        Event().wait(RETRY_SECONDS)


def _events(lines: Iterable[bytes]) -> Iterator[Mapping[str, str]]:
    """The events of a stream, as the HTML standard has them."""
    fields: dict[str, str] = {}
    for raw in lines:
        line = raw.decode().rstrip("\r\n")
        if not line:
            if fields:
                yield fields
            fields = {}
            continue
        name, _, value = line.partition(":")
        if name:
            fields[name] = value.removeprefix(" ")


def _told(answer: Mapping[str, Any], *, unless: Collection[str] = ()) -> Iterator[Mapping[str, Any]]:
    """What an answer tells. Where it tells what is wrong, end; unless by its code one may come back."""
    if not (errors := answer.get("errors")):
        yield answer["data"]["runChanged"]
    elif errors[0].get("extensions", {}).get("code") not in unless:
        fail(str(errors[0]["message"]))
