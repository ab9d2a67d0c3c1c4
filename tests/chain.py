"""Everything between a cluster and a store as processes, of which any may be killed while a story is told.

An API server that fails in all ways, watchers, Kafka, recorders, a database. What remains is compared with what one
knows who never looked away (`tests.ledger`).
"""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Final

from lineage.eventlog.kafka import access_of, prepare
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import open_store
from tests.chaos import DEADLINE_SECONDS, HERE, Running, is_recorded, lineage, start
from tests.factories import CLUSTER, a_store
from tests.kafka_server import KafkaServer
from tests.kubeconfigs import kubeconfig
from tests.ledger import contradictions, said_to_be_whole
from tests.postgresql import Server
from tests.stories import Story, Told, tell
from tests.waiting import comes_true
from watchers.apiserver import ApiServer
from watchers.sources import watched_sources
from watchers.world import World

LONGEST_SLEEP_SECONDS: Final = 4.0
BOOKMARK_SECONDS: Final = 0.5
SERVED: Final = tuple(source.resource for source in watched_sources())


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """How often each thing happens while a story is told."""

    watchers_killed: int = 0
    watchers_asleep: int = 0
    recorders_killed: int = 0
    brokers_killed: int = 0
    databases_killed: int = 0
    watches_cut: int = 0
    histories_compacted: int = 0
    requests_refused: int = 0


class Chain:
    """The processes. `postgresql` is the server of the store, where it may be killed."""

    def __init__(
        self, ended: ExitStack, folder: Path, *, store: str, kafka: KafkaServer, postgresql: Server | None, seed: int
    ) -> None:
        self._ended = ended
        self._folder = folder
        self.store = store
        self._kafka = kafka
        self._postgresql = postgresql
        self._chance = random.Random(seed)
        self.log = f"kafka://{kafka.bootstrap}/{kafka.new_topic()}"
        prepare(access_of(self.log))
        self.world = World()
        self.api = ApiServer(self.world, resources=SERVED, bookmark_seconds=BOOKMARK_SECONDS)
        self.api.start()
        ended.callback(self.api.stop)
        self._kubeconfig = str(kubeconfig(self.api, folder / "kubeconfig"))
        self._watchers: list[Running] = []
        self._recorders: list[Running] = []

    def start(self, *, watchers: int, recorders: int) -> None:
        """Start so many of each, and wait until they follow the cluster."""
        self._watchers = [self._new_watcher() for _ in range(watchers)]
        self._recorders = [self._new_recorder() for _ in range(recorders)]
        self._wait_until_watched()

    def _new_watcher(self) -> Running:
        command = (*HERE, "watch", "--log", self.log, "--cluster", CLUSTER)
        return start(command, self._folder, self._ended, KUBECONFIG=self._kubeconfig)

    def _new_recorder(self) -> Running:
        return start((*HERE, "record", "--log", self.log, "--store", self.store), self._folder, self._ended)

    # -- troubles
    def suffer(self, troubles: Troubles, *, seconds: float, over: Event) -> None:
        """Let all of it happen, at random moments within so many seconds, and longer until something is over."""
        happen: dict[str, Callable[[], None]] = {
            "watchers_killed": self._kill_a_watcher,
            "watchers_asleep": self._put_a_watcher_to_sleep,
            "recorders_killed": self._kill_a_recorder,
            "brokers_killed": self._kill_the_broker,
            "databases_killed": self._kill_the_database,
            "watches_cut": self._cut_watches,
            "histories_compacted": self._compact_history,
            "requests_refused": self._refuse_requests,
        }
        all_of_them = [act for name, act in happen.items() for _ in range(getattr(troubles, name))]
        self._chance.shuffle(all_of_them)
        for trouble in all_of_them:
            over.wait(self._chance.expovariate(len(all_of_them) / seconds))
            trouble()

    def _kill_a_watcher(self) -> None:
        unlucky = self._chance.randrange(len(self._watchers))
        self._watchers[unlucky].kill()
        self._watchers[unlucky] = self._new_watcher()

    def _put_a_watcher_to_sleep(self) -> None:
        sleeping = self._chance.choice(self._watchers)
        sleeping.pause()
        time.sleep(self._chance.uniform(0, LONGEST_SLEEP_SECONDS))
        sleeping.resume()

    def _kill_a_recorder(self) -> None:
        unlucky = self._chance.randrange(len(self._recorders))
        self._recorders[unlucky].kill()
        self._recorders[unlucky] = self._new_recorder()

    def _kill_the_broker(self) -> None:
        self._kafka.kill()
        time.sleep(self._chance.uniform(0, 2))
        self._kafka.start()

    def _kill_the_database(self) -> None:
        assert self._postgresql is not None, "a store in a file has no server"
        self._postgresql.kill()
        time.sleep(self._chance.uniform(0, 2))
        self._postgresql.start()

    def _cut_watches(self) -> None:
        self.api.faults.cut_next_event(sent=self._chance.randrange(500))

    def _compact_history(self) -> None:
        self.api.fall_silent()
        time.sleep(self._chance.uniform(0, 1))
        self.api.compact()
        self.api.speak_again()

    def _refuse_requests(self) -> None:
        self.api.faults.refuse(*self._chance.choices((410, 429, 500, 503), k=3))
        self.api.fall_silent()
        self.api.speak_again()

    # -- the end
    def settle(self) -> None:
        """Wait until everything that can be known is recorded, and end in order."""
        self._wait_until_watched()
        assert [one.stop() for one in self._watchers] == [0] * len(self._watchers), self._said()
        recorded = comes_true(
            lambda: is_recorded(self.log, self.store, self._recorders), deadline_seconds=DEADLINE_SECONDS
        )
        assert recorded, self._said()
        assert [one.stop() for one in self._recorders] == [0] * len(self._recorders), self._said()

    def _wait_until_watched(self) -> None:
        now = datetime.now(UTC)

        def is_watched() -> bool:
            store = open_store(self.store)
            try:
                found = store.sources(EVERYTHING)
            finally:
                store.close()
            watched = {one.kind for one in found if one.watched_until is not None and one.watched_until > now}
            return watched == {resource.name for resource in SERVED}

        assert comes_true(is_watched, deadline_seconds=DEADLINE_SECONDS), self._said()

    def _said(self) -> Sequence[str]:
        return [one.said() for one in (*self._watchers, *self._recorders)]


