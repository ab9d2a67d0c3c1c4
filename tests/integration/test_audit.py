"""The audit of GraphQL over HTTP by those who write its specification: the npm package graphql-http, every check.

The package lies in a cache folder outside the checkout, and is fetched there once.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread

import pytest

from lineage.cli.serve import listen, make_server
from lineage.web import application
from tests.example import example
from tests.fakes import FakeStore

PACKAGES = ("graphql-http@1.23.1", "graphql@16.15.0")
FETCH_SECONDS, AUDIT_SECONDS = 120, 60
SCRIPT = """
const { auditServer } = require('graphql-http');
auditServer({ url: process.argv[1] }).then((results) =>
  console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))))
);
"""


@pytest.fixture(scope="module")
def package() -> Path:
    """A folder from which the audit can be required."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("there is no node or no npm on the path, which the audit of GraphQL over HTTP is written in")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kfp-lineage"
    folder = cache / "-".join(PACKAGES).replace("@", "-")
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        _fetch(Path(mkdtemp(prefix="fetching-", dir=cache)), folder)
    return folder


def _fetch(into: Path, folder: Path) -> None:
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(into), *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    if done.returncode == 0 and not folder.is_dir():
        into.rename(folder)  # all or nothing, whoever else fetches
        return
    shutil.rmtree(into)
    if not folder.is_dir():
        pytest.skip(f"npm cannot fetch {' and '.join(PACKAGES)}: {done.stderr.strip()[-300:]}")


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
