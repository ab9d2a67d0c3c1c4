"""Looking at objects beside Kafka: `lineage probe` and `lineage record`, with a real broker and a real MinIO."""

import io
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lineage.identity import run_key
from lineage.model import Artifact, ArtifactState, Special
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import open_store
from tests.archives import tar_gz
from tests.factories import KubernetesObject, a_node, a_workflow, moment
from tests.integration.test_cli import run
from tests.kafka_server import KafkaServer
from tests.minio_server import ACCESS_KEY, SECRET_KEY, TOPIC, MinioServer
from tests.probed import started
from tests.waiting import comes_true

NODE = "w-1000001"


@pytest.fixture
def bucket(minio: MinioServer) -> str:
    return minio.new_bucket()


@pytest.fixture
def settings(tmp_path: Path, kafka: KafkaServer, minio: MinioServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What record and probe share: a store, a topic, and the credentials of the object store."""
    monkeypatch.setenv("LINEAGE_CONFIG", str(configured(tmp_path, kafka, minio)))
    return tmp_path


def configured(folder: Path, kafka: KafkaServer, minio: MinioServer, more: str = "") -> Path:
    config = folder / "config.toml"
    config.write_text(
        f'store = "sqlite:///{folder / "lineage.db"}"\nredaction_key = "{"0123456789abcdef" * 2}"\n'
        f'log = "kafka://{kafka.bootstrap}/{kafka.new_topic()}"\n'
        f'[[object_stores]]\nendpoint = "http://{minio.endpoint}"\nserves = ["minio.storage:9000"]\n'
        f'access_key = "{ACCESS_KEY}"\nsecret_key = "{SECRET_KEY}"\n{more}'
    )
    return config


def ran_just_now(bucket: str, *keys: str) -> KubernetesObject:
    """A workflow whose step has just ended, and uploaded its outputs before."""
    now = datetime.now(UTC).timestamp() - moment(0).timestamp()
    node = a_node("w.a", now - 30, now)
    s3 = {"endpoint": "minio.storage:9000", "bucket": bucket}
    node["outputs"]["artifacts"] = [{"name": key, "s3": {**s3, "key": key}} for key in keys]
    return a_workflow({NODE: node}, born=now - 40, phase="Succeeded")


def artifacts(folder: Path, *, written: bool = False) -> Mapping[str, Artifact]:
    """By name: all, or only those that steps wrote."""
    store = open_store(f"sqlite:///{folder / 'lineage.db'}")
    try:
        page = store.artifacts(EVERYTHING, Listing(), PageRequest(first=100))
        return {item.name: item for item in page.items if item.producer_key is not None or not written}
    finally:
        store.close()


def states(folder: Path, *, written: bool = False) -> Mapping[str, ArtifactState]:
    return {name: item.state for name, item in artifacts(folder, written=written).items()}


def test_what_a_file_of_metrics_says_is_a_metric_of_its_run(settings: Path, minio: MinioServer, bucket: str) -> None:
    files = {
        "mlpipeline-metrics": tar_gz({"m": b'{"metrics": [{"name": "auc", "numberValue": 0.9}, {"name": "9"}]}'}),
        "training_metrics.json": b'{"loss": [0.9, 0.5, NaN]}',
    }
    for key, data in files.items():
        minio.client().put_object(bucket, key, io.BytesIO(data), len(data))
    workflow = settings / "workflow.json"
    workflow.write_text(json.dumps(ran_just_now(bucket, *files)))
    assert run("ingest", str(workflow)).returncode == 0
    with started(settings / "record.log", "record") as recorder, started(settings / "probe.log", "probe") as prober:
        assert comes_true(lambda: {"auc", "loss"} <= metrics(settings).keys()), prober.logged()
        assert (prober.end(), recorder.end()) == (0, 0)
    assert metrics(settings)["auc"] == (0.9, None, 0)
    assert metrics(settings)["loss"] == (None, Special.NAN, 2)
    shown = run("artifact", f"s3://{bucket}/mlpipeline-metrics", "--json")
    assert b"is no name of a metric" in shown.stdout


def metrics(folder: Path) -> Mapping[str, tuple[float | None, Special | None, int]]:
    store = open_store(f"sqlite:///{folder / 'lineage.db'}")
    try:
        found = store.metrics_of_runs(EVERYTHING, [run_key("u1")]).get(run_key("u1"), ())
        return {one.name: (one.value, one.special, one.step) for one in found}
    finally:
        store.close()


def test_what_was_recorded_is_looked_at_soon_and_an_overwrite_is_seen(
    settings: Path, minio: MinioServer, bucket: str
) -> None:
    def put(key: str, data: bytes) -> None:
        minio.client().put_object(bucket, key, io.BytesIO(data), len(data))

    put("model", b"weights")
    put("table", b"a,b\n1,2\n")
    workflow = settings / "workflow.json"
    workflow.write_text(json.dumps(ran_just_now(bucket, "model", "table", "lost")))
    assert run("ingest", str(workflow)).returncode == 0
    with started(settings / "record.log", "record") as recorder, started(settings / "probe.log", "probe") as prober:
        there: dict[str, Any] = dict.fromkeys(("model", "table"), ArtifactState.PRESENT)
        assert comes_true(lambda: states(settings) == {**there, "lost": ArtifactState.MISSING}), prober.logged()
        model = artifacts(settings)["model"]
        assert (model.size_bytes, model.digest) == (7, model.content_digest)
        assert (prober.status("/healthz"), prober.status("/readyz")) == (200, 200)
        put("table", b"a,b\n1,3\n")
        code = run("verify", f"s3://{bucket}/table").returncode
        assert (prober.end(), recorder.end()) == (0, 0)
    assert code == 1
    assert states(settings)["table"] in (ArtifactState.CHANGED, ArtifactState.PRESENT)  # two writes of one name


# ------------------------------------------------------------------------------------------ events
@pytest.fixture(params=["by listening", "from Kafka"])
def told(
    request: pytest.FixtureRequest, tmp_path: Path, kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> tuple[MinioServer, str]:
    """A store that tells what changes, and a bucket of which it does."""
    minio: MinioServer
    if request.param == "by listening":
        minio = request.getfixturevalue("minio")
        bucket = minio.new_bucket()
        more = f'bucket = "{bucket}"\n'
    else:
        minio = request.getfixturevalue("notifying_minio")
        bucket = minio.new_bucket()
        minio.notify(bucket)
        more = f'events = "kafka://{kafka.bootstrap}/{TOPIC}"\n'
    monkeypatch.setenv("LINEAGE_CONFIG", str(configured(tmp_path, kafka, minio, more)))
    return minio, bucket


def test_what_is_overwritten_or_removed_is_seen_within_seconds_although_its_next_look_is_far(
    told: tuple[MinioServer, str], tmp_path: Path
) -> None:
    """The next look at what changed just now is due in an hour."""
    minio, bucket = told
    client = minio.client()

    def put(key: str, data: bytes) -> bool:
        client.put_object(bucket, key, io.BytesIO(data), len(data))
        return False

    def is_so(**expected: ArtifactState) -> bool:
        # MinIO since October 2025 holds back what it tells listeners until it has 4 KiB (`lineage.objectstore.minio`).
        put("of others", bytes(100))
        return states(tmp_path, written=True) == expected

    present, odd = ArtifactState.PRESENT, "a b/\u00fc+c&d%25/~x"
    for key in ("model", "table", f"{odd}/part-1"):
        put(key, b"as it was")
    workflow = tmp_path / "workflow.json"
    workflow.write_text(json.dumps(ran_just_now(bucket, "model", "table", odd)))
    assert run("ingest", str(workflow)).returncode == 0
    ended = time.monotonic()
    with started(tmp_path / "record.log", "record") as recorder, started(tmp_path / "probe.log", "probe") as prober:
        assert comes_true(lambda: is_so(model=present, table=present, **{odd: present})), prober.logged()
        assert comes_true(lambda: time.monotonic() - ended > 4)  # what is changed now is changed after the step
        assert comes_true(lambda: put("of others", b"") or prober.scraped("lineage_object_events_total") > 0)
        put("table", b"another")
        put(f"{odd}/part-1", b"another")
        client.remove_object(bucket, "model")
        changed = ArtifactState.CHANGED
        asked = time.monotonic()
        assert comes_true(lambda: is_so(model=ArtifactState.MISSING, table=changed, **{odd: changed})), (
            states(tmp_path, written=True),
            prober.logged(),
        )
        assert time.monotonic() - asked < 30
        assert prober.scraped("lineage_looks_hurried_total") >= 3
        assert prober.scraped("lineage_object_events_total") >= 3
        assert (prober.end(), recorder.end()) == (0, 0)
