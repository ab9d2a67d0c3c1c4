"""A watcher that sleeps while a real API server forgets its history: what happened meanwhile is known, or named."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import open_store
from tests.asleep import Namespace, Watched
from tests.factories import a_store
from tests.kafka_server import KafkaServer
from tests.kubernetes_server import KubernetesServer
from tests.ledger import contradictions
from watchers.timeline import WORKFLOWS

ALL = PageRequest(first=100)


def test_what_happened_while_a_watcher_slept_and_history_was_compacted_is_known_or_named(
    kubernetes: KubernetesServer, kafka: KafkaServer, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    namespace = Namespace(kubernetes, f"ns-{abs(hash(request.node.nodeid)) % 10**12}")
    for name in ("stays", "goes-on", "goes"):
        namespace.put(name, steps=1)
    with ExitStack() as ended:
        watched = Watched(namespace, kafka, tmp_path, ended)
        watched.wait(gaps=0)
        watched.fall_asleep()
        namespace.put("goes-on", steps=2, phase="Succeeded")
        namespace.delete("goes")
        namespace.put("comes", steps=1)
        namespace.put("comes-and-goes", steps=1, phase="Succeeded")
        namespace.delete("comes-and-goes")
        watched.wake_up()
        watched.wait(gaps=1)
        watched.stop()
    store = open_store(watched.store)
    runs = {run.name: run for run in store.runs(EVERYTHING, Listing(), ALL).items}
    assert {name: (run.phase, run.in_cluster) for name, run in runs.items()} == {
        "stays": ("RUNNING", True),
        "goes-on": ("SUCCEEDED", True),
        "goes": ("UNKNOWN", False),
        "comes": ("RUNNING", True),
    }
    (source,) = [one for one in store.sources(EVERYTHING) if one.kind == WORKFLOWS.name]
    gap = store.gaps(EVERYTHING, source, ALL).items[-1]  # the first: the last begins with the end of watching
    assert "too old resource version" in gap.reason
    assert (gap.created, gap.changed, gap.gone) == (1, 1, 1)
    found = store.completeness(EVERYTHING, [run.key for run in runs.values()])
    named = {
        name for name, run in runs.items() if any("workflows were not watched" in m for m in found[run.key].missing)
    }
    assert named >= {"stays", "goes-on", "goes"}
    assert contradictions(store, a_store(*namespace.told.whole(resources=[WORKFLOWS])), namespace.told.lives) == []
    store.close()
