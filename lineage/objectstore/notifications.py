"""What an object store tells of its own accord: which objects were written, removed or restored. Pure.

The form is that of S3, which MinIO and Ceph share: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
What is of another form tells nothing: events only ever hurry a look, and none is relied on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

import msgspec

CHANGES: Final = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectRestore:*")
"""The events that are asked for. Not those of reading: whoever looks reads, and would be told of it to look again."""
_CHANGES: Final = ("ObjectCreated:", "ObjectRemoved:", "ObjectRestore:", "LifecycleExpiration:")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectChanged:
    """An object was written, removed or restored."""

    bucket: str
    key: str


class _Bucket(msgspec.Struct):
    name: str


class _Object(msgspec.Struct):
    key: str


class _Entity(msgspec.Struct):
    bucket: _Bucket
    object: _Object


class _Record(msgspec.Struct, rename="camel"):
    event_name: str
    s3: _Entity


class _Message(msgspec.Struct, rename="pascal"):
    records: list[_Record] | None = None


_decode: Final = msgspec.json.Decoder(_Message).decode


def changes(message: bytes, *, escaped: bool) -> Iterator[ObjectChanged]:
    """Read what a message tells. `escaped`: its keys are written as in a form of HTML (`a+b%2Fc`), as S3 sends them to
    a queue, and MinIO to its targets; to who listens, MinIO tells them as they are."""
    try:
        records = _decode(message).records or []
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    for record in records:
        if record.event_name.removeprefix("s3:").startswith(_CHANGES):
            key = record.s3.object.key
            yield ObjectChanged(bucket=record.s3.bucket.name, key=unquote_plus(key) if escaped else key)
