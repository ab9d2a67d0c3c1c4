"""What all tests share: where the recorded objects are, and that nothing is skipped where it counts.

Tests that need recorded objects are skipped, with the reason, where there are none; with CI=true every skip
is a failure.
"""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:  # what few tests need, and what takes its time to be imported
    from playwright.sync_api import Browser

    from tests.minio_server import MinioServer

from tests import mariadb as mariadb_server
from tests.kafka_server import KafkaServer, kafka_server
from tests.kubernetes_server import KubernetesServer, kubernetes_server
from tests.mariadb import MariaDb
from tests.postgresql import Server, binaries, server
from tests.servers.install import installed
from watchers.timeline import WORKFLOWS

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

FIXTURES_VARIABLE = "LINEAGE_FIXTURES"
ROOT = Path(__file__).resolve().parent.parent


def fixtures_folder() -> Path:
    """Say where recorded objects are: beside the checkout, or where LINEAGE_FIXTURES says."""
    return Path(os.environ.get(FIXTURES_VARIABLE) or ROOT.parent / "shared" / "fixtures")


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder of recorded objects."""
    folder = fixtures_folder()
    if not folder.is_dir():
        pytest.skip(f"there are no recorded objects in {folder}: set {FIXTURES_VARIABLE} to a folder of them")
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own."""
    with server(_installed()) as running:
        yield running


@pytest.fixture
def own_postgresql() -> Iterator[Server]:
    """A server that a test may kill."""
    with server(_installed()) as running:
        yield running


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    """A MariaDB server of the tests' own."""
    if not mariadb_server.is_installed():
        pytest.skip("there is no MariaDB server to start: install Debian's package mariadb-server")
    with mariadb_server.mariadb() as running:
        yield running


def _installed() -> Path:
    folder = binaries()
    if folder is None:
        pytest.skip("there is no PostgreSQL server to start: install Debian's package postgresql")
    return folder


@pytest.fixture(scope="session")
def kubernetes(fixtures: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesServer]:
    """A Kubernetes API server of the tests' own that knows Workflows. Take a namespace of your own in it."""
    with kubernetes_server(_made("kubernetes"), tmp_path_factory.mktemp("kubernetes")) as running:
        running.define(WORKFLOWS, fixtures / "crds" / "argo-workflows-full.yaml")
        yield running


@pytest.fixture
def own_kubernetes(tmp_path: Path) -> Iterator[KubernetesServer]:
    """One of the test's own, which knows nothing yet: what is defined in the other is seen in its answers."""
    with kubernetes_server(_made("kubernetes"), tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A Kafka broker of the tests' own. Take a topic of your own in it."""
    with kafka_server(_made("kafka"), tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[KafkaServer]:
    """A broker that a test may kill."""
    folder = tmp_path / "kafka"
    folder.mkdir()
    with kafka_server(_made("kafka"), folder) as running:
        yield running


@pytest.fixture(scope="session")
def secure_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A broker behind TLS and SASL."""
    with kafka_server(_made("kafka"), tmp_path_factory.mktemp("secure-kafka"), secure=True) as running:
        yield running


@pytest.fixture(scope="session")
def mlmd() -> Path:
    """Where ml-metadata is installed, to be put on the path of a process of its own."""
    return _made("mlmd")


@pytest.fixture(scope="session")
def kfp_1() -> Path:
    """Where the SDK of Kubeflow Pipelines v1 is."""
    return _made("kfp-1")


@pytest.fixture(scope="session")
def changepoints() -> Path:
    """Where Apache Otava and ruptures are, to be put on the path of a process of its own."""
    return _made("changepoints")


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator["MinioServer"]:
    """A MinIO server of the tests' own. Take a bucket of your own in it."""
    from tests.minio_server import minio_server

    with minio_server(_made("minio"), tmp_path_factory.mktemp("minio")) as running:
        yield running


@pytest.fixture(scope="session")
def notifying_minio(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator["MinioServer"]:
    """A MinIO server that tells what changes to the topic TOPIC of the Kafka broker, of buckets that ask for it."""
    from lineage.eventlog.kafka import access_of, prepare
    from tests.minio_server import TOPIC, minio_server

    prepare(access_of(f"kafka://{kafka.bootstrap}/{TOPIC}"))
    to = (kafka.bootstrap, TOPIC)
    with minio_server(_made("minio"), tmp_path_factory.mktemp("notifying-minio"), topic=to) as running:
        yield running


@pytest.fixture
def own_minio(tmp_path: Path) -> Iterator["MinioServer"]:
    """A server whose disk a test may damage."""
    from tests.minio_server import minio_server

    with minio_server(_made("minio"), tmp_path) as running:
        yield running


def _made(name: str) -> Path:
    folder = installed(name)
    if folder is None:
        pytest.skip(f"there is no server to start: make servers ({name})")
    return folder


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests away from the settings, the store and the key of whoever runs them."""
    for variable in [name for name in os.environ if name.startswith("LINEAGE_") and name != FIXTURES_VARIABLE]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Let no test decide how another logs."""
    yield
    structlog.reset_defaults()


# ------------------------------------------------------------------------------------------ no skips with CI=true
def _is_strict() -> bool:
    return os.environ.get("CI") == "true"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _is_strict() and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and with CI=true nothing may be: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if _is_strict() and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, and with CI=true nothing may be: {report.longrepr}"
    return report


@pytest.fixture(scope="module")
def started() -> "Iterator[Browser]":
    """A browser that is running."""
    from tests.visits import chromium  # few tests need it, and it takes its time to be imported

    with chromium() as running:
        yield running
