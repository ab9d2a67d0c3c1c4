"""Secrets that an object repeats: what a name or a use gave away is replaced wherever else it stands.

Pure. Short and common values are not followed, and what says who is who stays as it is.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias
from urllib.parse import quote, quote_plus

from lineage.errors import InvalidObservation
from lineage.redaction.names import MARKER, words
from lineage.redaction.texts import lower

# Places that say who is who: a secret that happens to read the same is not replaced in them.
IDENTITIES: Final = words(
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

_FEW: Final = 100  # spellings that are searched for one by one in about the time of looking up each place
_START: Final = 6  # characters: the least that a secret which is followed has
_MOST_TRIES: Final = 50_000_000  # some seconds
_WORD: Final = 8  # letters: a name that has fewer, or no digit among them, may be a word of Kubernetes
_MARKED: Final = "redacted"[:_START]
_Starts: TypeAlias = dict[str, list[str]]

_LOOP_ITEM: Final = re.compile(r"\(\d+:.*\)", re.DOTALL)


class Repeats:
    """Replaces known secrets wherever else the object holds them, whole or within a text."""

    def __init__(self, found: Iterable[str], mark: Callable[[str], str]) -> None:
        self._markers: dict[str, str] = {}
        for secret in found:
            if len(secret) >= _START and lower(secret) not in _COMMON:
                self._markers.update(dict.fromkeys(_spellings(secret), mark(secret)))
        self._spellings = sorted(self._markers, key=len, reverse=True)
        self._starts = _by_start(self._spellings) if len(self._spellings) > _FEW else None
        self._tries = 0

    def object(self, item: dict[str, Any]) -> dict[str, Any]:
        if not self._markers:
            return item
        changed: dict[str, Any] = {}
        for key, value in item.items():
            if key in IDENTITIES and isinstance(value, str | list):
                continue
            if key in _NAMES and isinstance(value, str):  # node names repeat the items of loops
                new: Any = _LOOP_ITEM.sub(lambda match: self._value(match[0]), value)
            elif key == "labels" and isinstance(value, dict):
                new = dict(self._label(label, one) for label, one in value.items())
            else:
                new = self._value(value)
            if new is not value:
                changed[key] = new
        item = {**item, **changed} if changed else item
        unlike_words = [key for key in item if isinstance(key, str) and len(key) >= _WORD and not key.isalpha()]
        renamed = {key: new for key in unlike_words if (new := self._name(key, item[key])) is not key}
        return {renamed.get(key, key): value for key, value in item.items()} if renamed else item

    def _label(self, name: Any, value: Any) -> tuple[Any, Any]:
        return (name, value) if _LABEL_OF_IDENTITY.match(str(name)) else (self._name(name, value), self._value(value))

    def _name(self, name: Any, value: Any) -> Any:
        """Redact the name of a member: not where it says who is who, or may be a word of Kubernetes."""
        is_identity = isinstance(value, dict) and value.get("id") == name  # a node, under its id
        return name if is_identity or _is_a_word(name) else self._value(name)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._searched(value) if self._starts is None else self._looked_up(value, self._starts)
        if isinstance(value, dict):
            return self.object(value)
        if isinstance(value, list):
            new = [self._value(one) for one in value]
            return new if any(one is not old for one, old in zip(new, value, strict=True)) else value
        return value

    def _searched(self, text: str) -> str:
        """Replace a few secrets, each of which is searched for."""
        present = [spelling for spelling in self._spellings if spelling in text]
        if not present:
            return text
        # Markers stand first: nothing is replaced within one.
        pattern = "|".join([MARKER.pattern, *map(_pattern_of, present)])
        return re.sub(pattern, lambda match: self._markers.get(match[0], match[0]), text)

    def _looked_up(self, text: str, starts: _Starts) -> str:
        """Replace many secrets, which an object can hold by thousands: at each place, those are tried that begin so.

        Raises:
            InvalidObservation: so many begin alike, and so often, that it would take minutes.
        """
        pieces: list[str] = []
        done = at = 0
        while at <= len(text) - _START:
            start = text[at : at + _START]
            if start == _MARKED and (marker := MARKER.match(text, at)):  # nothing is replaced within one
                at = marker.end()
                continue
            candidates = starts.get(start, ())
            self._tries += len(candidates)
            if self._tries > _MOST_TRIES:
                raise InvalidObservation("it holds too many secrets that begin alike to search for each everywhere")
            spelling = next((one for one in candidates if _stands_at(one, text, at)), None)
            if spelling is None:
                at += 1
                continue
            pieces += (text[done:at], self._markers[spelling])
            done = at = at + len(spelling)
        return "".join([*pieces, text[done:]]) if pieces else text


def _by_start(spellings: Iterable[str]) -> _Starts:
    starts: _Starts = {}
    for spelling in spellings:
        starts.setdefault(spelling[:_START], []).append(spelling)
    return starts


def _stands_at(spelling: str, text: str, at: int) -> bool:
    return text.startswith(spelling, at) and re.compile(_pattern_of(spelling)).match(text, at) is not None


def _is_a_word(name: str) -> bool:
    return len(name) < _WORD or not any(map(str.isdigit, name))


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
