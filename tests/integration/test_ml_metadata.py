"""The real store of ML Metadata, written to as Kubeflow writes, and asked beside the cluster."""

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import grpc
import pytest

from lineage.errors import BadAnswer, ClusterError, InvalidSettings, ResourceAbsent
from lineage.eventlog.memory import MemoryLog
from lineage.identity import Key, run_key
from lineage.model import ArtifactRole, ArtifactUse, Execution, Metric, SourceState
from lineage.ports import EVERYTHING
from lineage.recorder import Recorder
from lineage.store import open_store
from lineage.store.sql import SqlStore
from tests.engine import Engine, Ran
from tests.factories import CLUSTER, RECORDED_AT, REDACTOR, KubernetesObject, a_store, interpreted
from tests.integration.test_compiled_pipelines import V2, compiled, executions, manifests, written
from tests.kubeflow import FIRST_ID, RUN, Task
from tests.kubeflow import a_run as a_run_of
from tests.kubeflow_answers import a_run
from tests.kubeflow_server import kubeflow_server
from tests.mlmd_server import Artifact, MetadataStore, Records, metadata_store
from tests.waiting import comes_true
from watchers import mlmd_client
from watchers.answers import RUNS
from watchers.mlmd import MetadataStore as Kept
from watchers.mlmd_client import MetadataClient
from watchers.mlmd_rounds import MetadataRounds
from watchers.polling import Polling
from watchers.rounds import Handed, Round, Tempo
from watchers.source import uid_of
from watchers.sources import told_sources

DAY: Final = 86400
QUICK: Final = Tempo(soon_seconds=0.05, seldom_seconds=0.5, first_delay_seconds=0.05, longest_delay_seconds=0.1)


class Every:
    """Whatever it is, it is among these."""

    def __contains__(self, _: object) -> bool:
        return True


@pytest.fixture(scope="module")
def kept(mlmd: Path) -> Iterator[MetadataStore]:
    """A store that all tests of this module write to, each its own runs."""
    with metadata_store(mlmd) as store:
        yield store


@pytest.fixture
def client(kept: MetadataStore) -> Iterator[MetadataClient]:
    made = MetadataClient(kept.url, timeout_seconds=10.0)
    yield made
    made.close()


def tasks_of(client: MetadataClient, run: str) -> KubernetesObject:
    found = Kept(client).tasks_of(run)
    assert found is not None
    return found


# ------------------------------------------------------------------------------------------ what pipelines wrote
def in_words(
    one: Execution, read: Sequence[ArtifactUse], wrote: Sequence[ArtifactUse], metrics: Sequence[Metric]
) -> str:
    reads, writes = (sorted((use.name, use.artifact.uri, use.role.value) for use in uses) for uses in (read, wrote))
    given, came = (sorted((p.name, p.value) for p in of) for of in (one.input_parameters, one.output_parameters))
    reported = sorted((m.name, m.value, m.cached) for m in metrics if m.source != "built in")
    return repr((one.display_name, one.iteration, given, came, reads, writes, reported, one.cached))


def expected(one: Ran, importers: frozenset[str]) -> str:
    """What is known of a step that ran, or that was taken from the cache. An importer takes over what it names."""
    taken = one.cached or one.name in importers
    role = ArtifactRole.REUSED if taken else ArtifactRole.GENERATED
    given, came = (sorted((name, written(value)) for name, value in of.items()) for of in (one.parameters, one.outputs))
    reads = sorted((name, uri, "USED") for name, uri in one.reads.items())
    writes = sorted((name, uri, role.value) for name, uri in one.writes.items())
    has_metrics = any(one.types.get(uri) == "system.Metrics" for uri in one.writes.values())
    reported = [("accuracy", 0.5, one.cached), ("loss", 2.0, one.cached)] if has_metrics else []
    innermost = one.iterations[-1] if one.iterations else None
    return repr((one.name, innermost, given, came, reads, writes, reported, one.cached))


def importers_of(manifest: Mapping[str, Any]) -> frozenset[str]:
    templates = manifest["spec"]["templates"]
    tasks = (task for template in templates for task in template.get("dag", {}).get("tasks", ()))
    return frozenset(task["name"] for task in tasks if "system-importer" in task.get("template", ""))


