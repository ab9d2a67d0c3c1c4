"""The threads of questions, and the line before them."""

import asyncio
from collections.abc import Awaitable, Callable
from threading import Event
from typing import Any

import pytest
from starlette.types import Message

from lineage.deadline import Deadline
from lineage.web.threads import AskerGone, Overloaded, Threads

PATIENCE_SECONDS = 10.0


async def stays() -> Message:
    """A client that neither says anything more nor hangs up."""
    await asyncio.Event().wait()
    raise AssertionError


class Leaves:
    """A client that has sent all it had to, and hangs up when it is told to."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._messages.put_nowait({"type": "http.request"})

    def hang_up(self) -> None:
        self._messages.put_nowait({"type": "http.disconnect"})

    async def __call__(self) -> Message:
        return await self._messages.get()


class Work:
    """What is done until it is told to end."""

    def __init__(self) -> None:
        self.begun, self.may_end = Event(), Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.may_end.wait(PATIENCE_SECONDS)
        return "done"


def a_deadline() -> Deadline:
    return Deadline(600)


def play(acts: Callable[[], Awaitable[Any]]) -> None:
    async def acted() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await acts()

    asyncio.run(acted())


async def under_way(threads: Threads) -> tuple[Work, "asyncio.Task[str]"]:
    """Take a thread."""
    work = Work()
    task = asyncio.create_task(threads.run(work, a_deadline(), stays))
    await asyncio.to_thread(work.begun.wait)
    return work, task


def test_who_waits_has_a_turn() -> None:
    async def acts() -> None:
        threads = Threads(1)
        work, first = await under_way(threads)
        others = [asyncio.create_task(threads.run(lambda: "too", a_deadline(), stays)) for _ in range(3)]
        await asyncio.sleep(0)
        work.may_end.set()
        assert await asyncio.gather(first, *others) == ["done", "too", "too", "too"]

    play(acts)


def test_a_line_that_is_full_takes_nobody() -> None:
    async def acts() -> None:
        threads = Threads(1, most_waiting=1)
        work, first = await under_way(threads)
        second = asyncio.create_task(threads.run(lambda: "too", a_deadline(), stays))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await threads.run(lambda: "never", a_deadline(), stays)
        work.may_end.set()
        assert (await first, await second) == ("done", "too")

    play(acts)


def test_nobody_waits_for_longer_than_the_line_lets_them() -> None:
    async def acts() -> None:
        threads = Threads(1, waiting_seconds=0.05)
        work, first = await under_way(threads)
        with pytest.raises(Overloaded):
            await threads.run(lambda: "never", a_deadline(), stays)
        work.may_end.set()
        assert await first == "done"
        assert await threads.run(lambda: "again", a_deadline(), stays) == "again"

    play(acts)


def test_who_hangs_up_in_the_line_leaves_it() -> None:
    async def acts() -> None:
        threads, client = Threads(1, most_waiting=1), Leaves()
        work, first = await under_way(threads)
        waiting = asyncio.create_task(threads.run(lambda: "never", a_deadline(), client))
        await asyncio.sleep(0)
        client.hang_up()
        with pytest.raises(AskerGone):
            await waiting
        second = asyncio.create_task(threads.run(lambda: "too", a_deadline(), stays))
        await asyncio.sleep(0)
        work.may_end.set()
        assert (await first, await second) == ("done", "too")

    play(acts)


def test_the_deadline_of_who_hangs_up_is_ended() -> None:
    async def acts() -> None:
        threads, client, deadline = Threads(1), Leaves(), a_deadline()

        def work() -> str:
            with deadline.interrupting(ended.set):
                assert ended.wait(PATIENCE_SECONDS)
            return "in vain"

        ended = Event()
        running = asyncio.create_task(threads.run(work, deadline, client))
        client.hang_up()
        with pytest.raises(AskerGone):
            await running
        assert await threads.run(lambda: "free again", a_deadline(), stays) == "free again"

    play(acts)


def test_what_becomes_of_a_question_that_somebody_hung_up_on_is_told_to_nobody() -> None:
    async def acts() -> None:
        threads, client, deadline = Threads(1), Leaves(), a_deadline()
        ended = Event()

        def work() -> None:
            with deadline.interrupting(ended.set):
                assert ended.wait(PATIENCE_SECONDS)
            deadline.check()

        client.hang_up()
        with pytest.raises(AskerGone):
            await threads.run(work, deadline, client)

    play(acts)


def test_what_fails_leaves_its_thread_to_others() -> None:
    async def acts() -> None:
        threads = Threads(1)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await threads.run(lambda: 1 // 0, a_deadline(), stays)

    play(acts)
