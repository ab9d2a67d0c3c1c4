"""The floor of recording is a floor only as long as it does as much as the store. Nothing is timed here."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bench import workload
from tests.bench.recording import OnSqlite, facts_in_batches


@pytest.mark.parametrize("stream", [workload.finished, workload.live, workload.side_by_side])
@pytest.mark.parametrize("size", [1, 30])
def test_the_program_by_hand_leaves_the_rows_that_the_store_leaves(
    tmp_path: Path, stream: Callable[[range], Iterator[workload.Event]], size: int
) -> None:
    rows = OnSqlite(tmp_path).proven_equal(facts_in_batches(list(stream(range(5))), size))
    assert len(rows["execution"]) == 5 * (len(workload.STEPS) + 1)
