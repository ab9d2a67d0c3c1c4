"""Threads that take work out of one line: few as long as they keep up with it, more where one of them waits."""

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable
from threading import Barrier, Event
from typing import Any

import pytest

from lineage.web.workers import NAME, Workers
from tests.waiting import comes_true

PATIENCE_SECONDS = 10.0


def play(acts: Callable[[], Awaitable[Any]]) -> None:
    async def acted() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await acts()

    asyncio.run(acted())


def threads() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name == NAME}


def test_what_is_done_soon_is_done_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineage.web.workers.LONG_SECONDS", PATIENCE_SECONDS)

    async def acts() -> None:
        workers = Workers(10)
        assert len({await workers.do(threading.get_ident) for _ in range(100)}) == 1

    play(acts)


@pytest.mark.parametrize("most", [2, 10])
def test_who_waits_holds_up_nobody_while_there_may_be_more(most: int) -> None:
    async def acts() -> None:
        workers, may_end = Workers(most), Event()
        waiting = [asyncio.create_task(workers.do(lambda: may_end.wait(PATIENCE_SECONDS))) for _ in range(most - 1)]
        await asyncio.sleep(0)
        assert [await workers.do(lambda: "done") for _ in range(10)] == ["done"] * 10
        assert not any(each.done() for each in waiting)
        may_end.set()
        assert all(await asyncio.gather(*waiting))

    play(acts)


def test_there_are_no_more_threads_than_there_may_be() -> None:
    async def acts() -> None:
        workers, both = Workers(2), Barrier(2)

        def meet() -> int:
            both.wait(PATIENCE_SECONDS)
            return threading.get_ident()

        assert len(set(await asyncio.gather(*(workers.do(meet) for _ in range(10))))) == 2

    play(acts)


def test_how_it_failed_is_raised_where_it_is_waited_for() -> None:
    async def acts() -> None:
        workers = Workers(1)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await workers.do(lambda: 1 // 0)
        assert await workers.do(lambda: "done") == "done"

    play(acts)


class Held:
    """Something that an error holds, by the frames that it passed."""


def test_nothing_that_an_error_held_waits_to_be_collected() -> None:
    async def acts() -> None:
        workers = Workers(1)

        def fail() -> None:
            held = Held()
            raise ValueError(repr(held))

        gc.collect()
        gc.disable()
        try:
            with pytest.raises(ValueError, match="Held"):
                await workers.do(fail)
            await workers.do(lambda: None)
            assert not [each for each in gc.get_objects() if isinstance(each, Held)]
        finally:
            gc.enable()

    play(acts)


def test_threads_end_with_who_had_them() -> None:
    before = threads()

    async def acts() -> None:
        await Workers(2).do(lambda: None)

    play(acts)
    gc.collect()
    assert comes_true(lambda: not threads() - before)
