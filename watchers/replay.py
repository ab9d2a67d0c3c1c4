"""An API server that tells the story of recorded objects as it happened, at a chosen speed.

For the demo and for tests. What happened when is worked out by `watchers.timeline`; HTTP is spoken by
`watchers.apiserver`.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from lineage.errors import InvalidRequest
from watchers.apiserver import BOOKMARK_SECONDS, ApiServer
from watchers.source import Resource
from watchers.timeline import (
    PODS,
    WORKFLOWS,
    Change,
    ChangeType,
    Recording,
    recorded,
    resource_of,
    standing,
    timeline,
    with_times,
)
from watchers.world import World

__all__ = ["PODS", "WORKFLOWS", "Recording", "ReplayServer", "Times", "recorded", "timeline"]

_STOP_SECONDS: Final = 5.0
_Mover: TypeAlias = Callable[[datetime], datetime]


class Times(StrEnum):
    """What becomes of the times that objects carry.

    RECORDED: they stay. STARTING_NOW: the story begins when the server starts and is as long as it is told, so
    wall clock and objects agree; at a high speed, times fall into the same second. ENDING_NOW: durations stay as
    recorded, and the story ends at the moment in which its telling ends; until then objects lag behind the clock.
    Identities do not change, and neither do times within longer strings.
    """

    RECORDED = "RECORDED"
    STARTING_NOW = "STARTING_NOW"
    ENDING_NOW = "ENDING_NOW"


class ReplayServer:
    """Serves a world, and tells a story in it.

    `speed` is a multiple of real time; `math.inf` tells everything at once. `ttl` deletes Workflows so long after
    their end. What happened before `begins_at` has happened when it starts: all that it left is in the first list.
    `resources` are served beside those of the recordings; those in `forbidden` answer 403. `finished`
    is set when the story has been told. `api` has the faults, `world` the objects.
    """

    def __init__(
        self,
        recordings: Sequence[Recording] = (),
        *,
        speed: float = 1.0,
        times: Times = Times.RECORDED,
        ttl: timedelta | None = None,
        begins_at: datetime | None = None,
        resources: Sequence[Resource] = (WORKFLOWS, PODS),
        forbidden: Sequence[Resource] = (),
        bookmark_seconds: float = BOOKMARK_SECONDS,
        port: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not speed > 0:
            raise InvalidRequest(f"speed is {speed}, expected more than 0 (inf tells everything at once)")
        self.world = World()
        self.api = ApiServer(
            self.world,
            resources=(*resources, *(resource_of(recording) for recording in recordings)),
            bookmark_seconds=bookmark_seconds,
            port=port,
        )
        for resource in forbidden:
            self.api.faults.forbid(resource)
        self.finished = threading.Event()
        self._recordings = tuple(recordings)
        self._speed = speed
        self._times = times
        self._ttl = ttl
        self._begins_at = begins_at
        self._clock = clock
        self._teller: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address; known once started."""
        return self.api.url

    def start(self) -> None:
        """Listen, and begin to tell."""
        changes = timeline(self._recordings, ttl=self._ttl)
        told = [change for change in changes if self._begins_at is None or change.time >= self._begins_at]
        moved = self._moved(told)
        for change in standing(changes[: len(changes) - len(told)]):
            self._happen(change, moved)
        self.api.start()
        self._teller = threading.Thread(target=self._tell, args=(told, moved), name="replay story", daemon=True)
        self._teller.start()

    def stop(self) -> None:
        """Break off story and connections, and stop listening."""
        self.api.stop()
        if self._teller is not None:
            self._teller.join(_STOP_SECONDS)

    def _moved(self, changes: Sequence[Change]) -> _Mover | None:
        if not changes:
            return None
        first = self._begins_at or changes[0].time
        return _mover(self._times, first=first, last=changes[-1].time, speed=self._speed, now=self._clock())

    def _tell(self, changes: Sequence[Change], moved: _Mover | None) -> None:
        if changes:
            begun, first = time.monotonic(), self._begins_at or changes[0].time
            for change in changes:
                due = begun + (change.time - first).total_seconds() / self._speed
                if self.api.stopping.wait(max(0.0, due - time.monotonic())):
                    return
                self._happen(change, moved)
        self.finished.set()

    def _happen(self, change: Change, moved: _Mover | None) -> None:
        metadata = change.object["metadata"]
        if change.type is ChangeType.DELETED:
            self.world.delete(change.resource, str(metadata.get("namespace") or ""), str(metadata["name"]))
        else:
            self.world.put(change.resource, with_times(change.object, moved) if moved else change.object)


def _mover(times: Times, *, first: datetime, last: datetime, speed: float, now: datetime) -> _Mover | None:
    """Make the function that moves recorded times; None leaves them."""
    told_in = timedelta(0) if math.isinf(speed) else (last - first) / speed
    match times:
        case Times.RECORDED:
            return None
        case Times.STARTING_NOW:
            return lambda t: now + (timedelta(0) if math.isinf(speed) else (t - first) / speed)
        case Times.ENDING_NOW:
            # Whole seconds, so that no time is rounded and durations stay exactly as recorded.
            shift = timedelta(seconds=math.floor((now + told_in - last).total_seconds()))
            return lambda t: t + shift
