"""What object stores tell of their own accord: which objects changed, in words of S3."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import ObjectStoreError, StoreUnreachable, TellsNothing
from lineage.objectstore import listening
from lineage.objectstore.listening import listen
from lineage.objectstore.notifications import CHANGES, ObjectChanged, changes
from tests.waiting import comes_true

KEY: Final = "a b/ü+c&d%25/~x.tgz"


def a_record(key: str, name: str = "s3:ObjectCreated:Put", bucket: str = "b") -> dict[str, Any]:
    """A record as MinIO writes it, of which the rest is left out."""
    return {"eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 1}}}


def a_message(*records: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"Records": list(records), **more}).encode()


def told(message: bytes, *, escaped: bool = False) -> list[ObjectChanged]:
    return list(changes(message, escaped=escaped))


def test_a_key_is_told_as_it_is_to_who_listens_and_escaped_to_a_queue() -> None:
    changed = ObjectChanged(bucket="b", key=KEY)
    assert told(a_message(a_record(KEY))) == [changed]
    escaped = a_record("a+b%2F%C3%BC%2Bc%26d%2525%2F~x.tgz")
    assert told(a_message(escaped, EventName="s3:ObjectCreated:Put", Key=f"b/{KEY}"), escaped=True) == [changed]


@given(st.text(max_size=30))
def test_every_key_can_be_read_that_was_escaped(key: str) -> None:
    assert [one.key for one in told(a_message(a_record(quote_plus(key))), escaped=True)] == [key]


@pytest.mark.parametrize(
    ("name", "is_change"),
    [
        ("s3:ObjectCreated:CompleteMultipartUpload", True),
        ("ObjectCreated:Copy", True),
        ("s3:ObjectRemoved:DeleteMarkerCreated", True),
        ("s3:ObjectRestore:Completed", True),
        ("s3:LifecycleExpiration:Delete", True),
        ("s3:ObjectAccessed:Get", False),
        ("s3:ObjectAccessed:Head", False),
        ("s3:BucketCreated:*", False),
        ("s3:TestEvent", False),
    ],
)
def test_reading_an_object_changes_nothing(name: str, *, is_change: bool) -> None:
    assert bool(told(a_message(a_record("k", name)))) == is_change


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b" ",
        b"\xff",
        b"<xml/>",
        b"{}",
        b"[]",
        b'{"Records":null}',
        b'{"Records":[{"eventName":"s3:ObjectCreated:Put"}]}',
        b'{"Service":"Amazon S3","Event":"s3:TestEvent"}',
    ],
)
def test_what_is_no_notification_tells_nothing(message: bytes) -> None:
    assert told(message) == []


def test_a_message_may_tell_of_several() -> None:
    assert [one.key for one in told(a_message(a_record("k"), a_record("l"), a_record("m")))] == ["k", "l", "m"]


def test_only_changes_are_asked_for() -> None:
    assert all(told(a_message(a_record("k", name.replace("*", "Put")))) for name in CHANGES)


# ------------------------------------------------------------------------------------------ listening
class Told:
    """A bucket that can be listened to: of each connection what comes, and how it ends."""

    def __init__(self, *connections: Sequence[bytes] | ObjectStoreError) -> None:
        self._left = list(connections)
        self.connections = 0
        self.heard: list[str] = []
        self.stop = Event()

    def connect(self) -> AbstractContextManager[Any]:
        @contextmanager
        def connected() -> Any:
            self.connections += 1
            coming = self._left.pop(0) if self._left else StoreUnreachable("nobody answers there")
            if isinstance(coming, ObjectStoreError):
                raise coming
            yield iter(coming)

        return connected()

    def listening(self) -> Thread:
        thread = Thread(
            target=listen,
            args=(self.connect, lambda change: self.heard.append(change.key), self.stop),
            kwargs={"shown": "b"},
            daemon=True,
        )
        thread.start()
        return thread


def test_who_is_cut_off_listens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "FIRST_BACKOFF_SECONDS", 0.001)
    broken = StoreUnreachable("the connection broke")
    of = Told([a_message(a_record("k"))], broken, broken, [b'{"Records":null}', a_message(a_record("l"))])
    thread = of.listening()
    assert comes_true(lambda: of.heard == ["k", "l"] and of.connections > 6)
    of.stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_store_that_tells_nothing_is_asked_once() -> None:
    of = Told(TellsNothing("it tells nobody"))
    of.listening().join(30)
    assert (of.connections, of.stop.is_set()) == (1, False)


def test_longer_and_longer_is_waited_while_nothing_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = list[float]()

    class Patient(Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            if len(waits) == 12:
                self.set()
            return self.is_set()

    of = Told(*[StoreUnreachable("nobody answers there")] * 3, [a_message(a_record("k"))])
    of.stop = Patient()
    of.listening().join(30)
    assert waits == [1, 2, 4, 1, 2, 4, 8, 16, 32, 64, 128, 256]


def test_who_is_told_to_stop_ends_with_the_next_line() -> None:
    of = Told([b'{"Records":null}'] * 1_000_000)
    thread = of.listening()
    assert comes_true(lambda: of.connections == 1)
    of.stop.set()
    thread.join(30)
    assert (thread.is_alive(), of.connections) == (False, 1)
