"""What puts the parts of the program together: the clock, the name of a log, the interpreter of what was seen."""

import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from time import time_ns

from lineage.errors import InvalidObservation
from lineage.facts import Fact
from lineage.observation import ObjectSeen
from lineage.recorder import Interpret
from watchers.source import Source


def now() -> datetime:
    """Read the clock: the rest of the program is told the time."""
    return datetime.now(UTC)


def instance_name(command: str) -> str:
    """Name a log of this process that no other process has."""
    return f"{command}:{socket.gethostname()}:{os.getpid()}:{time_ns()}"


def interpreter(sources: Sequence[Source]) -> Interpret:
    """Hand each observed object to the source that understands it."""
    by_name = {source.name: source.interpret for source in sources}

    def interpret(seen: ObjectSeen) -> Sequence[Fact]:
        if (interpret_object := by_name.get(seen.source)) is None:
            raise InvalidObservation(f"this release has no source called {seen.source}")
        return interpret_object(seen)

    return interpret
