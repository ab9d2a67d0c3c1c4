"""`lineage logs`, as users meet it: what steps said, out of a folder and out of a real MinIO."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_cli import STARTED, as_lines, run, workflow
from tests.minio_server import ACCESS_KEY, SECRET_KEY, MinioServer
from tests.told import tell_the_story

FAILED = "churn-training-t8r2d"
RETRIED = "churn-training-hl9ft"
LOG = b"begins\n\xff\x00\x1b[31mnot a text\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the demo's story, and its objects as they lay at the end."""
    tell_the_story(tmp_path, monkeypatch)
    return tmp_path


def attempts(name: str) -> list[dict[str, Any]]:
    """The attempts at a step of the run that was retried, in their order."""
    question = (
        '{ executions(where: { displayName: { eq: "%s" } }, first: 20) { nodes { id run { name } superseded } } }'
    )
    found: list[dict[str, Any]] = json.loads(run("query", question % name).stdout)["data"]["executions"]["nodes"]
    return [one for one in found if one["run"]["name"] == RETRIED]


def file_of(place: Path, step: str) -> Path:
    (file,) = place.glob(f"objects/*/{FAILED}/{FAILED}-{step}-*/main.log")
    return file


# ------------------------------------------------------------------------------------------ what is printed
def test_a_log_is_printed_as_it_lies_there_byte_by_byte(place: Path) -> None:
    file_of(place, "validate").write_bytes(LOG)
    done = run("logs", f"{FAILED}/validate")
    assert (done.returncode, done.stdout, done.stderr) == (0, LOG, b"")


def test_the_log_of_a_demo_tells_how_the_step_ended(place: Path) -> None:
    assert run("logs", f"{FAILED}/validate").stdout.splitlines()[-1].endswith(b"Error (exit code 1)")


def test_a_step_is_named_by_its_id_too(place: Path) -> None:
    (current,) = [one["id"] for one in attempts("train(0)") if not one["superseded"]]
    said = run("logs", current)
    assert said.stdout == run("logs", f"{RETRIED}/train(0)").stdout != b""
    assert said.stderr == b""


def test_of_a_step_that_was_retried_by_hand_it_is_the_newest_attempt(place: Path) -> None:
    assert b"done" in run("logs", f"{RETRIED}/train(0)").stdout


def test_where_a_later_attempt_wrote_to_the_same_place_that_is_said(place: Path) -> None:
    (first,) = [one["id"] for one in attempts("train(0)") if one["superseded"]]
    done = run("logs", first)
    assert done.returncode == 0
    assert b"written again later" in done.stderr


def test_of_several_steps_with_one_template_each_is_named(place: Path) -> None:
    done = run("logs", "demand-forecast-5vk7t/forecast")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"forecast(0:" in done.stderr


def test_what_is_logged_is_recorded_nowhere(place: Path) -> None:
    file_of(place, "validate").write_bytes(b"a-password-in-a-log")
    before = run("dump").stdout
    assert run("logs", f"{FAILED}/validate").stdout == b"a-password-in-a-log"
    assert run("dump").stdout == before
    assert b"a-password-in-a-log" not in (place / "lineage.db").read_bytes()


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(place: Path) -> None:
    with file_of(place, "validate").open("wb") as file:
        file.truncate(2**24)
    command = [sys.executable, "-m", "lineage", "logs", f"{FAILED}/validate"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1) == b"\0"
        process.stdout.close()
        assert process.stderr.read() == b""


