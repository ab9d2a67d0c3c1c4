"""The real servers that tests can start: each does what it is there for, through the client that the program uses."""

import io
import time

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

from lineage.errors import ClusterError, ResourceAbsent, ResourceForbidden
from tests.kafka_server import KafkaServer
from tests.kubernetes_server import NOBODY, KubernetesServer
from tests.minio_server import MinioServer
from watchers.kube import connect
from watchers.timeline import PODS, WORKFLOWS

DEADLINE_SECONDS = 60.0


# ------------------------------------------------------------------------------------------ Kafka
def produce(server: KafkaServer, topic: str, *values: bytes) -> None:
    with KafkaProducer(bootstrap_servers=server.bootstrap) as producer:
        for sent in [producer.send(topic, key=value, value=value) for value in values]:
            sent.get(DEADLINE_SECONDS)


def consume(server: KafkaServer, topic: str, count: int) -> list[bytes]:
    """Read so many records in the group `smoke`, and commit that they were read."""
    with KafkaConsumer(
        topic,
        bootstrap_servers=server.bootstrap,
        group_id="smoke",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    ) as consumer:
        read: list[bytes] = []
        deadline = time.monotonic() + DEADLINE_SECONDS
        while len(read) < count:
            assert time.monotonic() < deadline, f"read {read}"
            polled = consumer.poll(timeout_ms=500, max_records=count - len(read))
            read += [record.value for records in polled.values() for record in records]
        consumer.commit()
    return read


def make_topic(server: KafkaServer, name: str, partitions: int) -> None:
    with KafkaAdminClient(bootstrap_servers=server.bootstrap) as admin:
        admin.create_topics([NewTopic(name, partitions, -1)])


def test_a_group_goes_on_where_it_committed(kafka: KafkaServer) -> None:
    make_topic(kafka, "smoke", 2)
    values = [str(number).encode() for number in range(10)]
    produce(kafka, "smoke", *values)
    first, second = consume(kafka, "smoke", 4), consume(kafka, "smoke", 6)
    assert sorted(first + second) == values


def test_records_survive_a_broker_that_is_killed_and_started_again(kafka: KafkaServer) -> None:
    make_topic(kafka, "survivors", 1)
    produce(kafka, "survivors", b"before")
    kafka.kill()
    kafka.start()
    produce(kafka, "survivors", b"after")
    assert consume(kafka, "survivors", 2) == [b"before", b"after"]


# ------------------------------------------------------------------------------------------ Kubernetes
def test_custom_resources_are_served_and_nothing_else(kubernetes: KubernetesServer) -> None:
    kube = connect(kubeconfig=kubernetes.kubeconfig())
    assert b'"kind":"WorkflowList"' in kube.get(WORKFLOWS.path(), {})
    with pytest.raises(ResourceAbsent):
        kube.get(PODS.path(), {})
    kube.close()


def test_who_may_not_read_is_told_so(kubernetes: KubernetesServer) -> None:
    forbidden = connect(kubeconfig=kubernetes.kubeconfig(NOBODY))
    with pytest.raises(ResourceForbidden, match='User "nobody" cannot list resource "workflows"'):
        forbidden.get(WORKFLOWS.path(), {})
    forbidden.close()
    unknown = connect(kubeconfig=kubernetes.kubeconfig("stranger"))
    with pytest.raises(ClusterError, match="401: Unauthorized"):
        unknown.get(WORKFLOWS.path(), {})
    unknown.close()


# ------------------------------------------------------------------------------------------ MinIO
def test_an_object_comes_back_as_it_was_put(minio: MinioServer) -> None:
    client = minio.client()
    client.make_bucket("smoke")
    client.put_object("smoke", "models/churn.tgz", io.BytesIO(b"weights"), length=7)
    answer = client.get_object("smoke", "models/churn.tgz")
    try:
        assert answer.read() == b"weights"
    finally:
        answer.close()
        answer.release_conn()
