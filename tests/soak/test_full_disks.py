"""Disks that are full: real ones, in memory, under a store in a file, under PostgreSQL and under Kafka.

`tests/integration/test_full_disk.py` is the short form, with a quota instead of a disk.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lineage.eventlog.kafka import KafkaWriter, access_of, prepare
from lineage.store import migrate
from tests.chaos import DEADLINE_SECONDS, ends_of, environment, lineage, recorded_positions, story, undisturbed
from tests.factories import observed
from tests.kafka_server import KafkaServer, kafka_server
from tests.postgresql import binaries, server
from tests.probed import Probed, started
from tests.servers.install import installed
from tests.small_disk import SmallDisk, small_disk
from tests.waiting import comes_true

STORY = list(story(2000))
WAITS = "store does not take what was seen, waiting for it"


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(mebibytes=256) as mounted:
        if mounted is None:
            pytest.skip("this user may not mount a disk")
        yield mounted


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return undisturbed(STORY, tmp_path_factory.mktemp("undisturbed"))


def a_full_log(kafka: KafkaServer) -> str:
    """Write all of the story into a new topic, and name it."""
    log = f"kafka://{kafka.bootstrap}/{kafka.new_topic()}"
    prepare(access_of(log))
    with KafkaWriter(access_of(log), closing_seconds=DEADLINE_SECONDS) as writer:
        for item in STORY:
            writer.append(observed(item))
    return log


def check_that_it_waits_and_goes_on(recorder: Probed, log: str, store: str, *, make_room: Callable[[], None]) -> None:
    assert comes_true(lambda: recorder.status("/readyz") == 503)
    assert comes_true(lambda: recorder.checks().get("recording") == "the store does not take it; the log says why")
    assert recorder.status("/healthz") == 200
    assert recorder.scraped('lineage_waiting_seconds{for="store"}') > 0
    assert recorded_positions_or_none(store) != ends_of(log)
    make_room()
    assert comes_true(lambda: recorded_positions(store) == ends_of(log), deadline_seconds=DEADLINE_SECONDS)
    assert comes_true(lambda: recorder.status("/readyz") == 200)
    assert recorder.scraped('lineage_objects_recorded_total{outcome="rejected"}') == 0
    assert recorder.end() == 0


def recorded_positions_or_none(store: str) -> dict[int, str] | None:
    """How far was recorded; None while the database cannot be asked."""
    try:
        return recorded_positions(store)
    except Exception:  # noqa: BLE001 - whatever a database on a full disk says
        return None


def test_a_store_in_a_file_has_no_room(kafka: KafkaServer, disk: SmallDisk, known: bytes, tmp_path: Path) -> None:
    log, store = a_full_log(kafka), f"sqlite:///{disk.folder / 'lineage.db'}"
    migrate(store)
    disk.fill(left_bytes=2 * 2**20)
    with started(tmp_path / "log", "record", "--log", log, "--store", store, **environment()) as recorder:
        check_that_it_waits_and_goes_on(recorder, log, store, make_room=disk.make_room)
    assert recorder.said(WAITS) == [f"{store}: database or disk is full"]
    assert lineage("dump", "--store", store) == known


def test_a_store_on_postgresql_has_no_room(kafka: KafkaServer, disk: SmallDisk, known: bytes, tmp_path: Path) -> None:
    folder = binaries()
    assert folder is not None, "there is no PostgreSQL server to start"
    log = a_full_log(kafka)
    with server(folder, within=disk.folder) as postgresql:
        store = postgresql.new_database()
        disk.fill(left_bytes=2 * 2**20)

        def make_room() -> None:
            disk.make_room()
            if not postgresql.is_running():  # it may end where it cannot write its log
                postgresql.kill()
                postgresql.start()

        with started(tmp_path / "log", "record", "--log", log, "--store", store, **environment()) as recorder:
            check_that_it_waits_and_goes_on(recorder, log, store, make_room=make_room)
        assert "No space left on device" in postgresql.said()
        assert (
            len(recorder.said(WAITS)) <= 4
        )  # each reason once: that there is no room, and how the server goes and comes
        assert lineage("dump", "--store", store) == known


def test_a_broker_has_no_room(disk: SmallDisk, known: bytes, tmp_path: Path) -> None:
    libraries = installed("kafka")
    assert libraries is not None, "there is no broker to start: make servers"
    store, folder = f"sqlite:///{tmp_path / 'lineage.db'}", disk.folder / "kafka"
    folder.mkdir()
    with kafka_server(libraries, folder) as kafka:
        log = f"kafka://{kafka.bootstrap}/{kafka.new_topic()}"
        prepare(access_of(log))
        disk.fill(left_bytes=2**18)
        with (
            started(tmp_path / "log", "record", "--log", log, "--store", store, **environment()) as recorder,
            KafkaWriter(access_of(log), max_entries=len(STORY), closing_seconds=DEADLINE_SECONDS) as writer,
        ):
            for item in STORY:
                writer.append(observed(item))
            assert comes_true(lambda: writer.outage.reason is not None, deadline_seconds=DEADLINE_SECONDS)
            assert comes_true(lambda: recorder.status("/readyz") == 503)
            disk.make_room()
            kafka.kill()  # a broker whose only disk fails ends by itself
            kafka.start()
            assert comes_true(lambda: len(writer) == 0, deadline_seconds=DEADLINE_SECONDS)
            assert comes_true(lambda: recorded_positions(store) == ends_of(log), deadline_seconds=DEADLINE_SECONDS)
            assert recorder.end() == 0
    assert lineage("dump", "--store", store) == known
