"""What a recorder makes of what databases complain of. The trouble of a database is waited for, and nothing is set
aside; the trouble of an object is its own: it is set aside, and nothing waits.

The errors are real ones of real databases. What cannot be provoked, such as a disk that is about to die, is raised by
the database itself, from a trigger, under its own code.
"""

import random
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, Final, NamedTuple, TypeAlias

import psycopg
import pytest

from lineage.errors import FactsRefused, StoreError
from lineage.eventlog.memory import MemoryLog
from lineage.observation import ObjectSeen
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.recorder import Recorder
from lineage.store import SqlStore, migrate, open_store
from tests.cutting import CuttingWay, Moment, cutting_way
from tests.factories import RECORDED_AT, REDACTOR, a_node, a_store, a_workflow, dumped, interpreted, observed
from tests.postgresql import Server
from tests.waiting import DEADLINE_SECONDS, comes_true

CULPRIT: Final = "u2"
SEEN: Final[tuple[ObjectSeen, ...]] = tuple(
    observed(
        a_workflow(
            {f"{name}-1000001": a_node(f"{name}.a", 10, 20, writes=[f"{name}/model"])},
            uid=uid,
            name=name,
            version=number,
            # The middle one is large, and cannot be packed: for databases that have no room for such.
            annotations={"note": random.Random(1).randbytes(10_000).hex() if uid == CULPRIT else ""},
        )
    )
    for number, (name, uid) in enumerate((("v", "u1"), ("w", CULPRIT), ("x", "u3")), start=1)
)


class Database:
    """A store, and the way to its database behind its back."""

    def __init__(self, url: str, *, at: str | None = None) -> None:
        self.url = url
        self.store: SqlStore = open_store(at or url)
        self.store.check()  # where those who read keep a connection, they have it now

    def connection(self) -> Any:
        """The one connection that the store writes by, as the driver gives it."""
        with closing(self.store._engine.raw_connection()) as pooled:
            return pooled.driver_connection

    def forget_connections(self) -> None:
        """Have the store connect anew."""
        self.store.close()


class OnPostgresql(Database):
    """One on a server. The store is no superuser there."""

    def __init__(self, on: Server, *, through: Path | None = None) -> None:
        url = on.new_database()
        self.name = url.partition("@/")[2].partition("?")[0]
        self.user = f"recorder_of_{self.name}"
        self.server = on
        on.execute(f"CREATE ROLE {self.user} LOGIN")
        for kind in ("TABLES", "SEQUENCES"):
            on.execute(f"GRANT ALL ON ALL {kind} IN SCHEMA public TO {self.user}", database=self.name)
        own = url.replace("postgres@", f"{self.user}@")
        on.execute("CHECKPOINT")  # what was granted outlives the server
        super().__init__(url, at=own if through is None else f"{own.partition('host=')[0]}host={through}")

    def execute(self, statement: str) -> None:
        self.server.execute(statement, database=self.name)


