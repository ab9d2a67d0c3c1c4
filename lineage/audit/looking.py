"""What looks say of the objects that a run read and wrote: whether they are known by content, there, and unchanged.

Pure. An ETag is what a store makes of an upload, and never stands for content.
"""

from lineage.audit.material import (
    DIGESTED,
    STRONG,
    AuditEvidence,
    kept_in_workflow,
    of_look,
    place_of,
    unseen_bytes,
)
from lineage.audit.verdicts import Evidence, Finding, Unknown, failed, passed, unknown
from lineage.dossier import Step
from lineage.model import Artifact, ArtifactLook, ArtifactState, ArtifactUse


def in_workflow(step: Step, artifact: Artifact) -> Finding:
    """Say of a value that the workflow itself holds that it is known, there, and as it was."""
    seen = Evidence(of=artifact.key, path=f"{artifact.name} in the workflow", value=artifact.digest)
    return passed(f"{artifact.name} is kept in the workflow itself", seen, step=step.execution.display_name)


def several(step: Step, use: ArtifactUse) -> Finding:
    """Say of something that was read that it is not known which write of it."""
    said = f"several writes of {place_of(use.artifact)} may have been read"
    return unknown(Unknown.AMBIGUOUS, said, step=step.execution.display_name)


def first_digested(evidence: AuditEvidence, artifact: Artifact) -> ArtifactLook | None:
    """The first look that knew the content of an artifact: we read it, or its store vouches for it."""
    looks = reversed(evidence.looks(artifact))
    return next((one for one in looks if one.state is ArtifactState.PRESENT and one.evidence in DIGESTED), None)


def known_by_content(evidence: AuditEvidence, step: Step, artifact: Artifact) -> Finding:
    """Say whether the content of an artifact is known."""
    name, where = step.execution.display_name, place_of(artifact)
    if kept_in_workflow(artifact):
        return in_workflow(step, artifact)
    look = first_digested(evidence, artifact)
    if look is not None:
        digest = look.digest or artifact.content_digest
        return passed(f"the content of {where} is known by its digest", of_look(artifact, look, digest), step=name)
    last = evidence.decided(artifact)
    if last is None:
        return _unseen(evidence, step, artifact)
    if last.state is ArtifactState.MISSING:
        said = f"{where} was gone before anybody read it"
        return unknown(Unknown.EXPIRED, said, of_look(artifact, last), step=name)
    if last.state is ArtifactState.CHANGED:
        said = f"{where} was overwritten before anybody read it"
        return unknown(Unknown.EXPIRED, said, of_look(artifact, last), step=name)
    said = f"of {where} only size, ETag and time are known, which are no digest of its content"
    return unknown(Unknown.NEVER_CAPTURED, said, of_look(artifact, last), step=name)


def still_there(evidence: AuditEvidence, step: Step, artifact: Artifact) -> Finding:
    """Say whether something lies where an artifact lay."""
    name, where = step.execution.display_name, place_of(artifact)
    if kept_in_workflow(artifact):
        return in_workflow(step, artifact)
    last = evidence.decided(artifact)
    if last is None:
        return _unseen(evidence, step, artifact)
    if last.state is ArtifactState.MISSING:
        return failed(f"{where} is gone", of_look(artifact, last), step=name)
    return passed(f"{where} is there", of_look(artifact, last), step=name)


def unchanged(evidence: AuditEvidence, step: Step, artifact: Artifact) -> Finding:
    """Say whether an artifact is still what it was."""
    name, where = step.execution.display_name, place_of(artifact)
    if kept_in_workflow(artifact):
        return in_workflow(step, artifact)
    last = evidence.decided(artifact)
    if last is None:
        return _unseen(evidence, step, artifact)
    seen = of_look(artifact, last)
    if last.state is ArtifactState.CHANGED:
        return failed(f"what lies at {where} is something else now", seen, step=name)
    if last.state is ArtifactState.MISSING:
        return unknown(Unknown.EXPIRED, f"{where} is gone, so that nothing can be compared", seen, step=name)
    if last.evidence not in STRONG:
        said = f"{where} has the same size, ETag and time, which do not prove equal content"
        return unknown(Unknown.AMBIGUOUS, said, seen, step=name)
    began = step.execution.started_at
    if began is not None and last.at < began:
        return unknown(Unknown.NEVER_CAPTURED, f"nobody has looked at {where} since it was used", seen, step=name)
    return passed(f"{where} is as it was", seen, step=name)


def _unseen(evidence: AuditEvidence, step: Step, artifact: Artifact) -> Finding:
    why, said, seen = unseen_bytes(evidence, artifact)
    return unknown(why, said, *seen, step=step.execution.display_name)
