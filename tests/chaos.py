"""Recorders, brokers and databases that are killed again and again, while observations pass through Kafka.

What remains afterwards must be what `lineage ingest` of the same objects leaves that nobody disturbed.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final

import orjson
import psycopg

from lineage.eventlog.kafka import KafkaWriter, access_of, prepare
from lineage.observation import Observation
from tests.factories import CLUSTER, KEY, KubernetesObject, a_node, a_pod, a_workflow, observed
from tests.kafka_server import KafkaServer
from tests.waiting import comes_true

DEADLINE_SECONDS: Final = 180.0
HERE: Final = (sys.executable, "-W", "ignore", "-m", "lineage")


def story(workflows: int) -> Iterator[KubernetesObject]:
    """Workflows that hand a model on from one to the next, each seen running, failed, and retried by hand."""
    for number in range(workflows):
        name, born = f"w{number}", 1000 + 100 * number
        model = f"{name}/{name}-2000001/model.tgz"
        failed = a_node(f"{name}.train", born + 1, born + 9, "Failed")
        again = a_node(f"{name}.train", born + 20, born + 40, reads=["shared/model"], writes=[model, "shared/model"])
        for version, phase, nodes in (
            (1, "Running", {}),
            (2, "Failed", {f"{name}-2000001": failed}),
            (3, "Succeeded", {f"{name}-2000001": again}),
        ):
            yield a_workflow(nodes, version=3 * number + version, phase=phase, uid=f"u{number}", name=name, born=born)
        yield a_pod(f"p{number}", f"{name}-2000001", born + 21, born + 39, owner=f"u{number}", workflow=name)


def disturbed(objects: Sequence[KubernetesObject], chance: random.Random) -> list[Observation]:
    """What several watchers make of a story: views are late, in another order, and come twice."""
    seen = [observed(item) for item in objects]
    twice = chance.sample(seen, len(seen) // 5)
    late = [(place + chance.expovariate(1 / 50), one) for place, one in enumerate([*seen, *twice])]
    return [one for _, one in sorted(late, key=lambda each: each[0])]


def environment() -> dict[str, str]:
    """The settings of a process that shares the key of the tests."""
    return os.environ | {"LINEAGE_REDACTION_KEY": KEY.decode()}


def lineage(*arguments: str, code: int = 0) -> bytes:
    """Run the program to an exit code, and give what it answers."""
    done = subprocess.run(
        [*HERE, *arguments], check=False, env=environment(), stdout=subprocess.PIPE, timeout=DEADLINE_SECONDS
    )
    assert done.returncode == code
    return done.stdout


def undisturbed(objects: Sequence[KubernetesObject], folder: Path) -> bytes:
    """All knowledge that one recorder leaves that nobody disturbs, on SQLite."""
    file, store = folder / "objects.ndjson", f"sqlite:///{folder / 'undisturbed.db'}"
    file.write_bytes(b"\n".join(orjson.dumps(item) for item in objects))
    lineage("ingest", str(file), "--store", store, "--cluster", CLUSTER)
    return lineage("dump", "--store", store)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much goes wrong. A pause is the mean between two troubles, in seconds."""

    workflows: int
    recorders: int
    recorders_killed: int
    brokers_killed: int
    recorders_ended: int = 0
    databases_cut: int = 0
    broker_down_seconds: float = 0.0
    pause_seconds: float = 1.0


