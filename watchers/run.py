"""Watching: every source in every namespace, into the log, each object about once a second at most.

The threads and the loops; the protocol is `watchers.reflector`, the way to the cluster `watchers.kube`. Knows no
store and no particular source.
"""

import random
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, assert_never

import structlog

from lineage.errors import InvalidObservation, LineageError
from lineage.model import SourceState
from lineage.observation import (
    ObjectDeleted,
    Observation,
    ResourceFollowed,
    ResourceListed,
    SourceReported,
)
from lineage.ports import LogWriter
from lineage.redaction import Redactor, struck_text
from lineage.remembering import LastViews
from watchers.coalescing import INTERVAL_SECONDS, MAX_BYTES, Coalescer, View
from watchers.observe import Observer
from watchers.parts import View as RememberedView
from watchers.reflector import (
    DEFAULT_PACE,
    Backoff,
    Changed,
    Deleted,
    Listed,
    Pace,
    Reached,
    Reflector,
    ReflectorEvent,
    StateChanged,
    Transport,
)
from watchers.sent import Sent
from watchers.source import Source

ALL_NAMESPACES: Final = "*"
STOP_SECONDS: Final = 10.0
_CALM_SECONDS: Final = 60.0  # a watcher that ran for so long before it failed starts its delays anew
_LOOK_SECONDS: Final = 0.1  # between looks at what waits: so much later than due it may be handed on
HEALTHY: Final = frozenset({SourceState.SYNCED, SourceState.SYNCING, SourceState.STOPPED})

log = structlog.get_logger(__name__)


