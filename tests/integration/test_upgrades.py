"""Stores of every revision are brought to the last one while others read and write, and whatever is killed.

`LINEAGE_UPGRADE_ROWS` says how many rows each has: a few thousand, where nobody says otherwise. How long it took is
logged, and so is how long anybody waited (`pytest -s`).
"""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import psycopg
import pytest
import structlog
from sqlalchemy.engine import make_url

from lineage.errors import SchemaOutdated
from lineage.store import Progress, migrate, open_store, planned_steps, steps_begun
from lineage.store.fence import REFUSAL
from lineage.store.revisions import known, needed
from tests.documentation.story import told
from tests.factories import a_workflow, dumped, record
from tests.old_stores import Reader, Writer, contents, engine_of, filled, migrate_at_rest, taken_back
from tests.postgresql import Server
from tests.waiting import comes_true

ROWS: Final = int(os.environ.get("LINEAGE_UPGRADE_ROWS", "3000"))
LONGEST_PAUSE_SECONDS: Final = 10.0  # that anybody may wait, on a machine that does much else
LONGEST_MOMENT_SECONDS: Final = 0.1  # a few steps
OLDER: Final = sorted(known())[:-1]
LAST_THAT_DOES_NOT_LOOK: Final = "0015"
PATIENCE_SECONDS: Final = 60.0 + ROWS / 1000


log = structlog.get_logger()


@pytest.fixture(scope="module")
def old(postgresql: Server) -> Iterator["OldStores"]:
    """Stores of older revisions."""
    made = OldStores(postgresql)
    yield made
    made.drop()


