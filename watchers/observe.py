"""From an object as it came to an observation: find its source, unpack, trim, redact.

Pure but for a memory of the last views, on which nothing depends but speed. The one way into the log for objects,
whether they were watched or read from a file.
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
from lineage.redaction import Redactor, struck_text
from lineage.remembering import LastViews
from watchers.parts import Parts, View, trim
from watchers.reading import step
from watchers.sent import Sent
from watchers.source import KubernetesObject, Source

MAX_DEPTH: Final = 254  # levels that orjson writes
_SHOWN: Final = 60


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
    return _seen(body, source, cluster=cluster, seen_at=seen_at, redactor=redactor)


class Observer:
    """Makes observations of what one source's resource sends, at the cost of what changed since the view before.
    Several observers can share `views`."""

    def __init__(
        self,
        source: Source,
        *,
        cluster: str,
        redactor: Redactor,
        views: LastViews[View] | None = None,
    ) -> None:
        self._source = source
        self._cluster = cluster
        self._redactor = redactor
        self._parts = Parts(redactor, views)

    def observe(self, sent: Sent, *, seen_at: datetime) -> ObjectSeen:
        """Make the observation of an object, the same as the function of this name.

        Raises:
            InvalidObservation: as `observe`; or it holds half a character.
        """
        body = self._in_parts(sent)
        if body is not None:
            return _seen(body, self._source, cluster=self._cluster, seen_at=seen_at, redactor=self._redactor)
        try:
            item = sent.object()
        except orjson.JSONDecodeError as error:
            raise InvalidObservation(f"it cannot be read: {error.msg}") from error
        return observe(item, self._source, cluster=self._cluster, seen_at=seen_at, redactor=self._redactor)

    def unreadable(self, sent: Sent, *, seen_at: datetime, reason: str) -> InputUnreadable:
        """Make the observation of an object that `observe` refused, as the function of this name does."""
        try:
            item = sent.object()
        except orjson.JSONDecodeError:
            item = {name: repr(bytes(text)) for name, text in sent.members().items()}
        return unreadable(item, self._source, cluster=self._cluster, seen_at=seen_at, reason=reason)

    def forget(self, uid: str) -> None:
        """Let go of an object that is gone."""
        self._parts.forget(uid)

    def _in_parts(self, sent: Sent) -> bytes | None:
        """Write an object part by part; None where only the whole says what is wrong with it."""
        if not sent.uid or sent.head is None:
            return None
        try:
            members = self._source.unpacked(sent.members(), is_packed=sent.head.is_packed)
            return None if members is None else self._parts.canonical(sent.uid, members)
        except (InvalidObservation, orjson.JSONEncodeError, ValueError, RecursionError):
            return None


def _seen(body: bytes, source: Source, *, cluster: str, seen_at: datetime, redactor: Redactor) -> ObjectSeen:
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
    digest are kept; of one that is nested too deeply to be written down, not even those. Secrets are struck out of the
    reason, which may quote it."""
    try:
        data = json.dumps(item, sort_keys=True).encode(errors="surrogatepass")
    except RecursionError:
        data = b""
    return InputUnreadable(
        source=source.name,
        cluster=cluster,
        seen_at=seen_at,
        reason=struck_text(reason),
        size_bytes=len(data),
        digest=sha256(data),
    )
