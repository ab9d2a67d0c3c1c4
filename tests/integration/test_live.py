"""What is followed live is what everyone who saw every change would know: the whole way, over real sockets."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import pytest

from lineage.observation import Observation
from lineage.store.sql import SqlStore
from tests.factories import a_store, deleted, dumped, observed
from tests.following import following, store_in
from tests.waiting import DEADLINE_SECONDS, comes_true
from watchers.demo import recordings
from watchers.kube import connect
from watchers.replay import Recording, ReplayServer, recorded
from watchers.sources import watched_sources
from watchers.timeline import ChangeType, timeline

SPEED = 240.0  # the demo's eleven minutes in under three seconds


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with store_in(tmp_path) as opened:
        yield opened


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
        with following(connect(url=server.url), store, watched_sources()):
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
        with following(connect(url=server.url), store, watched_sources()):
            assert server.finished.wait(DEADLINE_SECONDS)
            expected = dumped(a_store(*(recording.object for recording in story)))
            assert comes_true(lambda: dumped(store) == expected)
    finally:
        server.stop()
