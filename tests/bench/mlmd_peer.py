"""The peer's side of `tests.bench.mlmd`, run by the peer's own Python: ml-metadata on SQLite, embedded.

    mlmd_peer.py record (put|kubeflow|subgraph) WORKLOAD DATABASE
    mlmd_peer.py closure (UPSTREAM|DOWNSTREAM) URI DATABASE

Prints JSON: the seconds that counted, and how many ids a closure has. Knows nothing of this project but the workload.
"""

import json
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from ml_metadata.metadata_store.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as pb

INPUT, OUTPUT = pb.Event.INPUT, pb.Event.OUTPUT
HOPS = 100  # as many as one call may go
AT_ONCE = 100  # artifacts to start a call from


class Peer:
    """ml-metadata with what it needs to know of earlier calls: ids of types, contexts and artifacts."""

    def __init__(self, file: Path) -> None:
        self.store = open_store(file)
        self.execution_type = self.store.put_execution_type(pb.ExecutionType(name="system.ContainerExecution"))
        self.artifact_type = self.store.put_artifact_type(pb.ArtifactType(name="system.Artifact"))
        self.run_type = self.store.put_context_type(pb.ContextType(name="system.PipelineRun"))
        self.artifacts: dict[str, int] = {}
        self.contexts: dict[str, Any] = {}

    # -- how to record
    def put(self, run: dict[str, Any]) -> None:
        """Once per execution, with everything."""
        for execution in run["executions"]:
            self._read(execution)
            put = self._execution(execution, pb.Execution.COMPLETE)
            reads = [(None, self._event(INPUT, name, self.artifacts[uri])) for name, uri in execution["reads"]]
            writes = [(self._artifact(name, uri), self._event(OUTPUT, name)) for name, uri in execution["writes"]]
            _, ids, _ = self.store.put_execution(put, reads + writes, [self._context(run)], force_reuse_context=True)
            self._wrote(execution, ids[len(reads) :])

    def kubeflow(self, run: dict[str, Any]) -> None:
        """As the driver and the launcher of Kubeflow Pipelines do: begun, given its pod, and ended."""
        for execution in run["executions"]:
            self._read(execution)
            self.store.put_execution_type(pb.ExecutionType(name="system.ContainerExecution"))
            begun = self._execution(execution, pb.Execution.RUNNING)
            reads = [(None, self._event(INPUT, name, self.artifacts[uri])) for name, uri in execution["reads"]]
            number, _, _ = self.store.put_execution(begun, reads, [self._context(run)], force_reuse_context=True)
            (known,) = self.store.get_executions_by_id([number])
            known.custom_properties["pod_name"].string_value = f"pod-of-{execution['name']}"
            self.store.put_execution(known, [], [])
            known.last_known_state = pb.Execution.COMPLETE
            known.ClearField("last_update_time_since_epoch")
            writes = [(self._artifact(name, uri), self._event(OUTPUT, name)) for name, uri in execution["writes"]]
            _, ids, _ = self.store.put_execution(known, writes, [self._context(run)], force_reuse_context=True)
            self._wrote(execution, ids)

    def subgraph(self, run: dict[str, Any]) -> None:
        """Once per run, with all its executions: what nothing in Kubeflow does, and the fastest there is."""
        new: dict[str, int] = {}
        artifacts: list[Any] = []
        executions: list[Any] = []
        edges: list[Any] = []
        for index, execution in enumerate(run["executions"]):
            executions.append(self._execution(execution, pb.Execution.COMPLETE))
            for name, uri in execution["writes"]:
                new[uri] = len(artifacts)
                artifacts.append(self._artifact(name, uri))
                edges.append((index, new[uri], self._event(OUTPUT, name)))
        for index, execution in enumerate(run["executions"]):
            self._read(execution, but=new)
            for name, uri in execution["reads"]:
                known = None if uri in new else self.artifacts[uri]
                edges.append((index, new.get(uri), self._event(INPUT, name, known)))
        _, ids, _ = self.store.put_lineage_subgraph(
            executions, artifacts, [self._context(run)], edges, reuse_context_if_already_exist=True
        )
        self.artifacts.update(zip(new, ids, strict=True))

    # -- parts
    def _read(self, execution: dict[str, Any], but: Any = ()) -> None:
        """Put what nobody wrote."""
        for name, uri in execution["reads"]:
            if uri not in self.artifacts and uri not in but:
                (self.artifacts[uri],) = self.store.put_artifacts([self._artifact(name, uri)])

    def _wrote(self, execution: dict[str, Any], ids: Any) -> None:
        for (_, uri), number in zip(execution["writes"], ids, strict=True):
            self.artifacts[uri] = number

    def _execution(self, execution: dict[str, Any], state: Any) -> Any:
        made = pb.Execution(type_id=self.execution_type, name=execution["name"], last_known_state=state)
        made.custom_properties["display_name"].string_value = execution["type"]
        made.custom_properties["started_at"].int_value = execution["start"]
        made.custom_properties["finished_at"].int_value = execution["end"]
        for name, value in execution["parameters"].items():
            made.custom_properties[f"parameter:{name}"].string_value = value
        return made

    def _artifact(self, name: str, uri: str) -> Any:
        made = pb.Artifact(type_id=self.artifact_type, uri=uri)
        made.custom_properties["display_name"].string_value = name
        return made

    def _context(self, run: dict[str, Any]) -> Any:
        """The context of a run, put when it is first needed, so that every later call can name it by its id."""
        if run["name"] not in self.contexts:
            made = pb.Context(type_id=self.run_type, name=run["name"])
            (number,) = self.store.put_contexts([made])
            self.contexts[run["name"]] = pb.Context(id=number, type_id=self.run_type, name=run["name"])
        return self.contexts[run["name"]]

    def _event(self, kind: Any, name: str, artifact: Any = None) -> Any:
        made = pb.Event(type=kind)
        made.path.steps.add().key = name
        if artifact is not None:
            made.artifact_id = artifact
        return made


