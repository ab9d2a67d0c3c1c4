"""Watching a real API server: what it does of itself, and what it does in its worst moments.

And the API server that the demo and other tests watch, asked the same as the real one.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import orjson
import pytest

from lineage.model import SourceState
from tests.kubernetes_server import NOBODY, KubernetesServer
from tests.reflecting import Watcher
from watchers.apiserver import ApiServer
from watchers.faults import Faults
from watchers.kube import connect
from watchers.reflector import Deleted
from watchers.source import KubernetesObject, Resource
from watchers.timeline import WORKFLOWS
from watchers.world import World

TRIALS = Resource(group="kubeflow.org", version="v1beta1", plural="trials", kind="Trial")


def a_workflow(name: str, namespace: str, **rest: Any) -> KubernetesObject:
    typed = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}
    return typed | {"metadata": {"name": name, "namespace": namespace}, "spec": {}} | rest


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    return f"ns-{abs(hash(request.node.nodeid)) % 10**12}"


# ------------------------------------------------------------------------------------------ a reflector that runs
Watch: TypeAlias = Callable[..., Watcher]


@pytest.fixture
def watch(kubernetes: KubernetesServer) -> Iterator[Watch]:
    started: list[Watcher] = []

    def begin(resource: Resource, namespace: str | None, **how: Any) -> Watcher:
        watcher = Watcher(connect(kubeconfig=kubernetes.kubeconfig()), resource, namespace, **how)
        started.append(watcher)
        return watcher.start()

    yield begin
    for watcher in started:
        watcher.stop()


# ------------------------------------------------------------------------------------------ the ordinary course
@pytest.mark.parametrize("by_pages", [False, True], ids=["by initial events", "page by page"])
def test_objects_are_listed_and_then_followed(
    kubernetes: KubernetesServer, watch: Watch, namespace: str, by_pages: bool
) -> None:
    for index in range(8):
        kubernetes.put(WORKFLOWS, a_workflow(f"w{index}", namespace))
    uids = kubernetes.uids(WORKFLOWS, namespace)
    watcher = watch(WORKFLOWS, namespace, by_pages=by_pages)
    watcher.wait(lambda: SourceState.SYNCED in watcher.states())
    assert (watcher.names(), watcher.lists()) == ([f"w{index}" for index in range(8)], [tuple(uids)])
    kubernetes.put(WORKFLOWS, a_workflow("w0", namespace, status={"phase": "Running"}))
    kubernetes.delete(WORKFLOWS, namespace, "w1")
    assert watcher.way.lists == (3 if by_pages else 0)
    watcher.wait(lambda: Deleted(uid=uids[1]) in watcher.events)
    assert watcher.names()[8:] == ["w0"]


def test_a_watch_that_the_server_ends_is_resumed_without_a_list(
    kubernetes: KubernetesServer, watch: Watch, namespace: str
) -> None:
    ends = threading.Event()
    watcher = watch(WORKFLOWS, namespace, watch_seconds=1)
    watcher.wait(lambda: SourceState.SYNCED in watcher.states())
    watcher.way.before_watch = ends.set
    assert ends.wait(30)
    kubernetes.put(WORKFLOWS, a_workflow("late", namespace))
    watcher.wait(lambda: watcher.names() == ["late"])
    assert len(watcher.lists()) == 1


def test_an_object_deleted_and_made_again_is_another_object(
    kubernetes: KubernetesServer, watch: Watch, namespace: str
) -> None:
    old = kubernetes.put(WORKFLOWS, a_workflow("a", namespace))["metadata"]["uid"]
    watcher = watch(WORKFLOWS, namespace)
    watcher.wait(lambda: SourceState.SYNCED in watcher.states())
    kubernetes.delete(WORKFLOWS, namespace, "a")
    kubernetes.put(WORKFLOWS, a_workflow("a", namespace))
    watcher.wait(lambda: watcher.names() == ["a", "a"])
    assert Deleted(uid=old) in watcher.events


def test_a_definition_is_found_once_it_is_installed_and_missed_once_it_is_removed(
    kubernetes: KubernetesServer, watch: Watch, namespace: str, fixtures: Path
) -> None:
    watcher = watch(TRIALS, None)
    watcher.wait(lambda: SourceState.ABSENT in watcher.states())
    for _ in range(2):
        kubernetes.define(TRIALS, fixtures / "crds" / "katib-trial.yaml")
        watcher.wait(lambda: watcher.states()[-1] is SourceState.SYNCED)
        uid = kubernetes.put(TRIALS, {"metadata": {"name": "t", "namespace": namespace}})["metadata"]["uid"]
        watcher.wait(lambda: watcher.names()[-1:] == ["t"])
        kubernetes.undefine(TRIALS)
        watcher.wait(lambda: watcher.states()[-1] is SourceState.ABSENT)
        assert Deleted(uid=uid) in watcher.events  # the server deletes what it no longer defines


# ------------------------------------------------------------------------------------------ its worst moments
def test_a_server_that_was_away_is_resumed_where_it_was_left(
    kubernetes: KubernetesServer, watch: Watch, namespace: str
) -> None:
    kubernetes.put(WORKFLOWS, a_workflow("a", namespace))
    watcher = watch(WORKFLOWS, namespace)
    watcher.wait(lambda: SourceState.SYNCED in watcher.states())
    kubernetes.restart()
    kubernetes.put(WORKFLOWS, a_workflow("b", namespace))
    watcher.wait(lambda: watcher.names() == ["a", "b"])


def test_a_server_that_was_set_back_to_a_backup_is_listed_anew(
    kubernetes: KubernetesServer, watch: Watch, namespace: str, tmp_path: Path
) -> None:
    kubernetes.put(WORKFLOWS, a_workflow("kept", namespace))
    kubernetes.back_up(tmp_path / "backup")
    watcher = watch(WORKFLOWS, namespace, watch_seconds=1)
    watcher.wait(lambda: SourceState.SYNCED in watcher.states())
    for index in range(9):
        kubernetes.put(WORKFLOWS, a_workflow(f"lost{index}", namespace))
    watcher.wait(lambda: watcher.names()[-1:] == ["lost8"])
    kubernetes.restore(tmp_path / "backup")
    kubernetes.put(WORKFLOWS, a_workflow("new", namespace))
    watcher.wait(lambda: watcher.names()[-1:] == ["new"])
    watcher.wait(lambda: watcher.lists()[-1] == tuple(kubernetes.uids(WORKFLOWS, namespace)))


# ------------------------------------------------------------------------------------------ the same questions to both
class Both:
    """A real server and the one of `watchers.apiserver`, with the same objects in them."""

    def __init__(self, kubernetes: KubernetesServer, world: World, api: ApiServer, namespace: str) -> None:
        self._kubernetes = kubernetes
        self._world = world
        self._api = api
        self._namespace = namespace

    def put(self, name: str, **rest: Any) -> None:
        item = a_workflow(name, self._namespace, **rest)
        self._kubernetes.put(WORKFLOWS, item)
        self._world.put(WORKFLOWS, item)

    def delete(self, name: str) -> None:
        self._kubernetes.delete(WORKFLOWS, self._namespace, name)
        assert self._world.delete(WORKFLOWS, self._namespace, name)

    def forget(self) -> None:
        self._kubernetes.restart(compact=True)
        self._api.compact()

    def ask(self, path: str | None = None, **query: str) -> list["Answer"]:
        """Ask both. `$version` in a value stands for where each of them stands, `$page` for its next page."""
        path = path or WORKFLOWS.path(self._namespace)
        return [Answer(get(path, {key: self._own(get, value) for key, value in query.items()})) for get in self._ways()]

    def remember(self) -> Callable[..., list["Answer"]]:
        """Make a way to ask later in which `$version` and `$page` stand for those of now."""
        own = [{mark: self._own(get, mark) for mark in ("$version", "$page")} for get in self._ways()]

        def ask(**query: str) -> list[Answer]:
            path = WORKFLOWS.path(self._namespace)
            asked = [{key: marks.get(value, value) for key, value in query.items()} for marks in own]
            return [Answer(get(path, each)) for get, each in zip(self._ways(), asked, strict=True)]

        return ask

    def faults(self) -> Faults:
        """Reach what can go wrong with the server that replays."""
        return self._api.faults

    def _ways(self) -> list[Callable[[str, Mapping[str, str]], httpx.Response]]:
        def replayed(path: str, query: Mapping[str, str]) -> httpx.Response:
            return httpx.get(f"{self._api.url}{path}", params=query, trust_env=False, timeout=30)

        return [self._kubernetes.get, replayed]

    def _own(self, get: Callable[[str, Mapping[str, str]], httpx.Response], value: str) -> str:
        if value not in ("$version", "$page"):
            return value
        metadata = get(WORKFLOWS.path(self._namespace), {"limit": "2"}).json()["metadata"]
        return str(metadata["resourceVersion" if value == "$version" else "continue"])


class Answer:
    """What an answer says, but for what is each server's own: versions, uids, times and words."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.form = response.headers["content-type"]
        self.lines = [self._shape(line) for line in response.text.splitlines() if line.startswith("{")]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Answer) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{self.status} {self.form} {self.lines}"

    @staticmethod
    def _shape(line: str) -> Any:
        return _shape(orjson.loads(line))


