"""A watcher of a real API server that is put to sleep again and again, while things happen and history is forgotten."""

import random
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from lineage.model import SourceState, SourceStatus
from lineage.ports import EVERYTHING
from lineage.store import migrate, open_store
from tests.chaos import DEADLINE_SECONDS, HERE, is_recorded, start
from tests.factories import CLUSTER, a_node, a_workflow
from tests.kafka_server import KafkaServer
from tests.kubernetes_server import KubernetesServer
from tests.stories import Told
from tests.waiting import comes_true
from watchers.timeline import WORKFLOWS


class Namespace:
    """A namespace of a real cluster, in which everything that happens is noted."""

    def __init__(self, kubernetes: KubernetesServer, name: str) -> None:
        self.kubernetes = kubernetes
        self.name = name
        self.told = Told()
        self._uids: dict[str, str] = {}

    def put(self, name: str, *, steps: int, phase: str = "Running") -> None:
        """Create a workflow, or bring it to where it has taken so many steps."""
        now = datetime.now(UTC).timestamp()
        nodes = {
            f"{name}-{step}": a_node(f"{name}.s{step}", now - 1, now, writes=[f"{name}/{step}"])
            for step in range(steps)
        }
        wanted = a_workflow(
            nodes, uid=None, version=None, name=name, namespace=self.name, born=None, phase=phase, startedAt=None
        )
        kept = self.kubernetes.put(WORKFLOWS, wanted)
        self._uids[name] = kept["metadata"]["uid"]
        self.told.has(kept)

    def delete(self, name: str) -> None:
        self.kubernetes.delete(WORKFLOWS, self.name, name)
        self.told.has_not(self._uids.pop(name))

    def happen(self, chance: random.Random, round_: int) -> None:
        """Let workflows be made, go on, end, be deleted, and come and go."""
        self.put(f"n{round_}", steps=1)
        for name in chance.sample(sorted(self._uids), min(3, len(self._uids))):
            self.put(name, steps=chance.randint(1, 4), phase=chance.choice(("Running", "Succeeded", "Failed")))
        if round_ % 2:
            self.delete(chance.choice(sorted(self._uids)))
        self.put(f"c{round_}", steps=2, phase="Succeeded")
        self.delete(f"c{round_}")


class Watched:
    """A namespace that is watched and recorded by processes."""

    def __init__(self, namespace: Namespace, kafka: KafkaServer, folder: Path, ended: ExitStack) -> None:
        self._namespace = namespace
        self._log = f"kafka://{kafka.bootstrap}/{kafka.new_topic()}"
        self.store = f"sqlite:///{folder / 'store.db'}"
        migrate(self.store)
        watch = (*HERE, "watch", "--log", self._log, "--cluster", CLUSTER, "--namespace", namespace.name)
        self.watcher = start(watch, folder, ended, KUBECONFIG=str(namespace.kubernetes.kubeconfig()))
        self.recorder = start((*HERE, "record", "--log", self._log, "--store", self.store), folder, ended)

    def workflows(self) -> SourceStatus | None:
        """What the ledger says of workflows."""
        store = open_store(self.store)
        try:
            return next((one for one in store.sources(EVERYTHING) if one.kind == WORKFLOWS.name), None)
        finally:
            store.close()

    def wait(self, *, gaps: int) -> None:
        """Wait until it follows the cluster, after so many times of which nothing is known."""

        def is_so() -> bool:
            found = self.workflows()
            return found is not None and found.state is SourceState.SYNCED and found.gap_count == gaps

        assert comes_true(is_so, deadline_seconds=DEADLINE_SECONDS), (self.workflows(), self.watcher.said())

    def fall_asleep(self) -> None:
        """Stand still, and lose the connection: what is sent on one that lasts is read on waking up."""
        self.watcher.pause()
        self._namespace.kubernetes.restart()

    def wake_up(self) -> None:
        """Go on, on a server that has forgotten what happened meanwhile."""
        self._namespace.kubernetes.restart(compact=True)
        self.watcher.resume()

    def stop(self) -> None:
        """End both in order, once all is recorded."""
        assert self.watcher.stop() == 0, self.watcher.said()
        recorded = comes_true(lambda: is_recorded(self._log, self.store, [self.recorder]))
        assert recorded, self.recorder.said()
        assert self.recorder.stop() == 0, self.recorder.said()


def survive_sleep(namespace: Namespace, kafka: KafkaServer, folder: Path, *, times: int, seed: int) -> str:
    """Put a watcher to sleep so many times, each time until history is forgotten; give the store that it left."""
    chance = random.Random(seed)
    with ExitStack() as ended:
        for number in range(5):
            namespace.put(f"w{number}", steps=1)
        watched = Watched(namespace, kafka, folder, ended)
        watched.wait(gaps=0)
        for round_ in range(times):
            watched.fall_asleep()
            namespace.happen(chance, round_)
            watched.wake_up()
            watched.wait(gaps=round_ + 1)
        watched.stop()
    return watched.store
