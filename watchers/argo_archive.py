"""What Argo's workflow archive keeps of workflows that ended, and its database of nodes that a cluster has no room for.

No sockets. `Archive` is implemented on Argo's tables (`watchers.argo_database`) and on the API of its server
(`watchers.argo_server`); what is kept is checked here, whichever it came from. Sources, in argo-workflows:
persist/sqldb/workflow_archive.go (`ArchiveWorkflow` keeps the whole object with its nodes, and replaces the row of one
that was retried), persist/sqldb/offload_node_status_repo.go, workflow/hydrator/hydrator.go.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Protocol, TypeAlias

import orjson

from lineage.errors import BadAnswer, ClusterError, InvalidObservation, ResourceAbsent, ResourceForbidden
from lineage.identity import sha256
from lineage.limits import MAX_OBJECT_BYTES
from watchers.nodes import offloaded_version, put_nodes
from watchers.past import Refused, patiently
from watchers.source import KubernetesObject, Resource

WORKFLOWS: Final = Resource(group="argoproj.io", version="v1alpha1", plural="archived workflows", kind="Workflow")
MAX_TEXT_BYTES: Final = MAX_OBJECT_BYTES * 3 // 2  # JSONB is written with spaces, and managed fields are dropped
MAX_NODES_BYTES: Final = MAX_OBJECT_BYTES - 2 * 2**20  # what stands beside them is below etcd's 1.5 MiB
VERSION: Final = f"{WORKFLOWS.group}/{WORKFLOWS.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A workflow in the list of an archive. `started_at` is as it is written there: to be shown, and to go on from."""

    uid: str
    namespace: str
    name: str
    started_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLarge:
    """A row that was not read, because of its size; None where even that cannot be told."""

    size_bytes: int | None


Place: TypeAlias = tuple[str, ...]
"""Where in a list one has come to: opaque to all but the archive that said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A piece of a list, and from where it goes on; None at its end."""

    entries: Sequence[Entry]
    further: Place | None


Content: TypeAlias = bytes | TooLarge | None
"""The text of a workflow; None where it is not there any more."""


class Archive(Protocol):
    """Where workflows are kept that ended. It only reads."""

    @property
    def shown(self) -> str:
        """Its address, without a password."""

    def page(self, namespace: str | None, since: datetime | None, place: Place | None) -> Page:
        """List what began since a time, in a namespace or in all, the newest first: a page, from a place on.

        Raises:
            ClusterError: it cannot be asked.
        """

    def content(self, uid: str) -> Content:
        """Read one.

        Raises:
            ClusterError: it cannot be asked; BadAnswer, if it failed at this one.
        """

    def close(self) -> None:
        """Let go of its connections."""


class OffloadedNodes(Protocol):
    """Where Argo keeps the nodes of workflows that are too large for the cluster."""

    def nodes(self, uid: str, version: str) -> bytes | None:
        """Read the nodes of one version of a workflow, as JSON; None where they are not there any more, or larger than
        `MAX_NODES_BYTES`.

        Raises:
            ClusterError: it cannot be asked.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A workflow as the archive has it."""

    entry: Entry
    item: KubernetesObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged:
    """Something that should be a workflow, and is none."""

    entry: Entry
    reason: str
    size_bytes: int
    digest: str


Found: TypeAlias = Kept | Damaged | Refused


def archived(
    archive: Archive,
    offloaded: OffloadedNodes | None,
    namespaces: Sequence[str] | None,
    *,
    wait: Callable[[float], object],
    since: datetime | None = None,
) -> Iterator[Found]:
    """Yield what an archive has of workflows that began since a time, one at a time, the newest first.

    Each is read whole, also what was recorded before: the row of a workflow that was retried is another one, and
    nothing beside it says so. `wait` sleeps so many seconds, before what failed is tried again.

    Raises:
        ClusterError: it failed again and again.
    """
    namespaces_asked: tuple[str | None, ...] = (None,) if namespaces is None else tuple(dict.fromkeys(namespaces))
    for namespace in namespaces_asked:
        try:
            for entry in _listed(archive, namespace, since, wait):
                found = _read(archive, offloaded, entry, wait)
                if found is not None:
                    yield found
        except (ResourceAbsent, ResourceForbidden) as error:
            yield Refused(resource=WORKFLOWS, namespace=namespace, reason=str(error))


def _listed(
    archive: Archive, namespace: str | None, since: datetime | None, wait: Callable[[float], object]
) -> Iterator[Entry]:
    place: Place | None = None
    while True:
        page = patiently(partial(archive.page, namespace, since, place), wait)
        yield from page.entries
        if page.further is None:
            return
        if page.further == place:
            raise BadAnswer(f"{archive.shown}: the list of archived workflows does not go on after {place!r:.80}")
        place = page.further


def _read(
    archive: Archive, offloaded: OffloadedNodes | None, entry: Entry, wait: Callable[[float], object]
) -> Kept | Damaged | None:
    if not entry.uid:
        return _damaged(entry, "the list says no uid of it")
    try:
        content = patiently(lambda: archive.content(entry.uid), wait)
    except BadAnswer as error:
        return _damaged(entry, str(error))
    match content:
        case None:
            return None
        case TooLarge(size_bytes=size):
            much = "more than its database sends" if size is None else f"{size:,} bytes"
            return _damaged(entry, f"it is too large to be read ({much})", size_bytes=size or 0)
        case text:
            try:
                item = workflow_in(text, entry.uid)
            except InvalidObservation as error:
                return _damaged(entry, str(error), size_bytes=len(text), digest=sha256(text))
    return Kept(entry=entry, item=item if offloaded is None else _hydrated(item, offloaded, entry.uid, wait))


def _hydrated(
    item: KubernetesObject, offloaded: OffloadedNodes, uid: str, wait: Callable[[float], object]
) -> KubernetesObject:
    version = offloaded_version(item)
    if version is None:
        return item
    try:
        nodes = patiently(lambda: offloaded.nodes(uid, version), wait)
    except (ResourceAbsent, ResourceForbidden) as error:
        raise ClusterError(str(error)) from error  # it is no refusal of the archive, which tells of the rest
    return item if nodes is None else put_nodes(item, nodes)


def _damaged(entry: Entry, reason: str, *, size_bytes: int = 0, digest: str | None = None) -> Damaged:
    return Damaged(entry=entry, reason=reason, size_bytes=size_bytes, digest=digest or sha256(b""))


def workflow_in(text: bytes, uid: str) -> KubernetesObject:
    """Read the workflow in a row. Go programs drop kind and version as they decode: both are put back.

    Raises:
        InvalidObservation: it is no workflow, or not the one that its row is about.
    """
    try:
        item = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidObservation(f"it is no JSON ({error.msg} at character {error.pos})") from error
    if not isinstance(item, dict):
        raise InvalidObservation(f"it is JSON of {type(item).__name__}, expected an object")
    version, kind = item.get("apiVersion") or VERSION, item.get("kind") or WORKFLOWS.kind
    if str(version).rpartition("/")[0] != WORKFLOWS.group or kind != WORKFLOWS.kind:
        raise InvalidObservation(f"it is a {kind!r:.40} of {version!r:.40}, expected a Workflow of {VERSION}")
    metadata = item.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("uid") != uid:
        raise InvalidObservation("its metadata.uid is not that of its row")
    return {**item, "apiVersion": version, "kind": kind}
