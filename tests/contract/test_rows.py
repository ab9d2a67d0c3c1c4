"""Rows, as a database is given them: many at once, and without the columns in which none has anything."""

from typing import Any

import pytest

from lineage.store import tables
from tests.factories import a_store

pytestmark = pytest.mark.usefixtures("database")

METRIC = {"execution_id": 1, "origin": 0, "run_id": 1, "step": 0, "is_percentage": False, "source": "s"}
NAMES = tables.metric.columns.keys()


def a_row(name: str, **columns: Any) -> tuple[Any, ...]:
    row = METRIC | {"name": name} | columns
    return tuple(row.get(column) for column in NAMES)


def kept(*batches: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What is read of rows that are put, batch after batch."""
    store = a_store()
    with store._writing() as connection:
        cursor = connection.connection.cursor()
        for rows in batches:
            store._dialect.put(cursor, tables.metric, rows)
        return sorted(map(tuple, store._dialect.rows_of(cursor, tables.metric, "run_id", [1])))


@pytest.mark.parametrize("count", [1, 2, 299, 1_000])
def test_as_many_rows_are_kept_as_were_put(count: int) -> None:
    rows = [a_row(f"m{number:04}", value=float(number), is_percentage=number % 2 == 0) for number in range(count)]
    assert kept(rows) == rows


def test_a_row_has_nothing_where_others_have_something() -> None:
    rows = [a_row("a"), a_row("b", value=1.5), a_row("c", special="NAN")]
    assert kept(rows) == rows


def test_what_a_row_had_is_gone_once_it_has_nothing() -> None:
    assert kept([a_row("a", value=1.5, special="NAN")], [a_row("a")]) == [a_row("a")]


def test_rows_are_found_by_two_columns() -> None:
    store = a_store()
    with store._writing() as connection:
        cursor = connection.connection.cursor()
        store._dialect.put(cursor, tables.metric, [a_row(name, run_id=run) for run, name in enumerate("abc")])
        found = store._dialect.rows_among(cursor, tables.metric, "run_id", [0, 1], "name", ["b", "c"])
    assert list(map(tuple, found)) == [a_row("b", run_id=1)]
