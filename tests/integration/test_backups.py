"""Backups of a store in a file: made while others write it, whole or not at all, and put back."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from lineage.errors import StoreError, UnknownCursor
from lineage.model import Artifact, Execution, Run
from lineage.ports import EVERYTHING, Listing
from lineage.store import SqlStore, back_up, migrate, open_store, restore
from tests.factories import a_node, a_workflow, dumped, record


def a_file(folder: Path, *, runs: int = 3) -> Path:
    """A store that knows some runs."""
    file = folder / "lineage.db"
    migrate(url_of(file))
    with closing(open_store(url_of(file))) as store:
        add(store, range(runs))
    return file


def url_of(file: Path) -> str:
    return f"sqlite:///{file}"


def add(store: SqlStore, numbers: range) -> None:
    for number in numbers:
        node = a_node(f"w{number}.main", 10, 20, writes=[f"k{number}"])
        record(store, a_workflow({f"w{number}-1": node}, uid=f"u{number}", name=f"w{number}"))


def known(file: Path) -> list[bytes]:
    with closing(open_store(url_of(file))) as store:
        return dumped(store)


def lineage(*arguments: str, store: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lineage", *arguments],
        env=os.environ | {"LINEAGE_STORE": url_of(store)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_copy_is_the_store_as_it_was_and_can_be_put_back(tmp_path: Path) -> None:
    store, copy = a_file(tmp_path), tmp_path / "backups" / "copy.db"
    before = known(store)
    assert lineage("backup", str(copy), store=store).returncode == 0
    assert [file.name for file in copy.parent.iterdir()] == ["copy.db"]
    with closing(open_store(url_of(store))) as opened:
        add(opened, range(3, 6))
    elsewhere = tmp_path / "elsewhere" / "lineage.db"
    assert lineage("restore", str(copy), store=elsewhere).returncode == 0
    assert known(elsewhere) == before != known(store)
    done = lineage("restore", str(copy), "--replace", store=store)
    assert done.returncode == 0, done.stderr
    assert known(store) == before
    assert len(known(tmp_path / "lineage.db.before-1")) > len(before)
    assert str(tmp_path / "lineage.db.before-1") in " ".join(done.stderr.split())


def test_a_copy_is_of_one_moment_however_much_is_written_meanwhile(tmp_path: Path) -> None:
    """Each transaction records a run with its step and what that wrote: a copy has all of it or nothing."""
    file, stop = a_file(tmp_path), Event()

    def write() -> None:
        with closing(open_store(url_of(file))) as store:
            number = 10
            while not stop.is_set():
                add(store, range(number, number + 1))
                number += 1

    writer = Thread(target=write)
    writer.start()
    try:
        for number in range(8):
            copy = tmp_path / f"copy-{number}.db"
            back_up(file, copy)
            with closing(open_store(url_of(copy))) as store:
                counts = {store.count(EVERYTHING, kind, Listing()) for kind in (Run, Execution, Artifact)}
            assert len(counts) == 1
            assert min(counts) >= 3
            with closing(sqlite3.connect(copy)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        stop.set()
        writer.join()


def test_a_store_that_was_put_back_is_another_to_those_who_followed_it(tmp_path: Path) -> None:
    """Else they would go on behind what was recorded in it since."""
    store, copy = a_file(tmp_path), tmp_path / "copy.db"
    back_up(store, copy)
    with closing(open_store(url_of(store))) as opened:
        cursor = opened.feed_end()
    restore(copy, store, replace=True)
    with closing(open_store(url_of(store))) as opened, pytest.raises(UnknownCursor):
        opened.changes(EVERYTHING, None, after=cursor, limit=10)


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    store, copy = a_file(tmp_path), tmp_path / "copy.db"
    copy.write_text("mine")
    with pytest.raises(StoreError, match="there already"):
        back_up(store, copy)
    assert copy.read_text() == "mine"
    copy.unlink()
    back_up(store, copy)
    with pytest.raises(StoreError, match="--replace"):
        restore(copy, store)


def test_a_store_that_somebody_uses_is_not_moved_away(tmp_path: Path) -> None:
    store, copy = a_file(tmp_path), tmp_path / "copy.db"
    back_up(store, copy)
    with closing(open_store(url_of(store))) as opened:
        assert opened.count(EVERYTHING, Run, Listing()) == 3
        with pytest.raises(StoreError, match="in use"):
            restore(copy, store, replace=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy.db", "lineage.db"]
    restore(copy, store, replace=True)


@pytest.mark.parametrize("damage", ["cut", "overwritten", "text", "empty", "newer", "absent"])
def test_what_is_no_whole_store_of_this_release_is_not_put_anywhere(damage: str, tmp_path: Path) -> None:
    copy, place = a_file(tmp_path, runs=200), tmp_path / "there" / "lineage.db"
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        if damage == "newer":
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
            connection.commit()
    whole = copy.read_bytes()
    match damage:
        case "cut":
            copy.write_bytes(whole[: len(whole) // 2])
        case "overwritten":
            middle = len(whole) // 2 // 4096 * 4096
            copy.write_bytes(whole[:middle] + b"\\xff" * 4096 * 8 + whole[middle + 4096 * 8 :])
        case "text":
            copy.write_text("this is no database " * 400)
        case "empty":
            copy.write_bytes(b"")
        case "absent":
            copy.unlink()
    with pytest.raises(StoreError):
        restore(copy, place)
    assert not place.exists()
    assert not list(place.parent.iterdir() if place.parent.is_dir() else ())


def test_what_is_no_file_is_left_to_its_own_tools(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lineage", "backup", "x.db", "--store", "postgresql://nobody@nowhere/x"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "pg_dump" in done.stderr
