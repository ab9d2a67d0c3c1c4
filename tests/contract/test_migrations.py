"""The migrations make exactly the tables that the store declares, on every database."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from lineage.errors import InvalidSettings, SchemaOutdated, StoreError
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import tables
from lineage.store.database import migrate, open_in_memory, open_store, pending_migrations
from lineage.store.fence import REFUSAL
from lineage.store.revisions import MIGRATIONS, known, needed
from tests.factories import RECORDED_AT, a_workflow, dumped, record
from tests.postgresql import Server


def psycopg(url: str) -> str:
    """Name the driver, which the store does of itself."""
    return url.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def another_url(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A second database of the kind of the first."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'another.db'}"
    server: Server = request.getfixturevalue("postgresql")
    return server.new_database(migrated=False)


# Read from the database itself: of indexes of expressions, SQLAlchemy says nothing on SQLite.
INDEXES = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()",
}


def described(engine: Engine) -> dict[str, Any]:
    """Everything that a database says of its tables."""
    found = inspect(engine)
    with engine.connect() as connection:
        indexes = connection.exec_driver_sql(INDEXES[engine.dialect.name]).scalars().all()
    return {
        "indexes": sorted(text for text in indexes if "alembic_version" not in text),
        "sequences": found.get_sequence_names() if engine.dialect.supports_sequences else [],
        **{
            name: {
                "columns": [
                    (c["name"], str(c["type"]), getattr(c["type"], "collation", None), c["nullable"], c["default"])
                    for c in found.get_columns(name)
                ],
                "key": found.get_pk_constraint(name)["constrained_columns"],
                "unique": sorted(tuple(one["column_names"]) for one in found.get_unique_constraints(name)),
            }
            for name in found.get_table_names()
            if name != "alembic_version"
        },
    }


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_migrating_nothing_makes_the_declared_tables(url: str, another_url: str) -> None:
    migrate(url)
    migrated, declared = create_engine(psycopg(url)), create_engine(psycopg(another_url))
    tables.metadata.create_all(declared)
    assert described(migrated) == described(declared)
    assert set(described(migrated)) == {"indexes", "sequences", *tables.metadata.tables}
    migrated.dispose()
    declared.dispose()


def test_text_sorts_by_its_bytes(url: str) -> None:
    migrate(url)
    engine = create_engine(psycopg(url))
    with engine.begin() as connection:
        connection.execute(insert(tables.deleted), [{"uid": uid} for uid in ("b", "a", "B", "ä", "z", "_", "-a", "😀")])
        found = connection.scalars(select(tables.deleted.c.uid).order_by(tables.deleted.c.uid)).all()
    assert found == sorted(found, key=str.encode)
    engine.dispose()


def test_migrating_twice_keeps_what_is_recorded(url: str) -> None:
    migrate(url)
    store = open_store(url)
    record(store, a_workflow())
    before = dumped(store)
    store.close()
    migrate(url)
    store = open_store(url)
    assert dumped(store) == before
    store.close()


def test_a_store_knows_after_a_restart_what_one_in_memory_knows(url: str) -> None:
    migrate(url)
    store, other = open_store(url), open_in_memory()
    for each in (store, other):
        record(each, a_workflow())
    store.close()
    store = open_store(url)
    assert dumped(store) == dumped(other)
    store.close()
    other.close()


def test_a_store_that_was_not_migrated_says_what_to_do(url: str) -> None:
    with pytest.raises(SchemaOutdated, match="lineage migrate"):
        open_store(url)


def test_opening_a_store_that_does_not_exist_does_not_make_one(tmp_path: Path) -> None:
    with pytest.raises(SchemaOutdated):
        open_store(f"sqlite:///{tmp_path / 'lineage.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_a_newer_release_is_not_opened(url: str) -> None:
    migrate(url)
    engine = create_engine(psycopg(url))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from the future'")
    engine.dispose()
    with pytest.raises(SchemaOutdated, match="from the future"):
        open_store(url)


def test_a_store_notices_that_another_release_has_migrated_it(url: str) -> None:
    migrate(url)
    store = open_store(url)
    store.check()
    engine = create_engine(psycopg(url))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from the future'")
    engine.dispose()
    with pytest.raises(SchemaOutdated, match="from the future"):
        store.check()
    store.close()


def test_nothing_is_written_to_a_store_that_another_release_has_migrated(url: str) -> None:
    migrate(url)
    store = open_store(url)
    engine = create_engine(psycopg(url))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from the future'")
    with pytest.raises(SchemaOutdated, match="another release has migrated it, start that one"):
        record(store, a_workflow())
    with engine.begin() as connection:
        assert connection.execute(select(tables.run.c.key)).all() == []
    engine.dispose()
    store.close()


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "lineage.db"
    path.write_text("this is no database, but long enough to be taken for the header of one" * 20)
    with pytest.raises(StoreError):
        open_store(f"sqlite:///{path}")


@pytest.mark.parametrize("text", ["no url", "mysql://host/lineage", "postgresql+asyncpg://host/lineage"])
def test_what_is_no_store_of_this_release_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettings, match=r"sqlite:///.* or postgresql://"):
        open_store(text)


def test_a_server_that_cannot_be_reached_is_said_so_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot open the store") as caught:
        open_store(f"postgresql://someone:hunter2@/lineage?host={tmp_path}")
    assert "hunter2" not in str(caught.value)


def test_a_database_in_another_encoding_is_refused(postgresql: Server) -> None:
    with pytest.raises(StoreError, match="UTF8"):
        migrate(postgresql.new_database(migrated=False, encoding="SQL_ASCII"))


def test_without_its_driver_a_store_on_postgresql_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InvalidSettings, match=r"kfp-lineage\[postgresql\]"):
        open_store("postgresql://host/lineage")


def test_a_new_store_knows_nothing() -> None:
    store = open_in_memory()
    assert dumped(store) == []
    assert store.runs(EVERYTHING, Listing(), PageRequest(first=10)).items == ()
    store.close()


def test_a_store_of_a_newer_release_is_not_migrated(url: str) -> None:
    migrate(url)
    engine = create_engine(psycopg(url))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from the future'")
    engine.dispose()
    with pytest.raises(StoreError, match="from the future"):
        migrate(url)


def test_the_revision_that_is_needed_is_the_one_that_migrations_lead_to() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert needed() == ScriptDirectory.from_config(config).get_current_head()


def test_what_a_migration_would_do_is_told_and_not_done(another_url: str) -> None:
    every = pending_migrations(another_url)
    assert [revision for revision, _ in every] == sorted(known())
    assert all(brings for _, brings in every)
    with pytest.raises(SchemaOutdated):
        open_store(another_url)
    migrate(another_url)
    assert pending_migrations(another_url) == ()


def test_of_an_older_store_the_rest_is_told_and_of_a_newer_one_nothing(another_url: str) -> None:
    migrate(another_url)
    engine = create_engine(psycopg(another_url))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0012'")
    assert [revision for revision, _ in pending_migrations(another_url)] == sorted(
        one for one in known() if one > "0012"
    )
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaOutdated, match="9999"):
        pending_migrations(another_url)
    engine.dispose()


def test_who_records_without_a_look_at_the_revision_is_refused(url: str) -> None:
    migrate(url)
    with closing(open_store(url)) as store:
        store.apply([], recorded_at=RECORDED_AT, log="kafka 0", position="1")
        engine = create_engine(psycopg(url))  # as a release opens it that knows nothing of this
        for statement in (
            "UPDATE log_position SET position = '2' WHERE log = 'kafka 0'",
            "INSERT INTO log_position VALUES ('kafka 1', '1') ON CONFLICT DO NOTHING",
        ):
            with pytest.raises(DBAPIError, match=REFUSAL), engine.begin() as connection:
                connection.exec_driver_sql(statement)
        engine.dispose()
        store.apply([], recorded_at=RECORDED_AT, log="kafka 0", after="1", position="2")
        assert (store.position("kafka 0"), store.position("kafka 1")) == ("2", None)
