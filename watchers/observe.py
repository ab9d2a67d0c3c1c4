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
from lineage.observation import InputUnreadable, ObjectSeen
from lineage.redaction import Redactor
from watchers.source import KubernetesObject, Source

NOISE_ANNOTATIONS: Final = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})


def find_source(item: KubernetesObject, sources: Sequence[Source]) -> Source | None:
    """Find the source that understands an object; None where none does."""
    return next((source for source in sources if source.recognises(item)), None)


def observe(
    item: KubernetesObject, source: Source, *, cluster: str, seen_at: datetime, redactor: Redactor
) -> ObjectSeen:
    """Make the observation of an object. `item` is taken over: it may be changed.

    Raises:
        InvalidObservation: the object cannot be unpacked or written down.
    """
    try:
        body = canonical(redactor.redact(trim(source.unpack(item))))
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise InvalidObservation(f"it cannot be written down as JSON: {error}") from error
    return ObjectSeen(
        source=source.name,
        cluster=cluster,
        seen_at=seen_at,
        body=body,
        key_id=redactor.key_id,
    )


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
