"""Asking the services of Kubeflow: what they tell, into the log.

The thread and its loop; the protocol is `watchers.rounds`, the way there a client. Knows no store.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, assert_never

import structlog

from lineage.errors import InvalidObservation
from lineage.model import SourceState
from lineage.observation import Observation, SourceReported
from lineage.ports import LogWriter
from lineage.redaction import Redactor, struck_text
from watchers.observe import observe, unreadable
from watchers.reflector import Backoff
from watchers.rounds import DEFAULT_TEMPO, Handed, Poller, PollerEvent, Round, RoundState, Tempo, Told, places_of
from watchers.run import HEALTHY, STOP_SECONDS, describe
from watchers.source import Source

CALM_SECONDS: Final = 60.0  # one that ran for so long before it failed starts its delays anew

log = structlog.get_logger(__name__)


class Polling:
    """One thread that asks one service for what it tells.

    `rounds` says what there is to ask, given what was handed on; it is called again for a new beginning. `close` breaks
    off what is being asked, for ever. `sources` are those that understand what is told. `on_append` is told, on that
    thread, of what was appended.
    """

    def __init__(
        self,
        *,
        rounds: Callable[[Handed], Sequence[Round]],
        close: Callable[[], None],
        sources: Sequence[Source],
        events: LogWriter,
        cluster: str,
        redactor: Redactor,
        clock: Callable[[], datetime],
        tempo: Tempo = DEFAULT_TEMPO,
        on_append: Callable[[Observation], None] = lambda _observation: None,
    ) -> None:
        self._rounds = rounds
        self._close = close
        self._sources = {source.resource.name: source for source in sources}
        self._events = events
        self._cluster = cluster
        self._redactor = redactor
        self._clock = clock
        self._tempo = tempo
        self._on_append = on_append
        self._stopping = threading.Event()
        self._places = places_of(rounds(Handed()))
        self._states: dict[tuple[str, str], SourceState] = {}
        self._thread = threading.Thread(target=self._poll, name="ask Kubeflow", daemon=True)

    def start(self) -> None:
        """Begin to ask. Call it once."""
        self._thread.start()

    def stop(self, *, timeout_seconds: float = STOP_SECONDS) -> bool:
        """End at once and wait for the thread; False if it is still waiting for a full log."""
        self._stopping.set()
        self._close()
        if self._thread.is_alive():  # it may never have been started
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def states(self) -> Mapping[tuple[str, str], SourceState]:
        """Say how each resource fares in each namespace: SYNCING until something else is known."""
        return {place: self._states.get(place, SourceState.SYNCING) for place in self._places}

    # -- the thread
    def _poll(self) -> None:
        """Ask until stopped, whatever happens."""
        backoff = Backoff(
            first_seconds=self._tempo.first_delay_seconds,
            longest_seconds=self._tempo.longest_delay_seconds,
            uniform=random.uniform,
        )
        while not self._stopping.is_set():
            begun = time.monotonic()
            try:
                for event in self._poller().events():
                    self._take(event)
            # Whatever a log, an answer or we ourselves do wrong: who asks no more would miss everything in silence. A
            # new beginning asks again for what got lost on the way.
            except Exception as error:  # noqa: BLE001
                log.warning("asking failed", error=describe(error))
                if time.monotonic() - begun > CALM_SECONDS:
                    backoff.reset()
                self._stopping.wait(backoff.next())
        self._say_goodbye()

    def _say_goodbye(self) -> None:
        try:
            for resource, namespace in self._places:
                self._report(resource, namespace, SourceState.STOPPED, None)
        # The loop is over and the log may be gone: there is nobody left to retry for.
        except Exception as error:  # noqa: BLE001
            log.warning("end of asking not recorded", error=describe(error))

    def _poller(self) -> Poller:
        handed = Handed()
        return Poller(
            self._rounds(handed),
            handed,
            wait=self._wait,
            uniform=random.uniform,
            monotonic=time.monotonic,
            tempo=self._tempo,
        )

    def _wait(self, seconds: float) -> bool:
        return self._stopping.wait(seconds) if seconds > 0 else self._stopping.is_set()

    def _take(self, event: PollerEvent) -> None:
        match event:
            case Told():
                self._append(self._seen(event))
            case RoundState():
                self._report(event.resource.name, event.namespace, event.state, event.message)
            case _:
                assert_never(event)

    def _append(self, observation: Observation) -> None:
        self._events.append(observation)
        self._on_append(observation)

    def _seen(self, told: Told) -> Observation:
        """Make the observation of what was told, or of the fact that it cannot be read."""
        source, now = self._sources[told.resource.name], self._clock()
        if told.unreadable is not None:
            return unreadable(told.item, source, cluster=self._cluster, seen_at=now, reason=told.unreadable)
        try:
            return observe(told.item, source, cluster=self._cluster, seen_at=now, redactor=self._redactor)
        except InvalidObservation as error:
            return unreadable(told.item, source, cluster=self._cluster, seen_at=now, reason=str(error))

    def _report(self, resource: str, namespace: str, state: SourceState, message: str | None) -> None:
        message = None if message is None else struck_text(message)  # it may quote an answer
        say = log.info if state in HEALTHY else log.warning
        self._states[resource, namespace] = state
        say("source state changed", state=state.value, message=message, resource=resource, namespace=namespace)
        self._append(
            SourceReported(
                source=self._sources[resource].name,
                cluster=self._cluster,
                seen_at=self._clock(),
                resource=resource,
                namespace=namespace,
                state=state.value,
                message=message,
            )
        )
