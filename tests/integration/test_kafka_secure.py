"""Kafka behind TLS and SASL, set as users set it: who gets in, and what those are told who do not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread

import pytest
from kafka.errors import KafkaError

from lineage.cli.event_logs import log_of
from lineage.errors import InvalidSettings, LogError
from lineage.eventlog.kafka import Access, KafkaReader, KafkaWriter, access_of, find, prepare
from lineage.observation import ObjectDeleted
from lineage.settings import load_settings
from tests.kafka_server import PASSWORD, KafkaServer

DELETED = ObjectDeleted(source="pod", cluster="test", seen_at=datetime(2026, 1, 31, 12, tzinfo=UTC), uid="u")


def access(secure: KafkaServer, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Access:
    """Come with the settings of the user `writer`, or with others."""
    mine = {
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": "PLAIN",
        "KAFKA_SASL_USERNAME": "writer",
        "KAFKA_SASL_PASSWORD": PASSWORD,
        "KAFKA_SSL_CAFILE": str(secure.certificate),
    }
    for name, value in {**mine, **settings}.items():
        monkeypatch.setenv(f"LINEAGE_{name}", value)
    return log_of(load_settings({"log": f"kafka://{secure.secure_bootstrap}/{secure.new_topic()}"}))


def test_who_has_the_password_writes_and_reads(secure_kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = access(secure_kafka, monkeypatch)
    prepare(mine)
    with KafkaWriter(mine) as writer:
        writer.append(DELETED)
    with KafkaReader(mine, group=None) as reader:
        stretch = reader.read(lambda _part: None, limit=1, timeout_seconds=1)
    assert stretch is not None
    assert [entry.observation for entry in stretch.entries] == [DELETED]
    assert PASSWORD not in repr(mine)


@pytest.mark.parametrize("attempt", range(3))
def test_who_has_another_password_is_told_so_and_does_not_wait(
    secure_kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch, attempt: int
) -> None:
    with pytest.raises(LogError, match=r"refuses: SaslAuthenticationFailed"):  # and not only that it hung up
        find(access(secure_kafka, monkeypatch, KAFKA_SASL_PASSWORD=f"another {attempt}"), Event())


def test_who_comes_without_tls_is_told_what_may_be_the_matter(secure_kafka: KafkaServer) -> None:
    with pytest.raises(KafkaError, match="hang up on who comes without"):
        prepare(access_of(f"kafka://{secure_kafka.secure_bootstrap}/{secure_kafka.new_topic()}"))


@pytest.mark.parametrize("said", [b"", bytes.fromhex("15030300020246")])  # nothing; an alert: wrong version
def test_it_does_not_matter_how_a_broker_hangs_up(said: bytes) -> None:
    with broker_that_hangs_up(said) as address, pytest.raises(KafkaError, match="hang up on who comes without"):
        prepare(access_of(f"kafka://{address}/topic"))


@contextmanager
def broker_that_hangs_up(said: bytes) -> Iterator[str]:
    """Answer whatever comes with these bytes, and close."""

    class Answer(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1024)
            self.request.sendall(said)

    with ThreadingTCPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield "{}:{}".format(*server.server_address)
        finally:
            server.shutdown()


def test_who_may_not_make_the_topic_is_told_how_it_is_made(
    secure_kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LogError, match=r"kafka-topics --create --topic topic-[0-9]+ --partitions 6"):
        find(access(secure_kafka, monkeypatch, KAFKA_SASL_USERNAME="nobody"), Event())


def test_a_file_that_is_not_there_is_named(secure_kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidSettings, match="LINEAGE_KAFKA_SSL_CAFILE"):
        access(secure_kafka, monkeypatch, KAFKA_SSL_CAFILE="/nowhere/ca.pem")
