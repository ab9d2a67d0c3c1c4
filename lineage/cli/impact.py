"""`lineage impact`: what descends from an input, an execution or an image."""

import logging
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from lineage.cli.asking import LARGEST_PAGE, Ask, UrlFlag, ask_saved, open_ask, write_json
from lineage.cli.flags import JsonFlag, StoreFlag
from lineage.cli.pictures.impact import pictures_of_impact
from lineage.cli.references import digest_in, nothing_is_called, reference_called
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import USAGE, fail, notes, print_answer, printable


def impact(
    ref: Annotated[
        str,
        typer.Argument(
            metavar="REF",
            help="An id, a uri, a digest, a run, RUN/STEP or RUN/STEP/OUTPUT; or an image, by its digest or reference.",
        ),
    ],
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Of runs alone that began then or later, in UTC.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Of runs alone that began then or earlier, in UTC.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=LARGEST_PAGE, help="How many of each to list at most.")
    ] = 20,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Show what descends from an input, an execution or an image: which runs, models and deployments, counted and
    listed.

    A run that was asked about, or that ran the image, is counted as well.

    ```
    lineage impact s3://ml-artifacts/reference/customers.tgz
    lineage impact ghcr.io/acme/train:1.4.2 --from 2026-01-05 --to 2026-01-07T12:00
    lineage impact churn-training-hl9ft/features --json
    ```
    """
    configure_logs(logging.ERROR)
    window = {"from": _moment("--from", since), "to": _moment("--to", until)}
    ask = open_ask(store, url)
    found = ask_saved(ask, "impact", {**_asked_about(ask, ref), **window, "first": limit})["impact"]
    if as_json:
        write_json(found)
    else:
        print_answer(*pictures_of_impact(found))


def _moment(flag: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{flag} must be a time such as 2026-01-31 or 2026-01-31T12:00:00Z, found {printable(text)}", code=USAGE)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).isoformat()


def _asked_about(ask: Ask, text: str) -> dict[str, Any]:
    """Say what is meant: nodes, or an image, or (of a digest) both."""
    digest = digest_in(text)
    image = digest or text
    found = reference_called(ask, text)
    if (found is None or digest is not None) and _ran(ask, image):
        if found is not None:
            notes.print("This is the digest of an image and of artifacts; both are meant.")
        return {"roots": () if found is None else found.ids, "image": image}
    if found is None:
        nothing_is_called(text, or_else="or an image")
    return {"roots": found.ids}


def _ran(ask: Ask, image: str) -> bool:
    """Whether any execution ran an image."""
    _, _, digest = image.rpartition("@")
    named = {"digest": digest} if digest_in(digest) else {"contains": image}
    return bool(ask_saved(ask, "find-executions", {"where": {"image": named}, "first": 1})["executions"]["totalCount"])