def check_that_nothing_is_lost_in_silence(chain: Chain, told: Told, folder: Path) -> int:
    """Compare what is known with what happened, and with what the log holds. Gives of how many runs all is known."""
    seen, whole = open_store(chain.store), a_store(*told.whole())
    try:
        found = contradictions(seen, whole, told.lives)
        assert not found, "\n".join(found)
        assert list(seen.rejected(EVERYTHING, Listing(), PageRequest(first=1)).items) == []
        rebuilt = f"sqlite:///{folder / 'rebuilt.db'}"
        lineage("replay", "--log", chain.log, "--store", rebuilt)
        assert lineage("dump", "--store", rebuilt) == lineage("dump", "--store", chain.store)
        return said_to_be_whole(seen, whole)
    finally:
        seen.close()


def survive(chain: Chain, story: Story, troubles: Troubles, *, seconds: float, watchers: int, recorders: int) -> Told:
    """Tell a story within so many seconds to watchers, recorders and all between them that meet with troubles; give
    what was told, once they have recorded all that they saw."""
    chain.start(watchers=watchers, recorders=recorders)
    told: list[Told] = []
    over = Event()

    def tell_it() -> None:
        told.append(tell(story, chain.world, seconds=seconds))
        over.set()

    telling = Thread(target=tell_it)
    telling.start()
    chain.suffer(troubles, seconds=seconds, over=over)
    telling.join()
    chain.settle()
    return told[0]
