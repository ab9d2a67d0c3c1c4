"""The page over runs that others recorded: each is opened, and its table says what the API says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from lineage.web import application
from tests.conftest import fixtures_folder
from tests.factories import a_store
from tests.integration.test_connections import serving
from tests.integration.test_page import asked
from tests.integration.test_recorded_objects import FOLDERS, sightings_in
from tests.visits import Visit, visit

ROW = "main tbody tr"
AT_ONCE = 8  # a page is opened anew for so many runs: what it keeps of others changes nothing

pytestmark = pytest.mark.skipif(
    not fixtures_folder().is_dir(), reason=f"there are no recorded objects in {fixtures_folder()}"
)


@pytest.fixture(scope="module")
def recorded() -> Iterator[str]:
    """The address of a server that knows all that was recorded."""
    seen = [one for folder in FOLDERS for one in sightings_in(fixtures_folder() / folder)]
    with serving(application(store=a_store(*seen))) as port:
        yield f"http://127.0.0.1:{port}"


def all_runs(address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        query = """query ($after: String) { runs(first: 20, after: $after) {
            nodes { id displayName graph { executions { displayName system } } }
            pageInfo { hasNextPage endCursor }
        } }"""
        page = asked(address, query, after=after)["runs"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def test_every_recorded_run_is_shown_as_the_api_tells_it(recorded: str, started: Browser) -> None:
    runs = all_runs(recorded)
    assert len(runs) > 20
    for first in range(0, len(runs), AT_ONCE):
        with visit(started, recorded) as reader:
            for run in runs[first : first + AT_ONCE]:
                agrees(reader, run)
            assert (reader.complaints, reader.foreign) == ([], [])


def agrees(reader: Visit, run: dict[str, Any]) -> None:
    steps = sorted(one["displayName"] for one in run["graph"]["executions"] if not one["system"])
    reader.open(f"#/runs/{run['id']}/graph?shown=table")
    expect(reader.page.get_by_role("heading", level=1)).to_have_text(run["displayName"])
    if not steps:
        expect(reader.page.locator(".state-title")).to_be_visible()
        return
    rows = reader.page.locator(ROW)
    expect(rows.first).to_be_visible()
    # What is folded stands in one row, which says how many it is.
    folded = (re.search(r"([\d,]+) (?:iterations|alike)", text) for text in rows.all_inner_texts())
    shown = sum(int(found[1].replace(",", "")) if found else 1 for found in folded)
    assert shown == len(steps), (run["displayName"], rows.all_inner_texts(), steps)
