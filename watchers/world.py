"""What an API server keeps: objects, their versions, and a bounded stretch of history.

Memory only, no I/O; safe among threads. Objects are kept as bytes, so nobody can change them from outside.
"""

import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from watchers.source import KubernetesObject, Resource
from watchers.timeline import ChangeType

HISTORY_BYTES: Final = 64 * 1024 * 1024  # about 60 states of a Workflow of 1000 nodes, or 10 000 small ones
FIRST_VERSION: Final = 1000  # a resourceVersion of 0 means "any" to an API server


class HistoryCompacted(Exception):
    """The stretch of history that was asked for is no longer kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldEvent:
    """One change: `body` is the object's JSON, carrying `version` as its resourceVersion."""

    version: int
    type: ChangeType
    resource: Resource
    namespace: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The objects of a scope as they stood at a version, in order of namespace and name."""

    version: int
    bodies: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    uid: str
    body: bytes


class World:
    """The state of a small cluster. Wait on `changed` for the next change."""

    def __init__(self, *, history_bytes: int = HISTORY_BYTES) -> None:
        self.changed = threading.Condition()
        self._version = FIRST_VERSION
        self._compacted = FIRST_VERSION  # nothing up to here is in the history
        self._objects: dict[tuple[str, str, str], _Kept] = {}
        self._history: list[WorldEvent] = []
        self._history_bytes = 0
        self._history_limit = history_bytes

    @property
    def version(self) -> int:
        """The version of the latest change."""
        with self.changed:
            return self._version

    def put(self, resource: Resource, item: KubernetesObject) -> KubernetesObject:
        """Create or replace an object; returns it as it is kept.

        The world assigns its resourceVersion, and a uid where it has none. Another uid under the same name is
        another object: the old one is deleted first.
        """
        metadata = dict(item["metadata"])
        namespace, name = str(metadata.get("namespace") or ""), str(metadata["name"])
        key = (resource.name, namespace, name)
        with self.changed:
            old = self._objects.get(key)
            if old is not None and metadata.get("uid") not in (None, old.uid):
                self._remove(resource, key)
                old = None
            self._version += 1
            uid = str(metadata.get("uid") or (old.uid if old else f"00000000-0000-4000-8000-{self._version:012d}"))
            metadata |= {"uid": uid, "resourceVersion": str(self._version)}
            kept = item | {"metadata": metadata}
            body = orjson.dumps(kept)
            self._objects[key] = _Kept(uid, body)
            self._record(ChangeType.MODIFIED if old else ChangeType.ADDED, resource, namespace, body)
        return kept

    def delete(self, resource: Resource, namespace: str, name: str) -> bool:
        """Delete an object; say whether it was there."""
        with self.changed:
            return self._remove(resource, (resource.name, namespace, name))

    def compact(self) -> None:
        """Forget all history, as etcd does every few minutes."""
        with self.changed:
            self._forget(len(self._history))
            self._compacted = self._version

    def snapshot(self, resource: Resource, namespace: str | None) -> Snapshot:
        """Read the objects of one namespace or of all (None)."""
        with self.changed:
            bodies = tuple(
                kept.body
                for (of, within, _), kept in sorted(self._objects.items(), key=lambda entry: entry[0])
                if of == resource.name and namespace in (None, within)
            )
            return Snapshot(version=self._version, bodies=bodies)

    def objects(self, resource: Resource, namespace: str | None = None) -> list[KubernetesObject]:
        """Read the objects of one namespace or of all (None), decoded."""
        return [orjson.loads(body) for body in self.snapshot(resource, namespace).bodies]

    def since(self, version: int, resource: Resource, namespace: str | None) -> tuple[Sequence[WorldEvent], int]:
        """Read what happened in a scope after `version`, and up to which version that is all.

        Raises:
            HistoryCompacted: some of it is no longer kept.
        """
        with self.changed:
            if version < self._compacted:
                raise HistoryCompacted(f"too old resource version: {version} ({self._compacted})")
            first = bisect_right(self._history, version, key=lambda event: event.version)
            events = [
                event
                for event in self._history[first:]
                if event.resource.name == resource.name and namespace in (None, event.namespace)
            ]
            return events, self._version

    # -- with the lock held
    def _remove(self, resource: Resource, key: tuple[str, str, str]) -> bool:
        kept = self._objects.pop(key, None)
        if kept is None:
            return False
        self._version += 1
        last = orjson.loads(kept.body)
        last["metadata"]["resourceVersion"] = str(self._version)
        self._record(ChangeType.DELETED, resource, key[1], orjson.dumps(last))
        return True

    def _record(self, type_: ChangeType, resource: Resource, namespace: str, body: bytes) -> None:
        event = WorldEvent(version=self._version, type=type_, resource=resource, namespace=namespace, body=body)
        self._history.append(event)
        self._history_bytes += len(body)
        surplus = 0
        while self._history_bytes > self._history_limit and surplus < len(self._history) - 1:
            self._history_bytes -= len(self._history[surplus].body)
            surplus += 1
        if surplus:
            self._compacted = self._history[surplus - 1].version
            del self._history[:surplus]
        self.changed.notify_all()

    def _forget(self, count: int) -> None:
        self._history_bytes -= sum(len(event.body) for event in self._history[:count])
        del self._history[:count]
        self.changed.notify_all()