class File(Database):
    """One in a file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store" / "lineage.db"
        url = f"sqlite:///{self.path}"
        migrate(url)
        super().__init__(url)


Trouble: TypeAlias = AbstractContextManager[None]


class Case(NamedTuple):
    """How something goes wrong, and what the database says then."""

    provoke: Callable[..., Trouble]
    says: str

    def __str__(self) -> str:
        return self.says


# ------------------------------------------------------------------------------------------ SQLite
@contextmanager
def _pragma(database: File, trouble: str, afterwards: str) -> Iterator[None]:
    connection = database.connection()
    connection.execute(f"PRAGMA {trouble}")
    yield
    connection.execute(f"PRAGMA {afterwards}")


def sqlite_is_full(database: File) -> Trouble:
    return _pragma(database, "max_page_count = 1", "max_page_count = 1000000")  # 1: as many as there are


def sqlite_is_read_only(database: File) -> Trouble:
    return _pragma(database, "query_only = ON", "query_only = OFF")


@contextmanager
def sqlite_is_locked(database: File) -> Iterator[None]:
    connection = database.connection()
    connection.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
    connection.execute("PRAGMA busy_timeout = 30000")


@contextmanager
def sqlite_is_interrupted(database: File) -> Iterator[None]:
    connection = database.connection()
    connection.set_progress_handler(lambda: 1, 1)
    yield
    connection.set_progress_handler(None, 0)


@contextmanager
def sqlite_has_a_quota(database: File) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def sqlite_is_no_database(database: File) -> Iterator[None]:
    database.forget_connections()
    aside = database.path.rename(database.path.with_suffix(".aside"))
    database.path.write_bytes(b"no database at all " * 1000)
    yield
    database.forget_connections()
    aside.replace(database.path)


@contextmanager
def sqlite_is_not_there(database: File) -> Iterator[None]:
    database.forget_connections()
    aside = database.path.parent.rename(database.path.parent.with_suffix(".aside"))
    yield
    aside.rename(database.path.parent)


@contextmanager
def sqlite_has_lost_a_table(database: File) -> Iterator[None]:
    with closing(sqlite3.connect(database.path)) as other:
        other.execute("ALTER TABLE workflow RENAME TO aside")
        yield
        other.execute("ALTER TABLE aside RENAME TO workflow")


SQLITE_WAITS: Final = (
    Case(sqlite_is_full, "database or disk is full"),
    Case(sqlite_is_read_only, "attempt to write a readonly database"),
    Case(sqlite_is_locked, "database is locked"),
    Case(sqlite_is_interrupted, "interrupted"),
    Case(sqlite_has_a_quota, "disk I/O error"),
    Case(sqlite_is_no_database, "file is not a database"),
    Case(sqlite_is_not_there, "unable to open database file"),
    Case(sqlite_has_lost_a_table, "no such table"),
)


@contextmanager
def sqlite_refuses_the_culprit(database: File) -> Iterator[None]:
    with closing(sqlite3.connect(database.path)) as other:
        other.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON workflow "
            f"WHEN new.uid = '{CULPRIT}' BEGIN SELECT raise(ABORT, 'not this one'); END"
        )
        yield
        other.execute("DROP TRIGGER refuse")


@contextmanager
def sqlite_has_no_room_for_the_culprit(database: File) -> Iterator[None]:
    connection = database.connection()
    before = connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 9_000)
    yield
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, before)


SQLITE_REFUSES: Final = (
    Case(sqlite_refuses_the_culprit, "not this one"),
    Case(sqlite_has_no_room_for_the_culprit, "too big"),
)


# ------------------------------------------------------------------------------------------ PostgreSQL
def _raised(code: str, *, when: str = "true", first: str = "") -> Callable[[OnPostgresql], Trouble]:
    """Have the database raise an error of its own when it is to insert a workflow."""

    @contextmanager
    def provoke(database: OnPostgresql) -> Iterator[None]:
        database.execute(
            f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {first} "
            f"RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = 'this is {code}'; END $$"
        )
        database.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON workflow FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse()"
        )
        yield
        database.execute("DROP FUNCTION refuse CASCADE")

    return provoke


@contextmanager
def _setting(database: OnPostgresql, name: str, value: str) -> Iterator[None]:
    database.execute(f"ALTER DATABASE {database.name} SET {name} = '{value}'")
    database.forget_connections()
    yield
    database.execute(f"ALTER DATABASE {database.name} RESET {name}")
    database.forget_connections()


@contextmanager
def _busy(database: OnPostgresql, limit: str) -> Iterator[None]:
    """A table that somebody else has, and a limit to how long that is waited for."""
    with _setting(database, limit, "50ms"), psycopg.connect(database.url) as other:
        other.execute("LOCK TABLE workflow IN ACCESS EXCLUSIVE MODE")
        yield


def a_statement_takes_too_long(database: OnPostgresql) -> Trouble:
    return _busy(database, "statement_timeout")


def a_lock_takes_too_long(database: OnPostgresql) -> Trouble:
    return _busy(database, "lock_timeout")


@contextmanager
def there_are_too_many_connections(database: OnPostgresql) -> Iterator[None]:
    database.execute(f"ALTER ROLE {database.user} CONNECTION LIMIT 0")
    database.forget_connections()
    yield
    database.execute(f"ALTER ROLE {database.user} CONNECTION LIMIT -1")


@contextmanager
def a_right_is_missing(database: OnPostgresql) -> Iterator[None]:
    database.execute(f"REVOKE INSERT ON workflow FROM {database.user}")
    yield
    database.execute(f"GRANT INSERT ON workflow TO {database.user}")


@contextmanager
def a_table_is_missing(database: OnPostgresql) -> Iterator[None]:
    database.execute("ALTER TABLE workflow RENAME TO aside")
    yield
    database.execute("ALTER TABLE aside RENAME TO workflow")


@contextmanager
def two_wait_for_each_other(database: OnPostgresql) -> Iterator[None]:
    """The other waits longer until it complains: so it is the store that is told."""

    def is_waited_for() -> bool:
        with psycopg.connect(database.url) as watching:
            waiting = (
                "SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database WHERE NOT granted AND d.datname = %s"
            )
            return watching.execute(waiting, (database.name,)).fetchone() is not None

    def meet() -> None:
        assert comes_true(is_waited_for, every_seconds=0.01)
        other.execute("LOCK TABLE log_position IN ACCESS EXCLUSIVE MODE")

    with psycopg.connect(database.url) as other:
        other.execute("SET deadlock_timeout = '1h'")
        other.execute("LOCK TABLE workflow IN ACCESS EXCLUSIVE MODE")
        meeting = Thread(target=meet)
        meeting.start()
        yield
        meeting.join(DEADLINE_SECONDS)
        other.rollback()


POSTGRESQL_WAITS: Final = (
    Case(a_statement_takes_too_long, "canceling statement due to statement timeout"),
    Case(a_lock_takes_too_long, "canceling statement due to lock timeout"),
    Case(there_are_too_many_connections, "too many connections for role"),
    Case(a_right_is_missing, "permission denied for table workflow"),
    Case(a_table_is_missing, 'relation "workflow" does not exist'),
    Case(two_wait_for_each_other, "deadlock detected"),
    Case(
        _raised("57P01", first="PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(9);"),
        "the connection is lost|terminating connection",
    ),
    *(
        Case(_raised(code), f"this is {code}")
        for code in (
            "53100",  # the disk is full
            "53200",  # there is no memory
            "53400",  # a limit of the configuration, such as temporary files
            "25006",  # it may only be read, as a standby may
            "40001",  # a serialization failure
            "55000",  # not in a state to do so
            "57P03",  # cannot connect now
            "58030",  # a device does not work
            "25P03",  # a transaction was idle for too long
            "XX000",  # the database met a defect of its own
            "XX001",  # a file is corrupt
        )
    ),
)


@contextmanager
def a_constraint_refuses_the_culprit(database: OnPostgresql) -> Iterator[None]:
    database.execute(f"ALTER TABLE workflow ADD CONSTRAINT refuse CHECK (uid <> '{CULPRIT}')")
    yield
    database.execute("ALTER TABLE workflow DROP CONSTRAINT refuse")


@contextmanager
def an_index_has_no_room_for_the_culprit(database: OnPostgresql) -> Iterator[None]:
    database.execute("CREATE INDEX refuse ON kept_object (body)")
    yield
    database.execute("DROP INDEX refuse")


POSTGRESQL_REFUSES: Final = (
    Case(a_constraint_refuses_the_culprit, 'violates check constraint "refuse"'),
    Case(an_index_has_no_room_for_the_culprit, "index row requires"),
    *(
        Case(_raised(code, when=f"new.uid = '{CULPRIT}'"), f"this is {code}")
        for code in (
            "22003",  # a number out of range
            "22021",  # letters that it has not
            "23502",  # nothing where something must be
            "23505",  # there already, however often it is tried
            "54000",  # beyond a limit of the program
        )
    ),
)


# ------------------------------------------------------------------------------------------ a recorder
class Recording:
    """Three objects on their way into a store."""

    def __init__(self, database: Database) -> None:
        self._store = database.store
        log = MemoryLog("test")
        for one in SEEN:
            log.append(one)
        self.recorder = Recorder(log, self._store, interpreted, key_ids=[REDACTOR.key_id], clock=lambda: RECORDED_AT)

    def rejected(self) -> list[str]:
        return [one.reason for one in self._store.rejected(EVERYTHING, Listing(), PageRequest(first=10)).items]

    def runs(self) -> set[str | None]:
        return {run.uid for run in self._store.runs(EVERYTHING, Listing(), PageRequest(first=10)).items}


def check_that_it_waits(database: Database, case: Case) -> None:
    recording = Recording(database)
    with case.provoke(database), pytest.raises(StoreError, match=case.says) as raised:
        recording.recorder.record_available(timeout_seconds=0)
    assert not isinstance(raised.value, FactsRefused)
    recording.recorder.drain(give_up_seconds=DEADLINE_SECONDS)
    assert recording.rejected() == []
    assert dumped(database.store) == dumped(a_store(*SEEN))


def check_that_it_sets_aside(database: Database, case: Case) -> None:
    recording = Recording(database)
    with case.provoke(database):
        recording.recorder.drain(give_up_seconds=0)
    (reason,) = recording.rejected()
    assert "the store refused it" in reason
    assert case.says in reason
    assert recording.runs() == {"u1", "u3"}


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    made = File(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def on_server(postgresql: Server) -> Iterator[OnPostgresql]:
    made = OnPostgresql(postgresql)
    yield made
    made.store.close()


@pytest.mark.parametrize("case", SQLITE_WAITS, ids=str)
def test_the_trouble_of_sqlite_is_waited_for(file: File, case: Case) -> None:
    check_that_it_waits(file, case)


@pytest.mark.parametrize("case", SQLITE_REFUSES, ids=str)
def test_what_sqlite_never_takes_is_set_aside_alone(file: File, case: Case) -> None:
    check_that_it_sets_aside(file, case)


@pytest.mark.parametrize("case", POSTGRESQL_WAITS, ids=str)
def test_the_trouble_of_postgresql_is_waited_for(on_server: OnPostgresql, case: Case) -> None:
    check_that_it_waits(on_server, case)


@pytest.mark.parametrize("case", POSTGRESQL_REFUSES, ids=str)
def test_what_postgresql_never_takes_is_set_aside_alone(on_server: OnPostgresql, case: Case) -> None:
    check_that_it_sets_aside(on_server, case)


# ------------------------------------------------------------------------------------------ a server that goes away
@pytest.mark.parametrize("end", [Server.stop, Server.kill], ids=["in order", "at once"])
def test_a_server_that_ends_is_waited_for(own_postgresql: Server, end: Callable[[Server], None]) -> None:
    database = OnPostgresql(own_postgresql)
    recording = Recording(database)
    end(own_postgresql)
    try:
        with pytest.raises(StoreError, match="connection"):
            recording.recorder.record_available(timeout_seconds=0)
    finally:
        own_postgresql.start()
    recording.recorder.drain(give_up_seconds=DEADLINE_SECONDS)
    assert recording.rejected() == []
    assert dumped(database.store) == dumped(a_store(*SEEN))
    database.store.close()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", {"tcp_user_timeout": "30000", "keepalives_idle": "15", "connect_timeout": "10"}),
        ("&tcp_user_timeout=5000&connect_timeout=3", {"tcp_user_timeout": "5000", "connect_timeout": "3"}),
    ],
)
def test_a_server_that_vanishes_without_a_word_is_given_up_soon_or_when_the_url_says(
    postgresql: Server, asked: str, expected: dict[str, str]
) -> None:
    database = Database(f"{postgresql.new_database()}{asked}")
    assert database.connection().info.get_parameters().items() >= expected.items()
    database.store.close()


@pytest.fixture
def way(postgresql: Server) -> Iterator[CuttingWay]:
    with cutting_way(postgresql.folder) as made:
        yield made


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_connection_that_breaks_off_in_a_commit_leaves_all_recorded_once(
    postgresql: Server, way: CuttingWay, moment: Moment
) -> None:
    database = OnPostgresql(postgresql, through=way.folder)
    recording = Recording(database)
    way.cut_next_commit = moment
    with pytest.raises(StoreError, match="connection"):
        recording.recorder.record_available(timeout_seconds=0)
    recording.recorder.drain(give_up_seconds=DEADLINE_SECONDS)
    assert recording.rejected() == []
    assert dumped(database.store) == dumped(a_store(*SEEN))
    assert {one.observed for one in database.store.sources(EVERYTHING)} == {len(SEEN)}
    database.store.close()
