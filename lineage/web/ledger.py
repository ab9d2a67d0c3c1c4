"""The log of who asked what, without what may be a secret in it.

Variables are searched for secrets as objects are. Texts within a query are left out, but for ids: a filter by the value
of a parameter may hold one, and nothing there says so.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import structlog

from lineage.access import Grant
from lineage.errors import InvalidId, InvalidObservation
from lineage.identity import parse_global_id
from lineage.limits import shortened
from lineage.redaction import is_secret_name, struck_out
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
    log.info(
        "asked",
        caller=grant.caller.name,
        operation=operation,
        query=shortened(" ".join(_TEXT.sub(_unless_id, document).split()), limit=LONGEST_BYTES),
        variables=shortened(to_json(_without_secrets(variables or {})).decode(), limit=LONGEST_BYTES),
        outcome=outcome,
        seconds=round(seconds, 4),
    )


def note_refused(peer: str | None, why: str) -> None:
    """Write down that somebody was not let in."""
    log.warning("not let in", peer=peer, why=why)


_TEXT: Final = re.compile(r'"""(?:[^"\\]|\\"""|\\|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"')


def _unless_id(found: re.Match[str]) -> str:
    try:
        parse_global_id(found[0].strip('"'))
    except InvalidId:
        return '"…"'
    return found[0]


def _without_secrets(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return struck_out({name: _hushed(value) for name, value in variables.items()})
    except (InvalidObservation, RecursionError):  # no answer comes of what is nested so deeply
        return {}


def _hushed(value: Any) -> Any:
    """Leave out with what a filter compares what has a secret name: `{name: "password", eq: "…"}`."""
    if isinstance(value, list):
        return [_hushed(one) for one in value]
    if not isinstance(value, dict):
        return value
    name = value.get("name")
    if isinstance(name, str) and is_secret_name(name):
        return {key: one if key == "name" else "redacted" for key, one in value.items()}
    return {key: _hushed(one) for key, one in value.items()}
