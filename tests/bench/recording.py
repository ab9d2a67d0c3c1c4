"""How fast workflows are recorded, beside what each database itself could do at best (`make bench`).

The floor is a program written for this one purpose: it inserts the very rows that the store ended with, each
once, into the same tables with the same settings, in as many transactions, and computes nothing. It is measured
in the same run, because a number alone says more about the machine than about the program. No test looks at it.
"""

import argparse
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import psycopg
import structlog
from rich.console import Console
from rich.table import Table

from lineage.eventlog.memory import MemoryLog
from lineage.observation import ObjectSeen
from lineage.recorder import BATCH_SIZE, NOTHING, Outcome, Recorder
from lineage.store import migrate, open_store, tables
from tests.factories import REDACTOR, a_node, a_pod, a_workflow, interpreted, observed
from tests.postgresql import Server, binaries, server

STEPS = 5
DAY_SECONDS = 86_400
TABLES = tuple(tables.metadata.tables)
Rows: TypeAlias = Sequence[tuple[str, Sequence[tuple[Any, ...]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How long something took for so many objects."""

    what: str
    objects: int
    seconds: float


def objects(runs: int) -> Iterator[dict[str, Any]]:
    """Make runs of a few steps, each of which reads what the one before it wrote, and their pods."""
    for run in range(runs):
        start, workflow = 60 * run, f"train-{run}"
        nodes, pods = {}, []
        for step in range(STEPS):
            node_id = f"{workflow}-{1_000_000 + step}"
            begun = start + 10 * step
            nodes[node_id] = a_node(
                f"{workflow}.step-{step}",
                begun,
                begun + 9,
                reads=[f"runs/{workflow}/{step - 1}.tgz"] if step else ["data/latest.csv"],
                writes=[f"runs/{workflow}/{step}.tgz"],
            )
            pods.append(a_pod(f"pod-{run}-{step}", node_id, begun, begun + 9, owner=f"uid-{run}", workflow=workflow))
        yield a_workflow(nodes, uid=f"uid-{run}", name=workflow, phase="Succeeded", born=start, version=run + 1)
        yield from pods


def timed(what: str, count: int, act: Callable[[], object]) -> Measured:
    """Do something and say how long it took."""
    began = time.perf_counter()
    act()
    return Measured(what=what, objects=count, seconds=time.perf_counter() - began)


def record(url: str, observations: Sequence[ObjectSeen], name: str) -> Outcome:
    """Record observations as `lineage ingest` does."""
    outcome = NOTHING

    def add(one: Outcome) -> None:
        nonlocal outcome
        outcome = outcome + one

    log = MemoryLog(name)
    recorder = Recorder(
        log,
        open_store(url),
        interpreted,
        key_ids=[REDACTOR.key_id],
        clock=lambda: datetime.now(UTC),
        on_batch=add,
    )
    for observation in observations:
        if len(log) >= BATCH_SIZE or not log.fits(observation):
            recorder.drain(give_up_seconds=0)
        log.append(observation)
    recorder.drain(give_up_seconds=0)
    return outcome


# ------------------------------------------------------------------------------------------ the floor
def rows_of(file: Path) -> tuple[list[str], Rows]:
    """Read the tables of a store and everything in them."""
    with sqlite3.connect(file) as connection:
        schema = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        tables = [name for kind, name, _ in schema if kind == "table" and not name.startswith("sqlite_")]
        rows = [(name, connection.execute(f'SELECT * FROM "{name}"').fetchall()) for name in tables]
    connection.close()
    return [sql for _, name, sql in schema if not name.startswith("sqlite_")], rows


def insert(file: Path, rows: Rows, transactions: int) -> None:
    """Insert rows, an equal share of each table in each transaction."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous = NORMAL")
    for part in range(transactions):
        connection.execute("BEGIN IMMEDIATE")
        for table, every in rows:
            share = every[part::transactions]
            if share:
                marks = ", ".join("?" * len(share[0]))
                connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', share)
        connection.execute("COMMIT")
    connection.close()


def make_tables(file: Path, schema: Sequence[str]) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode = WAL")
    for statement in schema:
        connection.execute(statement)
    connection.close()


# ------------------------------------------------------------------------------------------ PostgreSQL
ARRAYS = {str: "text[]", int: "bigint[]", bool: "boolean[]", float: "float8[]", bytes: "bytea[]"}


def insert_arrays(conninfo: str, rows: Rows, transactions: int) -> None:
    """Insert rows, an equal share of each table in each transaction: one statement a table, an array a column."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for part in range(transactions):
            with connection.transaction():
                for name, every in rows:
                    if share := every[part::transactions]:
                        kinds = (ARRAYS[column.type.python_type] for column in tables.metadata.tables[name].columns)
                        marks = ", ".join(f"%s::{kind}" for kind in kinds)
                        text = f'INSERT INTO "{name}" SELECT * FROM unnest({marks})'
                        connection.execute(text.encode(), [list(values) for values in zip(*share, strict=True)])


def on_postgresql(seen: Sequence[ObjectSeen], running: Server) -> list[Measured]:
    """Measure the same on a server that need not write to disk for good."""
    url, floor, count = running.new_database(), running.new_database(), len(seen)
    measured = [
        timed("interpret and record", count, lambda: record(url, seen, "first")),
        timed("the same again: nothing is new", count, lambda: record(url, seen, "second")),
    ]
    with psycopg.connect(url) as connection:
        stored = [(name, connection.execute(f'SELECT * FROM "{name}"'.encode()).fetchall()) for name in TABLES]
    transactions = ceil(count / BATCH_SIZE)
    measured.append(timed("floor: insert the same rows", count, lambda: insert_arrays(floor, stored, transactions)))
    return measured


# ------------------------------------------------------------------------------------------ the measurement
def measure(seen: Sequence[ObjectSeen], folder: Path) -> tuple[list[Measured], int]:
    """Measure each part on the same objects, and count the rows that they come to."""
    store, floor = folder / "store.db", folder / "floor.db"
    url = f"sqlite:///{store}"
    migrate(url)
    count = len(seen)
    measured = [
        timed("interpret alone", count, lambda: [interpreted(one) for one in seen]),
        timed("interpret and record", count, lambda: record(url, seen, "first")),
        timed("the same again: nothing is new", count, lambda: record(url, seen, "second")),
    ]
    schema, rows = rows_of(store)
    make_tables(floor, schema)
    transactions = ceil(count / BATCH_SIZE)
    measured.append(timed("floor: insert the same rows", count, lambda: insert(floor, rows, transactions)))
    return measured, sum(len(every) for _, every in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=500, help="how many runs to make (default: 500)")
    runs = parser.parse_args().runs
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    seen = [observed(item) for item in objects(runs)]
    with TemporaryDirectory() as folder:
        measured, rows = measure(seen, Path(folder))
    console = Console()
    console.print(f"{runs} runs of {STEPS} steps: {len(seen)} workflows and pods, {rows} rows\n")
    console.print(shown("on SQLite", measured))
    if (installed := binaries()) is None:
        console.print("\nno PostgreSQL server is installed to measure")
        return
    with server(installed) as running:
        console.print(shown("\non PostgreSQL", on_postgresql(seen, running)))


def shown(title: str, measured: Sequence[Measured]) -> Table:
    """Show what was measured on one database. The last of it is the floor."""
    table = Table(title, "seconds", "objects/s", "times the floor", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in measured:
        rate = f"{one.objects / one.seconds:,.0f}"
        table.add_row(one.what, f"{one.seconds:.2f}", rate, f"{one.seconds / measured[-1].seconds:.1f}")
    return table


if __name__ == "__main__":
    main()
