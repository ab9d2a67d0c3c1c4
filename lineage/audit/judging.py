"""Asks every check of a run, and says which tier it has earned. Pure: the same evidence and policy, the same audit."""

from collections.abc import Mapping, Sequence
from typing import Final

from lineage.audit import capture, code, data, environment, execution, guarantees, outputs, parameters, repetition
from lineage.audit.checking import Check, Judged, judge
from lineage.audit.material import AuditEvidence
from lineage.audit.policy import Policy
from lineage.audit.verdicts import HELD_BACK, Audit, Severity, Tier, Verdict

CHECKS: Final[tuple[Check, ...]] = (
    *capture.CHECKS,
    *code.CHECKS,
    *data.CHECKS,
    *parameters.CHECKS,
    *environment.CHECKS,
    *execution.CHECKS,
    *outputs.CHECKS,
    *repetition.CHECKS,
    *guarantees.CHECKS,
)
"""All checks, by group, in the order of their ids."""

IDS: Final = tuple(one.id for one in CHECKS)
BYTES, METRICS = "R-02", "R-03"
"""Either of these shows that repetitions agree."""


def audit(evidence: AuditEvidence, policy: Policy) -> Audit:
    """Judge a run as of the date of the evidence."""
    version = evidence.dossier.version
    pipeline = None if version is None else version.pipeline.name
    waivers = [one for one in policy.waivers if one.is_for(evidence.run, pipeline)]
    judged = [judge(check, evidence, policy, waivers) for check in CHECKS]
    return Audit(
        run=evidence.run,
        tier=_tier(judged),
        repeated=_repeated({one.check.id: one for one in judged}),
        checks=tuple(one.check for one in judged),
        policy=policy.title,
        as_of=evidence.as_of,
    )


def _tier(judged: Sequence[Judged]) -> Tier:
    """The highest tier of whose checks, and of those of every lower one, none failed or is not known, and one at least
    passed: a policy that leaves all of them out earns nothing. What was waived counts as what it is."""
    reached = Tier.NONE
    for tier in (Tier.TRACEABLE, Tier.RE_EXECUTABLE, Tier.VERIFIED):
        mine = {one.verdict for one in judged if one.check.blocks is tier}
        if mine & HELD_BACK or Verdict.PASS not in mine:
            break
        reached = tier
    return reached


def _repeated(judged: Mapping[str, Judged]) -> Verdict:
    """Whether repetitions exist and agree: by their bytes or by their metrics, either of which will do."""
    blockers = [
        one.verdict
        for name, one in judged.items()
        if one.check.severity is Severity.REPEATED and name not in (BYTES, METRICS)
    ]
    agree = [judged[name].verdict for name in (BYTES, METRICS)]
    if Verdict.PASS in agree:
        agreed = Verdict.PASS
    else:
        agreed = Verdict.UNKNOWN if Verdict.UNKNOWN in agree else max(agree, key=lambda one: one.badness)
    return max((*blockers, agreed), key=lambda one: one.badness)
