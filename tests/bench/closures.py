"""Closures: everything upstream or downstream of an artifact, beside the bare recursive query on the same database; and
the same with details, beside that query and what fetches the same rows.

The smaller store is recorded as any other. The larger one holds copies of it, whose rows are written without the store,
for only reading is measured.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cache, partial
from pathlib import Path
from typing import Final

import psycopg

from lineage.identity import Key, decode_key, encode_key
from lineage.model import Direction
from lineage.ports import EVERYTHING
from lineage.store import SqlStore, migrate, open_store, tables
from lineage.store.sqlite import PRAGMAS
from tests.bench import workload
from tests.bench.databases import columns
from tests.bench.measuring import AtMost, Bench, Finding, Row, Skipped, interleaved, seconds_of
from tests.bench.recording import BATCH, facts_in_batches
from tests.factories import RECORDED_AT
from tests.postgresql import Server

WAYS: Final = (Direction.UPSTREAM, Direction.DOWNSTREAM)
CALLS: Final = {100: 20, 10_000: 1}  # how often a closure of that size is asked for in a round
DETAILED_SECONDS: Final = 0.0015  # that a hundred nodes with details may take
EQUAL: Final = 1.25  # times are called equal up to here: the median of a few rounds is no steadier

BARE: Final = {
    Direction.UPSTREAM: "WITH RECURSIVE found(id) AS (SELECT id FROM node WHERE key = ? UNION "
    "SELECT edge.source FROM found JOIN edge ON edge.target = found.id) SELECT id FROM found",
    Direction.DOWNSTREAM: "WITH RECURSIVE found(id) AS (SELECT id FROM node WHERE key = ? UNION "
    "SELECT edge.target FROM found JOIN edge ON edge.source = found.id) SELECT id FROM found",
}
"""Right where nothing was taken over from a cache: then every edge goes with the data."""


def closure(store: SqlStore, root: Key, way: Direction) -> int:
    """Ask the store for everything upstream or downstream of a node, and count it. The one call that is measured."""
    found = store.closure(EVERYTHING, [root], direction=way, max_nodes=1_000_000)
    assert found is not None
    assert found.complete, found.reasons
    return len(found.keys)


def bare_closure(connection: sqlite3.Connection, root: Key, way: Direction) -> int:
    """Ask the database alone."""
    return len(connection.execute(BARE[way], (encode_key(root),)).fetchall())


def bare_closure_on_postgresql(connection: psycopg.Connection, root: Key, way: Direction) -> int:
    """Ask the database alone, once it has prepared the statement."""
    return len(connection.execute(BARE[way].replace("?", "%s").encode(), (encode_key(root),)).fetchall())


THESE: Final = "IN (SELECT value FROM json_each(?))"
DETAILS: Final = (
    (
        "SELECT execution.id, execution.started_at, execution.phase, execution.cached, execution.body, execution.told, "
        "execution.in_roll_k, execution.in_roll_r, node.key, run.key, run.roll_kind FROM execution "
        "JOIN node ON node.id = execution.id JOIN run ON run.id = execution.run_id "
        f"WHERE execution.id {THESE}"
    ),
    (
        "SELECT artifact.id, artifact.name, artifact.span_to, artifact.verified, artifact.size_bytes, artifact.digest, "
        "artifact.content_digest, artifact.type, node.key, location.store, location.uri, producer.key FROM artifact "
        "JOIN node ON node.id = artifact.id JOIN location ON location.id = artifact.location_id "
        "LEFT JOIN node AS producer ON producer.id = artifact.execution_id "
        f"WHERE artifact.id {THESE}"
    ),
)
"""What the nodes of a graph are made of, as it is stored, and no column more."""
LINKS: Final = {
    Direction.UPSTREAM: f"SELECT * FROM edge WHERE target {THESE}",
    Direction.DOWNSTREAM: f"SELECT * FROM edge WHERE source {THESE}",
}


def detailed(store: SqlStore, root: Key, way: Direction) -> int:
    """Ask the store for the whole graph upstream or downstream of a node, and count its nodes."""
    found = store.lineage(EVERYTHING, [root], direction=way, max_depth=None, max_nodes=1_000_000)
    assert found is not None
    assert found.complete, found.reasons
    return len(found.nodes)


def bare_details(connection: sqlite3.Connection, root: Key, way: Direction) -> int:
    """Ask the database alone: for the ids, and the rows of these. Nothing is made of them."""
    ids = [number for (number,) in connection.execute(BARE[way], (encode_key(root),))]
    text = json.dumps(ids)
    connection.execute(LINKS[way], (text,)).fetchall()
    return sum(len(connection.execute(statement, (text,)).fetchall()) for statement in DETAILS)


def bare_details_on_postgresql(connection: psycopg.Connection, root: Key, way: Direction) -> int:
    """Ask the database alone, by the same texts."""
    ids = [number for (number,) in connection.execute(BARE[way].replace("?", "%s").encode(), (encode_key(root),))]
    links, *details = (text.replace(THESE, "= ANY(%s)").encode() for text in (LINKS[way], *DETAILS))
    connection.execute(links, (ids,)).fetchall()
    return sum(len(connection.execute(statement, (ids,)).fetchall()) for statement in details)


def measure(bench: Bench) -> Iterator[Finding]:
    """Measure closures in a small store and in a large one."""
    small = lanes(bench)
    bench.say("closures: copying the store")
    large = bench.folder / "copies.db"
    copy_store(small, large, bench.sizes.copies)
    many = f"{bench.sizes.lane_runs * bench.sizes.copies:,} runs"
    few = f"{bench.sizes.lane_runs:,} runs"
    for size, calls in CALLS.items():
        for way in WAYS:
            bench.say(f"closures: {size:,} ids {way.value.lower()}")
            root = root_of(small, way, size)
            there = _in_copy(root, bench.sizes.copies // 2)
            asked = {few: (small, root), many: (large, there)}
            took, found = _measured(asked, way, calls, bench.sizes.rounds, closure, bare_closure)
            for where in (few, many):
                yield Row(
                    what=f"closure of {found:,} ids {way.value.lower()}, {where}",
                    ours=took[where, "store"],
                    beside="bare recursive query",
                    theirs=took[where, "bare"],
                    target=AtMost(2) if size == 100 else None,
                )
            yield Row(
                what=f"closure of {found:,} ids {way.value.lower()}, {many}",
                ours=took[many, "store"],
                beside=few,
                theirs=took[few, "store"],
                target=AtMost(EQUAL),
            )
            took, found = _measured(asked, way, calls, bench.sizes.rounds, detailed, bare_details)
            for where in (few, many):
                yield Row(
                    what=f"{found:,} nodes {way.value.lower()} with details, {where}",
                    ours=took[where, "store"],
                    beside="bare recursive query and fetch",
                    theirs=took[where, "bare"],
                    target=None if size == 100 else AtMost(1.3),
                )
            if size == 100:
                yield Row(
                    what=f"{found:,} nodes {way.value.lower()} with details, {many}",
                    ours=took[many, "store"],
                    beside="what a hundred may take",
                    theirs=DETAILED_SECONDS * found / 100,
                    target=AtMost(1),
                )
            yield Row(
                what=f"{found:,} nodes {way.value.lower()} with details, {many}",
                ours=took[many, "store"],
                beside=few,
                theirs=took[few, "store"],
                target=AtMost(1.3),
            )
    large.unlink()
    if bench.postgresql is None:
        yield Skipped("closures on PostgreSQL", "no server is installed (Debian: postgresql)")
        return
    yield from _on_postgresql(bench, bench.postgresql, small)


def _on_postgresql(bench: Bench, server: Server, small: Path) -> Iterator[Finding]:
    bench.say("closures: recording the store on PostgreSQL")
    url, runs = server.new_database(), f"{bench.sizes.lane_runs:,} runs"
    _record_lanes(url, bench.sizes.lane_runs)
    with closing(open_store(url)) as store, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        for size, calls in CALLS.items():
            for way in WAYS:
                bench.say(f"closures: {size:,} ids {way.value.lower()} on PostgreSQL")
                root = root_of(small, way, size)
                asks: dict[str, Callable[[], int]] = {
                    "store": partial(closure, store, root, way),
                    "bare": partial(bare_closure_on_postgresql, connection, root, way),
                    "store, with details": partial(detailed, store, root, way),
                    "bare, with details": partial(bare_details_on_postgresql, connection, root, way),
                }
                (found,) = {ask() for ask in asks.values()}
                took = interleaved(
                    {name: partial(seconds_of, ask, calls) for name, ask in asks.items()}, bench.sizes.rounds
                )
                yield Row(
                    what=f"PostgreSQL: closure of {found:,} ids {way.value.lower()}, {runs}",
                    ours=took["store"],
                    beside="bare recursive query",
                    theirs=took["bare"],
                )
                yield Row(
                    what=f"PostgreSQL: {found:,} nodes {way.value.lower()} with details, {runs}",
                    ours=took["store, with details"],
                    beside="bare recursive query and fetch",
                    theirs=took["bare, with details"],
                    target=None if size == 100 else AtMost(1.3),
                )


def _measured(
    asked: dict[str, tuple[Path, Key]],
    way: Direction,
    calls: int,
    rounds: int,
    through: Callable[[SqlStore, Key, Direction], int],
    bare: Callable[[sqlite3.Connection, Key, Direction], int],
) -> tuple[dict[tuple[str, str], float], int]:
    """How long each of some files takes to answer, through the store and bare, and how many ids it finds."""
    stores = {where: open_store(f"sqlite:///{file}") for where, (file, _) in asked.items()}
    connections = {where: _connect(file) for where, (file, _) in asked.items()}
    asks: dict[tuple[str, str], Callable[[], int]] = {}
    for where, (_, root) in asked.items():
        asks[where, "store"] = partial(through, stores[where], root, way)
        asks[where, "bare"] = partial(bare, connections[where], root, way)
    found = {ask() for ask in asks.values()}
    assert len(found) == 1, f"closures that should be equal have {found} ids"
    took = interleaved({name: partial(seconds_of, ask, calls) for name, ask in asks.items()}, rounds)
    for store in stores.values():
        store.close()
    for connection in connections.values():
        connection.close()
    return took, found.pop()


# ------------------------------------------------------------------------------------------ stores
def lanes(bench: Bench) -> Path:
    """Record a lane of runs, unless that was done before; returns the file."""
    file = bench.folder / "lanes.db"
    if file.exists():
        return file
    bench.say(f"recording {bench.sizes.lane_runs:,} runs to ask about")
    migrate(f"sqlite:///{file}")
    _record_lanes(f"sqlite:///{file}", bench.sizes.lane_runs)
    return file


def _record_lanes(url: str, runs: int) -> None:
    with closing(open_store(url)) as store:
        for facts in facts_in_batches(list(workload.finished(range(runs))), BATCH):
            store.apply(facts, recorded_at=RECORDED_AT)


COPIED: Final = ("node", "run", "workflow", "roll", "execution", "location", "artifact", "edge")
_IDS: Final = {"id", "run_id", "execution_id", "location_id", "source", "target"}
_NAMES: Final = {"key", "uid", "incarnation", "name", "display_name", "node_id", "uri"}


def copy_store(small: Path, large: Path, copies: int) -> None:
    """Write so many copies of all that closures read, under names and ids of their own. Bodies are not rewritten."""
    migrate(f"sqlite:///{large}")
    with closing(_connect(large)) as connection:
        connection.execute("ATTACH ? AS small", (str(small),))
        stride = max(connection.execute(f"SELECT max(id) FROM small.{name}").fetchone()[0] for name in _numbered())
        connection.execute("BEGIN")
        for number in range(copies):
            for table in ("pipeline", "pipeline_version") if number == 0 else ():
                connection.execute(f"INSERT INTO {table} SELECT * FROM small.{table}")
            for table in COPIED:
                values = ", ".join(_copied(column) for column in columns(table))
                connection.execute(
                    f"INSERT INTO main.{table} SELECT {values} FROM small.{table}",
                    {"shift": number * stride, "name": _copy_name(number)},
                )
        connection.execute("COMMIT")


def _numbered() -> Iterator[str]:
    return (name for name in COPIED if "id" in tables.metadata.tables[name].columns)


def _copied(column: str) -> str:
    if column in _IDS:
        return f"{column} + :shift"
    return f"replace({column}, 'c00', :name)" if column in _NAMES else column


def _copy_name(number: int) -> str:
    return f"c{number:02d}"


def _in_copy(key: Key, number: int) -> Key:
    return decode_key(encode_key(key).replace("c00", _copy_name(number)))


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    return connection


# ------------------------------------------------------------------------------------------ roots
@cache
def root_of(file: Path, way: Direction, size: int) -> Key:
    """The written artifact whose closure comes nearest to a size, of those that the lane leads through."""
    with closing(_connect(file)) as connection:
        edges = connection.execute("SELECT source, target FROM edge").fetchall()
        keys: dict[int, str] = dict(connection.execute("SELECT id, key FROM node"))
    onward: dict[int, list[int]] = defaultdict(list)
    for source, target in edges:
        near, far = (target, source) if way is Direction.UPSTREAM else (source, target)
        onward[near].append(far)
    step = workload.TRAINING if way is Direction.UPSTREAM else workload.INGESTING
    ids = {key: node_id for node_id, key in keys.items()}
    runs = len([key for key in ids if key.startswith('["Execution"')]) // (len(workload.STEPS) + 1)
    order: Sequence[int] = range(runs) if way is Direction.UPSTREAM else range(runs - 1, -1, -1)
    # Closures grow along the lane.
    low, high = 0, runs - 1
    while low < high:
        middle = (low + high) // 2
        if _count(onward, ids[encode_key(workload.artifact_key(order[middle], step, 0))]) < size:
            low = middle + 1
        else:
            high = middle
    return workload.artifact_key(order[low], step, 0)


def _count(onward: dict[int, list[int]], root: int) -> int:
    found, todo = {root}, [root]
    while todo:
        for far in onward.get(todo.pop(), ()):
            if far not in found:
                found.add(far)
                todo.append(far)
    return len(found)