@pytest.mark.parametrize("manifest", manifests(V2))
def test_what_a_pipeline_wrote_and_what_another_run_took_over(
    fixtures: Path, kept: MetadataStore, client: MetadataClient, manifest: str
) -> None:
    pipeline, names = compiled(fixtures, manifest), (f"first of {manifest}", f"second of {manifest}")
    records = Records(kept, names[0])
    first = Engine(pipeline, run=names[0], records=records)
    taking = Records(kept, names[1], cache=records)
    second = Engine(pipeline, run=names[1], begins=DAY, cached=Every(), records=taking)
    told = [
        item
        for engine, run in ((first, names[0]), (second, names[1]))
        for item in (engine.workflow(), tasks_of(client, run))
    ]
    store = a_store(*told)
    found, importers = executions(store), importers_of(pipeline)
    keys: Sequence[Key] = [one.key for one in found]
    read, wrote = store.inputs(EVERYTHING, keys), store.outputs(EVERYTHING, keys)
    metrics = store.metrics_of_executions(EVERYTHING, keys)
    for engine, run in ((first, names[0]), (second, names[1])):
        seen = Counter(
            in_words(one, read.get(one.key, ()), wrote.get(one.key, ()), metrics[one.key])
            for one in found
            if one.run_key == ("Run", run)
        )
        assert seen == Counter(expected(one, importers) for one in engine.ran if not one.skipped)
    origins = store.cached_from(EVERYTHING, keys)
    for one in found:
        if one.cached:
            assert (origins[one.key].run_key, origins[one.key].display_name) == (("Run", names[0]), one.display_name)
    assert list(store.dump(EVERYTHING)) == list(a_store(*reversed(told), at_once=False).dump(EVERYTHING))


