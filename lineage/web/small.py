"""Small questions, which are answered on the loop itself: a thread would take as long to be woken as they take.

What is answered there holds up everybody else, so each has little time, all of one turn of the loop have little more,
and what once took longer is left to threads for a while.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Final, TypeAlias

from lineage.access import Grant
from lineage.ports import Scope
from lineage.web.questions import Question
from lineage_graphql import SmallQuery

LARGEST_ASKED: Final = 4_096  # bytes of a request: read in some microseconds
LARGEST_ANSWER: Final = 64 * 2**10  # bytes: written, and compressed, in some tenths of a millisecond
SECONDS: Final = 0.01  # ten times as long as a small question takes
TURN_SECONDS: Final = 0.01  # for all that are answered before the loop looks again at who else is there
FORGIVEN: Final = 2  # times in a row that a text took longer: so does what waits for a processor, now and then
SLOW_SECONDS: Final = 1.0  # for which it is left to threads then
SLOWER: Final = 4.0  # times as long, each time that it is slow again
MOST_SLOW_SECONDS: Final = 60.0  # so what stays slow costs the loop a sixth of a thousandth of its time
MOST_REMEMBERED: Final = 256  # texts, as of those that are kept parsed

_Asked: TypeAlias = tuple[str, str | None, Scope]


@dataclass(frozen=True, slots=True)
class _Slow:
    """How often in a row a text was slow, and until when it is left to threads."""

    times: int
    until: float


class SmallQueries:
    """Which questions are known to be small: of a text that a thread has answered, to somebody of the same rights. What
    is made once for a text is made by then. Asked by one loop, and by nothing else."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[_Asked, SmallQuery] = OrderedDict()
        self._slow: OrderedDict[str, _Slow] = OrderedDict()
        self._spent_seconds = 0.0  # in this turn

    def known(self, grant: Grant, question: Question) -> SmallQuery | None:
        """Find what is asked, where it is small and there is time for it in this turn."""
        query = self._known.get(asked := _asked(grant, question))
        if query is None or self._spent_seconds >= TURN_SECONDS or (self._slow and self._is_slow(question)):
            return None
        self._known.move_to_end(asked)
        return query if query.is_small(question.variables or {}) else None

    def learn(self, grant: Grant, question: Question, query: SmallQuery) -> None:
        """Remember what a thread has answered."""
        self._known[_asked(grant, question)] = query
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    @contextmanager
    def answering(self, question: Question) -> Iterator[None]:
        """Count the time of a block as spent in this turn. Where that was too long, or the block raises WouldWait, the
        text is left to threads for a while."""
        began, has_ended = self._clock(), False
        if not self._spent_seconds:
            asyncio.get_running_loop().call_soon(self._begin_turn)
        try:
            yield
            has_ended = True
        finally:
            took = self._clock() - began
            self._spent_seconds += took
            if not has_ended or took > SECONDS:
                self._was_slow(question)
            elif self._slow:
                self._slow.pop(question.query, None)

    def _begin_turn(self) -> None:
        self._spent_seconds = 0.0

    def _is_slow(self, question: Question) -> bool:
        slow = self._slow.get(question.query)
        return slow is not None and self._clock() < slow.until

    def _was_slow(self, question: Question) -> None:
        before = self._slow.pop(question.query, None)
        times = 1 if before is None else before.times + 1
        self._slow[question.query] = _Slow(times, self._clock() + _left_to_threads_seconds(times))
        if len(self._slow) > MOST_REMEMBERED:
            self._slow.popitem(last=False)


def _left_to_threads_seconds(times: int) -> float:
    """Say for how long a text is left to threads that was slow so many times in a row."""
    if times <= FORGIVEN:
        return 0.0
    return min(SLOW_SECONDS * SLOWER ** (times - FORGIVEN - 1), MOST_SLOW_SECONDS)


def _asked(grant: Grant, question: Question) -> _Asked:
    return question.query, question.operation_name, grant.scope
