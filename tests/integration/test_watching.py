"""Watching over real sockets: the reflector, its transport and the loop against an API server with faults."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client.configuration import Configuration
from kubernetes.config.incluster_config import InClusterConfigLoader
from msgspec import structs

from lineage.errors import ClusterError, InvalidObservation, InvalidSettings
from lineage.model import SourceState
from lineage.observation import (
    InputUnreadable,
    ObjectDeleted,
    ObjectSeen,
    Observation,
    ResourceListed,
    SourceReported,
)
from lineage.ports import Entry
from lineage.redaction import Redactor
from tests.waiting import comes_true
from watchers.apiserver import ApiServer
from watchers.hydrating import Hydrating
from watchers.kube import Kube, KubeStream, connect
from watchers.reflector import Pace
from watchers.run import Watching
from watchers.sent import Sent
from watchers.source import KubernetesObject, Resource, Source
from watchers.sources.argo_workflow import SOURCE as ARGO_WORKFLOW
from watchers.timeline import PODS, WORKFLOWS
from watchers.world import World

DEADLINE_SECONDS = 15.0
PACE = Pace(page_size=10, first_delay_seconds=0.05, longest_delay_seconds=0.2, shortest_watch_seconds=0.2)
TRAINJOBS = Resource(group="trainer.kubeflow.org", version="v1alpha1", plural="trainjobs", kind="TrainJob")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


# ------------------------------------------------------------------------------------------ what is watched by whom
def a_source(resource: Resource, unpack: Callable[[KubernetesObject], KubernetesObject] = lambda item: item) -> Source:
    return Source(name=resource.kind.lower(), resource=resource, interpret=lambda seen: (), unpack=unpack)


def a_workflow(name: str, namespace: str = "team-a", **rest: Any) -> KubernetesObject:
    typed = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}
    return typed | {"metadata": {"name": name, "namespace": namespace}} | rest


@dataclass
class ListLog:
    """An event log that only remembers, and fails when asked to."""

    observations: list[Observation]
    name: str = "list"
    broken: bool = False
    failures: int = 0

    def append(self, observation: Observation) -> None:
        if self.broken:
            self.failures += 1
            raise OSError("no space left")
        self.observations.append(observation)

    def read(self, *, after: str | None, limit: int, timeout_seconds: float) -> Sequence[Entry]:
        raise NotImplementedError


@dataclass
class Watcher:
    """A running `Watching` and what it put into its log."""

    watching: Watching
    log: ListLog

    def of(self, kind: type[Observation]) -> list[Any]:
        return [observation for observation in tuple(self.log.observations) if isinstance(observation, kind)]

    def seen(self) -> list[str]:
        """The names of the objects that were seen, in order, with repetitions."""
        return [observation.object()["metadata"]["name"] for observation in self.of(ObjectSeen)]

    def states(self, source: str = "workflow") -> list[str]:
        return [report.state for report in self.of(SourceReported) if report.source == source]

    def wait(self, happened: Callable[[], bool]) -> None:
        wait(happened, lambda: f"got {self.log.observations[-10:]}")


def wait(happened: Callable[[], bool], context: Callable[[], str] = str) -> None:
    """Wait until something is so, or fail."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, context()
        time.sleep(0.01)


