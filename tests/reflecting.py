"""A reflector that runs in a thread, what it told, and a way to a server on which things happen at chosen moments."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from lineage.errors import ClusterError
from lineage.model import SourceState
from tests.waiting import LOOK_SECONDS, comes_true
from watchers.kube import Kube
from watchers.reflector import Changed, Deleted, Listed, Pace, Reflector, ReflectorEvent, StateChanged, Stream
from watchers.source import Resource


class Between:
    """A way to a server on which something happens once, before a request of a certain kind.

    `by_pages`: it lets no request for initial events through. `breaks_after`: it breaks off the first answer to one
    after so many events.
    """

    def __init__(self, kube: Kube, *, by_pages: bool = False, breaks_after: int | None = None) -> None:
        self._kube = kube
        self._by_pages = by_pages
        self._breaks_after = breaks_after
        self.before_continue: Callable[[], None] | None = None
        self.before_watch: Callable[[], None] | None = None
        self.lists = 0  # requests for a page

    def get(self, path: str, query: Mapping[str, str]) -> bytes:
        self.lists += 1
        if "continue" in query and self.before_continue is not None:
            happen, self.before_continue = self.before_continue, None
            happen()
        return self._kube.get(path, query)

    def stream(self, path: str, query: Mapping[str, str]) -> Stream:
        if "sendInitialEvents" in query:
            if self._by_pages:
                raise ClusterError("no initial events here")
            events, self._breaks_after = self._breaks_after, None
            whole = self._kube.stream(path, query)
            return whole if events is None else _Broken(whole, events)
        if self.before_watch is not None:
            happen, self.before_watch = self.before_watch, None
            happen()
        return self._kube.stream(path, query)

    def close(self) -> None:
        self._kube.close()


class _Broken:
    """A stream that breaks off after so many lines."""

    def __init__(self, stream: Stream, lines: int) -> None:
        self._stream = stream
        self._lines = lines

    @property
    def sent_after(self) -> float:
        return self._stream.sent_after

    def __iter__(self) -> Iterator[bytes]:
        for number, line in enumerate(self._stream):
            if number == self._lines:
                raise ClusterError("broken off")
            yield line

    def close(self) -> None:
        self._stream.close()


class Watcher:
    """A reflector in a thread, and what it told."""

    def __init__(
        self,
        kube: Kube,
        resource: Resource,
        namespace: str | None,
        *,
        watch_seconds: float = 60,
        by_pages: bool = False,
        breaks_after: int | None = None,
        before_continue: Callable[[], None] | None = None,
        before_watch: Callable[[], None] | None = None,
    ) -> None:
        self.way = Between(kube, by_pages=by_pages, breaks_after=breaks_after)
        self.way.before_continue, self.way.before_watch = before_continue, before_watch
        self.events: list[ReflectorEvent] = []
        self._stopping = threading.Event()
        reflector = Reflector(
            self.way,
            resource,
            namespace,
            wait=lambda seconds: self._stopping.wait(seconds) if seconds else self._stopping.is_set(),
            uniform=random.uniform,
            monotonic=time.monotonic,
            pace=Pace(
                page_size=3,
                watch_seconds=(watch_seconds, watch_seconds),
                first_delay_seconds=0.02,
                longest_delay_seconds=0.5,
                shortest_watch_seconds=0.2,
            ),
        )
        self._thread = threading.Thread(target=lambda: self.events.extend(reflector.events()), daemon=True)

    def start(self) -> "Watcher":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self.way.close()
        self._thread.join()

    def names(self) -> list[str]:
        """The names of what was handed on, in order, with repetitions."""
        return [event.sent.object()["metadata"]["name"] for event in tuple(self.events) if isinstance(event, Changed)]

    def lists(self) -> list[tuple[str, ...]]:
        return [event.uids for event in tuple(self.events) if isinstance(event, Listed)]

    def states(self) -> list[SourceState]:
        return [event.state for event in tuple(self.events) if isinstance(event, StateChanged)]

    def handed_on(self) -> list[tuple[str, str]]:
        """Uid and version of what was handed on, in order, with repetitions."""
        seen = [event.sent for event in tuple(self.events) if isinstance(event, Changed)]
        return [(sent.uid, sent.resource_version) for sent in seen]

    def standing(self) -> dict[str, str]:
        """What exists, by uid, with the version in which it was seen last: as follows from the events."""
        standing: dict[str, str] = {}
        for event in tuple(self.events):
            match event:
                case Changed():
                    standing[event.sent.uid] = event.sent.resource_version
                case Deleted():
                    standing.pop(event.uid, None)
                case Listed():
                    standing = {uid: version for uid, version in standing.items() if uid in event.uids}
                case _:
                    pass
        return standing

    def wait(self, happened: Callable[[], bool], *, every_seconds: float = LOOK_SECONDS) -> None:
        assert comes_true(happened, every_seconds=every_seconds), f"got {self.events[-10:]}"
