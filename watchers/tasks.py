"""What Kubeflow's records say of the inputs and outputs of tasks, whichever service keeps them.

Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lineage.facts import Read, Reported, Write
from lineage.limits import is_name
from lineage.metrics.values import value_of
from watchers.kubeflow import without_query
from watchers.locations import locate_uri
from watchers.source import KubernetesObject, Resource

KEPT_TASKS: Final = Resource(group="mlmd", version="v1", plural="tasks", kind="Tasks")
"""The tasks of a run, as ML Metadata keeps them."""

_PLUMBING: Final = frozenset({"display_name", "store_session_info", "bucket_session_info"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An artifact that a task read or wrote. `name` is that of the input or output, with an index where it holds
    several. `uri` is empty where the artifact is nothing but what is said of it."""

    name: str
    uri: str
    type: str | None
    metadata: Mapping[str, Any]


def named_alone(resource: Resource, run: str) -> KubernetesObject:
    """Name the tasks of a run, of which nothing can be said."""
    return {
        "apiVersion": f"{resource.group}/{resource.version}",
        "kind": resource.kind,
        "metadata": {"uid": run},
    }


def read(port: Port, cluster: str) -> Read:
    """Say that a task read something."""
    location = locate_uri(without_query(port.uri), {}, cluster)
    return Read(name=port.name, location=location, type=_type(port), metadata=port.metadata)


def write(port: Port, cluster: str, *, cached: bool = False, imported: bool = False) -> Write:
    """Say that a task wrote something, that it took it over from a cache, or that it was there before."""
    taken = cached or imported
    return Write(
        name=port.name,
        location=locate_uri(without_query(port.uri), {}, cluster),
        reused=taken,
        own=not taken,
        type=_type(port),
        metadata=port.metadata,
        imported=imported,
    )


def reported(output: str, name: str, value: float) -> Reported | None:
    """Say that a task reported a metric; None where nobody could find it by its name."""
    return Reported(output=output, value=value_of(name, value)) if name and is_name(name) else None


def without_plumbing(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what Kubeflow keeps of an artifact for itself."""
    return {name: value for name, value in properties.items() if name not in _PLUMBING}


def _type(port: Port) -> str | None:
    return port.type if port.type and is_name(port.type) else None
