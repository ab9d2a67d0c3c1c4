"""The questions that ML Metadata answers of runs of Kubeflow v2: which were written to, and what their tasks were.

No sockets: `Client` has them. Answers are given as objects, one a run (`watchers.sources.mlmd_tasks` understands them).
Source: ml-metadata/ml_metadata/proto/metadata_store_service.proto; each answer is its message as JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from lineage.errors import BadAnswer
from watchers.source import KubernetesObject
from watchers.tasks import KEPT_TASKS

PAGE_SIZE: Final = 100  # it gives no more at once
MOST_PAGES: Final = 10_000
OVERLAP: Final = timedelta(minutes=2)  # a change can be seen later than another that says a later time
_RUN: Final = "system.PipelineRun"
_LAST: Final = 253_402_300_799_999  # the end of the year 9999
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REMEMBERED: Final = 100_000  # runs of executions


class Client(Protocol):
    """Calls of the service, by the name of the method. Whatever goes wrong is a ClusterError."""

    def call(self, method: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask, and read the answer as JSON."""

    def close(self) -> None:
        """Break off what is being asked; later calls fail."""


class MetadataStore:
    """Asks one installation. Every method may raise ClusterError."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._runs: dict[str, str | None] = {}
        self._handled: dict[str, str] = {}  # the last change of executions that was handled, of the newest
        self.newest: datetime | None = None
        """The time of the last change that was seen, by the clock of the service."""

    def changed(self, since: datetime) -> Iterator[str]:
        """Yield the runs that were written to since a time, each once, unless the change was told before."""
        found: set[str] = set()
        for execution in self._newest(since):
            uid, at = str(execution.get("id", "0")), str(execution.get("last_update_time_since_epoch", ""))
            if self._handled.get(uid) == at:
                continue
            run = self._run_of(uid)
            if run is not None and run not in found:
                found.add(run)
                yield run
            self._handled[uid] = at

    def forget_before(self, time: datetime) -> None:
        """Forget which changes were handled that nobody asks for again."""
        self._handled = {uid: at for uid, at in self._handled.items() if _time(at) >= time}

    def tasks_of(self, run: str) -> KubernetesObject | None:
        """Ask for everything that is kept of a run; None where there is no such run."""
        context = self._client.call("GetContextByTypeAndName", {"type_name": _RUN, "context_name": run}).get("context")
        if not context:
            return None
        of = {"context_id": context.get("id", "0")}
        executions = list(self._pages("GetExecutionsByContext", "executions", of))
        artifacts = list(self._pages("GetArtifactsByContext", "artifacts", of))
        ids = [one["id"] for one in executions if "id" in one]
        self._remember(dict.fromkeys(ids, run))
        events = self._by_ids("GetEventsByExecutionIDs", "events", "execution_ids", ids)
        known = {one.get("id") for one in artifacts}
        foreign = {one["artifact_id"]: None for one in events if one.get("artifact_id", None) not in {*known, None}}
        artifacts += self._by_ids("GetArtifactsByID", "artifacts", "artifact_ids", list(foreign))
        namespace = str(context.get("custom_properties", {}).get("namespace", {}).get("string_value", ""))
        return {
            "apiVersion": f"{KEPT_TASKS.group}/{KEPT_TASKS.version}",
            "kind": KEPT_TASKS.kind,
            "metadata": {"uid": run, "namespace": namespace} if namespace else {"uid": run},
            "told": {
                "context": context,
                "executions": _sorted(executions),
                "artifacts": _sorted(artifacts),
                "events": sorted(events, key=lambda one: (_number(one, "execution_id"), _number(one, "artifact_id"))),
            },
        }

    # -- inside
    def _newest(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """Executions that changed since a time, the newest first."""
        by_time = {"order_by_field": {"field": "LAST_UPDATE_TIME", "is_asc": False}}
        for execution in self._pages("GetExecutions", "executions", {}, by_time):
            changed_at = _time(str(execution.get("last_update_time_since_epoch", "")))
            if self.newest is None or changed_at > self.newest:
                self.newest = changed_at
            if changed_at < since:
                return
            yield execution

    def _run_of(self, execution: str) -> str | None:
        """The run of an execution; None for what other programs keep there, or Kubeflow v1."""
        if execution not in self._runs:
            contexts = self._client.call("GetContextsByExecution", {"execution_id": execution}).get("contexts", [])
            run = next((one.get("name") for one in contexts if one.get("type") == _RUN), None)
            self._remember({execution: run})
        return self._runs[execution]

    def _remember(self, runs: Mapping[str, str | None]) -> None:
        """Remember the runs of executions: of one whose tasks were asked for, none is asked about again."""
        if len(self._runs) >= _REMEMBERED:
            self._runs.clear()
        self._runs |= runs

    def _pages(
        self, method: str, members: str, of: Mapping[str, Any], how: Mapping[str, Any] | None = None
    ) -> Iterator[Mapping[str, Any]]:
        options: dict[str, Any] = {"max_result_size": PAGE_SIZE, **(how or {})}
        for _ in range(MOST_PAGES):
            answer = self._client.call(method, {**of, "options": options})
            yield from answer.get(members, [])
            token = answer.get("next_page_token")
            if not token:
                return
            options = {**options, "next_page_token": token}
        raise BadAnswer(f"ML Metadata: {method} has no end: {MOST_PAGES} pages were read")

    def _by_ids(self, method: str, members: str, member: str, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for start in range(0, len(ids), PAGE_SIZE):
            found += self._client.call(method, {member: ids[start : start + PAGE_SIZE]}).get(members, [])
        return found


def _sorted(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(records, key=lambda one: _number(one, "id"))


def _number(record: Mapping[str, Any], member: str) -> int:
    return int(record.get(member, 0))


def _time(milliseconds: str) -> datetime:
    """Read a time; what lies beyond the calendar is as late as can be said."""
    return _EPOCH + timedelta(milliseconds=min(max(int(milliseconds or 0), 0), _LAST))
