"""Which store holds an artifact, as far as the settings say. Pure.

A store is where we go (`endpoint` or `folder`), and what workflows call it (`serves`). Where several fit, the first
counts. What a workflow names is looked up here and never connected to by itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from lineage.identity import Location, object_store

GOOGLE: Final = "storage.googleapis.com"
_SCHEMES: Final = ("s3", "gs", "minio")  # Kubeflow writes the last for the store that it brings, which speaks S3


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who we are to a store. They are not shown."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredStore:
    """A store that the settings name: an S3 `endpoint`, or a `folder` that holds a folder for each bucket.

    `serves` are its endpoints as workflows write them; without any, that is `endpoint`, and for a folder whatever they
    write. `cluster`, `namespace` and `bucket` say for which it is; None is any. Without credentials it is asked
    anonymously.
    """

    endpoint: str | None = None
    folder: Path | None = None
    serves: tuple[str, ...] = ()
    cluster: str | None = None
    namespace: str | None = None
    bucket: str | None = None
    region: str | None = None
    virtual_style: bool = False
    ca_file: Path | None = None
    credentials: Credentials | None = None

    @property
    def shown(self) -> str:
        """Name it as users do."""
        return self.endpoint or str(self.folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where an artifact can be read."""

    store: ConfiguredStore
    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class NotConfigured:
    """No store is configured that would hold an artifact; `reason` says what is missing."""

    reason: str


def find(
    stores: Sequence[ConfiguredStore], *, cluster: str, namespace: str, location: Location
) -> Found | NotConfigured:
    """Say where an artifact of a run in a namespace can be read, or why it cannot."""
    if location.is_raw:
        return NotConfigured("it is kept in the workflow itself, and lies in no store")
    scheme, _, rest = location.uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in _SCHEMES:
        return NotConfigured(f"what lies at {scheme}:// cannot be read" if rest else "such a place cannot be read")
    if not bucket:
        return NotConfigured("nothing says in which bucket it lies")
    serving = [store for store in stores if _serves(store, cluster, scheme, location.store, bucket)]
    if not serving:
        return NotConfigured(f"no object store is configured for {_shown(scheme, location.store, bucket)}")
    for store in serving:
        if store.bucket in (None, bucket) and store.namespace in (None, namespace):
            return Found(store=store, bucket=bucket, key=key)
    return NotConfigured(
        f"{serving[0].shown} is configured, but not for the bucket {bucket} in the namespace {namespace}"
    )


def uris_of(bucket: str, key: str) -> Iterator[str]:
    """Name an object, and the folders that it lies in, by the uris that workflows may give them."""
    below = key.split("/")
    for depth in range(len(below), 0, -1):
        above = "/".join(below[:depth])
        if above:
            names = (above,) if depth == len(below) else (above, f"{above}/")
            yield from (f"{scheme}://{bucket}/{name}" for scheme in _SCHEMES for name in names)


def _serves(store: ConfiguredStore, cluster: str, scheme: str, name: str, bucket: str) -> bool:
    """Say whether a store is the one of this name in a cluster."""
    if store.cluster not in (None, cluster):
        return False
    if store.folder is not None and not store.serves:
        return True
    if name == object_store(None, cluster):  # nobody named the endpoint: the bucket must say which it is
        return store.bucket == bucket
    served = store.serves or ((store.endpoint,) if store.endpoint else ())
    if scheme == "gs" and not name:
        return any(urlsplit(_with_scheme(one)).hostname == GOOGLE for one in served)
    return any(object_store(one, cluster) == name for one in served)


def _with_scheme(endpoint: str) -> str:
    return endpoint if "//" in endpoint else f"//{endpoint}"


def _shown(scheme: str, name: str, bucket: str) -> str:
    """Name a store as the workflow does."""
    where = name.partition("/")[2] if name.startswith("cluster:") else name
    return f"{scheme}://{bucket} at {where}" if where else f"{scheme}://{bucket}"
