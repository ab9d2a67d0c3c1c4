"""Telling thousands: one reader of the feed for all in this process who follow it.

A thread listens to the store. When something has changed, each question that somebody follows is asked once, whoever
follows it; its answers are written once, and handed to all of them. What one has not taken yet waits, within bounds:
who is too slow is let go of, and comes back by the cursor of what was taken last.

A question is a text with its variables in one scope. Those who follow it stand at one place of the feed. Who begins
elsewhere is first told what lies between, at the pace of taking it, and joins them where no gap is left: while nothing
else moves that place. Everything here runs on one loop, save the reading, which is done on threads.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread
from time import monotonic
from typing import Final, TypeVar

import structlog

from lineage.deadline import Deadline
from lineage.errors import DeadlineExceeded, LineageError, NoRoom, StoreError, UnknownCursor
from lineage.outage import Outage
from lineage.ports import EVERYTHING, ChangedPlaces, LineageStore, Scope
from lineage.room import Room
from lineage.web.endpoint import room_for_answers
from lineage_graphql import Subscription, to_json

log = structlog.get_logger(__name__)

T = TypeVar("T")

LOOK_SECONDS: Final = 1.0  # between looks at the end of the feed, whether anything is told or not
PAUSE_SECONDS: Final = 0.1  # between stretches of one question: what changes many times meanwhile is told once
TAKING_SECONDS: Final = 0.02  # between looks whether all of a stretch was taken
STALLED_SECONDS: Final = 1.0  # without taking anything: nobody waits for such a one
RETRY_SECONDS: Final = 1.0  # until a store that cannot be read is asked again
READ_SECONDS: Final = 10.0  # for a stretch to be read and answered
MEETINGS: Final = 5  # tries to have all at one place; afterwards something may be told twice, and nothing is missed
STRETCH: Final = 50  # changes that are answered at once
READERS: Final = 2  # threads: as many questions as are asked at once
MOST_WAITING: Final = 500  # messages for one who has not taken them
MOST_WAITING_BYTES: Final = 4_194_304


class TooSlow(Exception):
    """Who follows does not take what it is told. It misses nothing if it comes back by its last cursor."""

    def __init__(self) -> None:
        super().__init__("What was told has not been read for too long: come back by the last cursor.")


@dataclass(frozen=True, slots=True)
class Message:
    """An answer to one change, as it is sent, and the cursor behind it."""

    cursor: str
    answer: bytes


@dataclass(frozen=True, slots=True)
class _Stretch:
    messages: Sequence[Message]
    cursor: str
    is_last: bool


class Outlet:
    """What one who follows is still to be told. `cursor` lies behind all that was taken; None while nobody knows."""

    def __init__(self, cursor: str | None) -> None:
        self.cursor = cursor
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._over: Exception | None = None
        self._news = asyncio.Event()
        self._taken_at = 0.0

    async def take(self, seconds: float) -> Message | None:
        """Take what comes next; None where nothing comes for so long.

        Raises:
            TooSlow, LineageError: it was ended by that.
        """
        if not self._news.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()
        if self._over is not None:
            raise self._over
        if not self._waiting:
            return None
        message = self._waiting.popleft()
        self._bytes -= len(message.answer)
        self._taken_at = monotonic()
        self.cursor = message.cursor
        if not self._waiting:
            self._news.clear()
        return message

    def put(self, stretch: _Stretch) -> None:
        """Add what is to be told. More than may wait ends it."""
        if self._over is not None:
            return
        if not self._waiting:
            self._taken_at = monotonic()
            if not stretch.messages:
                self.cursor = stretch.cursor  # there was nothing to tell on the way
        self._waiting.extend(stretch.messages)
        self._bytes += sum(len(message.answer) for message in stretch.messages)
        if len(self._waiting) > MOST_WAITING or self._bytes > MOST_WAITING_BYTES:
            self.end(TooSlow())
        elif self._waiting:
            self._news.set()

    @property
    def is_taking(self) -> bool:
        """Whether something waits to be taken, and soon will be, by how it was until now."""
        return bool(self._waiting) and monotonic() - self._taken_at < STALLED_SECONDS

    @property
    def waits(self) -> bool:
        """Whether something waits to be taken."""
        return bool(self._waiting)

    def end(self, error: Exception) -> None:
        """Tell nothing more, but why."""
        if self._over is None:
            self._over = error
            self._waiting.clear()
            self._news.set()


class _Topic:
    """A question, those who follow it, and where in the feed they are. `users` are those, and those who are about to:
    what they have in common goes with the last."""

    def __init__(self, asked: Subscription, scope: Scope) -> None:
        self.asked = asked
        self.scope = scope
        self.position: str | None = None
        self.outlets: set[Outlet] = set()
        self.moving = asyncio.Lock()
        self.woken = asyncio.Event()
        self.users = 0
        self.pump: asyncio.Task[None] | None = None


class Broadcast:
    """Tells all who follow in this process. Asked by one loop, and by nothing else. `answers` is the room of these."""

    def __init__(self, store: LineageStore, answers: Room | None = None) -> None:
        self._store = store
        self._answers = answers or room_for_answers()
        self._topics: dict[tuple[str, Scope], _Topic] = {}
        self._joined: dict[Outlet, tuple[_Topic, asyncio.Task[None]]] = {}
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="broadcast")
        self._outage = Outage(begins="feed cannot be read", ends="feed can be read again")
        self._stop: Event | None = None

    @property
    def followed(self) -> int:
        """How many subscriptions are open."""
        return len(self._joined)

    async def end_of_feed(self) -> str:
        """The cursor of now.

        Raises:
            LineageError: the store cannot be read.
        """
        return await self._on_thread(lambda: self._store.within(Deadline(READ_SECONDS)).feed_end())

    def open(self, asked: Subscription, scope: Scope) -> Outlet:
        """Begin to follow. What is told comes out of the outlet, which is to be closed at the end."""
        topic = self._topics.get((asked.question, scope))
        if topic is None:
            topic = self._topics[asked.question, scope] = _Topic(asked, scope)
            topic.pump = asyncio.create_task(self._pump(topic))
        topic.users += 1
        outlet = Outlet(asked.after)
        self._joined[outlet] = topic, asyncio.create_task(self._join(topic, outlet))
        self._listen()
        return outlet

    def close(self, outlet: Outlet) -> None:
        """Follow no longer."""
        topic, joining = self._joined.pop(outlet)
        joining.cancel()
        topic.outlets.discard(outlet)
        topic.users -= 1
        if topic.users == 0:
            del self._topics[topic.asked.question, topic.scope]
            if topic.pump is not None:
                topic.pump.cancel()
        if not self._topics and self._stop is not None:
            self._stop.set()
            self._stop = None

    # -- joining
    async def _join(self, topic: _Topic, outlet: Outlet) -> None:
        """Bring one to where the others are, and have it told with them."""
        try:
            await self._catch_up(topic, outlet)
            async with topic.moving:
                if outlet.cursor is None:
                    if topic.position is None:
                        topic.position = await self.end_of_feed()
                    outlet.cursor = topic.position
                else:
                    topic.position = await self._meet(topic, outlet, outlet.cursor)
                topic.outlets.add(outlet)
        except LineageError as error:
            outlet.end(error)
        except Exception as error:  # a defect of ours must not leave one waiting for ever
            log.warning("subscription failed", exc_info=error)
            outlet.end(error)

    async def _meet(self, topic: _Topic, outlet: Outlet, after: str) -> str:
        """Tell one who comes back, and the others, up to one place, which is returned: where one is further than the
        others, it would be told twice what they are told next."""
        reached = await self._told(topic, after, [outlet])
        for _ in range(MEETINGS):
            if topic.position is None or topic.position == reached:
                break
            topic.position = await self._told(topic, topic.position, topic.outlets)
            if topic.position != reached:
                reached = await self._told(topic, reached, [outlet])
        return topic.position or reached

    async def _catch_up(self, topic: _Topic, outlet: Outlet) -> None:
        """Tell what came since the cursor of one who was away, at the pace of taking it."""
        after = outlet.cursor
        while after is not None:
            stretch = await self._read(topic, after)
            outlet.put(stretch)
            while outlet.waits:
                await asyncio.sleep(TAKING_SECONDS)
            after = None if stretch.is_last else stretch.cursor

    # -- telling
    async def _pump(self, topic: _Topic) -> None:
        """Tell those who follow a question, as often as something has changed."""
        while True:
            await topic.woken.wait()
            topic.woken.clear()
            try:
                async with topic.moving:
                    if topic.position is not None:
                        topic.position = await self._told(topic, topic.position, topic.outlets)
                self._outage.is_over()
            except (StoreError, DeadlineExceeded, NoRoom) as error:
                self._outage.goes_on(str(error))
                await asyncio.sleep(RETRY_SECONDS)
                topic.woken.set()
            except LineageError as error:
                self._end(topic, error)
            except Exception as error:  # as when joining
                log.warning("subscription failed", exc_info=error)
                self._end(topic, error)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _told(self, topic: _Topic, after: str, outlets: Collection[Outlet]) -> str:
        """Tell some all that came since a cursor. Returns how far that is."""
        while True:
            stretch = await self._read(topic, after)
            for outlet in outlets:
                outlet.put(stretch)
            # More is read once this was taken by all who take anything: so nobody is let go of for how much there is.
            while any(outlet.is_taking for outlet in outlets):
                await asyncio.sleep(TAKING_SECONDS)
            if stretch.is_last:
                return stretch.cursor
            after = stretch.cursor

    @staticmethod
    def _end(topic: _Topic, error: Exception) -> None:
        for outlet in topic.outlets:
            outlet.end(error)
        topic.outlets.clear()
        topic.position = None

    # -- reading
    async def _read(self, topic: _Topic, after: str) -> _Stretch:
        return await self._on_thread(partial(self._answered, topic.asked, topic.scope, after))

    def _answered(self, asked: Subscription, scope: Scope, after: str) -> _Stretch:
        with self._answers.share() as share:
            return self._written(asked, scope, after, Deadline(READ_SECONDS, share=share))

    def _written(self, asked: Subscription, scope: Scope, after: str, deadline: Deadline) -> _Stretch:
        found = self._store.within(deadline).changes(scope, asked.where, after=after, limit=STRETCH)
        answers = asked.answers(self._store, scope, found.items, deadline)
        messages = [Message(one.cursor, to_json(answer)) for one, answer in zip(found.items, answers, strict=True)]
        return _Stretch(messages, found.cursor, is_last=len(messages) < STRETCH)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    # -- listening
    def _listen(self) -> None:
        """Have a thread wake all questions when something has changed, as long as there are any."""
        if self._stop is None:
            self._stop = Event()
            listening = (asyncio.get_running_loop(), self._stop)
            Thread(target=self._wake_when_told, args=listening, name="listener", daemon=True).start()

    def _wake_when_told(self, loop: asyncio.AbstractEventLoop, stop: Event) -> None:
        listener, last = self._store.listener(), None
        while not stop.is_set():
            try:
                before, found = self._changed_since(last)
            except LineageError as error:
                self._outage.goes_on(str(error))
                stop.wait(RETRY_SECONDS)
                continue
            if found.cursor != last:
                with suppress(RuntimeError):  # the loop has ended, and this will
                    loop.call_soon_threadsafe(self._wake, before, found)
                last = found.cursor
            listener.wait(LOOK_SECONDS)
        listener.close()

    def _changed_since(self, cursor: str | None) -> tuple[str | None, ChangedPlaces]:
        """Where something changed, and since when; since None where nobody knows what did."""
        store = self._store.within(Deadline(READ_SECONDS))
        if cursor is not None:
            with suppress(UnknownCursor):  # the store was taken back
                return cursor, store.changed_places(EVERYTHING, after=cursor)
        return None, ChangedPlaces(places=frozenset(), cursor=store.feed_end())

    def _wake(self, before: str | None, changed: ChangedPlaces) -> None:
        """Have those questions asked again of which the answer may be another. The others are where they would be if
        they had been asked, if they were where the change began."""
        for topic in self._topics.values():
            is_there = topic.position is not None and topic.position == before and not topic.moving.locked()
            if is_there and not any(topic.scope.holds(*place) for place in changed.places):
                topic.position = changed.cursor
                for outlet in topic.outlets:
                    outlet.put(_Stretch((), changed.cursor, is_last=True))
            else:
                topic.woken.set()
