"""`lineage verify` and `lineage artifact`, as users meet them: a folder of objects that is tampered with."""

import json
import os
from pathlib import Path

import pytest

from tests.integration.test_cli import run
from tests.told import tell_the_story

MODEL = "s3://ml-artifacts/models/churn/model.tgz"
CUSTOMERS = "s3://ml-artifacts/reference/customers.tgz"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the demo's story, and its objects as they lay at the end."""
    tell_the_story(tmp_path, monkeypatch)
    return tmp_path


def verified(*which: str) -> tuple[int, dict[str, int]]:
    """The exit code, and how many artifacts are in which state."""
    done = run("verify", *which, "--json")
    return done.returncode, json.loads(done.stdout)["states"]


def test_what_is_there_and_as_it_was_is_well(place: Path) -> None:
    assert verified(CUSTOMERS) == (0, {"PRESENT": 1})


def test_what_is_deleted_is_missing_until_it_is_restored(place: Path) -> None:
    file = place / "objects/ml-artifacts/reference/customers.tgz"
    assert verified(CUSTOMERS)[0] == 0
    away = file.rename(file.with_suffix(".away"))
    assert verified(CUSTOMERS) == (1, {"MISSING": 1})
    away.rename(file)
    assert verified(CUSTOMERS) == (0, {"PRESENT": 1})


def test_one_byte_that_differs_is_found_though_size_and_time_are_the_same(place: Path) -> None:
    file = place / "objects/ml-artifacts/reference/customers.tgz"
    assert verified(CUSTOMERS)[0] == 0
    data, times = bytearray(file.read_bytes()), file.stat()
    data[-1] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert verified(CUSTOMERS) == (1, {"CHANGED": 1})


def test_of_a_path_that_is_overwritten_the_last_write_is_there(place: Path) -> None:
    code, states = verified(MODEL)
    assert code == 1
    assert (states["PRESENT"], set(states)) == (1, {"PRESENT", "CHANGED"})
    found = json.loads(run("artifact", MODEL, "--json").stdout)
    assert [one["state"] for one in found][:2] == ["PRESENT", "CHANGED"]
    assert found[0]["history"]["nodes"][0]["evidence"] == "its bytes were read"


def test_a_run_is_verified_by_its_name(place: Path) -> None:
    code, states = verified("churn-training-t8r2d")
    assert (code, states["PRESENT"] > 1) == (0, True)


def test_everything_is_verified_unless_it_is_said_what(place: Path) -> None:
    code, states = verified()
    assert (code, states["MISSING"], states["PRESENT"] > 100) == (1, 3, True)  # one was lost, and two Argo removed
    said = run("verify")
    assert b"missing" in said.stdout
    assert b"3 missing" in said.stderr


def test_what_nobody_looked_at_says_so(place: Path) -> None:
    assert b"nobody has looked at it" in run("artifact", CUSTOMERS).stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("verify", "nothing-of-the-kind"), b"no run with the id, uid or name nothing-of-the-kind"),
        (("artifact", "s3://b/nothing"), b"no artifact with the uri or id s3://b/nothing"),
    ],
)
def test_what_is_not_recorded_is_told(place: Path, arguments: tuple[str, ...], reason: bytes) -> None:
    done = run(*arguments)
    assert (done.returncode, reason in done.stderr) == (1, True)


def test_without_an_object_store_it_is_said_where_to_name_one(place: Path) -> None:
    config = place / "config.toml"
    config.write_text(config.read_text().partition("[[")[0])
    done = run("verify")
    assert (done.returncode, b"[[object_stores]]" in done.stderr) == (2, True)
