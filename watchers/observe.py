"""From an object as it came to an observation: find its source, unpack, trim, redact.

Pure. The one way into the log for objects, whether they were watched or read from a file.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from lineage.identity import canonical
from lineage.observation import ObjectSeen
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
    redacted = redactor.redact(trim(source.unpack(item)))
    return ObjectSeen(
        source=source.name,
        cluster=cluster,
        seen_at=seen_at,
        body=canonical(redacted),
        key_id=redactor.key_id,
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
