"""Stores of older releases: made by the migrations up to a revision, and filled with rows by plain SQL.

No code of a release writes here: the tables are read from the database, and every value follows from the number of
its row. What migrations read is as recorders leave it; all else is anything that fits the type. `Writer` goes on as the
recorders of that release would: what it has committed is known, and can be done again elsewhere.
"""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Thread
from time import monotonic
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Table

from lineage.store.database import DIALECTS
from lineage.store.migrations.at_rest import taken
from lineage.store.migrations.scripts import run as run_migrations

SHARES: Final[Mapping[str, int]] = {
    "node": 24,
    "execution": 14,
    "artifact": 14,
    "artifact_use": 10,
    "edge": 10,
    "location": 8,
    "run": 6,
    "workflow": 6,
    "kept_object": 4,
    "pod": 4,
}
"""Of a hundred rows, how many are of which table; of all others there are few."""

PHASES: Final = ("SUCCEEDED", "FAILED", "RUNNING", None)
WRITTEN_BY_MIGRATIONS: Final = frozenset({"alembic_version", "feed"})
OF_ONE_CONTENT: Final = 7  # artifacts, or so
AT_ONCE: Final = 5000


def engine_of(url: str) -> Engine:
    """Connect as a writer of the store does."""
    parsed = sa.make_url(url)
    dialect = DIALECTS[parsed.drivername]
    return dialect.engine(parsed).execution_options(**dialect.writing)


def migrate_at_rest(url: str, revision: str) -> None:
    """Run the migrations up to a revision in one transaction, while nobody does anything else."""
    engine = engine_of(url)
    with engine.begin() as connection:
        run_migrations(connection, revision, taken(connection, lambda _: None))
    engine.dispose()


