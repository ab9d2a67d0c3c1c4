"""The page in a real browser, over a store made of recorded runs: every screen by its address, for everybody, asking
nobody else."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, expect

from lineage.store import open_store
from lineage.web import application
from tests.integration.test_cli import run
from tests.integration.test_connections import serving
from tests.told import tell_the_story
from tests.visits import Theme, Visit, visit

ROW: Final = "main tbody tr"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that knows the story of the demo."""
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        tell_the_story(folder, patch)
        assert run("verify").returncode == 1  # what was overwritten is not what it was
    with closing(open_store(f"sqlite:///{folder / 'lineage.db'}")) as store, serving(application(store=store)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def reader(started: Browser, told: str) -> Iterator[Visit]:
    with visit(started, told) as visited:
        yield visited
        assert visited.foreign == []
        assert visited.complaints == []


def asked(address: str, query: str, **variables: Any) -> Any:
    """What the API answers."""
    answer = httpx.post(f"{address}/graphql", json={"query": query, "variables": variables}, timeout=30)
    assert "errors" not in answer.json(), answer.text
    return answer.json()["data"]


def id_of_run(address: str, pipeline: str) -> str:
    """The id of the newest run of a pipeline."""
    query = "query ($name: String!) { runs(first: 1, where: {pipelineName: {eq: $name}}) { nodes { id } } }"
    found: str = asked(address, query, name=pipeline)["runs"]["nodes"][0]["id"]
    return found


# ------------------------------------------------------------------------------------------ every screen
RUN_TABS: Final = (
    "graph", "details", "steps", "reports", "logs", "events", "spec", "audit", "provenance", "rerun", "raw"
)  # fmt: skip


def of_run(tab: str) -> Callable[[str], str]:
    return lambda address: f"#/runs/{id_of_run(address, 'fraud-detection')}/{tab}"


def at(place: str) -> Callable[[str], str]:
    return lambda _: place


PLACES: Final[dict[str, tuple[Callable[[str], str], str]]] = {
    "runs": (at("#/runs"), "Runs"),
    "some runs": (at("#/runs?phase=FAILED&columns=phase,name,metric:auc&sort=-metric:auc"), "Runs"),
    **{f"a run, {tab}": (of_run(tab), "fraud-detection") for tab in RUN_TABS},
    "nowhere": (at("#/nowhere"), "There is no such screen"),
}
"""Screens: their addresses on a server, and what is in their titles."""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("what", PLACES)
def test_a_screen_has_an_address_and_everybody_can_use_it(what: str, theme: Theme, started: Browser, told: str) -> None:
    place, title = PLACES[what]
    with visit(started, told, theme=theme) as reader:
        reader.open(place(told))
        expect(reader.page.get_by_role("heading", level=1)).to_contain_text(title)
        assert reader.barriers() == []
        assert (reader.complaints, reader.foreign) == ([], [])


@pytest.mark.parametrize(("width", "zoom"), [(360, 1.0), (1280, 2.0)])
@pytest.mark.parametrize("what", PLACES)
def test_a_screen_fits_a_phone_and_twice_the_size(
    what: str, width: int, zoom: float, started: Browser, told: str
) -> None:
    place, _ = PLACES[what]
    with visit(started, told, width=width, zoom=zoom) as reader:
        reader.open(place(told))
        assert reader.width_needed() <= width / zoom


# ------------------------------------------------------------------------------------------ the runs
def names(reader: Visit) -> list[str]:
    return reader.page.locator(f"{ROW} td:nth-child(3)").all_inner_texts()


def test_the_list_agrees_with_the_api(reader: Visit, told: str) -> None:
    reader.open("#/runs")
    nodes = asked(told, "{ runs(first: 50) { totalCount nodes { displayName } } }")["runs"]
    assert names(reader) == [one["displayName"] for one in nodes["nodes"]]
    expect(reader.page.get_by_text(f"{nodes['totalCount']} runs")).to_be_visible()


def test_filters_are_in_the_address_and_back_undoes_them(reader: Visit, told: str) -> None:
    reader.open("#/runs")
    everything = names(reader)
    reader.page.get_by_label("Phase").select_option("FAILED")
    expect(reader.page.locator(ROW)).not_to_have_count(len(everything))
    failed = asked(told, "{ runs(where: {phase: {eq: FAILED}}) { nodes { displayName } } }")["runs"]["nodes"]
    expect(reader.page.locator(ROW)).to_have_count(len(failed))
    assert names(reader) == [one["displayName"] for one in failed]
    assert reader.page.url.endswith("#/runs?phase=FAILED")
    reader.page.go_back()
    expect(reader.page.locator(ROW)).to_have_count(len(everything))
    reader.page.go_forward()
    expect(reader.page.locator(ROW)).to_have_count(len(failed))
    reader.page.get_by_role("button", name="Clear filters").click()
    expect(reader.page.locator(ROW)).to_have_count(len(everything))


def test_a_filter_that_makes_no_sense_says_what_to_write(reader: Visit) -> None:
    reader.open("#/runs")
    reader.page.get_by_role("button", name="More filters").click()
    field = reader.page.get_by_label("Metric", exact=True)
    field.fill("auc is good")
    reader.press("Enter")
    expect(reader.page.get_by_text("Write it as name > number")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")


def test_a_metric_can_be_a_column_and_sort_the_runs(reader: Visit, told: str) -> None:
    reader.open("#/runs")
    reader.page.get_by_text("Columns", exact=True).click()
    reader.page.get_by_label("auc", exact=True).check()
    reader.press("Escape")
    expect(reader.page.get_by_text("Columns", exact=True)).to_be_focused()
    reader.page.get_by_role("button", name="auc", exact=True).click()
    reader.settled()
    order = '[{field: METRIC, metric: "auc", direction: DESC}]'
    nodes = asked(told, f"{{ runs(first: 50, orderBy: {order}) {{ nodes {{ displayName }} }} }}")["runs"]["nodes"]
    expect(reader.page.locator(f"{ROW} td:nth-child(3)").first).to_have_text(nodes[0]["displayName"])
    assert names(reader) == [one["displayName"] for one in nodes]
    expect(reader.page.get_by_role("columnheader", name="auc")).to_have_attribute("aria-sort", "descending")


def test_everything_of_the_list_is_done_with_the_keyboard(reader: Visit) -> None:
    reader.open("#/runs")
    reader.press("Tab")
    expect(reader.page.get_by_role("button", name="Skip to the content")).to_be_focused()
    reader.press("Enter", "Tab")
    expect(reader.page.locator("summary", has_text="Columns")).to_be_focused()
    reader.press("Tab")
    expect(reader.page.get_by_role("textbox", name="Name")).to_be_focused()
    reader.page.keyboard.type("churn-training")
    reader.press("Enter")
    expect(reader.page).to_have_url(re.compile("text=churn-training"))
    for number in range(2):
        reader.page.get_by_role("checkbox").nth(number).focus()
        reader.press("Space")
    reader.page.get_by_role("link", name="Compare", exact=True).first.focus()
    expect(reader.page.get_by_text("2 selected")).to_be_visible()
    reader.page.locator(f"{ROW} a").first.focus()
    reader.press("Enter")
    expect(reader.page.get_by_role("heading", level=1)).to_be_focused()
    reader.page.go_back()
    expect(reader.page.get_by_text("2 selected")).to_be_visible()


# ------------------------------------------------------------------------------------------ a run
def test_what_a_run_says_is_what_the_api_says(reader: Visit, told: str) -> None:
    run = id_of_run(told, "fraud-detection")
    known = asked(
        told, "query ($id: ID!) { node(id: $id) { ... on Run { displayName uid parameters { name value } } } }", id=run
    )
    reader.open(f"#/runs/{run}/details")
    expect(reader.page.get_by_role("heading", level=1)).to_have_text(known["node"]["displayName"])
    for parameter in known["node"]["parameters"]:
        row = reader.page.get_by_role("row").filter(has_text=parameter["name"])
        expect(row.first).to_contain_text(parameter["value"])


def test_what_steps_reported_is_shown_as_pictures_and_tables(reader: Visit, told: str) -> None:
    reader.open(f"#/runs/{id_of_run(told, 'fraud-detection')}/reports")
    matrix = reader.page.get_by_role("region", name="Confusion matrix")
    expect(matrix.get_by_role("cell", name="9,712")).to_be_visible()
    frame = reader.page.frame_locator("iframe.markdown-frame")
    expect(frame.get_by_role("heading", name="What tells fraud")).to_be_visible()


def test_a_run_that_nobody_knows_is_told_so(started: Browser, told: str) -> None:
    with visit(started, told) as reader:
        reader.page.goto(f"{told}/#/runs/WyJSdW4iLCJuZXZlciJd")
        expect(reader.page.get_by_role("alert")).to_contain_text("nothing of this id")
