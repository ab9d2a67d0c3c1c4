"""The feed where several record at the same time, and how those who listen learn of it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from random import Random
from threading import Event, Thread
from time import monotonic
from typing import Any, Final

import pytest

from lineage.ports import EVERYTHING, Listener
from lineage.store import migrate, open_store
from lineage.store.codec import Bodies
from lineage.store.feed import announce
from lineage.store.locks import subjects_of
from lineage.store.sql import SqlStore
from lineage.store.writes import apply
from tests.contract.test_feed import run, told
from tests.factories import RECORDED_AT, KubernetesObject, deleted, facts_of, record, view_of
from tests.postgresql import Server
from tests.waiting import comes_true

ALL: Final = 1_000


# ------------------------------------------------------------------------------------------ several recorders
def _two_stores(postgresql: Server) -> tuple[SqlStore, SqlStore]:
    url = postgresql.new_database()
    return open_store(url), open_store(url)


def test_who_began_first_and_commits_last_is_not_missed(postgresql: Server) -> None:
    one, other = _two_stores(postgresql)
    with closing(one), closing(other):
        record(one, run(1), run(2))
        cursor = one.feed_end()
        with one._writing() as early:
            early.exec_driver_sql("UPDATE run SET display_name = 'early' WHERE name = 'w1'")
            record(other, run(2, version=2, phase="Failed"))
            found = other.changes(EVERYTHING, None, after=cursor, limit=ALL)
            assert [each.run.name for each in found.items] == ["w2"]
            ((first,),) = early.exec_driver_sql("SELECT id FROM run WHERE name = 'w1'").all()
            announce(early, one._dialect, [first])
        assert told(other, found.cursor) == ["w1"]


def test_nobody_sees_a_place_while_one_before_it_may_still_come(postgresql: Server) -> None:
    one, other = _two_stores(postgresql)
    with closing(one), closing(other), ThreadPoolExecutor(1) as pool:
        record(one, run(1), run(2))
        cursor = one.feed_end()
        with one._writing() as early:
            ((first,),) = early.exec_driver_sql("SELECT id FROM run WHERE name = 'w1'").all()
            announce(early, one._dialect, [first])
            late = pool.submit(record, other, run(2, version=2, phase="Failed"))
            assert comes_true(lambda: _waiting(one) == 1)
            assert told(one, cursor) == []
        late.result()
        assert told(one, cursor) == ["w1", "w2"]


def _waiting(store: SqlStore) -> int:
    with store._reading() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return int(found.scalar_one())


def test_a_deletion_and_the_first_view_of_a_run_at_the_same_time_do_not_miss_each_other(postgresql: Server) -> None:
    one, other = _two_stores(postgresql)
    with closing(one), closing(other), ThreadPoolExecutor(1) as pool:
        cursor = one.feed_end()
        with one._writing() as early:
            early.exec_driver_sql("SELECT place FROM feed FOR UPDATE")  # as one who tells of the run and is not done
            late = pool.submit(record, other, deleted("u1"))
            assert comes_true(lambda: _waiting(one) == 1)
            _record_within(early, one, run(1))
        late.result()
        found = one.changes(EVERYTHING, None, after=cursor, limit=ALL)
        assert [(each.run.name, each.run.in_cluster) for each in found.items] == [("w1", False)]
        assert found.items[0].cursor == one.feed_end()


def _record_within(connection: Any, store: SqlStore, item: KubernetesObject) -> None:
    facts = facts_of(item)
    done = apply(connection, store._dialect, store._rolls, (), subjects_of(facts), facts, Bodies(), RECORDED_AT)
    announce(connection, store._dialect, done.runs, done.also)


@pytest.mark.parametrize("seed", range(3))
def test_a_reader_beside_many_recorders_misses_none(postgresql: Server, seed: int) -> None:
    url, random = postgresql.new_database(), Random(seed)
    stores = [open_store(url) for _ in range(4)]
    names, versions = range(12), 12
    views = [run(name, version=version) for version in range(1, versions + 1) for name in names]
    seen: dict[str, str] = {}
    done, cursor = Event(), stores[0].feed_end()

    def work(share: Sequence[KubernetesObject], store: SqlStore) -> None:
        for start in range(0, len(share), 3):
            record(store, *share[start : start + 3])

    def read(after: str) -> str:
        found = stores[0].changes(EVERYTHING, None, after=after, limit=5)
        for one in found.items:
            seen[one.run.name] = view_of(stores[0], one.run).labels["version"]
        return found.cursor

    for view in views:
        view["metadata"]["labels"]["version"] = view["metadata"]["resourceVersion"]
    random.shuffle(views)
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(work, views[number::4], store) for number, store in enumerate(stores)]

        def watch() -> None:
            nonlocal cursor
            while not done.is_set():
                cursor = read(cursor)

        reader = Thread(target=watch)
        reader.start()
        for job in jobs:
            job.result()
        done.set()
        reader.join()
    while (further := read(cursor)) != cursor:
        cursor = further
    assert seen == {f"w{name}": str(versions) for name in names}
    for store in stores:
        store.close()


# ------------------------------------------------------------------------------------------ listening
PATIENCE_SECONDS: Final = 60.0  # for which one would wait if nobody woke him
SOON_SECONDS: Final = 20.0


def learns(store: SqlStore, listener: Listener, act: Callable[[], None]) -> bool:
    """Say whether one who listens learns of what is done while he waits, long before he would have looked anyway."""
    before, began_at = store.feed_end(), monotonic()
    with ThreadPoolExecutor(1) as pool:
        acting = pool.submit(act)
        while store.feed_end() == before:
            listener.wait(PATIENCE_SECONDS)
        acting.result()
    return monotonic() - began_at < SOON_SECONDS


def test_who_listens_learns_of_what_another_process_records(url: str) -> None:
    migrate(url)
    with closing(open_store(url)) as store, closing(open_store(url)) as other, closing(store.listener()) as listener:
        listener.wait(0)
        assert learns(store, listener, lambda: record(other, run(1)))


def test_who_listens_goes_on_when_the_connection_is_lost(own_postgresql: Server) -> None:
    url = own_postgresql.new_database()
    with closing(open_store(url)) as store, closing(store.listener()) as listener:
        listener.wait(0)
        own_postgresql.stop()
        began_at = monotonic()
        listener.wait(PATIENCE_SECONDS)
        listener.wait(PATIENCE_SECONDS)
        assert monotonic() - began_at < SOON_SECONDS  # who cannot listen looks again and again
        own_postgresql.start()
        assert learns(store, listener, lambda: record(store, run(1)))
        assert learns(store, listener, lambda: record(store, run(2)))
