"""ml-metadata beside us: the same executions recorded, and the same closures.

It needs older versions of what we need (protobuf 4, attrs 23), so it lives in an environment of its own
(`tests.bench.peers`). Its SQLite is embedded as ours, with its own settings: a rollback journal, and
a commit that reaches the disk.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from lineage.identity import Key
from lineage.model import Artifact, Direction
from lineage.ports import EVERYTHING
from lineage.store import SqlStore, migrate, open_store
from tests.bench import workload
from tests.bench.closures import WAYS, closure, lanes, root_of
from tests.bench.measuring import AtLeast, Bench, Finding, Row, Skipped, interleaved, seconds_of
from tests.bench.peers import Missing, asked, installed
from tests.bench.recording import BATCH, Batches, facts_in_batches, store_on
from tests.factories import RECORDED_AT

PEER: Final = "mlmd_peer.py"
IMPORTS: Final = "from ml_metadata.metadata_store import metadata_store"
PYTHONS: Final = (sys.executable, "python3.11", "python3.10", "python3.9")  # it has wheels for none that is newer
CLOSURE: Final = 10_000
TIMES: Final = {Direction.UPSTREAM: 20, Direction.DOWNSTREAM: 8}


def measure(bench: Bench) -> Iterator[Finding]:
    """Measure recording and closures, or say why not."""
    bench.say("ml-metadata: installing")
    try:
        python = installed("mlmd", imports=IMPORTS, pythons=PYTHONS)
    except Missing as missing:
        yield Skipped("ml-metadata", str(missing))
        return
    yield from _recording(bench, python)
    yield from _closures(bench, python)


def _recording(bench: Bench, python: Path) -> Iterator[Finding]:
    """Each as it is used: the peer is called once an execution, and has no call for several but those of one run; our
    recorder takes from the log what is there, up to a batch. Beside it, as a peer would, a transaction an event."""
    bench.say("ml-metadata: recording")
    runs = range(bench.sizes.live_runs)
    handed_over = _handed_over(bench.folder / "live.json", runs)
    events = list(workload.live(runs))
    batches, alone = facts_in_batches(events, BATCH), facts_in_batches(events, 1)

    def ours(batches: Batches, synchronous: str) -> float:
        for old in bench.folder.glob("beside-mlmd.db*"):
            old.unlink()
        file = bench.folder / "beside-mlmd.db"
        migrate(f"sqlite:///{file}")
        with closing(store_on(file, synchronous=synchronous)) as store:
            return seconds_of(lambda: [store.apply(facts, recorded_at=RECORDED_AT) for facts in batches])

    def peer(how: str) -> float:
        return float(asked(python, PEER, "record", how, handed_over, bench.folder / "peer.db")["seconds"])

    took = interleaved(
        {
            "batches": lambda: ours(batches, "NORMAL"),
            "batches, FULL": lambda: ours(batches, "FULL"),
            "alone": lambda: ours(alone, "NORMAL"),
            "alone, FULL": lambda: ours(alone, "FULL"),
            "put": lambda: peer("put"),
            "kubeflow": lambda: peer("kubeflow"),
            "subgraph": lambda: peer("subgraph"),
        },
        bench.sizes.rounds,
    )
    each = {name: seconds / workload.count(runs) for name, seconds in took.items()}
    put = "ml-metadata: put_execution"
    for of, what, target in (
        ("batches", f"SQLite: runs one after another, batches of {BATCH}", AtLeast(6)),
        ("batches, FULL", "  the same, synchronous FULL", AtLeast(4)),
        ("alone", "  a transaction an event", None),
        ("alone, FULL", "  a transaction an event, synchronous FULL", None),
    ):
        yield Row(what=what, ours=each[of], beside=put, theirs=each["put"], target=target, of_speed=True)
    for how, beside in (("kubeflow", "as Kubeflow calls it"), ("subgraph", "put_lineage_subgraph, once a run")):
        yield Row(
            what=f"SQLite: runs one after another, batches of {BATCH}",
            ours=each["batches"],
            beside=f"ml-metadata: {beside}",
            theirs=each[how],
            of_speed=True,
        )


def _closures(bench: Bench, python: Path) -> Iterator[Finding]:
    ours = lanes(bench)
    bench.say("ml-metadata: recording the runs to ask about")
    theirs = bench.folder / "peer-lanes.db"
    asked(
        python,
        PEER,
        "record",
        "subgraph",
        _handed_over(bench.folder / "lanes.json", range(bench.sizes.lane_runs)),
        theirs,
    )
    for way in WAYS:
        bench.say(f"ml-metadata: {CLOSURE:,} ids {way.value.lower()}")
        root = root_of(ours, way, CLOSURE)
        with closing(open_store(f"sqlite:///{ours}")) as store:
            found = closure(store, root, way)
            through_store = partial(seconds_of, partial(closure, store, root, way))
            peer = partial(_peer_closure, python, way, _uri_of(store, root), theirs, found)
            took = interleaved({"ours": through_store, "theirs": peer}, bench.sizes.rounds)
        yield Row(
            what=f"closure of {found:,} ids {way.value.lower()}, {bench.sizes.lane_runs:,} runs",
            ours=took["ours"],
            beside="ml-metadata: get_lineage_subgraph, repeated",
            theirs=took["theirs"],
            target=AtLeast(TIMES[way]),
            of_speed=True,
        )


def _peer_closure(python: Path, way: Direction, uri: str, file: Path, found: int) -> float:
    answer = asked(python, PEER, "closure", way.value, uri, file)
    assert answer["found"] == found, f"ml-metadata finds {answer['found']} ids, we {found}"
    return float(answer["seconds"])


def _uri_of(store: SqlStore, key: Key) -> str:
    artifact = store.get(EVERYTHING, [key])[key]
    assert isinstance(artifact, Artifact)
    assert artifact.uri is not None
    return artifact.uri


def _handed_over(file: Path, runs: range) -> Path:
    file.write_text(json.dumps(list(workload.for_a_peer(runs))))
    return file
