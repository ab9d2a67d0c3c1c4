"""Opening stores: to read one that is there, to write to one that may have to be made or waited for."""

from functools import partial
from pathlib import Path
from threading import Event
from typing import Final
from urllib.parse import urlsplit

from lineage.errors import InvalidSettings, NotMigrated, SchemaOutdated, StoreError
from lineage.outage import Outage
from lineage.ports import LineageStore
from lineage.recorder import FIRST_BACKOFF_SECONDS
from lineage.settings import Settings
from lineage.store import migrate, open_store

LAST_LOOK_SECONDS: Final = 5.0  # between two looks at whether a store can be opened: others wait for us, too
MEMORY_URLS: Final = ("sqlite://", "sqlite:///:memory:")


def open_existing(url: str) -> LineageStore:
    """Open a store to read it.

    Raises:
        StoreError: there is none.
        SchemaOutdated: it was made by another release.
    """
    file = store_file(url)
    if file is not None and not file.exists():
        raise StoreError(
            f"there is no store at {file} yet: `lineage up` or `lineage ingest PATH` makes one, "
            "and --store URL names another"
        )
    return open_store(url)


def open_to_record(settings: Settings) -> LineageStore:
    """Open the store of the settings to write to it. An embedded one is made, or brought up to date, where need be.

    Raises:
        InvalidSettings: it is in memory, where nobody could ask it.
        StoreError: it cannot be opened or made.
        SchemaOutdated: it is a server's, which others use too: to migrate it is a decision.
    """
    url = settings.store
    opened = partial(open_store, url, metric_parameters=settings.metric_parameters)
    if url in MEMORY_URLS:
        raise InvalidSettings(f"{url} is a store in memory, which nobody could ask: name a file")
    try:
        return opened()
    except NotMigrated:
        if not is_embedded(url):
            raise
    migrate(url)
    return opened()


def open_when_reachable(settings: Settings, stop: Event) -> LineageStore | None:
    """Open the store of the settings to write to it, waiting while its server is away, or somebody migrates it; None
    where the end came first.

    Raises:
        InvalidSettings: as `open_to_record`.
        SchemaOutdated: a newer release has migrated it.
        StoreError: it is no server, and cannot be opened or made.
    """
    backoff = FIRST_BACKOFF_SECONDS
    outage = Outage(begins="store cannot be opened, waiting for it", ends="store is open")
    while not stop.is_set():
        try:
            store = open_to_record(settings)
        except StoreError as error:
            if not is_waited_for(settings.store, error):
                raise
            outage.goes_on(str(error))
            stop.wait(backoff)
            backoff = min(2 * backoff, LAST_LOOK_SECONDS)
        else:
            outage.is_over()
            return store
    return None


def is_waited_for(url: str, error: StoreError) -> bool:
    """Say whether a store that cannot be opened may be soon, without us: its server comes back, or it is migrated."""
    is_of_a_newer_release = isinstance(error, SchemaOutdated) and not isinstance(error, NotMigrated)
    return not (is_embedded(url) or is_of_a_newer_release)


def is_embedded(url: str) -> bool:
    """Say whether a store lives within this program."""
    return urlsplit(url).scheme.partition("+")[0] == "sqlite"


def store_file(url: str) -> Path | None:
    """Name the file that a store is; None where it is a server or in memory."""
    if not is_embedded(url) or url in MEMORY_URLS:
        return None
    path = url.partition("://")[2].partition("?")[0].removeprefix("/")
    return Path(path).expanduser() if path else None


def shown(url: str) -> str:
    """Write the name of a store without its password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":…@", 1)
