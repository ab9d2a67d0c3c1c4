"""The messages of `graphql-transport-ws`, and why a socket is closed. Pure.

Source: PROTOCOL.md of the npm package graphql-ws. Its codes, and ours beside them; a client of that package comes back
after all but 4400, 4401, 4406, 4409 and 4429.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TypeAlias

import orjson

SUBPROTOCOL: Final = "graphql-transport-ws"
LONGEST_REASON: Final = 123  # bytes: RFC 6455 §5.5


class Code(IntEnum):
    """Why a socket is closed."""

    NORMAL = 1000
    FAULT = 1011
    TRY_AGAIN_LATER = 1013
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_SLOW = 4420
    TOO_MANY_SUBSCRIPTIONS = 4421
    TOO_MANY_INITS = 4429


class Closing(Exception):
    """The socket is to be closed."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:LONGEST_REASON].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Init:
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`payload` is of the form of a request over HTTP."""

    id: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Complete:
    id: str


@dataclass(frozen=True, slots=True)
class Ping:
    payload: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Pong:
    pass


ClientMessage: TypeAlias = Init | Subscribe | Complete | Ping | Pong


# ------------------------------------------------------------------------------------------ of a client
def read_message(text: str | None) -> ClientMessage:
    """Read what a client sent; None is what is no text.

    Raises:
        Closing: it is no message of the protocol.
    """
    try:
        given = None if text is None else orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Closing(Code.BAD_MESSAGE, "The message is no JSON.") from error
    if not isinstance(given, dict):
        raise Closing(Code.BAD_MESSAGE, "A message is a JSON object.")
    match given.get("type"):
        case "connection_init":
            return Init(_payload(given) or {})
        case "subscribe":
            payload = _payload(given)
            if payload is None:
                raise Closing(Code.BAD_MESSAGE, "`subscribe` needs a payload.")
            return Subscribe(_id(given), payload)
        case "complete":
            return Complete(_id(given))
        case "ping":
            return Ping(_payload(given))
        case "pong":
            _payload(given)
            return Pong()
        case other:
            raise Closing(Code.BAD_MESSAGE, f"{other!r:.40} is no type of message that a client sends.")


def _payload(given: Mapping[str, Any]) -> Mapping[str, Any] | None:
    payload = given.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Closing(Code.BAD_MESSAGE, "A payload is a JSON object.")
    return payload


def _id(given: Mapping[str, Any]) -> str:
    found = given.get("id")
    if not isinstance(found, str) or not found:
        raise Closing(Code.BAD_MESSAGE, "`id` must be a text that is not empty.")
    return found


# ------------------------------------------------------------------------------------------ of ours
def ack(cursor: str) -> str:
    """Let a client begin. `cursor` is that of now: who passes it on misses nothing that happens before it is told."""
    return _written({"type": "connection_ack", "payload": {"cursor": cursor}})


def pong(ping: Ping) -> str:
    """Answer a ping."""
    return _written({"type": "pong"} if ping.payload is None else {"type": "pong", "payload": ping.payload})


def head_of_next(operation: str) -> bytes:
    """The beginning of a message whose payload follows, up to the last brace."""
    return b'{"type":"next","id":%b,"payload":' % orjson.dumps(operation)


def next_of(head: bytes, answer: bytes) -> str:
    """Write an answer, which is JSON already."""
    return (head + answer + b"}").decode()


def errors_of(operation: str, errors: Sequence[Mapping[str, Any]]) -> str:
    """Say that an operation cannot be executed."""
    return _written({"type": "error", "id": operation, "payload": errors})


def complete(operation: str) -> str:
    """Say that nothing more comes."""
    return _written({"type": "complete", "id": operation})


def _written(message: Mapping[str, Any]) -> str:
    return orjson.dumps(message).decode()
