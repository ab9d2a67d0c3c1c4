"""The audit of GraphQL over HTTP by those who write its specification: the npm package graphql-http, every check."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from lineage.cli.servers import listen, make_server
from lineage.web import application
from tests.example import example
from tests.fakes import FakeStore
from tests.node_packages import fetched

PACKAGES = ("graphql-http@1.23.1", "graphql@16.15.0")
AUDIT_SECONDS = 60
SCRIPT = """
const { auditServer } = require('graphql-http');
auditServer({ url: process.argv[1] }).then((results) =>
  console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))))
);
"""


@pytest.fixture(scope="module")
def package() -> Path:
    """A folder from which the audit can be required."""
    return fetched(*PACKAGES, why="the audit of GraphQL over HTTP")


@pytest.fixture
def address() -> Iterator[str]:
    """A server of the example on a port of its own."""
    with listen("127.0.0.1", 0) as listener:
        server = make_server(application(store=FakeStore(example())))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/graphql"
        server.should_exit = True
        thread.join()


def test_every_check_of_the_audit_passes(package: Path, address: str) -> None:
    done = subprocess.run(
        ["node", "--eval", SCRIPT, address],
        cwd=package,
        capture_output=True,
        text=True,
        timeout=AUDIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert len(results) > 50
    assert [result for result in results if result["status"] != "ok"] == []
