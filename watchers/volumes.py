"""What pods mount of persistent volume claims: data that passes from step to step without being an artifact of any.

Pure. A mount says where data may have been read and written, not that it was. What lies in a claim has a uri of ours,
`pvc://namespace/claim/path`, where the path is the one within the volume.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from lineage.identity import Location, object_store
from lineage.limits import is_name, is_place
from lineage.placeholders import PLACEHOLDER, filled
from watchers.reading import mapping, mappings, text
from watchers.yaml_values import InvalidYaml, load_yaml

CLAIM: Final = "pvc"
SNAPSHOT: Final = "volumesnapshot"
KEPT: Final = 256  # manifests that were read, by their text: a run is seen again and again

_CONTAINERS: Final = ("initContainers", "sidecars", "containers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A container mounts a claim, or a part of it. `path` is where the container finds it."""

    path: str
    location: Location
    read_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a resource template made: a claim or a snapshot. `source` is what it was filled from."""

    location: Location
    source: Location


def mounts_of(
    pod_spec: Mapping[str, Any], shared: Mapping[str, str], values: Mapping[str, str], *, cluster: str, namespace: str
) -> tuple[Mount, ...]:
    """Say what the containers of a pod, or of a template, mount of claims.

    `shared` are claims by the names of volumes that the workflow gives all its pods, `values` what placeholders stand
    for. Of what is mounted twice at one path, by several containers, what may write counts.
    """
    claims = dict(shared)
    for volume in mappings(pod_spec, "volumes"):
        claim = text(mapping(volume, "persistentVolumeClaim"), "claimName")
        claims[text(volume, "name")] = filled(claim, values)
    found: dict[str, Mount] = {}
    for mount in _mounts(pod_spec):
        claim, path = claims.get(text(mount, "name"), ""), text(mount, "mountPath")
        within = filled(text(mount, "subPath") or text(mount, "subPathExpr"), values).strip("/")
        if not claim or not path or PLACEHOLDER.search(claim + within):
            continue
        place = place_of(CLAIM, cluster, namespace, claim, within)
        if not (is_name(path) and is_place(place)):
            continue  # no store could find it, and a mount is no reason to refuse a run
        read_only = mount.get("readOnly") is True
        if path not in found or found[path].read_only:
            found[path] = Mount(path=path, location=place, read_only=read_only)
    return tuple(found.values())


def _mounts(pod_spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    several = mapping(pod_spec, "containerSet")
    mounting = [mapping(pod_spec, "container"), mapping(pod_spec, "script"), several, *mappings(several, "containers")]
    for member in _CONTAINERS:
        mounting += mappings(pod_spec, member)
    for each in mounting:
        yield from mappings(each, "volumeMounts")


def place_of(scheme: str, cluster: str, namespace: str, name: str, within: str = "") -> Location:
    """Name the place of a claim or a snapshot, or of a path in it."""
    uri = f"{scheme}://{namespace}/{name}"
    return Location(store=object_store(None, cluster), uri=f"{uri}/{within}" if within else uri)


def made_by(
    template: Mapping[str, Any], values: Mapping[str, str], named: str, *, cluster: str, namespace: str
) -> Made | None:
    """Say what a resource template made: a claim or a snapshot, where data came with it. `named` is what its name came
    to be, where an output says so."""
    resource = mapping(template, "resource")
    if text(resource, "action") not in ("create", "apply"):
        return None
    kind, name, source_kind, source_name = _manifest(filled(text(resource, "manifest"), values))
    schemes = {"PersistentVolumeClaim": CLAIM, "VolumeSnapshot": SNAPSHOT}
    scheme, from_scheme = schemes.get(kind), schemes.get(source_kind)
    name = named or name
    if scheme is None or from_scheme is None or not name or not source_name:
        return None
    return Made(
        location=place_of(scheme, cluster, namespace, name),
        source=place_of(from_scheme, cluster, namespace, source_name),
    )


@lru_cache(KEPT)
def _manifest(manifest: str) -> tuple[str, str, str, str]:
    """Read of a manifest its kind and name, and those of what it is filled from; empty what it does not say."""
    try:
        item = load_yaml(manifest.encode())
    except InvalidYaml:
        item = None
    spec = _member(item, "spec")
    source = _member(spec, "dataSource") or _member(spec, "dataSourceRef") or _member(spec, "source")
    claim = _word(source, "persistentVolumeClaimName")
    return (
        _word(item, "kind"),
        _word(_member(item, "metadata"), "name"),
        "PersistentVolumeClaim" if claim else _word(source, "kind"),
        claim or _word(source, "name"),
    )


def _member(holder: object, name: str) -> object:
    return holder.get(name) if isinstance(holder, dict) else None


def _word(holder: object, name: str) -> str:
    found = _member(holder, name)
    return found if isinstance(found, str) else ""


def claims_of(item: Mapping[str, Any]) -> dict[str, str]:
    """The claims that a workflow gives all its pods, by the names of their volumes: as its spec names them, and as Argo
    made them from templates. Source: `volumeClaimTemplates` and `persistentVolumeClaims` in workflow_types.go."""
    status, spec = mapping(item, "status"), mapping(item, "spec")
    volumes = [
        *mappings(mapping(status, "storedWorkflowTemplateSpec"), "volumes"),
        *mappings(spec, "volumes"),
        *mappings(status, "persistentVolumeClaims"),
    ]
    return {text(volume, "name"): text(mapping(volume, "persistentVolumeClaim"), "claimName") for volume in volumes}