# ------------------------------------------------------------------------------------------ asked again and again
class Counting:
    """A client that counts what it is asked."""

    def __init__(self, client: MetadataClient) -> None:
        self.asked: Counter[str] = Counter()
        self._client = client

    def call(self, method: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked[method] += 1
        return self._client.call(method, request)

    def close(self) -> None:
        self._client.close()


def a_trained_run(kept: MetadataStore, run: str, *, accuracy: float = 0.5, **more: Any) -> int:
    """Write down a run of one task. Returns the id of its execution."""
    kept.run(run, **more)
    task = kept.container(run, "train", parent=kept.dag(run), given={"rate": 0.1})
    end(kept, run, task, accuracy)
    return task


def end(kept: MetadataStore, run: str, task: int, accuracy: float) -> None:
    scores = Artifact(uri=f"minio://b/{run}/scores", type="system.Metrics", said={"accuracy": accuracy})
    kept.publish(run, task, parameters={"best": accuracy}, outputs={"scores": [scores]})


def of_rounds(client: Any, *, namespaces: Sequence[str] | None = None) -> MetadataRounds:
    return MetadataRounds(Kept(client), namespaces, clock=lambda: datetime.now(UTC), tempo=QUICK)


def told(rounds: MetadataRounds) -> list[str]:
    """The runs that are told of in the next round."""
    (one,) = rounds.rounds
    return [uid_of(found.item) for found in one.ask()]


def test_runs_are_told_as_they_are_written_to_and_no_others(kept: MetadataStore, client: MetadataClient) -> None:
    counting = Counting(client)
    rounds = of_rounds(counting)
    first = a_trained_run(kept, "polled-1")
    a_trained_run(kept, "polled-2")
    assert {"polled-1", "polled-2"} <= set(told(rounds))
    counting.asked.clear()
    assert told(rounds) == []
    assert counting.asked.keys() == {"GetExecutions"}
    end(kept, "polled-1", first, 0.75)
    assert told(rounds) == ["polled-1"]


def test_while_nothing_happens_one_page_is_read(mlmd: Path) -> None:
    with metadata_store(mlmd) as kept:
        for number in range(130):
            kept.run("many")
            kept.dag("many", f"task {number}", parent=1)
        counting = Counting(MetadataClient(kept.url))
        rounds = of_rounds(counting)
        assert told(rounds) == ["many"]
        tasks = rounds._store.tasks_of("many")
        assert tasks is not None
        assert len(tasks["told"]["executions"]) == 130
        counting.close()


def test_what_others_keep_there_is_passed_over(mlmd: Path) -> None:
    """Kubeflow v1 has contexts of its own, TFX others."""
    with metadata_store(mlmd) as kept:
        kept.run("run-1")
        kept.stranger("of nobody that we know")
        client = MetadataClient(kept.url)
        assert told(of_rounds(client)) == []
        client.close()


def test_runs_of_other_namespaces_are_not_told(mlmd: Path) -> None:
    with metadata_store(mlmd) as kept:
        a_trained_run(kept, "mine", namespace="a")
        a_trained_run(kept, "of another", namespace="b")
        client = MetadataClient(kept.url)
        assert told(of_rounds(client, namespaces=["a"])) == ["mine"]
        client.close()


class Asked:
    """A store that is asked, and recorded in memory."""

    def __init__(self, url: str) -> None:
        self.store: SqlStore = a_store(a_run_of([Task(name="train")], release="2.17"))
        self._log = MemoryLog("mlmd")
        client = MetadataClient(url, timeout_seconds=1.0)

        def rounds(_: Handed) -> Sequence[Round]:
            return of_rounds(client).rounds

        self.polling = Polling(
            rounds=rounds,
            close=client.close,
            sources=told_sources(),
            events=self._log,
            cluster=CLUSTER,
            redactor=REDACTOR,
            clock=lambda: RECORDED_AT,
            tempo=QUICK,
        )
        self._recorder = Recorder(
            self._log, self.store, interpreted, key_ids=[REDACTOR.key_id], clock=lambda: RECORDED_AT
        )

    def state(self) -> tuple[SourceState, str | None] | None:
        self._recorder.drain(give_up_seconds=1.0)
        return next(((one.state, one.message) for one in self.store.sources(EVERYTHING)), None)

    def observed(self) -> int:
        self._recorder.drain(give_up_seconds=1.0)
        return sum(one.observed for one in self.store.sources(EVERYTHING))


def test_a_store_that_goes_away_is_stated_and_asked_again(mlmd: Path, tmp_path: Path) -> None:
    with metadata_store(mlmd, tmp_path / "mlmd.db") as kept:
        a_trained_run(kept, "before")
        asked = Asked(kept.url)
        asked.polling.start()
        try:
            assert comes_true(lambda: asked.observed() == 1)
            assert asked.state() == (SourceState.SYNCED, None)
            kept.kill()
            assert comes_true(lambda: (asked.state() or (None,))[0] is SourceState.WAITING)
            assert asked.state() == (SourceState.WAITING, f"{kept.url}: nobody answers there")
            kept.begin_again()
            a_trained_run(kept, "after")
            assert comes_true(lambda: asked.observed() == 2)
            assert asked.state() == (SourceState.SYNCED, None)
        finally:
            assert asked.polling.stop()
        assert asked.state() == (SourceState.STOPPED, None)


# ------------------------------------------------------------------------------------------ the way there
@pytest.mark.parametrize("url", ["metadata:8080", "http://metadata:8080", "grpc://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettings, match="grpc://host:port"):
        MetadataClient(url)


def test_certificates_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="no certificates"):
        MetadataClient("grpcs://metadata:8080", ca_file=tmp_path / "ca.crt")


def test_a_server_that_is_none_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = MetadataClient(f"grpc://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.3)
        with pytest.raises(ClusterError, match="silent for"):
            client.call("GetExecutions", {})
        client.close()


class Answering(grpc.GenericRpcHandler):
    """A server of gRPC that answers everything with some bytes."""

    def __init__(self, answer: bytes | None) -> None:
        self._answer = answer

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any] | None":
        answer = self._answer
        return None if answer is None else grpc.unary_unary_rpc_method_handler(lambda _request, _context: answer)


@pytest.mark.parametrize(("answer", "kind"), [(None, ResourceAbsent), (b"\xff\xff rubbish", BadAnswer)])
def test_a_server_of_something_else_is_told(answer: bytes | None, kind: type[ClusterError]) -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((Answering(answer),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    client = MetadataClient(f"grpc://127.0.0.1:{port}", timeout_seconds=5.0)
    with pytest.raises(kind, match="ML Metadata"):
        client.call("GetExecutions", {})
    client.close()
    with pytest.raises(ClusterError, match="closed"):
        client.call("GetExecutions", {})
    server.stop(None)


def test_without_what_speaks_grpc_it_is_said_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "grpc.py").write_text("raise ImportError('not installed')")
    command = [sys.executable, "-m", "lineage", "backfill", "--kfp", "http://127.0.0.1:1"]
    told = ["--kfp-metadata", "grpc://127.0.0.1:1", "--store", f"sqlite:///{tmp_path / 'store.db'}"]
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [*command, *told],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "kfp-lineage[mlmd]" in done.stderr


def test_an_answer_that_is_too_large_is_told_apart_from_a_service_that_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlmd_client, "ANSWER_BYTES", 1000)
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((Answering(b"x" * 5000),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    client = MetadataClient(f"grpc://127.0.0.1:{port}", timeout_seconds=5.0)
    with pytest.raises(BadAnswer, match="an answer has more than"):
        client.call("GetExecutions", {})
    client.close()
    server.stop(None)


# ------------------------------------------------------------------------------------------ of the past
def test_backfill_records_what_came_out_of_runs_that_were_over(kept: MetadataStore, tmp_path: Path) -> None:
    task = a_trained_run(kept, RUN)
    end(kept, RUN, task, 0.25)
    known_as = json.dumps(a_run_of([Task(name="train")], release="2.17")).replace(str(FIRST_ID), str(task))
    store, command = f"sqlite:///{tmp_path / 'store.db'}", [sys.executable, "-m", "lineage", "backfill", "--json"]
    with kubeflow_server() as server:
        server.put(RUNS, a_run(RUN))
        server.workflows[RUN] = json.loads(known_as)
        told = ["--kfp", server.url, "--kfp-metadata", kept.url, "--store", store]
        done = subprocess.run([*command, *told], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rejected"] == 0
    opened = open_store(store)
    (one,) = [each for each in executions(opened) if each.run_key == run_key(RUN)]
    assert [(p.name, p.value) for p in one.output_parameters] == [("best", "0.25")]
    opened.close()