class Cluster:
    """An API server and the watchers on it."""

    def __init__(self) -> None:
        self.world = World()
        self.api = ApiServer(self.world, resources=[WORKFLOWS, PODS], bookmark_seconds=0.2)
        self.watchers: list[Watcher] = []

    def put(self, name: str, namespace: str = "team-a", **rest: Any) -> str:
        """Create or change a workflow; returns its uid."""
        return str(self.world.put(WORKFLOWS, a_workflow(name, namespace, **rest))["metadata"]["uid"])

    def delete(self, name: str, namespace: str = "team-a") -> None:
        assert self.world.delete(WORKFLOWS, namespace, name)

    def watch(
        self,
        *sources: Source,
        namespaces: Sequence[str] | None = None,
        silence_seconds: float = 5.0,
        watch_seconds: float = 60.0,
        interval_seconds: float = 0.0,
        completed: Callable[[Sent], Sent] = lambda sent: sent,
    ) -> Watcher:
        configuration = Configuration()
        configuration.host = self.api.url
        log = ListLog([])
        watching = Watching(
            transport=Kube(configuration, silence_seconds=silence_seconds),
            sources=sources or (a_source(WORKFLOWS),),
            namespaces=namespaces,
            events=log,
            cluster="test",
            redactor=Redactor(key=b"test"),
            clock=lambda: NOW,
            interval_seconds=interval_seconds,
            completed=completed,
            pace=Pace(
                page_size=PACE.page_size,
                first_delay_seconds=PACE.first_delay_seconds,
                longest_delay_seconds=PACE.longest_delay_seconds,
                shortest_watch_seconds=PACE.shortest_watch_seconds,
                watch_seconds=(watch_seconds, watch_seconds),
            ),
        )
        watching.start()
        self.watchers.append(Watcher(watching, log))
        return self.watchers[-1]

    def watches(self) -> int:
        return sum(request.query.get("watch") == "true" for request in tuple(self.api.requests))

    def lists(self) -> int:
        return sum("watch" not in request.query for request in tuple(self.api.requests))


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    made.api.start()
    yield made
    for watcher in made.watchers:
        assert watcher.watching.stop()
    made.api.stop()


# ------------------------------------------------------------------------------------------ the ordinary course
def test_objects_are_listed_page_by_page_and_then_followed(cluster: Cluster) -> None:
    for index in range(23):
        cluster.put(f"w{index:02}")
    watcher = cluster.watch()
    watcher.wait(lambda: watcher.states() == ["SYNCING", "SYNCED"])
    assert watcher.seen() == [f"w{index:02}" for index in range(23)]
    assert cluster.lists() == 3
    uid = cluster.put("w00", status={"phase": "Running"})
    cluster.delete("w00")
    watcher.wait(lambda: watcher.of(ObjectDeleted) != [])
    assert watcher.seen()[23:] == ["w00"]
    assert [gone.uid for gone in watcher.of(ObjectDeleted)] == [uid]


def test_views_are_completed_before_they_are_observed(cluster: Cluster) -> None:
    class Offloaded:
        def nodes(self, uid: str, version: str) -> bytes:
            return f'{{"{uid}": {{"name": "{version}"}}}}'.encode()

    uid = cluster.put("w", status={"phase": "Running", "offloadNodeStatusVersion": "fnv:1"})
    watcher = cluster.watch(ARGO_WORKFLOW, completed=Hydrating(Offloaded()))
    watcher.wait(lambda: watcher.seen() == ["w"])
    cluster.put("w", status={"phase": "Succeeded", "offloadNodeStatusVersion": "fnv:2"})
    watcher.wait(lambda: watcher.seen() == ["w", "w"])
    statuses = [seen.object()["status"] for seen in watcher.of(ObjectSeen)]
    assert statuses == [
        {"phase": "Running", "nodes": {uid: {"name": "fnv:1"}}},
        {"phase": "Succeeded", "nodes": {uid: {"name": "fnv:2"}}},
    ]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_what_waited_to_be_read_is_not_said_to_have_been_sent_late() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kube = connect(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        opened: list[KubeStream] = []
        client = threading.Thread(target=lambda: opened.append(kube.stream("/", {})))
        client.start()
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"one\n"))
            client.join(DEADLINE_SECONDS)
            (stream,) = opened
            lines = iter(stream)
            assert next(lines) == b"one"
            connection.sendall(chunk(b"two\n") + chunk(b"thr"))  # while nobody reads
            sent_at = time.monotonic()
            assert next(lines) == b"two"
            assert stream.sent_after <= sent_at
            following: list[bytes] = []
            reader = threading.Thread(target=lambda: following.extend((next(lines), next(lines))))
            reader.start()
            connection.sendall(chunk(b"ee\n"))
            assert comes_true(lambda: stream.sent_after > sent_at)  # all that came has been read
            connection.sendall(chunk(b"four\n"))
            reader.join(DEADLINE_SECONDS)
        assert following == [b"three", b"four"]
        stream.close()
        kube.close()


