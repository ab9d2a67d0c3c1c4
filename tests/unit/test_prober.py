"""Looking at what is due: everything once, each look handed on, nothing lost where somebody fails or leaves."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from threading import Barrier, Event, Thread
from typing import Final

import pytest

from lineage import prober
from lineage.errors import StoreError
from lineage.eventlog.memory import MemoryLog
from lineage.evidence import Look
from lineage.identity import Location
from lineage.model import ArtifactState, LookDue
from lineage.observation import LocationLooked
from lineage.prober import AT_ONCE, LEASE, SOURCE, TAKEN, Prober
from tests.factories import RECORDED_AT, moment
from tests.fakes import FakeStore
from tests.waiting import comes_true

PRESENT: Final = Look(state=ArtifactState.PRESENT, size_bytes=1, etag="e")


class Queue(FakeStore):
    """Hands out places, each once; fails at first as often as it is told."""

    def __init__(self, places: int, *, failures: int = 0) -> None:
        super().__init__()
        self._places = [a_place(number) for number in range(places)]
        self._failures = failures
        self.leases: list[tuple[datetime, datetime, int]] = []

    def take_due_looks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[LookDue]:
        if self._failures:
            self._failures -= 1
            raise StoreError("the disk is full")
        self.leases.append((now, until, limit))
        taken, self._places = self._places[:limit], self._places[limit:]
        return taken


def a_place(number: int) -> LookDue:
    return LookDue(location=Location(store="minio", uri=f"s3://b/k{number}"), cluster="c", namespace="n")


@contextmanager
def probing(
    store: FakeStore,
    look: Callable[[LookDue], Look],
    events: MemoryLog,
    should_wait: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    stop = Event()
    prober = Prober(store, look, events, clock=lambda: RECORDED_AT, should_wait=should_wait)
    thread = Thread(target=prober.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def handed_on(events: MemoryLog) -> list[LocationLooked]:
    stretch = events.read(lambda _: None, limit=10_000, timeout_seconds=0)
    seen = [] if stretch is None else [entry.observation for entry in stretch.entries]
    return [one for one in seen if isinstance(one, LocationLooked)]


def test_what_is_due_is_looked_at_once_and_handed_on() -> None:
    store, events = Queue(TAKEN + 3), MemoryLog("log")
    with probing(store, lambda _: PRESENT, events):
        assert comes_true(lambda: len(events) == TAKEN + 3)
    looks = handed_on(events)
    assert [look.uri for look in looks] == [a_place(number).location.uri for number in range(TAKEN + 3)]
    assert looks[0] == LocationLooked(
        source=SOURCE, cluster="c", seen_at=RECORDED_AT, store="minio", uri="s3://b/k0", look=PRESENT
    )
    assert store.leases[0] == (RECORDED_AT, RECORDED_AT + LEASE, TAKEN)


def test_a_look_is_dated_by_when_it_began() -> None:
    times = iter(moment(number) for number in count())
    began = list[datetime]()

    def clock() -> datetime:
        began.append(next(times))
        return began[-1]

    def look(_: LookDue) -> Look:
        began.append(next(times))
        return PRESENT

    events, stop = MemoryLog("log"), Event()
    thread = Thread(target=Prober(Queue(1), look, events, clock=clock).run, args=(stop,), daemon=True)
    thread.start()
    assert comes_true(lambda: len(events) == 1)
    stop.set()
    thread.join(30)
    (seen,) = handed_on(events)
    assert [moment(number) for number in (0, 1, 2)] == began[:3]  # to take places, to begin, to look
    assert seen.seen_at == moment(1)


def test_several_are_looked_at_side_by_side() -> None:
    together = Barrier(AT_ONCE, timeout=30)

    def look(_: LookDue) -> Look:
        together.wait()
        return PRESENT

    events = MemoryLog("log")
    with probing(Queue(AT_ONCE), look, events):
        assert comes_true(lambda: len(events) == AT_ONCE)


def test_others_go_first_while_they_are_busy() -> None:
    store, events, busy = Queue(1), MemoryLog("log"), Event()
    busy.set()
    asked = Event()

    def should_wait() -> bool:
        asked.set()
        return busy.is_set()

    with probing(store, lambda _: PRESENT, events, should_wait):
        assert asked.wait(10)
        assert store.leases == []
        busy.clear()
        assert comes_true(lambda: len(events) == 1)


def test_a_store_that_fails_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prober, "RETRY_SECONDS", 0.01)
    events = MemoryLog("log")
    with probing(Queue(1, failures=3), lambda _: PRESENT, events):
        assert comes_true(lambda: len(events) == 1)


def test_an_object_that_we_fail_at_is_unverified_and_ends_nothing() -> None:
    def look(due: LookDue) -> Look:
        if due == a_place(0):
            raise RecursionError("too deep")
        return PRESENT

    events = MemoryLog("log")
    with probing(Queue(3), look, events):
        assert comes_true(lambda: len(events) == 3)
    failed, *others = handed_on(events)
    assert (failed.look.state, failed.uri) == (ArtifactState.UNVERIFIED, "s3://b/k0")
    assert "RecursionError while looking at it" in (failed.look.reason or "")
    assert [one.look for one in others] == [PRESENT, PRESENT]


def test_who_is_asked_to_stop_finishes_the_looks_under_way_and_begins_no_other() -> None:
    under_way, may_end, looked = Event(), Event(), list[LookDue]()

    def look(due: LookDue) -> Look:
        looked.append(due)
        under_way.set()
        may_end.wait(30)
        return PRESENT

    events, stop = MemoryLog("log"), Event()
    thread = Thread(target=Prober(Queue(TAKEN), look, events, clock=lambda: RECORDED_AT).run, args=(stop,), daemon=True)
    thread.start()
    assert under_way.wait(10)
    stop.set()
    may_end.set()
    thread.join(30)
    assert not thread.is_alive()
    assert len(handed_on(events)) == len(looked) < TAKEN
