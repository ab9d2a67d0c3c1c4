"""A store that has no room: its recorder waits, says so once, and goes on by itself.

A quota stands for a disk here, which any user may set; `tests/soak/test_full_disks.py` has real ones.
"""

from pathlib import Path

from lineage.eventlog.kafka import KafkaWriter, access_of, prepare
from lineage.store import migrate
from tests.chaos import ends_of, environment, lineage, recorded_positions, story, undisturbed
from tests.factories import observed
from tests.kafka_server import KafkaServer
from tests.probed import started
from tests.waiting import comes_true

WORKFLOWS = 300
QUOTA_BYTES = 600_000  # the tables take about so much before anything is in them


def test_a_recorder_whose_store_has_no_room_waits_says_so_once_and_goes_on_by_itself(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    log, store = f"kafka://{kafka.bootstrap}/{kafka.new_topic()}", f"sqlite:///{tmp_path / 'lineage.db'}"
    objects = list(story(WORKFLOWS))
    migrate(store)
    prepare(access_of(log))
    with (
        started(tmp_path / "log", "record", "--log", log, "--store", store, **environment()) as recorder,
        KafkaWriter(access_of(log)) as writer,
    ):
        recorder.limit_files(QUOTA_BYTES)
        for item in objects:
            writer.append(observed(item))
        assert comes_true(lambda: recorder.checks()["recording"] == "the store does not take it; the log says why")
        assert recorder.status("/readyz") == 503
        assert recorder.status("/healthz") == 200
        assert comes_true(lambda: recorder.scraped('lineage_waiting_seconds{for="store"}') > 1)
        assert recorded_positions(store) != ends_of(log)
        recorder.limit_files(-1)
        assert comes_true(lambda: recorded_positions(store) == ends_of(log))
        assert comes_true(lambda: recorder.status("/readyz") == 200)
        assert recorder.scraped('lineage_objects_recorded_total{outcome="rejected"}') == 0
        assert recorder.end() == 0
    assert recorder.said("store does not take what was seen, waiting for it") == [f"{store}: disk I/O error"]
    assert recorder.said("store takes what was seen again") == [""]
    assert lineage("dump", "--store", store) == undisturbed(objects, tmp_path)
