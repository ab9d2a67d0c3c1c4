"""What an alert is, and what is kept of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from lineage.identity import Key, canonical, sha256


class Kind(StrEnum):
    """What a rule looks for. SHIFT: the level of a metric changed. THRESHOLD: a value lies beyond a bound. Z: a value
    is far from what was usual before it. MISSED_SLOT: a schedule was due and made no run. FAILED_RUN: a run failed.
    TIER_LOST: a run has a lower tier than a rule asks for, and the one before it had not."""

    SHIFT = "shift"
    THRESHOLD = "threshold"
    Z = "z"
    MISSED_SLOT = "missed_slot"
    FAILED_RUN = "failed_run"
    TIER_LOST = "tier_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a series, by the times of its points, both of them included."""

    begins_at: datetime
    ends_at: datetime

    def touches(self, other: "Span") -> bool:
        """Say whether two stretches have a moment in common."""
        return self.begins_at <= other.ends_at and other.begins_at <= self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What a rule says of a subject: a run, or for a missed slot the recurring run, which was due at `due_at`.

    `at` is when it happened, `says` what happened in a sentence, and `data` all of it, as JSON. A shift has the
    `series` that it is in, and the `span` in which it may have begun.
    """

    rule: str
    kind: Kind
    subject: Key
    at: datetime
    cluster: str
    namespace: str
    says: str
    data: Mapping[str, Any]
    due_at: datetime | None = None
    series: str | None = None
    span: Span | None = None

    @property
    def key(self) -> str:
        """Name it, the same whenever it is found again: the digest of its rule and its subject."""
        due = None if self.due_at is None else self.due_at.astimezone(UTC).isoformat()
        return sha256(canonical([self.rule, self.kind.value, self.subject, due, self.series]))


class AlertState(StrEnum):
    """What became of an alert."""

    SENT = "SENT"
    WAITING = "WAITING"
    GIVEN_UP = "GIVEN_UP"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertKept:
    """An alert as it is kept. `found_at` is when it was found. It was `tried` so many times to send it; `sent_at` is
    when somebody took it, `next_try_at` when it is tried again, None where that is over. `failure` says why it was not
    taken the last time."""

    alert: Alert
    found_at: datetime
    tried: int = 0
    sent_at: datetime | None = None
    next_try_at: datetime | None = None
    failure: str | None = None

    @property
    def state(self) -> AlertState:
        """Say in a word what became of it."""
        if self.sent_at is not None:
            return AlertState.SENT
        return AlertState.WAITING if self.next_try_at is not None else AlertState.GIVEN_UP


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMark:
    """How far a rule has been followed: from `began_at` on, and all that had ended before `until` was judged."""

    began_at: datetime
    until: datetime
