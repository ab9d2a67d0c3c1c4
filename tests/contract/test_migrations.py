"""The migrations make exactly the tables that the store declares."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from lineage.errors import InvalidSettings, SchemaOutdated, StoreError
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import tables
from lineage.store.database import migrate, open_in_memory, open_store
from tests.factories import a_workflow, dumped, record


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'folder' / 'lineage.db'}"


def test_migrating_nothing_makes_the_declared_tables(url: str) -> None:
    migrate(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_the_migrated_indexes_are_the_declared_ones(url: str) -> None:
    """The comparison above does not look at uniqueness and the order of columns of every index."""
    migrate(url)
    engine = create_engine(url)
    found = inspect(engine)
    for name, table in tables.metadata.tables.items():
        declared = {(str(i.name), tuple(c.name for c in i.columns), bool(i.unique)) for i in table.indexes}
        made = {(str(i["name"]), tuple(i["column_names"]), bool(i["unique"])) for i in found.get_indexes(name)}
        assert made == declared, name
        assert found.get_pk_constraint(name)["constrained_columns"] == [c.name for c in table.primary_key.columns]
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


def test_a_store_in_a_file_knows_after_a_restart_what_one_in_memory_knows(url: str) -> None:
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
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from the future'")
    engine.dispose()
    with pytest.raises(SchemaOutdated, match="from the future"):
        open_store(url)


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "lineage.db"
    path.write_text("this is no database, but long enough to be taken for the header of one" * 20)
    with pytest.raises(StoreError):
        open_store(f"sqlite:///{path}")


@pytest.mark.parametrize("url", ["no url", "mysql://host/lineage"])
def test_what_is_no_store_of_this_release_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettings, match="sqlite:///"):
        open_store(url)


def test_a_new_store_knows_nothing() -> None:
    store = open_in_memory()
    assert dumped(store) == []
    assert store.runs(EVERYTHING, Listing(), PageRequest(first=10)).items == ()
    store.close()


def test_a_store_of_a_newer_release_is_not_migrated(url: str) -> None:
    migrate(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from the future'")
    engine.dispose()
    with pytest.raises(StoreError, match="from the future"):
        migrate(url)
