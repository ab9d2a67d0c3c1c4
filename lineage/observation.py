"""What a watcher saw, and nothing that anyone concluded from it: the only thing that crosses the log.

Pure. Secrets were taken out before one of these exists (`lineage.redaction`). A better interpreter can
read the same observations again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias, assert_never

import msgspec
import orjson

from lineage.errors import InvalidObservation
from lineage.evidence import Look


class ObjectSeen(msgspec.Struct, frozen=True, kw_only=True, tag="object"):
    """An object as it stood at one moment.

    `body` is its canonical JSON (`lineage.identity.canonical`), trimmed of noise and redacted under the
    key `key_id`. `source` is the name of the source that understands it. `place` says where it was read, file and
    line; None where it was watched.
    """

    source: str
    cluster: str
    seen_at: datetime
    body: bytes
    key_id: str
    place: str | None = None

    def object(self) -> dict[str, Any]:
        """Decode the body."""
        decoded: dict[str, Any] = orjson.loads(self.body)
        return decoded


class ObjectDeleted(msgspec.Struct, frozen=True, kw_only=True, tag="deleted"):
    """The API server said that the object of this uid is gone. A uid never returns."""

    source: str
    cluster: str
    seen_at: datetime
    uid: str


class ResourceListed(msgspec.Struct, frozen=True, kw_only=True, tag="listed"):
    """A complete, consistent list: at `resource_version` exactly `uids` existed in the scope.

    `resource` is the plural name with its group, such as `workflows.argoproj.io`; `namespace` is "*" for
    all of them. Partial and refused lists are never observed. `versions` and `born` (creation, in seconds since 1970)
    are aligned with `uids`, or empty where nobody noted them. `reason`: why the watcher had to list anew; None where
    it had just begun. The list was sent after `sent_after`.
    """

    source: str
    cluster: str
    seen_at: datetime
    resource: str
    namespace: str
    resource_version: str
    uids: tuple[str, ...]
    versions: tuple[str, ...] = ()
    born: tuple[int, ...] = ()
    reason: str | None = None
    sent_after: datetime | None = None


class ResourceFollowed(msgspec.Struct, frozen=True, kw_only=True, tag="followed"):
    """Every change in the scope after the list of version `since`, up to version `until`, was observed.

    `since_at` is when that list was observed, `seen_at` when `until` was reached; so many `objects` existed then. The
    server said so after `sent_after`: at `seen_at`, its word may have waited for a while.
    """

    source: str
    cluster: str
    seen_at: datetime
    resource: str
    namespace: str
    since: str
    since_at: datetime
    until: str
    objects: int
    sent_after: datetime | None = None


class LocationLooked(msgspec.Struct, frozen=True, kw_only=True, tag="looked"):
    """A look at what lies at a location of an object store, and what it showed then."""

    source: str
    cluster: str
    seen_at: datetime
    store: str
    uri: str
    look: Look


class SourceReported(msgspec.Struct, frozen=True, kw_only=True, tag="source"):
    """How a watcher fares with one resource. `state` is one of `lineage.model.SourceState`."""

    source: str
    cluster: str
    seen_at: datetime
    resource: str
    namespace: str
    state: str
    message: str | None = None


class InputUnreadable(msgspec.Struct, frozen=True, kw_only=True, tag="unreadable"):
    """Bytes that are no object: they cannot be redacted, so only their size and digest are kept."""

    source: str
    cluster: str
    seen_at: datetime
    reason: str
    size_bytes: int
    digest: str


Observation: TypeAlias = (
    ObjectSeen | ObjectDeleted | ResourceListed | ResourceFollowed | LocationLooked | SourceReported | InputUnreadable
)

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Observation] = msgspec.msgpack.Decoder(
    ObjectSeen | ObjectDeleted | ResourceListed | ResourceFollowed | LocationLooked | SourceReported | InputUnreadable
)
_several: msgspec.msgpack.Decoder[list[msgspec.Raw]] = msgspec.msgpack.Decoder(list[msgspec.Raw])


def encode(observation: Observation) -> bytes:
    """Write an observation in its form on the wire: MessagePack, in which a body stands as it is."""
    return _encoder.encode(observation)


def decode(data: bytes) -> Observation:
    """Read what `encode` wrote.

    Raises:
        InvalidObservation: it is none, or one of a later release.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, OverflowError, RecursionError) as error:
        raise InvalidObservation(f"these bytes are no observation: {error}") from error


def join(encoded: Sequence[bytes]) -> bytes:
    """Make one message of several observations."""
    return _encoder.encode([msgspec.Raw(one) for one in encoded])


def split(message: bytes) -> list[bytes]:
    """Take apart what `join` made.

    Raises:
        InvalidObservation: it is no such message.
    """
    try:
        return [bytes(one) for one in _several.decode(message)]
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidObservation(f"these bytes are no message of observations: {error}") from error


# ------------------------------------------------------------------------------------------ what belongs together
class _Owner(msgspec.Struct):
    uid: str


class _Metadata(msgspec.Struct, rename="camel"):
    uid: str = ""
    owner_references: list[_Owner] | None = None


class _Object(msgspec.Struct):
    kind: str = ""
    metadata: _Metadata | None = None


_head: msgspec.json.Decoder[_Object] = msgspec.json.Decoder(_Object)


def root(observation: Observation) -> str:
    """Name what an observation belongs to: the owner that a pod names, else the uid of the object itself.

    What belongs together is best read together. Nothing is wrong where it is not: of a deletion only the uid is known.
    """
    match observation:
        case ObjectSeen(body=body):
            return _root_of(body)
        case ObjectDeleted(uid=uid):
            return uid
        case ResourceListed(resource=resource, namespace=namespace):
            return f"{resource} {namespace}"
        case ResourceFollowed(resource=resource, namespace=namespace):
            return f"{resource} {namespace}"
        case LocationLooked(uri=uri):
            return uri
        case SourceReported(resource=resource, namespace=namespace):
            return f"{resource} {namespace}"
        case InputUnreadable(digest=digest):
            return digest
        case _:
            assert_never(observation)


def _root_of(body: bytes) -> str:
    try:
        head = _head.decode(body)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or not of this form
        return ""
    if head.metadata is None:
        return ""
    if head.kind == "Pod" and head.metadata.owner_references:
        return head.metadata.owner_references[0].uid
    return head.metadata.uid
