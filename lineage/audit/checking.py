"""What a check is, and how what it finds of each thing becomes one verdict. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from lineage.audit.material import AuditEvidence
from lineage.audit.policy import Policy, Waiver
from lineage.audit.verdicts import (
    HELD_BACK,
    AuditCheck,
    Evidence,
    Finding,
    Severity,
    Unknown,
    Verdict,
    counted,
    not_applicable,
    unknown,
)

MOST_EVIDENCE: Final = 20  # pieces that one check lists; it says how many there were

Find: TypeAlias = Callable[[AuditEvidence, Policy], Iterable[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A question that is asked of a run.

    `find` looks at each thing; `things` is what these are called, and `well` what is said where several all pass.
    `nothing` is why it may not apply. Of one that is `of_steps` it is not enough that what is recorded passes: all
    steps of the run must be recorded. `looks_at` says what it rests on and what passes, fails and cannot be known;
    `remedy` what to do where it does not pass.
    """

    id: str
    title: str
    severity: Severity
    find: Find
    things: str
    well: str
    nothing: str
    looks_at: str
    remedy: str
    of_steps: bool = True


@dataclass(frozen=True, slots=True)
class Judged:
    """A check as it is shown, and what it came to before anything was waived: that is what counts for a tier."""

    check: AuditCheck
    verdict: Verdict


def judge(check: Check, evidence: AuditEvidence, policy: Policy, waivers: Sequence[Waiver]) -> Judged:
    """Ask a check of a run. `waivers` are those of the policy that are for this run."""
    severity = policy.severity_of(check.id, check.severity)
    if check.id in policy.ignore:
        return _judged(check, severity, [not_applicable(f"the policy {policy.name} leaves it out")], ())
    if (forgotten_at := evidence.run.forgotten_at) is not None:
        why = f"its details were forgotten on {forgotten_at:%Y-%m-%d}, as the rules of retention ask"
        return _judged(check, severity, [unknown(Unknown.FORGOTTEN, why)], ())
    found = list(check.find(evidence, policy))
    if not evidence.steps_known and (check.of_steps or not found):
        where = evidence.of_workflow("status.nodes")
        found.append(unknown(Unknown.NEVER_CAPTURED, "not all steps of the run are recorded", where))
    if not found:
        found.append(not_applicable(check.nothing))
    raised = [one.severity for one in found if one.severity is not None and one.verdict in HELD_BACK]
    if raised and check.id not in policy.severities and check.id not in policy.require:
        severity = min(raised, key=list(Severity).index)
    return _judged(check, severity, found, [one for one in waivers if one.check == check.id], evidence)


def _judged(
    check: Check,
    severity: Severity,
    found: Sequence[Finding],
    waivers: Sequence[Waiver],
    evidence: AuditEvidence | None = None,
) -> Judged:
    counts = Counter(one.verdict for one in found)
    worst = max(counts, key=lambda one: one.badness)
    shown, verdict, reason = found, worst, _reason(check, found, worst)
    if worst in HELD_BACK and waivers and evidence is not None:
        held = [one for one in waivers if one.holds(evidence.as_of)]
        shown = [_waived(one, held) for one in found]
        counts = Counter(one.verdict for one in shown)
        verdict = max(counts, key=lambda one: one.badness)
        reason = _told(reason, verdict, waivers, held)
        if verdict in HELD_BACK and verdict is not worst:
            reason = f"{_reason(check, shown, verdict)}; another was waived"
    listed, total = _listed(shown)
    told = AuditCheck(
        id=check.id,
        title=check.title,
        severity=severity,
        verdict=verdict,
        reason=reason,
        counts=counted(counts),
        evidence=listed,
        evidence_total=total,
        remedy=check.remedy if worst in HELD_BACK else None,
    )
    return Judged(told, worst)


def _listed(found: Sequence[Finding]) -> tuple[tuple[Evidence, ...], int]:
    """The first pieces of evidence, those of the worst before others; and how many there are."""
    listed: list[Evidence] = []
    for verdict in sorted({one.verdict for one in found}, key=lambda one: -one.badness):
        for one in found:
            if len(listed) >= MOST_EVIDENCE:
                break
            if one.verdict is verdict:
                listed += one.evidence
    return tuple(listed[:MOST_EVIDENCE]), sum(len(one.evidence) for one in found)


# ------------------------------------------------------------------------------------------ reasons
def _reason(check: Check, found: Sequence[Finding], verdict: Verdict) -> str:
    """Say why, of the first that came to a verdict, and how many did."""
    first, total = next(one for one in found if one.verdict is verdict), len(found)
    word = f"{first.why}: " if first.why is not None else ""
    if total == 1:
        return f"{word}{first.reason}"
    if verdict is Verdict.PASS:
        others = total - _count(found, verdict)
        return f"{check.well} ({total - others} {check.things}{f', {others} not applicable' if others else ''})"
    return f"{word}{_count(found, verdict)} of {total} {check.things}: {first.reason}"


def _count(found: Sequence[Finding], verdict: Verdict) -> int:
    return sum(one.verdict is verdict for one in found)


def _waived(one: Finding, waivers: Sequence[Waiver]) -> Finding:
    if one.verdict in HELD_BACK and any(waiver.step in (None, one.step) for waiver in waivers):
        return Finding(Verdict.WAIVED, one.reason, one.evidence, one.step)
    return one


def _told(reason: str, verdict: Verdict, waivers: Sequence[Waiver], held: Sequence[Waiver]) -> str:
    if verdict is Verdict.WAIVED:
        return f"waived by {held[0].by} until {held[0].until}: {held[0].why}. It is: {reason}"
    ended = [one for one in waivers if one not in held]
    return f"{reason}; a waiver by {ended[0].by} ended on {ended[0].until}" if ended and not held else reason
