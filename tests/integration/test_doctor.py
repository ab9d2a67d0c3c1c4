"""`lineage doctor` with everything there that it looks at, with what may go wrong with it, and with nothing at all."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from lineage.eventlog.kafka import access_of, prepare
from lineage.store import Progress, migrate
from tests.argo_tables import ArgoTables
from tests.factories import a_workflow
from tests.kafka_server import KafkaServer
from tests.kubeflow_server import kubeflow_server
from tests.kubernetes_server import NOBODY, KubernetesServer
from tests.minio_server import ACCESS_KEY, SECRET_KEY, MinioServer
from tests.oidc_provider import a_key, oidc_provider
from tests.old_stores import migrate_at_rest
from tests.postgresql import Server

SECONDS = 120
BASIC_USER = {  # what whoever has a name may do in every cluster
    "metadata": {"name": "system:basic-user"},
    "rules": [
        {"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"], "verbs": ["create"]},
    ],
}
OF_EVERYBODY = {
    "metadata": {"name": "system:basic-user"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:basic-user"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"}],
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with nothing yet."""
    for name in [name for name in os.environ if name.startswith("LINEAGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))


def examined(*arguments: str, **environment: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """What it finds, by part."""
    done = subprocess.run(
        [sys.executable, "-m", "lineage", "doctor", "--json", *arguments],
        env=os.environ | environment,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(done.stdout)["findings"]:
        found.setdefault(one["part"], []).append(one)
    return done.returncode, found


def states(found: list[dict[str, Any]]) -> set[str]:
    return {one["state"] for one in found}


def test_where_nothing_is_set_up_nothing_is_wrong() -> None:
    code, found = examined()
    assert code == 0
    assert {part for part, told in found.items() if states(told) != {"UNUSED"}} == {"settings"}
    assert "lineage ingest" in found["store"][0]["says"]


def test_where_everything_is_there_all_of_it_is_well(
    postgresql: Server, kafka: KafkaServer, minio: MinioServer, kubernetes: KubernetesServer, tmp_path: Path
) -> None:
    topic, bucket = kafka.new_topic(), minio.new_bucket()
    prepare(access_of(f"kafka://{kafka.bootstrap}/{topic}"))
    stores = [
        {"endpoint": f"http://{minio.endpoint}", "bucket": name, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        for name in (bucket, "of-nobody")
    ]
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rules]]\nname = "failures"\nkind = "failed-run"\n')
    with kubeflow_server() as kubeflow, oidc_provider(tmp_path) as provider:
        provider.start([a_key("first")])
        code, found = examined(
            LINEAGE_STORE=postgresql.new_database(),
            LINEAGE_LOG=f"kafka://{kafka.bootstrap}/{topic}",
            LINEAGE_OBJECT_STORES=json.dumps(stores),
            LINEAGE_REDACTION_KEY="key",
            LINEAGE_KFP_API=kubeflow.url,
            LINEAGE_ACCESS="kubernetes,oidc",
            LINEAGE_OIDC_ISSUER=provider.issuer,
            LINEAGE_OIDC_AUDIENCE="lineage",
            KUBECONFIG=str(kubernetes.kubeconfig()),
        )
    for part in ("settings", "redaction key", "store", "log", "access", "Kubeflow's API"):
        assert states(found[part]) == {"OK"}, found[part]
    says = [one["says"] for one in found["cluster"]]
    assert "workflows in all namespaces may be watched" in says
    assert any(one.startswith("not installed there: ") and "pytorchjobs" in one for one in says)
    assert {one["state"]: one["says"] for one in found["object stores"]}.keys() == {"OK", "PROBLEM"}
    (missing,) = [one for one in found["object stores"] if one["state"] == "PROBLEM"]
    assert "of-nobody" in missing["says"]
    assert code == 1


def test_what_is_wrong_is_told_with_what_to_do(kubernetes: KubernetesServer, tmp_path: Path) -> None:
    key = tmp_path / "data" / "kfp-lineage" / "redaction.key"
    key.parent.mkdir(parents=True)
    key.write_bytes(b"k" * 32)
    key.chmod(0o644)
    file = tmp_path / "lineage.db"
    migrate(f"sqlite:///{file}")
    kubernetes.give_rights(tokens={}, clusterRoles=[BASIC_USER], clusterRoleBindings=[OF_EVERYBODY])
    code, found = examined(
        LINEAGE_STORE=f"sqlite:///{file}",
        LINEAGE_STORR="misspelt",
        LINEAGE_LOG="kafka://127.0.0.1:1/lineage",
        LINEAGE_KFP_API="http://127.0.0.1:1",
        LINEAGE_ACCESS="kubernetes",
        KUBECONFIG=str(kubernetes.kubeconfig(NOBODY)),
    )
    assert code == 1
    wrong = {part: [one for one in told if one["state"] in ("PROBLEM", "WARNING")] for part, told in found.items()}
    assert "LINEAGE_STORR" in wrong["settings"][0]["says"]
    assert wrong["redaction key"][0]["remedy"] == f"chmod 600 {key}"
    assert states(wrong["log"]) == states(wrong["Kubeflow's API"]) == {"PROBLEM"}
    assert "deploy/base/rbac.yaml" in wrong["cluster"][0]["remedy"]
    assert len(wrong["access"]) == 2
    assert all("deploy/optional/access" in one["remedy"] for one in wrong["access"])
    assert states(found["store"]) == {"OK"}


def test_what_argo_keeps_is_looked_at(postgresql: Server) -> None:
    with closing(ArgoTables(postgresql.new_database(migrated=False))) as tables:
        named = {"LINEAGE_ARGO_ARCHIVE": tables.url, "LINEAGE_ARGO_DATABASE": tables.url}
        _, empty = examined(**named)
        tables.archive(a_workflow(phase="Succeeded"))
        _, told = examined(**named, LINEAGE_ARGO_NODES_TABLE="elsewhere")
    assert states(empty["Argo's archive"]) == {"WARNING"}
    assert states(empty["offloaded nodes"]) == states(told["Argo's archive"]) == {"OK"}
    assert "argo_nodes_table" in told["offloaded nodes"][0]["remedy"]


def test_a_store_of_an_older_release_is_to_be_migrated(tmp_path: Path) -> None:
    file = tmp_path / "lineage.db"
    migrate(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    code, found = examined("--store", f"sqlite:///{file}")
    assert (code, found["store"][0]["state"], found["store"][0]["remedy"]) == (1, "PROBLEM", "lineage migrate")


def test_a_store_of_a_newer_release_is_for_that(tmp_path: Path) -> None:
    file = tmp_path / "lineage.db"
    migrate(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    _, found = examined("--store", f"sqlite:///{file}")
    assert "the release that has migrated it" in found["store"][0]["remedy"]


def test_an_upgrade_that_was_interrupted_is_named(postgresql: Server) -> None:
    url = postgresql.new_database(migrated=False)
    migrate_at_rest(url, "0010")

    def interrupt(progress: Progress) -> None:
        if "alert" in progress.says:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(url, interrupt)
    _, found = examined("--store", url)
    assert [(one["state"], one["remedy"]) for one in found["store"]] == [
        ("PROBLEM", "lineage migrate"),
        ("WARNING", "lineage migrate, which goes on with it"),
    ]


def test_warnings_fail_where_that_is_asked_for() -> None:
    assert examined(LINEAGE_STORR="x")[0] == 0
    assert examined("--strict", LINEAGE_STORR="x")[0] == 1


class InThePast(BaseHTTPRequestHandler):
    """An object store that is there, has none of our objects, and whose clock was never set."""

    def do_HEAD(self) -> None:
        self.send_response_only(404)
        self.send_header("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.send_header("x-minio-error-code", "NoSuchKey")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_a_clock_of_an_object_store_that_is_wrong_is_told() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), InThePast) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        store = {"endpoint": f"http://127.0.0.1:{server.server_port}", "bucket": "models"}
        code, found = examined(LINEAGE_OBJECT_STORES=json.dumps([store]))
        server.shutdown()
    assert code == 0
    looked, clock = found["object stores"]
    assert (looked["state"], clock["state"]) == ("OK", "WARNING")
    assert "behind that of this machine" in clock["says"]
    assert "time server" in clock["remedy"]
