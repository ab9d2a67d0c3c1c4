"""The small forms that Workflows and Pods are made of: names, ids, times, parameters.

Pure. Uids are derived from names, so that every recording of a run at one time is the same.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from watchers.demo.story import Pipeline, Step

Json: TypeAlias = dict[str, Any]

NAMESPACE: Final = "team-a"
MEMO: Final = "memo"
"""The ConfigMap in which Argo keeps what memoized steps came to."""


def pod_name(workflow: str, step: Step, node_id: str) -> str:
    """Name a pod as Argo does since 3.4. Ours are far below the 242 characters at which it cuts."""
    return f"{workflow}-{step.name}-{node_id.rpartition('-')[2]}"


def scheduled_name(pipeline: Pipeline, start: datetime, begins: int) -> str:
    """Name a scheduled run as Argo does, by when it was due: `begins` seconds after a story that starts then."""
    return f"{pipeline.name}-{int((start + timedelta(seconds=begins)).timestamp())}"


def uid(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("kfp-lineage/demo", NAMESPACE, *parts))))


def owner(kind: str, name: str, owner_uid: str, *, version: str = "argoproj.io/v1alpha1") -> Json:
    reference = {"apiVersion": version, "kind": kind, "name": name, "uid": owner_uid}
    return reference | {"controller": True, "blockOwnerDeletion": True}


def parameter(name: str, value: str) -> Json:
    return {"name": name, "value": value}


def resources(seconds: int) -> dict[str, int]:
    """What a container took: Argo counts in seconds of a core, and of 100 MiB."""
    return {"cpu": seconds, "memory": seconds * 4}


def write_time(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(text: str) -> datetime:
    return datetime.fromisoformat(text)
