"""What the sources of served models share: where models are, what rolls a component out anew, and the fact that a view
comes to.

Pure. What the fields mean: kserve, pkg/apis/serving; how a uri is put together from a storage spec:
pkg/credentials/service_account_credentials.go.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lineage.facts import DeploymentSeen, Fact, ObjectKept, ServedComponent
from lineage.identity import Location, canonical, file_uid, object_store, sha256
from lineage.limits import MAX_PLACE_BYTES, is_place
from lineage.model import ServedModel
from lineage.observation import ObjectSeen
from watchers.locations import locate_uri
from watchers.reading import WrongMember, mapping, mappings, scalar, seconds, text, texts, time
from watchers.revision import revision
from watchers.source import Resource
from watchers.spec_times import SPEC_SINCE
from watchers.volumes import CLAIM, place_of

STORAGE_URI: Final = "STORAGE_URI"  # the variable by which a container of one's own is told
STORES_NAMED_IN: Final = "serving.kserve.io/storageSecretName"
STORES_UNLESS_NAMED: Final = "storage-config"
"""The Secret that says where stores are. It is not read."""
UNTOLD: Final = "kserve-storage"
"""The scheme of places of which only a secret says where they are: namespace, secret, key and path."""

# What only scales a component, or leads traffic to it, starts no pods of another kind.
_SCALING: Final = frozenset(
    {
        "autoScaling",
        "batcher",
        "canaryTrafficPercent",
        "containerConcurrency",
        "deploymentStrategy",
        "maxReplicas",
        "minReplicas",
        "replicas",
        "scaleMetric",
        "scaleMetricType",
        "scaleTarget",
        "timeout",
    }
)
_NO_FRAMEWORKS: Final = frozenset({"batcher", "logger", "workerSpec"})


class Places:
    """Where models of one object are: in its cluster and its namespace."""

    def __init__(self, metadata: Mapping[str, Any], cluster: str) -> None:
        self._cluster = cluster
        self._namespace = text(metadata, "namespace")
        self._secret = texts(metadata, "annotations").get(STORES_NAMED_IN) or STORES_UNLESS_NAMED

    def of_uri(self, holder: Mapping[str, Any], member: str) -> tuple[str, Location | None]:
        """Read a uri, and say where that is; None for a path within the image.

        Raises:
            WrongMember: it is no text, or too long to be found by.
        """
        uri = text(holder, member)
        location = self._location(uri)
        if location is not None and not is_place(location):
            raise WrongMember(holder, member, f"names a place of more than {MAX_PLACE_BYTES} bytes")
        return uri, location

    def of_storage(self, holder: Mapping[str, Any]) -> tuple[str, Location | None]:
        """Put a uri together from what a storage spec says. Without a bucket that stands in a secret, which is not
        read: the place is named by what is known of it."""
        storage = mapping(holder, "storage")
        parameters = texts(storage, "parameters")
        path, bucket, kind = text(storage, "path").strip("/"), parameters.get("bucket"), parameters.get("type")
        key = text(storage, "key") or (f"default_{kind}" if kind else "default")
        if bucket:
            uri = f"{kind or 's3'}://{bucket}/{path}"
        elif kind in ("hf", "hdfs", "webhdfs"):
            uri = f"{kind}://{path}"
        else:
            uri = f"{UNTOLD}://{self._namespace}/{self._secret}/{key}/{path}"
        location = self._location(uri)
        if location is not None and not is_place(location):
            raise WrongMember(holder, "storage", f"names a place of more than {MAX_PLACE_BYTES} bytes")
        return uri, location

    def _location(self, uri: str) -> Location | None:
        scheme, separator, rest = uri.rstrip("/").partition("://")
        if not separator or not rest:
            return None
        if scheme == CLAIM:
            claim, _, within = rest.partition("/")
            return place_of(CLAIM, self._cluster, self._namespace, claim, within)
        if scheme == UNTOLD:
            return Location(store=object_store(None, self._cluster), uri=uri.rstrip("/"))
        return locate_uri(uri.rstrip("/"), {}, self._cluster)


def models_of(component: Mapping[str, Any], places: Places) -> tuple[ServedModel, ...]:
    """Read the models of a component: of the framework that it names, of uris beside it, and of containers of its own.

    Raises:
        InvalidObservation: a member is not what it should be.
    """
    found = [*_of_frameworks(component, places), *_of_uris(component, places), *_of_containers(component, places)]
    several = len(found) > 1
    return tuple(
        ServedModel(name=name or (str(number) if several else ""), uri=uri, location=location, format=form)
        for number, (name, uri, location, form) in enumerate(found, 1)
    )


_Found = tuple[str, str, Location | None, str | None]
"""Name, uri, place and format of a model."""


def _of_frameworks(component: Mapping[str, Any], places: Places) -> Iterator[_Found]:
    """A member for each framework, of which new releases have more; or `model`, which names its format."""
    for name, member in component.items():
        if not isinstance(member, dict) or name in _NO_FRAMEWORKS:
            continue
        form = _format(mapping(member, "modelFormat")) if name == "model" else name
        if text(member, "storageUri"):
            yield "", *places.of_uri(member, "storageUri"), form
        elif isinstance(member.get("storage"), dict):
            yield "", *places.of_storage(member), form
        yield from _of_variables(member, places, form)


def _format(form: Mapping[str, Any]) -> str | None:
    return " ".join(filter(None, (text(form, "name"), scalar(form.get("version"))))) or None


def _of_uris(component: Mapping[str, Any], places: Places) -> Iterator[_Found]:
    for each in mappings(component, "storageUris"):
        if text(each, "uri"):
            yield text(each, "mountPath"), *places.of_uri(each, "uri"), None


def _of_containers(component: Mapping[str, Any], places: Places) -> Iterator[_Found]:
    for container in mappings(component, "containers"):
        yield from _of_variables(container, places, None)
    custom = mapping(component, "custom")
    yield from _of_variables(mapping(custom, "container"), places, None)


def _of_variables(container: Mapping[str, Any], places: Places, form: str | None) -> Iterator[_Found]:
    for variable in mappings(container, "env"):
        if text(variable, "name") == STORAGE_URI and text(variable, "value"):
            yield "", *places.of_uri(variable, "value"), form


def template_of(component: Mapping[str, Any]) -> str:
    """Digest what new pods are made of: where it differs, there is another rollout."""
    return sha256(canonical({name: value for name, value in component.items() if name not in _SCALING}))


# ------------------------------------------------------------------------------------------ conditions
def condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Find a condition; empty where there is none."""
    return next((one for one in mappings(status, "conditions") if text(one, "type") == kind), {})


