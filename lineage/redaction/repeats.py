"""Secrets that an object repeats: what a name or a use gave away is replaced wherever else it stands.

Pure. Short and common values are not followed, and what says who is who stays as it is.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import quote, quote_plus

from lineage.redaction.names import MARKER, words
from lineage.redaction.texts import lower

# Places that say who is who: a secret that happens to read the same is not replaced in them.
_IDENTITIES: Final = words(
    """
    apiVersion kind uid resourceVersion generateName namespace id boundaryID children outboundNodes phase type
    key templateName templateScope template image imageID containerID hostNodeName nodeName serviceAccountName
    startedAt finishedAt creationTimestamp entrypoint secretName finalizers
    """
)
_NAMES: Final = frozenset({"name", "displayName"})
_LABEL_OF_IDENTITY: Final = re.compile(r"(?:.*\.)?(?:argoproj\.io|kubeflow\.org|kubernetes\.io|pipeline)/")
_COMMON: Final = words(
    """
    default password passwd secret token minio minioadmin changeme example kubeflow workflow pipeline production
    staging development training postgres username public private anonymous localhost latest enabled disabled
    required optional unknown running succeeded failed pending integer boolean credential credentials apikey
    access_key secret_key accesskey secretkey api_key
    """
)
"""Poor secrets that are words of their own: they are replaced only where a name says so."""

_LOOP_ITEM: Final = re.compile(r"\(\d+:.*\)", re.DOTALL)


class Repeats:
    """Replaces known secrets wherever else the object holds them, whole or within a text."""

    def __init__(self, found: Iterable[str], mark: Callable[[str], str]) -> None:
        self._markers: dict[str, str] = {}
        for secret in found:
            if len(secret) >= 6 and lower(secret) not in _COMMON:
                self._markers.update(dict.fromkeys(_spellings(secret), mark(secret)))
        self._spellings = sorted(self._markers, key=len, reverse=True)

    def object(self, item: dict[str, Any]) -> dict[str, Any]:
        if not self._markers:
            return item
        changed: dict[str, Any] = {}
        for key, value in item.items():
            if key in _IDENTITIES and isinstance(value, str | list):
                continue
            if key in _NAMES and isinstance(value, str):  # node names repeat the items of loops
                new: Any = _LOOP_ITEM.sub(lambda match: self._value(match[0]), value)
            elif key == "labels" and isinstance(value, dict):
                new = {
                    label: one if _LABEL_OF_IDENTITY.match(str(label)) else self._value(one)
                    for label, one in value.items()
                }
            else:
                new = self._value(value)
            if new is not value:
                changed[key] = new
        return {**item, **changed} if changed else item

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            present = [spelling for spelling in self._spellings if spelling in value]
            if not present:
                return value
            # Markers stand first: nothing is replaced within one. Only what is there: an object can hold thousands.
            pattern = "|".join([MARKER.pattern, *map(_pattern_of, present)])
            return re.sub(pattern, lambda match: self._markers.get(match[0], match[0]), value)
        if isinstance(value, dict):
            return self.object(value)
        if isinstance(value, list):
            new = [self._value(one) for one in value]
            return new if any(one is not old for one, old in zip(new, value, strict=True)) else value
        return value


def _spellings(secret: str) -> set[str]:
    """A secret as it stands in JSON, in JSON within JSON, in a URL, and in base64."""
    spellings = {secret, quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace")}
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        spellings |= {escaped, json.dumps(escaped, ensure_ascii=ascii_only)[1:-1]}
    return spellings | {base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode()}


def _pattern_of(spelling: str) -> str:
    if spelling.isdigit():  # a short number may be equal by chance, and be a part of JSON
        return rf"(?<!\d){spelling}(?!\d)" if len(spelling) >= 8 else rf"\A{spelling}\Z"
    if len(spelling) < 12 and spelling.isalpha():  # it may be a part of some other word
        return rf"(?<![\w./:-]){re.escape(spelling)}(?![\w./:-])"
    return re.escape(spelling)
