"""The topic: made where it is not there and we may make it, and looked at where it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any, Final

import structlog
from kafka import KafkaAdminClient, TopicPartition, errors
from kafka.admin import ConfigResource, ConfigResourceType

from lineage.errors import LogError
from lineage.eventlog.kafka.connection import Access, connect, describe, refuse
from lineage.outage import Outage

PARTITIONS: Final = 6  # recorders that can share the work; more can be added at any time
REPLICAS: Final = 3
# What Kubernetes stores of one object has 1.5 MiB at most; what is packed in it is unpacked before it is logged, and
# compressed again on its way. Twice that, twice.
MESSAGE_BYTES: Final = 6 * 2**20
LEAST_MESSAGE_BYTES: Final = 2 * 2**20
RETENTION_MS: Final = 7 * 24 * 3600 * 1000  # a week: how long recorders may be away
LEAST_RETENTION_MS: Final = 24 * 3600 * 1000

RETRY_SECONDS: Final = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic as it was found. One that was deleted and made anew is another: so is what we know of its positions."""

    name: str
    cluster_id: str
    topic_id: str
    partitions: int

    def part(self, partition: TopicPartition) -> str:
        """Name a partition as the part of the log that it is."""
        return f"kafka://{self.cluster_id}/{self.name}/{self.topic_id}/{partition.partition}"


def prepare(access: Access) -> Topic:
    """Find the topic, or make it, and warn of settings that would lose something.

    Raises:
        KafkaError: nobody answers (any more).
        LogError: it is not there and cannot be made, or it would lose what is written to it.
    """
    client, _ = connect(KafkaAdminClient, access)
    with client as admin:
        try:
            cluster = admin.describe_cluster()
            found = _find(admin, access) or _make(admin, access, brokers=len(cluster["brokers"]))
            _check(admin, access)
        except errors.KafkaError as error:
            refuse(error, access)
            raise
    return Topic(
        name=access.topic,
        cluster_id=cluster["cluster_id"],
        topic_id=str(found["topic_id"]),
        partitions=len(found["partitions"]),
    )


def inspect(access: Access) -> tuple[int | None, tuple[str, ...]]:
    """Look at a topic, and change nothing: how many partitions it has, None where there is no such topic for us, and
    what its settings may lose, where these may be read.

    Raises:
        LogError: nobody answers there, or not to us.
    """
    try:
        client, _ = connect(KafkaAdminClient, access)
        with client as admin:
            found = _find(admin, access)
            if found is None:
                return None, ()
            try:
                lost = tuple(warnings(_settings(admin, access)))
            except errors.AuthorizationError:
                lost = ("its settings may not be read, and were not looked at",)
            return len(found["partitions"]), lost
    except errors.KafkaError as error:
        raise LogError(f"{access.shown}: {describe(error)}") from error


def find(access: Access, stop: Event) -> Topic | None:
    """Prepare a topic, waiting for brokers that are down; None where `stop` was set meanwhile.

    Raises:
        LogError: as `prepare`.
    """
    outage = Outage(begins="log does not answer, waiting for it", ends="log answers", log=access.shown)
    while not stop.is_set():
        try:
            topic = prepare(access)
        except errors.KafkaError as error:
            outage.goes_on(describe(error))
            stop.wait(RETRY_SECONDS)
        else:
            outage.is_over()
            return topic
    return None


def _find(admin: KafkaAdminClient, access: Access) -> Mapping[str, Any] | None:
    (found,) = admin.describe_topics([access.topic])
    error = errors.for_code(found["error_code"])
    if error in (errors.UnknownTopicOrPartitionError, errors.TopicAuthorizationFailedError):
        return None  # who may not see a topic is not told whether it is there
    if error is not errors.NoError:
        raise error(access.topic)
    topic: Mapping[str, Any] = found
    return topic


def _make(admin: KafkaAdminClient, access: Access, *, brokers: int) -> Mapping[str, Any]:
    replicas = min(REPLICAS, brokers)
    configs = {
        "cleanup.policy": "delete",
        "max.message.bytes": str(MESSAGE_BYTES),
        "min.insync.replicas": str(max(1, replicas - 1)),
        "retention.ms": str(RETENTION_MS),
    }
    topic = {"num_partitions": PARTITIONS, "replication_factor": replicas, "configs": configs}
    try:
        admin.create_topics({access.topic: topic}, wait_for_metadata=True)
        log.info("topic made", topic=access.topic, partitions=PARTITIONS, replicas=replicas, **configs)
    except errors.TopicAlreadyExistsError:
        pass  # another of us was first
    except (errors.AuthorizationError, errors.PolicyViolationError) as error:
        settings = " ".join(f"--config {name}={value}" for name, value in configs.items())
        raise LogError(
            f"{access.shown} is not there or may not be seen, and this user may not make it ({describe(error)}). Allow "
            f"Describe, Read, Write and DescribeConfigs on the topic, Read on groups kfp-lineage-*, or let it be made: "
            f"kafka-topics --create --topic {access.topic} --partitions {PARTITIONS} "
            f"--replication-factor {replicas} {settings}"
        ) from error
    if (made := _find(admin, access)) is None:
        raise errors.UnknownTopicOrPartitionError(access.topic)
    return made


def _check(admin: KafkaAdminClient, access: Access) -> None:
    try:
        settings = _settings(admin, access)
    except errors.AuthorizationError:
        log.info("settings of the topic may not be read, and were not checked", topic=access.topic)
        return
    if "compact" in settings["cleanup.policy"]:
        raise LogError(f"{access.shown} is compacted, which throws views away: set cleanup.policy=delete")
    for warning in warnings(settings):
        log.warning("topic may lose something", topic=access.topic, reason=warning)


def _settings(admin: KafkaAdminClient, access: Access) -> Mapping[str, str]:
    answer = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, access.topic)], config_filter="all")
    return {name: setting["value"] for name, setting in answer["topic"][access.topic].items()}


def warnings(settings: Mapping[str, str]) -> Iterator[str]:
    """Say what the settings of a topic may lose."""
    if int(settings["max.message.bytes"]) < LEAST_MESSAGE_BYTES:
        yield (
            f"max.message.bytes={settings['max.message.bytes']}: large objects will be refused and set aside; "
            f"set {MESSAGE_BYTES}"
        )
    if 0 <= int(settings["retention.ms"]) < LEAST_RETENTION_MS:
        yield f"retention.ms={settings['retention.ms']}: recorders may be away for so long and no longer"
    if int(settings["retention.bytes"]) >= 0:
        yield f"retention.bytes={settings['retention.bytes']}: what is older is deleted, recorded or not"
