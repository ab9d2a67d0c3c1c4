"""What is pinned of a run, and what could not be. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from lineage.containers import Told
from lineage.dossier import Dossier
from lineage.fingerprints import content_of
from lineage.model import ArtifactLook, ArtifactState, DigestKind, Run
from lineage.redaction import is_redacted

RERUN_OF: Final = "kfp-lineage/rerun-of"
"""The label by which a run says which one it repeats: by its run id or uid."""
MOST_IN_LABEL: Final = 63  # characters of the value of a label
WITHHELD: Final = "REDACTED"
"""Stands where a secret stood, which was never recorded."""


class UnpinnedKind(StrEnum):
    """What cannot be held fast: an IMAGE, a VALUE, a CODE that was not recorded, an INPUT from outside, or a SECRET,
    which is referred to or must be put in again."""

    IMAGE = "IMAGE"
    VALUE = "VALUE"
    CODE = "CODE"
    INPUT = "INPUT"
    SECRET = "SECRET"  # noqa: S105 - a kind of things


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Unpinned:
    """Something that the manifest cannot hold fast: where it is, what it is, and why."""

    path: str
    kind: UnpinnedKind
    reason: str


def secret_at(path: str) -> Unpinned:
    """Say that a secret stood in the workflow itself."""
    reason = "a secret stood here, which is not recorded: put it in again"
    return Unpinned(path=path, kind=UnpinnedKind.SECRET, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What would run a run again, as a document for Kubernetes or Kubeflow, and what of it is not held fast."""

    document: Mapping[str, Any]
    unpinned: tuple[Unpinned, ...]


def rerun_label(run: Run) -> str:
    """What the label of a run says that repeats this one."""
    return (run.uid or run.name)[:MOST_IN_LABEL]


class Images:
    """The images that ran, by template and container, and by how they were asked for."""

    def __init__(self, dossier: Dossier) -> None:
        self._ran: defaultdict[tuple[str, str], set[str | None]] = defaultdict(set)
        for step in dossier.steps:
            if not step.ran:
                continue
            for one in step.code:
                if one.told is not Told.POD:
                    continue
                digest = one.digest if one.digest_kind in (DigestKind.MANIFEST, DigestKind.INDEX) else None
                self._ran[step.execution.template or "", one.name].add(digest)
                self._ran["", one.image].add(digest)

    def pinned(self, template: str, container: str, reference: str) -> tuple[str, str | None]:
        """The reference with the digest that ran, or as it is with the reason why not."""
        if "@sha256:" in reference:
            return reference, None
        digests = self._ran.get((template, container)) or self._ran.get(("", reference)) or set()
        known = sorted(digest for digest in digests if digest is not None)
        if "{{" in reference:
            return reference, "the image is an argument of the step: pin it where it is given"
        if len(known) == 1 and None not in digests:
            return f"{_repository(reference)}@{known[0]}", None
        if len(known) > 1:
            return reference, f"it ran with {len(known)} digests: {', '.join(known)}"
        if not digests:
            return reference, "no pod that ran it was seen"
        return reference, "which manifest the tag stood for is not known"


def _repository(reference: str) -> str:
    """An image without its tag: what stands behind the last colon, unless that is of a port."""
    name, colon, tag = reference.rpartition(":")
    return name if colon and "/" not in tag else reference


def withheld(value: Any, path: str, found: list[Unpinned]) -> Any:
    """Leave out what stands for secrets, and say where."""
    if isinstance(value, str):
        if is_redacted(value):
            found.append(secret_at(path))
            return WITHHELD
        return value
    if isinstance(value, Mapping):
        return {name: withheld(each, f"{path}.{name}" if path else str(name), found) for name, each in value.items()}
    if isinstance(value, list):
        return [withheld(each, f"{path}[{_name(each, number)}]", found) for number, each in enumerate(value)]
    return value


def _name(member: Any, number: int) -> str:
    name = member.get("name") if isinstance(member, Mapping) else None
    return name if isinstance(name, str) else str(number)


def unpinned_inputs(dossier: Dossier) -> Iterator[Unpinned]:
    """Say of what came from outside whether it can be had again as it was."""
    told: set[tuple[str, str]] = set()
    for step, use in dossier.external_inputs:
        artifact, path = use.artifact, f"{step.execution.display_name}.inputs.artifacts[{use.name}]"
        if artifact.uri is None or (artifact.uri, path) in told:
            continue
        told.add((artifact.uri, path))
        yield Unpinned(path=path, kind=UnpinnedKind.INPUT, reason=f"{artifact.uri}: {_availability(dossier, artifact)}")


def _availability(dossier: Dossier, artifact: Any) -> str:
    content = content_of(artifact)
    version = version_of(dossier.looks.get(artifact.key, ()))
    known = f", its content was {content}" if content else ", and its content is not known"
    if artifact.state is ArtifactState.MISSING:
        return f"it is not there any more{known}"
    if artifact.state is ArtifactState.CHANGED:
        return f"something else lies there now{known}" + (f"; version {version} of it was read" if version else "")
    if version:
        return f"version {version} was read, which no artifact of Argo can name{known}"
    return f"the place names no version: whatever lies there is read{known}"


def version_of(looks: tuple[ArtifactLook, ...]) -> str | None:
    """The version under which a store keeps an artifact, as a look showed that found it as it was."""
    return next((one.version for one in looks if one.version and one.state is ArtifactState.PRESENT), None)
