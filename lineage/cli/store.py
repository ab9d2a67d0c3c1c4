"""`lineage dump`, `migrate`, `backup` and `restore`: the store as a whole."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import disk_usage
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress

from lineage.cli.flags import StoreFlag
from lineage.cli.opening import open_existing, shown, store_file
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import USAGE, fail, notes, print_answer
from lineage.cli.upgrading import shown_upgrade
from lineage.identity import canonical
from lineage.ports import EVERYTHING
from lineage.settings import load_settings
from lineage.store import PlannedStep, back_up, pending_migrations, planned_steps
from lineage.store import migrate as migrate_store
from lineage.store import restore as put_back


def dump(store: StoreFlag = None) -> None:
    """Write all knowledge as JSON lines: equal knowledge, equal bytes.

    Sorted and canonical, without times of recording or internal keys, so that two stores compare by bytes.

    ```
    lineage dump | sha256sum
    diff <(lineage dump --store sqlite:///a.db) <(lineage dump --store sqlite:///b.db)
    ```
    """
    configure_logs(logging.ERROR)
    opened = open_existing(load_settings({"store": store}).store)
    for thing in opened.dump(EVERYTHING):
        sys.stdout.buffer.write(canonical(thing) + b"\n")
    sys.stdout.buffer.flush()


def migrate(
    store: StoreFlag = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
) -> None:
    """Make a store, or bring one of an older release up to date.

    `lineage up` and `lineage ingest` do this by themselves for a store in a file; the store of a server is
    migrated by this command alone. There, others go on to read and write meanwhile, up to a moment at the end; a store
    in a file is read meanwhile. Interrupted, it goes on where it was when it is called again; of several, one does it.

    ```
    lineage migrate
    lineage migrate --store postgresql://user@host/lineage --dry-run
    ```
    """
    settings = load_settings({"store": store})
    configure_logs(logging.INFO, settings.log_format)
    url = settings.store
    if dry_run:
        pending, steps = pending_migrations(url), planned_steps(url)
        for revision, brings in pending:
            print_answer(f"{revision}  {escape(brings)}")
            print_answer(*(_line(step) for step in steps if step.revision == revision))
        if any(step.is_online for step in steps):
            notes.print("A moment: no lock is waited for longer than 5 s at a time, as others wait behind that.")
        if pending and (file := store_file(url)) is not None and file.exists():
            notes.print(_room_needed(file))
        notes.print(f"{len(pending)} migrations would be run on {shown(url)}; nothing was changed.")
        return
    with shown_upgrade() as tell:
        migrate_store(url, tell)
    notes.print(f"The store {shown(url)} is up to date.")


def _line(step: PlannedStep) -> str:
    """Say of a step what it does, to how much, and who waits for it."""
    rows = "" if step.rows is None else f", about {step.rows:,} rows"
    state = "online" if step.is_online else "not online"
    told = "done" if step.is_done else f"{state}; waits: {step.waits}"
    return escape(f"      {step.says}{rows}: {told}")


def _room_needed(file: Path) -> str:
    """Say what to do before a store in a file is migrated: that is done in the file itself."""
    size, free = file.stat().st_size, disk_usage(file.parent).free
    return escape(
        f"Make a copy first: lineage backup FILE. {file} has {size / 2**20:,.1f} MiB, and takes up to as much again "
        f"while it is migrated; its disk has {free / 2**20:,.1f} MiB left."
    )


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; nothing may be there yet.")],
    store: StoreFlag = None,
) -> None:
    """Copy a store in a file to another file, as it is at one moment, while others go on to read and write it.

    A database server has its own tools for that, such as pg_dump. Keep the redaction key, too, and elsewhere: without
    it, secrets that are recorded later are not known to be equal to earlier ones.

    ```
    lineage backup lineage-2026-11-27.db
    ```
    """
    configure_logs(logging.ERROR)
    mine = _file_of(load_settings({"store": store}).store)
    with _shown_progress("copying") as progress:
        revision = back_up(mine, file, progress)
    notes.print(f"{file} is a copy of {mine}, {file.stat().st_size / 2**20:,.1f} MiB, at revision {revision}.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `lineage backup` made.")],
    store: StoreFlag = None,
    replace: Annotated[bool, typer.Option("--replace", help="Move a store that is there aside.")] = False,
) -> None:
    """Put a copy in the place of a store in a file, after a look at whether it is whole.

    A store that is there stays, unless --replace says otherwise: then it is moved aside, if nobody uses it. A copy of
    an older release is brought up to date by `lineage migrate`.

    ```
    lineage restore lineage-2026-11-27.db
    ```
    """
    configure_logs(logging.ERROR)
    mine = _file_of(load_settings({"store": store}).store)
    with _shown_progress("restoring") as progress:
        before = put_back(file, mine, progress, replace=replace)
    notes.print(f"{mine} is what {file} was." + ("" if before is None else f" What was there is {before} now."))


def _file_of(url: str) -> Path:
    file = store_file(url)
    if file is None:
        fail(f"{shown(url)} is no file: a database server is backed up by its own tools, such as pg_dump", code=USAGE)
    return file


@contextmanager
def _shown_progress(what: str) -> Iterator[Callable[[int, int], None]]:
    with Progress(console=notes, transient=True) as shown_progress:
        task = shown_progress.add_task(what)
        yield lambda left, of: shown_progress.update(task, total=of, completed=of - left)
