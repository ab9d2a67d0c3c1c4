"""What is killed between a cluster and a store, with Kafka in the middle, leaves what an undisturbed stream leaves."""

import random
import signal
import subprocess
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import orjson
import pytest

from lineage.eventlog.kafka import KafkaWriter, access_of
from lineage.store import migrate
from tests.chaos import (
    HERE,
    Plan,
    disturbed,
    ends_of,
    environment,
    lineage,
    recorded_positions,
    story,
    survive,
    survive_replays,
)
from tests.chaos import undisturbed as undisturbed_of
from tests.factories import CLUSTER, a_store, dumped
from tests.kafka_server import KafkaServer
from tests.kubeconfigs import kubeconfig
from tests.postgresql import Server
from tests.waiting import DEADLINE_SECONDS, comes_true
from watchers.demo import recordings
from watchers.replay import ReplayServer

WORKFLOWS = 400


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return undisturbed_of(list(story(WORKFLOWS)), tmp_path_factory.mktemp("undisturbed"))


def test_recorders_broker_and_database_that_are_killed_leave_what_an_undisturbed_stream_leaves(
    own_kafka: KafkaServer, postgresql: Server, undisturbed: bytes, tmp_path: Path
) -> None:
    plan = Plan(workflows=WORKFLOWS, recorders=3, recorders_killed=2, brokers_killed=1, databases_cut=2)
    known = survive(plan, seed=1, kafka=own_kafka, store=postgresql.new_database(), folder=tmp_path)
    assert known == undisturbed


def test_a_recorder_that_is_killed_again_and_again_goes_on_where_the_store_is(
    kafka: KafkaServer, undisturbed: bytes, tmp_path: Path
) -> None:
    store = f"sqlite:///{tmp_path / 'lineage.db'}"
    migrate(store)
    known = survive_replays(workflows=WORKFLOWS, kills=2, seed=2, kafka=kafka, store=store, folder=tmp_path)
    assert known == undisturbed


def test_a_store_is_rebuilt_from_the_log_and_recording_goes_on_behind_it(
    kafka: KafkaServer, undisturbed: bytes, tmp_path: Path
) -> None:
    log, store = f"kafka://{kafka.bootstrap}/{kafka.new_topic()}", f"sqlite:///{tmp_path / 'rebuilt.db'}"
    seen = disturbed(list(story(WORKFLOWS)), random.Random(3))
    with KafkaWriter(access_of(log)) as writer:
        lineage("replay", "--log", log, "--store", store)  # makes the topic
        for one in seen:
            writer.append(one)
    summary = orjson.loads(lineage("replay", "--log", log, "--store", store, "--json"))
    assert summary["objects"] == len(seen)
    assert summary["rejected"] == 0
    assert lineage("dump", "--store", store) == undisturbed
    assert recorded_positions(store) == ends_of(log)
    assert orjson.loads(lineage("replay", "--log", log, "--store", store, "--json"))["objects"] == 0


def has_listed_pods(said: Path) -> bool:
    """Whether a watcher said that it has listed pods."""
    lines = said.read_text(encoding="utf-8").splitlines()
    return any("source state changed" in line and "SYNCED" in line and "pods" in line for line in lines)


def test_two_watchers_of_one_cluster_of_which_one_is_killed_are_as_one(kafka: KafkaServer, tmp_path: Path) -> None:
    views = Counter(one.object["metadata"]["uid"] for one in recordings())
    lasting = [one for one in recordings() if one.deleted_at is None and views[one.object["metadata"]["uid"]] == 1]
    expected = b"".join(item + b"\n" for item in dumped(a_store(*(one.object for one in lasting))))
    log, store = f"kafka://{kafka.bootstrap}/{kafka.new_topic()}", f"sqlite:///{tmp_path / 'live.db'}"
    migrate(store)
    server = ReplayServer(lasting, speed=100.0)
    server.start()
    with ExitStack() as ended:
        ended.callback(server.stop)
        settings = environment() | {"KUBECONFIG": str(kubeconfig(server, tmp_path / "config")), "LINEAGE_LOG": log}

        def start(name: str, *arguments: str) -> "subprocess.Popen[bytes]":
            output = ended.enter_context((tmp_path / name).open("wb"))
            process = subprocess.Popen([*HERE, *arguments], env=settings, stdout=output, stderr=output)
            ended.callback(process.wait)
            ended.callback(process.kill)
            return process

        watch = ("watch", "--cluster", CLUSTER)
        steady, unlucky = start("steady", *watch), start("unlucky", *watch)
        recorder = start("recorder", "record", "--store", store)
        assert comes_true(lambda: bool(recorded_positions(store)))
        unlucky.kill()
        again = start("again", *watch)
        assert server.finished.wait(DEADLINE_SECONDS)
        for watcher in ("steady", "again"):  # who is stopped before it watches has nothing to end in order
            assert comes_true(partial(has_listed_pods, tmp_path / watcher)), f"{watcher} does not watch"
        assert comes_true(lambda: lineage("dump", "--store", store) == expected), (tmp_path / "recorder").read_text()
        for process in (steady, again, recorder):
            process.send_signal(signal.SIGTERM)
        assert [process.wait(DEADLINE_SECONDS) for process in (steady, again, recorder)] == [0, 0, 0]
