"""`lineage report` in one process: what is asked, how it is written, and where to."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lineage.cli import app
from lineage.store import migrate, open_store
from tests.contract.test_copies import a_copy, writes
from tests.factories import record


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store in which a model was written twice, copied and read."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'lineage.db'}"
    migrate(url)
    store = open_store(url)
    record(store, *a_copy(), writes("u3", 300, "made"))
    yield url
    store.close()


def report(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", *arguments, "--store", url], env={"COLUMNS": "300"})


def test_a_report_is_a_page_unless_asked_otherwise(url: str) -> None:
    found = report(url, "provenance", "u1/main/x0")
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith("<!doctype html>")
    assert "<h1>u1/main/x0: where it came from</h1>" in found.stdout


@pytest.mark.parametrize(
    ("name", "start"), [("a.html", "<!doctype"), ("a.HTM", "<!doctype"), ("a.md", "# "), ("a.json", "{")]
)
def test_the_name_of_a_file_says_how_to_write(url: str, tmp_path: Path, name: str, start: str) -> None:
    file = tmp_path / name
    found = report(url, "provenance", "u1", "-o", str(file))
    assert (found.exit_code, found.stdout) == (0, "")
    assert file.read_text(encoding="utf-8").startswith(start)


def test_what_is_asked_for_wins_over_the_name(url: str, tmp_path: Path) -> None:
    file = tmp_path / "a.html"
    assert report(url, "provenance", "u1", "--format", "md", "-o", str(file)).exit_code == 0
    assert file.read_text(encoding="utf-8").startswith("# ")


def test_a_name_that_says_nothing_is_an_error(url: str, tmp_path: Path) -> None:
    found = report(url, "provenance", "u1", "-o", str(tmp_path / "report"))
    assert found.exit_code == 2
    assert "give --format html, md or json" in found.stderr


def test_a_file_that_cannot_be_written_is_an_error(url: str, tmp_path: Path) -> None:
    found = report(url, "provenance", "u1", "-o", str(tmp_path / "nowhere" / "a.html"))
    assert found.exit_code == 1
    assert "cannot be written: No such file or directory" in found.stderr


@pytest.mark.parametrize(
    ("flags", "title"),
    [
        ((), "where it came from"),
        (("--up",), "where it came from"),
        (("--down",), "what came of it"),
        (("--up", "--down"), "where it came from, and what came of it"),
    ],
)
def test_both_ways_can_be_gone(url: str, flags: tuple[str, ...], title: str) -> None:
    assert report(url, "provenance", "u1/main/x0", *flags, "--format", "md").stdout.startswith(
        f"# u1/main/x0: {title}\n"
    )


def test_json_is_the_answer_of_graphql(url: str) -> None:
    graph = json.loads(report(url, "provenance", "u1", "--format", "json").stdout)
    assert {"nodes", "edges", "complete", "reasons", "frontier"} <= graph.keys()


def test_what_is_cut_off_is_said_in_the_report_and_beside_it(url: str) -> None:
    found = report(url, "provenance", "u1/main/x0", "--down", "--depth", "0", "--format", "md")
    assert "NOT COMPLETE" in found.stdout
    assert found.stderr.startswith("Not all of it: ")


def test_two_runs_are_compared(url: str) -> None:
    found = report(url, "diff", "u1", "u3", "--format", "md")
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith("# u1 and u3: what differs\n")
    assert json.loads(report(url, "diff", "u1", "u3", "--format", "json").stdout)["base"]["uid"] == "u1"


def test_a_run_is_audited_by_a_policy_as_of_a_date(url: str) -> None:
    asked = ("audit", "u1", "--as-of", "2026-01-31", "--policy", "code")
    found = report(url, *asked, "--format", "md")
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith("# u1: audit\n")
    assert "- as of (UTC): 2026-01-31 00:00:00\n" in found.stdout
    assert "<code>code 1 sha256:" in found.stdout
    assert report(url, *asked, "--format", "md").stdout == found.stdout
    assert len(json.loads(report(url, *asked, "--format", "json").stdout)["checks"]) > 40


def test_a_run_that_is_not_there_says_what_to_do(url: str) -> None:
    found = report(url, "diff", "u1", "nothing")
    assert found.exit_code == 1
    assert "`lineage runs` lists them" in found.stderr


def test_the_same_question_has_the_same_bytes(url: str) -> None:
    assert report(url, "provenance", "u1").stdout == report(url, "provenance", "u1").stdout
