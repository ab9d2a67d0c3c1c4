"""The long form of `tests/integration/test_chain.py` and `test_asleep.py`: watchers, recorders, broker and database are
killed at random while things happen in a cluster. `LINEAGE_SOAK_SEEDS` says how many stories are told.

Generated and recorded workflows take turns, and so do databases, and one watcher and two: with two there is hardly a
gap, and nearly all must be known to the last; with one, what is not known must be named.
"""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from lineage.store import migrate, open_store
from tests.asleep import Namespace, survive_sleep
from tests.chain import Chain, Troubles, check_that_nothing_is_lost_in_silence, survive
from tests.factories import a_store
from tests.kafka_server import KafkaServer
from tests.kubernetes_server import KubernetesServer
from tests.ledger import contradictions
from tests.postgresql import Server
from tests.stories import generated, real
from watchers.timeline import WORKFLOWS

SEEDS = range(int(os.environ.get("LINEAGE_SOAK_SEEDS", "20")))
SECONDS = 90
SLEEPS = 20


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed-{seed}")
def test_whatever_is_killed_between_a_cluster_and_a_store_nothing_is_lost_in_silence(
    own_kafka: KafkaServer, own_postgresql: Server, fixtures: Path, tmp_path: Path, seed: int
) -> None:
    in_a_file, watchers = seed % 4 >= 2, 1 + seed // 4 % 2
    story = real(fixtures, seed) if seed % 2 else generated(seed, workflows=40)
    troubles = Troubles(
        watchers_killed=4 if watchers == 2 else 1,
        watchers_asleep=4,
        recorders_killed=6,
        brokers_killed=2,
        databases_killed=0 if in_a_file else 4,
        watches_cut=10,
        histories_compacted=0 if watchers == 2 else 1,
        requests_refused=5,
    )
    store = f"sqlite:///{tmp_path / 'store.db'}" if in_a_file else own_postgresql.new_database()
    migrate(store)
    with ExitStack() as ended:
        chain = Chain(ended, tmp_path, store=store, kafka=own_kafka, postgresql=own_postgresql, seed=seed)
        told = survive(chain, story, troubles, seconds=SECONDS, watchers=watchers, recorders=3)
        whole = check_that_nothing_is_lost_in_silence(chain, told, tmp_path)
    assert whole > 0 or watchers == 1


def test_what_happened_while_a_watcher_of_a_real_server_slept_is_known_or_named(
    kubernetes: KubernetesServer, kafka: KafkaServer, tmp_path: Path
) -> None:
    namespace = Namespace(kubernetes, "asleep")
    store = open_store(survive_sleep(namespace, kafka, tmp_path, times=SLEEPS, seed=1))
    whole = a_store(*namespace.told.whole(resources=[WORKFLOWS]))
    assert contradictions(store, whole, namespace.told.lives) == []
    store.close()
