"""`lineage dump` and `lineage migrate`: the store as a whole."""

import logging
import sys

from lineage.cli.flags import StoreFlag
from lineage.cli.opening import open_existing, shown
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import notes
from lineage.identity import canonical
from lineage.ports import EVERYTHING
from lineage.settings import load_settings
from lineage.store import migrate as migrate_store


def dump(store: StoreFlag = None) -> None:
    """Write all knowledge as JSON lines: equal knowledge, equal bytes.

    Sorted and canonical, without times of recording or internal keys, so that two stores compare by bytes.

        lineage dump | sha256sum
        diff <(lineage dump --store sqlite:///a.db) <(lineage dump --store sqlite:///b.db)
    """
    configure_logs(logging.ERROR)
    opened = open_existing(load_settings({"store": store}).store)
    for thing in opened.dump(EVERYTHING):
        sys.stdout.buffer.write(canonical(thing) + b"\n")
    sys.stdout.buffer.flush()


def migrate(store: StoreFlag = None) -> None:
    """Make a store, or bring one of an older release up to date.

    `lineage up` and `lineage ingest` do this by themselves for a store in a file; the store of a server is
    migrated by this command alone.

        lineage migrate
        lineage migrate --store postgresql://user@host/lineage
    """
    configure_logs(logging.ERROR)
    url = load_settings({"store": store}).store
    migrate_store(url)
    notes.print(f"The store {shown(url)} is up to date.")
