"""What an audit says: verdicts, what they rest on, and the tier that a run has earned.

Pure. The words follow ACM's artifact badging and SLSA. What is audited is that a run can be repeated on its cluster,
and not that its science can be replicated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from lineage.identity import Key, global_id
from lineage.model import Run


class Verdict(StrEnum):
    """PASS: evidence for it was seen. FAIL: evidence against it was seen. UNKNOWN: there is no evidence, for the reason
    that is told. NOT_APPLICABLE: there is nothing to judge. WAIVED: it does not pass, and the policy lets it be; that
    never earns a tier."""

    PASS = "PASS"  # noqa: S105 - a verdict, and no password
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    WAIVED = "WAIVED"

    @property
    def badness(self) -> int:
        """Order verdicts: the worst has the largest."""
        return _BADNESS.index(self)


_BADNESS: Final = (Verdict.NOT_APPLICABLE, Verdict.PASS, Verdict.WAIVED, Verdict.UNKNOWN, Verdict.FAIL)
HELD_BACK: Final = frozenset({Verdict.FAIL, Verdict.UNKNOWN})
"""The verdicts that keep a tier from being reached."""


class Unknown(StrEnum):
    """Why there is no evidence. NEVER_CAPTURED: nobody saw it, or nobody records it. EXPIRED: it was gone before
    somebody looked. FORGOTTEN: it was known, and not kept for so long. NO_PERMISSION: we may not look. PROBE_DISABLED:
    nobody was asked to look. AMBIGUOUS: what was seen allows several readings."""

    NEVER_CAPTURED = "NEVER_CAPTURED"
    EXPIRED = "EXPIRED"
    FORGOTTEN = "FORGOTTEN"
    NO_PERMISSION = "NO_PERMISSION"
    PROBE_DISABLED = "PROBE_DISABLED"
    AMBIGUOUS = "AMBIGUOUS"


class Tier(StrEnum):
    """What a run has earned, lowest first. TRACEABLE: it is known what ran, on what, and what it made. RE_EXECUTABLE:
    all that it needs is named for good and still there. VERIFIED: it was run again, and agreed."""

    NONE = "NONE"
    TRACEABLE = "TRACEABLE"
    RE_EXECUTABLE = "RE_EXECUTABLE"
    VERIFIED = "VERIFIED"

    @property
    def rank(self) -> int:
        """How high it is; NONE is 0."""
        return _TIERS.index(self)


_TIERS: Final = tuple(Tier)


class Severity(StrEnum):
    """What a check does to a run that does not pass it. The first three block a tier, REPEATED the badge beside them;
    WARNING and INFORMATION block nothing."""

    TRACEABLE = "TRACEABLE"
    RE_EXECUTABLE = "RE_EXECUTABLE"
    VERIFIED = "VERIFIED"
    REPEATED = "REPEATED"
    WARNING = "WARNING"
    INFORMATION = "INFORMATION"

    @property
    def blocks(self) -> Tier | None:
        """The tier that it blocks; None where it blocks none."""
        return Tier(self.value) if self.value in Tier.__members__ else None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was seen, on which a verdict rests. (Structs, as there are tens of thousands in one audit.)

    `of` is the key of the node that it is about. `kind`, `uid` and `version` name the object in which `path` stands, as
    far as it is one of the cluster. `observed_at` is when a look or a probe was made; what an object says of itself is
    dated by its version.
    """

    of: Key | None
    path: str
    value: str | None = None
    observed_at: datetime | None = None
    kind: str | None = None
    uid: str | None = None
    version: str | None = None

    @property
    def subject(self) -> str | None:
        """The id of the node that it is about."""
        return None if self.of is None else global_id(self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many of what a check looked at came to a verdict."""

    verdict: Verdict
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCheck:
    """One check of a run. `verdict` is the worst of what it looked at, `counts` say how many came to which. `reason`
    begins with the word of `Unknown` where the verdict is UNKNOWN. Of much evidence the first pieces are kept, those of
    the verdict before others; `evidence_total` says how many there were."""

    id: str
    title: str
    severity: Severity
    verdict: Verdict
    reason: str
    counts: tuple[Count, ...]
    evidence: tuple[Evidence, ...]
    evidence_total: int
    remedy: str | None

    @property
    def blocks(self) -> Tier | None:
        """The tier that it blocks while it does not pass."""
        return self.severity.blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit came to. `repeated` stands beside the tier: other runs of the same fingerprint exist, and agree.
    `policy` names the policy, its version and the digest of what it says. The same knowledge, policy and date make the
    same audit."""

    run: Run
    tier: Tier
    repeated: Verdict
    checks: tuple[AuditCheck, ...]
    policy: str
    as_of: datetime


# ------------------------------------------------------------------------------------------ findings
class Finding(msgspec.Struct, frozen=True):
    """What a check found of one thing that it looked at. `why` is told where the verdict is UNKNOWN. `step` is the
    display name of the step that it is about. `severity` is told where it weighs more than the check does."""

    verdict: Verdict
    reason: str
    evidence: tuple[Evidence, ...] = ()
    step: str | None = None
    why: Unknown | None = None
    severity: Severity | None = None


def passed(reason: str, *evidence: Evidence, step: str | None = None) -> Finding:
    """Say that evidence for it was seen."""
    return Finding(Verdict.PASS, reason, evidence, step)


def failed(reason: str, *evidence: Evidence, step: str | None = None, severity: Severity | None = None) -> Finding:
    """Say that evidence against it was seen."""
    return Finding(Verdict.FAIL, reason, evidence, step, None, severity)


def unknown(why: Unknown, reason: str, *evidence: Evidence, step: str | None = None) -> Finding:
    """Say why there is no evidence."""
    return Finding(Verdict.UNKNOWN, reason, evidence, step, why)


def not_applicable(reason: str, *evidence: Evidence, step: str | None = None) -> Finding:
    """Say why there is nothing to judge."""
    return Finding(Verdict.NOT_APPLICABLE, reason, evidence, step)


def counted(verdicts: Mapping[Verdict, int]) -> tuple[Count, ...]:
    """Write counts, the worst verdict first."""
    ordered = sorted(verdicts, key=lambda one: -one.badness)
    return tuple(Count(verdict=one, count=verdicts[one]) for one in ordered if verdicts[one])
