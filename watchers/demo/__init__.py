"""The demo: recorded workflows of our own, and an API server that replays them.

What the story is, is written in `story.py`, and what was over when it begins, in `nights.py`; how Argo and Kubeflow
Pipelines would have written it down is the business of `nodes.py` and `manifests.py`, how Katib would, of `tuning.py`,
and KServe, of `serving.py`; what its steps leave in the object store, of `bucket.py`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from watchers.demo.bucket import Bucket, stored
from watchers.demo.manifests import record, record_schedule
from watchers.demo.nights import PAST
from watchers.demo.serving import record_serving
from watchers.demo.story import RUNS, TUNING, Run
from watchers.demo.tuning import record_tuning
from watchers.replay import ReplayServer
from watchers.sources import watched_sources
from watchers.timeline import Recording, timeline

__all__ = ["DEMO_SPEED", "DEMO_START", "demo_server", "recordings", "recordings_with_past"]

DEMO_START: Final = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
DEMO_SPEED: Final = 12.0  # 12 minutes in one


def recordings(start: datetime = DEMO_START) -> tuple[Recording, ...]:
    """Record the story of the demo as it would have happened from `start` on, which is a whole minute.

    Names that hold a time (those of scheduled runs) hold the right one.
    """
    return _recorded(RUNS, start)


def recordings_with_past(start: datetime = DEMO_START) -> tuple[Recording, ...]:
    """Record the story, and the six weeks of nights before it, which are over at `start`."""
    return _recorded((*PAST, *RUNS), start)


def _recorded(story: Sequence[Run], start: datetime) -> tuple[Recording, ...]:
    runs = [recording for run in story for recording in record(run, start)]
    schedule = record_schedule(start, made_at=start + timedelta(seconds=min(run.begins for run in story)))
    return (*runs, *schedule, *record_tuning(TUNING, start, runs), *record_serving(start))


@contextmanager
def demo_server(*, folder: Path, speed: float | None = None) -> Iterator[ReplayServer]:
    """Serve the demo, `speed` times as fast as it happened, and fill a folder with what the steps write. It ends at
    about the time when it has been told. What was before it is over when the server starts."""
    speed = speed or DEMO_SPEED
    changes = timeline(recordings())
    length = changes[-1].time - changes[0].time
    start = (datetime.now(UTC) - length + length / speed).replace(second=0, microsecond=0)
    told = recordings_with_past(start)
    server = ReplayServer(
        told, speed=speed, begins_at=start, resources=[source.resource for source in watched_sources()]
    )
    bucket = Bucket(folder, stored(told, start), first=start, speed=speed)
    server.start()
    bucket.start()
    try:
        yield server
    finally:
        bucket.stop()
        server.stop()
