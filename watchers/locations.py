"""Where Argo keeps an artifact: from its location to a canonical uri.

Pure. Sources: `ArtifactLocation` and `Artifact.Relocate` in
argo-workflows/pkg/apis/workflow/v1alpha1/workflow_types.go.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lineage.facts import Repository
from lineage.identity import Location, http_uri, object_store, raw_location
from lineage.limits import MAX_PLACE_BYTES, is_place
from watchers.reading import WrongMember, mapping, sequence, text

type_names = ("s3", "gcs", "azure", "oss", "hdfs", "http", "git", "raw", "artifactory", "plugin")
"""Every kind of location, under the name of the member that holds it."""


def locate(artifact: Mapping[str, Any], fallbacks: tuple[Mapping[str, Any], ...], cluster: str) -> Location | None:
    """Say where an artifact lies; None where nothing was said, as of an optional output that was not made.

    An artifact that gives only a key takes everything else from the first of `fallbacks` that has a
    location: the template's archive location, then the repository.
    """
    kind = _kind(artifact, type_names)
    if kind is None:
        return None
    value: Mapping[str, Any] = mapping(artifact, kind)
    if fallbacks and not _is_whole(kind, value):
        key = _key(kind, value)
        for fallback in fallbacks:
            other = _kind(fallback, _RELOCATABLE)
            if other is not None and key:
                kind, value = other, _with_key(other, mapping(fallback, other), key)
                break
    location = _LOCATE[kind](value, cluster)
    if location is not None and not is_place(location):
        raise WrongMember(artifact, kind, f"names a place of more than {MAX_PLACE_BYTES} bytes")
    return location


def locate_uri(uri: str, repository: Mapping[str, Any], cluster: str) -> Location:
    """Say where something lies that Kubeflow names by a uri.

    It names no endpoint: `minio://` and `s3://` are in the store of the workflow's own repository where that has the
    bucket, else in whichever the cluster was told.
    """
    scheme, _, rest = uri.partition("://")
    if scheme in ("minio", "s3"):
        own = mapping(repository, "s3")
        endpoint = text(own, "endpoint") if text(own, "bucket") == rest.partition("/")[0] else None
        return Location(store=object_store(endpoint, cluster), uri=uri)
    if scheme in ("http", "https"):
        return Location(store=object_store(http_uri(uri), cluster), uri=http_uri(uri))
    return Location(store="" if rest else object_store(None, cluster), uri=uri)


def repository_of(place: Mapping[str, Any], cluster: str) -> Repository | None:
    """Say which store holds what Kubeflow names by a uri in the bucket of a workflow's repository."""
    own = mapping(place, "s3")
    bucket, endpoint = text(own, "bucket"), text(own, "endpoint")
    return Repository(bucket=bucket, store=object_store(endpoint, cluster)) if bucket and endpoint else None


def chosen_key(artifact: Mapping[str, Any]) -> bool:
    """Say whether whoever wrote the template chose the key themselves."""
    return any(_key(kind, mapping(artifact, kind)) for kind in type_names if artifact.get(kind))


_WHOLE: Mapping[str, tuple[str, ...]] = {
    "s3": ("endpoint", "bucket", "key"),
    "gcs": ("bucket", "key"),
    "azure": ("endpoint", "container", "blob"),
    "oss": ("endpoint", "bucket", "key"),
    "hdfs": ("addresses", "path"),
    "plugin": ("name", "key"),
}
_KEY_MEMBER = {"s3": "key", "gcs": "key", "azure": "blob", "oss": "key", "hdfs": "path", "plugin": "key"}
_RELOCATABLE = tuple(_KEY_MEMBER)


def _kind(holder: Mapping[str, Any], kinds: Iterable[str]) -> str | None:
    """Say which kind of location something has, of some; None where it has none of these."""
    for kind in kinds:
        if holder.get(kind):
            return kind
    return None


def _is_whole(kind: str, value: Mapping[str, Any]) -> bool:
    return all(value.get(member) for member in _WHOLE.get(kind, ()))


def _key(kind: str, value: Mapping[str, Any]) -> str:
    return text(value, _KEY_MEMBER[kind]) if kind in _KEY_MEMBER else text(value, "url") or text(value, "repo")


def _with_key(kind: str, value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return {**value, _KEY_MEMBER[kind]: key}


def _s3(value: Mapping[str, Any], cluster: str) -> Location | None:
    key = text(value, "key")
    store = object_store(text(value, "endpoint"), cluster)
    return Location(store=store, uri=f"s3://{text(value, 'bucket')}/{key}") if key else None


def _gcs(value: Mapping[str, Any], cluster: str) -> Location | None:
    key, bucket = text(value, "key"), text(value, "bucket")
    store = "" if bucket else object_store(None, cluster)
    return Location(store=store, uri=f"gs://{bucket}/{key}") if key else None


def _azure(value: Mapping[str, Any], cluster: str) -> Location | None:
    endpoint, blob = text(value, "endpoint").rstrip("/"), text(value, "blob")
    uri = http_uri(f"{endpoint}/{text(value, 'container')}/{blob}")
    return Location(store=object_store(endpoint, cluster), uri=uri) if blob else None


def _oss(value: Mapping[str, Any], cluster: str) -> Location | None:
    key, bucket = text(value, "key"), text(value, "bucket")
    # The names of buckets are one space over all regions and endpoints.
    store = "" if bucket else object_store(None, cluster)
    return Location(store=store, uri=f"oss://{bucket}/{key}") if key else None


def _hdfs(value: Mapping[str, Any], cluster: str) -> Location | None:
    path = text(value, "path").lstrip("/")
    address = next((str(address) for address in sequence(value, "addresses")), "")
    return Location(store=object_store(address, cluster), uri=f"hdfs://{address}/{path}") if path else None


def _http(value: Mapping[str, Any], cluster: str) -> Location | None:
    url = text(value, "url")
    return Location(store=object_store(http_uri(url), cluster), uri=http_uri(url)) if url else None


def _git(value: Mapping[str, Any], cluster: str) -> Location | None:
    repo = text(value, "repo")
    revision = text(value, "revision") or text(value, "branch") or "HEAD"
    where = http_uri(repo) if "://" in repo else repo
    return Location(store="", uri=f"{where}@{revision}") if repo else None


def _raw(value: Mapping[str, Any], cluster: str) -> Location | None:
    return raw_location(text(value, "data"))


def _plugin(value: Mapping[str, Any], cluster: str) -> Location | None:
    key = text(value, "key")
    return Location(store=object_store(None, cluster), uri=f"plugin:{text(value, 'name')}/{key}") if key else None


_LOCATE: Mapping[str, Callable[[Mapping[str, Any], str], Location | None]] = {
    "s3": _s3,
    "gcs": _gcs,
    "azure": _azure,
    "oss": _oss,
    "hdfs": _hdfs,
    "http": _http,
    "git": _git,
    "raw": _raw,
    "artifactory": _http,
    "plugin": _plugin,
}
