"""Retention: whether a day's clean-up costs the day, however much is in the store."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from itertools import count, islice
from typing import Final

from lineage.forgetting import forget_aged
from lineage.retention import Retention, RetentionRule
from lineage.store import migrate, open_store
from lineage.store.sql import SqlStore
from tests.bench import workload
from tests.bench.measuring import AtMost, Bench, Finding, Row, seconds_of
from tests.bench.recording import BATCH, facts_in_batches
from tests.factories import RECORDED_AT, moment

DAY: Final = 100
"""Runs that come to their age."""
FEW: Final = 5
"""Days that are in the small store."""
RULES: Final = Retention(rules=(RetentionRule(name="all", after_days=1),))


def measure(bench: Bench) -> Iterator[Finding]:
    """Forget the runs of a day in a store of a few days, and in one of many."""
    small, large = DAY * FEW, max(bench.sizes.growth_runs, DAY * FEW * 2)
    numbers = count()
    makers: dict[str, Callable[[], str]] = {
        "SQLite": lambda: f"sqlite:///{bench.folder / f'retention-{next(numbers)}.db'}"
    }
    if bench.postgresql is not None:
        makers["PostgreSQL"] = bench.postgresql.new_database
    for database, make in makers.items():
        few, many = (_clean_up(make(), size, bench) for size in (small, large))
        yield Row(
            what=f"{database}: forget the {DAY:,} runs of a day, of {large:,}",
            ours=many,
            beside=f"of {small:,}",
            theirs=few,
            target=AtMost(1.3),
        )


def _clean_up(url: str, runs: int, bench: Bench) -> float:
    """How long the clean-up of the second day takes, by the day: the first one goes through all runs, once in the life
    of its rules. The best of some days."""
    migrate(url)
    with closing(open_store(url)) as store:
        _record(store, runs, bench)
        forget_aged(store, RULES, now=_end_of(1))
        return min(seconds_of(partial(forget_aged, store, RULES, now=_end_of(day))) for day in range(2, FEW))


def _end_of(day: int) -> datetime:
    """When the runs of so many days have come to their age."""
    return moment(workload.FIRST_RUN + workload.RUN_SECONDS * DAY * day) + timedelta(days=1)


def _record(store: SqlStore, runs: int, bench: Bench) -> None:
    events, total = workload.finished(range(runs)), workload.count(range(runs))
    for start in range(0, total, BATCH):
        bench.say(f"retention: {start:,} of {total:,} executions")
        (facts,) = facts_in_batches(list(islice(events, BATCH)), BATCH)
        store.apply(facts, recorded_at=RECORDED_AT)
    while store.settle(limit=BATCH):
        pass
