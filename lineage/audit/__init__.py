"""The audit of a run: whether it can be traced, could be made again, and was, with the evidence for each verdict.

Pure. A file a group of checks; `judging.py` asks them all. `lineage.auditing` reads what is judged.
"""

from lineage.audit.caching import ReuseFinding, ReuseVerdict, reuse_of, reuses
from lineage.audit.checking import Check
from lineage.audit.judging import CHECKS, IDS, audit
from lineage.audit.material import AuditEvidence, ImageProbe, by_digest
from lineage.audit.policy import DEFAULT, POLICIES, Policy, read_policy
from lineage.audit.verdicts import Audit, AuditCheck, Count, Evidence, Severity, Tier, Unknown, Verdict

__all__ = [
    "CHECKS",
    "DEFAULT",
    "IDS",
    "POLICIES",
    "Audit",
    "AuditCheck",
    "AuditEvidence",
    "Check",
    "Count",
    "Evidence",
    "ImageProbe",
    "Policy",
    "ReuseFinding",
    "ReuseVerdict",
    "Severity",
    "Tier",
    "Unknown",
    "Verdict",
    "audit",
    "by_digest",
    "read_policy",
    "reuse_of",
    "reuses",
]
