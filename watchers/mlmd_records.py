"""The questions that a store of ML Metadata answers, whichever way it is asked, and what they say of one run.

No sockets. Records are the messages of ML Metadata as JSON, 64-bit numbers as texts: the service and its tables give
the same of the same. Source: ml-metadata/ml_metadata/proto/metadata_store.proto.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from watchers.source import KubernetesObject
from watchers.tasks import KEPT_TASKS

RUN: Final = "system.PipelineRun"
"""The type of the contexts that are runs of Kubeflow v2, named by their ids."""

Record: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """How much there is: contexts and executions by their types, artifacts that nothing read or wrote, and events."""

    contexts: Mapping[str, int]
    executions: Mapping[str, int]
    artifacts: int
    unused_artifacts: int
    events: int


class Records(Protocol):
    """One store of ML Metadata. Pages of records come by their ids. Every method may raise ClusterError."""

    def census(self) -> Census:
        """Count everything."""

    def runs(self) -> Iterator[Record]:
        """Yield the contexts of runs, a page after another."""

    def run(self, name: str) -> Record | None:
        """Find the context of a run by its id."""

    def executions_in(self, context: str) -> Iterator[Record]:
        """Yield the executions in a context, by its id."""

    def artifacts_in(self, context: str) -> Iterator[Record]:
        """Yield the artifacts in a context, by its id."""

    def events_of(self, executions: Sequence[str]) -> Sequence[Record]:
        """Say what executions read and wrote."""

    def artifacts(self, ids: Sequence[str]) -> Sequence[Record]:
        """Read some artifacts."""

    def close(self) -> None:
        """Break off what is being asked; later questions fail."""


def tasks_in(records: Records, context: Record) -> KubernetesObject:
    """Ask for everything that is kept of a run, and put it into one object (`watchers.sources.mlmd_tasks`)."""
    of, run = context.get("id", "0"), context.get("name", "")
    executions, artifacts = list(records.executions_in(of)), list(records.artifacts_in(of))
    events = records.events_of([one["id"] for one in executions if "id" in one])
    known = {one.get("id") for one in artifacts}
    foreign = {one["artifact_id"]: None for one in events if one.get("artifact_id", None) not in {*known, None}}
    artifacts += records.artifacts(list(foreign))
    namespace = str(context.get("custom_properties", {}).get("namespace", {}).get("string_value", ""))
    return {
        "apiVersion": f"{KEPT_TASKS.group}/{KEPT_TASKS.version}",
        "kind": KEPT_TASKS.kind,
        "metadata": {"uid": run, "namespace": namespace} if namespace else {"uid": run},
        "told": {
            "context": context,
            "executions": sorted(executions, key=lambda one: _number(one, "id")),
            "artifacts": sorted(artifacts, key=lambda one: _number(one, "id")),
            "events": sorted(events, key=_place_of),
        },
    }


def _place_of(event: Record) -> tuple[int, int, str]:
    return _number(event, "execution_id"), _number(event, "artifact_id"), str(event.get("type", ""))


def _number(record: Record, member: str) -> int:
    return int(record.get(member, 0))
