"""Which media types a request speaks and wants. Pure. Source: the GraphQL-over-HTTP specification."""

from functools import lru_cache
from typing import Final

JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"

# A client that takes anything may be older than the second type, so it gets the first.
_ANSWERED_WITH: Final = {GRAPHQL: GRAPHQL, JSON: JSON, "application/*": JSON, "*/*": JSON}
_UTF_8: Final = ("utf-8", "utf8")
REMEMBERED: Final = 64  # headers of each kind: the same few come again and again


@lru_cache(REMEMBERED)
def answer_type(accept: str | None) -> str | None:
    """Choose the media type of an answer; None where the client takes none of ours."""
    if not accept:
        return JSON
    chosen, best = None, 0.0
    for part in accept.split(","):
        media_type, parameters = _parsed(part)
        ours = _ANSWERED_WITH.get(media_type)
        quality = _quality(parameters.get("q", "1"))
        if ours and quality > best and parameters.get("charset", "utf-8") in _UTF_8:
            chosen, best = ours, quality
    return chosen


def takes(accept: str | None, wanted: str) -> bool:
    """Say whether a client takes just this media type, or this encoding, and names it."""
    parts = (_parsed(part) for part in (accept or "").split(","))
    return any(name == wanted and _quality(parameters.get("q", "1")) > 0 for name, parameters in parts)


@lru_cache(REMEMBERED)
def is_json(content_type: str) -> bool:
    """Say whether a body is JSON in UTF-8, the only form of request that is read.

    A page of another origin cannot send it without asking first, as it could a form.
    """
    media_type, parameters = _parsed(content_type)
    return media_type == JSON and parameters.get("charset", "utf-8") in _UTF_8


def _parsed(text: str) -> tuple[str, dict[str, str]]:
    media_type, *parameters = (part.strip().lower() for part in text.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return media_type, {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
