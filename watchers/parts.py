"""An object that comes again with little changed, redacted and written part by part.

Pure but for a bounded memory, on which nothing depends but speed. A part is a member of the object, of its metadata,
of its status or of a node; two parts are the same if their bytes are. A part is redacted as the object around it
demands: where the whole comes to say something else (a clue, a Secret, a secret that may be repeated), all of it is
redacted anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
import orjson

from lineage.identity import canonical
from lineage.redaction import Clues, Redactor, Survey, Whole, are_apart, survey
from lineage.remembering import LastViews
from watchers.source import KubernetesObject, Members, read_members

_Path: TypeAlias = tuple[str, ...]
_Groups: TypeAlias = dict[_Path, Members]
_Change: TypeAlias = tuple[_Path, msgspec.Raw, msgspec.Raw | None]  # what a part is, and was

_NODES: Final[_Path] = ("status", "nodes")
_OPENED: Final[tuple[_Path, ...]] = ((), ("metadata",), ("status",), _NODES)  # outer ones first
NOISE_ANNOTATIONS: Final = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
_PART_BYTES: Final = 450  # what is remembered of a part besides its text, roughly
_OPENING: Final = ord("{")
_joined: Final = msgspec.json.Encoder(order="sorted").encode  # as `canonical` does, and what is text as it is


@dataclass(frozen=True, slots=True)
class _Whole:
    """A view as it came and as it was written, and the secrets in it that may be repeated."""

    members: Members
    body: bytes
    found: frozenset[str]
    clues: Clues


@dataclass(frozen=True, slots=True)
class _Apart:
    """A view as it came and as it was written, part by part; the dicts of one path have equal keys. `says` is what the
    whole says of each part, and `surveys` what those say that changed in it, which are those that change again."""

    groups: _Groups
    texts: _Groups
    found: frozenset[str]
    says: Survey
    surveys: Mapping[_Path, Survey]


View: TypeAlias = _Whole | _Apart
"""A view as it is remembered: whole, until the next one comes."""


class Parts:
    """Redacts objects whose earlier views it may know."""

    def __init__(self, redactor: Redactor, views: LastViews[View] | None = None) -> None:
        self._redactor = redactor
        self._views = LastViews[View]() if views is None else views

    def forget(self, uid: str) -> None:
        """Let go of an object that is gone."""
        self._views.forget(uid)

    def canonical(self, uid: str, members: Members) -> bytes:
        """Write an object, whose `members` are unpacked, trimmed, redacted and canonical.

        Raises:
            InvalidObservation, orjson.JSONEncodeError, RecursionError: as redacting and writing the whole.
            ValueError: it is no JSON.
        """
        before = self._views.get(uid)
        view = None if before is None else self._next(members, before)
        came = sum(memoryview(raw).nbytes for raw in members.values())
        if view is None:
            whole = self._anew(members)
            self._views.put(uid, whole, came + len(whole.body))
            return whole.body
        body = _whole_of(view.texts)
        # Parts that never changed hold the body that they were cut out of.
        self._views.put(uid, view, came + 2 * len(body) + _PART_BYTES * sum(map(len, view.texts.values())))
        return body

    def _anew(self, members: Members) -> _Whole:
        item = _decoded(members)
        whole = Whole(item)
        walked, found = self._redactor.walk(item, whole)
        return _Whole(members, canonical(self._redactor.repeat(walked, found)), found, whole.clues)

    def _next(self, members: Members, before: View) -> _Apart | None:
        """Write the parts that changed; None where it takes the whole."""
        earlier = _taken_apart(before) if isinstance(before, _Whole) else before
        groups = _opened(members)
        changes = None if earlier is None else _changes(groups, earlier.groups)
        if earlier is None or changes is None:
            return None
        texts = {path: dict(group) for path, group in earlier.texts.items()}
        inner: dict[str, Members] = {}
        surveys: dict[_Path, Survey] = {}
        for path, raw, old in changes:
            redacted = self._redacted(path, raw, old, earlier)
            if redacted is None:
                return None
            surveys[path], text = redacted
            group = texts[path[:-1]] if path[:-1] in texts else inner.setdefault(path[-2], {})
            group[path[-1]] = text
        for node_id, changed in inner.items():
            node = read_members(texts[_NODES][node_id])
            texts[_NODES][node_id] = msgspec.Raw(_joined(node | changed))
        return _Apart(groups, texts, earlier.found, earlier.says, surveys)

    def _redacted(
        self, path: _Path, raw: msgspec.Raw, old: msgspec.Raw | None, earlier: _Apart
    ) -> tuple[Survey, msgspec.Raw] | None:
        """Redact a part in its place; None where the whole says something else now: more because of the part, or less
        because that is no longer what it was."""
        says, known = earlier.says, earlier.found
        part = _placed(path, raw)
        told = survey(part)
        if not says.covers(told):
            return None
        if old is not None and not told.covers(earlier.surveys.get(path) or survey(_placed(path, old))):
            return None
        walked, found = self._redactor.walk(part, says)
        if not found <= known:
            return None
        if known and old is not None and not self._redactor.walk(_placed(path, old), says)[1] <= found:
            return None
        redacted = self._redactor.repeat(walked, known)
        return (told, _written(path, redacted)) if _stands(path, redacted) else None


def _stands(path: _Path, part: dict[str, Any]) -> bool:
    """Say whether a part still stands under its path: a name in it may have been a secret."""
    for step in path:
        if not isinstance(part, dict) or step not in part:
            return False
        part = part[step]
    return True


def _written(path: _Path, part: dict[str, Any]) -> msgspec.Raw:
    """Write a part in its place, so that what is nested too deeply there is refused, and cut it out."""
    text = canonical(part)
    before = len(canonical(path)) + len(path) - 1  # {"a":{"b": is longer than ["a","b"] by a sign a name, but one
    return msgspec.Raw(text[before : len(text) - len(path)])


def _taken_apart(view: _Whole) -> _Apart | None:
    """Take a view apart; None where its parts say something about each other, or do not stand under their names."""
    groups, written = _opened(view.members), _opened(read_members(view.body))
    if not all(are_apart(group) for group in groups.values()):
        return None
    if any(group.keys() != written[path].keys() for path, group in groups.items()):  # a name in it was a secret
        return None
    saying = {name: raw for name, raw in view.members.items() if view.clues.refers or name == "metadata"}
    return _Apart(groups, written, view.found, survey(_decoded(saying), view.clues), {})


def _opened(item: Members) -> _Groups:
    """Take an object apart."""
    groups: dict[_Path, Members] = {}
    for path in _OPENED:
        if not path:
            groups[path] = dict(item)
        elif (outer := groups.get(path[:-1])) is not None and _is_object(outer.get(path[-1])):
            groups[path] = read_members(outer.pop(path[-1]))
    if ("metadata",) in groups:
        groups[("metadata",)].pop("managedFields", None)
    return groups


def _is_object(raw: msgspec.Raw | None) -> bool:
    return raw is not None and memoryview(raw)[0] == _OPENING


def _changes(groups: _Groups, before: _Groups) -> list[_Change] | None:
    """Find the parts that are not as they were. None where one of the view before is not there any more, as nothing
    that it said may be taken back but by a part that changed; or where a new one says something about those beside it.
    """
    if groups.keys() != before.keys():
        return None
    changes: list[_Change] = []
    for path, group in groups.items():
        old = before[path]
        if not _goes_on(group, old):
            return None
        for name, raw in group.items():
            was = old.get(name)
            if was == raw:
                continue
            within = _within(name, raw, was) if path == _NODES and was is not None else None
            changes += within or [((*path, name), raw, was)]
    return changes


def _within(node_id: str, node: msgspec.Raw, was: msgspec.Raw) -> list[_Change] | None:
    """Find the members of a node that are not as they were; None where it is to be taken whole."""
    if not (_is_object(node) and _is_object(was)):
        return None
    new, old = read_members(node), read_members(was)
    if not _goes_on(new, old) or not are_apart(new):
        return None
    return [((*_NODES, node_id, name), raw, old.get(name)) for name, raw in new.items() if raw != old.get(name)]


def _goes_on(group: Members, before: Members) -> bool:
    return group.keys() == before.keys() or (group.keys() > before.keys() and are_apart(group))


def _decoded(members: Members) -> KubernetesObject:
    return trim({name: orjson.loads(memoryview(raw)) for name, raw in members.items()})


def _placed(path: _Path, raw: msgspec.Raw) -> dict[str, Any]:
    """Decode a part, under its path."""
    part = orjson.loads(memoryview(raw))
    for step in reversed(path):
        part = {step: part}
    return trim(part)


def _whole_of(texts: _Groups) -> bytes:
    """Write a view of the texts of its parts."""
    opened: dict[_Path, dict[str, Any]] = {}
    for path, group in texts.items():
        opened[path] = dict(group)
        if path:
            opened[path[:-1]][path[-1]] = opened[path]
    return _joined(opened[()])


def trim(item: KubernetesObject) -> KubernetesObject:
    """Drop what says nothing about lineage and changes all the time: managed fields, applied manifests."""
    metadata = item.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
        annotations = metadata.get("annotations")
        if isinstance(annotations, dict) and not NOISE_ANNOTATIONS.isdisjoint(annotations):
            metadata["annotations"] = {k: v for k, v in annotations.items() if k not in NOISE_ANNOTATIONS}
    return item