class OldStores:
    """Databases of a revision: the first is filled, all others are its copies."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._filled: dict[str, str] = {}
        self._copies: list[str] = []

    def copy(self, revision: str) -> str:
        """Make a store of a revision, full of rows."""
        if revision not in self._filled:
            url = self._server.new_database(migrated=False)
            migrate_at_rest(url, revision)
            filled(url, rows=ROWS)
            self._filled[revision] = str(make_url(url).database)
        name = f"{self._filled[revision]}_{len(self._copies)}"
        self._server.execute(f"CREATE DATABASE {name} TEMPLATE {self._filled[revision]}")
        self._copies.append(name)
        return self._server.url(name)

    def drop(self) -> None:
        for name in (*self._copies, *self._filled.values()):
            self._server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def described(url: str) -> list[str]:
    """All tables, columns, indexes, triggers and functions of a store."""
    asked = """
        SELECT 'column ' || table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT 'invalid ' || indexrelid::regclass FROM pg_index WHERE NOT indisvalid
        UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    """
    engine = engine_of(url)
    with engine.begin() as connection:
        found = sorted(connection.exec_driver_sql(asked).scalars())
    engine.dispose()
    return found


def assert_same(url: str, rested: str) -> None:
    """Make sure that two stores hold the same, in the same tables."""
    assert described(url) == described(rested)
    assert contents(url) == contents(rested)


@pytest.mark.parametrize(
    ("revision", "looks"), [*((one, one > LAST_THAT_DOES_NOT_LOOK) for one in OLDER), (OLDER[0], True), ("0011", True)]
)
def test_others_go_on_while_a_store_is_brought_up_to_date(old: OldStores, revision: str, looks: bool) -> None:
    url = old.copy(revision)
    with closing(Writer(url, revision, looks=looks)) as writer, closing(Reader(url)) as reader:
        writing, reading = writer.start(), reader.start()
        assert comes_true(lambda: min(writer.meanwhile.done, reader.meanwhile.done) > 0)
        began = monotonic()
        migrate(url)
        seconds = monotonic() - began
        writing.join(PATIENCE_SECONDS)
        reader.meanwhile.stop.set()
        reading.join(PATIENCE_SECONDS)
    wrote, read = writer.meanwhile, reader.meanwhile
    told = {"longest_write": wrote.seconds, "longest_read": read.seconds}
    log.info("upgraded", revision=revision, rows=ROWS, writes=wrote.done, reads=read.done, seconds=seconds, **told)
    refused = [] if looks else [REFUSAL]
    assert [*map(said_first, wrote.failures)] == refused
    assert read.failures == []
    assert max(wrote.seconds, read.seconds) < LONGEST_PAUSE_SECONDS
    rested = old.copy(revision)
    writer.again(rested, range(1, wrote.done + 1))
    migrate_at_rest(rested, needed())
    assert_same(url, rested)


def said_first(error: Exception) -> str:
    """What a database says first of an error."""
    return str(getattr(error, "orig", error)).partition("\n")[0]


@pytest.mark.parametrize("revision", [OLDER[0], "0011", OLDER[-1]])
def test_what_is_killed_at_whatever_moment_goes_on_from_there(old: OldStores, revision: str) -> None:
    url, chance = old.copy(revision), random.Random(revision)
    with closing(Writer(url, revision)) as writer:
        writing = writer.start()
        while not migrates(url, kill=chance):
            pass
        writing.join(PATIENCE_SECONDS)
    assert writer.meanwhile.failures == []
    rested = old.copy(revision)
    writer.again(rested, range(1, writer.meanwhile.done + 1))
    migrate_at_rest(rested, needed())
    assert_same(url, rested)


def migrates(url: str, *, kill: random.Random | None = None) -> bool:
    """Have a process of its own migrate a store, and kill it some time after it has told of some step. Says whether it
    came to its end."""
    command = [sys.executable, "-m", "lineage", "migrate", "--store", url]
    last, said = 0 if kill is None else kill.randint(1, 6), list[str]()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr or ():
            said.append(line)
            if kill is not None and len(said) == last:
                sleep(kill.random() * LONGEST_MOMENT_SECONDS)
                process.kill()
        code = process.wait(PATIENCE_SECONDS)
    assert code in (0, -signal.SIGKILL), said
    return code == 0


def test_of_two_who_migrate_one_store_one_does_and_the_other_waits(old: OldStores) -> None:
    url, rested = old.copy("0010"), old.copy("0010")
    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(migrates, [url, url]))
    migrate_at_rest(rested, needed())
    assert_same(url, rested)


def test_an_index_that_was_left_half_built_is_built_anew(old: OldStores) -> None:
    url, rested = old.copy("0013"), old.copy("0013")
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE INDEX run_of_version_in_time ON run (id)")
        left = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'run_of_version_in_time'::regclass"
        connection.exec_driver_sql(left)
    engine.dispose()
    migrate(url)
    migrate_at_rest(rested, needed())
    assert_same(url, rested)


def test_an_upgrade_that_was_interrupted_is_told_and_what_it_left_is_dropped(old: OldStores) -> None:
    url = old.copy("0011")

    def interrupt(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(url, interrupt)
    assert steps_begun(url) == 1
    assert [step.is_done for step in planned_steps(url)][:2] == [True, False]
    migrate(url)
    assert steps_begun(url) is None
    assert planned_steps(url) == ()
    assert [each for each in described(url) if each.startswith("invalid") or "upgrade_" in each] == []


def test_who_waits_to_write_while_the_revision_moves_is_told_so(postgresql: Server) -> None:
    url = postgresql.new_database()
    engine = engine_of(url)
    with closing(open_store(url)) as store, ThreadPoolExecutor(1) as pool, engine.connect() as other:
        record(store, a_workflow(uid="before"))
        with other.begin():
            other.exec_driver_sql("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
            writing = pool.submit(record, store, a_workflow(uid="meanwhile"))
            assert comes_true(lambda: is_waiting(postgresql))
            other.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(SchemaOutdated, match="another release has migrated it"):
            writing.result()
        assert other.exec_driver_sql("SELECT count(*) FROM run").scalar_one() == 1
    engine.dispose()


def is_waiting(server: Server) -> bool:
    """Say whether anybody waits for a lock on a table."""
    with psycopg.connect(server.url("postgres")) as connection:
        found = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    return found is not None and found[0] > 0


def test_a_dry_run_says_of_each_step_who_waits_for_it(old: OldStores, tmp_path: Path) -> None:
    url, file = old.copy("0013"), f"sqlite:///{tmp_path / 'lineage.db'}"
    migrate_at_rest(file, "0013")
    answer, said = told_before(url)
    (built,) = [line for line in answer.splitlines() if "run_of_version_in_time" in line]
    assert "builds run_of_version_in_time on run, about " in built
    assert built.endswith("rows: online; waits: nobody")
    assert "not online; waits: who writes, a moment (ACCESS EXCLUSIVE on alembic_version)" in answer.splitlines()[-1]
    assert "nothing was changed" in said
    answer, said = told_before(file)
    assert "not online; waits: who writes, until its revision is reached" in answer
    assert "lineage backup" in said
    assert planned_steps(url)
    assert planned_steps(file)


def told_before(url: str) -> tuple[str, str]:
    """Have a dry run tell what would be done, and what else there is to say."""
    command = [sys.executable, "-m", "lineage", "migrate", "--dry-run", "--store", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


# ------------------------------------------------------------------------------------------ files
@pytest.mark.parametrize("revision", OLDER)
def test_a_file_that_is_interrupted_goes_on_from_the_last_revision(tmp_path: Path, revision: str) -> None:
    url, rested = f"sqlite:///{tmp_path / 'lineage.db'}", f"sqlite:///{tmp_path / 'rested.db'}"
    for one in (url, rested):
        migrate_at_rest(one, revision)
        filled(one, rows=ROWS)
    following = min(one for one in known() if one > revision)
    migrate_at_rest(url, following)  # as far as it came
    migrate(url)
    migrate_at_rest(rested, needed())
    assert contents(url) == contents(rested)


def test_a_file_that_is_killed_goes_on(tmp_path: Path) -> None:
    url, rested, chance = (
        f"sqlite:///{tmp_path / 'lineage.db'}",
        f"sqlite:///{tmp_path / 'rested.db'}",
        random.Random(1),
    )
    for one in (url, rested):
        migrate_at_rest(one, "0001")
        filled(one, rows=ROWS)
    while not migrates(url, kill=chance):
        pass
    migrate_at_rest(rested, needed())
    assert contents(url) == contents(rested)


# ------------------------------------------------------------------------------------------ what was recorded
@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store of this release that holds the story of the demo."""
    folder = tmp_path_factory.mktemp("demo")
    with told(folder):
        pass
    return f"sqlite:///{folder / 'lineage.db'}"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_recorded_by_the_release_before_is_known_after_an_upgrade(
    demo: str, kind: str, postgresql: Server, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'older.db'}" if kind == "sqlite" else postgresql.new_database(migrated=False)
    taken_back(demo, OLDER[-1], url)
    with pytest.raises(SchemaOutdated, match="lineage migrate"):
        open_store(url)
    migrate(url)
    with closing(open_store(demo)) as before, closing(open_store(url)) as after:
        assert dumped(after) == dumped(before) != []