def test_a_complete_list_is_recorded_with_its_scope(cluster: Cluster) -> None:
    uid = cluster.put("a")
    watcher = cluster.watch()
    watcher.wait(lambda: watcher.of(ResourceListed) != [])
    (told,) = watcher.of(ResourceListed)
    assert told.sent_after is not None
    assert told.sent_after < NOW  # it was asked for before
    assert [structs.replace(told, sent_after=None)] == [
        ResourceListed(
            source="workflow",
            cluster="test",
            seen_at=NOW,
            resource="workflows.argoproj.io",
            namespace="*",
            resource_version=str(cluster.world.version),
            uids=(uid,),
            versions=(str(cluster.world.version),),
            born=(0,),
        )
    ]


def versions(watcher: Watcher) -> list[str]:
    return [one.object()["status"]["message"] for one in watcher.of(ObjectSeen)]


def change(cluster: Cluster, *messages: str) -> None:
    for message in messages:
        cluster.put("a", status={"message": message})


def test_what_changes_fast_is_recorded_at_once_and_then_as_it_stands(cluster: Cluster) -> None:
    watcher = cluster.watch(interval_seconds=0.5)
    watcher.wait(lambda: "SYNCED" in watcher.states())
    change(cluster, "1", "2", "3")
    watcher.wait(lambda: versions(watcher)[-1:] == ["3"])
    assert versions(watcher)[0] == "1"


def test_what_waits_is_recorded_before_its_object_is_gone(cluster: Cluster) -> None:
    watcher = cluster.watch(interval_seconds=1_000)
    watcher.wait(lambda: "SYNCED" in watcher.states())
    change(cluster, "1", "2", "3")
    cluster.delete("a")
    watcher.wait(lambda: watcher.of(ObjectDeleted) != [])
    assert versions(watcher) == ["1", "3"]


def test_what_waits_is_recorded_at_the_end(cluster: Cluster) -> None:
    watcher = cluster.watch(interval_seconds=1_000)
    watcher.wait(lambda: "SYNCED" in watcher.states())
    change(cluster, "1", "2", "3")
    cluster.put("b", status={"message": "other"})  # it was not seen before, and comes behind them
    watcher.wait(lambda: "other" in versions(watcher))
    assert watcher.watching.stop()
    assert versions(watcher) == ["1", "other", "3"]


def test_what_could_not_be_recorded_in_time_is_tried_again(cluster: Cluster) -> None:
    watcher = cluster.watch(interval_seconds=0.3)
    watcher.wait(lambda: "SYNCED" in watcher.states())
    change(cluster, "1", "2")
    watcher.wait(lambda: versions(watcher) != [])
    watcher.log.broken = True
    watcher.wait(lambda: watcher.log.failures > 0 or len(versions(watcher)) == 2)
    watcher.log.broken = False
    watcher.wait(lambda: versions(watcher)[-1] == "2")


def test_only_the_namespaces_asked_for_are_watched_each_in_its_own_scope(cluster: Cluster) -> None:
    cluster.put("a", "team-a")
    cluster.put("b", "team-b")
    cluster.put("c", "team-c")
    watcher = cluster.watch(namespaces=["team-a", "team-b"])
    watcher.wait(lambda: watcher.states().count("SYNCED") == 2)
    assert sorted(watcher.seen()) == ["a", "b"]
    assert sorted(listed.namespace for listed in watcher.of(ResourceListed)) == ["team-a", "team-b"]


def test_pods_come_with_their_type_though_lists_leave_it_out(cluster: Cluster) -> None:
    cluster.world.put(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "team-a"}})
    watcher = cluster.watch(a_source(PODS))
    watcher.wait(lambda: watcher.seen() == ["p"])
    assert watcher.of(ObjectSeen)[0].object()["kind"] == "Pod"


def test_stopping_is_quick_and_reported(cluster: Cluster) -> None:
    watcher = cluster.watch()
    watcher.wait(lambda: "SYNCED" in watcher.states())
    begun = time.monotonic()
    assert watcher.watching.stop()
    assert time.monotonic() - begun < 1
    assert watcher.states() == ["SYNCING", "SYNCED", "STOPPED"]