class Watching:
    """One thread for each source and namespace; `namespaces` None is all of them, in one watch.

    What a thread sees it appends to `events`, which waits while it is full. A thread that meets trouble reports
    WAITING and begins again with a list: so nothing is lost, some is seen twice, and no other thread is stopped.
    One more thread hands on what waits, as `watchers.coalescing` says, `interval_seconds` after the view before it.
    `transport` is taken over: `stop` closes it. `on_append` is told, on any of the threads, of what was appended;
    `completed` puts into a view, before it is observed, what of it the cluster has no room for.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        sources: Sequence[Source],
        namespaces: Sequence[str] | None,
        events: LogWriter,
        cluster: str,
        redactor: Redactor,
        clock: Callable[[], datetime],
        pace: Pace = DEFAULT_PACE,
        interval_seconds: float = INTERVAL_SECONDS,
        on_append: Callable[[Observation], None] = lambda _observation: None,
        completed: Callable[[Sent], Sent] = lambda sent: sent,
    ) -> None:
        self._transport = transport
        scopes: tuple[str | None, ...] = (None,) if namespaces is None else tuple(dict.fromkeys(namespaces))
        held_bytes = MAX_BYTES // max(1, len(sources) * len(scopes))
        remembered = LastViews[RememberedView]()
        self._views = tuple(
            _Views(
                source,
                namespace,
                coalescer=Coalescer(interval_seconds=interval_seconds, max_bytes=held_bytes),
                observer=Observer(source, cluster=cluster, redactor=redactor, views=remembered),
                append=self._append,
                completed=completed,
            )
            for source in sources
            for namespace in scopes
        )
        self._events = events
        self._cluster = cluster
        self._clock = clock
        self._pace = pace
        self._on_append = on_append
        self._states: dict[tuple[str, str], SourceState] = {}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to watch. Call it once."""
        self._threads = [
            threading.Thread(
                target=self._watch,
                args=(views,),
                name=f"watch {views.source.resource.name} {views.namespace or ALL_NAMESPACES}",
                daemon=True,
            )
            for views in self._views
        ]
        self._threads.append(threading.Thread(target=self._hand_on, name="watch what waits", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self, *, timeout_seconds: float = STOP_SECONDS) -> bool:
        """End every watch at once and wait for the threads; False if one is still waiting for a full log."""
        self._stopping.set()
        self._transport.close()
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def is_alive(self) -> bool:
        """Whether every thread that was started still runs."""
        return all(thread.is_alive() for thread in self._threads)

    def states(self) -> Mapping[tuple[str, str], SourceState]:
        """Say how each resource fares in each namespace that is watched: SYNCING until something else is known."""
        watched = [(views.place["resource"], views.place["namespace"]) for views in self._views]
        return {place: self._states.get(place, SourceState.SYNCING) for place in watched}

    # -- one thread
    def _watch(self, views: "_Views") -> None:
        """Follow one resource until stopped, whatever happens."""
        backoff = Backoff(
            first_seconds=self._pace.first_delay_seconds,
            longest_seconds=self._pace.longest_delay_seconds,
            uniform=random.uniform,
        )
        trouble: str | None = None
        while not self._stopping.is_set():
            begun = time.monotonic()
            try:
                if trouble is not None:
                    self._append(self._report(views, SourceState.WAITING, trouble))
                self._follow(views, trouble)
            # Whatever a log, a source or we ourselves do wrong: a watcher that dies would miss the cluster in
            # silence. A fresh list afterwards sees again whatever got lost on the way.
            except Exception as error:  # noqa: BLE001
                trouble = describe(error)
                log.warning("watcher failed", error=trouble, **views.place)
                if time.monotonic() - begun > _CALM_SECONDS:
                    backoff.reset()
                self._stopping.wait(backoff.next())
        self._say_goodbye(views)

    def _say_goodbye(self, views: "_Views") -> None:
        try:
            views.hand_on_everything()
            self._append(self._report(views, SourceState.STOPPED, None))
        # The loop is over and the log may be gone: there is nobody left to retry for.
        except Exception as error:  # noqa: BLE001
            log.warning("end of watching not recorded", error=describe(error), **views.place)

    def _hand_on(self) -> None:
        """Hand on what waits, for threads that are busy waiting for more."""
        while not self._stopping.wait(_LOOK_SECONDS):
            for views in self._views:
                try:
                    views.hand_on_due()
                # What could not be appended stays due, and is tried again.
                except Exception as error:  # noqa: BLE001
                    log.warning("views not handed on", error=describe(error), **views.place)

    def _follow(self, views: "_Views", trouble: str | None) -> None:
        """Follow one resource; `trouble` is why it is begun anew."""
        reflector = Reflector(
            self._transport,
            views.source.resource,
            views.namespace,
            head=views.source.head,
            wait=self._wait,
            uniform=random.uniform,
            monotonic=time.monotonic,
            pace=self._pace,
        )
        listed_at = self._clock()
        for event in reflector.events():
            if isinstance(event, Listed):
                listed_at = self._clock()
            self._take(views, event, listed_at, trouble)

    def _wait(self, seconds: float) -> bool:
        return self._stopping.wait(seconds) if seconds > 0 else self._stopping.is_set()

    def _append(self, observation: Observation) -> None:
        self._events.append(observation)
        self._on_append(observation)

    # -- from what the reflector says to what the log holds
    def _take(self, views: "_Views", event: ReflectorEvent, listed_at: datetime, trouble: str | None) -> None:
        """Log what an event says. `listed_at`: when all that exists was listed last; `trouble`: why anew, unless the
        event knows."""
        source = views.source.name
        match event:
            case Changed():
                views.take(View(sent=event.sent, seen_at=self._clock()))
            case Deleted():
                views.end(event.uid)
                self._append(ObjectDeleted(source=source, cluster=self._cluster, seen_at=self._clock(), uid=event.uid))
            case Listed():
                views.hand_on_everything()
                self._append(
                    ResourceListed(
                        source=source,
                        cluster=self._cluster,
                        seen_at=listed_at,
                        resource_version=event.resource_version,
                        uids=event.uids,
                        versions=event.versions,
                        born=event.born,
                        reason=event.reason or trouble,
                        sent_after=self._time_of(event.sent_after),
                        **views.place,
                    )
                )
            case Reached():
                views.hand_on_everything()  # what still waits was not observed
                self._append(
                    ResourceFollowed(
                        source=source,
                        cluster=self._cluster,
                        seen_at=self._clock(),
                        since=event.since,
                        since_at=listed_at,
                        until=event.resource_version,
                        objects=event.objects,
                        sent_after=self._time_of(event.sent_after),
                        **views.place,
                    )
                )
            case StateChanged():
                self._append(self._report(views, event.state, event.message))
            case _:
                assert_never(event)

    def _time_of(self, moment: float) -> datetime:
        """When a moment of `time.monotonic` was."""
        return self._clock() - timedelta(seconds=time.monotonic() - moment)

    def _report(self, views: "_Views", state: SourceState, message: str | None) -> SourceReported:
        message = None if message is None else struck_text(message)  # it may quote an answer
        say = log.info if state in HEALTHY else log.warning
        self._states[views.place["resource"], views.place["namespace"]] = state
        say("source state changed", state=state.value, message=message, **views.place)
        return SourceReported(
            source=views.source.name,
            cluster=self._cluster,
            seen_at=self._clock(),
            state=state.value,
            message=message,
            **views.place,
        )


class _Views:
    """The views of one source's objects in one namespace, on their way into the log. Safe among threads."""

    def __init__(
        self,
        source: Source,
        namespace: str | None,
        *,
        coalescer: Coalescer,
        observer: Observer,
        append: Callable[[Observation], None],
        completed: Callable[[Sent], Sent],
    ) -> None:
        self.source = source
        self.namespace = namespace
        self._coalescer = coalescer
        self._observer = observer
        self._append = append
        self._completed = completed
        self._lock = threading.Lock()

    @property
    def place(self) -> dict[str, str]:
        """Where they come from, in the words of a log."""
        return {"resource": self.source.resource.name, "namespace": self.namespace or ALL_NAMESPACES}

    def take(self, view: View) -> None:
        """Take a view, and hand on what is due of its object."""
        with self._lock:
            self._hand_on(self._coalescer.offer(view, time.monotonic()))

    def end(self, uid: str) -> None:
        """Hand on what waits of an object that is gone."""
        with self._lock:
            self._hand_on(self._coalescer.release(uid))
            self._observer.forget(uid)

    def hand_on_due(self) -> None:
        """Hand on what has waited long enough."""
        with self._lock:
            self._hand_on(self._coalescer.due(time.monotonic()))

    def hand_on_everything(self) -> None:
        """Hand on all that waits."""
        with self._lock:
            self._hand_on(self._coalescer.everything())

    def _hand_on(self, views: Sequence[View]) -> None:
        for view in views:
            self._append(self._seen(view))
            self._coalescer.handed(view, time.monotonic())

    def _seen(self, view: View) -> Observation:
        """Make the observation of an object, or of the fact that it cannot be read."""
        try:
            return self._observer.observe(self._completed(view.sent), seen_at=view.seen_at)
        except InvalidObservation as error:
            reason = str(error)
        # A source that stumbles over one object must not keep all others of its kind from being seen: begun
        # again, it would stumble over the same one for ever.
        except Exception as error:  # noqa: BLE001
            reason = describe(error)
            log.warning("object not understood", source=self.source.name, error=reason)
        return self._observer.unreadable(view.sent, seen_at=view.seen_at, reason=reason)


def describe(error: Exception) -> str:
    """Say what went wrong. The words of a foreign error may quote an object, and its secrets: only its type and
    place are told."""
    if isinstance(error, LineageError):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
