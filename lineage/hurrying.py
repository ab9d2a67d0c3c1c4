"""Looking sooner where a store tells that something was changed: what is known to lie there becomes due at once.

It knows neither SQL nor S3 nor how events come. Events may be lost, repeated, late, or of places that nobody knows:
that does no harm, as every place is looked at when it is due. A storm of them costs a few statements a second, and no
more memory than a buffer; who brings more than that waits.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from threading import Condition, Event
from time import monotonic
from typing import Final, TypeAlias

from lineage.errors import StoreError
from lineage.model import LookDue
from lineage.outage import Outage
from lineage.ports import LineageStore

BATCH: Final = 5_000  # uris a time
PAUSE_SECONDS: Final = 0.5  # between two batches: so much later an event is heeded
BUFFER: Final = 100_000  # uris that wait; some 20 MB
AGAIN_SECONDS: Final = 10.0  # what is written all the time is looked at so often, and once after the last time
RETRY_SECONDS: Final = 10.0  # while the store of what is known fails

Heard: TypeAlias = tuple[int, str]
"""Who told it, and a uri."""

IsAt: TypeAlias = Callable[[int, LookDue], bool]
"""Says whether a place is in the store that told of its uri: equal uris in two stores are different places."""


class Hurrier:
    """Makes places due of which it was told. Any thread may tell it, and one runs it."""

    def __init__(
        self,
        store: LineageStore,
        is_at: IsAt,
        *,
        clock: Callable[[], datetime],
        on_hurry: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._is_at = is_at
        self._clock = clock
        self._on_hurry = on_hurry
        self._changed = Condition()
        self._heard: dict[Heard, None] = {}
        self._hurried: dict[Heard, float] = {}
        self._has_ended = False
        self.outage = Outage(
            begins="store does not take events of objects, waiting for it", ends="store takes them again"
        )

    def __len__(self) -> int:
        """How many uris wait to be looked up."""
        return len(self._heard)

    def hear(self, teller: int, uris: Iterable[str]) -> None:
        """Note that something changed under each of these uris. Waits while too many are noted."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._heard) < BUFFER or self._has_ended)
            if not self._has_ended:
                self._heard.update(dict.fromkeys((teller, uri) for uri in uris))

    def run(self, stop: Event) -> None:
        """Heed what is heard until `stop` is set; what is heard later is forgotten."""
        try:
            while not stop.wait(PAUSE_SECONDS):
                taken = self._take()
                try:
                    self._hurry(taken)
                except StoreError as error:
                    self.outage.goes_on(str(error))
                    self._put_back(taken)
                    stop.wait(RETRY_SECONDS)
                else:
                    self.outage.is_over()
        finally:
            with self._changed:
                self._has_ended = True
                self._heard.clear()
                self._changed.notify_all()

    def _take(self) -> Sequence[Heard]:
        """Take what was not hurried just now: a look at that is under way, and what is told of it again waits."""
        with self._changed:
            now = monotonic()
            self._hurried = {one: at for one, at in self._hurried.items() if now - at < AGAIN_SECONDS}
            taken = list(islice((one for one in self._heard if one not in self._hurried), BATCH))
            for one in taken:
                del self._heard[one]
            self._changed.notify_all()
        return taken

    def _put_back(self, taken: Iterable[Heard]) -> None:
        with self._changed:
            self._heard.update(dict.fromkeys(taken))

    def _hurry(self, taken: Iterable[Heard]) -> None:
        tellers: defaultdict[str, list[int]] = defaultdict(list)
        for teller, uri in taken:
            tellers[uri].append(teller)
        if not tellers:
            return
        waiting = self._store.places_waiting(tellers.keys(), now=self._clock())
        told = [place for place in waiting if any(self._is_at(one, place) for one in tellers[place.location.uri])]
        if told:
            self._on_hurry(self._store.hurry([place.location for place in told], now=self._clock()))
            now = monotonic()
            self._hurried |= {(one, place.location.uri): now for place in told for one in tellers[place.location.uri]}
