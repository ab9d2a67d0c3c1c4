"""What came and went while nobody watched is stated: from the API server through watcher and recorder to the reader."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest

from lineage.eventlog.memory import MemoryLog
from lineage.model import Completeness, Gap, SourceStatus
from lineage.ports import EVERYTHING, PageRequest
from lineage.recorder import Recorder
from lineage.store.database import migrate, open_store
from lineage.store.sql import SqlStore
from tests.factories import CLUSTER, REDACTOR, a_node, a_pod, a_workflow, interpreted, rfc3339
from tests.waiting import DEADLINE_SECONDS, comes_true
from watchers.apiserver import ApiServer
from watchers.kube import connect
from watchers.run import Watching
from watchers.sources import watched_sources
from watchers.timeline import PODS, WORKFLOWS
from watchers.world import World

RUN = ("Run", "u1")


def now() -> datetime:
    return datetime.now(UTC)


class Cluster:
    """An API server on which one workflow runs, step by step."""

    def __init__(self) -> None:
        self.world = World()
        self.api = ApiServer(self.world, resources=[WORKFLOWS, PODS], bookmark_seconds=0.2)
        self._born = now().timestamp()
        self._steps: dict[str, tuple[float, float]] = {}
        self._show("Running")

    def _show(self, phase: str) -> None:
        nodes = {f"w-{name}": a_node(f"w.{name}", *times) for name, times in self._steps.items()}
        ended = None if phase == "Running" else rfc3339(now().timestamp())
        item = a_workflow(nodes, born=self._born, phase=phase, version=None, finishedAt=ended)
        self.world.put(WORKFLOWS, item)

    def run_step(self, name: str, *, collected: bool) -> None:
        """Let a step begin and end; its pod stays, or is collected at once."""
        began = now().timestamp()
        pod = a_pod(f"pod-{name}", f"w-{name}", began, now().timestamp(), version=None)
        self.world.put(PODS, pod)
        self._steps[name] = (began, now().timestamp())
        self._show("Running")
        if collected:
            assert self.world.delete(PODS, "a", pod["metadata"]["name"])

    def end(self) -> None:
        self._show("Succeeded")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    made.api.start()
    yield made
    made.api.stop()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    url = f"sqlite:///{tmp_path / 'gaps.db'}"
    migrate(url)
    opened = open_store(url)
    yield opened
    opened.close()


@contextmanager
def watching(cluster: Cluster, store: SqlStore, name: str) -> Iterator[Callable[[], None]]:
    """Watch and record. Yields how to kill the process: nothing that it says from then on is recorded."""
    log = MemoryLog(name)
    recorder = Recorder(log, store, interpreted, key_ids=[REDACTOR.key_id], clock=now)
    stop = Event()
    recording = Thread(target=recorder.run, args=(stop,))
    watchers = Watching(
        transport=connect(url=cluster.api.url),
        sources=[source for source in watched_sources() if source.resource in (WORKFLOWS, PODS)],
        namespaces=None,
        events=log,
        cluster=CLUSTER,
        redactor=REDACTOR,
        clock=now,
    )

    def kill() -> None:
        stop.set()
        recording.join(DEADLINE_SECONDS)
        assert watchers.stop()

    recording.start()
    watchers.start()
    assert comes_true(watched_after(store, now()))
    yield kill
    watchers.stop()
    assert stop.is_set() or comes_true(lambda: len(log) == 0)  # that they stopped is recorded as well
    stop.set()
    recording.join(DEADLINE_SECONDS)


def pods(store: SqlStore) -> SourceStatus:
    return next(source for source in store.sources(EVERYTHING) if source.kind == "pods")


def gaps(store: SqlStore) -> tuple[Gap, ...]:
    return store.gaps(EVERYTHING, pods(store), PageRequest(first=10)).items


def completeness(store: SqlStore) -> Completeness:
    return store.completeness(EVERYTHING, [RUN])[RUN]


def watched_after(store: SqlStore, time: datetime) -> Callable[[], bool]:
    """Everything until then is recorded, of pods and workflows."""

    def is_so() -> bool:
        found = store.sources(EVERYTHING)
        return len(found) == 2 and all(one.watched_until is not None and one.watched_until > time for one in found)

    return is_so


def test_a_pod_that_came_and_went_while_no_watcher_lived_is_stated(cluster: Cluster, store: SqlStore) -> None:
    with watching(cluster, store, "first") as kill:
        cluster.run_step("a", collected=True)
        assert comes_true(watched_after(store, now()))
        kill()
    killed_at = now()
    assert gaps(store) == ()  # nobody could tell
    cluster.run_step("b", collected=True)
    cluster.end()
    begun_at = now()
    with watching(cluster, store, "second"):
        assert comes_true(watched_after(store, begun_at))
        (gap,) = gaps(store)
        found = completeness(store)
    assert gap.began_at <= killed_at
    assert gap.ended_at is not None
    assert gap.ended_at >= begun_at
    assert (gap.reason, gap.created, gap.changed, gap.gone) == ("nobody watched", 0, 0, 0)
    assert (found.complete, found.terminal_seen, found.pods_expected, found.pods_seen) == (False, True, 2, 1)
    assert found.missing[0].startswith("no pod was seen of b: pods were not watched from 20")
    assert len(gaps(store)) == 2
    assert (gaps(store)[0].ended_at, gaps(store)[0].reason) == (None, "nobody watched")  # the second has stopped


def test_what_two_watchers_saw_between_them_has_no_gap(cluster: Cluster, store: SqlStore) -> None:
    with watching(cluster, store, "second"):
        with watching(cluster, store, "first") as kill:
            cluster.run_step("a", collected=True)
            assert comes_true(watched_after(store, now()))
            kill()
        cluster.run_step("b", collected=True)
        with watching(cluster, store, "third"):
            cluster.run_step("c", collected=True)
            cluster.end()
            assert comes_true(watched_after(store, now()))
            assert comes_true(lambda: completeness(store).complete)
            assert gaps(store) == ()


def test_history_that_was_compacted_while_the_server_was_silent_is_a_gap_with_its_reason(
    cluster: Cluster, store: SqlStore
) -> None:
    with watching(cluster, store, "only"):
        cluster.run_step("a", collected=False)
        assert comes_true(watched_after(store, now()))
        cluster.api.fall_silent()
        cluster.run_step("b", collected=True)
        cluster.run_step("c", collected=False)
        cluster.end()
        cluster.world.delete(PODS, "a", "pod-of-w-a")
        cluster.api.compact()
        cluster.api.speak_again()
        assert comes_true(watched_after(store, now()))
        (gap,) = gaps(store)
        assert comes_true(lambda: completeness(store).terminal_seen)
        found = completeness(store)
    assert "too old resource version" in gap.reason
    assert (gap.created, gap.changed, gap.gone) == (1, 0, 1)
    assert found.missing[0].startswith("no pod was seen of b: pods were not watched from 20")
