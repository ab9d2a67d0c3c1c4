"""The floor of recording is a floor only as long as it does as much as the store. Nothing is timed here."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.bench import workload
from tests.bench.databases import Sqlite
from tests.bench.recording import OnSqlite, facts_in_batches


@pytest.mark.parametrize("stream", [workload.finished, workload.live, workload.side_by_side])
@pytest.mark.parametrize("size", [1, 30])
def test_the_program_by_hand_leaves_the_rows_that_the_store_leaves(
    tmp_path: Path, stream: Callable[[range], Iterator[workload.Event]], size: int
) -> None:
    rows = OnSqlite(tmp_path).proven_equal(facts_in_batches(list(stream(range(5))), size))
    assert len(rows["execution"]) == 5 * (len(workload.STEPS) + 1)


@pytest.mark.parametrize("transactions", [1, 7])
def test_what_a_database_could_do_at_best_is_to_insert_these_rows(tmp_path: Path, transactions: int) -> None:
    contestants = OnSqlite(tmp_path)
    rows = contestants.proven_equal(facts_in_batches(list(workload.finished(range(5))), 30))
    contestants.bare(rows, transactions)
    with closing(Sqlite(tmp_path / "bare.db")) as bare:
        held = bare.everything()
    assert {table: len(held[table]) for table in rows} == {table: len(every) for table, every in rows.items()}
