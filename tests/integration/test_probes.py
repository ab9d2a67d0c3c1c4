"""The processes of a cluster as Kubernetes meets them: probed, scraped and ended by a signal."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.store import migrate
from tests.factories import a_workflow
from tests.kafka_server import KafkaServer
from tests.kubeconfigs import kubeconfig
from tests.old_stores import migrate_at_rest
from tests.postgresql import Server
from tests.probed import started
from tests.processes import free_ports
from tests.waiting import comes_true
from watchers.apiserver import ApiServer
from watchers.replay import ReplayServer, recorded
from watchers.sources import watched_sources
from watchers.timeline import PODS, WORKFLOWS
from watchers.world import World


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A cluster of two workflows; gives the path of its kubeconfig."""
    server = ReplayServer(recorded([a_workflow(uid="u1", name="v"), a_workflow(uid="u2")]), speed=float("inf"))
    server.start()
    yield str(kubeconfig(server, tmp_path / "kubeconfig"))
    server.stop()


@pytest.fixture
def api() -> Iterator[ApiServer]:
    """A cluster on which things happen while a test goes on."""
    server = ApiServer(World(), resources=[WORKFLOWS, PODS])
    server.start()
    yield server
    server.stop()


def test_a_watcher_and_a_recorder_become_ready_count_what_they_do_and_end_in_order(
    kafka: KafkaServer, cluster: str, tmp_path: Path
) -> None:
    log, store = f"kafka://{kafka.bootstrap}/{kafka.new_topic()}", f"sqlite:///{tmp_path / 'store.db'}"
    with (
        started(tmp_path / "watch.log", "watch", "--log", log, KUBECONFIG=cluster) as watcher,
        started(tmp_path / "record.log", "record", "--log", log, "--store", store) as recorder,
    ):
        assert comes_true(lambda: watcher.status("/readyz") == recorder.status("/readyz") == 200)
        told = ", ".join(
            f"{source.resource.name} *: {'synced' if source.resource in (WORKFLOWS, PODS) else 'absent'}"
            for source in watched_sources()
        )
        assert watcher.checks() == {"log": "ok", "watchers": told}
        assert comes_true(lambda: recorder.checks() == {"store": "ok", "log": "ok", "recording": "ok"})
        assert watcher.scraped('lineage_objects_seen_total{source="argo_workflow"}') == 2
        assert comes_true(lambda: recorder.scraped('lineage_objects_recorded_total{outcome="recorded"}') == 2)
        assert recorder.scraped("lineage_batch_seconds_count") > 0
        assert comes_true(lambda: watcher.scraped("lineage_log_entries") == 0)
        assert (watcher.end(), recorder.end()) == (0, 0)
        assert watcher.logged()[-1]["event"] == "stopped, the log has everything that was seen"
        assert recorder.logged()[-1]["event"] == "stopped, what was read is recorded"


def test_while_the_broker_is_away_both_are_alive_and_not_ready_and_say_so_once(
    own_kafka: KafkaServer, api: ApiServer, tmp_path: Path
) -> None:
    cluster = str(kubeconfig(api, tmp_path / "kubeconfig"))
    api.world.put(WORKFLOWS, a_workflow(uid="u1", name="v"))
    log, store = f"kafka://{own_kafka.bootstrap}/lineage", f"sqlite:///{tmp_path / 'store.db'}"
    with (
        started(tmp_path / "watch.log", "watch", "--log", log, KUBECONFIG=cluster) as watcher,
        started(tmp_path / "record.log", "record", "--log", log, "--store", store) as recorder,
    ):
        assert comes_true(lambda: recorder.scraped('lineage_objects_recorded_total{outcome="recorded"}') == 1)
        own_kafka.kill()
        api.world.put(WORKFLOWS, a_workflow(uid="u2"))
        assert comes_true(lambda: watcher.status("/readyz") == recorder.status("/readyz") == 503)
        assert watcher.status("/healthz") == recorder.status("/healthz") == 200
        assert watcher.checks()["log"] == "does not take what was seen"
        assert recorder.checks() == {"store": "ok", "log": "does not answer", "recording": "ok"}
        assert watcher.scraped('lineage_waiting_seconds{for="log"}') > 0
        assert recorder.scraped('lineage_waiting_seconds{for="log"}') > 0
        own_kafka.start()
        assert comes_true(lambda: watcher.status("/readyz") == recorder.status("/readyz") == 200)
        assert recorder.scraped('lineage_waiting_seconds{for="log"}') == 0
        assert comes_true(lambda: recorder.scraped('lineage_objects_recorded_total{outcome="recorded"}') == 2)
        assert (watcher.end(), recorder.end()) == (0, 0)
    told = [event["event"] for event in watcher.logged() if event["event"].startswith("log ")]
    assert told[-1] == "log takes what was seen again"
    assert set(told[:-1]) == {"log does not take what was seen, waiting for it"}
    said = [event["event"] for event in recorder.logged() if event["event"].startswith("log ")]
    assert said[-1] == "log answers again"
    assert set(said[:-1]) == {"log does not answer, waiting for it"}


