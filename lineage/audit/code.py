"""Group K: is it known which code ran?"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from lineage.audit.checking import Check
from lineage.audit.installing import Pinning, installs
from lineage.audit.material import AuditEvidence, ImageProbe, Working, shown
from lineage.audit.policy import Policy
from lineage.audit.verdicts import Evidence, Finding, Severity, Unknown, failed, not_applicable, passed, unknown
from lineage.containers import HELPERS
from lineage.fingerprints import place_of
from lineage.identity import canonical, sha256
from lineage.model import DigestKind
from lineage.placeholders import PLACEHOLDER

REVISION_LABEL: Final = "org.opencontainers.image.revision"
SOURCE_LABEL: Final = "org.opencontainers.image.source"
DIRTY: Final = ("dirty", "modified")
IMAGE_ID: Final = "status.containerStatuses.imageID"


def image_known(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for one in evidence.of_containers():
        yield one if isinstance(one, Finding) else _image_known(one)


def _image_known(one: Working) -> Finding:
    container, where = one.container, f"{one.container.name} of {shown(one.name)}"
    if one.reference is not None:
        return passed(f"the image of {where} is known by {container.digest}",
                      one.evidence(IMAGE_ID, one.reference), step=one.name)  # fmt: skip
    if container.digest is not None:
        seen = one.evidence(IMAGE_ID, container.digest)
        if container.digest_kind is DigestKind.CONFIG:
            said = f"the runtime names the configuration of the image of {where}, which several manifests may have"
            return unknown(Unknown.AMBIGUOUS, said, seen, step=one.name)
        return unknown(Unknown.AMBIGUOUS, f"what the digest of {where} is of is not known", seen, step=one.name)
    said = f"nobody saw which image ran for {where}"
    return unknown(Unknown.NEVER_CAPTURED, said, one.evidence("image", shown(container.image)), step=one.name)


def one_image_a_template(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    groups: defaultdict[tuple[str, str], list[Working]] = defaultdict(list)
    for one in evidence.of_containers():
        if isinstance(one, Finding):
            yield one
        else:
            groups[place_of(one.step), one.container.name].append(one)
    for (template, name), of in groups.items():
        digests = {one.container.digest: one for one in of if one.container.digest is not None}
        where = f"{name} of {shown(template)}"
        seen = tuple(one.evidence(IMAGE_ID, digest) for digest, one in digests.items())
        if len(digests) > 1:
            yield failed(f"{len(digests)} images ran for {where}", *seen, step=of[0].name)
        elif not digests or any(one.container.digest is None for one in of):
            said = f"not every image that ran for {where} is known"
            yield unknown(Unknown.NEVER_CAPTURED, said, *seen, step=of[0].name)
        else:
            yield passed(f"one image ran for {where}", *seen, step=of[0].name)


def reference_fixed(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for one in evidence.of_containers():
        if isinstance(one, Finding):
            yield one
            continue
        image, where = one.container.image, f"{one.container.name} of {shown(one.name)}"
        seen = one.evidence("spec.containers.image", shown(image))
        if not image or PLACEHOLDER.search(image):
            yield unknown(Unknown.NEVER_CAPTURED, f"nobody saw which image {where} asked for", seen, step=one.name)
        elif "@sha256:" in image or "@sha512:" in image:
            yield passed(f"{where} asks for its image by digest", seen, step=one.name)
        else:
            yield failed(f"{where} asks for {shown(image)}, which may be another image tomorrow", seen, step=one.name)


def still_pulled(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for one in _by_image(evidence):
        yield one if isinstance(one, Finding) else _still_pulled(evidence, one)


def _by_image(evidence: AuditEvidence) -> Iterator[Working | Finding]:
    """Each image once; and what is said where one is not known."""
    seen: set[str] = set()
    for one in evidence.of_containers():
        if isinstance(one, Finding):
            yield one
        elif one.reference is None:
            said = f"the digest of the image of {one.container.name} of {shown(one.name)} is not known"
            yield unknown(Unknown.NEVER_CAPTURED, said, step=one.name)
        elif one.reference not in seen:
            seen.add(one.reference)
            yield one


def _probed(probe: ImageProbe, image: str, one: Working, path: str, value: str) -> Evidence:
    return Evidence(of=one.step.execution.key, path=f"{path} of {image}", value=value, observed_at=probe.at)


def _still_pulled(evidence: AuditEvidence, one: Working) -> Finding:
    image = one.reference or ""
    probe = (evidence.probes or {}).get(image)
    if probe is None:
        return _not_probed(evidence, image, one)
    seen = _probed(probe, image, one, "manifest", "there" if probe.found else shown(probe.reason))
    if probe.found:
        return passed(f"{image} can be pulled", seen, step=one.name)
    if probe.found is None:
        why = Unknown.NO_PERMISSION if probe.forbidden else Unknown.NEVER_CAPTURED
        return unknown(why, f"the registry of {image} could not be asked: {shown(probe.reason)}", seen, step=one.name)
    return failed(f"{image} is no longer in its registry", seen, step=one.name)


def _not_probed(evidence: AuditEvidence, image: str, one: Working) -> Finding:
    said = f"no registry was asked for {image}"
    why = Unknown.PROBE_DISABLED if evidence.probes is None else Unknown.NEVER_CAPTURED
    return unknown(why, said, one.evidence(IMAGE_ID, image), step=one.name)


def revision_known(evidence: AuditEvidence, policy: Policy) -> Iterator[Finding]:
    told = _told_revision(evidence, policy)
    if told is not None and evidence.containers:
        yield _clean("the run says", told[1], told[0])
        return
    for one in _by_image(evidence):
        yield one if isinstance(one, Finding) else _revision_of(evidence, one)


def _revision_of(evidence: AuditEvidence, one: Working) -> Finding:
    image = one.reference or ""
    probe = (evidence.probes or {}).get(image)
    if probe is None:
        return _not_probed(evidence, image, one)
    revision = probe.labels.get(REVISION_LABEL, "")
    if not revision:
        said = f"{image} bears no label {REVISION_LABEL}" if probe.found else shown(probe.reason or "it is not there")
        why = Unknown.NO_PERMISSION if probe.forbidden else Unknown.NEVER_CAPTURED
        return unknown(why, said, _probed(probe, image, one, REVISION_LABEL, "absent"), step=one.name)
    source = probe.labels.get(SOURCE_LABEL, "")
    seen = _probed(probe, image, one, REVISION_LABEL, shown(f"{source} {revision}".strip()))
    found = _clean(f"the label of {image} says", revision, seen)
    return Finding(found.verdict, found.reason, found.evidence, one.name)


def _told_revision(evidence: AuditEvidence, policy: Policy) -> tuple[Evidence, str] | None:
    """The revision that parameters, labels or annotations of the run name."""
    view = evidence.view
    for place, said in (
        ("arguments", {one.name: one.value for one in view.parameters if not one.redacted}),
        ("metadata.labels", view.labels),
        ("metadata.annotations", view.annotations),
    ):
        for name, value in said.items():
            word = name.rpartition("/")[2].casefold().replace("-", "_")
            if word in policy.revisions and isinstance(value, str) and value.strip():
                return evidence.of_workflow(f"{place}[{name}]", shown(value)), value
    return None


def _clean(who: str, revision: str, seen: Evidence) -> Finding:
    if revision.casefold().endswith(DIRTY):
        return failed(f"{who} that it was built from {shown(revision)}: the tree held changes", seen)
    return passed(f"{who} that it was built from {shown(revision)}", seen)


def packages_pinned(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for one in evidence.of_containers():
        yield one if isinstance(one, Finding) else _packages_pinned(one)


def _packages_pinned(one: Working) -> Finding:
    where = f"{one.container.name} of {shown(one.name)}"
    if not one.arguments_known:
        return _arguments_unknown(one, where)
    seen = one.evidence("spec.containers.args", _digest(one))
    found = [each for text in (*one.container.argv, one.container.script or "") for each in installs(text)]
    loose = [each for each in found if each.pinning is Pinning.LOOSE]
    if loose:
        return failed(
            f"{where} installs {shown(loose[0].what)} while it runs, which is not pinned", seen, step=one.name
        )
    unsure = [each for each in found if each.pinning is not Pinning.BY_HASH]
    if unsure:
        said = f"{where} installs {shown(unsure[0].what)} while it runs, and no hash says which bytes that is"
        return unknown(Unknown.AMBIGUOUS, said, seen, step=one.name)
    said = "is pinned by hashes" if found else "is nothing"
    return passed(f"what {where} installs while it runs {said}", seen, step=one.name)


def _arguments_unknown(one: Working, where: str) -> Finding:
    return unknown(Unknown.NEVER_CAPTURED, f"nobody saw what {where} was called with", step=one.name)


def inline_code_digested(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for one in evidence.of_containers():
        if isinstance(one, Finding):
            yield one
            continue
        where = f"{one.container.name} of {shown(one.name)}"
        if not one.arguments_known:
            yield _arguments_unknown(one, where)
        elif not one.container.argv and one.container.script is None:
            yield not_applicable(f"the code of {where} is in its image alone", step=one.name)
        else:
            seen = one.evidence("spec.containers.command and args", _digest(one))
            yield passed(f"the command of {where} is recorded", seen, step=one.name)


def _digest(one: Working) -> str:
    """Digest what a container was called with: command, arguments and script. Secrets in them are digests already."""
    return sha256(canonical([list(one.container.argv), one.container.script]))


def helpers_known(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    before = evidence.previous[1] if evidence.previous else {}
    found: dict[tuple[str, str | None], tuple[str, Evidence]] = {}
    for step in evidence.working:
        for container in step.containers:
            if not container.is_of_user:
                one = Working(step=step, container=container)
                seen = one.evidence(IMAGE_ID, container.digest or shown(container.image))
                found.setdefault((container.name, container.digest), (step.execution.display_name, seen))
        if not step.pods:
            said = f"no pod of {shown(step.execution.display_name)} was seen"
            yield unknown(Unknown.NEVER_CAPTURED, said, step=step.execution.display_name)
    for (name, digest), (step_name, seen) in found.items():
        kind = "the helper" if name in HELPERS else "the injected container"
        if digest is None:
            yield unknown(Unknown.NEVER_CAPTURED, f"the image of {kind} {name} is not known", seen, step=step_name)
        elif name in before and digest not in before[name]:
            run = evidence.previous[0].name if evidence.previous else ""
            yield failed(f"{kind} {name} has another image than in {shown(run)}", seen, step=step_name)
        else:
            yield passed(f"the image of {kind} {name} is known", seen, step=step_name)


CHECKS: Final = (
    Check(
        id="K-01",
        title="Each image is known by the digest that ran",
        severity=Severity.TRACEABLE,
        find=image_known,
        things="containers",
        well="every image is known by its digest",
        nothing="no container of somebody's own ran",
        looks_at="The imageID of each container of a pod, where it is the digest of a manifest or index. UNKNOWN: "
        "it is the id of a configuration, no digest at all, or no pod was seen.",
        remedy="Watch pods; use a runtime that reports repository digests (containerd, CRI-O).",
    ),
    Check(
        id="K-02",
        title="One template ran one image",
        severity=Severity.REPEATED,
        find=one_image_a_template,
        things="templates",
        well="each template ran one image",
        nothing="no container of somebody's own ran",
        looks_at="The digests that ran for one template, over retries and loops. FAIL: there are several. UNKNOWN: "
        "some are not known.",
        remedy="Ask for images by digest, so that a tag cannot move while a run goes on.",
    ),
    Check(
        id="K-03",
        title="Images are asked for by digest",
        severity=Severity.RE_EXECUTABLE,
        find=reference_fixed,
        things="containers",
        well="every image is asked for by digest",
        nothing="no container of somebody's own ran",
        looks_at="The image in the spec. FAIL: it is a tag.",
        remedy="Write images as repository@sha256:…; `lineage show RUN` names the digest that ran.",
    ),
    Check(
        id="K-04",
        title="Images can still be pulled",
        severity=Severity.RE_EXECUTABLE,
        find=still_pulled,
        things="images",
        well="every image is still in its registry",
        nothing="no container of somebody's own ran",
        looks_at="What the registry says when it is asked for the manifest (`--registry`). FAIL: there is none. "
        "UNKNOWN: it was not asked, or refuses us.",
        remedy="Ask the registries (`lineage audit --registry`); keep images that runs used, or push them again.",
    ),
    Check(
        id="K-05",
        title="The revision of the source is known, and the tree was clean",
        severity=Severity.WARNING,
        find=revision_known,
        things="images",
        well="the source of every image is known",
        nothing="no container of somebody's own ran",
        looks_at=f"The labels {SOURCE_LABEL} and {REVISION_LABEL} of each image, or a parameter, label or "
        "annotation of the run that names a revision. FAIL: it was built with changes that nobody committed. UNKNOWN: "
        "nothing names it. Under the policy `code` it blocks TRACEABLE.",
        remedy="Label images with the revision they are built from, and ask the registries (`lineage audit "
        "--registry`).",
    ),
    Check(
        id="K-06",
        title="What is installed while it runs is pinned",
        severity=Severity.RE_EXECUTABLE,
        find=packages_pinned,
        things="containers",
        well="nothing is installed while it runs that is not pinned by hashes",
        nothing="no container of somebody's own ran",
        looks_at="The commands and scripts. FAIL: packages are installed without a version. UNKNOWN: by version "
        "and without hashes, from a file that is not recorded, or the arguments were not seen.",
        remedy="Build packages into the image (for lightweight components: `base_image` and "
        "install_kfp_package=False), or install with --require-hashes.",
    ),
    Check(
        id="K-07",
        title="Code in commands and scripts is recorded",
        severity=Severity.TRACEABLE,
        find=inline_code_digested,
        things="containers",
        well="every command is recorded",
        nothing="no container of somebody's own ran",
        looks_at="Command, arguments and script of each container, and their digest. UNKNOWN: nobody saw them.",
        remedy="Watch pods, or workflows whose templates hold no open placeholders.",
    ),
    Check(
        id="K-08",
        title="The images of the engine's own containers are known",
        severity=Severity.WARNING,
        find=helpers_known,
        things="images of helpers",
        well="every image of the engine's own containers is known, and as before",
        nothing="its pods had no containers but somebody's own",
        looks_at="The digests of executor, launcher and injected sidecars. FAIL: they differ from those of the run "
        "of this pipeline before it.",
        remedy="Compare with the run before: the engine or the mesh was updated between them.",
    ),
)
