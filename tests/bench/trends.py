"""How metrics move over the runs of a pipeline: the last points with parameters, read through the store, beside the
statement that reads the same from the same tables, and beside MLflow, which is asked for the same runs; and what is
said of them, beside limits."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from lineage.identity import pipeline_key
from lineage.ports import EVERYTHING, Condition, Operator
from lineage.store import SqlStore, migrate, open_store
from lineage.trending import Question, trends
from tests.bench.measuring import AtLeast, AtMost, Bench, Finding, Row, Skipped, interleaved, seconds_of
from tests.bench.peers import Missing, asked, installed
from tests.factories import CLUSTER, NAMESPACE, RECORDED_AT, KubernetesObject, a_node, a_workflow, record, rfc3339

LENGTHS: Final = (100, 1_000, 10_000)
AT_ONCE: Final = 500
PEER: Final = "mlflow_peer.py"
STEPS: Final = (2_500, 5_000, 8_000)
"""The runs with which the level of the metric becomes another."""
METRICS: Final = 200
REPORTED_RUNS: Final = 1_000
PARAMETERS: Final = ("rate", "depth", "seed", "rows", "loss")
PIPELINE: Final = pipeline_key(CLUSTER, NAMESPACE, "nightly")
OF_PIPELINE: Final = Condition(field="pipeline", operator=Operator.EQ, value=PIPELINE)
BARE: Final = """
WITH chosen AS (
    SELECT run.id, run.key, coalesce(run.scheduled_at, run.started_at, run.created_at) AS at, metric.value
    FROM pipeline
    JOIN pipeline_version ON pipeline_version.pipeline_id = pipeline.id
    JOIN run ON run.pipeline_version_id = pipeline_version.id
    JOIN metric ON metric.run_id = run.id AND metric.name = 'accuracy'
    WHERE pipeline.name = 'nightly' ORDER BY at DESC, run.key DESC LIMIT ?
)
SELECT chosen.id, chosen.key, chosen.at, chosen.value, run_parameter.name, run_parameter.value
FROM chosen JOIN run_parameter ON run_parameter.run_id = chosen.id
"""


def measure(bench: Bench) -> Iterator[Finding]:
    """Measure reading the last points of a series."""
    file = bench.folder / "trends.db"
    bench.say(f"trends: recording {LENGTHS[-1]:,} runs")
    with closing(runs_in(file)) as store:
        for length in LENGTHS:
            bench.say(f"trends: the last {length:,} points")
            times = max(1, 1_000 // length)
            took = interleaved(
                {
                    "ours": partial(seconds_of, partial(points, store, length), times),
                    "floor": partial(seconds_of, partial(bare, file, length), times),
                },
                bench.sizes.rounds,
            )
            yield Row(
                what=f"the last {length:,} points with parameters, SQLite",
                ours=took["ours"],
                beside="the bare statement",
                theirs=took["floor"],
                target=AtMost(1.7),
            )
        yield from _beside_mlflow(bench, store)
        bench.say("trends: a long series with shifts")
        yield Row(
            what=f"a series of {LENGTHS[-1]:,} points with {len(STEPS)} shifts",
            ours=min(seconds_of(partial(series, store)) for _ in range(2)),
            beside="the limit",
            theirs=1.5,
            target=AtMost(1),
        )

    file = bench.folder / "many-metrics.db"
    bench.say(f"trends: recording {REPORTED_RUNS:,} runs of {METRICS} metrics")
    with closing(runs_in(file, runs=REPORTED_RUNS, metrics=METRICS)) as store:
        bench.say(f"trends: a report over {METRICS} metrics")
        yield Row(
            what=f"trends of {METRICS} metrics over {REPORTED_RUNS:,} runs",
            ours=min(seconds_of(partial(report, store)) for _ in range(2)),
            beside="the limit",
            theirs=10,
            target=AtMost(1),
        )


def _beside_mlflow(bench: Bench, store: SqlStore) -> Iterator[Finding]:
    bench.say("mlflow: installing")
    try:
        python = installed("mlflow", imports="from mlflow.tracking import MlflowClient")
    except Missing as missing:
        yield Skipped("mlflow", str(missing))
        return
    bench.say("mlflow: recording the same runs")
    found = store.trend_points(EVERYTHING, ["accuracy"], OF_PIPELINE, task=None, last=LENGTHS[-1], parameters=True)
    workload, theirs = bench.folder / "mlflow.json", bench.folder / "mlflow.db"
    runs = [(str(one.run_key[1]), int(one.at.timestamp()), one.value, one.parameters) for one in found["accuracy"]]
    workload.write_text(json.dumps(runs))
    asked(python, PEER, "record", workload, theirs)
    for length in LENGTHS:
        bench.say(f"mlflow: the last {length:,} runs")
        took = interleaved(
            {
                "ours": partial(seconds_of, partial(points, store, length), max(1, 1_000 // length)),
                "theirs": partial(_searched, python, length, theirs),
            },
            bench.sizes.rounds,
        )
        yield Row(
            what=f"the last {length:,} points with parameters, SQLite",
            ours=took["ours"],
            beside="MLflow: search_runs",
            theirs=took["theirs"],
            target=AtLeast(40),
            of_speed=True,
        )


def _searched(python: Path, length: int, file: Path) -> float:
    answer = asked(python, PEER, "search", length, file)
    assert answer["found"] == length, f"MLflow finds {answer['found']} runs of {length}"
    return float(answer["seconds"])


def series(store: SqlStore) -> None:
    """Say how a long series moves, with its shifts and what may have done them."""
    (trend,) = trends(store, EVERYTHING, _question(LENGTHS[-1]), ["accuracy"])
    assert len(trend.points) == LENGTHS[-1]
    assert len(trend.shifts) == len(STEPS)


def report(store: SqlStore) -> None:
    """Say how all metrics of a pipeline move."""
    names = store.metric_names(EVERYTHING, OF_PIPELINE)
    assert len(trends(store, EVERYTHING, _question(REPORTED_RUNS), names)) == METRICS


def _question(last: int) -> Question:
    return Question(where=OF_PIPELINE, last=last, now=RECORDED_AT)


def points(store: SqlStore, length: int) -> None:
    """Read the last points, as a trend does."""
    found = store.trend_points(EVERYTHING, ["accuracy"], OF_PIPELINE, task=None, last=length, parameters=True)[
        "accuracy"
    ]
    assert len(found) == length
    assert len(found[0].parameters) == len(PARAMETERS)


def bare(file: Path, length: int) -> None:
    """Read the same, run by run, with nothing around it."""
    found: dict[int, tuple[str, int, float, dict[str, str]]] = {}
    with closing(sqlite3.connect(file)) as connection:
        for run, key, at, value, name, text in connection.execute(BARE, (length,)):
            if run not in found:
                found[run] = (key, at, value, {})
            found[run][3][name] = text
    assert len(found) == length


def runs_in(file: Path, *, runs: int = LENGTHS[-1], metrics: int = 1) -> SqlStore:
    """Record the runs of a pipeline, each with parameters and metrics."""
    url = f"sqlite:///{file}"
    migrate(url)
    store = open_store(url)
    noise = Random(1)
    for start in range(0, runs, AT_ONCE):
        record(store, *(a_run(number, metrics, noise) for number in range(start, min(start + AT_ONCE, runs))))
    return store


def a_run(number: int, metrics: int, noise: Random) -> KubernetesObject:
    """A run of one step, whose metrics shift now and then."""
    name, born = f"nightly-{number}", 100_000 + 60 * number
    node = a_node(f"{name}.train", born, born + 30, templateName="train")
    level = 0.9 + 0.05 * sum(number >= step for step in STEPS)
    names = ["accuracy", *(f"m{each}_loss" for each in range(1, metrics))]
    node["outputs"]["parameters"] = [
        {"name": each, "value": f"{level + noise.gauss(0, 0.01) if each == 'accuracy' else noise.random():.6f}"}
        for each in names
    ]
    return a_workflow(
        {f"{name}-1": node},
        uid=f"u{number}",
        name=name,
        born=born,
        phase="Succeeded",
        startedAt=rfc3339(born),
        finishedAt=rfc3339(born + 40),
        metadata={"generateName": "nightly-"},
        spec={
            "entrypoint": "train",
            "arguments": {"parameters": [{"name": each, "value": str(number)} for each in PARAMETERS]},
            "templates": [{"name": "train", "container": {"image": "registry.example/train:1"}}],
        },
    )