def test_a_watch_that_the_server_ends_is_resumed_without_a_list(cluster: Cluster) -> None:
    watcher = cluster.watch(watch_seconds=1)
    wait(lambda: cluster.watches() >= 3)
    cluster.put("late")
    watcher.wait(lambda: watcher.seen() == ["late"])
    assert cluster.lists() == 1
    assert watcher.states() == ["SYNCING", "SYNCED"]


# ------------------------------------------------------------------------------------------ faults
@pytest.mark.parametrize("gone_as_status", [False, True], ids=["as an event", "as a status"])
def test_after_a_gap_in_history_the_new_list_says_what_is_gone(cluster: Cluster, gone_as_status: bool) -> None:
    cluster.put("a")
    kept = cluster.put("b")
    watcher = cluster.watch(silence_seconds=0.5)
    watcher.wait(lambda: "SYNCED" in watcher.states())
    cluster.api.fall_silent()
    cluster.delete("a")
    cluster.put("b", status={"phase": "Running"})
    new = cluster.put("c")
    cluster.api.compact(gone_as_status=gone_as_status)
    cluster.api.speak_again()
    watcher.wait(lambda: len(watcher.of(ResourceListed)) == 2)
    assert watcher.seen() == ["a", "b", "b", "c"]
    assert watcher.of(ResourceListed)[1].uids == (kept, new)


def test_an_object_deleted_and_made_again_while_nobody_looked_is_two_objects(cluster: Cluster) -> None:
    old = cluster.put("a")
    watcher = cluster.watch(silence_seconds=0.5)
    watcher.wait(lambda: "SYNCED" in watcher.states())
    cluster.api.fall_silent()
    cluster.delete("a")
    new = cluster.put("a")
    cluster.api.compact()
    cluster.api.speak_again()
    watcher.wait(lambda: len(watcher.of(ResourceListed)) == 2)
    assert old != new
    assert [listed.uids for listed in watcher.of(ResourceListed)] == [(old,), (new,)]


def test_twenty_connections_cut_within_an_event_lose_and_repeat_nothing(cluster: Cluster) -> None:
    watcher = cluster.watch()
    watcher.wait(lambda: "SYNCED" in watcher.states())
    for index in range(20):
        cluster.api.faults.cut_next_event()
        cluster.put(f"w{index:02}")
        watcher.wait(lambda: len(watcher.seen()) == index + 1)  # noqa: B023 - called at once
    assert watcher.seen() == [f"w{index:02}" for index in range(20)]
    assert cluster.lists() == 1


def test_a_peer_that_falls_silent_is_left_for_another_connection(cluster: Cluster) -> None:
    watcher = cluster.watch(silence_seconds=0.5)
    watcher.wait(lambda: "SYNCED" in watcher.states())
    cluster.api.fall_silent()
    watches = cluster.watches()
    wait(lambda: cluster.watches() > watches)
    cluster.api.speak_again()
    cluster.put("late")
    watcher.wait(lambda: watcher.seen() == ["late"])


def test_a_page_that_expired_is_no_loss(cluster: Cluster) -> None:
    uids = [cluster.put(f"w{index:02}") for index in range(30)]
    cluster.api.faults.expire_next_continue()
    watcher = cluster.watch()
    watcher.wait(lambda: watcher.of(ResourceListed) != [])
    assert watcher.of(ResourceListed)[0].uids == tuple(uids)
    assert len(watcher.seen()) == 30


def test_refusals_are_waited_out(cluster: Cluster) -> None:
    cluster.put("a")
    cluster.api.faults.refuse(503, 429, 500, 401)
    watcher = cluster.watch()
    watcher.wait(lambda: watcher.seen() == ["a"])
    assert watcher.states()[0] == "SYNCING"
    assert set(watcher.states()[1:-1]) == {"WAITING"}


def test_a_server_that_comes_late_is_waited_for() -> None:
    late = Cluster()
    late.api.start()
    port = int(late.api.url.rpartition(":")[2])
    late.api.stop()
    again = ApiServer(late.world, resources=[WORKFLOWS], port=port)
    watcher = late.watch()
    watcher.wait(lambda: "WAITING" in watcher.states())
    late.put("a")
    again.start()
    watcher.wait(lambda: watcher.seen() == ["a"])
    assert watcher.watching.stop()
    again.stop()


