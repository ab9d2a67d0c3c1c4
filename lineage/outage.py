"""What does not work and is waited for: said once when that begins, once for each new reason, and once when it is over.

It logs and reads the clock, and does nothing else: who waits, and for how long, is up to those who use it.
"""

import re
from time import monotonic
from typing import Final

import structlog

_NUMBERS: Final = re.compile(r"\d+")

log = structlog.get_logger()


class Outage:
    """Whether something is waited for. Any thread may tell and ask: of two that tell at once comes a line too many.

    `begins` and `ends` are the events that are logged, with `facts`. `at_first` is why it is waited for before anybody
    has told anything; that goes without saying.
    """

    def __init__(self, *, begins: str, ends: str, at_first: str | None = None, **facts: str) -> None:
        self._begins = begins
        self._ends = ends
        self._facts = facts
        self._since = monotonic()
        self._reason = at_first
        self._told: set[str] = set()

    @property
    def reason(self) -> str | None:
        """Why it is waited for; None while it works."""
        return self._reason

    @property
    def seconds(self) -> float:
        """For how long it has been waited for; 0 while it works."""
        return 0.0 if self._reason is None else monotonic() - self._since

    def goes_on(self, reason: str) -> None:
        """Say that it does not work. A reason is logged once; one that differs in its numbers alone is the same."""
        if self._reason is None:
            self._since = monotonic()
        self._reason = reason
        if (kind := _NUMBERS.sub("0", reason)) not in self._told:
            self._told.add(kind)
            log.warning(self._begins, error=reason, **self._facts)

    def is_over(self) -> None:
        """Say that it works."""
        seconds, self._reason = self.seconds, None
        if self._told:
            self._told.clear()
            log.info(self._ends, seconds=round(seconds, 1), **self._facts)
