"""Who is who: stable identities, derived from the objects alone, and the ids that the API shows.

Pure. An identity is never drawn, never a database key, and the same after a restart, a rebuild or
in another store. The rules are those of "Identity, order and merging"; ARCHITECTURE.md sums them up.
"""

import binascii
import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import msgspec
import orjson

from lineage.errors import InvalidId

Key: TypeAlias = tuple[str | int | None, ...]
"""A natural key. Its first part names the type: ``("Run", "5f3c…")``."""

_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_KEYS: Final = msgspec.json.Decoder(list[Key])


# ------------------------------------------------------------------------------------------ keys
def run_key(run: str) -> Key:
    return ("Run", run)


def execution_key(run: str, node_id: str, started_at: int | None) -> Key:
    """Key of one attempt at a node. `started_at` is in whole seconds since 1970; None is the placeholder
    of a node that has not started."""
    return ("Execution", run, node_id, started_at)


def provisional_key(owner_uid: str, node_id: str) -> Key:
    """Key of the execution that stands for pods whose attempt nobody has seen."""
    return ("Execution", owner_uid, node_id)


def object_key(uid: str) -> Key:
    """Key of the execution that an object of its own is: a trial, a job. It has one attempt, whatever it says of when
    it began; pods that it owns may have been seen before it."""
    return provisional_key(uid, uid)


def written_key(run: str, node_id: str, started_at: int | None, output: str) -> Key:
    """Key of the artifact that an attempt wrote under the name `output`."""
    return ("Artifact", run, node_id, started_at, output)


def state_key(location: "Location", state: str) -> Key:
    """Key of what an outsider wrote to a location: `state` is its version, or its time and ETag."""
    return ("Artifact", location.store, location.uri, state)


def unknown_key(location: "Location") -> Key:
    """Key of whatever lay at a location before the first known write."""
    return ("Artifact", location.store, location.uri)


def pipeline_key(cluster: str, namespace: str | None, name: str) -> Key:
    """Key of a pipeline. `namespace` is None for a cluster-wide template."""
    return ("Pipeline", cluster, namespace, name)


def pipeline_version_key(cluster: str, namespace: str | None, name: str, digest: str) -> Key:
    return ("PipelineVersion", cluster, namespace, name, digest)


def experiment_key(cluster: str, namespace: str | None, name: str) -> Key:
    return ("Experiment", cluster, namespace, name)


def kubeflow_experiment_key(experiment_id: str) -> Key:
    """Key of an experiment that Kubeflow Pipelines keeps, by the id that it gave it."""
    return ("Experiment", experiment_id)


def recurring_run_key(uid: str) -> Key:
    return ("RecurringRun", uid)


def deployment_key(uid: str) -> Key:
    return ("Deployment", uid)


def hidden_key(neighbour: Key, direction: str) -> Key:
    """What may not be seen in one direction of a node that may: named by what is known of it, and by nothing else."""
    return ("Hidden", direction, *neighbour)


def hidden_beside(key: Key) -> tuple[Key, str]:
    """The node beside which something is hidden, and in which direction of it."""
    return key[2:], str(key[1]) if len(key) > 1 else ""


def encode_key(key: Key) -> str:
    """Write a key as the text under which the store keeps it: compact JSON."""
    return orjson.dumps(key).decode()


def decode_key(text: str) -> Key:
    """Read what `encode_key` wrote."""
    return tuple(orjson.loads(text))


def decode_keys(texts: Iterable[str]) -> list[Key]:
    """Read many of what `encode_key` wrote, each in half of the time."""
    return _KEYS.decode(f"[{','.join(texts)}]")


def global_id(key: Key) -> str:
    """Write a key as the opaque id that the API shows."""
    return _opaque(orjson.dumps(key))


def encoded_id(text: str) -> str:
    """Write the id of a key that `encode_key` wrote as text."""
    return _opaque(text.encode())


def _opaque(key: bytes) -> str:
    return binascii.b2a_base64(key, newline=False).translate(_URL_SAFE, b"=").decode()  # as urlsafe_b64encode does


def parse_global_id(text: str) -> Key:
    """Read an id that `global_id` wrote.

    Raises:
        InvalidId: the text is no such id.
    """
    try:
        filled = text.encode("ascii") + b"=" * (-len(text) % 4)
        parts = orjson.loads(binascii.a2b_base64(filled.translate(_FROM_URL_SAFE)))
    except ValueError as error:  # of base64, of JSON, or of text that is not in ASCII
        raise InvalidId(f"{text[:80]!r} is no id of this API") from error
    if not isinstance(parts, list) or not parts or not all(p is None or isinstance(p, str | int) for p in parts):
        raise InvalidId(f"{text[:80]!r} is no id of this API")
    key = tuple(parts)
    if global_id(key) != text:
        raise InvalidId(f"{text[:80]!r} is no id of this API")
    return key


def creation_name(*, cluster: str, namespace: str, group: str, kind: str, name: str, prefix: str) -> str:
    """Name what was created, or what creates it, so that one finds the other: by what stood in the manifest.

    `prefix` is the generateName, and empty where the name itself was written.
    """
    what = [cluster, namespace, group, kind, prefix or name, bool(prefix)]
    return "created:" + hashlib.sha256(orjson.dumps(what)).hexdigest()[:32]


# ------------------------------------------------------------------------------------------ runs
RUN_ID_LABEL: Final = "pipeline/runid"
RESUBMITTED_LABEL: Final = "workflows.argoproj.io/resubmitted-from-workflow"


