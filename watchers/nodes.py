"""The nodes of a workflow: unpacked, and as a graph of what had to come before what.

Pure. Sources: argo-workflows/workflow/packer/packer.go for the packing; `assessDAGPhase`, `executeSteps`
and `processNodeRetries` in argo-workflows/workflow/controller for how the graph is drawn.
"""

import base64
import gzip
import re
import zlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Any, Final, TypeAlias, TypeGuard, TypeVar

import brotli
import msgspec
import orjson
import zstandard

from lineage.identity import sha256
from watchers.reading import mapping, seconds, sequence, text, texts, time
from watchers.source import Attempts, Head, KubernetesObject, Members, read_members

GROUPS: Final = frozenset({"DAG", "Steps", "StepGroup", "TaskGroup", "Retry"})
ACTS: Final = frozenset({"Pod", "Container", "HTTP", "Plugin"})
UNPACKED_LIMIT_BYTES: Final = 256 * 2**20  # a packed object is below etcd's 1.5 MiB; JSON of nodes packs about 1:20
UNREADABLE: Final = "unreadable: "
CHILDREN: Final = "children"

Nodes = Mapping[str, dict[str, Any]]
T = TypeVar("T")


def unpack_nodes(item: KubernetesObject) -> KubernetesObject:
    """Put packed nodes in the place of plain ones, so that they can be redacted and compared.

    Nothing in the object says how they were packed. What cannot be unpacked is replaced by its size and
    digest: it may hold secrets, so it must not be logged.
    """
    status = item.get("status")
    if not isinstance(status, dict) or not _is_packed(packed := status.get("compressedNodes")):
        return item
    rest = {key: value for key, value in status.items() if key != "compressedNodes"}
    try:
        nodes = orjson.loads(_decompress(packed))
    except _NOT_PACKED:
        nodes = None
    if isinstance(nodes, dict):
        return {**item, "status": {**rest, "nodes": nodes}}
    what = f"{UNREADABLE}{len(packed)} bytes, {sha256(packed.encode())}"
    return {**item, "status": {**rest, "compressedNodes": what}}


def unpack_members(members: Members) -> Members:
    """Put packed nodes in the place of plain ones, of an object that was not decoded.

    Raises:
        ValueError: they cannot be unpacked.
    """
    shown = read_members(members["status"])
    packed = orjson.loads(shown.pop("compressedNodes"))
    try:
        nodes = read_members(_decompress(packed))
    except _NOT_PACKED as error:
        raise ValueError("the nodes are packed in an unknown way") from error
    return {**members, "status": msgspec.Raw(_encode({**shown, "nodes": nodes}))}


def put_nodes(item: KubernetesObject, nodes: bytes) -> KubernetesObject:
    """Put nodes that were offloaded to the database of Argo where they belong, as its own hydrator does
    (`HydrateWithNodes`). What is no object of nodes changes nothing."""
    try:
        read = orjson.loads(nodes)
    except orjson.JSONDecodeError:
        return item
    status = item.get("status")
    if not isinstance(read, dict) or not isinstance(status, dict):
        return item
    return {**item, "status": {**_without_nodes(status), "nodes": read}}


def put_node_members(members: Members, nodes: bytes) -> Members:
    """The same, of an object that was not decoded.

    Raises:
        ValueError: its status, or the nodes, are no object.
    """
    read_members(nodes)
    status = read_members(members["status"])
    return {**members, "status": msgspec.Raw(_encode({**_without_nodes(status), "nodes": msgspec.Raw(nodes)}))}


def _without_nodes(status: Mapping[str, T]) -> dict[str, T]:
    return {name: value for name, value in status.items() if name not in _STANDING_FOR_NODES}


_STANDING_FOR_NODES: Final = frozenset({"nodes", "compressedNodes", "offloadNodeStatusVersion"})


class _Start(msgspec.Struct, rename="camel", gc=False):
    started_at: str | None = None


_Starts: TypeAlias = dict[str, _Start | None]


class _Status(msgspec.Struct, rename="camel", gc=False):
    nodes: _Starts | None = None
    compressed_nodes: Any = None
    offload_node_status_version: str | None = None


_NO_STATUS: Final = _Status()


class WorkflowHead(Head, gc=False):
    """What is read of a workflow as it comes: its nodes, and when each of them started."""

    status: _Status | None = None

    @property
    def is_packed(self) -> bool:
        return _is_packed((self.status or _NO_STATUS).compressed_nodes)

    @property
    def offloaded_version(self) -> str | None:
        """Which version of its nodes was offloaded, of a workflow that has none of its own; None of any other."""
        status = self.status or _NO_STATUS
        return None if status.nodes or status.compressed_nodes else status.offload_node_status_version or None

    def attempts(self) -> Attempts:
        status = self.status or _NO_STATUS
        nodes = status.nodes or {}
        if _is_packed(status.compressed_nodes):
            try:
                nodes = _read_starts(_decompress(status.compressed_nodes))
            except _NOT_PACKED as error:
                raise ValueError("the nodes are packed in an unknown way") from error
        if status.offload_node_status_version and not nodes:
            raise ValueError("the nodes are kept elsewhere")
        return nodes.items()


_read_starts: Final = msgspec.json.Decoder(_Starts).decode
_encode: Final = msgspec.json.Encoder().encode
_NOT_PACKED: Final = (ValueError, OSError, EOFError, zlib.error, zstandard.ZstdError, brotli.error)


def _is_packed(packed: object) -> TypeGuard[str]:
    return isinstance(packed, str) and packed != "" and not packed.startswith(UNREADABLE)


