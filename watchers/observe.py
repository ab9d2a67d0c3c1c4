"""From an object as it came to an observation: find its source, unpack, trim, redact.

Pure. The one way into the log for objects, whether they were watched or read from a file.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson

from lineage.errors import InvalidObservation
from lineage.identity import canonical, sha256
from lineage.limits import MAX_OBJECT_BYTES
from lineage.observation import InputUnreadable, ObjectSeen
from lineage.redaction import Redactor
from watchers.reading import step
from watchers.source import KubernetesObject, Source

MAX_DEPTH: Final = 254  # levels that orjson writes
_SHOWN: Final = 60
NOISE_ANNOTATIONS: Final = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})


def find_source(item: KubernetesObject, sources: Sequence[Source]) -> Source | None:
    """Find the source that understands an object; None where none does."""
    return next((source for source in sources if source.recognises(item)), None)


def observe(
    item: KubernetesObject, source: Source, *, cluster: str, seen_at: datetime, redactor: Redactor
) -> ObjectSeen:
    """Make the observation of an object. `item` is taken over: it may be changed.

    Raises:
        InvalidObservation: the object cannot be unpacked or written down, or is too large.
    """
    try:
        body = canonical(redactor.redact(trim(source.unpack(item))))
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise InvalidObservation(f"it cannot be written down as JSON: {_fault(item) or error}") from error
    if len(body) > MAX_OBJECT_BYTES:
        raise InvalidObservation(f"it is larger than {MAX_OBJECT_BYTES // 2**20} MiB")
    return ObjectSeen(
        source=source.name,
        cluster=cluster,
        seen_at=seen_at,
        body=body,
        key_id=redactor.key_id,
    )


def _fault(value: object, path: str = "", depth: int = 1) -> str | None:
    """Say where something is that JSON cannot hold; None where there is nothing."""
    if depth > MAX_DEPTH:
        return f"{path[:_SHOWN]}… is nested deeper than {MAX_DEPTH} levels"
    if isinstance(value, str):
        return f"{path} holds half a character, or bytes that are no UTF-8" if _is_broken(value) else None
    if isinstance(value, int):
        return None if -(2**63) <= value < 2**64 else f"{path} is a number of more than 64 bits"
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        if isinstance(name, str) and _is_broken(name):
            return f"a name in {path or 'it'} holds half a character, or bytes that are no UTF-8"
        if (found := _fault(member, path + step(name, path), depth + 1)) is not None:
            return found
    return None


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def unreadable(
    item: KubernetesObject, source: Source, *, cluster: str, seen_at: datetime, reason: str
) -> InputUnreadable:
    """Make the observation of an object that `observe` refused. It could not be redacted, so only its size and
    digest are kept; of one that is nested too deeply to be written down, not even those."""
    try:
        data = json.dumps(item, sort_keys=True).encode(errors="surrogatepass")
    except RecursionError:
        data = b""
    return InputUnreadable(
        source=source.name,
        cluster=cluster,
        seen_at=seen_at,
        reason=reason,
        size_bytes=len(data),
        digest=sha256(data),
    )


def trim(item: KubernetesObject) -> KubernetesObject:
    """Drop what says nothing about lineage and changes all the time: managed fields, applied manifests."""
    metadata = item.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
        annotations = metadata.get("annotations")
        if isinstance(annotations, dict) and not NOISE_ANNOTATIONS.isdisjoint(annotations):
            metadata["annotations"] = {k: v for k, v in annotations.items() if k not in NOISE_ANNOTATIONS}
    return item
