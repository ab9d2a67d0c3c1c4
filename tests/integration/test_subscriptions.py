"""Subscriptions of a real server, on each database: nothing is missed, whoever is killed; at the end all are let go.

What is told while recording goes on is a matter of timing; what everybody has been told in the end is not.
"""

import asyncio
import json
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, Final

import httpx
import pytest

from lineage.store import SqlStore, migrate, open_store
from tests.factories import KubernetesObject, a_workflow, record
from tests.postgresql import Server
from tests.processes import Process, free_ports, is_listening
from tests.socket_client import Closed, Rejected, Socket

FILE, POSTGRESQL = "in a file", "on PostgreSQL"
SOON_SECONDS: Final = 5.0
DEADLINE_SECONDS: Final = 60.0
RUNS, VERSIONS = 8, 25
FOLLOW: Final = """subscription ($after: String) {
  runChanged(after: $after) { cursor run { name labels } }
}"""
FOLLOW_MUCH: Final = "subscription ($after: String) { runChanged(after: $after) { cursor run { annotations } } }"


@dataclass
class Serving:
    """`lineage serve` on a port, which can be killed and started again; and the store, for whoever records in it."""

    port: int
    url: str
    store: SqlStore
    folder: Path
    process: Process | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "lineage", "serve", "--store", self.url, "--port", self.port]
        self.process = Process(command, self.folder / "log")
        self.process.wait_until(lambda: is_listening(self.port))

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send(number)


@pytest.fixture(params=[FILE, POSTGRESQL])
def serving(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serving]:
    if request.param == FILE:
        url = f"sqlite:///{tmp_path / 'lineage.db'}"
        migrate(url)
    else:
        server: Server = request.getfixturevalue("postgresql")
        url = server.new_database()
    (port,) = free_ports(1)
    with closing(open_store(url)) as store:
        served = Serving(port, url, store, tmp_path)
        served.start()
        yield served
        assert served.process is not None
        served.process.stop()


def run(number: int, version: int, **more: Any) -> KubernetesObject:
    """A view of a run that says which it is."""
    labels = {"version": str(version)}
    return a_workflow(uid=f"u{number}", name=f"w{number}", version=version, labels=labels, **more)


ALL_TOLD: Final = {f"w{number}": str(VERSIONS) for number in range(RUNS)}


class Follower:
    """One who follows over sockets that are torn down again and again, and goes on by the last cursor."""

    def __init__(self, port: int, random: Random) -> None:
        self._port = port
        self._random = random
        self.cursor: str | None = None
        self.told: dict[str, str] = {}
        self.torn = 0

    async def follow(self) -> None:
        while self.told != ALL_TOLD:
            try:
                await self._for_a_while(self._random.randint(1, 3))
            except (Closed, Rejected, ConnectionError, TimeoutError):
                await asyncio.sleep(0.05)  # the server is being started again

    async def _for_a_while(self, messages: int) -> None:
        async with Socket(self._port) as socket:
            begun_at = await socket.begin()
            self.cursor = self.cursor or begun_at
            await socket.subscribe(FOLLOW, after=self.cursor)
            for _ in range(messages):
                change = (await socket.told(patience_seconds=1))["runChanged"]
                self.cursor = change["cursor"]
                self.told[change["run"]["name"]] = change["run"]["labels"]["version"]
                if self.told == ALL_TOLD:
                    return
        self.torn += 1


def test_nothing_is_missed_by_who_comes_back_whoever_is_killed(serving: Serving) -> None:
    followers = [Follower(serving.port, Random(seed)) for seed in range(5)]

    def record_all() -> None:
        for version in range(1, VERSIONS + 1):
            for number in range(RUNS):
                record(serving.store, run(number, version))
            if version in (5, 15):
                serving.kill()
                serving.start()

    async def play() -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            following = [asyncio.create_task(follower.follow()) for follower in followers]
            while not all(follower.cursor for follower in followers):
                await asyncio.sleep(0.02)
            await asyncio.to_thread(record_all)
            await asyncio.gather(*following)

    asyncio.run(play())
    assert [follower.told for follower in followers] == [ALL_TOLD] * len(followers)
    assert all(follower.torn for follower in followers)


def test_who_follows_is_told_soon_whoever_records(serving: Serving) -> None:
    async def play() -> None:
        async with Socket(serving.port) as one, Socket(serving.port) as other:
            for socket in (one, other):
                await socket.subscribe(FOLLOW, after=await socket.begin())
            for version in range(1, 6):
                recorded_at = monotonic()
                await asyncio.to_thread(record, serving.store, run(1, version))
                for socket in (one, other):
                    told = await socket.told()
                    assert told["runChanged"]["run"]["labels"] == {"version": str(version)}
                assert monotonic() - recorded_at < SOON_SECONDS

    asyncio.run(play())


