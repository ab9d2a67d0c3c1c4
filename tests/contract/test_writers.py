"""How writers find what is there: by index, so that a batch costs what it touches and not what is stored."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from lineage.store.sql import SqlStore
from tests.factories import a_store, deleted, listed, looked, record
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
    store = a_store(*(each for number in range(20) for each in objects_of(number)))
    with traced(store) as statements:
        for number in range(10, 30):
            for each in objects_of(number):
                record(store, each)
        record(store, *(each for number in range(25, 40) for each in objects_of(number)))
        record(store, looked("raw/data", modified=900, at=100_000), deleted("u005"), listed("a", 9, ["u001"]))
    asked = {re.sub(r"'[^']*'|\d+", "?", each): each for each in statements if each.startswith("SELECT")}
    assert len(asked) > 30
    with store._reading() as connection:
        for statement in asked.values():
            plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
            scans = [step for step in plan if step.startswith("SCAN") and not step.startswith("SCAN json_each")]
            assert not scans or "max(id)" in statement, statement
