"""What the containers of a step were to run: image, command, environment and resources, as Kubernetes got them.

Pure. Said by the pod that ran, where somebody saw it: there every placeholder is filled in. Else by the template in
the workflow, with the arguments of the step put in; what stands for something else stays in it as it is written.

Sources: argo-workflows/workflow/controller/workflowpod.go (names of containers, ARGO_TEMPLATE, the command of the
emissary executor); pipelines/backend/src/v2/compiler/argocompiler/container.go (the launcher before a user's command).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import structs

from lineage.members import NOTHING, mapping_in, mappings_in, text_in, texts_in
from lineage.model import ContainerImage, DigestKind, PodSeen

MAIN: Final = "main"
HELPERS: Final = frozenset({"init", "wait", "kfp-launcher", "supervisor"})
"""Containers that Argo and Kubeflow add to each pod of theirs."""

_TEMPLATE: Final = "ARGO_TEMPLATE"
_OLD_TEMPLATE: Final = "workflows.argoproj.io/template"
_EXECUTORS: Final = ("argoexec",)
_LAUNCHERS: Final = ("launch", "launcher", "launcher-v2", "entrypoint")


class ContainerRole(StrEnum):
    """USER: somebody's own code. HELPER: what the engine adds. INJECTED: what neither asked for, such as the proxy of a
    service mesh."""

    USER = "USER"
    HELPER = "HELPER"
    INJECTED = "INJECTED"


class Told(StrEnum):
    """Who says what a container was to run: the POD itself, or the TEMPLATE it was made of."""

    POD = "POD"
    TEMPLATE = "TEMPLATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of an environment. One that is filled from elsewhere has a `source` (`secret NAME/KEY`,
    `configmap NAME/KEY`, `field PATH`) and no value."""

    name: str
    value: str | None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """What a container finds at a path: `kind` is the member of the volume that says what it is (`secret`,
    `persistentVolumeClaim`, `hostPath`, …), `name` which one."""

    path: str
    kind: str
    name: str
    read_only: bool


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """One container of a step. `image` is as it was asked for, `digest` what ran. `argv` is the command and its
    arguments without what the engine put in front; `script` is the text that it was handed as a file."""

    name: str
    role: ContainerRole
    told: Told
    image: str
    digest: str | None = None
    digest_kind: DigestKind = DigestKind.UNKNOWN
    argv: tuple[str, ...] = ()
    script: str | None = None
    environment: tuple[Variable, ...] = ()
    sources: tuple[str, ...] = ()
    """Whole ConfigMaps and Secrets that fill its environment, such as `secret NAME`."""
    resources: Mapping[str, Any] = msgspec.field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()

    @property
    def is_of_user(self) -> bool:
        return self.role is ContainerRole.USER


# ------------------------------------------------------------------------------------------ containers
def containers_of_pod(pod: Any, seen: PodSeen, template: Mapping[str, Any]) -> tuple[Container, ...]:
    """What the containers of a pod were to run. `template` helps where the pod does not say what it was made of."""
    spec, told = mapping_in(pod, "spec"), _told_template(pod) or template
    images = {image.container: image for image in seen.images}
    volumes = _volumes(mappings_in(spec, "volumes"))
    return tuple(
        _container(one, told, Told.POD, volumes, images.get(text_in(one, "name")))
        for member in ("initContainers", "containers")
        for one in mappings_in(spec, member)
    )


def containers_of_images(
    seen: PodSeen, template: Mapping[str, Any], asked_for: Iterable[Container]
) -> tuple[Container, ...]:
    """What the containers of a pod were to run, of which no more was read than what is shown of it: the images that
    ran, and for the rest what the template says."""
    asked = {one.name: one for one in asked_for}
    return tuple(
        structs.replace(
            asked.get(image.container)
            or Container(name=image.container, role=_role(image.container, template), told=Told.TEMPLATE, image=""),
            image=image.reference,
            digest=image.digest,
            digest_kind=image.digest_kind,
        )
        for image in seen.images
    )


def containers_of_template(template: Mapping[str, Any]) -> tuple[Container, ...]:
    """What the containers of a step are to run, as its template says."""
    volumes = _volumes(mappings_in(template, "volumes"))
    return tuple(_container(one, template, Told.TEMPLATE, volumes, None) for one in _of_user(template))


