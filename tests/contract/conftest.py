"""The databases that the contract of the store is tried on: one suite, run on each of them.

Properties over simulated worlds run in memory here, and with fewer worlds on PostgreSQL in `test_databases`.
"""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from lineage.store import migrate, open_store
from lineage.store.database import open_in_memory
from lineage.store.feed import become_another
from lineage.store.sql import SqlStore
from lineage.store.tables import metadata
from tests.factories import make_store
from tests.postgresql import Server
from tests.worlds import a_looked_world

MEMORY, FILE, POSTGRESQL = "in memory", "in a file", "on PostgreSQL"
RUNS_OF_WORLD = 24


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "url" in metafunc.fixturenames:
        metafunc.parametrize("url", [FILE, POSTGRESQL], indirect=True)
    elif "database" in metafunc.fixturenames and not getattr(metafunc.function, "is_hypothesis_test", False):
        metafunc.parametrize("database", [MEMORY, FILE, POSTGRESQL], indirect=True)


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name a database that has no tables yet."""
    if request.param == FILE:
        return f"sqlite:///{tmp_path / 'folder' / 'lineage.db'}"
    server: Server = request.getfixturevalue("postgresql")
    return server.new_database(migrated=False)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[None]:
    """Make every store of a test in one kind of database: for whole suites (`usefixtures`)."""
    kind = getattr(request, "param", MEMORY)
    if kind == MEMORY:
        make: Callable[[], SqlStore] = open_in_memory
    elif kind == FILE:
        make = request.getfixturevalue("files")
    else:
        make = request.getfixturevalue("databases").make
    token = make_store.set(make)
    yield
    make_store.reset(token)
    if kind == POSTGRESQL:
        request.getfixturevalue("databases").take_back()


@pytest.fixture
def files(migrated_file: Path, tmp_path: Path) -> Callable[[], SqlStore]:
    """Stores in files."""
    made: list[Path] = []

    def make() -> SqlStore:
        made.append(tmp_path / f"store-{len(made)}.db")
        shutil.copy(migrated_file, made[-1])
        store = open_store(f"sqlite:///{made[-1]}")
        with store._writing() as connection:
            become_another(connection)
        return store

    return make


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "lineage.db"
    migrate(f"sqlite:///{path}")
    return path


class Databases:
    """Stores on PostgreSQL, emptied and used again: to make a database takes longer than most tests."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._free: list[SqlStore] = []
        self._lent: list[SqlStore] = []

    def make(self) -> SqlStore:
        store = self._free.pop() if self._free else open_store(self._server.new_database())
        with store._engine.begin() as connection:
            emptied = metadata.tables.keys() - {"feed"}
            connection.exec_driver_sql("; ".join(f'DELETE FROM "{name}"' for name in sorted(emptied)))
            become_another(connection)
        self._lent.append(store)
        return store

    def take_back(self) -> None:
        self._free += self._lent
        self._lent = []

    def close(self) -> None:
        self.take_back()
        for store in self._free:
            store.close()


@pytest.fixture(scope="session")
def databases(postgresql: Server) -> Iterator[Databases]:
    lent = Databases(postgresql)
    yield lent
    lent.close()


@pytest.fixture(scope="session", params=[MEMORY, POSTGRESQL])
def world(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """A world that is only read, in each kind of database: made once, for all tests and for all examples of one."""
    on_postgresql = request.param == POSTGRESQL
    server: Server | None = request.getfixturevalue("postgresql") if on_postgresql else None
    token = make_store.set(open_in_memory if server is None else partial(_open_new, server))
    store = a_looked_world(RUNS_OF_WORLD)
    make_store.reset(token)
    yield store
    store.close()


def _open_new(server: Server) -> SqlStore:
    return open_store(server.new_database())
