"""An object that comes again with little changed, redacted and written part by part.

Pure but for a bounded memory, on which nothing depends but speed. A part is a member of the object, of its metadata,
of its status, or one node; two parts are the same if their bytes are. A part is redacted as the object around it
demands: where the whole comes to say something else (a clue, a Secret, a secret that may be repeated), every part
is redacted anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
import orjson

from lineage.identity import canonical
from lineage.redaction import Redactor, Survey, are_apart, survey, together
from watchers.remembering import LastViews
from watchers.sent import Sent
from watchers.source import KubernetesObject, Members, read_members

_Path: TypeAlias = tuple[str, ...]
_Groups: TypeAlias = Mapping[_Path, Members]

_OPENED: Final[tuple[_Path, ...]] = ((), ("metadata",), ("status",), ("status", "nodes"))  # outer ones first
NOISE_ANNOTATIONS: Final = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
_PART_BYTES: Final = 700  # what is remembered of a part besides its text, roughly
_SURVEYS: Final = 1000
_OPENING: Final = ord("{")


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a view, redacted. `found`: the secrets in it that may be repeated elsewhere."""

    survey: Survey
    found: frozenset[str]
    text: orjson.Fragment


@dataclass(frozen=True, slots=True)
class View:
    """A view as it came, and what became of its parts. The dicts of one path have equal keys."""

    groups: _Groups
    parts: Mapping[_Path, Mapping[str, _Part]]
    whole: Survey
    found: frozenset[str]


class Parts:
    """Redacts objects whose earlier views it may know."""

    def __init__(self, redactor: Redactor, views: LastViews[View] | None = None) -> None:
        self._redactor = redactor
        self._views = LastViews[View]() if views is None else views
        self._surveys: dict[Survey, Survey] = {}

    def forget(self, uid: str) -> None:
        """Let go of an object that is gone."""
        self._views.forget(uid)

    def canonical(self, item: Sent, members: Members) -> bytes | None:
        """Write an object, whose `members` are unpacked, trimmed, redacted and canonical; None where it cannot be taken
        apart.

        Raises:
            InvalidObservation, orjson.JSONEncodeError, RecursionError: as redacting and writing the whole.
            orjson.JSONDecodeError: a part is no JSON.
        """
        groups = _opened(members)
        if groups is None:
            return None
        view = self._view(groups, self._views.get(item.uid))
        body = _joined(view)
        self._views.put(item.uid, view, item.size_bytes + len(body) + _PART_BYTES * sum(map(len, view.parts.values())))
        return body

    def _view(self, groups: _Groups, before: View | None) -> View:
        if before is None or not _goes_on(groups, before):
            return self._anew(groups)
        changed = dict(_changed(groups, before.groups))
        surveys = {path: self._survey(part) for path, part in changed.items()}
        old = {path: before.parts[path[:-1]].get(path[-1]) for path in changed}
        if not all(part is None or surveys[path].covers(part.survey) for path, part in old.items()):
            return self._anew(groups)  # the whole may say less than before
        whole = together({before.whole, *surveys.values()})
        walked = {path: self._redactor.walk(part, whole) for path, part in changed.items()}
        kept = all(part is None or part.found <= walked[path][1] for path, part in old.items())
        found = before.found.union(*(secrets for _, secrets in walked.values()))
        if not kept or whole != before.whole or found != before.found:
            return self._anew(groups)
        parts = {path: dict(group) for path, group in before.parts.items()}
        for path, (part, secrets) in walked.items():
            parts[path[:-1]][path[-1]] = _Part(surveys[path], secrets, self._written(part, path, found))
        return View(groups, parts, whole, found)

    def _anew(self, groups: _Groups) -> View:
        every = dict(_changed(groups, {}))
        surveys = {path: self._survey(part) for path, part in every.items()}
        whole = together(set(surveys.values()))
        walked = {path: self._redactor.walk(part, whole) for path, part in every.items()}
        found = frozenset[str]().union(*(secrets for _, secrets in walked.values()))
        parts: dict[_Path, dict[str, _Part]] = {path: {} for path in groups}
        for path, (part, secrets) in walked.items():
            parts[path[:-1]][path[-1]] = _Part(surveys[path], secrets, self._written(part, path, found))
        return View(groups, parts, whole, found)

    def _survey(self, part: dict[str, Any]) -> Survey:
        """Survey a part. Most parts say the same, so that it need not be held twice."""
        found = survey(part)
        if len(self._surveys) > _SURVEYS:
            self._surveys.clear()
        return self._surveys.setdefault(found, found)

    def _written(self, part: dict[str, Any], path: _Path, found: frozenset[str]) -> orjson.Fragment:
        """Write a part in its place, so that what is nested too deeply there is refused, and cut it out."""
        text = canonical(self._redactor.repeat(part, found))
        before = sum(len(canonical(name)) + 2 for name in path)  # {"name":
        return orjson.Fragment(text[before : len(text) - len(path)])


def _opened(item: Members) -> _Groups | None:
    """Take an object apart; None where its parts say something about each other."""
    groups: dict[_Path, Members] = {}
    for path in _OPENED:
        if not path:
            groups[path] = dict(item)
        elif (outer := groups.get(path[:-1])) is not None and _is_object(outer.get(path[-1])):
            groups[path] = read_members(outer.pop(path[-1]))
    if ("metadata",) in groups:
        groups[("metadata",)].pop("managedFields", None)
    return groups if all(are_apart(group) for group in groups.values()) else None


def _is_object(raw: msgspec.Raw | None) -> bool:
    return raw is not None and memoryview(raw)[0] == _OPENING


def _goes_on(groups: _Groups, before: View) -> bool:
    """Say whether every part of the view before is still there, changed or not: nothing that it said is taken back
    but by a part that changed."""
    return groups.keys() == before.groups.keys() and all(
        group.keys() >= before.groups[path].keys() for path, group in groups.items()
    )


def _changed(groups: _Groups, before: _Groups) -> Iterator[tuple[_Path, dict[str, Any]]]:
    """Decode the parts that are not as they were, each under its path."""
    for path, group in groups.items():
        old = before.get(path, {})
        if group == old:
            continue
        for name, raw in group.items():
            if old.get(name) != raw:
                part = orjson.loads(memoryview(raw))
                for step in (name, *reversed(path)):
                    part = {step: part}
                yield (*path, name), trim(part)


def _joined(view: View) -> bytes:
    """Write a view of its parts."""
    root: dict[str, Any] = {}
    opened: dict[_Path, dict[str, Any]] = {(): root}
    for path, group in view.parts.items():
        if path:
            opened[path] = opened[path[:-1]][path[-1]] = {}
        opened[path].update((name, part.text) for name, part in group.items())
    return canonical(root)


def trim(item: KubernetesObject) -> KubernetesObject:
    """Drop what says nothing about lineage and changes all the time: managed fields, applied manifests."""
    metadata = item.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
        annotations = metadata.get("annotations")
        if isinstance(annotations, dict) and not NOISE_ANNOTATIONS.isdisjoint(annotations):
            metadata["annotations"] = {k: v for k, v in annotations.items() if k not in NOISE_ANNOTATIONS}
    return item
