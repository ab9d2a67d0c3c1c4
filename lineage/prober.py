"""Looking at what lies where artifacts should: it takes the places that are due, looks, and hands on what was seen.

It knows neither SQL nor S3 nor what carries the log: all come in as arguments. A look is an observation like any other:
it goes into the log, and once it is recorded the store says when the next one is due. Who takes places has them for a
while, so any number may look side by side, and what one of them leaves undone is due again.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event
from typing import Final, TypeAlias

from lineage.errors import SchemaOutdated, StoreError
from lineage.evidence import Look
from lineage.limits import shortened
from lineage.model import ArtifactState, LookDue
from lineage.observation import LocationLooked
from lineage.outage import Outage
from lineage.ports import LineageStore, LogWriter

LookAt: TypeAlias = Callable[[LookDue], Look]
"""Looks at a place. Whatever keeps it from seeing something is a look as well: UNVERIFIED, with the reason."""

_Seen: TypeAlias = tuple[datetime, Look]
SOURCE: Final = "objects"
AT_ONCE: Final = 8  # looks under way: most of one is waiting for a store
TAKEN: Final = 64  # places a time
LEASE: Final = timedelta(minutes=15)  # longer than as many looks take, 8 at once and a minute each: 8 minutes
IDLE_SECONDS: Final = 2.0  # between two questions for what is due: how soon after it was recorded an artifact is seen
RETRY_SECONDS: Final = 10.0  # while the store of what is known fails


class Prober:
    """Looks at what is due. `clock` says when it looks; while it `should_wait`, others go first. `outage` says whether
    it waits for the store of what is due."""

    def __init__(
        self,
        store: LineageStore,
        look: LookAt,
        events: LogWriter,
        *,
        clock: Callable[[], datetime],
        should_wait: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._look = look
        self._events = events
        self._clock = clock
        self._should_wait = should_wait
        self.outage = Outage(
            begins="store does not say what to look at, waiting for it", ends="store says what to look at again"
        )

    def run(self, stop: Event) -> None:
        """Look until `stop` is set, to the end of the looks under way.

        Raises:
            LogError: the log was closed.
            SchemaOutdated: another release has migrated the store.
        """
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="prober") as pool:
            while not stop.is_set():
                try:
                    looked = 0 if self._should_wait() else self._look_at_due(pool, stop)
                except SchemaOutdated:
                    raise
                except StoreError as error:
                    self.outage.goes_on(str(error))
                    stop.wait(RETRY_SECONDS)
                else:
                    self.outage.is_over()
                    if not looked:
                        stop.wait(IDLE_SECONDS)

    def _look_at_due(self, pool: ThreadPoolExecutor, stop: Event) -> int:
        now = self._clock()
        due = self._store.take_due_looks(now=now, until=now + LEASE, limit=TAKEN)
        for place, look in [(place, pool.submit(self._see, place, stop)) for place in due]:
            self._hand_on(place, look)
        return len(due)

    def _see(self, place: LookDue, stop: Event) -> _Seen | None:
        """Look, and say when that began: what is changed from then on, it may not have seen. None at the end."""
        return None if stop.is_set() else (self._clock(), self._look(place))

    def _hand_on(self, place: LookDue, look: "Future[_Seen | None]") -> None:
        """Hand on what a look saw. Objects are what others made of them: one that we fail at must not end it all."""
        error = look.exception()
        if error is not None:
            reason = f"{type(error).__name__} while looking at it, a defect of kfp-lineage: {error}"
            self._append(place, self._clock(), Look(state=ArtifactState.UNVERIFIED, reason=shortened(reason)))
        elif (seen := look.result()) is not None:
            self._append(place, *seen)

    def _append(self, place: LookDue, at: datetime, look: Look) -> None:
        self._events.append(seen_at(place, look, at))


def seen_at(place: LookDue, look: Look, at: datetime) -> LocationLooked:
    """Say what was seen at a place."""
    where = place.location
    return LocationLooked(source=SOURCE, cluster=place.cluster, seen_at=at, store=where.store, uri=where.uri, look=look)
