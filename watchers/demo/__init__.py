"""The demo: recorded workflows of our own, and an API server that replays them.

What the story is, is written in `story.py`; how Argo and Kubeflow Pipelines would have written it down is the business
of `nodes.py` and `manifests.py`, how Katib would, of `tuning.py`, and KServe, of `serving.py`; what its steps leave in
the object store, of `bucket.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from watchers.demo.bucket import Bucket, stored
from watchers.demo.manifests import record, record_schedule
from watchers.demo.serving import record_serving
from watchers.demo.story import RUNS, TUNING
from watchers.demo.tuning import record_tuning
from watchers.replay import ReplayServer
from watchers.sources import watched_sources
from watchers.timeline import Recording, timeline

__all__ = ["DEMO_SPEED", "DEMO_START", "demo_server", "recordings"]

DEMO_START: Final = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
DEMO_SPEED: Final = 12.0  # 12 minutes in one


def recordings(start: datetime = DEMO_START) -> tuple[Recording, ...]:
    """Record the story of the demo as it would have happened from `start` on, which is a whole minute.

    Names that hold a time (those of scheduled runs) hold the right one.
    """
    runs = [recording for run in RUNS for recording in record(run, start)]
    return (*runs, *record_schedule(start), *record_tuning(TUNING, start, runs), *record_serving(start))


@contextmanager
def demo_server(*, folder: Path, speed: float | None = None) -> Iterator[ReplayServer]:
    """Serve the demo, `speed` times as fast as it happened, and fill a folder with what the steps write. It ends at
    about the time when it has been told."""
    speed = speed or DEMO_SPEED
    changes = timeline(recordings())
    length = changes[-1].time - changes[0].time
    start = (datetime.now(UTC) - length + length / speed).replace(second=0, microsecond=0)
    told = recordings(start)
    server = ReplayServer(told, speed=speed, resources=[source.resource for source in watched_sources()])
    bucket = Bucket(folder, stored(told), first=timeline(told)[0].time, speed=speed)
    server.start()
    bucket.start()
    try:
        yield server
    finally:
        bucket.stop()
        server.stop()