def _decompress(text: str) -> bytes:
    """Unpack by the first bytes, and no more than the limit: a few packed kilobytes can hold gigabytes."""
    packed = base64.b64decode(text, validate=True)
    if packed.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=BytesIO(packed)) as stream:
            unpacked = stream.read(UNPACKED_LIMIT_BYTES + 1)
    elif packed.startswith(b"\x28\xb5\x2f\xfd"):
        unpacked = zstandard.ZstdDecompressor().stream_reader(BytesIO(packed)).read(UNPACKED_LIMIT_BYTES + 1)
    else:
        decompressor = brotli.Decompressor()
        unpacked = decompressor.process(packed, output_buffer_limit=UNPACKED_LIMIT_BYTES + 1)
        if not decompressor.is_finished():
            raise ValueError("truncated, or too much")
    if len(unpacked) > UNPACKED_LIMIT_BYTES:
        raise ValueError(f"more than {UNPACKED_LIMIT_BYTES} bytes")
    return unpacked


def offloaded_version(item: KubernetesObject) -> str | None:
    """Say which version of its nodes was offloaded, of a workflow that has none of its own; None of any other."""
    status = item.get("status")
    if not isinstance(status, dict) or status.get("nodes") or status.get("compressedNodes"):
        return None
    version = status.get("offloadNodeStatusVersion")
    return version if isinstance(version, str) and version else None


def readable_nodes(status: Mapping[str, Any]) -> tuple[Nodes | None, str | None]:
    """The nodes that a view shows; None with the reason where it says that there are some but shows none."""
    said = mapping(status, "nodes")
    nodes = {node_id: mapping(said, node_id) for node_id, node in said.items() if node is not None}
    if nodes:
        return nodes, None
    if packed := text(status, "compressedNodes"):
        return None, f"nodes are packed in a way that this release does not know ({packed.removeprefix(UNREADABLE)})"
    if version := text(status, "offloadNodeStatusVersion"):
        return None, f"nodes are offloaded to the database of Argo ({version})"
    return {}, None


_ATTEMPT = re.compile(r"\(([0-9]{1,9})\)$")


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a node draws the graph. `attempt_name` is what its name is without the number of an attempt."""

    name: str
    kind: str
    started_at: int | None
    children: tuple[str, ...]
    attempt_name: str | None
    number: int
    is_hook: bool

    @property
    def is_attempt(self) -> bool:
        """Say whether its name numbers it, and it is no hook that happens to be named so."""
        return self.attempt_name is not None and not self.is_hook


def shape_of(node: Mapping[str, Any]) -> Shape:
    """Read what draws the graph of a node.

    Raises:
        InvalidObservation: a member is not what it should be.
    """
    name = text(node, "name")
    found = _ATTEMPT.search(name)
    return Shape(
        name=name,
        kind=text(node, "type"),
        started_at=seconds(time(node, "startedAt")),
        children=children_of(node),
        attempt_name=name[: found.start()] if found else None,
        number=int(found.group(1)) if found else 0,
        is_hook=bool(mapping(node, "nodeFlag").get("hooked")),
    )


def children_of(node: Mapping[str, Any]) -> tuple[str, ...]:
    """Read which nodes come right after one.

    Raises:
        InvalidObservation: that is no list.
    """
    return tuple(dict.fromkeys(child for child in sequence(node, CHILDREN) if isinstance(child, str)))


def attempt_number(shape: Shape, parents: list[str], shapes: Mapping[str, Shape]) -> int:
    """Number an attempt: what `name(n)` says under a Retry node of that name, else 0."""
    if shape.attempt_name is None:
        return 0
    retried = any(shapes[p].kind == "Retry" and shapes[p].name == shape.attempt_name for p in parents)
    return shape.number if retried else 0


_POD_NAME_FORMAT: Final = "workflows.argoproj.io/pod-name-format"
_LONGEST_PREFIX: Final = 253 - 11  # of the name of a pod, before its hash


@dataclass(frozen=True, slots=True)
class PodNames:
    """How the pods of a workflow are named. Source: argo-workflows/workflow/util/pod_name.go."""

    by_template: bool

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> "PodNames":
        return cls(by_template=texts(metadata, "annotations").get(_POD_NAME_FORMAT) != "v1")

    def of_node(self, node: Mapping[str, Any], node_id: str, workflow: str) -> str:
        """Name the pod of a node."""
        name = text(node, "name")
        if not self.by_template or name == workflow:
            return node_id
        template = text(mapping(node, "templateRef"), "template") or text(node, "templateName")
        prefix = f"{workflow}-{template}" if template else workflow
        return f"{prefix[:_LONGEST_PREFIX]}-{node_id.rpartition('-')[2]}"


def parents_of(shapes: Mapping[str, Shape], workflow: str) -> dict[str, list[str]]:
    """List for each node the nodes right before it, groupings included.

    `children` are the edges that Argo draws; some name nodes that do not exist (yet, or any more). The
    attempts under a Retry follow one another. The exit handler of the workflow is nobody's child: it comes
    after everything else, that is after every node without a successor.
    """
    parents: dict[str, list[str]] = defaultdict(list)
    for node_id, shape in shapes.items():
        for child in shape.children:
            if child in shapes:
                parents[child].append(node_id)
        if shape.kind == "Retry":
            attempts = [child for child in shape.children if child in shapes and shapes[child].is_attempt]
            for earlier, later in pairwise(attempts):
                parents[later].append(earlier)
    onexit = f"{workflow}.onExit"
    handlers = {node_id for node_id, shape in shapes.items() if shape.name.startswith(onexit)}
    if handlers:
        leaves = [
            node_id
            for node_id, shape in shapes.items()
            if node_id not in handlers and not any(child in shapes for child in shape.children)
        ]
        for handler in handlers:
            if not any(parent in handlers for parent in parents[handler]):
                parents[handler].extend(leaves)
    return parents
