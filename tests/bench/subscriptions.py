"""Subscriptions: a thousand open ones over real sockets, and when the last of them is told of what was just recorded;
and what recording costs with the feed and without.

The server is a process of its own; those who listen are one more, and whoever records is this one: on two cores, all of
them together.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from pathlib import Path
from time import monotonic
from typing import Final

from lineage.store import SqlStore, feed, migrate, open_store
from lineage.store.feed import announce
from tests.bench import workload
from tests.bench.measuring import AtMost, Bench, Finding, Row, Skipped, interleaved
from tests.bench.recording import BATCH, Batches, OnPostgresql, OnSqlite, facts_in_batches
from tests.bench.serving import listening
from tests.factories import RECORDED_AT, a_workflow, record
from tests.socket_client import Socket

LISTENERS: Final = 1_000
WITHIN_SECONDS: Final = 1.0
SETTLING_SECONDS: Final = 0.5
AT_ONCE: Final = 50  # sockets that are being opened
FOLLOW: Final = """subscription ($after: String, $where: RunWhere) {
  runChanged(after: $after, where: $where) { cursor run { name phase } }
}"""
ALIKE, OTHERWISE = "alike", "otherwise"


def measure(bench: Bench) -> Iterator[Finding]:
    """Tell a thousand, on both databases; and record, with the feed and without."""
    sqlite = f"sqlite:///{bench.folder / 'subscriptions.db'}"
    migrate(sqlite)
    yield from _told(bench, "SQLite", sqlite)
    yield from _recorded(bench, OnSqlite(bench.folder))
    if bench.postgresql is None:
        yield Skipped("subscriptions on PostgreSQL", "no server is installed (Debian: postgresql)")
        return
    yield from _told(bench, "PostgreSQL", bench.postgresql.new_database())
    yield from _recorded(bench, OnPostgresql(bench.postgresql.new_database))


# ------------------------------------------------------------------------------------------ telling
def _told(bench: Bench, name: str, url: str) -> Iterator[Finding]:
    who = f"{name}: recorded, until the last of {LISTENERS:,} subscriptions is told"
    versions = count(1)
    for how, what, target in ((ALIKE, who, AtMost(1)), (OTHERWISE, "  each with a filter of its own", None)):
        bench.say(f"subscriptions: {LISTENERS} {how} on {name}")
        worst = _seconds_until_told(bench, url, how, versions)
        yield Row(what=what, ours=worst, beside="the limit", theirs=WITHIN_SECONDS, target=target)


def _seconds_until_told(bench: Bench, url: str, how: str, versions: Iterator[int]) -> float:
    with ExitStack() as stack:
        port = stack.enter_context(
            listening(sys.executable, "-m", "lineage", "serve", "--store", url, "--host", "127.0.0.1", "--port", "0")
        )
        listeners = stack.enter_context(_listeners(port, how))
        store = stack.enter_context(closing(open_store(url)))
        seconds = []
        for version in islice(versions, bench.sizes.rounds + 1):  # of which the first does what is done once
            recorded_at = monotonic()
            record(store, a_workflow(version=version, phase="Running" if version % 2 else "Failed"))
            seconds.append(listeners.last_told() - recorded_at)
    return max(seconds[1:])


@dataclass(frozen=True, slots=True)
class _Listeners:
    process: "subprocess.Popen[str]"

    def last_told(self) -> float:
        """When the last of all was told, by the clock that all processes share."""
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())


@contextmanager
def _listeners(port: int, how: str) -> Iterator[_Listeners]:
    """So many sockets that follow, in a process of their own."""
    command = [sys.executable, "-m", "tests.bench.subscriptions", str(port), how]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield _Listeners(process)
        finally:
            process.terminate()


async def _listen(port: int, how: str) -> None:
    """Open all sockets, and say each time when the last of them was told. They all ask alike, or each otherwise."""
    some, told = asyncio.Semaphore(AT_ONCE), asyncio.Queue[float]()

    async def one(number: int) -> Socket:
        where = {} if how == ALIKE else {"name": {"in": ["w", f"{number}"]}}
        async with some:
            socket = await Socket(port).__aenter__()
            await socket.subscribe(FOLLOW, after=await socket.begin(), where=where)
            return socket

    async def follow(socket: Socket) -> None:
        while True:
            await socket.told(patience_seconds=600)
            told.put_nowait(monotonic())

    sockets = await asyncio.gather(*(one(number) for number in range(LISTENERS)))
    following = [asyncio.create_task(follow(socket)) for socket in sockets]
    await asyncio.sleep(SETTLING_SECONDS)
    print("open", flush=True)
    while True:
        last = max([await told.get() for _ in following])
        print(last, flush=True)


# ------------------------------------------------------------------------------------------ recording
def _recorded(bench: Bench, on: OnSqlite | OnPostgresql) -> Iterator[Finding]:
    together = facts_in_batches(list(workload.side_by_side(range(bench.sizes.runs))), BATCH)
    alone = facts_in_batches(list(workload.live(range(bench.sizes.live_runs))), 1)
    for what, batches in ((f"batches of {BATCH}", together), ("a transaction an event", alone)):
        bench.say(f"subscriptions: recording on {on.name}, {what}")
        contestants = {how: partial(_seconds_to_record, on, batches, how) for how in (announce, _tell_nobody)}
        took = interleaved(contestants, bench.sizes.rounds)
        ours, theirs = (seconds / len(batches) for seconds in took.values())
        title = f"{on.name}: recording with the feed, {what}"
        yield Row(what=title, ours=ours, beside="without", theirs=theirs, target=AtMost(1.1))


def _seconds_to_record(on: OnSqlite | OnPostgresql, batches: Batches, how: Callable[..., None]) -> float:
    def act(store: SqlStore) -> None:
        for facts in batches:
            store.apply(facts, recorded_at=RECORDED_AT)

    feed.announce = how  # what recording calls, and no other
    try:
        return on.ours(act)
    finally:
        feed.announce = announce


def _tell_nobody(*_: object) -> None:
    """Tell nobody that runs changed."""


if __name__ == "__main__":
    asyncio.run(_listen(int(sys.argv[1]), sys.argv[2]))
