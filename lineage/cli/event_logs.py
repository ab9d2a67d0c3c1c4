"""Event logs, put together: from the settings to where the log is, and who reads it together."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

from lineage.cli.opening import store_file
from lineage.errors import InvalidSettings
from lineage.eventlog.kafka import Access, access_of
from lineage.identity import sha256
from lineage.settings import APPLICATION, Settings


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