def peak_bytes(*arguments: str) -> int:
    """Run the program, and say how much memory it took at most."""
    process = subprocess.Popen([sys.executable, "-m", "lineage", *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_maxrss * 1024


def test_a_log_of_any_length_takes_little_memory(place: Path) -> None:
    short = peak_bytes("logs", f"{FAILED}/validate")
    with file_of(place, "validate").open("wb") as file:
        file.truncate(2**29)
    assert peak_bytes("logs", f"{FAILED}/validate") < short + 2**24


# ------------------------------------------------------------------------------------------ what is not there
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nothing"], b"name it as RUN/STEP"),
        (["nothing/train"], b"no run with the id, uid or name nothing is recorded"),
        ([f"{FAILED}/nothing"], b"has no step nothing: `lineage show churn-training-t8r2d` shows its steps"),
        ([f"{FAILED}/features"], b"Argo archives logs where `archiveLogs: true` is set"),
        (
            [f"{FAILED}/validate", "--container", "init"],
            b"no log of the container init is archived: there is one of main",
        ),
        (["WyJSdW4iLCJ4Il0"], b"no execution with the id WyJSdW4iLCJ4Il0 is recorded"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_there_is_no_log_of_is_said_in_one_line(place: Path, arguments: list[str], reason: bytes) -> None:
    done = run("logs", *arguments)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, b"", 1)
    assert reason in done.stderr


def test_a_log_that_was_archived_and_is_gone_is_told_so(place: Path) -> None:
    file_of(place, "validate").unlink()
    done = run("logs", f"{FAILED}/validate")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"is not there any more" in done.stderr


def test_without_an_object_store_it_is_said_where_the_log_lies_and_where_to_name_one(place: Path) -> None:
    config = place / "config.toml"
    config.write_text(config.read_text().partition("[[")[0])
    done = run("logs", f"{FAILED}/validate")
    assert done.returncode == 2
    assert b"main.log" in done.stderr
    assert b"no object store is configured for s3://ml-artifacts at minio.storage:9000" in done.stderr
    assert b"[[object_stores]]" in done.stderr


# ------------------------------------------------------------------------------------------ a real object store
@pytest.fixture
def bucket(minio: MinioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket of a real store, to which one step of a workflow archived what its containers said."""
    name = minio.new_bucket()
    configure(tmp_path, minio, monkeypatch, SECRET_KEY)
    step = workflow("nightly")
    step["status"]["nodes"]["nightly"]["outputs"] = {
        "artifacts": [archived(minio, name, container) for container in ("main", "init", "proxy")]
    }
    assert run("ingest", "-", stdin=as_lines(step)).returncode == 0
    for container in ("main", "init"):
        said = f"{container} said this at {STARTED}\n".encode() * 100_000
        minio.client().put_object(name, f"nightly/{container}.log", io.BytesIO(said), len(said))
    return name


def configure(folder: Path, minio: MinioServer, monkeypatch: pytest.MonkeyPatch, secret_key: str) -> None:
    config = folder / "config.toml"
    config.write_text(
        f'store = "sqlite:///{folder / "lineage.db"}"\n[[object_stores]]\nendpoint = "http://{minio.endpoint}"\n'
        f'access_key = "{ACCESS_KEY}"\nsecret_key = "{secret_key}"\n'
    )
    monkeypatch.setenv("LINEAGE_CONFIG", str(config))


def archived(minio: MinioServer, bucket: str, container: str) -> Mapping[str, Any]:
    where = {"endpoint": minio.endpoint, "insecure": True, "bucket": bucket, "key": f"nightly/{container}.log"}
    return {"name": f"{container}-logs", "s3": where}


def test_each_container_has_its_log(bucket: str) -> None:
    for arguments, said in [
        ((), b"main said"),
        (("--container", "init"), b"init said"),
        (("-c", "init"), b"init said"),
    ]:
        done = run("logs", "nightly/nightly", *arguments)
        assert (done.returncode, done.stderr, done.stdout.count(said)) == (0, b"", 100_000)


def test_a_log_that_the_store_does_not_have_is_told_so(bucket: str) -> None:
    done = run("logs", "nightly/nightly", "--container", "proxy")
    assert (done.returncode, done.stdout) == (1, b"")
    assert f"s3://{bucket}/nightly/proxy.log".encode() in done.stderr


def test_a_store_that_refuses_is_told_so(
    bucket: str, minio: MinioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, minio, monkeypatch, "another-key")
    done = run("logs", "nightly/nightly")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, b"", 1)
    assert b"another-key" not in done.stderr