def _container(
    one: Mapping[str, Any],
    template: Mapping[str, Any],
    told: Told,
    volumes: Mapping[str, tuple[str, str]],
    image: ContainerImage | None,
) -> Container:
    name = text_in(one, "name") or MAIN
    role = _role(name, template)
    argv = (*texts_in(one, "command"), *texts_in(one, "args"))
    variables = mappings_in(one, "env")
    return Container(
        name=name,
        role=role,
        told=told,
        image=(image.reference if image else "") or text_in(one, "image"),
        digest=image.digest if image else None,
        digest_kind=image.digest_kind if image else DigestKind.UNKNOWN,
        argv=own_command(argv) if role is ContainerRole.USER else argv,
        script=text_in(template, "script", "source") or None if name == MAIN else None,
        environment=tuple(_variable(each) for each in variables if each.get("name") != _TEMPLATE),
        sources=tuple(_sources(mappings_in(one, "envFrom"))),
        resources=mapping_in(one, "resources"),
        mounts=tuple(_mounts(mappings_in(one, "volumeMounts"), volumes)),
    )


def own_command(argv: Sequence[str]) -> tuple[str, ...]:
    """Leave out what an engine puts before somebody's command: Argo's executor, and the launcher of Kubeflow. Each ends
    with `--`."""
    rest = tuple(argv)
    for programs in (_EXECUTORS, _LAUNCHERS):
        if rest and rest[0].rpartition("/")[2] in programs and "--" in rest:
            rest = rest[rest.index("--") + 1 :]
    return rest


def _role(name: str, template: Mapping[str, Any]) -> ContainerRole:
    if name in HELPERS:
        return ContainerRole.HELPER
    if not template:
        return ContainerRole.USER if name == MAIN else ContainerRole.INJECTED
    mine = {text_in(one, "name") or MAIN for one in _of_user(template)}
    return ContainerRole.USER if name in mine or name == MAIN else ContainerRole.INJECTED


def _of_user(template: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The containers that a template asks for."""
    for member in ("container", "script"):
        if one := mapping_in(template, member):
            yield {"name": MAIN, **one}
    yield from mappings_in(template, "containerSet", "containers")
    for member in ("initContainers", "sidecars"):
        yield from (one for one in mappings_in(template, member) if text_in(one, "name") not in HELPERS)


def _told_template(pod: Any) -> Mapping[str, Any]:
    """The template that a pod says it was made of, with everything filled in."""
    written = text_in(pod, "metadata", "annotations", _OLD_TEMPLATE)
    for member in ("initContainers", "containers"):
        for one in mappings_in(pod, "spec", member):
            for variable in mappings_in(one, "env"):
                if variable.get("name") == _TEMPLATE:
                    written = text_in(variable, "value") or written
    try:
        found = json.loads(written) if written.startswith("{") else None
    except ValueError:  # too large for a variable, it lies in a ConfigMap
        found = None
    return found if isinstance(found, dict) else NOTHING


# ------------------------------------------------------------------------------------------ parts
def _variable(one: Mapping[str, Any]) -> Variable:
    name, source = text_in(one, "name"), mapping_in(one, "valueFrom")
    if not source:
        return Variable(name=name, value=text_in(one, "value"))
    kinds = {"secretKeyRef": "secret", "configMapKeyRef": "configmap"}
    for member, kind in kinds.items():
        if reference := mapping_in(source, member):
            return Variable(
                name=name, value=None, source=f"{kind} {text_in(reference, 'name')}/{text_in(reference, 'key')}"
            )
    path = text_in(source, "fieldRef", "fieldPath") or text_in(source, "resourceFieldRef", "resource")
    return Variable(name=name, value=None, source=f"field {path}")


def _sources(given: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in given:
        for member, kind in (("secretRef", "secret"), ("configMapRef", "configmap")):
            if name := text_in(one, member, "name"):
                yield f"{kind} {name}"


def _volumes(given: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Of each volume what it is, and which one."""
    found = {}
    for one in given:
        kind = next((member for member in one if member != "name"), "")
        said = mapping_in(one, kind)
        names = ("claimName", "secretName", "name", "path", "server", "driver")
        found[text_in(one, "name")] = (kind, next(filter(None, (text_in(said, each) for each in names)), ""))
    return found


def _mounts(given: Sequence[Mapping[str, Any]], volumes: Mapping[str, tuple[str, str]]) -> Iterator[Mount]:
    for one in given:
        name = text_in(one, "name")
        kind, which = volumes.get(name, ("", name))
        yield Mount(path=text_in(one, "mountPath"), kind=kind, name=which, read_only=one.get("readOnly") is True)
