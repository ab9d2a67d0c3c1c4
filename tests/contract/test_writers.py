"""How writers find what is there (by index, so that a batch costs what it touches and not what is stored), and what
they remember."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from msgspec import structs

from lineage.errors import StoreError
from lineage.facts import InputRejected
from lineage.store.sql import SqlStore
from tests.factories import (
    RECORDED_AT,
    a_node,
    a_store,
    a_workflow,
    deleted,
    dumped,
    facts_of,
    listed,
    looked,
    record,
)
from tests.kubeflow_world import a_told_world
from tests.workload_world import observations
from tests.worlds import objects_of


@contextmanager
def traced(store: SqlStore) -> Iterator[list[str]]:
    """The statements that reach SQLite meanwhile, with their values."""
    statements: list[str] = []
    with store._reading() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
    driver.set_trace_callback(statements.append)
    try:
        yield statements
    finally:
        driver.set_trace_callback(None)


def test_a_writer_looks_everything_up_by_index() -> None:
    store = a_store(*(each for number in range(20) for each in objects_of(number)), *a_told_world(10))
    with traced(store) as statements:
        for each in a_told_world(20):
            record(store, each)
        for number in range(10, 30):
            for each in objects_of(number):
                record(store, each)
        record(store, *(each for number in range(25, 40) for each in objects_of(number)))
        for one in observations():
            record(store, one)
        record(store, looked("raw/data", modified=900, at=100_000), deleted("u005"), listed("a", 9, ["u001"]))
    asked = {re.sub(r"'[^']*'|\d+", "?", each): each for each in statements if each.startswith("SELECT")}
    assert len(asked) > 30
    with store._reading() as connection:
        for statement in asked.values():
            plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
            scans = [step for step in plan if step.startswith("SCAN") and not step.startswith("SCAN json_each")]
            assert not scans or "max(id)" in statement or "alembic_version" in statement, statement


def test_a_view_whose_transaction_failed_counts_when_it_comes_again() -> None:
    done = a_node("w.a", 10, 20, writes=["k"])
    first = a_workflow({"w-1": a_node("w.a", 10, None, "Running")}, version=1)
    second = a_workflow({"w-1": done, "w-2": a_node("w.b", 21, None, "Running")}, version=2)
    third = a_workflow({"w-1": done, "w-2": a_node("w.b", 21, 30)}, version=3)
    store = a_store(first)
    with pytest.raises(StoreError):
        store.apply([*facts_of(second), _unstorable()], recorded_at=RECORDED_AT)
    assert dumped(store) == dumped(a_store(first))
    for view in (second, third):
        record(store, view)
    assert dumped(store) == dumped(a_store(first, second, third, at_once=False)) == dumped(a_store(third))


def _unstorable() -> InputRejected:
    """A fact that every database refuses, when everything else of its batch is written."""
    rejection = InputRejected(
        source="s", cluster="c", at=RECORDED_AT, reason="r", event=None, size_bytes=1, digest="sha256:0"
    )
    nothing: Any = None
    return structs.replace(rejection, source=nothing)
