"""How a metric moves over the runs of a pipeline, with their parameters: read through the store, beside the statement
that reads the same from the same tables, and beside MLflow's `search_runs` on the same runs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from lineage.identity import pipeline_key
from lineage.ports import EVERYTHING, Condition, Operator
from lineage.store import SqlStore, migrate, open_store
from tests.bench.measuring import AtMost, Bench, Finding, Row, interleaved, seconds_of
from tests.factories import CLUSTER, NAMESPACE, KubernetesObject, a_node, a_workflow, record, rfc3339

LENGTHS: Final = (100, 1_000, 10_000)
AT_ONCE: Final = 500
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


def runs_in(file: Path) -> SqlStore:
    """Record the runs of a pipeline, each with parameters and a metric."""
    url = f"sqlite:///{file}"
    migrate(url)
    store = open_store(url)
    for start in range(0, LENGTHS[-1], AT_ONCE):
        record(store, *map(a_run, range(start, start + AT_ONCE)))
    return store


def a_run(number: int) -> KubernetesObject:
    """A run of one step."""
    name, born = f"nightly-{number}", 100_000 + 60 * number
    node = a_node(f"{name}.train", born, born + 30, templateName="train")
    node["outputs"]["parameters"] = [{"name": "accuracy", "value": str(0.9 + number % 7 / 100)}]
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
