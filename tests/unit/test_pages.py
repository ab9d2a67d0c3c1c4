"""Lists that are read page by page: where a page is more than an answer may take, half of it is asked for."""

from collections.abc import Sequence
from typing import Any, Final

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.cli.asking import ask_pages
from lineage.deadline import Deadline
from lineage.errors import AnswerTooLarge
from lineage.ports import EVERYTHING
from lineage.store.sql import SqlStore
from lineage_graphql import execute
from tests.factories import a_store, a_workflow

LONG: Final = 20_000  # bytes of the argument of a run that is long


def of_runs(sizes: Sequence[int]) -> SqlStore:
    """Runs with an argument each that has so many bytes."""
    return a_store(*(_run(number, size) for number, size in enumerate(sizes)))


def _run(number: int, size: int) -> dict[str, Any]:
    arguments = {"parameters": [{"name": "text", "value": "x" * size}]}
    return a_workflow(uid=f"u{number}", name=f"w{number}", born=number, spec={"arguments": arguments})


class Asking:
    """Asks a store that lets an answer take so much. `sizes` are those of the pages that were asked for."""

    def __init__(self, store: SqlStore, most_bytes: int) -> None:
        self._store, self._most_bytes = store, most_bytes
        self.sizes: list[int] = []

    def __call__(self, document: str, values: dict[str, Any]) -> dict[str, Any]:
        self.sizes.append(values["first"])
        return execute(self._store, EVERYTHING, document, values, deadline=_Bounded(self._most_bytes))


class _Bounded(Deadline):
    def __init__(self, left: int) -> None:
        super().__init__(60)
        self._left = left

    def take(self, size_bytes: int) -> None:
        self._left -= size_bytes
        if self._left < 0:
            raise AnswerTooLarge(self._left)


@settings(max_examples=30)
@given(st.lists(st.sampled_from([1, LONG]), max_size=30), st.integers(1, 40))
def test_all_of_a_list_comes_in_its_order_however_little_an_answer_may_take(sizes: list[int], limit: int) -> None:
    asking = Asking(of_runs(sizes), 3 * LONG)
    found, total = ask_pages(asking, "exported-runs", "runs", {}, limit)
    assert [one["uid"] for one in found] == [f"u{number}" for number in range(min(len(sizes), limit))]
    assert total == len(sizes)


def test_pages_stay_as_small_as_they_had_to_be() -> None:
    asking = Asking(of_runs([LONG] * 8), 7 * LONG)
    ask_pages(asking, "exported-runs", "runs", {}, 100)
    assert asking.sizes == [100, 50, 25, 12, 6, 3, 3, 3]


def test_where_one_item_is_too_large_there_is_no_end_of_it_but_an_error() -> None:
    with pytest.raises(typer.Exit):
        ask_pages(Asking(of_runs([LONG]), LONG), "exported-runs", "runs", {}, 100)
