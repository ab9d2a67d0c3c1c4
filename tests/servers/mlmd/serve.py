"""ML Metadata's own store behind gRPC, and a hand that writes into it as Kubeflow's drivers and launchers do.

    serve.py DATABASE [PORT]

DATABASE is a file, :memory:, or mysql:SOCKET:NAME, where it is root that connects.

Run with ml-metadata on the path, in a process of its own, since it needs an older protobuf than we do. Prints the port
that it serves, and then does what each line of its input says, a JSON object, and prints what came of it. Knows nothing
of this project. Source: kubeflow/pipelines/backend/src/v2/metadata/client.go.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf import json_format, struct_pb2
from ml_metadata.metadata_store.metadata_store import MetadataStore
from ml_metadata.metadata_store.pywrap.metadata_store_extension import metadata_store as library
from ml_metadata.proto import metadata_store_pb2 as pb

SERVICE = "ml_metadata.MetadataStoreService"
CODES = {code.value[0]: code for code in grpc.StatusCode}


class Served(grpc.GenericRpcHandler):
    """Every method of the service, answered by the store: bytes in, bytes out."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def service(self, details: Any) -> Any:
        service, _, method = details.method.strip("/").rpartition("/")
        known = getattr(library, method, None) if service == SERVICE else None
        if known is None:
            return None

        def answer(request: bytes, context: Any) -> bytes:
            found, message, status = known(self._store, request)
            if status:
                context.abort(CODES[status], message.decode())
            return bytes(found)

        return grpc.unary_unary_rpc_method_handler(answer)


class Hand:
    """Writes as Kubeflow does, over gRPC."""

    def __init__(self, port: int) -> None:
        self._store = MetadataStore(pb.MetadataStoreClientConfig(host="127.0.0.1", port=port))

    def run(self, *, run: str, pipeline: str, namespace: str) -> dict[str, Any]:
        """Make the contexts of a run, unless they are there."""
        context = self._context("system.PipelineRun", run, {"namespace": namespace, "pipeline_root": "minio://b/r"})
        if not self._store.get_parent_contexts_by_context(context.id):
            parent = self._context("system.Pipeline", pipeline, {})
            self._store.put_parent_contexts([pb.ParentContext(child_id=context.id, parent_id=parent.id)])
        return {"context": context.id}

    def create(
        self,
        *,
        run: str,
        kind: str,
        said: dict[str, Any],
        state: str = "RUNNING",
        inputs: dict[str, list[int]],
        name: str = "",
    ) -> dict[str, Any]:
        """Begin an execution, which read some artifacts."""
        execution = pb.Execution(
            type_id=self._store.put_execution_type(pb.ExecutionType(name=kind)),
            last_known_state=pb.Execution.State.Value(state),
            custom_properties={member: value(one) for member, one in said.items()},
        )
        if name:
            execution.name = name
        read = [(None, event(pb.Event.INPUT, port, one)) for port, of in inputs.items() for one in of]
        uid, _, _ = self._store.put_execution(execution, read, self._contexts(run))
        return {"execution": uid}

    def publish(
        self, *, run: str, execution: int, state: str, said: dict[str, Any], outputs: dict[str, list[Any]]
    ) -> dict[str, Any]:
        """End an execution: `outputs` are artifacts by name, new ones as they are, known ones by their id."""
        (known,) = self._store.get_executions_by_id([execution])
        known.last_known_state = pb.Execution.State.Value(state)
        known.ClearField("last_update_time_since_epoch")
        for member, one in said.items():
            known.custom_properties[member].CopyFrom(value(one))
        made = {
            port: [one if isinstance(one, int) else self._record(one) for one in of] for port, of in outputs.items()
        }
        wrote = [(None, event(pb.Event.OUTPUT, port, one)) for port, of in made.items() for one in of]
        self._store.put_execution(known, wrote, self._contexts(run))
        return {"outputs": made}

    def artifacts(self, *, execution: int) -> dict[str, Any]:
        """What an execution wrote, by name, which is what a cache hands out."""
        found: dict[str, list[int]] = {}
        for one in self._store.get_events_by_execution_ids([execution]):
            if one.type == pb.Event.OUTPUT:
                found.setdefault(one.path.steps[0].key, []).append(one.artifact_id)
        return {"outputs": found}

    def stranger(self, *, name: str) -> dict[str, Any]:
        """Write an execution in a context of another kind, and one in none."""
        kind = self._store.put_execution_type(pb.ExecutionType(name="pipeline.Component"))
        context = pb.Context(type_id=self._store.put_context_type(pb.ContextType(name="KfpRun")), name=name)
        self._store.put_execution(pb.Execution(type_id=kind), [], [context])
        self._store.put_executions([pb.Execution(type_id=kind)])
        return {}

    def _record(self, artifact: dict[str, Any]) -> int:
        kind = self._store.put_artifact_type(pb.ArtifactType(name=artifact["type"]))
        said = {member: value(one) for member, one in artifact["said"].items()}
        new = pb.Artifact(type_id=kind, uri=artifact["uri"], state=pb.Artifact.LIVE, custom_properties=said)
        return int(self._store.put_artifacts([new])[0])

    def _contexts(self, run: str) -> list[pb.Context]:
        context = self._store.get_context_by_type_and_name("system.PipelineRun", run)
        return [*self._store.get_parent_contexts_by_context(context.id), context]

    def _context(self, kind: str, name: str, said: dict[str, Any]) -> pb.Context:
        known = self._store.get_context_by_type_and_name(kind, name)
        if known is not None:
            return known
        kind_id = self._store.put_context_type(pb.ContextType(name=kind))
        custom = {member: value(one) for member, one in said.items()}
        self._store.put_contexts([pb.Context(type_id=kind_id, name=name, custom_properties=custom)])
        return self._store.get_context_by_type_and_name(kind, name)


def value(of: Any) -> pb.Value:
    """Write a value: whole numbers as such, objects as they are."""
    if isinstance(of, bool | int):
        return pb.Value(int_value=int(of))
    if isinstance(of, float):
        return pb.Value(double_value=of)
    if isinstance(of, dict):
        return pb.Value(struct_value=json_format.ParseDict(of, struct_pb2.Struct()))
    return pb.Value(string_value=of)


def event(kind: Any, name: str, artifact: int) -> pb.Event:
    path = pb.Event.Path(steps=[pb.Event.Path.Step(key=name)])
    return pb.Event(type=kind, path=path, artifact_id=artifact)


def main() -> None:
    database, port = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "0"
    config = pb.ConnectionConfig(sqlite=pb.SqliteMetadataSourceConfig(filename_uri=database))
    if database == ":memory:":
        config = pb.ConnectionConfig(fake_database=pb.FakeDatabaseConfig())
    if database.startswith("mysql:"):
        _, socket, name = database.split(":")
        mysql = pb.MySQLDatabaseConfig(socket=socket, database=name, user="root")
        config = pb.ConnectionConfig(mysql=mysql)
    store = library.CreateMetadataStore(config.SerializeToString(), pb.MigrationOptions().SerializeToString())
    server = grpc.server(ThreadPoolExecutor(1))  # its SQLite takes one at a time
    server.add_generic_rpc_handlers((Served(store),))
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    print(bound, flush=True)
    hand = Hand(bound)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(getattr(hand, asked.pop("do"))(**asked)), flush=True)
    server.stop(None)


if __name__ == "__main__":
    main()
