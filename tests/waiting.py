"""Waiting for what other threads and processes bring about: for a condition, with a deadline."""

import time
from collections.abc import Callable
from threading import Event

DEADLINE_SECONDS = 60.0
LOOK_SECONDS = 0.05


def comes_true(
    condition: Callable[[], bool], *, deadline_seconds: float = DEADLINE_SECONDS, every_seconds: float = LOOK_SECONDS
) -> bool:
    """Wait until something holds, looking every so often; say whether it did in time."""
    deadline = time.monotonic() + deadline_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        Event().wait(every_seconds)
    return True
