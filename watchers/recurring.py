"""What the sources of recurring runs share: the fact that a view comes to, and what its parts are read from. Pure."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson

from lineage.facts import Fact, ObjectKept, RecurringRunSeen
from lineage.identity import canonical, file_uid, sha256
from lineage.model import Parameter, RecurringSpec, Scheduler
from lineage.observation import ObjectSeen
from lineage.redaction import is_redacted
from watchers.reading import mapping, mappings, scalar, seconds, text, texts, time
from watchers.revision import revision
from watchers.source import Resource
from watchers.spec_times import SPEC_SINCE


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
