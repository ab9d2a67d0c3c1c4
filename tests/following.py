"""A server that is watched, and what it shows recorded: over real sockets, in threads, into a store in a file."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from lineage.eventlog.memory import MemoryLog
from lineage.ports import LineageStore
from lineage.recorder import Recorder
from lineage.store import SqlStore, migrate, open_store
from tests.factories import CLUSTER, REDACTOR, interpreted
from tests.waiting import DEADLINE_SECONDS
from watchers.kube import Kube
from watchers.run import Watching
from watchers.source import Source


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def store_in(folder: Path) -> Iterator[SqlStore]:
    """A store in a file: one in memory has one connection, and here one thread writes while another reads."""
    url = f"sqlite:///{folder / 'watched.db'}"
    migrate(url)
    with closing(open_store(url)) as opened:
        yield opened


@contextmanager
def following(transport: Kube, store: LineageStore, sources: Sequence[Source]) -> Iterator[None]:
    """Watch a server and record what it shows."""
    log = MemoryLog("watched")
    recorder = Recorder(log, store, interpreted, key_ids=[REDACTOR.key_id], clock=now)
    watching = Watching(
        transport=transport,
        sources=sources,
        namespaces=None,
        events=log,
        cluster=CLUSTER,
        redactor=REDACTOR,
        clock=now,
    )
    stop = Event()
    recording = Thread(target=recorder.run, args=(stop,))
    recording.start()
    watching.start()
    try:
        yield
    finally:
        watching.stop()
        stop.set()
        recording.join(DEADLINE_SECONDS)