def test_what_is_absent_or_forbidden_is_reported_retried_and_stops_nothing_else(cluster: Cluster) -> None:
    cluster.api.forbid(PODS)
    cluster.put("a")
    watcher = cluster.watch(a_source(TRAINJOBS), a_source(PODS), a_source(WORKFLOWS))
    watcher.wait(lambda: "ABSENT" in watcher.states("trainjob") and "FORBIDDEN" in watcher.states("pod"))
    watcher.wait(lambda: watcher.seen() == ["a"])
    watcher.wait(lambda: SourceState.SYNCING not in watcher.watching.states().values())
    assert watcher.watching.states() == {
        ("trainjobs.trainer.kubeflow.org", "*"): SourceState.ABSENT,
        ("pods", "*"): SourceState.FORBIDDEN,
        ("workflows.argoproj.io", "*"): SourceState.SYNCED,
    }
    cluster.api.serve(TRAINJOBS)
    cluster.api.faults.permit(PODS)
    watcher.wait(lambda: "SYNCED" in watcher.states("trainjob") and "SYNCED" in watcher.states("pod"))
    assert watcher.states("workflow") == ["SYNCING", "SYNCED"]


def test_watchers_are_alive_until_they_are_stopped(cluster: Cluster) -> None:
    watcher = cluster.watch()
    assert watcher.watching.is_alive
    assert watcher.watching.stop()
    assert not watcher.watching.is_alive


def test_a_resource_that_is_removed_and_installed_again_is_followed_again(cluster: Cluster) -> None:
    watcher = cluster.watch()
    watcher.wait(lambda: "SYNCED" in watcher.states())
    cluster.api.withdraw(WORKFLOWS)
    watcher.wait(lambda: "ABSENT" in watcher.states())
    cluster.api.serve(WORKFLOWS)
    cluster.put("late")
    watcher.wait(lambda: watcher.seen() == ["late"])
    watcher.wait(lambda: watcher.states()[-1] == "SYNCED")


# ------------------------------------------------------------------------------------------ trouble of our own
@pytest.mark.parametrize(
    ("error", "reason"),
    [(InvalidObservation("nodes are no gzip"), "nodes are no gzip"), (KeyError("hunter2"), "KeyError in ")],
    ids=["known", "unknown"],
)
def test_an_object_that_cannot_be_unpacked_is_set_aside_and_the_rest_goes_on(
    cluster: Cluster, error: Exception, reason: str
) -> None:
    def unpack(item: KubernetesObject) -> KubernetesObject:
        if item["metadata"]["name"] == "bad":
            raise error
        return item

    for name in ("a", "bad", "c"):
        cluster.put(name)
    watcher = cluster.watch(a_source(WORKFLOWS, unpack))
    watcher.wait(lambda: watcher.of(ResourceListed) != [])
    assert watcher.seen() == ["a", "c"]
    (unreadable,) = watcher.of(InputUnreadable)
    assert unreadable.reason.startswith(reason)
    assert "hunter2" not in unreadable.reason
    assert len(watcher.of(ResourceListed)[0].uids) == 3


def test_a_watcher_survives_a_failing_log_and_loses_nothing(cluster: Cluster) -> None:
    watcher = cluster.watch()
    watcher.wait(lambda: "SYNCED" in watcher.states())
    watcher.log.broken = True
    cluster.put("a")
    watcher.wait(lambda: watcher.log.failures > 1)
    cluster.put("b")
    watcher.log.broken = False
    watcher.wait(lambda: {"a", "b"} <= set(watcher.seen()))
    watcher.wait(lambda: watcher.states() == ["SYNCING", "SYNCED", "WAITING", "SYNCING", "SYNCED"])


def test_stopping_does_not_wait_for_a_peer_that_is_silent(cluster: Cluster) -> None:
    watcher = cluster.watch(silence_seconds=60)
    watcher.wait(lambda: "SYNCED" in watcher.states())
    cluster.api.fall_silent()
    begun = time.monotonic()
    assert watcher.watching.stop()
    assert time.monotonic() - begun < 1


