"""What an audit judges by: everything that is known of a run, and what stands around it.

Pure. `lineage.auditing` reads it. Nothing here is newer than `as_of`, so that an audit as of a date stays what it is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Final

from lineage.audit.verdicts import Evidence, Finding, Unknown, unknown
from lineage.containers import Container, ContainerRole, Told
from lineage.dossier import Dossier, Step
from lineage.evidence import Evidence as Strength
from lineage.identity import Key
from lineage.members import text_in
from lineage.model import (
    Artifact,
    ArtifactLook,
    ArtifactState,
    ArtifactUse,
    ContainerImage,
    Deployment,
    DigestKind,
    Execution,
    Gap,
    Phase,
    RecurringRun,
    Run,
    RunView,
    ServedArtifact,
    Slot,
)
from lineage.placeholders import PLACEHOLDER
from lineage.rerun import Unpinned
from lineage.verification import SAYS
from lineage.workloads import WORKFLOW

SKEW: Final = timedelta(seconds=2)
"""By how much two clocks of a cluster may differ, as everywhere."""

STRONG: Final = frozenset(SAYS[one] for one in (Strength.BYTES, Strength.CHECKSUM, Strength.VERSION))
DIGESTED: Final = frozenset(SAYS[one] for one in (Strength.BYTES, Strength.CHECKSUM))
LONGEST_SHOWN: Final = 200  # letters of a value
_REDACTED: Final = re.compile(r"redacted:[0-9a-f]+:[0-9a-f]+")
_STAGED: Final = "/argo/staging/script"


# ------------------------------------------------------------------------------------------ what stands around a run
@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a kind of object was watched where a run lived: from when, up to when, and the gaps in that."""

    kind: str
    since: datetime | None
    until: datetime | None
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """What is known of the source of a step whose outputs were taken over: the images that ran for it then, and those
    of the newest attempt at the same step, which may be the source itself."""

    images: tuple[ContainerImage, ...] = ()
    newest: Execution | None = None
    newest_images: tuple[ContainerImage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageProbe:
    """What a registry said of an image, asked by its digest. `found` is None where it could not be asked, for the
    reason that is told; `labels` are those of its configuration."""

    at: datetime
    found: bool | None
    reason: str = ""
    forbidden: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """Another run of the same fingerprint. `outputs` are digests by step and name, None where one is not known; the
    whole is None where they were not read, as enough others were. `metrics` are values by name."""

    run: Run
    outputs: Mapping[tuple[str, str], str | None] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The runs of one fingerprint, the audited one left out, and copies from a cache. `missing` says why a run has no
    fingerprint, where it has none."""

    fingerprint: str | None
    others: tuple[Repetition, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """A run that was made from the manifest of the audited one. `differences` are of what came out, and `not_compared`
    says what of that nobody can tell; `metrics` are its values by name."""

    run: Run
    differences: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AuditEvidence:
    """All that is judged.

    `watches` are of the kinds of objects that a run is seen by. `slot` is the time that it was made for, and
    `recurring` what made it. `served` says who serves what it wrote. `writers` are the other writes of the places that
    it wrote, by the key of its artifact. `previous` is the run before it of the same pipeline, with the images of its
    containers by name. `reuses` are by the key of the step. `probes` are by image as `repository@digest`, None where no
    registry was asked. `unpinned` is what a manifest that would run it again does not hold fast, None where none can be
    made; `reruns` are those made of one.
    """

    dossier: Dossier
    as_of: datetime
    watches: tuple[Watch, ...] = ()
    recurring: RecurringRun | None = None
    slot: Slot | None = None
    served: tuple[tuple[Deployment, ServedArtifact], ...] = ()
    writers: Mapping[Key, tuple[Artifact, ...]] = field(default_factory=dict)
    previous: tuple[Run, Mapping[str, frozenset[str]]] | None = None
    reuses: Mapping[Key, Reuse] = field(default_factory=dict)
    probes: Mapping[str, ImageProbe] | None = None
    cohort: Cohort | None = None
    unpinned: tuple[Unpinned, ...] | None = None
    reruns: tuple[Rerun, ...] = ()

    @property
    def run(self) -> Run:
        return self.dossier.run

    @property
    def view(self) -> RunView:
        return self.dossier.view

    @cached_property
    def steps_known(self) -> bool:
        """Say whether every step of the run is recorded, so that what is not there was not."""
        seen = self.dossier.completeness
        return seen is not None and seen.nodes_expected is not None and seen.nodes_recorded >= seen.nodes_expected

    @cached_property
    def working(self) -> tuple[Step, ...]:
        """The steps for which somebody's code ran. Containers of one pod that are steps as well are those of its pod.
        What else runs something by itself does so in pods or runs of its own."""
        if self.run.kind != WORKFLOW:
            return tuple(one for one in self.dossier.current if one.execution.phase is not Phase.PENDING)
        return tuple(one for one in self.dossier.current if one.ran and (one.execution.kind == "POD" or one.pods))

    @cached_property
    def code(self) -> tuple[tuple[Step, tuple["Working", ...]], ...]:
        """Of each of these the containers of somebody's own; none where nobody knows them."""
        return tuple((step, tuple(_containers_of(step))) for step in self.working)

    @cached_property
    def containers(self) -> tuple["Working", ...]:
        """All of those containers."""
        return tuple(one for _, of in self.code for one in of)

    def of_containers(self) -> Iterator["Working | Finding"]:
        """The containers of somebody's own; and of steps of which none is known, that this is so."""
        for step, containers in self.code:
            yield from containers
            if not containers:
                yield unknown(Unknown.NEVER_CAPTURED, *_unseen(self, step), step=step.execution.display_name)

    @cached_property
    def inputs(self) -> tuple[tuple[Step, ArtifactUse], ...]:
        """What its steps read that the run did not make, once each: what it took over from a cache counts as well."""
        mine, found = self.run.key[1], dict[Key, tuple[Step, ArtifactUse]]()
        for step in self.dossier.current:
            for use in () if step.execution.cached else step.inputs:
                producer = use.artifact.producer_key
                if producer is None or producer[1] != mine:
                    found.setdefault(use.artifact.key, (step, use))
        return tuple(found.values())

    @cached_property
    def outputs(self) -> tuple[tuple[Step, ArtifactUse], ...]:
        """What its steps wrote themselves, once each."""
        found = dict[Key, tuple[Step, ArtifactUse]]()
        for step in self.dossier.current:
            for use in step.outputs:
                if use.artifact.producer_key == step.execution.key:
                    found.setdefault(use.artifact.key, (step, use))
        return tuple(found.values())

    def looks(self, artifact: Artifact) -> tuple[ArtifactLook, ...]:
        """The looks at an artifact up to then, the newest first."""
        found = self.dossier.looks.get(artifact.key, ())
        return found if not found or found[0].at <= self.as_of else tuple(o for o in found if o.at <= self.as_of)

    @cached_property
    def anybody_looked(self) -> bool:
        """Say whether any object of the run was ever looked at."""
        return any(self.dossier.looks.values())

    def decided(self, artifact: Artifact) -> ArtifactLook | None:
        """The newest look at an artifact that could tell anything, up to then."""
        key = artifact.key
        if key not in self._decided:
            self._decided[key] = deciding(self.looks(artifact))
        return self._decided[key]

    @cached_property
    def _decided(self) -> dict[Key, ArtifactLook | None]:
        return {}

    @cached_property
    def _of_workflow(self) -> Evidence:
        raw = self.dossier.raw
        return Evidence(
            of=self.run.key,
            path="",
            kind=text_in(raw, "kind") or self.run.kind,
            uid=text_in(raw, "metadata", "uid") or None,
            version=text_in(raw, "metadata", "resourceVersion") or None,
        )

    # -- evidence
    def of_workflow(self, path: str, value: str | None = None) -> Evidence:
        """A member of the newest recorded object of the run."""
        told = self._of_workflow
        return Evidence(of=told.of, path=path, value=value, kind=told.kind, uid=told.uid, version=told.version)


@dataclass(frozen=True, kw_only=True)
class Working:
    """A container of somebody's own that worked for a step."""

    step: Step
    container: Container

    @property
    def name(self) -> str:
        return self.step.execution.display_name

    @cached_property
    def reference(self) -> str | None:
        """Its image by digest, as `repository@digest`; None where the digest is not that of a manifest or index."""
        one = self.container
        return by_digest(one.image, one.digest, one.digest_kind)

    @cached_property
    def arguments_known(self) -> bool:
        """Say whether it is known what it was called with: as the pod says, or a template in which nothing is open."""
        one = self.container
        if one.script is None and any(_STAGED in each for each in one.argv):
            return False
        if one.told is Told.POD:
            return True
        texts = (*one.argv, one.script or "")
        return bool(self.step.template) and not any(PLACEHOLDER.search(each) for each in texts)

    def evidence(self, path: str, value: str | None = None) -> Evidence:
        """A member of the object that says what it was to run: its pod, or the template in the workflow."""
        key, where, uid, version = self._said_by
        kind = "Pod" if uid is not None else None
        return Evidence(of=key, path=f"{path} of {where}", value=value, kind=kind, uid=uid, version=version)

    @cached_property
    def _said_by(self) -> tuple[Key, str, str | None, str | None]:
        """The execution, and the name, uid and version of the object that says so."""
        execution, name = self.step.execution, self.container.name
        if self.container.told is Told.POD:
            pod = next((one for one in reversed(self.step.pods) if one.uid in self.step.pod_objects), None)
            if pod is not None:
                version = text_in(self.step.pod_objects[pod.uid], "metadata", "resourceVersion") or None
                return execution.key, f"{name} in {pod.name}", pod.uid, version
        return execution.key, f"{name} in {execution.name}", None, None


def _containers_of(step: Step) -> Iterator[Working]:
    """The containers of somebody's own; of a job those that it says, for which no template speaks."""
    if step.code:
        yield from (Working(step=step, container=one) for one in step.code)
        return
    of_pods = {image.container: image for pod in step.pods for image in pod.images}
    for image in (of_pods or {one.container: one for one in step.execution.images}).values():
        if step.execution.kind != "POD":
            yield Working(step=step, container=_of_image(image))


def _of_image(image: ContainerImage) -> Container:
    return Container(
        name=image.container,
        role=ContainerRole.USER,
        told=Told.TEMPLATE,
        image=image.reference,
        digest=image.digest,
        digest_kind=image.digest_kind,
    )


def _unseen(evidence: AuditEvidence, step: Step) -> tuple[str, Evidence]:
    name = shown(step.execution.display_name)
    nothing = f"neither a pod nor a template of {name} is recorded"
    if step.execution.kind not in ("POD", "CONTAINER"):
        nothing = f"{name} runs in objects of its own, and no image of them is recorded with it: audit what it started"
    return nothing, evidence.of_workflow(f"status.nodes[{step.execution.node_id}]")


def by_digest(image: str, digest: str | None, kind: str) -> str | None:
    """Name an image by the digest that ran, as `repository@digest`; None where that names no manifest or index."""
    if digest is None or kind not in (DigestKind.MANIFEST, DigestKind.INDEX):
        return None
    return f"{repository(image)}@{digest}"


def repository(image: str) -> str:
    """Leave the tag and digest of an image out."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def shown(value: str) -> str:
    """Write a value as evidence: on one line, bounded, and nothing of what was redacted."""
    return _shown(value) if len(value) <= LONGEST_SHOWN else _cleaned(value)


def _cleaned(value: str) -> str:
    clean = " ".join(_REDACTED.sub("(redacted)", value).split())
    return clean if len(clean) <= LONGEST_SHOWN else f"{clean[: LONGEST_SHOWN - 1]}…"


_shown: Final = lru_cache(maxsize=8192)(_cleaned)  # names and places are told again and again, check by check


def span(seconds: float) -> str:
    """Write how long something took, in the largest unit of which it has two."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


# ------------------------------------------------------------------------------------------ artifacts
def place_of(artifact: Artifact) -> str:
    """Say where an artifact lies."""
    return shown(artifact.uri or artifact.name)


def kept_in_workflow(artifact: Artifact) -> bool:
    """Say whether it is a value that the workflow itself holds: what it is called by is its digest."""
    return artifact.uri is None


def of_look(artifact: Artifact, look: ArtifactLook, value: str | None = None) -> Evidence:
    """A look at an artifact, and what it showed."""
    said = value or look.digest or look.version or look.state.value
    return Evidence(of=artifact.key, path=f"{place_of(artifact)} ({look.evidence})", value=said, observed_at=look.at)


def deciding(looks: tuple[ArtifactLook, ...]) -> ArtifactLook | None:
    """The newest look that could tell anything."""
    return next((one for one in looks if one.state is not ArtifactState.UNVERIFIED), None)


_MAY_NOT: Final = re.compile(r"may not|credentials|access key|secret key|session token|forbidden|denied", re.I)


def unseen_bytes(evidence: AuditEvidence, artifact: Artifact) -> tuple[Unknown, str, tuple[Evidence, ...]]:
    """Say why nothing is known of an object that nobody saw."""
    where, looks = place_of(artifact), evidence.looks(artifact)
    if looks:
        why = Unknown.NO_PERMISSION if _MAY_NOT.search(looks[0].evidence) else Unknown.NEVER_CAPTURED
        return why, f"{where} could not be looked at: {shown(looks[0].evidence)}", (of_look(artifact, looks[0]),)
    if where.startswith(("pvc://", "volumesnapshot://")):
        return Unknown.NEVER_CAPTURED, f"{where} is a volume, and nobody looks into volumes", ()
    if not evidence.anybody_looked:
        return Unknown.PROBE_DISABLED, f"no object of this run was ever looked at, nor {where}", ()
    return Unknown.NEVER_CAPTURED, f"nobody has looked at {where}", ()
