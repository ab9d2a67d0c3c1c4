"""Moving in from ML Metadata: stores that its own library wrote as Kubeflow writes them, read whichever way."""

import json
import sqlite3
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from lineage.errors import BadAnswer, ClusterError, InvalidSettings, ResourceAbsent
from lineage.identity import run_key
from lineage.model import Phase, Run
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store import open_store
from tests.factories import KubernetesObject, a_store, dumped
from tests.kubeflow import FIRST_ID, Held, Task
from tests.kubeflow import RUN as KNOWN_RUN
from tests.kubeflow import a_run as a_run_of
from tests.mariadb import MariaDb
from tests.mlmd_server import Artifact, MetadataStore, metadata_store
from watchers.mlmd import ServiceRecords
from watchers.mlmd_client import MetadataClient
from watchers.mlmd_records import Records, tasks_in
from watchers.mlmd_tables import NEWEST, MetadataTables
from watchers.moving_in import Accounting, Unreadable, moving_in

ALL: Final = PageRequest(first=100)


def filled(kept: MetadataStore) -> int:
    """Write two runs, the second of which takes over from the first, and what others keep there. Returns the id of the
    first one's task."""
    kept.run("first", namespace="a")
    root = kept.dag("first")
    scores = Artifact(uri="minio://b/scores", type="system.Metrics", said={"accuracy": 0.5, "is_final": True})
    model = Artifact(uri="minio://b/model", type="system.Model", said={"shape": {"list": [3, {"deep": "ü"}]}})
    train = kept.container("first", "train", parent=root, given={"rate": 0.1, "epochs": 3, "names": ["a", "b"]})
    made = kept.publish("first", train, parameters={"best": 0.5}, outputs={"scores": [scores], "model": [model]})
    judge = kept.container("first", "judge", parent=root, turn=0, inputs={"model": made["model"]})
    kept.publish("first", judge, state="FAILED")
    kept.run("second", namespace="b")
    taking = kept.container("second", "train", parent=kept.dag("second"), taken_from=train)
    kept.publish("second", taking, state="CACHED", parameters={"best": 0.5}, outputs=kept.outputs(train))
    kept.stranger("train-x7k2p")
    return train


