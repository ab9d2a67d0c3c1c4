"""When the spec of an object was written, which its managed fields alone say.

Pure. Of an object's managed fields nothing is observed, as they are long and change with every write. So the time is
carried over, as an annotation of ours, before they are left out.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from msgspec import Raw

from watchers.source import Head, KubernetesObject, Members, read_members

SPEC_SINCE: Final = "kfp-lineage/spec-written-at"


class SpecHead(Head, gc=False):
    """Every object has managed fields, from which something must be carried over."""

    @property
    def is_packed(self) -> bool:
        return True


def note_spec_time(item: KubernetesObject) -> KubernetesObject:
    """Note when the spec of an object was written, where it says so. The object may be changed."""
    metadata = item.get("metadata")
    written_at = _spec_time(metadata) if isinstance(metadata, dict) else None
    if isinstance(metadata, dict) and written_at is not None:
        annotations = metadata.get("annotations")
        metadata["annotations"] = {**(annotations if isinstance(annotations, dict) else {}), SPEC_SINCE: written_at}
    return item


def note_spec_time_in_members(members: Members) -> Members:
    """Note the same in an object that was not decoded.

    Raises:
        ValueError: its metadata cannot be read.
    """
    if "metadata" not in members:
        return members
    metadata = read_members(members["metadata"])
    known = {name: orjson.loads(memoryview(metadata[name])) for name in _READ if name in metadata}
    item = note_spec_time({"metadata": known})
    if SPEC_SINCE not in (item["metadata"].get("annotations") or {}):
        return members
    metadata["annotations"] = Raw(orjson.dumps(item["metadata"]["annotations"]))
    whole = b",".join(b"%b:%b" % (orjson.dumps(name), bytes(memoryview(value))) for name, value in metadata.items())
    return {**members, "metadata": Raw(b"{%b}" % whole)}


_READ: Final = ("annotations", "creationTimestamp", "generation", "managedFields")


def _spec_time(metadata: Mapping[str, Any]) -> str | None:
    """The newest time of a manager that wrote the spec. One that writes the status as well says nothing: its time is
    that of the status. An object of the first generation is as it was made."""
    if metadata.get("generation") == 1 and isinstance(metadata.get("creationTimestamp"), str):
        return str(metadata["creationTimestamp"])
    managers = metadata.get("managedFields")
    times = [one["time"] for one in managers if _tells(one)] if isinstance(managers, list) else []
    return max(times, default=None)


def _tells(manager: object) -> bool:
    if not isinstance(manager, dict) or not isinstance(manager.get("time"), str) or manager.get("subresource"):
        return False
    fields = manager.get("fieldsV1")
    return isinstance(fields, dict) and "f:spec" in fields and "f:status" not in fields
