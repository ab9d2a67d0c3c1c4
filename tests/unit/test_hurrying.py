"""Events hurry looks: of known places alone, in few questions however many come; a store that fails is asked later."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Event, Thread
from typing import Final

import pytest

from lineage import hurrying
from lineage.errors import StoreError
from lineage.hurrying import BATCH, BUFFER, Hurrier
from lineage.identity import Location
from lineage.model import LookDue
from tests.factories import RECORDED_AT
from tests.fakes import FakeStore
from tests.waiting import comes_true

ONE: Final = "s3://b/k"


class Waiting(FakeStore):
    """Knows places of some uris, in the stores `1` and `2`; fails at first as often as it is told."""

    def __init__(self, *known: str, failures: int = 0) -> None:
        super().__init__()
        self._places = [Location(store=store, uri=uri) for uri in known for store in ("1", "2")]
        self._failures = failures
        self.asked: list[Collection[str]] = []
        self.hurried: list[Location] = []

    def places_waiting(self, uris: Collection[str], *, now: datetime) -> Sequence[LookDue]:
        if self._failures:
            self._failures -= 1
            raise StoreError("the disk is full")
        self.asked.append(list(uris))
        known = [place for place in self._places if place.uri in uris]
        return [LookDue(location=place, cluster="c", namespace="n") for place in known]

    def hurry(self, locations: Collection[Location], *, now: datetime) -> int:
        assert now == RECORDED_AT
        self.hurried += locations
        return len(locations)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hurrying, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(hurrying, "RETRY_SECONDS", 0.01)


@contextmanager
def hurried_by(store: FakeStore, on_hurry: Callable[[int], None] = lambda _: None) -> Iterator[Hurrier]:
    """The teller 1 tells of the store `1`."""
    stop = Event()
    hurrier = Hurrier(
        store, lambda teller, place: place.location.store == str(teller), clock=lambda: RECORDED_AT, on_hurry=on_hurry
    )
    thread = Thread(target=hurrier.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield hurrier
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def test_a_known_place_is_hurried_in_the_store_that_told_of_it() -> None:
    store, counted = Waiting(ONE), list[int]()
    with hurried_by(store, counted.append) as hurrier:
        hurrier.hear(2, ["s3://b/another", ONE])
        assert comes_true(lambda: store.hurried == [Location(store="2", uri=ONE)])
    assert counted == [1]


def test_what_nobody_knows_is_looked_up_and_no_more() -> None:
    store = Waiting()
    with hurried_by(store) as hurrier:
        hurrier.hear(1, [ONE])
        assert comes_true(lambda: bool(store.asked))
    assert (store.asked, store.hurried) == ([[ONE]], [])


def test_what_is_told_often_is_hurried_once_and_once_more_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hurrying, "AGAIN_SECONDS", 0.5)
    store = Waiting(ONE)
    with hurried_by(store) as hurrier:
        for _ in range(1000):
            hurrier.hear(1, [ONE])
        assert comes_true(lambda: len(store.hurried) == 1)
        for _ in range(1000):
            hurrier.hear(1, [ONE])
        assert (len(store.hurried), len(hurrier)) == (1, 1)
        assert comes_true(lambda: len(store.hurried) == 2)
        assert len(hurrier) == 0


def test_a_storm_takes_few_questions_and_bounded_memory() -> None:
    store, longest = Waiting("s3://b/7", "s3://b/299999"), 0
    with hurried_by(store) as hurrier:
        for number in range(300_000):
            hurrier.hear(1, [f"s3://b/{number}"])
            longest = max(longest, len(hurrier)) if number % 100 == 0 else longest
        assert comes_true(lambda: len(hurrier) == 0)
        assert comes_true(lambda: len(store.hurried) == 2)
    assert longest <= BUFFER
    assert len(store.asked) < 2 * 300_000 / BATCH
    assert max(map(len, store.asked)) == BATCH


def test_a_store_that_fails_is_asked_again() -> None:
    store = Waiting(ONE, failures=3)
    with hurried_by(store) as hurrier:
        hurrier.hear(1, [ONE])
        assert comes_true(lambda: len(store.hurried) == 1)
    assert hurrier.outage.reason is None


def test_nobody_waits_for_what_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hurrying, "BUFFER", 1)

    def tell(hurrier: Hurrier) -> None:
        for number in range(100):
            hurrier.hear(1, [f"s3://b/{number}"])

    with hurried_by(Waiting(failures=10**9)) as hurrier:
        teller = Thread(target=tell, args=(hurrier,), daemon=True)
        teller.start()
        assert comes_true(lambda: len(hurrier) == 1)
    teller.join(30)
    assert not teller.is_alive()
    assert len(hurrier) == 0
