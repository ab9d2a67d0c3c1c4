"""Runs as tables for other tools: every run is a row, its parameters and metrics are columns, numbers stay numbers."""

import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from typer.testing import CliRunner, Result

from lineage.cli import app
from lineage.cli.run_table import Columns, Content, content_of
from lineage.store import migrate, open_store
from tests.factories import a_workflow, record
from tests.training_run import Training

FIRST = Training(rate="0.1")
SECOND = Training(uid="u2", name="training-xyz99", born=5000, rate="2e-1", accuracy="0.8")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store that knows two runs of one pipeline."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'lineage.db'}"
    migrate(url)
    store = open_store(url)
    record(store, *FIRST.told(), *replace(SECOND).told())
    yield url
    store.close()


def export(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["export", "runs", *arguments, "--store", url], env={"COLUMNS": "200"})


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_run_is_a_row_with_its_parameters_and_metrics(url: str) -> None:
    done = export(url)
    assert done.exit_code == 0, done.stderr
    first, second = rows_of(done.stdout)
    assert (first["uid"], first["name"], first["pipeline"], first["phase"]) == (
        "u1",
        "training-abc12",
        "training",
        "SUCCEEDED",
    )
    assert [one["parameter.rate"] for one in (first, second)] == ["0.1", "2e-1"]
    assert float(second["metric.accuracy"]) == 0.8
    assert float(second["metric.duration_seconds"]) > 0
    assert first["started_at"] < second["started_at"]
    assert done.stderr.startswith("2 runs, ")


def test_parquet_says_the_same_with_numbers_and_times(url: str, tmp_path: Path) -> None:
    file = tmp_path / "runs.parquet"
    done = export(url, "-o", str(file))
    assert (done.exit_code, done.stdout) == (0, ""), done.stderr
    table = parquet.read_table(file)
    told = rows_of(export(url).stdout)
    assert table.column_names == list(told[0])
    assert table.column("parameter.rate").to_pylist() == [0.1, 0.2]
    assert table.column("started_at").to_pylist() == [_time(row["started_at"]) for row in told]
    assert table.column("metric.accuracy").to_pylist() == [float(row["metric.accuracy"]) for row in told]
    assert table.column("uid").to_pylist() == ["u1", "u2"]


def test_what_is_secret_has_no_value(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lineage.db'}"
    migrate(url)
    store = open_store(url)
    given = [{"name": "db_password", "value": "hunter2"}, {"name": "epochs", "value": "14"}]
    record(store, a_workflow(spec={"arguments": {"parameters": given}}))
    store.close()
    done = export(url)
    (row,) = rows_of(done.stdout)
    assert (row["parameter.db_password"], row["parameter.epochs"]) == ("", "14")
    assert "hunter2" not in done.stdout


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_runs_are_chosen_as_everywhere(url: str, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    assert export(url, "--pipeline", "training", "-o", str(file)).exit_code == 0
    assert file.read_text(encoding="utf-8") == export(url).stdout
    assert rows_of(export(url, "--namespace", "nowhere").stdout) == []
    assert "no pipeline nothing is recorded" in export(url, "--pipeline", "nothing").stderr
    assert export(url, "--pipeline", "training", "--namespace", "a").exit_code == 2


def test_parquet_goes_to_a_file_alone(url: str) -> None:
    done = export(url, "--format", "parquet")
    assert (done.exit_code, "name a file with -o" in done.stderr) == (2, True)


def test_a_file_that_cannot_be_written_is_an_error(url: str, tmp_path: Path) -> None:
    for name in ("runs.csv", "runs.parquet"):
        done = export(url, "-o", str(tmp_path / "nowhere" / name))
        assert (done.exit_code, "cannot be written" in done.stderr) == (1, True), done.stderr


def test_where_pyarrow_is_not_installed_it_says_what_to_do(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "lineage.cli.parquet", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = export(url, "-o", str(tmp_path / "runs.parquet"))
    assert done.exit_code == 1
    said = " ".join(done.stderr.split())
    for what in ("pip install 'kfp-lineage[parquet]'", "runs.csv)", "lineage export runs --url URL -o runs.parquet"):
        assert what in said


# ------------------------------------------------------------------------------------------ columns
@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("14", Content.INTEGER),
        ("-3", Content.INTEGER),
        ("0.08", Content.NUMBER),
        ("1e-5", Content.NUMBER),
        ("007", Content.TEXT),
        ("1_000", Content.TEXT),
        ("12345678901234567890", Content.TEXT),
        ("1e999", Content.TEXT),
        ("nan", Content.TEXT),
        ("", Content.TEXT),
        ("2026-01-05", Content.TEXT),
        ("１２", Content.TEXT),
    ],
)
def test_a_parameter_is_a_number_where_it_is_written_as_one(text: str, content: Content) -> None:
    assert content_of(text) is content


@given(st.lists(st.sampled_from(["1", "0.5", "x", None]), max_size=5))
def test_a_column_holds_the_widest_of_what_its_values_are(values: list[str | None]) -> None:
    columns = Columns()
    for value in values:
        columns.notice(_run(value))
    if not values:
        assert "parameter.a" not in columns.names
        return
    found = [content_of(value) for value in values if value is not None]
    assert columns.contents["parameter.a"] is (max(found) if found else Content.TEXT)


def _run(value: str | None) -> dict[str, Any]:
    return {"parameters": [{"name": "a", "value": value}], "metrics": [{"name": "m", "value": None}]}


def test_a_metric_that_was_never_a_number_is_no_column() -> None:
    columns = Columns()
    columns.notice(_run("1"))
    assert not [name for name in columns.names if name.startswith("metric.")]
