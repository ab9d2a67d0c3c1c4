"""The threads on which a store is asked, and the line before them, which has an end: in length, and in time.

Who hangs up leaves the line, or frees a thread: the deadline of what would be answered in vain is ended.
"""

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from starlette.types import Receive

from lineage.deadline import Deadline
from lineage.errors import LineageError

T = TypeVar("T")

MOST_WAITING: Final = 1_000  # as many small questions as are answered in a second or two
WAITING_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 2  # after so much time, one who was refused may find a thread free
WATCH_AFTER_SECONDS: Final = 0.1  # most answers are there long before, and to watch costs as much as some of them


class Overloaded(Exception):
    """More is asked than can be answered soon."""

    def __init__(self) -> None:
        super().__init__("More is asked than can be answered soon. Ask again after a while, or for less.")


class AskerGone(Exception):
    """The client has closed the connection: nobody waits for an answer."""


class Threads:
    """Runs what blocks. Asked by one loop, and by nothing else."""

    def __init__(
        self, count: int, *, most_waiting: int = MOST_WAITING, waiting_seconds: float = WAITING_SECONDS
    ) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="graphql")
        self._free = asyncio.Semaphore(count)
        self._most_waiting = most_waiting
        self._waiting_seconds = waiting_seconds
        self._waiting = 0

    async def run(self, work: Callable[[], T], deadline: Deadline, receive: Receive) -> T:
        """Do some work on a thread, as soon as one is free. `receive` is where the client shows that it has gone.

        Raises:
            AskerGone: it has. Where the work had begun, `deadline` was ended, and the thread is free again.
            Overloaded: no thread is free, and none will be soon.
        """
        if self._free.locked():
            await self._stand_in_line(receive)
        else:
            await self._free.acquire()
        try:
            return await self._watched(work, deadline, receive)
        finally:
            self._free.release()

    async def _stand_in_line(self, receive: Receive) -> None:
        if self._waiting >= self._most_waiting:
            raise Overloaded
        turn, gone = asyncio.create_task(self._free.acquire()), asyncio.create_task(_hang_up(receive))
        self._waiting += 1
        is_ours = False
        try:
            await asyncio.wait((turn, gone), timeout=self._waiting_seconds, return_when=FIRST_COMPLETED)
            is_ours = turn.done() and not gone.done()
        finally:
            self._waiting -= 1
            if not is_ours and not turn.cancel():  # it came, and is the next one's
                self._free.release()
            has_gone = not gone.cancel()
        if has_gone:
            raise AskerGone
        if not is_ours:
            raise Overloaded

    async def _watched(self, work: Callable[[], T], deadline: Deadline, receive: Receive) -> T:
        loop = asyncio.get_running_loop()
        watch: asyncio.Task[None] | None = None

        def begin_to_watch() -> None:
            nonlocal watch
            watch = loop.create_task(_end_when_gone(deadline, receive))

        timer = loop.call_later(WATCH_AFTER_SECONDS, begin_to_watch)
        working, done = self._pool.submit(work), loop.create_future()
        # What asyncio has for this (`run_in_executor`) passes the answer through two futures more, on both threads.
        working.add_done_callback(partial(_tell, loop, done))
        try:
            await done
            came = working.result()
        except LineageError as error:
            if deadline.is_ended:
                raise AskerGone from error
            raise
        except asyncio.CancelledError:  # the process ends: not only when this is done
            loop.run_in_executor(None, deadline.end)
            raise
        finally:
            timer.cancel()
            if watch is not None:
                watch.cancel()
        if deadline.is_ended:
            raise AskerGone
        return came


def _tell(loop: asyncio.AbstractEventLoop, done: "asyncio.Future[None]", _: object) -> None:
    """Tell a loop, from another thread, that something is done."""
    with suppress(RuntimeError):  # it has ended, and nobody waits
        loop.call_soon_threadsafe(_wake, done)


def _wake(done: "asyncio.Future[None]") -> None:
    if not done.done():  # who waited may have been cancelled
        done.set_result(None)


async def _hang_up(receive: Receive) -> None:
    """Wait until the client closes the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end_when_gone(deadline: Deadline, receive: Receive) -> None:
    await _hang_up(receive)
    await asyncio.to_thread(deadline.end)  # what is under way may take a moment to be interrupted
