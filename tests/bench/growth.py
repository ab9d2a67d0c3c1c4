"""Growth: whether a store that is full is as fast as an empty one, and what of it is the database's own."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Final

from lineage.store import migrate, open_store
from tests.bench import workload
from tests.bench.by_hand import ByHand
from tests.bench.databases import Sqlite
from tests.bench.measuring import AtLeast, Bench, Finding, Row, seconds_of
from tests.bench.recording import BATCH, facts_in_batches
from tests.factories import RECORDED_AT

TENTHS: Final = 10


def measure(bench: Bench) -> Iterator[Finding]:
    """Record many runs, and compare the last tenth with the first. What to record is made on the way, and not timed."""
    runs = range(bench.sizes.growth_runs)
    per_tenth, total = workload.count(runs) // TENTHS, workload.count(runs)
    file, beside = bench.folder / "growth.db", bench.folder / "growth-by-hand.db"
    for each in (file, beside):
        migrate(f"sqlite:///{each}")
    ours, by_hand = [0.0] * TENTHS, [0.0] * TENTHS
    events = workload.finished(runs)
    with closing(open_store(f"sqlite:///{file}")) as store, closing(Sqlite(beside)) as database:
        program = ByHand(database)
        for start in range(0, total, BATCH):
            bench.say(f"growth: {start:,} of {total:,} executions")
            (facts,) = facts_in_batches(list(islice(events, BATCH)), BATCH)
            ours[start // per_tenth] += seconds_of(partial(store.apply, facts, recorded_at=RECORDED_AT))
            by_hand[start // per_tenth] += seconds_of(partial(program.apply, facts))
    for old in bench.folder.glob("growth*.db*"):
        old.unlink()
    yield Row(
        what=f"SQLite: the last tenth of {total:,} executions",
        ours=ours[-1] / per_tenth,
        beside="the first tenth",
        theirs=ours[0] / per_tenth,
        target=AtLeast(0.8),
        of_speed=True,
    )
    yield Row(
        what="  by hand",
        ours=by_hand[-1] / per_tenth,
        beside="the first tenth",
        theirs=by_hand[0] / per_tenth,
        of_speed=True,
    )
