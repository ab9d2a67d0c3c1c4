"""Ending on a signal: what stays sets an event and ends in its own time; what reads ends its wait for more alone.

From a pipe, nothing can be read twice: what was already taken is not lost.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event
from typing import TypeVar

T = TypeVar("T")


class _Asked(BaseException):
    """The end was asked for while the next item was waited for."""


class Interruption:
    """What a signal asked for. `number` is that of the first one, None while there was none."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._is_waiting = False

    def until_asked(self, items: Iterator[T]) -> Iterator[T]:
        """Yield items until a signal comes. It ends the wait for the next one, and nothing that is done with one."""
        while self.number is None:
            found: list[T] = []
            with suppress(_Asked, StopIteration):
                try:
                    self._is_waiting = True
                    found.append(next(items))
                finally:
                    self._is_waiting = False
            if not found:
                return
            yield found[0]

    def ask(self, number: int, _frame: object) -> None:
        """Handle a signal."""
        self.number = self.number or number
        if self._is_waiting:
            self._is_waiting = False
            raise _Asked


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Handle SIGINT and SIGTERM so while this lasts."""
    interruption = Interruption()
    before = {number: signal.signal(number, interruption.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopped_by_signals() -> Iterator[Event]:
    """Set an event at SIGINT or SIGTERM, for what ends in its own time; the second ends the process."""
    stop = Event()

    def end(number: int, _frame: object) -> None:
        signal.signal(number, before[signal.Signals(number)])
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
