"""Judging runs as they end, and sending what is to be told, again and again.

It knows neither SQL nor HTTP: the store and what sends come in as arguments. What it found stands in the store with how
far it has come, in one transaction, so a restart neither repeats nor misses; any number may run side by side, as an
alert is found under the same key by all of them, and is sent by who took it.

A run is judged when it is seen to have ended, and again a little later: metrics come from objects that are looked at
after their run. Rules say the same of it each time, under the same keys.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Final, TypeAlias

import structlog

from lineage.alerting import Evaluation
from lineage.alerts import AlertKept, AlertMark, Rule, event_of
from lineage.errors import LineageError, SchemaOutdated
from lineage.identity import Key
from lineage.limits import shortened
from lineage.outage import Outage
from lineage.ports import EVERYTHING, LineageStore
from lineage.trends.directions import Directions

Send: TypeAlias = Callable[[bytes], str | None]
"""Sends an event. Says why it was not taken, in words that hold no secret; None where it was."""

AGAIN: Final = (timedelta(0), timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=1))
"""When a run is judged, after it was first seen to have ended. At the last of these its tier is, too."""
LATE: Final = timedelta(hours=6)
"""Up to so long after its end a run may be recorded, and is judged. What is recorded later is history."""
SLOTS_EVERY: Final = timedelta(minutes=1)
MARKED_EVERY: Final = timedelta(minutes=1)
MOST_AT_ONCE: Final = 100  # runs that are judged in one round: audits of so many take some seconds
TAKEN: Final = 8  # alerts a time
LEASE: Final = timedelta(
    minutes=15
)  # longer than so many sends take, half a minute each, and their names as long again
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)
GIVEN_UP: Final = timedelta(days=1)
IDLE_SECONDS: Final = 5.0  # between two questions for what has ended
RETRY_SECONDS: Final = 10.0  # while the store fails

log = structlog.get_logger(__name__)

_Ended: TypeAlias = tuple[Key, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A run that is judged again: since when it is known, and how often it was judged."""

    since: datetime
    judged: int = 0

    @property
    def due_at(self) -> datetime:
        return self.since + AGAIN[self.judged]


class Alerter:
    """Follows rules. `outage` says whether it waits for the store, `sending` whether for who should take alerts."""

    def __init__(
        self,
        store: LineageStore,
        rules: Sequence[Rule],
        send: Send,
        *,
        clock: Callable[[], datetime],
        directions: Directions,
    ) -> None:
        self._store = store
        self._rules = rules
        self._send = send
        self._clock = clock
        self._directions = directions
        self._waiting: dict[_Ended, _Waiting] = {}
        self._done: set[_Ended] = set()
        self._slots_at: datetime | None = None
        self.outage = Outage(begins="store cannot be asked what has ended, waiting for it", ends="store answers again")
        self.sending = Outage(begins="alerts are not taken, they are sent again", ends="alerts are taken again")

    def run(self, stop: Event) -> None:
        """Follow the rules until `stop` is set, to the end of what is being sent.

        Raises:
            SchemaOutdated: another release has migrated the store.
        """
        while not stop.is_set():
            try:
                busy = any([self.judge(), self.send_due(stop)])  # both: what waits to be judged holds up no alert
            except SchemaOutdated:
                raise
            except LineageError as error:
                self.outage.goes_on(str(error))
                stop.wait(RETRY_SECONDS)
            else:
                self.outage.is_over()
                if not busy:
                    stop.wait(IDLE_SECONDS)

    # -- judging
    def judge(self) -> bool:
        """Judge what has ended and is due, and what was missed. Says whether there is more of it.

        Raises:
            StoreError: nothing of it is done.
        """
        now = self._clock()
        marks = self._marks(now)
        since = min([now - LATE, *(mark.until for mark in marks.values())])
        waiting = self._known(now, since)
        due = [one for one, state in waiting.items() if state.due_at <= now][:MOST_AT_ONCE]
        settled = {one for one in due if waiting[one].judged == len(AGAIN) - 1}
        asks_slots = self._slots_at is None or self._slots_at + SLOTS_EVERY <= now
        evaluation = Evaluation(self._store, self._rules, marks, self._directions, now=now)
        found = evaluation.of_runs([key for key, _ in due], {key for key, _ in settled}) if due else []
        if asks_slots:
            found += evaluation.of_slots(since=since)
        for one in due:
            state = waiting.pop(one)
            if one not in settled:
                waiting[one] = _Waiting(since=state.since, judged=state.judged + 1)
        until = min([now - LATE, *(at for _, at in waiting)])
        # Where nothing was found the marks may stay behind for a while: then more is judged again after a restart.
        if found or until - min(mark.until for mark in marks.values()) >= MARKED_EVERY:
            added = self._store.keep_alerts(found, {rule.name: until for rule in self._rules}, now=now)
        else:
            added = ()
        # From here on it is in the store.
        self._waiting = waiting
        self._done = {one for one in self._done | settled if one[1] >= since}
        self._slots_at = now if asks_slots else self._slots_at
        for alert, is_new in zip(found, added, strict=True):
            if is_new:
                log.info("alert found", rule=alert.rule, kind=alert.kind.value, alert=alert.key)
        return len(due) == MOST_AT_ONCE

    def _marks(self, now: datetime) -> dict[str, AlertMark]:
        """How far rules have been followed; those that are new begin now."""
        names = [rule.name for rule in self._rules]
        found = self._store.alert_marks(names)
        if missing := [name for name in names if name not in found]:
            self._store.keep_alerts([], dict.fromkeys(missing, now), now=now)
            found = self._store.alert_marks(names)
        return dict(found)

    def _known(self, now: datetime, since: datetime) -> dict[_Ended, _Waiting]:
        """The runs that are judged again, and those that have ended since they were last asked for."""
        found = dict(self._waiting)
        for one in self._store.ended(EVERYTHING, since=since):
            if one not in self._done:
                found.setdefault(one, _Waiting(since=now))
        return found

    # -- sending
    def send_due(self, stop: Event) -> bool:
        """Send what is due. Says whether there was anything.

        Raises:
            StoreError: what was sent and not noted is sent again, as the same event.
        """
        now = self._clock()
        due = self._store.take_due_alerts(now=now, until=now + LEASE, limit=TAKEN)
        for kept in due:
            if stop.is_set():
                break
            self._send_one(kept)
        return bool(due)

    def _send_one(self, kept: AlertKept) -> None:
        failure, key = self._send(event_of(kept.alert)), kept.alert.key
        now = self._clock()
        if failure is None:
            self._store.alert_tried(key, at=now, failure=None, next_try_at=None)
            self.sending.is_over()
            log.info("alert sent", rule=kept.alert.rule, alert=key, tried=kept.tried + 1)
            return
        self.sending.goes_on(failure)
        next_try_at = next_try(kept, now)
        why = shortened(failure if next_try_at is not None else f"given up after a day: {failure}")
        self._store.alert_tried(key, at=now, failure=why, next_try_at=next_try_at)
        if next_try_at is None:
            log.warning("alert given up", rule=kept.alert.rule, alert=key, error=failure)


def next_try(kept: AlertKept, now: datetime) -> datetime | None:
    """Say when an alert that was not taken is sent again: after pauses that double. None where a day has gone by since
    it was found."""
    if now - kept.found_at >= GIVEN_UP:
        return None
    doubled: timedelta = FIRST_PAUSE * (1 << min(kept.tried, 16))
    return now + min(doubled, LONGEST_PAUSE)
