"""From a cluster to a store, through processes that are killed while things happen: what is not known is named."""

from contextlib import ExitStack
from pathlib import Path

from lineage.store import migrate
from tests.chain import Chain, Troubles, check_that_nothing_is_lost_in_silence, survive
from tests.chaos import lineage
from tests.factories import a_store, dumped
from tests.kafka_server import KafkaServer
from tests.postgresql import Server
from tests.stories import generated, real

TROUBLES = Troubles(
    watchers_killed=1,
    watchers_asleep=1,
    recorders_killed=1,
    brokers_killed=1,
    databases_killed=1,
    watches_cut=3,
    histories_compacted=1,
    requests_refused=1,
)


def test_whatever_fails_between_a_cluster_and_a_store_nothing_is_lost_in_silence(
    own_kafka: KafkaServer, own_postgresql: Server, tmp_path: Path
) -> None:
    store, story = own_postgresql.new_database(), generated(1, workflows=12)
    with ExitStack() as ended:
        chain = Chain(ended, tmp_path, store=store, kafka=own_kafka, postgresql=own_postgresql, seed=1)
        told = survive(chain, story, TROUBLES, seconds=15, watchers=2, recorders=2)
        check_that_nothing_is_lost_in_silence(chain, told, tmp_path)


def test_what_nobody_disturbs_is_known_to_the_last(kafka: KafkaServer, fixtures: Path, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store.db'}"
    migrate(store)
    with ExitStack() as ended:
        chain = Chain(ended, tmp_path, store=store, kafka=kafka, postgresql=None, seed=1)
        told = survive(chain, real(fixtures, seed=1), Troubles(), seconds=10, watchers=1, recorders=2)
        check_that_nothing_is_lost_in_silence(chain, told, tmp_path)
    expected = b"".join(item + b"\n" for item in dumped(a_store(*told.seen)))
    assert lineage("dump", "--store", store) == expected
