"""Reads that have so much time: one endless statement ends, on every database, and harms nothing that comes after."""

from concurrent.futures import ThreadPoolExecutor
from threading import Timer
from time import monotonic

import pytest

from lineage.deadline import Deadline
from lineage.errors import DeadlineExceeded
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store.sql import SqlStore
from tests.factories import a_store, a_workflow

pytestmark = pytest.mark.usefixtures("database")

ENDLESS = "WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number) SELECT count(*) FROM number"
SHORT = "SELECT count(*) FROM run"
LONG = """WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < 300000)
    SELECT count(*) FROM number"""


def ask(store: SqlStore, statement: str) -> int:
    with store._reading() as connection:
        return int(connection.exec_driver_sql(statement).scalar_one())


def test_an_endless_statement_ends_when_the_time_is_over() -> None:
    store, begun = a_store(), monotonic()
    with pytest.raises(DeadlineExceeded, match=r"longer than 0\.2 seconds"):
        ask(store.within(Deadline(0.2)), ENDLESS)
    assert 0.2 <= monotonic() - begun < 10


def test_an_endless_statement_ends_when_its_deadline_is_ended_by_another() -> None:
    store, deadline, begun = a_store(), Deadline(600), monotonic()
    Timer(0.2, deadline.end).start()
    with pytest.raises(DeadlineExceeded):
        ask(store.within(deadline), ENDLESS)
    assert 0.2 <= monotonic() - begun < 10


def test_what_comes_after_a_read_is_not_interrupted_for_it() -> None:
    store = a_store(a_workflow())
    with ThreadPoolExecutor(1) as threads:
        for _ in range(20):
            deadline = Deadline(600)
            reading = threads.submit(ask, store.within(deadline), SHORT)
            deadline.end()
            assert reading.exception() is None or isinstance(reading.exception(), DeadlineExceeded)
            assert ask(store, LONG) == 300_000


def test_a_statement_that_is_done_in_time_is_answered() -> None:
    assert ask(a_store().within(Deadline(60)), LONG) == 300_000


def test_after_the_time_is_over_nothing_is_asked() -> None:
    with pytest.raises(DeadlineExceeded):
        a_store().within(Deadline(0)).runs(EVERYTHING, Listing(), PageRequest(first=1))


def test_the_limit_of_one_reader_is_not_that_of_the_next() -> None:
    store = a_store(a_workflow())
    with pytest.raises(DeadlineExceeded):
        ask(store.within(Deadline(0.05)), ENDLESS)
    assert ask(store, LONG) == 300_000
    assert len(store.runs(EVERYTHING, Listing(), PageRequest(first=1)).items) == 1
