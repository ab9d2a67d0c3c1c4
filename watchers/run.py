"""Watching: every source in every namespace, into the log.

The threads and the loops; the protocol is `watchers.reflector`, the way to the cluster `watchers.kube`. Knows no
store and no particular source.
"""

import random
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
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
from lineage.ports import EventLog
from lineage.redaction import Redactor
from watchers.observe import observe, unreadable
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
from watchers.source import KubernetesObject, Source

ALL_NAMESPACES: Final = "*"
STOP_SECONDS: Final = 10.0
_CALM_SECONDS: Final = 60.0  # a watcher that ran for so long before it failed starts its delays anew
_HEALTHY: Final = frozenset({SourceState.SYNCED, SourceState.SYNCING, SourceState.STOPPED})

log = structlog.get_logger(__name__)


class Watching:
    """One thread for each source and namespace; `namespaces` None is all of them, in one watch.

    What a thread sees it appends to `events`, which waits while it is full. A thread that meets trouble reports
    WAITING and begins again with a list: so nothing is lost, some is seen twice, and no other thread is stopped.
    `transport` is taken over: `stop` closes it.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        sources: Sequence[Source],
        namespaces: Sequence[str] | None,
        events: EventLog,
        cluster: str,
        redactor: Redactor,
        clock: Callable[[], datetime],
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        self._transport = transport
        self._sources = tuple(sources)
        self._namespaces: tuple[str | None, ...] = (None,) if namespaces is None else tuple(dict.fromkeys(namespaces))
        self._events = events
        self._cluster = cluster
        self._redactor = redactor
        self._clock = clock
        self._pace = pace
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to watch. Call it once."""
        self._threads = [
            threading.Thread(
                target=self._watch,
                args=(source, namespace),
                name=f"watch {source.resource.name} {namespace or ALL_NAMESPACES}",
                daemon=True,
            )
            for source in self._sources
            for namespace in self._namespaces
        ]
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

    # -- one thread
    def _watch(self, source: Source, namespace: str | None) -> None:
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
                    self._append(self._report(source, namespace, SourceState.WAITING, trouble))
                self._follow(source, namespace, trouble)
            # Whatever a log, a source or we ourselves do wrong: a watcher that dies would miss the cluster in
            # silence. A fresh list afterwards sees again whatever got lost on the way.
            except Exception as error:  # noqa: BLE001
                trouble = _describe(error)
                log.warning("watcher failed", error=trouble, **_place(source, namespace))
                if time.monotonic() - begun > _CALM_SECONDS:
                    backoff.reset()
                self._stopping.wait(backoff.next())
        self._say_goodbye(source, namespace)

    def _say_goodbye(self, source: Source, namespace: str | None) -> None:
        try:
            self._append(self._report(source, namespace, SourceState.STOPPED, None))
        # The loop is over and the log may be gone: there is nobody left to retry for.
        except Exception as error:  # noqa: BLE001
            log.warning("end of watching not recorded", error=_describe(error), **_place(source, namespace))

    def _follow(self, source: Source, namespace: str | None, trouble: str | None) -> None:
        """Follow one resource; `trouble` is why it is begun anew."""
        reflector = Reflector(
            self._transport,
            source.resource,
            namespace,
            wait=self._wait,
            uniform=random.uniform,
            monotonic=time.monotonic,
            pace=self._pace,
        )
        listed_at = self._clock()
        for event in reflector.events():
            if isinstance(event, Listed):
                listed_at = self._clock()
            told = replace(event, reason=trouble) if isinstance(event, Listed) and event.reason is None else event
            self._append(self._observation(source, namespace, told, listed_at))

    def _wait(self, seconds: float) -> bool:
        return self._stopping.wait(seconds) if seconds > 0 else self._stopping.is_set()

    def _append(self, observation: Observation) -> None:
        self._events.append(observation)

    # -- from what the reflector says to what the log holds
    def _observation(
        self, source: Source, namespace: str | None, event: ReflectorEvent, listed_at: datetime
    ) -> Observation:
        """Make the observation of an event; `listed_at` is when all that exists was listed last."""
        match event:
            case Changed():
                return self._seen(source, event.object)
            case Deleted():
                return ObjectDeleted(source=source.name, cluster=self._cluster, seen_at=self._clock(), uid=event.uid)
            case Listed():
                return ResourceListed(
                    source=source.name,
                    cluster=self._cluster,
                    seen_at=listed_at,
                    resource_version=event.resource_version,
                    uids=event.uids,
                    versions=event.versions,
                    born=event.born,
                    reason=event.reason,
                    **_place(source, namespace),
                )
            case Reached():
                return ResourceFollowed(
                    source=source.name,
                    cluster=self._cluster,
                    seen_at=self._clock(),
                    since=event.since,
                    since_at=listed_at,
                    until=event.resource_version,
                    objects=event.objects,
                    **_place(source, namespace),
                )
            case StateChanged():
                return self._report(source, namespace, event.state, event.message)
            case _:
                assert_never(event)

    def _seen(self, source: Source, item: KubernetesObject) -> Observation:
        """Make the observation of an object, or of the fact that it cannot be read."""
        seen_at = self._clock()
        try:
            return observe(item, source, cluster=self._cluster, seen_at=seen_at, redactor=self._redactor)
        except InvalidObservation as error:
            reason = str(error)
        # A source that stumbles over one object must not keep all others of its kind from being seen: begun
        # again, it would stumble over the same one for ever.
        except Exception as error:  # noqa: BLE001
            reason = _describe(error)
            log.warning("object not understood", source=source.name, error=reason)
        return unreadable(item, source, cluster=self._cluster, seen_at=seen_at, reason=reason)

    def _report(self, source: Source, namespace: str | None, state: SourceState, message: str | None) -> SourceReported:
        where = _place(source, namespace)
        say = log.info if state in _HEALTHY else log.warning
        say("source state changed", state=state.value, message=message, **where)
        return SourceReported(
            source=source.name,
            cluster=self._cluster,
            seen_at=self._clock(),
            state=state.value,
            message=message,
            **where,
        )


def _place(source: Source, namespace: str | None) -> dict[str, str]:
    return {"resource": source.resource.name, "namespace": namespace or ALL_NAMESPACES}


def _describe(error: Exception) -> str:
    """Say what went wrong. The words of a foreign error may quote an object, and its secrets: only its type and
    place are told."""
    if isinstance(error, LineageError):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
