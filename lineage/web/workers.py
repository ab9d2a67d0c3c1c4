"""Threads that take work out of one line: as few of them as keep up with it.

Threads that compute at the same time take turns, in Python, and each turn is a switch to another thread: with four of
them, ten for each small question. So whoever is at work takes what comes next, and another thread is roused only where
that takes long: where one waits for a disk, a lock or a server, the others go on.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, RLock, Thread
from time import monotonic
from typing import Any, Final, Generic, TypeVar
from weakref import finalize

T = TypeVar("T")

LONG_SECONDS: Final = 0.001  # what is waited for so long has another thread: several small questions take less
NAME: Final = "worker"


class Workers:
    """At most so many threads, made as they are needed, that end with this. Asked by one loop at a time."""

    def __init__(self, most: int) -> None:
        self._line = _Line(most)
        self._looking: asyncio.AbstractEventLoop | None = None  # where it will be looked whether they keep up
        finalize(self, self._line.end)

    async def do(self, work: Callable[[], T]) -> T:
        """Have some work done by a thread, and wait for what comes of it."""
        loop = asyncio.get_running_loop()
        task = _Task(work, loop)
        if self._line.put(task) and self._looking is not loop:
            self._look_later(loop)
        await task.done
        return task.outcome()

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looking = loop
        loop.call_later(LONG_SECONDS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looking = None
        if self._line.relieve():
            self._look_later(loop)


class _Task(Generic[T]):
    """Some work, and where it is waited for."""

    __slots__ = ("_came", "_failed", "_loop", "_work", "done", "since")

    def __init__(self, work: Callable[[], T], loop: asyncio.AbstractEventLoop) -> None:
        self._work = work
        self._loop = loop
        self._came: Any = None
        self._failed: BaseException | None = None
        self.done: asyncio.Future[None] = loop.create_future()
        self.since = monotonic()

    def do(self) -> None:
        """Do it, on a thread, and tell the loop."""
        self._came, self._failed = _what_comes_of(self._work)
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        if not self.done.done():  # who waited may have been cancelled
            self.done.set_result(None)

    def outcome(self) -> T:
        """Return what came of it, or raise how it failed: once."""
        failed, self._failed = self._failed, None
        if failed is None:
            came: T = self._came
            return came
        try:
            raise failed
        finally:
            del failed  # it holds this frame: who is held in turn stays until that is collected


def _what_comes_of(work: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    """Do it. An error holds the frames that it passes: here is none that holds where it is kept."""
    try:
        return work(), None
    except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
        return None, error


class _Line:
    """What waits to be done, and the threads that sleep, each behind a lock of its own. Any thread may ask it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = RLock()  # the end may come as garbage is collected, at any moment
        self._tasks: deque[_Task[Any]] = deque()
        self._sleeping: list[Lock] = []
        self._threads = 0
        self._got_on_at = monotonic()  # when a thread took up something last, or was roused for it
        self._has_ended = False

    def put(self, task: _Task[Any]) -> bool:
        """Have something done. Says whether it waits until those at work have done what they do."""
        with self._lock:
            self._tasks.append(task)
            is_awaited = len(self._sleeping) < self._threads and task.since - self._got_on_at < LONG_SECONDS
            return is_awaited or not self._rouse()

    def relieve(self) -> bool:
        """Rouse a thread where something has waited for long. Says whether anything waits."""
        with self._lock:
            if self._tasks and monotonic() - self._tasks[0].since >= LONG_SECONDS:
                self._rouse()
            return bool(self._tasks)

    def end(self) -> None:
        """Have all threads end, those at work when they have done all there is."""
        with self._lock:
            self._has_ended = True
            while self._sleeping:
                self._sleeping.pop().release()

    def _rouse(self) -> bool:
        """Have one thread more at work, if there may be one: that which slept for the shortest time."""
        self._got_on_at = monotonic()
        if self._sleeping:
            self._sleeping.pop().release()
        elif self._threads < self._most:
            self._threads += 1
            Thread(target=self._work, name=NAME, daemon=True).start()
        else:
            return False
        return True

    def _work(self) -> None:
        sleep = Lock()
        sleep.acquire()
        while (task := self._next(sleep)) is not None:
            task.do()
            del task  # what it holds is held no longer

    def _next(self, sleep: Lock) -> _Task[Any] | None:
        """Take up what is next, as soon as there is something; None at the end."""
        while True:
            with self._lock:
                if self._tasks:
                    self._got_on_at = monotonic()
                    return self._tasks.popleft()
                if self._has_ended:
                    return None
                self._sleeping.append(sleep)
            sleep.acquire()
