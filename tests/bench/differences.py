"""Differences between two runs of a thousand steps: read from a store and compared, beside a limit, and beside reading
the same rows as they lie."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from lineage.identity import global_id, run_key
from lineage.ports import EVERYTHING
from lineage.store import SqlStore, migrate, open_store
from lineage_graphql import execute, saved_queries
from tests.bench.measuring import AtMost, Bench, Finding, Row, interleaved, seconds_of
from tests.factories import KubernetesObject, a_node, a_pod, a_workflow, record

STEPS: Final = 1_000
LIMIT_SECONDS: Final = 0.2
ROWS: Final = "SELECT body FROM execution UNION ALL SELECT body FROM pod UNION ALL SELECT body FROM kept_object"


def measure(bench: Bench) -> Iterator[Finding]:
    """Measure how long it takes to say what differs."""
    bench.say(f"differences: recording two runs of {STEPS:,} steps")
    file = bench.folder / "differences.db"
    store = runs_in(file)
    asked = {"base": global_id(run_key("u1")), "target": global_id(run_key("u2"))}
    bench.say(f"differences: of two runs of {STEPS:,} steps")
    took = interleaved(
        {
            "ours": partial(seconds_of, partial(difference, store, asked)),
            "floor": partial(seconds_of, partial(rows_in, file)),
        },
        bench.sizes.rounds,
    )
    what = f"difference of two runs of {STEPS:,} steps"
    yield Row(what=what, ours=took["ours"], beside="the limit", theirs=LIMIT_SECONDS, target=AtMost(1))
    yield Row(what=what, ours=took["ours"], beside="reading their rows", theirs=took["floor"])
    store.close()


def difference(store: SqlStore, asked: dict[str, str]) -> None:
    """Ask for the difference, as readers do. The one call that is measured."""
    answer = execute(store, EVERYTHING, saved_queries()["run-diff"].text, asked)
    assert [one["path"] for one in answer["data"]["runDiff"]["changes"]] == ["parameters[rate]"], answer


def rows_in(file: Path) -> int:
    """Read what is known of the two, as it lies in the database."""
    with closing(sqlite3.connect(file)) as connection:
        return len(connection.execute(ROWS).fetchall())


def runs_in(file: Path) -> SqlStore:
    """Record two runs that differ in an argument."""
    url = f"sqlite:///{file}"
    migrate(url)
    store = open_store(url)
    record(store, *a_run("u1", "first-abcdef", "0.1", born=0))
    record(store, *a_run("u2", "second-abcdef", "0.2", born=100_000))
    return store


def a_run(uid: str, name: str, rate: str, *, born: int) -> list[KubernetesObject]:
    """A run whose steps read what the one before wrote."""
    ids = [f"{name}-{1_000_000 + number}" for number in range(STEPS)]
    nodes = {
        node_id: a_node(
            f"{name}.step-{number}",
            born + number,
            born + number + 1,
            reads=[f"{name}/{number - 1}" if number else "raw/data"],
            writes=[f"{name}/{number}"],
            children=ids[number + 1 : number + 2],
            templateName="step",
        )
        for number, node_id in enumerate(ids)
    }
    for number, node in enumerate(nodes.values()):
        node["inputs"]["parameters"] = [{"name": "number", "value": str(number)}, {"name": "rate", "value": rate}]
    arguments = ["--number={{inputs.parameters.number}}", "--rate={{inputs.parameters.rate}}"]
    spec = {
        "entrypoint": "main",
        "arguments": {"parameters": [{"name": "rate", "value": rate}]},
        "templates": [{"name": "step", "container": {"image": "registry.example/step:1", "args": arguments}}],
    }
    workflow = a_workflow(nodes, uid=uid, name=name, born=born, phase="Succeeded", spec=spec)
    pods = [
        a_pod(f"{uid}-{number}", node_id, born + number, born + number + 1, owner=uid, workflow=name)
        for number, node_id in enumerate(ids)
    ]
    return [workflow, *pods]
