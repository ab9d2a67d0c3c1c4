# mypy: allow-subclassing-any
"""Audits: whether a run can be traced, could be made again, and was; and what reuses of caches are worth."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import graphene

from lineage import audit as audits
from lineage import model
from lineage.audit import Audit as Audited
from lineage.audit import AuditEvidence, ImageProbe, ReuseFinding, read_policy, reuse_of
from lineage.auditing import audit_evidence
from lineage.errors import InvalidRequest, NotFound
from lineage.identity import Key, parse_global_id
from lineage_graphql.context import Context, Info, context_of
from lineage_graphql.enums import described
from lineage_graphql.scalars import JSON, DateTime, Digest

MOST_ANSWERS = 1000

Verdict = graphene.Enum.from_enum(
    audits.Verdict,
    description=described(
        "What a check comes to.",
        {
            audits.Verdict.PASS: "Evidence for it was seen.",
            audits.Verdict.FAIL: "Evidence against it was seen.",
            audits.Verdict.UNKNOWN: "There is no evidence; the reason begins with why: NEVER_CAPTURED, EXPIRED, "
            "FORGOTTEN, NO_PERMISSION, PROBE_DISABLED or AMBIGUOUS.",
            audits.Verdict.NOT_APPLICABLE: "There is nothing to judge, for the reason that is told.",
            audits.Verdict.WAIVED: "It does not pass, and the policy lets it be; that earns no tier.",
        },
    ),
)
Tier = graphene.Enum.from_enum(
    audits.Tier,
    description=described(
        "What a run has earned, lowest first; NONE where not even TRACEABLE is reached.",
        {
            audits.Tier.NONE: "Not even that is known.",
            audits.Tier.TRACEABLE: "It is known what ran, on what, and what it made.",
            audits.Tier.RE_EXECUTABLE: "All that it needs is named for good, and still there.",
            audits.Tier.VERIFIED: "It was run again, and agreed.",
        },
    ),
)
Severity = graphene.Enum.from_enum(
    audits.Severity,
    description=described(
        "What a check does to a run that does not pass it.",
        {
            audits.Severity.TRACEABLE: "It blocks the tier of that name.",
            audits.Severity.RE_EXECUTABLE: "It blocks the tier of that name.",
            audits.Severity.VERIFIED: "It blocks the tier of that name.",
            audits.Severity.REPEATED: "It blocks `repeated`, which stands beside the tiers.",
            audits.Severity.WARNING: "It blocks nothing, and somebody should look.",
            audits.Severity.INFORMATION: "It blocks nothing.",
        },
    ),
)
ReuseVerdict = graphene.Enum.from_enum(
    audits.ReuseVerdict,
    description=described(
        "What it is worth that outputs were taken over.",
        {
            audits.ReuseVerdict.SOUND: "The source is known, and what it wrote is there and as it was; the image that "
            "ran then runs now.",
            audits.ReuseVerdict.STALE: "Another image runs now.",
            audits.ReuseVerdict.BROKEN: "What it wrote is gone, or something else.",
            audits.ReuseVerdict.UNKNOWN: "It cannot be told.",
        },
    ),
)


class Evidence(graphene.ObjectType):
    """Something that was seen, on which a verdict rests."""

    subject = graphene.ID(description="The id of the node that it is about.")
    path = graphene.String(required=True, description="What was seen, and where: a member of an object, or a place.")
    value = graphene.String(description="What it was, shortened; never a secret.")
    observed_at = DateTime(
        description="When a look or a probe was made; what an object says of itself is dated by its version."
    )
    kind = graphene.String(description="The kind of the object in which it stands.")
    uid = graphene.String(description="The uid of that object.")
    version = graphene.String(description="The resourceVersion of that object.")


class AuditCount(graphene.ObjectType):
    """How many of what a check looked at came to a verdict."""

    verdict = Verdict(required=True, description="The verdict.")
    count = graphene.Int(required=True, description="How many.")


class AuditCheck(graphene.ObjectType):
    """`id` as in the list of checks, such as K-01. `blocks` is the tier that it blocks while it does not pass."""

    id = graphene.String(required=True, description="The group and the number, such as K-01.")
    title = graphene.String(required=True, description="What is so where it passes.")
    severity = Severity(required=True, description="What it does to a run that does not pass it.")
    verdict = Verdict(required=True, description="The worst of all that it looked at.")
    blocks = Tier(description="The tier that it blocks; null where it blocks none.")
    reason = graphene.String(required=True, description="Why, in words, and how many there are.")
    counts = graphene.List(
        graphene.NonNull(AuditCount), required=True, description="How many came to which verdict, the worst first."
    )
    evidence = graphene.List(
        graphene.NonNull(Evidence),
        required=True,
        description="What it rests on: the first 20 pieces, those of the verdict before others.",
    )
    evidence_total = graphene.Int(required=True, description="How many pieces of evidence there are.")
    remedy = graphene.String(description="What to do, where it does not pass.")


class Audit(graphene.ObjectType):
    """`repeated`: another run of the same fingerprint exists and agrees; it stands beside the tier."""

    run = graphene.Field("lineage_graphql.runs.Run", required=True, description="The run that was audited.")
    tier = Tier(required=True, description="The highest tier of which, and below which, no check failed or is open.")
    repeated = Verdict(required=True, description="Whether other runs of the same fingerprint exist, and agree.")
    checks = graphene.List(graphene.NonNull(AuditCheck), required=True, description="All checks, by their ids.")
    policy = graphene.String(
        required=True, description="The name of the policy, its version, and the digest of what it says."
    )
    as_of = DateTime(required=True, description="The date of the audit: what was seen later does not count.")


class Reuse(graphene.ObjectType):
    """What it is worth that the outputs of an execution were taken over from an earlier one."""

    verdict = ReuseVerdict(required=True, description="What it is worth.")
    reason = graphene.String(required=True, description="Why, in words.")
    source = graphene.Field(
        "lineage_graphql.executions.Execution", description="The execution that wrote the outputs; null if not known."
    )
    age_seconds = graphene.Float(description="How old they were: from the end of the source to the reuse.")
    image_then = Digest(description="The digest of the image that ran for the source; null if not known.")
    image_now = Digest(description="The digest of the image that ran when the step last ran; null if not known.")
    evidence = graphene.List(graphene.NonNull(Evidence), required=True, description="What that rests on.")


class ImageAnswer(graphene.InputObjectType):
    """What a registry said of an image. The server asks none: who audits asks them, and hands on what they said."""

    image = graphene.String(required=True, description="The image by its digest: `repository@sha256:…`.")
    at = DateTime(required=True, description="When the registry was asked.")
    found = graphene.Boolean(description="Whether it has the image; null where it could not be asked.")
    reason = graphene.String(description="Why it could not be asked.")
    forbidden = graphene.Boolean(description="True where it refused to say.")
    labels = JSON(description="The labels of the image, by name.")


# ------------------------------------------------------------------------------------------ resolving
def audit_run(
    _: object,
    info: Info,
    run: str,
    policy: str | None = None,
    as_of: datetime | None = None,
    images: Sequence[Any] | None = None,
) -> Audited:
    key = parse_global_id(run)
    context = context_of(info)
    held_to, probes = read_policy(policy, audits.IDS), None if images is None else _probes(images)
    evidence = _evidence(context, key, as_of or context.asked_at)
    return audits.audit(evidence if probes is None else replace(evidence, probes=probes), held_to)


def _probes(images: Sequence[Any]) -> dict[str, ImageProbe]:
    if len(images) > MOST_ANSWERS:
        raise InvalidRequest(f"{len(images)} images are given; {MOST_ANSWERS} is the most")
    found: dict[str, ImageProbe] = {}
    for one in images:
        labels = one.get("labels") or {}
        if not isinstance(labels, dict) or not all(isinstance(each, str) for each in labels.values()):
            raise InvalidRequest("images: labels are texts by name")
        found[one["image"]] = ImageProbe(
            at=one["at"],
            found=one.get("found"),
            reason=one.get("reason") or "",
            forbidden=bool(one.get("forbidden")),
            labels=labels,
        )
    return found


def audit_of(run: model.Run, info: Info) -> Audited:
    """Audit a run as of now, once a request."""
    context = context_of(info)

    def judged() -> Audited:
        return audits.audit(_evidence(context, run.key, context.asked_at), audits.DEFAULT)

    return context.loaders.once(("audit", run.key), judged)


def tier_of(run: model.Run, info: Info) -> audits.Tier:
    return audit_of(run, info).tier


def reuse_of_execution(execution: model.Execution, info: Info) -> ReuseFinding | None:
    if not execution.cached:
        return None
    context = context_of(info)
    evidence = _evidence(context, execution.run_key, context.asked_at)
    step = next((one for one in evidence.dossier.steps if one.execution.key == execution.key), None)
    return None if step is None else reuse_of(evidence, step)


def _evidence(context: Context, run: Key, as_of: datetime) -> AuditEvidence:
    """Read what an audit of a run judges by, once a request.

    Raises:
        NotFound: the run is not recorded.
    """

    def read() -> AuditEvidence:
        found = audit_evidence(context.store, context.scope, run, as_of=as_of)
        if found is None:
            raise NotFound("no run with this id is recorded")
        return found

    return context.loaders.once(("audit evidence", run, as_of), read)


AUDIT = graphene.Field(
    Audit,
    run=graphene.ID(required=True, description="The id of the run."),
    policy=graphene.String(
        description="The text of a policy, as TOML; or the name of one that is there: `default` or `code`."
    ),
    as_of=DateTime(description="The date of the audit: which waivers hold, and up to when what was seen counts. Now."),
    images=graphene.List(
        graphene.NonNull(ImageAnswer),
        description="What registries said of images; without, nothing is known of those.",
    ),
    resolver=audit_run,
    description="Whether a run can be traced, could be made again, and has been, with the evidence for each verdict. "
    "`asOf` decides which waivers hold.",
)
AUDIT_OF_RUN = graphene.Field(
    Audit, resolver=audit_of, description="Its audit as of now, by the policy `default`. Reads all of the run."
)
TIER_OF_RUN = graphene.Field(
    Tier, resolver=tier_of, description="The tier that it has earned as of now. Reads all of the run."
)
REUSE_OF_EXECUTION = graphene.Field(
    Reuse,
    resolver=reuse_of_execution,
    description="What it is worth that its outputs were taken over; null where it wrote them. Reads all of the run.",
)