# ------------------------------------------------------------------------------------------ configuration
def test_a_token_that_was_rotated_is_read_again(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")
    (tmp_path / "ca").write_text("no certificate is needed over plain HTTP")
    cluster.api.faults.token = "one"
    make_loader: Callable[..., Any] = InClusterConfigLoader  # the library does not type it
    loader = make_loader(
        str(tmp_path / "token"),
        str(tmp_path / "ca"),
        environ={"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": cluster.api.url.rpartition(":")[2]},
    )
    loader._token_refresh_period = timedelta(0)
    configuration = Configuration()
    loader.load_and_set(configuration)
    loader.host, loader.ssl_ca_cert = cluster.api.url, None
    loader._set_config(configuration)
    kube = Kube(configuration)
    kube.get(WORKFLOWS.path(), {})
    (tmp_path / "token").write_text("two")
    cluster.api.faults.token = "two"
    kube.get(WORKFLOWS.path(), {})
    kube.close()


def test_a_token_that_is_not_accepted_is_trouble_of_the_connection(cluster: Cluster) -> None:
    cluster.api.faults.token = "secret"
    kube = connect(url=cluster.api.url)
    with pytest.raises(ClusterError, match="401") as raised:
        kube.get(WORKFLOWS.path(), {})
    assert type(raised.value) is ClusterError
    kube.close()


def test_a_kubeconfig_names_server_and_token(cluster: Cluster, tmp_path: Path) -> None:
    cluster.api.faults.token = "sesame"
    config = tmp_path / "config"
    config.write_text(
        f"""
apiVersion: v1
kind: Config
current-context: other
clusters: [{{name: here, cluster: {{server: "{cluster.api.url}"}}}}]
users: [{{name: me, user: {{token: sesame}}}}]
contexts:
- {{name: mine, context: {{cluster: here, user: me}}}}
- {{name: other, context: {{cluster: nowhere, user: me}}}}
"""
    )
    kube = connect(kubeconfig=config, context="mine")
    assert kube.url == cluster.api.url
    assert kube.get(WORKFLOWS.path(), {})
    kube.close()


def test_a_kubeconfig_that_is_missing_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="no usable cluster configuration"):
        connect(kubeconfig=tmp_path / "none")


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    kube = connect(url=cluster.api.url)
    assert kube.get("/version", {})
    kube.close()


def test_a_server_that_is_not_there_is_told_in_the_same_words_each_time() -> None:
    unused = Cluster()
    unused.api.start()
    kube = connect(url=unused.api.url)
    unused.api.stop()
    messages = set()
    for _ in range(2):
        with pytest.raises(ClusterError) as raised:
            kube.get(WORKFLOWS.path(), {})
        messages.add(str(raised.value))
    assert messages == {f"{unused.api.url}: nobody answers there"}
    kube.close()


def test_a_closed_connection_refuses_to_go_on(cluster: Cluster) -> None:
    kube = connect(url=cluster.api.url)
    kube.close()
    with pytest.raises(ClusterError, match="closed"):
        kube.get(WORKFLOWS.path(), {})


def test_a_watch_through_an_old_proxy_is_read_as_it_comes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kube = connect(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        opened: list[KubeStream] = []
        client = threading.Thread(target=lambda: opened.append(kube.stream("/", {})))
        client.start()
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\none\ntw")
            client.join(DEADLINE_SECONDS)
            lines = iter(opened[0])
            assert next(lines) == b"one"
            connection.sendall(b"o\nthr")
            assert next(lines) == b"two"
        with pytest.raises(ClusterError, match="within an event"):
            next(lines)
        opened[0].close()
        kube.close()


def test_a_watch_is_read_too_where_the_library_hides_its_connection(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchers.kube._wire", lambda response: None)
    watcher = cluster.watch()
    watcher.wait(lambda: "SYNCED" in watcher.states())
    cluster.api.faults.cut_next_event()
    cluster.put("a")
    watcher.wait(lambda: watcher.seen() == ["a"])


def test_every_state_that_is_reported_is_one_of_the_model(cluster: Cluster) -> None:
    watcher = cluster.watch()
    watcher.wait(lambda: "SYNCED" in watcher.states())
    assert set(watcher.states()) <= {state.value for state in SourceState}
