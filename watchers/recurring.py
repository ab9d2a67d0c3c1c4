"""What the sources of recurring runs share: when a spec was written, and the fact that a view comes to.

Pure. Of an object's managed fields nothing is observed, as they are long and change with every write. But they alone
say when a spec was written. So that time is carried over, as an annotation of ours, before they are left out.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import orjson
from msgspec import Raw

from lineage.facts import Fact, ObjectKept, RecurringRunSeen
from lineage.identity import canonical, file_uid, sha256
from lineage.model import Parameter, RecurringSpec, Scheduler
from lineage.observation import ObjectSeen
from lineage.redaction import is_redacted
from watchers.reading import mapping, mappings, scalar, seconds, text, texts, time
from watchers.revision import revision
from watchers.source import Head, KubernetesObject, Members, Resource, read_members

SPEC_SINCE: Final = "kfp-lineage/spec-written-at"


class RecurringHead(Head, gc=False):
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


# ------------------------------------------------------------------------------------------ facts
def facts_of_recurring_run(
    item: Mapping[str, Any],
    seen: ObjectSeen,
    resource: Resource,
    spec: RecurringSpec,
    *,
    scheduler: Scheduler,
    triggered_at: datetime | None,
    stopped: bool = False,
) -> Sequence[Fact]:
    """Say what a view of a recurring run means: nothing, if it has neither a name nor a uid.

    Raises:
        InvalidObservation: a member is not what it should be.
    """
    metadata = mapping(item, "metadata")
    name, namespace, uid = text(metadata, "name"), text(metadata, "namespace"), text(metadata, "uid")
    if not (name or uid):
        return ()
    created_at = time(metadata, "creationTimestamp")
    known = uid or file_uid(
        cluster=seen.cluster,
        namespace=namespace,
        name=name,
        born=seconds(created_at),
        digest=sha256(seen.body),
    )
    view = revision(seen, metadata, uid=known, born=created_at, latest=triggered_at, ended=False)
    fact = RecurringRunSeen(
        revision=view,
        scheduler=scheduler,
        uid=known,
        cluster=seen.cluster,
        namespace=namespace,
        name=name,
        created_at=created_at,
        spec=spec,
        spec_since=time(texts(metadata, "annotations"), SPEC_SINCE),
        seen_at=seen.seen_at,
        stopped=stopped,
        triggered_at=triggered_at,
    )
    return fact, ObjectKept(revision=view, resource=resource.name, uid=known, body=seen.body)


def parameters_of_recurring_run(holder: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """Read what its runs are given: templates, in which macros stand."""
    found = ((text(one, "name"), scalar(one.get("value"))) for one in mappings(holder, "parameters"))
    return tuple(
        Parameter(name=name, value=value, redacted=value is not None and is_redacted(value)) for name, value in found
    )


def digest_of_text(text_of_workflow: object) -> str | None:
    """Digest the workflow that a recurring run makes, an object or JSON within a text; None where there is none."""
    if not text_of_workflow:
        return None
    if isinstance(text_of_workflow, str):
        with suppress(orjson.JSONDecodeError):  # what is no JSON is a text
            text_of_workflow = orjson.loads(text_of_workflow)
    return sha256(canonical(text_of_workflow))
