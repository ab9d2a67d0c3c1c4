"""Whether what was taken over from a cache is what running the step again would give.

Pure. A cache knows a step by its text and its inputs. It does not know that a tag moved to another image, nor that what
the step wrote then was deleted or overwritten since.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lineage.audit.material import (
    STRONG,
    AuditEvidence,
    Reuse,
    kept_in_workflow,
    of_look,
    place_of,
    shown,
    unseen_bytes,
)
from lineage.audit.verdicts import Evidence, Unknown
from lineage.containers import HELPERS, MAIN
from lineage.dossier import Step
from lineage.model import ArtifactState, ContainerImage, Execution, seconds_between


class ReuseVerdict(StrEnum):
    """SOUND: the source is known, what it wrote is there and as it was, and the same image runs now. STALE: another
    image runs now, so that the step would be another one. BROKEN: what it wrote is gone or something else. UNKNOWN: it
    cannot be told."""

    SOUND = "SOUND"
    STALE = "STALE"
    BROKEN = "BROKEN"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReuseFinding:
    """What a reuse is worth. `why` says why that is not known. `age_seconds` is from the end of the source to the
    reuse. `image_then` and `image_now` are digests of the image of its main container: when the source ran, and when
    the step last ran."""

    step: Execution
    verdict: ReuseVerdict
    reason: str
    why: Unknown | None
    source: Execution | None
    age_seconds: float | None
    image_then: str | None
    image_now: str | None
    evidence: tuple[Evidence, ...] = ()


def reuses(evidence: AuditEvidence) -> Iterator[ReuseFinding]:
    """Say of each step whose outputs were taken over what that is worth."""
    for step in evidence.dossier.current:
        if step.execution.cached:
            yield reuse_of(evidence, step)


def reuse_of(evidence: AuditEvidence, step: Step) -> ReuseFinding:
    """Say what a reuse is worth: broken before stale, for what is gone cannot be used at all."""
    source, known = step.cached_from, evidence.reuses.get(step.execution.key, Reuse())
    then, now = _digest(known.images), _digest(known.newest_images)
    broken, unsure, seen = _outputs(evidence, step)
    name = shown(step.execution.display_name)

    def found(verdict: ReuseVerdict, reason: str, why: Unknown | None = None) -> ReuseFinding:
        return ReuseFinding(
            step=step.execution,
            verdict=verdict,
            reason=reason,
            why=why,
            source=source,
            age_seconds=_age(step, source),
            image_then=then,
            image_now=now,
            evidence=(*_images(source, known, then, now), *seen),
        )

    if broken is not None:
        return found(ReuseVerdict.BROKEN, broken)
    if then is not None and now is not None and then != now:
        return found(ReuseVerdict.STALE, f"another image runs for {name} now than ran for its source")
    if source is None:
        return found(
            ReuseVerdict.UNKNOWN, f"nobody knows which execution {name} took its outputs from", Unknown.NEVER_CAPTURED
        )
    if then is None:
        return found(
            ReuseVerdict.UNKNOWN, f"nobody saw which image ran for the source of {name}", Unknown.NEVER_CAPTURED
        )
    if unsure is not None:
        return found(ReuseVerdict.UNKNOWN, unsure[1], unsure[0])
    return found(ReuseVerdict.SOUND, f"the source of {name} is known, and what it wrote is as it was")


def _digest(images: Sequence[ContainerImage]) -> str | None:
    """The digest of the image that does the work: of the main container, else of the only one of somebody's own."""
    mine = [one for one in images if one.container not in HELPERS]
    main = [one for one in mine if one.container == MAIN] or mine
    return main[0].digest if len({one.digest for one in main}) == 1 else None


def _age(step: Step, source: Execution | None) -> float | None:
    return None if source is None else seconds_between(source.finished_at, step.execution.started_at)


def _images(source: Execution | None, known: Reuse, then: str | None, now: str | None) -> Iterator[Evidence]:
    if source is not None:
        yield Evidence(of=source.key, path="image of the source", value=then)
    if known.newest is not None:
        yield Evidence(of=known.newest.key, path="image of the newest attempt", value=now)


def _outputs(
    evidence: AuditEvidence, step: Step
) -> tuple[str | None, tuple[Unknown, str] | None, tuple[Evidence, ...]]:
    """Say what of the outputs is broken, and what of them cannot be told."""
    broken: str | None = None
    unsure: tuple[Unknown, str] | None = None
    seen: list[Evidence] = []
    for use in step.outputs:
        artifact = use.artifact
        if kept_in_workflow(artifact):
            continue
        last = evidence.decided(artifact)
        if last is None:
            why, said, told = unseen_bytes(evidence, artifact)
            unsure, seen = unsure or (why, said), [*seen, *told]
            continue
        seen.append(of_look(artifact, last))
        where = place_of(artifact)
        if last.state is ArtifactState.MISSING:
            broken = broken or f"{where}, which was taken over, is gone"
        elif last.state is ArtifactState.CHANGED:
            broken = broken or f"{where}, which was taken over, is something else now"
        elif last.evidence not in STRONG:
            said = f"of {where} only size, ETag and time are known to be the same"
            unsure = unsure or (Unknown.AMBIGUOUS, said)
    return broken, unsure, tuple(seen)