_OF_THE_OBJECT = ("creationTimestamp", "generation", "managedFields")  # what a real server adds to objects
_OWN = ("resourceVersion", "uid", "continue", "message", "remainingItemCount")


def _shape(value: Any) -> Any:
    """Replace what is a server's own by its being there."""
    match value:
        case dict():
            kept = {key: item for key, item in value.items() if key not in _OF_THE_OBJECT}
            return {key: bool(item) if key in _OWN else _shape(item) for key, item in kept.items()}
        case list():
            return [_shape(item) for item in value]
        case _:
            return value


@pytest.fixture
def both(kubernetes: KubernetesServer, namespace: str) -> Iterator[Both]:
    world = World()
    api = ApiServer(world, resources=[WORKFLOWS], initial_events=True)
    api.start()
    both = Both(kubernetes, world, api, namespace)
    for name in "abcde":
        both.put(name)
    yield both
    api.stop()


INITIAL_EVENTS = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"limit": "2"},
        {"limit": "2", "continue": "$page"},
        {"limit": "5"},
        {"limit": "-1"},
        {"limit": "0"},
        {"limit": "two"},
        {"limit": "2", "resourceVersion": "0"},
        {"resourceVersion": "$version"},
        {"resourceVersion": "new"},
        {"resourceVersion": "999999999"},
        {"continue": "bogus"},
        {"continue": "$page", "resourceVersion": "$version"},
        {"watch": "true", "timeoutSeconds": "1"},
        {"watch": "1", "timeoutSeconds": "1", "resourceVersion": "0"},
        {"watch": "yes", "timeoutSeconds": "1", "resourceVersion": "$version"},
        {"watch": "false"},
        {"watch": "true", "timeoutSeconds": "1", "resourceVersion": "999999999"},
        {"watch": "true", "timeoutSeconds": "1", "resourceVersion": "1"},
        {"watch": "true", "timeoutSeconds": "soon"},
        {"watch": "true", "timeoutSeconds": "1", "resourceVersion": "$version", "allowWatchBookmarks": "true"},
        # The real one may take its time until its cache is as new as what was asked for.
        {"watch": "true", "timeoutSeconds": "3", "allowWatchBookmarks": "true"} | INITIAL_EVENTS,
    ],
    ids=str,
)
def test_both_servers_give_the_same_answer(both: Both, query: Mapping[str, str]) -> None:
    real, replayed = both.ask(**query)
    assert replayed == real


