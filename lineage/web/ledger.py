"""The log of who asked what. Secrets that a question holds are struck out, as they are in objects."""

from collections.abc import Mapping
from typing import Any, Final

import structlog

from lineage.access import Grant
from lineage.errors import InvalidObservation
from lineage.limits import shortened
from lineage.redaction import struck_out
from lineage_graphql import to_json

log = structlog.get_logger(__name__)

LONGEST_BYTES: Final = 2_000  # of a text, and of its variables


def note_asked(
    grant: Grant,
    document: str,
    variables: Mapping[str, Any] | None,
    operation: str | None,
    *,
    outcome: str,
    seconds: float,
) -> None:
    """Write down a question, where its caller has a name."""
    if not grant.caller.name:
        return
    asked = _readable({"query": " ".join(document.split()), "variables": dict(variables or {})})
    log.info(
        "asked",
        caller=grant.caller.name,
        operation=operation,
        query=shortened(str(asked["query"]), limit=LONGEST_BYTES),
        variables=shortened(to_json(asked["variables"]).decode(), limit=LONGEST_BYTES),
        outcome=outcome,
        seconds=round(seconds, 4),
    )


def note_refused(peer: str | None, why: str) -> None:
    """Write down that somebody was not let in."""
    log.warning("not let in", peer=peer, why=why)


def _readable(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return struck_out(asked)
    except InvalidObservation:  # no answer comes of what is nested so deeply
        return {"query": None, "variables": None}
