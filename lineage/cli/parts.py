"""The parts of the program, put together: stores, recorders, interpreters."""

import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from time import time_ns
from typing import Final
from urllib.parse import urlsplit

from lineage.errors import InvalidObservation, InvalidSettings, SchemaOutdated, StoreError
from lineage.eventlog.kafka import Access, access_of
from lineage.facts import Fact
from lineage.identity import sha256
from lineage.observation import ObjectSeen
from lineage.outage import Outage
from lineage.ports import LineageStore
from lineage.recorder import FIRST_BACKOFF_SECONDS, LAST_BACKOFF_SECONDS, Interpret
from lineage.settings import APPLICATION, Settings
from lineage.store import migrate, open_store
from watchers.source import Source

MEMORY_URLS: Final = ("sqlite://", "sqlite:///:memory:")


def now() -> datetime:
    """Read the clock: the rest of the program is told the time."""
    return datetime.now(UTC)


def instance_name(command: str) -> str:
    """Name a log of this process that no other process has."""
    return f"{command}:{socket.gethostname()}:{os.getpid()}:{time_ns()}"


def interpreter(sources: Sequence[Source]) -> Interpret:
    """Hand each observed object to the source that understands it."""
    by_name = {source.name: source.interpret for source in sources}

    def interpret(seen: ObjectSeen) -> Sequence[Fact]:
        if (interpret_object := by_name.get(seen.source)) is None:
            raise InvalidObservation(f"this release has no source called {seen.source}")
        return interpret_object(seen)

    return interpret


# ------------------------------------------------------------------------------------------ logs
def log_of(settings: Settings) -> Access:
    """Say where the event log is, and how to get there.

    Raises:
        InvalidSettings: nobody said it, or it is no log that we know.
    """
    if settings.log is None:
        raise InvalidSettings("name the event log: --log kafka://HOST:9092/TOPIC, or LINEAGE_LOG")
    return access_to(settings.log, settings)


def access_to(topic: str, settings: Settings) -> Access:
    """Say how to get to a topic.

    Raises:
        InvalidSettings: its URL is none.
    """
    password = settings.kafka_sasl_password
    return access_of(
        topic,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_plain_username=settings.kafka_sasl_username,
        sasl_plain_password=password.get_secret_value() if password else None,
        ssl_cafile=_path(settings.kafka_ssl_cafile),
        ssl_certfile=_path(settings.kafka_ssl_certfile),
        ssl_keyfile=_path(settings.kafka_ssl_keyfile),
    )


def _path(file: Path | None) -> str | None:
    return None if file is None else str(file)


def group_of(store: str) -> str:
    """Name the consumer group of the recorders of a store.

    Two stores in one group would each get half of the log. So the name is made of what the store is called, without
    its user and password, and for a store in a file also of where that is.
    """
    file = store_file(store)
    parts = urlsplit(store)
    name = f"{socket.gethostname()}:{file.absolute()}" if file else f"{parts.netloc.rpartition('@')[2]}{parts.path}"
    return f"{APPLICATION}-{sha256(name.encode()).removeprefix('sha256:')[:12]}"


# ------------------------------------------------------------------------------------------ stores
def open_existing(url: str) -> LineageStore:
    """Open a store to read it.

    Raises:
        StoreError: there is none.
        SchemaOutdated: it was made by another release.
    """
    file = store_file(url)
    if file is not None and not file.exists():
        raise StoreError(
            f"there is no store at {file} yet: `lineage up` or `lineage ingest PATH` makes one, "
            "and --store URL names another"
        )
    return open_store(url)


def open_to_record(url: str) -> LineageStore:
    """Open a store to write to it. An embedded one is made, or brought up to date, where need be.

    Raises:
        InvalidSettings: it is in memory, where nobody could ask it.
        StoreError: it cannot be opened or made.
        SchemaOutdated: it is a server's, which others use too: to migrate it is a decision.
    """
    if url in MEMORY_URLS:
        raise InvalidSettings(f"{url} is a store in memory, which nobody could ask: name a file")
    try:
        return open_store(url)
    except SchemaOutdated:
        if not is_embedded(url):
            raise
    migrate(url)
    return open_store(url)


def open_when_reachable(url: str, stop: Event) -> LineageStore | None:
    """Open a store to write to it, waiting while its server is away; None where the end came first.

    Raises:
        InvalidSettings, SchemaOutdated: as `open_to_record`: waiting would not help.
        StoreError: it is no server, and cannot be opened or made.
    """
    backoff = FIRST_BACKOFF_SECONDS
    outage = Outage(begins="store does not answer, waiting for it", ends="store answers")
    while not stop.is_set():
        try:
            store = open_to_record(url)
        except SchemaOutdated:
            raise
        except StoreError as error:
            if is_embedded(url):
                raise
            outage.goes_on(str(error))
            stop.wait(backoff)
            backoff = min(2 * backoff, LAST_BACKOFF_SECONDS)
        else:
            outage.is_over()
            return store
    return None


def is_embedded(url: str) -> bool:
    """Say whether a store lives within this program."""
    return urlsplit(url).scheme.partition("+")[0] == "sqlite"


def store_file(url: str) -> Path | None:
    """Name the file that a store is; None where it is a server or in memory."""
    if not is_embedded(url) or url in MEMORY_URLS:
        return None
    path = url.partition("://")[2].partition("?")[0].removeprefix("/")
    return Path(path).expanduser() if path else None


def shown(url: str) -> str:
    """Write the name of a store without its password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":…@", 1)
