"""Recording: `store.apply` beside the program by hand, on both databases, in batches and a transaction an event.

Before anything counts, both record the same events once, and every row that they leave must be the same. Beside the
program by hand stands what the database could do at best: nobody is to think that it is the floor under everything.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain, count
from pathlib import Path
from typing import Final, TypeAlias

from msgspec.structs import replace
from sqlalchemy import event

from lineage import observation
from lineage.facts import Fact
from lineage.observation import ObjectSeen
from lineage.recorder import deliveries
from lineage.store import SqlStore, migrate, open_store
from tests.bench import workload
from tests.bench.bare import insert_rows
from tests.bench.by_hand import ByHand
from tests.bench.databases import Postgresql, Rows, Sqlite, without_ids
from tests.bench.measuring import AtMost, Bench, Finding, Row, Skipped, interleaved, seconds_of
from tests.factories import RECORDED_AT, interpreted

BATCH: Final = 500  # events

Batches: TypeAlias = Sequence[Sequence[Fact]]
Encoded: TypeAlias = Sequence[Sequence[bytes]]


def measure(bench: Bench) -> Iterator[Finding]:
    """Measure both databases."""
    sizes = bench.sizes
    bench.say("making workflows and pods")
    ended = list(workload.finished(range(sizes.runs)))
    busy = list(workload.side_by_side(range(sizes.runs)))
    alone = list(workload.live(range(sizes.live_runs)))
    sqlite = OnSqlite(bench.folder)
    yield from _in_batches(sqlite, bench, ended, "runs that have ended")
    yield from _in_batches(sqlite, bench, busy, "runs side by side")
    yield from _one_by_one(sqlite, bench, alone, "runs one after another")
    yield from _one_by_one(OnSqlite(bench.folder, synchronous="FULL"), bench, alone, "the same, synchronous FULL")
    if bench.postgresql is None:
        yield Skipped("recording on PostgreSQL", "no server is installed (Debian: postgresql)")
        return
    postgresql = OnPostgresql(bench.postgresql.new_database)
    yield from _in_batches(postgresql, bench, ended, "runs that have ended")
    yield from _in_batches(postgresql, bench, busy, "runs side by side")


# ------------------------------------------------------------------------------------------ rows
def _in_batches(
    on: "OnSqlite | OnPostgresql", bench: Bench, events: Sequence[workload.Event], title: str
) -> Iterator[Finding]:
    what = f"{on.name}: {title}, batches of {BATCH}"
    bench.say(what)
    facts, numbers = facts_in_batches(events, BATCH), count()

    def interpret() -> float:
        # Of another cluster each time: what is remembered of the views of the round before is none of these.
        encoded = _encoded(events, cluster=f"c{next(numbers)}")
        return on.ours(lambda store: _interpret_and_apply(store, encoded))

    rows = on.proven_equal(facts)
    contestants = {
        "apply": lambda: on.ours(lambda store: _apply(store, facts)),
        "by hand": lambda: on.by_hand(facts),
        "interpret": interpret,
        "bare": lambda: on.bare(rows, len(facts)),
    }
    took = {name: seconds / len(events) for name, seconds in interleaved(contestants, bench.sizes.rounds).items()}
    yield Row(what=what, ours=took["apply"], beside="by hand", theirs=took["by hand"], target=AtMost(1.5))
    yield Row(
        what="  from observations, interpreted",
        ours=took["interpret"],
        beside="by hand, from facts",
        theirs=took["by hand"],
        target=AtMost(3),
    )
    yield Row(what="  by hand", ours=took["by hand"], beside="inserting the very rows", theirs=took["bare"])


def _one_by_one(on: "OnSqlite", bench: Bench, events: Sequence[workload.Event], title: str) -> Iterator[Finding]:
    what = f"{on.name}: {title}, a transaction an event"
    bench.say(what)
    facts = facts_in_batches(events, 1)
    on.proven_equal(facts)
    took = interleaved(
        {"apply": lambda: on.ours(lambda store: _apply(store, facts)), "by hand": lambda: on.by_hand(facts)},
        bench.sizes.rounds,
    )
    each = {name: seconds / len(events) for name, seconds in took.items()}
    yield Row(what=what, ours=each["apply"], beside="by hand", theirs=each["by hand"], target=AtMost(2.5))


# ------------------------------------------------------------------------------------------ batches
def facts_in_batches(events: Sequence[workload.Event], size: int) -> Batches:
    """Interpret events, so many a batch."""
    facts = [workload.facts_of_event(event) for event in events]
    return [list(chain.from_iterable(facts[start : start + size])) for start in range(0, len(facts), size)]


def _encoded(events: Sequence[workload.Event], *, cluster: str) -> Encoded:
    return [
        [observation.encode(replace(seen, cluster=cluster)) for one in events[start : start + BATCH] for seen in one]
        for start in range(0, len(events), BATCH)
    ]


def _apply(store: SqlStore, batches: Batches) -> None:
    for facts in batches:
        store.apply(facts, recorded_at=RECORDED_AT)


def _interpret_and_apply(store: SqlStore, batches: Encoded) -> None:
    """Record observations as the recorder does, from their form on the wire."""
    for encoded in batches:
        seen = [one for one in map(observation.decode, encoded) if isinstance(one, ObjectSeen)]
        statements = [interpreted(one) for one in seen]
        store.apply([*chain.from_iterable(statements), *deliveries(seen, statements)], recorded_at=RECORDED_AT)


# ------------------------------------------------------------------------------------------ databases
def store_on(file: Path, *, synchronous: str = "NORMAL") -> SqlStore:
    """Open a store on a file whose every commit reaches the disk, if FULL is asked for."""
    store = open_store(f"sqlite:///{file}")
    if synchronous != "NORMAL":
        # The store has no such setting: commits that are lost are recorded again from the log.
        store._engine.dispose()
        event.listen(store._engine, "connect", lambda raw, _: raw.execute(f"PRAGMA synchronous = {synchronous}"))
    return store


class OnSqlite:
    """Each contestant gets a new file."""

    name = "SQLite"

    def __init__(self, folder: Path, *, synchronous: str = "NORMAL") -> None:
        self._folder = folder
        self._synchronous = synchronous
        self._empty = folder / "empty.db"
        migrate(f"sqlite:///{self._empty}")

    def _new(self, name: str) -> Path:
        for old in self._folder.glob(f"{name}.db*"):
            old.unlink()
        return Path(shutil.copy(self._empty, self._folder / f"{name}.db"))

    def ours(self, act: Callable[[SqlStore], None]) -> float:
        with closing(store_on(self._new("ours"), synchronous=self._synchronous)) as store:
            return seconds_of(lambda: act(store))

    def by_hand(self, batches: Batches) -> float:
        with closing(Sqlite(self._new("by-hand"), synchronous=self._synchronous)) as database:
            return seconds_of(lambda: _by_hand(database, batches))

    def bare(self, rows: Rows, transactions: int) -> float:
        with closing(Sqlite(self._new("bare"))) as database:
            return seconds_of(lambda: insert_rows(database, rows, transactions))

    def proven_equal(self, batches: Batches) -> Rows:
        """Check that both leave the same rows, and return them."""
        self.ours(lambda store: _apply(store, batches))
        self.by_hand(batches)
        with closing(Sqlite(self._folder / "ours.db")) as one, closing(Sqlite(self._folder / "by-hand.db")) as other:
            return _equal(one.everything(), other.everything())


class OnPostgresql:
    """Each contestant gets a new database, of a server that need not write to disk for good."""

    name = "PostgreSQL"

    def __init__(self, new_database: Callable[[], str]) -> None:
        self._new = new_database

    def ours(self, act: Callable[[SqlStore], None]) -> float:
        with closing(open_store(self._new())) as store:
            return seconds_of(lambda: act(store))

    def by_hand(self, batches: Batches) -> float:
        with closing(Postgresql(self._new())) as database:
            return seconds_of(lambda: _by_hand(database, batches))

    def bare(self, rows: Rows, transactions: int) -> float:
        with closing(Postgresql(self._new())) as database:
            return seconds_of(lambda: insert_rows(database, rows, transactions))

    def proven_equal(self, batches: Batches) -> Rows:
        """Check that both leave the same rows, and return them."""
        url = self._new()
        with closing(open_store(url)) as store:
            _apply(store, batches)
        with closing(Postgresql(self._new())) as other:
            _by_hand(other, batches)
            with closing(Postgresql(url)) as one:
                return _equal(one.everything(), other.everything())


def _by_hand(database: Sqlite | Postgresql, batches: Batches) -> None:
    program = ByHand(database)
    for facts in batches:
        program.apply(facts)


# What is computed of runs later, and whom to tell of them: the program by hand computes nothing, and tells nobody.
BESIDE_KNOWLEDGE: Final = frozenset({"fingerprint_due", "feed", "run_change"})


def _equal(ours: Rows, by_hand: Rows) -> Rows:
    one, other = (
        without_ids({table: rows for table, rows in every.items() if table not in BESIDE_KNOWLEDGE})
        for every in (ours, by_hand)
    )
    different = [table for table in one if one[table] != other[table]]
    assert not different, f"the program by hand left other rows in {', '.join(different)}"
    return {table: rows for table, rows in ours.items() if table != "feed"}  # whose one row is in every new store
