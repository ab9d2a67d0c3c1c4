"""The real store of ML Metadata on this machine, served over gRPC by a process of its own (`tests/servers/mlmd`), and
written to as Kubeflow writes.

    with metadata_store(mlmd) as store:
        store.run("run-1")
        MetadataClient(store.url)
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.servers import install

SCRIPT: Final = install.RECIPES / "mlmd" / "serve.py"
PIPELINE: Final = "train"
NAMESPACE: Final = "a"
ID: Final = "mlmd"
"""Under which member the artifacts of `tests.engine` bear their id."""

Inputs: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
Outputs: TypeAlias = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """An artifact as Kubeflow records it. `said` is its metadata, where lists and objects are wrapped as it does."""

    uri: str
    type: str = "system.Artifact"
    said: Mapping[str, Any] = field(default_factory=dict)


class MetadataStore:
    """A store in a file, or in memory, and the process that serves it."""

    def __init__(self, library: Path, file: Path | str | None) -> None:
        self._library = library
        self._file = file
        self._port = "0"
        self._start()

    @property
    def url(self) -> str:
        return f"grpc://127.0.0.1:{self._port}"

    # -- what becomes of it
    def _start(self) -> None:
        environment = os.environ | {"PYTHONPATH": str(self._library), "GRPC_VERBOSITY": "NONE"}
        command = [install.OLD_PYTHON, str(SCRIPT), str(self._file or ":memory:"), self._port]
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._port = self._line().strip()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def begin_again(self) -> None:
        """Serve what there is at the same address."""
        self._start()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _do(self, what: str, **more: Any) -> Mapping[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self._process.stdin.flush()
        done: Mapping[str, Any] = json.loads(self._line())
        return done

    # -- as Kubeflow writes
    def run(self, run: str, *, namespace: str = NAMESPACE, pipeline: str = PIPELINE) -> None:
        """Make the contexts of a run."""
        self._do("run", run=run, pipeline=pipeline, namespace=namespace)

    def dag(self, run: str, task: str = "", *, parent: int | None = None, turn: int | None = None) -> int:
        """Drive a DAG: the root of a run, a pipeline in it, or one turn of a loop."""
        return self._create(run, "system.DAGExecution", task, parent, turn, name="" if task else f"run/{run}")

    def container(
        self,
        run: str,
        task: str,
        *,
        parent: int,
        turn: int | None = None,
        given: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Sequence[int]] | None = None,
        taken_from: int | None = None,
    ) -> int:
        """Drive a task; one that is found in the cache takes over from another."""
        said = {"pod_name": "", "pod_uid": "", "namespace": "", "image": "", "inputs": dict(given or {})}
        cached = {"cached_execution_id": str(taken_from), "cache_fingerprint": "f"} if taken_from is not None else {}
        return self._create(run, "system.ContainerExecution", task, parent, turn, said | cached, inputs)

    def importer(self, run: str, task: str, *, parent: int) -> int:
        """Begin an importer."""
        said = {"pod_name": f"{task}-pod", "pod_uid": "u", "namespace": NAMESPACE, "image": ""}
        return self._create(run, "system.ImporterExecution", task, parent, None, said)

    def _create(
        self,
        run: str,
        kind: str,
        task: str,
        parent: int | None,
        turn: int | None,
        said: Mapping[str, Any] | None = None,
        inputs: Mapping[str, Sequence[int]] | None = None,
        name: str = "",
    ) -> int:
        known = {"display_name": task, "task_name": task, "parent_dag_id": parent, "iteration_index": turn}
        stated = {member: one for member, one in known.items() if one is not None} | dict(said or {})
        held = {port: list(of) for port, of in (inputs or {}).items()}
        done = self._do("create", run=run, kind=kind, said=stated, inputs=held, name=name)
        return int(done["execution"])

    def publish(
        self,
        run: str,
        execution: int,
        *,
        state: str = "COMPLETE",
        parameters: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Sequence[Artifact | int]] | None = None,
    ) -> Mapping[str, Sequence[int]]:
        """End an execution, with what came out. Returns the ids of its artifacts."""
        written = {
            port: [one if isinstance(one, int) else _as_json(one, port) for one in of]
            for port, of in (outputs or {}).items()
        }
        said = {} if parameters is None else {"outputs": dict(parameters)}
        made: Mapping[str, Sequence[int]] = self._do(
            "publish", run=run, execution=execution, state=state, said=said, outputs=written
        )["outputs"]
        return made

    def stranger(self, name: str) -> None:
        """Write an execution as another program might, in a context of its own kind."""
        self._do("stranger", name=name)

    def outputs(self, execution: int) -> Mapping[str, Sequence[int]]:
        """What an execution wrote, as a cache hands it out."""
        found: Mapping[str, Sequence[int]] = self._do("artifacts", execution=execution)["outputs"]
        return found


def _as_json(artifact: Artifact, port: str) -> Mapping[str, Any]:
    session = json.dumps({"Provider": "minio", "Params": {"endpoint": "minio-service.kubeflow:9000"}})
    said = {"display_name": port, "store_session_info": session, **artifact.said}
    return {"uri": artifact.uri, "type": artifact.type, "said": said}


class Records:
    """What the steps of one run write down, as `tests.engine` runs them. Artifacts that come out bear their id. What is
    said of an artifact is made up by its type (`said_of`)."""

    def __init__(self, store: MetadataStore, run: str, *, cache: "Records | None" = None) -> None:
        self._store = store
        self._run = run
        self._cache = cache
        self._tasks: dict[str, int] = {}
        self._ended: dict[str, tuple[Mapping[str, Any], Outputs]] = {}
        self._names: dict[str, str] = {}
        store.run(run)

    def root(self) -> str:
        return str(self._store.dag(self._run))

    def dag(self, task: str, within: str, turn: int | None) -> str:
        return str(self._store.dag(self._run, task, parent=int(within), turn=turn))

    def task(self, task: str, within: str, given: Mapping[str, Any], inputs: Inputs) -> str:
        uid = self._store.container(self._run, task, parent=int(within), given=given, inputs=_ids(inputs))
        self._names[str(uid)] = task
        self._tasks[task] = uid
        return str(uid)

    def end(self, execution: str, parameters: Mapping[str, Any], outputs: Outputs) -> Outputs:
        known = self._publish(int(execution), outputs, parameters)
        self._ended[self._names[execution]] = parameters, known
        return known

    def take_over(
        self, task: str, within: str, given: Mapping[str, Any], inputs: Inputs
    ) -> tuple[Mapping[str, Any], Outputs]:
        assert self._cache is not None
        origin, (parameters, outputs) = self._cache._tasks[task], self._cache._ended[task]
        uid = self._store.container(
            self._run, task, parent=int(within), given=given, inputs=_ids(inputs), taken_from=origin
        )
        self._store.publish(self._run, uid, state="CACHED", parameters=parameters, outputs=self._store.outputs(origin))
        return parameters, outputs

    def imported(self, task: str, within: str, outputs: Outputs) -> Outputs:
        return self._publish(self._store.importer(self._run, task, parent=int(within)), outputs)

    def _publish(self, execution: int, outputs: Outputs, parameters: Mapping[str, Any] | None = None) -> Outputs:
        written = {name: [_artifact(one)] for name, one in outputs.items()}
        made = self._store.publish(self._run, execution, parameters=parameters, outputs=written)
        return {name: {**one, ID: made[name][0]} for name, one in outputs.items()}


def said_of(kind: str) -> Mapping[str, Any]:
    """What is said of an artifact of a type, as it is written: lists and objects in a wrapper."""
    match kind:
        case "system.Metrics":
            return {"accuracy": 0.5, "loss": 2.0, "note": "of a test", "is_final": True}
        case "system.ClassificationMetrics":
            return {"confusionMatrix": {"struct": {"annotationSpecs": [{"displayName": "a"}], "rows": [{"row": [1]}]}}}
        case _:
            return {"framework": "made up", "shape": {"list": [3, 4]}}


def _artifact(one: Mapping[str, Any]) -> Artifact:
    kind = one["type"]["schemaTitle"] or "system.Artifact"
    return Artifact(uri=one["uri"], type=kind, said=said_of(kind))


def _ids(inputs: Inputs) -> Mapping[str, Sequence[int]]:
    return {name: [one[ID] for one in of] for name, of in inputs.items()}


@contextmanager
def metadata_store(library: Path, file: Path | str | None = None) -> Iterator[MetadataStore]:
    """Serve a store, in memory where no file or database is named. `library` is where ml-metadata is installed."""
    store = MetadataStore(library, file)
    try:
        yield store
    finally:
        store.kill()
