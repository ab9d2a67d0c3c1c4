"""What an API server sends, read once: of each object which it is and what it names, and nothing else.

Pure. An object stays the text that it came as. Most are never asked for more, and whoever hands one on decodes it then.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
import orjson
from msgspec import Raw

from lineage.errors import BadAnswer, InvalidObservation
from lineage.redaction import beginning, struck_out
from watchers.elements import decode_json, without_depths
from watchers.source import Head, Identity, KubernetesObject, Members, Resource, read_members

T = TypeVar("T")

text_of: Final = msgspec.json.Encoder().encode
"""Writes members as the text of an object."""


class Sent(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """An object as it was sent. `uid`, `resource_version` and `created_at` (as it was written) are empty where nothing
    says them; `head` is None where the object is not what it should be. `opened` cuts its members out of `text`, which
    may hold what stood around it as well."""

    uid: str
    resource_version: str
    created_at: str
    head: Head | None
    text: bytes
    opened: Callable[[bytes], Members]

    @property
    def size_bytes(self) -> int:
        """How much memory it takes, roughly."""
        return len(self.text)

    def members(self) -> Members:
        """Cut out the members of the object."""
        return self.opened(self.text)

    def object(self) -> KubernetesObject:
        """Decode the object, as one that nobody else holds.

        Raises:
            orjson.JSONDecodeError: it is no JSON that can be written again, as half a character.
        """
        return {name: decode_json(bytes(raw)) for name, raw in self.members().items()}


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list. `next` leads to the next one, and is empty on the last."""

    items: list[Sent]
    resource_version: str
    next: str


class Reader:
    """Reads what a server sends of one resource: of each object what `head` has a place for.

    Every object has its type afterwards, which API servers leave out of the items of a list of their own kinds.
    """

    def __init__(self, resource: Resource, head: type[Head] = Head) -> None:
        version = f"{resource.group}/{resource.version}" if resource.group else resource.version
        self._type = {"apiVersion": Raw(orjson.dumps(version)), "kind": Raw(orjson.dumps(resource.kind))}
        self._head: Callable[[bytes], Head] = msgspec.json.Decoder(head).decode
        event = msgspec.defstruct("Event", [("type", str), ("object", head)], gc=False)
        self._event: Callable[[bytes], Any] = msgspec.json.Decoder(event).decode

    def event(self, line: bytes) -> tuple[str, Sent]:
        """Read a line of a watch: the type of an event, and its object.

        Raises:
            BadAnswer: it is none.
        """
        try:
            event = self._event(line)
        except (ValueError, RecursionError):
            odd, line = _decoded(_event_sent, line, "the line is no event of a watch")
            return odd.type, _odd(odd.object, line, self._of_event)
        return event.type, _sent(event.object.metadata, event.object, line, self._of_event)

    def page(self, data: bytes) -> Page:
        """Read a page of a list.

        Raises:
            BadAnswer: it is none.
        """
        page, data = _decoded(_page_sent, data, _NO_LIST)
        version = page.metadata.get("resourceVersion")
        if not isinstance(version, str):
            raise BadAnswer(f"{_NO_LIST}: {_quoted(data)}")
        # Copied, so that one object that is held does not hold the whole page.
        items = [self.item(bytes(item)) for item in page.items or ()]
        return Page(items=items, resource_version=version, next=str(page.metadata.get("continue") or ""))

    def item(self, text: bytes) -> Sent:
        """Read an object that stands by itself.

        Raises:
            BadAnswer: it is none.
        """
        try:
            head = self._head(text)
        except (ValueError, RecursionError):
            members, text = _decoded(read_members, text, _NO_LIST)
            return _odd(members, text, self._of_item)
        return _sent(head.metadata, head, text, self._of_item)

    def _of_event(self, line: bytes) -> Members:
        return self._typed(_event_sent(line).object)

    def _of_item(self, text: bytes) -> Members:
        return self._typed(read_members(text))

    def _typed(self, members: Members) -> Members:
        return members if members.keys() >= self._type.keys() else {**self._type, **members}


class _EventSent(msgspec.Struct):
    type: str
    object: Members


class _PageSent(msgspec.Struct):
    metadata: dict[str, Any]
    items: list[Raw] | None = None  # an empty Go slice is written as null


_NOBODY: Final = Identity()
_NO_LIST: Final = "the answer is no list of objects"
_QUOTE_LENGTH: Final = 60
_SEARCHED: Final = 100_000  # bytes behind that, in which a secret that begins in it ends
_identity: Final = msgspec.json.Decoder(Identity).decode
_event_sent: Final = msgspec.json.Decoder(_EventSent).decode
_page_sent: Final = msgspec.json.Decoder(_PageSent).decode


def _sent(known: Identity | None, head: Head | None, text: bytes, opened: Callable[[bytes], Members]) -> Sent:
    known = known or _NOBODY
    return Sent(
        uid=str(known.uid or ""),
        resource_version=str(known.resource_version or ""),
        created_at=str(known.creation_timestamp or ""),
        head=head,
        text=text,
        opened=opened,
    )


def _odd(members: Members, text: bytes, opened: Callable[[bytes], Members]) -> Sent:
    """Tell as much of an object that is not what it should be as it says."""
    try:
        known = _identity(members.get("metadata", b"{}"))
    except ValueError:
        known = _NOBODY
    return _sent(known, None, text, opened)


def _quoted(data: bytes) -> str:
    """What an answer is that was not expected: its beginning without secrets. Of JSON that was cut off nobody knows
    where these are, and only its size is told."""
    if not data.lstrip().startswith((b"{", b"[")):
        return repr(beginning(data[: _QUOTE_LENGTH + _SEARCHED].decode(errors="replace"), _QUOTE_LENGTH))
    try:
        return orjson.dumps(struck_out({"": orjson.loads(data)})[""]).decode()[:_QUOTE_LENGTH]
    except (ValueError, RecursionError, InvalidObservation):
        return f"{len(data):,} bytes that begin as JSON does"


def _decoded(read: Callable[[bytes], T], data: bytes, what: str) -> tuple[T, bytes]:
    """Decode an answer; return it with the text that was read: without its depths, where it is too deep."""
    try:
        try:
            return read(data), data
        except RecursionError:
            data = without_depths(data)
            return read(data), data
    except (msgspec.ValidationError, RecursionError) as error:
        raise BadAnswer(f"{what}: {_quoted(data)}") from error
    except ValueError as error:
        raise BadAnswer(f"the answer is no JSON: {_quoted(data)}") from error
