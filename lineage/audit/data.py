"""Group D: are the data that went in known, fixed, and still there?"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from lineage.audit.checking import Check
from lineage.audit.looking import first_digested, in_workflow, known_by_content, several, still_there, unchanged
from lineage.audit.material import (
    AuditEvidence,
    Working,
    kept_in_workflow,
    of_look,
    place_of,
    shown,
    unseen_bytes,
)
from lineage.audit.policy import Policy
from lineage.audit.verdicts import Evidence, Finding, Severity, Unknown, failed, passed, unknown
from lineage.dossier import Step
from lineage.model import Artifact, ArtifactState

FIXED: Final = re.compile(r"@sha256:[0-9a-f]{64}|^dvc://|^lakefs://[^/]+/[0-9a-f]{40,64}/")
"""Places that are named by their content."""

OBJECTS: Final = re.compile(r"\b(?:s3a?|gs|gcs|minio|abfss?|wasbs?|hdfs|oss|oci|dvc|lakefs|file)://[^\s\"'<>,;)\]}]+")
ADDRESS: Final = re.compile(r"https?://[^\s\"'<>]+")
OF_ENGINE: Final = frozenset(
    {"configmap metadata-grpc-configmap", "configmap kfp-launcher", "secret mlpipeline-minio-artifact"}
)
"""What Kubeflow itself refers to in every step."""

VOLUMES: Final = frozenset({"persistentVolumeClaim", "hostPath", "nfs", "ephemeral", "csi"})
_OF_PODS: Final = frozenset({"/var/run/secrets/kubernetes.io/serviceaccount", "/var/run/argo", "/argo"})


def _each(
    judge: Callable[[AuditEvidence, Step, Artifact], Finding],
) -> Callable[[AuditEvidence, Policy], Iterator[Finding]]:
    """Judge each input, unless it is not known which write of it was read."""

    def found(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
        for step, use in evidence.inputs:
            yield several(step, use) if use.ambiguous else judge(evidence, step, use.artifact)

    return found


def _reference_fixed(evidence: AuditEvidence, step: Step, artifact: Artifact) -> Finding:
    name, where = step.execution.display_name, place_of(artifact)
    if kept_in_workflow(artifact):
        return in_workflow(step, artifact)
    looks = evidence.looks(artifact)
    last = evidence.decided(artifact)
    if FIXED.search(artifact.uri or ""):
        named = Evidence(of=artifact.key, path="uri", value=where)
        return passed(f"{where} is named by its content", named, step=name)
    versioned = next((one for one in looks if one.version is not None), None)
    if versioned is not None:
        seen = of_look(artifact, versioned, versioned.version)
        return passed(f"the store keeps versions of {where}, and this one is known", seen, step=name)
    if last is None:
        why, said, told = unseen_bytes(evidence, artifact)
        return unknown(why, said, *told, step=name)
    if last.state is ArtifactState.MISSING:
        said = f"{where} is gone, and whether its store kept versions is not known"
        return unknown(Unknown.EXPIRED, said, of_look(artifact, last), step=name)
    return failed(f"{where} is a plain key: its store keeps no versions", of_look(artifact, last), step=name)


def producers_known(evidence: AuditEvidence, policy: Policy) -> Iterator[Finding]:
    imported = {
        use.artifact.key: step
        for step in evidence.dossier.current
        for use in step.outputs
        if not step.execution.cached and use.artifact.producer_key is None
    }
    for step, use in evidence.inputs:
        artifact, name = use.artifact, step.execution.display_name
        where = place_of(artifact)
        if use.ambiguous:
            yield several(step, use)
        elif artifact.producer_key is not None:
            wrote = Evidence(of=artifact.producer_key, path=f"wrote {where}")
            yield passed(f"the run that wrote {where} is recorded", wrote, step=name)
        elif (importer := imported.get(artifact.key)) is not None:
            said = f"{where} is imported from outside by {shown(importer.execution.display_name)}"
            yield passed(said, Evidence(of=importer.execution.key, path=f"imports {where}"), step=name)
        elif (artifact.uri or "").startswith(policy.external) and policy.external:
            said = f"the policy declares {where} to come from outside"
            yield passed(said, Evidence(of=artifact.key, path="external in the policy", value=where), step=name)
        elif kept_in_workflow(artifact):
            yield in_workflow(step, artifact)
        else:
            said = f"nobody knows who wrote {where}, and nothing declares it to come from outside"
            yield unknown(Unknown.NEVER_CAPTURED, said, Evidence(of=artifact.key, path=where), step=name)


def nothing_undeclared(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    declared = tuple(
        use.artifact.uri for step in evidence.dossier.steps for use in (*step.inputs, *step.outputs) if use.artifact.uri
    )
    for one in evidence.of_containers():
        yield one if isinstance(one, Finding) else _undeclared(one, declared)


def _undeclared(one: Working, declared: tuple[str, ...]) -> Finding:
    container, where = one.container, f"{one.container.name} of {shown(one.name)}"
    volumes = [m for m in container.mounts if m.kind in VOLUMES and not _is_declared(f"pvc://{m.name}", declared)]
    if volumes:
        first = volumes[0]
        writable = any(not m.read_only and m.kind in ("persistentVolumeClaim", "hostPath") for m in volumes)
        seen = tuple(one.evidence(f"spec.containers.volumeMounts[{m.path}]", f"{m.kind} {m.name}") for m in volumes)
        said = f"{where} mounts {first.kind} {shown(first.name)}, which is no input"
        severity = Severity.RE_EXECUTABLE if writable else None
        return failed(said, *seen, step=one.name, severity=severity)
    values = [each.value or "" for each in container.environment]
    values += [each.value or "" for each in one.step.execution.input_parameters if not each.redacted]
    texts = [*container.argv, container.script or "", *values]
    named = [uri for text in texts for uri in OBJECTS.findall(text)]
    named += [text for text in (*container.argv, *values) if ADDRESS.fullmatch(text.partition("=")[2] or text)]
    loose = [uri for uri in dict.fromkeys(named) if not _is_declared(uri, declared)]
    if loose:
        seen = tuple(one.evidence("spec.containers.args and env", shown(_bare(uri))) for uri in loose)
        return failed(f"{where} is told of {shown(_bare(loose[0]))}, which is no input or output", *seen, step=one.name)
    referred = [name for name in _references(one) if name not in OF_ENGINE]
    if referred:
        seen = tuple(one.evidence("spec.containers.env and volumeMounts", shown(name)) for name in referred)
        return failed(f"{where} reads {shown(referred[0])}, which is no input", *seen, step=one.name)
    said = f"nothing that {where} was told names other data, but nobody sees what it reads over the network"
    return unknown(Unknown.NEVER_CAPTURED, said, one.evidence("spec.containers"), step=one.name)


def _references(one: Working) -> Iterator[str]:
    yield from (
        each.source.partition("/")[0]
        for each in one.container.environment
        if each.source is not None and each.source.startswith(("secret ", "configmap "))
    )
    yield from one.container.sources
    kinds = {"configMap": "configmap", "secret": "secret"}
    for mount in one.container.mounts:
        if mount.kind in kinds and mount.path not in _OF_PODS:
            yield f"{kinds[mount.kind]} {mount.name}"


def _is_declared(uri: str, declared: tuple[str, ...]) -> bool:
    """A place is declared where it is an input or output, lies in one, or holds one."""
    bare = _bare(uri).rstrip("/")
    return any(one == bare or one.startswith(f"{bare}/") or bare.startswith(f"{one}/") for one in declared)


def _bare(uri: str) -> str:
    """Leave out what may grant access: credentials, and the query of a signed address."""
    scheme, _, rest = uri.partition("://")
    host, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def folders_listed(evidence: AuditEvidence, _: Policy) -> Iterator[Finding]:
    for step, use in evidence.inputs:
        artifact, name = use.artifact, step.execution.display_name
        content = first_digested(evidence, artifact)
        is_folder = (artifact.uri or "").endswith("/") or (content is not None and content.digest is None)
        where, last = place_of(artifact), evidence.decided(artifact)
        if not is_folder:
            continue
        if last is not None and last.state is ArtifactState.CHANGED:
            yield failed(f"the files of {where} are others now", of_look(artifact, last), step=name)
        elif content is not None:
            seen = of_look(artifact, content, artifact.content_digest)
            yield passed(f"the files of {where} are listed", seen, step=name)
        elif last is not None:
            said = f"nobody has read the files of {where}"
            yield unknown(Unknown.NEVER_CAPTURED, said, of_look(artifact, last), step=name)
        else:
            why, said, told = unseen_bytes(evidence, artifact)
            yield unknown(why, said, *told, step=name)


_NO_INPUT: Final = "the run read nothing that it had not made itself"
CHECKS: Final = (
    Check(
        id="D-01",
        title="Each input is known by its content",
        severity=Severity.RE_EXECUTABLE,
        find=_each(known_by_content),
        things="inputs",
        well="the content of every input is known",
        nothing=_NO_INPUT,
        looks_at="A digest of the whole object: we read it, or its store vouches for it; of a folder, of its "
        "files. UNKNOWN: only an ETag is known, or nobody looked.",
        remedy="Name the object store in the settings and let `lineage probe` look; raise look_bytes for large "
        "objects.",
    ),
    Check(
        id="D-02",
        title="Each input is named for good",
        severity=Severity.RE_EXECUTABLE,
        find=_each(_reference_fixed),
        things="inputs",
        well="every input is named by a version or by its content",
        nothing=_NO_INPUT,
        looks_at="The version that the store keeps, or a uri that names content (OCI digests, lakeFS commits, "
        "DVC). FAIL: a plain key of a store without versions.",
        remedy="Switch versioning of the bucket on, or read from places that are named by their content.",
    ),
    Check(
        id="D-03",
        title="Each input is as it was",
        severity=Severity.RE_EXECUTABLE,
        find=_each(unchanged),
        things="inputs",
        well="every input is as it was",
        nothing=_NO_INPUT,
        looks_at="The last look that could tell, by content or version. FAIL: what lies there is something else. "
        "UNKNOWN: only size, ETag and time are the same.",
        remedy="Restore the version that was read; `lineage artifact URI` shows what each look saw.",
    ),
    Check(
        id="D-04",
        title="Each input is still there",
        severity=Severity.RE_EXECUTABLE,
        find=_each(still_there),
        things="inputs",
        well="every input is there",
        nothing=_NO_INPUT,
        looks_at="The last look that could tell. FAIL: the store says that nothing is there.",
        remedy="Restore the object, or keep what runs read for longer.",
    ),
    Check(
        id="D-05",
        title="Where each input came from is known",
        severity=Severity.WARNING,
        find=producers_known,
        things="inputs",
        well="where every input came from is known",
        nothing=_NO_INPUT,
        looks_at="The recorded run that wrote it, an importer, or the beginnings of uris in the policy's "
        "`external`. UNKNOWN: neither.",
        remedy='Record the run that writes it, import it, or declare its place in the policy: external = ["s3://…"].',
    ),
    Check(
        id="D-06",
        title="Nothing was read that is no input",
        severity=Severity.WARNING,
        find=nothing_undeclared,
        things="containers",
        well="nothing else is named",
        nothing="no container of somebody's own ran",
        looks_at="Places in arguments, environment and parameters; volumes, ConfigMaps and Secrets. FAIL: there "
        "are some; a volume that can be written blocks RE_EXECUTABLE. It never passes: nobody sees what is "
        "read over the network.",
        remedy="Pass data as input artifacts rather than by address, volume or variable.",
    ),
    Check(
        id="D-07",
        title="Of each folder that was read the files are known",
        severity=Severity.WARNING,
        find=folders_listed,
        things="folders",
        well="the files of every folder are listed",
        nothing="no folder was read",
        looks_at="The digest of names and contents of all files. FAIL: they are others now. UNKNOWN: nobody read them.",
        remedy="Let `lineage probe` look at it; raise look_bytes if the folder is larger.",
    ),
)
