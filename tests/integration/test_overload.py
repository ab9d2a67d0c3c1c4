"""More than a server can answer, asked of `lineage serve` on each database: small questions are answered meanwhile, or
refused soon; memory is bounded; and nobody works for who hangs up."""

import asyncio
import re
import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.request import urlopen

import httpx
import orjson
import psycopg
import pytest

from lineage.cli.servers import GRACE_SECONDS
from lineage.identity import global_id
from lineage.model import Direction
from lineage.ports import EVERYTHING, Condition, Listing, Operator, PageRequest
from lineage.store import migrate, open_store
from lineage.web.endpoint import MOST_NODES_BESIDE, THREADS
from lineage.web.negotiation import GRAPHQL
from lineage.web.questions import LARGEST_BODY
from lineage_graphql import BUDGET_SECONDS
from lineage_graphql.connections import LARGEST_PAGE
from lineage_graphql.cost import MOST_NODES
from lineage_graphql.documents import DEEPEST, MOST_ALIASES, MOST_ROOT_FIELDS, MOST_TOKENS
from tests.factories import record
from tests.postgresql import Server
from tests.processes import free_ports, is_listening, running
from tests.waiting import comes_true
from tests.worlds import objects_of

FILE, POSTGRESQL = "in a file", "on PostgreSQL"
RUNS: Final = 200
GRAPHS: Final = MOST_ROOT_FIELDS
FILES_OPEN: Final = 4_096
SOON_SECONDS: Final = 15.0  # far more than it takes, and far less than the time that a question has
PATIENCE_SECONDS: Final = BUDGET_SECONDS + SOON_SECONDS
MOST_MEMORY: Final = 600 * 2**20
SMALL: Final = "{ runs { totalCount } }"
SMALL_ANSWER: Final = {"data": {"runs": {"totalCount": RUNS}}}
HEAD: Final = (
    b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Accept: %b\r\nContent-Length: %d\r\n\r\n"
)


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A server that runs. From the artifact `root`, all others are reached."""

    port: int
    store: str
    root: str

    def ask(self, query: str, **variables: Any) -> httpx.Response:
        """Ask, and wait for the answer."""
        body = {"query": query, "variables": variables}
        headers = {"Accept": GRAPHQL}
        return httpx.post(self._address("graphql"), json=body, headers=headers, timeout=PATIENCE_SECONDS)

    def post(self, body: bytes) -> httpx.Response:
        headers = {"Accept": GRAPHQL, "Content-Type": "application/json"}
        return httpx.post(self._address("graphql"), content=body, headers=headers, timeout=PATIENCE_SECONDS)

    def memory(self) -> float:
        """Bytes that it takes now."""
        with urlopen(self._address("metrics"), timeout=SOON_SECONDS) as response:  # noqa: S310 - our own server
            found = re.search(rb"^process_resident_memory_bytes (\S+)$", response.read(), re.MULTILINE)
        assert found is not None
        return float(found[1])

    def is_ready(self) -> bool:
        return httpx.get(self._address("readyz"), timeout=SOON_SECONDS).status_code == 200

    def _address(self, page: str) -> str:
        return f"http://127.0.0.1:{self.port}/{page}"


@pytest.fixture(scope="module", params=[FILE, POSTGRESQL])
def serving(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("overload")
    if request.param == FILE:
        url = f"sqlite:///{folder / 'lineage.db'}"
        migrate(url)
    else:
        server: Server = request.getfixturevalue("postgresql")
        url = server.new_database()
    with closing(open_store(url)) as store:
        record(store, *(each for number in range(RUNS) for each in objects_of(number)))
        raw_data = Condition(field="uri", operator=Operator.CONTAINS, value="raw/data")
        root = store.artifacts(EVERYTHING, Listing(where=raw_data), PageRequest(first=1)).items[0].key
        reached = store.closure(EVERYTHING, [root], direction=Direction.DOWNSTREAM, max_nodes=10_000)
    assert reached is not None
    assert len(reached.keys) > 2 * RUNS
    _let_many_files_be_open()
    with served(url, folder) as port:
        yield Serving(port=port, store=url, root=global_id(root))


@contextmanager
def served(store: str, folder: Path) -> Iterator[int]:
    """Run `lineage serve` on a port, and end it."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "lineage", "serve", "--store", store, "--port", port]
    with running(command, folder / "log", is_up=lambda: is_listening(port)):
        yield port