def run_identity(*, incarnation: str, name: str, labels: dict[str, str]) -> str:
    """Say which run a workflow belongs to.

    The run id of Kubeflow Pipelines where there is one, else the workflow itself. `argo resubmit` copies
    the label, so a resubmission is told apart by its name.
    """
    run = labels.get(RUN_ID_LABEL) or incarnation
    if run != incarnation and RESUBMITTED_LABEL in labels:
        return f"{run}/{name}"
    return run


def file_uid(*, cluster: str, namespace: str | None, name: str, born: int | None, digest: str) -> str:
    """Stand in for the uid of an object that has none.

    `born`: its creation time, else its earliest status time, in seconds; without either the digest of
    the object is all there is to tell it by.
    """
    what: object = [cluster, namespace, name, born] if born is not None else digest
    return "file:" + hashlib.sha256(orjson.dumps(what)).hexdigest()[:32]


# ------------------------------------------------------------------------------------------ content
def canonical(value: object) -> bytes:
    """Write a JSON value in its one canonical form: compact, keys sorted, times in UTC with a Z."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def sha256(data: bytes) -> str:
    """Digest bytes, in the form in which the API shows digests."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


# ------------------------------------------------------------------------------------------ locations
RAW_STORE: Final = "raw"


class Location(msgspec.Struct, frozen=True, kw_only=True, order=True, gc=False):
    """A place that can hold an artifact: which store, and the canonical uri in it.

    Two equal uris in different stores are different places; `store` is empty where the uri alone says it.
    """

    store: str
    uri: str

    @property
    def is_raw(self) -> bool:
        """True for a value that is kept in the workflow itself: its place is its digest."""
        return self.store == RAW_STORE


def raw_location(data: str) -> Location:
    return Location(store=RAW_STORE, uri=sha256(data.encode()))


_INTERNAL_SUFFIXES = (".svc.cluster.local", ".svc", ".cluster.local", ".local", ".internal")
# Two labels are a service and its namespace, unless the second is one of these: then they are a domain.
_DOMAINS = frozenset({"com", "org", "net", "edu", "gov", "io"})
_AWS_HOST = re.compile(r"^s3([.-][a-z0-9-]+)?\.amazonaws\.com(\.cn)?$")


@lru_cache(maxsize=256)
def object_store(endpoint: str | None, cluster: str) -> str:
    """Name the store behind an endpoint, so that equal names mean one store.

    A host that only resolves inside a cluster (`minio:9000`, `minio-service.kubeflow`), or none at all, is
    that cluster's own; a public host is the same everywhere. Regions of AWS share one space of buckets.
    """
    if not endpoint:
        return f"cluster:{cluster}"
    try:
        host = urlsplit(endpoint if "//" in endpoint else f"//{endpoint}")
    except ValueError:  # `http://[` and the like: whatever it is, it is the cluster's own
        return f"cluster:{cluster}/{endpoint}"
    name, port = (host.hostname or endpoint).lower(), host.netloc.rpartition(":")[2] if ":" in host.netloc else ""
    if _AWS_HOST.match(name):
        return ""
    for suffix in _INTERNAL_SUFFIXES:
        if name.endswith(suffix):
            name, internal = name.removesuffix(suffix), True
            break
    else:
        service, dot, last = name.rpartition(".")
        internal = not dot or name.replace(".", "").isdecimal() or ("." not in service and last not in _DOMAINS)
    where = name if port in ("", "80", "443") else f"{name}:{port}"
    return f"cluster:{cluster}/{where}" if internal else where


def http_uri(url: str) -> str:
    """Canonical form of a web address: scheme and host in lower case, no credentials, no default port."""
    try:
        parts = urlsplit(url)
        number = parts.port
    except ValueError:  # `http://[`, `http://host:99999`: it has no other form
        return url
    if not parts.scheme or not parts.hostname:
        return url
    port = f":{number}" if number and number != {"http": 80, "https": 443}.get(parts.scheme.lower()) else ""
    return urlunsplit((parts.scheme.lower(), parts.hostname.lower() + port, parts.path or "/", parts.query, ""))


_SEGMENT_WITH_HASH = re.compile(r".+-(\d{6,10})$")
_SOME_HASH = re.compile(r"-\d{6}")


def names_own_pod(uri: str, *, node_id: str, workflow: str) -> bool | None:
    """Say whose pod an object key names: True this node's, False another's, None nobody's.

    Argo ends the name of a pod in the hash of its node (v1 and v2 names alike). Source: `GeneratePodName`
    in argo-workflows/workflow/util/pod_name.go. Other segments may end in digits too (a date, the workflow
    of a schedule): a foreign pod stands behind a segment that its own workflow is named by, or ends in a
    hash that is no date and no unix time.
    """
    if not _SOME_HASH.search(uri):
        return None
    own = node_id.rpartition("-")[2]
    segments = uri.split("/")
    foreign = False
    for index, segment in enumerate(segments):
        found = _SEGMENT_WITH_HASH.match(segment)
        if not found or segment == workflow:
            continue
        if found.group(1) == own:
            return True
        within = any(earlier and segment.startswith(f"{earlier}-") for earlier in segments[:index])
        foreign = (
            foreign
            or within
            or (len(found.group(1)) >= 9 and not found.group(1).startswith(("15", "16", "17", "18", "20")))
        )
    return False if foreign else None
