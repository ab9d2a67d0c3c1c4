"""Pictures for a terminal: what a table and a tree say of runs."""

from typing import Any

import pytest
from rich.console import Console

from lineage.cli.pictures import LONGEST_TEXT, picture_of_run, table_of_runs
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