@pytest.mark.parametrize(
    "path",
    [
        "/apis/nothing.example/v1/things",
        "/apis/argoproj.io/v1alpha1/things",
        "/apis/argoproj.io/v9/workflows",
        WORKFLOWS.path("a-namespace-that-is-not-there"),
    ],
)
def test_both_servers_know_and_miss_the_same_paths(both: Both, path: str) -> None:
    real, replayed = both.ask(path)
    assert replayed == real


def test_both_servers_tell_the_same_history(both: Both) -> None:
    ask = both.remember()
    both.put("a", status={"phase": "Running"})
    both.delete("b")
    both.put("b")
    real, replayed = ask(watch="true", timeoutSeconds="1", resourceVersion="$version")
    assert replayed == real
    assert [line["type"] for line in real.lines] == ["MODIFIED", "DELETED", "ADDED"]


def test_both_servers_keep_the_snapshot_of_a_list_that_is_paged_through(both: Both) -> None:
    ask = both.remember()
    both.delete("d")
    real, replayed = ask(limit="2", **{"continue": "$page"})
    assert replayed == real
    assert [item["metadata"]["name"] for item in real.lines[0]["items"]] == ["c", "d"]


def test_both_servers_refuse_what_they_have_forgotten(both: Both) -> None:
    ask = both.remember()
    both.delete("a")
    both.forget()
    real, replayed = ask(watch="true", timeoutSeconds="1", resourceVersion="$version")
    assert replayed == real
    assert real.lines[0]["object"]["code"] == 410
    real, replayed = ask(limit="2", **{"continue": "$page"})
    # The real one offers to go on with an inconsistent list, which nobody here takes up.
    assert real.lines[0].pop("metadata") == {"continue": True}
    assert replayed.lines[0].pop("metadata") == {}
    assert replayed == real
    assert real.status == 410


def test_both_servers_say_alike_who_may_not_read(both: Both, kubernetes: KubernetesServer, namespace: str) -> None:
    real = kubernetes.get(WORKFLOWS.path(namespace), {}, token=NOBODY)
    both.faults().forbid(WORKFLOWS)
    _, replayed = both.ask()
    assert replayed == Answer(real)
    both.faults().token = "secret"
    _, replayed = both.ask()
    assert replayed == Answer(kubernetes.get(WORKFLOWS.path(namespace), {}, token="stranger"))
