"""Until when a question may be answered, and how much room its answer may take: asked before each step, and ended early
where nobody waits for it any longer. It starts nothing, and reads the clock that it is given."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from threading import Lock
from time import monotonic

from lineage.errors import DeadlineExceeded
from lineage.room import Share


class Deadline:
    """The time that a question was given, and the room; without a share of any, its answer may be of any size. Any
    thread may ask it, and end it."""

    def __init__(
        self, budget_seconds: float, clock: Callable[[], float] = monotonic, *, share: Share | None = None
    ) -> None:
        self._budget_seconds = budget_seconds
        self._share = share
        self._clock = clock
        self._until = clock() + budget_seconds
        self._lock = Lock()
        self._interrupts: list[Callable[[], None]] = []

    @property
    def seconds_left(self) -> float:
        """How much is left: less than nothing, where it is over."""
        return self._until - self._clock()

    @property
    def is_ended(self) -> bool:
        """Whether it was ended, which is not to say that its time has passed."""
        return self._until == -inf

    def is_over(self) -> bool:
        """Say whether no time is left."""
        return self._clock() > self._until

    def check(self) -> None:
        """Make sure that time is left.

        Raises:
            DeadlineExceeded: it is over.
        """
        if self.is_over():
            raise self.exceeded()

    def take(self, size_bytes: int) -> None:
        """Make sure that there is room for so many bytes more of the answer.

        Raises:
            AnswerTooLarge: it takes more than it may.
            NoRoom: other answers have taken the rest.
        """
        if self._share is not None:
            self._share.take(size_bytes)

    def exceeded(self) -> DeadlineExceeded:
        """Make the error that says that it is over."""
        return DeadlineExceeded(self._budget_seconds)

    def end(self) -> None:
        """Leave no time, and interrupt what is under way. This takes as long as interrupting does."""
        with self._lock:
            self._until = -inf
            for interrupt in self._interrupts:
                interrupt()

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Have `interrupt` called where it is ended within this block; never behind the block's end."""
        with self._lock:
            self._interrupts.append(interrupt)
        try:
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)
