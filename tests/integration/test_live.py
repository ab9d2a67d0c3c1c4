"""What is followed live is what everyone who saw every change would know: the whole way, over real sockets."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import orjson
import pytest

from lineage.eventlog.memory import MemoryLog
from lineage.observation import Observation
from lineage.ports import LineageStore
from lineage.recorder import Recorder
from lineage.store.database import migrate, open_store
from lineage.store.sql import SqlStore
from tests.factories import CLUSTER, REDACTOR, a_store, deleted, dumped, interpreted, observed
from tests.waiting import DEADLINE_SECONDS, comes_true
from watchers.demo import recordings
from watchers.kube import connect
from watchers.replay import Recording, ReplayServer, recorded
from watchers.run import Watching
from watchers.sources import watched_sources
from watchers.timeline import ChangeType, timeline

SPEED = 240.0  # the demo's eleven minutes in under three seconds


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """A store in a file: one in memory has one connection, and here one thread writes while another reads."""
    url = f"sqlite:///{tmp_path / 'live.db'}"
    migrate(url)
    opened = open_store(url)
    yield opened
    opened.close()


@contextmanager
def following(server: ReplayServer, store: LineageStore) -> Iterator[None]:
    """Watch a server and record what it shows."""
    log = MemoryLog("live")
    recorder = Recorder(log, store, interpreted, key_ids=[REDACTOR.key_id], clock=now)
    watching = Watching(
        transport=connect(url=server.url),
        sources=watched_sources(),
        namespaces=None,
        events=log,
        cluster=CLUSTER,
        redactor=REDACTOR,
        clock=now,
    )
    stop = Event()
    recording = Thread(target=recorder.run, args=(stop,))
    recording.start()
    watching.start()
    try:
        yield
    finally:
        watching.stop()
        stop.set()
        recording.join(DEADLINE_SECONDS)


def everything_that_happened(story: Sequence[Recording]) -> Iterator[Observation]:
    """Each change of a story as one who missed none would log it."""
    for number, change in enumerate(timeline(story), start=1):
        item = change.object
        if change.type is ChangeType.DELETED:
            yield deleted(item["metadata"]["uid"])
        else:
            metadata = {**item["metadata"], "resourceVersion": str(number)}
            yield observed({**item, "metadata": metadata})


def name_of(recording: Recording) -> tuple[str, str, str]:
    metadata = recording.object["metadata"]
    return recording.object["kind"], metadata.get("namespace", ""), metadata["name"]


def test_the_demo_followed_live_is_known_as_it_happened(store: SqlStore) -> None:
    story = recordings()
    server = ReplayServer(story, speed=SPEED)
    server.start()
    try:
        with following(server, store):
            assert server.finished.wait(DEADLINE_SECONDS)
            expected = dumped(a_store(*everything_that_happened(story)))
            assert comes_true(lambda: dumped(store) == expected)
    finally:
        server.stop()


def test_recorded_objects_followed_live_are_known_as_from_files(store: SqlStore, fixtures: Path) -> None:
    found = [
        recording
        for folder in ("argo-plain", "kfp-v1-synthetic", "kfp-v2-synthetic")
        for path in sorted((fixtures / folder).glob("*.json"))
        for recording in recorded([orjson.loads(path.read_bytes())])
        if recording.object["metadata"].get("uid")
    ]
    names = Counter(name_of(recording) for recording in found)
    story = [recording for recording in found if names[name_of(recording)] == 1]  # a name holds one object at a time
    server = ReplayServer(story, speed=math.inf)
    server.start()
    try:
        with following(server, store):
            assert server.finished.wait(DEADLINE_SECONDS)
            expected = dumped(a_store(*(recording.object for recording in story)))
            assert comes_true(lambda: dumped(store) == expected)
    finally:
        server.stop()
