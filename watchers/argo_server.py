"""The questions that the archive of an Argo Server answers over HTTP.

No sockets: `Client` has them. Sources, in argo-workflows: pkg/apiclient/workflowarchive/workflow-archive.proto for the
paths, server/utils/list_options.go for the selectors, server/workflowarchive/archived_workflow_server.go: a list
goes on from a number of rows, and holds no nodes, so each workflow is asked for by itself.
"""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import orjson

from lineage.errors import BadAnswer, ResourceAbsent
from watchers.argo_archive import Content, Entry, Page, Place
from watchers.kubeflow_api import Client

PATH: Final = "/api/v1/archived-workflows"
PAGE_SIZE: Final = 100


class ArgoServer:
    """Implements `watchers.argo_archive.Archive`. `shown` is its address; `client` asks below it, and is taken over."""

    def __init__(self, client: Client, shown: str) -> None:
        self._client = client
        self.shown = shown

    def page(self, namespace: str | None, since: datetime | None, place: Place | None) -> Page:
        query = {"listOptions.limit": str(PAGE_SIZE), **_selected(namespace, since)}
        if place is not None:
            (query["listOptions.continue"],) = place
        answer = self._client.get(PATH, query)
        items = answer.get("items") or []  # an empty Go slice is written as null
        if not isinstance(items, list):
            raise BadAnswer(f"{self.shown}{PATH}: items is {type(items).__name__}, expected a list")
        metadata = answer.get("metadata")
        further = metadata.get("continue") if isinstance(metadata, dict) else None
        return Page(entries=[_entry(item) for item in items], further=(str(further),) if further else None)

    def content(self, uid: str) -> Content:
        try:
            answer = self._client.get(f"{PATH}/{quote(uid, safe='')}", {})
        except ResourceAbsent:
            return None  # removed since it was listed
        return orjson.dumps(answer)

    def close(self) -> None:
        self._client.close()


def _selected(namespace: str | None, since: datetime | None) -> dict[str, str]:
    """Say what is listed. The namespace is said twice: 3.4.0 knows it as a field alone, and later releases call that
    deprecated."""
    fields = []
    if namespace is not None:
        fields.append(f"metadata.namespace={namespace}")
    if since is not None:
        fields.append(f"spec.startedAt>{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    selected = {"listOptions.fieldSelector": ",".join(fields)} if fields else {}
    return selected if namespace is None else {**selected, "namespace": namespace}


def _entry(item: Any) -> Entry:
    """Read an item of a list: its uid is empty where it says none."""
    metadata, status = _member(item, "metadata"), _member(item, "status")
    uid, namespace, name = (str(metadata.get(key) or "") for key in ("uid", "namespace", "name"))
    return Entry(uid=uid, namespace=namespace, name=name, started_at=str(status.get("startedAt") or ""))


def _member(item: Any, name: str) -> dict[str, Any]:
    member = item.get(name) if isinstance(item, dict) else None
    return member if isinstance(member, dict) else {}