def holds(found: Mapping[str, Any]) -> bool | None:
    """Say whether a condition holds; None where that is not known."""
    return {"True": True, "False": False}.get(text(found, "status"))


def is_behind(item: Mapping[str, Any]) -> bool | None:
    """Say whether the status is still of an older spec; None where the controller does not say."""
    generation = mapping(item, "metadata").get("generation")
    observed = mapping(item, "status").get("observedGeneration")
    if not isinstance(generation, int) or not isinstance(observed, int):
        return None
    return observed < generation


# ------------------------------------------------------------------------------------------ facts
def facts_of_deployment(
    item: Mapping[str, Any],
    seen: ObjectSeen,
    resource: Resource,
    components: Sequence[ServedComponent],
    *,
    url: str = "",
    parent: str | None = None,
) -> Sequence[Fact]:
    """Say what a view of a deployment means: nothing, if it has neither a name nor a uid.

    Raises:
        InvalidObservation: a member is not what it should be.
    """
    metadata, status = mapping(item, "metadata"), mapping(item, "status")
    name, namespace, uid = text(metadata, "name"), text(metadata, "namespace"), text(metadata, "uid")
    if not (name or uid):
        return ()
    born, ready = time(metadata, "creationTimestamp"), condition(status, "Ready")
    known = uid or file_uid(
        cluster=seen.cluster,
        namespace=namespace,
        name=f"{resource.kind} {name}",
        born=seconds(born),
        digest=sha256(seen.body),
    )
    view = revision(seen, metadata, uid=known, born=born, latest=_latest(status, born), ended=False)
    fact = DeploymentSeen(
        revision=view,
        kind=resource.kind,
        uid=known,
        cluster=seen.cluster,
        namespace=namespace,
        name=name,
        created_at=born,
        spec_since=time(texts(metadata, "annotations"), SPEC_SINCE),
        seen_at=seen.seen_at,
        ended_at=time(metadata, "deletionTimestamp"),
        url=url or text(status, "url") or None,
        ready=holds(ready),
        ready_since=time(ready, "lastTransitionTime"),
        message=None if holds(ready) else text(ready, "message") or text(ready, "reason") or None,
        parent=parent,
        components=tuple(components),
    )
    return fact, ObjectKept(revision=view, resource=resource.name, uid=known, body=seen.body)


def _latest(status: Mapping[str, Any], born: datetime | None) -> datetime | None:
    times = [time(one, "lastTransitionTime") for one in mappings(status, "conditions")]
    return max((one for one in (*times, born) if one is not None), default=None)