def test_who_does_not_read_is_let_go_of_by_its_code_and_keeps_nobody_waiting(serving: Serving) -> None:
    much = {"annotation": "x" * 200_000}
    enough = 120  # 24 MB: more than the system keeps of what nobody reads

    async def play() -> None:
        async with Socket(serving.port, reads=4_096) as slow, Socket(serving.port) as quick:
            cursor = [await socket.begin() for socket in (slow, quick)][-1]
            for socket in (slow, quick):
                await socket.subscribe(FOLLOW_MUCH, after=cursor)
            for version in range(1, enough):
                await asyncio.to_thread(record, serving.store, run(1, version, annotations=much))
                await quick.told()
            closed = await slow.closed()
            assert (closed.code, closed.reason) == (4420, TOO_SLOW)
        async with Socket(serving.port) as back:
            await back.begin()
            await back.subscribe(FOLLOW, after=cursor)
            assert (await back.told())["runChanged"]["run"]["labels"] == {"version": str(enough - 1)}

    asyncio.run(play())


TOO_SLOW: Final = "What was told has not been read for too long: come back by the last cursor."


def test_a_message_that_is_too_large_closes_its_socket(serving: Serving) -> None:
    async def play() -> None:
        async with Socket(serving.port) as socket:
            await socket.begin()
            await socket.say({"type": "ping", "payload": {"a": "x" * 2**20}})
            assert (await socket.closed()).code == 1009

    asyncio.run(play())


@pytest.mark.parametrize(
    ("asked", "status"),
    [({"headers": {"Origin": "https://elsewhere.example"}}, 403), ({"path": "/elsewhere"}, 403), ({"path": "/"}, 403)],
)
def test_no_socket_is_opened_from_elsewhere_or_to_elsewhere(serving: Serving, asked: Any, status: int) -> None:
    async def play() -> None:
        with pytest.raises(Rejected) as rejected:
            await Socket(serving.port, **asked).__aenter__()
        assert rejected.value.status == status

    asyncio.run(play())


# ------------------------------------------------------------------------------------------ streams
@asynccontextmanager
async def stream(port: int, *, last_event: str | None = None) -> AsyncIterator[AsyncIterator[dict[str, str]]]:
    """Follow by a stream, as a browser does."""
    headers = {"Accept": "text/event-stream", **({} if last_event is None else {"Last-Event-ID": last_event})}
    client = httpx.AsyncClient(timeout=DEADLINE_SECONDS)
    asked = client.stream("GET", f"http://127.0.0.1:{port}/graphql/stream", params={"query": FOLLOW}, headers=headers)
    async with client, asked as response:
        assert response.status_code == 200
        yield _events(response)


async def _events(response: httpx.Response) -> AsyncIterator[dict[str, str]]:
    text = ""
    async for piece in response.aiter_text():
        text += piece
        *whole, text = text.split("\n\n")
        for event in whole:
            fields = dict(re.findall(r"^(\w+): ?(.*)$", event, re.MULTILINE))
            if fields:
                yield fields


def test_a_stream_is_resumed_by_its_last_event(serving: Serving) -> None:
    async def play() -> None:
        async with stream(serving.port) as events:
            beginning = (await anext(events))["id"]
            await asyncio.to_thread(record, serving.store, run(1, 1))
            first = await anext(events)
            assert json.loads(first["data"])["data"]["runChanged"]["run"]["name"] == "w1"
        await asyncio.to_thread(record, serving.store, run(2, 1))
        async with stream(serving.port, last_event=first["id"]) as events:
            assert json.loads((await anext(events))["data"])["data"]["runChanged"]["run"]["name"] == "w2"
        async with stream(serving.port, last_event=beginning) as events:
            names = [json.loads((await anext(events))["data"])["data"]["runChanged"]["run"]["name"] for _ in range(2)]
            assert names == ["w1", "w2"]

    asyncio.run(play())


def test_at_the_end_of_a_process_all_are_let_go_of_to_come_back_elsewhere(serving: Serving) -> None:
    async def play() -> None:
        async with Socket(serving.port) as socket, stream(serving.port) as events:
            await socket.begin()
            await socket.subscribe(FOLLOW)
            await anext(events)
            asked_at = monotonic()
            serving.send(signal.SIGTERM)
            assert (await socket.closed()).code == 1012
            assert [event async for event in events] == []  # it is not complete
            while is_listening(serving.port):
                await asyncio.sleep(0.02)
            assert monotonic() - asked_at < SOON_SECONDS

    asyncio.run(play())
