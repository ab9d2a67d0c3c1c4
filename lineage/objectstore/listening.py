"""Listening to what a store tells of a bucket: again and again, as a connection may break at any time.

What is told meanwhile is lost, which does no harm: events hurry a look, and none is relied on.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from threading import Event
from typing import Final, TypeAlias

import structlog

from lineage.errors import ObjectStoreError, TellsNothing
from lineage.objectstore.notifications import ObjectChanged, changes
from lineage.outage import Outage

FIRST_BACKOFF_SECONDS: Final = 1.0
LAST_BACKOFF_SECONDS: Final = 300.0  # twice as long each time, as long as nothing is heard

Listen: TypeAlias = Callable[[], AbstractContextManager[Iterator[bytes]]]
"""Connects, and gives the lines that come; `ObjectStoreError` where that cannot be, or not any more."""

log = structlog.get_logger()


def listen(connect: Listen, hear: Callable[[ObjectChanged], None], stop: Event, *, shown: str) -> None:
    """Hand on each change that a store tells, until `stop` is set or it turns out to tell nothing. `shown` names it."""
    outage = Outage(
        begins="object store is not heard, its objects are looked at when they are due",
        ends="object store is heard again",
        store=shown,
    )
    backoff = FIRST_BACKOFF_SECONDS
    while not stop.is_set():
        try:
            with connect() as lines:
                for line in lines:
                    outage.is_over()
                    backoff = FIRST_BACKOFF_SECONDS
                    for change in changes(line, escaped=False):
                        hear(change)
                    if stop.is_set():
                        return
            reason = "it ended the connection"
        except TellsNothing as error:
            log.info("object store tells no events, its objects are looked at when they are due", reason=str(error))
            return
        except ObjectStoreError as error:
            reason = str(error)
        if stop.is_set():
            return
        outage.goes_on(reason)
        stop.wait(backoff)
        backoff = min(2 * backoff, LAST_BACKOFF_SECONDS)
