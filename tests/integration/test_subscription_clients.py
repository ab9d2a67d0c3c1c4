"""Subscriptions as clients of others ask for them: the npm packages graphql-ws and graphql-sse, by whose protocols they
are served.

The packages lie in a cache folder outside the checkout, and are fetched there once.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO, Any, Final

import pytest
from msgspec.structs import replace

from lineage.cli.servers import listen, make_server
from lineage.model import Phase
from lineage.web import application
from tests.example import NIGHTLY, WEEKLY, example
from tests.fakes import FakeStore
from tests.node_packages import fetched

PACKAGES: Final = ("graphql-ws@6.0.6", "graphql-sse@2.6.0", "ws@8.18.3", "graphql@16.15.0")
CLIENT_SECONDS: Final = 60
SOCKETS: Final = """
const { createClient } = require('graphql-ws');
const client = createClient({ url: `ws://${process.argv[1]}/graphql`, webSocketImpl: require('ws'), retryAttempts: 0 });
"""
STREAMS: Final = """
const { createClient } = require('graphql-sse');
const client = createClient({ url: `http://${process.argv[1]}/graphql/stream`, retryAttempts: 0 });
"""
ASK: Final = """
const say = (line) => console.log(JSON.stringify(line));
const query = 'subscription ($after: String) { runChanged(after: $after) { cursor run { name phase } } }';
(async () => {
  for await (const result of client.iterate({ query: '{ runs { totalCount } }' })) say(result);
  let after = '0';
  for (const _ of [1, 2]) {
    for await (const result of client.iterate({ query, variables: { after } })) {
      say(result);
      after = result.data.runChanged.cursor;
      break;
    }
  }
  try {
    for await (const result of client.iterate({ query: 'subscription { nothing }' })) say(result);
  } catch (errors) {
    say({ errors: errors.map(({ extensions }) => ({ extensions })) });
  }
  await client.dispose();
})();
"""


@pytest.fixture(scope="module")
def packages() -> Path:
    """A folder from which the clients can be required."""
    return fetched(*PACKAGES, why="clients of subscriptions")


@contextmanager
def served(store: FakeStore) -> Iterator[str]:
    """A server on a port of its own."""
    with listen("127.0.0.1", 0) as listener:
        server = make_server(application(store=store))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("client", [SOCKETS, STREAMS], ids=["graphql-ws", "graphql-sse"])
def test_clients_of_others_are_told_and_go_on_where_they_were(packages: Path, client: str) -> None:
    store = FakeStore(example())
    with (
        served(store) as address,
        subprocess.Popen(
            ["node", "--eval", client + ASK, address], cwd=packages, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout is not None
        assert said(process.stdout) == {"data": {"runs": {"totalCount": 2}}}
        store.change(replace(NIGHTLY, phase=Phase.FAILED))
        assert said(process.stdout) == told("1", NIGHTLY.name, "FAILED")
        store.change(WEEKLY)
        assert said(process.stdout) == told("2", WEEKLY.name, "RUNNING")
        (error,) = said(process.stdout)["errors"]
        assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
        assert process.wait(CLIENT_SECONDS) == 0


def told(cursor: str, name: str, phase: str) -> Any:
    return {"data": {"runChanged": {"cursor": cursor, "run": {"name": name, "phase": phase}}}}


def said(output: IO[str]) -> Any:
    """What a client says next."""
    return json.loads(output.readline())
