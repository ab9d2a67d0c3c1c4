"""The questions that the service of ML Metadata answers of runs of Kubeflow v2: which were written to, and what their
tasks were.

No sockets: `Client` has them. Answers are given as objects, one a run (`watchers.sources.mlmd_tasks` understands them).
Source: ml-metadata/ml_metadata/proto/metadata_store_service.proto; each answer is its message as JSON.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final, Protocol

from lineage.errors import BadAnswer
from watchers.mlmd_records import RUN, Census, Record, tasks_in
from watchers.source import KubernetesObject

PAGE_SIZE: Final = 100  # it gives no more at once
MOST_PAGES: Final = 1_000_000
OVERLAP: Final = timedelta(minutes=2)  # a change can be seen later than another that says a later time
_LAST: Final = 253_402_300_799_999  # the end of the year 9999
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REMEMBERED: Final = 100_000  # runs of executions


class Client(Protocol):
    """Calls of the service, by the name of the method. Whatever goes wrong is a ClusterError."""

    def call(self, method: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask, and read the answer as JSON."""

    def close(self) -> None:
        """Break off what is being asked; later calls fail."""


class ServiceRecords:
    """Implements `watchers.mlmd_records.Records` on the service."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def census(self) -> Census:
        contexts = Counter(_type(one) for one in self._by_id("GetContexts", "contexts"))
        executions = Counter(_type(one) for one in self._by_id("GetExecutions", "executions"))
        artifacts = unused = events = 0
        for page in _in_pages(self._by_id("GetArtifacts", "artifacts")):
            ids = [one["id"] for one in page if "id" in one]
            found = self._client.call("GetEventsByArtifactIDs", {"artifact_ids": ids}).get("events", [])
            artifacts += len(page)
            unused += len(page) - len({one.get("artifact_id") for one in found})
            events += len(found)
        return Census(
            contexts=contexts, executions=executions, artifacts=artifacts, unused_artifacts=unused, events=events
        )

    def runs(self) -> Iterator[Record]:
        return (one for one in self._by_id("GetContexts", "contexts") if one.get("type") == RUN)

    def run(self, name: str) -> Record | None:
        asked = {"type_name": RUN, "context_name": name}
        return self._client.call("GetContextByTypeAndName", asked).get("context") or None

    def executions_in(self, context: str) -> Iterator[Record]:
        return self.pages("GetExecutionsByContext", "executions", {"context_id": context})

    def artifacts_in(self, context: str) -> Iterator[Record]:
        return self.pages("GetArtifactsByContext", "artifacts", {"context_id": context})

    def events_of(self, executions: Sequence[str]) -> Sequence[Record]:
        return self._of_ids("GetEventsByExecutionIDs", "events", "execution_ids", executions)

    def artifacts(self, ids: Sequence[str]) -> Sequence[Record]:
        return self._of_ids("GetArtifactsByID", "artifacts", "artifact_ids", ids)

    def close(self) -> None:
        self._client.close()

    def pages(
        self, method: str, members: str, of: Mapping[str, Any], how: Mapping[str, Any] | None = None
    ) -> Iterator[Record]:
        """Ask a method for a page after another."""
        options: dict[str, Any] = {"max_result_size": PAGE_SIZE, **(how or {})}
        for _ in range(MOST_PAGES):
            answer = self._client.call(method, {**of, "options": options})
            yield from answer.get(members, [])
            token = answer.get("next_page_token")
            if not token:
                return
            if token == options.get("next_page_token"):
                raise BadAnswer(f"ML Metadata: {method} has no end: it gives the same page again")
            options = {**options, "next_page_token": token}
        raise BadAnswer(f"ML Metadata: {method} has no end: {MOST_PAGES} pages were read")

    def _by_id(self, method: str, members: str) -> Iterator[Record]:
        return self.pages(method, members, {}, {"order_by_field": {"field": "ID", "is_asc": True}})

    def _of_ids(self, method: str, members: str, member: str, ids: Sequence[str]) -> list[Record]:
        found: list[Record] = []
        for start in range(0, len(ids), PAGE_SIZE):
            found += self._client.call(method, {member: ids[start : start + PAGE_SIZE]}).get(members, [])
        return found


class MetadataStore:
    """Asks one installation. Every method may raise ClusterError."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._records = ServiceRecords(client)
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
        context = self._records.run(run)
        if context is None:
            return None
        tasks = tasks_in(self._records, {**context, "name": run})
        self._remember({one["id"]: run for one in tasks["told"]["executions"] if "id" in one})
        return tasks

    # -- inside
    def _newest(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """Executions that changed since a time, the newest first."""
        by_time = {"order_by_field": {"field": "LAST_UPDATE_TIME", "is_asc": False}}
        for execution in self._records.pages("GetExecutions", "executions", {}, by_time):
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
            run = next((one.get("name") for one in contexts if one.get("type") == RUN), None)
            self._remember({execution: run})
        return self._runs[execution]

    def _remember(self, runs: Mapping[str, str | None]) -> None:
        """Remember the runs of executions: of one whose tasks were asked for, none is asked about again."""
        if len(self._runs) >= _REMEMBERED:
            self._runs.clear()
        self._runs |= runs


def _in_pages(records: Iterator[Record]) -> Iterator[Sequence[Record]]:
    while page := list(islice(records, PAGE_SIZE)):
        yield page


def _type(record: Record) -> str:
    return str(record.get("type", ""))


def _time(milliseconds: str) -> datetime:
    """Read a time; what lies beyond the calendar is as late as can be said."""
    return _EPOCH + timedelta(milliseconds=min(max(int(milliseconds or 0), 0), _LAST))