@pytest.fixture(scope="module")
def file(mlmd: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in a file, of which a test takes a copy before it changes anything."""
    made = tmp_path_factory.mktemp("mlmd") / "metadata.sqlite"
    with metadata_store(mlmd, made) as kept:
        filled(kept)
    return made


@pytest.fixture
def copy(file: Path, tmp_path: Path) -> Path:
    made = tmp_path / "metadata.sqlite"
    made.write_bytes(file.read_bytes())
    return made


def tables(file: Path) -> MetadataTables:
    return MetadataTables(f"sqlite:///{file}")


def objects(records: Records) -> list[KubernetesObject]:
    return [tasks_in(records, context) for context in records.runs()]


# ------------------------------------------------------------------------------------------ one interpretation
def test_tables_and_service_say_the_same_of_the_same(mlmd: Path, file: Path) -> None:
    with metadata_store(mlmd, file) as kept:
        service = ServiceRecords(MetadataClient(kept.url))
        asked, read = objects(service), objects(tables(file))
        assert asked == read
        assert [one["metadata"] for one in read] == [
            {"uid": "first", "namespace": "a"},
            {"uid": "second", "namespace": "b"},
        ]
        assert service.census() == tables(file).census()
        service.close()


def test_tables_of_mysql_say_the_same(mlmd: Path, mariadb: MariaDb) -> None:
    url = mariadb.new_database()
    split = urlsplit(url)
    socket, name = parse_qs(split.query)["unix_socket"][0], split.path.strip("/")
    with metadata_store(mlmd, f"mysql:{socket}:{name}") as kept:
        filled(kept)
        service, read = ServiceRecords(MetadataClient(kept.url)), MetadataTables(url)
        assert objects(service) == objects(read)
        assert service.census() == read.census()
        service.close()
        read.close()


def test_what_is_imported_and_recorded_live_is_one_in_any_order(mlmd: Path, tmp_path: Path) -> None:
    file = tmp_path / "metadata.sqlite"
    with metadata_store(mlmd, file) as kept:
        kept.run(KNOWN_RUN)
        task = kept.container(KNOWN_RUN, "train", parent=kept.dag(KNOWN_RUN))
        service = ServiceRecords(MetadataClient(kept.url))
        early = objects(service)
        model = Artifact(uri="minio://mlpipeline/v2/model", type="system.Model")
        kept.publish(KNOWN_RUN, task, parameters={"best": 0.25}, outputs={"model": [model]})
        live = objects(service)
        service.close()
    written = {"model": Held(uri="minio://mlpipeline/v2/model", type="system.Model")}
    workflow = json.loads(
        json.dumps(a_run_of([Task(name="train", writes=written)], release="2.17")).replace(str(FIRST_ID), str(task))
    )
    story = [*early, *live, workflow, *objects(tables(file))]
    expected = dumped(a_store(*story, at_once=False))
    for told in permutations(story):
        assert dumped(a_store(*told, at_once=False)) == expected


# ------------------------------------------------------------------------------------------ what comes of it
def test_runs_that_nothing_else_speaks_of_are_what_ml_metadata_says(file: Path) -> None:
    store = a_store(*objects(tables(file)))
    runs = {run.uid: run for run in store.runs(EVERYTHING, Listing(), ALL).items}
    assert {uid: (run.namespace, run.phase) for uid, run in runs.items()} == {
        "first": ("a", Phase.FAILED),  # as its last task did
        "second": ("b", Phase.UNKNOWN),  # nobody wrote that it was over
    }
    steps = {(one.run_key[1], one.display_name): one for one in store.executions(EVERYTHING, Listing(), ALL).items}
    assert steps.keys() == {("first", "train"), ("first", "judge"), ("second", "train")}
    judge = steps["first", "judge"].key
    assert {(use.name, use.artifact.uri) for use in store.inputs(EVERYTHING, [judge])[judge]} == {
        ("model", "minio://b/model")
    }
    taken = steps["second", "train"].key
    assert store.cached_from(EVERYTHING, [taken])[taken].key == steps["first", "train"].key
    missing = store.completeness(EVERYTHING, [run_key("first")])[run_key("first")].missing
    assert "only ML Metadata told of it" in missing
    origins = {one.source for one in store.views(EVERYTHING, [run_key("first")])[run_key("first")].origins}
    assert origins == {"mlmd_tasks"}
    assert store.raw(EVERYTHING, [run_key("first")])[run_key("first")]["kind"] == "Tasks"


def test_everything_is_accounted_for(file: Path) -> None:
    records, accounting = tables(file), Accounting()
    for found in moving_in(records):
        assert not isinstance(found, Unreadable)
        accounting.take(found)
    account = accounting.settle(records.census())
    assert (account.read["contexts"], account.recorded["contexts"]) == (4, 2)
    assert (account.read["executions"], account.recorded["executions"]) == (7, 5)
    assert (account.read["artifacts"], account.recorded["artifacts"]) == (2, 2)
    assert (account.read["events"], account.recorded["events"]) == (5, 5)
    assert {(one.what, one.kind, one.count) for one in account.left_out} == {
        ("contexts", "system.Pipeline", 1),
        ("contexts", "KfpRun", 1),
        ("executions", "pipeline.Component", 2),
    }


# ------------------------------------------------------------------------------------------ the command
def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "lineage", "import", "mlmd", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_repetition_changes_nothing_and_a_dry_run_records_nothing(file: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    url, into = f"sqlite:///{file}", ["--store", f"sqlite:///{store}"]
    counted = run(url, "--dry-run", "--json", *into)
    assert counted.returncode == 0, counted.stderr
    assert not store.exists()
    dumps = []
    for _ in range(2):
        done = run(url, "--json", *into)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["recorded"] == json.loads(counted.stdout)["recorded"]
        opened = open_store(f"sqlite:///{store}")
        dumps.append(list(opened.dump(EVERYTHING)))
        assert isinstance(opened.get(EVERYTHING, [run_key("first")])[run_key("first")], Run)
        opened.close()
    assert dumps[0] == dumps[1]


def test_it_is_said_in_plain_words_what_was_read_and_what_was_left_out(file: Path, tmp_path: Path) -> None:
    done = run(f"sqlite:///{file}", "--store", f"sqlite:///{tmp_path / 'store.db'}")
    assert done.returncode == 0, done.stderr
    assert "contexts of type KfpRun" in done.stdout
    assert "lineage backfill" in done.stdout


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("sqlite:////nowhere/metadata.sqlite", 2, "there is no file"),
        ("postgresql://host/name", 2, "names no store of ML Metadata"),
        ("grpc://", 2, "grpc"),
    ],
)
def test_what_is_no_store_is_refused(tmp_path: Path, url: str, code: int, words: str) -> None:
    done = run(url, "--dry-run", "--store", f"sqlite:///{tmp_path / 'store.db'}")
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


# ------------------------------------------------------------------------------------------ hostile and foreign rows
def changed(file: Path, *statements: str) -> MetadataTables:
    with sqlite3.connect(file) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return tables(file)


@pytest.mark.parametrize("version", [1, NEWEST + 1])
def test_another_version_of_the_schema_is_told(copy: Path, version: int) -> None:
    with pytest.raises(BadAnswer, match=f"version {version} of the schema"):
        changed(copy, f"UPDATE MLMDEnv SET schema_version = {version}").census()


def test_older_schemas_lack_columns_that_nobody_needs(copy: Path) -> None:
    older = [f"ALTER TABLE {one}Property DROP COLUMN bool_value" for one in ("Artifact", "Execution", "Context")]
    before = objects(tables(copy))
    assert objects(changed(copy, *older, "UPDATE MLMDEnv SET schema_version = 8")) == before


def test_a_database_of_something_else_is_told(tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite"
    with pytest.raises(ResourceAbsent, match="holds no ML Metadata"):
        changed(file, "CREATE TABLE t (x INT)").census()
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(ClusterError, match="no database of SQLite"):
        tables(file).census()
    with pytest.raises(InvalidSettings, match="no file"):
        tables(tmp_path)


def test_the_file_is_never_written(copy: Path) -> None:
    copy.chmod(0o400)
    before = copy.read_bytes()
    objects(tables(copy))
    assert copy.read_bytes() == before
    assert list(copy.parent.iterdir()) == [copy]


HOSTILE: Final = (
    "UPDATE ExecutionProperty SET string_value = 'mlmd-struct::garbage' WHERE name = 'inputs'",
    "UPDATE ExecutionProperty SET string_value = x'ff00fe' WHERE name = 'task_name'",
    "UPDATE Execution SET last_known_state = 'none', type_id = 4711",
    "UPDATE Execution SET create_time_since_epoch = 9223372036854775807",
    "UPDATE Artifact SET uri = NULL",
    "UPDATE Event SET artifact_id = artifact_id + 9999",
    "UPDATE Event SET type = type + 77",
    "DELETE FROM EventPath",
    "DELETE FROM Artifact",
    "DELETE FROM Type",
)


@pytest.mark.parametrize("statement", HOSTILE)
def test_hostile_rows_are_set_aside_and_the_rest_is_recorded(copy: Path, tmp_path: Path, statement: str) -> None:
    changed(copy, statement).close()
    done = run(f"sqlite:///{copy}", "--json", "--store", f"sqlite:///{tmp_path / 'store.db'}")
    assert done.returncode in (0, 3), done.stderr
    assert "Traceback" not in done.stderr
    account: dict[str, Any] = json.loads(done.stdout)
    for what, read in account["read"].items():
        left = sum(one["count"] for one in account["leftOut"] if one["what"] == what)
        assert account["recorded"][what] + left >= read


def test_many_runs_are_read_a_page_after_another(copy: Path) -> None:
    (kind,) = sqlite3.connect(copy).execute("SELECT id FROM Type WHERE name = 'system.PipelineRun'").fetchone()
    rows = [f"INSERT INTO Context (type_id, name) VALUES ({kind}, 'r{number}')" for number in range(1203)]
    assert len(list(changed(copy, *rows).runs())) == 1205