def survive(plan: Plan, *, seed: int, kafka: KafkaServer, store: str, folder: Path) -> bytes:
    """Let everything go wrong, then wait until everything is recorded, and give all knowledge."""
    chance = random.Random(seed)
    objects = list(story(plan.workflows))
    log = f"kafka://{kafka.bootstrap}/{kafka.new_topic()}"
    command = [*HERE, "record", "--log", log, "--store", store]
    with ExitStack() as ended, KafkaWriter(access_of(log), closing_seconds=DEADLINE_SECONDS) as writer:
        recorders = [start(command, folder, ended) for _ in range(plan.recorders)]
        troubles = ["recorder"] * plan.recorders_killed + ["broker"] * plan.brokers_killed
        troubles += ["database"] * plan.databases_cut + ["end"] * plan.recorders_ended
        chance.shuffle(troubles)
        pace = (len(troubles) + 1) * plan.pause_seconds / (6 * len(objects) / 5)

        def write() -> None:
            for one in disturbed(objects, random.Random(seed)):
                writer.append(one)
                time.sleep(pace)

        writing = Thread(target=write)
        writing.start()
        for trouble in troubles:
            time.sleep(chance.expovariate(1 / plan.pause_seconds))
            if trouble == "broker":
                kafka.kill()
                time.sleep(plan.broker_down_seconds)
                kafka.start()
            elif trouble == "database":
                _cut_connections(store)
            else:
                unlucky = chance.randrange(len(recorders))
                if trouble == "end":
                    assert recorders[unlucky].stop() == 0, recorders[unlucky].said()
                recorders[unlucky].kill()
                recorders[unlucky] = start(command, folder, ended)
        writing.join()
        assert comes_true(lambda: len(writer) == 0, deadline_seconds=DEADLINE_SECONDS)
        assert comes_true(lambda: is_recorded(log, store, recorders), deadline_seconds=DEADLINE_SECONDS), [
            one.said() for one in recorders
        ]
        assert [one.stop() for one in recorders] == [0] * len(recorders), [one.said() for one in recorders]
    return lineage("dump", "--store", store)


def survive_replays(*, workflows: int, kills: int, seed: int, kafka: KafkaServer, store: str, folder: Path) -> bytes:
    """Fill the log, and kill what reads it as soon as it has recorded something, so many times; give all knowledge."""
    chance = random.Random(seed)
    log = f"kafka://{kafka.bootstrap}/{kafka.new_topic()}"
    prepare(access_of(log))
    with KafkaWriter(access_of(log), closing_seconds=DEADLINE_SECONDS) as writer:
        for one in disturbed(list(story(workflows)), chance):
            writer.append(one)
    command = [*HERE, "replay", "--log", log, "--store", store]
    with ExitStack() as ended:
        for _ in range(kills):
            before, replaying = recorded_positions(store), start(command, folder, ended)
            assert comes_true(lambda was=before: recorded_positions(store) != was)  # type: ignore[misc]
            time.sleep(chance.uniform(0.0, 0.05))  # into the next transaction
            assert replaying.is_running(), f"all was recorded before it was killed {kills} times: {replaying.said()}"
            replaying.kill()
    lineage("replay", "--log", log, "--store", store)
    return lineage("dump", "--store", store)


class Running:
    """A process of the program that stays, and what it said."""

    def __init__(self, command: Sequence[str], said: Path, ended: ExitStack, **settings: str) -> None:
        self._said = said
        with said.open("wb") as output:
            self._process = subprocess.Popen(command, env=environment() | settings, stdout=output, stderr=output)
        ended.callback(self.kill)

    def said(self) -> str:
        return self._said.read_text(errors="replace")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def pause(self) -> None:
        """Let it stand still, as on a machine that is suspended."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """Ask it to end once it has begun; give its exit code."""
        assert comes_true(lambda: any(word in self.said() for word in ("recording", "watching"))), self.said()
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(DEADLINE_SECONDS)


def start(command: Sequence[str], folder: Path, ended: ExitStack, **settings: str) -> Running:
    """Start a process of the program; what it says goes into a file of its own."""
    name = command[len(HERE)]
    return Running(command, folder / f"{name}-{len(list(folder.glob(f'{name}-*')))}.log", ended, **settings)


def is_recorded(log: str, store: str, recorders: Sequence[Running]) -> bool:
    """Say whether the recorders have nothing left to do."""
    for recorder in recorders:
        assert recorder.is_running(), recorder.said()
    positions = recorded_positions(store)
    return bool(positions) and positions == ends_of(log)


def ends_of(log: str) -> dict[int, str]:
    """Where each partition of a topic ends, as positions; of those that hold something."""
    from kafka import KafkaConsumer, TopicPartition

    access = access_of(log)
    with KafkaConsumer(bootstrap_servers=list(access.servers)) as consumer:
        every = [TopicPartition(access.topic, number) for number in consumer.partitions_for_topic(access.topic)]
        return {one.partition: str(end) for one, end in consumer.end_offsets(every).items() if end}


def recorded_positions(store: str) -> dict[int, str]:
    """How far each partition was recorded."""
    from sqlalchemy import create_engine, text

    engine = create_engine(store.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT log, position FROM log_position")).all()
    finally:
        engine.dispose()
    return {int(log.rpartition("/")[2]): position for log, position in rows}


def _cut_connections(store: str) -> None:
    with psycopg.connect(store, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
