"""List, watch, resume, list again: what one resource of the API server looks like, as a stream of events.

Pure protocol: no sockets, no threads, no clock of its own. A `Transport` answers requests (`watchers.kube`
over HTTP, a script in tests); time, chance and waiting are passed in. The rules are those of client-go's
reflector (k8s.io/client-go/tools/cache/reflector.go) with these differences: a list after a gap is compared by
uid, so that an object deleted and made again under its name is not taken for a changed one; and who is gone is
not concluded here, but by whoever reads `Listed`.

From one `Listed` to the last `Reached` before the next one, no change is missed, however often the connection
broke. What happened between that `Reached` and the next `Listed` may never be known: that is a gap. When it began, only
the server knows: what is read may have waited for us to read it. So both say since when it can have been sent.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias

from msgspec import Struct

from lineage.errors import BadAnswer, ClusterError, HistoryGone, ResourceAbsent, ResourceForbidden
from lineage.model import SourceState
from watchers.sent import Reader, Sent
from watchers.source import Head, KubernetesObject, Resource
from watchers.unfolding import parse_time


# ------------------------------------------------------------------------------------------ events
class Changed(Struct, frozen=True, kw_only=True):
    """An object as it stands now: new, or another resourceVersion than the one seen before."""

    sent: Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """The server said that this object is gone. Its last state is no view of it and is not handed on."""

    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A complete, consistent list: at `resource_version` exactly `uids` existed. Comes after their `Changed`.

    `versions` and `born` (seconds since 1970; 0 where it is not said) are aligned with `uids`. `reason`: why the
    resource had to be listed anew; None for the first list. It was sent after `sent_after`, by `monotonic`.
    """

    resource_version: str
    uids: tuple[str, ...]
    sent_after: float
    versions: tuple[str, ...] = ()
    born: tuple[int, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Everything that happened since the last `Listed`, of version `since`, was handed on, up to this version, at
    which so many `objects` existed, and which was sent after `sent_after`, by `monotonic`."""

    since: str
    resource_version: str
    objects: int
    sent_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged:
    """How the reflector fares; said once, until it is something else."""

    state: SourceState
    message: str | None = None


ReflectorEvent: TypeAlias = Changed | Deleted | Listed | Reached | StateChanged


# ------------------------------------------------------------------------------------------ the transport
class Stream(Protocol):
    """An open watch."""

    @property
    def sent_after(self) -> float:
        """A moment, by the clock of `monotonic`, after which the line that was read last was sent."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield whole lines. Ends quietly if the server ended the watch or fell silent; a partial line is a
        ClusterError."""

    def close(self) -> None:
        """Let go of the connection."""


class Transport(Protocol):
    """Authenticated GETs. Whatever goes wrong is a ClusterError, or the more precise one of `refusal`."""

    def get(self, path: str, query: Mapping[str, str]) -> bytes:
        """Read a whole answer."""

    def stream(self, path: str, query: Mapping[str, str]) -> Stream:
        """Open a watch. Returns once the server has accepted it."""

    def close(self) -> None:
        """Break off every open request, from any thread; later ones fail."""


def refusal(code: int, message: str, *, retry_after_seconds: float = 0.0) -> ClusterError:
    """Say what it means that the server answered `code`, as HTTP status or in an ERROR event.

    `retry_after_seconds` is how long it asked to be left alone. Only 403 is ResourceForbidden: that is a matter of
    one resource, and granting it helps. 401 says that the credentials themselves are not accepted, so it is a
    ClusterError like any other trouble of the connection.
    """
    text = f"{code}: {message}" if message else str(code)
    match code:
        case 410:
            return HistoryGone(text)
        case 404:
            return ResourceAbsent(text)
        case 403:
            return ResourceForbidden(text)
        case 401 | 429 | 502 | 503:  # of those who would be refused or not reached whatever they asked
            return ClusterError(text, retry_after_seconds=retry_after_seconds)
        case _:
            return BadAnswer(text, retry_after_seconds=retry_after_seconds)


# ------------------------------------------------------------------------------------------ pace
@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a reflector goes about its work. The defaults are those of client-go where it has them."""

    page_size: int = 100  # a Workflow of 1000 nodes is 1–2 MB: a page stays below the server's own limits
    watch_seconds: tuple[float, float] = (300.0, 600.0)  # random, so that watches do not all end together
    first_delay_seconds: float = 0.8
    longest_delay_seconds: float = 30.0  # 1/30 ≈ 0.03 requests/s per resource while the API server is down
    longest_absence_seconds: float = 300.0  # a cluster lacks most of what there is: 20 resources in 100 namespaces, 7/s
    longest_wish_seconds: float = 300.0  # of a server that asks to be left alone; a day would be a mistake
    reached_seconds: float = 10.0  # how often `Reached` is told while much happens; a killed watcher's gap is longer
    shortest_watch_seconds: float = 1.0  # a watch that ends sooner, and empty, would be a hot loop if resumed at once
    patience: int = 5  # bad answers in a row (0.8 + … + 12.8 ≈ 25 s), or empty watches, and a position is given up


DEFAULT_PACE: Final = Pace()


class Backoff:
    """Delays that double from failure to failure, each shortened by chance so that clients spread out."""

    def __init__(
        self, *, first_seconds: float, longest_seconds: float, uniform: Callable[[float, float], float]
    ) -> None:
        self._first = first_seconds
        self._longest = longest_seconds
        self._uniform = uniform
        self.failures = 0

    def next(self) -> float:
        """Count a failure and say how many seconds to wait."""
        delay = min(self._first * 2.0 ** min(self.failures, 60), self._longest)
        self.failures += 1
        return delay * self._uniform(0.5, 1.0)

    def reset(self) -> None:
        """Forget the failures: there was progress."""
        self.failures = 0


# ------------------------------------------------------------------------------------------ the reflector
class Reflector:
    """Follows one resource, in one namespace or all (None). `head` is what is read of each object as it comes.

    `wait` sleeps so many seconds and says whether to stop; `wait(0)` only asks. `monotonic` tells seconds.
    """

    def __init__(
        self,
        transport: Transport,
        resource: Resource,
        namespace: str | None,
        *,
        head: type[Head] = Head,
        wait: Callable[[float], bool],
        uniform: Callable[[float, float], float],
        monotonic: Callable[[], float],
        pace: Pace = DEFAULT_PACE,
    ) -> None:
        self._transport = transport
        self._paths = resource.paths(namespace)
        self._absent = 0  # of these, how many in a row the server was found not to serve
        self._read = Reader(resource, head)
        self._wait = wait
        self._uniform = uniform
        self._monotonic = monotonic
        self._pace = pace
        self._backoff = Backoff(
            first_seconds=pace.first_delay_seconds, longest_seconds=pace.longest_delay_seconds, uniform=uniform
        )
        self._absence = Backoff(
            first_seconds=pace.first_delay_seconds, longest_seconds=pace.longest_absence_seconds, uniform=uniform
        )
        self._known: dict[str, str] = {}  # uid → resourceVersion of what was handed on
        self._position: str | None = None  # where to resume; None: list first
        self._since = ""  # the version of the last list
        self._reached: str | None = None  # the position that was told last
        self._reached_at = 0.0
        self._sent_after = 0.0  # what came last was not sent before that
        self._trouble: str | None = None  # what went wrong first since all was well
        self._asks_for_initial_events = True
        self._bad_answers = 0  # in a row
        self._empty_watches = 0  # in a row
        self._doubted: tuple[str, dict[str, str]] | None = None  # a position that a list is to confirm, and the known
        self._progressed = False  # whether the watch brought anything since the last list
        self._state: tuple[SourceState, str | None] | None = None

    def events(self) -> Iterator[ReflectorEvent]:
        """Yield what happens until `wait` says stop. Call it once.

        Failures are told as StateChanged and retried; nothing but a programming error is raised.
        """
        yield from self._run()
        yield from self._reach()

    def _run(self) -> Iterator[ReflectorEvent]:
        yield from self._become(SourceState.SYNCING)
        while not self._wait(0):
            try:
                if self._position is None:
                    yield from self._begin()
                if self._position is not None:  # None: stopped within the list
                    yield from self._watch(self._position)
            except ClusterError as error:
                if self._wait(0):
                    return
                yield from self._recover(error)

    def _recover(self, error: ClusterError) -> Iterator[ReflectorEvent]:
        """Decide where to go on and how soon.

        From where it stood, if only it can: a server that starts denies for a moment that there are custom resources,
        and of one that was removed and installed again it tells every deletion, or that its history is gone.
        """
        if isinstance(error, ResourceAbsent):
            self._absent += 1
            if self._absent % len(self._paths):
                return  # at once: it may be served in another version, which has the same history
        else:
            self._absence.reset()
        self._trouble = self._trouble or str(error)
        if isinstance(error, HistoryGone):
            yield from self._forget(str(error))
            if self._progressed:
                return  # at once: what happened in between is waiting
        yield from self._become(state_of(error), str(error))
        backoff = self._absence if isinstance(error, ResourceAbsent) else self._backoff
        delay = max(backoff.next(), min(error.retry_after_seconds, self._pace.longest_wish_seconds))
        if isinstance(error, BadAnswer):
            self._bad_answers += 1
            if self._bad_answers % self._pace.patience == 0:
                # Whatever ails it (a position from before a restored backup), a list heals it. A server that is not
                # reached is another matter: its watch goes on from there, and nothing is missed.
                yield from self._forget(str(error))
        self._wait(delay)

    @property
    def _path(self) -> str:
        return self._paths[self._absent % len(self._paths)]

    def _recovered(self) -> None:
        """All is well again."""
        self._backoff.reset()
        self._absence.reset()
        self._trouble, self._bad_answers = None, 0

    def _forget(self, why: str) -> Iterator[ReflectorEvent]:
        """Give the position up: list first."""
        yield from self._reach()
        if self._position is not None and self._trouble not in (None, why):
            self._trouble = f"{self._trouble}; then {why}"
        self._position, self._trouble = None, self._trouble or why

    # -- list
    def _begin(self) -> Iterator[ReflectorEvent]:
        """Learn which objects there are, in the way that costs the server least.

        A server that offers them sends all objects as the first events of a watch (KEP-3157), out of its memory and
        one by one. Whatever goes wrong with that, a list in pages does not need.
        """
        self._progressed = False
        if not self._asks_for_initial_events or self._doubted is not None:
            yield from self._list()
            return
        try:
            yield from self._watch(None)
        except (ResourceAbsent, ResourceForbidden):
            raise  # and would be of a list
        except ClusterError:
            if self._position is not None:
                raise  # all objects had come
            self._asks_for_initial_events = False
            yield from self._list()

    def _list(self) -> Iterator[ReflectorEvent]:
        """Hand on what changed since it was last seen, page by page, then which objects there are."""
        listed: dict[str, _Item] = {}
        query = {"limit": str(self._pace.page_size)}
        while not self._wait(0):
            if "continue" not in query:  # every page is of the moment of the first one
                self._sent_after = self._monotonic()
            try:
                page = self._read.page(self._transport.get(self._path, query))
            except HistoryGone as error:
                if "continue" not in query:
                    raise ClusterError(f"a list was refused: {error}") from error
                # The snapshot was compacted away between two pages. One list without pages, like client-go.
                listed, query = {}, {}
                continue
            for item in page.items:
                yield from self._there_is(item, listed)
            if not page.next:
                yield from self._all_listed(page.resource_version, listed)
                return
            query = {"limit": str(self._pace.page_size), "continue": page.next}

    def _there_is(self, item: Sent, listed: dict[str, "_Item"]) -> Iterator[Changed]:
        """Hand on an object of a list if it is news, and add it to those that exist."""
        if item.uid:
            listed[item.uid] = _Item(item.resource_version, _seconds(item.created_at))
        if self._is_news(item):
            yield Changed(sent=item)

    def _all_listed(self, version: str, listed: Mapping[str, "_Item"]) -> Iterator[Listed]:
        """Begin anew from a complete list; or go on where the watch stood, if all is as it was known."""
        doubted, self._doubted = self._doubted, None
        self._known = {uid: item.version for uid, item in listed.items()}
        if doubted is not None and doubted[1] == self._known and _is_behind(doubted[0], version):
            self._position, self._trouble = doubted[0], None
            return
        self._position = self._since = self._reached = version
        self._reached_at = self._monotonic()
        reason, self._trouble = self._trouble, None
        yield Listed(
            resource_version=version,
            uids=tuple(listed),
            versions=tuple(item.version for item in listed.values()),
            born=tuple(item.born for item in listed.values()),
            reason=reason,
            sent_after=self._sent_after,
        )

    # -- watch
    def _watch(self, position: str | None) -> Iterator[ReflectorEvent]:
        """Follow the resource until the server ends the watch, moving the position along. Without a position all
        objects come first, as events."""
        opened_at = self._monotonic()
        seconds = int(self._uniform(*self._pace.watch_seconds))
        query = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        if position is None:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        else:
            query["resourceVersion"] = position
        empty = True
        with closing(self._transport.stream(self._path, query)) as stream:
            lines = iter(stream)
            if position is None:
                yield from self._take_initial_events(stream, lines)
                if self._position is None:
                    return
            yield from self._become(SourceState.SYNCED)
            for line in lines:
                self._sent_after = stream.sent_after
                yield from self._follow(*self._read.event(line))
                if empty:
                    empty, self._progressed = False, True
                    self._recovered()
                if self._wait(0):
                    return
        if empty and self._monotonic() - opened_at < self._pace.shortest_watch_seconds:
            if self._wait(0):
                return
            raise BadAnswer("the server ended the watch at once, without an event")
        self._recovered()
        self._empty_watches = self._empty_watches + 1 if empty else 0
        if self._empty_watches == self._pace.patience:
            # Where all is quiet there is nothing to bring. But a server that was set back to a backup accepts a
            # position of its former future as well, and says nothing until it gets there.
            self._empty_watches = 0
            if self._position is not None:
                self._doubted = self._position, dict(self._known)
            yield from self._forget("nothing was heard for long")

    def _take_initial_events(self, stream: Stream, lines: Iterator[bytes]) -> Iterator[ReflectorEvent]:
        """Hand on the objects that a watch begins with, up to the bookmark that says that these were all. Stopped
        before that, it leaves no position.

        Raises:
            ClusterError: the watch ended before it.
        """
        listed: dict[str, _Item] = {}
        for line in lines:
            self._sent_after = stream.sent_after
            type_, item = self._read.event(line)
            match type_:
                case "ERROR":
                    raise _error_of(item)
                case "ADDED" | "MODIFIED":
                    yield from self._there_is(item, listed)
                case "DELETED":
                    listed.pop(item.uid, None)
                    if item.uid:
                        yield Deleted(uid=item.uid)
                case _:
                    if item.resource_version and _ends_initial_events(item):
                        yield from self._all_listed(item.resource_version, listed)
                        return
            if self._wait(0):
                return
        raise ClusterError("the watch ended before all objects had come")

    def _follow(self, type_: str, item: Sent) -> list[ReflectorEvent]:
        """Turn one event of a watch into ours."""
        if type_ == "ERROR":
            raise _error_of(item)
        if not item.resource_version:
            raise BadAnswer(f"a {type_} event carries no resourceVersion")
        self._position = item.resource_version
        told: list[ReflectorEvent] = []
        match type_:
            case "ADDED" | "MODIFIED":
                if self._is_news(item):
                    told.append(Changed(sent=item))
            case "DELETED":
                self._known.pop(item.uid, None)
                if item.uid:
                    told.append(Deleted(uid=item.uid))
            case _:  # KEP-956: a bookmark carries only metadata and resourceVersion
                self._reached = None  # that nothing happened meanwhile is worth telling too
                told += self._reach()
        if self._monotonic() - self._reached_at >= self._pace.reached_seconds:
            told += self._reach()
        return told

    def _reach(self) -> Iterator[Reached]:
        """Tell how far the watch has come, if it has come any farther."""
        if self._position is not None and self._position != self._reached:
            self._reached, self._reached_at = self._position, self._monotonic()
            yield Reached(
                since=self._since,
                resource_version=self._position,
                objects=len(self._known),
                sent_after=self._sent_after,
            )

    # -- small things
    def _is_news(self, item: Sent) -> bool:
        """Remember an object's version; say whether it differs from the one handed on before."""
        if not item.uid:
            return True
        old, self._known[item.uid] = self._known.get(item.uid), item.resource_version
        return old != item.resource_version

    def _become(self, state: SourceState, message: str | None = None) -> Iterator[ReflectorEvent]:
        if self._state != (state, message):
            self._state = (state, message)
            yield StateChanged(state=state, message=message)


def state_of(error: ClusterError) -> SourceState:
    """Say how a source fares that met this."""
    match error:
        case ResourceAbsent():
            return SourceState.ABSENT
        case ResourceForbidden():
            return SourceState.FORBIDDEN
        case _:
            return SourceState.WAITING


# ------------------------------------------------------------------------------------------ what is said of objects
class _Item(NamedTuple):
    """What is remembered of an object while a list is read."""

    version: str
    born: int


_END_OF_INITIAL_EVENTS: Final = "k8s.io/initial-events-end"


def _message(status: KubernetesObject) -> str:
    return str(status.get("message") or status.get("reason") or "")


def _seconds(written: str) -> int:
    """Count the seconds from 1970 to a time as it was written; 0 where that is none."""
    moment = parse_time(written)
    return 0 if moment is None else max(int(moment.timestamp()), 0)


def _is_behind(position: str, version: str) -> bool:
    """Say whether a position belongs to the history that has come to a version; of texts, nobody can."""
    return position.isdecimal() and version.isdecimal() and int(position) <= int(version)


def _ends_initial_events(item: Sent) -> bool:
    annotations = item.object()["metadata"].get("annotations")
    return isinstance(annotations, dict) and annotations.get(_END_OF_INITIAL_EVENTS) == "true"


def _error_of(item: Sent) -> ClusterError:
    """Say what an ERROR event means. 410 comes as HTTP status or, with status 200, so (reason Expired or Gone)."""
    status = item.object()
    code, reason = status.get("code"), status.get("reason")
    gone = code == 410 or reason in ("Expired", "Gone")
    return refusal(410 if gone else code if isinstance(code, int) else 500, _message(status))