# ------------------------------------------------------------------------------------------ rows
def filled(url: str, *, rows: int) -> None:
    """Fill a store with about so many rows, the same ones each time."""
    engine = engine_of(url)
    metadata = _reflected(engine)
    few = max(rows // 2000, 5)
    for table in metadata.sorted_tables:
        if table.name in WRITTEN_BY_MIGRATIONS:
            continue
        numbers = range(1, (rows * SHARES[table.name] // 100 if table.name in SHARES else few) + 1)
        with engine.begin() as connection:
            for start in range(0, len(numbers), AT_ONCE):
                some = numbers[start : start + AT_ONCE]
                connection.execute(sa.insert(table), [row_of(table, number) for number in some])
    if engine.dialect.name == "postgresql":
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def row_of(table: Table, number: int) -> dict[str, Any]:
    """Make the row of a number: another one than of any other number."""
    return {column.name: _value(table.name, column, number) for column in table.columns}


def _value(table: str, column: sa.Column[Any], number: int) -> Any:
    match table, column.name:
        case (("run" | "execution"), "phase"):
            phase = PHASES[number % len(PHASES)]
            return "RUNNING" if phase is None and not column.nullable else phase
        case "location", "store":
            return "raw" if number % 5 == 0 else "minio"
        case "artifact", "execution_id":
            return None if number % 3 == 0 else number
        case "artifact", ("digest" | "content_digest"):
            return None if number % 4 == 0 else _digest(column.name, number // OF_ONE_CONTENT)
        case "artifact", ("span_from" | "span_to"):
            return number % 1000 + (5 if column.name == "span_to" else 0)
        case (("alert" | "alert_rule" | "recurring_run"), _) if column.nullable:
            return None
    if column.nullable and number % 2:
        return None
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return number % 3 == 0
    if isinstance(kind, sa.Double | sa.Float):
        return number / 4
    if isinstance(kind, sa.Integer):
        return number
    if isinstance(kind, sa.LargeBinary):
        return hashlib.sha256(str(number).encode()).digest()
    length = getattr(kind, "length", None)
    return f"{column.name} {number}" if length is None else str(number)[-length:]


def _digest(kind: str, number: int) -> str:
    return f"sha256:{hashlib.sha256(f'{kind} {number}'.encode()).hexdigest()}"


def _reflected(engine: Engine) -> sa.MetaData:
    metadata = sa.MetaData()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        metadata.reflect(engine)
    return metadata


def taken_back(url: str, revision: str, other: str) -> None:
    """Make a store of a revision out of one of this release: it gets all rows, as far as it has a place for them."""
    migrate_at_rest(other, revision)
    source, target = engine_of(url), engine_of(other)
    there = _reflected(source).tables
    for name, table in _reflected(target).tables.items():
        if name in WRITTEN_BY_MIGRATIONS or name not in there:
            continue
        columns = [column for column in there[name].columns if column.name in table.columns]
        with source.begin() as reading, target.begin() as writing:
            writing.execute(sa.delete(table))
            rows = [dict(row._mapping) for row in reading.execute(sa.select(*columns))]
            if rows:
                writing.execute(sa.insert(table), rows)
    source.dispose()
    target.dispose()


# ------------------------------------------------------------------------------------------ those who go on
Change = Callable[[Connection], None]


@dataclass
class Meanwhile:
    """What goes on while a store is migrated, on a thread of its own. `seconds` is the longest that anything took."""

    seconds: float = 0.0
    done: int = 0
    failures: list[Exception] = field(default_factory=list)
    stop: Event = field(default_factory=Event)

    def act(self, once: Callable[[int], bool]) -> Thread:
        """Do something again and again, until it says that it is over or nobody wants it any more."""

        def work() -> None:
            for number in count(1):
                began = monotonic()
                try:
                    if self.stop.is_set() or not once(number):
                        return
                except Exception as error:  # noqa: BLE001 - told to the test
                    self.failures.append(error)
                    return
                self.seconds = max(self.seconds, monotonic() - began)
                self.done = number

        thread = Thread(target=work, daemon=True)
        thread.start()
        return thread


class Writer:
    """Writes as the release of a revision does, and no longer: one that `looks` sees in each transaction whether its
    revision is still that of the store, any other goes on until it is refused.
    """

    def __init__(self, url: str, revision: str, *, looks: bool = True) -> None:
        self._engine = engine_of(url)
        self._revision = revision
        self._looks = looks
        self._tables = _reflected(self._engine).tables
        self.meanwhile = Meanwhile()

    def start(self) -> Thread:
        return self.meanwhile.act(self._write)

    def close(self) -> None:
        self._engine.dispose()

    def _write(self, number: int) -> bool:
        with self._engine.begin() as connection:
            if self._looks and not self._is_mine(connection):
                return False
            write(connection, self._tables, number)
        return True

    def again(self, url: str, numbers: Sequence[int]) -> None:
        """Do elsewhere what was done."""
        engine = engine_of(url)
        for number in numbers:
            with engine.begin() as connection:
                write(connection, self._tables, number)
        engine.dispose()

    def _is_mine(self, connection: Connection) -> bool:
        held: str = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        return held == self._revision


class Reader:
    """Reads as the release of a revision does, on and on."""

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        dialect = DIALECTS[parsed.drivername]
        self._engine = dialect.engine(parsed).execution_options(**dialect.reading)
        self._tables = _reflected(self._engine).tables
        self.meanwhile = Meanwhile()

    def start(self) -> Thread:
        return self.meanwhile.act(self._read)

    def close(self) -> None:
        self._engine.dispose()

    def _read(self, number: int) -> bool:
        names = ("run", "artifact", "location", "execution")
        with self._engine.connect() as connection:
            for name in names:
                table = self._tables[name]
                some = sa.select(table).where(table.c.id > number * 37 % 1000).order_by("id").limit(20)
                connection.execute(some).all()
        return True


def write(connection: Connection, tables: Mapping[str, Table], number: int) -> None:
    """Write as a recorder may: how far it has come, what is new, what has changed, and what is no more."""
    position = tables["log_position"]
    connection.execute(sa.update(position).where(position.c.log == "log 1").values(position=str(number)))
    new = 10_000_000 + number
    for name in ("node", "run", "location", "artifact", "execution", "workflow"):
        connection.execute(sa.insert(tables[name]).values(row_of(tables[name], new)))
    run, artifact, node = tables["run"], tables["artifact"], tables["node"]
    before = number * 7 % 97 + 1
    connection.execute(sa.update(run).where(run.c.id == before).values(phase=PHASES[number % len(PHASES)]))
    if "digest" in artifact.c:
        moved = {"digest": _digest("digest", number * 3 % 11), "span_from": number % 1000, "span_to": number % 1000 + 9}
        connection.execute(sa.update(artifact).where(artifact.c.id == before).values(moved))
    if number % 5 == 0:
        gone = number * 11 % 89 + 1
        connection.execute(sa.delete(artifact).where(artifact.c.id == gone))
        connection.execute(sa.delete(node).where(node.c.id == gone))


# ------------------------------------------------------------------------------------------ what there is
def contents(url: str) -> dict[str, str]:
    """A digest of all rows of each table, but of what is drawn by lot."""
    engine = engine_of(url)
    tables, found = _reflected(engine).tables, {}
    with engine.begin() as connection:
        for name, table in sorted(tables.items()):
            columns = [column for column in table.columns if (name, column.name) != ("feed", "store")]
            found[name] = _digest_of(connection, sorted(columns, key=lambda column: column.name))
    engine.dispose()
    return found


def _digest_of(connection: Connection, columns: Sequence[sa.Column[Any]]) -> str:
    digest = hashlib.sha256()
    for row in _in_order(connection, columns):
        digest.update(repr(row).encode())
    return digest.hexdigest()


def _in_order(connection: Connection, columns: Sequence[sa.Column[Any]]) -> Iterator[tuple[Any, ...]]:
    key = [*columns[0].table.primary_key.columns]
    yield from map(tuple, connection.execute(sa.select(*columns).order_by(*key)))
