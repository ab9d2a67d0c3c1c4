"""A MinIO server of the tests' own: a real object store on a free port, with credentials of its own."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from minio import Minio
from minio.error import MinioException
from minio.notificationconfig import NotificationConfig, QueueConfig
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from tests.processes import free_ports, running

ACCESS_KEY: Final = "kfp-lineage"
SECRET_KEY: Final = "not-a-secret"
TARGET: Final = "TESTS"
TOPIC: Final = "bucket-events"


@dataclass(frozen=True, slots=True, kw_only=True)
class MinioServer:
    """A server that is up."""

    endpoint: str  # host and port, as the client wants it
    disk: Path  # what it keeps
    _numbers: Iterator[int] = field(default_factory=count)

    def client(self, *, impatient: bool = False) -> Minio:
        """Make a client that may do everything. An impatient one asks once."""
        once = PoolManager(retries=False, timeout=5.0) if impatient else None
        return Minio(self.endpoint, access_key=ACCESS_KEY, secret_key=SECRET_KEY, secure=False, http_client=once)

    def notify(self, bucket: str) -> None:
        """Let changes of a bucket be sent to the topic."""
        changes = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectAccessed:*"]
        to = QueueConfig(queue=f"arn:minio:sqs::{TARGET}:kafka", events=changes)
        self.client().set_bucket_notification(bucket, NotificationConfig(queue_config_list=[to]))

    def new_bucket(self) -> str:
        """Make a bucket that nobody else uses."""
        name = f"bucket-{next(self._numbers)}"
        self.client().make_bucket(name)
        return name


def _notifying(topic: tuple[str, str] | None) -> Mapping[str, str]:
    if topic is None:
        return {}
    brokers, name = topic
    settings = {"ENABLE": "on", "BROKERS": brokers, "TOPIC": name}
    return {f"MINIO_NOTIFY_KAFKA_{setting}_{TARGET}": value for setting, value in settings.items()}


@contextmanager
def minio_server(installed: Path, folder: Path, *, topic: tuple[str, str] | None = None) -> Iterator[MinioServer]:
    """Start a server in an empty folder, and stop it at the end. `topic` is where it sends notifications: the
    brokers, and a topic that is there."""
    port, console = free_ports(2)
    server = MinioServer(endpoint=f"127.0.0.1:{port}", disk=folder / "data")

    def is_up() -> bool:
        """Whether it answers. It says that it is ready sooner, and lets who comes too early wait for a minute."""
        try:
            server.client(impatient=True).list_buckets()
        except (HTTPError, MinioException):
            return False
        return True

    command = [installed / "minio", "server", "--quiet", "--address", server.endpoint]
    command += ["--console-address", f"127.0.0.1:{console}", "--config-dir", folder / "config", server.disk]
    environment = os.environ | {
        "MINIO_ROOT_USER": ACCESS_KEY,
        "MINIO_ROOT_PASSWORD": SECRET_KEY,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
        **_notifying(topic),
    }
    with running(command, folder / "log", is_up=is_up, environment=environment):
        yield server