def open_store(file: Path) -> Any:
    """Open its database, making it if there is none."""
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(file)
    config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    return MetadataStore(config)


# ------------------------------------------------------------------------------------------ commands
def record(how: str, workload: Path, file: Path) -> dict[str, Any]:
    """Record runs in a new database."""
    runs = json.loads(workload.read_text())
    for old in file.parent.glob(f"{file.name}*"):
        old.unlink()
    peer = Peer(file)
    began = time.perf_counter()
    for run in runs:
        getattr(peer, how)(run)
    return {"seconds": time.perf_counter() - began}


def closure(way: str, uri: str, file: Path) -> dict[str, Any]:
    """Find everything upstream or downstream of an artifact.

    One call stops at 100 hops and does not say so, so calls are repeated from the artifacts at which more begins,
    until there is nothing new.
    """
    (root,) = sqlite3.connect(file).execute("SELECT id FROM Artifact WHERE uri = ?", (uri,)).fetchone()
    store = open_store(file)
    options = pb.LineageSubgraphQueryOptions
    direction = options.UPSTREAM if way == "UPSTREAM" else options.DOWNSTREAM
    onward = (OUTPUT, pb.Event.DECLARED_OUTPUT) if way == "UPSTREAM" else (INPUT, pb.Event.DECLARED_INPUT)
    began = time.perf_counter()
    artifacts, executions, frontier = {root}, set(), [root]
    while frontier:
        new = set()
        for start in range(0, len(frontier), AT_ONCE):
            query = options(max_num_hops=HOPS, direction=direction)
            query.starting_artifacts.filter_query = f"id IN ({','.join(map(str, frontier[start : start + AT_ONCE]))})"
            for event in store.get_lineage_subgraph(query, ["events"]).events:
                executions.add(event.execution_id)
                if event.artifact_id not in artifacts:
                    artifacts.add(event.artifact_id)
                    new.add(event.artifact_id)
        events = store.get_events_by_artifact_ids(new) if new else []
        frontier = sorted({e.artifact_id for e in events if e.type in onward and e.execution_id not in executions})
    return {"seconds": time.perf_counter() - began, "found": len(artifacts) + len(executions)}


if __name__ == "__main__":
    command, first, second, database = sys.argv[1:]
    answer = (
        record(first, Path(second), Path(database)) if command == "record" else closure(first, second, Path(database))
    )
    print(json.dumps(answer))