def _let_many_files_be_open() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES_OPEN:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES_OPEN, hard), hard))


# ------------------------------------------------------------------------------------------ questions
def graphs(count: int, most_nodes: int) -> str:
    """So many graphs, of nodes that each have a run."""
    graph = f"""lineage(roots: [$root], direction: DOWNSTREAM, maxNodes: {most_nodes}) {{
        nodes {{ id ... on Execution {{ displayName run {{ displayName }} }} }} edges {{ source target }}
    }}"""
    return f"query ($root: ID!) {{ {' '.join(f'g{number}: {graph}' for number in range(count))} }}"


HEAVY: Final = graphs(GRAPHS, MOST_NODES // GRAPHS // 2)
QUICK: Final = """{
    runs(first: 100, where: { name: { eq: "run-001" } }) {
        nodes { executions(first: 100) { nodes { inputs { artifact { id } } } } }
    }
}"""  # that could be heavy, for all that is known before it is answered
LASTING: Final = graphs(8, MOST_NODES_BESIDE // 8 // 2)  # the longest that is answered beside the others


def deep(levels: int) -> str:
    """A query nested so deep."""
    fields = ["runs(first: 1)", "nodes", *["executions(first: 1)", "nodes", "run"] * levels][: levels - 1]
    return "{ " + " { ".join([*fields, "__typename"]) + " }" * levels


def aliased(count: int) -> str:
    return f"{{ runs(first: 1) {{ nodes {{ {' '.join(f'a{number}: id' for number in range(count))} }} }} }}"


def wide(count: int) -> str:
    return f"{{ {' '.join(f'a{number}: __typename' for number in range(count))} }}"


def long(tokens: int) -> str:
    """A query of so many tokens: five lists by a filter, and many values in each."""
    values, quoted = tokens - 5 * 20 - 2, '"x" '  # all but what is around them
    shares = [values // 5 + (number < values % 5) for number in range(5)]
    lists = (
        f"a{number}: runs(where: {{ name: {{ in: [{quoted * share}] }} }}) {{ totalCount }}"
        for number, share in enumerate(shares)
    )
    return f"{{ {' '.join(lists)} }}"


def page(size: int) -> str:
    return f"{{ runs(first: {size}) {{ totalCount }} }}"


def padded(size: int) -> bytes:
    return orjson.dumps({"query": SMALL}).ljust(size)


LIMITS: Final = {
    "depth": (deep(DEEPEST), deep(DEEPEST + 1), "COMPLEXITY_EXCEEDED"),
    "aliases": (aliased(MOST_ALIASES), aliased(MOST_ALIASES + 1), "COMPLEXITY_EXCEEDED"),
    "things at once": (wide(MOST_ROOT_FIELDS), wide(MOST_ROOT_FIELDS + 1), "COMPLEXITY_EXCEEDED"),
    "tokens": (long(MOST_TOKENS), long(MOST_TOKENS + 1), "GRAPHQL_PARSE_FAILED"),
    "cost": (HEAVY, graphs(GRAPHS, MOST_NODES // GRAPHS // 2 + 1), "COMPLEXITY_EXCEEDED"),
    "page": (page(LARGEST_PAGE), page(LARGEST_PAGE + 1), "BAD_USER_INPUT"),
}


@pytest.mark.parametrize("what", LIMITS)
def test_what_keeps_within_a_limit_is_answered_and_what_does_not_is_refused(serving: Serving, what: str) -> None:
    within, beyond, code = LIMITS[what]
    variables = {"root": serving.root} if "$root" in within else {}
    answer = serving.ask(within, **variables)
    assert (answer.status_code, answer.json().keys()) == (200, {"data"}), answer.text[:500]
    (error,) = serving.ask(beyond, **variables).json()["errors"]
    assert error["extensions"]["code"] == code


def test_a_body_is_as_large_as_a_body_may_be(serving: Serving) -> None:
    assert serving.post(padded(LARGEST_BODY)).json() == SMALL_ANSWER
    assert serving.post(padded(LARGEST_BODY + 1)).status_code == 413


# ------------------------------------------------------------------------------------------ many at once
class Asker:
    """A client on a connection of its own, which asks and may hang up."""

    def __init__(self, serving: Serving) -> None:
        self._port = serving.port

    async def send(self, data: bytes) -> "Asker":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(data)
        await self._writer.drain()
        return self

    async def answer(self) -> tuple[int, bytes]:
        """Read the status and the body of an answer."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        assert length is not None
        return int(head.split()[1]), await self._reader.readexactly(int(length[1]))

    async def hang_up(self) -> None:
        self._writer.transport.abort()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


def request(query: str, **variables: Any) -> bytes:
    body = orjson.dumps({"query": query, "variables": variables})
    return HEAD % (GRAPHQL.encode(), len(body)) + body


async def sent(serving: Serving, count: int, data: bytes) -> list[Asker]:
    """So many clients who have sent the same, some tens at a time: a listener's backlog has an end."""
    some = asyncio.Semaphore(50)

    async def one() -> Asker:
        async with some:
            return await Asker(serving).send(data)

    return list(await asyncio.gather(*(one() for _ in range(count))))


async def asked(serving: Serving, query: str, **variables: Any) -> tuple[httpx.Response, float]:
    """Ask on a thread, and say how long the answer took."""
    asked_at = monotonic()
    answer = await asyncio.to_thread(serving.ask, query, **variables)
    return answer, monotonic() - asked_at


def test_small_questions_are_answered_beside_many_heavy_ones_and_nobody_works_for_who_hung_up(
    serving: Serving,
) -> None:
    async def play() -> None:
        heavy = await sent(serving, 40, request(HEAVY, root=serving.root))
        for _ in range(20):
            answer, seconds = await asked(serving, SMALL)
            assert answer.json() == SMALL_ANSWER
            assert seconds < SOON_SECONDS / 3
        assert await asyncio.to_thread(serving.memory) < MOST_MEMORY
        for each in heavy:
            await each.hang_up()
        answer, _ = await asked(serving, QUICK)
        assert (answer.status_code, answer.json().keys()) == (200, {"data"})

    asyncio.run(play())


def test_who_cannot_be_answered_soon_is_refused_and_told_when_to_ask_again(serving: Serving) -> None:
    async def play() -> None:
        heavy = await sent(serving, 40, request(HEAVY, root=serving.root))
        answer, _ = await asked(serving, QUICK)
        for each in heavy:
            await each.hang_up()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["OVERLOADED"]

    asyncio.run(play())


def test_all_who_wait_may_hang_up_and_leave_nothing_to_do(serving: Serving) -> None:
    async def play() -> None:
        lasting = await sent(serving, 200, request(LASTING, root=serving.root))
        await asyncio.sleep(0.5)
        for each in lasting:
            await each.hang_up()
        answer, seconds = await asked(serving, SMALL)
        assert answer.json() == SMALL_ANSWER
        assert seconds < SOON_SECONDS / 3

    asyncio.run(play())


def test_the_page_is_shown_to_thousands_or_refused_and_keeps_no_question_waiting(serving: Serving) -> None:
    async def play() -> None:
        visitors = await sent(serving, 1_200, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for _ in range(5):
            answer, seconds = await asked(serving, SMALL)
            assert answer.json() == SMALL_ANSWER
            assert seconds < SOON_SECONDS / 3
        for each in visitors[: len(visitors) // 2]:
            await each.hang_up()
        found = await asyncio.gather(*(each.answer() for each in visitors[len(visitors) // 2 :]))
        assert {status for status, _ in found} <= {200, 503}
        for each in visitors[len(visitors) // 2 :]:
            await each.hang_up()

    asyncio.run(play())


def test_clients_that_send_slowly_keep_nobody_else_waiting(serving: Serving) -> None:
    whole = request(SMALL)

    async def play() -> None:
        slow = await sent(serving, 500, whole[:-10])
        for _ in range(5):
            answer, seconds = await asked(serving, SMALL)
            assert answer.json() == SMALL_ANSWER
            assert seconds < SOON_SECONDS / 3
        for each in slow:
            await each.hang_up()

    asyncio.run(play())


def test_of_ten_thousand_requests_each_is_answered_or_refused(serving: Serving) -> None:
    connections, each_sends = 1_250, 8

    async def play() -> None:
        askers = await sent(serving, connections, request(SMALL) * each_sends)

        async def answers(asker: Asker) -> list[tuple[int, bytes]]:
            found = [await asker.answer() for _ in range(each_sends)]
            await asker.hang_up()
            return found

        found = [one for several in await asyncio.gather(*map(answers, askers)) for one in several]
        assert len(found) == connections * each_sends
        assert Counter(status for status, _ in found).keys() <= {200, 503}
        assert {orjson.loads(body)["data"]["runs"]["totalCount"] for status, body in found if status == 200} == {RUNS}
        assert await asyncio.to_thread(serving.memory) < MOST_MEMORY

    asyncio.run(play())
    assert serving.ask(SMALL).json() == SMALL_ANSWER


# ------------------------------------------------------------------------------------------ a database that waits
@dataclass(frozen=True, kw_only=True)
class Stuck:
    """A database in which whoever reads runs or sources waits. `clients` says whether each of its clients does, and
    for what."""

    clients: Callable[[], Sequence[tuple[bool, str]]]

    def comes_to(self, waiting: int) -> None:
        """Wait until so many wait."""
        came = comes_true(lambda: sum(waits for waits, _ in self.clients()) == waiting, deadline_seconds=SOON_SECONDS)
        assert came, f"{waiting} should wait: {self.clients()}"


@contextmanager
def stuck(store: str) -> Iterator[Stuck]:
    with psycopg.connect(store) as locking, psycopg.connect(store, autocommit=True) as watching:
        locking.execute("LOCK TABLE run, source IN ACCESS EXCLUSIVE MODE")

        def clients() -> Sequence[tuple[bool, str]]:
            return watching.execute(
                "SELECT coalesce(wait_event_type = 'Lock', false), concat_ws(' ', state, wait_event, query)"
                " FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
            ).fetchall()

        yield Stuck(clients=clients)
        locking.rollback()


@pytest.mark.parametrize("serving", [POSTGRESQL], indirect=True)
def test_where_the_database_waits_questions_are_refused_and_nothing_waits_on_for_who_hung_up(serving: Serving) -> None:
    async def play(database: Stuck) -> None:
        askers = await sent(serving, 30, request(SMALL))
        await asyncio.to_thread(database.comes_to, THREADS)
        answer, _ = await asked(serving, SMALL)
        assert answer.status_code == 503
        assert await asyncio.to_thread(serving.is_ready)
        assert await asyncio.to_thread(serving.memory) < MOST_MEMORY  # as /metrics tells, without what the store knows
        for each in askers:
            await each.hang_up()
        await asyncio.to_thread(database.comes_to, 0)

    with stuck(serving.store) as database:
        asyncio.run(play(database))
    assert serving.ask(SMALL).json() == SMALL_ANSWER


@pytest.mark.parametrize("serving", [POSTGRESQL], indirect=True)
def test_the_time_of_a_question_has_an_end(serving: Serving) -> None:
    with stuck(serving.store), httpx.Client(timeout=PATIENCE_SECONDS) as client:
        asked_at = monotonic()
        answer = client.post(f"http://127.0.0.1:{serving.port}/graphql", json={"query": SMALL})
        assert monotonic() - asked_at >= BUDGET_SECONDS
    assert answer.json()["data"] is None
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["DEADLINE_EXCEEDED"]


@pytest.mark.parametrize("serving", [POSTGRESQL], indirect=True)
def test_a_server_that_is_ended_does_not_wait_for_its_questions(serving: Serving, tmp_path: Path) -> None:
    async def play(database: Stuck) -> float:
        with served(serving.store, tmp_path) as port:
            askers = await sent(replace(serving, port=port), 30, request(SMALL))
            await asyncio.to_thread(database.comes_to, THREADS)
            ends_at = monotonic()
        ended_at = monotonic()
        for each in askers:
            await each.hang_up()
        return ended_at - ends_at

    with stuck(serving.store) as database:
        assert asyncio.run(play(database)) < GRACE_SECONDS + SOON_SECONDS
