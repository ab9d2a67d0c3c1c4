"""The nodes of a workflow: unpacked, and what their pods are called.

Pure. Source: argo-workflows/workflow/packer/packer.go for the packing.
"""

import base64
import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, TypeAlias, TypeGuard, TypeVar

import brotli
import msgspec
import orjson
import zstandard

from lineage.identity import sha256
from watchers.reading import mapping, text, texts
from watchers.source import Attempts, Head, KubernetesObject, Members, read_members

GROUPS: Final = frozenset({"DAG", "Steps", "StepGroup", "TaskGroup", "Retry"})
ACTS: Final = frozenset({"Pod", "Container", "HTTP", "Plugin"})
UNPACKED_LIMIT_BYTES: Final = 256 * 2**20  # a packed object is below etcd's 1.5 MiB; JSON of nodes packs about 1:20
UNREADABLE: Final = "unreadable: "

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
