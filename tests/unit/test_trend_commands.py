"""How metrics move, as the commands tell it: of which runs is asked, how it is written, and what makes them fail."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from lineage.cli import app, blame, report, scopes, trend, trending
from lineage.cli.pictures.trends import pictures_of_trends
from lineage.cli.terminal import print_answer
from lineage.identity import global_id, pipeline_key, recurring_run_key
from tests.trending import Answers, a_point, a_regression, a_run, a_shift, a_suspect, a_trend

OF = ("--pipeline", "churn-training")
STEADY = a_trend([0.91, 0.9, 0.92], metric="f1", verdict="STEADY")
WORSE = a_regression()


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """What is answered instead of a store: a metric that became worse, until a test says otherwise."""
    found = Answers(WORSE)
    for module in (trend, blame, report):
        monkeypatch.setattr(module, "open_ask", lambda store, url: lambda text, values: {})
    for asking in (scopes, trending):
        monkeypatch.setattr(asking, "ask_saved", lambda ask, name, values: found(name, values))
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments], env={"COLUMNS": "200"})


def plain(text: str) -> str:
    """A text without the breaks of a line that a terminal makes."""
    return " ".join(text.split())


# ------------------------------------------------------------------------------------------ of which runs
@pytest.mark.parametrize(
    ("flags", "scope"),
    [
        (OF, {"pipeline": "Pipeline:churn-training"}),
        (("--experiment", "tuning"), {"experiment": "Experiment:tuning"}),
        (("--recurring-run", "nightly"), {"recurringRun": "RecurringRun:nightly"}),
        (("--namespace", "team-b"), {"namespace": "team-b"}),
        (
            ("--pipeline", global_id(pipeline_key("c", "a", "p"))),
            {"pipeline": global_id(pipeline_key("c", "a", "p"))},
        ),
    ],
)
def test_runs_are_named_in_four_ways(answers: Answers, flags: tuple[str, ...], scope: dict[str, str]) -> None:
    assert run("trend", "accuracy", *flags, "--task", "train", "--last", "7").exit_code == 0
    values = {"metrics": ["accuracy"], "scope": scope, "task": "train", "by": None, "last": 7, "directions": None}
    assert answers.asked[-1] == ("metric-trends", values)


@pytest.mark.parametrize("command", [("trend", "accuracy"), ("blame", "accuracy"), ("report", "trends")])
@pytest.mark.parametrize("flags", [(), (*OF, "--namespace", "team-a")])
def test_exactly_one_of_them_is_given(answers: Answers, command: tuple[str, ...], flags: tuple[str, ...]) -> None:
    done = run(*command, *flags)
    assert done.exit_code == 2
    assert "give one of --pipeline, --experiment, --recurring-run or --namespace" in plain(done.stderr)
    assert answers.asked == []


def test_a_name_that_nothing_bears_says_what_to_do(answers: Answers) -> None:
    done = run("trend", "accuracy", "--experiment", "nobody")
    assert done.exit_code == 1
    assert "no experiment nobody is recorded: `lineage query experiments` lists those that are" in plain(done.stderr)
    assert [name for name, _ in answers.asked] == ["experiments"]


def test_a_name_that_several_bear_says_which(answers: Answers) -> None:
    answers.named["pipelines"] = [{**answers.named["pipelines"][0], "id": id} for id in ("one", "two")]
    done = run("trend", "accuracy", *OF)
    assert done.exit_code == 1
    assert "one (in team-a of default), two (in team-a of default)" in plain(done.stderr)


def test_an_id_of_something_else_is_refused(answers: Answers) -> None:
    done = run("trend", "accuracy", "--pipeline", global_id(recurring_run_key("u1")))
    assert done.exit_code == 2
    assert "is the id of a RecurringRun: --pipeline takes that of a Pipeline" in plain(done.stderr)
    assert answers.asked == []


@pytest.mark.parametrize("none", [[], [a_trend([])]])
def test_a_metric_that_nobody_knows_is_said(answers: Answers, none: Any) -> None:
    answers.trends = none
    done = run("trend", "acuracy", *OF)
    assert done.exit_code == 1
    assert "no value of the metric acuracy is known of pipeline churn-training" in plain(done.stderr)


# ------------------------------------------------------------------------------------------ for the terminal
def test_a_trend_is_a_chart_with_what_is_usual_and_its_shifts(answers: Answers) -> None:
    done = run("trend", "accuracy", *OF)
    assert done.exit_code == 0, done.stderr
    for expected in (
        "0.90 ┤",
        "missed slot",
        "verdict",
        "0.872, −0.004667 since the one before",
        "40, from 0.861 to 0.9153, 2 missing, 1 slot missed",
        "shift 1: regression −4.2 %, 0.912 → 0.874, 3.2 standard deviations, p 0.001",
        "between nightly-24 and nightly-25, 2026-11-26 02:00:00 UTC",
        "anywhere from nightly-24 to nightly-26",
        "registry.example/train@sha256:aaaaaaaaaaaa…",
        "train: containers[main].image",
        "parameters[rate]",
        "A run with the new image of train and the old rate 0.08.",
        "warning: The values depend on those before them",
    ):
        assert expected in done.stdout


def test_suspects_are_ranked_with_what_is_not_tracked_among_them(answers: Answers) -> None:
    suspects = [a_suspect("parameters[a]", 0.2), a_suspect("parameters[b]", 0.5)]
    answers.trends = [a_trend([1.0, 2.0], shifts=[a_shift(1, 1.0, 2.0, suspects=suspects, notTracked=0.3)])]
    lines = run("blame", "accuracy", *OF).stdout.splitlines()
    ranked = [line.split()[:2] for line in lines if " % " in line and not line.startswith("shift")]
    assert ranked == [["50", "%"], ["30", "%"], ["20", "%"]]
    assert "not tracked" in next(line for line in lines if "30 %" in line)


def test_a_series_is_shown_for_each_value_of_a_parameter(answers: Answers) -> None:
    answers.trends = [a_trend([1.0], split={"parameter": "seed", "value": value}) for value in ("1", "2")]
    done = run("trend", "accuracy", *OF, "--by", "seed")
    assert answers.asked[-1][1]["by"] == "seed"
    assert "accuracy, seed = 1" in done.stdout
    assert "accuracy, seed = 2" in done.stdout


@pytest.mark.parametrize("name", ["[red]x[/red]", "a\x1b[31mb\n"])
def test_names_are_no_markup_and_steer_no_terminal(answers: Answers, name: str) -> None:
    hostile = {**a_run(1), "displayName": name, "startedAt": None}
    suspect = a_suspect(name, 0.5, before=name, step=name)
    shift = a_shift(1, 1.0, 2.0, suspects=[suspect]) | {"before": hostile, "after": hostile}
    answers.trends = [a_trend([1.0, 2.0], metric=name, shifts=[shift], warnings=[name])]
    done = run("trend", "accuracy", *OF)
    assert name.replace("\x1b", "?").replace("\n", " ").strip() in done.stdout
    assert "\x1b" not in done.stdout


def test_the_last_shift_is_blamed_unless_all_are_asked_for(answers: Answers) -> None:
    shifts = [a_shift(1, 3.0, 2.0), a_shift(3, 2.0, 1.0)]
    answers.trends = [a_trend([3.0, 2.0, 2.0, 1.0], shifts=shifts)]
    last = run("blame", "accuracy", *OF).stdout
    assert "shift 2: regression −50.0 %" in last
    assert "shift 1" not in last
    assert "1 earlier; --all shows them" in last
    every = run("blame", "accuracy", *OF, "--all").stdout
    assert every.index("shift 2") < every.index("shift 1")
    told = [json.loads(run("blame", "accuracy", *OF, "--json", *more).stdout) for more in ([], ["--all"])]
    assert [[shift["medianAfter"] for shift in one["shifts"]] for one in told] == [[1.0], [2.0, 1.0]]


def test_where_nothing_shifted_nobody_is_blamed(answers: Answers) -> None:
    answers.trends = [STEADY]
    assert "no shift of its level is confirmed: steady" in run("blame", "f1", *OF).stdout


def test_a_terminal_that_knows_ascii_alone_loses_no_minus(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(printed, encoding="ascii", write_through=True))
    print_answer(*pictures_of_trends([WORSE]))
    text = printed.getvalue().decode("ascii")
    assert "v regression -4.2 %" in text
    assert "0.872, -0.004667 since the one before" in text
    assert "0.912 -> 0.874" in text


# ------------------------------------------------------------------------------------------ other forms
def test_csv_json_and_the_picture_show_the_same_points(answers: Answers) -> None:
    rows = list(csv.DictReader(io.StringIO(run("trend", "accuracy", *OF, "--format", "csv").stdout)))
    found = json.loads(run("trend", "accuracy", *OF, "--format", "json").stdout)
    picture = ET.fromstring(run("trend", "accuracy", *OF, "--format", "svg").stdout)  # noqa: S314 - ours
    assert found == WORSE
    assert [(row["run_id"], float(row["value"]), row["slot"]) for row in rows] == [
        (point["run"]["id"], point["value"], point["scheduledAt"]) for point in found["points"]
    ]
    assert [row["run"] for row in rows if row["cached"] == "true"] == ["nightly-6", "nightly-7", "nightly-30"]
    titles = [title.text or "" for title in picture.iter("{http://www.w3.org/2000/svg}title")]
    drawn = [text.split("\n")[1].split(",")[0] for text in titles if text.startswith("accuracy 0.")]
    assert sorted(drawn) == sorted(row["run"] for row in rows)


def test_csv_of_several_series_says_of_which_each_row_is(answers: Answers) -> None:
    split = {"parameter": "seed", "value": "2"}
    by_hand = a_point(1, 2.0, scheduledAt=None, execution={"id": "e", "displayName": "train"})
    answers.trends = [a_trend([1.0], task="train"), a_trend([], task="train", split=split, points=[by_hand])]
    done = run("trend", "accuracy", *OF, "--by", "seed", "--format", "csv")
    first, second = csv.DictReader(io.StringIO(done.stdout))
    assert (first["task"], first["parameter_value"], first["execution"]) == ("train", "", "")
    assert (second["parameter"], second["parameter_value"], second["execution"]) == ("seed", "2", "train")
    assert second["slot"] == second["at"]


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.html", "<!doctype"),
        ("a.md", "# accuracy of pipeline churn-training: how it moves\n"),
        ("a.svg", "<svg"),
        ("a.csv", "metric,task,"),
        ("a.json", "{"),
        ("a.txt", "accuracy\n"),
    ],
)
def test_the_name_of_a_file_says_how_to_write(answers: Answers, tmp_path: Path, name: str, start: str) -> None:
    done = run("trend", "accuracy", *OF, "-o", str(tmp_path / name))
    assert (done.exit_code, done.stdout) == (0, "")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_a_name_that_says_nothing_is_an_error(answers: Answers, tmp_path: Path) -> None:
    done = run("trend", "accuracy", *OF, "-o", str(tmp_path / "trend"))
    assert done.exit_code == 2
    assert "give --format" in done.stderr
    assert answers.asked == []


def test_a_report_of_all_metrics_keeps_their_order_and_leads_from_points_to_runs(answers: Answers) -> None:
    answers.trends = [WORSE, STEADY]
    page = run("report", "trends", *OF, "--last", "40").stdout
    assert answers.asked[-1] == (
        "metric-trends",
        {"scope": {"pipeline": "Pipeline:churn-training"}, "last": 40, "directions": None},
    )
    assert "<h1>pipeline churn-training: how its metrics move</h1>" in page
    assert page.index(">accuracy<") < page.index(">f1<")
    links = re.findall(r'<a href="#(run-\d+)"><title>', page)
    assert len(links) == 43
    assert set(links) <= set(re.findall(r'<tr id="(run-\d+)">', page))
    assert json.loads(run("report", "trends", *OF, "--format", "json").stdout) == [WORSE, STEADY]


def test_a_report_of_nothing_is_an_error(answers: Answers) -> None:
    answers.trends = []
    done = run("report", "trends", *OF)
    assert (done.exit_code, "no metric of pipeline churn-training is known" in done.stderr) == (1, True)


# ------------------------------------------------------------------------------------------ regressions
def test_a_regression_fails_where_that_is_asked_for_and_says_why(answers: Answers) -> None:
    assert run("trend", "accuracy", *OF).exit_code == 0
    done = run("trend", "accuracy", *OF, "--format", "csv", "--fail-on-regression")
    assert done.exit_code == 1
    assert done.stdout.startswith("metric,"), "it is written all the same"
    assert "accuracy went from 0.912 to 0.874 (−4.2 %) with nightly-25: a regression" in plain(done.stderr)


def test_a_last_value_that_is_out_of_the_usual_is_a_regression_too(answers: Answers) -> None:
    summary = {**WORSE["summary"], "latest": 0.5, "median": 0.91, "zScore": -9.0}
    answers.trends = [{**WORSE, "shifts": [], "summary": summary}]
    done = run("trend", "accuracy", *OF, "--fail-on-regression")
    assert done.exit_code == 1
    assert "accuracy is 0.5, usually 0.91, −9 robust standard deviations away: a regression" in plain(done.stderr)


def test_what_is_no_regression_does_not_fail(answers: Answers) -> None:
    answers.trends = [STEADY, {**STEADY, "verdict": "IMPROVEMENT"}, {**STEADY, "verdict": "UNKNOWN"}]
    assert run("trend", "f1", *OF, "--by", "seed", "--fail-on-regression").exit_code == 0


def test_an_early_warning_and_the_noise_are_told(answers: Answers) -> None:
    alarm = {"since": a_run(2), "at": "2026-11-03T02:00:03Z", "rises": False, "runsBetweenFalse": 465}
    noise = {"deviation": 0.01, "groups": 3, "count": 12, "detectable": 0.0177}
    answers.trends = [{**STEADY, "alarm": alarm, "noise": noise}]
    told = plain(run("trend", "f1", *OF).output)
    assert "early warning since nightly-2 values run lower than before, which nothing confirms yet" in told
    assert "once in some 465 runs" in told
    assert "12 runs that ran the same lie 0.01 apart" in told
    assert "a change of 0.0177 would show" in told
    answers.trends = [STEADY]
    assert "early warning" not in run("trend", "f1", *OF).output
