"""Pictures for a terminal: what a table and a tree say of runs."""

from typing import Any

import pytest
from rich.console import Console

from lineage.cli.pictures.cells import LONGEST_TEXT
from lineage.cli.pictures.deployments import pictures_of_deployments, table_of_deployments
from lineage.cli.pictures.runs import picture_of_run, table_of_runs
from lineage.ports import EVERYTHING
from lineage_graphql import execute, saved_queries
from tests.example import NIGHTLY, WEEKLY, example
from tests.fakes import FakeStore


def ask(name: str, **variables: Any) -> dict[str, Any]:
    answer = execute(FakeStore(example()), EVERYTHING, saved_queries()[name].text, variables)
    assert "errors" not in answer, answer["errors"]
    data: dict[str, Any] = answer["data"]
    return data


def printed(*shown: Any) -> list[str]:
    console = Console(width=200, color_system=None, file=None)
    with console.capture() as captured:
        console.print(*shown, sep="\n")
    return [line.rstrip() for line in captured.get().splitlines()]


def test_runs_are_a_table_with_the_newest_first() -> None:
    lines = printed(table_of_runs(ask("runs")["runs"]["nodes"]))
    assert lines[0].split("  ")[0] == "run"
    assert [line.split()[0] for line in lines[1:]] == [WEEKLY.display_name, NIGHTLY.display_name]
    assert "succeeded" in lines[2]
    assert "2026-11-14 08:00:00" in lines[2]
    assert "12m 34s" in lines[2]
    assert "train-churn" in lines[2]


def test_a_run_is_a_tree_of_its_steps_with_what_they_read_and_wrote() -> None:
    text = "\n".join(printed(*picture_of_run(ask("run-steps", id=NIGHTLY.id)["node"])))
    for expected in (
        NIGHTLY.id,
        "learning_rate = ",
        "recurring run",
        "api_key = (redacted)",
        "├── succeeded prepare",
        "failed train",
        "superseded",
        "attempt 2",
        "│   ├── after prepare",
        "← table  s3://",
        "→ model  s3://",
    ):
        assert expected in text


def test_a_run_of_which_no_step_was_seen_says_so() -> None:
    run = {**ask("run-steps", id=NIGHTLY.id)["node"], "executions": {"totalCount": 0, "nodes": []}}
    assert any("no step was seen" in line for line in printed(*picture_of_run(run)))


def test_a_value_that_is_too_long_is_cut() -> None:
    (run,) = [run for run in ask("runs")["runs"]["nodes"] if run["id"] == NIGHTLY.id]
    shown = "".join(printed(table_of_runs([{**run, "displayName": "x" * (LONGEST_TEXT + 1)}])))
    assert shown.count("x") < LONGEST_TEXT
    assert "…" in shown


@pytest.mark.parametrize("name", ["[red]x[/red]", "[/]", "a\x1b[31mb\x07\nc"])
def test_names_are_no_markup_and_steer_no_terminal(name: str) -> None:
    (run,) = [run for run in ask("runs")["runs"]["nodes"] if run["id"] == NIGHTLY.id]
    shown = "\n".join(printed(table_of_runs([{**run, "displayName": name}])))
    assert name.replace("\x1b", "?").replace("\x07", "?").replace("\n", " ") in shown
    assert "\x1b" not in shown


# ------------------------------------------------------------------------------------------ deployments
BEHIND = {
    "runs": [{"id": "r", "displayName": "churn-nightly-1"}],
    "data": [{"id": "a", "uri": "s3://churn/raw.csv"}],
    "complete": False,
    "reasons": ["some nodes may not be seen"],
}


def a_deployment(**more: Any) -> dict[str, Any]:
    (found,) = ask("deployments")["deployments"]["nodes"]
    return {**found, "behind": BEHIND, **more}


def test_deployments_are_a_table_with_the_write_that_each_serves() -> None:
    head, row = printed(table_of_deployments([a_deployment()]))
    assert head.split()[:3] == ["deployment", "namespace", "state"]
    assert row.split()[:4] == ["churn-endpoint", "churn", "ready", "churn-endpoint-00002"]
    for expected in (
        "s3://churn/nightly/model.tgz",
        "churn-nightly-1/train",
        "overwritten by churn-nightly-1/evaluate",
    ):
        assert expected in row
    (_, gone) = printed(table_of_deployments([a_deployment(inCluster=False, served=[])]))
    assert gone.split()[2] == "gone"


def test_a_deployment_is_told_with_all_that_it_served_and_what_is_behind_it() -> None:
    text = "\n".join(printed(*pictures_of_deployments([a_deployment(message="no such object")])))
    for expected in (
        "churn-endpoint, of the kind InferenceService",
        "ready since 2026-11-14 10:00:00",
        "no such object",
        "http://churn.example.com",
        "churn-nightly-1",
        "s3://churn/raw.csv",
        "not all of it: some nodes may not be seen",
        "nobody saw its spec",
        "100 %",
        "s3://churn/nightly/table.parquet (of equal content)",
        "overwritten by",
    ):
        assert expected in text
