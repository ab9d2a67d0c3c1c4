"""Audits of a run of a thousand steps: all of it, beside a limit and beside the reading alone."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from lineage.audit import DEFAULT, audit
from lineage.auditing import audit_evidence
from lineage.gathering import dossier
from lineage.identity import run_key
from lineage.observation import LocationLooked
from lineage.ports import EVERYTHING
from lineage.store import SqlStore, migrate, open_store
from tests.bench.measuring import AtMost, Bench, Finding, Row, interleaved, seconds_of
from tests.factories import RECORDED_AT, KubernetesObject, a_node, a_pod, a_workflow, looked, record

STEPS: Final = 1_000
LIMIT_SECONDS: Final = 0.3
RUN: Final = run_key("u1")


def measure(bench: Bench) -> Iterator[Finding]:
    """Measure how long an audit takes, from the question to its verdicts."""
    bench.say(f"audits: a run of {STEPS:,} steps")
    url = f"sqlite:///{bench.folder / 'audits.db'}"
    migrate(url)
    store = open_store(url)
    record(store, a_run(), *pods(), *looks())
    while store.settle(limit=10):
        pass
    took = interleaved(
        {
            "ours": partial(seconds_of, partial(audited, store)),
            "floor": partial(seconds_of, partial(dossier, store, EVERYTHING, RUN)),
        },
        bench.sizes.rounds,
    )
    what = f"audit of a run of {STEPS:,} steps on SQLite"
    yield Row(what=what, ours=took["ours"], beside="the limit", theirs=LIMIT_SECONDS, target=AtMost(1))
    yield Row(what=what, ours=took["ours"], beside="reading all of it alone", theirs=took["floor"])


def audited(store: SqlStore) -> None:
    evidence = audit_evidence(store, EVERYTHING, RUN, as_of=RECORDED_AT)
    assert evidence is not None
    audit(evidence, DEFAULT)


def a_run() -> KubernetesObject:
    """Each step reads an object from outside, and writes one."""
    container = {"name": "main", "image": "registry.example/step:1", "command": ["python", "-m", "step"]}
    nodes = {
        _node(at): a_node(f"w.s{at}", 10 + at, 20 + at, reads=[f"in/{at}"], writes=[f"out/{at}"], templateName="t")
        for at in range(STEPS)
    }
    spec = {"entrypoint": "t", "templates": [{"name": "t", "container": container}]}
    return a_workflow(nodes, spec=spec, phase="Succeeded", metadata={"generateName": "w-"})


def pods() -> Iterator[KubernetesObject]:
    yield from (a_pod(f"p{at}", _node(at), 10 + at, 20 + at) for at in range(STEPS))


def _node(at: int) -> str:
    return f"w-{1_000_001 + at}"


def looks() -> Iterator[LocationLooked]:
    """A look at each of these objects."""
    for at in range(STEPS):
        yield looked(f"in/{at}", modified=5, at=4000)
        yield looked(f"out/{at}", modified=19 + at, at=4000)
