"""The way to the brokers: where they are, who we are, and clients that leave nothing open when nobody answers."""

import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from kafka import errors
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket

from lineage.errors import InvalidSettings, LogError

BOOTSTRAP_SECONDS: Final = 3.0  # how long brokers may take to answer at first: a stop is noticed only afterwards
RECONNECT_SECONDS: Final = 2.0  # at most between two attempts to reach a broker that was there
METADATA_SECONDS: Final = 60.0  # until a client that meets no error hears of other partitions, or another topic

# What no amount of waiting changes. All else is waited for.
_REFUSALS: Final = (
    errors.AuthorizationError,
    errors.IncompatibleBrokerVersion,
    errors.InvalidTopicError,
    errors.KafkaConfigurationError,
    errors.SaslAuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
)

_TLS_ALERT: Final = int.from_bytes(b"\x15\x03\x03\x00")  # RFC 8446, 5.1: the head of an alert, read as a length

_WITHOUT_SECURITY: Final = dict.fromkeys(
    ("socket disconnected", f"Invalid frame length: {_TLS_ALERT}"),
    ": brokers that ask for TLS or a password hang up on who comes without",
)
"""What else can be said of an error to who comes without: the alert of a broker is read or lost, as it happens."""

Client = TypeVar("Client")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which topic of which brokers, and how to get there. `options` are kafka-python's own, for TLS and SASL."""

    servers: tuple[str, ...]
    topic: str
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @property
    def shown(self) -> str:
        """Name the log as users do."""
        return f"kafka://{','.join(self.servers)}/{self.topic}"


def access_of(url: str, **options: Any) -> Access:
    """Read kafka://HOST:PORT,…/TOPIC. Options that are None were not given.

    Raises:
        InvalidSettings: it is no such URL.
    """
    parts = urlsplit(url)
    servers = tuple(filter(None, parts.netloc.split(",")))
    topic = parts.path.strip("/")
    if parts.scheme != "kafka" or not servers or not topic or "/" in topic or "@" in parts.netloc:
        raise InvalidSettings(f"{url} names no log: it is written kafka://HOST:PORT/TOPIC, several hosts with commas")
    given = {name: value for name, value in options.items() if value is not None}
    return Access(servers=servers, topic=topic, options=MappingProxyType(given))


def connect(make: Callable[..., Client], access: Access, **options: Any) -> tuple[Client, "Topics"]:
    """Make a client of kafka-python; give it, and what it hears of topics.

    Raises:
        KafkaError: nobody answers; `describe` says why.
        LogError: it was refused.
    """
    made: list[KafkaNetClient] = []

    def remember(**configs: Any) -> KafkaNetClient:
        made.append(KafkaNetClient(**configs))
        return made[-1]

    with _reasons() as reasons:
        try:
            client = make(
                bootstrap_servers=list(access.servers),
                bootstrap_timeout_ms=round(1000 * BOOTSTRAP_SECONDS),
                reconnect_backoff_max_ms=round(1000 * RECONNECT_SECONDS),
                metadata_max_age_ms=round(1000 * METADATA_SECONDS),
                kafka_client=remember,
                proxy_url=_NO_PROXY,
                **access.options,
                **options,
            )
        except Exception as error:
            for one in made:  # a client that fails to begin leaves its thread and its sockets behind
                one.close()
            if isinstance(error, errors.KafkaError):
                reason = next((one for one in reasons if isinstance(one, _REFUSALS)), [error, *reasons][-1])
                refuse(reason, access)
                words = describe(reason)
                hint = "" if "security_protocol" in access.options else _WITHOUT_SECURITY.get(words, "")
                raise errors.KafkaConnectionError(words + hint) from error
            if isinstance(error, OSError | ValueError):  # of certificates, and of names of mechanisms
                raise LogError(f"{access.shown} cannot be spoken to: {error}") from error
            raise
    return client, Topics(made[-1])


class Topics:
    """What a client has heard of topics."""

    def __init__(self, client: KafkaNetClient) -> None:
        self._client = client

    def id(self, name: str) -> str | None:
        """Say which topic has a name now: one that was made anew has another id. None where that is not known."""
        found: UUID | None = self._client.cluster.topic_id(name)
        return str(found) if found is not None and found.int else None  # 0 is that of a topic that is not there


def refuse(error: errors.KafkaError, access: Access) -> None:
    """Pass over errors that waiting may help.

    Raises:
        LogError: it will not help.
    """
    if isinstance(error, _REFUSALS):
        raise LogError(f"{access.shown} refuses: {describe(error)}") from error


def describe(error: errors.KafkaError) -> str:
    """Say in few words what kafka-python meant."""
    if isinstance(error, errors.KafkaTimeoutError):
        return "no answer in time"
    name, text = type(error).__name__, str(error)
    short = name.removesuffix("Error")
    words = text.removeprefix(f"[Error {getattr(error, 'errno', '')}] ").removeprefix(f"{name}: ")
    if words == name or words.startswith("Request "):  # and all of what was asked and answered
        return short
    if (number := words.partition(" ")[0]).isdecimal():  # "111 ECONNREFUSED"
        return os.strerror(int(number)).lower()
    return f"{short}: {words}" if isinstance(error, errors.BrokerResponseError) else words


# ------------------------------------------------------------------------------------------ sockets
_NO_PROXY: Final = "closing://"


class _ClosingSocket(KafkaNetSocket):  # type: ignore[misc]  # kafka-python has no types
    """Connects without a proxy, and closes what could not be connected: kafka-python leaves that to the collector of
    garbage. Its ways to connect are chosen by the scheme of a proxy's address, so this is one of them."""

    SCHEMES = (_NO_PROXY.removesuffix("://"),)

    async def connect(
        self, net: Any, addrinfo: Any, socket_options: Any = (), timeout_at: float | None = None
    ) -> socket.socket:
        family, kind, protocol, _, address = addrinfo
        made: socket.socket = self.socket(family, kind, protocol)
        try:
            made.setblocking(False)
            for option in socket_options:
                made.setsockopt(*option)
            await self.sock_connect(net, made, address, timeout_at=timeout_at)
        except BaseException:
            made.close()
            raise
        return made


# ------------------------------------------------------------------------------------------ reasons
class _Reasons(logging.Handler):
    """Keeps why connections failed: kafka-python only logs it, and raises that time is up."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[errors.KafkaError] = []

    def emit(self, record: logging.LogRecord) -> None:
        named = record.args if isinstance(record.args, tuple) else ()
        self.found += [
            one for one in named if isinstance(one, errors.KafkaError) and not isinstance(one, errors.KafkaTimeoutError)
        ]


@contextmanager
def _reasons() -> Iterator[list[errors.KafkaError]]:
    handler, logger = _Reasons(), logging.getLogger("kafka.net.manager")
    logger.addHandler(handler)
    try:
        yield handler.found
    finally:
        logger.removeHandler(handler)
