"""Views of one object that come faster than anybody needs them: which to hand on, and when.

Pure: it is told the time. An object that was quiet is handed on at once; after that about once in an interval, as it
then stands. A view is dropped only if the next one names every attempt that it names, so that what was attempted is
never missed; and what is held is handed on before a deletion (`release`) and at the end (`everything`).
"""

from datetime import datetime
from typing import Final

import msgspec

from watchers.sent import Sent
from watchers.source import Attempts

INTERVAL_SECONDS: Final = 1.0
MAX_BYTES: Final = 16 * 2**20  # of text that is held; beyond it nothing waits


class View(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """An object as it was sent, and when."""

    sent: Sent
    seen_at: datetime


class Coalescer:
    """Holds views until they are due.

    Times are seconds of one clock that never goes back. What is returned is due until it was `handed` on.
    """

    def __init__(
        self,
        *,
        interval_seconds: float = INTERVAL_SECONDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._interval = interval_seconds
        self._max_bytes = max_bytes
        self._held: dict[str, list[View]] = {}  # by uid, none of which stands for the one before it
        self._handed_at: dict[str, float] = {}
        self._named: dict[str, Attempts] = {}  # by the last view that is held
        self._bytes = 0

    def offer(self, view: View, now: float) -> list[View]:
        """Take a view; return what is due of its object, in order."""
        uid = view.sent.uid
        if not uid:
            return [view]
        held = self._held.setdefault(uid, [])
        if held and self._stands_for(view, held[-1]):
            self._bytes -= held.pop().sent.size_bytes
        else:
            self._named.pop(uid, None)
        held.append(view)
        self._bytes += view.sent.size_bytes
        return held[:] if self._is_due(uid, now) else held[:-1]

    def due(self, now: float) -> list[View]:
        """Return what has waited long enough."""
        self._handed_at = {uid: at for uid, at in self._handed_at.items() if now < at + self._interval}
        return [view for uid, held in self._held.items() if self._is_due(uid, now) for view in held]

    def release(self, uid: str) -> list[View]:
        """Return what is held of an object."""
        return self._held.get(uid, [])[:]

    def everything(self) -> list[View]:
        """Return all that is held."""
        return [view for held in self._held.values() for view in held]

    def handed(self, view: View, now: float) -> None:
        """Hear that a view was handed on."""
        uid = view.sent.uid
        held = self._held.get(uid, [])
        if view not in held:
            return
        held.remove(view)
        self._bytes -= view.sent.size_bytes
        self._handed_at[uid] = now
        if not held:
            del self._held[uid]
            self._named.pop(uid, None)

    def _is_due(self, uid: str, now: float) -> bool:
        at = self._handed_at.get(uid)
        return at is None or now >= at + self._interval or self._bytes > self._max_bytes

    def _stands_for(self, newer: View, older: View) -> bool:
        """Say whether a view makes the one before it needless. Only a later version does: a server that was set back
        to a backup sends earlier ones."""
        uid, version, before = newer.sent.uid, newer.sent.resource_version, older.sent.resource_version
        if not (version.isdecimal() and before.isdecimal() and int(version) > int(before)):
            return False
        if older.sent.head is None or newer.sent.head is None:
            return False
        try:
            old = self._named[uid] if uid in self._named else older.sent.head.attempts()
            self._named[uid] = newer.sent.head.attempts()
        except ValueError:
            return False
        return old <= self._named[uid]
