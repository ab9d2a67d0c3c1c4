"""What object stores tell of their own accord, put together: who is listened to, what is read from Kafka, and which
looks are hurried by it.

Each runs in a thread of its own that ends nothing but itself: events are never relied on.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic
from typing import Final

import structlog

from lineage.cli.event_logs import access_to, group_of
from lineage.cli.object_stores import object_stores_of
from lineage.cli.parts import now
from lineage.eventlog.kafka import follow
from lineage.hurrying import Hurrier
from lineage.model import LookDue
from lineage.objectstore.configured import ConfiguredStore, Found, find, uris_of
from lineage.objectstore.listening import listen
from lineage.objectstore.minio import LISTEN_SILENCE_SECONDS, MinioStore
from lineage.objectstore.notifications import ObjectChanged, changes
from lineage.ports import LineageStore
from lineage.settings import LISTEN, NONE, Settings
from lineage.web import Metrics

ENDING_SECONDS: Final = 2.0  # for who listens to hear a ping, and see that it is the end

log = structlog.get_logger(__name__)


@contextmanager
def hurried_by_events(settings: Settings, store: LineageStore, metrics: Metrics) -> Iterator[None]:
    """Let looks be due as soon as a store tells that something changed, where the settings name one that may.

    Raises:
        InvalidSettings: a secret, or the name of a topic, is of no use.
    """
    configured = object_stores_of(settings)
    tellers = tellers_of(settings, configured)
    if not tellers:
        yield
        return
    told, hurried = metrics.object_events()
    groups = list(tellers.values())

    def is_at(teller: int, place: LookDue) -> bool:
        found = find(configured, cluster=place.cluster, namespace=place.namespace, location=place.location)
        return isinstance(found, Found) and found.store in groups[teller]

    hurrier = Hurrier(store, is_at, clock=now, on_hurry=hurried)
    stop = Event()

    def hear(teller: int, change: ObjectChanged) -> None:
        told()
        hurrier.hear(teller, uris_of(change.bucket, change.key))

    threads = [Thread(target=hurrier.run, args=(stop,), name="hurrier", daemon=True)]
    for number, way in enumerate(tellers):
        run = _bringing(way, number, groups[number], settings, hear, stop)
        threads.append(Thread(target=run, name=f"events of {way}", daemon=True))
    for thread in threads:
        thread.start()
    log.info("looks are hurried by events", by=list(tellers))
    try:
        yield
    finally:
        stop.set()
        until = monotonic() + ENDING_SECONDS
        for thread in threads:
            thread.join(max(0.0, until - monotonic()))


def tellers_of(settings: Settings, stores: Sequence[ConfiguredStore]) -> Mapping[str, Sequence[ConfiguredStore]]:
    """Say who tells what changes, and in which stores: topics, and buckets that can be listened to, by what they are
    called. Several settings of one bucket (for several namespaces) are one to listen to."""
    tellers: defaultdict[str, list[ConfiguredStore]] = defaultdict(list)
    for setting, store in zip(settings.object_stores, stores, strict=True):
        if setting.events not in (None, LISTEN, NONE):
            tellers[setting.events].append(store)
        elif setting.events != NONE and store.endpoint is not None and store.bucket is not None:
            tellers[f"{store.endpoint.rstrip('/')}/{store.bucket}"].append(store)
    return tellers


def _bringing(
    way: str,
    teller: int,
    stores: Sequence[ConfiguredStore],
    settings: Settings,
    hear: Callable[[int, ObjectChanged], None],
    stop: Event,
) -> Callable[[], None]:
    """Make what brings the events of a teller until the end."""
    if way.startswith("kafka://"):
        access = access_to(way, settings)
        group = f"{group_of(settings.store)}-{access.topic}"

        def read(message: bytes) -> None:
            for change in changes(message, escaped=True):
                hear(teller, change)

        return lambda: follow(access, group, read, stop)
    bucket = MinioStore(stores[0], stores[0].bucket or "", connections=1, silence_seconds=LISTEN_SILENCE_SECONDS)
    return lambda: listen(bucket.listen, lambda change: hear(teller, change), stop, shown=way)
