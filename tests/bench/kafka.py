"""The recorder behind a real Kafka broker beside the same recorder on the log in memory: same observations, same store.

Before anything counts, both record everything once, and must know the same afterwards. To connect is not counted: it is
done once in the life of a recorder.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from lineage.eventlog.kafka import Access, KafkaReader, KafkaWriter, access_of, prepare
from lineage.eventlog.memory import MemoryLog
from lineage.observation import Observation
from lineage.ports import LogReader
from lineage.recorder import Recorder
from lineage.store import SqlStore
from tests.bench import workload
from tests.bench.measuring import AtLeast, Bench, Finding, Row, Skipped, interleaved
from tests.bench.recording import OnSqlite, store_on
from tests.factories import RECORDED_AT, REDACTOR, dumped, interpreted
from tests.kafka_server import kafka_server
from tests.servers.install import installed

WHAT: Final = "SQLite: recorder behind Kafka"
GIVE_UP_SECONDS: Final = 30.0


def measure(bench: Bench) -> Iterator[Finding]:
    """Measure both."""
    libraries = installed("kafka")
    if libraries is None:
        yield Skipped(WHAT, "there is no broker to start: make servers")
        return
    bench.say(WHAT)
    observations = list(chain.from_iterable(workload.side_by_side(range(bench.sizes.runs))))
    with (
        TemporaryDirectory(prefix="kafka-", dir=bench.folder) as folder,
        kafka_server(libraries, Path(folder)) as kafka,
    ):
        access = access_of(f"kafka://{kafka.bootstrap}/{kafka.new_topic()}")
        prepare(access)
        with KafkaWriter(access) as writer:
            for one in observations:
                writer.append(one)
        yield _row(OnSqlite(bench.folder), bench, observations, access)


def _row(on: OnSqlite, bench: Bench, observations: Sequence[Observation], access: Access) -> Row:
    def behind_kafka() -> float:
        with KafkaReader(access, group=None) as reader:
            reader.read(lambda _part: None, limit=1, timeout_seconds=0)  # connects; what is not confirmed comes again
            return on.ours(lambda store: _record(reader, store))

    def in_memory() -> float:
        log = MemoryLog("bench", max_entries=len(observations), max_bytes=2**40)
        for one in observations:
            log.append(one)
        return on.ours(lambda store: _record(log, store))

    def known(act: Callable[[], float]) -> list[bytes]:
        act()
        with closing(store_on(bench.folder / "ours.db")) as store:
            return dumped(store)

    assert known(behind_kafka) == known(in_memory), "behind Kafka, something else is known"
    took = interleaved({"kafka": behind_kafka, "memory": in_memory}, bench.sizes.rounds)
    each = {name: seconds / len(observations) for name, seconds in took.items()}
    return Row(
        what=WHAT,
        ours=each["kafka"],
        beside="on the log in memory",
        theirs=each["memory"],
        target=AtLeast(0.5),
        of_speed=True,
    )


def _record(log: LogReader, store: SqlStore) -> None:
    recorder = Recorder(log, store, interpreted, key_ids=[REDACTOR.key_id], clock=lambda: RECORDED_AT)
    recorder.drain(give_up_seconds=GIVE_UP_SECONDS)
