"""What a source is: a kind of object that we watch and understand.

Pure. One source is one file in `watchers/sources/` that holds a `SOURCE`; it is found by itself.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

from lineage.facts import Fact
from lineage.observation import ObjectSeen

KubernetesObject: TypeAlias = dict[str, Any]
"""A decoded object, as the API server sends it."""

Members: TypeAlias = dict[str, msgspec.Raw]
"""The members of an object as text, none of them decoded."""

read_members: Final = msgspec.json.Decoder(Members).decode

Attempts: TypeAlias = AbstractSet[tuple[str, object]]
"""The attempts that a view names: nodes and their starts."""


class Identity(msgspec.Struct, rename="camel", gc=False):
    """Which object it is: what its metadata say of that, whatever it is."""

    uid: Any = None
    resource_version: Any = None
    creation_timestamp: Any = None


class Head(msgspec.Struct, gc=False):
    """What is read of an object as it comes: which it is, and in a source's own what it names."""

    metadata: Identity | None = None

    @property
    def is_packed(self) -> bool:
        """Whether a part of the object must be unpacked before it can be redacted and compared."""
        return False

    def attempts(self) -> Attempts:
        """Tell what a view names that a later one may not.

        Raises:
            ValueError: that cannot be told.
        """
        return frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What to list and watch. `group` is empty for the core API. `other_versions` are what to ask for where the server
    does not serve `version`: all of them are read alike."""

    group: str
    version: str
    plural: str
    kind: str
    other_versions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The plural name with its group, such as `workflows.argoproj.io`, or `pods`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str | None = None) -> str:
        """Path on the API server, of one namespace or of all."""
        return self.paths(namespace)[0]

    def paths(self, namespace: str | None = None) -> tuple[str, ...]:
        """The same in every version, the one that is preferred first."""
        where = f"namespaces/{namespace}/{self.plural}" if namespace else self.plural
        root = f"/apis/{self.group}" if self.group else "/api"
        return tuple(f"{root}/{version}/{where}" for version in (self.version, *self.other_versions))


def uid_of(item: KubernetesObject) -> str:
    """Say which one an object is."""
    return str(item["metadata"]["uid"])


def _as_it_is(item: KubernetesObject) -> KubernetesObject:
    return item


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A kind of object that we understand.

    `unpack` brings an object into the form that can be redacted and compared, before it is observed
    (packed nodes are unpacked); it may change and return its argument. `unpack_members` does the same to one that was
    not decoded, where its `head` says that it is packed. `head` is what is read of each object as it comes. `resembles`
    knows an object that lost its kind: Go programs drop it as they decode, and so do files that they wrote.
    `interpret` says what an observed object means, and raises InvalidObservation where it cannot: it sees a whole
    object, looks nothing up and never asks what changed. `is_watched` is false for what a service is asked for, which
    no API server has.
    """

    name: str
    resource: Resource
    interpret: Callable[[ObjectSeen], Sequence[Fact]]
    unpack: Callable[[KubernetesObject], KubernetesObject] = _as_it_is
    unpack_members: Callable[[Members], Members] | None = None
    head: type[Head] = Head
    resembles: Callable[[KubernetesObject], bool] = lambda item: False
    is_watched: bool = True

    def unpacked(self, members: Members, *, is_packed: bool) -> Members | None:
        """Unpack an object that was not decoded; None where it must be decoded for that.

        Raises:
            ValueError: it cannot be unpacked.
        """
        if self.unpack_members is None:
            return members if self.unpack is _as_it_is else None
        return self.unpack_members(members) if is_packed else members

    def recognises(self, item: KubernetesObject) -> bool:
        """Say whether an object is of this source's kind, in any version of its group. One that lost its version
        is known by its kind and its shape, or by its shape alone."""
        kind, version = item.get("kind"), item.get("apiVersion")
        if version:
            return kind == self.resource.kind and str(version).rpartition("/")[0] == self.resource.group
        if kind and kind != self.resource.kind:
            return False
        return bool(kind and not self.resource.group) or (
            isinstance(item.get("metadata"), dict) and self.resembles(item)
        )