def test_a_recorder_whose_database_is_away_is_alive_waits_for_it_and_can_be_ended(tmp_path: Path) -> None:
    nowhere, nobody = free_ports(2)
    store, log = f"postgresql://user:hunter2@127.0.0.1:{nowhere}/lineage", f"kafka://127.0.0.1:{nobody}/lineage"
    with started(tmp_path / "record.log", "record", "--log", log, "--store", store) as recorder:
        assert (recorder.status("/healthz"), recorder.status("/readyz")) == (200, 503)
        assert recorder.checks() == {"store": "not reached yet"}
        assert comes_true(
            lambda: any(event["event"] == "store cannot be opened, waiting for it" for event in recorder.logged())
        )
        assert recorder.end() == 0
        assert "hunter2" not in (tmp_path / "record.log").read_text()


def test_a_watcher_whose_broker_is_away_is_alive_waits_for_it_and_can_be_ended(cluster: str, tmp_path: Path) -> None:
    (nobody,) = free_ports(1)
    log = f"kafka://127.0.0.1:{nobody}/lineage"
    with started(tmp_path / "watch.log", "watch", "--log", log, KUBECONFIG=cluster) as watcher:
        assert (watcher.status("/healthz"), watcher.status("/readyz")) == (200, 503)
        assert watcher.checks() == {"log": "not reached yet"}
        assert watcher.end() == 0


def test_a_recorder_waits_until_its_store_is_migrated(postgresql: Server, tmp_path: Path) -> None:
    store, (nobody,) = postgresql.new_database(migrated=False), free_ports(1)
    migrate_at_rest(store, "0015")
    log = f"kafka://127.0.0.1:{nobody}/lineage"
    with started(tmp_path / "record.log", "record", "--log", log, "--store", store) as recorder:
        assert comes_true(lambda: any("run `lineage migrate" in event.get("error", "") for event in recorder.logged()))
        assert (recorder.status("/healthz"), recorder.checks()) == (200, {"store": "not reached yet"})
        migrate(store)
        assert comes_true(lambda: recorder.checks()["store"] == "ok")
        assert recorder.end() == 0


def test_a_server_waits_until_its_store_is_migrated_alive_and_not_ready(postgresql: Server, tmp_path: Path) -> None:
    store = postgresql.new_database(migrated=False)
    migrate_at_rest(store, "0015")
    with started(tmp_path / "serve.log", "serve", "--store", store, flag="--port") as server:
        assert (server.status("/healthz"), server.checks()) == (200, {"store": "not reached yet"})
        migrate(store)
        assert comes_true(lambda: server.status("/readyz") == 200)
        assert server.checks() == {"store": "ok"}
        assert server.end() == 0
    told = [event.get("error", "") for event in server.logged()]
    assert any("run `lineage migrate" in each for each in told)


def test_a_server_that_waits_for_its_store_can_be_ended(tmp_path: Path) -> None:
    (nowhere,) = free_ports(1)
    store = f"postgresql://user@127.0.0.1:{nowhere}/lineage"
    with started(tmp_path / "serve.log", "serve", "--store", store, flag="--port") as server:
        assert server.end() == 0


def test_a_server_that_waits_for_its_store_says_by_which_flag_it_takes_another_port(tmp_path: Path) -> None:
    nowhere, port = free_ports(2)
    store = f"postgresql://user@127.0.0.1:{nowhere}/lineage"
    command = [sys.executable, "-m", "lineage", "serve", "--store", store, "--port", str(port)]
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert f"port {port} of 127.0.0.1 is taken" in done.stderr
    assert "choose another with --port (" in done.stderr
